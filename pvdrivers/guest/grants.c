// SPDX-License-Identifier: MIT
/* Grants, version 1: one shared frame of 512 entries, of which the first 8 are reserved. */
#include "pvrt.h"

#define ENTRIES 512

struct grant_entry_v1 *grant_table;

static bool used[ENTRIES];

void grants_init(void)
{
	xen_pfn_t frame;
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};
	long rc;

	if (grant_table)
		return;
	set_xen_guest_handle(s.frame_list, &frame);
	rc = gnttab_op(GNTTABOP_setup_table, &s, 1);
	if (rc || s.status)
		panic("setup_table: %ld, status %d", rc, s.status);
	grant_table = map_frame(frame, PTE_KERNEL);
	for (unsigned int i = 0; i < GNTTAB_NR_RESERVED_ENTRIES; i++)
		used[i] = true;
}

grant_ref_t grant_access(domid_t who, uint64_t mfn, bool readonly)
{
	grant_ref_t ref = 0;

	while (used[ref])
		if (++ref == ENTRIES)
			panic("out of grant references");
	used[ref] = true;
	grant_table[ref].domid = who;
	grant_table[ref].frame = (uint32_t)mfn;
	barrier(); /* the entry is live from here */
	WRITE_ONCE(grant_table[ref].flags, GTF_permit_access | (readonly ? GTF_readonly : 0));
	return ref;
}

bool grant_end(grant_ref_t ref)
{
	uint16_t flags = READ_ONCE(grant_table[ref].flags);

	do {
		if (flags & (GTF_reading | GTF_writing))
			return false;
	} while (!__atomic_compare_exchange_n(&grant_table[ref].flags, &flags, 0, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	used[ref] = false;
	return true;
}

long grant_map(domid_t granter, grant_ref_t ref, uintptr_t va, uint32_t flags,
	       struct gnttab_map_grant_ref *op)
{
	long rc;

	*op = (struct gnttab_map_grant_ref){
		.host_addr = va, .flags = flags, .ref = ref, .dom = granter};
	rc = gnttab_op(GNTTABOP_map_grant_ref, op, 1);
	return rc ? rc : op->status;
}

long grant_unmap(grant_handle_t handle, uintptr_t va)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = va, .handle = handle};
	long rc = gnttab_op(GNTTABOP_unmap_grant_ref, &op, 1);

	return rc ? rc : op.status;
}
