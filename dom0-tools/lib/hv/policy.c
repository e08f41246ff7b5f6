// SPDX-License-Identifier: MIT
/*
 * CPU policies out of the hypervisor and into it. The leaves travel through the bulk buffer.
 */
#include "hv/policy.h"

#include <errno.h>
#include <string.h>

#include "hv/call.h"

_Static_assert(sizeof(((struct hv_policy *)0)->leaves) <= HV_BULK_SIZE, "a policy fits");

static void take(struct hv_policy *policy, uint32_t count, const void *leaves)
{
	policy->count = count < HV_POLICY_LEAVES ? count : HV_POLICY_LEAVES;
	memcpy(policy->leaves, leaves, policy->count * sizeof(*policy->leaves));
}

int hv_system_policy(struct hv *hv, uint32_t index, struct hv_policy *policy)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_get_cpu_policy);
	void *leaves = hv_bulk(hv, sizeof(policy->leaves));

	if (!leaves)
		return -1;
	op->u.cpu_policy.index = index;
	op->u.cpu_policy.nr_leaves = HV_POLICY_LEAVES;
	set_xen_guest_handle(op->u.cpu_policy.leaves, leaves);
	if (sysctl_call(hv))
		return -1;
	take(policy, op->u.cpu_policy.nr_leaves, leaves);
	return 0;
}

static struct xen_domctl *start(struct hv *hv, uint32_t cmd, uint32_t domid, void *leaves,
				uint32_t count)
{
	struct xen_domctl *op = domctl_start(hv, cmd, domid);

	op->u.cpu_policy.nr_leaves = count;
	set_xen_guest_handle(op->u.cpu_policy.leaves, leaves);
	return op;
}

int hv_domain_policy(struct hv *hv, uint32_t domid, struct hv_policy *policy)
{
	void *leaves = hv_bulk(hv, sizeof(policy->leaves));
	struct xen_domctl *op;

	if (!leaves)
		return -1;
	op = start(hv, XEN_DOMCTL_get_cpu_policy, domid, leaves, HV_POLICY_LEAVES);
	if (domctl_call(hv))
		return -1;
	take(policy, op->u.cpu_policy.nr_leaves, leaves);
	return 0;
}

int hv_set_policy(struct hv *hv, uint32_t domid, const struct hv_policy *policy, uint32_t *refused)
{
	void *leaves = hv_bulk(hv, sizeof(policy->leaves));
	struct xen_domctl *op;
	int ret;

	if (!leaves)
		return -1;
	memcpy(leaves, policy->leaves, policy->count * sizeof(*policy->leaves));
	op = start(hv, XEN_DOMCTL_set_cpu_policy, domid, leaves, policy->count);
	ret = domctl_call(hv);
	*refused = op->u.cpu_policy.err_leaf;
	return ret;
}

xen_cpuid_leaf_t *hv_policy_leaf(struct hv_policy *policy, uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < policy->count; i++) {
		xen_cpuid_leaf_t *l = &policy->leaves[i];

		if (l->leaf == leaf &&
		    (l->subleaf == subleaf || l->subleaf == XEN_CPUID_NO_SUBLEAF))
			return l;
	}
	return NULL;
}
