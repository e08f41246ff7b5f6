/* SPDX-License-Identifier: MIT */
/*
 * Frames and descriptor windows for tests of mm/segdesc.c: 32 frames whose references and
 * types are counted; frame 31 is somebody else's.
 */
#ifndef TESTS_UNIT_SEGDESCMOCK_H
#define TESTS_UNIT_SEGDESCMOCK_H

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "machine/descriptor.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/segdesc.h"
#include "world.h"

#define FRAMES 32u

unsigned long max_mfn = FRAMES;

static u32 refs[FRAMES], types[FRAMES]; /* types: 0 none, else FRAME_TYPE_* */
static unsigned int type_counts[FRAMES];
static mfn_t window[16];

bool frame_get(mfn_t mfn, const struct domain *owner __unused)
{
	if (mfn.m >= FRAMES || mfn.m == 31) /* 31: somebody else's */
		return false;
	refs[mfn.m]++;
	return true;
}

void frame_put(mfn_t mfn)
{
	if (!refs[mfn.m]--)
		abort();
}

int frame_get_type(mfn_t mfn, u32 type, struct domain *owner __unused)
{
	if (type_counts[mfn.m] && types[mfn.m] != type)
		return -EINVAL;
	if (!type_counts[mfn.m] && type == FRAME_TYPE_SEGDESC && segdesc_page_check(mfn))
		return -EINVAL;
	types[mfn.m] = frame_of(mfn)->type = type;
	type_counts[mfn.m]++;
	return 0;
}

int frame_get_and_type(mfn_t mfn, struct domain *owner, u32 type)
{
	if (!frame_get(mfn, owner))
		return -EINVAL;
	if (!frame_get_type(mfn, type, owner))
		return 0;
	frame_put(mfn);
	return -EINVAL;
}

int frame_put_and_type(mfn_t mfn)
{
	if (!type_counts[mfn.m]--)
		abort();
	if (!type_counts[mfn.m])
		frame_of(mfn)->type = 0;
	frame_put(mfn);
	return 0;
}

void vcpu_load_gdt(struct vcpu *u __unused)
{
}

void vcpu_load_ldt(struct vcpu *u __unused)
{
}

void machine_map_ldt_page(struct vcpu *u __unused, unsigned int index, mfn_t mfn)
{
	window[index] = mfn;
}

bool guest_range_ok(unsigned long va, size_t size)
{
	return va < HYPERVISOR_START - size || va >= HYPERVISOR_END;
}

#endif
