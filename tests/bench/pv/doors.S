/* SPDX-License-Identifier: MIT */
/*
 * The shortest trap handlers that a kernel could have, so that what is measured is the
 * hypervisor, and the user-mode loops that drive them.
 */
	.macro	LEAVE
	pushq	$0
	push	%rcx
	push	%r11
	push	%rax
	mov	$23, %eax
	syscall
	.endm

	.text
	/* With an error code; goes on behind the two-byte instruction that faulted. */
	.balign	16
	.globl	door_skip2
door_skip2:
	pop	%rcx
	pop	%r11
	add	$8, %rsp
	addq	$2, (%rsp)
	LEAVE

	/* Without an error code, back to where it stopped. */
	.balign	16
	.globl	door_plain
door_plain:
	pop	%rcx
	pop	%r11
	LEAVE

	/* The event upcall: takes everything as seen. */
	.balign	16
	.globl	door_event
door_event:
	mov	bench_vcpu_info(%rip), %rcx
	movb	$0, (%rcx)
	movq	$0, 8(%rcx)
	mov	bench_pending(%rip), %rcx
	movq	$0, (%rcx)
	incq	bench_upcalls(%rip)
	pop	%rcx
	pop	%r11
	LEAVE

	/* System call 0 ends the run, any other returns at once. */
	.balign	16
	.globl	door_syscall
door_syscall:
	test	%eax, %eax
	jz	entry_syscall
	pop	%rcx
	pop	%r11
	LEAVE

	/* User code: RDI rounds. */
	.globl	user_syscalls, user_syscalls_end
user_syscalls:
	mov	$1, %eax
	syscall
	dec	%rdi
	jnz	user_syscalls
	xor	%eax, %eax
	syscall
user_syscalls_end:

	.globl	user_faults, user_faults_end
user_faults:
	mov	(%rsi), %al
	dec	%rdi
	jnz	user_faults
	xor	%eax, %eax
	syscall
user_faults_end:

	.globl	user_nothing, user_nothing_end
user_nothing:
	dec	%rdi
	jnz	user_nothing
	xor	%eax, %eax
	syscall
user_nothing_end:

	/*
	 * The second domain's kernel (other.c): waits for its port, answers on it.  R12 port,
	 * R13 its pending bits, R14 argument of EVTCHNOP_send, R15 of SCHEDOP_poll.
	 */
	.globl	other_code, other_code_end
other_code:
	mov	$29, %eax
	mov	$3, %edi
	mov	%r15, %rsi
	syscall
	lock btr %r12, (%r13)
	jnc	other_code
	mov	$32, %eax
	mov	$4, %edi
	mov	%r14, %rsi
	syscall
	jmp	other_code
other_code_end:
	.section .note.GNU-stack, "", @progbits
