// SPDX-License-Identifier: MIT
/*
 * Where the guest wants to be entered: trap table, callbacks, kernel stack
 * (docs/abi-rows.md, B.3).  All of it is per vCPU and read only on that vCPU's way in.
 */
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/abi.h"
#include "lib/string.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "sched/vcpu.h"
#include <xen/callback.h>
#include <xen/nmi.h>

/* An address that IRET may load: canonical and not ours. */
static bool address_ok(unsigned long va)
{
	return guest_range_ok(va, 1);
}

/*
 * set_trap_table(entries): merges entries by vector, up to one with address 0;
 * NULL clears the table.  -EFAULT, -EINVAL for an address that is not the guest's.
 */
long hc_set_trap_table(unsigned long list)
{
	struct vcpu *v = current;
	struct trap_info t;

	if (!list) {
		memset(v->arch.traps, 0, 256 * sizeof(*v->arch.traps));
		return 0;
	}
	for (unsigned int n = 0; n < 257; n++, list += sizeof(t)) {
		if (guest_read(&t, list, sizeof(t)))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!address_ok(t.address))
			return -EINVAL;
		t.cs = (u16)(t.cs | 3);
		v->arch.traps[t.vector] = t;
	}
	return -EINVAL;
}

long hc_stack_switch(unsigned long ss __unused, unsigned long sp)
{
	current->arch.kernel_sp = sp;
	return 0;
}

static long register_callback(struct vcpu *v, unsigned int type, u16 flags, unsigned long address)
{
	struct guest_callback cb = {address, flags & CALLBACKF_mask_events};

	if (!address_ok(address))
		return -EINVAL;
	switch (type) {
	case CALLBACKTYPE_event:
		v->arch.event_callback = cb;
		return 0;
	case CALLBACKTYPE_failsafe:
		v->arch.failsafe_callback = cb;
		return 0;
	case CALLBACKTYPE_syscall:
		v->arch.syscall_callback = cb;
		return 0;
	case CALLBACKTYPE_syscall32:
		v->arch.syscall32_callback = cb;
		return 0;
	case CALLBACKTYPE_sysenter:
		v->arch.sysenter_callback = cb;
		return 0;
	case CALLBACKTYPE_nmi:
		v->arch.nmi_callback = cb;
		return 0;
	}
	return -ENOSYS;
}

static long unregister_callback(struct vcpu *v, unsigned int type)
{
	switch (type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
	case CALLBACKTYPE_syscall32:
	case CALLBACKTYPE_sysenter:
		return -EINVAL;
	case CALLBACKTYPE_nmi:
		v->arch.nmi_callback.address = 0;
		return 0;
	}
	return -ENOSYS;
}

/* callback_op(cmd, arg): xen/callback.h. */
long hc_callback_op(unsigned long cmd, unsigned long arg)
{
	struct callback_register reg;
	struct callback_unregister unreg;

	switch ((unsigned int)cmd) {
	case CALLBACKOP_register:
		if (guest_read(&reg, arg, sizeof(reg)))
			return -EFAULT;
		return register_callback(current, reg.type, reg.flags, reg.address);
	case CALLBACKOP_unregister:
		if (guest_read(&unreg, arg, sizeof(unreg)))
			return -EFAULT;
		return unregister_callback(current, unreg.type);
	}
	return -ENOSYS;
}

/* The form before callback_op; zeros clear (Mini-OS does that on exit). */
long hc_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall)
{
	struct vcpu *v = current;

	if (!address_ok(event) || !address_ok(failsafe) || !address_ok(syscall))
		return -EINVAL;
	v->arch.event_callback.address = event;
	v->arch.failsafe_callback.address = failsafe;
	v->arch.syscall_callback.address = syscall;
	return 0;
}

/* nmi_op(cmd, arg): xen/nmi.h. */
long hc_nmi_op(unsigned long cmd, unsigned long arg)
{
	struct xennmi_callback cb;

	switch ((unsigned int)cmd) {
	case XENNMI_register_callback:
		if (guest_read(&cb, arg, sizeof(cb)))
			return -EFAULT;
		/* Where the machine's NMIs go; others have vector 2 of their trap table. */
		if (!current->domain->is_privileged || current->id)
			return -EINVAL;
		return register_callback(current, CALLBACKTYPE_nmi, 0, cb.handler_address);
	case XENNMI_unregister_callback:
		return unregister_callback(current, CALLBACKTYPE_nmi);
	}
	return -ENOSYS;
}
