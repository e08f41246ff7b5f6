// SPDX-License-Identifier: MIT
/*
 * LZMA2, the payload of an xz file, from the public format description.  The range
 * decoder is the hot loop of a boot (a Debian kernel is 90 million coded bits), so
 * its state lives in locals for a whole chunk and it has no input check per byte:
 * one symbol eats at most 21 bytes, and xz keeps at least LZMA_TAIL bytes behind
 * the last chunk (check, index and footer), so it is enough to look at the input
 * position once per symbol.  Matches copy straight inside the output.
 */
#if defined(__GNUC__) && !defined(__clang__)
/* One register more; and what this pass moves out of the branches costs more than it saves. */
#pragma GCC optimize("omit-frame-pointer", "no-tree-pre")
#endif

#include "builder/codec.h"
#include "builder/unpack.h"
#include "lib/init.h"
#include "machine/barrier.h"

/* End marker 1, index 8, footer 12: what a well-formed xz file has behind any chunk. */
#define LZMA_TAIL 21

#define TOP (1u << 24)
#define PROB_BITS 11
#define PROB_HALF (1u << (PROB_BITS - 1))
#define STATES 12
#define FIRST_MATCHED 7 /* states from here on: the last symbol was a match */
#define POS_STATES 16
#define MATCH_MIN 2
#define LITERAL_TREE 0x300 /* probabilities: plain, and with each value of the hinted bit */

typedef u16 prob;

struct length_probs {
	prob choice, choice2;
	prob low[POS_STATES][8], mid[POS_STATES][8], high[256];
};

/* What the last few symbols were; the links lead on, by the kind of the next symbol. */
struct lzma_state {
	struct lzma_state *after_literal, *after_match, *after_rep, *after_short;
	prob match[POS_STATES], rep0_long[POS_STATES];
	prob rep, rep0, rep1, rep2;
};

/*
 * Adaptive probabilities that the next bit is 0, in 1/2048.  The tables in front give a
 * probability's next value after a 0 and after a 1, which is two instructions per bit
 * less than to compute it.
 */
struct lzma_probs {
	prob after[2][1u << PROB_BITS];
	struct lzma_state state[STATES];
	/* Nothing but prob from here on. */
	prob slot[4][64], special[115], align[16];
	struct length_probs match_len, rep_len;
	prob literal[16 * LITERAL_TREE];
};

static_assert(sizeof(struct lzma_probs) <= UNPACK_WORKSPACE, "fits the workspace");

/* Survives from chunk to chunk of one LZMA2 stream. */
struct lzma {
	struct lzma_probs *probs;
	struct lzma_state *state;
	u8 *base; /* where the dictionary begins: the output position of its last reset */
	size_t dist, rep[3]; /* last four distances, 1 is the byte before */
	size_t pb_mask, lp_mask;
	/* A literal's tree begins here, by the byte before it; and by the position, times this. */
	u32 literal[256], literal_step;
};

/*
 * The range coder; always a local whose address never escapes, so it stays in registers.
 * Its range is kept less TOP, so that the subtraction that narrows it also says, by its
 * borrow, whether the next byte is due.
 */
struct range {
	u32 spare, code;
	const u8 *in;
	struct lzma_probs *probs;
};

/* Makes the range @from - @less, and takes a byte in if that is below TOP. */
static __force_inline void rc_narrow(struct range *rc, u32 from, u32 less)
{
	if (unlikely(__builtin_sub_overflow(from, less, &rc->spare))) {
		rc->spare = (rc->spare << 8) - TOP;
		rc->code = rc->code << 8 | *rc->in++;
	}
}

/*
 * Decodes one adaptive bit, by the probability @way places into level @level below node
 * @*sym of @tree.  forget_origin() has the compiler work the place out in the load and in the
 * store, where it costs no instruction, instead of once and for both.
 */
static __force_inline bool rc_node(struct range *rc, prob *tree, size_t *sym, u32 level, size_t way)
{
	u32 chance = tree[(*sym << level) + way];
	u32 bound = ((rc->spare + TOP) >> PROB_BITS) * chance;

	if (rc->code < bound) {
		forget_origin(*sym);
		tree[(*sym << level) + way] = rc->probs->after[0][chance];
		rc_narrow(rc, bound, TOP);
		return false;
	}
	forget_origin(*sym);
	tree[(*sym << level) + way] = rc->probs->after[1][chance];
	rc->code -= bound;
	rc_narrow(rc, rc->spare, bound);
	return true;
}

static __force_inline bool rc_bit(struct range *rc, prob *p)
{
	size_t here = 0;

	return rc_node(rc, p, &here, 0, 0);
}

/*
 * The next bits down a tree, put behind @sym.  Written out as trees of code, where the way
 * taken is the number, which costs nothing to keep.
 */
static __force_inline size_t rc_walk1(struct range *rc, prob *tree, size_t *sym, u32 level,
				      size_t way)
{
	way = rc_node(rc, tree, sym, level, way) ? 2 * way + 1 : 2 * way;
	return (*sym << (level + 1)) + way;
}

static __force_inline size_t rc_walk2(struct range *rc, prob *tree, size_t *sym, u32 level,
				      size_t way)
{
	return rc_node(rc, tree, sym, level, way) ? rc_walk1(rc, tree, sym, level + 1, 2 * way + 1)
						  : rc_walk1(rc, tree, sym, level + 1, 2 * way);
}

static __force_inline size_t rc_tree1(struct range *rc, prob *tree, size_t sym)
{
	return rc_walk1(rc, tree, &sym, 0, 0);
}

static __force_inline size_t rc_tree2(struct range *rc, prob *tree, size_t sym)
{
	return rc_walk2(rc, tree, &sym, 0, 0);
}

static __force_inline size_t rc_tree3(struct range *rc, prob *tree, size_t sym)
{
	return rc_node(rc, tree, &sym, 0, 0) ? rc_walk2(rc, tree, &sym, 1, 1)
					     : rc_walk2(rc, tree, &sym, 1, 0);
}

/* A number of @bits bits, lowest first. */
static __force_inline size_t rc_reverse(struct range *rc, prob *tree, u32 bits)
{
	size_t sym = 1, top = 1ul << bits, value = 0;

	for (size_t weight = 1; weight < top; weight *= 2) {
		if (rc_bit(rc, &tree[sym])) {
			sym = 2 * sym + 1;
			value += weight;
		} else {
			sym = 2 * sym;
		}
	}
	return value;
}

/* Its common case: 4 bits. */
static __force_inline size_t rc_reverse4(struct range *rc, prob *tree)
{
	static const u8 reversed[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

	return reversed[rc_tree1(rc, tree, rc_tree3(rc, tree, 1)) - 16];
}

/*
 * @bits equiprobable bits, high first; each halves the range.  Right behind a byte taken in
 * the range ends in 8 zero bits, so halving it up to 8 times is exact, and one division
 * gives as many bits at once.
 */
static __force_inline size_t rc_direct(struct range *rc, u32 bits)
{
	u32 range = rc->spare + TOP, code = rc->code;
	size_t value = 0;

	for (;;) {
		u32 n;

		do {
			range >>= 1;
			value *= 2;
			if (code >= range) {
				code -= range;
				value++;
			}
			bits--;
		} while (range >= TOP && bits);
		if (range >= TOP)
			break;
		range <<= 8;
		code = code << 8 | *rc->in++;
		if (!bits)
			break;
		n = min(7 - (u32)__builtin_clz(range), bits);
		range >>= n;
		value = value << n | code / range;
		code %= range;
		bits -= n;
		if (!bits)
			break;
	}
	rc->spare = range - TOP;
	rc->code = code;
	return value;
}

/*
 * A literal: 8 bits down its tree.  Right after a match (@hint not NO_HINT) the byte that
 * the match would have gone on with is a hint, which picks other probabilities until the
 * first bit that differs from it; @sym is what has been decoded, behind a 1.
 */
#define NO_HINT 0x100

static __force_inline u8 lzma_literal(struct range *rc, prob *tree, size_t hint)
{
	size_t sym = 1;

	if (hint == NO_HINT) {
		sym = rc_tree2(rc, tree, 1);
		goto left6;
	}
#define AS_HINTED(bit, differs)                                       \
	do {                                                          \
		bool one = (hint & (bit)) != 0;                       \
		if (one) {                                            \
			if (!rc_node(rc, tree + 0x200, &sym, 0, 0)) { \
				sym = 2 * sym;                        \
				goto differs;                         \
			}                                             \
			sym = 2 * sym + 1;                            \
		} else {                                              \
			if (rc_node(rc, tree + 0x100, &sym, 0, 0)) {  \
				sym = 2 * sym + 1;                    \
				goto differs;                         \
			}                                             \
			sym = 2 * sym;                                \
		}                                                     \
	} while (0)
	AS_HINTED(0x80, left7);
	AS_HINTED(0x40, left6);
	AS_HINTED(0x20, left5);
	AS_HINTED(0x10, left4);
	AS_HINTED(0x08, left3);
	AS_HINTED(0x04, left2);
	AS_HINTED(0x02, left1);
	AS_HINTED(0x01, left0);
left0:
	return (u8)sym;
left1:
	return (u8)rc_tree1(rc, tree, sym);
left2:
	return (u8)rc_tree2(rc, tree, sym);
left5:
	sym = rc_tree2(rc, tree, sym);
	goto left3;
left4:
	sym = rc_tree1(rc, tree, sym);
	goto left3;
left7:
	sym = rc_tree1(rc, tree, sym);
left6:
	sym = rc_tree3(rc, tree, sym);
left3:
	return (u8)rc_tree3(rc, tree, sym);
}

static __force_inline size_t lzma_length(struct range *rc, struct length_probs *lp, size_t pos)
{
	size_t sym;

	if (!rc_bit(rc, &lp->choice))
		return rc_tree3(rc, lp->low[pos], 1) - 8 + MATCH_MIN;
	if (!rc_bit(rc, &lp->choice2))
		return rc_tree3(rc, lp->mid[pos], 1) + MATCH_MIN;
	sym = rc_tree3(rc, lp->high, 1);
	sym = rc_tree3(rc, lp->high, sym);
	return rc_tree2(rc, lp->high, sym) - 256 + 16 + MATCH_MIN;
}

static __force_inline size_t lzma_distance(struct range *rc, struct lzma_probs *p, size_t len)
{
	prob *tree = p->slot[len < 6 ? len - MATCH_MIN : 3];
	size_t slot = rc_tree3(rc, tree, 1);
	size_t dist;
	u32 bits;

	slot = rc_tree3(rc, tree, slot) - 64;
	if (slot < 4)
		return slot + 1;
	bits = (u32)(slot >> 1) - 1;
	dist = (2 | (slot & 1)) << bits;
	if (slot < 14)
		return dist + 1 + rc_reverse(rc, &p->special[dist - slot], bits);
	dist += rc_direct(rc, bits - 4) << 4;
	return dist + 1 + rc_reverse4(rc, p->align);
}

/* Takes one of the older distances out; @dist, the last one, becomes the first of those. */
static __force_inline size_t lzma_pick_rep(struct range *rc, struct lzma_state *state,
					   size_t rep[3], size_t dist)
{
	size_t picked = rep[0];

	if (rc_bit(rc, &state->rep1)) {
		picked = rep[1];
		if (rc_bit(rc, &state->rep2)) {
			picked = rep[2];
			rep[2] = rep[1];
		}
		rep[1] = rep[0];
	}
	rep[0] = dist;
	return picked;
}

static __force_inline prob *lzma_literal_tree(const struct lzma *lz, struct lzma_probs *p,
					      size_t pos, u8 before)
{
	prob *tree = p->literal + lz->literal[before];

	if (unlikely(lz->lp_mask))
		tree += (pos & lz->lp_mask) * lz->literal_step;
	return tree;
}

/*
 * Decodes one LZMA chunk: exactly to @end in the output and to @in_end in the input,
 * behind which LZMA_TAIL bytes can still be read.
 */
static __init int lzma_chunk(struct unpack_job *job, struct lzma *lz, const u8 *in_end, u8 *out_end)
{
	struct lzma_probs *p = lz->probs;
	struct lzma_state *state = lz->state;
	struct range rc = {.spare = ~0u - TOP, .in = job->in + 5, .probs = p};
	u8 *const base = lz->base;
	/* Positions count from the dictionary's begin; up to @roomy a match may be copied widely. */
	const size_t end = (size_t)(out_end - base), room = (size_t)(job->out_end - base);
	const size_t roomy = room < WIDE_COPY ? 0 : room - WIDE_COPY;
	size_t pos = (size_t)(job->out - base), dist = lz->dist;

	if (in_end - job->in < 5 || job->in[0])
		return unpack_refuse(job, "xz data is corrupt (range coder start)");
	rc.code = __builtin_bswap32(load32(job->in + 1));

	while (pos < end) {
		size_t pos_state = pos & lz->pb_mask, len, next;

		if (unlikely(rc.in > in_end))
			return unpack_refuse(job, "xz data is corrupt (chunk overrun)");
		if (!rc_bit(&rc, &state->match[pos_state])) {
			prob *tree = lzma_literal_tree(lz, p, pos, pos ? base[pos - 1] : 0);
			size_t hint = NO_HINT;

			if (state >= &p->state[FIRST_MATCHED]) {
				if (unlikely(dist > pos))
					goto bad_distance;
				hint = base[pos - dist];
			}
			base[pos++] = lzma_literal(&rc, tree, hint);
			state = state->after_literal;
			continue;
		}
		if (!rc_bit(&rc, &state->rep)) {
			lz->rep[2] = lz->rep[1];
			lz->rep[1] = lz->rep[0];
			lz->rep[0] = dist;
			len = lzma_length(&rc, &p->match_len, pos_state);
			dist = lzma_distance(&rc, p, len);
			state = state->after_match;
		} else {
			if (rc_bit(&rc, &state->rep0)) {
				dist = lzma_pick_rep(&rc, state, lz->rep, dist);
			} else if (!rc_bit(&rc, &state->rep0_long[pos_state])) {
				if (unlikely(dist > pos))
					goto bad_distance;
				base[pos] = base[pos - dist];
				pos++;
				state = state->after_short;
				continue;
			}
			len = lzma_length(&rc, &p->rep_len, pos_state);
			state = state->after_rep;
		}
		next = pos + len;
		if (unlikely(dist > pos || next > end))
			goto bad_distance;
		copy_match(base + pos, dist, len, next <= roomy);
		pos = next;
	}
	if (rc.in != in_end || rc.code)
		return unpack_refuse(job, "xz data is corrupt (chunk end)");
	lz->dist = dist;
	lz->state = state;
	job->in = rc.in;
	job->out = base + pos;
	return 0;
bad_distance:
	return unpack_refuse(job, "xz data is corrupt (match outside the data)");
}

/* What a chunk's control byte can reset: the properties, then the coder's state. */
static __init int lzma_props(struct lzma *lz, u32 props)
{
	u32 lc = props % 9, lp = props / 9 % 5, pb = props / 45;

	if (pb > 4 || lc + lp > 4)
		return -EINVAL;
	lz->pb_mask = (1u << pb) - 1;
	lz->lp_mask = (1u << lp) - 1;
	lz->literal_step = LITERAL_TREE << lc;
	for (u32 before = 0; before < 256; before++)
		lz->literal[before] = LITERAL_TREE * (before >> (8 - lc));
	return 0;
}

/* Forgets everything, the dictionary apart. */
static __init void lzma_reset(struct lzma *lz)
{
	static const u8 after_literal[STATES] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5};
	struct lzma_probs *p = lz->probs;
	struct lzma_state *s = p->state;

	for (u32 i = 0; i < STATES; i++) {
		bool matched = i >= FIRST_MATCHED;

		for (u32 k = 0; k < POS_STATES; k++)
			s[i].match[k] = s[i].rep0_long[k] = PROB_HALF;
		s[i].rep = s[i].rep0 = s[i].rep1 = s[i].rep2 = PROB_HALF;
		s[i].after_literal = &s[after_literal[i]];
		s[i].after_match = &s[matched ? 10 : 7];
		s[i].after_rep = &s[matched ? 11 : 8];
		s[i].after_short = &s[matched ? 11 : 9];
	}
	for (prob *each = p->slot[0]; each < (prob *)(p + 1); each++)
		*each = PROB_HALF;
	lz->dist = lz->rep[0] = lz->rep[1] = lz->rep[2] = 1;
	lz->state = s;
}

/* The resets a chunk must bring along, until it has: each chunk kind clears what it does. */
enum { NEED_PROPS = 1, NEED_STATE = 2, NEED_DICT = 4 };

__init int unpack_lzma2(struct unpack_job *job)
{
	struct lzma lz = {.probs = job->workspace};
	u32 need = NEED_DICT | NEED_STATE | NEED_PROPS;

	for (u32 p = 0; p < 1u << PROB_BITS; p++) {
		lz.probs->after[0][p] = (prob)(p + (((1u << PROB_BITS) - p) >> 5));
		lz.probs->after[1][p] = (prob)(p - (p >> 5));
	}
	for (;;) {
		u32 control, size, packed;

		if (in_left(job) <= LZMA_TAIL)
			return unpack_refuse(job, "xz data is truncated");
		control = *job->in++;
		if (control == 0)
			return 0;
		if (control == 1 || control >= 0xe0) {
			lz.base = job->out;
			need &= ~NEED_DICT;
		}
		if ((control > 2 && control < 0x80) || (need & NEED_DICT))
			return unpack_refuse(job, "xz data is corrupt (chunk header)");
		size = (u32)job->in[0] << 8 | job->in[1];
		size = (control < 0x80 ? size : size | (control & 0x1f) << 16) + 1;
		job->in += 2;
		packed = size;
		if (control >= 0x80) {
			packed = ((u32)job->in[0] << 8 | job->in[1]) + 1;
			job->in += 2;
			if (control >= 0xc0) {
				if (lzma_props(&lz, *job->in++))
					return unpack_refuse(job, "xz data has unknown properties");
				need &= ~NEED_PROPS;
			}
			if (control >= 0xa0 && !(need & NEED_PROPS)) {
				lzma_reset(&lz);
				need &= ~NEED_STATE;
			}
			if (need)
				return unpack_refuse(job, "xz data is corrupt (no reset)");
		}
		if (in_left(job) < packed + LZMA_TAIL)
			return unpack_refuse(job, "xz data is truncated");
		if (out_left(job) < size)
			return unpack_refuse(job, "xz data is longer than the kernel says");
		if (control >= 0x80) {
			int rc = lzma_chunk(job, &lz, job->in + packed, job->out + size);

			if (rc)
				return rc;
		} else {
			__builtin_memcpy(job->out, job->in, size);
			job->in += size;
			job->out += size;
		}
	}
}
