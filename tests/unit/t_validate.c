// SPDX-License-Identifier: MIT
/*
 * A random walk over everything that guests can do to page tables: entries of all kinds and
 * levels, pins, roots, frames given back, other domains' frames, calls that are interrupted at
 * every point and continued, or never.  After each step all counts are compared with a naive
 * count from nothing (security.md, rows 58, 299, 309, 310), and at the end all goes away.
 */
#include "check.h"
#include "mmworld.h"

#define EACH 40u
static const unsigned int slots[] = {0, 1, 2, 3, 255, 256, 257, 271, 272, 510, 511};
static u64 seed;

static unsigned int r(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

/* The level that the walk mostly uses frame i for: 0 data. */
static unsigned int intended(unsigned int i)
{
	return i < 4 ? 4 : i < 9 ? 3 : i < 15 ? 2 : i < 23 ? 1 : 0;
}

static mfn_t pick(unsigned int domid, int level)
{
	for (unsigned int tries = 0; tries < 100; tries++) {
		unsigned int i = r(EACH);

		if ((level < 0 || intended(i) == (unsigned int)level) &&
		    !mfn_eq(owned[domid][i], INVALID_MFN))
			return owned[domid][i];
	}
	return MFN(0x80 + r(4));
}

static u64 random_entry(unsigned int domid, unsigned int level)
{
	u64 e = PTE_PRESENT;
	mfn_t to;

	if (!r(5))
		return r(2) ? 0 : (u64)r(1000) << 1;
	if (!r(12))
		to = pick((domid + 1) % DOMAINS, -1);
	else if (!r(20))
		to = MFN(r(2) ? r(r(2) ? M2P_FRAME + 3 : WORLD_FRAMES) : 1UL << r(44));
	else
		to = pick(domid, !r(8) ? -1 : level ? (int)level - 1 : 0);
	if (level > 1 ? r(6) : r(2))
		e |= PTE_RW;
	if (r(2))
		e |= PTE_USER | PTE_ACCESSED;
	if (!r(3))
		e |= PTE_DIRTY;
	if (!r(20))
		e |= BIT(r(12));
	if (!r(10))
		e |= BIT(52 + r(12));
	return e | (u64)to.m << PAGE_SHIFT;
}

/* A hypercall, continued until done, or (rarely) left alone half-way, as a hostile kernel may. */
static long call(long (*fn)(unsigned long, unsigned long, unsigned long, unsigned long),
		 const void *list, unsigned int n, unsigned long foreign)
{
	u32 done = 0;
	long ret;

	continue_args[0] = (unsigned long)list;
	continue_args[1] = n;
	do {
		cpu_info()->deferred = r(3) ? 0 : 1;
		continued = false;
		ret = fn(continue_args[0], continue_args[1], (unsigned long)&done, foreign);
		if (!continued) {
			CHECK(done <= n && (ret || done == n));
			break;
		}
	} while (r(4));
	cpu_info()->deferred = 0;
	return ret;
}

static void update(unsigned int domid)
{
	struct mmu_update u[3];
	unsigned int n = 1 + r(3), level = r(5);
	mfn_t table = pick(domid, (int)level);
	unsigned long foreign = DOMID_SELF;

	for (unsigned int i = 0; i < n; i++) {
		if (!r(4))
			table = pick(domid, (int)(level = r(5)));
		u[i].ptr = (table.m << PAGE_SHIFT) + slots[r(ARRAY_SIZE(slots))] * 8 +
			   (r(8) ? 0 : r(8));
		u[i].val = random_entry(domid, level);
		if (!r(30))
			u[i].val = table.m << PAGE_SHIFT | PTE_PRESENT | r(8);
	}
	if (!r(6))
		foreign = r(2) ? (r(2) ? DOMID_IO : DOMID_XEN) : r(4);
	if (!r(20))
		foreign |= (unsigned long)r(4) << 16;
	call(hc_mmu_update, u, n, foreign);
}

static void extended(unsigned int domid)
{
	struct mmuext_op op = {.cmd = r(6)};
	mfn_t mfn = pick(domid, !r(6) ? -1 : op.cmd < 4 ? (int)op.cmd + 1 : r(2) ? 4 : -1);

	if (op.cmd == MMUEXT_NEW_BASEPTR && r(2))
		op.cmd = MMUEXT_NEW_USER_BASEPTR;
	op.arg1.mfn = op.cmd == MMUEXT_NEW_USER_BASEPTR && !r(4) ? 0 : mfn.m;
	if (!r(10))
		op.cmd = MMUEXT_CLEAR_PAGE + r(2);
	if (op.cmd == MMUEXT_COPY_PAGE)
		op.arg2.src_mfn = pick(domid, -1).m;
	call(hc_mmuext_op, &op, 1, r(10) ? DOMID_SELF : r(4));
}

static void exchange_frame(unsigned int domid)
{
	unsigned int i = r(EACH);

	if (mfn_eq(owned[domid][i], INVALID_MFN))
		world_give(domid, i);
	else if (!r(3))
		world_take(domid, i);
}

static void grant(unsigned int domid)
{
	unsigned int other = (domid + 1) % DOMAINS;
	mfn_t table = pick(domid, 1), frame = pick(other, 0);
	unsigned long where = (table.m << PAGE_SHIFT) + slots[r(ARRAY_SIZE(slots))] * 8;
	u64 old = *(u64 *)phys_to_virt(where);

	if (r(2)) {
		(void)l1e_install_foreign(&domains[domid], where, true, &domains[other],
					  frame.m << PAGE_SHIFT | PTE_PRESENT |
						  (r(2) ? PTE_RW : 0));
	} else if (!l1e_clear_if_maps(&domains[domid], where, true, pte_mfn(old), old & PTE_RW)) {
		CHECK_EQ(*(u64 *)phys_to_virt(where), 0);
	}
}

static void typed(unsigned int domid)
{
	mfn_t mfn = pick(domid, -1);

	/* Hypervisor users of a page: descriptors, registered areas. */
	if (!frame_get_and_type(mfn, &domains[domid],
				r(2) ? FRAME_TYPE_SEGDESC : FRAME_TYPE_WRITABLE)) {
		CHECK(!frame_check(mfn));
		frame_put_and_type(mfn);
	}
}

static void emulated(unsigned int domid)
{
	mfn_t table = pick(domid, 1);
	unsigned int index = slots[r(ARRAY_SIZE(slots))];
	u64 old = ((u64 *)mfn_to_virt(table))[index], new = random_entry(domid, 1);
	int ret = l1e_update_emulated(&domains[domid], table, index, old + !r(9), new);

	if (ret)
		CHECK_EQ(((u64 *)mfn_to_virt(table))[index], old);
}

static void walk(unsigned int number, unsigned int steps)
{
	seed = number;
	world_start(EACH);
	CHECK_EQ(iomem_permit(&domains[2], MFN(0x10), MFN(0x90), true), 0);
	iomem_readonly(MFN(0x20), MFN(0x22));
	iomem_hide(MFN(0x30), MFN(0x31));
	for (unsigned int i = 0; i < steps; i++) {
		unsigned int domid = r(4) ? 1 : r(3), what = r(20);
		const char *why;

		be(r(10) ? domid : 0);
		if (what < 11)
			update(domid);
		else if (what < 15)
			extended(domid);
		else if (what < 16)
			exchange_frame(domid);
		else if (what < 17)
			grant(domid);
		else if (what < 18)
			typed(domid);
		else
			emulated(domid);
		why = world_check();
		CHECK(!why);
		if (why) {
			fprintf(stderr, "walk %u step %u, action %u: %s\n", number, i, what, why);
			abort();
		}
	}
	CHECK(world_end());
}

/* Another CPU stands in line for the page-table lock: both ways go on by one entry at a time. */
static void awaited(void)
{
	struct domain *d = &domains[1];
	struct spinlock *lock = &d->mem.pt_lock;
	mfn_t l2;
	const struct frame *f;

	world_start(EACH);
	be(1);
	l2 = owned[1][0];
	f = frame_of(l2);
	for (unsigned int i = 0; i < 3; i++)
		((u64 *)mfn_to_virt(l2))[i] = owned[1][1 + i].m << PAGE_SHIFT | PTE_PRESENT;
	CHECK(frame_get(l2, d));
	spin_lock(lock);
	CHECK(!spin_has_waiters(lock));
	lock->tail++;
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(table_get(l2, FRAME_TYPE_L2, d), -ERESTART);
		CHECK_EQ(f->stamp, i + 1);
	}
	lock->tail--;
	CHECK_EQ(table_get(l2, FRAME_TYPE_L2, d), 0);
	lock->tail++;
	for (unsigned int i = 3; i > 1; i--) {
		CHECK_EQ(table_put(l2), -ERESTART);
		CHECK_EQ(f->stamp, i - 1);
	}
	CHECK_EQ(table_put(l2), 0);
	lock->tail--;
	spin_unlock(lock);
	frame_put(l2);
	CHECK(!world_check());
	CHECK(world_end());
}

int main(void)
{
	awaited();
	for (unsigned int i = 1; i <= 12; i++)
		walk(i, 4000);
	return check_done("t_validate");
}
