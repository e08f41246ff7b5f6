/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C.  Both multiboot headers; the loader starts us in
 * 32-bit protected mode without paging, at the image's physical address.  We
 * check for long mode and NX, load the page tables below and jump to
 * boot_start(magic, info) on CPU 0's main stack, at our linked address.
 *
 * Physical address of a symbol: its address minus IMAGE_START.
 */
#include "entry/offsets.h"
#include "machine/layout.h"

#define PHYS(sym) ((sym) - IMAGE_START)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x3 /* modules page aligned, memory information */
#define MB2_MAGIC 0xe85250d6

#define P 0x001
#define RW 0x002
#define AD 0x060
#define PS 0x080

	.section .multiboot, "a"
	.balign 8
	.long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + (mb2_end - mb2_header))
	.balign 8
	.short 1, 0 /* information request */
	.long 24
	.long 6, 14, 15, 8 /* memory map, ACPI RSDPs, framebuffer */
	.balign 8
	.short 6, 0 /* modules page aligned */
	.long 8
	.balign 8
	.short 0, 0
	.long 8
mb2_end:

	.section .boot.text, "ax"
	.code32
	.globl _start
_start:
	cli
	cld
	mov %eax, %esi /* magic */
	mov %ebx, %ebp /* boot information */
	mov $PHYS(boot_stack32_end), %esp

	/* CPUID is on every processor with long mode; look before use all the same. */
	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb no_long_mode
	mov $0x80000001, %eax
	cpuid
	bt $29, %edx
	jnc no_long_mode
	bt $20, %edx
	jnc no_nx

	/* The first 4 GiB as they are, by pages of 2 MiB. */
	mov $PHYS(boot_l2_low), %edi
	mov $P + RW + AD + PS, %eax
1:	mov %eax, (%edi)
	add $8, %edi
	add $0x200000, %eax
	jnc 1b

	/* PAE | PGE | OSFXSR | OSXMMEXCPT */
	mov $0x6a0, %eax
	mov %eax, %cr4
	mov $PHYS(boot_l4), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx /* EFER: LME, NXE, SCE */
	rdmsr
	or $0x901, %eax
	wrmsr
	mov $0x80050033, %eax /* PG AM WP NE ET MP PE */
	mov %eax, %cr0
	lgdt PHYS(boot_gdtr)
	ljmp $0x08, $PHYS(start64_low)

no_long_mode:
	mov $PHYS(msg_no_lm), %esi
	jmp early_stop
no_nx:
	mov $PHYS(msg_no_nx), %esi
/* Says why on the first serial port and on the text screen, and halts. */
early_stop:
	mov $0xb8000, %edi
1:	lodsb
	test %al, %al
	jz 3f
	mov %al, %ah
	mov %al, (%edi)
	movb $0x4f, 1(%edi)
	add $2, %edi
	mov $0x3fd, %edx
	mov $0x10000, %ecx
2:	in %dx, %al
	test $0x20, %al
	loopz 2b
	mov %ah, %al
	mov $0x3f8, %edx
	out %al, %dx
	jmp 1b
3:	hlt
	jmp 3b

	.code64
start64_low:
	movabs $start64, %rax
	jmp *%rax
start64:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	lldt %ax
	/* Aligned as the ABI has it: libraries store vectors there (builder/library.c). */
	movabs $(CPU_AREA_START + 65536 - 4096), %rsp
	push $0
	popf
	mov %esi, %edi
	mov %ebp, %esi
	xor %ebp, %ebp
	call boot_start
1:	hlt
	jmp 1b

	.section .boot.data, "aw"
msg_no_lm:
	.asciz "Dais: this processor has no 64-bit mode; a 64-bit x86 machine is needed. "
msg_no_nx:
	.asciz "Dais: this processor has no NX, or the firmware turned it off; enable 'Execute Disable' there. "

	.balign 8
	.globl boot_gdt, boot_gdtr
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 0x08 64-bit code */
	.quad 0x00cf93000000ffff /* 0x10 data */
	.quad 0x00cf9b000000ffff /* 0x18 32-bit code */
boot_gdtr:
	.short boot_gdtr - boot_gdt - 1
	.long PHYS(boot_gdt)
	.long 0
	.balign 16
	.space 64
boot_stack32_end:

	/* Page tables: identity and direct map of the first 4 GiB, image, CPU 0's area. */
	.balign 4096
	.globl boot_l4
boot_l4:
	.quad PHYS(boot_l3_low) + P + RW + AD
	.fill 260, 8, 0
	.quad PHYS(hypervisor_l3) + P + RW + AD
	.quad PHYS(boot_l3_low) + P + RW + AD
	.fill 249, 8, 0
boot_l3_low:
	.quad PHYS(boot_l2_low) + P + RW + AD
	.quad PHYS(boot_l2_low) + 4096 + P + RW + AD
	.quad PHYS(boot_l2_low) + 8192 + P + RW + AD
	.quad PHYS(boot_l2_low) + 12288 + P + RW + AD
	.fill 508, 8, 0
	.section .bss.init, "aw", @nobits
	.balign 4096
boot_l2_low:
	.space 4 * 4096

	.data
	.balign 4096
	.globl hypervisor_l3, image_l2, cpu_area_l2, cpu0_area_l1
hypervisor_l3: /* slot 261 */
	.fill 320, 8, 0
	.quad PHYS(image_l2) + P + RW + AD
	.quad PHYS(cpu_area_l2) + P + RW + AD
	.fill 190, 8, 0
image_l2:
	.quad 0
	.quad 0x200000 + P + RW + AD + PS
	.quad 0x400000 + P + RW + AD + PS
	.fill 509, 8, 0
cpu_area_l2:
	.quad PHYS(cpu0_area_l1) + P + RW + AD
	.fill 511, 8, 0
cpu0_area_l1:
	.fill 11, 8, 0
	.quad PHYS(cpu0_stack) + P + RW + AD + 0x100
	.quad PHYS(cpu0_stack) + 4096 + P + RW + AD + 0x100
	.quad PHYS(cpu0_stack) + 8192 + P + RW + AD + 0x100
	.quad PHYS(cpu0_stack) + 12288 + P + RW + AD + 0x100
	.quad PHYS(cpu0_stack) + 16384 + P + RW + AD + 0x100
	.fill 496, 8, 0

	.bss
	.balign 4096
	.globl cpu0_stack
cpu0_stack:
	.space 20480
