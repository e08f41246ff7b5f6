// SPDX-License-Identifier: MIT
/*
 * Checked, faulting-tolerant access to guest linear addresses.  SMAP, where the
 * processor has it, is open only inside the two functions below.
 */
#include "entry/guestcopy.h"

#include "entry/guestaccess.h"
#include "lib/errno.h"
#include "machine/barrier.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

size_t copy_user_asm(void *dst, const void *src, size_t n);
size_t zero_user_asm(void *dst, size_t n);

#define LOW_HALF_END 0x0000800000000000UL

static inline bool range_ok(unsigned long va, size_t size)
{
	unsigned long end = va + size;

	if (unlikely(end < va))
		return end == 0; /* up to the very last byte */
	return end <= LOW_HALF_END || va >= HYPERVISOR_END;
}

bool guest_range_ok(unsigned long va, size_t size)
{
	return range_ok(va, size);
}

/* The same before a read: *va shows nothing of ours, under speculation too. */
static inline bool range_to_read(unsigned long *va, size_t size)
{
	return range_ok(*va, size) && guest_address_to_read(va);
}

/*
 * Guest memory means the kernel's view of it: while the guest is in user mode
 * (a run-state area written at a switch, an I/O bitmap) its other root is loaded.
 */
static unsigned long open_guest(void)
{
	struct vcpu *v = current;
	unsigned long cr3 = 0;

	if (unlikely(!v->arch.kernel_mode)) {
		cr3 = read_cr3();
		write_cr3(v->arch.kernel_root.m << PAGE_SHIFT);
	}
	if (cpu_features.smap)
		stac();
	return cr3;
}

static void close_guest(unsigned long cr3)
{
	if (cpu_features.smap)
		clac();
	if (unlikely(cr3))
		write_cr3(cr3);
}

/* Bytes not copied, exactly. */
static size_t copy(void *dst, const void *src, size_t size)
{
	unsigned long flags, cr3;
	size_t left;

	if (unlikely(!current->arch.kernel_mode)) {
		/* A switch away would forget the borrowed root. */
		flags = local_irq_save();
		cr3 = open_guest();
		left = copy_user_asm(dst, src, size);
		close_guest(cr3);
		local_irq_restore(flags);
		return left;
	}
	cr3 = open_guest();
	left = copy_user_asm(dst, src, size);
	close_guest(cr3);
	return left;
}

/*
 * The common case of guest_read() and guest_write(), in kernel mode.  Where it stops does not
 * matter, so that two instructions do it.
 */
static inline int copy_all(void *dst, const void *src, size_t size)
{
	size_t left = size / 8;

	if (unlikely(!current->arch.kernel_mode))
		return copy(dst, src, size) ? -EFAULT : 0;
	if (cpu_features.smap)
		stac();
	asm volatile("1: rep movsq\n"
		     "mov %3, %2\n"
		     "2: rep movsb\n"
		     "3:\n"
		     ".pushsection .ex_table, \"a\"\n"
		     ".balign 4\n"
		     ".long 1b - ., 3b - .\n"
		     ".long 2b - ., 3b - .\n"
		     ".popsection"
		     : "+&D"(dst), "+&S"(src), "+&c"(left)
		     : "r"(size % 8)
		     : "memory");
	if (cpu_features.smap)
		clac();
	return unlikely(left) ? -EFAULT : 0;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (unlikely(!range_to_read(&va, size)))
		return -EFAULT;
	return copy_all(dst, (const void *)va, size);
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (unlikely(!range_ok(va, size)))
		return -EFAULT;
	return copy_all((void *)va, src, size);
}

size_t guest_read_partial(void *dst, unsigned long va, size_t size)
{
	while (size && !range_ok(va, size))
		size--;
	return size && range_to_read(&va, size) ? size - copy(dst, (const void *)va, size) : 0;
}

int guest_zero(unsigned long va, size_t size)
{
	size_t left;

	if (!guest_range_ok(va, size) || !current->arch.kernel_mode)
		return -EFAULT;
	open_guest();
	left = zero_user_asm((void *)va, size);
	close_guest(0);
	return left ? -EFAULT : 0;
}
