// SPDX-License-Identifier: MIT
/*
 * vm_assist (rows h21.* of docs/abi-coverage.md): a bit per assist that other
 * rooms read from d->vm_assist.  What is always on or has no meaning for a
 * 64-bit guest is accepted and remembered, no more.
 */
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "machine/percpu.h"

#define VMASST_KNOWN                                                                   \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) |        \
	 BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) |    \
	 BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag) | \
	 BIT(VMASST_TYPE_m2p_strict))

long hc_vm_assist(unsigned long cmd, unsigned long type)
{
	struct domain *d = current->domain;

	/* The command is an unsigned int of the ABI: the upper half is not looked at. */
	cmd = (u32)cmd;
	type = (u32)type;
	if (type >= 64 || !(VMASST_KNOWN & BIT(type)))
		return -EINVAL;
	if (cmd != VMASST_CMD_enable && cmd != VMASST_CMD_disable)
		return -ENOSYS;
	if (cmd == VMASST_CMD_enable)
		__atomic_fetch_or(&d->vm_assist, BIT(type), __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&d->vm_assist, ~BIT(type), __ATOMIC_SEQ_CST);
	return 0;
}
