/* SPDX-License-Identifier: MIT */
/*
 * Watches all domains and acts when one ends, as its configuration says; starts what is to be
 * started. One thread; the rest of the daemon only asks for numbers.
 */
#ifndef DAISD_SUPERVISE_H
#define DAISD_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct supervise_options {
	const char *auto_dir; /* configurations to start at boot; NULL: none */
	const char *auto_mark; /* the file that says that it was done since boot */
	void (*ready)(void); /* called once, when the host is announced; NULL: nobody waits */
};

/*
 * Runs until *@stop becomes true (a signal interrupts the waiting). A lost store or hypervisor
 * is waited for. 0, or -1 with @err when there was none to begin with.
 */
int supervise_run(const struct supervise_options *options, const volatile bool *stop,
		  struct dais_error *err);

/* For the metrics; from any thread. */
struct supervise_counts {
	uint64_t created, ended, crashed, restarted, failed, events, models_lost;
};
struct supervise_counts supervise_counts(void);
uint64_t supervise_restarts(const uint8_t uuid[16]);

#endif
