/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of every processor but the first.  Copied to a page below 1 MiB
 * and entered there in real mode with CS:IP = page:0; goes through protected mode to long
 * mode on tables that map this page at its own address, takes a stack and leaves for good.
 *
 * Position-independent: EBX holds the page's address from the second instruction on.
 * What to load is in trampoline_args (struct trampoline_args in smp.c), set before each
 * start.
 */
#define OFFSET(sym) ((sym) - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign 16
	.globl trampoline_start, trampoline_args, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	movzwl	%ax, %ebx
	shl	$4, %ebx

	/* Descriptor table and far jumps need absolute addresses. */
	lea	OFFSET(gdt)(%ebx), %eax
	mov	%eax, OFFSET(gdtr) + 2
	lea	OFFSET(start32)(%ebx), %eax
	mov	%eax, OFFSET(far32)
	lea	OFFSET(start64)(%ebx), %eax
	mov	%eax, OFFSET(far64)
	lgdtl	OFFSET(gdtr)
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	*OFFSET(far32)

	.code32
start32:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$0x6a0, %eax /* PAE | PGE | OSFXSR | OSXMMEXCPT, as boot/head.S */
	mov	%eax, %cr4
	mov	OFFSET(arg_cr3)(%ebx), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx /* EFER: LME, NXE, SCE */
	rdmsr
	or	$0x901, %eax
	wrmsr
	mov	$0x80050033, %eax /* PG AM WP NE ET MP PE */
	mov	%eax, %cr0
	ljmpl	*OFFSET(far64)(%ebx)

	.code64
start64:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	lldt	%ax
	mov	%ebx, %ebx
	mov	OFFSET(arg_stack)(%rbx), %rsp
	push	$0
	popf
	xor	%ebp, %ebp
	mov	OFFSET(arg_entry)(%rbx), %rax
	push	%rbp /* the end of a backtrace, and the alignment of a call */
	jmp	*%rax

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff /* 0x08 32-bit code */
	.quad	0x00cf93000000ffff /* 0x10 data */
	.quad	0x00af9b000000ffff /* 0x18 64-bit code */
gdtr:
	.word	gdtr - gdt - 1
	.long	0
	.balign 4
far32:
	.long	0
	.word	0x08
	.balign 4
far64:
	.long	0
	.word	0x18
	.balign 8
trampoline_args:
arg_cr3:
	.quad	0
arg_stack:
	.quad	0
arg_entry:
	.quad	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
