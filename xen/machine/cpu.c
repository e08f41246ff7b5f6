// SPDX-License-Identifier: MIT
/*
 * Processor features and the control registers that follow from them.  Every
 * optional feature is probed; what we cannot do without (NX, SYSCALL, SSE2) is
 * architectural with long mode, or was checked by boot/head.S.
 */
#define LOG_ROOM "cpu"
#include "machine/cpu.h"

#include "boot/options.h"
#include "console/log.h"
#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/clocksource.h"
#include "machine/context.h"
#include "machine/descriptor.h"
#include "machine/fpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

/*
 * The PAT layout is ABI: guests are told these six types (MSR 0x277 reads so)
 * and build their cache-attribute table from them.
 */
#define PAT_VALUE 0x0000050100070406ULL

/* xl.cfg's tsc_mode. */
enum { TSC_MODE_DEFAULT, TSC_MODE_EMULATE, TSC_MODE_NATIVE };

struct cpu_features cpu_features __ro_after_init;
u32 lock_patience __ro_after_init;

/* CR4 of every CPU, without the bits that a guest chooses. */
/* Tries, each with a PAUSE: some tenths of a millisecond, longer than any lock is held. */
#define LOCK_PATIENCE 32768

static unsigned long base_cr4 __ro_after_init;

int rdmsr_asm(u32 msr, u64 *value);
int wrmsr_asm(u32 msr, u64 value);

struct cpuid_result cpuid_count(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	asm volatile("cpuid"
		     : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
		     : "0"(leaf), "2"(subleaf));
	return r;
}

int msr_read_safe(u32 msr, u64 *value)
{
	return rdmsr_asm(msr, value);
}

int msr_write_safe(u32 msr, u64 value)
{
	return wrmsr_asm(msr, value);
}

static void __init identify(struct cpu_features *f)
{
	struct cpuid_result r = cpuid_count(0, 0);

	f->max_leaf = r.a;
	memcpy(f->vendor, &r.b, 4);
	memcpy(f->vendor + 4, &r.d, 4);
	memcpy(f->vendor + 8, &r.c, 4);
	f->intel = !strcmp(f->vendor, "GenuineIntel");
	f->amd = !strcmp(f->vendor, "AuthenticAMD") || !strcmp(f->vendor, "HygonGenuine");

	r = cpuid_count(1, 0);
	f->family = (r.a >> 8) & 15;
	f->model = (r.a >> 4) & 15;
	f->stepping = r.a & 15;
	if (f->family == 6 || f->family == 15)
		f->model |= (r.a >> 12) & 0xf0;
	if (f->family == 15)
		f->family += (r.a >> 20) & 0xff;
	f->pcid = r.c & BIT(17);
	f->x2apic = r.c & BIT(21);
	f->tsc_deadline = r.c & BIT(24);
	f->xsave = r.c & BIT(26);
	f->hypervisor = r.c & BIT(31);
	if (f->hypervisor)
		lock_patience = LOCK_PATIENCE;
	if (f->max_leaf >= 7) {
		r = cpuid_count(7, 0);
		f->fsgsbase = r.b & BIT(0);
		f->smep = r.b & BIT(7);
		f->invpcid = r.b & BIT(10);
		f->smap = r.b & BIT(20);
	}

	f->max_ext_leaf = cpuid_count(0x80000000, 0).a;
	r = cpuid_count(0x80000001, 0);
	f->rdtscp = r.d & BIT(27);
	f->phys_bits = 36;
	if (f->max_ext_leaf >= 0x80000007)
		f->invariant_tsc = cpuid_count(0x80000007, 0).d & BIT(8);
	if (f->max_ext_leaf >= 0x80000008)
		f->phys_bits = cpuid_count(0x80000008, 0).a & 0xff;
}

/* States that a guest may switch on: x87, SSE, AVX, AVX-512; not PKRU, not MPX (abi B92, B93). */
#define XCR0_GUEST 0xe7ULL

static void __init size_xsave(struct cpu_features *f)
{
	struct cpuid_result r;

	f->xcr0_mask = 3;
	f->xsave_size = 512;
	if (!f->xsave || f->max_leaf < 0xd) {
		f->xsave = false;
		return;
	}
	r = cpuid_count(0xd, 0);
	f->xcr0_mask = (r.a | (u64)r.d << 32) & XCR0_GUEST;
	/* AVX-512 comes whole or not at all. */
	if ((f->xcr0_mask & 0xe0) != 0xe0)
		f->xcr0_mask &= ~0xe0ULL;
	f->xsave_size = 576;
	for (unsigned int i = 2; i < 63; i++) {
		if (!(f->xcr0_mask & BIT(i)))
			continue;
		r = cpuid_count(0xd, i);
		f->xsave_size = max(f->xsave_size, r.a + r.b);
	}
}

void __init cpu_features_init(void)
{
	struct cpu_features *f = &cpu_features;

	identify(f);
	size_xsave(f);
	base_cr4 = CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (f->xsave)
		base_cr4 |= CR4_OSXSAVE;
	f->smep = f->smep && options.smep;
	f->smap = f->smap && options.smap;
	if (f->smep)
		base_cr4 |= CR4_SMEP;
	if (f->smap)
		base_cr4 |= CR4_SMAP;
	log_info("%s family 0x%x model 0x%x stepping %u, %u physical address bits%s%s%s%s\n",
		 f->vendor, f->family, f->model, f->stepping, f->phys_bits, f->smep ? ", SMEP" : "",
		 f->smap ? ", SMAP" : "", f->fsgsbase ? ", FSGSBASE" : "",
		 f->xsave ? ", XSAVE" : "");
	mitigate_init();
}

bool guest_tsc_emulated(const struct domain *d)
{
	if (d->tsc_mode == TSC_MODE_DEFAULT)
		return d->tsc_khz && d->tsc_khz != clocksource_tsc_khz();
	return d->tsc_mode == TSC_MODE_EMULATE;
}

void vcpu_load_cr4(struct vcpu *v)
{
	unsigned long cr4 = base_cr4 | (v->arch.cr4 & (CR4_TSD | CR4_DE | CR4_FSGSBASE));

	if (guest_tsc_emulated(v->domain))
		cr4 |= CR4_TSD;
	if (cr4 != read_cr4())
		write_cr4(cr4);
}

void cpu_init_this(void)
{
	write_cr4(base_cr4);
	wrmsr(MSR_PAT, PAT_VALUE);
	fpu_init_cpu();
}

void cpu_init_ap(unsigned int cpu)
{
	ASSERT(this_cpu_id() == cpu);
	cpu_init_this();
	descriptor_init_cpu();
	mitigate_init_cpu();
}
