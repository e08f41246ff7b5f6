/* SPDX-License-Identifier: MIT */
/* The event loop: descriptors, and work that is done between them. */
#ifndef XENSTORE_LOOP_H
#define XENSTORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop_source {
	int fd;
	uint32_t events; /* waited for, as epoll has them */
	void (*ready)(struct loop_source *s, uint32_t events);
	/* If set: reads what there is, of all sources, before the first is served. */
	void (*gather)(struct loop_source *s, uint32_t events);
};

/* 0 or an errno. */
int loop_init(void);
int loop_add(struct loop_source *s);
/* Waits for other events from now on. */
void loop_change(struct loop_source *s, uint32_t events);
/* Waits for the same events, and is told of them even if it was before (EPOLLET). */
void loop_again(struct loop_source *s);
/* Before the descriptor is closed. */
void loop_remove(struct loop_source *s);

/* Runs until loop_stop(). */
void loop_run(void);
void loop_stop(void);

/* Calls FN(ARG) at the end of this turn, when no event can refer to ARG any more. */
struct loop_later {
	struct loop_later *next;
	void (*fn)(struct loop_later *l);
};

void loop_defer(struct loop_later *l);

/* Milliseconds of a clock that does not jump. */
uint64_t loop_now(void);

#endif
