// SPDX-License-Identifier: MIT
/*
 * How exceptions, system calls and returns reach the guest: frames from kernel and user mode, the
 * upcall mask in them, error codes, the trap table, iret in all its forms.  Rows B1 to B23, B31,
 * B44, B53, B56, B57, B60 to B62, h0, h23.
 */
#include "test.h"

#include <xen/callback.h>

static struct regs seen;
static unsigned int times;
static uint8_t mask_inside;
static uint64_t handler_flags, failsafe_seen;
extern uint64_t failsafe_selectors[4];

/* Notes the first trap after arming, then leaves it to the exception table. */
static bool note(struct regs *r)
{
	uint64_t flags;

	if (r->vector == VECTOR_EVENT)
		return false;
	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	if (!times++) {
		seen = *r;
		handler_flags = flags;
		mask_inside = vcpu_info(0)->evtchn_upcall_mask;
	}
	return false;
}

static void arm(void)
{
	times = 0;
	trap_hook = note;
}

static void from_kernel(void)
{
	uint64_t value, rsp;

	arm();
	is("B10 a read of nothing is #PF",
	   PROBE("mov (%1), %0",
		 : "=r"(value)
		 : "r"(0x10000000UL)
		 : "memory"),
	   14);
	is("B18 user bit cleared for the kernel, read", seen.error, 0);
	is("B19 CR2 in vcpu_info", caught.cr2, 0x10000000);
	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	is("B19 CR2 as an instruction", value, 0x10000000);
	is("B11 selector from kernel mode", seen.cs & 0xffff, 0xe030);
	is("B11 the mask before in the CS slot", seen.cs >> 32 & 0xff, 1);
	is("B12 IF shown clear while masked", seen.rflags & 0x200, 0);
	is("B12 IOPL shown 0", seen.rflags & 0x3000, 0);
	is("B10 SS", seen.ss & 0xfffc, 0xe028);
	__asm__ volatile("mov %%rsp, %0" : "=r"(rsp));
	ok(seen.rsp <= rsp && seen.rsp > rsp - 4096, "B16 RSP is the kernel's own");
	arm();
	is("B18 a write is told", PROBE("movq $0, (%0)", : : "r"(0x10000000UL) : "memory"), 14);
	is("B18 write bit", seen.error, 2);
	arm();
	is("B18 a write to a read-only page",
	   PROBE("movq $0, (%0)",
		 :
		 : "r"(start_info->pt_base + 8)
		 : "memory"),
	   14);
	is("B18 present and write", seen.error, 3);
	is("B17 masked inside", mask_inside, 1);

	events_enable();
	arm();
	PROBE("mov (%1), %0", : "=r"(value) : "r"(0x10000000UL) : "memory");
	is("B11 mask 0 in the CS slot", seen.cs >> 32 & 0xff, 0);
	is("B12 IF shown set", seen.rflags & 0x200, 0x200);
	is("B17 masked inside, by the gate's flag", mask_inside, 1);
	is("h23 iret opens it again", vcpu_info(0)->evtchn_upcall_mask, 0);
	events_disable();
}

static void instructions(void)
{
	arm();
	is("B61 ud2", PROBE("ud2", : : : "memory"), 6);
	is("B61 RIP at it", times, 1);
	arm();
	is("B56 int3", PROBE("int3", : : : "memory"), 3);
	is("B56 RIP behind it", seen.rip - caught.rip, 0);
	is("B44 lidt", PROBE("lidt (%0)", : : "r"(&seen) : "memory"), 13);
	is("B44 lgdt", PROBE("lgdt (%0)", : : "r"(&seen) : "memory"), 13);
	is("B44 ltr", PROBE("ltr %%ax", : : "a"(0) : "memory"), 13);
	is("B44 lldt", PROBE("lldt %%ax", : : "a"(0) : "memory"), 13);
	is("B44 invlpg", PROBE("invlpg (%0)", : : "r"(&seen) : "memory"), 13);
	is("B44 swapgs", PROBE("swapgs", : : : "memory"), 13);
	is("B44 lmsw", PROBE("lmsw %%ax", : : "a"(0x33) : "memory"), 13);
	is("B44 read of CR8", PROBE("mov %%cr8, %%rax", : : : "rax", "memory"), 13);
	is("B46 cli", PROBE("cli", : : : "memory"), 13);
	is("B46 sti", PROBE("sti", : : : "memory"), 13);
	is("B48 invd", PROBE("invd", : : : "memory"), 13);
	is("B48 wbinvd", PROBE("wbinvd", : : : "memory"), VECTOR_NONE);
	is("B53 vmcall", PROBE("vmcall", : : : "memory"), 6);
	is("B53 monitor", PROBE("monitor", : : "a"(&seen), "c"(0), "d"(0) : "memory"), 6);
	is("B53 clac", PROBE("clac", : : : "memory"), 6);
	is("B58 in, IOPL 0", PROBE("inb $0x71, %%al", : : : "rax", "memory"), 13);
	is("B58 out, IOPL 0", PROBE("outb %%al, $0x80", : : : "rax", "memory"), 13);
	is("B62 mov of NULL to SS", PROBE("mov %%ax, %%ss", : : "a"(0) : "memory"), 13);
	is("B62 selector out of the table",
	   PROBE("mov %%ax, %%ds",
		 :
		 : "a"(0xfff8)
		 : "memory"),
	   13);
	is("B62 ... in the error code", caught.error, 0xfff8);
	is("B62 selector in the guest's part, no table set",
	   PROBE("mov %%ax, %%ds",
		 :
		 : "a"(0x1003)
		 : "memory"),
	   13);
	is("B62 ... error code", caught.error, 0x1000);
	is("B62 local selector without an LDT",
	   PROBE("mov %%ax, %%ds",
		 :
		 : "a"(0x0f)
		 : "memory"),
	   13);
	is("B51 rdtsc", PROBE("rdtsc", : : : "rax", "rdx", "memory"), VECTOR_NONE);
	is("B45 clts", PROBE("clts", : : : "memory"), VECTOR_NONE);
	is("B10 divide error", PROBE("div %%rcx", : : "a"(1), "c"(0), "d"(0) : "memory"), 0);
}

static unsigned int software;

static bool soft_hook(struct regs *r)
{
	if (r->vector != 0x20 && r->vector != 0x80 && r->vector != 0x90)
		return note(r);
	software = (unsigned int)r->vector;
	seen = *r;
	return true;
}

static void software_interrupts(void)
{
	uint64_t after = 0;

	trap_hook = soft_hook;
	software = 0;
	__asm__ volatile("int $0x80\n1: lea 1b(%%rip), %0" : "=r"(after)::"memory");
	is("B57 int 0x80 from the kernel", software, 0x80);
	is("B57 RIP behind it", seen.rip, after);
	/* QEMU 7.2 gives Xen a wrong error code here, by which it looks at another gate (row I1). */
	if (on_dais()) {
		software = 0;
		__asm__ volatile("int $0x20" ::: "memory");
		is("B57 int 0x20: the kernel counts as ring 0", software, 0x20);
	}
	trap_hook = note;
}

/* --- user mode --- */

extern char user_code[], user_code_end[];
__asm__(".pushsection .rodata\n"
	".globl user_code, user_code_end\n"
	"user_code:\n"
	"	jmp	*%rsi\n" /* RSI: offset of what is to be done */
	"	.org	user_code + 0x40\n"
	"	mov	$1, %eax\n"
	"	mov	$0x1234, %ebx\n"
	"	syscall\n"
	"u_back:	mov	%rax, %rdi\n"
	"	xor	%eax, %eax\n"
	"	syscall\n"
	"	.org	user_code + 0x80\n" /* read of a kernel address */
	"	mov	(%rdi), %rax\n"
	"	.org	user_code + 0xc0\n"
	"	int	$0x80\n"
	"	mov	%rax, %rdi; xor %eax, %eax; syscall\n"
	"	.org	user_code + 0x100\n"
	"	int	$0x20\n"
	"	.org	user_code + 0x140\n"
	"	hlt\n"
	"	.org	user_code + 0x180\n"
	"	movb	$1, (%rdi)\n"
	"	.org	user_code + 0x1c0\n"
	"	int3\n"
	"	mov	$77, %edi; xor %eax, %eax; syscall\n"
	"	.org	user_code + 0x200\n"
	"	pushfq; pop %rdi; xor %eax, %eax; syscall\n"
	"	.org	user_code + 0x240\n"
	"	mov	%cs, %edi; xor %eax, %eax; syscall\n"
	"	.org	user_code + 0x280\n" /* single step */
	"	pushfq; orq $0x100, (%rsp); popfq\n"
	"	nop\n"
	"	nop\n"
	"	.org	user_code + 0x2c0\n"
	"	mov	$99, %edi; xor %eax, %eax; syscall\n"
	"user_code_end:\n"
	".popsection");

#define USER(offset) (USER_CODE + (offset))

static bool user_hook(struct regs *r)
{
	if (r->vector == VECTOR_EVENT)
		return false;
	if (r->vector == VECTOR_SYSCALL && r->rax == 0)
		return false;
	times++;
	seen = *r;
	mask_inside = vcpu_info(0)->evtchn_upcall_mask;
	if (r->vector == VECTOR_SYSCALL) {
		r->cs = FLAT_USER_CS;
		r->ss = FLAT_USER_SS;
		r->rax = 4711;
		return true;
	}
	if (r->vector == 0x80) {
		r->rax = 4712;
		return true;
	}
	if (r->vector == 3)
		return true;
	user_exit(1000 + r->vector);
}

static uint64_t user(unsigned int offset, uint64_t arg)
{
	times = 0;
	return user_call(USER_CODE, arg, USER(offset));
}

static void from_user(void)
{
	user_init();
	user_load(user_code, (size_t)(user_code_end - user_code));
	trap_hook = user_hook;
	is("g1 a system call returns to user mode", user(0x40, 0), 4711);
	is("B13 RAX and RBX arrive", seen.rax | seen.rbx << 32, 1 | 0x1234UL << 32);
	is("B13 RCX is the return address", seen.rcx, USER(0x4c));
	is("B13 RIP is the same", seen.rip, USER(0x4c));
	is("B13 RSP is the user's", seen.rsp, USER_STACK - 8);
	is("B13 masked, as the callback asked", mask_inside, 1);
	is("B20 a kernel address faults for user mode", user(0x80, PVRT_BASE + 0x10000), 1014);
	is("B18 user bit set from user mode", seen.error & 4, 4);
	is("B11 RPL 3 from user mode", seen.cs & 3, 3);
	is("B61 our hole faults for user mode", user(0x80, 0xffff870000000000UL), 1014);
	is("A65 M2P for user mode", user(0x80, 0xffff800000000000UL) >= 1000, true);
	is("B57 int 0x80 from user mode", user(0xc0, 0), 4712);
	is("B57 a gate that is the kernel's only", user(0x100, 0), 1013);
	ok(seen.error == 0x20 * 8 + 2 || seen.error == 0x20 * 16 + 2,
	   "B57 ... error code names the gate (or as QEMU 7.2 has it)");
	is("B64 hlt in user mode", user(0x140, 0), 1013);
	is("B64 ... error code 0", seen.error, 0);
	is("B18 a write in user mode", user(0x180, 0x10000000), 1014);
	is("B18 ... write and user", seen.error, 6);
	is("B56 int3 in user mode", user(0x1c0, 0), 77);
	is("B31 flags in user mode: IF set, IOPL 0", user(0x200, 0) & 0x3200, 0x200);
	is("B51 CS in user mode", user(0x240, 0), 0xe033);
	is("B36 single step", user(0x280, 0), 1001);
	is("B21 TF is not set in the handler", handler_flags & 0x100, 0);
	is("B36 DR6 says single step", HC1(__HYPERVISOR_get_debugreg, 6) & 0x4000, 0x4000);
	HC2(__HYPERVISOR_set_debugreg, 6, 0);
	is("B1 user mode still works", user(0x2c0, 0), 99);
}

/* --- iret --- */

static bool iret_hook(struct regs *r)
{
	if (r->vector == 3) {
		seen = *r;
		r->rip = seen.rbx;
		r->cs = 0xe030;
		r->ss = 0xe02b;
		r->rsp = seen.rbp;
		r->rflags = 2;
		return true;
	}
	if (r->vector == VECTOR_FAILSAFE || r->vector == 13 || r->vector == 11 || r->vector == 12 ||
	    r->vector == 14) {
		failsafe_seen = r->vector;
		seen = *r;
		r->rip = r->rbx;
		r->cs = 0xe030;
		r->ss = 0xe02b;
		r->rsp = r->rbp;
		r->rflags = 2;
		return true;
	}
	return false;
}

/* Returns by the iret hypercall to an int3 with that CS and flags; what it finds is in seen. */
static void iret_to_int3(uint64_t cs, uint64_t rflags, uint64_t ss)
{
	failsafe_seen = 0;
	__asm__ volatile("push %%rbp\n\t"
			 "mov %%rsp, %%rbp\n\t"
			 "lea 2f(%%rip), %%rbx\n\t"
			 "push %[ss]\n\t"
			 "push %%rbp\n\t"
			 "push %[fl]\n\t"
			 "push %[cs]\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "pushq $0\n\t"
			 "pushq $0x55\n\t" /* RCX */
			 "pushq $0x66\n\t" /* R11 */
			 "pushq $0x77\n\t" /* RAX */
			 "mov $23, %%eax\n\t"
			 "syscall\n"
			 "1:	int3\n"
			 "2:	pop %%rbp"
			 : [cs] "+D"(cs), [fl] "+S"(rflags), [ss] "+d"(ss)
			 :
			 : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "r15", "memory", "cc");
}

static void iret(void)
{
	trap_hook = iret_hook;
	iret_to_int3(0xe030, 0x2, 0xe02b);
	is("h23 RAX from the frame", seen.rax, 0x77);
	is("h23 RCX from the frame", seen.rcx, 0x55);
	is("h23 R11 from the frame", seen.r11, 0x66);
	is("B30 RPL 0 returns to the kernel", seen.cs & 0xffff, 0xe030);
	is("h23 IF clear masks", seen.cs >> 32 & 1, 1);
	iret_to_int3(0xe030, 0x202, 0xe02b);
	is("h23 IF set unmasks", seen.cs >> 32 & 1, 0);
	events_disable();
	iret_to_int3(0xe030, 0x3002, 0xe02b);
	is("B31 IOPL in the frame is ignored", seen.rflags & 0x3000, 0);
	iret_to_int3(0xe031, 0x2, 0xe02b);
	is("B30 RPL 1 is the kernel too", seen.cs & 3, 0);
	iret_to_int3(0xabc8, 0x2, 0xe02b);
	ok(failsafe_seen != 0, "B15 a bad CS is told, not fatal");
	/* Linux makes a #GP of the callback: it is served by either. */
	differs("B15 ... by the failsafe callback", failsafe_seen, VECTOR_FAILSAFE, 13,
		"Xen 4.17.7 raises #GP");
	iret_to_int3(0xe030, 0x2, 0xabc8);
	differs("B15 a bad SS too", failsafe_seen, VECTOR_FAILSAFE, 13, "as above");
	trap_hook = NULL;
}

/* --- the table and callbacks --- */

static void tables(void)
{
	struct trap_info one[2] = {{.vector = 6, .flags = 0, .cs = FLAT_KERNEL_CS}};
	struct callback_register cb = {.type = 99, .address = (unsigned long)entry_event};
	struct callback_unregister un = {.type = CALLBACKTYPE_event};

	/* Without the mask flag; other vectors stay as they are. */
	one[0].address = (unsigned long)entry_event - 256 * 16 + 6 * 16;
	is("h0 a list of one", HC1(__HYPERVISOR_set_trap_table, one), 0);
	events_enable();
	arm();
	is("h0 that handler runs", PROBE("ud2", : : : "memory"), 6);
	is("B17 no flag, no mask", mask_inside, 0);
	events_disable();
	arm();
	is("h0 the others are as before", PROBE("int3", : : : "memory"), 3);
	traps_init();
	trap_hook = NULL;
	is("h30 unknown type", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb), -38);
	cb.type = 3;
	is("h30.3 old sysenter", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb), -38);
	cb.type = CALLBACKTYPE_nmi;
	is("h30.4 nmi", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb), 0);
	un.type = CALLBACKTYPE_nmi;
	is("h30.4 nmi off", HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &un), 0);
	for (unsigned int type = 0; type < 3; type++) {
		un.type = (uint16_t)type;
		is("h30 event, failsafe and syscall stay",
		   HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &un), -22);
	}
	cb.type = CALLBACKTYPE_event;
	cb.address = 1UL << 55;
	is("h30 an address that is none", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb),
	   -22);
}

int guest_main(void)
{
	part(from_kernel);
	part(instructions);
	part(software_interrupts);
	part(tables);
	part(from_user);
	part(iret);
	return test_end();
}
