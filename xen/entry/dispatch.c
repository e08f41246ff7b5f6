// SPDX-License-Identifier: MIT
/*
 * The dispatch array that entry.S indexes, calls that are executed again, and
 * batches of calls.
 */
#include "entry/dispatch.h"

#include "entry/guestaccess.h"
#include "lib/abi.h"
#include "lib/assert.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "sched/vcpu.h"

#define NR_HYPERCALLS 64 /* entry.S has the same bound */

typedef long hypercall_fn(unsigned long, unsigned long, unsigned long, unsigned long,
			  unsigned long);

static long unknown_hypercall(unsigned long a0 __unused, unsigned long a1 __unused,
			      unsigned long a2 __unused, unsigned long a3 __unused,
			      unsigned long a4 __unused)
{
	return -ENOSYS;
}

/* Handlers take the arguments they name; the registers of the rest are ignored (SysV ABI). */
extern hypercall_fn *const hypercall_table[NR_HYPERCALLS];
hypercall_fn *const hypercall_table[NR_HYPERCALLS] = {
#define HYPERCALL(nr, name, nargs, file) [nr] = (hypercall_fn *)(void (*)(void))hc_##name,
#include "entry/hypercalls.h"
#undef HYPERCALL
/* The holes. */
#define U(nr) [nr] = unknown_hypercall,
	U(6) U(11) U(16) U(19) U(27) U(31) U(34) U(37) U(38) U(39) U(41) U(42) U(43) U(44) U(45)
		U(46) U(47) U(49) U(50) U(51) U(52) U(53) U(54) U(55) U(56) U(57) U(58) U(59) U(60)
			U(61) U(62) U(63)
#undef U
};

/* Where an interrupted call of a multicall leaves the arguments that it goes on with. */
struct multicall_again {
	unsigned long args[HYPERCALL_ARGS_MAX];
	unsigned int n;
};

long hypercall_continue(unsigned int n, const unsigned long *args)
{
	struct vcpu *v = current;
	struct cpu_regs *regs = vcpu_regs(v);

	ASSERT(n <= HYPERCALL_ARGS_MAX);
	if (v->multicall) {
		for (unsigned int i = 0; i < n; i++)
			v->multicall->args[i] = args[i];
		v->multicall->n = n;
		return -ERESTART;
	}
	for (unsigned int i = 0; i < n; i++) {
		u64 *const slot[] = {&regs->rdi, &regs->rsi, &regs->rdx, &regs->r10, &regs->r8};

		*slot[i] = args[i];
	}
	return -ERESTART;
}

long hypercall_continue1(unsigned long arg0)
{
	return hypercall_continue(1, &arg0);
}

/* No nesting; and an entry that leaves kernel mode would let user mode make calls. */
static __attribute__((noinline)) long not_in_multicall(unsigned long op)
{
	return op == __HYPERVISOR_multicall ? -EINVAL : op == __HYPERVISOR_iret ? -EPERM : -ENOSYS;
}

#define ENTRY_ARG(i) (offsetof(struct multicall_entry, args) + (i) * sizeof(unsigned long))

/*
 * One entry; its result is written back, or its advanced arguments when it was interrupted.  The
 * vCPU is in kernel mode.
 */
static __force_inline long multicall_entry(struct vcpu *v, unsigned long va)
{
	unsigned long op = 0, a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, e = va;
	struct multicall_again again;
	long rc;

	if (unlikely(!guest_address_to_read(&e)))
		return -EFAULT;
	smap_open();
	GUEST_PULL(op, e, offsetof(struct multicall_entry, op), fault);
	GUEST_PULL(a0, e, ENTRY_ARG(0), fault);
	GUEST_PULL(a1, e, ENTRY_ARG(1), fault);
	GUEST_PULL(a2, e, ENTRY_ARG(2), fault);
	GUEST_PULL(a3, e, ENTRY_ARG(3), fault);
	GUEST_PULL(a4, e, ENTRY_ARG(4), fault);
	smap_close();
	if (unlikely(op == __HYPERVISOR_multicall) || unlikely(op == __HYPERVISOR_iret) ||
	    unlikely(!index_below(op, NR_HYPERCALLS, &op))) {
		rc = not_in_multicall(op);
	} else {
		again.n = 0;
		v->multicall = &again;
		rc = hypercall_table[op](a0, a1, a2, a3, a4);
		v->multicall = NULL;
	}
	smap_open();
	if (unlikely(rc == -ERESTART))
		for (unsigned int i = 0; i < again.n; i++)
			GUEST_PUSH(va + ENTRY_ARG(i), 0, again.args[i], fault);
	else
		GUEST_PUSH(va, offsetof(struct multicall_entry, result), rc, fault);
	smap_close();
	return rc == -ERESTART ? rc : 0;
fault:
	smap_close();
	return -EFAULT;
}

/*
 * multicall(entries, count): 0 when each entry has its result; -EFAULT when the
 * list itself cannot be read or written.  xen.h: struct multicall_entry.
 */
long hc_multicall(unsigned long list, unsigned long count)
{
	struct vcpu *v = current;
	unsigned int n = (unsigned int)count;

	if (v->multicall)
		return -EINVAL;
	if (!guest_range_ok(list, n * sizeof(struct multicall_entry)))
		return -EFAULT;
	for (unsigned int i = 0; i < n; i++) {
		unsigned long va = list + i * sizeof(struct multicall_entry);
		long rc = 0;

		if (i == 0 || !hypercall_should_preempt())
			rc = multicall_entry(v, va);
		else
			rc = -ERESTART;
		if (rc == -ERESTART) {
			unsigned long args[] = {va, n - i};

			return hypercall_continue(2, args);
		}
		if (rc)
			return rc;
		if (!v->arch.kernel_mode)
			return 0;
	}
	return 0;
}
