// SPDX-License-Identifier: MIT
/*
 * acquire_resource (row h12.28): frame numbers of a domain's pages that its
 * controller maps without going through the domain; the grant table is the one
 * kind that PV guests have.  The frames are the domain's: mapping them takes
 * references like any foreign map.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/guestcopy.h"
#include "gnttab/gnttab.h"
#include "lib/errno.h"
#include "machine/percpu.h"
#include "mm/memoryop.h"
#include "sched/deferred.h"
#include <xen/memory.h>

/* Frames start.. of d's shared table; counts what was done in *done. */
static long grant_frames(struct domain *d, const struct xen_mem_acquire_resource *r,
			 unsigned long start, unsigned long *done)
{
	for (*done = start; *done < r->nr_frames; (*done)++) {
		u64 index = r->frame + *done;
		xen_pfn_t out;
		mfn_t mfn;
		int ret;

		if (*done != start && hypercall_should_preempt())
			return -ERESTART;
		if (index < r->frame || index > ~0u)
			return -EINVAL;
		ret = gnttab_frame(d, (unsigned int)index, &mfn);
		if (ret)
			return ret;
		out = mfn.m;
		if (guest_write(guest_handle_addr(r->frame_list, *done), &out, sizeof(out)))
			return -EFAULT;
	}
	return 0;
}

long memop_acquire_resource(unsigned long arg, unsigned long start)
{
	struct xen_mem_acquire_resource r;
	unsigned long done;
	struct domain *d;
	long ret = -EPERM;

	if (guest_read(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.pad)
		return -EINVAL;
	d = domain_get(r.domid);
	if (!d)
		return -ESRCH;
	/* Of others only: oneself has setup_table. */
	if (d == current->domain || !privileged(current->domain, PRIV_GRANT_TABLE, d))
		goto out;
	ret = -EOPNOTSUPP;
	if (r.type != XENMEM_resource_grant_table)
		goto out;
	ret = -EINVAL;
	if (r.id != XENMEM_resource_grant_table_id_shared || start > r.nr_frames)
		goto out;
	if (guest_handle_null(r.frame_list)) {
		if (r.nr_frames)
			goto out;
		r.nr_frames = d->max_grant_frames;
		ret = guest_write(arg, &r, sizeof(r));
		goto out;
	}
	ret = grant_frames(d, &r, start, &done);
	if (ret == -ERESTART)
		ret = memory_op_continue(XENMEM_acquire_resource, done);
out:
	domain_put(d);
	return ret;
}
