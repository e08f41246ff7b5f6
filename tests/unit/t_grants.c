// SPDX-License-Identifier: MIT
/*
 * Grant tables: what each operation answers (rows h20.* and D30-D36 of
 * docs/abi-coverage.md), that nothing is held once all is unmapped, and the holes that other
 * implementations had (rows 18, 218, 224, 227, 230, 234, 236, 318, 394 of docs/security.md).
 */
#include "grantmock.h"

#include "check.h"

#define OK(expr) CHECK_EQ((s16)(expr), GNTST_okay)

static void consistent(void)
{
	const char *why = world_check();

	if (why)
		fprintf(stderr, "%s\n", why);
	CHECK(!why);
}

static struct gnttab_map_grant_ref map_op(unsigned int dom, unsigned int ref, u32 flags,
					  unsigned long addr)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = addr, .flags = flags, .ref = ref, .dom = (domid_t)dom, .status = 99};

	CHECK_EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, (unsigned long)&op, 1), 0);
	consistent();
	return op;
}

static s16 unmap(unsigned long addr, u64 bus, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = addr, .dev_bus_addr = bus, .handle = handle, .status = 99};

	CHECK_EQ(hc_grant_table_op(GNTTABOP_unmap_grant_ref, (unsigned long)&op, 1), 0);
	consistent();
	return op.status;
}

static s16 copy(struct gnttab_copy *op)
{
	op->status = 99;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_copy, (unsigned long)op, 1), 0);
	consistent();
	return op->status;
}

static void test_table(void)
{
	struct gnttab_query_size q = {.dom = DOMID_SELF};
	xen_pfn_t list[2];
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 2};
	struct gnttab_set_version v = {.version = 1};
	struct gnttab_get_version g = {.dom = 1};
	struct gnttab_get_status_frames f = {.dom = DOMID_SELF};

	world_start();
	be(1);
	/* Counts are ints; the bits above a command belong to continuations. */
	CHECK_EQ(hc_grant_table_op(15, (unsigned long)&q, 1UL << 31), -EINVAL);
	CHECK_EQ(hc_grant_table_op(15, (unsigned long)&q, 1), -ENOSYS);
	CHECK_EQ(hc_grant_table_op(1 << 12 | GNTTABOP_query_size, (unsigned long)&q, 1), -EINVAL);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_query_size, (unsigned long)&q, 1), 0);
	OK(q.status);
	CHECK_EQ(q.nr_frames, 1);
	CHECK_EQ(q.max_nr_frames, 2);
	s.frame_list.p = list;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_setup_table, (unsigned long)&s, 1), 0);
	OK(s.status);
	CHECK(list[0] == virt_to_mfn(domains[1].grants->shared[0]).m);
	CHECK(list[1] == virt_to_mfn(domains[1].grants->shared[1]).m);
	s.nr_frames = 3;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_setup_table, (unsigned long)&s, 1), 0);
	CHECK_EQ(s.status, GNTST_general_error);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_setup_table, (unsigned long)&s, 0), -EINVAL);
	s.dom = 2;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_setup_table, (unsigned long)&s, 1), 0);
	CHECK_EQ(s.status, GNTST_permission_denied);
	s.dom = 77;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_setup_table, (unsigned long)&s, 1), 0);
	CHECK_EQ(s.status, GNTST_bad_domain);

	CHECK_EQ(hc_grant_table_op(GNTTABOP_set_version, (unsigned long)&v, 1), 0);
	v.version = 2;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_set_version, (unsigned long)&v, 1), -ENOSYS);
	v.version = 3;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_set_version, (unsigned long)&v, 1), -EINVAL);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_get_version, (unsigned long)&g, 1), 0);
	CHECK_EQ(g.version, 1);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_get_status_frames, (unsigned long)&f, 1), 0);
	CHECK_EQ(f.status, GNTST_general_error);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_dump_table, (unsigned long)&f, 1), -ENOSYS);
	CHECK_EQ(hc_grant_table_op(99, (unsigned long)&f, 1), -ENOSYS);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, 0, 1), -EFAULT);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, 0, 0), 0);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_copy, 0, ~0UL), -EINVAL);
	world_end();
}

static void test_map(void)
{
	struct gnttab_map_grant_ref a, b;

	world_start();
	grant(1, 9, 0, 20, 0);
	grant(1, 10, 0, 21, GTF_readonly);
	grant(1, 11, 2, 22, 0);
	grant(1, 12, 0, 16, 0); /* a page table */
	grant(1, 13, 0, 5, 0); /* not domain 1's frame */
	be(0);
	CHECK_EQ(map_op(77, 9, GNTMAP_host_map, 0x1000).status, GNTST_bad_domain);
	CHECK_EQ(map_op(1, 100000, GNTMAP_host_map, 0x1000).status, GNTST_bad_gntref);
	CHECK_EQ(map_op(1, 9, 0, 0x1000).status, GNTST_bad_gntref);
	CHECK_EQ(map_op(1, 8, GNTMAP_host_map, 0x1000).status, GNTST_general_error);
	CHECK_EQ(map_op(1, 10, GNTMAP_host_map, 0x1000).status, GNTST_general_error);
	CHECK_EQ(map_op(1, 11, GNTMAP_host_map, 0x1000).status, GNTST_general_error);
	CHECK_EQ(map_op(1, 12, GNTMAP_host_map, 0x1000).status, GNTST_general_error);
	CHECK_EQ(map_op(1, 13, GNTMAP_host_map, 0x1000).status, GNTST_general_error);
	CHECK(!(entry(1, 13)->flags & GTF_reading));

	a = map_op(1, 9, GNTMAP_host_map | GNTMAP_readonly, 0x1000);
	OK(a.status);
	CHECK_EQ(a.dev_bus_addr, 20 << PAGE_SHIFT);
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), GTF_reading);
	b = map_op(1, 9, GNTMAP_host_map, 0x2000);
	OK(b.status);
	CHECK(b.handle != a.handle);
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	CHECK_EQ(frames[20].refs, 2);
	CHECK_EQ(domains[1].refs, 3);

	/* The guest scribbles over its entry: what is mapped stays what it was. */
	entry(1, 9)->frame = 23;
	OK(unmap(0x2000, 0, b.handle));
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQ(unmap(0x2000, 0, b.handle), GNTST_bad_handle);
	CHECK_EQ(unmap(0x3000, 0, a.handle), GNTST_bad_virt_addr);
	OK(unmap(0x1000, 0, a.handle));
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(unmap(0x1000, 0, 100000), GNTST_bad_handle);
	CHECK_EQ(frames[20].refs, 0);
	CHECK_EQ(domains[1].refs, 1);

	/* The page tables refuse: nothing is left behind. */
	refuse_maps = true;
	CHECK_EQ(
		map_op(1, 10, GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly, 0x1000).status,
		GNTST_general_error);
	CHECK_EQ(entry(1, 10)->flags & GTF_reading, 0);
	CHECK_EQ(frames[21].refs, 0);
	world_end();
}

/* One handle for both kinds: an unmap takes what it names or nothing (row 224). */
static void test_both_kinds(void)
{
	struct gnttab_map_grant_ref a;

	world_start();
	grant(1, 9, 0, 20, 0);
	be(0);
	a = map_op(1, 9, GNTMAP_host_map | GNTMAP_device_map, 0x1000);
	OK(a.status);
	CHECK_EQ(frames[20].refs, 2);
	CHECK_EQ(unmap(0x1000, a.dev_bus_addr + PAGE_SIZE, a.handle), GNTST_bad_dev_addr);
	CHECK_EQ(unmap(0x5000, a.dev_bus_addr, a.handle), GNTST_bad_virt_addr);
	CHECK_EQ(frames[20].refs, 2);
	OK(unmap(0x1000, 0, a.handle));
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	CHECK_EQ(unmap(0x1000, 0, a.handle), GNTST_bad_virt_addr);
	OK(unmap(0, a.dev_bus_addr, a.handle));
	CHECK_EQ(entry(1, 9)->flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(unmap(0, a.dev_bus_addr, a.handle), GNTST_bad_handle);
	CHECK_EQ(frames[20].refs, 0);
	CHECK_EQ(domains[1].refs, 1);
	world_end();
}

static void test_limits_and_batches(void)
{
	static struct gnttab_map_grant_ref ops[600];
	static struct gnttab_unmap_grant_ref un[600];
	unsigned int full = 0;

	world_start();
	grant(1, 9, 0, 20, 0);
	be(0);
	for (unsigned int i = 0; i < 600; i++)
		ops[i] = (struct gnttab_map_grant_ref){.host_addr = 0x1000 * (i + 1UL),
						       .flags = GNTMAP_host_map,
						       .ref = 9,
						       .dom = 1};
	CHECK_EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, (unsigned long)ops, 600), 0);
	consistent();
	for (unsigned int i = 0; i < 600; i++) {
		full += ops[i].status == GNTST_no_space;
		un[i] = (struct gnttab_unmap_grant_ref){.host_addr = ops[i].host_addr,
							.handle = ops[i].handle};
	}
	CHECK_EQ(full, 600 - MAPTRACK_PER_FRAME);

	/* Interrupted after each slice; the caller's arguments say how far it is. */
	flushes = 0;
	cpu_info()->deferred = 1;
	{
		unsigned long va = (unsigned long)un, left = 600;
		long ret;

		while ((ret = hc_grant_table_op(GNTTABOP_unmap_grant_ref, va, left)) == -ERESTART) {
			CHECK(continued[2] < left && continued[1] > va);
			va = continued[1];
			left = continued[2];
			consistent();
		}
		CHECK_EQ(ret, 0);
	}
	cpu_info()->deferred = 0;
	CHECK(continuations >= 10);
	CHECK_EQ(flushes, DIV_ROUND_UP(MAPTRACK_PER_FRAME, 32));
	for (unsigned int i = 0; i < 600; i++)
		CHECK_EQ(un[i].status, ops[i].status == GNTST_okay ? GNTST_okay : GNTST_bad_handle);
	CHECK_EQ(frames[20].refs, 0);
	CHECK_EQ(domains[1].refs, 1);
	CHECK_EQ(entry(1, 9)->flags, GTF_permit_access);
	world_end();
}

static void test_copy(void)
{
	struct gnttab_copy c = {.source = {.domid = 1, .offset = 100},
				.dest = {.domid = DOMID_SELF, .offset = 7},
				.len = 50,
				.flags = GNTCOPY_source_gref};

	world_start();
	grant(1, 9, 0, 20, GTF_readonly);
	grant(1, 10, 0, 21, 0);
	memset((u8 *)mfn_to_virt(MFN(20)) + 100, 0xab, 50);
	memset(mfn_to_virt(MFN(5)), 0, PAGE_SIZE);
	be(0);
	c.source.u.ref = 9;
	c.dest.u.gmfn = 5;
	OK(copy(&c));
	CHECK(((u8 *)mfn_to_virt(MFN(5)))[7] == 0xab && ((u8 *)mfn_to_virt(MFN(5)))[56] == 0xab);
	CHECK(!((u8 *)mfn_to_virt(MFN(5)))[6] && !((u8 *)mfn_to_virt(MFN(5)))[57]);
	CHECK_EQ(entry(1, 9)->flags & GTF_reading, 0);

	c.len = 4000;
	CHECK_EQ(copy(&c), GNTST_bad_copy_arg);
	c.len = 50;
	c.dest.offset = 0xffff;
	CHECK_EQ(copy(&c), GNTST_bad_copy_arg);
	c.dest.offset = 0;
	c.dest.u.gmfn = 20; /* not ours */
	CHECK_EQ(copy(&c), GNTST_bad_page);
	c.dest.u.gmfn = 0; /* ours, and a page table */
	CHECK_EQ(copy(&c), GNTST_bad_page);
	c.dest.u.gmfn = 1UL << 40;
	CHECK_EQ(copy(&c), GNTST_bad_page);
	c.dest.u.gmfn = 20;
	c.dest.domid = 1;
	CHECK_EQ(copy(&c), GNTST_permission_denied);
	/* Into a grant that is read-only, then into one that is not. */
	c.flags |= GNTCOPY_dest_gref;
	c.dest.u.gmfn = 0;
	c.dest.u.ref = 9;
	CHECK_EQ(copy(&c), GNTST_general_error);
	c.dest.u.ref = 10;
	OK(copy(&c));
	c.source.domid = 77;
	CHECK_EQ(copy(&c), GNTST_bad_domain);
	for (unsigned int i = 0; i < 48; i++)
		CHECK_EQ(frames[i].refs, 0);
	CHECK_EQ(domains[1].refs, 1);
	world_end();
}

static void test_death(void)
{
	struct gnttab_map_grant_ref a, b;
	int ret;

	world_start();
	grant(1, 9, 0, 20, 0);
	grant(0, 9, 1, 4, 0);
	be(0);
	a = map_op(1, 9, GNTMAP_host_map | GNTMAP_device_map, 0x1000);
	be(1);
	b = map_op(0, 9, GNTMAP_device_map, 0);
	OK(a.status);
	OK(b.status);
	/* The granter goes first: the mapper's handle stays good. */
	be(0);
	domains[1].dying = DOMAIN_DYING;
	cpu_info()->deferred = 1;
	do {
		ret = gnttab_domain_destroy(&domains[1]);
		consistent();
	} while (ret == -ERESTART);
	cpu_info()->deferred = 0;
	CHECK_EQ(ret, 0);
	CHECK_EQ(entry(0, 9)->flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(frames[4].refs, 0);
	CHECK_EQ(map_op(1, 9, GNTMAP_host_map, 0x2000).status, GNTST_bad_domain);
	OK(unmap(0x1000, a.dev_bus_addr, a.handle));
	CHECK_EQ(domains[1].refs, 1);
	CHECK_EQ(frames[20].refs, 0);
	world_end();
}

static void test_swap(void)
{
	struct gnttab_swap_grant_ref s = {.ref_a = 9, .ref_b = 10, .status = 99};
	struct gnttab_map_grant_ref a;

	world_start();
	grant(1, 9, 0, 20, 0);
	grant(1, 10, 0, 21, 0);
	be(1);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_swap_grant_ref, (unsigned long)&s, 1), 0);
	OK(s.status);
	CHECK_EQ(entry(1, 9)->frame, 21);
	be(0);
	a = map_op(1, 9, GNTMAP_host_map, 0x1000);
	be(1);
	CHECK_EQ(hc_grant_table_op(GNTTABOP_swap_grant_ref, (unsigned long)&s, 1), 0);
	CHECK_EQ(s.status, GNTST_eagain);
	s.ref_b = 1u << 31;
	CHECK_EQ(hc_grant_table_op(GNTTABOP_swap_grant_ref, (unsigned long)&s, 1), 0);
	CHECK_EQ(s.status, GNTST_bad_gntref);
	be(0);
	OK(unmap(0x1000, 0, a.handle));
	world_end();
}

int main(void)
{
	test_table();
	test_map();
	test_both_kinds();
	test_limits_and_batches();
	test_copy();
	test_death();
	test_swap();
	return check_done("t_grants");
}
