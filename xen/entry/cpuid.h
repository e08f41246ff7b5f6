/* SPDX-License-Identifier: MIT */
/*
 * What a guest may see of the processor (rows B60, B90-B100).  A policy is the
 * list of CPUID leaves as a domain sees them, in the form in which the tools
 * read and write it; what depends on the vCPU is filled in when asked.
 *
 * Policies: the host's, and what a PV guest may have at most, which is also its
 * default.  dom0's adds what only the owner of the hardware can use.
 */
#ifndef DAIS_ENTRY_CPUID_H
#define DAIS_ENTRY_CPUID_H

#include "lib/abi.h"
#include "lib/types.h"
#include "machine/cpu.h"

struct domain;
struct vcpu;

#define CPU_POLICY_LEAVES 72u
#define CPU_FEATURE_WORDS 18u

struct cpu_policy {
	u32 count;
	bool msr_relaxed; /* createdomain's XEN_X86_MSR_RELAXED: see guestmsr.h */
	struct xen_cpuid_leaf leaf[CPU_POLICY_LEAVES];
};

/* Boot: needs cpu_features. */
void cpuid_init(void);

/* Gives d its default policy, dom0's when it is privileged: 0 or -ENOMEM; and takes it away. */
int cpuid_domain_init(struct domain *d);
void cpuid_domain_destroy(struct domain *d);

/* CPUID executed by v, with everything that depends on v. */
struct cpuid_result guest_cpuid(const struct vcpu *v, u32 leaf, u32 subleaf);

/* True when d's policy shows a feature (XEN_X86_FEATURE_*: word * 32 + bit). */
bool guest_has_feature(const struct domain *d, unsigned int feature);

/* A policy by its XEN_SYSCTL_cpu_policy_* number; NULL: unknown, or for HVM. */
const struct cpu_policy *cpu_policy_by_index(u32 index);

/* A policy's feature words (XEN_SYSCTL_get_cpu_featureset). */
void cpu_policy_features(const struct cpu_policy *p, u32 words[CPU_FEATURE_WORDS]);

/*
 * XEN_DOMCTL_set_cpu_policy, one leaf: 0, or -EINVAL when it shows what a PV
 * guest cannot have.  The caller checks all leaves before it sets any:
 * with commit false nothing is changed.  d is paused.
 */
int cpu_policy_set_leaf(struct domain *d, const struct xen_cpuid_leaf *leaf, bool commit);

#endif
