// SPDX-License-Identifier: MIT
/*
 * See decode.h for what is decoded and why no more.  One table gives the plain
 * opcodes; the groups whose meaning depends on the reg field of ModRM are
 * settled after it is read.  64-bit mode only: what 32-bit user code can make
 * us emulate (CPUID, RDTSC, IN, OUT, INT) has the same encoding there.
 */
#include "entry/decode.h"

enum {
	F_MODRM = 1, /* ModRM follows */
	F_BYTE = 2, /* even opcode: one-byte operand */
	F_IMM8 = 4, /* signed byte immediate */
	F_IMM = 8, /* immediate of the operand's size, 4 bytes for 8 */
	F_REG = 16, /* source is the reg field */
	F_STR = 32, /* string instruction: REP allowed, no ModRM */
	F_LOCK = 64, /* LOCK allowed when the destination is memory */
	F_PORT = 128, /* port number follows, or is in DX */
};

/* op values beyond enum insn_op: settled by the reg field of ModRM */
enum { GROUP_ALU = 0x80, GROUP_F6, GROUP_FE, GROUP_C6, GROUP_BA, GROUP_C7, GROUP_0F01 };

struct opcode {
	u16 first, last; /* 0x100 + second byte for the two-byte opcodes */
	u8 op, flags;
};

/* Ascending: it is searched by halves. */
static const struct opcode opcodes[] = {
	{0x6c, 0x6d, OP_INS, F_STR | F_BYTE},
	{0x6e, 0x6f, OP_OUTS, F_STR | F_BYTE},
	{0x80, 0x80, GROUP_ALU, F_MODRM | F_BYTE | F_IMM | F_LOCK},
	{0x81, 0x81, GROUP_ALU, F_MODRM | F_IMM | F_LOCK},
	{0x83, 0x83, GROUP_ALU, F_MODRM | F_IMM8 | F_LOCK},
	{0x86, 0x87, OP_XCHG, F_MODRM | F_BYTE | F_REG | F_LOCK},
	{0x88, 0x89, OP_MOV, F_MODRM | F_BYTE | F_REG},
	{0xa2, 0xa3, OP_MOV, F_BYTE}, /* absolute address */
	{0xa4, 0xa5, OP_MOVS, F_STR | F_BYTE},
	{0xaa, 0xab, OP_STOS, F_STR | F_BYTE},
	{0xc6, 0xc7, GROUP_C6, F_MODRM | F_BYTE | F_IMM},
	{0xcd, 0xcd, OP_INT, F_IMM8},
	{0xe4, 0xe5, OP_IN, F_PORT | F_IMM8 | F_BYTE},
	{0xe6, 0xe7, OP_OUT, F_PORT | F_IMM8 | F_BYTE},
	{0xec, 0xed, OP_IN, F_PORT | F_BYTE},
	{0xee, 0xef, OP_OUT, F_PORT | F_BYTE},
	{0xf4, 0xf4, OP_HLT, 0},
	{0xf6, 0xf7, GROUP_F6, F_MODRM | F_BYTE | F_LOCK},
	{0xfa, 0xfa, OP_CLI, 0},
	{0xfb, 0xfb, OP_STI, 0},
	{0xfe, 0xff, GROUP_FE, F_MODRM | F_BYTE | F_LOCK},
	{0x101, 0x101, GROUP_0F01, F_MODRM},
	{0x106, 0x106, OP_CLTS, 0},
	{0x109, 0x109, OP_WBINVD, 0},
	{0x120, 0x120, OP_CR_READ, F_MODRM},
	{0x121, 0x121, OP_DR_READ, F_MODRM},
	{0x122, 0x122, OP_CR_WRITE, F_MODRM},
	{0x123, 0x123, OP_DR_WRITE, F_MODRM},
	{0x130, 0x130, OP_WRMSR, 0},
	{0x131, 0x131, OP_RDTSC, 0},
	{0x132, 0x132, OP_RDMSR, 0},
	{0x1a2, 0x1a2, OP_CPUID, 0},
	{0x1ab, 0x1ab, OP_BTS, F_MODRM | F_REG | F_LOCK},
	{0x1b0, 0x1b1, OP_CMPXCHG, F_MODRM | F_BYTE | F_REG | F_LOCK},
	{0x1b3, 0x1b3, OP_BTR, F_MODRM | F_REG | F_LOCK},
	{0x1ba, 0x1ba, GROUP_BA, F_MODRM | F_IMM8 | F_LOCK},
	{0x1bb, 0x1bb, OP_BTC, F_MODRM | F_REG | F_LOCK},
	{0x1c0, 0x1c1, OP_XADD, F_MODRM | F_BYTE | F_REG | F_LOCK},
	{0x1c3, 0x1c3, OP_MOV, F_MODRM | F_REG}, /* MOVNTI */
	{0x1c7, 0x1c7, GROUP_C7, F_MODRM | F_LOCK},
};

/* The arithmetic block 0x00-0x35: r/m,reg forms only; bits 3-5 are the operation. */
static const struct opcode alu_block = {0, 0x31, OP_ADD, F_MODRM | F_BYTE | F_REG | F_LOCK};

struct cursor {
	const u8 *p, *end;
	bool overrun;
};

static u8 next_byte(struct cursor *c)
{
	if (c->p == c->end) {
		c->overrun = true;
		return 0;
	}
	return *c->p++;
}

/* A little-endian signed number of n bytes. */
static s64 next_signed(struct cursor *c, unsigned int n)
{
	u64 v = 0;

	for (unsigned int i = 0; i < n; i++)
		v |= (u64)next_byte(c) << (8 * i);
	return n == 0 || n == 8 ? (s64)v : (s64)(v << (64 - 8 * n)) >> (64 - 8 * n);
}

static const struct opcode *find_opcode(unsigned int code)
{
	unsigned int low = 0, high = ARRAY_SIZE(opcodes);

	if (!(code & ~0x39U) && code < 0x38)
		return &alu_block;
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (code > opcodes[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ARRAY_SIZE(opcodes) && code >= opcodes[low].first ? &opcodes[low] : NULL;
}

/*
 * Reads the SIB byte and the displacement that the ModRM byte asks for.  Not in line: what it needs
 * would be set up and put back for instructions without a memory operand, too.
 */
static __attribute__((noinline)) void decode_memory(struct cursor *c, struct insn *in, u8 mod,
						    u8 rex)
{
	unsigned int disp_bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	u8 base = in->rm & 7;

	in->has_mem = true;
	if (base == 4) {
		u8 sib = next_byte(c);
		u8 index = ((sib >> 3) & 7) | (rex & 2 ? 8 : 0);

		if (index != 4) {
			in->index = index;
			in->scale = sib >> 6;
		}
		base = sib & 7;
		if (base == 5 && mod == 0) {
			disp_bytes = 4;
			base = INSN_NO_REG;
		}
	} else if (base == 5 && mod == 0) {
		disp_bytes = 4;
		base = INSN_RIP;
	}
	in->base = base < 8 ? base | (rex & 1 ? 8 : 0) : base;
	in->disp = next_signed(c, disp_bytes);
}

/* Instructions that ModRM's reg field names.  False: none of ours. */
static bool settle_group(struct insn *in, unsigned int *flags, u8 modrm)
{
	unsigned int sub = in->reg & 7;

	switch (in->op) {
	case GROUP_ALU:
		in->op = (u8)(OP_ADD + sub);
		return sub != OP_CMP;
	case GROUP_F6:
		in->op = sub == 2 ? OP_NOT : OP_NEG;
		return sub == 2 || sub == 3;
	case GROUP_FE:
		in->op = sub ? OP_DEC : OP_INC;
		return sub <= 1;
	case GROUP_C6:
		in->op = OP_MOV;
		return sub == 0;
	case GROUP_BA:
		in->op = (u8)(OP_BTS + sub - 5);
		return sub >= 5;
	case GROUP_C7:
		in->op = OP_CMPXCHG_PAIR;
		in->size = in->size == 8 ? 16 : 8;
		return sub == 1 && in->has_mem;
	case GROUP_0F01:
		*flags = 0;
		in->op = modrm == 0xd1 ? OP_XSETBV : OP_RDTSCP;
		return modrm == 0xd1 || modrm == 0xf9;
	}
	return true;
}

/* Legacy prefixes, then REX.  Returns the first opcode byte. */
static u8 decode_prefixes(struct cursor *c, struct insn *in, u8 *rex, bool *op16)
{
	u8 b;

	for (;;) {
		b = next_byte(c);
		if (b == 0x66)
			*op16 = true;
		else if (b == 0x67)
			in->addr32 = true;
		else if (b == 0xf0)
			in->lock = true;
		else if (b == 0xf2 || b == 0xf3)
			in->rep = true;
		else if (b == 0x64 || b == 0x65)
			in->seg = b;
		else if (b != 0x26 && b != 0x2e && b != 0x36 && b != 0x3e)
			break;
		if (c->overrun)
			break;
	}
	if ((b & 0xf0) == 0x40) {
		in->rex = true;
		*rex = b;
		b = next_byte(c);
	}
	return b;
}

static void decode_immediate(struct cursor *c, struct insn *in, unsigned int flags)
{
	if (flags & F_IMM8)
		in->imm = (u64)next_signed(c, 1);
	else if (flags & F_IMM)
		in->imm = (u64)next_signed(c, in->size == 8 ? 4 : in->size);
	if (flags & F_PORT) {
		in->source = flags & F_IMM8 ? SRC_PORT : SRC_NONE;
		in->imm &= 0xff;
	} else if (flags & (F_IMM8 | F_IMM)) {
		in->source = SRC_IMM;
	} else if (flags & F_REG) {
		in->source = SRC_REG;
	}
	if (in->op == OP_INT)
		in->imm &= 0xff;
}

enum decode_result decode(const u8 *bytes, unsigned int len, struct insn *out)
{
	struct cursor c = {bytes, bytes + min(len, (unsigned int)INSN_MAX_BYTES), false};
	struct insn in = {.base = INSN_NO_REG, .index = INSN_NO_REG};
	const struct opcode *desc;
	unsigned int code, flags;
	bool op16 = false;
	u8 rex = 0, modrm = 0;

	code = decode_prefixes(&c, &in, &rex, &op16);
	if (code == 0x0f)
		code = 0x100u + next_byte(&c);
	desc = c.overrun ? NULL : find_opcode(code);
	if (!desc)
		goto none;
	flags = desc->flags;
	in.op = desc == &alu_block ? (u8)(OP_ADD + (code >> 3)) : desc->op;
	in.size = (flags & F_BYTE) && !(code & 1) ? 1 : rex & 8 ? 8 : op16 ? 2 : 4;

	if (flags & F_MODRM) {
		modrm = next_byte(&c);
		in.reg = ((modrm >> 3) & 7) | (rex & 4 ? 8 : 0);
		in.rm = (modrm & 7) | (rex & 1 ? 8 : 0);
		/* MOV to and from CR and DR ignores the mod bits: always a register. */
		if (in.op >= OP_CR_READ && in.op <= OP_DR_WRITE)
			in.size = 8;
		else if (modrm < 0xc0)
			decode_memory(&c, &in, modrm >> 6, rex);
		if (!settle_group(&in, &flags, modrm))
			goto none;
	} else if (code == 0xa2 || code == 0xa3) {
		in.has_mem = true;
		in.disp = in.addr32 ? (s64)(u32)next_signed(&c, 4) : next_signed(&c, 8);
		in.source = SRC_REG; /* reg 0: the accumulator */
	}
	if ((flags & (F_PORT) || in.op == OP_INS || in.op == OP_OUTS) && in.size == 8)
		in.size = 4;
	decode_immediate(&c, &in, flags);

	/* String instructions with 32-bit pointers are in no kernel that we run. */
	if ((in.lock && !(in.has_mem && (flags & F_LOCK))) || (in.addr32 && (flags & F_STR)))
		goto none;
	if (c.overrun)
		goto none;
	if (!(flags & F_STR))
		in.rep = false;
	in.length = (u8)(c.p - bytes);
	*out = in;
	return DECODE_OK;

none:
	/* 15 bytes that are still not enough are not an instruction at all. */
	return c.overrun && len < INSN_MAX_BYTES ? DECODE_SHORT : DECODE_UNKNOWN;
}

u64 *insn_reg(struct cpu_regs *regs, unsigned int nr)
{
	static const u8 offset[16] = {
		offsetof(struct cpu_regs, rax), offsetof(struct cpu_regs, rcx),
		offsetof(struct cpu_regs, rdx), offsetof(struct cpu_regs, rbx),
		offsetof(struct cpu_regs, rsp), offsetof(struct cpu_regs, rbp),
		offsetof(struct cpu_regs, rsi), offsetof(struct cpu_regs, rdi),
		offsetof(struct cpu_regs, r8),  offsetof(struct cpu_regs, r9),
		offsetof(struct cpu_regs, r10), offsetof(struct cpu_regs, r11),
		offsetof(struct cpu_regs, r12), offsetof(struct cpu_regs, r13),
		offsetof(struct cpu_regs, r14), offsetof(struct cpu_regs, r15),
	};

	return (u64 *)((char *)regs + offset[nr & 15]);
}

static u64 get_reg(const struct cpu_regs *regs, unsigned int nr)
{
	return *insn_reg((struct cpu_regs *)regs, nr);
}

static u64 size_mask(unsigned int size)
{
	return size >= 8 ? ~0UL : (1UL << (8 * size)) - 1;
}

static u64 segment_base(const struct insn *in, const struct segment_bases *bases)
{
	return in->seg == 0x64 ? bases->fs : in->seg == 0x65 ? bases->gs : 0;
}

unsigned long insn_address(const struct insn *in, const struct cpu_regs *regs,
			   const struct segment_bases *bases)
{
	u64 ea = (u64)in->disp;

	/* Destination of strings: always ES, which has no base and no override. */
	if (!in->has_mem)
		return regs->rdi;
	if (in->base == INSN_RIP)
		ea += regs->rip + in->length;
	else if (in->base != INSN_NO_REG)
		ea += get_reg(regs, in->base);
	if (in->index != INSN_NO_REG)
		ea += get_reg(regs, in->index) << in->scale;
	/* A bit number in a register reaches beyond the operand, in both directions. */
	if (in->op >= OP_BTS && in->op <= OP_BTC && in->source == SRC_REG) {
		unsigned int unused = 64 - 8 * in->size;
		s64 bit = (s64)(get_reg(regs, in->reg) << unused) >> unused;

		ea += (u64)((bit >> 3) & -(s64)in->size);
	}
	if (in->addr32)
		ea = (u32)ea;
	return ea + segment_base(in, bases);
}

unsigned long insn_string_source(const struct insn *in, const struct cpu_regs *regs,
				 const struct segment_bases *bases)
{
	return regs->rsi + segment_base(in, bases);
}

void insn_write_reg(u64 *reg, unsigned int size, u64 value)
{
	u64 mask = size_mask(size);

	*reg = size == 4 ? (u32)value : (*reg & ~mask) | (value & mask);
}

/* Without REX, byte registers 4 to 7 are AH, CH, DH, BH. */
static bool is_high_byte(const struct insn *in)
{
	return in->size == 1 && !in->rex && in->reg >= 4 && in->reg < 8;
}

static u64 read_source(const struct insn *in, const struct cpu_regs *regs)
{
	if (in->source == SRC_IMM)
		return in->imm & size_mask(in->size);
	if (is_high_byte(in))
		return (get_reg(regs, in->reg - 4u) >> 8) & 0xff;
	return get_reg(regs, in->reg) & size_mask(in->size);
}

static void write_source(const struct insn *in, struct cpu_regs *regs, u64 value)
{
	u64 *reg;

	if (is_high_byte(in)) {
		reg = insn_reg(regs, in->reg - 4u);
		*reg = (*reg & ~0xff00UL) | ((value & 0xff) << 8);
	} else {
		insn_write_reg(insn_reg(regs, in->reg), in->size, value);
	}
}

/* The eight operations of the arithmetic block: result, and all six status flags. */
static u64 alu(unsigned int op, unsigned int size, u64 a, u64 b, u64 *rflags)
{
	bool carry_in = (op == OP_ADC || op == OP_SBB) && (*rflags & EFLAGS_CF);
	unsigned int top = 8 * size - 1;
	u64 r, carry = 0, overflow = 0, aux = 0, f;

	switch (op) {
	case OP_ADD:
	case OP_ADC:
		r = a + b + carry_in;
		carry = (a & b) | ((a | b) & ~r);
		overflow = (a ^ r) & (b ^ r);
		aux = a ^ b ^ r;
		break;
	case OP_SUB:
	case OP_SBB:
	case OP_CMP:
		r = a - b - carry_in;
		carry = (~a & b) | (~(a ^ b) & r);
		overflow = (a ^ b) & (a ^ r);
		aux = a ^ b ^ r;
		break;
	case OP_AND:
		r = a & b;
		break;
	case OP_OR:
		r = a | b;
		break;
	default:
		r = a ^ b;
		break;
	}
	r &= size_mask(size);
	f = *rflags & ~(EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF);
	f |= (carry >> top) & 1 ? EFLAGS_CF : 0;
	f |= (overflow >> top) & 1 ? EFLAGS_OF : 0;
	f |= aux & EFLAGS_AF;
	f |= (r >> top) & 1 ? EFLAGS_SF : 0;
	f |= r ? 0 : EFLAGS_ZF;
	f |= __builtin_popcountll(r & 0xff) & 1 ? 0 : EFLAGS_PF;
	*rflags = f;
	return r;
}

/* INC and DEC leave the carry alone. */
static u64 alu_keep_carry(unsigned int op, unsigned int size, u64 a, u64 *rflags)
{
	u64 carry = *rflags & EFLAGS_CF;
	u64 r = alu(op, size, a, 1, rflags);

	*rflags = (*rflags & ~EFLAGS_CF) | carry;
	return r;
}

static u64 bit_op(const struct insn *in, u64 *rflags, u64 old, u64 src)
{
	u64 bit = 1UL << (src & (8u * in->size - 1));

	*rflags = (*rflags & ~EFLAGS_CF) | (old & bit ? EFLAGS_CF : 0);
	return in->op == OP_BTS ? old | bit : in->op == OP_BTR ? old & ~bit : old ^ bit;
}

/* CMPXCHG8B: EDX:EAX against the operand, ECX:EBX into it. */
static bool compare_pair(struct cpu_regs *regs, u64 old, u64 *out)
{
	u64 expect = (u32)regs->rax | regs->rdx << 32;

	if (old == expect) {
		regs->rflags |= EFLAGS_ZF;
		*out = (u32)regs->rbx | regs->rcx << 32;
		return true;
	}
	regs->rflags &= ~EFLAGS_ZF;
	regs->rax = (u32)old;
	regs->rdx = old >> 32;
	return false;
}

bool insn_store(const struct insn *in, struct cpu_regs *regs, u64 old, u64 loaded, u64 *out)
{
	u64 mask = size_mask(in->size), src = read_source(in, regs);

	old &= mask;
	switch (in->op) {
	case OP_MOV:
		*out = src;
		break;
	case OP_STOS:
		*out = regs->rax & mask;
		break;
	case OP_MOVS:
		*out = loaded & mask;
		break;
	case OP_XCHG:
		*out = src;
		write_source(in, regs, old);
		break;
	case OP_XADD:
		*out = alu(OP_ADD, in->size, old, src, &regs->rflags);
		write_source(in, regs, old);
		break;
	case OP_CMPXCHG:
		alu(OP_CMP, in->size, regs->rax & mask, old, &regs->rflags);
		*out = src;
		if (regs->rflags & EFLAGS_ZF)
			break;
		insn_write_reg(&regs->rax, in->size, old);
		return false;
	case OP_CMPXCHG_PAIR:
		return compare_pair(regs, old, out);
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		*out = bit_op(in, &regs->rflags, old, src);
		break;
	case OP_INC:
		*out = alu_keep_carry(OP_ADD, in->size, old, &regs->rflags);
		break;
	case OP_DEC:
		*out = alu_keep_carry(OP_SUB, in->size, old, &regs->rflags);
		break;
	case OP_NOT:
		*out = ~old & mask;
		break;
	case OP_NEG:
		*out = alu(OP_SUB, in->size, 0, old, &regs->rflags);
		break;
	default:
		*out = alu(in->op, in->size, old, src, &regs->rflags);
		break;
	}
	return true;
}

bool insn_string_step(const struct insn *in, struct cpu_regs *regs)
{
	u64 step = regs->rflags & EFLAGS_DF ? -(u64)in->size : in->size;

	if (in->op != OP_OUTS)
		regs->rdi += step;
	if (in->op == OP_MOVS || in->op == OP_OUTS)
		regs->rsi += step;
	return !in->rep || --regs->rcx == 0;
}
