/* SPDX-License-Identifier: MIT */
/*
 * A small x86-64 decoder, pure logic: bytes and registers in, meaning out.  It
 * knows two sets of instructions and nothing else: the stores by which guests
 * change page-table entries in place (row C50), and the privileged ones that a
 * guest kernel may execute (B.5).  Anything else is DECODE_UNKNOWN, and its
 * user hands the guest the fault that the processor raised.
 *
 * The bytes were fetched once and are never looked at again, so a guest that
 * rewrites its code meanwhile cannot make us check one instruction and carry
 * out another (security.md, row 202).
 */
#ifndef DAIS_ENTRY_DECODE_H
#define DAIS_ENTRY_DECODE_H

#include "lib/types.h"
#include "machine/regs.h"

#define INSN_MAX_BYTES 15

enum insn_op {
	/* Stores.  The first eight are in the order of the opcode's bits 3-5. */
	OP_ADD,
	OP_OR,
	OP_ADC,
	OP_SBB,
	OP_AND,
	OP_SUB,
	OP_XOR,
	OP_CMP, /* no store: only internal, for CMPXCHG's flags */
	OP_INC,
	OP_DEC,
	OP_NOT,
	OP_NEG,
	OP_MOV,
	OP_XCHG,
	OP_XADD,
	OP_CMPXCHG,
	OP_CMPXCHG_PAIR, /* CMPXCHG8B, CMPXCHG16B by size */
	OP_BTS,
	OP_BTR,
	OP_BTC,
	OP_STOS,
	OP_MOVS,
	/* Privileged or trapped. */
	OP_CR_READ, /* reg = control register, rm = general register */
	OP_CR_WRITE,
	OP_DR_READ,
	OP_DR_WRITE,
	OP_CLTS,
	OP_HLT,
	OP_CLI,
	OP_STI,
	OP_WBINVD,
	OP_RDMSR,
	OP_WRMSR,
	OP_RDTSC,
	OP_RDTSCP,
	OP_XSETBV,
	OP_CPUID,
	OP_INT, /* imm = vector */
	OP_IN,
	OP_OUT,
	OP_INS,
	OP_OUTS,
};

enum insn_source {
	SRC_NONE,
	SRC_REG, /* reg */
	SRC_IMM, /* imm */
	SRC_PORT, /* imm = port; SRC_NONE on IN and OUT means DX */
};

#define INSN_NO_REG 0xff
#define INSN_RIP 0x10 /* base: the address of the next instruction */

struct insn {
	u8 length;
	u8 op; /* enum insn_op */
	u8 size; /* bytes of the operand: 1, 2, 4, 8, 16 */
	u8 source; /* enum insn_source */
	bool rep, lock, rex, addr32;
	bool has_mem; /* the r/m operand is memory; false: register rm */
	u8 seg; /* 0, or the prefix 0x64 (FS), 0x65 (GS): the only ones that move an address */
	u8 reg, rm;
	u8 base, index, scale; /* registers, or INSN_NO_REG, INSN_RIP; shift */
	s64 disp;
	u64 imm; /* sign-extended */
};

enum decode_result {
	DECODE_OK,
	DECODE_SHORT, /* more bytes needed than there are */
	DECODE_UNKNOWN,
};

/* Decodes the instruction at bytes[0..len). */
enum decode_result decode(const u8 *bytes, unsigned int len, struct insn *out);

/* Bases of the two segments that have one in 64-bit mode. */
struct segment_bases {
	unsigned long fs, gs;
};

/*
 * Linear address of the memory operand: for BTS/BTR/BTC with a register, of the
 * unit that holds the bit; for string stores, of the destination.
 */
unsigned long insn_address(const struct insn *in, const struct cpu_regs *regs,
			   const struct segment_bases *bases);
/* Linear address of the source of MOVS and OUTS. */
unsigned long insn_string_source(const struct insn *in, const struct cpu_regs *regs,
				 const struct segment_bases *bases);

/* A general register by its number in the instruction set (0 rax, 1 rcx, 2 rdx, ..). */
u64 *insn_reg(struct cpu_regs *regs, unsigned int nr);

/* Writes the low `size` bytes of a register as the processor does (4 clears the upper half). */
void insn_write_reg(u64 *reg, unsigned int size, u64 value);

/*
 * Carries out a store up to 8 bytes wide on the operand's old value: returns
 * true and the value to store, or false when nothing is stored (a failed
 * compare).  Registers and flags change in both cases; RIP and the counters of
 * string instructions do not.  `loaded` is what MOVS read from its source.
 */
bool insn_store(const struct insn *in, struct cpu_regs *regs, u64 old, u64 loaded, u64 *out);

/*
 * Moves on by one element of STOS, MOVS, INS, OUTS.  True when the instruction
 * is complete; false while RCX asks for more.
 */
bool insn_string_step(const struct insn *in, struct cpu_regs *regs);

#endif
