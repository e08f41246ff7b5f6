// SPDX-License-Identifier: MIT
/*
 * mm/ptwrite.c: each store form of abi row C50 against a faked L1 table, with the merge of
 * partial writes (C56), hardware that sets A and D meanwhile (C57), updates that are refused
 * (C53), tables above L1 (C52), and a guest without the assist (C51).
 */
/* Found from variables here, not from the stack pointer and fixed addresses. */
#define DAIS_MACHINE_PERCPU_H
#define DAIS_MACHINE_LAYOUT_H
#include "machine/regs.h"
struct vcpu;
struct frame;
struct cpu_info {
	struct cpu_regs guest_regs;
};
static struct cpu_info the_cpu;
static struct vcpu *current;
static inline struct cpu_info *cpu_info(void)
{
	return &the_cpu;
}
#define PAGES 8
static u64 memory[PAGES][512];
static void *mfn_to_virt(mfn_t mfn)
{
	return memory[mfn.m];
}
static struct frame *frames;
#define frame_table frames

#include "mm/ptwrite.c"

#include "check.h"

#include <string.h>

/* Frames: 1..4 the tables L4..L1 that map the window; 5 an L1 table, 6 an L2 table. */
enum { L4 = 1, L3, L2, L1, TABLE, UPPER, DEVICE = 0x100 };
#define VA 0xffff888000000000UL /* shows TABLE; the next page shows UPPER */
#define CODE 0x400000UL
#define DATA 0x500000UL

static struct frame all_frames[PAGES];
static struct domain dom = {.vm_assist = BIT(VMASST_TYPE_writable_pagetables)};
static struct vcpu vcpu = {.domain = &dom};
static struct cpu_regs regs;
static u8 code[16];
static u64 data[2];
unsigned long max_mfn = PAGES;
static int trap_vector, updates, references, races;
static u64 refused_bits;

size_t guest_read_partial(void *dst, unsigned long va, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (va + i >= CODE && va + i < CODE + sizeof(code))
			((u8 *)dst)[i] = code[va + i - CODE];
		else if (va + i >= DATA && va + i < DATA + sizeof(data))
			((u8 *)dst)[i] = ((u8 *)data)[va + i - DATA];
		else
			break;
	}
	return i;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	return guest_read_partial(dst, va, size) == size ? 0 : -EFAULT;
}

bool guest_range_ok(unsigned long va, size_t size)
{
	return va + size <= 0x800000000000 || va >= 0xffff880000000000;
}

void inject_trap(struct cpu_regs *r __unused, unsigned int vector, u32 error_code __unused)
{
	trap_vector = (int)vector;
}

void vcpu_read_bases(struct vcpu *v __unused)
{
}

bool frame_get_owned(mfn_t mfn, u16 owner)
{
	/* As the real one, which looks at the number itself. */
	if (mfn.m >= max_mfn || owner != dom.id)
		return false;
	references++;
	return true;
}

bool iomem_is_readonly(mfn_t mfn)
{
	return mfn.m == DEVICE;
}

void frame_put(mfn_t mfn __unused)
{
	references--;
}

int l1e_update_emulated(struct domain *d, mfn_t l1, unsigned int index, u64 old, u64 new)
{
	u64 *entry = &memory[l1.m][index];

	CHECK(d == &dom && l1.m == TABLE);
	if (races) {
		races--;
		*entry |= PTE_ACCESSED;
	}
	if (*entry != old)
		return -EAGAIN;
	if (new &refused_bits)
		return -EINVAL;
	*entry = new;
	updates++;
	return 0;
}

static void put(const u8 *bytes, size_t n, unsigned long va)
{
	memset(memory, 0, sizeof(memory));
	memory[L4][table_index(VA, 4)] = L3 << PAGE_SHIFT | 7;
	memory[L3][table_index(VA, 3)] = L2 << PAGE_SHIFT | 7;
	memory[L2][table_index(VA, 2)] = L1 << PAGE_SHIFT | 7;
	memory[L1][0] = TABLE << PAGE_SHIFT | 5;
	memory[L1][1] = UPPER << PAGE_SHIFT | 5;
	all_frames[L3].type = FRAME_TYPE_L3 | FRAME_VALIDATED | 1;
	all_frames[L2].type = FRAME_TYPE_L2 | FRAME_VALIDATED | 1;
	all_frames[L1].type = FRAME_TYPE_L1 | FRAME_VALIDATED | 1;
	all_frames[TABLE].type = FRAME_TYPE_L1 | FRAME_VALIDATED | 1;
	all_frames[UPPER].type = FRAME_TYPE_L2 | FRAME_VALIDATED | 1;
	frames = all_frames;
	current = &vcpu;
	vcpu.arch.kernel_mode = true;
	vcpu.arch.kernel_root = MFN(L4);
	memset(&regs, 0, sizeof(regs));
	memset(code, 0x90, sizeof(code));
	memcpy(code, bytes, n);
	regs.rip = CODE;
	regs.rflags = 2;
	regs.rdi = va;
	regs.error_code = PFEC_PRESENT | PFEC_WRITE | PFEC_USER;
	trap_vector = -1;
	updates = races = 0;
	refused_bits = 0;
}

#define PUT(va, ...) put((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), va)
#define ENTRY(n) memory[TABLE][n]

/* Emulated, `length` bytes on, no reference leaked. */
#define STORES(length)                                   \
	do {                                             \
		CHECK(ptwrite_emulate(&regs, regs.rdi)); \
		CHECK_EQ(regs.rip, CODE + (length));     \
		CHECK_EQ(references, 0);                 \
	} while (0)

#define LEFT_ALONE(va)                                        \
	do {                                                  \
		struct cpu_regs before = regs;                \
                                                              \
		CHECK(!ptwrite_emulate(&regs, (va)));         \
		CHECK(!memcmp(&before, &regs, sizeof(regs))); \
		CHECK(updates == 0 && references == 0);       \
	} while (0)

static void forms(void)
{
	PUT(VA + 24, 0x48, 0x89, 0x07); /* mov [rdi], rax */
	regs.rax = 0x1234067;
	STORES(3);
	CHECK_EQ(ENTRY(3), 0x1234067);
	PUT(VA + 28, 0x89, 0x07); /* upper half */
	ENTRY(3) = 0x1122334455667788;
	regs.rax = 0xaabbccdd;
	STORES(2);
	CHECK_EQ(ENTRY(3), 0xaabbccdd55667788);
	PUT(VA + 1, 0x88, 0x07);
	ENTRY(0) = 0x1122334455667788;
	regs.rax = 0xee;
	STORES(2);
	CHECK_EQ(ENTRY(0), 0x112233445566ee88);
	PUT(VA, 0x48, 0x87, 0x07); /* xchg with 0 */
	ENTRY(0) = 0x5067;
	STORES(3);
	CHECK(ENTRY(0) == 0 && regs.rax == 0x5067);
	PUT(VA, 0xf0, 0x48, 0x0f, 0xb1, 0x0f); /* lock cmpxchg [rdi], rcx */
	ENTRY(0) = 5;
	regs.rax = 5;
	regs.rcx = 7;
	STORES(5);
	CHECK(ENTRY(0) == 7 && (regs.rflags & EFLAGS_ZF));
	PUT(VA, 0xf0, 0x48, 0x0f, 0xb1, 0x0f);
	ENTRY(0) = 6;
	regs.rax = 5;
	STORES(5);
	CHECK(ENTRY(0) == 6 && regs.rax == 6 && !(regs.rflags & EFLAGS_ZF) && !updates);
	PUT(VA, 0xf0, 0x80, 0x27, 0xfd); /* lock and byte [rdi], ~2 */
	ENTRY(0) = 0x8000000001234067;
	STORES(4);
	CHECK_EQ(ENTRY(0), 0x8000000001234065);
	PUT(VA, 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x05); /* lock btr qword [rdi], 5 */
	ENTRY(0) = 0x67;
	STORES(6);
	CHECK(ENTRY(0) == 0x47 && (regs.rflags & EFLAGS_CF));
	PUT(VA, 0xf0, 0x48, 0x0f, 0xab, 0x0f); /* lock bts [rdi], rcx: 64 + 6, next entry */
	regs.rcx = 70;
	CHECK(ptwrite_emulate(&regs, VA + 8));
	CHECK(ENTRY(0) == 0 && ENTRY(1) == 0x40);
	PUT(VA, 0x48, 0x83, 0x0f, 0x02); /* or */
	ENTRY(0) = 0x65;
	STORES(4);
	CHECK_EQ(ENTRY(0), 0x67);
	PUT(VA, 0x48, 0x0f, 0xc1, 0x07); /* xadd */
	ENTRY(0) = 0x1000;
	regs.rax = 0x67;
	STORES(4);
	CHECK(ENTRY(0) == 0x1067 && regs.rax == 0x1000);
	PUT(VA, 0x48, 0x0f, 0xc3, 0x07); /* movnti */
	regs.rax = 0x3067;
	STORES(4);
	CHECK_EQ(ENTRY(0), 0x3067);
}

/* What is done without the decoder, and what looks like it. */
static void plain(void)
{
	PUT(VA, 0x4d, 0x87, 0x65, 0xf8); /* xchg [r13 - 8], r12 */
	ENTRY(1) = 0x5067;
	regs.r13 = VA + 16;
	regs.r12 = 0x6067;
	CHECK(ptwrite_emulate(&regs, VA + 8));
	CHECK(ENTRY(1) == 0x6067 && regs.r12 == 0x5067 && regs.rip == CODE + 4);
	PUT(VA, 0x4c, 0x89, 0x40, 0x7f); /* mov [rax + 0x7f], r8 */
	regs.rax = VA + 24 - 0x7f;
	regs.r8 = 0x7067;
	regs.rflags |= EFLAGS_RF;
	CHECK(ptwrite_emulate(&regs, VA + 24));
	CHECK(ENTRY(3) == 0x7067 && regs.rip == CODE + 4 && regs.rflags == 2);
	PUT(VA, 0x48, 0x89, 0x87, 0x00, 0x01, 0x00, 0x00); /* mov [rdi + 0x100], rax */
	regs.rax = 0x8067;
	CHECK(ptwrite_emulate(&regs, VA + 0x100));
	CHECK(ENTRY(32) == 0x8067 && regs.rip == CODE + 7);
	PUT(VA, 0x49, 0x87, 0x04, 0x24); /* xchg [r12], rax */
	regs.r12 = VA + 16;
	regs.rax = 0x9067;
	CHECK(ptwrite_emulate(&regs, VA + 16));
	CHECK(ENTRY(2) == 0x9067 && regs.rax == 0 && regs.rip == CODE + 4);
	PUT(VA + 16, 0x48, 0x89, 0x05, 0x10, 0x00, 0x40, 0x00); /* mov [rip + ..], rax */
	regs.rbp = VA + 16;
	LEFT_ALONE(VA + 16);
	PUT(VA + 16, 0x48, 0x8b, 0x07); /* mov rax, [rdi] */
	LEFT_ALONE(VA + 16);
	PUT(VA + 16, 0x40, 0x89, 0x07); /* four bytes */
	ENTRY(2) = 0x1122334455667788;
	STORES(3);
	CHECK_EQ(ENTRY(2), 0x1122334400000000);
	PUT(VA + 20, 0x48, 0x89, 0x07); /* half in one entry and half in the next */
	LEFT_ALONE(VA + 20);
	/* Not where the fault was. */
	PUT(VA + 16, 0x48, 0x87, 0x07);
	LEFT_ALONE(VA + 8);
	/* Refused, or lost to the processor once. */
	PUT(VA + 16, 0x48, 0x87, 0x07);
	regs.rax = 2;
	refused_bits = 2;
	LEFT_ALONE(VA + 16);
	PUT(VA + 16, 0x48, 0x87, 0x07);
	ENTRY(2) = 0x47;
	races = 1;
	STORES(3);
	CHECK(ENTRY(2) == 0 && regs.rax == (0x47 | PTE_ACCESSED) && updates == 1);
}

static void strings(void)
{
	PUT(VA, 0xf3, 0x48, 0xab); /* rep stosq: an element at a time */
	regs.rax = 0x4067;
	regs.rcx = 2;
	CHECK(ptwrite_emulate(&regs, VA));
	CHECK(regs.rip == CODE && regs.rcx == 1 && regs.rdi == VA + 8);
	STORES(3);
	CHECK(ENTRY(0) == 0x4067 && ENTRY(1) == 0x4067 && !ENTRY(2) && regs.rcx == 0);
	PUT(VA, 0x48, 0xa5); /* movsq */
	regs.rsi = DATA;
	data[0] = 0x9067;
	STORES(2);
	CHECK(ENTRY(0) == 0x9067 && regs.rsi == DATA + 8);
	PUT(VA, 0x48, 0xa5);
	regs.rsi = 0x10;
	LEFT_ALONE(VA);
}

static void pair(void)
{
	PUT(VA + 16, 0xf0, 0x48, 0x0f, 0xc7, 0x0f); /* lock cmpxchg16b */
	ENTRY(2) = 1;
	ENTRY(3) = 2;
	regs.rax = 1;
	regs.rdx = 2;
	regs.rbx = 0x5067;
	regs.rcx = 0x6067;
	STORES(5);
	CHECK(ENTRY(2) == 0x5067 && ENTRY(3) == 0x6067 && (regs.rflags & EFLAGS_ZF));
	PUT(VA + 16, 0xf0, 0x48, 0x0f, 0xc7, 0x0f);
	ENTRY(2) = 1;
	ENTRY(3) = 2;
	regs.rax = 1;
	STORES(5);
	CHECK(!updates && regs.rdx == 2 && !(regs.rflags & EFLAGS_ZF));
	/* The second entry is refused: the first is as before. */
	PUT(VA + 16, 0xf0, 0x48, 0x0f, 0xc7, 0x0f);
	ENTRY(2) = 1;
	regs.rax = 1;
	regs.rbx = 3;
	regs.rcx = BIT(40);
	refused_bits = BIT(40);
	CHECK(!ptwrite_emulate(&regs, VA + 16));
	CHECK(ENTRY(2) == 1 && ENTRY(3) == 0 && references == 0 && regs.rip == CODE);
	PUT(VA + 8, 0xf0, 0x48, 0x0f, 0xc7, 0x0f); /* not aligned */
	LEFT_ALONE(VA + 8);
	/* The 8-byte form is one entry. */
	PUT(VA + 8, 0x0f, 0xc7, 0x0f);
	regs.rbx = 0x67;
	regs.rcx = 0x80000000;
	STORES(3);
	CHECK_EQ(ENTRY(1), 0x8000000000000067);
}

static void races_and_refusals(void)
{
	/* C57: A appears between our read and the update, and is not lost. */
	PUT(VA, 0xf0, 0x80, 0x27, 0xfd);
	ENTRY(0) = 0x47;
	races = 1;
	STORES(4);
	CHECK(ENTRY(0) == (0x45 | PTE_ACCESSED) && updates == 1);
	/* C53 */
	PUT(VA, 0x48, 0x89, 0x07);
	regs.rax = 2;
	refused_bits = 2;
	LEFT_ALONE(VA);
	CHECK_EQ(ENTRY(0), 0);
	/* Across an entry's end; the fault is not where the store goes; not a store; a register. */
	PUT(VA + 6, 0x89, 0x07);
	LEFT_ALONE(VA + 6);
	PUT(VA, 0x48, 0x89, 0x07);
	LEFT_ALONE(VA + 8);
	PUT(VA, 0x0f, 0x06);
	LEFT_ALONE(VA);
	PUT(VA, 0x48, 0x89, 0xc0);
	LEFT_ALONE(VA);
	/* C52: an L2 table; a page mapped nowhere; our hole. */
	PUT(VA + 4096, 0x48, 0x89, 0x07);
	LEFT_ALONE(VA + 4096);
	PUT(VA + 8192, 0x48, 0x89, 0x07);
	LEFT_ALONE(VA + 8192);
	/* An entry on the way that leads to what is no table of this domain any more. */
	all_frames[L2].type = FRAME_TYPE_WRITABLE | 1;
	LEFT_ALONE(VA);
	all_frames[L2].type = FRAME_TYPE_L2 | FRAME_VALIDATED | 1;
	all_frames[L3].ref = 1UL << FRAME_OWNER_SHIFT;
	LEFT_ALONE(VA);
	all_frames[L3].ref = 0;
	PUT(0xffff800000000000, 0x48, 0x89, 0x07);
	LEFT_ALONE(0xffff800000000000);
	/* Another fault than a write to what is mapped; user mode. */
	PUT(VA, 0x48, 0x89, 0x07);
	regs.error_code = PFEC_WRITE | PFEC_USER;
	LEFT_ALONE(VA);
	PUT(VA, 0x48, 0x89, 0x07);
	vcpu.arch.kernel_mode = false;
	LEFT_ALONE(VA);
	/* C51 */
	dom.vm_assist = 0;
	PUT(VA, 0x48, 0x89, 0x07);
	LEFT_ALONE(VA);
	dom.is_privileged = true;
	PUT(VA, 0x48, 0x89, 0x07);
	STORES(3);
	/* Single step. */
	PUT(VA, 0x48, 0x89, 0x07);
	regs.rflags |= EFLAGS_TF;
	STORES(3);
	CHECK(trap_vector == TRAP_DB && (vcpu.arch.debugreg[6] & 0x4000));
}

/* A page of a device's that is ours to write: the store goes nowhere, the guest goes on (E6). */
static void device(void)
{
	PUT(VA + 16, 0x48, 0x89, 0x07);
	memory[L1][0] = DEVICE << PAGE_SHIFT | 5;
	STORES(3);
	CHECK_EQ(updates, 0);
	/* What we do not understand, and another device, are the guest's fault after all. */
	PUT(VA + 16, 0x0f, 0x0b);
	memory[L1][0] = DEVICE << PAGE_SHIFT | 5;
	LEFT_ALONE(VA + 16);
	PUT(VA + 16, 0x48, 0x89, 0x07);
	memory[L1][0] = (DEVICE + 1) << PAGE_SHIFT | 5;
	references = 0;
	LEFT_ALONE(VA + 16);
}

int main(void)
{
	spin_lock_init(&dom.mem.pt_lock, LOCK_PAGETABLE);
	forms();
	plain();
	strings();
	pair();
	races_and_refusals();
	device();
	return check_done("t_ptwrite");
}
