// SPDX-License-Identifier: MIT
/*
 * Segments as far as long mode still wants them.  Each CPU has a GDT page of its
 * own (its TSS is in it) that shows up at index 7168 of whatever GDT the guest
 * has; the guest's own pages are mapped below it on each switch.
 */
#include "machine/descriptor.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/context.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "machine/percpu_setup.h"
#include "mm/buddy.h"
#include "sched/vcpu.h"

#define GDT_OWN_ENTRIES 12
#define TSS_OFFSET 2048
#define GDT_GUEST_PAGES 14 /* FIRST_RESERVED_GDT_ENTRY / 512 */

enum { IST_NMI = 1, IST_DF, IST_MC, IST_DB };

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_bitmap;
} __packed;

struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

struct table_register {
	u16 limit;
	u64 base;
} __packed;

/* What stands where a guest has no GDT page: a selector there is #GP, as in a table that ends. */
static const u64 no_descriptors[512] __aligned(4096);
static struct gate idt[256] __aligned(4096) __ro_after_init;
extern const char entry_stubs[];

int descriptor_area_create(unsigned int cpu)
{
	u64 *gdt = page_alloc();
	struct tss *tss;
	unsigned long area = CPU_AREA_START + cpu * CPU_AREA_SIZE;
	u64 base = gdt_window(cpu) + GDT_GUEST_PAGES * PAGE_SIZE + TSS_OFFSET;
	u64 limit = sizeof(*tss) - 1;
	int rc;

	if (!gdt)
		return -ENOMEM;
	/* Beside our GDT, beyond its limit: the processor needs both whatever else is mapped. */
	tss = (struct tss *)((u8 *)gdt + TSS_OFFSET);
	/* Indexes count from 7168: selector 0xe000 is gdt[0]. */
	gdt[1] = 0x00af9b000000ffff; /* 0xe008: hypervisor code */
	gdt[2] = 0x00cf93000000ffff; /* 0xe010: hypervisor data */
	gdt[4] = 0x00cffb000000ffff; /* 0xe023: guest 32-bit code */
	gdt[5] = 0x00cff3000000ffff; /* 0xe02b: guest data */
	gdt[6] = 0x00affb000000ffff; /* 0xe033: guest 64-bit code */
	gdt[8] = limit | (base & 0xffffff) << 16 | 0x89ULL << 40 | ((base >> 24) & 0xff) << 56;
	gdt[9] = base >> 32;
	rc = map_hypervisor_page(gdt_window(cpu) + GDT_GUEST_PAGES * PAGE_SIZE, virt_to_phys(gdt),
				 PTE_RW | PTE_NX);
	if (rc)
		return rc;

	tss->rsp[0] = (u64)&cpu_info_of(cpu)->guest_regs + sizeof(struct cpu_regs);
	tss->ist[IST_NMI - 1] = area + 2 * PAGE_SIZE;
	tss->ist[IST_DF - 1] = area + 4 * PAGE_SIZE;
	tss->ist[IST_MC - 1] = area + 6 * PAGE_SIZE;
	tss->ist[IST_DB - 1] = area + 8 * PAGE_SIZE;
	tss->io_bitmap = sizeof(*tss);
	return 0;
}

void idt_init(void)
{
	for (unsigned int v = 0; v < 256; v++) {
		u64 entry = (u64)entry_stubs + v * 16;

		idt[v] = (struct gate){
			.offset_low = (u16)entry,
			.offset_mid = (u16)(entry >> 16),
			.offset_high = (u32)(entry >> 32),
			.selector = SEL_HYP_CS,
			.type = 0x8e,
		};
	}
	/* What a guest's ring 3 may raise by instruction (abi B56, B57). */
	idt[TRAP_BP].type = idt[TRAP_OF].type = idt[0x80].type = 0xee;
	idt[TRAP_NMI].ist = IST_NMI;
	idt[TRAP_DF].ist = IST_DF;
	idt[TRAP_MC].ist = IST_MC;
	idt[TRAP_DB].ist = IST_DB;
}

unsigned long descriptor_idt(void)
{
	return (unsigned long)idt;
}

void descriptor_init_cpu(void)
{
	unsigned int cpu = this_cpu_id();
	unsigned long area = CPU_AREA_START + cpu * CPU_AREA_SIZE;
	struct table_register gdtr = {GDT_GUEST_PAGES * PAGE_SIZE + GDT_OWN_ENTRIES * 8 - 1,
				      gdt_window(cpu)};
	struct table_register idtr = {sizeof(idt) - 1, (u64)idt};

	asm volatile("lgdt %0" ::"m"(gdtr));
	asm volatile("lidt %0" ::"m"(idtr));
	/* Reload CS by a far return; SS as SYSCALL loads it. */
	asm volatile("push %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:" ::"i"(SEL_HYP_CS)
		     : "rax", "memory");
	asm volatile("mov %0, %%ss" ::"r"(SEL_HYP_SS));
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs; lldt %w0" ::"r"(0));
	asm volatile("ltr %w0" ::"r"(SEL_TSS));

	/* The landing page is page 8 of the area; see percpu_setup.c. */
	wrmsr(MSR_STAR, (u64)SEL_GUEST_CS32 << 48 | (u64)SEL_HYP_CS << 32);
	wrmsr(MSR_LSTAR, area + 8 * PAGE_SIZE);
	wrmsr(MSR_CSTAR, area + 8 * PAGE_SIZE + 64);
	wrmsr(MSR_SFMASK,
	      EFLAGS_AC | EFLAGS_RF | EFLAGS_NT | EFLAGS_IOPL | EFLAGS_DF | EFLAGS_IF | EFLAGS_TF);
	if (cpu_features.intel) {
		extern const char entry_sysenter[];

		wrmsr(MSR_SYSENTER_CS, SEL_HYP_CS);
		wrmsr(MSR_SYSENTER_ESP, (u64)&cpu_info()->guest_regs + sizeof(struct cpu_regs));
		wrmsr(MSR_SYSENTER_EIP, (u64)entry_sysenter);
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1);
}

/* What this CPU's window shows of guests' tables: what is in neither costs a switch nothing. */
struct window {
	u64 *l1e; /* of its 32 pages; NULL until the first look */
	unsigned int gdt_pages; /* beyond these all show no_descriptors */
	u32 ldt_pages; /* a bit for each that is present */
};

static DEFINE_PER_CPU(struct window, window);

static struct window *this_window(void)
{
	struct window *w = this_cpu_ptr(window);

	if (unlikely(!w->l1e)) {
		w->l1e = hypervisor_l1e(gdt_window(this_cpu_id()));
		w->gdt_pages = GDT_GUEST_PAGES; /* what there is is not known */
		w->ldt_pages = BIT(16) - 1;
	}
	return w;
}

static void show(struct window *w, unsigned int page, u64 e)
{
	if (w->l1e[page] == e)
		return;
	WRITE_ONCE(w->l1e[page], e);
	invlpg(gdt_window(this_cpu_id()) + page * PAGE_SIZE);
}

static u64 table_page(mfn_t mfn)
{
	return (u64)mfn.m << PAGE_SHIFT | PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY | PTE_NX;
}

/* The window shows the guest's GDT pages; entries change only while v runs here. */
void vcpu_load_gdt(struct vcpu *v)
{
	struct window *w = this_window();
	unsigned int pages = DIV_ROUND_UP(v->arch.gdt_entries, 512), i;
	u64 none = image_virt_to_phys(no_descriptors) | PTE_PRESENT | PTE_ACCESSED | PTE_NX;

	for (i = 0; i < pages; i++)
		show(w, i, table_page(v->arch.gdt_frames[i]));
	for (; i < w->gdt_pages; i++)
		show(w, i, none);
	w->gdt_pages = pages;
}

static void show_ldt_page(struct window *w, unsigned int index, mfn_t mfn)
{
	bool present = !mfn_eq(mfn, INVALID_MFN);

	show(w, LDT_WINDOW_PAGE + index, present ? table_page(mfn) : 0);
	w->ldt_pages = (w->ldt_pages & ~(u32)BIT(index)) | (u32)present << index;
}

void machine_map_ldt_page(struct vcpu *v, unsigned int index, mfn_t mfn)
{
	if (v == current)
		show_ldt_page(this_window(), index, mfn);
}

/* Points LDTR at the window, whose pages come and go by machine_map_ldt_page(). */
void vcpu_load_ldt(struct vcpu *v)
{
	unsigned int cpu = this_cpu_id();
	struct window *w = this_window();
	u64 *gdt = (u64 *)(gdt_window(cpu) + GDT_GUEST_PAGES * PAGE_SIZE);
	u64 base = ldt_window(cpu);
	u64 limit = v->arch.ldt_entries * 8UL - 1;

	for (unsigned int i = 0; (v->arch.ldt_mapped | w->ldt_pages) >> i; i++)
		show_ldt_page(w, i,
			      v->arch.ldt_mapped & BIT(i) ? v->arch.ldt_frames[i] : INVALID_MFN);
	if (!v->arch.ldt_entries) {
		asm volatile("lldt %w0" ::"r"(0));
		return;
	}
	/* 0xe050, behind the TSS: an LDT descriptor. */
	gdt[10] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x82ULL << 40 |
		  (limit >> 16 & 15) << 48 | ((base >> 24) & 0xff) << 56;
	gdt[11] = base >> 32;
	asm volatile("lldt %w0" ::"r"(0xe050));
}
