// SPDX-License-Identifier: MIT
/*
 * Port I/O of guests (abi rows B58, B110-B112, E4, E5): entry/privop.c with domain/ioports.c
 * behind it. Which accesses reach the machine, what the others read, string forms, the I/O
 * bitmap of user mode, and PCI configuration by way of 0xcf8.
 */
#include "fake_privop.h"

static void ports_of_dom0(void)
{
	reset(true);
	KERNEL(0xe4, 0x71); /* in al, 0x71 */
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 1;
	KERNEL(0xe4, 0x71);
	regs.rax = ~0UL;
	DONE_BY(2);
	CHECK(last_port == 0x71 && last_bytes == 1 && regs.rax == 0xffffffffffffffd8);
	KERNEL(0xed); /* in eax, dx */
	regs.rax = ~0UL;
	regs.rdx = 0xffff0000b004;
	DONE_BY(1);
	CHECK(last_port == 0xb004 && regs.rax == 0xa5b6c7d8);
	KERNEL(0x66, 0xef); /* out dx, ax */
	regs.rax = 0x12345;
	regs.rdx = 0x1f0;
	DONE_BY(2);
	CHECK(last_port == 0x1f0 && last_bytes == 2 && last_value == 0x2345);
	/* E5: PIT, PIC, serial port. */
	static const u16 hidden_ports[] = {0x40, 0x43, 0x20, 0x21, 0xa0, 0x3f8, 0x3fd};
	for (unsigned int i = 0; i < ARRAY_SIZE(hidden_ports); i++) {
		KERNEL(0xec);
		regs.rdx = hidden_ports[i];
		DONE_BY(1);
		CHECK(!port_reads && regs.rax == 0xff);
		KERNEL(0xee);
		regs.rdx = hidden_ports[i];
		DONE_BY(1);
		CHECK(!port_writes);
	}
	/* A wide access that touches a hidden port, and one beyond the last port. */
	KERNEL(0xed);
	regs.rdx = 0x3e;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xffffffff);
	KERNEL(0xed);
	regs.rdx = 0xfffe;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xffffffff);
	/* User mode: IOPL 1 is not enough, 3 is. */
	USER(0xec);
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 3;
	USER(0xec);
	regs.rdx = 0x61;
	DONE_BY(1);
	CHECK_EQ(port_reads, 1);
	/* B112 */
	vcpu.arch.iopl = 0;
	dom.vm_assist = BIT(VMASST_TYPE_architectural_iopl);
	KERNEL(0xec);
	regs.rdx = 0x61;
	DONE_BY(1);
}

static void pci_configuration(void)
{
	reset(true);
	vcpu.arch.iopl = 1;
	KERNEL(0xef);
	regs.rdx = 0xcf8;
	regs.rax = 0x80010a40; /* bus 1 devfn 10, register 0x40 */
	DONE_BY(1);
	CHECK(!port_writes);
	KERNEL(0xed);
	regs.rdx = 0xcf8;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0x80010a40);
	KERNEL(0x66, 0xed);
	regs.rdx = 0xcfe;
	DONE_BY(2);
	CHECK_EQ(regs.rax, 1 + 10 + 0x42 + 2);
	cfg_allow = false;
	KERNEL(0xef);
	regs.rdx = 0xcfc;
	DONE_BY(1);
	CHECK(!cfg_writes && !port_writes);
	cfg_allow = true;
	KERNEL(0xee);
	regs.rdx = 0xcff;
	regs.rax = 0x5a;
	DONE_BY(1);
	CHECK(cfg_writes == 1 && cfg_value == 0x5a && last_port == 0x43);
}

static void ports_of_domu(void)
{
	reset(false);
	KERNEL(0xec);
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.iopl = 1;
	KERNEL(0xec);
	regs.rdx = 0x71;
	DONE_BY(1);
	CHECK(!port_reads && regs.rax == 0xff);
	KERNEL(0xef);
	regs.rdx = 0xcf8;
	regs.rax = 0x80000000;
	DONE_BY(1);
	KERNEL(0xed);
	regs.rdx = 0xcf8;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0);
	KERNEL(0xed);
	regs.rdx = 0xcfc;
	DONE_BY(1);
	CHECK_EQ(regs.rax, 0xffffffff);
	/* ioports= of a config; never what is ours. */
	CHECK_EQ(ioports_permit(&dom, 0x2f8, 8), 0);
	CHECK_EQ(ioports_permit(&dom, 0x3c, 8), (u64)-EPERM);
	CHECK_EQ(ioports_permit(&dom, 0xfff8, 9), (u64)-EINVAL);
	KERNEL(0xec);
	regs.rdx = 0x2ff;
	DONE_BY(1);
	CHECK_EQ(port_reads, 1);
	CHECK_EQ(ioports_deny(&dom, 0x2ff, 1), 0);
	CHECK(!ioport_permitted(&dom, 0x2ff, 1) && ioport_permitted(&dom, 0x2fe, 1));
}

/* B111 */
static void io_bitmap(void)
{
	reset(true);
	memset(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x60 / 8] = 0x7f; /* 0x67 */
	bitmap[0x68 / 8] = 0xfe; /* 0x68 */
	USER(0xec);
	regs.rdx = 0x67;
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.io_bitmap = BITMAP;
	vcpu.arch.io_bitmap_ports = 0x69;
	USER(0xec);
	regs.rdx = 0x67;
	DONE_BY(1);
	USER(0x66, 0xed); /* over the byte's end: 0x67 and 0x68 */
	regs.rdx = 0x67;
	DONE_BY(2);
	USER(0x66, 0xed);
	regs.rdx = 0x66;
	FAULTS_WITH(TRAP_GP, 0);
	USER(0x66, 0xed);
	regs.rdx = 0x68; /* past the bitmap's end */
	FAULTS_WITH(TRAP_GP, 0);
	vcpu.arch.io_bitmap = 0x10;
	USER(0xec);
	regs.rdx = 0x67;
	FAULTS_WITH(TRAP_GP, 0);
}

static void string_ports(void)
{
	reset(true);
	vcpu.arch.iopl = 3;
	KERNEL(0xf3, 0x6c); /* rep insb */
	regs.rdi = MEM_BASE + 0x200;
	regs.rcx = 3;
	regs.rdx = 0x1f0;
	DONE_BY(2);
	CHECK(port_reads == 3 && regs.rdi == MEM_BASE + 0x203 && !regs.rcx);
	CHECK(mem[0x202] == 0xd8 && mem[0x203] == 0);
	KERNEL(0xf3, 0x6f); /* rep outsd, more than one slice */
	regs.rsi = MEM_BASE + 0x400;
	regs.rcx = 100;
	regs.rdx = 0x1f0;
	guest_general_protection(&regs);
	CHECK(trap_vector == -1 && regs.rip == MEM_BASE + 0x100);
	CHECK(regs.rcx == 36 && port_writes == 64 && regs.rsi == MEM_BASE + 0x500);
	DONE_BY(2);
	CHECK_EQ(port_writes, 100);
	/* Advisory 67: an unreadable source sends nothing out. */
	KERNEL(0x6e);
	regs.rsi = 0x10;
	FAULTS_WITH(TRAP_PF, 0);
	CHECK(!port_writes && trap_cr2 == 0x10);
	KERNEL(0x6c);
	regs.rdi = 0x10;
	FAULTS_WITH(TRAP_PF, PFEC_WRITE);
	CHECK(!port_reads);
	KERNEL(0xf3, 0x6c); /* count 0 */
	DONE_BY(2);
	CHECK(!port_reads);
	/* User mode cannot have us write where it cannot. */
	USER(0x6c);
	regs.rdi = BITMAP;
	FAULTS_WITH(TRAP_PF, PFEC_WRITE | PFEC_USER);
	CHECK(!port_reads && bitmap[0] == 0xff);
}

int main(void)
{
	cpuid_init();
	ports_of_dom0();
	pci_configuration();
	ports_of_domu();
	io_bitmap();
	string_ports();
	reset(false);
	ioports_domain_free(&dom);
	cpuid_domain_destroy(&dom);
	return check_done("t_portio");
}
