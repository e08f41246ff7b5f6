// SPDX-License-Identifier: MIT
/*
 * The trap table, what to do with a trap, and the guest's user mode.  A trap goes to trap_hook,
 * then to the exception table (PROBE), and otherwise ends the guest with a report.
 */
#include "pvrt.h"

#include <xen/callback.h>

extern char entry_traps[]; /* 256 doors of 16 bytes */
extern const uint64_t ex_table_start[][2], ex_table_end[][2];

bool (*trap_hook)(struct regs *r);
struct caught caught;
uint64_t user_root;

static char user_trap_stack[16384] __attribute__((aligned(16)));
static void *user_code, *user_data;

void trap_dispatch(struct regs *r);
uint64_t user_enter(const struct regs *r);
_Noreturn void user_leave(uint64_t result);

void trap_table_fill(struct trap_info *t)
{
	for (unsigned int v = 0; v < 256; v++)
		t[v] = (struct trap_info){
			.vector = v,
			/* Software interrupts 3, 4 and 0x80 for user mode; all mask events. */
			.flags = (v == 3 || v == 4 || v == 0x80 ? 3 : 0) | 4,
			.cs = FLAT_KERNEL_CS,
			.address = (unsigned long)entry_traps + 16 * v,
		};
	t[256] = (struct trap_info){0};
}

static void callback(unsigned int type, const char *entry)
{
	struct callback_register cb = {
		.type = type, .flags = CALLBACKF_mask_events, .address = (unsigned long)entry};
	long rc = HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb);

	/* System calls from 32-bit mode are this processor's affair. */
	if (rc && type <= CALLBACKTYPE_syscall)
		panic("callback %u: %ld", type, rc);
}

void traps_init(void)
{
	static struct trap_info table[257];
	long rc;

	trap_table_fill(table);
	rc = HC1(__HYPERVISOR_set_trap_table, table);
	if (rc)
		panic("set_trap_table: %ld", rc);
	callback(CALLBACKTYPE_event, entry_event);
	callback(CALLBACKTYPE_failsafe, entry_failsafe);
	callback(CALLBACKTYPE_syscall, entry_syscall);
	callback(CALLBACKTYPE_syscall32, entry_syscall32);
	callback(CALLBACKTYPE_sysenter, entry_sysenter);
}

static void report(const struct regs *r)
{
	const uint64_t *sp = (const uint64_t *)r->rsp;

	printk("trap 0x%lx error 0x%lx at %p cs 0x%lx flags 0x%lx rsp %p cr2 0x%lx\n", r->vector,
	       r->error, (void *)r->rip, r->cs, r->rflags, (void *)r->rsp,
	       vcpu_info(this_cpu())->arch.cr2);
	printk("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", r->rax, r->rbx, r->rcx,
	       r->rdx, r->rsi, r->rdi, r->rbp);
	if ((r->cs & 3) == 0)
		for (unsigned int i = 0; i < 8; i++)
			printk("stack %lx\n", sp[i]);
}

void trap_dispatch(struct regs *r)
{
	if (trap_hook && trap_hook(r))
		return;
	if (r->vector == VECTOR_EVENT) {
		events_dispatch();
		return;
	}
	if (r->vector == VECTOR_SYSCALL && r->rax == 0)
		user_leave(r->rdi);
	for (unsigned int i = 0; &ex_table_start[i] < ex_table_end; i++) {
		if (ex_table_start[i][0] != r->rip && ex_table_start[i][1] != r->rip)
			continue;
		/* A trap (int3) reports the instruction behind: that is where it goes on anyway. */
		if (ex_table_start[i][0] != r->rip && r->vector != 1 && r->vector != 3 &&
		    r->vector != 4 && r->vector < 0x20)
			continue;
		caught = (struct caught){r->vector, r->error, r->rip,
					 vcpu_info(this_cpu())->arch.cr2};
		r->rip = ex_table_start[i][1];
		return;
	}
	report(r);
	panic("unexpected trap");
}

void user_init(void)
{
	uint64_t *root = page_alloc();
	struct mmuext_op op = {.cmd = MMUEXT_NEW_USER_BASEPTR};
	long rc;

	user_code = page_alloc();
	user_data = page_alloc();
	/* Both roots share the lower half's tables, as an operating system does. */
	map_at(kernel_root(), USER_CODE, virt_to_mfn(user_code) << 12 | PTE_USER_RW);
	map_at(kernel_root(), USER_DATA, virt_to_mfn(user_data) << 12 | PTE_USER_RW);
	for (uintptr_t va = USER_STACK - 2 * PAGE_SIZE; va < USER_STACK; va += PAGE_SIZE)
		map_at(kernel_root(), va, virt_to_mfn(page_alloc()) << 12 | PTE_USER_RW);
	root[0] = *table_at(kernel_root(), USER_CODE, 4);
	if (page_protect(root, false))
		panic("the user root cannot be made read-only");
	rc = pin(MMUEXT_PIN_L4_TABLE, root);
	if (rc)
		panic("the user root does not pin: %ld", rc);
	user_root = op.arg1.mfn = virt_to_mfn(root);
	rc = mmuext_op(&op, 1);
	if (rc)
		panic("NEW_USER_BASEPTR: %ld", rc);
	rc = HC2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS,
		 user_trap_stack + sizeof(user_trap_stack));
	if (rc)
		panic("stack_switch: %ld", rc);
}

void user_load(const void *code, size_t size)
{
	memset(user_code, 0xcc, PAGE_SIZE);
	memcpy(user_code, code, size);
}

uint64_t user_call(uint64_t rip, uint64_t rdi, uint64_t rsi)
{
	struct regs r = {
		.rip = rip,
		.cs = FLAT_USER_CS,
		.rflags = vcpu_info(this_cpu())->evtchn_upcall_mask ? 2 : 0x202,
		.rsp = USER_STACK - 8,
		.ss = FLAT_USER_SS,
		.rdi = rdi,
		.rsi = rsi,
	};

	return user_enter(&r);
}

_Noreturn void user_exit(uint64_t result)
{
	user_leave(result);
}
