/* SPDX-License-Identifier: MIT */
/*
 * Every door into the hypervisor and the way back out.  Interrupts are off at
 * each entry.  No decision is taken here beyond "from whom" and "is work due".
 *
 * The frame is struct cpu_regs.  From a guest it always lands in cpu_info's
 * guest_regs, at the end of the CPU's area (TSS.rsp0 is its end).  The main stack
 * begins one page below the area's end, so that nothing which our functions leave
 * behind is on the page that a guest's tables may show: with that %rsp, FRAME() and
 * INFO() name the frame and, beyond it, cpu_info.
 *
 * %rbx holds the current vCPU from entry to exit.
 */
#include "entry/offsets.h"
#include "entry/guard.h"
#include "machine/layout.h"

#define SEL_GUEST_CS32 0xe023
#define SEL_GUEST_DS 0xe02b
#define SEL_GUEST_CS64 0xe033
#define VECTOR_SYSCALL 0x100
#define VECTOR_SYSCALL32 0x101
#define VECTOR_SYSENTER 0x102
#define ERESTART 85
#define NR_HYPERCALLS 64 /* a power of two: also the mask */

#define VEC_DB 1
#define VEC_NMI 2
#define VEC_DF 8
#define VEC_MC 18

.macro SAVE_REGS
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

/* The same to the guest's frame, on the main stack. */
.macro STORE_FRAME
	mov	%rdi, FRAME(REGS_RDI)
	mov	%rsi, FRAME(REGS_RSI)
	mov	%rdx, FRAME(REGS_RDX)
	mov	%rcx, FRAME(REGS_RCX)
	mov	%rax, FRAME(REGS_RAX)
	mov	%r8, FRAME(REGS_R8)
	mov	%r9, FRAME(REGS_R9)
	mov	%r10, FRAME(REGS_R10)
	mov	%r11, FRAME(REGS_R11)
	mov	%rbx, FRAME(REGS_RBX)
	mov	%rbp, FRAME(REGS_RBP)
	mov	%r12, FRAME(REGS_R12)
	mov	%r13, FRAME(REGS_R13)
	mov	%r14, FRAME(REGS_R14)
	mov	%r15, FRAME(REGS_R15)
.endm

/* All but RCX and R11, which SYSRET takes. */
.macro LOAD_FRAME
	mov	FRAME(REGS_R15), %r15
	mov	FRAME(REGS_R14), %r14
	mov	FRAME(REGS_R13), %r13
	mov	FRAME(REGS_R12), %r12
	mov	FRAME(REGS_RBP), %rbp
	mov	FRAME(REGS_RBX), %rbx
	mov	FRAME(REGS_R10), %r10
	mov	FRAME(REGS_R9), %r9
	mov	FRAME(REGS_R8), %r8
	mov	FRAME(REGS_RAX), %rax
	mov	FRAME(REGS_RDX), %rdx
	mov	FRAME(REGS_RSI), %rsi
	mov	FRAME(REGS_RDI), %rdi
.endm

/* From the frame to the main stack. */
.macro TO_MAIN_STACK
	sub	$STACK_GAP, %rsp
.endm

.macro RESTORE_REGS
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

.macro EX_TABLE insn, fixup
	.pushsection .ex_table, "a"
	.balign	4
	.long	\insn - ., \fixup - .
	.popsection
.endm

	.section .text.entry, "ax"

/* --- the 256 gates: vector and, where the processor gives none, an error code --- */
	.balign	16
	.globl	entry_stubs
entry_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	(vector != 8) && (vector != 10) && (vector != 11) && (vector != 12) && \
		(vector != 13) && (vector != 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
	push	$0
	.endif
	movl	$vector, 4(%rsp)
	.if	vector == VEC_NMI || vector == VEC_MC || vector == VEC_DF
	jmp	entry_ist
	.elseif	vector == VEC_DB
	jmp	entry_debug
	.elseif	vector < 32 || vector == 0x80
	jmp	entry_exception
	.else
	jmp	entry_interrupt
	.endif
	.set	vector, vector + 1
	.endr
	.balign	16

entry_exception:
	SAVE_REGS
	CLAC
	cld
	testb	$3, REGS_CS(%rsp)
	jz	exception_from_hypervisor
	TO_MAIN_STACK
	FROM_GUEST clear=1
exception_from_guest:
	mov	INFO(CPU_INFO_CURRENT), %rbx
	lea	FRAME(0), %rdi
	call	trap_from_guest
	jmp	return_to_guest

	/* IRET refused the guest's frame: %rsp is on its page, which no function may use. */
exception_from_hypervisor:
	FROM_HYPERVISOR
	mov	REGS_RBP(%rsp), %rbp
	mov	%rsp, %rdi
	mov	%rsp, %r13
	mov	$0xf000, %eax
	and	%esp, %eax
	cmp	$0xf000, %eax
	jne	1f
	and	$-4096, %rsp
1:	call	trap_from_hypervisor
	mov	%r13, %rsp
	TO_HYPERVISOR
return_to_hypervisor:
	RESTORE_REGS
	add	$8, %rsp
	iretq

entry_interrupt:
	SAVE_REGS
	CLAC
	cld
	testb	$3, REGS_CS(%rsp)
	jz	interrupt_from_hypervisor
	TO_MAIN_STACK
	FROM_GUEST clear=1
	mov	INFO(CPU_INFO_CURRENT), %rbx
	lea	FRAME(0), %rdi
	call	do_irq
	jmp	return_to_guest
	/* Interrupts are on only well inside. */
interrupt_from_hypervisor:
	mov	%rsp, %rdi
	call	do_irq
	jmp	return_to_hypervisor

/* On a stack of its own: may have come at any instruction, even between stacks. */
entry_ist:
	SAVE_REGS
	CLAC
	cld
	FROM_HYPERVISOR
	mov	%rsp, %rdi
	call	trap_ist
	TO_HYPERVISOR
	testb	$3, REGS_CS(%rsp)
	jz	return_to_hypervisor
	/* To a guest, past TO_GUEST: what that does on the main stack is not needed here. */
	IF	MIT_IBRS, 1f
	mov	%rsp, %rdx
	or	$65535, %rdx
	mov	$MSR_SPEC_CTRL, %ecx
	mov	AREA(CPU_INFO_SPEC_GUEST), %eax
	xor	%edx, %edx
	wrmsr
1:	CLEAR_DIVIDER
	IF	MIT_VERW, return_to_hypervisor
	mov	%rsp, %rdx
	or	$65535, %rdx
	verw	AREA(CPU_INFO_VERW)
	jmp	return_to_hypervisor

/*
 * #DB has its own stack because MOV SS can delay it to our first instruction.
 * One that a guest earned is moved to the main stack, to be delivered as usual.
 */
entry_debug:
	SAVE_REGS
	CLAC
	cld
	testb	$3, REGS_CS(%rsp)
	jz	exception_from_hypervisor
	mov	%rsp, %rsi
	and	$-65536, %rsi
	lea	65536 - CPU_INFO_SIZE(%rsi), %rdi
	mov	%rsp, %rsi
	mov	%rdi, %rsp
	mov	$REGS_SIZE / 8, %ecx
	rep movsq
	/* Nothing of a guest stays on a stack that the next one's tables may show. */
	lea	-REGS_SIZE(%rsi), %rdi
	mov	$REGS_SIZE / 8, %ecx
	xor	%eax, %eax
	rep stosq
	TO_MAIN_STACK
	FROM_GUEST clear=1
	jmp	exception_from_guest

/*
 * SYSCALL.  The CPU's landing code (machine/percpu_setup.c) stored the guest's RSP in
 * its slot of guest_regs and points %rsp to the main stack; RCX and R11 hold RIP and flags.
 */
	.balign	16
	.globl	entry_syscall
entry_syscall:
	movq	$SEL_GUEST_DS, FRAME(REGS_SS)
	mov	%r11, FRAME(REGS_RFLAGS)
	movq	$SEL_GUEST_CS64, FRAME(REGS_CS)
	mov	%rcx, FRAME(REGS_RIP)
	movl	$0, FRAME(REGS_ERROR)
	movl	$VECTOR_SYSCALL, FRAME(REGS_VECTOR)
	STORE_FRAME
	FROM_GUEST
	mov	INFO(CPU_INFO_CURRENT), %rbx
	cmpb	$0, VCPU_KERNEL_MODE(%rbx)
	je	syscall_from_user

	/* A hypercall.  %rax indexes only after the bound also holds under speculation. */
	sti
	cmp	$NR_HYPERCALLS, %rax
	jae	bad_hypercall
	and	$NR_HYPERCALLS - 1, %eax
	lea	hypercall_table(%rip), %rcx
	mov	(%rcx,%rax,8), %rax
	mov	%r10, %rcx
	call	__x86_indirect_thunk_rax
hypercall_done:
	cmp	$-ERESTART, %rax
	je	hypercall_again
hypercall_result:
	mov	%rax, FRAME(REGS_RAX)

	.globl	return_to_guest
return_to_guest:
	cli
	cmpq	$0, INFO(CPU_INFO_DEFERRED)
	jne	serve_deferred
	mov	VCPU_INFO(%rbx), %rax
	movzwl	(%rax), %eax /* low byte: upcall pending, high byte: upcall mask */
	cmp	$1, %ah
	jae	1f
	test	%al, %al
	jnz	deliver_event
1:	cmpb	$0, VCPU_NMI_PENDING(%rbx)
	jne	deliver_nmi

restore_guest:
	TO_GUEST
	cmpl	$VECTOR_SYSCALL, FRAME(REGS_VECTOR)
	jne	leave_by_iret
	/* SYSRET to a non-canonical address faults in ring 0 on some processors. */
	mov	FRAME(REGS_RIP), %rcx
	mov	FRAME(REGS_RIP + 4), %eax
	add	$0x8000, %eax
	cmp	$0xffff, %eax
	ja	leave_by_iret
	LOAD_FRAME
	mov	FRAME(REGS_RFLAGS), %r11
	mov	FRAME(REGS_RSP), %rsp
	sysretq

leave_by_iret:
	LOAD_FRAME
	mov	FRAME(REGS_RCX), %rcx
	mov	FRAME(REGS_R11), %r11
	add	$STACK_GAP + REGS_RIP, %rsp
	.globl	guest_iret
guest_iret:
	iretq
	/* A frame that the processor refuses: trap.c recognises this address. */

hypercall_again:
	/* Unless iret has just loaded registers of which RAX holds this number. */
	cmpl	$VECTOR_SYSCALL, FRAME(REGS_VECTOR)
	jne	hypercall_result
	/* SYSCALL is two bytes: the guest executes it again, with the arguments as they are now. */
	subq	$2, FRAME(REGS_RIP)
	jmp	return_to_guest

bad_hypercall:
	mov	$-38, %rax
	jmp	hypercall_done

serve_deferred:
	sti
	call	deferred_run
	jmp	return_to_guest

deliver_event:
	lea	FRAME(0), %rdi
	call	inject_event_upcall
	jmp	return_to_guest

deliver_nmi:
	lea	FRAME(0), %rdi
	call	inject_nmi
	jmp	return_to_guest

syscall_from_user:
	lea	FRAME(0), %rdi
	call	guest_syscall
	jmp	return_to_guest

/* SYSCALL in 32-bit user mode (AMD); its landing code has done the same as for 64 bits. */
	.globl	entry_syscall32
entry_syscall32:
	movq	$SEL_GUEST_DS, FRAME(REGS_SS)
	mov	%r11, FRAME(REGS_RFLAGS)
	movq	$SEL_GUEST_CS32, FRAME(REGS_CS)
	mov	%rcx, FRAME(REGS_RIP)
	movl	$0, FRAME(REGS_ERROR)
	movl	$VECTOR_SYSCALL32, FRAME(REGS_VECTOR)
	STORE_FRAME
	jmp	1f

/* SYSENTER (Intel): SYSENTER_ESP is the end of guest_regs; the user's RIP and RSP are not known. */
	.globl	entry_sysenter
entry_sysenter:
	push	$SEL_GUEST_DS
	push	$0
	pushfq
	orl	$0x200, (%rsp)
	push	$SEL_GUEST_CS32
	push	$0
	push	$0
	movl	$VECTOR_SYSENTER, 4(%rsp)
	SAVE_REGS
	CLAC
	cld
	/* SYSENTER leaves NT and TF as they were: neither may reach our own code. */
	push	$2
	popf
	TO_MAIN_STACK
1:	FROM_GUEST clear=1
	mov	INFO(CPU_INFO_CURRENT), %rbx
	lea	FRAME(0), %rdi
	call	guest_syscall
	jmp	return_to_guest

/* void resume_guest(void): drops whatever is on the main stack and resumes current. */
	.globl	resume_guest
resume_guest:
	and	$-65536, %rsp
	add	$65536 - 4096, %rsp
	xor	%ebp, %ebp
	mov	INFO(CPU_INFO_CURRENT), %rbx
	jmp	return_to_guest

/* void stack_reset_and_call(void (*fn)(void)): fn runs on the empty main stack. */
	.globl	stack_reset_and_call
stack_reset_and_call:
	and	$-65536, %rsp
	add	$65536 - 4096, %rsp
	xor	%ebp, %ebp
	call	__x86_indirect_thunk_rdi
	ud2

	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	THUNK	\reg
	.endr

/*
 * size_t copy_user_asm(void *dst %rdi, const void *src %rsi, size_t n %rdx):
 * bytes not copied.  The caller has checked the range and opened SMAP.
 */
	.globl	copy_user_asm
copy_user_asm:
	mov	%edx, %eax
	mov	%rdx, %rcx
	shr	$3, %rcx
	and	$7, %eax
1:	rep movsq
	mov	%eax, %ecx
2:	rep movsb
3:	mov	%rcx, %rax
	ret
4:	lea	(%rax,%rcx,8), %rcx
	/* Byte by byte from the word that faulted, for an exact count. */
	jmp	2b
	EX_TABLE 1b, 4b
	EX_TABLE 2b, 3b

/* size_t zero_user_asm(void *dst %rdi, size_t n %rsi): bytes not written. */
	.globl	zero_user_asm
zero_user_asm:
	mov	%rsi, %rcx
	xor	%eax, %eax
1:	rep stosb
2:	mov	%rcx, %rax
	ret
	EX_TABLE 1b, 2b

/* int load_segment_asm(unsigned which: 0 ds 1 es 2 fs 3 gs, unsigned selector): 0, or 1 and NULL loaded. */
	.globl	load_segment_asm
load_segment_asm:
	xor	%eax, %eax
	cmp	$1, %edi
	jb	1f
	je	2f
	cmp	$3, %edi
	jb	3f
4:	mov	%esi, %gs
	ret
1:	mov	%esi, %ds
	ret
2:	mov	%esi, %es
	ret
3:	mov	%esi, %fs
	ret
5:	mov	$1, %eax
	xor	%esi, %esi
	cmp	$1, %edi
	jb	1b
	je	2b
	cmp	$3, %edi
	jb	3b
	jmp	4b
	EX_TABLE 1b, 5b
	EX_TABLE 2b, 5b
	EX_TABLE 3b, 5b
	EX_TABLE 4b, 5b

/* int rdmsr_asm(u32 msr, u64 *value), int wrmsr_asm(u32 msr, u64 value): 0 or -14. */
	.globl	rdmsr_asm
rdmsr_asm:
	mov	%edi, %ecx
1:	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
	.globl	wrmsr_asm
wrmsr_asm:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
2:	wrmsr
	xor	%eax, %eax
	ret
3:	mov	$-14, %eax
	ret
	EX_TABLE 1b, 3b
	EX_TABLE 2b, 3b

/* int xrstor_asm(const void *area, u64 mask): 0, or -22 when the processor refuses the image. */
	.globl	xrstor_asm
xrstor_asm:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	xrstor64 (%rdi)
	xor	%eax, %eax
	ret
	.globl	fxrstor_asm
fxrstor_asm:
2:	fxrstor64 (%rdi)
	xor	%eax, %eax
	ret
3:	mov	$-22, %eax
	ret
	EX_TABLE 1b, 3b
	EX_TABLE 2b, 3b

	.section .note.GNU-stack, "", @progbits
