// SPDX-License-Identifier: MIT
/*
 * entry/privop.c with the MSR and CPUID policies behind it: each instruction of abi rows
 * B40-B86 but port I/O is executed, and what became of registers, RIP and exceptions is
 * compared with the row.
 */
#include "fake_privop.h"

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
	/* A root whose validation lets others run, and one whose predecessor goes in slices. */
	KERNEL(0x0f, 0x22, 0xd8);
	regs.rax = 0x125000;
	COMES_BACK();
	CHECK_EQ(vcpu.arch.kernel_root.m, 0x123);
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.kernel_root.m, 0x125);
	KERNEL(0x0f, 0x22, 0xd8);
	regs.rax = 0x126000;
	COMES_BACK();
	CHECK_EQ(vcpu.arch.kernel_root.m, 0x126);
	CHECK_EQ(vcpu.arch.old_table.m, 0x125);
	COMES_BACK();
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.old_table.m, 0);
	/* One left over by a hypercall that the guest never executed again. */
	vcpu.arch.old_table = MFN(0x127);
	drop_goes = 0;
	KERNEL(0x0f, 0x22, 0xd8);
	regs.rax = 0x123000;
	DONE_BY(3);
	CHECK_EQ(vcpu.arch.old_table.m, 0);
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
		{0x10, 0x1122334455667788},
		{0x1b, 0xfee00900},
		{0x8b, 0x1000065},
		{0xce, 0},
		{0x140, 0},
		{0x179, 2},
		{0x400, ~0UL},
		{0x401, 0},
		{0x1a0, 0x801801},
		{0x277, 0x0000050100070406},
		{0xc0000080, 0xd01},
		{0xc0000103, 0},
		{0xc0010000, 0},
		{0xc0010015, 0},
		{0xc0011029, 2},
		{0x40000000, 0},
	};
	static const u32 refused[] = {0x48,       0x49,       0x10b,      0x122,      0x123,
				      0x200,      0x2ff,      0x174,      0xc0000081, 0xc0000084,
				      0xc0010140, 0xc0010111, 0xc0010055, 0x12345};
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
	msrs();
	reset(false);
	ioports_domain_free(&dom);
	cpuid_domain_destroy(&dom);
	return check_done("t_privop");
}
