// SPDX-License-Identifier: MIT
/*
 * mmuext_op row by row (h26.*, C3 to C5): pins, roots, flushes, pages, errors; and calls that
 * are interrupted at every entry.
 */
#include "check.h"
#include "mmworld.h"

enum { L4, L3, L2, L1, DATA, DATA2, OTHER4, EMPTY };

static long op_for(unsigned int cmd, unsigned long arg1, unsigned long arg2, unsigned long foreign)
{
	struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2};

	return hc_mmuext_op((unsigned long)&op, 1, 0, foreign);
}

static long op(unsigned int cmd, unsigned int frame)
{
	return op_for(cmd, owned[1][frame].m, 0, DOMID_SELF);
}

static u64 *entry(unsigned int table, unsigned int index)
{
	return (u64 *)mfn_to_virt(owned[1][table]) + index;
}

static void link_tables(void)
{
	*entry(L4, 0) = owned[1][L3].m << PAGE_SHIFT | 0x67;
	*entry(L3, 0) = *entry(L3, 1) = owned[1][L2].m << PAGE_SHIFT | 0x67;
	*entry(L2, 0) = *entry(L2, 511) = owned[1][L1].m << PAGE_SHIFT | 0x67;
	for (unsigned int i = 0; i < 512; i += 7)
		*entry(L1, i) = owned[1][DATA].m << PAGE_SHIFT | 0x63;
	be(1);
}

static void pins(void)
{
	link_tables();
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, L4), -EINVAL);
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, L4), 0);
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, L4), -EINVAL);
	CHECK_EQ(op(MMUEXT_PIN_L1_TABLE, L1), 0);
	CHECK_EQ(op(MMUEXT_PIN_L2_TABLE, L1), -EINVAL);
	CHECK_EQ(op(MMUEXT_PIN_L1_TABLE, DATA), -EINVAL); /* C4: mapped writable */
	CHECK_EQ(*entry(L4, 271), hypervisor_l4[15]);
	CHECK(!world_check());
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, L4), 0);
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, L4), -EINVAL);
	CHECK_EQ(*entry(L4, 256), 0); /* C6 */
	CHECK_EQ(frame_type(frame_of(owned[1][L1])), FRAME_TYPE_L1);
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, L1), 0);
	CHECK_EQ(op(MMUEXT_PIN_L1_TABLE, DATA), 0);
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, DATA), 0);
	/* Another domain's, by those who may. */
	CHECK_EQ(op_for(MMUEXT_PIN_L1_TABLE, owned[2][L1].m, 0, DOMID_SELF), -EINVAL);
	CHECK_EQ(op_for(MMUEXT_PIN_L1_TABLE, owned[2][L1].m, 0, 2), -EPERM);
	be(0);
	CHECK_EQ(op_for(MMUEXT_PIN_L1_TABLE, owned[2][L1].m, 0, 2), 0);
	CHECK_EQ(op_for(MMUEXT_PIN_L1_TABLE, owned[2][L1].m, 0, 9), -ESRCH);
	CHECK(!world_check());
}

static void bad_tables(void)
{
	link_tables();
	/* A writable mapping of a table in its own tree. */
	*entry(L1, 100) = owned[1][L2].m << PAGE_SHIFT | 0x63;
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, L4), -EINVAL);
	CHECK(!world_check());
	CHECK_EQ(frame_of(owned[1][L4])->type & FRAME_TYPE_COUNT, 0);
	*entry(L1, 100) = owned[1][L1].m << PAGE_SHIFT | 0x63;
	CHECK_EQ(op(MMUEXT_PIN_L1_TABLE, L1), -EINVAL);
	*entry(L1, 100) = 0;
	/* C5, and the same with another L4. */
	*entry(L4, 5) = owned[1][L4].m << PAGE_SHIFT | 0x61;
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, L4), 0);
	CHECK_EQ(*entry(L4, 5), owned[1][L4].m << PAGE_SHIFT | 0x65);
	*entry(OTHER4, 5) = owned[1][L4].m << PAGE_SHIFT | 0x61;
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, OTHER4), -EINVAL);
	CHECK(!world_check());
}

/* With others wanting the CPU after every entry the result is the same. */
static long interrupted(unsigned int cmd, unsigned int frame, unsigned int *times)
{
	struct mmuext_op o = {.cmd = cmd, .arg1.mfn = owned[1][frame].m};
	u32 done = 0;
	long ret;

	continue_args[0] = (unsigned long)&o;
	continue_args[1] = 1;
	cpu_info()->deferred = 1;
	for (*times = 0;; ++*times) {
		const char *why;

		continued = false;
		ret = hc_mmuext_op(continue_args[0], continue_args[1], (unsigned long)&done,
				   DOMID_SELF);
		why = world_check();
		CHECK(!why);
		if (!continued || *times > 5000)
			break;
	}
	cpu_info()->deferred = 0;
	CHECK_EQ(done, !ret);
	return ret;
}

static void preemption(void)
{
	unsigned int times;

	link_tables();
	CHECK_EQ(interrupted(MMUEXT_PIN_L4_TABLE, L4, &times), 0);
	CHECK(times > 2);
	CHECK_EQ(interrupted(MMUEXT_NEW_BASEPTR, L4, &times), 0);
	CHECK_EQ(interrupted(MMUEXT_UNPIN_TABLE, L4, &times), 0);
	CHECK_EQ(times, 0);
	CHECK_EQ(interrupted(MMUEXT_PIN_L4_TABLE, OTHER4, &times), 0);
	/* The old root's last reference: its taking apart is continued, too. */
	CHECK_EQ(interrupted(MMUEXT_NEW_BASEPTR, OTHER4, &times), 0);
	CHECK(times > 1);
	CHECK_EQ(vcpus[1].arch.old_table.m, 0);
	CHECK_EQ(frame_of(owned[1][L4])->type & FRAME_TYPE_COUNT, 0);
	CHECK_EQ(frame_of(owned[1][L1])->type & FRAME_TYPE_COUNT, 0);
	*entry(L2, 1) = *entry(L2, 0);
	*entry(L2, 300) = owned[1][DATA].m << PAGE_SHIFT | 0x67 | PTE_LARGE;
	CHECK_EQ(interrupted(MMUEXT_PIN_L3_TABLE, L3, &times), -EINVAL);
	CHECK_EQ(frame_of(owned[1][L3])->type & FRAME_TYPE_COUNT, 0);
	CHECK_EQ(frame_of(owned[1][L1])->type & FRAME_TYPE_COUNT, 0);
}

static void roots(void)
{
	link_tables();
	CHECK_EQ(op(MMUEXT_NEW_BASEPTR, DATA2), 0); /* an empty page will do */
	CHECK_EQ(op(MMUEXT_NEW_BASEPTR, L4), 0);
	CHECK_EQ(op(MMUEXT_NEW_BASEPTR, DATA), -EINVAL);
	CHECK_EQ(vcpus[1].arch.kernel_root.m, owned[1][L4].m);
	CHECK_EQ(op(MMUEXT_PIN_L4_TABLE, L4), 0);
	CHECK_EQ(op(MMUEXT_UNPIN_TABLE, L4), 0); /* C3: the root keeps it */
	CHECK_EQ(frame_type(frame_of(owned[1][L4])), FRAME_TYPE_L4);
	CHECK_EQ(op(MMUEXT_NEW_USER_BASEPTR, OTHER4), 0);
	CHECK_EQ(*entry(OTHER4, 256), 0); /* A65 */
	CHECK_EQ(*entry(OTHER4, 257), hypervisor_l4[1]);
	CHECK_EQ(*entry(L4, 256), hypervisor_l4[0]);
	CHECK(!world_check());
	CHECK_EQ(op_for(MMUEXT_NEW_USER_BASEPTR, 0, 0, DOMID_SELF), 0);
	CHECK(mfn_eq(vcpus[1].arch.user_root, INVALID_MFN));
	CHECK_EQ(op_for(MMUEXT_NEW_BASEPTR, 1UL << 60, 0, DOMID_SELF), -EINVAL);
	CHECK(!world_check());
}

static void the_rest(void)
{
	unsigned char ids[16] = {1};
	unsigned int before = flushes;
	u32 done = 9;

	be(1);
	vcpus[1].sched.cpu = 0;
	domains[1].dirty_cpus.bits[0] = 1;
	CHECK_EQ(op_for(MMUEXT_TLB_FLUSH_LOCAL, 0, 0, DOMID_SELF), 0);
	CHECK_EQ(op_for(MMUEXT_TLB_FLUSH_ALL, 0, 0, DOMID_SELF), 0);
	CHECK_EQ(op_for(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)ids, DOMID_SELF), 0);
	CHECK_EQ(flushes, before + 3);
	CHECK_EQ(op_for(MMUEXT_TLB_FLUSH_MULTI, 0, 8, DOMID_SELF), -EFAULT);
	CHECK_EQ(op_for(MMUEXT_INVLPG_LOCAL, 4096, 0, DOMID_SELF), 0);
	CHECK_EQ(op_for(MMUEXT_INVLPG_ALL, 1UL << 63, 0, DOMID_SELF), 0);
	CHECK_EQ(op_for(MMUEXT_INVLPG_MULTI, 4096, (unsigned long)ids, DOMID_SELF), 0);
	CHECK_EQ(op_for(MMUEXT_FLUSH_CACHE, 0, 0, DOMID_SELF), -EACCES);
	CHECK_EQ(op_for(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0, DOMID_SELF), -EINVAL);
	CHECK_EQ(op_for(MMUEXT_SET_LDT, 4097, 1, DOMID_SELF), -EINVAL);
	CHECK_EQ(op_for(MMUEXT_SET_LDT, 4096, 8193, DOMID_SELF), -EINVAL);
	CHECK_EQ(op_for(MMUEXT_SET_LDT, 4096, 8192, DOMID_SELF), 0);
	CHECK_EQ(op(MMUEXT_MARK_SUPER, DATA), -EOPNOTSUPP);
	CHECK_EQ(op(MMUEXT_UNMARK_SUPER, DATA), -EOPNOTSUPP);
	CHECK_EQ(op(14, DATA), -ENOSYS);
	CHECK_EQ(op(21, DATA), -ENOSYS);
	*entry(DATA, 1) = 5;
	CHECK_EQ(op_for(MMUEXT_COPY_PAGE, owned[1][DATA2].m, owned[1][DATA].m, DOMID_SELF), 0);
	CHECK_EQ(*entry(DATA2, 1), 5);
	CHECK_EQ(op(MMUEXT_CLEAR_PAGE, DATA), 0);
	CHECK_EQ(*entry(DATA, 1), 0);
	CHECK_EQ(op_for(MMUEXT_COPY_PAGE, owned[1][DATA2].m, owned[2][DATA].m, DOMID_SELF),
		 -EINVAL);
	CHECK_EQ(op(MMUEXT_PIN_L1_TABLE, EMPTY), 0);
	CHECK_EQ(op(MMUEXT_CLEAR_PAGE, EMPTY), -EINVAL);
	CHECK_EQ(hc_mmuext_op(0, 0, (unsigned long)&done, DOMID_SELF), 0);
	CHECK_EQ(done, 0);
	CHECK_EQ(hc_mmuext_op(8, 1, (unsigned long)&done, DOMID_SELF), -EFAULT);
	CHECK_EQ(hc_mmuext_op(8, 1, 0, DOMID_IO), -EPERM);
	be(0);
	CHECK_EQ(op_for(MMUEXT_FLUSH_CACHE, 0, 0, DOMID_SELF), 0);
	CHECK(!world_check());
}

int main(void)
{
	void (*const tests[])(void) = {pins, bad_tables, preemption, roots, the_rest};

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		world_start(8);
		tests[i]();
		CHECK(world_end());
	}
	return check_done("t_mmuext");
}
