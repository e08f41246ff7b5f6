/* SPDX-License-Identifier: MIT */
/*
 * The machine under entry/privop.c, faked: guest memory, ports, MSRs, PCI configuration, and
 * what was injected.  The tests of privop.c include this file, which includes privop.c itself,
 * and put one instruction after the other into guest memory.
 */
#ifndef TESTS_UNIT_FAKE_PRIVOP_H
#define TESTS_UNIT_FAKE_PRIVOP_H

/* The vCPU is found from a variable here, not from the stack pointer. */
#define DAIS_MACHINE_PERCPU_H
#include "machine/regs.h"
struct vcpu;
struct cpu_info {
	struct cpu_regs guest_regs;
};
static struct cpu_info the_cpu;
static struct vcpu *current;
static inline struct cpu_info *cpu_info(void)
{
	return &the_cpu;
}

#include "entry/privop.c"

#include "check.h"
#include "console/serial.h"
#include "hostheap.h"
#include "machine/clocksource.h"
#include "mm/frame.h"
#include "mm/slab.h"

#include <stdlib.h>

#define MEM_BASE 0x400000UL
#define MEM_SIZE 8192u
#define BITMAP 0xffffc90000000000UL

static u8 mem[MEM_SIZE];
static u8 bitmap[64];
static struct domain dom;
static struct vcpu vcpu;
static struct vcpu_info info;
static struct trap_info traps[256];
static struct cpu_regs regs;

/* What the machine was asked. */
static int trap_vector;
static u32 trap_error;
static unsigned long trap_cr2;
static unsigned int port_reads, port_writes, last_port, last_bytes, cfg_writes, blocks, flushes;
static u32 last_value, cfg_value;
static bool cfg_allow;
static unsigned int root_goes, drop_goes;

struct cpu_features cpu_features = {.amd = true,
				    .max_leaf = 0x10,
				    .max_ext_leaf = 0x80000021,
				    .xsave = true,
				    .xcr0_mask = 7,
				    .xsave_size = 832};
unsigned long max_mfn = 0x80000;

/* --- the faked machine --- */

static u8 *guest_byte(unsigned long va)
{
	if (va >= MEM_BASE && va < MEM_BASE + MEM_SIZE)
		return &mem[va - MEM_BASE];
	if (va >= BITMAP && va < BITMAP + sizeof(bitmap))
		return &bitmap[va - BITMAP];
	return NULL;
}

size_t guest_read_partial(void *dst, unsigned long va, size_t size)
{
	size_t i;

	for (i = 0; i < size && guest_byte(va + i); i++)
		((u8 *)dst)[i] = *guest_byte(va + i);
	return i;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	return guest_read_partial(dst, va, size) == size ? 0 : -EFAULT;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!guest_byte(va + i))
			return -EFAULT;
		*guest_byte(va + i) = ((const u8 *)src)[i];
	}
	return 0;
}

void inject_trap(struct cpu_regs *r, unsigned int vector, u32 error_code)
{
	CHECK(r == &regs);
	trap_vector = (int)vector;
	trap_error = error_code;
}

void inject_page_fault(struct cpu_regs *r, unsigned long cr2, u32 error_code)
{
	inject_trap(r, TRAP_PF, error_code);
	trap_cr2 = cr2;
}

u32 port_in(u16 port, unsigned int bytes)
{
	port_reads++;
	last_port = port;
	last_bytes = bytes;
	return 0xa5b6c7d8 & (bytes == 4 ? ~0u : (1u << (8 * bytes)) - 1);
}

void port_out(u16 port, unsigned int bytes, u32 value)
{
	port_writes++;
	last_port = port;
	last_bytes = bytes;
	last_value = value;
}

u32 pci_cfg_read(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size)
{
	return (u32)(seg + bus + devfn + reg + size);
}

void pci_cfg_write(u16 seg __unused, u8 bus __unused, u8 devfn __unused, unsigned int reg,
		   unsigned int size __unused, u32 value)
{
	cfg_writes++;
	last_port = reg;
	cfg_value = value;
}

bool pci_cfg_write_intercept(u16 seg __unused, u8 bus __unused, u8 devfn __unused,
			     unsigned int reg __unused, unsigned int size __unused,
			     u32 *value __unused)
{
	return cfg_allow;
}

int msr_read_safe(u32 msr, u64 *value)
{
	*value = msr == 0x10 ? 0x1122334455667788 : msr == 0x8b ? 0x1000065 : 0x77;
	return 0;
}

int msr_write_safe(u32 msr __unused, u64 value __unused)
{
	return 0;
}

struct cpuid_result cpuid_count(u32 leaf, u32 subleaf)
{
	if (leaf == 0 || leaf == 0x80000000)
		return (struct cpuid_result){.a = leaf + 0x10};
	if (leaf == 0xd)
		return (struct cpuid_result){7, 832, 832, 0};
	if (leaf == 4 || (leaf == 7 && subleaf))
		return (struct cpuid_result){0};
	return (struct cpuid_result){leaf == 7 ? 0 : ~0u, ~0u, ~0u, ~0u};
}

bool clocksource_stable(void)
{
	return true;
}
bool guest_tsc_emulated(const struct domain *d);
bool guest_tsc_emulated(const struct domain *d)
{
	return d->tsc_mode == 1;
}

u32 clocksource_tsc_khz(void)
{
	return 2000000;
}
void clocksource_epoch(struct clock_epoch *out)
{
	*out = (struct clock_epoch){.mul = 1};
}
stime_t now(void)
{
	return 5000000;
}
void vcpu_set_ts(struct vcpu *v, bool set)
{
	v->arch.ts = set;
}
void vcpu_load_cr4(struct vcpu *v __unused)
{
}
void vcpu_read_bases(struct vcpu *v __unused)
{
}
void cache_flush_local(void)
{
	flushes++;
}
int fpu_set_xcr0(struct vcpu *v, u64 value)
{
	if (value & ~7UL)
		return -EINVAL;
	v->arch.xcr0 = value;
	return 0;
}
int vcpu_set_segment_base(struct vcpu *v, unsigned int which, unsigned long value)
{
	if ((long)(value << 16) >> 16 != (long)value)
		return -EINVAL;
	*(which == SEGBASE_FS        ? &v->arch.fs_base
	  : which == SEGBASE_GS_USER ? &v->arch.gs_base_user
				     : &v->arch.gs_base_kernel) = value;
	return 0;
}
int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value)
{
	v->arch.debugreg[reg & 7] = value;
	return reg > 7 ? -EINVAL : 0;
}
long hc_get_debugreg(unsigned long reg)
{
	return (long)vcpu.arch.debugreg[reg];
}
long hc_sched_op(unsigned long cmd, unsigned long arg __unused)
{
	blocks += cmd == SCHEDOP_block;
	return 0;
}
/*
 * Roots: 0x123 is one; 0x125 is to be validated in two goes; 0x126 takes the place of one whose
 * taking apart is not done, which a second go finishes.
 */
int mmuext_new_kernel_root(struct vcpu *v, mfn_t mfn)
{
	mfn_t old = v->arch.kernel_root;

	CHECK(!v->arch.old_table.m);
	if (mfn.m == 0x125 && !root_goes++)
		return -ERESTART;
	if (mfn.m != 0x123 && mfn.m != 0x125 && mfn.m != 0x126)
		return -EINVAL;
	v->arch.kernel_root = mfn;
	if (mfn.m != 0x126 || mfn_eq(mfn, old))
		return 0;
	v->arch.old_table = old;
	drop_goes = 1;
	return 1;
}
int table_finish_drop(struct vcpu *v)
{
	if (!v->arch.old_table.m)
		return 0;
	if (drop_goes--)
		return -ERESTART;
	v->arch.old_table = MFN(0);
	return 0;
}
int frame_get_and_type(mfn_t mfn __unused, struct domain *d __unused, u32 type __unused)
{
	return -EINVAL;
}
int frame_put_and_type(mfn_t mfn __unused)
{
	return 0;
}
void hypercall_page_fill(void *page __unused)
{
}
int serial_io_base(unsigned int port)
{
	return port ? -1 : 0x3f8;
}
void guest_log_at(enum log_level level __unused, unsigned int domid __unused,
		  const char *fmt __unused, ...)
{
}

/* --- running one instruction --- */

/* Fresh registers, the bytes at RIP. */
static void put(const u8 *bytes, size_t n, bool kernel)
{
	memset(&regs, 0, sizeof(regs));
	memset(mem, 0, sizeof(mem));
	memcpy(mem + 0x100, bytes, n);
	regs.rip = MEM_BASE + 0x100;
	regs.rflags = 0x202 | EFLAGS_RF;
	vcpu.arch.kernel_mode = kernel;
	trap_vector = -1;
	port_reads = port_writes = cfg_writes = blocks = flushes = 0;
}

#define BYTES(...) (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__})
#define KERNEL(...) put(BYTES(__VA_ARGS__), true)
#define USER(...) put(BYTES(__VA_ARGS__), false)

/* Executed without an exception, and RIP is behind it. */
#define DONE_BY(length)                                          \
	do {                                                     \
		guest_general_protection(&regs);                 \
		CHECK_EQ(trap_vector, -1);                       \
		CHECK_EQ(regs.rip, MEM_BASE + 0x100 + (length)); \
		CHECK(!(regs.rflags & EFLAGS_RF));               \
	} while (0)

/* Neither done nor refused: the guest executes it again. */
#define COMES_BACK()                                  \
	do {                                          \
		guest_general_protection(&regs);      \
		CHECK_EQ(trap_vector, -1);            \
		CHECK_EQ(regs.rip, MEM_BASE + 0x100); \
	} while (0)

#define FAULTS_WITH(vector, error)                    \
	do {                                          \
		guest_general_protection(&regs);      \
		CHECK_EQ(trap_vector, vector);        \
		CHECK_EQ(trap_error, error);          \
		CHECK_EQ(regs.rip, MEM_BASE + 0x100); \
	} while (0)

static void reset(bool privileged)
{
	if (dom.ioports)
		ioports_domain_free(&dom);
	if (dom.cpu_policy)
		cpuid_domain_destroy(&dom);
	memset(&dom, 0, sizeof(dom));
	memset(&vcpu, 0, sizeof(vcpu));
	memset(traps, 0, sizeof(traps));
	dom.is_privileged = privileged;
	vcpu.domain = &dom;
	vcpu.info = &info;
	vcpu.arch.traps = traps;
	vcpu.arch.cr4 = 0x660;
	vcpu.arch.kernel_root = MFN(0x42);
	traps[TRAP_GP].address = 0x1000;
	current = &vcpu;
	CHECK(!ioports_domain_init(&dom));
	CHECK(!cpuid_domain_init(&dom));
}

#endif
