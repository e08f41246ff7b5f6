// SPDX-License-Identifier: MIT
/* The cost of bounces to the guest's handlers and back, of user mode, and of emulation. */
#include "bench.h"

#include <xen/callback.h>

#define USER_ROUNDS 256

extern char door_skip2[], door_plain[], door_syscall[];
extern char user_syscalls[], user_syscalls_end[], user_faults[], user_faults_end[];
extern char user_nothing[], user_nothing_end[];

static void page_fault(void)
{
	__asm__ volatile("mov (%0), %%al" ::"D"(0x10000000UL) : "rax", "memory");
}

static void general_protection(void)
{
	__asm__ volatile("mov %%eax, %%ds" ::"a"(0xfff8) : "memory");
}

static void breakpoint(void)
{
	__asm__ volatile("int3" ::: "memory");
}

static void read_msr(void)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x277));
}

static void read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
}

static void cpuid(void)
{
	uint32_t a = 1, c = 0;

	__asm__ volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(a), "+c"(c)::"rbx", "rdx");
}

/* What a lazy switch of the FPU takes: TS set, the trap of the next use, and that use. */
static void fpu_switch(void)
{
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	__asm__ volatile("fnop");
}

static void user_rounds(void)
{
	user_call(USER_CODE, USER_ROUNDS, 0x10000000);
}

static void callback_syscall(const char *entry)
{
	struct callback_register cb = {.type = CALLBACKTYPE_syscall,
				       .flags = CALLBACKF_mask_events,
				       .address = (unsigned long)entry};

	must("callback", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb));
}

static void kernel_gs_base(void)
{
	__asm__ volatile("wrmsr" ::"c"(0xc0000102), "a"(0), "d"(0));
}

void bench_traps(void)
{
	set_handler(14, door_skip2);
	set_handler(13, door_skip2);
	set_handler(3, door_plain);
	set_handler(7, door_plain);
	measure("page fault in kernel mode, bounced and returned", 200, 1, page_fault);
	measure("#GP bounced and returned", 200, 1, general_protection);
	measure("int3 bounced and returned", 200, 1, breakpoint);
	measure("FPU switch (taskswitch, #NM, return)", 200, 1, fpu_switch);
	measure("rdmsr emulated", 200, 1, read_msr);
	measure("wrmsr of a segment base emulated", 200, 1, kernel_gs_base);
	measure("read of CR4 emulated", 200, 1, read_cr4);
	measure("cpuid emulated", 200, 1, cpuid);

	user_init();
	callback_syscall(door_syscall);
	user_load(user_syscalls, (size_t)(user_syscalls_end - user_syscalls));
	measure("system call from user mode and back", 2, USER_ROUNDS, user_rounds);
	user_load(user_faults, (size_t)(user_faults_end - user_faults));
	measure("page fault in user mode, bounced and returned", 2, USER_ROUNDS, user_rounds);
	callback_syscall(entry_syscall);
}
