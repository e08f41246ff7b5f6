// SPDX-License-Identifier: MIT
/*
 * MSRs as one table: a value, who reads the hardware's, what becomes of writes.
 * What the table does not name is #GP, so a new processor's registers stay ours.
 * Registers with a life of their own are the two switches below it.
 */
#define LOG_ROOM "msr"
#include "entry/guestmsr.h"

#include "console/log.h"
#include "domain/domain.h"
#include "entry/cpuid.h"
#include "entry/cpustate.h"
#include "entry/hypercallpage.h"
#include "lib/errno.h"
#include "machine/clocksource.h"
#include "machine/context.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "mm/frame.h"
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>

#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_PRED_CMD 0x49u
#define MSR_HYPERCALL_PAGE 0x40000000u

enum msr_read { READ_VALUE, READ_HW, READ_HW_DOM0 };
enum msr_write { WRITE_GP, WRITE_DROP, WRITE_SAME };
enum msr_vendor { ANY, AMD, INTEL };

/* The first row that fits counts. */
static const struct msr_row {
	u32 first, last;
	u8 vendor, read, write; /* enum msr_vendor, msr_read, msr_write */
	u64 value; /* READ_VALUE, WRITE_SAME */
} rows[] = {
	/* Microcode revision; Linux on Intel writes 0 before it reads. */
	{0x8b, 0x8b, INTEL, READ_HW, WRITE_SAME, 0},
	{0x8b, 0x8b, ANY, READ_HW, WRITE_GP, 0},
	/* CPUID faulting: not offered. */
	{0xce, 0xce, ANY, READ_VALUE, WRITE_GP, 0},
	{0x140, 0x140, ANY, READ_VALUE, WRITE_SAME, 0},
	/* Machine check: two banks, all reporting on, nothing to report. */
	{0x179, 0x179, ANY, READ_VALUE, WRITE_SAME, 2},
	{0x17a, 0x17a, ANY, READ_VALUE, WRITE_SAME, 0},
	{0x17b, 0x17b, ANY, READ_VALUE, WRITE_SAME, ~0UL},
	{0x400, 0x400, ANY, READ_VALUE, WRITE_SAME, ~0UL},
	{0x404, 0x404, ANY, READ_VALUE, WRITE_SAME, ~0UL},
	{0x401, 0x47f, ANY, READ_VALUE, WRITE_SAME, 0},
	/* Misc enable: fast strings; no branch trace, no precise events. */
	{0x1a0, 0x1a0, ANY, READ_VALUE, WRITE_DROP, 0x801801},
	/* The page-attribute table is ABI. */
	{MSR_PAT, MSR_PAT, ANY, READ_VALUE, WRITE_GP, 0x0000050100070406},
	/* EFER: SCE, LME, LMA, NXE. */
	{MSR_EFER, MSR_EFER, ANY, READ_VALUE, WRITE_SAME, 0xd01},
	/* Performance counters, HWCR, NB_CFG, P-states, DE_CFG. */
	{0xc0010000, 0xc0010007, AMD, READ_VALUE, WRITE_DROP, 0},
	{0xc0010015, 0xc0010015, AMD, READ_VALUE, WRITE_DROP, 0},
	{0xc001001f, 0xc001001f, AMD, READ_VALUE, WRITE_DROP, 0},
	{0xc0010061, 0xc0010064, AMD, READ_VALUE, WRITE_DROP, 0},
	{0xc0011029, 0xc0011029, AMD, READ_VALUE, WRITE_DROP, 2},
	/* SYSCFG, top of memory below and above 4 GiB, SMM region. */
	{0xc0010010, 0xc0010010, AMD, READ_HW_DOM0, WRITE_GP, 0},
	{0xc001001a, 0xc001001a, AMD, READ_HW_DOM0, WRITE_GP, 0},
	{0xc001001d, 0xc001001d, AMD, READ_HW_DOM0, WRITE_GP, 0},
	{0xc0010112, 0xc0010112, AMD, READ_HW_DOM0, WRITE_GP, 0},
};

static const struct msr_row *find_row(u32 msr)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (msr >= rows[i].first && msr <= rows[i].last &&
		    (rows[i].vendor == ANY ||
		     (rows[i].vendor == AMD ? cpu_features.amd : cpu_features.intel)))
			return &rows[i];
	return NULL;
}

u64 guest_tsc(const struct domain *d)
{
	u64 khz = d->tsc_khz ? d->tsc_khz : clocksource_tsc_khz();
	u64 value = 0, ns;

	if (!guest_tsc_emulated(d)) {
		/* Every processor has it. */
		(void)msr_read_safe(MSR_TSC, &value);
		return value;
	}
	/* In two parts: the product of both would pass 64 bits within days. */
	ns = (u64)now();
	return ns / 1000000 * khz + ns % 1000000 * khz / 1000000;
}

static int read_table(const struct domain *d, u32 msr, u64 *value)
{
	const struct msr_row *row = find_row(msr);

	if (!row)
		return -EPERM;
	*value = row->value;
	if (row->read == READ_HW_DOM0 && !d->is_privileged)
		return -EPERM;
	return row->read == READ_VALUE ? 0 : msr_read_safe(msr, value) ? -EPERM : 0;
}

int guest_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	const struct domain *d = v->domain;

	switch (msr) {
	case MSR_TSC:
		*value = guest_tsc(d);
		return 0;
	case MSR_APIC_BASE:
		/* Enabled, at its usual place, boot processor: kernels look at no more. */
		*value = 0xfee00800 | (v->id ? 0 : 0x100);
		return 0;
	case MSR_FS_BASE:
		vcpu_read_bases(v);
		*value = v->arch.fs_base;
		return 0;
	case MSR_GS_BASE:
		vcpu_read_bases(v);
		*value = v->arch.gs_base_kernel;
		return 0;
	case MSR_KERNEL_GS_BASE:
		vcpu_read_bases(v);
		*value = v->arch.gs_base_user;
		return 0;
	case MSR_TSC_AUX:
		if (!guest_has_feature(d, XEN_X86_FEATURE_RDTSCP))
			break;
		*value = v->arch.tsc_aux;
		return 0;
	case MSR_HYPERCALL_PAGE:
		*value = 0;
		return 0;
	default:
		if (!read_table(d, msr, value))
			return 0;
		break;
	}
	*value = 0;
	if (d->cpu_policy->msr_relaxed)
		return 0;
	guest_log_debug(d->id, "RDMSR 0x%x refused", msr);
	return -EPERM;
}

/* Low 12 bits: number of the page, of which there is one. */
static int write_hypercall_page(struct domain *d, u64 value)
{
	mfn_t mfn = MFN(value >> PAGE_SHIFT);

	if ((value & ~PAGE_MASK) || frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE))
		return -EPERM;
	hypercall_page_fill(mfn_to_virt(mfn));
	frame_put_and_type(mfn);
	return 0;
}

/* Writes with an effect.  -ENOENT: not one of these. */
static int write_special(struct vcpu *v, u32 msr, u64 value)
{
	struct domain *d = v->domain;

	switch (msr) {
	case MSR_FS_BASE:
		return vcpu_set_segment_base(v, SEGBASE_FS, value) ? -EPERM : 0;
	case MSR_GS_BASE:
		return vcpu_set_segment_base(v, SEGBASE_GS_KERNEL, value) ? -EPERM : 0;
	case MSR_KERNEL_GS_BASE:
		return vcpu_set_segment_base(v, SEGBASE_GS_USER, value) ? -EPERM : 0;
	case MSR_TSC_AUX:
		if (value >> 32 || !guest_has_feature(d, XEN_X86_FEATURE_RDTSCP))
			return -EPERM;
		v->arch.tsc_aux = (u32)value;
		return msr_write_safe(msr, value) ? -EPERM : 0;
	case MSR_PRED_CMD:
		/* A barrier, without state: the one speculation control that guests get. */
		if ((value & ~1UL) || !guest_has_feature(d, XEN_X86_FEATURE_IBPB))
			return -EPERM;
		return value && msr_write_safe(msr, value) ? -EPERM : 0;
	case MSR_HYPERCALL_PAGE:
		return write_hypercall_page(d, value);
	}
	return -ENOENT;
}

int guest_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	const struct domain *d = v->domain;
	const struct msr_row *row;
	int rc = write_special(v, msr, value);

	if (rc == -ENOENT) {
		row = find_row(msr);
		if (row && row->write == WRITE_DROP)
			rc = 0;
		else if (row && row->write == WRITE_SAME)
			rc = row->value == value ? 0 : -EPERM;
	}
	if (!rc || d->cpu_policy->msr_relaxed)
		return 0;
	guest_log_debug(d->id, "WRMSR 0x%x of 0x%lx refused", msr, (unsigned long)value);
	return -EPERM;
}
