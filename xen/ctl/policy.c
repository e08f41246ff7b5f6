// SPDX-License-Identifier: MIT
/*
 * CPU policies in and out, as the tools exchange them: a list of CPUID leaves
 * and a list of MSRs.  Which leaf values a guest may have is entry/cpuid.c's to say.
 *
 * The only MSR in a policy is PLATFORM_INFO, whose one feature (faulting CPUID)
 * guests do not have.
 */
#include "ctl/domctl.h"
#include "domain/domain.h"
#include "entry/cpuid.h"
#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "machine/percpu.h"

#define HYPERVISOR_LEAF 0x40000000u
#define MSR_PLATFORM_INFO 0xceu
#define MSR_ARCH_CAPS 0x10au
/* What the tools make room for: their own forms of a policy have more leaves than ours. */
#define LEAVES_TOLD 160u
#define MSRS_TOLD 2u
#define LEAVES_ACCEPTED 512u
/*
 * The stock tools serialise into as many leaves as they were given, and have a few that we
 * leave out (cache levels that are not there, the hypervisor's): empty ones make the room.
 */
#define LEAVES_PADDING 12u
#define NOTHING (~0u)

int policy_write(const struct cpu_policy *p, u32 *nr_leaves, unsigned long leaves, u32 *nr_msrs,
		 unsigned long msrs)
{
	const struct xen_msr_entry platform = {.idx = MSR_PLATFORM_INFO};
	const struct xen_cpuid_leaf padding = {HYPERVISOR_LEAF, XEN_CPUID_NO_SUBLEAF, 0, 0, 0, 0};
	u32 room = *nr_leaves, room_msrs = *nr_msrs, count = p->count + LEAVES_PADDING;
	int ret = 0;

	*nr_leaves = leaves ? count : LEAVES_TOLD;
	*nr_msrs = msrs ? 1 : MSRS_TOLD;
	if (leaves) {
		if (room < count)
			ret = -ENOBUFS;
		else if (guest_write(leaves, p->leaf, p->count * sizeof(p->leaf[0])))
			return -EFAULT;
		for (u32 i = p->count; !ret && i < count; i++)
			if (guest_write(leaves + i * sizeof(padding), &padding, sizeof(padding)))
				return -EFAULT;
	}
	if (msrs) {
		if (!room_msrs)
			ret = -ENOBUFS;
		else if (guest_write(msrs, &platform, sizeof(platform)))
			return -EFAULT;
	}
	return ret;
}

long domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *c = &op->u.cpu_policy;

	if (guest_handle_null(c->leaves) && guest_handle_null(c->msrs))
		return -EINVAL;
	return policy_write(d->cpu_policy, &c->nr_leaves, guest_handle_addr(c->leaves, 0),
			    &c->nr_msrs, guest_handle_addr(c->msrs, 0))
		       ?: DOMCTL_COPY_BACK;
}

static int check_msrs(struct xen_domctl_cpu_policy *c)
{
	struct xen_msr_entry m;

	for (u32 i = 0; i < c->nr_msrs; i++) {
		if (guest_read(&m, guest_handle_addr(c->msrs, i), sizeof(m)))
			return -EFAULT;
		if (m.flags || (m.idx != MSR_PLATFORM_INFO && m.idx != MSR_ARCH_CAPS) || m.val) {
			c->err_msr = m.idx;
			return -EINVAL;
		}
	}
	return 0;
}

/* Twice over the caller's list: what changed in between is checked again as it is set. */
static int each_leaf(struct domain *d, struct xen_domctl_cpu_policy *c, bool commit)
{
	struct xen_cpuid_leaf leaf;

	for (u32 i = 0; i < c->nr_leaves; i++) {
		if (guest_read(&leaf, guest_handle_addr(c->leaves, i), sizeof(leaf)))
			return -EFAULT;
		if (cpu_policy_set_leaf(d, &leaf, commit)) {
			c->err_leaf = leaf.leaf;
			c->err_subleaf = leaf.subleaf;
			return -EINVAL;
		}
	}
	return 0;
}

/* What was refused is told in the argument, which is copied back also on an error. */
long domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *c = &op->u.cpu_policy;
	int ret;

	if (d == current->domain || !READ_ONCE(d->pause_count))
		return -EINVAL;
	if (c->nr_leaves > LEAVES_ACCEPTED || c->nr_msrs > MSRS_TOLD)
		return -E2BIG;
	c->err_leaf = c->err_subleaf = c->err_msr = NOTHING;
	ret = check_msrs(c);
	if (!ret)
		ret = each_leaf(d, c, false);
	if (!ret)
		ret = each_leaf(d, c, true);
	return ret ? ret : DOMCTL_COPY_BACK;
}
