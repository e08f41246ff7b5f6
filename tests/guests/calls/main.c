// SPDX-License-Identifier: MIT
/*
 * The result of each hypercall that only answers: numbers that do not exist, arguments that are
 * not there, versions that do not fit.  Rows g2 to g6 and the results in tables B to E.
 */
#include "test.h"

#include <xen/callback.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>

#define SELF DOMID_SELF
#define BAD_POINTER 0xffff830000000000UL /* in the hypervisor's hole */
#define NOT_MAPPED 0x0000100000000000UL

static const struct row {
	const char *name;
	unsigned long nr, a, b, c, d;
	long want;
} rows[] = {
	{"g2 number 64", 64, 0, 0, 0, 0, -38},
	{"g2 number 100", 100, 0, 0, 0, 0, -38},
	{"g2 number 2^40", 1UL << 40, 0, 0, 0, 0, -38},
	{"g2 number 2^32", 1UL << 32, 0, 0, 0, 0, -38},
	{"g2 number -1", ~0UL, 0, 0, 0, 0, -38},
	{"g2 number 11", 11, 0, 0, 0, 0, -38},
	{"g2 number 43", 43, 0, 0, 0, 0, -38},
	{"g2 number 47", 47, 0, 0, 0, 0, -38},
	{"g2 number 50", 50, 0, 0, 0, 0, -38},
	{"g2 number 63", 63, 0, 0, 0, 0, -38},
	{"h17 unknown sub-op", 17, 99, 0, 0, 0, -38},
	{"h17.0 version", 17, 0, 0, 0, 0, 0x40011},
	{"h17.0 with a pointer that nobody reads", 17, 0, BAD_POINTER, 0, 0, 0x40011},
	{"h17.7 page size", 17, 7, 0, 0, 0, 4096},
	{"h17.1 NULL", 17, 1, 0, 0, 0, -14},
	{"h17.1 pointer into the hole", 17, 1, BAD_POINTER, 0, 0, -14},
	{"h17.6 NULL", 17, 6, 0, 0, 0, -14},
	{"h17.3 not mapped", 17, 3, NOT_MAPPED, 0, 0, -14},
	{"h12 unknown sub-op 8", 12, 8, 0, 0, 0, -38},
	{"h12 unknown sub-op 20", 12, 22, 0, 0, 0, -38},
	{"h12 unknown sub-op 40", 12, 40, 0, 0, 0, -38},
	/* These count extents: none was done. */
	{"h12.1 NULL", 12, 1, 0, 0, 0, 0},
	{"h12.6 NULL", 12, 6, 0, 0, 0, 0},
	{"h12.3 NULL", 12, 3, 0, 0, 0, -14},
	{"h12.11 NULL", 12, 11, 0, 0, 0, -14},
	{"h12.10 NULL", 12, 10, 0, 0, 0, -14},
	{"h12.12 NULL", 12, 12, 0, 0, 0, -14},
	{"h12.1 pointer into the hole", 12, 1, BAD_POINTER, 0, 0, 0},
	{"h32 unknown sub-op", 32, 99, 0, 0, 0, -38},
	{"h32.4 NULL", 32, 4, 0, 0, 0, -14},
	{"h32.6 NULL", 32, 6, 0, 0, 0, -14},
	{"h32.0 NULL", 32, 0, 0, 0, 0, -14},
	{"h32.3 pointer into the hole", 32, 3, BAD_POINTER, 0, 0, -14},
	{"h20 unknown sub-op", 20, 99, 0, 1, 0, -38},
	{"h20.0 NULL", 20, 0, 0, 1, 0, -14},
	{"h20.5 NULL", 20, 5, 0, 1, 0, -14},
	{"h20.2 count 0", 20, 2, 0, 0, 0, -22},
	{"h20.0 count 0", 20, 0, 0, 0, 0, 0},
	{"h20.1 count 0", 20, 1, 0, 0, 0, 0},
	{"h20.5 count 0", 20, 5, 0, 0, 0, 0},
	{"h29 unknown sub-op", 29, 99, 0, 0, 0, -38},
	{"h29.0 yield", 29, 0, 0, 0, 0, 0},
	{"h29.3 poll NULL", 29, 3, 0, 0, 0, -14},
	{"h24 vCPU that cannot be", 24, 3, 200, 0, 0, -2},
	{"h24.3 own vCPU is up", 24, 3, 0, 0, 0, 1},
	{"h24.1 own vCPU is up already", 24, 1, 0, 0, 0, 0},
	{"h24 unknown sub-op", 24, 99, 0, 0, 0, -38},
	{"h24.8 NULL", 24, 8, 0, 0, 0, -14},
	{"h24.6 NULL", 24, 6, 0, 0, 0, -14},
	{"h24.7 stop of no periodic timer", 24, 7, 0, 0, 0, 0},
	{"h24.9 stop of no timer", 24, 9, 0, 0, 0, 0},
	{"h25 which 4", 25, 4, 0, 0, 0, -22},
	{"h25 which 99", 25, 99, 0, 0, 0, -22},
	{"h25.0 not canonical", 25, 0, 1UL << 55, 0, 0, -22},
	{"h25.2 not canonical", 25, 2, 0x8000000000000000UL, 0, 0, -22},
	{"h25.0 a base", 25, 0, 0x1000, 0, 0, 0},
	{"h25.0 back", 25, 0, 0, 0, 0, 0},
	{"h25.3 selector that is not there", 25, 3, 0xabcb, 0, 0, 0},
	{"h21 command 2", 21, 2, 2, 0, 0, -38},
	{"h21 unknown type", 21, 0, 99, 0, 0, -22},
	{"h21.0 accepted", 21, 0, 0, 0, 0, 0},
	{"h21.1 accepted", 21, 0, 1, 0, 0, 0},
	{"h21.0 off again", 21, 1, 0, 0, 0, 0},
	{"h0 set_trap_table from the hole", 0, BAD_POINTER, 0, 0, 0, -14},
	{"h30.1 failsafe unregister", 30, 1, 0, 0, 0, -14},
	{"h30 unknown command", 30, 9, 0, 0, 0, -38},
	{"h2 too many entries", 2, 0, 7169, 0, 0, -22},
	{"h9 register 8", 9, 8, 0, 0, 0, -19},
	{"h9 register 4 aliases 6", 9, 4, 0, 0, 0, 0xffff0ff0},
	{"h9 register 5 aliases 7", 9, 5, 0, 0, 0, 0x400},
	{"h8 DR7 with high bits", 8, 7, 1UL << 40, 0, 0, -22},
	{"h8 register 9", 8, 9, 0, 0, 0, -19},
	{"h10 not a descriptor's address", 10, 1, 0, 0, 0, -22},
	{"h1 count 0", 1, 0, 0, 0, SELF, 0},
	{"h1 NULL", 1, 0, 1, 0, SELF, -14},
	{"h1 no such domain", 1, 0, 1, 0, 0x1234, -3},
	{"h26 count 0", 26, 0, 0, 0, SELF, 0},
	{"h26 NULL", 26, 0, 1, 0, SELF, -14},
	{"h14 no table", 14, NOT_MAPPED, 0, 0, 0, -22},
	{"h14 the hypervisor's range", 14, BAD_POINTER, 0, 0, 0, -22},
	{"h22 no such domain", 22, NOT_MAPPED, 0, 0, 0x1234, -3},
	{"h13 count 0", 13, 0, 0, 0, 0, 0},
	{"h13 pointer into the hole", 13, BAD_POINTER, 1, 0, 0, -14},
	{"h15 cancel", 15, 0, 0, 0, 0, 0},
	{"h5 TS off", 5, 0, 0, 0, 0, 0},
	{"h3 stack_switch", 3, 0xe02b, 0xffffffff80001000, 0, 0, 0},
	{"h33 unknown sub-op", 33, 99, 0, 0, 0, -38},
	{"h33.4 old unmask", 33, 4, 0, 0, 0, 0},
	{"h33.6 NULL", 33, 6, 0, 0, 0, -14},
	{"h33.7 NULL", 33, 7, 0, 0, 0, -14},
	{"h7 NULL", 7, 0, 0, 0, 0, -14},
	{"h35 NULL", 35, 0, 0, 0, 0, -14},
	{"h36 NULL", 36, 0, 0, 0, 0, -14},
	{"h38 tmem", 38, 0, 0, 0, 0, -38},
	{"h39 argo", 39, 0, 0, 0, 0, -38},
	{"h27 xsm", 27, 0, 0, 0, 0, -38},
};

static void versions(void)
{
	static struct xen_platform_op p;
	static uint32_t words[64];
	static char text[1024];

	p.cmd = 9999;
	p.interface_version = 0x12345678;
	is("g6 platform_op of another version", HC1(__HYPERVISOR_platform_op, &p), -13);
	p.interface_version = XENPF_INTERFACE_VERSION;
	is("g6 platform_op unknown", HC1(__HYPERVISOR_platform_op, &p), -38);
	words[0] = 9999;
	words[1] = 0x99;
	is("g6 sysctl of another version", HC1(__HYPERVISOR_sysctl, words), -13);
	is("g6 domctl of another version", HC1(__HYPERVISOR_domctl, words), -13);
	words[1] = 0x15;
	is("g6 sysctl unknown", HC1(__HYPERVISOR_sysctl, words), -38);
	is("h17.1 extraversion", version_op(XENVER_extraversion, text), 0);
	ok(!strcmp(text, ".7"), "h17.1 is .7");
	is("h17.3 capabilities", version_op(XENVER_capabilities, text), 0);
	ok(!strncmp(text, "xen-3.0-x86_64 ", 15), "g10 first token");
	is("h17.9 command line", version_op(XENVER_commandline, text), 0);
	ok(text[0] != '<', "h17.9 dom0 sees the text");
	is("h17.2 compile info", version_op(XENVER_compile_info, text), 0);
	is("h17.4 changeset", version_op(XENVER_changeset, text), 0);
	is("h17.5 platform parameters", version_op(XENVER_platform_parameters, text), 0);
	is("h17.5 start of the hole", *(uint64_t *)text, 0xffff800000000000);
	is("h17.8 handle", version_op(XENVER_guest_handle, text), 0);
}

static void features(void)
{
	struct xen_feature_info f = {.submap_idx = 0};

	is("h17.6 features", version_op(XENVER_get_features, &f), 0);
	is("h17.6 dom0's", f.submap & ~0x10u, 0x228e0);
	f.submap_idx = 1;
	is("h17.6 submap 1", version_op(XENVER_get_features, &f), -22);
	is("h21.3 pae_extended_cr3", HC2(__HYPERVISOR_vm_assist, 0, 3), 0);
	f.submap_idx = 0;
	is("h17.6 again", version_op(XENVER_get_features, &f), 0);
	is("h21.3 turns bit 4 on", f.submap, 0x228f0);
	HC2(__HYPERVISOR_vm_assist, 1, 3);
}

static void multicall(void)
{
	static struct multicall_entry m[4];

	m[0].op = 64;
	m[1].op = __HYPERVISOR_xen_version;
	m[2].op = __HYPERVISOR_multicall;
	m[3].op = __HYPERVISOR_sched_op;
	is("h13 multicall", HC2(__HYPERVISOR_multicall, m, 4), 0);
	is("h13 unknown entry has its error", m[0].result, -38);
	is("h13 the next is done all the same", m[1].result, 0x40011);
	ok((long)m[2].result < 0, "h13 nesting is refused");
	is("h13 and the last", m[3].result, 0);
}

static void registers(void)
{
	unsigned long rcx = 0, r11 = 0, rip = 0, rbx = 0x1111, r12 = 0x2222, rax = 17;

	__asm__ volatile(
		"mov %%r12, %%r15; mov %[b], %%rbx; mov %[c], %%r12\n\t"
		"xor %%edi, %%edi; xor %%esi, %%esi\n\t"
		"syscall\n1:\tlea 1b(%%rip), %[rip]; mov %%rcx, %[rcx]; mov %%r11, %[r11]\n\t"
		"mov %%rbx, %[b]; mov %%r12, %[c]"
		: "+a"(rax), [rcx] "=&r"(rcx), [r11] "=&r"(r11), [rip] "=&r"(rip), [b] "+m"(rbx),
		  [c] "+m"(r12)
		:
		: "rdi", "rsi", "rcx", "r11", "rbx", "r12", "r15", "memory");
	is("g3 RCX holds the resume address", rcx, rip);
	is("g3 R11 holds the flags", r11 & 0x202, 0x202);
	is("g3 RBX survives", rbx, 0x1111);
	is("g3 R12 survives", r12, 0x2222);
	is("g1 the result is in RAX", rax, 0x40011);
}

static void results(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		is(r->name, hypercall(r->nr, r->a, r->b, r->c, r->d, 0), r->want);
	}
}

int guest_main(void)
{
	part(results);
	part(versions);
	part(features);
	part(multicall);
	part(registers);
	return test_end();
}
