// SPDX-License-Identifier: MIT
/*
 * The order of the steps is the order of their costs: what can be refused without memory comes
 * first, then the memory, then what is written into it. Frames are mapped in windows, so that
 * neither a large ramdisk nor a large p2m list needs as much address space at once.
 */
#include "build/build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "build/layout.h"
#include "build/pagetables.h"
#include "build/startinfo.h"
#include "cleanup.h"
#include "hv/domctl.h"
#include "hv/memory.h"

#define WINDOW_PAGES 1024ull
#define SUPERPAGE_ORDER 9
#define SUPERPAGE (1ull << SUPERPAGE_ORDER)

struct builder {
	struct hv *hv;
	struct build_guest *guest;
	struct layout layout;
	xen_pfn_t *mfn; /* of each page */
	struct dais_error *err;
	xen_pfn_t shared_info;
	/*
	 * The small pages that several steps write, mapped once: those from @open_from to @open_end
	 * but for the hole, then the page shared with the hypervisor and the grant table's first.
	 * NULL: there is no such mapping.
	 */
	uint8_t *open;
	uint64_t open_from, open_end, hole_from, hole_end;
};
#define OPEN_MORE 2

static int failed(struct builder *b, const char *what)
{
	return dais_fail_errno(b->err, DAIS_FAILED, errno, what, NULL);
}

/* ----- memory -------------------------------------------------------------------------- */

static int no_memory(struct builder *b, uint64_t got)
{
	dais_fail(b->err, DAIS_NO_MEMORY, "take the guest's memory", NULL,
		  "the host gave %" PRIu64 " of %" PRIu64 " MiB", got >> 8, b->guest->pages >> 8);
	return dais_hint(b->err, "`dais info` shows what is free; stop a domain, or give some of "
				 "dom0's memory back with `dais mem-set 0 SIZE`");
}

/* In extents of 2 MiB as far as the host has them, the rest in single pages. */
static int take_memory(struct builder *b)
{
	uint64_t pages = b->guest->pages;
	uint64_t big = pages >> SUPERPAGE_ORDER;
	uint64_t at;
	autofree xen_pfn_t *extent = malloc((size_t)(big + 1) * sizeof(*extent));
	long got = 0;

	b->mfn = malloc((size_t)pages * sizeof(*b->mfn));
	if (!b->mfn || !extent) {
		errno = ENOMEM;
		return failed(b, "keep the list of the guest's frames");
	}
	for (uint64_t i = 0; i < big; i++)
		extent[i] = (xen_pfn_t)(i << SUPERPAGE_ORDER);
	if (big)
		got = hv_populate(b->hv, b->guest->domid, SUPERPAGE_ORDER, extent, extent, big);
	if (got < 0)
		got = 0;
	for (uint64_t i = 0; i < (uint64_t)got; i++) {
		for (uint64_t j = 0; j < SUPERPAGE; j++)
			b->mfn[(i << SUPERPAGE_ORDER) + j] = extent[i] + j;
	}
	at = (uint64_t)got << SUPERPAGE_ORDER;
	for (uint64_t i = at; i < pages; i++)
		b->mfn[i] = (xen_pfn_t)i;
	if (at < pages) {
		got = hv_populate(b->hv, b->guest->domid, 0, b->mfn + at, b->mfn + at, pages - at);
		if (got < 0 && errno != ENOMEM)
			return failed(b, "take the guest's memory");
		if (got < 0 || (uint64_t)got < pages - at)
			return no_memory(b, at + (got > 0 ? (uint64_t)got : 0));
	}
	return 0;
}

static int claim(struct builder *b, uint64_t pages)
{
	if (!b->guest->claim || !hv_claim(b->hv, b->guest->domid, pages) || errno == ENOSYS)
		return 0;
	if (errno == ENOMEM)
		return no_memory(b, 0);
	return failed(b, "set the guest's memory aside");
}

/* ----- contents ------------------------------------------------------------------------ */

static uint64_t open_pages(const struct builder *b)
{
	return b->open_end - b->open_from - (b->hole_end - b->hole_from);
}

/* The pages where they are mapped already, or NULL. */
static void *opened(const struct builder *b, uint64_t pfn, uint64_t pages)
{
	if (!b->open || pfn < b->open_from || pfn + pages > b->open_end)
		return NULL;
	if (pfn >= b->hole_end)
		pfn -= b->hole_end - b->hole_from;
	else if (pfn + pages > b->hole_from)
		return NULL;
	return b->open + (pfn - b->open_from) * PAGE_SIZE;
}

static void *map(struct builder *b, uint64_t pfn, uint64_t pages)
{
	void *at = opened(b, pfn, pages);

	if (!at)
		at = hv_map(b->hv, b->guest->domid, PROT_READ | PROT_WRITE, b->mfn + pfn,
			    (size_t)pages);
	if (!at)
		failed(b, "look into the guest's memory");
	return at;
}

/* Gives up what map() gave for the same pages. */
static void unmap(struct builder *b, void *at, uint64_t pfn, uint64_t pages)
{
	if (!opened(b, pfn, pages))
		hv_unmap(b->hv, at, (size_t)pages);
}

/* The pages at a small kernel's end that are nothing but zero: the hypervisor clears them for less. */
static void leave_hole(struct builder *b)
{
	const struct dais_elf *elf = b->guest->elf;
	const struct dais_segment *last = &elf->segment[elf->segments - 1];
	uint64_t filled = last->vaddr - elf->virt_base + last->filesz;

	b->hole_from = (filled + PAGE_SIZE - 1) >> PAGE_SHIFT;
	b->hole_end = b->layout.kernel + b->layout.kernel_pages;
	if (b->hole_from > b->hole_end)
		b->hole_from = b->hole_end;
}

/*
 * A mapping costs more than what is written through it, so that the pages of the kernel (if it is
 * small), and those from behind it to the stack, are mapped in one go, with what the hypervisor
 * has for the guest. They must be let go of before the page tables among them are given to the
 * hypervisor. Without it each step maps its own.
 */
static void open_small(struct builder *b)
{
	const struct layout *l = &b->layout;
	uint64_t end = l->stack + 1, from = l->start_info, before, count;
	autofree xen_pfn_t *frames = NULL;

	if (end <= WINDOW_PAGES)
		from = l->kernel;
	else if (!l->p2m_apart && l->p2m < from)
		from = l->p2m;
	if (from >= end || end - from > WINDOW_PAGES)
		return;
	b->open_from = b->hole_from = b->hole_end = from;
	b->open_end = end;
	if (from == l->kernel)
		leave_hole(b);
	before = b->hole_from - from;
	count = open_pages(b);
	frames = malloc((size_t)(count + OPEN_MORE) * sizeof(*frames));
	if (!frames)
		return;
	memcpy(frames, b->mfn + from, (size_t)before * sizeof(*frames));
	memcpy(frames + before, b->mfn + b->hole_end, (size_t)(count - before) * sizeof(*frames));
	frames[count] = b->shared_info;
	if (hv_grant_frame(b->hv, b->guest->domid, &frames[count + 1]))
		return;
	b->open = hv_map(b->hv, b->guest->domid, PROT_READ | PROT_WRITE, frames,
			 (size_t)(count + OPEN_MORE));
}

static void close_small(struct builder *b)
{
	if (b->open)
		hv_unmap(b->hv, b->open, (size_t)(open_pages(b) + OPEN_MORE));
	b->open = NULL;
}

/*
 * Copies @size bytes of @data, or of @blob if that is NULL, to the byte @offset of the guest's
 * memory. The rest of the last page is zeroed; what is before @offset in the first one stays.
 */
static int put_any(struct builder *b, uint64_t offset, const uint8_t *data,
		   const struct dais_blob *blob, uint64_t size)
{
	uint64_t done = 0;

	while (size) {
		uint64_t in_page = offset & (PAGE_SIZE - 1);
		uint64_t most = WINDOW_PAGES * PAGE_SIZE - in_page;
		uint64_t length = size < most ? size : most;
		uint64_t pages = (in_page + length + PAGE_SIZE - 1) >> PAGE_SHIFT;
		uint8_t *at = map(b, offset >> PAGE_SHIFT, pages);
		int ret = 0;

		if (!at)
			return -1;
		if (data)
			memcpy(at + in_page, data + done, (size_t)length);
		else
			ret = dais_blob_read(blob, (size_t)done, at + in_page, (size_t)length,
					     b->err);
		memset(at + in_page + length, 0, (size_t)(pages * PAGE_SIZE - in_page - length));
		unmap(b, at, offset >> PAGE_SHIFT, pages);
		if (ret)
			return -1;
		done += length;
		offset += length;
		size -= length;
	}
	return 0;
}

static int put(struct builder *b, uint64_t offset, const void *data, uint64_t size)
{
	return put_any(b, offset, data, NULL, size);
}

static int clear(struct builder *b, uint64_t pfn, uint64_t pages)
{
	void *at = opened(b, pfn, pages);

	if (at) {
		memset(at, 0, (size_t)(pages * PAGE_SIZE));
		return 0;
	}
	if (pages && hv_clear(b->hv, b->guest->domid, b->mfn + pfn, (size_t)pages))
		return failed(b, "clear the guest's memory");
	return 0;
}

/* Segments ascend, so a page that two share is zeroed by the first and kept by the second. */
static int load_kernel(struct builder *b)
{
	const struct dais_elf *elf = b->guest->elf;

	for (unsigned int i = 0; i < elf->segments; i++) {
		const struct dais_segment *s = &elf->segment[i];
		uint64_t offset = s->vaddr - elf->virt_base;
		uint64_t first = (offset + s->filesz + PAGE_SIZE - 1) >> PAGE_SHIFT;
		uint64_t end = (offset + s->memsz + PAGE_SIZE - 1) >> PAGE_SHIFT;

		if (put(b, offset, s->data, s->filesz))
			return -1;
		if (first < end && clear(b, first, end - first))
			return -1;
	}
	return 0;
}

static int fill_p2m(struct builder *b)
{
	return put(b, b->layout.p2m << PAGE_SHIFT, b->mfn, b->guest->pages * sizeof(*b->mfn));
}

static int fill_tables(struct builder *b)
{
	const struct layout *l = &b->layout;
	struct table_window windows[2] = {
		{.base = l->tables, .pages = l->table_pages},
		{.base = l->p2m + l->p2m_pages, .pages = 0},
	};
	unsigned int count = 1;
	int ret = -1;

	if (l->p2m_apart && l->end > windows[1].base) {
		windows[1].pages = l->end - windows[1].base;
		count = 2;
	}
	for (unsigned int i = 0; i < count; i++) {
		windows[i].at = map(b, windows[i].base, windows[i].pages);
		if (!windows[i].at)
			goto out;
		memset(windows[i].at, 0, (size_t)(windows[i].pages * PAGE_SIZE));
	}
	pagetables_fill(l, &l->main, windows, count, 0, b->mfn);
	if (l->p2m_apart)
		pagetables_fill(l, &l->list, windows, count, l->p2m, b->mfn);
	ret = 0;
out:
	for (unsigned int i = 0; i < count; i++)
		unmap(b, windows[i].at, windows[i].base, windows[i].pages);
	return ret;
}

/* ----- the end ------------------------------------------------------------------------- */

static int fill_start_info(struct builder *b)
{
	uint64_t address = b->shared_info << PAGE_SHIFT;
	void *page = map(b, b->layout.start_info, 1);

	if (!page)
		return -1;
	memset(page, 0, PAGE_SIZE);
	startinfo_fill(page, &b->layout, b->guest, b->mfn, address);
	unmap(b, page, b->layout.start_info, 1);
	return 0;
}

/* Everything zero but the masks: no vCPU takes events before it has asked for them. */
static int fill_shared_info(struct builder *b)
{
	uint8_t *page = b->open ? b->open + open_pages(b) * PAGE_SIZE : NULL;
	struct shared_info *shared = (void *)page;

	if (!page)
		shared = hv_map(b->hv, b->guest->domid, PROT_READ | PROT_WRITE, &b->shared_info, 1);
	if (!shared)
		return failed(b, "reach the guest's shared page");
	memset(shared, 0, PAGE_SIZE);
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		shared->vcpu_info[i].evtchn_upcall_mask = 1;
	if (!page)
		hv_unmap(b->hv, shared, 1);
	return 0;
}

static int seed_grants(struct builder *b)
{
	const struct build_guest *g = b->guest;
	struct grant_entry_v1 entries[2] = {
		[GNTTAB_RESERVED_CONSOLE] = {.flags = GTF_permit_access,
					     .domid = (domid_t)g->console_domid,
					     .frame = (uint32_t)g->console_mfn},
		[GNTTAB_RESERVED_XENSTORE] = {.flags = GTF_permit_access,
					      .domid = (domid_t)g->store_domid,
					      .frame = (uint32_t)g->store_mfn},
	};

	/* A version 1 entry has 32 bits for a frame: those above 16 TiB are mapped by number. */
	if (g->console_mfn > UINT32_MAX || g->store_mfn > UINT32_MAX)
		return 0;
	if (b->open)
		memcpy(b->open + (open_pages(b) + 1) * PAGE_SIZE, entries, sizeof(entries));
	else if (hv_seed_grants(b->hv, g->domid, entries, 2))
		return failed(b, "fill in the guest's grant table");
	return 0;
}

static int set_vcpu(struct builder *b)
{
	struct vcpu_guest_context context;
	xen_pfn_t l4 = b->mfn[b->layout.tables];

	if (hv_pin_l4(b->hv, b->guest->domid, l4))
		return failed(b, "have the guest's page tables accepted");
	startinfo_context(&context, &b->layout, b->guest->elf->entry, l4);
	if (hv_set_context(b->hv, b->guest->domid, 0, &context))
		return failed(b, "set the guest's first processor");
	return 0;
}

static int fill(struct builder *b, struct timeline *timeline)
{
	struct build_guest *g = b->guest;
	const struct layout *l = &b->layout;
	struct xen_domctl_getdomaininfo info;

	if (hv_domain_info(b->hv, g->domid, &info))
		return failed(b, "ask about the domain");
	b->shared_info = (xen_pfn_t)info.shared_info_frame;
	open_small(b);
	if (load_kernel(b))
		return -1;
	timeline_mark(timeline, "kernel", b->hv->calls, 0);
	if (l->ramdisk_pages &&
	    put_any(b, l->ramdisk << PAGE_SHIFT, NULL, g->ramdisk, g->ramdisk->size))
		return -1;
	timeline_mark(timeline, "ramdisk", b->hv->calls, 0);
	g->store_mfn = b->mfn[l->store];
	g->console_mfn = b->mfn[l->console];
	if (clear(b, l->store, 1) || clear(b, l->console, 1) || clear(b, l->stack, 1))
		return -1;
	if (fill_p2m(b) || fill_tables(b))
		return -1;
	if (fill_start_info(b))
		return -1;
	if (g->elf->has_hypercall_page &&
	    hv_hypercall_page(b->hv, g->domid,
			      b->mfn[(g->elf->hypercall_page - l->virt_base) >> PAGE_SHIFT]))
		return failed(b, "fill in the guest's hypercall page");
	if (fill_shared_info(b) || seed_grants(b))
		return -1;
	close_small(b);
	timeline_mark(timeline, "tables", b->hv->calls, 0);
	if (set_vcpu(b))
		return -1;
	timeline_mark(timeline, "vcpu", b->hv->calls, 0);
	return 0;
}

int build_guest(struct hv *hv, struct build_guest *guest, struct timeline *timeline,
		struct dais_error *err)
{
	struct builder b = {.hv = hv, .guest = guest, .err = err};
	int ret;

	if (layout_plan(&b.layout, guest->elf, guest->ramdisk ? guest->ramdisk->size : 0,
			guest->pages, err))
		return -1;
	if (hv_set_address_size(hv, guest->domid, 64))
		return failed(&b, "make it a 64-bit guest");
	if (claim(&b, guest->pages))
		return -1;
	ret = take_memory(&b);
	/* What was claimed and not taken goes back, whatever came of it. */
	if (claim(&b, 0))
		ret = -1;
	timeline_mark(timeline, "memory", hv->calls, 0);
	if (!ret)
		ret = fill(&b, timeline);
	close_small(&b);
	free(b.mfn);
	return ret;
}
