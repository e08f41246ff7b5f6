// SPDX-License-Identifier: MIT
/*
 * memory_op: the table of sub-ops, and those that only ask or tell: sizes,
 * memory maps, where the machine-to-physical table is.
 *
 * A sub-op reads its argument before it looks at rights, so that a bad pointer
 * is -EFAULT to everyone; replies are whole structures that start out zeroed.
 */
#include "mm/memoryop.h"

#include "boot/memmap.h"
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/string.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/reserve.h"
#include "mm/slab.h"
#include <xen/memory.h>

#define GUEST_E820_MAX 128u
/* What a domain that may be migrated is told as the highest frame number it can meet. */
#define MAX_MFN_TOLD 0x7ffffffffUL
#define M2P_CHUNK_FRAMES 512u /* of a 2 MiB piece of the table */

long memory_op_continue(unsigned int op, unsigned long next)
{
	return hypercall_continue1(op | next << MEMOP_OP_BITS);
}

/* A domain named in an argument, if the caller may ask about its memory. */
static struct domain *query_target(domid_t domid, long *err)
{
	struct domain *d = domain_get(domid);

	*err = d ? -EPERM : -ESRCH;
	if (d && !privileged(current->domain, PRIV_QUERY_MEMORY, d)) {
		domain_put(d);
		d = NULL;
	}
	return d;
}

/* --- numbers --- */

static long maximum_ram_page(unsigned long arg __unused, unsigned long start __unused)
{
	return (long)(memmap_ram_end(memmap_machine()) >> PAGE_SHIFT) - 1;
}

enum number { CURRENT_PAGES, MAXIMUM_PAGES, MAXIMUM_GPFN };

/* What the guest says of itself, for tools that look for its p2m. */
static long told_gpfn(const struct domain *d)
{
	mfn_t mfn = d->shared_info_mfn;
	u64 max_pfn;

	if (!frame_get(mfn, d)) /* gone already */
		return 0;
	max_pfn = READ_ONCE(((struct shared_info *)mfn_to_virt(mfn))->arch.max_pfn);
	frame_put(mfn);
	/* Nothing that could pass for an error. */
	return (long)min(max_pfn ? max_pfn - 1 : 0, (u64)MAX_MFN_TOLD);
}

static long domain_number(unsigned long arg, enum number which)
{
	struct xen_memory_domain who;
	struct domain *d;
	long ret;

	if (guest_read(&who, arg, sizeof(who)))
		return -EFAULT;
	d = query_target(who.domid, &ret);
	if (!d)
		return ret;
	if (which == CURRENT_PAGES)
		ret = (long)READ_ONCE(d->mem.tot_pages);
	else if (which == MAXIMUM_PAGES)
		ret = (long)min(READ_ONCE(d->mem.max_pages), 0xffffffffUL);
	else
		ret = told_gpfn(d);
	domain_put(d);
	return ret;
}

static long current_reservation(unsigned long arg, unsigned long start __unused)
{
	return domain_number(arg, CURRENT_PAGES);
}

static long maximum_reservation(unsigned long arg, unsigned long start __unused)
{
	return domain_number(arg, MAXIMUM_PAGES);
}

static long maximum_gpfn(unsigned long arg, unsigned long start __unused)
{
	return domain_number(arg, MAXIMUM_GPFN);
}

/* --- the machine-to-physical table --- */

static long machphys_mapping(unsigned long arg, unsigned long start __unused)
{
	struct xen_machphys_mapping m = {
		.v_start = M2P_START,
		.v_end = M2P_END_MAX,
		.max_mfn = current->domain->is_privileged ? max_mfn - 1 : MAX_MFN_TOLD,
	};

	return guest_write(arg, &m, sizeof(m));
}

static long machphys_mfn_list(unsigned long arg, unsigned long start __unused)
{
	struct xen_machphys_mfn_list list;
	unsigned long chunks = DIV_ROUND_UP(max_mfn, M2P_CHUNK_FRAMES * 512UL);
	unsigned int i;

	if (guest_read(&list, arg, sizeof(list)))
		return -EFAULT;
	if (!privileged(current->domain, PRIV_SYSTEM, NULL))
		return -EPERM;
	/* At most 32 Ki chunks on the largest machine: not worth a continuation. */
	for (i = 0; i < list.max_extents && i < chunks; i++) {
		xen_pfn_t mfn = virt_to_mfn(m2p_writable).m + i * (unsigned long)M2P_CHUNK_FRAMES;

		if (guest_write(guest_handle_addr(list.extent_start, i), &mfn, sizeof(mfn)))
			return -EFAULT;
	}
	list.nr_extents = i;
	return guest_write(arg, &list, sizeof(list));
}

/* --- memory maps --- */

static long machine_memory_map(unsigned long arg, unsigned long start __unused)
{
	const struct memmap *map = memmap_machine();
	struct xen_memory_map m;
	unsigned int i;

	if (guest_read(&m, arg, sizeof(m)))
		return -EFAULT;
	if (!privileged(current->domain, PRIV_SYSTEM, NULL))
		return -EPERM;
	if (guest_handle_null(m.buffer)) {
		m.nr_entries = map->count;
		return guest_write(arg, &m, sizeof(m));
	}
	for (i = 0; i < map->count && i < m.nr_entries; i++) {
		const struct mem_range *r = &map->ranges[i];
		struct e820entry e = {r->start, r->end - r->start, r->type};

		if (guest_write((unsigned long)m.buffer.p + i * sizeof(e), &e, sizeof(e)))
			return -EFAULT;
	}
	m.nr_entries = i;
	return guest_write(arg, &m, sizeof(m));
}

static long memory_map(unsigned long arg, unsigned long start __unused)
{
	struct e820entry copy[GUEST_E820_MAX];
	struct domain *d = current->domain;
	struct xen_memory_map m;
	unsigned int n;

	if (guest_read(&m, arg, sizeof(m)))
		return -EFAULT;
	spin_lock(&d->lock);
	n = min(d->e820_count, m.nr_entries);
	if (d->e820)
		memcpy(copy, d->e820, n * sizeof(copy[0]));
	spin_unlock(&d->lock);
	if (!d->e820)
		return -ENOSYS;
	m.nr_entries = n;
	if (guest_write((unsigned long)m.buffer.p, copy, n * sizeof(copy[0])))
		return -EFAULT;
	return guest_write(arg, &m, sizeof(m));
}

static long set_memory_map(unsigned long arg, unsigned long start __unused)
{
	struct xen_foreign_memory_map f;
	struct e820entry *map, *old;
	struct domain *d;
	int err;

	if (guest_read(&f, arg, sizeof(f)))
		return -EFAULT;
	if (!f.map.nr_entries || f.map.nr_entries > GUEST_E820_MAX)
		return -EINVAL;
	d = memop_target(f.domid, &err);
	if (!d)
		return err;
	map = kcalloc(GUEST_E820_MAX, sizeof(*map));
	err = map ? guest_read(map, (unsigned long)f.map.buffer.p, f.map.nr_entries * sizeof(*map))
		  : -ENOMEM;
	if (err) {
		kfree(map);
	} else {
		spin_lock(&d->lock);
		old = d->e820;
		d->e820 = map;
		d->e820_count = f.map.nr_entries;
		spin_unlock(&d->lock);
		kfree(old);
	}
	domain_put(d);
	return err;
}

/* --- fixed answers --- */

/* Sub-ops of translated guests: a readable argument, then no. */
static long fixed_answer(unsigned long arg, size_t size, long answer)
{
	u8 probe[sizeof(struct xen_vnuma_topology_info)];

	return guest_read(probe, arg, size) ? -EFAULT : answer;
}

static long add_to_physmap(unsigned long arg, unsigned long start __unused)
{
	return fixed_answer(arg, sizeof(struct xen_add_to_physmap), -EACCES);
}

static long add_to_physmap_batch(unsigned long arg, unsigned long start __unused)
{
	return fixed_answer(arg, sizeof(struct xen_add_to_physmap_batch), -EACCES);
}

static long remove_from_physmap(unsigned long arg, unsigned long start __unused)
{
	return fixed_answer(arg, sizeof(struct xen_remove_from_physmap), -EOPNOTSUPP);
}

static long pod_target(unsigned long arg, unsigned long start __unused)
{
	return fixed_answer(arg, sizeof(struct xen_pod_target), -EINVAL);
}

static long access_op(unsigned long arg, unsigned long start __unused)
{
	return fixed_answer(arg, sizeof(struct xen_mem_access_op), -ENOSYS);
}

static long no_sharing(unsigned long arg __unused, unsigned long start __unused)
{
	return 0; /* pages shared, and pages that sharing freed: none */
}

static long no_compat(unsigned long arg __unused, unsigned long start __unused)
{
	return -EOPNOTSUPP;
}

/* No vNUMA: -EOPNOTSUPP is the one number that the save path takes for "none". */
static long vnuma_info(unsigned long arg, unsigned long start __unused)
{
	struct xen_vnuma_topology_info info;
	struct domain *d;
	long ret;

	if (guest_read(&info, arg, sizeof(info)))
		return -EFAULT;
	d = query_target(info.domid, &ret);
	if (!d)
		return ret;
	domain_put(d);
	return -EOPNOTSUPP;
}

/* Without an IOMMU no device needs memory mapped at fixed places. */
static long reserved_device_memory(unsigned long arg, unsigned long start __unused)
{
	struct xen_reserved_device_memory_map map;

	if (guest_read(&map, arg, sizeof(map)))
		return -EFAULT;
	if (map.flags & ~XENMEM_RDM_ALL)
		return -EINVAL;
	map.nr_entries = 0;
	return guest_write(arg, &map, sizeof(map));
}

/* --- the table --- */

typedef long memop_fn(unsigned long arg, unsigned long start);

static memop_fn *const table[] = {
	[XENMEM_increase_reservation] = memop_increase_reservation,
	[XENMEM_decrease_reservation] = memop_decrease_reservation,
	[XENMEM_maximum_ram_page] = maximum_ram_page,
	[XENMEM_current_reservation] = current_reservation,
	[XENMEM_maximum_reservation] = maximum_reservation,
	[XENMEM_machphys_mfn_list] = machphys_mfn_list,
	[XENMEM_populate_physmap] = memop_populate_physmap,
	[XENMEM_add_to_physmap] = add_to_physmap,
	[XENMEM_memory_map] = memory_map,
	[XENMEM_machine_memory_map] = machine_memory_map,
	[XENMEM_exchange] = memop_exchange,
	[XENMEM_machphys_mapping] = machphys_mapping,
	[XENMEM_set_memory_map] = set_memory_map,
	[XENMEM_maximum_gpfn] = maximum_gpfn,
	[XENMEM_remove_from_physmap] = remove_from_physmap,
	[XENMEM_set_pod_target] = pod_target,
	[XENMEM_get_pod_target] = pod_target,
	[XENMEM_get_sharing_freed_pages] = no_sharing,
	[XENMEM_get_sharing_shared_pages] = no_sharing,
	[XENMEM_access_op] = access_op,
	[XENMEM_add_to_physmap_batch] = add_to_physmap_batch,
	[XENMEM_claim_pages] = memop_claim_pages,
	[XENMEM_machphys_compat_mfn_list] = no_compat,
	[XENMEM_get_vnumainfo] = vnuma_info,
	[XENMEM_reserved_device_memory_map] = reserved_device_memory,
	[XENMEM_acquire_resource] = memop_acquire_resource,
};

long hc_memory_op(unsigned long cmd, unsigned long arg)
{
	unsigned long op = cmd & (BIT(MEMOP_OP_BITS) - 1);

	if (op >= ARRAY_SIZE(table))
		return -ENOSYS;
	op = index_nospec(op, ARRAY_SIZE(table));
	return table[op] ? table[op](arg, cmd >> MEMOP_OP_BITS) : -ENOSYS;
}
