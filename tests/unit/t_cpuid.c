// SPDX-License-Identifier: MIT
/*
 * entry/cpuid.c over faked processors that have every feature there is: what rows B90-B100
 * say is hidden must be hidden, what they say is shown must be shown, on AMD and on Intel;
 * and the tools can lower a policy but never raise it.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "entry/cpuid.h"
#include "entry/guestmsr.h"
#include "hostheap.h"
#include "lib/errno.h"
#include "machine/clocksource.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/sysctl.h>

struct cpu_features cpu_features;
unsigned long max_mfn = 0x7ffe0; /* just under 2 GiB */
static u32 host_power = ~0u; /* leaf 0x80000007's EDX */
static u64 host_states;

struct cpuid_result cpuid_count(u32 leaf, u32 subleaf)
{
	switch (leaf) {
	case 0:
		return (struct cpuid_result){.a = 0x1f, .b = 0x68747541};
	case 0x80000000:
		return (struct cpuid_result){.a = 0x80000028};
	case 4:
		return (struct cpuid_result){.a = subleaf < 3 ? 0x121 : 0};
	case 7:
		return (struct cpuid_result){subleaf ? ~0u : 5, ~0u, ~0u, ~0u};
	case 0xd:
		if (subleaf == 0)
			return (struct cpuid_result){(u32)host_states, 0x340, 0xa80, 0};
		if (subleaf == 1)
			return (struct cpuid_result){~0u, ~0u, ~0u, ~0u};
		return (struct cpuid_result){.a = subleaf == 2 ? 256 : 64,
					     .b = subleaf == 2 ? 576 : 1024 + 64 * subleaf};
	case 0x80000007:
		return (struct cpuid_result){~0u, ~0u, ~0u, host_power};
	case 0x80000008:
		return (struct cpuid_result){0x3928, ~0u, ~0u, ~0u};
	}
	return (struct cpuid_result){~0u, ~0u, ~0u, ~0u};
}

static bool stable;

bool clocksource_stable(void)
{
	return stable;
}
u32 clocksource_tsc_khz(void)
{
	return 2000000;
}
void clocksource_epoch(struct clock_epoch *out)
{
	*out = (struct clock_epoch){.mul = 0x80000000, .shift = -1};
}
bool guest_tsc_emulated(const struct domain *d)
{
	return d->tsc_mode == 1;
}
static struct domain dom;
static struct vcpu vcpu = {.domain = &dom, .id = 3};

static void boot(bool amd, u64 states)
{
	host_states = states;
	cpu_features = (struct cpu_features){.amd = amd,
					     .intel = !amd,
					     .max_leaf = 0x1f,
					     .max_ext_leaf = 0x80000028,
					     .xsave = states != 0,
					     .xcr0_mask = states & 0xe7,
					     .xsave_size = 0xa80};
	/* A second boot of the same image. */
	memset((void *)cpu_policy_by_index(XEN_SYSCTL_cpu_policy_host), 0,
	       sizeof(struct cpu_policy));
	cpuid_init();
}

static void create(bool privileged)
{
	cpuid_domain_destroy(&dom);
	memset(&dom, 0, sizeof(dom));
	dom.is_privileged = privileged;
	vcpu.arch.xcr0 = 1;
	CHECK_EQ(cpuid_domain_init(&dom), 0);
}

#define SHOWN(name) CHECK(guest_has_feature(&dom, XEN_X86_FEATURE_##name))
#define HIDDEN(name) CHECK(!guest_has_feature(&dom, XEN_X86_FEATURE_##name))

static void features(bool amd)
{
	/* B90 */
	SHOWN(FPU);
	SHOWN(DE);
	SHOWN(TSC);
	SHOWN(MSR);
	SHOWN(PAE);
	SHOWN(MCE);
	SHOWN(CX8);
	SHOWN(APIC);
	SHOWN(MCA);
	SHOWN(CMOV);
	SHOWN(PAT);
	SHOWN(CLFLUSH);
	SHOWN(ACPI);
	SHOWN(MMX);
	SHOWN(FXSR);
	SHOWN(SSE);
	SHOWN(SSE2);
	SHOWN(SS);
	HIDDEN(VME);
	HIDDEN(PSE);
	HIDDEN(PGE);
	HIDDEN(PSE36);
	CHECK_EQ(guest_has_feature(&dom, XEN_X86_FEATURE_SEP), !amd);
	CHECK_EQ(guest_has_feature(&dom, XEN_X86_FEATURE_MTRR), dom.is_privileged);
	/* B91 */
	SHOWN(SSE3);
	SHOWN(PCLMULQDQ);
	SHOWN(SSSE3);
	SHOWN(FMA);
	SHOWN(CX16);
	SHOWN(SSE4_2);
	SHOWN(MOVBE);
	SHOWN(POPCNT);
	SHOWN(AESNI);
	SHOWN(XSAVE);
	SHOWN(OSXSAVE);
	SHOWN(AVX);
	SHOWN(F16C);
	SHOWN(RDRAND);
	SHOWN(HYPERVISOR);
	HIDDEN(MONITOR);
	HIDDEN(VMX);
	HIDDEN(SMX);
	HIDDEN(PCID);
	HIDDEN(DCA);
	HIDDEN(X2APIC);
	HIDDEN(TSC_DEADLINE);
	/* B92 */
	SHOWN(FSGSBASE);
	SHOWN(BMI1);
	SHOWN(AVX2);
	SHOWN(BMI2);
	SHOWN(ERMS);
	SHOWN(ADX);
	SHOWN(CLFLUSHOPT);
	SHOWN(CLWB);
	SHOWN(VAES);
	HIDDEN(MPX);
	HIDDEN(UMIP);
	HIDDEN(PKU);
	HIDDEN(SMEP);
	HIDDEN(SMAP);
	HIDDEN(INVPCID);
	HIDDEN(CET_SS);
	HIDDEN(CET_IBT);
	HIDDEN(OSPKE);
	HIDDEN(RTM);
	HIDDEN(HLE);
	CHECK(!(guest_cpuid(&vcpu, 7, 0).c & BIT(16))); /* LA57 */
	CHECK(!(guest_cpuid(&vcpu, 7, 0).c & BIT(31))); /* PKS */
	/* B97 */
	SHOWN(SYSCALL);
	SHOWN(NX);
	SHOWN(RDTSCP);
	SHOWN(LM);
	SHOWN(LAHF_LM);
	SHOWN(ABM);
	SHOWN(SSE4A);
	HIDDEN(PAGE1GB);
	HIDDEN(SVM);
	HIDDEN(FFXSR);
	HIDDEN(DBEXT);
	HIDDEN(LWP);
	HIDDEN(TOPOEXT);
	HIDDEN(MONITORX);
	/* Speculation: the barrier, not the state. */
	SHOWN(IBPB);
	HIDDEN(IBRSB);
	HIDDEN(STIBP);
	HIDDEN(SSBD);
	HIDDEN(ARCH_CAPS);
	HIDDEN(IBRS);
	HIDDEN(XSAVES);
	HIDDEN(ITSC);
}

static void leaves(void)
{
	struct cpuid_result r;

	CHECK_EQ(guest_cpuid(&vcpu, 0, 0).a, 0xd);
	CHECK_EQ(guest_cpuid(&vcpu, 0x80000000, 0).a, 0x80000021);
	CHECK_EQ(guest_cpuid(&vcpu, 1, 0).b >> 24, 6);
	static const u32 empty[] = {3,          5,          6,          9,          0xa,
				    0xc,        0xe,        0x1f,       0x80000007, 0x8000000a,
				    0x8000001e, 0x80000022, 0x50000000, 0xffffffff};
	for (unsigned int i = 0; i < ARRAY_SIZE(empty); i++) {
		r = guest_cpuid(&vcpu, empty[i], 0);
		CHECK(!r.a && !r.b && !r.c && !r.d);
	}
	r = guest_cpuid(&vcpu, 0xb, 1);
	CHECK(!r.a && !r.b && r.c == 1 && r.d == 6);
	CHECK_EQ(guest_cpuid(&vcpu, 4, 2).a, 0x121);
	CHECK_EQ(guest_cpuid(&vcpu, 7, 9).b, 0);
	CHECK_EQ(guest_cpuid(&vcpu, 0x80000008, 0).a, 0x3028); /* 40 and 48 bits */
	/* B93 */
	r = guest_cpuid(&vcpu, 0xd, 0);
	CHECK(r.a == (u32)cpu_features.xcr0_mask && r.b == 576 && r.c == 0xa80);
	vcpu.arch.xcr0 = 7;
	CHECK_EQ(guest_cpuid(&vcpu, 0xd, 0).b, 0x340);
	CHECK_EQ(guest_cpuid(&vcpu, 0xd, 1).a, 7);
	CHECK_EQ(guest_cpuid(&vcpu, 0xd, 9).a, 0); /* PKRU */
}

/* B99 */
static void hypervisor_leaves(void)
{
	struct cpuid_result r = guest_cpuid(&vcpu, 0x40000000, 0);

	CHECK_EQ(r.a, 0x40000005);
	CHECK(!memcmp(&r.b, "XenV", 4) && !memcmp(&r.c, "MMXe", 4) && !memcmp(&r.d, "nVMM", 4));
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000001, 0).a, 0x40011);
	r = guest_cpuid(&vcpu, 0x40000002, 0);
	CHECK(r.a == 1 && r.b == 0x40000000 && r.c == 1 && r.d == 0);
	dom.tsc_incarnation = 4;
	r = guest_cpuid(&vcpu, 0x40000003, 0);
	CHECK(r.a == 4 && r.b == 0 && r.c == 2000000 && r.d == 4);
	dom.tsc_mode = 1;
	dom.tsc_khz = 1000;
	r = guest_cpuid(&vcpu, 0x40000003, 0);
	CHECK(r.a == 5 && r.b == 1 && r.c == 1000);
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000003, 1).d, 0xffffffff);
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000003, 2).a, 2000000);
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000004, 0).a, 0);
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000005, 0).b, 31);
	CHECK_EQ(guest_cpuid(&vcpu, 0x40000006, 0).a, 0);
}

/* What xl does: sends the default back whole, a little less, a little more. */
static void tools(void)
{
	const struct cpu_policy *def = cpu_policy_by_index(XEN_SYSCTL_cpu_policy_pv_default);
	struct xen_cpuid_leaf l;
	u32 words[CPU_FEATURE_WORDS];

	CHECK(!cpu_policy_by_index(XEN_SYSCTL_cpu_policy_hvm_max));
	for (u32 i = 0; i < def->count; i++)
		CHECK_EQ(cpu_policy_set_leaf(&dom, &def->leaf[i], true), 0);
	HIDDEN(MTRR);
	l = (struct xen_cpuid_leaf){0x40000000, XEN_CPUID_NO_SUBLEAF, 0x40000100, 1, 2, 3};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	l = (struct xen_cpuid_leaf){7, 0, 0, 0, 0, 0};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, false), 0);
	SHOWN(AVX2);
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	HIDDEN(AVX2);
	l.b = BIT(20); /* SMAP */
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), (u64)-EINVAL);
	l = (struct xen_cpuid_leaf){0, XEN_CPUID_NO_SUBLEAF, 0xe, 0, 0, 0};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), (u64)-EINVAL);
	l.a = 6;
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	CHECK_EQ(guest_cpuid(&vcpu, 7, 0).b | guest_cpuid(&vcpu, 0xd, 0).a, 0);
	l = (struct xen_cpuid_leaf){0xd, 0, 0x207, 0, 0, 0};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), (u64)-EINVAL);
	l = (struct xen_cpuid_leaf){0x14, 0, 1, 0, 0, 0};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), (u64)-EINVAL);
	l.a = 0;
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	/* Nor what is no feature bit, where we show nothing: timers, counters, XSS, the APIC's id. */
	static const struct xen_cpuid_leaf hidden[] = {
		{1, XEN_CPUID_NO_SUBLEAF, .b = 1u << 24},
		{6, XEN_CPUID_NO_SUBLEAF, .a = BIT(2)},
		{7, 1, .c = 1},
		{0xa, XEN_CPUID_NO_SUBLEAF, .a = 2},
		{0xb, 0, .b = 1},
		{0xd, 1, .c = BIT(8)},
		{0xd, 2, 256, 576, 0, 1},
		{0x8000001e, XEN_CPUID_NO_SUBLEAF, .a = 1},
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
		CHECK_EQ(cpu_policy_set_leaf(&dom, &hidden[i], true), (u64)-EINVAL);
	/* Numbers are the tools' to choose. */
	l = (struct xen_cpuid_leaf){1, XEN_CPUID_NO_SUBLEAF, .a = 0x106a5, .b = 0x20800};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	CHECK_EQ(guest_cpuid(&vcpu, 1, 0).a, 0x106a5);
	/* The invariant TSC is there for who asks, as long as it is one for all processors. */
	l = (struct xen_cpuid_leaf){0x80000007, XEN_CPUID_NO_SUBLEAF, 0, 0, 0, BIT(7) | BIT(8)};
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), (u64)-EINVAL);
	CHECK_EQ(guest_cpuid(&vcpu, 0x80000007, 0).d, 0);
	l.d = BIT(8);
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	CHECK_EQ(guest_cpuid(&vcpu, 0x80000007, 0).d, 0);
	stable = true;
	CHECK_EQ(cpu_policy_set_leaf(&dom, &l, true), 0);
	CHECK_EQ(guest_cpuid(&vcpu, 0x80000007, 0).d, BIT(8));
	stable = false;
	cpu_policy_features(cpu_policy_by_index(XEN_SYSCTL_cpu_policy_pv_max), words);
	CHECK_EQ(words[7], BIT(8));
	cpu_policy_features(cpu_policy_by_index(XEN_SYSCTL_cpu_policy_host), words);
	CHECK(words[0] == ~0u && words[5] == ~0u && words[16] == 0);
	cpu_policy_features(def, words);
	CHECK(words[0] == def->leaf[1].d && words[1] == def->leaf[1].c);
}

int main(void)
{
	for (int amd = 0; amd < 2; amd++) {
		boot(amd, 0x2e7);
		CHECK(cpu_policy_by_index(XEN_SYSCTL_cpu_policy_host)->count < CPU_POLICY_LEAVES);
		for (int privileged = 0; privileged < 2; privileged++) {
			create(privileged);
			features(amd);
			SHOWN(AVX512F);
			leaves();
			hypervisor_leaves();
		}
		create(false);
		tools();
	}
	/* What xl asks for, wherever it is to keep a guest: without it, and without the leaf. */
	for (int leaf = 1; leaf >= 0; leaf--) {
		const struct xen_cpuid_leaf stays = {0x80000007, XEN_CPUID_NO_SUBLEAF, .d = BIT(8)};

		host_power = 0;
		boot(false, 0x2e7);
		if (!leaf) {
			cpu_features.max_ext_leaf = 0x80000004;
			memset((void *)cpu_policy_by_index(XEN_SYSCTL_cpu_policy_host), 0,
			       sizeof(struct cpu_policy));
			cpuid_init();
		}
		create(false);
		stable = true;
		CHECK_EQ(cpu_policy_set_leaf(&dom, &stays, true), 0);
		CHECK_EQ(guest_cpuid(&vcpu, 0x80000007, 0).d, 0);
		stable = false;
		host_power = ~0u;
	}
	/* States that the processor cannot switch take their features away. */
	boot(true, 7);
	create(false);
	features(true);
	HIDDEN(AVX512F);
	HIDDEN(AVX512_VBMI);
	HIDDEN(AVX512_BF16);
	HIDDEN(AVX512_FP16);
	boot(false, 0);
	create(false);
	HIDDEN(XSAVE);
	HIDDEN(OSXSAVE);
	HIDDEN(AVX);
	HIDDEN(AVX2);
	HIDDEN(VAES);
	HIDDEN(FMA);
	CHECK_EQ(guest_cpuid(&vcpu, 0xd, 0).c, 0);
	cpuid_domain_destroy(&dom);
	return check_done("t_cpuid");
}
