/* SPDX-License-Identifier: MIT */
/*
 * What the processor's features are called, and where CPUID tells of each.
 */
#ifndef DAIS_CONFIG_CPUFEATURES_H
#define DAIS_CONFIG_CPUFEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUID_NO_SUBLEAF UINT32_MAX
#define CPUID_MSR UINT32_MAX /* as a leaf: a bit of MSR ARCH_CAPABILITIES */

/* Some bits of a register (0 to 3: EAX, EBX, ECX, EDX) of a leaf. */
struct cpuid_field {
	uint32_t leaf, subleaf;
	unsigned int reg, shift, width;
};

/*
 * A name as in xl.cfg(5): "sse4-1" (also "sse4_1"), or "maxleaf", which takes a number. False:
 * there is none.
 */
bool cpuid_feature_find(const char *name, struct cpuid_field *field);
bool cpuid_value_find(const char *name, struct cpuid_field *field);

/* The name that is most like it, NULL: none is. */
const char *cpuid_name_like(const char *name);

/* Whether the register holds features, each a bit, and what a bit is called, into @buf. */
bool cpuid_holds_features(uint32_t leaf, uint32_t subleaf, unsigned int reg);
char *cpuid_bit_name(const struct cpuid_field *bit, char *buf, size_t size);

/* Where the feature XEN_X86_FEATURE_... is; false: not in CPUID. */
bool cpuid_feature_place(unsigned int feature, struct cpuid_field *field);

/* The @nr-th dependency: @feature is of no use without @needs. False: there is none more. */
bool cpuid_dependency(size_t nr, struct cpuid_field *feature, struct cpuid_field *needs);

#endif
