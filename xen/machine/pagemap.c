// SPDX-License-Identifier: MIT
/*
 * Our own page tables.  The static ones of boot/head.S carry us until the
 * memory map is known; pagemap_init() builds the final ones beside them and
 * switches.  After boot only hypervisor_l3's subtree changes (CPU areas,
 * descriptor windows, devices), so that guests' copies of the top-level slots
 * never go stale.
 */
#define LOG_ROOM "pagemap"
#include "machine/pagemap.h"

#include "boot/bootmem.h"
#include "console/log.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/lock.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"

#define TABLE (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY)
/* Global, but where no translation may outlive a change of root (machine/isolate.c). */
#define LEAF (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (mitigated(MIT_ISOLATE) ? 0 : PTE_GLOBAL))
#define SIZE_2M (1UL << 21)

extern u64 hypervisor_l3[512], image_l2[512], cpu0_area_l1[512]; /* boot/head.S */
extern char __image_start[], __text_end[], __rodata_end[], __ro_after_init_end[], __init_start[],
	__init_text_end[], __init_end[], __image_end[];

u64 idle_l4[512] __aligned(4096);
u64 hypervisor_l4[16];
unsigned long *m2p_writable __ro_after_init;
static u64 image_l1[512] __aligned(4096);
static bool heap_ready;
static unsigned long device_next = DEVICE_MAP_START;

paddr_t image_virt_to_phys(const void *p)
{
	return (paddr_t)p - IMAGE_START;
}

static unsigned int slot(unsigned long va, unsigned int level)
{
	return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* Image tables are outside the direct map's RAM ranges only in name: it covers them too. */
static u64 *table_at(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDR_MASK);
}

static paddr_t new_table(void)
{
	void *page;

	if (!heap_ready)
		return bootmem_alloc(1);
	page = page_alloc();
	return page ? virt_to_phys(page) : 0;
}

/* The entry that maps va at `level` (1 or 2), with the tables above it; NULL: out of memory. */
static u64 *entry_for(u64 *l4, unsigned long va, unsigned int level, u64 extra)
{
	u64 *table = l4;

	for (unsigned int l = 4; l > level; l--) {
		u64 *e = &table[slot(va, l)];

		if (!*e) {
			paddr_t pa = new_table();

			if (!pa)
				return NULL;
			*e = pa | (extra ? extra : TABLE);
		}
		ASSERT(l > 3 || !(*e & PTE_LARGE));
		table = table_at(*e);
	}
	return &table[slot(va, level)];
}

/* Boot only: maps [va, va+size) to pa with the largest pages that fit. */
static void __init map_range(u64 *l4, unsigned long va, paddr_t pa, unsigned long size, u64 flags,
			     u64 extra)
{
	unsigned long end = va + size;

	while (va < end) {
		bool large = !((va | pa) & (SIZE_2M - 1)) && end - va >= SIZE_2M;
		u64 *e = entry_for(l4, va, large ? 2 : 1, extra);

		*e = pa | flags | (large ? PTE_LARGE : 0);
		va += large ? SIZE_2M : PAGE_SIZE;
		pa += large ? SIZE_2M : PAGE_SIZE;
	}
}

static void __init image_permissions(const char *from, const char *to, u64 flags)
{
	for (unsigned long va = (unsigned long)from; va < (unsigned long)to; va += PAGE_SIZE)
		image_l1[slot(va, 1)] = (va - IMAGE_START) | LEAF | flags;
}

/* Each section with the one permission that it needs; nothing writable runs. */
static void __init map_image(void)
{
	if (__image_end - __image_start > (long)SIZE_2M)
		panic("the hypervisor image is larger than 2 MiB");
	image_permissions(__image_start, __text_end, 0);
	image_permissions(__text_end, __rodata_end, PTE_NX);
	image_permissions(__rodata_end, __init_start, PTE_RW | PTE_NX);
	image_permissions(__init_start, __init_text_end, 0);
	image_permissions(__init_text_end, __image_end, PTE_RW | PTE_NX);
	/* The stack that we are on; other CPUs' are mapped as they are made. */
	for (unsigned int i = CPU_AREA_MAIN_STACK_PAGE; i < CPU_AREA_SIZE / PAGE_SIZE; i++)
		cpu0_area_l1[i] = (cpu0_area_l1[i] & PTE_ADDR_MASK) | LEAF | PTE_RW | PTE_NX;
	image_l2[2] = 0;
	image_l2[1] = image_virt_to_phys(image_l1) | TABLE;
}

/* Frame table and M2P, both as long as the machine's highest frame asks. */
static void __init map_frame_tables(void)
{
	unsigned long frames = bootmem_top() >> PAGE_SHIFT;
	unsigned long size = ALIGN_UP(frames * sizeof(struct frame), SIZE_2M);
	paddr_t pa = bootmem_alloc_high(size >> PAGE_SHIFT, SIZE_2M);

	map_range(idle_l4, FRAME_TABLE_START, pa, size, LEAF | PTE_RW | PTE_NX, 0);

	size = ALIGN_UP(frames * sizeof(unsigned long), SIZE_2M);
	pa = bootmem_alloc_high(size >> PAGE_SHIFT, SIZE_2M);
	m2p_writable = phys_to_virt(pa);
	for (unsigned long i = 0; i < size / sizeof(unsigned long); i++)
		m2p_writable[i] = ~0UL;
	map_range(idle_l4, M2P_START, pa, size, LEAF | PTE_USER | PTE_NX,
		  PTE_PRESENT | PTE_USER | PTE_ACCESSED);
	max_mfn = frames;
}

void __init pagemap_map_ram(paddr_t start, paddr_t end)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start >= end)
		return;
	if (end > DIRECT_MAP_END - DIRECT_MAP_START)
		panic("memory above %lu GiB cannot be mapped",
		      (DIRECT_MAP_END - DIRECT_MAP_START) >> 30);
	map_range(idle_l4, DIRECT_MAP_START + start, start, end - start, LEAF | PTE_RW | PTE_NX, 0);
}

void __init pagemap_init(void)
{
	idle_l4[slot(IMAGE_START, 4)] = image_virt_to_phys(hypervisor_l3) | TABLE;
	map_image();
	write_cr3(image_virt_to_phys(idle_l4));
	write_cr4(read_cr4() & ~CR4_PGE);
	write_cr4(read_cr4() | CR4_PGE);

	map_frame_tables();
	for (unsigned int i = 0; i < ARRAY_SIZE(hypervisor_l4); i++)
		hypervisor_l4[i] = idle_l4[HYPERVISOR_SLOT_FIRST + i];
}

void __init pagemap_heap_ready(void)
{
	heap_ready = true;
}

u64 *pagemap_entry(u64 *root, unsigned long va, unsigned int level)
{
	return entry_for(root, va, level, 0);
}

int map_hypervisor_page(unsigned long va, paddr_t pa, u64 flags)
{
	u64 *e = entry_for(idle_l4, va, 1, 0);

	if (!e)
		return -ENOMEM;
	WRITE_ONCE(*e, pa | LEAF | flags);
	return 0;
}

u64 *hypervisor_l1e(unsigned long va)
{
	u64 *table = idle_l4;

	for (unsigned int l = 4; l > 1; l--) {
		u64 e = table[slot(va, l)];

		if (!(e & PTE_PRESENT) || (l < 4 && (e & PTE_LARGE)))
			return NULL;
		table = table_at(e);
	}
	return &table[slot(va, 1)];
}

bool direct_map_covers(paddr_t pa, size_t len)
{
	unsigned long va = DIRECT_MAP_START + ALIGN_DOWN(pa, PAGE_SIZE);

	if (pa + len > DIRECT_MAP_END - DIRECT_MAP_START)
		return false;
	for (; va < DIRECT_MAP_START + pa + len; va += PAGE_SIZE) {
		u64 *table = idle_l4;
		unsigned int level = 4;

		while (level > 1) {
			u64 e = table[slot(va, level)];

			if (!(e & PTE_PRESENT))
				return false;
			if (level == 2 && (e & PTE_LARGE))
				break;
			table = table_at(e);
			level--;
		}
		if (level == 1 && !(table[slot(va, 1)] & PTE_PRESENT))
			return false;
	}
	return true;
}

void *device_map(paddr_t pa, size_t len)
{
	static struct spinlock lock = SPINLOCK_INIT(HEAP);
	paddr_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	size_t size = ALIGN_UP(pa + len, PAGE_SIZE) - first;
	unsigned long va, flags;

	flags = spin_lock_irqsave(&lock);
	va = device_next;
	if (size > DEVICE_MAP_END - va)
		va = 0;
	else
		device_next += size;
	spin_unlock_irqrestore(&lock, flags);
	if (!va)
		return NULL;
	for (size_t off = 0; off < size; off += PAGE_SIZE)
		if (map_hypervisor_page(va + off, first + off, PTE_RW | PTE_NX | PTE_PCD | PTE_PWT))
			return NULL;
	return (void *)(va + (pa - first));
}

/*
 * Called when nothing of .init runs any more: takes its mapping away, gives its
 * frames to the heap, and closes .data.ro_after_init.
 */
void pagemap_free_init(void)
{
	unsigned long va;

	for (va = (unsigned long)__rodata_end; va < (unsigned long)__ro_after_init_end;
	     va += PAGE_SIZE)
		image_l1[slot(va, 1)] &= ~PTE_RW;
	for (va = (unsigned long)__init_start; va < (unsigned long)__init_end; va += PAGE_SIZE)
		image_l1[slot(va, 1)] = 0;
	tlb_flush_cpus(&cpu_online_map);
	buddy_add_range(MFN((unsigned long)(__init_start - IMAGE_START) >> PAGE_SHIFT),
			MFN((unsigned long)(__init_end - IMAGE_START) >> PAGE_SHIFT));
	log_info("%lu KiB of boot code and data given back\n",
		 (unsigned long)(__init_end - __init_start) >> 10);
}
