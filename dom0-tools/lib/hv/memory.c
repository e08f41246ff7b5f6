// SPDX-License-Identifier: MIT
/*
 * memory_op, mmuext_op and foreign mappings. Work is sent in the largest batches that the bulk
 * buffer takes: the number of hypercalls is what a create costs.
 */
#include "hv/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/call.h"

long hv_populate(struct hv *hv, uint32_t domid, unsigned int order, const xen_pfn_t *pfn,
		 xen_pfn_t *mfn, unsigned long count)
{
	struct xen_memory_reservation *op = hv->op;
	const unsigned long most = HV_BULK_SIZE / sizeof(xen_pfn_t);
	xen_pfn_t *extents = hv_bulk(hv, (count < most ? count : most) * sizeof(*extents));
	unsigned long done = 0;

	if (!extents)
		return -1;
	while (done < count) {
		unsigned long batch = count - done;
		long got;

		if (batch > most)
			batch = most;
		memcpy(extents, pfn + done, batch * sizeof(*extents));
		memset(op, 0, sizeof(*op));
		set_xen_guest_handle(op->extent_start, extents);
		op->nr_extents = batch;
		op->extent_order = order;
		op->domid = (domid_t)domid;
		got = memory_op(hv, XENMEM_populate_physmap);
		if (got < 0)
			return done ? (long)done : -1;
		memcpy(mfn + done, extents, (size_t)got * sizeof(*extents));
		done += (unsigned long)got;
		if ((unsigned long)got < batch)
			break;
	}
	return (long)done;
}

int hv_claim(struct hv *hv, uint32_t domid, uint64_t pages)
{
	struct xen_memory_reservation *op = hv->op;

	memset(op, 0, sizeof(*op));
	op->nr_extents = pages;
	op->domid = (domid_t)domid;
	return memory_op(hv, XENMEM_claim_pages) < 0 ? -1 : 0;
}

/* The layout of an entry is the BIOS's, 20 bytes without padding (abi-rows.md C.7, h12.13). */
struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

int hv_memory_map(struct hv *hv, uint32_t domid, uint64_t bytes)
{
	struct xen_foreign_memory_map *op = hv->op;
	struct e820_entry *entry = (void *)((char *)hv->op + 1024);

	memset(op, 0, sizeof(*op));
	op->domid = (domid_t)domid;
	op->map.nr_entries = 1;
	set_xen_guest_handle(op->map.buffer, (void *)entry);
	entry->addr = 0;
	entry->size = bytes;
	entry->type = 1;
	return memory_op(hv, XENMEM_set_memory_map) < 0 ? -1 : 0;
}

void *hv_map(struct hv *hv, uint32_t domid, int prot, const xen_pfn_t *mfn, size_t count)
{
	return xenforeignmemory_map(hv->memory, domid, prot, count, mfn, NULL);
}

void hv_unmap(struct hv *hv, void *at, size_t count)
{
	int saved = errno;

	if (at)
		xenforeignmemory_unmap(hv->memory, at, count);
	errno = saved;
}

static int mmuext(struct hv *hv, uint32_t domid, struct mmuext_op *ops, size_t count)
{
	hv->calls++;
	return xencall4(hv->call, __HYPERVISOR_mmuext_op, (uintptr_t)ops, count, 0, domid) < 0 ? -1
											       : 0;
}

int hv_clear(struct hv *hv, uint32_t domid, const xen_pfn_t *mfn, size_t count)
{
	const size_t most = HV_BULK_SIZE / sizeof(struct mmuext_op);
	struct mmuext_op *ops = hv_bulk(hv, (count < most ? count : most) * sizeof(*ops));

	if (!ops)
		return -1;
	for (size_t done = 0; done < count;) {
		size_t batch = count - done < most ? count - done : most;

		memset(ops, 0, batch * sizeof(*ops));
		for (size_t i = 0; i < batch; i++) {
			ops[i].cmd = MMUEXT_CLEAR_PAGE;
			ops[i].arg1.mfn = mfn[done + i];
		}
		if (mmuext(hv, domid, ops, batch))
			return -1;
		done += batch;
	}
	return 0;
}

int hv_pin_l4(struct hv *hv, uint32_t domid, xen_pfn_t mfn)
{
	struct mmuext_op *op = hv->op;

	memset(op, 0, sizeof(*op));
	op->cmd = MMUEXT_PIN_L4_TABLE;
	op->arg1.mfn = mfn;
	return mmuext(hv, domid, op, 1);
}

int hv_grant_frame(struct hv *hv, uint32_t domid, xen_pfn_t *mfn)
{
	struct gnttab_setup_table *op = hv->op;
	xen_pfn_t *frame = (void *)((char *)hv->op + 1024);

	memset(op, 0, sizeof(*op));
	op->dom = (domid_t)domid;
	op->nr_frames = 1;
	set_xen_guest_handle(op->frame_list, frame);
	hv->calls++;
	if (xencall3(hv->call, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (uintptr_t)op,
		     1) < 0)
		return -1;
	if (op->status != GNTST_okay) {
		errno = EINVAL;
		return -1;
	}
	*mfn = *frame;
	return 0;
}

/* Without XENMEM_acquire_resource: the table's frame by its number, then a foreign mapping. */
static int seed_by_setup(struct hv *hv, uint32_t domid, const struct grant_entry_v1 *entries,
			 unsigned int count)
{
	xen_pfn_t mfn;
	void *table;

	if (hv_grant_frame(hv, domid, &mfn))
		return -1;
	table = hv_map(hv, domid, PROT_READ | PROT_WRITE, &mfn, 1);
	if (!table)
		return -1;
	memcpy(table, entries, count * sizeof(*entries));
	hv_unmap(hv, table, 1);
	return 0;
}

int hv_seed_grants(struct hv *hv, uint32_t domid, const struct grant_entry_v1 *entries,
		   unsigned int count)
{
	xenforeignmemory_resource_handle *resource;
	void *table = NULL;

	resource = xenforeignmemory_map_resource(
		hv->memory, (domid_t)domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &table, PROT_READ | PROT_WRITE, 0);
	if (!resource)
		return seed_by_setup(hv, domid, entries, count);
	memcpy(table, entries, count * sizeof(*entries));
	return xenforeignmemory_unmap_resource(hv->memory, resource);
}
