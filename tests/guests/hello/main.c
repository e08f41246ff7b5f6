// SPDX-License-Identifier: MIT
/* The smallest guest: the runtime starts, prints, and goes. */
#include "pvrt.h"

int guest_main(void)
{
	printk("hello %s, %lu pages, dom0 %d, vcpus %u, ns %lu\n", start_info->magic,
	       start_info->nr_pages, is_dom0(), smp_count(), clock_ns());
	return 0;
}
