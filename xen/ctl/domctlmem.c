// SPDX-License-Identifier: MIT
/*
 * domctl on memory, and on rights to the machine's resources.  The control
 * domain passes on only what it may use itself.
 */
#include "ctl/domctl.h"
#include "domain/domain.h"
#include "domain/ioports.h"
#include "entry/guestcopy.h"
#include "entry/hypercallpage.h"
#include "irq/pirq.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/iomem.h"

#define PAGE_INFO_MAX 1024u /* frames in one call */

/* May be below what the domain has: it then gets no more until it is below that. */
long domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
	spin_lock(&d->mem.lock);
	d->mem.max_pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
	spin_unlock(&d->mem.lock);
	return 0;
}

/* What a frame is used as; a snapshot, exact for a domain that is paused. */
static xen_pfn_t page_type(struct domain *d, mfn_t mfn)
{
	xen_pfn_t info = XEN_DOMCTL_PFINFO_NOTAB;
	u32 type;

	if (!frame_get(mfn, d))
		return XEN_DOMCTL_PFINFO_XTAB;
	type = READ_ONCE(frame_of(mfn)->type);
	if (frame_type_is_table(type) && (type & FRAME_TYPE_COUNT)) {
		info = (xen_pfn_t)(type >> FRAME_TYPE_SHIFT) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
		if (type & FRAME_PINNED)
			info |= XEN_DOMCTL_PFINFO_LPINTAB;
	}
	frame_put(mfn);
	return info;
}

/* In: frame numbers; out: types in the bits above them.  A bad frame is an answer, no error. */
long domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_getpageframeinfo3 *pi = &op->u.getpageframeinfo3;

	if (pi->num > PAGE_INFO_MAX)
		return -E2BIG;
	for (u32 i = 0; i < pi->num; i++) {
		unsigned long va = guest_handle_addr(pi->array, i);
		xen_pfn_t mfn, info;

		if (guest_read(&mfn, va, sizeof(mfn)))
			return -EFAULT;
		info = page_type(d, MFN(mfn));
		if (guest_write(va, &info, sizeof(info)))
			return -EFAULT;
	}
	return 0;
}

long domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
	mfn_t mfn = MFN(op->u.hypercall_init.gmfn);

	if (frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE))
		return -EACCES;
	hypercall_page_fill(mfn_to_virt(mfn));
	frame_put_and_type(mfn);
	return 0;
}

/* One node: a domain is at home there, whatever else it is told. */
long domctl_setnodeaffinity(struct domain *d __unused, struct xen_domctl *op)
{
	u64 nodes = 0;

	if (ctlbitmap_read(&nodes, 64, &op->u.nodeaffinity.nodemap))
		return -EFAULT;
	return nodes & 1 ? 0 : -EINVAL;
}

long domctl_getnodeaffinity(struct domain *d __unused, struct xen_domctl *op)
{
	u64 nodes = 1;

	return ctlbitmap_write(&op->u.nodeaffinity.nodemap, &nodes, 64);
}

/* --- resources of the machine --- */

long domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;
	u64 end = p->first_mfn + p->nr_mfns;

	if (!p->nr_mfns || end <= p->first_mfn)
		return -EINVAL;
	if (!iomem_range_permitted(current->domain, MFN(p->first_mfn), MFN(end)))
		return -EPERM;
	return iomem_permit(d, MFN(p->first_mfn), MFN(end), p->allow_access);
}

long domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ioport_permission *p = &op->u.ioport_permission;

	if (p->first_port > 0xffff || p->nr_ports > 0x10000 - p->first_port)
		return -EINVAL;
	if (!p->nr_ports)
		return 0;
	if (!ioport_permitted(current->domain, p->first_port, p->nr_ports))
		return -EPERM;
	return p->allow_access ? ioports_permit(d, p->first_port, p->nr_ports)
			       : ioports_deny(d, p->first_port, p->nr_ports);
}

long domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_irq_permission *p = &op->u.irq_permission;

	if (p->pirq >= pirq_limit(d))
		return -EINVAL;
	return pirq_permit(d, p->pirq, p->allow_access);
}
