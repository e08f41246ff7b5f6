// SPDX-License-Identifier: MIT
/*
 * domctl with anything: sub-ops with arguments made of the input, on dom0 itself, on domains
 * that there are and on others.  Pointers lead into one window of memory or nowhere.  At the
 * end every domain must be destroyable, and nothing may be left of it.
 */
#include "../unit/ctlmock.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WINDOW 32768UL
#define DOMAINS 8u

static const uint8_t *in;
static size_t left;
static u8 window[WINDOW];

static unsigned int byte(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

/* Into the window, at its very end, NULL, or wild. */
static unsigned long pointer(void)
{
	switch (byte() % 8) {
	case 0:
		return 0;
	case 1:
		return ~0UL << byte() % 64;
	case 2:
		return (unsigned long)window + WINDOW - byte();
	default:
		return (unsigned long)window + byte() * 16;
	}
}

/* The union as words: small numbers, pointers, and extremes. */
static void fill(struct xen_domctl *op)
{
	u64 *word = (u64 *)&op->u;

	for (unsigned int i = 0; i < 10; i++) {
		unsigned int kind = byte();

		word[i] = kind % 4 == 0   ? kind / 4
			  : kind % 4 == 1 ? pointer()
			  : kind % 4 == 2 ? (u64)byte() << (kind / 4)
					  : 0;
	}
}

static void good_config(struct xen_domctl *op)
{
	op->u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = byte() % 6,
		.max_evtchn_port = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = 1,
	};
}

static void reap(void)
{
	if (reaper_due)
		reaper_fn(NULL);
	reaper_due = false;
}

static void one(void)
{
	static struct xen_domctl op __attribute__((aligned(8)));
	unsigned int rounds = 0;

	memset(&op, 0, sizeof(op));
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.cmd = byte() % 92;
	op.domain = (domid_t)(byte() % (DOMAINS + 2));
	fill(&op);
	if (op.cmd == XEN_DOMCTL_createdomain && byte() % 4)
		good_config(&op);
	if (op.cmd == XEN_DOMCTL_createdomain)
		op.domain = (domid_t)(1 + byte() % DOMAINS);
	if (op.cmd == XEN_DOMCTL_max_vcpus)
		op.u.max_vcpus.max = byte() % 6;
	if (op.cmd == XEN_DOMCTL_setvcpucontext)
		memset(window, 0, sizeof(window));
	rooms_allowed = byte() % 8 ? ~0u : rooms_up + byte() % 8;
	/* The argument itself lies in the window, as all that the guest has. */
	memcpy(window + WINDOW - sizeof(op), &op, sizeof(op));
	while (hc_domctl((unsigned long)window + WINDOW - sizeof(op)) == -ERESTART)
		if (++rounds > 10000)
			panic("no progress");
	reap();
	if (ctl_paused)
		panic("a vCPU is left paused");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = data;
	left = size;
	guest_first = (unsigned long)window;
	guest_last = guest_first + WINDOW - 1;
	if (!current) {
		cpu_info()->running = &control_vcpu;
		control_vcpu.domain = &control;
		control.cpu_policy = &test_policy;
		domain_table_init();
	}
	while (left)
		one();
	rooms_allowed = ~0u;
	for (domid_t id = 1; id < DOMAINS + 2; id++) {
		struct domain *d = domain_get(id);

		if (!d)
			continue;
		while (domain_kill(d) == -ERESTART)
			;
		domain_put(d);
		reap();
		if (domain_get(id))
			panic("domain %u is still there", id);
	}
	if (rooms_up)
		panic("%u rooms are left", rooms_up);
	return 0;
}
