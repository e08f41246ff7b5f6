/* SPDX-License-Identifier: MIT */
/*
 * The register frame that entry.S builds on every entry from a guest or the
 * processor.  The order is entry.S's push order; offsets are asserted there.
 */
#ifndef DAIS_MACHINE_REGS_H
#define DAIS_MACHINE_REGS_H

#include "lib/types.h"

struct cpu_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u32 error_code;
	u32 entry_vector; /* exception or interrupt number; VECTOR_SYSCALL */
	u64 rip;
	u16 cs, cs_pad[3];
	u64 rflags;
	u64 rsp;
	u16 ss, ss_pad[3];
};

#define VECTOR_SYSCALL 0x100 /* entered by the SYSCALL instruction */
#define VECTOR_SYSCALL32 0x101
#define VECTOR_SYSENTER 0x102

enum {
	TRAP_DE = 0,
	TRAP_DB = 1,
	TRAP_NMI = 2,
	TRAP_BP = 3,
	TRAP_OF = 4,
	TRAP_BR = 5,
	TRAP_UD = 6,
	TRAP_NM = 7,
	TRAP_DF = 8,
	TRAP_TS = 10,
	TRAP_NP = 11,
	TRAP_SS = 12,
	TRAP_GP = 13,
	TRAP_PF = 14,
	TRAP_MF = 16,
	TRAP_AC = 17,
	TRAP_MC = 18,
	TRAP_XM = 19,
	TRAP_CP = 21,
};

#define EFLAGS_CF 0x1UL
#define EFLAGS_PF 0x4UL
#define EFLAGS_AF 0x10UL
#define EFLAGS_ZF 0x40UL
#define EFLAGS_SF 0x80UL
#define EFLAGS_TF 0x100UL
#define EFLAGS_IF 0x200UL
#define EFLAGS_DF 0x400UL
#define EFLAGS_OF 0x800UL
#define EFLAGS_IOPL 0x3000UL
#define EFLAGS_NT 0x4000UL
#define EFLAGS_RF 0x10000UL
#define EFLAGS_VM 0x20000UL
#define EFLAGS_AC 0x40000UL
#define EFLAGS_VIF 0x80000UL
#define EFLAGS_VIP 0x100000UL
#define EFLAGS_ID 0x200000UL

/* Page-fault error code bits. */
#define PFEC_PRESENT 1u
#define PFEC_WRITE 2u
#define PFEC_USER 4u
#define PFEC_RSVD 8u
#define PFEC_FETCH 16u

/* Selectors every guest GDT shows from index 7168 on (xen/arch-x86/xen-x86_64.h). */
#define SEL_HYP_CS 0xe008
#define SEL_HYP_SS 0xe010
#define SEL_GUEST_CS32 0xe023
#define SEL_GUEST_DS 0xe02b
#define SEL_GUEST_CS64 0xe033
#define SEL_TSS 0xe040

#endif
