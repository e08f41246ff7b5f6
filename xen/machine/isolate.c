// SPDX-License-Identifier: MIT
/*
 * Meltdown: what a guest's tables map, ring 3 can read.  While a guest runs, CR3 therefore
 * holds a copy of its root in which our slots show only what the processor and the first
 * instructions of entry.S need: the entry code, this CPU's exception stacks, cpu_info and
 * descriptors, and the M2P table, which guests may read anyhow.  Entry loads the guest's
 * real root, with all of ours; the way out loads the copy.
 *
 * Each CPU has two copies, for the kernel's and the user's root of the vCPU that it runs.
 * They are brought up to date on the way out, when cpu_info.shadow_stale says so.  Whoever
 * changes an entry of level 4 sets that on all CPUs that the domain may be on, before the
 * entry's old table can be reused: that needs a flush, a flush enters the hypervisor, and the
 * way out of that copies.
 *
 * Our pages are not global then, so that no translation of them outlives the switch.
 */
#include "machine/isolate.h"

#include "domain/domain.h"
#include "lib/errno.h"
#include "machine/barrier.h"
#include "machine/descriptor.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "sched/vcpu.h"

enum { KERNEL, USER };

static DEFINE_PER_CPU(u64 *, roots[2]);

static int show(u64 *root, unsigned long va)
{
	const u64 *from = hypervisor_l1e(va);
	u64 *to = pagemap_entry(root, va, 1);

	if (!from || !to)
		return -ENOMEM;
	*to = *from;
	return 0;
}

int isolate_cpu_create(unsigned int cpu)
{
	extern const char __image_start[], __entry_end[];
	/* The exception stacks, the SYSCALL landing page, cpu_info. */
	static const u8 area_pages[] = {1, 3, 5, 7, 8, 15};
	unsigned long area = CPU_AREA_START + cpu * CPU_AREA_SIZE;
	u64 **root = *per_cpu_ptr(roots, cpu), *window;
	int rc = 0;

	if (!mitigated(MIT_ISOLATE))
		return 0;
	root[KERNEL] = page_alloc();
	root[USER] = page_alloc();
	if (!root[KERNEL] || !root[USER])
		return -ENOMEM;
	for (unsigned long va = (unsigned long)__image_start;
	     !rc && va < (unsigned long)__entry_end; va += PAGE_SIZE)
		rc = show(root[KERNEL], va);
	if (!rc)
		rc = show(root[KERNEL], descriptor_idt());
	for (unsigned int i = 0; !rc && i < ARRAY_SIZE(area_pages); i++)
		rc = show(root[KERNEL], area + area_pages[i] * PAGE_SIZE);
	/* The window's entries come and go: its table is shared, not copied. */
	window = pagemap_entry(root[KERNEL], gdt_window(cpu), 2);
	if (rc || !window)
		return -ENOMEM;
	*window = *pagemap_entry(idle_l4, gdt_window(cpu), 2);
	for (unsigned int i = HYPERVISOR_SLOT_FIRST; i <= HYPERVISOR_SLOT_LAST; i++)
		root[USER][i] = root[KERNEL][i];
	return 0;
}

/* On this CPU nobody looks but we, later. */
static void set_stale_here(struct cpu_info *ci)
{
	WRITE_ONCE(ci->shadow_stale[false], 1);
	WRITE_ONCE(ci->shadow_stale[true], 1);
}

static void set_stale(struct cpu_info *ci)
{
	__atomic_store_n(&ci->shadow_stale[false], 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ci->shadow_stale[true], 1, __ATOMIC_SEQ_CST);
}

void isolate_use_root(mfn_t mfn, bool user, bool fresh)
{
	struct cpu_info *ci = cpu_info();

	if (!mitigated(MIT_ISOLATE))
		return;
	ci->root = mfn.m << PAGE_SHIFT;
	ci->shadow = virt_to_phys(this_cpu(roots)[user]);
	if (fresh)
		set_stale_here(ci);
}

void machine_root_changed(const struct cpumask *cpus)
{
	unsigned int cpu;

	if (!mitigated(MIT_ISOLATE))
		return;
	if (!cpus)
		set_stale_here(cpu_info());
	else
		for_each_cpu(cpu, cpus)
			set_stale(cpu_info_of(cpu));
}

/*
 * Both copies at once would be wasted where one is not used: the other stays stale.  The mark
 * goes first: what changes while we copy sets it again, and is seen before the guest is.
 */
void isolate_sync(void)
{
	struct cpu_info *ci = cpu_info();
	bool user = !current->arch.kernel_mode;
	const u64 *from = phys_to_virt(ci->root);
	u64 *to = this_cpu(roots)[user];

	__atomic_store_n(&ci->shadow_stale[!user], 0, __ATOMIC_SEQ_CST);
	copy_words(to, from, HYPERVISOR_SLOT_FIRST + 1);
	copy_words(to + HYPERVISOR_SLOT_LAST + 1, from + HYPERVISOR_SLOT_LAST + 1,
		   511 - HYPERVISOR_SLOT_LAST);
}
