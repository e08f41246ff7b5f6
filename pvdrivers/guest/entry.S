/* SPDX-License-Identifier: MIT */
/*
 * The guest's doors: exceptions, the event upcall, the failsafe callback and system calls from
 * its user mode.  The hypervisor leaves RCX, R11, [error code], RIP, CS, RFLAGS, RSP, SS on the
 * stack; each door completes that to a struct regs, calls trap_dispatch() and leaves by the iret
 * hypercall, which sets the upcall mask and the registers in one step.
 */
#define HYPERVISOR_IRET 23

	.text
	/*
	 * Entry with RCX R11 [ERR] RIP... on the stack.  RAX goes into the slot that makes the frame
	 * regular: vector and error belong under RIP, so RCX and R11 are popped first.
	 */
	.macro	ENTRY_POINT name, vector, error
	.balign	16
	.globl	\name
\name:
	pop	%rcx
	pop	%r11
	.if	\error == 0
	pushq	$0
	.endif
	pushq	$\vector
	jmp	entry_all
	.endm

	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector == 0
	.globl	entry_traps
entry_traps:
	.endif
	pop	%rcx
	pop	%r11
	.if	(vector != 8) && (vector != 10) && (vector != 11) && (vector != 12) && \
		(vector != 13) && (vector != 14) && (vector != 17) && (vector != 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	entry_all
	.set	vector, vector + 1
	.endr

	ENTRY_POINT entry_event, 0x103, 0
	ENTRY_POINT entry_syscall, 0x100, 0
	ENTRY_POINT entry_syscall32, 0x101, 0
	ENTRY_POINT entry_sysenter, 0x102, 0

	/* RCX R11 DS ES FS GS RIP...: the saved selectors are kept for whoever asks. */
	.balign	16
	.globl	entry_failsafe
entry_failsafe:
	pop	%rcx
	pop	%r11
	pop	failsafe_selectors(%rip)
	pop	failsafe_selectors+8(%rip)
	pop	failsafe_selectors+16(%rip)
	pop	failsafe_selectors+24(%rip)
	pushq	$0
	pushq	$0x104

entry_all:
	push	%r11
	push	%rcx
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r10
	push	%r8
	push	%r9
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_dispatch
	mov	%rbp, %rsp
leave:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r9
	pop	%r8
	pop	%r10
	pop	%rdx
	pop	%rsi
	pop	%rdi
	/* RAX RCX R11 VECTOR ERROR RIP... becomes RAX R11 RCX FLAGS RIP... */
	mov	8(%rsp), %rcx
	mov	16(%rsp), %r11
	mov	(%rsp), %rax
	add	$40, %rsp
	pushq	$0
	push	%rcx
	push	%r11
	push	%rax
	mov	$HYPERVISOR_IRET, %eax
	syscall
	ud2

	/* void user_enter_regs(const struct regs *r %rdi) */
	.globl	user_enter_regs
user_enter_regs:
	mov	%rdi, %rsp
	jmp	leave

	/* u64 user_enter(const struct regs *r %rdi): comes back through user_leave(). */
	.globl	user_enter
user_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, user_saved_rsp(%rip)
	mov	%rdi, %rsp
	jmp	leave

	/* void user_leave(u64 result %rdi) */
	.globl	user_leave
user_leave:
	mov	user_saved_rsp(%rip), %rsp
	mov	%rdi, %rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
user_saved_rsp:
	.skip	8
	.globl	failsafe_selectors
failsafe_selectors:
	.skip	32
	.section .note.GNU-stack, "", @progbits
