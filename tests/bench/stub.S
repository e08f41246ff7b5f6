/* SPDX-License-Identifier: MIT */
/*
 * A multiboot image that only prints the time stamp counter on the first serial line, in hex, and
 * restarts.  Under -icount it says how many instructions firmware and loader take before a
 * hypervisor's first one, which bootcost.py subtracts.
 */
	.code32
	.text
	.balign 4
	.long 0x1badb002, 0, -0x1badb002
	.globl _start
_start:
	movl	$stack_end, %esp
	rdtsc
	movl	%eax, %esi
	movl	%edx, %edi
	movl	%edi, %ebx
	call	print
	movl	%esi, %ebx
	call	print
	movb	$'\n', %al
	call	put
	movb	$0xfe, %al		/* the keyboard controller's reset line */
	outb	%al, $0x64
1:	hlt
	jmp	1b

/* EBX as eight digits to the port 0x3f8. */
print:	movl	$8, %ecx
2:	roll	$4, %ebx
	movl	%ebx, %eax
	andl	$15, %eax
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	3f
	addb	$'a' - '9' - 1, %al
3:	movw	$0x3f8, %dx
	outb	%al, %dx
	loop	2b
	ret
put:	movw	$0x3f8, %dx
	outb	%al, %dx
	ret

	.bss
	.skip	64
stack_end:
	.section .note.GNU-stack, "", @progbits
