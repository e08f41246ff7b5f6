// SPDX-License-Identifier: MIT
/* Frames given and taken, exchanged, counted; memory maps.  Rows C10, h12. */
#include "test.h"

#define N 8

static xen_pfn_t list[64];

static struct xen_memory_reservation reservation(unsigned int n, unsigned int order)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, list);
	return r;
}

static long current_pages(void)
{
	domid_t self = DOMID_SELF;

	return memory_op(XENMEM_current_reservation, &self);
}

static void balloon(void)
{
	struct xen_memory_reservation r = reservation(N, 0);
	char *pages = pages_alloc(N);
	uint64_t pfn = virt_to_pfn(pages);
	long before = current_pages();

	for (unsigned int i = 0; i < N; i++) {
		list[i] = p2m[pfn + i];
		update_va_mapping(pages + i * PAGE_SIZE, 0, UVMF_INVLPG);
	}
	is("h12.1 decrease", memory_op(XENMEM_decrease_reservation, &r), N);
	is("h12.3 so many less", current_pages(), before - N);
	is("h12.1 what is not ours any more", memory_op(XENMEM_decrease_reservation, &r), 0);
	for (unsigned int i = 0; i < N; i++)
		list[i] = pfn + i;
	r = reservation(N, 0);
	is("h12.6 populate", memory_op(XENMEM_populate_physmap, &r), N);
	is("h12.3 as many as before", current_pages(), before);
	is("h12.6 M2P is set", m2p(list[3]), pfn + 3);
	for (unsigned int i = 0; i < N; i++) {
		p2m[pfn + i] = list[i];
		is("h12.6 the frame can be mapped",
		   update_va_mapping(pages + i * PAGE_SIZE, list[i] << 12 | PTE_KERNEL,
				     UVMF_INVLPG),
		   0);
	}
	ours(pages[5] == 0 && pages[N * 4096 - 1] == 0, "h12.6 wiped");
}

static void mapped(void)
{
	struct xen_memory_reservation r = reservation(1, 0);
	char *p = page_alloc();
	uint64_t pfn = virt_to_pfn(p);

	p[7] = 77;
	list[0] = p2m[pfn];
	is("C10 a mapped frame is given back", memory_op(XENMEM_decrease_reservation, &r), 1);
	is("C10 it stays readable", p[7], 77);
	is("C10 until it goes", update_va_mapping(p, 0, UVMF_INVLPG), 0);
	list[0] = pfn;
	is("C10 another in its place", memory_op(XENMEM_populate_physmap, &r), 1);
	p2m[pfn] = list[0];
	update_va_mapping(p, list[0] << 12 | PTE_KERNEL, UVMF_INVLPG);
	list[0] = virt_to_mfn(kernel_root());
	differs("C3 a pinned table is not given back", memory_op(XENMEM_decrease_reservation, &r),
		0, 1, "Xen takes the pin away and keeps the frame while it is in use");
}

static void refused(void)
{
	struct xen_memory_reservation r = reservation(1, 0);

	list[0] = 0xfffffff;
	is("h12.1 a frame that is not there", memory_op(XENMEM_decrease_reservation, &r), 0);
	list[0] = start_info->shared_info >> 12;
	differs("h12.1 shared_info", memory_op(XENMEM_decrease_reservation, &r), 0, 1,
		"Xen says yes and keeps it");
	r.nr_extents = 0;
	is("h12.1 none", memory_op(XENMEM_decrease_reservation, &r), 0);
	is("h12.6 none", memory_op(XENMEM_populate_physmap, &r), 0);
	r = reservation(1, 30);
	is("h12.6 an order too big", memory_op(XENMEM_populate_physmap, &r), 0);
	r = reservation(1, 0);
	r.domid = 99;
	is("h12.6 no such domain", memory_op(XENMEM_populate_physmap, &r), 0);
	r = reservation(1, 0);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)0xffff830000000000UL);
	is("h12.6 a list in the hole", memory_op(XENMEM_populate_physmap, &r) <= 0, true);
}

static void exchange(void)
{
	xen_pfn_t in[4], out[1];
	char *p = pages_alloc(4);
	uint64_t pfn = virt_to_pfn(p);
	struct xen_memory_exchange x = {
		.in = {.nr_extents = 4, .domid = DOMID_SELF},
		.out = {.nr_extents = 1, .extent_order = 2, .domid = DOMID_SELF},
	};
	long before = current_pages();

	for (unsigned int i = 0; i < 4; i++) {
		in[i] = p2m[pfn + i];
		update_va_mapping(p + i * PAGE_SIZE, 0, UVMF_INVLPG);
	}
	out[0] = pfn;
	set_xen_guest_handle(x.in.extent_start, in);
	set_xen_guest_handle(x.out.extent_start, out);
	is("h12.11 four for a block of four", memory_op(XENMEM_exchange, &x), 0);
	is("h12.11 done", x.nr_exchanged, 4);
	is("h12.11 the block is aligned", out[0] & 3, 0);
	is("h12.11 M2P", m2p(out[0] + 2), pfn + 2);
	is("h12.3 as many pages", current_pages(), before);
	for (unsigned int i = 0; i < 4; i++) {
		p2m[pfn + i] = out[0] + i;
		update_va_mapping(p + i * PAGE_SIZE, (out[0] + i) << 12 | PTE_KERNEL, UVMF_INVLPG);
	}
	p[0] = 1;
	x.out.nr_extents = 2;
	x.nr_exchanged = 0;
	is("h12.11 sizes that do not agree", memory_op(XENMEM_exchange, &x), -22);
}

static void maps(void)
{
	static struct xen_machphys_mapping m;
	static uint64_t e820[128 * 3];
	struct xen_memory_map map = {.nr_entries = 128};
	domid_t self = DOMID_SELF, nobody = 99;

	is("h12.12 machphys_mapping", memory_op(XENMEM_machphys_mapping, &m), 0);
	is("h12.12 start", m.v_start, 0xffff800000000000);
	is("h12.12 end", m.v_end, 0xffff804000000000);
	ok(m.max_mfn >= p2m[start_info->nr_pages - 1], "h12.12 the top");
	set_xen_guest_handle(map.buffer, e820);
	is("h12.10 machine map", memory_op(XENMEM_machine_memory_map, &map), 0);
	ok(map.nr_entries > 3, "h12.10 has entries");
	is("h12.9 dom0 has no map of its own", memory_op(XENMEM_memory_map, &map), -38);
	ok(memory_op(XENMEM_maximum_ram_page, NULL) > 100000, "h12.2 highest page");
	is("h12.3 as start_info says, and what we have since", current_pages() >= 20000, true);
	is("h12.3 no such domain", memory_op(XENMEM_current_reservation, &nobody), -3);
	is("h12.4 no limit told", memory_op(XENMEM_maximum_reservation, &self), 0xffffffff);
	is("h12.14 maximum_gpfn of who told none", memory_op(XENMEM_maximum_gpfn, &self), 0);
	shared_info->arch.max_pfn = 12345;
	is("h12.14 maximum_gpfn as told", memory_op(XENMEM_maximum_gpfn, &self), 12344);
	shared_info->arch.max_pfn = 0;
	is("h12.18 sharing", memory_op(XENMEM_get_sharing_freed_pages, NULL), 0);
	is("h12.19 sharing", memory_op(XENMEM_get_sharing_shared_pages, NULL), 0);
}

int guest_main(void)
{
	part(balloon);
	part(mapped);
	part(refused);
	part(exchange);
	part(maps);
	return test_end();
}
