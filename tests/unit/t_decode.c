// SPDX-License-Identifier: MIT
/*
 * entry/decode.c against the processor itself: every store form, in each operand size and
 * with random addressing, registers, flags and memory, is executed natively and through
 * decode() + insn_store(); memory, registers and defined flags must agree.  Each encoding
 * cut short must ask for more bytes.  The privileged forms, which a test cannot execute,
 * are compared with their documented meaning.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "entry/decode.h"

#define BUF_SIZE 32768
#define BUF_MID (BUF_SIZE / 2)
#define STATUS (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF)

static_assert(offsetof(struct cpu_regs, rax) == 80, "run_native knows the layout");
static_assert(offsetof(struct cpu_regs, rflags) == 144, "run_native knows the layout");

/* Loads the registers and flags of *regs, calls code, stores them back.  RSP stays ours. */
void run_native(struct cpu_regs *regs, const void *code);
asm(".text\nrun_native:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "push %rdi; push %rsi; pushq 144(%rdi)\n"
    "mov 0(%rdi), %r15; mov 8(%rdi), %r14; mov 16(%rdi), %r13; mov 24(%rdi), %r12\n"
    "mov 32(%rdi), %rbp; mov 40(%rdi), %rbx; mov 48(%rdi), %r11; mov 56(%rdi), %r10\n"
    "mov 64(%rdi), %r9; mov 72(%rdi), %r8; mov 80(%rdi), %rax; mov 88(%rdi), %rcx\n"
    "mov 96(%rdi), %rdx; mov 104(%rdi), %rsi; mov 112(%rdi), %rdi\n"
    "popf; call *(%rsp); pushf; cld\n"
    "push %rdi; mov 24(%rsp), %rdi\n"
    "mov %r15, 0(%rdi); mov %r14, 8(%rdi); mov %r13, 16(%rdi); mov %r12, 24(%rdi)\n"
    "mov %rbp, 32(%rdi); mov %rbx, 40(%rdi); mov %r11, 48(%rdi); mov %r10, 56(%rdi)\n"
    "mov %r9, 64(%rdi); mov %r8, 72(%rdi); mov %rax, 80(%rdi); mov %rcx, 88(%rdi)\n"
    "mov %rdx, 96(%rdi); mov %rsi, 104(%rdi); popq 112(%rdi); popq 144(%rdi)\n"
    "add $16, %rsp\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static u8 *code, *native_buf, *emulated_buf;

static u64 rand64(void)
{
	return (u64)rand() << 42 ^ (u64)rand() << 21 ^ (u64)rand();
}

struct form {
	const char *name;
	u8 opcode[2]; /* 0x0f first for the two-byte ones */
	u8 digit; /* reg field, or ANY */
	u8 imm; /* 0, 1, or IMMZ */
	bool lock, byte, wide_only;
	u64 undefined; /* flags */
};
#define ANY 0xff
#define IMMZ 4
#define BITS_UNDEF (STATUS & ~(EFLAGS_CF | EFLAGS_ZF))

static const struct form forms[] = {
	{"add", {0x01}, ANY, 0, true, true, false, 0},
	{"or", {0x09}, ANY, 0, true, true, false, EFLAGS_AF},
	{"adc", {0x11}, ANY, 0, true, true, false, 0},
	{"sbb", {0x19}, ANY, 0, true, true, false, 0},
	{"and", {0x21}, ANY, 0, true, true, false, EFLAGS_AF},
	{"sub", {0x29}, ANY, 0, true, true, false, 0},
	{"xor", {0x31}, ANY, 0, true, true, false, EFLAGS_AF},
	{"add i", {0x81}, 0, IMMZ, true, true, false, 0},
	{"or i", {0x81}, 1, IMMZ, true, true, false, EFLAGS_AF},
	{"adc i", {0x81}, 2, IMMZ, true, true, false, 0},
	{"sbb i", {0x81}, 3, IMMZ, true, true, false, 0},
	{"and i", {0x81}, 4, IMMZ, true, true, false, EFLAGS_AF},
	{"sub i", {0x81}, 5, IMMZ, true, true, false, 0},
	{"xor i", {0x81}, 6, IMMZ, true, true, false, EFLAGS_AF},
	{"add i8", {0x83}, 0, 1, true, false, false, 0},
	{"adc i8", {0x83}, 2, 1, true, false, false, 0},
	{"and i8", {0x83}, 4, 1, true, false, false, EFLAGS_AF},
	{"mov", {0x89}, ANY, 0, false, true, false, 0},
	{"mov i", {0xc7}, 0, IMMZ, false, true, false, 0},
	{"xchg", {0x87}, ANY, 0, true, true, false, 0},
	{"not", {0xf7}, 2, 0, true, true, false, 0},
	{"neg", {0xf7}, 3, 0, true, true, false, 0},
	{"inc", {0xff}, 0, 0, true, true, false, 0},
	{"dec", {0xff}, 1, 0, true, true, false, 0},
	{"bts", {0x0f, 0xab}, ANY, 0, true, false, false, BITS_UNDEF},
	{"btr", {0x0f, 0xb3}, ANY, 0, true, false, false, BITS_UNDEF},
	{"btc", {0x0f, 0xbb}, ANY, 0, true, false, false, BITS_UNDEF},
	{"bts i", {0x0f, 0xba}, 5, 1, true, false, false, BITS_UNDEF},
	{"btr i", {0x0f, 0xba}, 6, 1, true, false, false, BITS_UNDEF},
	{"btc i", {0x0f, 0xba}, 7, 1, true, false, false, BITS_UNDEF},
	{"cmpxchg", {0x0f, 0xb1}, ANY, 0, true, true, false, 0},
	{"xadd", {0x0f, 0xc1}, ANY, 0, true, true, false, 0},
	{"movnti", {0x0f, 0xc3}, ANY, 0, false, false, true, 0},
	{"cmpxchg8b", {0x0f, 0xc7}, 1, 0, true, false, true, 0},
	{"stos", {0xab}, 0, 0, false, true, false, 0},
	{"movs", {0xa5}, 0, 0, false, true, false, 0},
};

static bool is_string(const struct form *f)
{
	return f->opcode[0] == 0xab || f->opcode[0] == 0xa5;
}

/* Random ModRM around base RDI: plain, with displacement, with index R9. */
static unsigned int put_modrm(u8 *p, u8 reg, u8 *rex)
{
	unsigned int mod = (unsigned int)rand() % 3, n = 0;
	bool sib = rand() & 1;

	p[n++] = (u8)(mod << 6 | (reg & 7) << 3 | (sib ? 4 : 7));
	if (reg & 8)
		*rex |= 0x44;
	if (sib) {
		p[n++] = (u8)((rand() & 3) << 6 | 1 << 3 | 7);
		*rex |= 0x42;
	}
	if (mod == 1) {
		p[n++] = (u8)rand();
	} else if (mod == 2) {
		s32 disp = rand() % 1000 - 500;

		memcpy(p + n, &disp, 4);
		n += 4;
	}
	return n;
}

/* Encodes one random instance of the form; returns its length. */
static unsigned int encode(const struct form *f, unsigned int size, bool *high_byte)
{
	u8 tail[16], rex = size == 8 ? 0x48 : 0, *p = code, reg = f->digit;
	unsigned int n = 0, imm = f->imm == IMMZ ? min(size, 4u) : f->imm;
	u64 value = rand64();

	if (reg == ANY) {
		reg = (u8)(rand() & 15);
		/* 4 is RSP, which must stay ours, unless it is AH. */
		if (reg == 4 && size != 1)
			reg = 0;
	}
	if (!is_string(f))
		n = put_modrm(tail, reg, &rex);
	if (size == 1 && !rex && (rand() & 1))
		rex = 0x40;
	*high_byte = f->digit == ANY && size == 1 && !rex && reg >= 4;
	if (size == 1 && rex && reg == 4 && f->digit == ANY) /* SPL */
		tail[0] = (u8)(tail[0] & ~0x38);
	memcpy(tail + n, &value, imm);
	n += imm;

	if (f->lock && (rand() & 1) && f->opcode[0] != 0x87)
		*p++ = 0xf0;
	if (size == 2)
		*p++ = 0x66;
	if (rex)
		*p++ = rex;
	*p++ = (u8)(f->opcode[0] == 0x0f ? 0x0f : size == 1 ? f->opcode[0] - 1 : f->opcode[0]);
	if (f->opcode[0] == 0x0f)
		*p++ = (u8)(size == 1 ? f->opcode[1] - 1 : f->opcode[1]);
	memcpy(p, tail, n);
	p += n;
	*p = 0xc3;
	return (unsigned int)(p - code);
}

static void random_regs(struct cpu_regs *r, const struct form *f)
{
	for (unsigned int i = 0; i < 16; i++)
		*insn_reg(r, i) = rand64();
	r->rflags = 0x202 | (rand64() & STATUS) | (is_string(f) && (rand() & 1) ? EFLAGS_DF : 0);
	r->rdi = (u64)native_buf + BUF_MID;
	r->rsi = (u64)native_buf + BUF_MID + 512;
	r->r9 = rand64() % 128;
	r->rip = (u64)code;
	/* Keep bit offsets inside the buffer, with rubbish above what counts. */
	if (f->opcode[0] == 0x0f && f->undefined == BITS_UNDEF)
		for (unsigned int i = 0; i < 16; i++)
			if (i != 6 && i != 7 && i != 9)
				*insn_reg(r, i) = (u64)(s64)(s16)rand64();
	/* Half of the compares succeed. */
	if (f->undefined != BITS_UNDEF && (rand() & 1)) {
		memcpy(&r->rax, native_buf + BUF_MID, 8);
		memcpy(&r->rdx, native_buf + BUF_MID + 4, 4);
	}
}

static void one_instance(const struct form *f, unsigned int size)
{
	const struct segment_bases bases = {0, 0};
	struct cpu_regs native, emulated;
	struct insn in = {0};
	bool high_byte;
	unsigned int len = encode(f, size, &high_byte);
	u64 old = 0, loaded = 0, value = 0;
	unsigned long addr;

	for (unsigned int i = 0; i < len; i++)
		CHECK_EQ(decode(code, i, &in), DECODE_SHORT);
	CHECK_EQ(decode(code, len + 1, &in), DECODE_OK);
	CHECK_EQ(in.length, len);
	CHECK_EQ(in.size, f->opcode[1] == 0xc7 ? 8 : size);

	for (unsigned int i = BUF_MID - 2048; i < BUF_MID + 2048; i++)
		native_buf[i] = (u8)rand();
	random_regs(&native, f);
	if (size > 2 && f->undefined == BITS_UNDEF && !f->imm && (in.reg < 6 || in.reg > 9))
		*insn_reg(&native, in.reg) |= size == 4 ? rand64() << 32 : 0;
	if (f->undefined == BITS_UNDEF && !f->imm && (in.reg == 6 || in.reg == 7))
		return; /* a pointer as bit number leads out of the buffer */
	memcpy(emulated_buf, native_buf, BUF_SIZE);
	emulated = native;

	addr = insn_address(&in, &emulated, &bases);
	CHECK(addr >= (u64)native_buf && addr + in.size <= (u64)native_buf + BUF_SIZE);
	if (addr < (u64)native_buf || addr + in.size > (u64)native_buf + BUF_SIZE)
		return;
	memcpy(&old, emulated_buf + (addr - (u64)native_buf), in.size);
	if (in.op == OP_MOVS)
		memcpy(&loaded,
		       emulated_buf +
			       (insn_string_source(&in, &emulated, &bases) - (u64)native_buf),
		       in.size);
	if (insn_store(&in, &emulated, old, loaded, &value))
		memcpy(emulated_buf + (addr - (u64)native_buf), &value, in.size);
	if (is_string(f))
		CHECK(insn_string_step(&in, &emulated));

	run_native(&native, code);
	native.rflags = (native.rflags & ~f->undefined) | (emulated.rflags & f->undefined);
	CHECK_EQ(emulated.rflags & (STATUS | EFLAGS_DF), native.rflags & (STATUS | EFLAGS_DF));
	native.rsp = emulated.rsp;
	for (unsigned int i = 0; i < 16; i++)
		CHECK_EQ(*insn_reg(&emulated, i), *insn_reg(&native, i));
	CHECK(!memcmp(native_buf, emulated_buf, BUF_SIZE));
	if (check_failures) {
		fprintf(stderr, "form %s size %u\n", f->name, size);
		exit(1);
	}
}

static void stores_match_processor(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++)
		for (unsigned int size = 1; size <= 8; size *= 2)
			for (int round = 0; round < 200; round++) {
				if (size == 1 && !forms[i].byte)
					continue;
				/* MOVNTI and CMPXCHG8B: 4 only, or 4 and 8 */
				if (forms[i].wide_only && size < 4)
					continue;
				if (forms[i].opcode[1] == 0xc7 && size != 4)
					continue;
				one_instance(&forms[i], size);
			}
}

#define DECODE(in, ...)                                   \
	({                                                \
		static const u8 bytes_[] = {__VA_ARGS__}; \
		decode(bytes_, sizeof(bytes_), (in));     \
	})

static void privileged_forms(void)
{
	struct insn in;

	CHECK_EQ(DECODE(&in, 0x0f, 0x20, 0xc0), DECODE_OK); /* mov rax, cr0 */
	CHECK(in.op == OP_CR_READ && in.reg == 0 && in.rm == 0 && in.size == 8 && in.length == 3);
	CHECK_EQ(DECODE(&in, 0x41, 0x0f, 0x22, 0xdc), DECODE_OK); /* mov cr3, r12 */
	CHECK(in.op == OP_CR_WRITE && in.reg == 3 && in.rm == 12);
	CHECK_EQ(DECODE(&in, 0x0f, 0x22, 0x20), DECODE_OK); /* mod is ignored: mov cr4, rax */
	CHECK(in.op == OP_CR_WRITE && in.reg == 4 && in.rm == 0 && in.length == 3 && !in.has_mem);
	CHECK_EQ(DECODE(&in, 0x44, 0x0f, 0x20, 0xc0), DECODE_OK); /* mov rax, cr8 */
	CHECK_EQ(in.reg, 8);
	CHECK_EQ(DECODE(&in, 0x0f, 0x23, 0xfb), DECODE_OK); /* mov dr7, rbx */
	CHECK(in.op == OP_DR_WRITE && in.reg == 7 && in.rm == 3);
	CHECK_EQ(DECODE(&in, 0xcd, 0x80), DECODE_OK);
	CHECK(in.op == OP_INT && in.imm == 0x80 && in.length == 2);
	CHECK_EQ(DECODE(&in, 0xe6, 0x80), DECODE_OK); /* out 0x80, al */
	CHECK(in.op == OP_OUT && in.source == SRC_PORT && in.imm == 0x80 && in.size == 1);
	CHECK_EQ(DECODE(&in, 0x66, 0xed), DECODE_OK); /* in ax, dx */
	CHECK(in.op == OP_IN && in.source == SRC_NONE && in.size == 2);
	CHECK_EQ(DECODE(&in, 0x48, 0xef), DECODE_OK); /* REX.W does not widen a port */
	CHECK(in.op == OP_OUT && in.size == 4);
	CHECK_EQ(DECODE(&in, 0xf3, 0x6d), DECODE_OK); /* rep insd */
	CHECK(in.op == OP_INS && in.rep && in.size == 4);
	CHECK_EQ(DECODE(&in, 0x64, 0x6e), DECODE_OK); /* fs outsb */
	CHECK(in.op == OP_OUTS && !in.rep && in.size == 1 && in.seg == 0x64);
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0xd1), DECODE_OK);
	CHECK_EQ(in.op, OP_XSETBV);
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0xf9), DECODE_OK);
	CHECK_EQ(in.op, OP_RDTSCP);
	CHECK(DECODE(&in, 0x0f, 0x06) == DECODE_OK && in.op == OP_CLTS);
	CHECK(DECODE(&in, 0x0f, 0x09) == DECODE_OK && in.op == OP_WBINVD);
	CHECK(DECODE(&in, 0x0f, 0x30) == DECODE_OK && in.op == OP_WRMSR);
	CHECK(DECODE(&in, 0x0f, 0x31) == DECODE_OK && in.op == OP_RDTSC);
	CHECK(DECODE(&in, 0x0f, 0x32) == DECODE_OK && in.op == OP_RDMSR);
	CHECK(DECODE(&in, 0x0f, 0xa2) == DECODE_OK && in.op == OP_CPUID);
	CHECK(DECODE(&in, 0xf4) == DECODE_OK && in.op == OP_HLT);
	CHECK(DECODE(&in, 0xfa) == DECODE_OK && in.op == OP_CLI);
	CHECK(DECODE(&in, 0xfb) == DECODE_OK && in.op == OP_STI);
	CHECK(DECODE(&in, 0x48, 0x0f, 0xc7, 0x0f) == DECODE_OK && in.op == OP_CMPXCHG_PAIR);
	CHECK_EQ(in.size, 16);
}

/* What must stay the guest's fault: refused privileged instructions and bad encodings. */
static void unknown_forms(void)
{
	struct insn in;

	CHECK_EQ(DECODE(&in, 0x0f, 0x08), DECODE_UNKNOWN); /* invd */
	CHECK_EQ(DECODE(&in, 0x0f, 0x33), DECODE_UNKNOWN); /* rdpmc */
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0xf8), DECODE_UNKNOWN); /* swapgs */
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0x38), DECODE_UNKNOWN); /* invlpg */
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0x10), DECODE_UNKNOWN); /* lgdt */
	CHECK_EQ(DECODE(&in, 0x0f, 0x01, 0xf0), DECODE_UNKNOWN); /* lmsw */
	CHECK_EQ(DECODE(&in, 0x0f, 0x00, 0xd8), DECODE_UNKNOWN); /* ltr */
	CHECK_EQ(DECODE(&in, 0x48, 0xcf), DECODE_UNKNOWN); /* iretq */
	CHECK_EQ(DECODE(&in, 0xf0, 0x89, 0x07), DECODE_UNKNOWN); /* lock mov */
	CHECK_EQ(DECODE(&in, 0xf0, 0x01, 0xc0), DECODE_UNKNOWN); /* lock add reg, reg */
	CHECK_EQ(DECODE(&in, 0x39, 0x07), DECODE_UNKNOWN); /* cmp */
	CHECK_EQ(DECODE(&in, 0x83, 0x3f, 0x00), DECODE_UNKNOWN); /* cmp imm */
	CHECK_EQ(DECODE(&in, 0xc5, 0xf9, 0x7f, 0x07), DECODE_UNKNOWN); /* vmovdqa */
	CHECK_EQ(DECODE(&in, 0x0f, 0xc7, 0xc8), DECODE_UNKNOWN); /* cmpxchg8b reg */
	CHECK_EQ(DECODE(&in, 0x67, 0xab), DECODE_UNKNOWN); /* stosd [edi] */
	CHECK_EQ(DECODE(&in, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
			0x66, 0x66, 0x66, 0x90),
		 DECODE_UNKNOWN); /* too long */
}

static void addresses(void)
{
	const struct segment_bases bases = {0x1000000, 0x2000000};
	struct cpu_regs r = {.rip = 0x400000, .rdi = 0x123456789, .rax = 1, .rcx = 5};
	struct insn in;

	CHECK_EQ(DECODE(&in, 0x89, 0x05, 0x10, 0, 0, 0), DECODE_OK); /* mov [rip+0x10], eax */
	CHECK_EQ(insn_address(&in, &r, &bases), 0x400016);
	CHECK_EQ(DECODE(&in, 0xc7, 0x05, 0xf0, 0xff, 0xff, 0xff, 1, 0, 0, 0), DECODE_OK);
	CHECK_EQ(insn_address(&in, &r, &bases), 0x400000 + 10 - 16);
	CHECK_EQ(DECODE(&in, 0x65, 0x48, 0x89, 0x04, 0x25, 0x28, 0, 0, 0), DECODE_OK);
	CHECK_EQ(insn_address(&in, &r, &bases), 0x2000028); /* gs:[0x28] */
	CHECK_EQ(DECODE(&in, 0x64, 0x89, 0x07), DECODE_OK);
	CHECK_EQ(insn_address(&in, &r, &bases), 0x1000000 + 0x123456789);
	CHECK_EQ(DECODE(&in, 0x67, 0x89, 0x07), DECODE_OK); /* mov [edi], eax */
	CHECK_EQ(insn_address(&in, &r, &bases), 0x23456789);
	CHECK_EQ(DECODE(&in, 0x89, 0x44, 0x8f, 0x80), DECODE_OK); /* [rdi + rcx*4 - 0x80] */
	CHECK_EQ(insn_address(&in, &r, &bases), 0x123456789 + 20 - 0x80);
	CHECK_EQ(DECODE(&in, 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8), DECODE_OK);
	CHECK_EQ(insn_address(&in, &r, &bases), 0x0807060504030201);
	CHECK_EQ(DECODE(&in, 0x64, 0xaa), DECODE_OK); /* no override for the destination */
	CHECK_EQ(insn_address(&in, &r, &bases), r.rdi);
	/* Advisory 195: the bit number moves the address by its signed, sized value. */
	r.rcx = 0x7fffffffffffffff;
	CHECK_EQ(DECODE(&in, 0x48, 0x0f, 0xab, 0x0f), DECODE_OK); /* bts [rdi], rcx */
	CHECK_EQ(insn_address(&in, &r, &bases), r.rdi + 0x0ffffffffffffff8);
	CHECK_EQ(DECODE(&in, 0x0f, 0xab, 0x0f), DECODE_OK); /* bts [rdi], ecx = -1 */
	CHECK_EQ(insn_address(&in, &r, &bases), r.rdi - 4);
	/* Advisory 123: a segment override on a register operand changes nothing. */
	CHECK_EQ(DECODE(&in, 0x64, 0x01, 0xc8), DECODE_OK);
	CHECK(!in.has_mem);
}

static void repeated_strings(void)
{
	struct cpu_regs r = {.rdi = 0x1000, .rsi = 0x2000, .rcx = 2};
	struct insn in;

	CHECK_EQ(DECODE(&in, 0xf3, 0x48, 0xa5), DECODE_OK);
	CHECK(in.rep && in.op == OP_MOVS);
	CHECK(!insn_string_step(&in, &r));
	CHECK(insn_string_step(&in, &r));
	CHECK(r.rdi == 0x1010 && r.rsi == 0x2010 && r.rcx == 0);
	r.rflags = EFLAGS_DF;
	CHECK_EQ(DECODE(&in, 0xab), DECODE_OK);
	CHECK(insn_string_step(&in, &r));
	CHECK(r.rdi == 0x100c && r.rsi == 0x2010 && r.rcx == 0);
}

int main(void)
{
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	native_buf = calloc(2, BUF_SIZE);
	if (code == MAP_FAILED || !native_buf)
		return 99;
	emulated_buf = native_buf + BUF_SIZE;
	srand(4242);
	stores_match_processor();
	privileged_forms();
	unknown_forms();
	addresses();
	repeated_strings();
	free(native_buf);
	return check_done("t_decode");
}
