/* SPDX-License-Identifier: MIT */
/*
 * Where assembly finds the fields it needs; entry/offsets.c asserts each one
 * against the C structures.
 */
#ifndef DAIS_ENTRY_OFFSETS_H
#define DAIS_ENTRY_OFFSETS_H

#define REGS_R15 0
#define REGS_R14 8
#define REGS_R13 16
#define REGS_R12 24
#define REGS_RBP 32
#define REGS_RBX 40
#define REGS_R11 48
#define REGS_R10 56
#define REGS_R9 64
#define REGS_R8 72
#define REGS_RAX 80
#define REGS_RCX 88
#define REGS_RDX 96
#define REGS_RSI 104
#define REGS_RDI 112
#define REGS_ERROR 120
#define REGS_VECTOR 124
#define REGS_RIP 128
#define REGS_CS 136
#define REGS_RFLAGS 144
#define REGS_RSP 152
#define REGS_SS 160
#define REGS_SIZE 168

#define CPU_INFO_CURRENT 184
#define CPU_INFO_DEFERRED 192
#define CPU_INFO_ROOT 200
#define CPU_INFO_SHADOW 208
#define CPU_INFO_STALE 216
#define CPU_INFO_SPEC_HYP 220
#define CPU_INFO_SPEC_GUEST 224
#define CPU_INFO_VERW 228
#define CPU_INFO_SIZE 232

/* From the beginning of the main stack up to cpu_info. */
#define STACK_GAP (4096 - CPU_INFO_SIZE)
/* clang-format off */
#define FRAME(field) (STACK_GAP + field)(%rsp)
#define INFO(field) (STACK_GAP + field)(%rsp)
/* clang-format on */

#define VCPU_INFO 0
#define VCPU_KERNEL_MODE 16
#define VCPU_NMI_PENDING 17

#endif
