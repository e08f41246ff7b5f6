// SPDX-License-Identifier: MIT
/*
 * memory_op with anything: the arguments of each sub-op are made of the input, its lists are
 * short but their contents are not trusted.  After every call all frames must be free or
 * owned, and all counts must agree.
 */
#include "../unit/reservemock.h"

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

static void call(unsigned long cmd, void *arg)
{
	unsigned int rounds = 0;

	while (hc_memory_op(cmd, (unsigned long)arg) == -ERESTART) {
		check();
		cmd = continued;
		/* "Interrupted at every chance" must still come to an end. */
		if (++rounds > 10000)
			panic("no progress");
	}
	check();
}

static unsigned long list[64], list2[64];

/* Mostly frames that exist, and mostly small numbers. */
static void fill(unsigned long *to, domid_t domid)
{
	unsigned int from = byte() * 16;

	for (unsigned int i = 0; i < 64; i++) {
		/* The domain's own frames in order, from somewhere on. */
		while (from < FRAMES && frame_owner(frame_of(MFN(from))) != domid)
			from++;
		to[i] = from < FRAMES ? from++ : i;
	}
	for (unsigned int n = byte() % 4; n > 0; n--)
		to[byte() % 64] = byte() % 8 ? byte() * 17 : ~0UL << byte() % 64;
}

static void reservation_call(void)
{
	static const unsigned int ops[] = {XENMEM_populate_physmap, XENMEM_populate_physmap,
					   XENMEM_increase_reservation, XENMEM_decrease_reservation,
					   XENMEM_claim_pages};
	unsigned int op = ops[byte() % ARRAY_SIZE(ops)];
	struct xen_memory_reservation r = {.nr_extents = byte() % 65,
					   .extent_order = byte() % 3 ? 0 : byte() % 16,
					   .mem_flags = byte() % 4 ? 0 : byte() % 64,
					   .domid = (domid_t)(byte() % 4)};

	fill(list, r.domid);
	r.extent_start.p = byte() % 16 ? list : NULL;
	if (byte() % 16 == 1)
		r.nr_extents = ~0UL >> byte() % 64;
	/* A huge count ends at the list's end: there the guest has no memory. */
	if (r.nr_extents > 64)
		r.extent_start.p = NULL;
	call(op | (byte() % 16 ? 0UL : (unsigned long)byte() << MEMOP_OP_BITS), &r);
}

static void exchange_call(void)
{
	unsigned int in_order = byte() % 7, out_order = byte() % 7, n = byte() % 5;
	struct xen_memory_exchange x = {
		.in = {.nr_extents = n << out_order, .extent_order = in_order, .domid = DOMID_SELF},
		.out = {.nr_extents = n << in_order,
			.extent_order = out_order,
			.mem_flags = byte() % 4 ? 0 : byte() % 30,
			.domid = DOMID_SELF},
		.nr_exchanged = byte() % 8 ? 0 : byte()};

	if (byte() % 8 == 1)
		x.in.nr_extents = 1UL << byte() % 64;
	if (x.in.nr_extents > 64 || x.out.nr_extents > 64)
		x.in.extent_order = byte() % 64;
	if (x.in.nr_extents > 64 || x.out.nr_extents > 64) {
		guest_memory_gone = false;
		x.in.extent_start.p = x.out.extent_start.p = NULL;
	} else {
		x.in.extent_start.p = list;
		x.out.extent_start.p = list2;
	}
	fill(list, current->domain->id);
	call(XENMEM_exchange, &x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 blob[256];

	in = data;
	left = size;
	world_start();
	while (left) {
		be(byte() % DOMAINS);
		cpu_info()->deferred = byte() & 1;
		allocations_left = byte() % 8 ? ~0u : byte() % 8;
		switch (byte() % 4) {
		case 0:
		case 1:
			reservation_call();
			break;
		case 2:
			exchange_call();
			break;
		default:
			/* Any sub-op with bytes for an argument whose pointers are not mapped. */
			memset(blob, 0, sizeof(blob));
			for (unsigned int i = 0; i < 48; i++)
				blob[i] = (u8)(i % 8 < 2 ? byte() : 0);
			call(byte() % 64, blob);
			break;
		}
	}
	cpu_info()->deferred = 0;
	for (unsigned int m = 0; m < FRAMES; m++)
		if (!frame_is_free[m] &&
		    reserve_release(&domains[frame_owner(frame_of(MFN(m)))], MFN(m)))
			panic("frame %u cannot be given back", m);
	check();
	if (buddy_free_frames() != FRAMES)
		panic("frames are lost");
	world_end();
	return 0;
}
