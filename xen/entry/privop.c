// SPDX-License-Identifier: MIT
/*
 * Emulation of what decode.h calls privileged.  The instruction is fetched once;
 * only what was decoded then is carried out.  Every operation ends in one of
 * four outcomes, and only DONE moves RIP.
 */
#define LOG_ROOM "privop"
#include "entry/privop.h"

#include "console/log.h"
#include "domain/domain.h"
#include "domain/ioports.h"
#include "entry/bounce.h"
#include "entry/cpuid.h"
#include "entry/cpustate.h"
#include "entry/decode.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "entry/guestmsr.h"
#include "irq/pci.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/context.h"
#include "machine/fpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/mmuext.h"
#include "mm/update.h"
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/sched.h>

#define PORT_CF8 0xcf8u
#define PORT_CFC 0xcfcu
#define PCI_ADDRESS_ENABLE 0x80000000u
#define DR6_BS 0x4000UL
/* Control registers as guests see them (A53): what never changes. */
#define CR0_VALUE 0x80050033UL
#define CR4_FIXED 0x660UL
#define USER_END 0x0000800000000000UL
/* Elements of one REP INS or OUTS per trap; the instruction then faults again. */
#define STRING_CHUNK 64u

enum outcome {
	DONE, /* on to the next instruction */
	AGAIN, /* part of it is done: execute it again */
	FAULT, /* enter the handler of f->vector */
	REFUSED, /* #GP(0) */
};

struct fault {
	unsigned int vector;
	u32 error_code;
	bool has_cr2; /* a real page fault, not INT 14 */
	unsigned long cr2;
};

static bool may_do_io(const struct vcpu *v)
{
	unsigned int level = 3;

	/* A kernel counts as ring 1, or as ring 0 when it asked for the architectural rule. */
	if (v->arch.kernel_mode)
		level = v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl) ? 0 : 1;
	return v->arch.iopl >= level;
}

/* The guest's I/O permission bitmap: clear bits permit. */
static bool io_bitmap_permits(const struct vcpu *v, unsigned int port, unsigned int bytes)
{
	unsigned int shift = port & 7;
	u16 bits = 0;

	if (!v->arch.io_bitmap || port + bytes > v->arch.io_bitmap_ports)
		return false;
	if (guest_read(&bits, v->arch.io_bitmap + port / 8, shift + bytes > 8 ? 2 : 1))
		return false;
	return !((bits >> shift) & ((1u << bytes) - 1));
}

static u32 all_ones(unsigned int bytes)
{
	return bytes == 4 ? ~0u : (1u << (8 * bytes)) - 1;
}

/*
 * PCI configuration by way of 0xcf8/0xcfc.  dom0's address is only kept: between
 * it and the data, we use the real pair of ports ourselves.
 */
static bool is_pci_data(unsigned int port, unsigned int bytes)
{
	return (port & ~3u) == PORT_CFC && !(port & (bytes - 1));
}

static u32 pci_data_read(u32 cf8, unsigned int port, unsigned int bytes)
{
	if (!(cf8 & PCI_ADDRESS_ENABLE))
		return all_ones(bytes);
	return pci_cfg_read(0, (u8)(cf8 >> 16), (u8)(cf8 >> 8), (cf8 & 0xfc) | (port & 3), bytes);
}

static void pci_data_write(u32 cf8, unsigned int port, unsigned int bytes, u32 value)
{
	u8 bus = (u8)(cf8 >> 16), devfn = (u8)(cf8 >> 8);
	unsigned int reg = (cf8 & 0xfc) | (port & 3);

	if ((cf8 & PCI_ADDRESS_ENABLE) &&
	    pci_cfg_write_intercept(0, bus, devfn, reg, bytes, &value))
		pci_cfg_write(0, bus, devfn, reg, bytes, value);
}

/* Ports that the domain may not reach read as if nothing were there (B58). */
static u32 io_read(struct domain *d, unsigned int port, unsigned int bytes)
{
	if (port == PORT_CF8 && bytes == 4)
		return d->ioports->cf8;
	if (!ioport_permitted(d, port, bytes))
		return all_ones(bytes);
	if (is_pci_data(port, bytes))
		return pci_data_read(d->ioports->cf8, port, bytes);
	return port_in((u16)port, bytes);
}

static void io_write(struct domain *d, unsigned int port, unsigned int bytes, u32 value)
{
	if (!ioport_permitted(d, port, bytes))
		return;
	if (port == PORT_CF8 && bytes == 4)
		d->ioports->cf8 = value;
	else if (is_pci_data(port, bytes))
		pci_data_write(d->ioports->cf8, port, bytes, value);
	else
		port_out((u16)port, bytes, value);
}

/* User mode must not reach the kernel's addresses through us: we see more than it does. */
static bool string_address_ok(const struct vcpu *v, unsigned long va, unsigned int bytes)
{
	return v->arch.kernel_mode || va < USER_END - bytes;
}

static enum outcome string_fault(const struct vcpu *v, struct fault *f, unsigned long va, u32 code)
{
	*f = (struct fault){TRAP_PF, code | (v->arch.kernel_mode ? 0 : PFEC_USER), true, va};
	return FAULT;
}

/* INS, OUTS.  Registers always stand at the element to be done next. */
static enum outcome string_io(struct vcpu *v, struct cpu_regs *regs, const struct insn *in,
			      struct fault *f)
{
	unsigned int port = (u16)regs->rdx;
	struct segment_bases bases;
	unsigned long va;
	u32 data = 0;

	if (in->rep && !regs->rcx)
		return DONE;
	vcpu_read_bases(v);
	bases.fs = v->arch.fs_base;
	bases.gs = v->arch.kernel_mode ? v->arch.gs_base_kernel : v->arch.gs_base_user;
	for (unsigned int i = 0; i < STRING_CHUNK; i++) {
		va = in->op == OP_INS ? insn_address(in, regs, &bases)
				      : insn_string_source(in, regs, &bases);
		if (in->op == OP_INS) {
			/* Mapped, before the port is read: a read cannot be undone. */
			if (!string_address_ok(v, va, in->size) || guest_read(&data, va, in->size))
				return string_fault(v, f, va, PFEC_WRITE);
			data = io_read(v->domain, port, in->size);
			if (guest_write(va, &data, in->size))
				return string_fault(v, f, va, PFEC_WRITE | PFEC_PRESENT);
		} else {
			/* Advisory 67: nothing goes out unless it was read whole. */
			if (!string_address_ok(v, va, in->size) || guest_read(&data, va, in->size))
				return string_fault(v, f, va, 0);
			io_write(v->domain, port, in->size, data);
		}
		if (insn_string_step(in, regs))
			return DONE;
	}
	return AGAIN;
}

static enum outcome port_io(struct vcpu *v, struct cpu_regs *regs, const struct insn *in,
			    struct fault *f)
{
	unsigned int port = in->source == SRC_PORT ? (unsigned int)in->imm : (u16)regs->rdx;

	if (!may_do_io(v) && !io_bitmap_permits(v, port, in->size))
		return REFUSED;
	if (in->op == OP_INS || in->op == OP_OUTS)
		return string_io(v, regs, in, f);
	if (in->op == OP_IN)
		insn_write_reg(&regs->rax, in->size, io_read(v->domain, port, in->size));
	else
		io_write(v->domain, port, in->size, (u32)regs->rax & all_ones(in->size));
	return DONE;
}

static enum outcome get_guest_cr(struct vcpu *v, const struct insn *in, u64 *reg)
{
	switch (in->reg) {
	case 0:
		*reg = CR0_VALUE | (v->arch.ts ? CR0_TS : 0);
		return DONE;
	case 2:
		*reg = v->info->arch.cr2;
		return DONE;
	case 3:
		*reg = v->arch.kernel_root.m << PAGE_SHIFT;
		return DONE;
	case 4:
		*reg = v->arch.cr4;
		return DONE;
	}
	return REFUSED;
}

/* Bits that the guest cannot have are dropped without a word (B43). */
static void set_guest_cr4(struct vcpu *v, u64 value)
{
	u64 choice = CR4_DE | CR4_TSD;

	if (guest_has_feature(v->domain, XEN_X86_FEATURE_FSGSBASE))
		choice |= CR4_FSGSBASE;
	if (guest_has_feature(v->domain, XEN_X86_FEATURE_XSAVE))
		choice |= CR4_OSXSAVE;
	v->arch.cr4 = CR4_FIXED | (value & choice);
	vcpu_load_cr4(v);
}

/*
 * Validating the new root, or taking the old one apart, may have to let others run; then the
 * instruction is executed again, as a hypercall would be, and goes on there.
 */
static enum outcome set_guest_cr3(struct vcpu *v, u64 value)
{
	int rc = table_finish_drop(v);

	if (!rc)
		rc = mmuext_new_kernel_root(v, MFN(value >> PAGE_SHIFT));
	if (rc == -ERESTART || rc > 0)
		return AGAIN;
	return rc ? REFUSED : DONE;
}

static enum outcome set_guest_cr(struct vcpu *v, const struct insn *in, u64 value)
{
	switch (in->reg) {
	case 0:
		vcpu_set_ts(v, value & CR0_TS);
		return DONE;
	case 3:
		return set_guest_cr3(v, value);
	case 4:
		set_guest_cr4(v, value);
		return DONE;
	}
	return REFUSED;
}

static enum outcome do_rdmsr(struct vcpu *v, struct cpu_regs *regs)
{
	u64 value = 0;

	/* So early that there is no handler yet, a refused read gives 0 (A.5). */
	if (guest_rdmsr(v, (u32)regs->rcx, &value) && v->arch.traps[TRAP_GP].address)
		return REFUSED;
	regs->rax = (u32)value;
	regs->rdx = value >> 32;
	return DONE;
}

static enum outcome do_wrmsr(struct vcpu *v, const struct cpu_regs *regs)
{
	u64 value = (u32)regs->rax | regs->rdx << 32;

	return guest_wrmsr(v, (u32)regs->rcx, value) ? REFUSED : DONE;
}

static enum outcome do_xsetbv(struct vcpu *v, const struct cpu_regs *regs, struct fault *f)
{
	if (!(v->arch.cr4 & CR4_OSXSAVE)) {
		*f = (struct fault){.vector = TRAP_UD};
		return FAULT;
	}
	if ((u32)regs->rcx || fpu_set_xcr0(v, (u32)regs->rax | regs->rdx << 32))
		return REFUSED;
	return DONE;
}

static void do_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	struct cpuid_result r = guest_cpuid(v, (u32)regs->rax, (u32)regs->rcx);

	regs->rax = r.a;
	regs->rbx = r.b;
	regs->rcx = r.c;
	regs->rdx = r.d;
}

static enum outcome do_rdtsc(struct vcpu *v, struct cpu_regs *regs, const struct insn *in)
{
	u64 tsc;

	if (!v->arch.kernel_mode && (v->arch.cr4 & CR4_TSD))
		return REFUSED;
	tsc = guest_tsc(v->domain);
	regs->rax = (u32)tsc;
	regs->rdx = tsc >> 32;
	if (in->op == OP_RDTSCP)
		regs->rcx = v->arch.tsc_aux;
	return DONE;
}

/* INT n: the processor refused since our own gate is for ring 0; the guest's gate decides. */
static enum outcome do_int(struct vcpu *v, struct cpu_regs *regs, const struct insn *in,
			   struct fault *f)
{
	const struct trap_info *gate = &v->arch.traps[in->imm & 0xff];

	if (!gate->address || (!v->arch.kernel_mode && (gate->flags & 3) < 3)) {
		*f = (struct fault){.vector = TRAP_GP, .error_code = (u32)(in->imm * 8 + 2)};
		return FAULT;
	}
	regs->rip += in->length;
	*f = (struct fault){.vector = (unsigned int)in->imm};
	return FAULT;
}

/* What only a guest kernel may do. */
static enum outcome kernel_op(struct vcpu *v, struct cpu_regs *regs, const struct insn *in,
			      struct fault *f)
{
	u64 *reg = insn_reg(regs, in->rm);

	switch (in->op) {
	case OP_CR_READ:
		return get_guest_cr(v, in, reg);
	case OP_CR_WRITE:
		return set_guest_cr(v, in, *reg);
	case OP_DR_READ:
		if (in->reg > 7)
			return REFUSED;
		*reg = (u64)hc_get_debugreg(in->reg);
		return DONE;
	case OP_DR_WRITE:
		return vcpu_set_debugreg(v, in->reg, *reg) ? REFUSED : DONE;
	case OP_CLTS:
		vcpu_set_ts(v, false);
		return DONE;
	case OP_HLT:
		return hc_sched_op(SCHEDOP_block, 0) ? REFUSED : DONE;
	case OP_WBINVD:
		/* Only who has devices can have caches out of step with memory. */
		if (v->domain->is_privileged)
			cache_flush_local();
		return DONE;
	case OP_RDMSR:
		return do_rdmsr(v, regs);
	case OP_WRMSR:
		return do_wrmsr(v, regs);
	case OP_XSETBV:
		return do_xsetbv(v, regs, f);
	}
	return REFUSED;
}

static enum outcome emulate(struct vcpu *v, struct cpu_regs *regs, const struct insn *in,
			    struct fault *f)
{
	switch (in->op) {
	case OP_INT:
		return do_int(v, regs, in, f);
	case OP_IN:
	case OP_OUT:
	case OP_INS:
	case OP_OUTS:
		return port_io(v, regs, in, f);
	case OP_CLI:
	case OP_STI:
		/* The event mask is the guest's real interrupt flag, and not touched (B46). */
		return may_do_io(v) ? DONE : REFUSED;
	case OP_RDTSC:
	case OP_RDTSCP:
		return do_rdtsc(v, regs, in);
	case OP_CPUID:
		do_cpuid(v, regs);
		return DONE;
	}
	return v->arch.kernel_mode ? kernel_op(v, regs, in, f) : REFUSED;
}

static void finish(struct cpu_regs *regs, enum outcome outcome, unsigned int length,
		   const struct fault *f)
{
	struct vcpu *v = current;

	switch (outcome) {
	case DONE:
		regs->rip += length;
		regs->rflags &= ~EFLAGS_RF;
		if (!(regs->rflags & EFLAGS_TF))
			return;
		v->arch.debugreg[6] |= DR6_BS;
		inject_trap(regs, TRAP_DB, 0);
		return;
	case AGAIN:
		return;
	case FAULT:
		if (f->has_cr2)
			inject_page_fault(regs, f->cr2, f->error_code);
		else
			inject_trap(regs, f->vector, f->error_code);
		return;
	case REFUSED:
		inject_trap(regs, TRAP_GP, 0);
		return;
	}
}

static __attribute__((noinline)) void log_refused(const struct vcpu *v, const struct cpu_regs *regs,
						  unsigned int first, unsigned int second)
{
	guest_log_debug(v->domain->id, "instruction %02x %02x at 0x%lx refused", first, second,
			(unsigned long)regs->rip);
}

static __attribute__((noinline)) void fault_of_instruction(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	struct fault f = {.vector = TRAP_GP, .error_code = regs->error_code};
	u8 bytes[INSN_MAX_BYTES] = {0};
	enum outcome outcome = FAULT;
	struct insn in = {0};
	unsigned int got;

	got = (unsigned int)guest_read_partial(bytes, regs->rip, sizeof(bytes));
	switch (decode(bytes, got, &in)) {
	case DECODE_OK:
		/*
		 * An error code means a selector or a gate: of those only INT n is ours.
		 * Its code is not looked at, some emulators get it wrong.
		 */
		if (!regs->error_code || in.op == OP_INT)
			outcome = emulate(v, regs, &in, &f);
		break;
	case DECODE_SHORT:
		f = (struct fault){TRAP_PF, PFEC_FETCH | (v->arch.kernel_mode ? 0 : PFEC_USER),
				   true, regs->rip + got};
		break;
	case DECODE_UNKNOWN:
		break;
	}
	if (outcome == REFUSED)
		log_refused(v, regs, bytes[0], bytes[1]);
	finish(regs, outcome, in.length, &f);
}

/* RDMSR and WRMSR as kernels write them, in two bytes; false: it is something else. */
static bool plain_msr_access(struct vcpu *v, struct cpu_regs *regs)
{
	enum outcome outcome;
	u32 bytes;

	if (!v->arch.kernel_mode || guest_fetch(&bytes, regs->rip, sizeof(bytes)))
		return false;
	if ((u16)bytes == 0x320f)
		outcome = do_rdmsr(v, regs);
	else if ((u16)bytes == 0x300f)
		outcome = do_wrmsr(v, regs);
	else
		return false;
	if (outcome == REFUSED)
		log_refused(v, regs, 0x0f, bytes >> 8 & 0xff);
	finish(regs, outcome, 2, NULL);
	return true;
}

void guest_general_protection(struct cpu_regs *regs)
{
	/* A selector: nothing that we emulate.  Gates have bit 1 set, in wrong codes too (I1). */
	if (regs->error_code && !(regs->error_code & 2))
		inject_trap(regs, TRAP_GP, regs->error_code);
	else if (regs->error_code || !plain_msr_access(current, regs))
		fault_of_instruction(regs);
}

/* UD2; .ascii "xen"; CPUID: seven bytes, as one word, or at a page's end two that share one. */
static bool is_forced_cpuid(unsigned long rip)
{
	u64 all;
	u32 first, last;

	if (likely(!guest_fetch(&all, rip, sizeof(all))))
		return all << 8 == 0xa20f6e65780b0f00;
	return !guest_fetch(&first, rip, sizeof(first)) && first == 0x65780b0f &&
	       !guest_fetch(&last, rip + 3, sizeof(last)) && last == 0xa20f6e65;
}

void guest_invalid_opcode(struct cpu_regs *regs)
{
	const struct fault ud = {.vector = TRAP_UD};

	if (is_forced_cpuid(regs->rip)) {
		do_cpuid(current, regs);
		finish(regs, DONE, 7, NULL);
		return;
	}
	finish(regs, FAULT, 0, &ud);
}
