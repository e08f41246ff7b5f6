// SPDX-License-Identifier: MIT
/*
 * The processor as a guest kernel sees it: control registers, MSRs, CPUID by the forced prefix,
 * the FPU's TS bit, debug registers, segment bases, I/O privilege.  Rows B3, B35, B40 to B47,
 * B54, B58, B60, B70 to B85, B90 to B100, B110, B111, h5, h8, h9, h25.
 */
#include "test.h"

#include <xen/physdev.h>

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t a, uint32_t c)
{
	struct leaf l;

	__asm__ volatile("ud2; .ascii \"xen\"; cpuid"
			 : "=a"(l.a), "=b"(l.b), "=c"(l.c), "=d"(l.d)
			 : "0"(a), "2"(c));
	return l;
}

static uint64_t msr_value;

static unsigned int rdmsr(uint32_t n)
{
	uint32_t low = 0, high = 0;
	unsigned int vector = (unsigned int)PROBE("rdmsr", : "=a"(low), "=d"(high) : "c"(n));

	msr_value = (uint64_t)high << 32 | low;
	return vector;
}

static unsigned int wrmsr(uint32_t n, uint64_t v)
{
	return (unsigned int)PROBE("wrmsr", : : "c"(n), "a"((uint32_t)v), "d"(v >> 32) : "memory");
}

static void msrs(void)
{
	static const uint32_t refused[] = {0x200,      0x2ff,      0x174,      0x176, 0xc0000081,
					   0xc0000082, 0xc0000084, 0x12345678, 0x480, 0xc0010114};

	is("B70 TSC reads", rdmsr(0x10), VECTOR_NONE);
	is("B70 writing it", wrmsr(0x10, 0), 13);
	is("B71 APIC base reads", rdmsr(0x1b), VECTOR_NONE);
	is("B71 enabled", msr_value & 0x800, 0x800);
	is("B71 writing it", wrmsr(0x1b, 0), 13);
	is("B77 PAT reads", rdmsr(0x277), VECTOR_NONE);
	is("B77 its value", msr_value, 0x0000050100070406);
	is("B77 writing it", wrmsr(0x277, 0x0000050100070406), 13);
	is("B80 EFER reads", rdmsr(0xc0000080), VECTOR_NONE);
	is("B80 its value", msr_value, 0xd01);
	is("B80 the same value", wrmsr(0xc0000080, 0xd01), VECTOR_NONE);
	is("B80 another", wrmsr(0xc0000080, 0x501), 13);
	is("B81 FS base", wrmsr(0xc0000100, 0x12345000), VECTOR_NONE);
	rdmsr(0xc0000100);
	is("B81 reads back", msr_value, 0x12345000);
	is("B81 not canonical", wrmsr(0xc0000100, 1UL << 60), 13);
	is("B81 shadow GS base", wrmsr(0xc0000102, 0x5000), VECTOR_NONE);
	rdmsr(0xc0000102);
	is("B81 shadow reads back", msr_value, 0x5000);
	rdmsr(0xc0000101);
	ok(msr_value > PVRT_BASE, "B81 GS base is the kernel's");
	wrmsr(0xc0000100, 0);
	is("B76 misc enable", rdmsr(0x1a0), VECTOR_NONE);
	is("B76 written without effect", wrmsr(0x1a0, 0), VECTOR_NONE);
	is("B75 MCG capabilities", rdmsr(0x179), VECTOR_NONE);
	is("B73 microcode revision", rdmsr(0x8b), VECTOR_NONE);
	is("B85 hypercall page MSR reads 0", rdmsr(0x40000000), VECTOR_NONE);
	is("B85 value", msr_value, 0);
	is("A73 a frame that is not ours", wrmsr(0x40000000, 0), 13);
	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
		is("B78 B79 B84 refused", rdmsr(refused[i]), 13);
	is("B79 LSTAR cannot be written", wrmsr(0xc0000082, 0), 13);
}

static void hypercall_page(void)
{
	uint8_t *page = page_alloc();
	long (*call)(unsigned long, unsigned long);

	is("A72 fill a page", wrmsr(0x40000000, virt_to_mfn(page) << 12), VECTOR_NONE);
	is("A70 128 stubs of 32 bytes: the last one is code", page[127 * 32] != 0, true);
	call = (long (*)(unsigned long, unsigned long))(void *)(page + 17 * 32);
	is("A70 a stub calls", call(XENVER_version, 0), 0x40011);
	call = (long (*)(unsigned long, unsigned long))(void *)(page + 63 * 32);
	is("A70 one of no hypercall", call(0, 0), -38);
}

static void leaves(void)
{
	struct leaf l = cpuid(0x40000000, 0);

	is("B99 signature", l.b == 0x566e6558 && l.c == 0x65584d4d && l.d == 0x4d4d566e, true);
	ok(l.a >= 0x40000004, "B99 highest leaf");
	is("B99 version", cpuid(0x40000001, 0).a, 0x40011);
	l = cpuid(0x40000002, 0);
	is("B99 pages", l.a, 1);
	is("B99 MSR", l.b, 0x40000000);
	is("B99 preserve A and D", l.c & 1, 1);
	l = cpuid(1, 0);
	is("B90 no VME, PSE, PGE, PSE36", l.d & (1 << 1 | 1 << 3 | 1 << 13 | 1 << 17), 0);
	is("B90 FPU TSC MSR PAE CX8 APIC", l.d & 0x371, 0x371);
	is("B90 FXSR SSE SSE2", l.d >> 24 & 7, 7);
	is("B91 no MONITOR VMX PCID x2APIC deadline",
	   l.c & (1 << 3 | 1 << 5 | 1 << 17 | 1 << 21 | 1 << 24), 0);
	is("B91 HYPERVISOR", l.c >> 31, 1);
	is("B91 XSAVE and OSXSAVE agree", l.c >> 26 & 1, l.c >> 27 & 1);
	l = cpuid(7, 0);
	is("B92 no SMEP, SMAP, INVPCID", l.b & (1 << 7 | 1 << 20 | 1 << 10), 0);
	is("B92 no UMIP, PKU, LA57", l.c & (1 << 2 | 1 << 3 | 1 << 16), 0);
	l = cpuid(0x80000001, 0);
	is("B97 SYSCALL NX LM", l.d & (1U << 11 | 1U << 20 | 1U << 29),
	   1U << 11 | 1U << 20 | 1U << 29);
	is("B97 no 1 GiB pages", l.d & 1 << 26, 0);
	is("B97 no SVM", l.c & 4, 0);
	is("B98 48 linear bits", cpuid(0x80000008, 0).a >> 8 & 0xff, 48);
	is("B95 leaf 5 is empty", cpuid(5, 0).a, 0);
	is("B96 no vPMU", cpuid(0xa, 0).a, 0);
	is("B100 a leaf beyond the last", cpuid(0x3fff, 0).a & 0, 0);
}

static uint64_t cr4(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static void control(void)
{
	uint64_t cr0;

	is("B43 CR4: hidden bits dropped",
	   PROBE("mov %0, %%cr4",
		 :
		 : "r"(0x300000UL | 0x660)),
	   VECTOR_NONE);
	is("B43 CR4 as before", cr4(), 0x660);
	is("B43 CR4 0", PROBE("mov %0, %%cr4", : : "r"(0UL)), VECTOR_NONE);
	is("B43 the fixed ones stay", cr4(), 0x660);
	is("B43 DE may be chosen", ({
		   __asm__ volatile("mov %0, %%cr4" ::"r"(0x668UL));
		   cr4();
	   }),
	   0x668);
	__asm__ volatile("mov %0, %%cr4" ::"r"(0x660UL));
	is("h5 TS on", HC1(__HYPERVISOR_fpu_taskswitch, 1), 0);
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	is("h5 seen in CR0", cr0, 0x8005003b);
	is("h5 next use of the FPU", PROBE("fnop", : :), 7);
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	is("h5 TS is clear behind it", cr0, 0x80050033);
	is("B41 TS by MOV to CR0", PROBE("mov %0, %%cr0", : : "r"(0x8005003bUL)), VECTOR_NONE);
	is("B41 ... works", PROBE("fnop", : :), 7);
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	is("B45 clts", PROBE("clts", : :), VECTOR_NONE);
	is("B45 ... works", PROBE("fnop", : :), VECTOR_NONE);
	is("B54 xsetbv without OSXSAVE", PROBE("xsetbv", : : "a"(3), "c"(0), "d"(0)), 6);
}

static void debug(void)
{
	static volatile uint64_t watched;

	is("h8 a breakpoint of ours", HC2(__HYPERVISOR_set_debugreg, 0, &watched), 0);
	is("h9 reads back", HC1(__HYPERVISOR_get_debugreg, 0), (uintptr_t)&watched);
	is("h8 armed for writes of 8", HC2(__HYPERVISOR_set_debugreg, 7, 0x90402), 0);
	is("B36 the write traps", PROBE("movq $5, %0", : "=m"(watched) : : "memory") & 0xff, 1);
	is("B36 DR6 says which", HC1(__HYPERVISOR_get_debugreg, 6) & 0xf, 1);
	is("h8 off", HC2(__HYPERVISOR_set_debugreg, 7, 0), 0);
	is("h9 DR7 keeps its fixed bit", HC1(__HYPERVISOR_get_debugreg, 7), 0x400);
	is("h8 DR6", HC2(__HYPERVISOR_set_debugreg, 6, 0), 0);
	is("h9 DR6 keeps its ones", HC1(__HYPERVISOR_get_debugreg, 6), 0xffff0ff0);
	differs("h8 an address of the hypervisor's",
		HC2(__HYPERVISOR_set_debugreg, 1, 0xffff830000000000), 0, -1,
		"taken as none, where Xen refuses; Linux reads neither");
	is("B40 MOV from DR7", PROBE("mov %%dr7, %%rax", : : : "rax"), VECTOR_NONE);
	HC2(__HYPERVISOR_set_debugreg, 0, 0);
	HC2(__HYPERVISOR_set_debugreg, 1, 0);
}

static void ports(void)
{
	struct physdev_set_iopl s = {.iopl = 4};
	struct physdev_set_iobitmap b = {.nr_ports = 65537};
	uint32_t value = 0;

	is("h33.6 IOPL 4", HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &s), -22);
	s.iopl = 1;
	is("h33.6 IOPL 1", HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &s), 0);
	is("B58 in works for dom0", PROBE("inb $0x61, %%al", : "=a"(value) : :), VECTOR_NONE);
	is("B58 the debug port", PROBE("outb %%al, $0x80", : : "a"(0) :), VECTOR_NONE);
	is("B46 cli does nothing", PROBE("cli", : :), VECTOR_NONE);
	is("B46 mask untouched", vcpu_info(0)->evtchn_upcall_mask, 1);
	is("B46 sti does nothing", PROBE("sti", : :), VECTOR_NONE);
	is("B46 mask untouched still", vcpu_info(0)->evtchn_upcall_mask, 1);
	is("B58 PCI address port",
	   PROBE("outl %%eax, %%dx",
		 :
		 : "a"(0x80000000), "d"(0xcf8)
		 :),
	   VECTOR_NONE);
	is("B58 PCI data port: the host bridge",
	   PROBE("inl %%dx, %%eax",
		 : "=a"(value)
		 : "d"(0xcfc)
		 :),
	   VECTOR_NONE);
	is("B58 made by Intel", value & 0xffff, 0x8086);
	s.iopl = 0;
	HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &s);
	is("B110 IOPL 0 again", PROBE("inb $0x61, %%al", : "=a"(value) : :), 13);
	is("h33.7 too many ports", HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &b), -22);
	b.nr_ports = 0;
	is("h33.7 none", HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &b), 0);
}

static void bases(void)
{
	static uint64_t word = 0x4711;
	uint64_t value;

	is("h25.0", HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, &word), 0);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(value));
	is("h25.0 reads through FS", value, 0x4711);
	is("h25.1", HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 0x7000), 0);
	rdmsr(0xc0000102);
	is("h25.1 in the shadow MSR", msr_value, 0x7000);
	is("h25.3", HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
	is("B3 the kernel's GS is untouched", this_cpu(), 0);
	is("h25 user GS base with high bits",
	   HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 1UL << 63), -22);
}

int guest_main(void)
{
	part(msrs);
	part(hypercall_page);
	part(leaves);
	part(control);
	part(debug);
	part(ports);
	part(bases);
	return test_end();
}
