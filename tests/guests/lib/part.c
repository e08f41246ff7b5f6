// SPDX-License-Identifier: MIT
/* An allocation fails in one of the parts, which is told from the others. */
#include "control.h"
#include "failing.h"
#include "test.h"

static unsigned long nth; /* the allocation that fails */
static bool begun, armed;
static void *back[5]; /* where a part goes on that panics */

static void begin(void)
{
	const char *text = option("fail");

	begun = true;
	if (!text)
		return;
	armed = cases.quiet = true;
	nth = parse_number(text);
	for (unsigned long i = 0; i < nth; i++)
		debug_keys("F");
}

unsigned int repeats(unsigned int n)
{
	return nth && n > 6 ? 6 : n;
}

static void leave(void)
{
	if (cases.excused && !this_cpu())
		__builtin_longjmp(back, 1);
}

/* False when the guest gave up within. */
static bool survives(void (*run)(void))
{
	if (__builtin_setjmp(back))
		return false;
	run();
	return true;
}

void part_(void (*run)(void), const char *name, bool again)
{
	bool survived;

	if (!begun)
		begin();
	if (!armed) {
		run();
		return;
	}
	cases.spoilt = 0;
	cases.excused = true;
	panic_hook = leave;
	survived = survives(run);
	panic_hook = NULL;
	cases.excused = false;
	if (failing_so_far().failed) {
		armed = false;
		failing_end();
		printk("part: allocation %lu failed in %s: %u cases spoilt%s\n", nth, name,
		       cases.spoilt, survived ? "" : ", the rest not reached");
		if (again)
			run();
	} else {
		is(name, survived ? cases.spoilt : ~0u, 0);
	}
}

void parts_end(void)
{
	domid_t self = DOMID_SELF;
	struct failing s;

	if (!begun || !nth)
		return;
	s = failing_end();
	if (armed)
		printk("part: none has so many allocations\n");
	printk("part: %u cases held\n", cases.good);
	printk("part: %lu objects, %lu frames free or ours\n", s.objects,
	       s.frames + (unsigned long)memory_op(XENMEM_current_reservation, &self));
}
