// SPDX-License-Identifier: MIT
/*
 * Puts what machine/mitigate.c decided to work: patches the places in assembly, sets the
 * registers of each CPU, and draws the line between two vCPUs that follow each other on one.
 */
#define LOG_ROOM "cpu"
#include "boot/options.h"
#include "console/log.h"
#include "domain/domain.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/percpu.h"
#include "machine/regs.h"
#include "sched/vcpu.h"

#define MSR_SPEC_CTRL 0x48u
#define MSR_PRED_CMD 0x49u
#define MSR_ARCH_CAPABILITIES 0x10au
#define MSR_TSX_CTRL 0x122u
#define MSR_LS_CFG 0xc0011020u
#define MSR_FP_CFG 0xc0011028u
#define MSR_DE_CFG 0xc0011029u
#define SPEC_CTRL_IBRS BIT(0)
#define SPEC_CTRL_STIBP BIT(1)
#define SPEC_CTRL_SSBD BIT(2)
#define SPEC_CTRL_BHI_DIS_S BIT(10)
#define EFER_AUTO_IBRS BIT(21)
#define ARCH_CAPABILITIES_BIT BIT(29)
#define AUTO_IBRS_BIT BIT(8)
#define TCG_SIGNATURE 0x54474354u /* "TCGT" */

u32 mitigations __ro_after_init;

static bool auto_ibrs __ro_after_init; /* by EFER rather than SPEC_CTRL */
static u32 spec_ctrl __ro_after_init; /* while a guest runs */
static bool have_spec_ctrl __ro_after_init;

/* The vCPU whose traces this CPU's predictors hold. */
static DEFINE_PER_CPU(const struct vcpu *, last);

static void __init gather(struct mitigate_facts *f)
{
	const struct cpu_features *c = &cpu_features;

	f->intel = c->intel;
	f->amd = c->amd;
	f->family = c->family;
	f->model = c->model;
	f->smep = c->smep;
	f->emulated = c->hypervisor && cpuid_count(0x40000000, 0).b == TCG_SIGNATURE;
	if (c->max_leaf >= 7) {
		f->leaf7_edx = cpuid_count(7, 0).d;
		if (cpuid_count(7, 0).a >= 2)
			f->leaf7_2_edx = cpuid_count(7, 2).d;
	}
	if (c->max_ext_leaf >= 0x80000008)
		f->ext8_ebx = cpuid_count(0x80000008, 0).b;
	if (c->max_ext_leaf >= 0x80000021)
		f->ext21_eax = cpuid_count(0x80000021, 0).a;
	if (c->max_ext_leaf >= 0x80000021)
		f->ext21_ecx = cpuid_count(0x80000021, 0).c;
	if (f->leaf7_edx & ARCH_CAPABILITIES_BIT)
		f->caps = rdmsr(MSR_ARCH_CAPABILITIES);
}

static void __init patch_sites(void)
{
	extern const struct {
		u64 address;
		u8 what, length, bytes[6];
	} __patch_sites_start[], __patch_sites_end[];

	for (size_t i = 0; &__patch_sites_start[i] != __patch_sites_end; i++)
		if (mitigated(__patch_sites_start[i].what))
			memcpy((void *)__patch_sites_start[i].address, __patch_sites_start[i].bytes,
			       __patch_sites_start[i].length);
}

void __init mitigate_init(void)
{
	struct mitigate_facts f = {0};
	char line[160] = "";

	gather(&f);
	mitigations = mitigate_decide(&f, options.mitigate_on, options.mitigate_off);
	if (mitigate_clears(&f, mitigations, options.mitigate_off))
		mitigations |= BIT(MIT_CLEAR);
	if (mitigations & (BIT(MIT_IBPB_ENTRY) | BIT(MIT_IBRS) | BIT(MIT_BHB)))
		mitigations |= BIT(MIT_ENTRY_REGS);
	auto_ibrs = mitigated(MIT_EIBRS) && (f.ext21_eax & AUTO_IBRS_BIT);
	have_spec_ctrl = mitigations & (BIT(MIT_IBRS) | BIT(MIT_EIBRS) | BIT(MIT_STIBP) |
					BIT(MIT_SSBD) | BIT(MIT_BHI_DIS));
	if (auto_ibrs && !(mitigations & (BIT(MIT_STIBP) | BIT(MIT_SSBD))))
		have_spec_ctrl = false;
	if (mitigated(MIT_EIBRS) && !auto_ibrs)
		spec_ctrl |= SPEC_CTRL_IBRS;
	if (mitigated(MIT_STIBP))
		spec_ctrl |= SPEC_CTRL_STIBP;
	if (mitigated(MIT_SSBD))
		spec_ctrl |= SPEC_CTRL_SSBD;
	if (mitigated(MIT_BHI_DIS))
		spec_ctrl |= SPEC_CTRL_BHI_DIS_S;

	for (unsigned int i = 1; i < MIT_COUNT; i++) {
		const char *word = mitigated(i) ? mitigate_word(i) : NULL;

		if (!word)
			continue;
		strlcpy(line + strlen(line), " ", 2);
		strlcpy(line + strlen(line), word, sizeof(line) - strlen(line));
	}
	log_info("against speculation:%s%s\n", line[0] ? line : " nothing",
		 f.emulated ? " (QEMU's TCG needs nothing)" : "");
	if (cpu_features.smap)
		mitigations |= BIT(MIT_SMAP);
	patch_sites();
}

/* Bits that AMD's revision guides tell to set; models of a family, both included. */
static const struct cpu_switch {
	u16 family_first, family_last;
	u8 model_first, model_last;
	u32 msr;
	u64 bits;
} switches[] = {
	{0x10, 0xffff, 0, 0xff, MSR_DE_CFG, BIT(1)}, /* LFENCE serialises */
	{0x16, 0x16, 0x00, 0x0f, MSR_LS_CFG, BIT(15)}, /* a guest can hang the processor (82) */
	{0x17, 0x17, 0x00, 0x2f, MSR_FP_CFG, BIT(9)}, /* divider state (488) */
	{0x17, 0x17, 0x30, 0xff, MSR_DE_CFG, BIT(9)}, /* register file (433) */
};

static void set_switch(const struct cpu_switch *s)
{
	const struct cpu_features *c = &cpu_features;
	u64 value;

	if (c->family < s->family_first || c->family > s->family_last ||
	    c->model < s->model_first || c->model > s->model_last)
		return;
	/* A hypervisor below us need not let it be written. */
	if (msr_read_safe(s->msr, &value) ||
	    ((value & s->bits) != s->bits && msr_write_safe(s->msr, value | s->bits)))
		log_warn("register 0x%x cannot be written\n", s->msr);
}

void mitigate_init_cpu(void)
{
	struct cpu_info *ci = cpu_info();

	ci->verw_selector = SEL_HYP_SS;
	ci->spec_guest = spec_ctrl;
	ci->spec_hyp = spec_ctrl | (mitigated(MIT_IBRS) ? SPEC_CTRL_IBRS : 0);
	if (have_spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, ci->spec_hyp);
	if (auto_ibrs)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AUTO_IBRS);
	if (mitigated(MIT_TSX_OFF))
		wrmsr(MSR_TSX_CTRL, 3); /* no transactions, and CPUID says so */
	if (mitigated(MIT_LFENCE))
		for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
			set_switch(&switches[i]);
}

u64 mitigate_l1tf_mask(bool privileged)
{
	return mitigated(privileged ? MIT_L1TF_DOM0 : MIT_L1TF)
		       ? BIT(cpu_features.phys_bits - PAGE_SHIFT) - 1
		       : 0;
}

/* Some processors keep return addresses over a barrier (row 422). */
static void fill_return_stack(void)
{
	unsigned long n = 16;

	asm volatile("1: call 2f; 3: pause; lfence; jmp 3b;"
		     "2: call 4f; 5: pause; lfence; jmp 5b;"
		     "4: dec %0; jnz 1b; add $256, %%rsp; lfence"
		     : "+r"(n)
		     :
		     : "memory", "cc");
}

void mitigate_switch(const struct vcpu *next)
{
	if (!mitigated(MIT_IBPB) || next->is_idle || this_cpu(last) == next)
		return;
	/* Also between two vCPUs of one domain (row 479). */
	this_cpu(last) = next;
	wrmsr(MSR_PRED_CMD, 1);
	fill_return_stack();
}

void mitigate_forget(const struct vcpu *v)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map)
		if (per_cpu(last, cpu) == v)
			per_cpu(last, cpu) = NULL;
}
