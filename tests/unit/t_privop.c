// SPDX-License-Identifier: MIT
/*
 * entry/privop.c with the MSR, CPUID and port policies behind it, over a faked machine: each
 * instruction of abi rows B40-B64 and B110-B111 is put into guest memory and executed, and
 * what became of registers, RIP, ports and exceptions is compared with the row.
 */
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

struct cpu_features cpu_features = {.amd = true, .max_leaf = 0x10, .max_ext_leaf = 0x80000021,
				    .xsave = true, .xcr0_mask = 7, .xsave_size = 832};
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

bool clocksource_stable(void) { return true; }
u32 clocksource_tsc_khz(void) { return 2000000; }
void clocksource_epoch(struct clock_epoch *out) { *out = (struct clock_epoch){.mul = 1}; }
stime_t now(void) { return 5000000; }
void vcpu_set_ts(struct vcpu *v, bool set) { v->arch.ts = set; }
void vcpu_load_cr4(struct vcpu *v __unused) {}
void vcpu_read_bases(struct vcpu *v __unused) {}
void cache_flush_local(void) { flushes++; }
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
	*(which == SEGBASE_FS ? &v->arch.fs_base :
	  which == SEGBASE_GS_USER ? &v->arch.gs_base_user : &v->arch.gs_base_kernel) = value;
	return 0;
}
int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value)
{
	v->arch.debugreg[reg & 7] = value;
	return reg > 7 ? -EINVAL : 0;
}
long hc_get_debugreg(unsigned long reg) { return (long)vcpu.arch.debugreg[reg]; }
long hc_sched_op(unsigned long cmd, unsigned long arg __unused)
{
	blocks += cmd == SCHEDOP_block;
	return 0;
}
int mmuext_new_kernel_root(struct vcpu *v, mfn_t mfn)
{
	if (mfn.m != 0x123)
		return -EINVAL;
	v->arch.kernel_root = mfn;
	return 0;
}
int frame_get_and_type(mfn_t mfn __unused, struct domain *d __unused, u32 type __unused)
{
	return -EINVAL;
}
int frame_put_and_type(mfn_t mfn __unused) { return 0; }
void hypercall_page_fill(void *page __unused) {}
int serial_io_base(unsigned int port) { return port ? -1 : 0x3f8; }
void *kmalloc(size_t size) { return calloc(1, size); }
void kfree(void *p) { free(p); }
void guest_log_at(enum log_level level __unused, unsigned int domid __unused,
		  const char *fmt __unused, ...) {}

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
#define DONE_BY(length)                                                    \
	do {                                                               \
		guest_general_protection(&regs);                           \
		CHECK_EQ(trap_vector, -1);                                 \
		CHECK_EQ(regs.rip, MEM_BASE + 0x100 + (length));           \
		CHECK(!(regs.rflags & EFLAGS_RF));                         \
	} while (0)

#define FAULTS_WITH(vector, error)                                         \
	do {                                                               \
		guest_general_protection(&regs);                           \
		CHECK_EQ(trap_vector, vector);                             \
		CHECK_EQ(trap_error, error);                               \
		CHECK_EQ(regs.rip, MEM_BASE + 0x100);                      \
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

static void control_registers(void)
{
	reset(false);
	KERNEL(0x0f, 0x20, 0xc0); /* mov rax, cr0 */
	DONE_BY(3);
	CHECK_EQ(regs.rax, 0x80050033);
	KERNEL(0x0f, 0x22, 0xc0); /* mov cr0, rax: only TS counts */
	regs.rax = 8;
	DONE_BY(3);
	KERNEL(0x0f, 0x20, 0xc3);
	DONE_BY(3);
	CHECK_EQ(regs.rbx, 0x8005003b);
	KERNEL(0x0f, 0x06); /* clts */
	DONE_BY(2);
	CHECK(!vcpu.arch.ts);
	info.arch.cr2 = 0xdead000;
	KERNEL(0x0f, 0x20, 0xd1); /* mov rcx, cr2 */
	DONE_BY(3);
	CHECK_EQ(regs.rcx, 0xdead000);
	KERNEL(0x0f, 0x20, 0xd8); /* mov rax, cr3 */
	DONE_BY(3);
	CHECK_EQ(regs.rax, 0x42000);
	KERNEL(0x0f, 0x22, 0xd8);
	regs.rax = 0x123000;
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.kernel_root.m, 0x123);
	KERNEL(0x0f, 0x22, 0xd8);
	regs.rax = 0x124000;
	FAULTS_WITH(TRAP_GP, 0);
	/* B43: SMEP, SMAP, FSGSBASE; then 0. */
	KERNEL(0x0f, 0x22, 0xe0);
	regs.rax = BIT(20) | BIT(21) | BIT(16);
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.cr4, 0x10660);
	KERNEL(0x0f, 0x22, 0xe0);
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.cr4, 0x660);
	KERNEL(0x44, 0x0f, 0x20, 0xc0); /* cr8 */
	FAULTS_WITH(TRAP_GP, 0);
	USER(0x0f, 0x20, 0xc0);
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0x0f, 0x23, 0xf8); /* mov dr7, rax */
	regs.rax = 0x400;
	DONE_BY(3);
	KERNEL(0x0f, 0x21, 0xf9);
	DONE_BY(3);
	CHECK_EQ(regs.rcx, 0x400);
}

static void small_instructions(void)
{
	reset(true);
	KERNEL(0xf4); /* hlt */
	DONE_BY(1);
	CHECK_EQ(blocks, 1);
	USER(0xf4);
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0x0f, 0x09); /* wbinvd */
	DONE_BY(2);
	CHECK_EQ(flushes, 1);
	KERNEL(0x0f, 0x08); /* invd */
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0x0f, 0x01, 0x38); /* invlpg */
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0xfa);
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 1;
	KERNEL(0xfa);
	DONE_BY(1);
	KERNEL(0xfb);
	DONE_BY(1);
	USER(0xfb);
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0x0f, 0x31); /* rdtsc */
	DONE_BY(2);
	CHECK(regs.rax == 0x55667788 && regs.rdx == 0x11223344);
	vcpu.arch.cr4 |= CR4_TSD;
	USER(0x0f, 0x31);
	FAULTS_WITH(TRAP_GP, 0);
	dom.tsc_mode = 1;
	vcpu.arch.tsc_aux = 9;
	KERNEL(0x0f, 0x01, 0xf9); /* rdtscp, emulated: 5 ms at 2 GHz */
	DONE_BY(3);
	CHECK(regs.rax == 10000000 && regs.rcx == 9);
	KERNEL(0x0f, 0x01, 0xd1); /* xsetbv */
	FAULTS_WITH(TRAP_UD, 0);
	vcpu.arch.cr4 |= CR4_OSXSAVE;
	KERNEL(0x0f, 0x01, 0xd1);
	regs.rax = 7;
	DONE_BY(3);
	KERNEL(0x0f, 0x01, 0xd1);
	regs.rax = 0x207;
	FAULTS_WITH(TRAP_GP, 0);
	KERNEL(0x0f, 0x01, 0xd1);
	regs.rax = 7;
	regs.rcx = 1;
	FAULTS_WITH(TRAP_GP, 0);
	/* Single step: the instruction is done, and #DB is due behind it. */
	KERNEL(0x0f, 0x06);
	regs.rflags |= EFLAGS_TF;
	guest_general_protection(&regs);
	CHECK(trap_vector == TRAP_DB && regs.rip == MEM_BASE + 0x102);
	CHECK(vcpu.arch.debugreg[6] & 0x4000);
}

static void forced_cpuid(void)
{
	reset(false);
	KERNEL(0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2);
	regs.rax = 0x40000000;
	guest_invalid_opcode(&regs);
	CHECK(trap_vector == -1 && regs.rip == MEM_BASE + 0x107);
	CHECK(regs.rax == 0x40000005 && regs.rbx == 0x566e6558);
	KERNEL(0x0f, 0x0b, 'x', 'e', 'm', 0x0f, 0xa2);
	guest_invalid_opcode(&regs);
	CHECK(trap_vector == TRAP_UD && regs.rip == MEM_BASE + 0x100);
	USER(0x0f, 0xa2); /* CPUID faulting */
	regs.rax = 0x40000001;
	DONE_BY(2);
	CHECK_EQ(regs.rax, 0x40011);
}

static void software_interrupts(void)
{
	reset(false);
	traps[0x80] = (struct trap_info){.vector = 0x80, .flags = 3, .address = 0x2000};
	traps[0x82] = (struct trap_info){.vector = 0x82, .flags = 0, .address = 0x2000};
	USER(0xcd, 0x80);
	regs.error_code = 0x402; /* as an old QEMU says it */
	guest_general_protection(&regs);
	CHECK(trap_vector == 0x80 && regs.rip == MEM_BASE + 0x102);
	USER(0xcd, 0x82);
	regs.error_code = 0x82 * 8 + 2;
	FAULTS_WITH(TRAP_GP, 0x82 * 8 + 2);
	KERNEL(0xcd, 0x82); /* the kernel counts as ring 0 */
	regs.error_code = 0x82 * 16 + 2;
	guest_general_protection(&regs);
	CHECK_EQ(trap_vector, 0x82);
	USER(0xcd, 0x20);
	regs.error_code = 0x20 * 16 + 2;
	FAULTS_WITH(TRAP_GP, 0x20 * 8 + 2);
	/* Selector errors are handed on, whatever the bytes are. */
	KERNEL(0x0f, 0x06);
	regs.error_code = 0x18;
	FAULTS_WITH(TRAP_GP, 0x18);
}

static void fetch_failures(void)
{
	reset(false);
	USER(0x90);
	regs.rip = MEM_BASE + MEM_SIZE - 1;
	mem[MEM_SIZE - 1] = 0x0f;
	guest_general_protection(&regs);
	CHECK(trap_vector == TRAP_PF && trap_cr2 == MEM_BASE + MEM_SIZE);
	CHECK_EQ(trap_error, PFEC_FETCH | PFEC_USER);
}

static void ports_of_dom0(void)
{
	reset(true);
	KERNEL(0xe4, 0x71); /* in al, 0x71 */
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 1;
	KERNEL(0xe4, 0x71);
	regs.rax = ~0UL;
	DONE_BY(2);
	CHECK(last_port == 0x71 && last_bytes == 1 && regs.rax == 0xffffffffffffffd8);
	KERNEL(0xed); /* in eax, dx */
	regs.rax = ~0UL;
	regs.rdx = 0xffff0000b004;
	DONE_BY(1);
	CHECK(last_port == 0xb004 && regs.rax == 0xa5b6c7d8);
	KERNEL(0x66, 0xef); /* out dx, ax */
	regs.rax = 0x12345;
	regs.rdx = 0x1f0;
	DONE_BY(2);
	CHECK(last_port == 0x1f0 && last_bytes == 2 && last_value == 0x2345);
	/* E5: PIT, PIC, serial port. */
	static const u16 hidden_ports[] = {0x40, 0x43, 0x20, 0x21, 0xa0, 0x3f8, 0x3fd};
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden_ports); i++) {
		KERNEL(0xec);
		regs.rdx = hidden_ports[i];
		DONE_BY(1);
		CHECK(!port_reads && regs.rax == 0xff);
		KERNEL(0xee);
		regs.rdx = hidden_ports[i];
		DONE_BY(1);
		CHECK(!port_writes);
	}
	/* A wide access that touches a hidden port, and one beyond the last port. */
	KERNEL(0xed);
	regs.rdx = 0x3e;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xffffffff);
	KERNEL(0xed);
	regs.rdx = 0xfffe;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xffffffff);
	/* User mode: IOPL 1 is not enough, 3 is. */
	USER(0xec);
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 3;
	USER(0xec);
	regs.rdx = 0x61;
	DONE_BY(1);
	CHECK_EQ(port_reads, 1);
	/* B112 */
	vcpu.arch.iopl = 0;
	dom.vm_assist = BIT(VMASST_TYPE_architectural_iopl);
	KERNEL(0xec);
	regs.rdx = 0x61;
	DONE_BY(1);
}

static void pci_configuration(void)
{
	reset(true);
	vcpu.arch.iopl = 1;
	KERNEL(0xef);
	regs.rdx = 0xcf8;
	regs.rax = 0x80010a40; /* bus 1 devfn 10, register 0x40 */
	DONE_BY(1);
	CHECK(!port_writes);
	KERNEL(0xed);
	regs.rdx = 0xcf8;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0x80010a40);
	KERNEL(0x66, 0xed);
	regs.rdx = 0xcfe;
	DONE_BY(2);
	CHECK_EQ(regs.rax, 1 + 10 + 0x42 + 2);
	cfg_allow = false;
	KERNEL(0xef);
	regs.rdx = 0xcfc;
	DONE_BY(1);
	CHECK(!cfg_writes && !port_writes);
	cfg_allow = true;
	KERNEL(0xee);
	regs.rdx = 0xcff;
	regs.rax = 0x5a;
	DONE_BY(1);
	CHECK(cfg_writes == 1 && cfg_value == 0x5a && last_port == 0x43);
}

static void ports_of_domu(void)
{
	reset(false);
	KERNEL(0xec);
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 1;
	KERNEL(0xec);
	regs.rdx = 0x71;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xff);
	KERNEL(0xef);
	regs.rdx = 0xcf8;
	regs.rax = 0x80000000;
	DONE_BY(1);
	KERNEL(0xed);
	regs.rdx = 0xcf8;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0);
	KERNEL(0xed);
	regs.rdx = 0xcfc;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0xffffffff);
	/* ioports= of a config; never what is ours. */
	CHECK_EQ(ioports_permit(&dom, 0x2f8, 8), 0);
	CHECK_EQ(ioports_permit(&dom, 0x3c, 8), (u64)-EPERM);
	CHECK_EQ(ioports_permit(&dom, 0xfff8, 9), (u64)-EINVAL);
	KERNEL(0xec);
	regs.rdx = 0x2ff;
	DONE_BY(1);
	CHECK_EQ(port_reads, 1);
	CHECK_EQ(ioports_deny(&dom, 0x2ff, 1), 0);
	CHECK(!ioport_permitted(&dom, 0x2ff, 1) && ioport_permitted(&dom, 0x2fe, 1));
}

/* B111 */
static void io_bitmap(void)
{
	reset(true);
	memset(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x60 / 8] = 0x7f; /* 0x67 */
	bitmap[0x68 / 8] = 0xfe; /* 0x68 */
	USER(0xec);
	regs.rdx = 0x67;
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.io_bitmap = BITMAP;
	vcpu.arch.io_bitmap_ports = 0x69;
	USER(0xec);
	regs.rdx = 0x67;
	DONE_BY(1);
	USER(0x66, 0xed); /* over the byte's end: 0x67 and 0x68 */
	regs.rdx = 0x67;
	DONE_BY(2);
	USER(0x66, 0xed);
	regs.rdx = 0x66;
	FAULTS_WITH(TRAP_GP, 0);
	USER(0x66, 0xed);
	regs.rdx = 0x68; /* past the bitmap's end */
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.io_bitmap = 0x10;
	USER(0xec);
	regs.rdx = 0x67;
	FAULTS_WITH(TRAP_GP, 0);
}

static void string_ports(void)
{
	reset(true);
	vcpu.arch.iopl = 3;
	KERNEL(0xf3, 0x6c); /* rep insb */
	regs.rdi = MEM_BASE + 0x200;
	regs.rcx = 3;
	regs.rdx = 0x1f0;
	DONE_BY(2);
	CHECK(port_reads == 3 && regs.rdi == MEM_BASE + 0x203 && !regs.rcx);
	CHECK(mem[0x202] == 0xd8 && mem[0x203] == 0);
	KERNEL(0xf3, 0x6f); /* rep outsd, more than one slice */
	regs.rsi = MEM_BASE + 0x400;
	regs.rcx = 100;
	regs.rdx = 0x1f0;
	guest_general_protection(&regs);
	CHECK(trap_vector == -1 && regs.rip == MEM_BASE + 0x100);
	CHECK(regs.rcx == 36 && port_writes == 64 && regs.rsi == MEM_BASE + 0x500);
	DONE_BY(2);
	CHECK_EQ(port_writes, 100);
	/* Advisory 67: an unreadable source sends nothing out. */
	KERNEL(0x6e);
	regs.rsi = 0x10;
	FAULTS_WITH(TRAP_PF, 0);
	CHECK(!port_writes && trap_cr2 == 0x10);
	KERNEL(0x6c);
	regs.rdi = 0x10;
	FAULTS_WITH(TRAP_PF, PFEC_WRITE);
	CHECK(!port_reads);
	KERNEL(0xf3, 0x6c); /* count 0 */
	DONE_BY(2);
	CHECK(!port_reads);
	/* User mode cannot have us write where it cannot. */
	USER(0x6c);
	regs.rdi = BITMAP;
	FAULTS_WITH(TRAP_PF, PFEC_WRITE | PFEC_USER);
	CHECK(!port_reads && bitmap[0] == 0xff);
}

static int rdmsr_of(u32 msr, u64 *value)
{
	KERNEL(0x0f, 0x32);
	regs.rcx = msr;
	guest_general_protection(&regs);
	*value = regs.rax | regs.rdx << 32;
	return trap_vector;
}

static int wrmsr_of(u32 msr, u64 value)
{
	KERNEL(0x0f, 0x30);
	regs.rcx = msr;
	regs.rax = (u32)value | 0xabcd00000000; /* upper half is not looked at */
	regs.rdx = value >> 32;
	guest_general_protection(&regs);
	return trap_vector;
}

/* B70-B86 */
static void msrs(void)
{
	static const struct {
		u32 msr;
		u64 value;
	} values[] = {
		{0x10, 0x1122334455667788}, {0x1b, 0xfee00900}, {0x8b, 0x1000065}, {0xce, 0},
		{0x140, 0}, {0x179, 2}, {0x400, ~0UL}, {0x401, 0}, {0x1a0, 0x801801},
		{0x277, 0x0000050100070406}, {0xc0000080, 0xd01}, {0xc0000103, 0},
		{0xc0010000, 0}, {0xc0010015, 0}, {0xc0011029, 2}, {0x40000000, 0},
	};
	static const u32 refused[] = {0x48, 0x49, 0x10b, 0x122, 0x123, 0x200, 0x2ff, 0x174,
				      0xc0000081, 0xc0000084, 0xc0010140, 0xc0010111, 0xc0010055,
				      0x12345};
	u64 value;

	reset(false);
	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++) {
		CHECK_EQ(rdmsr_of(values[i].msr, &value), (u64)-1);
		CHECK_EQ(value, values[i].value);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
		CHECK_EQ(rdmsr_of(refused[i], &value), TRAP_GP);
		CHECK_EQ(wrmsr_of(refused[i], 0x100), TRAP_GP);
	}
	CHECK_EQ(rdmsr_of(0xc0010010, &value), TRAP_GP);
	CHECK_EQ(wrmsr_of(0x10, 0), TRAP_GP);
	CHECK_EQ(wrmsr_of(0x277, 0x0000050100070406), TRAP_GP);
	CHECK_EQ(wrmsr_of(0x140, 0), (u64)-1);
	CHECK_EQ(wrmsr_of(0x140, 1), TRAP_GP);
	CHECK_EQ(wrmsr_of(0x1a0, 0x12), (u64)-1);
	CHECK_EQ(wrmsr_of(0xc0000080, 0xd01), (u64)-1);
	CHECK_EQ(wrmsr_of(0xc0000080, 0x501), TRAP_GP);
	CHECK_EQ(wrmsr_of(0xc0010015, 0x11), (u64)-1);
	CHECK_EQ(wrmsr_of(0xc0000103, 5), (u64)-1);
	CHECK_EQ(vcpu.arch.tsc_aux, 5);
	CHECK_EQ(wrmsr_of(0xc0000103, 1UL << 32), TRAP_GP);
	CHECK_EQ(wrmsr_of(0x40000000, 0), TRAP_GP); /* A73: frame 0 is not the guest's */
	/* B81, advisory 193: canonical bases only. */
	CHECK_EQ(wrmsr_of(0xc0000101, 0xffff888000001000), (u64)-1);
	CHECK_EQ(vcpu.arch.gs_base_kernel, 0xffff888000001000);
	CHECK_EQ(wrmsr_of(0xc0000100, 0x800000000000), TRAP_GP);
	CHECK_EQ(wrmsr_of(0xc0000102, 0x7000), (u64)-1);
	CHECK(rdmsr_of(0xc0000102, &value) == -1 && value == 0x7000);
	/* B86 */
	dom.cpu_policy->msr_relaxed = true;
	CHECK(rdmsr_of(0x12345, &value) == -1 && value == 0);
	CHECK_EQ(wrmsr_of(0x12345, 1), (u64)-1);
	dom.cpu_policy->msr_relaxed = false;
	/* A.5: no handler yet. */
	traps[TRAP_GP].address = 0;
	CHECK(rdmsr_of(0x12345, &value) == -1 && value == 0);
	USER(0x0f, 0x32);
	regs.rcx = 0x10;
	FAULTS_WITH(TRAP_GP, 0);
	reset(true);
	CHECK(rdmsr_of(0xc0010010, &value) == -1 && value == 0x77);
}

int main(void)
{
	cpuid_init();
	control_registers();
	small_instructions();
	forced_cpuid();
	software_interrupts();
	fetch_failures();
	ports_of_dom0();
	pci_configuration();
	ports_of_domu();
	io_bitmap();
	string_ports();
	msrs();
	reset(false);
	ioports_domain_free(&dom);
	cpuid_domain_destroy(&dom);
	return check_done("t_privop");
}
