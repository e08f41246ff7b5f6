// SPDX-License-Identifier: MIT
/*
 * memory_op: what its sub-ops answer (rows h12.* of docs/abi-coverage.md), that counts and
 * owners always agree, and rows 29, 31, 158, 159, 212, 252, 385 of docs/security.md.
 */
#include "reservemock.h"

#include "check.h"

static xen_pfn_t list[2048], list2[2048];

static void consistent(void)
{
	const char *why = world_check();

	if (why)
		fprintf(stderr, "%s\n", why);
	CHECK(!why);
}

/* The whole call, through all its continuations. */
static long memop(unsigned long cmd, void *arg)
{
	long ret;

	while ((ret = hc_memory_op(cmd, (unsigned long)arg)) == -ERESTART) {
		CHECK(continued > cmd);
		cmd = continued;
		consistent();
	}
	consistent();
	return ret;
}

static struct xen_memory_reservation reservation(domid_t domid, unsigned long n, unsigned int order)
{
	struct xen_memory_reservation r = {.nr_extents = n, .extent_order = order, .domid = domid};

	r.extent_start.p = list;
	return r;
}

static void test_populate(void)
{
	struct xen_memory_reservation r;

	world_start();
	r = reservation(1, 10, 0);
	for (unsigned int i = 0; i < 10; i++)
		list[i] = 500 + i;
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 10);
	for (unsigned int i = 0; i < 10; i++) {
		CHECK_EQ(m2p_of_test[list[i]], 500 + i);
		CHECK_EQ(frame_owner(frame_of(MFN(list[i]))), 1);
	}
	CHECK_EQ(domains[1].mem.tot_pages, 10);

	/* A 2 MiB extent: its frames follow each other, the table says so. */
	r = reservation(1, 1, 9);
	list[0] = 0x1000;
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 1);
	CHECK_EQ(list[0] % 512, 0);
	CHECK_EQ(m2p_of_test[list[0] + 511], 0x1000 + 511);

	/* Up to the limit and no further; too large an order is 0 done. */
	r = reservation(1, 600, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 1000 - 522);
	r = reservation(1, 1, 13);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	be(1);
	r = reservation(DOMID_SELF, 1, 10);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	r = reservation(2, 1, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, NULL), 0);
	r = reservation(DOMID_SELF, ~0UL, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	/* A list that cannot be read: short, not wrong. */
	be(0);
	r = reservation(2, 5, 0);
	r.extent_start.p = NULL;
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	CHECK_EQ(domains[2].mem.tot_pages, 0);
	world_end();
}

static void test_restart(void)
{
	struct xen_memory_reservation r;

	world_start();
	cpu_info()->deferred = 1;
	r = reservation(2, 100, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 100);
	CHECK_EQ(domains[2].mem.tot_pages, 100);
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 100);
	CHECK_EQ(domains[2].mem.tot_pages, 0);
	cpu_info()->deferred = 0;
	/* A start that the caller made up. */
	CHECK_EQ(hc_memory_op(XENMEM_populate_physmap | 101 << MEMOP_OP_BITS, (unsigned long)&r),
		 101);
	consistent();
	world_end();
}

static void test_decrease(void)
{
	struct xen_memory_reservation r;
	mfn_t mapped;

	world_start();
	r = reservation(1, 4, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 4);
	/* A frame that is still mapped is given back now and free later (row C10). */
	mapped = MFN(list[0]);
	CHECK(frame_get(mapped, &domains[1]));
	be(1);
	r = reservation(DOMID_SELF, 1, 0);
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 1);
	CHECK(!frame_is_free[mapped.m]);
	/* Nor does it make room before: else a guest would keep what it maps, and take as much again. */
	CHECK_EQ(domains[1].mem.tot_pages, 4);
	domains[1].mem.max_pages = 4;
	r.extent_start.p = list + 8;
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 0);
	domains[1].mem.max_pages = 1000;
	r.extent_start.p = list;
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 0); /* only once */
	frame_put(mapped);
	CHECK(frame_is_free[mapped.m]);
	CHECK_EQ(domains[1].mem.tot_pages, 3);
	consistent();

	/* Neither a pinned table, nor somebody else's frame, nor none. */
	frame_of(MFN(list[1]))->type = FRAME_PINNED;
	frame_of(MFN(list[1]))->ref++; /* a pin holds one of its own */
	r.extent_start.p = list + 1;
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 0);
	frame_of(MFN(list[1]))->type = 0;
	frame_of(MFN(list[1]))->ref--;
	be(2);
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 0);
	list[1] = 1UL << 60;
	CHECK_EQ(memop(XENMEM_decrease_reservation, &r), 0);
	CHECK_EQ(m2p_of_test[mapped.m], ~0UL);
	world_end();
}

static void test_claim(void)
{
	struct xen_memory_reservation r = {.nr_extents = 900, .domid = 1};

	world_start();
	CHECK_EQ(memop(XENMEM_claim_pages, &r), 0);
	CHECK_EQ(domains[1].mem.claimed, 900);
	domains[2].mem.max_pages = 10000;
	r = reservation(2, 2048, 1);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), (FRAMES - 900) / 2);
	r = reservation(1, 880, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 880);
	CHECK_EQ(domains[1].mem.claimed, 20);
	r = (struct xen_memory_reservation){.nr_extents = 0, .domid = 1};
	CHECK_EQ(memop(XENMEM_claim_pages, &r), 0);
	CHECK_EQ(domains[1].mem.claimed, 0);
	r.nr_extents = 990;
	CHECK_EQ(memop(XENMEM_claim_pages, &r), -ENOMEM);
	r.nr_extents = 5000;
	CHECK_EQ(memop(XENMEM_claim_pages, &r), -EINVAL);
	be(1);
	CHECK_EQ(memop(XENMEM_claim_pages, &r), -EPERM);
	world_end();
}

static struct xen_memory_exchange exchange(unsigned long in, unsigned int in_order,
					   unsigned long out, unsigned int out_order,
					   unsigned int bits)
{
	struct xen_memory_exchange x = {
		.in = {.nr_extents = in, .extent_order = in_order, .domid = DOMID_SELF},
		.out = {.nr_extents = out,
			.extent_order = out_order,
			.mem_flags = XENMEMF_address_bits(bits),
			.domid = DOMID_SELF}};

	x.in.extent_start.p = list;
	x.out.extent_start.p = list2;
	return x;
}

static void test_exchange(void)
{
	struct xen_memory_reservation r;
	struct xen_memory_exchange x;

	world_start();
	r = reservation(0, 64, 0);
	CHECK_EQ(memop(XENMEM_populate_physmap, &r), 64);
	/* Single frames for one block below a limit, as swiotlb asks. */
	x = exchange(64, 0, 1, 6, 22);
	list2[0] = 7000;
	CHECK_EQ(memop(XENMEM_exchange, &x), 0);
	CHECK_EQ(x.nr_exchanged, 64);
	CHECK(list2[0] + 64 <= LOW_FRAMES && list2[0] % 64 == 0);
	CHECK_EQ(m2p_of_test[list2[0] + 63], 7063);
	CHECK_EQ(domains[0].mem.tot_pages, 64);
	/* And back: a block for single frames, interrupted. */
	list[0] = list2[0];
	for (unsigned int i = 0; i < 64; i++)
		list2[i] = i;
	x = exchange(1, 6, 64, 0, 0);
	CHECK_EQ(memop(XENMEM_exchange, &x), 0);
	CHECK_EQ(x.nr_exchanged, 1);
	CHECK_EQ(m2p_of_test[list2[5]], 5);

	/* A frame in use: nothing of its chunk changes. */
	memcpy(list, list2, sizeof(list));
	CHECK(frame_get(MFN(list[40]), &domains[0]));
	/* One that is put back was writable: what TLBs hold of that outlives its being away. */
	frame_of(MFN(list[36]))->type = FRAME_TYPE_WRITABLE;
	frame_of(MFN(list[36]))->stamp = 77;
	x = exchange(64, 0, 4, 4, 0);
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	CHECK_EQ(x.nr_exchanged, 32);
	CHECK_EQ(domains[0].mem.tot_pages, 64);
	CHECK_EQ(frame_of(MFN(list[36]))->type, FRAME_TYPE_WRITABLE);
	CHECK_EQ(frame_of(MFN(list[36]))->stamp, 77);
	frame_put(MFN(list[40]));
	/* No memory: the same. */
	x = exchange(16, 0, 1, 4, 0);
	x.in.extent_start.p = list + 32;
	allocations_left = 0;
	CHECK_EQ(memop(XENMEM_exchange, &x), -ENOMEM);
	CHECK_EQ(x.nr_exchanged, 0);
	allocations_left = ~0u;
	/* Free memory that others have claimed is not for it, for no moment: the same. */
	{
		struct xen_memory_reservation claim = reservation(1, 0, 0);

		claim.nr_extents = buddy_free_frames() - 15;
		claim.extent_start.p = NULL;
		domains[1].mem.max_pages = FRAMES;
		CHECK_EQ(memop(XENMEM_claim_pages, &claim), 0);
		CHECK_EQ(memop(XENMEM_exchange, &x), -ENOMEM);
		CHECK_EQ(x.nr_exchanged, 0);
		claim.nr_extents = 0;
		CHECK_EQ(memop(XENMEM_claim_pages, &claim), 0);
	}
	/* One that was mapped uncached once is given, with all caches flushed, or put back. */
	cache_flushes = 0;
	frame_of(MFN(list[32]))->ref |= FRAME_UNCACHED;
	CHECK(frame_get(MFN(list[34]), &domains[0]));
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	CHECK_EQ(cache_flushes, 1);
	frame_put(MFN(list[34]));
	for (unsigned int i = 32; i < 48; i++)
		frame_of(MFN(list[i]))->ref |= FRAME_UNCACHED;
	CHECK_EQ(memop(XENMEM_exchange, &x), 0);
	CHECK_EQ(x.nr_exchanged, 16);
	CHECK_EQ(cache_flushes, 2);
	CHECK(frame_is_free[list[32]]);
	/* The same frame twice. */
	x = exchange(16, 0, 1, 4, 0);
	x.in.extent_start.p = list + 48;
	list[49] = list[48];
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	/* Sizes that do not match, or would overflow. */
	x = exchange(3, 0, 1, 1, 0);
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	x = exchange(1UL << 60, 4, 1, 0, 0);
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	x = exchange(1, 0, 1, 40, 0);
	CHECK_EQ(memop(XENMEM_exchange, &x), -EPERM);
	x = exchange(4, 0, 1, 2, 0);
	x.nr_exchanged = 3;
	CHECK_EQ(memop(XENMEM_exchange, &x), -EINVAL);
	CHECK_EQ(memop(XENMEM_exchange, NULL), -EFAULT);
	world_end();
}

static void test_numbers(void)
{
	struct xen_memory_domain who = {DOMID_SELF};
	struct xen_machphys_mapping m;

	world_start();
	CHECK_EQ(memop(XENMEM_maximum_ram_page, NULL), FRAMES - 1);
	domains[0].mem.max_pages = ~0UL;
	CHECK_EQ(memop(XENMEM_maximum_reservation, &who), 0xffffffff);
	CHECK_EQ(memop(XENMEM_machphys_mapping, &m), 0);
	CHECK_EQ(m.max_mfn, FRAMES - 1);
	be(1);
	CHECK_EQ(memop(XENMEM_maximum_reservation, &who), 1000);
	CHECK_EQ(memop(XENMEM_current_reservation, &who), 0);
	/* As the guest says, who may say anything, until it has no place to any more. */
	domains[1].shared_info = reserve_alloc_shared(&domains[1]);
	domains[1].shared_info_mfn = virt_to_mfn(domains[1].shared_info);
	CHECK_EQ(memop(XENMEM_maximum_gpfn, &who), 0);
	domains[1].shared_info->arch.max_pfn = 1;
	CHECK_EQ(memop(XENMEM_maximum_gpfn, &who), 0);
	domains[1].shared_info->arch.max_pfn = 0x5000;
	CHECK_EQ(memop(XENMEM_maximum_gpfn, &who), 0x4fff);
	domains[1].shared_info->arch.max_pfn = ~0UL;
	CHECK_EQ(memop(XENMEM_maximum_gpfn, &who), 0x7ffffffff);
	reserve_free_shared(&domains[1], domains[1].shared_info);
	CHECK_EQ(memop(XENMEM_maximum_gpfn, &who), 0);
	CHECK_EQ(memop(XENMEM_machphys_mapping, &m), 0);
	CHECK_EQ(m.max_mfn, 0x7ffffffff);
	who.domid = 2;
	CHECK_EQ(memop(XENMEM_current_reservation, &who), -EPERM);
	who.domid = 99;
	CHECK_EQ(memop(XENMEM_current_reservation, &who), -ESRCH);
	CHECK_EQ(memop(XENMEM_current_reservation, NULL), -EFAULT);
	for (unsigned int op = 29; op < 64; op++)
		CHECK_EQ(memop(op, &who), -ENOSYS);
	CHECK_EQ(memop(8, NULL), -ENOSYS);
	CHECK_EQ(memop(20, NULL), -ENOSYS);
	CHECK_EQ(memop(21, NULL), -EFAULT);
	CHECK_EQ(memop(22, NULL), -ENOSYS);
	CHECK_EQ(memop(25, NULL), -EOPNOTSUPP);
	CHECK_EQ(memop(18, NULL), 0);
	world_end();
}

static void test_maps(void)
{
	struct e820entry map[4] = {{0, 0x100000, 1}, {0x200000, 0x1000, 2}}, out[4];
	struct xen_foreign_memory_map f = {.domid = 1, .map = {.nr_entries = 2}};
	struct xen_memory_map m = {.nr_entries = 4};

	world_start();
	m.buffer.p = out;
	f.map.buffer.p = map;
	CHECK_EQ(memop(XENMEM_memory_map, &m), -ENOSYS);
	CHECK_EQ(memop(XENMEM_set_memory_map, &f), 0);
	f.map.nr_entries = 1000;
	CHECK_EQ(memop(XENMEM_set_memory_map, &f), -EINVAL);
	be(1);
	CHECK_EQ(memop(XENMEM_memory_map, &m), 0);
	CHECK_EQ(m.nr_entries, 2);
	CHECK(!memcmp(map, out, 2 * sizeof(map[0])));
	CHECK_EQ(memop(XENMEM_machine_memory_map, &m), -EPERM);
	be(0);
	machine_map.count = 3;
	machine_map.ranges[2] = (struct mem_range){0x1000, 0x3000, MEM_RAM};
	m.buffer.p = NULL;
	CHECK_EQ(memop(XENMEM_machine_memory_map, &m), 0);
	CHECK_EQ(m.nr_entries, 3);
	m.buffer.p = out;
	m.nr_entries = 4;
	CHECK_EQ(memop(XENMEM_machine_memory_map, &m), 0);
	CHECK_EQ(m.nr_entries, 3);
	CHECK_EQ(out[2].addr, 0x1000);
	CHECK_EQ(out[2].size, 0x2000);
	world_end();
}

static void test_resource(void)
{
	struct xen_mem_acquire_resource r = {.domid = 1, .type = XENMEM_resource_grant_table};

	world_start();
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), 0);
	CHECK_EQ(r.nr_frames, 4);
	r.frame_list.p = list;
	r.nr_frames = 2;
	r.frame = 1;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), 0);
	CHECK_EQ(list[0], 101);
	CHECK_EQ(list[1], 102);
	r.frame = 3;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EINVAL);
	r.frame = ~0UL;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EINVAL);
	r.frame = 0;
	r.id = 1;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EINVAL);
	r.id = 0;
	r.pad = 1;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EINVAL);
	r.pad = 0;
	r.type = 0;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EOPNOTSUPP);
	r.domid = DOMID_SELF;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EPERM);
	be(2);
	r.domid = 1;
	CHECK_EQ(memop(XENMEM_acquire_resource, &r), -EPERM);
	world_end();
}

static void test_shared_pages(void)
{
	void *page;

	world_start();
	page = reserve_alloc_shared(&domains[1]);
	consistent();
	CHECK(page);
	CHECK_EQ(reserve_release(&domains[1], virt_to_mfn(page)), -EINVAL);
	reserve_free_shared(&domains[1], page);
	consistent();
	CHECK_EQ(domains[1].refs, 1);
	world_end();
}

int main(void)
{
	test_populate();
	test_restart();
	test_decrease();
	test_claim();
	test_exchange();
	test_numbers();
	test_maps();
	test_resource();
	test_shared_pages();
	return check_done("t_reserve");
}
