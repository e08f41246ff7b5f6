// SPDX-License-Identifier: MIT
/*
 * vCPU state in and out.
 *
 * Whatever is in a vcpu_guest_context comes from a guest or a toolstack and
 * ends up in registers: each value is checked or forced into what a guest may
 * have before anything is changed.  What remains is loaded with fix-ups, so that
 * a selector whose descriptor is bad only hurts the guest.
 */
#include "domain/vcpustate.h"

#include "domain/domain.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/fpu.h"
#include "machine/layout.h"
#include "mm/frame.h"
#include "mm/mmuext.h"
#include "mm/segdesc.h"
#include "mm/update.h"

#define GUEST_CR0 0x80050033UL /* as a guest reads it, TS apart */
#define CR0_TS 8UL
#define GUEST_CR4 0x660UL /* PAE, MCE, OSFXSR, OSXMMEXCPT */
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_FSGSBASE BIT(16)
#define CR4_OSXSAVE BIT(18)
#define DR6_INIT 0xffff0ff0UL
#define DR7_INIT 0x400UL
#define DR7_ALLOWED 0xffff03ffUL /* without GD and what reads as zero */

#define RFLAGS_ALLOWED                                                                       \
	(EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_TF | EFLAGS_DF | \
	 EFLAGS_OF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID)
#define RFLAGS_ALWAYS (EFLAGS_IF | 2UL)

#define FXSAVE_SIZE 512
#define MXCSR_OFFSET 24
#define MXCSR_DEFINED 0xffffu /* the others fault when loaded */

#define SEL_INDEX_SHIFT 3
#define SEL_LDT 4u

bool guest_address_ok(unsigned long va)
{
	if ((unsigned long)((long)(va << 16) >> 16) != va)
		return false;
	return va < HYPERVISOR_START || va >= HYPERVISOR_END;
}

u16 guest_selector(u16 selector)
{
	if (!(selector & ~3u))
		return selector;
	selector |= 3;
	if (!(selector & SEL_LDT) && (selector >> SEL_INDEX_SHIFT) >= FIRST_RESERVED_GDT_ENTRY &&
	    selector != SEL_GUEST_CS32 && selector != SEL_GUEST_DS && selector != SEL_GUEST_CS64)
		return 0;
	return selector;
}

void vcpu_init_registers(struct vcpu *v)
{
	struct vcpu_arch *a = &v->arch;

	memset(&v->regs, 0, sizeof(v->regs));
	v->regs.cs = SEL_GUEST_CS64;
	v->regs.ss = SEL_GUEST_DS;
	v->regs.rflags = RFLAGS_ALWAYS;
	v->regs.entry_vector = TRAP_GP; /* the way out restores all registers */

	a->kernel_mode = true;
	a->nmi_pending = false;
	a->nmi_masked = false;
	a->ts = false;
	a->iopl = 0;
	a->ds = 0;
	a->es = 0;
	a->fs = 0;
	a->gs = 0;
	a->fs_base = 0;
	a->gs_base_kernel = 0;
	a->gs_base_user = 0;
	a->kernel_sp = 0;
	a->cr4 = GUEST_CR4;
	memset(a->debugreg, 0, sizeof(a->debugreg));
	a->debugreg[6] = DR6_INIT;
	a->debugreg[7] = DR7_INIT;
	memset(a->traps, 0, PAGE_SIZE);
	memset(&a->event_callback, 0, sizeof(a->event_callback));
	memset(&a->failsafe_callback, 0, sizeof(a->failsafe_callback));
	memset(&a->syscall_callback, 0, sizeof(a->syscall_callback));
	memset(&a->syscall32_callback, 0, sizeof(a->syscall32_callback));
	memset(&a->sysenter_callback, 0, sizeof(a->sysenter_callback));
	memset(&a->nmi_callback, 0, sizeof(a->nmi_callback));
	a->io_bitmap = 0;
	a->io_bitmap_ports = 0;
	a->tsc_aux = 0;
}

/* --- in --- */

/* All that can be wrong with c apart from the frames it names. */
static bool context_ok(const struct vcpu_guest_context *c)
{
	const unsigned long addresses[] = {
		c->user_regs.rip,
		c->user_regs.rsp,
		c->kernel_sp,
		c->event_callback_eip,
		c->failsafe_callback_eip,
		c->syscall_callback_eip,
		c->fs_base,
		c->gs_base_kernel,
		c->gs_base_user,
	};

	/* The bases and stacks may lie anywhere canonical: only an access would matter. */
	for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++)
		if ((unsigned long)((long)(addresses[i] << 16) >> 16) != addresses[i])
			return false;
	if (!guest_address_ok(c->user_regs.rip) || !(c->flags & VGCF_in_kernel || c->ctrlreg[1]))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!guest_address_ok(c->trap_ctxt[i].address))
			return false;
	if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY || c->ldt_ents > 8192)
		return false;
	return !c->ldt_ents || (!(c->ldt_base & ~PAGE_MASK) && guest_address_ok(c->ldt_base) &&
				guest_address_ok(c->ldt_base + c->ldt_ents * 8 - 1));
}

/* The slot is cleared only when the last of the table is taken down: -ERESTART goes on there. */
static int drop_root(mfn_t *root)
{
	int ret;

	if (mfn_eq(*root, INVALID_MFN))
		return 0;
	ret = frame_put_and_type(*root);
	if (ret)
		return ret;
	*root = INVALID_MFN;
	return 0;
}

/* Puts a typed reference on mfn into a root of v, which is empty or from an attempt that failed. */
static int take_root(struct vcpu *v, mfn_t *root, unsigned long mfn)
{
	int ret;

	if (root->m == mfn)
		return 0;
	if (v->initialised && !mfn_eq(*root, INVALID_MFN))
		return -EBUSY;
	ret = drop_root(root);
	if (ret)
		return ret;
	ret = frame_get_and_type(MFN(mfn), v->domain, FRAME_TYPE_L4);
	if (!ret)
		*root = MFN(mfn);
	return ret;
}

/*
 * Roots taken stay with v when the second one has to be restarted, or is refused: the
 * next attempt goes on with them or drops them, vcpu_reset() gives them back.
 */
static int take_roots(struct vcpu *v, const struct vcpu_guest_context *c)
{
	int ret = take_root(v, &v->arch.kernel_root, xen_cr3_to_pfn(c->ctrlreg[3]));

	if (!ret && c->ctrlreg[1])
		ret = take_root(v, &v->arch.user_root, xen_cr3_to_pfn(c->ctrlreg[1]));
	if (!ret)
		mmuext_show_m2p(v);
	return ret;
}

static void load_user_regs(struct vcpu *v, const struct cpu_user_regs *u)
{
	struct cpu_regs *r = &v->regs;

	r->r15 = u->r15;
	r->r14 = u->r14;
	r->r13 = u->r13;
	r->r12 = u->r12;
	r->rbp = u->rbp;
	r->rbx = u->rbx;
	r->r11 = u->r11;
	r->r10 = u->r10;
	r->r9 = u->r9;
	r->r8 = u->r8;
	r->rax = u->rax;
	r->rcx = u->rcx;
	r->rdx = u->rdx;
	r->rsi = u->rsi;
	r->rdi = u->rdi;
	r->rip = u->rip;
	r->rsp = u->rsp;
	r->rflags = (u->rflags & RFLAGS_ALLOWED) | RFLAGS_ALWAYS;
	r->cs = guest_selector(u->cs);
	r->ss = guest_selector(u->ss);
	r->entry_vector = TRAP_GP;
	v->arch.iopl = (u->rflags & EFLAGS_IOPL) >> 12;
	v->arch.ds = guest_selector(u->ds);
	v->arch.es = guest_selector(u->es);
	v->arch.fs = guest_selector(u->fs);
	v->arch.gs = guest_selector(u->gs);
}

/* Breakpoints on ports go: it is we who read and write those (vcpu_set_debugreg() refuses them). */
static unsigned long without_ports(unsigned long dr7)
{
	for (unsigned int i = 0; i < 4; i++)
		if ((dr7 >> (16 + 4 * i) & 3) == 2)
			dr7 &= ~(3UL << (2 * i));
	return dr7;
}

static void load_debugregs(struct vcpu *v, const unsigned long *dr)
{
	for (unsigned int i = 0; i < 4; i++)
		v->arch.debugreg[i] = guest_address_ok(dr[i]) ? dr[i] : 0;
	v->arch.debugreg[6] = DR6_INIT | (dr[6] & 0xe00fUL);
	v->arch.debugreg[7] = DR7_INIT | (without_ports(dr[7]) & DR7_ALLOWED);
}

static unsigned long settable_cr4(void)
{
	return CR4_TSD | CR4_DE | (cpu_features.fsgsbase ? CR4_FSGSBASE : 0) |
	       (cpu_features.xsave ? CR4_OSXSAVE : 0);
}

/* The legacy part of the extended state; the page is in XSAVE's format, see machine/fpu.c. */
static void load_fpu(struct vcpu *v, const void *image)
{
	u8 *area = v->arch.xsave;
	u32 mxcsr;
	u64 states;

	fpu_vcpu_reset(v);
	memcpy(area, image, FXSAVE_SIZE);
	memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
	mxcsr &= MXCSR_DEFINED;
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	memcpy(&states, area + FXSAVE_SIZE, sizeof(states));
	states |= 3; /* x87 and SSE are in it */
	memcpy(area + FXSAVE_SIZE, &states, sizeof(states));
}

static void set_callback(struct guest_callback *to, unsigned long address, bool mask_events)
{
	to->address = guest_address_ok(address) ? address : 0;
	to->mask_events = mask_events;
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct vcpu_arch *a = &v->arch;
	int ret;

	if (!context_ok(c))
		return -EINVAL;
	/* The roots last: they alone may have to be gone on with. */
	ret = segdesc_set_gdt(v, c->gdt_frames, (unsigned int)c->gdt_ents);
	if (!ret)
		ret = segdesc_set_ldt(v, c->ldt_base, c->ldt_ents);
	if (!ret)
		ret = take_roots(v, c);
	if (ret)
		return ret;

	/* Nothing below fails. */
	load_user_regs(v, &c->user_regs);
	load_debugregs(v, c->debugreg);
	a->kernel_mode = c->flags & VGCF_in_kernel;
	a->fs_base = c->fs_base;
	a->gs_base_kernel = c->gs_base_kernel;
	a->gs_base_user = c->gs_base_user;
	a->kernel_sp = c->kernel_sp;
	a->ts = c->ctrlreg[0] & CR0_TS;
	a->cr4 = GUEST_CR4 | (c->ctrlreg[4] & settable_cr4());
	for (unsigned int i = 0; i < 256; i++) {
		a->traps[i] = c->trap_ctxt[i];
		a->traps[i].cs = guest_selector(a->traps[i].cs);
	}
	set_callback(&a->event_callback, c->event_callback_eip, true);
	set_callback(&a->failsafe_callback, c->failsafe_callback_eip,
		     c->flags & VGCF_failsafe_disables_events);
	set_callback(&a->syscall_callback, c->syscall_callback_eip,
		     c->flags & VGCF_syscall_disables_events);
	if (c->flags & VGCF_I387_VALID)
		load_fpu(v, &c->fpu_ctxt);
	else
		fpu_vcpu_reset(v);
	if (v->id == 0)
		v->domain->vm_assist |= c->vm_assist & BIT(VMASST_TYPE_writable_pagetables);
	__atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
	return 0;
}

/* --- out --- */

static void save_user_regs(const struct vcpu *v, struct cpu_user_regs *u)
{
	const struct cpu_regs *r = &v->regs;

	u->r15 = r->r15;
	u->r14 = r->r14;
	u->r13 = r->r13;
	u->r12 = r->r12;
	u->rbp = r->rbp;
	u->rbx = r->rbx;
	u->r11 = r->r11;
	u->r10 = r->r10;
	u->r9 = r->r9;
	u->r8 = r->r8;
	u->rax = r->rax;
	u->rcx = r->rcx;
	u->rdx = r->rdx;
	u->rsi = r->rsi;
	u->rdi = r->rdi;
	u->rip = r->rip;
	u->rsp = r->rsp;
	u->rflags = r->rflags | ((u64)v->arch.iopl << 12);
	u->cs = r->cs;
	u->ss = r->ss;
	u->ds = v->arch.ds;
	u->es = v->arch.es;
	u->fs = v->arch.fs;
	u->gs = v->arch.gs;
}

void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct vcpu_arch *a = &v->arch;

	memset(c, 0, sizeof(*c));
	c->flags = VGCF_I387_VALID | (a->kernel_mode ? VGCF_in_kernel : 0) |
		   (a->failsafe_callback.mask_events ? VGCF_failsafe_disables_events : 0) |
		   (a->syscall_callback.mask_events ? VGCF_syscall_disables_events : 0) |
		   (READ_ONCE(v->pause_flags) & VPF_DOWN ? 0 : VGCF_online);
	memcpy(&c->fpu_ctxt, v->arch.xsave, FXSAVE_SIZE);
	save_user_regs(v, &c->user_regs);
	memcpy(c->trap_ctxt, a->traps, sizeof(c->trap_ctxt));
	c->ldt_base = a->ldt_base;
	c->ldt_ents = a->ldt_entries;
	for (unsigned int i = 0; i * 512 < a->gdt_entries; i++)
		c->gdt_frames[i] = a->gdt_frames[i].m;
	c->gdt_ents = a->gdt_entries;
	c->kernel_ss = SEL_GUEST_DS;
	c->kernel_sp = a->kernel_sp;
	c->ctrlreg[0] = GUEST_CR0 | (a->ts ? CR0_TS : 0);
	if (!mfn_eq(a->user_root, INVALID_MFN))
		c->ctrlreg[1] = xen_pfn_to_cr3(a->user_root.m);
	if (!mfn_eq(a->kernel_root, INVALID_MFN))
		c->ctrlreg[3] = xen_pfn_to_cr3(a->kernel_root.m);
	c->ctrlreg[4] = a->cr4;
	memcpy(c->debugreg, a->debugreg, sizeof(c->debugreg));
	c->event_callback_eip = a->event_callback.address;
	c->failsafe_callback_eip = a->failsafe_callback.address;
	c->syscall_callback_eip = a->syscall_callback.address;
	c->vm_assist = v->domain->vm_assist;
	c->fs_base = a->fs_base;
	c->gs_base_kernel = a->gs_base_kernel;
	c->gs_base_user = a->gs_base_user;
}

/* --- giving up --- */

int vcpu_drop_references(struct vcpu *v)
{
	int ret;

	vcpu_info_unregister(v);
	v->runstate_area = 0;
	v->time.user_area = 0;
	segdesc_ldt_drop(v);
	v->arch.ldt_entries = 0;
	ret = segdesc_set_gdt(v, NULL, 0);
	if (!ret)
		ret = table_finish_drop(v);
	if (!ret)
		ret = drop_root(&v->arch.user_root);
	if (!ret)
		ret = drop_root(&v->arch.kernel_root);
	return ret;
}

int vcpu_reset(struct vcpu *v)
{
	int ret = vcpu_drop_references(v);

	if (ret)
		return ret;
	vcpu_init_registers(v);
	fpu_vcpu_reset(v);
	v->initialised = false;
	return 0;
}
