// SPDX-License-Identifier: MIT
/* Counting and printing cases. */
#include "test.h"

#include <xen/sysctl.h>

static unsigned int failed;

bool on_dais(void)
{
	static struct xen_compile_info info;

	if (!info.compile_by[0])
		version_op(XENVER_compile_info, &info);
	return !strcmp(info.compile_by, "dais");
}

void ok_(bool good, const char *name, const char *file, int line)
{
	if (good) {
		printk("ok - %s\n", name);
		return;
	}
	printk("not ok - %s: untrue, %s:%d\n", name, file, line);
	failed++;
}

void is_(unsigned long got, unsigned long want, const char *name, int line)
{
	if (got == want) {
		printk("ok - %s\n", name);
		return;
	}
	printk("not ok - %s: 0x%lx (%ld), should be 0x%lx (%ld), line %d\n", name, got, got, want,
	       want, line);
	failed++;
}

/* The hypervisor's own look at all frames, tables, grants and ports; run.py reads what it says. */
static void audit(void)
{
	static char key = 'A';
	static struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_debug_keys,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
		.u.debug_keys.nr_keys = 1,
	};

	set_xen_guest_handle(op.u.debug_keys.keys, &key);
	is("the audit is asked for", HC1(__HYPERVISOR_sysctl, &op), 0);
}

int test_end(void)
{
	if (on_dais())
		audit();
	return (int)failed;
}
