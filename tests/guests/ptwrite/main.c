// SPDX-License-Identifier: MIT
/*
 * Stores straight into page tables, which the hypervisor carries out: every form of row C50, what
 * is refused (C52, C53), and that partial writes are seen as one new entry (C56).
 */
#include "test.h"

static uint64_t *l1; /* a live L1, through its read-only mapping */
static uintptr_t spot; /* what its entry 0 maps */
static uint64_t a, b; /* two entries as the processor stores them */
static uint64_t *aligned; /* entry 2: 16-byte aligned pair */

static void set_to(uint64_t *entry, uint64_t value)
{
	if (set_entry(entry, value))
		panic("set_entry");
}

/* Without A and D, so that nothing but the stores changes them. */
#define ADDRESS_OF(e) ((e)&0x000ffffffffff000UL)

#define FORM(name, before, after, insn, ...)                                  \
	do {                                                                  \
		set_to(l1, before);                                           \
		is(name ": no fault", PROBE(insn, __VA_ARGS__), VECTOR_NONE); \
		is(name ": stored", l1[0] & ~0x60UL, (after) & ~0x60UL);      \
	} while (0)

static void forms(void)
{
	uint64_t x;
	uint32_t dword;

	FORM("C50 mov of 8", a, b, "mov %1, (%0)", : : "r"(l1), "r"(b) : "memory");
	FORM("C50 mov of 8, immediate 0", a, 0, "movq $0, (%0)", : : "r"(l1) : "memory");
	dword = (uint32_t)b;
	FORM("C50 mov of 4", a, (a & ~0xffffffffUL) | dword, "movl %1, (%0)",
	     :
	     : "r"(l1), "r"(dword)
	     : "memory");
	FORM("C50 mov of 1: not present", a, a & ~0xffUL, "movb $0, (%0)", : : "r"(l1) : "memory");
	x = b;
	FORM("C50 xchg", a, b, "xchg %1, (%0)", : "+r"(l1), "+r"(x) : : "memory");
	is("C50 xchg returns the old one", ADDRESS_OF(x), ADDRESS_OF(a));
	x = 0;
	FORM("C54 xchg with 0", a, 0, "xchg %1, (%0)", : "+r"(l1), "+r"(x) : : "memory");
	set_to(l1, a);
	x = l1[0];
	is("C50 lock cmpxchg: no fault",
	   PROBE("lock cmpxchg %2, (%1)",
		 : "+a"(x)
		 : "r"(l1), "r"(b)
		 : "memory"),
	   VECTOR_NONE);
	is("C50 lock cmpxchg: stored", ADDRESS_OF(l1[0]), ADDRESS_OF(b));
	x = 1;
	PROBE("lock cmpxchg %2, (%1)", : "+a"(x) : "r"(l1), "r"(a) : "memory");
	is("C50 lock cmpxchg that fails: old value", ADDRESS_OF(x), ADDRESS_OF(b));
	is("C50 lock cmpxchg that fails: kept", ADDRESS_OF(l1[0]), ADDRESS_OF(b));
	FORM("C54 lock and byte: write-protect", a, a & ~2UL, "lock andb $0xfd, (%0)",
	     :
	     : "r"(l1)
	     : "memory");
	FORM("C50 lock or byte", a & ~2UL, a, "lock orb $2, (%0)", : : "r"(l1) : "memory");
	FORM("C54 lock btr", a, a, "lock btrq $5, (%0)", : : "r"(l1) : "memory");
	FORM("C50 lock bts", a, a | 1UL << 9, "lock btsq $9, (%0)", : : "r"(l1) : "memory");
	FORM("C50 lock and of 8", a, a & ~2UL, "lock andq %1, (%0)",
	     :
	     : "r"(l1), "r"(~2UL)
	     : "memory");
	FORM("C50 or", a, a | 0x400, "orq $0x400, (%0)", : : "r"(l1) : "memory");
	{
		uint64_t *to = l1, *from = &x;

		x = b;
		FORM("C50 stosq", a, b, "stosq", : "+D"(to) : "a"(b) : "memory");
		is("C50 stosq moves RDI", (uintptr_t)to, (uintptr_t)(l1 + 1));
		to = l1;
		FORM("C50 movsq", a, b, "movsq", : "+D"(to), "+S"(from) : : "memory");
		is("C50 movsq moves RSI", (uintptr_t)from, (uintptr_t)(&x + 1));
	}
	{
		uint64_t *to = l1, n = 4;

		set_to(l1 + 3, a);
		FORM("C50 rep stosq", a, 0, "rep stosq", : "+D"(to), "+c"(n) : "a"(0UL) : "memory");
		is("C50 rep stosq: the last one too", l1[3], 0);
		is("C50 rep stosq: RCX", n, 0);
	}
	x = b - a;
	set_to(l1, a);
	is("C50 xadd: no fault",
	   PROBE("lock xadd %1, (%0)",
		 : "+r"(l1), "+r"(x)
		 :
		 : "memory"),
	   VECTOR_NONE);
	is("C50 xadd: stored", ADDRESS_OF(l1[0]), ADDRESS_OF(b));
	FORM("C50 movnti", a, b, "movnti %1, (%0)", : : "r"(l1), "r"(b) : "memory");
	if (!on_dais())
		return; /* Xen decodes it on some processors only */
	set_to(aligned, a);
	set_to(aligned + 1, a);
	{
		uint64_t low = aligned[0], high = aligned[1];

		is("C50 cmpxchg16b: no fault",
		   PROBE("lock cmpxchg16b (%2)",
			 : "+a"(low), "+d"(high)
			 : "r"(aligned), "b"(b), "c"(b)
			 : "memory"),
		   VECTOR_NONE);
		is("C50 cmpxchg16b: low", ADDRESS_OF(aligned[0]), ADDRESS_OF(b));
		is("C50 cmpxchg16b: high", ADDRESS_OF(aligned[1]), ADDRESS_OF(b));
	}
}

static void refused(void)
{
	uint64_t l4 = virt_to_mfn(kernel_root()) << 12, *l2 = table_at(kernel_root(), spot, 2);

	set_to(l1, a);
	is("C53 a map of the L4, writable",
	   PROBE("mov %1, (%0)",
		 :
		 : "r"(l1), "r"(l4 | 0x63)
		 : "memory"),
	   14);
	is("C53 error code", caught.error, 3);
	is("C53 CR2 names the entry", caught.cr2, (uintptr_t)l1);
	is("C53 nothing changed", ADDRESS_OF(l1[0]), ADDRESS_OF(a));
	is("C53 read-only it is allowed",
	   PROBE("mov %1, (%0)",
		 :
		 : "r"(l1), "r"(l4 | 0x61)
		 : "memory"),
	   VECTOR_NONE);
	set_to(l1, 0);
	is("C56 a byte that would make it writable: refused", ({
		   set_to(l1, l4 | 0x61);
		   PROBE("movb $0x63, (%0)", : : "r"(l1) : "memory");
	   }),
	   14);
	set_to(l1, 0);
	is("C53 a frame beyond all",
	   PROBE("mov %1, (%0)",
		 :
		 : "r"(l1), "r"(0xffffffffff063UL)
		 : "memory"),
	   14);
	is("C52 a store into an L2", PROBE("movq $0, (%0)", : : "r"(l2) : "memory"), 14);
	is("C52 error code", caught.error, 3);
	is("C52 a store into the L4",
	   PROBE("movq $0, (%0)",
		 :
		 : "r"((uint64_t *)kernel_root() + 300)
		 : "memory"),
	   14);
	is("C56 across two entries",
	   PROBE("movq $0, (%0)",
		 :
		 : "r"((char *)l1 + 4)
		 : "memory"),
	   14);
	is("C50 the entry works", ({
		   set_to(l1, 0);
		   *(volatile uint64_t *)l1 = a;
		   *(volatile char *)spot = 1;
		   l1[0] & 0x60;
	   }),
	   0x60);
}

int guest_main(void)
{
	char *pages = pages_alloc(2);
	uint64_t flags = 0x67 | 1UL << 52;

	spot = (map_reserve(1024) + 0x1fffff) & ~0x1fffffUL;
	l1 = pte_of(spot);
	aligned = l1 + 2;
	a = virt_to_mfn(pages) << 12 | flags;
	b = virt_to_mfn(pages + PAGE_SIZE) << 12 | flags;
	is("h21.2 the assist", HC2(__HYPERVISOR_vm_assist, 0, 2), 0);
	part(forms);
	part(refused);
	return test_end();
}
