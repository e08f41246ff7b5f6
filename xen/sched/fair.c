// SPDX-License-Identifier: MIT
/*
 * Earliest eligible virtual deadline first (see fair.h).
 *
 * V is kept as a weighted sum relative to a base that follows it, so that the
 * sum stays small however long the machine runs.  Virtual times are compared by
 * their difference: they may wrap.  The search for the earliest deadline looks at
 * a bounded number of entities; those behind are later in any case.
 */
#include "sched/fair.h"

#include "lib/assert.h"

#define SEARCH_MAX 64u

static s64 run_min = FAIR_RUN_MIN;

static s64 diff(s64 a, s64 b)
{
	return (s64)((u64)a - (u64)b);
}

static s64 plus(s64 a, s64 b)
{
	return (s64)((u64)a + (u64)b);
}

static struct fair_entity *entity(struct rb_node *node)
{
	return rb_entry(node, struct fair_entity, node);
}

/* CPU time as virtual time of somebody of that weight, and back. */
static s64 to_virtual(s64 ns, u32 weight)
{
	return ns * (s64)FAIR_WEIGHT_DEFAULT / (s64)weight;
}

static s64 to_real(s64 virtual, u32 weight)
{
	return virtual / (s64)FAIR_WEIGHT_DEFAULT * (s64)weight;
}

static s64 clamp(s64 x, s64 low, s64 high)
{
	return x < low ? low : x > high ? high : x;
}

/*
 * What the order goes by: the deadline, moved forward for those with short slices.
 * Alone it would let one that computes, once its own deadline is near, keep the CPU
 * for its whole slice while one that needs 100 us waits.  Only the order among the
 * eligible is concerned: who has had its share is not eligible, however short.
 */
static s64 rank(const struct fair_entity *e)
{
	return diff(e->deadline, 2 * (FAIR_SLICE_MAX - e->slice));
}

static bool ranks_before(const struct rb_node *a, const struct rb_node *b)
{
	return diff(rank(rb_entry(a, const struct fair_entity, node)),
		    rank(rb_entry(b, const struct fair_entity, node))) < 0;
}

/* Where everybody would be under perfect sharing.  Rounds down: somebody is always eligible. */
static s64 mean(const struct fair_queue *q)
{
	s64 offset = 0;

	if (q->load) {
		offset = q->sum / (s64)q->load;
		if (q->sum % (s64)q->load < 0)
			offset--;
	}
	return plus(q->base, offset);
}

/* Moves the base to V, which makes the sum small again. */
static void rebase(struct fair_queue *q)
{
	s64 v = mean(q);

	q->sum -= diff(v, q->base) * (s64)q->load;
	q->base = v;
}

static bool eligible(const struct fair_queue *q, const struct fair_entity *e)
{
	/* weight cancels out: vruntime - base <= sum / load, without the division's rounding */
	return (__int128)diff(e->vruntime, q->base) * (s64)q->load <= q->sum;
}

/* Who has begun its slice may end it, unless somebody of earlier rank comes. */
static bool curr_eligible(const struct fair_queue *q)
{
	return q->in_slice || eligible(q, q->curr);
}

static void account_in(struct fair_queue *q, const struct fair_entity *e)
{
	q->sum += diff(e->vruntime, q->base) * (s64)e->weight;
	q->load += e->weight;
}

static void account_out(struct fair_queue *q, const struct fair_entity *e)
{
	q->sum -= diff(e->vruntime, q->base) * (s64)e->weight;
	q->load -= e->weight;
	if (!q->load)
		q->sum = 0;
}

void fair_entity_init(struct fair_entity *e, u32 weight)
{
	e->vruntime = 0;
	e->deadline = 0;
	e->left_queue = NULL;
	e->slice = FAIR_SLICE_MAX;
	fair_set_weight(e, weight);
}

void fair_set_weight(struct fair_entity *e, u32 weight)
{
	e->weight = weight ? min(weight, FAIR_WEIGHT_MAX) : FAIR_WEIGHT_DEFAULT;
	e->lag = 0;
}

void fair_enqueue(struct fair_queue *q, struct fair_entity *e)
{
	s64 lag = e->lag;

	rebase(q);
	/* An idle CPU has had time enough for every sleeper's debt. */
	if (!q->load)
		q->base = plus(q->base, to_virtual(FAIR_SLICE_MAX, 1));
	/*
	 * Joining moves V by the joiner's own lag; inflating the lag first makes it
	 * come out, after the move, as what it was.
	 */
	if (q->load)
		lag += lag / (s64)q->load * (s64)e->weight;
	if (lag < 0 && e->left_queue == q)
		lag = min(lag + diff(q->base, e->left_at), 0LL);
	e->vruntime = diff(q->base, lag);
	e->deadline = plus(e->vruntime, to_virtual(e->slice, e->weight));
	account_in(q, e);
	rb_insert(&q->tree, &e->node, ranks_before);
	q->waiting++;
}

void fair_dequeue(struct fair_queue *q, struct fair_entity *e)
{
	s64 bound = to_virtual(FAIR_SLICE_MAX, e->weight);

	/* Nobody may save up, or be made to pay for, more than a slice by sleeping. */
	e->lag = clamp(diff(mean(q), e->vruntime), -bound, bound);
	if (e == q->curr) {
		q->curr = NULL;
	} else {
		rb_erase(&q->tree, &e->node);
		q->waiting--;
	}
	account_out(q, e);
	e->left_at = mean(q); /* V of those who stay: from there on the debt is paid off */
	e->left_queue = q;
}

void fair_set_curr(struct fair_queue *q, struct fair_entity *e)
{
	rb_erase(&q->tree, &e->node);
	q->waiting--;
	q->curr = e;
	q->in_slice = true;
}

void fair_put_curr(struct fair_queue *q)
{
	rb_insert(&q->tree, &q->curr->node, ranks_before);
	q->waiting++;
	q->curr = NULL;
}

void fair_charge(struct fair_queue *q, s64 ns)
{
	struct fair_entity *e = q->curr;
	s64 virtual;

	if (!e || ns <= 0)
		return;
	virtual = to_virtual(min(ns, 1000000000LL), e->weight);
	e->vruntime = plus(e->vruntime, virtual);
	q->sum += virtual * (s64)e->weight;
	rebase(q);
	if (diff(e->deadline, e->vruntime) <= 0) {
		e->deadline = plus(e->vruntime, to_virtual(e->slice, e->weight));
		q->in_slice = false;
	}
}

void fair_yield(struct fair_queue *q)
{
	struct fair_entity *e = q->curr;

	if (!e)
		return;
	e->deadline = plus(e->deadline, to_virtual(e->slice, e->weight));
	q->in_slice = false;
}

struct fair_entity *fair_pick_waiting(const struct fair_queue *q)
{
	unsigned int seen = 0;
	struct rb_node *node;

	rb_for_each(node, &q->tree)
	{
		if (eligible(q, entity(node)))
			return entity(node);
		if (++seen == SEARCH_MAX)
			break;
	}
	return q->tree.first ? entity(q->tree.first) : NULL;
}

struct fair_entity *fair_pick(const struct fair_queue *q)
{
	struct fair_entity *best = fair_pick_waiting(q), *curr = q->curr;

	if (!curr || !best)
		return curr ? curr : best;
	if (curr_eligible(q) != eligible(q, best))
		return curr_eligible(q) ? curr : best;
	/* A tie stays with curr: a switch costs. */
	return diff(rank(best), rank(curr)) < 0 ? best : curr;
}

bool fair_preempts(const struct fair_queue *q, const struct fair_entity *e)
{
	const struct fair_entity *curr = q->curr;

	if (!curr)
		return true;
	return eligible(q, e) && (!curr_eligible(q) || diff(rank(e), rank(curr)) < 0);
}

void fair_set_run_min(s64 ns)
{
	__atomic_store_n(&run_min, clamp(ns, 0, FAIR_RUN_MAX), __ATOMIC_RELAXED);
}

s64 fair_run_min(void)
{
	return __atomic_load_n(&run_min, __ATOMIC_RELAXED);
}

s64 fair_time_left(const struct fair_queue *q)
{
	const struct fair_entity *e = q->curr, *first;
	s64 least = max(fair_run_min(), FAIR_RUN_FLOOR), left, soon;

	if (!e)
		return least;
	left = to_real(diff(e->deadline, e->vruntime), e->weight);
	/* Somebody of earlier rank is about to become eligible: V moves on at 1/load. */
	first = q->tree.first ? entity(q->tree.first) : NULL;
	if (first && !eligible(q, first) && diff(rank(first), rank(e)) < 0) {
		soon = diff(first->vruntime, mean(q)) * (s64)q->load / (s64)FAIR_WEIGHT_DEFAULT;
		left = min(left, soon);
	}
	return clamp(left, least, max(least, FAIR_SLICE_MAX));
}

void fair_note_burst(struct fair_entity *e, s64 ns)
{
	/* Twice the usual burst, so that a burst is not cut in two by its own deadline. */
	s64 aim = clamp(2 * min(ns, FAIR_SLICE_MAX), FAIR_SLICE_MIN, FAIR_SLICE_MAX);

	e->slice = (3 * e->slice + aim) / 4;
}

void fair_check(const struct fair_queue *q)
{
	s64 sum = 0, previous = 0;
	u64 load = 0;
	unsigned int waiting = 0;
	struct rb_node *node;

	rb_for_each(node, &q->tree)
	{
		const struct fair_entity *e = entity(node);

		PANIC_ON(waiting && diff(rank(e), previous) < 0);
		previous = rank(e);
		sum += diff(e->vruntime, q->base) * (s64)e->weight;
		load += e->weight;
		waiting++;
	}
	if (q->curr) {
		sum += diff(q->curr->vruntime, q->base) * (s64)q->curr->weight;
		load += q->curr->weight;
	}
	PANIC_ON(waiting != q->waiting || load != q->load || sum != q->sum);
}

void fair_cap_refill(struct fair_cap *cap, u32 percent, s64 now_ns)
{
	s64 last = __atomic_load_n(&cap->refilled, __ATOMIC_RELAXED), full, budget, new;

	/* Whoever moves `refilled` on adds what belongs to that stretch of time. */
	if (now_ns - last < FAIR_RUN_MIN ||
	    !__atomic_compare_exchange_n(&cap->refilled, &last, now_ns, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return;
	full = FAIR_CAP_PERIOD * (s64)percent / 100;
	budget = __atomic_load_n(&cap->budget, __ATOMIC_RELAXED);
	do {
		new = min(budget + min(now_ns - last, 100 * FAIR_CAP_PERIOD) * (s64)percent / 100,
			  full);
	} while (!__atomic_compare_exchange_n(&cap->budget, &budget, new, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
}

s64 fair_cap_left(const struct fair_cap *cap)
{
	return max(__atomic_load_n(&cap->budget, __ATOMIC_RELAXED), (s64)FAIR_RUN_MIN);
}

s64 fair_cap_wait(const struct fair_cap *cap, u32 percent)
{
	s64 budget = __atomic_load_n(&cap->budget, __ATOMIC_RELAXED);

	if (budget > 0)
		return 0;
	/* Enough for a stretch worth switching for, not for the first nanosecond. */
	return (FAIR_RUN_MIN - budget) * 100 / (s64)max(percent, 1u);
}
