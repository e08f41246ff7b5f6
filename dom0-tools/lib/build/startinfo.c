// SPDX-License-Identifier: MIT
/*
 * The two structures in which the builder speaks to the guest.
 */
#include "build/startinfo.h"

#include <string.h>

void startinfo_fill(void *page, const struct layout *l, const struct build_guest *guest,
		    const xen_pfn_t *mfn, uint64_t shared_info)
{
	struct start_info *info = page;
	size_t length = guest->cmdline ? strlen(guest->cmdline) : 0;

	_Static_assert(sizeof(*info) <= PAGE_SIZE, "one page");
	/* Holds the kind of guest, whatever the header's comment says (abi-rows.md A40). */
	strcpy(info->magic, "xen-3.0-x86_64");
	info->nr_pages = l->pages;
	info->shared_info = shared_info;
	info->store_mfn = mfn[l->store];
	info->store_evtchn = guest->store_port;
	info->console.domU.mfn = mfn[l->console];
	info->console.domU.evtchn = guest->console_port;
	info->pt_base = l->virt_base + (l->tables << PAGE_SHIFT);
	info->nr_pt_frames = l->table_pages;
	info->mfn_list = l->p2m_va;
	if (l->p2m_apart) {
		info->first_p2m_pfn = l->p2m;
		info->nr_p2m_frames = l->end - l->p2m;
	}
	if (l->ramdisk_pages) {
		info->mod_len = guest->ramdisk->size;
		if (l->ramdisk_mapped) {
			info->mod_start = l->virt_base + (l->ramdisk << PAGE_SHIFT);
		} else {
			info->mod_start = l->ramdisk;
			info->flags |= SIF_MOD_START_PFN;
		}
	}
	if (length > MAX_GUEST_CMDLINE - 1)
		length = MAX_GUEST_CMDLINE - 1;
	memcpy(info->cmd_line, guest->cmdline ? guest->cmdline : "", length);
}

void startinfo_context(struct vcpu_guest_context *context, const struct layout *l, uint64_t entry,
		       xen_pfn_t l4)
{
	memset(context, 0, sizeof(*context));
	context->flags = VGCF_in_kernel | VGCF_online;
	context->user_regs.rip = entry;
	context->user_regs.rsp = l->virt_base + ((l->stack + 1) << PAGE_SHIFT);
	context->user_regs.rsi = l->virt_base + (l->start_info << PAGE_SHIFT);
	context->user_regs.rflags = 0x200;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	context->user_regs.ds = FLAT_KERNEL_DS;
	context->user_regs.es = FLAT_KERNEL_DS;
	context->user_regs.fs = FLAT_KERNEL_DS;
	context->user_regs.gs = FLAT_KERNEL_DS;
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = context->user_regs.rsp;
	context->ctrlreg[3] = xen_pfn_to_cr3(l4);
	context->debugreg[6] = 0xffff0ff0;
	context->debugreg[7] = 0x400;
}
