// SPDX-License-Identifier: MIT
/*
 * A guest that crashes, with something in its memory by which a core of it is known: pages that
 * begin with a mark and in which each word tells of its place.
 */
#include "pvrt.h"

#define PAGES 300
#define MARK 0x45524f4353494144ul /* "DAISCORE", which as a text could begin a page of its own */
#define WORDS (PAGE_SIZE / sizeof(uint64_t))

int guest_main(void)
{
	struct sched_shutdown how = {.reason = SHUTDOWN_crash};

	for (int n = 0; n < PAGES; n++) {
		uint64_t *page = page_alloc();

		page[0] = MARK;
		for (uint64_t i = 1; i < WORDS; i++)
			page[i] = virt_to_pfn(page) << 32 | i;
	}
	printk("crash: %d pages are marked\n", PAGES);
	sched_op(SCHEDOP_shutdown, &how);
	return 1;
}
