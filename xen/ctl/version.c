// SPDX-License-Identifier: MIT
/*
 * The xen_version hypercall.  The numbers are those of the interface that we offer, not of
 * this program: kernels and tools decide by them what to use.
 */
#include "boot/options.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "machine/percpu.h"
#include <xen/version.h>

#define INTERFACE_VERSION (4L << 16 | 17)
#define INTERFACE_EXTRAVERSION ".7"
/* One token per kind of guest that can be built; tools compare whole tokens. */
#define CAPABILITIES "xen-3.0-x86_64 "

#define FEATURES_ALL                                                                     \
	(1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist |        \
	 1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_memory_op_vnode_supported | \
	 1u << XENFEAT_direct_mapped)

/* Room for the largest answer; text is zero-filled to the length that the ABI says. */
union answer {
	xen_extraversion_t extraversion;
	struct xen_compile_info compile_info;
	xen_capabilities_info_t capabilities;
	xen_changeset_info_t changeset;
	struct xen_platform_parameters platform;
	xen_domain_handle_t handle;
	xen_commandline_t commandline;
};

static long get_features(unsigned long arg)
{
	const struct domain *d = current->domain;
	struct xen_feature_info info;

	if (guest_read(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info.submap = FEATURES_ALL;
	if (d->is_privileged)
		info.submap |= 1u << XENFEAT_dom0;
	if (d->vm_assist & BIT(VMASST_TYPE_pae_extended_cr3))
		info.submap |= 1u << XENFEAT_pae_pgdir_above_4gb;
	return guest_write(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* What is copied to the caller. */
static long answer(unsigned int cmd, unsigned long arg)
{
	const struct domain *d = current->domain;
	union answer a = {0};
	size_t size;

	switch (cmd) {
	case XENVER_pagesize:
		return PAGE_SIZE;
	case XENVER_get_features:
		return get_features(arg);
	case XENVER_extraversion:
		strlcpy(a.extraversion, INTERFACE_EXTRAVERSION, sizeof(a.extraversion));
		size = sizeof(a.extraversion);
		break;
	case XENVER_compile_info:
		strlcpy(a.compile_info.compiler, __VERSION__, sizeof(a.compile_info.compiler));
		strlcpy(a.compile_info.compile_by, "dais", sizeof(a.compile_info.compile_by));
		size = sizeof(a.compile_info);
		break;
	case XENVER_capabilities:
		strlcpy(a.capabilities, CAPABILITIES, sizeof(a.capabilities));
		size = sizeof(a.capabilities);
		break;
	case XENVER_changeset:
		size = sizeof(a.changeset);
		break;
	case XENVER_platform_parameters:
		a.platform.virt_start = HYPERVISOR_START;
		size = sizeof(a.platform);
		break;
	case XENVER_guest_handle:
		memcpy(a.handle, d->handle, sizeof(a.handle));
		size = sizeof(a.handle);
		break;
	case XENVER_commandline:
		/* It may name what only the administrator need know. */
		strlcpy(a.commandline, d->is_privileged ? options_cmdline() : "<denied>",
			sizeof(a.commandline));
		size = sizeof(a.commandline);
		break;
	case XENVER_build_id:
		/* We are linked without one; tools take that for an empty id. */
		return d->is_privileged ? -ENODATA : -EPERM;
	default:
		return -ENOSYS;
	}
	return guest_write(arg, &a, size) ? -EFAULT : 0;
}

long hc_xen_version(unsigned long cmd, unsigned long arg)
{
	/* Kernels use this one as the cheapest way to have pending events delivered (g7). */
	return likely((unsigned int)cmd == XENVER_version) ? INTERFACE_VERSION
							   : answer((unsigned int)cmd, arg);
}
