// SPDX-License-Identifier: MIT
/* Counting and printing cases. */
#include "test.h"

#include "control.h"

struct cases cases;

bool on_dais(void)
{
	static struct xen_compile_info info;

	if (!info.compile_by[0])
		version_op(XENVER_compile_info, &info);
	return !strcmp(info.compile_by, "dais");
}

/* What a case that fails is called. */
static const char *bad(void)
{
	if (cases.excused) {
		cases.spoilt++;
		return "spoilt";
	}
	cases.failed++;
	return "not ok";
}

static void good(const char *name)
{
	cases.good++;
	if (!cases.quiet)
		printk("ok - %s\n", name);
}

void ok_(bool is_good, const char *name, const char *file, int line)
{
	if (is_good)
		good(name);
	else
		printk("%s - %s: untrue, %s:%d\n", bad(), name, file, line);
}

void is_(unsigned long got, unsigned long want, const char *name, int line)
{
	if (got == want)
		good(name);
	else
		printk("%s - %s: 0x%lx (%ld), should be 0x%lx (%ld), line %d\n", bad(), name, got,
		       got, want, want, line);
}

int test_end(void)
{
	parts_end();
	/* The hypervisor's own look at all frames, tables, grants and ports; run.py reads it. */
	if (on_dais())
		debug_keys("A");
	return (int)cases.failed;
}
