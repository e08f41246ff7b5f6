// SPDX-License-Identifier: MIT
/*
 * mmu_update and update_va_mapping row by row: the stored form of entries (C20 to C30), what is
 * refused with which error (C2, C6 to C8, h1, h14, h22), foreign domains (C40 to C42), and the
 * entries that gnttab/ makes.
 */
#include "check.h"
#include "mmworld.h"

enum { L4, L3, L2, L1, DATA, DATA2, SPARE, TABLE2 };
#define VA(index) ((unsigned long)(index) << PAGE_SHIFT)

static unsigned int guest;

static u64 to(unsigned int i, u64 flags)
{
	return owned[guest][i].m << PAGE_SHIFT | flags;
}

static long update_at(unsigned int table, unsigned int index, u64 value, unsigned int command,
		      unsigned long foreign, u32 *done)
{
	struct mmu_update u = {(owned[guest][table].m << PAGE_SHIFT) + index * 8 + command, value};

	return hc_mmu_update((unsigned long)&u, 1, (unsigned long)done, foreign);
}

static long update(unsigned int table, unsigned int index, u64 value)
{
	return update_at(table, index, value, MMU_NORMAL_PT_UPDATE, DOMID_SELF, NULL);
}

static u64 *entry(unsigned int table, unsigned int index)
{
	return (u64 *)mfn_to_virt(owned[guest][table]) + index;
}

static long extended(unsigned int cmd, unsigned int frame)
{
	struct mmuext_op op = {.cmd = cmd, .arg1.mfn = owned[guest][frame].m};

	return hc_mmuext_op((unsigned long)&op, 1, 0, DOMID_SELF);
}

/* Domain `domid` with one table of each level, linked and loaded. */
static void begin(unsigned int domid)
{
	guest = domid;
	be(domid);
	CHECK_EQ(update(L4, 0, to(L3, 0x63)), 0); /* a plain page yet: just stores */
	CHECK_EQ(update(L3, 0, to(L2, 0x67)), 0);
	CHECK_EQ(update(L2, 0, to(L1, 0x67)), 0);
	CHECK_EQ(extended(MMUEXT_PIN_L4_TABLE, L4), 0);
	CHECK_EQ(extended(MMUEXT_NEW_BASEPTR, L4), 0);
	CHECK(!world_check());
}

static void stored_form(void)
{
	begin(1);
	CHECK_EQ(*entry(L4, 0), to(L3, 0x67));
	CHECK_EQ(*entry(L4, 256), hypervisor_l4[0]);
	CHECK_EQ(update(L1, 1, to(DATA, 0x63)), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0x67) | BIT(52));
	CHECK_EQ(update(L1, 1, to(DATA, 0x67)), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0x167));
	CHECK_EQ(update(L1, 1, to(DATA, 0x163)), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0x167) | BIT(52));
	/* What a kernel reads back it may write again. */
	CHECK_EQ(update(L1, 1, *entry(L1, 1) & ~PTE_RW), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0x165) | BIT(52));
	CHECK_EQ(update(L1, 1, 0xdeadbeef12345678UL & ~1UL), 0);
	CHECK_EQ(*entry(L1, 1), 0xdeadbeef12345678UL);
	CHECK_EQ(update(L1, 1, to(DATA, 0xe63) | BIT(63) | BIT(62) | BIT(57)), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0xe67) | BIT(63) | BIT(62) | BIT(57) | BIT(52));
	/* A and D that the processor set stay (h1.2). */
	*entry(L1, 1) |= PTE_DIRTY;
	CHECK_EQ(update_at(L1, 1, to(DATA, 1), MMU_PT_UPDATE_PRESERVE_AD, DOMID_SELF, NULL), 0);
	CHECK_EQ(*entry(L1, 1), to(DATA, 0x65) | BIT(52));
	CHECK(!world_check());
}

static void refused(void)
{
	u32 done = 77;

	begin(1);
	CHECK_EQ(update(L1, 2, to(L4, 0x63)), -EBUSY);
	CHECK_EQ(update(L1, 2, to(L4, 0x61)), 0);
	CHECK_EQ(update(L1, 2, to(L4, 0x63)), -EBUSY);
	CHECK_EQ(update(L1, 3, to(DATA, 0x63 | PTE_PCD)), -EINVAL);
	CHECK_EQ(update(L1, 3, to(DATA, 0x63 | PTE_PAT)), -EINVAL);
	CHECK_EQ(update(L1, 3, owned[2][DATA].m << PAGE_SHIFT | 1), -EBUSY);
	CHECK_EQ(update(L1, 3, 1UL << 50 | 1), -EINVAL);
	CHECK_EQ(update(L1, 3, 0x80UL << PAGE_SHIFT | 1), -EPERM);
	CHECK_EQ(update(L1, 3, (WORLD_FRAMES - 1UL) << PAGE_SHIFT | 1), -EINVAL); /* free */
	CHECK_EQ(update(L2, 1, to(DATA, 0x67 | PTE_LARGE)), -EINVAL);
	CHECK_EQ(update(L2, 1, to(DATA, 0x67 | PTE_GLOBAL)), -EINVAL);
	CHECK_EQ(update(L1, 4, to(DATA, 0x63)), 0);
	CHECK_EQ(update(L2, 1, to(DATA, 0x67)), -EINVAL);
	for (unsigned int slot = 256; slot < 272; slot++)
		CHECK_EQ(update(L4, slot, 0), -EINVAL);
	CHECK_EQ(update(L4, 255, to(L3, 0x67)), 0);
	CHECK_EQ(update(L4, 300, to(L4, 0x67)), -EINVAL);
	CHECK_EQ(update(L4, 300, to(L4, 0x61)), 0); /* C5 */
	CHECK_EQ(*entry(L4, 300), to(L4, 0x65));
	CHECK_EQ(hc_update_va_mapping(300UL << 39 | 0xffff000000000000UL, 0, 0), -EINVAL);
	/* Tables themselves: not another's, not nobody's, aligned. */
	CHECK_EQ(update_at(L1, 1, 0, 4, DOMID_SELF, NULL), -ENOSYS);
	guest = 2;
	CHECK_EQ(update_at(DATA, 1, 0, 0, DOMID_SELF, &done), -EINVAL);
	CHECK_EQ(done, 0);
	guest = 1;
	CHECK_EQ(update_at(L1, 1, 0, 0, 77, NULL), -ESRCH);
	CHECK_EQ(update_at(L1, 1, 0, 0, 2, NULL), -EPERM);
	CHECK_EQ(update_at(L1, 1, 0, 0, DOMID_XEN, NULL), -EPERM);
	CHECK_EQ(hc_mmu_update(0, 0, (unsigned long)&done, DOMID_SELF), 0);
	CHECK_EQ(done, 0);
	CHECK_EQ(hc_mmu_update(8, 1, 0, DOMID_SELF), -EFAULT);
	CHECK(!world_check());
}

/* What a not-present entry names, a processor with L1TF reads from its cache (row 273). */
static void absent(void)
{
	const unsigned int tables[] = {L1, L2, L3, L4};

	begin(1);
	l1tf_mask = BIT(40 - PAGE_SHIFT) - 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++) {
		CHECK_EQ(update(tables[i], 7, to(DATA, 0)), -EINVAL);
		CHECK_EQ(update(tables[i], 7, to(DATA, 0x66) | BIT(51) | BIT(63)), -EINVAL);
		CHECK_EQ(*entry(tables[i], 7), 0);
		/* Zero, software's bits, and what is beyond all memory, as Linux inverts it. */
		CHECK_EQ(update(tables[i], 7, 0xffe), 0);
		CHECK_EQ(update(tables[i], 7, ~to(DATA, 1)), 0);
		CHECK_EQ(update(tables[i], 7, 0), 0);
	}
	/* A page that becomes a table is looked at as well. */
	CHECK_EQ(update(DATA, 3, to(DATA, 0x200)), 0);
	CHECK_EQ(extended(MMUEXT_PIN_L1_TABLE, DATA), -EINVAL);
	CHECK_EQ(extended(MMUEXT_PIN_L3_TABLE, DATA), -EINVAL);
	CHECK_EQ(update(DATA, 3, 0x200), 0);
	CHECK_EQ(extended(MMUEXT_PIN_L1_TABLE, DATA), 0);
	l1tf_mask = 0;
	CHECK_EQ(update(L1, 7, to(DATA, 0)), 0);
	CHECK(!world_check());
}

static void batches(void)
{
	struct mmu_update u[40];
	u32 done = 0;
	long ret;

	begin(1);
	for (unsigned int i = 0; i < 40; i++)
		u[i] = (struct mmu_update){(owned[1][L1].m << PAGE_SHIFT) + i * 8, to(DATA, 0x63)};
	u[37].val = to(L4, 0x63);
	CHECK_EQ(hc_mmu_update((unsigned long)u, 40, (unsigned long)&done, DOMID_SELF), -EBUSY);
	CHECK_EQ(done, 37);
	u[37].val = 0;
	continue_args[0] = (unsigned long)u;
	continue_args[1] = 40;
	cpu_info()->deferred = 1;
	for (unsigned int rounds = 0;; rounds++) {
		continued = false;
		ret = hc_mmu_update(continue_args[0], continue_args[1], (unsigned long)&done,
				    DOMID_SELF);
		CHECK(rounds < 40);
		if (!continued)
			break;
	}
	cpu_info()->deferred = 0;
	CHECK_EQ(ret, 0);
	CHECK_EQ(done, 40);
	/* The machine-to-physical table: anything goes, for one's own frames. */
	CHECK_EQ(update_at(DATA, 0, 0x123456, MMU_MACHPHYS_UPDATE, DOMID_SELF, NULL), 0);
	CHECK_EQ(m2p_writable[owned[1][DATA].m], 0x123456);
	guest = 2;
	CHECK_EQ(update_at(DATA, 0, 1, MMU_MACHPHYS_UPDATE, DOMID_SELF, NULL), -EINVAL);
	CHECK(!world_check());
}

static void by_address(void)
{
	begin(1);
	CHECK_EQ(hc_update_va_mapping(VA(5), to(DATA, 0x63), UVMF_INVLPG), 0);
	CHECK_EQ(*entry(L1, 5), to(DATA, 0x67) | BIT(52));
	CHECK_EQ(hc_update_va_mapping(VA(5), to(L3, 0x63), 0), -EBUSY);
	CHECK_EQ(hc_update_va_mapping(VA(5), to(L3, 0x61), 7), 0);
	CHECK_EQ(hc_update_va_mapping(1UL << 30, to(DATA, 0x63), 0), -EINVAL);
	/* An entry whose table became data after it was read: what the guest writes there leads nowhere. */
	*entry(L3, 1) = to(DATA2, 0x67);
	*entry(DATA2, 0) = to(L1, 0x67);
	CHECK_EQ(hc_update_va_mapping(1UL << 30 | VA(6), to(DATA, 0x63), 0), -EINVAL);
	CHECK_EQ(*entry(L1, 6), 0);
	*entry(L3, 1) = *entry(DATA2, 0) = 0;
	CHECK_EQ(hc_update_va_mapping(HYPERVISOR_START, 0, 0), -EINVAL);
	CHECK_EQ(hc_update_va_mapping(1UL << 60, 0, 0), -EINVAL);
	CHECK_EQ(hc_update_va_mapping_otherdomain(VA(5), 0, 0, 2), -EPERM);
	/* A vCPU bitmap that cannot be read. */
	CHECK_EQ(hc_update_va_mapping(VA(5), 0, UVMF_TLB_FLUSH | 8), -EFAULT);
	begin(0);
	CHECK_EQ(hc_update_va_mapping_otherdomain(VA(5), 0, 0, 77), -ESRCH);
	CHECK_EQ(hc_update_va_mapping_otherdomain(VA(5), owned[2][DATA].m << PAGE_SHIFT | 0x63, 0,
						  2),
		 0);
	CHECK(!world_check());
	/* Each such entry is a reference of its own (C42, C10). */
	be(2);
	CHECK(world_take(2, DATA));
	CHECK_EQ(domains[2].mem.owned_pages, 8 - 1 + 1);
	be(0);
	CHECK_EQ(hc_update_va_mapping(VA(5), 0, 0), 0);
	CHECK_EQ(domains[2].mem.owned_pages, 8 - 1);
	CHECK(!world_check());
}

static void devices(void)
{
	static const struct {
		u64 asked, stored;
	} cache[] = {
		{0, PTE_PCD | PTE_PWT},
		{PTE_PWT, PTE_PCD | PTE_PWT},
		{PTE_PCD, PTE_PCD},
		{PTE_PCD | PTE_PWT, PTE_PCD | PTE_PWT},
		{PTE_PAT, PTE_PAT},
		{PTE_PAT | PTE_PWT, PTE_CACHE},
		{PTE_PAT | PTE_PCD, PTE_PAT | PTE_PCD},
		{PTE_CACHE, PTE_CACHE},
	};

	begin(0);
	iomem_readonly(MFN(0x20), MFN(0x21));
	iomem_hide(MFN(0x30), MFN(0x31));
	CHECK_EQ(update(L1, 1, 0x80UL << PAGE_SHIFT | 0x63 | PTE_PCD), 0);
	CHECK_EQ(update(L1, 2, 0x20UL << PAGE_SHIFT | 0x63), 0);
	CHECK_EQ(*entry(L1, 2), (0x20UL << PAGE_SHIFT | 0x7d) | BIT(52)); /* C27 */
	CHECK_EQ(update(L1, 2, 0x20UL << PAGE_SHIFT | 0x67), 0);
	CHECK_EQ(*entry(L1, 2), 0x20UL << PAGE_SHIFT | 0x17d);
	CHECK_EQ(update(L1, 3, 0x30UL << PAGE_SHIFT | 0x63), -EPERM);
	CHECK_EQ(update(L1, 3, 1UL << 30 | 0x63), 0); /* beyond RAM, within the address limit */
	CHECK_EQ(update(L1, 3, 1UL << 40 | 0x63), -EINVAL);
	CHECK_EQ(update(L1, 4, to(DATA, 0x63 | PTE_PAT)), 0); /* C26 */
	CHECK_EQ(update_at(L1, 5, to(DATA, 0x63), 0, DOMID_IO, NULL), -EPERM);
	CHECK_EQ(update_at(L1, 5, 0x81UL << PAGE_SHIFT | 0x63, 0, DOMID_IO, NULL), 0);
	/* The M2P table: dom0, as DOMID_XEN's, to read (C41). */
	CHECK_EQ(update(L1, 6, (u64)M2P_FRAME << PAGE_SHIFT | 0x61), -EPERM);
	CHECK_EQ(update_at(L1, 6, (u64)M2P_FRAME << PAGE_SHIFT | 0x63, 0, DOMID_XEN, NULL), -EPERM);
	CHECK_EQ(update_at(L1, 6, (u64)M2P_FRAME << PAGE_SHIFT | 0x61, 0, DOMID_XEN, NULL), 0);
	CHECK_EQ(update_at(L1, 7, to(DATA, 0x61), 0, DOMID_XEN, NULL), -EPERM);
	/* A right given to a guest, and taken back. */
	begin(1);
	CHECK_EQ(iomem_permit(&domains[1], MFN(0x10), MFN(0x50), true), 0);
	CHECK_EQ(iomem_permit(&domains[1], MFN(0x14), MFN(0x18), false), 0);
	CHECK_EQ(update(L1, 1, 0x13UL << PAGE_SHIFT | 1), 0);
	CHECK_EQ(update(L1, 1, 0x14UL << PAGE_SHIFT | 1), -EPERM);
	CHECK_EQ(update(L1, 1, 0x18UL << PAGE_SHIFT | 1), 0);
	CHECK(!iomem_range_permitted(&domains[1], MFN(0x13), MFN(0x19)));
	CHECK_EQ(iomem_permit(&domains[1], MFN(0x14), MFN(0x18), true), 0);
	CHECK(iomem_range_permitted(&domains[1], MFN(0x10), MFN(0x50)));
	/* Its mappings are uncached, or of combined writes, whatever it asks for (row 154). */
	for (unsigned int i = 0; i < ARRAY_SIZE(cache); i++) {
		CHECK_EQ(update(L1, 1, (0x13 + i % 2) << PAGE_SHIFT | 0x67 | cache[i].asked), 0);
		CHECK_EQ(*entry(L1, 1) & PTE_CACHE, cache[i].stored);
		CHECK_EQ(update(L1, 1, (0x13 + i % 2) << PAGE_SHIFT | 0x67), 0);
		CHECK_EQ(*entry(L1, 1) & PTE_CACHE, PTE_PCD | PTE_PWT);
	}
	CHECK(!world_check());
}

static void grants(void)
{
	mfn_t lent = owned[2][DATA];
	unsigned long pte;

	begin(1);
	pte = (owned[1][L1].m << PAGE_SHIFT) + 9 * 8;
	CHECK_EQ(l1e_install_foreign(&domains[1], pte, true, &domains[2],
				     lent.m << PAGE_SHIFT | 0x63),
		 0);
	CHECK_EQ(l1e_install_foreign(&domains[1], VA(10), false, &domains[2],
				     lent.m << PAGE_SHIFT | 0x21),
		 0);
	CHECK(!world_check());
	CHECK_EQ(l1e_clear_if_maps(&domains[1], pte, true, owned[2][DATA2], true), -EINVAL);
	CHECK_EQ(l1e_clear_if_maps(&domains[1], pte, true, lent, false), -EINVAL);
	CHECK_EQ(l1e_clear_if_maps(&domains[1], pte + 4, true, lent, true), -EINVAL);
	/* Its right does not grow by an ordinary update. */
	CHECK_EQ(update(L1, 10, lent.m << PAGE_SHIFT | 0x63), -EBUSY);
	CHECK_EQ(l1e_clear_if_maps(&domains[1], pte, true, lent, true), 0);
	CHECK_EQ(l1e_clear_if_maps(&domains[1], pte, true, lent, true), -EINVAL);
	CHECK_EQ(update(L1, 10, 0), 0); /* D35: the guest itself */
	CHECK_EQ((u32)frame_of(lent)->ref, 1);
	/* Through a page that is no L1 table there is nothing to be had. */
	CHECK_EQ(l1e_install_foreign(&domains[1], owned[1][DATA].m << PAGE_SHIFT, true, &domains[2],
				     lent.m << PAGE_SHIFT | 0x63),
		 -EINVAL);
	CHECK(!world_check());
}

int main(void)
{
	void (*const tests[])(void) = {stored_form, refused, absent, batches,
				       by_address,  devices, grants};

	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		world_start(8);
		tests[i]();
		CHECK(world_end());
	}
	return check_done("t_update");
}
