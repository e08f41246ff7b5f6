// SPDX-License-Identifier: MIT
/* A snapshot without locks: each field is right by itself, as tools expect. */
#include "ctl/dominfo.h"

#include "domain/domain.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "sched/vcpu.h"

static u32 life_flags(const struct domain *d)
{
	u32 flags = 0;

	if (domain_is_dying(d))
		flags |= XEN_DOMINF_dying;
	if (READ_ONCE(d->is_shut_down))
		flags |= XEN_DOMINF_shutdown;
	if (READ_ONCE(d->controller_pause_count))
		flags |= XEN_DOMINF_paused;
	return flags | (d->shutdown_code & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
}

void dominfo_get(struct domain *d, struct xen_domctl_getdomaininfo *out)
{
	bool all_blocked = true;
	struct vcpu *v;

	memset(out, 0, sizeof(*out));
	out->domain = d->id;
	out->flags = life_flags(d);
	out->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for_each_vcpu(d, v) {
		struct vcpu_runstate_info r;

		vcpu_runstate_get(v, &r);
		out->cpu_time += r.time[RUNSTATE_running];
		out->max_vcpu_id = v->id;
		if (READ_ONCE(v->pause_flags) & VPF_DOWN)
			continue;
		out->nr_online_vcpus++;
		if (!(READ_ONCE(v->pause_flags) & VPF_BLOCKED))
			all_blocked = false;
		if (READ_ONCE(v->sched.running))
			out->flags |= XEN_DOMINF_running;
	}
	if (all_blocked)
		out->flags |= XEN_DOMINF_blocked;
	out->tot_pages = d->mem.tot_pages;
	out->max_pages = d->mem.max_pages;
	out->outstanding_pages = d->mem.claimed;
	out->gpaddr_bits = (u8)cpu_features.phys_bits;
	out->shared_info_frame = d->shared_info_mfn.m;
	out->ssidref = d->ssidref;
	memcpy(out->handle, d->handle, sizeof(out->handle));
}
