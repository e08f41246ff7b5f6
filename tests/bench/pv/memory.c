// SPDX-License-Identifier: MIT
/* The cost of page-table updates, pins, root switches, frames given and taken, and grants. */
#include "bench.h"

#define TREE_TABLES 4
#define FRAMES 512

static uintptr_t area; /* 512 pages, one L1 */
static uint64_t *area_l1;
static uint64_t area_pte; /* what is mapped there */
static struct mmu_update updates[128];
static unsigned int flip;

static uint64_t next_pte(void)
{
	/* Another frame each time, so that it is a change and not a repetition. */
	return area_pte + ((uint64_t)(flip++ & 1) << 12);
}

static void uvm_none(void)
{
	update_va_mapping(area, next_pte(), UVMF_NONE);
}

static void uvm_invlpg(void)
{
	update_va_mapping(area, next_pte(), UVMF_INVLPG);
}

static void uvm_flush(void)
{
	update_va_mapping(area, next_pte(), UVMF_TLB_FLUSH);
}

static void mmu_n(unsigned int n)
{
	uint64_t pte = next_pte();

	for (unsigned int i = 0; i < n; i++)
		updates[i].val = pte;
	mmu_update(updates, n);
}

static void mmu_1(void)
{
	mmu_n(1);
}

static void mmu_8(void)
{
	mmu_n(8);
}

static void mmu_32(void)
{
	mmu_n(32);
}

static void mmu_128(void)
{
	mmu_n(128);
}

static void pte_write(void)
{
	*(volatile uint64_t *)area_l1 = next_pte();
}

static void *spare_l1, *tree;
static void *roots[2];

static void pin_l1(void)
{
	pin(MMUEXT_PIN_L1_TABLE, spare_l1);
	pin(MMUEXT_UNPIN_TABLE, spare_l1);
}

static void pin_tree(void)
{
	pin(MMUEXT_PIN_L4_TABLE, tree);
	pin(MMUEXT_UNPIN_TABLE, tree);
}

static void switch_root(void)
{
	struct mmuext_op op = {.cmd = MMUEXT_NEW_BASEPTR,
			       .arg1.mfn = virt_to_mfn(roots[flip++ & 1])};

	mmuext_op(&op, 1);
}

static void *full_l1(uint64_t frame)
{
	uint64_t *t = page_alloc();

	for (unsigned int i = 0; i < 512; i++)
		t[i] = frame << 12 | PTE_USER_RW;
	must("protect", page_protect(t, false));
	return t;
}

static void *table_over(void *const *children, unsigned int n)
{
	uint64_t *t = page_alloc();

	for (unsigned int i = 0; i < n; i++)
		t[i] = virt_to_mfn(children[i]) << 12 | PTE_USER_RW;
	must("protect", page_protect(t, false));
	return t;
}

static void bench_tables(void)
{
	char *data = pages_alloc(2);
	void *children[TREE_TABLES];
	uint64_t *copy;

	area = (map_reserve(1024) + 0x1fffff) & ~0x1fffffUL;
	area_l1 = pte_of(area);
	/* The second frame is the next machine frame: both are ours. */
	while (virt_to_mfn(data + PAGE_SIZE) != virt_to_mfn(data) + 1)
		data = pages_alloc(2);
	area_pte = virt_to_mfn(data) << 12 | PTE_KERNEL;
	for (unsigned int i = 0; i < 128; i++)
		updates[i].ptr = (virt_to_maddr(area_l1) + 8 * i) | MMU_NORMAL_PT_UPDATE;
	must("update_va_mapping", update_va_mapping(area, area_pte, UVMF_INVLPG));
	measure("update_va_mapping, no flush", 200, 1, uvm_none);
	measure("update_va_mapping, INVLPG", 200, 1, uvm_invlpg);
	measure("update_va_mapping, TLB flush", 200, 1, uvm_flush);
	measure("mmu_update of 1", 200, 1, mmu_1);
	measure("mmu_update of 8", 100, 1, mmu_8);
	measure("mmu_update of 32", 50, 1, mmu_32);
	measure("mmu_update of 128", 20, 1, mmu_128);
	must("vm_assist",
	     HC2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
	measure("trapped PTE write", 200, 1, pte_write);

	spare_l1 = full_l1(PTE_MFN(area_pte));
	measure("pin and unpin of a full L1", 5, 1, pin_l1);
	for (unsigned int i = 0; i < TREE_TABLES; i++)
		children[i] = full_l1(PTE_MFN(area_pte));
	children[0] = table_over(children, TREE_TABLES);
	children[0] = table_over(children, 1);
	tree = table_over(children, 1);
	measure("pin and unpin of a tree (4 full L1s)", 3, 1, pin_tree);

	copy = page_alloc();
	for (unsigned int i = 0; i < 512; i++)
		if (i < 256 || i >= 272)
			copy[i] = ((uint64_t *)kernel_root())[i];
	must("protect", page_protect(copy, false));
	must("pin", pin(MMUEXT_PIN_L4_TABLE, copy));
	roots[0] = copy;
	roots[1] = kernel_root();
	flip = 0;
	measure("root switch", 200, 1, switch_root);
	flip = 1;
	switch_root();
}

static xen_pfn_t frames[FRAMES];
static uint64_t first_pfn;
static unsigned int extents;

static void balloon(void)
{
	struct xen_memory_reservation r = {.nr_extents = extents, .domid = DOMID_SELF};
	long rc;

	set_xen_guest_handle(r.extent_start, frames);
	rc = memory_op(XENMEM_decrease_reservation, &r);
	if (rc != extents)
		panic("decrease_reservation of %u: %ld", extents, rc);
	for (unsigned int i = 0; i < extents; i++)
		frames[i] = first_pfn + i;
	rc = memory_op(XENMEM_populate_physmap, &r);
	if (rc != extents)
		panic("populate_physmap of %u: %ld", extents, rc);
}

static void bench_frames(void)
{
	char *pages = pages_alloc(FRAMES);

	first_pfn = virt_to_pfn(pages);
	for (unsigned int i = 0; i < FRAMES; i++) {
		frames[i] = p2m[first_pfn + i];
		must("unmap", update_va_mapping(pages + i * PAGE_SIZE, 0, UVMF_INVLPG));
	}
	extents = 1;
	measure("decrease and populate of 1 frame", 20, 1, balloon);
	extents = FRAMES;
	measure("decrease and populate of 512 frames", 1, 1, balloon);
}

static grant_ref_t ref;
static uintptr_t grant_va;
static struct gnttab_copy copies[16];

static void map_unmap(void)
{
	struct gnttab_map_grant_ref op;

	must("grant_map", grant_map(0, ref, grant_va, GNTMAP_host_map, &op));
	must("grant_unmap", grant_unmap(op.handle, grant_va));
}

static void copy_1(void)
{
	gnttab_op(GNTTABOP_copy, copies, 1);
}

static void copy_16(void)
{
	gnttab_op(GNTTABOP_copy, copies, 16);
}

static void bench_grants(void)
{
	grants_init();
	ref = grant_access(0, virt_to_mfn(page_alloc()), false);
	grant_va = map_reserve(1);
	measure("grant map and unmap", 100, 1, map_unmap);
	for (unsigned int i = 0; i < 16; i++) {
		copies[i].source.u.ref = grant_access(0, virt_to_mfn(page_alloc()), false);
		copies[i].source.domid = 0;
		copies[i].dest.u.gmfn = virt_to_mfn(page_alloc());
		copies[i].dest.domid = DOMID_SELF;
		copies[i].len = PAGE_SIZE;
		copies[i].flags = GNTCOPY_source_gref;
	}
	measure("grant copy of 4 KiB", 20, 1, copy_1);
	for (unsigned int i = 0; i < 16; i++)
		if (copies[i].status)
			panic("grant copy: %d", copies[i].status);
	for (unsigned int i = 0; i < 16; i++)
		copies[i].len = 64;
	measure("grant copy of 64 bytes", 50, 1, copy_1);
	measure("grant copy, 16 of 64 bytes", 20, 1, copy_16);
}

void bench_memory(void)
{
	bench_tables();
	bench_frames();
	bench_grants();
}
