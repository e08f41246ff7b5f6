// SPDX-License-Identifier: MIT
/*
 * Builds a CPU's 64 KiB area (drawn in machine/percpu.h) before the CPU starts.
 * Page 8, between guard pages, is the SYSCALL landing page: code, because the
 * processor gives us no stack and no free register at that point, and an
 * instruction that addresses relative to itself finds this CPU's stack.
 */
#include "machine/percpu_setup.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "machine/descriptor.h"
#include "machine/isolate.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"

#define STUB_PAGE 8
#define STUB32_OFFSET 64

static const u8 ist_pages[] = {1, 3, 5, 7};

static int map_new_page(unsigned long va)
{
	void *page = page_alloc();

	if (!page)
		return -ENOMEM;
	return map_hypervisor_page(va, virt_to_phys(page), PTE_RW | PTE_NX);
}

static u8 *put_rel32(u8 *p, unsigned long insn_va, const u8 *page, unsigned long target)
{
	s32 rel = (s32)(target - (insn_va + (unsigned long)(p - page) + 4));

	memcpy(p, &rel, 4);
	return p + 4;
}

/*
 *	mov %rsp, guest_regs.rsp(%rip)
 *	lea main stack(%rip), %rsp
 *	jmp entry
 */
static void write_stub(u8 *page, unsigned int at, unsigned long page_va, unsigned long slot,
		       unsigned long stack, unsigned long entry)
{
	static const u8 mov[] = {0x48, 0x89, 0x25}, lea[] = {0x48, 0x8d, 0x25};
	u8 *p = page + at;

	memcpy(p, mov, 3);
	p = put_rel32(p + 3, page_va, page, slot);
	memcpy(p, lea, 3);
	p = put_rel32(p + 3, page_va, page, stack);
	*p++ = 0xe9;
	put_rel32(p, page_va, page, entry);
}

static int create_stub(unsigned long area, struct cpu_info *ci)
{
	extern const char entry_syscall[], entry_syscall32[];
	u8 *page = page_alloc();
	unsigned long va = area + STUB_PAGE * PAGE_SIZE;
	unsigned long slot = (unsigned long)&ci->guest_regs.rsp;
	unsigned long stack = area + CPU_AREA_INFO_PAGE * PAGE_SIZE;

	if (!page)
		return -ENOMEM;
	memset(page, 0xcc, PAGE_SIZE);
	write_stub(page, 0, va, slot, stack, (unsigned long)entry_syscall);
	write_stub(page, STUB32_OFFSET, va, slot, stack, (unsigned long)entry_syscall32);
	return map_hypervisor_page(va, virt_to_phys(page), 0);
}

/* CPU 0 runs on the template itself; the others get a zeroed copy. */
static int create_percpu(unsigned int cpu, struct cpu_info *ci)
{
	extern char __percpu_start[], __percpu_end[];
	size_t size = (size_t)(__percpu_end - __percpu_start);
	unsigned int order = 0;
	mfn_t mfn;

	if (cpu == 0)
		return 0;
	while ((PAGE_SIZE << order) < size)
		order++;
	mfn = frame_alloc(order, 0);
	if (mfn_eq(mfn, INVALID_MFN))
		return -ENOMEM;
	ci->percpu_offset = (unsigned long)mfn_to_virt(mfn) - (unsigned long)__percpu_start;
	return 0;
}

int cpu_area_create(unsigned int cpu)
{
	unsigned long area = CPU_AREA_START + cpu * CPU_AREA_SIZE;
	struct cpu_info *ci = cpu_info_of(cpu);
	int rc = 0;

	for (unsigned int i = 0; !rc && i < ARRAY_SIZE(ist_pages); i++)
		rc = map_new_page(area + ist_pages[i] * PAGE_SIZE);
	for (unsigned int i = CPU_AREA_MAIN_STACK_PAGE; !rc && cpu && i < 16; i++)
		rc = map_new_page(area + i * PAGE_SIZE);
	if (!rc) {
		ci->cpu = cpu;
		rc = create_percpu(cpu, ci);
	}
	if (!rc)
		rc = create_stub(area, ci);
	if (!rc)
		rc = descriptor_area_create(cpu);
	if (!rc)
		rc = isolate_cpu_create(cpu);
	return rc;
}

unsigned long cpu_area_stack_top(unsigned int cpu)
{
	return CPU_AREA_START + cpu * CPU_AREA_SIZE + CPU_AREA_INFO_PAGE * PAGE_SIZE;
}
