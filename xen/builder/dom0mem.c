// SPDX-License-Identifier: MIT
/*
 * Allocates dom0's frames in the largest blocks there are and remembers which
 * pseudo-physical frames they are.
 */
#include "builder/dom0mem.h"

#include "domain/domain.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "mm/buddy.h"
#include "mm/reserve.h"

static bool __init add_run(struct dom0_memory *m, unsigned long mfn, unsigned long count)
{
	struct dom0_run *last = m->runs ? &m->run[m->runs - 1] : NULL;

	if (last && last->mfn + last->count == mfn) {
		last->count += count;
	} else {
		if (m->runs == DOM0_RUNS_MAX)
			return false;
		m->run[m->runs++] = (struct dom0_run){m->pages, mfn, count};
	}
	m->pages += count;
	return true;
}

bool __init dom0_memory_grow(struct dom0_memory *m, unsigned long pages)
{
	unsigned int order = MAX_ORDER;

	while (pages) {
		mfn_t mfn;

		while ((1UL << order) > pages)
			order--;
		mfn = buddy_alloc(order, ALLOC_NO_SCRUB);
		if (mfn_eq(mfn, INVALID_MFN)) {
			if (!order--)
				return false;
			continue;
		}
		if (reserve_assign(m->d, mfn, order) || !add_run(m, mfn.m, 1UL << order))
			return false;
		pages -= 1UL << order;
	}
	return true;
}

bool __init dom0_memory_adopt(struct dom0_memory *m, mfn_t first, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		if (reserve_assign(m->d, MFN(first.m + i), 0))
			return false;
	return add_run(m, first.m, pages);
}

/* The run that has @pfn; as a rule it is the one that was asked for last. */
static const struct dom0_run *__init find_run(const struct dom0_memory *m, unsigned long pfn)
{
	static unsigned int last __initbss;

	if (last < m->runs && pfn - m->run[last].pfn < m->run[last].count)
		return &m->run[last];
	for (last = 0; last < m->runs; last++)
		if (pfn - m->run[last].pfn < m->run[last].count)
			return &m->run[last];
	return NULL;
}

mfn_t __init dom0_mfn(const struct dom0_memory *m, unsigned long pfn)
{
	const struct dom0_run *r = find_run(m, pfn);

	return r ? MFN(r->mfn + (pfn - r->pfn)) : INVALID_MFN;
}

void __init dom0_fill(const struct dom0_memory *m, paddr_t to, const void *src, size_t size)
{
	while (size) {
		const struct dom0_run *r = find_run(m, to >> PAGE_SHIFT);
		size_t offset = to - ((paddr_t)r->pfn << PAGE_SHIFT);
		size_t n = min(size, (r->count << PAGE_SHIFT) - offset);
		u8 *dst = (u8 *)mfn_to_virt(MFN(r->mfn)) + offset;

		if (src) {
			memcpy(dst, src, n);
			src = (const u8 *)src + n;
		} else {
			memset(dst, 0, n);
		}
		to += n;
		size -= n;
	}
}
