/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor's loader reads (ELF notes) and the first instructions: RSI holds
 * start_info, RSP the boot stack; ours replaces it.
 */
#define ELFNOTE(type, desc...)			\
	.pushsection .note.Xen, "a", @note;	\
	.balign	4;				\
	.long	4, 2f - 1f, type;		\
	.asciz	"Xen";				\
1:	desc;					\
2:	.balign	4;				\
	.popsection

	ELFNOTE(1, .quad pvrt_entry)
	ELFNOTE(2, .quad hypercall_page)
	ELFNOTE(3, .quad 0xffffffff80000000)
	ELFNOTE(4, .quad 0)
	ELFNOTE(5, .asciz "xen-3.0")
	ELFNOTE(6, .asciz "pvrt")
	ELFNOTE(7, .asciz "1")
	ELFNOTE(8, .asciz "generic")
	ELFNOTE(9, .asciz "yes")
	ELFNOTE(10, .asciz "!writable_page_tables|pae_pgdir_above_4gb")

	.section .text.start, "ax"
	.globl	pvrt_entry
pvrt_entry:
	/* What a test of the boot state wants to know before anything changes it. */
	mov	%rsp, boot_rsp(%rip)
	mov	%rax, boot_regs(%rip)
	mov	%rbx, boot_regs+8(%rip)
	mov	%rcx, boot_regs+16(%rip)
	mov	%rdx, boot_regs+24(%rip)
	mov	%rdi, boot_regs+32(%rip)
	mov	%rbp, boot_regs+40(%rip)
	mov	%r8, boot_regs+48(%rip)
	mov	%r9, boot_regs+56(%rip)
	mov	%r10, boot_regs+64(%rip)
	mov	%r11, boot_regs+72(%rip)
	mov	%r12, boot_regs+80(%rip)
	mov	%r13, boot_regs+88(%rip)
	mov	%r14, boot_regs+96(%rip)
	mov	%r15, boot_regs+104(%rip)
	pushfq
	pop	%rax
	mov	%rax, boot_rflags(%rip)
	mov	%cs, %eax
	mov	%ax, boot_selectors(%rip)
	mov	%ss, %eax
	mov	%ax, boot_selectors+2(%rip)
	mov	%ds, %eax
	mov	%ax, boot_selectors+4(%rip)
	mov	%es, %eax
	mov	%ax, boot_selectors+6(%rip)
	mov	%fs, %eax
	mov	%ax, boot_selectors+8(%rip)
	mov	%gs, %eax
	mov	%ax, boot_selectors+10(%rip)
	lea	boot_stack_end(%rip), %rsp
	xor	%ebp, %ebp
	mov	%rsi, %rdi
	call	pvrt_start
	ud2

	/* Where a vCPU that smp.c starts arrives: RDI is its struct secondary. */
	.globl	secondary_entry
secondary_entry:
	xor	%ebp, %ebp
	call	secondary_start
	ud2

	.section .hypercall_page, "ax"
	.balign	4096
	.globl	hypercall_page
hypercall_page:
	.skip	4096, 0xcc

	.section .data
	.balign	8
	.globl	boot_rsp, boot_rflags, boot_regs, boot_selectors
boot_rsp:
	.quad	0
boot_rflags:
	.quad	0
boot_regs:
	.skip	112
boot_selectors:
	.skip	16

	.section .bss
	.balign	4096
	.skip	32768
boot_stack_end:
	.section .note.GNU-stack, "", @progbits
