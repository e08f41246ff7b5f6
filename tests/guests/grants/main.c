// SPDX-License-Identifier: MIT
/*
 * Grants, from dom0 to itself: the table, mapping in every form, copying, and each error.  Rows
 * h20, D30 to D35.
 */
#include "test.h"

static char *page, *other;
static uintptr_t spot;
static grant_ref_t writable, read_only;

static void table(void)
{
	struct gnttab_query_size q = {.dom = DOMID_SELF};
	struct gnttab_set_version v = {.version = 3};
	struct gnttab_get_version g = {.dom = DOMID_SELF};
	xen_pfn_t frames[2];
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1000};

	is("h20.6 query_size", gnttab_op(GNTTABOP_query_size, &q, 1), 0);
	is("h20.6 status", q.status, GNTST_okay);
	is("h20.6 frames at most", q.max_nr_frames, 64);
	ok(q.nr_frames >= 1, "h20.6 frames now");
	is("h20.8 version 3", gnttab_op(GNTTABOP_set_version, &v, 1), -22);
	v.version = 1;
	is("h20.8 version 1", gnttab_op(GNTTABOP_set_version, &v, 1), 0);
	is("h20.10 get_version", gnttab_op(GNTTABOP_get_version, &g, 1), 0);
	is("h20.10 is 1", g.version, 1);
	set_xen_guest_handle(s.frame_list, frames);
	is("h20.2 too many frames", gnttab_op(GNTTABOP_setup_table, &s, 1), 0);
	is("h20.2 status", s.status, GNTST_general_error);
	s.nr_frames = 1;
	s.dom = 99;
	gnttab_op(GNTTABOP_setup_table, &s, 1);
	is("h20.2 no such domain", s.status, GNTST_bad_domain);
	s.dom = DOMID_SELF;
	is("h20.2 one", gnttab_op(GNTTABOP_setup_table, &s, 1), 0);
	is("h20.2 status okay", s.status, GNTST_okay);
	is("D32 the frame is not in the p2m", mfn_to_virt(frames[0]) == NULL, true);
	grants_init();
}

static void maps(void)
{
	struct gnttab_map_grant_ref m;
	grant_handle_t h;

	is("h20.0 map", grant_map(0, writable, spot, GNTMAP_host_map, &m), GNTST_okay);
	h = m.handle;
	is("h20.0 dev_bus_addr is the machine address", m.dev_bus_addr, virt_to_maddr(page));
	*(volatile char *)spot = 42;
	is("h20.0 it is that page", page[0], 42);
	is("D31 marked as read and written", grant_table[writable].flags & 0x18, 0x18);
	is("D31 cannot be ended while mapped", grant_end(writable), false);
	is("h20.1 unmap at another address", grant_unmap(h, spot + PAGE_SIZE) < 0, true);
	is("h20.1 unmap", grant_unmap(h, spot), GNTST_okay);
	is("h20.1 the entry is gone", *pte_of(spot), 0);
	is("D31 no mark left", grant_table[writable].flags & 0x18, 0);
	is("h20.1 the same handle again", grant_unmap(h, spot), GNTST_bad_handle);
	is("h20.1 a handle that never was", grant_unmap(100000, spot), GNTST_bad_handle);

	is("h20.0 read-only map of a read-only grant",
	   grant_map(0, read_only, spot, GNTMAP_host_map | GNTMAP_readonly, &m), GNTST_okay);
	is("h20.0 mapped read-only", *pte_of(spot) & PTE_RW, 0);
	is("D31 marked as read only", grant_table[read_only].flags & 0x18, 0x8);
	grant_unmap(m.handle, spot);
	is("h20.0 writable map of a read-only grant",
	   grant_map(0, read_only, spot, GNTMAP_host_map, &m) < 0, true);
	is("h20.0 no such domain", grant_map(99, writable, spot, GNTMAP_host_map, &m),
	   GNTST_bad_domain);
	is("h20.0 a reference beyond the table", grant_map(0, 100000, spot, GNTMAP_host_map, &m),
	   GNTST_bad_gntref);
	is("h20.0 an entry that grants nothing", grant_map(0, 400, spot, GNTMAP_host_map, &m) < 0,
	   true);
	is("h20.0 neither host nor device", grant_map(0, writable, spot, 0, &m) < 0, true);
	is("h20.0 an address without tables",
	   grant_map(0, writable, 0x700000000000, GNTMAP_host_map, &m) < 0, true);
	is("D31 a map that failed leaves no mark", grant_table[writable].flags & 0x18, 0);
}

static void by_pte(void)
{
	struct gnttab_map_grant_ref m;
	uint64_t where = virt_to_maddr(pte_of(spot));
	uint32_t avail = 5u << _GNTMAP_guest_avail0;

	is("h20.0 contains_pte",
	   grant_map(0, writable, where, GNTMAP_host_map | GNTMAP_contains_pte, &m), GNTST_okay);
	is("h20.0 the entry names the page", PTE_MFN(*pte_of(spot)), virt_to_mfn(page));
	is("D35 unmap by the entry", grant_unmap(m.handle, where), GNTST_okay);
	is("h20.0 available bits",
	   grant_map(0, writable, spot, GNTMAP_host_map | GNTMAP_application_map | avail, &m),
	   GNTST_okay);
	is("h20.0 are in the entry", *pte_of(spot) >> 9 & 7, 5);
	grant_unmap(m.handle, spot);
	is("h20.0 device map", grant_map(0, writable, 0, GNTMAP_device_map, &m), GNTST_okay);
	{
		struct gnttab_unmap_grant_ref u = {.dev_bus_addr = m.dev_bus_addr,
						   .handle = m.handle};

		gnttab_op(GNTTABOP_unmap_grant_ref, &u, 1);
		is("h20.1 device unmap", u.status, GNTST_okay);
	}
	is("D34 two maps of one grant", grant_map(0, writable, spot, GNTMAP_host_map, &m), 0);
	{
		struct gnttab_map_grant_ref n;

		is("D34 the second", grant_map(0, writable, spot + PAGE_SIZE, GNTMAP_host_map, &n),
		   0);
		ok(n.handle != m.handle, "D34 handles differ");
		grant_unmap(m.handle, spot);
		is("D31 still marked", grant_table[writable].flags & 0x18, 0x18);
		grant_unmap(n.handle, spot + PAGE_SIZE);
	}
	is("D31 the last one takes the mark away", grant_table[writable].flags & 0x18, 0);
}

static int copy(struct gnttab_copy c)
{
	long rc = gnttab_op(GNTTABOP_copy, &c, 1);

	return rc ? (int)rc : c.status;
}

static void copies(void)
{
	struct gnttab_copy c = {
		.source = {.u.ref = read_only, .domid = 0, .offset = 8},
		.dest = {.u.gmfn = virt_to_mfn(other), .domid = DOMID_SELF, .offset = 100},
		.len = 50,
		.flags = GNTCOPY_source_gref,
	};
	struct gnttab_copy bad;

	memset(page, 7, PAGE_SIZE);
	memset(other, 0, PAGE_SIZE);
	is("h20.5 copy from a grant", copy(c), GNTST_okay);
	is("h20.5 the first byte", other[100], 7);
	is("h20.5 the last byte", other[149], 7);
	is("h20.5 not one more", other[150], 0);
	is("h20.5 not one less", other[99], 0);
	bad = c;
	bad.len = 4090;
	is("h20.5 over the end of the page", copy(bad), GNTST_bad_copy_arg);
	bad = c;
	bad.source.offset = 4096;
	is("h20.5 offset out of the page", copy(bad), GNTST_bad_copy_arg);
	bad = c;
	bad.source.domid = 99;
	is("h20.5 no such domain", copy(bad), GNTST_bad_domain);
	bad = c;
	bad.dest = c.source;
	bad.source.u.gmfn = virt_to_mfn(other);
	bad.source.domid = DOMID_SELF;
	bad.flags = GNTCOPY_dest_gref;
	is("h20.5 into a read-only grant", copy(bad) < 0, true);
	bad.dest.u.ref = writable;
	is("h20.5 into a writable one", copy(bad), GNTST_okay);
	bad = c;
	bad.dest.u.gmfn = virt_to_mfn(kernel_root());
	is("h20.5 into a page table", copy(bad) < 0, true);
	bad = c;
	bad.dest.u.gmfn = 0xfffffff;
	is("h20.5 into a frame that is not there", copy(bad) < 0, true);
	is("D31 no mark left", grant_table[read_only].flags & 0x18, 0);
}

int guest_main(void)
{
	page = page_alloc();
	other = page_alloc();
	spot = map_reserve(2);
	part(table);
	writable = grant_access(0, virt_to_mfn(page), false);
	read_only = grant_access(0, virt_to_mfn(page), true);
	part(maps);
	part(by_pte);
	part(copies);
	is("D31 both end", grant_end(writable) && grant_end(read_only), true);
	return test_end();
}
