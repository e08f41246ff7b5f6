// SPDX-License-Identifier: MIT
/*
 * LZMA2, the payload of an xz file, from the public format description.  The range
 * decoder is the hot loop of a boot (a Debian kernel is 90 million coded bits), so
 * its state lives in locals for a whole chunk and it has no input check per byte:
 * one symbol eats at most 21 bytes, and xz keeps at least LZMA_TAIL bytes behind
 * the last chunk (check, index and footer), so it is enough to look at the input
 * position once per symbol.  Matches copy straight inside the output.
 */
#include "builder/codec.h"
#include "lib/init.h"

/* End marker 1, index 8, footer 12: what a well-formed xz file has behind any chunk. */
#define LZMA_TAIL 21

#define TOP (1u << 24)
#define PROB_BITS 11
#define PROB_HALF (1u << (PROB_BITS - 1))
#define STATES 12
#define POS_STATES 16
#define MATCH_MIN 2

typedef u16 prob;

struct length_probs {
	prob choice, choice2;
	prob low[POS_STATES][8], mid[POS_STATES][8], high[256];
};

/*
 * Adaptive probabilities that the next bit is 0, in 1/2048; all prob, so that a reset
 * is one loop.  The tables in front, not reset, give a probability's next value after
 * a 0 and after a 1: two instructions per bit less than to compute it.
 */
struct lzma_probs {
	prob after[2][1u << PROB_BITS];
	prob is_match[STATES][POS_STATES], is_rep[STATES], is_rep0[STATES];
	prob is_rep1[STATES], is_rep2[STATES], is_rep0_long[STATES][POS_STATES];
	prob slot[4][64], special[115], align[16];
	struct length_probs match_len, rep_len;
	prob literal[16][0x300];
};

/* Survives from chunk to chunk of one LZMA2 stream. */
struct lzma {
	struct lzma_probs *probs;
	u8 *base; /* where the dictionary begins: the output position of its last reset */
	u32 rep[4]; /* last four distances, minus one */
	u32 state;
	u32 lc, lp_mask, pb_mask;
};

/* The range coder; always a local whose address never escapes, so it stays in registers. */
struct range {
	u32 range, code;
	const u8 *in;
	struct lzma_probs *probs;
};

static __force_inline void rc_normalize(struct range *rc)
{
	if (unlikely(rc->range < TOP)) {
		rc->range <<= 8;
		rc->code = rc->code << 8 | *rc->in++;
	}
}

/* Decodes one adaptive bit. */
static __force_inline size_t rc_bit(struct range *rc, prob *p)
{
	size_t chance = *p;
	u32 bound;

	rc_normalize(rc);
	bound = (rc->range >> PROB_BITS) * (u32)chance;
	if (rc->code < bound) {
		rc->range = bound;
		*p = rc->probs->after[0][chance];
		return 0;
	}
	rc->range -= bound;
	rc->code -= bound;
	*p = rc->probs->after[1][chance];
	return 1;
}

static __force_inline size_t rc_step(struct range *rc, prob *tree, size_t sym)
{
	if (rc_bit(rc, &tree[sym]))
		return 2 * sym + 1;
	return 2 * sym;
}

static __force_inline size_t rc_tree3(struct range *rc, prob *tree, size_t sym)
{
	sym = rc_step(rc, tree, sym);
	sym = rc_step(rc, tree, sym);
	return rc_step(rc, tree, sym);
}

static __force_inline size_t rc_reverse(struct range *rc, prob *tree, u32 bits)
{
	size_t sym = 1, top = 1ul << bits;
	size_t value = 0, weight = 1;

	for (; sym < top; weight *= 2) {
		if (rc_bit(rc, &tree[sym])) {
			sym = 2 * sym + 1;
			value += weight;
		} else {
			sym = 2 * sym;
		}
	}
	return value;
}

/*
 * @bits equiprobable bits, high first; each halves the range.  Right behind a
 * normalization the range ends in 8 zero bits, so halving it up to 8 times is exact,
 * and one division gives as many bits at once.
 */
static __force_inline size_t rc_direct(struct range *rc, u32 bits)
{
	size_t value = 0;

	do {
		u32 n = 1, quotient;

		if (rc->range < TOP) {
			rc_normalize(rc);
			n = 8 - (u32)__builtin_clz(rc->range);
			n = n < bits ? n : bits;
		}
		rc->range >>= n;
		quotient = rc->code / rc->range;
		rc->code %= rc->range;
		value = value << n | quotient;
		bits -= n;
	} while (bits);
	return value;
}

static __force_inline u8 lzma_literal(struct range *rc, prob *tree)
{
	size_t sym = rc_tree3(rc, tree, 1);

	sym = rc_tree3(rc, tree, sym);
	sym = rc_step(rc, tree, sym);
	return (u8)rc_step(rc, tree, sym);
}

/*
 * A literal right after a match: the byte that the match would have gone on with is
 * a hint, which picks other probabilities until the first bit that differs from it.
 */
static __force_inline u8 lzma_matched_literal(struct range *rc, prob *tree, size_t hint)
{
	size_t sym = 1;

	do {
		size_t want, bit;

		hint <<= 1;
		want = hint & 0x100;
		bit = rc_bit(rc, &tree[0x100 + want + sym]);
		sym = 2 * sym + bit;
		if (bit != want >> 8) {
			while (sym < 0x100)
				sym = rc_step(rc, tree, sym);
			break;
		}
	} while (sym < 0x100);
	return (u8)sym;
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
	sym = rc_step(rc, lp->high, sym);
	return rc_step(rc, lp->high, sym) - 256 + 16 + MATCH_MIN;
}

/* Distance minus one. */
static __force_inline size_t lzma_distance(struct range *rc, struct lzma_probs *p, size_t len)
{
	prob *tree = p->slot[len < 6 ? len - MATCH_MIN : 3];
	size_t slot = rc_tree3(rc, tree, 1);
	size_t dist;
	u32 bits;

	slot = rc_tree3(rc, tree, slot) - 64;
	if (slot < 4)
		return slot;
	bits = (u32)(slot >> 1) - 1;
	dist = (2 | (slot & 1)) << bits;
	if (slot < 14)
		return dist + rc_reverse(rc, &p->special[dist - slot], bits);
	dist += rc_direct(rc, bits - 4) << 4;
	return dist + rc_reverse(rc, p->align, 4);
}

/* Which of the repeated distances; moves it to the front. */
static __force_inline void lzma_pick_rep(struct range *rc, struct lzma_probs *p, size_t state,
					  size_t rep[4])
{
	size_t dist = rep[1];

	if (rc_bit(rc, &p->is_rep1[state])) {
		dist = rep[2];
		if (rc_bit(rc, &p->is_rep2[state])) {
			dist = rep[3];
			rep[3] = rep[2];
		}
		rep[2] = rep[1];
	}
	rep[1] = rep[0];
	rep[0] = dist;
}

/*
 * Decodes one LZMA chunk: exactly to @end in the output and to @in_end in the input,
 * behind which LZMA_TAIL bytes can still be read.
 */
static __init int lzma_chunk(struct unpack_job *job, struct lzma *lz, const u8 *in_end, u8 *end)
{
	static const u8 after_literal[STATES] = { 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5 };
	struct lzma_probs *p = lz->probs;
	struct range rc = { .range = ~0u, .in = job->in + 5, .probs = p };
	size_t rep[4] = { lz->rep[0], lz->rep[1], lz->rep[2], lz->rep[3] };
	const size_t lc = lz->lc, lp_mask = lz->lp_mask, pb_mask = lz->pb_mask;
	u8 *const base = lz->base;
	u8 *out = job->out;
	size_t state = lz->state;

	if (in_end - job->in < 5 || job->in[0])
		return unpack_refuse(job, "xz data is corrupt (range coder start)");
	rc.code = __builtin_bswap32(load32(job->in + 1));

	while (out < end) {
		size_t pos = (size_t)(out - base), pos_state = pos & pb_mask;
		size_t len;

		if (unlikely(rc.in > in_end))
			return unpack_refuse(job, "xz data is corrupt (chunk overrun)");
		if (!rc_bit(&rc, &p->is_match[state][pos_state])) {
			size_t prev = pos ? out[-1] : 0;
			size_t ctx = ((pos & lp_mask) << lc) + (prev >> (8 - lc));

			if (state < 7)
				*out = lzma_literal(&rc, p->literal[ctx]);
			else if (likely(rep[0] < pos))
				*out = lzma_matched_literal(&rc, p->literal[ctx],
							    *(out - rep[0] - 1));
			else
				goto bad_distance;
			out++;
			state = after_literal[state];
			continue;
		}
		if (!rc_bit(&rc, &p->is_rep[state])) {
			rep[3] = rep[2];
			rep[2] = rep[1];
			rep[1] = rep[0];
			len = lzma_length(&rc, &p->match_len, pos_state);
			rep[0] = lzma_distance(&rc, p, len);
			state = state < 7 ? 7 : 10;
		} else {
			if (rc_bit(&rc, &p->is_rep0[state])) {
				lzma_pick_rep(&rc, p, state, rep);
			} else if (!rc_bit(&rc, &p->is_rep0_long[state][pos_state])) {
				state = state < 7 ? 9 : 11;
				len = 1;
				goto copy;
			}
			len = lzma_length(&rc, &p->rep_len, pos_state);
			state = state < 7 ? 8 : 11;
		}
copy:
		if (unlikely(rep[0] >= pos || len > (size_t)(end - out)))
			goto bad_distance;
		copy_match(out, rep[0] + 1, len, job->out_end);
		out += len;
	}
	rc_normalize(&rc);
	if (rc.in != in_end || rc.code)
		return unpack_refuse(job, "xz data is corrupt (chunk end)");
	for (int i = 0; i < 4; i++)
		lz->rep[i] = (u32)rep[i];
	lz->state = (u32)state;
	job->in = rc.in;
	job->out = out;
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
	lz->lc = lc;
	lz->lp_mask = (1u << lp) - 1;
	lz->pb_mask = (1u << pb) - 1;
	return 0;
}

static __init void lzma_reset(struct lzma *lz)
{
	prob *p = lz->probs->is_match[0], *end = (prob *)(lz->probs + 1);

	while (p < end)
		*p++ = PROB_HALF;
	lz->rep[0] = lz->rep[1] = lz->rep[2] = lz->rep[3] = 0;
	lz->state = 0;
}

/* The resets a chunk must bring along, until it has: each chunk kind clears what it does. */
enum { NEED_PROPS = 1, NEED_STATE = 2, NEED_DICT = 4 };

__init int unpack_lzma2(struct unpack_job *job)
{
	struct lzma lz = { .probs = job->workspace };
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
