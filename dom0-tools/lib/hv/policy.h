/* SPDX-License-Identifier: MIT */
/*
 * CPU policies: what CPUID shows, as a list of leaves (abi-rows.md E.3, E.4). 0, or -1 with errno.
 */
#ifndef DAIS_HV_POLICY_H
#define DAIS_HV_POLICY_H

#include <stdint.h>

#include <xen/xen.h>

#include "hv/handle.h"

#define HV_POLICY_LEAVES 256

struct hv_policy {
	uint32_t count;
	xen_cpuid_leaf_t leaves[HV_POLICY_LEAVES];
};

/* Policy XEN_SYSCTL_cpu_policy_... of the machine; what this domain is shown. */
int hv_system_policy(struct hv *hv, uint32_t index, struct hv_policy *policy);
int hv_domain_policy(struct hv *hv, uint32_t domid, struct hv_policy *policy);

/* Changes the leaves that @policy has: all, or none. *@refused: which one was no good. */
int hv_set_policy(struct hv *hv, uint32_t domid, const struct hv_policy *policy, uint32_t *refused);

/* The leaf, or NULL. Without subleaves of its own it is found by any. */
xen_cpuid_leaf_t *hv_policy_leaf(struct hv_policy *policy, uint32_t leaf, uint32_t subleaf);

#endif
