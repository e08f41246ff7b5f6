// SPDX-License-Identifier: MIT
/*
 * Three domains grant, map, copy, scribble and die as the input says.  After every step all
 * counts must agree; at the end, when everybody has died, no page may be held.
 */
#include "../unit/grantmock.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *in;
static size_t left;

static unsigned int byte(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

static void check(void)
{
	const char *why = world_check();

	if (why)
		panic("%s", why);
}

/* Continues interrupted calls, as the guest would. */
static void call(unsigned int cmd, void *ops, unsigned int count)
{
	unsigned long va = (unsigned long)ops, n = count;
	long ret;

	while ((ret = hc_grant_table_op(cmd, va, n)) == -ERESTART) {
		check();
		va = continued[1];
		n = continued[2];
	}
	check();
}

static void map_some(void)
{
	struct gnttab_map_grant_ref ops[8];
	unsigned int n = byte() % 8 + 1;

	for (unsigned int i = 0; i < n; i++)
		ops[i] = (struct gnttab_map_grant_ref){.host_addr = byte() * PAGE_SIZE,
						       .flags = byte() % 32,
						       .ref = byte() % 24,
						       .dom = (domid_t)(byte() % 4)};
	call(GNTTABOP_map_grant_ref, ops, n);
}

static void unmap_some(void)
{
	struct gnttab_unmap_grant_ref ops[40];
	unsigned int n = byte() % 40 + 1;

	for (unsigned int i = 0; i < n; i++)
		ops[i] = (struct gnttab_unmap_grant_ref){.host_addr = byte() * PAGE_SIZE,
							 .dev_bus_addr = byte() % 64 * PAGE_SIZE,
							 .handle = byte()};
	call(GNTTABOP_unmap_grant_ref, ops, n);
}

static void copy_some(void)
{
	struct gnttab_copy ops[20];
	unsigned int n = byte() % 20 + 1;

	for (unsigned int i = 0; i < n; i++) {
		ops[i] = (struct gnttab_copy){
			.flags = (u16)(byte() % 4),
			.len = (u16)(byte() * 16),
			.source = {.domid = (domid_t)(byte() % 4), .offset = (u16)(byte() * 16)},
			.dest = {.domid = (domid_t)(byte() % 4), .offset = (u16)(byte() * 16)}};
		if (byte() & 1)
			ops[i].source.domid = DOMID_SELF;
		ops[i].source.u.gmfn = byte() % 68;
		ops[i].dest.u.gmfn = byte() % 68;
	}
	call(GNTTABOP_copy, ops, n);
}

static void step(void)
{
	struct gnttab_swap_grant_ref swap;
	unsigned int d = byte() % DOMAINS, what = byte(), ref;

	if (domains[d].dying)
		return;
	be(d);
	switch (what % 9) {
	case 0:
	case 1:
		ref = byte() % 24;
		scribbled |= entry(d, ref)->flags & (GTF_reading | GTF_writing);
		grant(d, ref, byte() % 4, byte() % 64, byte() % 2 ? GTF_readonly : 0);
		break;
	case 2:
		scribbled = true;
		memset(entry(d, byte() % 24), (int)byte(), byte() % 9);
		break;
	case 3:
	case 4:
		map_some();
		break;
	case 5:
		unmap_some();
		break;
	case 6:
		copy_some();
		break;
	case 7:
		swap = (struct gnttab_swap_grant_ref){.ref_a = byte(), .ref_b = byte()};
		call(GNTTABOP_swap_grant_ref, &swap, 1);
		break;
	default:
		cpu_info()->deferred = byte() & 1;
		refuse_maps = byte() % 8 == 1;
		if (byte() % 16 == 1)
			domains[d].dying = DOMAIN_DYING;
		break;
	}
}

static void all_die(void)
{
	refuse_maps = false;
	memset(maps, 0, sizeof(maps)); /* with its tables */
	for (unsigned int d = 0; d < DOMAINS; d++) {
		domains[d].dying = DOMAIN_DYING;
		while (gnttab_domain_destroy(&domains[d]) == -ERESTART)
			;
	}
	for (unsigned int d = 0; d < DOMAINS; d++) {
		struct grant_table *gt = domains[d].grants;

		if (domains[d].refs != 1)
			panic("a dead mapper still holds domain %u", d);
		for (u32 i = 0; i < gt->nr_frames * GRANTS_PER_FRAME; i++) {
			struct grant_active *a =
				&gt->active[i / GRANTS_PER_FRAME][i % GRANTS_PER_FRAME];

			if (a->pins[0] || a->pins[1] || a->pins[2] || a->pins[3])
				panic("a grant is pinned by nobody");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 mapped[FRAMES] = {0};

	in = data;
	left = size;
	world_start();
	cpu_info()->deferred = 0;
	check();
	while (left)
		step();
	cpu_info()->deferred = 0;
	for (unsigned int i = 0; i < MAPS; i++)
		if (maps[i].used)
			mapped[maps[i].mfn.m]++;
	all_die();
	/* What is still held is held by entries, which went with their tables. */
	for (unsigned int i = 0; i < FRAMES - frames_used; i++)
		if (frames[i].refs != mapped[i])
			panic("frame %u: %u references, %u mappings", i, frames[i].refs, mapped[i]);
	world_end();
	return 0;
}
