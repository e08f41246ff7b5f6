/* SPDX-License-Identifier: MIT */
/*
 * What stands between a guest and the rest of entry.S on the way in and on the way out, as
 * macros: page-table isolation and the protection against speculation that runs on each
 * passage.  Each part is skipped by a jump that boot takes away where the part is needed.
 */
#ifndef DAIS_ENTRY_GUARD_H
#define DAIS_ENTRY_GUARD_H

#include "entry/offsets.h"
#include "machine/mitigate.h"

#ifdef __ASSEMBLER__
/* clang-format off */

#define MSR_SPEC_CTRL 0x48
#define MSR_PRED_CMD 0x49

/* Five bytes that boot replaces where `what` is in use (machine/mitigate.h). */
.macro SITE what, from, length, bytes:vararg
	.pushsection .patch_sites, "a"
	.quad	\from
	.byte	\what, \length, \bytes
	.popsection
.endm

/* A guest may enter with AC set: take it away where SMAP relies on it. */
.macro CLAC
.Lsmap_\@:
	.byte	0x0f, 0x1f, 0x00
	SITE	MIT_SMAP, .Lsmap_\@, 3, 0x0f, 0x01, 0xca, 0, 0, 0
.endm

/* Jumps to `else`, but where `what` is in use. */
.macro IF what, else
.Lif_\@:
	.byte	0xe9
	.long	\else - . - 4
	SITE	\what, .Lif_\@, 5, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0
.endm

/* Registers that carry no argument of a hypercall. */
.macro CLEAR_UNUSED
	xor	%r9d, %r9d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
.endm

/* The others; in RDI goes what is called next. */
.macro CLEAR_ARGUMENTS
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%r8d, %r8d
	xor	%r10d, %r10d
.endm

/*
 * Every entry of the return stack becomes one of ours, which leads to INT3: no processor runs ahead
 * through that.  Without a loop, whose counting would be a third of it.
 */
.macro FILL_RETURN_STACK
	.rept	32
	call	. + 6
	int3
	.endr
	add	$32 * 8, %rsp
.endm

/*
 * First of all after the registers are saved, on the main stack.  Keeps RAX, RDX, RSI, RDI, R8,
 * R10, or not even those with `clear`: guest values are no operands of what we may run ahead of
 * time; the frame has them.  RBP is where a backtrace ends.
 */
.macro FROM_GUEST clear=0
	xor	%ebp, %ebp
	IF	MIT_CLEAR, .Lfrom_done_\@
	/* Serialises as LFENCE does, below, where there is more than this. */
	IF	MIT_ISOLATE, .Lfrom_1_\@
	mov	INFO(CPU_INFO_ROOT), %rcx
	mov	%rcx, %cr3
.Lfrom_1_\@:
	IF	MIT_ENTRY, .Lfrom_clear_\@
	IF	MIT_ENTRY_REGS, .Lfrom_plain_\@
	mov	%rax, %r12
	mov	%rdx, %r13
	IF	MIT_IBPB_ENTRY, .Lfrom_2_\@
	mov	$MSR_PRED_CMD, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
.Lfrom_2_\@:
	IF	MIT_RSB, .Lfrom_3_\@
	FILL_RETURN_STACK
.Lfrom_3_\@:
	IF	MIT_IBRS, .Lfrom_4_\@
	mov	$MSR_SPEC_CTRL, %ecx
	mov	INFO(CPU_INFO_SPEC_HYP), %eax
	xor	%edx, %edx
	wrmsr
.Lfrom_4_\@:
	/* Five times five taken branches push out what a guest left in the branch history. */
	IF	MIT_BHB, .Lfrom_6_\@
	mov	$5, %ecx
6:	call	7f
	jmp	9f
	.balign	64
7:	mov	$5, %edx
8:	jmp	10f
10:	dec	%edx
	jnz	8b
	dec	%ecx
	jnz	7b
	ret
9:	lfence
.Lfrom_6_\@:
	mov	%r12, %rax
	mov	%r13, %rdx
	jmp	.Lfrom_5_\@
.Lfrom_plain_\@:
	IF	MIT_RSB, .Lfrom_5_\@
	FILL_RETURN_STACK
.Lfrom_5_\@:
	lfence
.Lfrom_clear_\@:
	.if	\clear
	CLEAR_ARGUMENTS
	.endif
	CLEAR_UNUSED
.Lfrom_done_\@:
.endm

/* The divider forgets what it had before.  Takes RAX, RCX, RDX. */
.macro CLEAR_DIVIDER
	IF	MIT_DIV, .Ldiv_\@
	xor	%eax, %eax
	xor	%edx, %edx
	mov	$1, %ecx
	div	%ecx
.Ldiv_\@:
.endm

/*
 * From here on only what isolate.c shows is mapped: the page of frame and cpu_info, and this
 * code; not the stack that %rsp names.  %rbx: current.
 */
.macro TO_GUEST
	IF	MIT_ISOLATE, .Lto_1_\@
	movzbl	VCPU_KERNEL_MODE(%rbx), %ecx
	cmpb	$0, (STACK_GAP + CPU_INFO_STALE)(%rsp,%rcx)
	je	1f
	call	isolate_sync
1:	mov	INFO(CPU_INFO_SHADOW), %rcx
	mov	%rcx, %cr3
.Lto_1_\@:
	IF	MIT_EXIT, .Lto_done_\@
	IF	MIT_IBRS, .Lto_2_\@
	mov	$MSR_SPEC_CTRL, %ecx
	mov	INFO(CPU_INFO_SPEC_GUEST), %eax
	xor	%edx, %edx
	wrmsr
.Lto_2_\@:
	CLEAR_DIVIDER
	IF	MIT_VERW, .Lto_done_\@
	verw	INFO(CPU_INFO_VERW)
.Lto_done_\@:
.endm

/*
 * An exception in ring 0 may have hit between a guest and the code above, with the guest's
 * CR3 and SPEC_CTRL.  Leaves in R12 the CR3 to go back to, or 0.  RDX: this CPU area's last byte.
 */
#define AREA(field) (field + 1 - CPU_INFO_SIZE)(%rdx)
.macro FROM_HYPERVISOR
	xor	%r12d, %r12d
	mov	%rsp, %rdx
	or	$65535, %rdx
	IF	MIT_ISOLATE, .Lhyp_1_\@
	mov	%cr3, %rcx
	cmp	AREA(CPU_INFO_SHADOW), %rcx
	jne	.Lhyp_1_\@
	mov	%rcx, %r12
	mov	AREA(CPU_INFO_ROOT), %rcx
	mov	%rcx, %cr3
.Lhyp_1_\@:
	IF	MIT_IBRS, .Lhyp_2_\@
	mov	$MSR_SPEC_CTRL, %ecx
	mov	AREA(CPU_INFO_SPEC_HYP), %eax
	xor	%edx, %edx
	wrmsr
.Lhyp_2_\@:
.endm

.macro TO_HYPERVISOR
	test	%r12, %r12
	jz	.Lback_\@
	mov	%r12, %cr3
.Lback_\@:
.endm

/*
 * Every indirect call and jump of ours, by the register that holds the address (names known
 * to compilers).  A jump as it is, or one that the predictor has no say in.
 */
.macro THUNK reg
	.balign	32
	.globl	__x86_indirect_thunk_\reg
__x86_indirect_thunk_\reg:
.Lthunk_\@:
	jmp	*%\reg
	.fill	5 - (. - .Lthunk_\@), 1, 0xcc
	/* CALL over the next seven bytes. */
	SITE	MIT_RETPOLINE, .Lthunk_\@, 5, 0xe8, 7, 0, 0, 0, 0
1:	pause
	lfence
	jmp	1b
	.org	.Lthunk_\@ + 5 + 7, 0xcc
	mov	%\reg, (%rsp)
	ret
.endm

#endif
#endif
