// SPDX-License-Identifier: MIT
/*
 * grant_table_op (rows h20.* of docs/abi-coverage.md): arrays of operations.
 *
 * The value of the call says whether the array could be read and written; how
 * an operation went is in its own status.  A long array is worked through in
 * slices: the call is executed again with the array and the count moved on.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "gnttab/gnttab.h"
#include "lib/string.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"

/* Unmaps between two TLB flushes; bounds the stack too. */
#define UNMAP_BATCH 32u
/* Elements between two looks at whether others want the CPU. */
#define SLICE 16u

/* Does up to *count operations from va on; returns 0 and how many in *count, or an error. */
typedef long op_fn(unsigned long va, u32 *count);

/* In line, so that the size is a constant. */
static __force_inline int put_back(unsigned long va, u32 index, const void *op, size_t size)
{
	return guest_store(va + index * size, op, size);
}

/* Of an operation only what it answers, which is at its end: from byte `from` on. */
static __force_inline int answer(unsigned long va, u32 index, const void *op, size_t size,
				 size_t from)
{
	return guest_store(va + index * size + from, (const u8 *)op + from, size - from);
}

#define MAP_ANSWER 16u
#define UNMAP_ANSWER 16u
#define COPY_ANSWER 32u
static_assert(offsetof(struct gnttab_map_grant_ref, status) >= MAP_ANSWER, "behind it");
static_assert(offsetof(struct gnttab_map_grant_ref, handle) >= MAP_ANSWER, "behind it");
static_assert(offsetof(struct gnttab_map_grant_ref, dev_bus_addr) >= MAP_ANSWER, "behind it");
static_assert(offsetof(struct gnttab_unmap_grant_ref, status) >= UNMAP_ANSWER, "behind it");
static_assert(offsetof(struct gnttab_copy, status) >= COPY_ANSWER, "behind it");

static long map_ops(unsigned long va, u32 *count)
{
	u32 end = min(*count, SLICE);

	for (*count = 0; *count < end; (*count)++) {
		struct gnttab_map_grant_ref op;

		if (guest_fetch(&op, va + *count * sizeof(op), sizeof(op)))
			return -EFAULT;
		gnttab_map(&op);
		if (answer(va, *count, &op, sizeof(op), MAP_ANSWER))
			return -EFAULT;
	}
	return 0;
}

/* All entries of a batch go, then one flush, then the pages and marks. */
static long unmap_ops(unsigned long va, u32 *count)
{
	struct grant_unmap batch[UNMAP_BATCH];
	u32 end = min(*count, UNMAP_BATCH);
	bool flush = false;
	long ret = 0;

	for (*count = 0; !ret && *count < end; (*count)++) {
		struct gnttab_unmap_grant_ref op;

		batch[*count].track = NULL;
		if (guest_fetch(&op, va + *count * sizeof(op), sizeof(op))) {
			ret = -EFAULT;
			break;
		}
		op.status = gnttab_unmap_begin(&op, &batch[*count]);
		flush |= batch[*count].track && (batch[*count].done & GNTMAP_host_map);
		if (answer(va, *count, &op, sizeof(op), UNMAP_ANSWER))
			ret = -EFAULT;
	}
	if (flush)
		tlb_flush_cpus(&current->domain->dirty_cpus);
	for (u32 i = 0; i < *count; i++)
		gnttab_unmap_finish(&batch[i]);
	return ret;
}

static long copy_ops(unsigned long va, u32 *count)
{
	struct copy_state state;
	u32 end = min(*count, SLICE);
	long ret = 0;

	state.source.valid = state.dest.valid = false;
	for (*count = 0; !ret && *count < end; (*count)++) {
		struct gnttab_copy op;

		if (guest_fetch(&op, va + *count * sizeof(op), sizeof(op))) {
			ret = -EFAULT;
			break;
		}
		op.status = gnttab_copy_one(&state, &op);
		if (answer(va, *count, &op, sizeof(op), COPY_ANSWER))
			ret = -EFAULT;
	}
	gnttab_copy_end(&state);
	return ret;
}

static long swap_ops(unsigned long va, u32 *count)
{
	u32 end = min(*count, SLICE);

	for (*count = 0; *count < end; (*count)++) {
		struct gnttab_swap_grant_ref op;

		if (guest_fetch(&op, va + *count * sizeof(op), sizeof(op)))
			return -EFAULT;
		op.status = gnttab_swap_refs(&op);
		if (put_back(va, *count, &op, sizeof(op)))
			return -EFAULT;
	}
	return 0;
}

/* --- single operations --- */

static long setup_table(unsigned long va)
{
	struct gnttab_setup_table op;

	if (guest_fetch(&op, va, sizeof(op)))
		return -EFAULT;
	op.status = gnttab_setup_table(&op);
	return put_back(va, 0, &op, sizeof(op));
}

static long query_size(unsigned long va)
{
	struct gnttab_query_size op;

	if (guest_fetch(&op, va, sizeof(op)))
		return -EFAULT;
	op.status = gnttab_query_size(&op);
	return put_back(va, 0, &op, sizeof(op));
}

static long set_version(unsigned long va)
{
	struct gnttab_set_version op;

	if (guest_fetch(&op, va, sizeof(op)))
		return -EFAULT;
	if (op.version != 1 && op.version != 2)
		return -EINVAL;
	/* Version 2 is not offered (row D30); version 1 is what every table has. */
	if (op.version == 2)
		return -ENOSYS;
	return put_back(va, 0, &op, sizeof(op));
}

static long get_status_frames(unsigned long va)
{
	struct gnttab_get_status_frames op;

	if (guest_fetch(&op, va, sizeof(op)))
		return -EFAULT;
	op.status = GNTST_general_error; /* of version 2 only */
	return put_back(va, 0, &op, sizeof(op));
}

static long get_version(unsigned long va)
{
	struct gnttab_get_version op;
	struct domain *d;
	bool allowed;

	if (guest_fetch(&op, va, sizeof(op)))
		return -EFAULT;
	d = domain_get(op.dom);
	if (!d)
		return -ESRCH;
	allowed = privileged(current->domain, PRIV_GRANT_TABLE, d);
	domain_put(d);
	if (!allowed)
		return -EPERM;
	op.version = 1;
	return put_back(va, 0, &op, sizeof(op));
}

/* --- the table --- */

static const struct {
	op_fn *many;
	size_t size; /* of an element */
	long (*one)(unsigned long va); /* takes exactly one */
} table[] = {
	[GNTTABOP_map_grant_ref] = {map_ops, sizeof(struct gnttab_map_grant_ref), NULL},
	[GNTTABOP_unmap_grant_ref] = {unmap_ops, sizeof(struct gnttab_unmap_grant_ref), NULL},
	[GNTTABOP_setup_table] = {NULL, 0, setup_table},
	[GNTTABOP_copy] = {copy_ops, sizeof(struct gnttab_copy), NULL},
	[GNTTABOP_query_size] = {NULL, 0, query_size},
	[GNTTABOP_set_version] = {NULL, 0, set_version},
	[GNTTABOP_get_status_frames] = {NULL, 0, get_status_frames},
	[GNTTABOP_get_version] = {NULL, 0, get_version},
	[GNTTABOP_swap_grant_ref] = {swap_ops, sizeof(struct gnttab_swap_grant_ref), NULL},
};

long hc_grant_table_op(unsigned long cmd, unsigned long va, unsigned long count)
{
	u32 left = (u32)count;

	cmd = (u32)cmd;
	/* The bits above a command are a continuation's, which ours do not need. */
	if ((s32)left < 0 || cmd >> 12)
		return -EINVAL;
	/* dump_table, transfer, unmap_and_replace and cache_flush have no user and no entry. */
	if (cmd >= ARRAY_SIZE(table))
		return -ENOSYS;
	cmd = index_nospec(cmd, ARRAY_SIZE(table));
	if (table[cmd].one)
		return left == 1 ? table[cmd].one(va) : -EINVAL;
	if (!table[cmd].many)
		return -ENOSYS;
	while (left) {
		u32 done = left;
		long ret = table[cmd].many(va, &done);

		if (ret)
			return ret;
		va += done * table[cmd].size;
		left -= done;
		if (left && hypercall_should_preempt()) {
			unsigned long args[] = {cmd, va, left};

			return hypercall_continue(ARRAY_SIZE(args), args);
		}
	}
	return 0;
}
