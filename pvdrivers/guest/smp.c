// SPDX-License-Identifier: MIT
/*
 * More vCPUs.  All share the kernel's tables; GS leads to a vCPU's struct cpu.  A new one starts
 * in the function it is given, on a stack of its own, with events masked.
 */
#include "pvrt.h"

#define STACK_PAGES 4

struct secondary {
	void (*fn)(void *);
	void *arg;
};

static struct cpu cpus[PVRT_CPUS];
static struct secondary secondaries[PVRT_CPUS];
static bool initialised[PVRT_CPUS];

extern char secondary_entry[];
_Noreturn void secondary_start(struct secondary *s);

unsigned int this_cpu(void)
{
	unsigned int id;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(offsetof(struct cpu, id)));
	return id;
}

void smp_init_first(void)
{
	long rc;

	for (unsigned int i = 0; i < PVRT_CPUS; i++)
		cpus[i] = (struct cpu){&cpus[i], i};
	rc = HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, &cpus[0]);
	if (rc)
		panic("set_segment_base: %ld", rc);
}

unsigned int smp_count(void)
{
	unsigned int n = 0;

	while (n < PVRT_CPUS && vcpu_op(VCPUOP_is_up, n, NULL) >= 0)
		n++;
	return n;
}

_Noreturn void secondary_start(struct secondary *s)
{
	/* Down returns when somebody brings us up again: with another function. */
	for (;;) {
		s->fn(s->arg);
		vcpu_op(VCPUOP_down, this_cpu(), NULL);
	}
}

_Noreturn void smp_stop(void)
{
	for (;;)
		vcpu_op(VCPUOP_down, this_cpu(), NULL);
}

long smp_start(unsigned int cpu, void (*fn)(void *), void *arg)
{
	static struct trap_info table[257];
	struct vcpu_guest_context *c;
	char *stack, *trap_stack;
	long rc;

	if (cpu >= PVRT_CPUS)
		panic("vCPU %u", cpu);
	secondaries[cpu] = (struct secondary){fn, arg};
	if (initialised[cpu])
		return vcpu_op(VCPUOP_up, cpu, NULL);
	c = heap_alloc(sizeof(*c));
	stack = pages_alloc(STACK_PAGES);
	trap_stack = pages_alloc(STACK_PAGES);
	c->flags = VGCF_IN_KERNEL;
	c->user_regs.rip = (unsigned long)secondary_entry;
	c->user_regs.rsp = (unsigned long)stack + STACK_PAGES * PAGE_SIZE;
	c->user_regs.rdi = (unsigned long)&secondaries[cpu];
	c->user_regs.rflags = 0x202;
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = (unsigned long)trap_stack + STACK_PAGES * PAGE_SIZE;
	c->ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(kernel_root()));
	c->gs_base_kernel = (unsigned long)&cpus[cpu];
	c->event_callback_eip = (unsigned long)entry_event;
	c->failsafe_callback_eip = (unsigned long)entry_failsafe;
	c->syscall_callback_eip = (unsigned long)entry_syscall;
	trap_table_fill(table);
	memcpy(c->trap_ctxt, table, sizeof(c->trap_ctxt));
	WRITE_ONCE(vcpu_info(cpu)->evtchn_upcall_mask, 1);
	rc = vcpu_op(VCPUOP_initialise, cpu, c);
	heap_free(c);
	if (rc)
		return rc;
	initialised[cpu] = true;
	return vcpu_op(VCPUOP_up, cpu, NULL);
}
