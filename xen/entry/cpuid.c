// SPDX-License-Identifier: MIT
/*
 * The CPUID policy as two tables: which feature bits a PV guest can use, and
 * what is kept of each leaf.  A leaf that is not in the table reads as zero, so
 * a future processor's news stay hidden until somebody has thought about them.
 *
 * Hidden although ring 3 could use them: all that needs CR4 bits, ring 0 or
 * registers that we do not switch (VME, PSE, PGE, PCID, PKU, CET, MPX, LA57,
 * debug extensions, MONITORX), and the speculation controls that live in
 * SPEC_CTRL, which is ours.  IBPB alone is offered: it needs no state.
 */
#include "entry/cpuid.h"

#include "domain/domain.h"
#include "entry/guestmsr.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "machine/clocksource.h"
#include "machine/context.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/sysctl.h>

#define NO_SUBLEAF XEN_CPUID_NO_SUBLEAF
#define MAX_BASIC 0xdu
#define MAX_EXT 0x80000021u
#define HV_BASE 0x40000000u
#define HV_VERSION (4u << 16 | 17)
#define ALL 0xffffffffu

#define F(name) (1u << (XEN_X86_FEATURE_##name & 31))
#define WORD_OF(name) (XEN_X86_FEATURE_##name / 32)

/* Feature words that a PV guest may have; the order is cpufeatureset.h's. */
#define FEATURES_1D                                                                                \
	(F(FPU) | F(DE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) | F(APIC) | F(SEP) | F(MCA) | \
	 F(CMOV) | F(PAT) | F(CLFLUSH) | F(ACPI) | F(MMX) | F(FXSR) | F(SSE) | F(SSE2) | F(SS) |   \
	 F(HTT))
#define FEATURES_1C                                                                                \
	(F(SSE3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(SSE4_1) | F(SSE4_2) | F(MOVBE) | \
	 F(POPCNT) | F(AESNI) | F(XSAVE) | F(OSXSAVE) | F(AVX) | F(F16C) | F(RDRAND) |             \
	 F(HYPERVISOR))
/* AMD repeats leaf 1's bits in the extended leaf. */
#define FEATURES_E1D_COMMON                                                               \
	(F(FPU) | F(DE) | F(TSC) | F(MSR) | F(PAE) | F(MCE) | F(CX8) | F(APIC) | F(MCA) | \
	 F(CMOV) | F(PAT) | F(MMX) | F(FXSR))
#define FEATURES_E1D                                                                   \
	(F(SYSCALL) | F(NX) | F(MMXEXT) | F(RDTSCP) | F(LM) | F(3DNOWEXT) | F(3DNOW) | \
	 FEATURES_E1D_COMMON)
#define FEATURES_E1C                                                                          \
	(F(LAHF_LM) | F(CMP_LEGACY) | F(ABM) | F(SSE4A) | F(MISALIGNSSE) | F(3DNOWPREFETCH) | \
	 F(XOP) | F(FMA4) | F(TBM))
#define FEATURES_DA1 (F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1))
#define FEATURES_7B0_AVX512                                                                    \
	(F(AVX512F) | F(AVX512DQ) | F(AVX512_IFMA) | F(AVX512PF) | F(AVX512ER) | F(AVX512CD) | \
	 F(AVX512BW) | F(AVX512VL))
#define FEATURES_7B0                                                                              \
	(F(FSGSBASE) | F(BMI1) | F(AVX2) | F(FDP_EXCP_ONLY) | F(BMI2) | F(ERMS) | F(NO_FPU_SEL) | \
	 F(RDSEED) | F(ADX) | F(CLFLUSHOPT) | F(CLWB) | F(SHA) | FEATURES_7B0_AVX512)
#define FEATURES_7C0_AVX512 \
	(F(AVX512_VBMI) | F(AVX512_VBMI2) | F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ))
#define FEATURES_7C0_AVX (F(VAES) | F(VPCLMULQDQ))
#define FEATURES_7C0 \
	(F(PREFETCHWT1) | F(GFNI) | F(RDPID) | F(CLDEMOTE) | FEATURES_7C0_AVX | FEATURES_7C0_AVX512)
#define FEATURES_E8B (F(CLZERO) | F(RSTR_FP_ERR_PTRS) | F(IBPB) | F(SSB_NO) | F(BTC_NO))
#define FEATURES_7D0_AVX512 (F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(AVX512_FP16))
#define FEATURES_7D0 (F(FSRM) | F(MD_CLEAR) | F(SERIALIZE) | FEATURES_7D0_AVX512)
#define FEATURES_7A1 (F(AVX_VNNI) | F(AVX512_BF16) | F(FZRM) | F(FSRS) | F(FSRCS))
/* SRSO_US_NO, bit 30: the headers of Debian 12.0 do not know its name yet. */
#define FEATURES_E21A \
	(F(LFENCE_DISPATCH) | F(VERW_CLEAR) | F(NSCB) | F(IBPB_BRTYPE) | F(SRSO_NO) | 1u << 30)

/* What a PV guest is shown of a leaf: masks of its registers. */
static const struct leaf_rule {
	u32 first, last, subleaf; /* NO_SUBLEAF: any */
	u32 keep[4];
} rules[] = {
	{0, 0, NO_SUBLEAF, {ALL, ALL, ALL, ALL}},
	{1, 1, NO_SUBLEAF, {ALL, 0x00ffffff, FEATURES_1C, FEATURES_1D}},
	{2, 2, NO_SUBLEAF, {ALL, ALL, ALL, ALL}},
	{4, 4, NO_SUBLEAF, {ALL, ALL, ALL, ALL}},
	{7, 7, 0, {ALL, FEATURES_7B0, FEATURES_7C0, FEATURES_7D0}},
	{7, 7, 1, {FEATURES_7A1, 0, 0, 0}},
	{7, 7, 2, {0, 0, 0, F(MCDT_NO)}},
	{0xd, 0xd, 1, {FEATURES_DA1, 0, 0, 0}},
	{0xd, 0xd, NO_SUBLEAF, {ALL, ALL, ALL, 0}},
	{0x80000000, 0x80000000, NO_SUBLEAF, {ALL, ALL, ALL, ALL}},
	{0x80000001, 0x80000001, NO_SUBLEAF, {ALL, ALL, FEATURES_E1C, FEATURES_E1D}},
	{0x80000002, 0x80000006, NO_SUBLEAF, {ALL, ALL, ALL, ALL}},
	{0x80000007, 0x80000007, NO_SUBLEAF, {0, 0, 0, F(ITSC)}},
	{0x80000008, 0x80000008, NO_SUBLEAF, {0x00ffffff, FEATURES_E8B, 0xf0ff, 0}},
	{0x80000019, 0x8000001a, NO_SUBLEAF, {ALL, ALL, 0, 0}},
	{0x80000021, 0x80000021, NO_SUBLEAF, {FEATURES_E21A, 0, 0, 0}},
};

/* Where each word of a feature set is: register 0..3 of a leaf. */
static const struct {
	u32 leaf, subleaf;
	u8 reg;
} feature_words[CPU_FEATURE_WORDS - 2] = {
	{1, NO_SUBLEAF, 3},
	{1, NO_SUBLEAF, 2},
	{0x80000001, NO_SUBLEAF, 3},
	{0x80000001, NO_SUBLEAF, 2},
	{0xd, 1, 0},
	{7, 0, 1},
	{7, 0, 2},
	{0x80000007, NO_SUBLEAF, 3},
	{0x80000008, NO_SUBLEAF, 1},
	{7, 0, 3},
	{7, 1, 0},
	{0x80000021, NO_SUBLEAF, 0},
	{7, 1, 1},
	{7, 2, 3},
	{7, 1, 2},
	{7, 1, 3},
};

static struct cpu_policy host_policy __ro_after_init;
/* The most that tools can ask for, and what a guest has if they ask for nothing. */
static struct cpu_policy pv_policy __ro_after_init;
static struct cpu_policy pv_default_policy __ro_after_init;

static u32 *leaf_regs(struct xen_cpuid_leaf *l)
{
	return &l->a;
}

static struct xen_cpuid_leaf *find_leaf(const struct cpu_policy *p, u32 leaf, u32 subleaf)
{
	for (u32 i = 0; i < p->count; i++) {
		const struct xen_cpuid_leaf *l = &p->leaf[i];

		if (l->leaf == leaf && (l->subleaf == subleaf || l->subleaf == NO_SUBLEAF))
			return (struct xen_cpuid_leaf *)l;
	}
	return NULL;
}

static struct xen_cpuid_leaf *add_leaf(struct cpu_policy *p, u32 leaf, u32 subleaf)
{
	struct cpuid_result r = cpuid_count(leaf, subleaf == NO_SUBLEAF ? 0 : subleaf);
	struct xen_cpuid_leaf *l = &p->leaf[min(p->count, CPU_POLICY_LEAVES - 1)];

	*l = (struct xen_cpuid_leaf){leaf, subleaf, r.a, r.b, r.c, r.d};
	p->count = min(p->count + 1, CPU_POLICY_LEAVES);
	return l;
}

static void __init add_basic_leaf(struct cpu_policy *p, u32 leaf)
{
	switch (leaf) {
	case 4:
		for (u32 i = 0; i < 6; i++)
			if (!(add_leaf(p, 4, i)->a & 0x1f))
				break;
		break;
	case 7:
		for (u32 i = 0, last = cpuid_count(7, 0).a; i <= min(last, 2u); i++)
			add_leaf(p, 7, i);
		find_leaf(p, 7, 0)->a = min(find_leaf(p, 7, 0)->a, 2u);
		break;
	case 0xb:
		add_leaf(p, 0xb, 0);
		add_leaf(p, 0xb, 1);
		break;
	case 0xd:
		add_leaf(p, 0xd, 0);
		add_leaf(p, 0xd, 1);
		for (u32 i = 2; i < 63; i++)
			if (cpu_features.xcr0_mask & BIT(i))
				add_leaf(p, 0xd, i);
		break;
	default:
		add_leaf(p, leaf, NO_SUBLEAF);
		break;
	}
}

static void __init build_host_policy(struct cpu_policy *p)
{
	for (u32 leaf = 0; leaf <= min(cpu_features.max_leaf, MAX_BASIC); leaf++)
		add_basic_leaf(p, leaf);
	p->leaf[0].a = min(p->leaf[0].a, MAX_BASIC);
	for (u32 leaf = 0x80000000; leaf <= min(cpu_features.max_ext_leaf, MAX_EXT); leaf++)
		add_leaf(p, leaf, NO_SUBLEAF);
	find_leaf(p, 0x80000000, 0)->a = min(cpu_features.max_ext_leaf, MAX_EXT);
}

/* What is shown of a leaf: masks of its registers; NULL: nothing. */
static const u32 *leaf_kept(const struct xen_cpuid_leaf *l)
{
	for (u32 i = 0; i < ARRAY_SIZE(rules); i++)
		if (l->leaf >= rules[i].first && l->leaf <= rules[i].last &&
		    (rules[i].subleaf == NO_SUBLEAF || rules[i].subleaf == l->subleaf))
			return rules[i].keep;
	return NULL;
}

static void clear_bits(struct cpu_policy *p, unsigned int word, u32 bits)
{
	struct xen_cpuid_leaf *l = find_leaf(p, feature_words[word].leaf,
					     feature_words[word].subleaf);

	if (l)
		leaf_regs(l)[feature_words[word].reg] &= ~bits;
}

/* Features whose registers the XSAVE states that we switch do not hold. */
static void __init drop_unswitched(struct cpu_policy *p)
{
	u64 states = cpu_features.xcr0_mask;
	struct xen_cpuid_leaf *l;

	if ((states & 0xe0) != 0xe0) {
		clear_bits(p, WORD_OF(AVX512F), FEATURES_7B0_AVX512);
		clear_bits(p, WORD_OF(AVX512_VBMI), FEATURES_7C0_AVX512);
		clear_bits(p, WORD_OF(AVX512_FP16), FEATURES_7D0_AVX512);
		clear_bits(p, WORD_OF(AVX512_BF16), F(AVX512_BF16));
	}
	if (!(states & 4)) {
		clear_bits(p, WORD_OF(AVX), F(AVX) | F(FMA) | F(F16C));
		clear_bits(p, WORD_OF(AVX2), F(AVX2));
		clear_bits(p, WORD_OF(VAES), FEATURES_7C0_AVX);
		clear_bits(p, WORD_OF(AVX_VNNI), F(AVX_VNNI));
		clear_bits(p, WORD_OF(XOP), F(XOP) | F(FMA4));
	}
	l = find_leaf(p, 0xd, 0);
	if (l) {
		l->a &= (u32)states;
		l->c = cpu_features.xsave_size;
	}
	if (!cpu_features.xsave) {
		clear_bits(p, WORD_OF(XSAVE), F(XSAVE) | F(OSXSAVE));
		for (u32 i = 0; i < p->count; i++)
			if (p->leaf[i].leaf == 0xd)
				p->leaf[i].a = p->leaf[i].b = p->leaf[i].c = 0;
	}
}

static void __init build_pv_policy(struct cpu_policy *p)
{
	struct xen_cpuid_leaf *l;

	*p = host_policy;
	for (u32 i = 0; i < p->count; i++) {
		const u32 *keep = leaf_kept(&p->leaf[i]);

		l = &p->leaf[i];
		for (u32 r = 0; r < 4; r++)
			leaf_regs(l)[r] &= keep ? keep[r] : 0;
	}
	l = find_leaf(p, 1, 0);
	l->c |= F(HYPERVISOR) | (l->c & F(XSAVE) ? F(OSXSAVE) : 0);
	if (cpu_features.amd)
		l->d &= ~F(SEP); /* no SYSENTER in AMD's long mode */
	else
		clear_bits(p, WORD_OF(SYSCALL), FEATURES_E1D_COMMON);
	drop_unswitched(p);
	l = find_leaf(p, 0x80000008, 0);
	if (l) {
		l->a = (l->a & 0xff) | 48 << 8;
		/* Intel enumerates IBPB elsewhere, together with controls that we keep. */
		if (find_leaf(&host_policy, 7, 0) && (find_leaf(&host_policy, 7, 0)->d & F(IBRSB)))
			l->b |= F(IBPB);
	}
}

void __init cpuid_init(void)
{
	build_host_policy(&host_policy);
	build_pv_policy(&pv_policy);
	pv_default_policy = pv_policy;
	/* A promise for all its life: only for a guest of which tools know that it stays here. */
	clear_bits(&pv_default_policy, WORD_OF(ITSC), F(ITSC));
}

int cpuid_domain_init(struct domain *d)
{
	d->cpu_policy = kmalloc(sizeof(*d->cpu_policy));
	if (!d->cpu_policy)
		return -ENOMEM;
	*d->cpu_policy = pv_default_policy;
	/* Only who owns the machine's memory map has use for memory types. */
	if (d->is_privileged)
		find_leaf(d->cpu_policy, 1, 0)->d |= find_leaf(&host_policy, 1, 0)->d & F(MTRR);
	return 0;
}

void cpuid_domain_destroy(struct domain *d)
{
	kfree(d->cpu_policy);
	d->cpu_policy = NULL;
}

/* Bytes that XSAVE writes in the standard format with these states on. */
static u32 xsave_bytes(const struct cpu_policy *p, u64 xcr0)
{
	u32 size = 576;

	for (u32 i = 2; i < 63; i++) {
		const struct xen_cpuid_leaf *l = xcr0 & BIT(i) ? find_leaf(p, 0xd, i) : NULL;

		if (l && l->a)
			size = max(size, l->a + l->b);
	}
	return size;
}

/* The hypervisor's own leaves (xen/arch-x86/cpuid.h). */
static struct cpuid_result hypervisor_leaf(const struct domain *d, u32 nr, u32 subleaf)
{
	struct clock_epoch epoch;

	switch (nr) {
	case 0:
		return (struct cpuid_result){HV_BASE + XEN_CPUID_MAX_NUM_LEAVES,
					     XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
					     XEN_CPUID_SIGNATURE_EDX};
	case 1:
		return (struct cpuid_result){.a = HV_VERSION};
	case 2:
		return (struct cpuid_result){1, HV_BASE, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD,
					     0};
	case 3:
		if (subleaf == 0)
			return (struct cpuid_result){
				(u32)guest_tsc_emulated(d) | (u32)clocksource_stable() << 1 |
					(u32)guest_has_feature(d, XEN_X86_FEATURE_RDTSCP) << 2,
				d->tsc_mode, d->tsc_khz ? d->tsc_khz : clocksource_tsc_khz(),
				d->tsc_incarnation};
		if (subleaf == 1) {
			clocksource_epoch(&epoch);
			return (struct cpuid_result){0, 0, epoch.mul, (u32)(s32)epoch.shift};
		}
		return (struct cpuid_result){.a = subleaf == 2 ? clocksource_tsc_khz() : 0};
	case 5:
		/* Decides whether guests need grant table version 2. */
		if (subleaf == 0)
			return (struct cpuid_result){.b = PAGE_SHIFT + 64 -
							  (u32)__builtin_clzl((max_mfn - 1) | 1)};
		break;
	}
	return (struct cpuid_result){0};
}

struct cpuid_result guest_cpuid(const struct vcpu *v, u32 leaf, u32 subleaf)
{
	const struct domain *d = v->domain;
	const struct xen_cpuid_leaf *l, *top;
	struct cpuid_result r;

	if (leaf >= HV_BASE && leaf < HV_BASE + 0x100)
		return hypervisor_leaf(d, leaf - HV_BASE, subleaf);
	top = find_leaf(d->cpu_policy, leaf & 0x80000000, 0);
	l = find_leaf(d->cpu_policy, leaf, subleaf);
	/* A lowered maximum hides what is above it. */
	if (!l || !top || leaf > top->a)
		return (struct cpuid_result){.c = leaf == 0xb ? subleaf & 0xff : 0,
					     .d = leaf == 0xb ? v->id * 2 : 0};
	r = (struct cpuid_result){l->a, l->b, l->c, l->d};
	switch (leaf) {
	case 1:
		/* Kernels check OSXSAVE before they turn it on; ours always is (B91). */
		r.b |= (v->id * 2) << 24;
		break;
	case 0xb:
		r.c = subleaf & 0xff;
		r.d = v->id * 2;
		break;
	case 0xd:
		if (subleaf <= 1 && r.a)
			r.b = xsave_bytes(d->cpu_policy, v->arch.xcr0);
		break;
	}
	return r;
}

bool guest_has_feature(const struct domain *d, unsigned int feature)
{
	unsigned int word = feature / 32;
	struct xen_cpuid_leaf *l;

	if (word >= ARRAY_SIZE(feature_words) || !d->cpu_policy)
		return false;
	l = find_leaf(d->cpu_policy, feature_words[word].leaf, feature_words[word].subleaf);
	return l && (leaf_regs(l)[feature_words[word].reg] >> (feature & 31) & 1);
}

const struct cpu_policy *cpu_policy_by_index(u32 index)
{
	switch (index) {
	case XEN_SYSCTL_cpu_policy_raw:
	case XEN_SYSCTL_cpu_policy_host:
		return &host_policy;
	case XEN_SYSCTL_cpu_policy_pv_max:
		return &pv_policy;
	case XEN_SYSCTL_cpu_policy_pv_default:
		return &pv_default_policy;
	}
	return NULL;
}

void cpu_policy_features(const struct cpu_policy *p, u32 words[CPU_FEATURE_WORDS])
{
	for (u32 i = 0; i < CPU_FEATURE_WORDS; i++) {
		struct xen_cpuid_leaf *l = i < ARRAY_SIZE(feature_words)
						   ? find_leaf(p, feature_words[i].leaf,
							       feature_words[i].subleaf)
						   : NULL;

		words[i] = l ? leaf_regs(l)[feature_words[i].reg] : 0;
	}
}

int cpu_policy_set_leaf(struct domain *d, const struct xen_cpuid_leaf *leaf, bool commit)
{
	struct xen_cpuid_leaf wanted = *leaf;
	struct xen_cpuid_leaf *now = find_leaf(d->cpu_policy, leaf->leaf, leaf->subleaf);
	struct xen_cpuid_leaf *most = find_leaf(&pv_policy, leaf->leaf, leaf->subleaf);
	const u32 *keep;

	/* The hypervisor's leaves are made on the fly: what the tools say of them is not used. */
	if (leaf->leaf >= HV_BASE && leaf->leaf < HV_BASE + 0x200)
		return 0;
	/*
	 * xl asks for it, whatever there is, for who is to stay here (nomigrate).  Of no use is one
	 * TSC that is invariant among several.
	 */
	if (leaf->leaf == 0x80000007)
		wanted.d &= (most && clocksource_stable() ? most->d : 0) | ~F(ITSC);
	if (!now || !most)
		return wanted.a | wanted.b | wanted.c | wanted.d ? -EINVAL : 0;
	/* Numbers may differ from ours; what we show to nobody may not. */
	keep = leaf_kept(most);
	for (u32 r = 0; r < 4; r++)
		if (leaf_regs(&wanted)[r] & ~(keep ? keep[r] : 0))
			return -EINVAL;
	for (u32 i = 0; i < ARRAY_SIZE(feature_words); i++) {
		u8 r = feature_words[i].reg;

		if (feature_words[i].leaf == most->leaf &&
		    feature_words[i].subleaf == most->subleaf &&
		    (leaf_regs(&wanted)[r] & ~leaf_regs(most)[r]))
			return -EINVAL;
	}
	switch (leaf->leaf) {
	case 0:
	case 0x80000000:
		if (wanted.a > most->a)
			return -EINVAL;
		break;
	case 7:
		if (leaf->subleaf == 0 && wanted.a > most->a)
			return -EINVAL;
		break;
	case 0xd:
		/* State sizes are the processor's; which states, at most ours. */
		if (leaf->subleaf == 0 && ((wanted.a & ~most->a) || wanted.d))
			return -EINVAL;
		if (leaf->subleaf >= 2 && (wanted.a != most->a || wanted.b != most->b))
			return -EINVAL;
		break;
	}
	if (commit) {
		wanted.subleaf = now->subleaf;
		*now = wanted;
	}
	return 0;
}
