// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/dom/watcher.c: what happened is found by one list of the domains, however many
 * events of the store told of it, and each of it is told once.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../dom0-tools/lib/dev/modelwatch.h"
#include "../../dom0-tools/lib/dom/host.h"
#include "../../dom0-tools/lib/dom/watcher.h"

#define DOMAINS 200

static struct dais host;
static struct dais_domain now[DOMAINS];
static size_t nr_now;
static unsigned int lists, waits, told; /* events of the store that are still to be taken */

int dais_list(struct dais *h, struct dais_domain **list, size_t *count, struct dais_error *err)
{
	(void)err;
	CHECK(h == &host);
	lists++;
	*list = malloc(sizeof(now));
	memcpy(*list, now, sizeof(now));
	*count = nr_now;
	return 0;
}

int store_watch(struct store *store, const char *path, const char *token)
{
	(void)store;
	(void)path;
	(void)token;
	return 0;
}

struct store_event *stream_event(struct store *store)
{
	struct store_event *event;

	(void)store;
	if (!told) {
		errno = EAGAIN;
		return NULL;
	}
	told--;
	event = calloc(1, sizeof(*event) + 20);
	strcpy(event->text, told % 2 ? "@introduceDomain" : "@releaseDomain");
	return event;
}

int modelwatch_look(struct modelwatch *w, struct store *store, bool first)
{
	(void)w;
	(void)store;
	(void)first;
	return 0;
}

/* Time passes at once. */
int modelwatch_poll(struct modelwatch *w, int first, int timeout_ms)
{
	(void)w;
	(void)first;
	(void)timeout_ms;
	waits++;
	return told != 0;
}

bool modelwatch_next(struct modelwatch *w, struct store *store, uint32_t *domid)
{
	(void)w;
	(void)store;
	(void)domid;
	return false;
}

void modelwatch_free(struct modelwatch *w)
{
	(void)w;
}

/* All that happened, by kind. */
static unsigned int take(unsigned int kinds[DAIS_EVENT_MODEL_LOST + 1])
{
	struct dais_event event;
	unsigned int n = 0;

	memset(kinds, 0, (DAIS_EVENT_MODEL_LOST + 1) * sizeof(*kinds));
	while (dais_event_wait(&host, &event, 0, NULL) == 1) {
		kinds[event.kind]++;
		n++;
	}
	return n;
}

int main(void)
{
	unsigned int kinds[DAIS_EVENT_MODEL_LOST + 1];

	nr_now = DOMAINS;
	for (uint32_t i = 0; i < DOMAINS; i++) {
		now[i] = (struct dais_domain){.domid = i, .shutdown = DAIS_SHUTDOWN_NONE};
		now[i].uuid[0] = (uint8_t)i;
	}
	/* What is there when the watch begins is no event. */
	CHECK_EQ(take(kinds), 0);
	/* Half of them end at once, each with two events of the store: one list, and one for more. */
	for (uint32_t i = 0; i < DOMAINS; i += 2)
		now[i].shutdown = DAIS_SHUTDOWN_CRASH;
	told = DOMAINS;
	lists = 0;
	CHECK_EQ(take(kinds), DOMAINS / 2);
	CHECK_EQ(kinds[DAIS_EVENT_SHUTDOWN], DOMAINS / 2);
	CHECK(lists == 2 && !told);
	/* Then these go, and a number comes around again, while others are paused. */
	for (uint32_t i = 0; i < DOMAINS; i += 2)
		now[i].dying = true;
	now[1].uuid[0] = 99;
	now[3].paused = true;
	told = 3 * DOMAINS;
	lists = 0;
	CHECK_EQ(take(kinds), DOMAINS / 2 + 3);
	CHECK(kinds[DAIS_EVENT_DESTROYED] == DOMAINS / 2 + 1 && kinds[DAIS_EVENT_PAUSED] == 1 &&
	      kinds[DAIS_EVENT_CREATED] == 1);
	CHECK(lists == 2 && !told && waits == 5);
	watcher_free(host.watcher);
	return check_done("t_watcher");
}
