// SPDX-License-Identifier: MIT
/*
 * Quotas where they are easily forgotten: lowered below what is used, over a restart, at the end of a
 * transaction.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostxen.h"
#include "quotatest.h"
#include "tap.h"

/* Sets a quota of domain DOMID alone, while the daemon runs. */
static void set_quota(unsigned int domid, const char *name, unsigned int limit)
{
	char body[64];
	int len = snprintf(body, sizeof(body), "quota%cset%c%u%c%s%c%u", 0, 0, domid, 0, name, 0,
			   limit);

	EXPECT(xsc_call(dom0, XS_CONTROL, 0, body, (size_t)len + 1, NULL) == 0, "quota set %s",
	       name);
}

/* Ends the daemon, which leaves a checkpoint, and starts it again. */
static void restart(void)
{
	xsc_close(dom0);
	kill(server.pid, SIGTERM);
	waitpid(server.pid, NULL, 0);
	EXPECT(server_restart(&server), "it does not start again");
	dom0 = server_connect(&server);
}

enum { WATCHES = 100, WATCH_LIMIT = 10 };

static void hear(void *heard, const struct xsc_msg *event)
{
	((bool *)heard)[strtoul(event->body + strlen(event->body) + 1, NULL, 10) % WATCHES] = true;
}

/* Watches that a domain has stay, whatever it may have now. */
static void watches_lowered(void)
{
	bool heard[WATCHES] = {false};
	unsigned int lost = 0;
	char path[64], token[8];

	for (int i = 0; i < WATCHES; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/w%d", i);
		snprintf(token, sizeof(token), "%d", i);
		EXPECT(xsc_watch(dom1, path, token) == 0, "set-up");
	}
	/* Each has told of itself before this answer. */
	EXPECT(xsc_call(dom1, XS_GET_DOMAIN_PATH, 0, "0", 2, NULL) == 0, "set-up");
	set_quota(1, "watches", WATCH_LIMIT);
	EXPECT(xsc_watch(dom1, "/local/domain/1/more", "t") == E2BIG, "one more than it may have");
	restart();
	xsc_on_event(dom1, hear, heard);
	for (int i = 0; i < WATCHES; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/w%d", i);
		EXPECT(xsc_write(dom0, 0, path, "") == 0, "a write");
	}
	EXPECT(xsc_watch(dom1, "/local/domain/1/more", "t") == E2BIG, "the limit is forgotten");
	xsc_on_event(dom1, NULL, NULL);
	for (int i = 0; i < WATCHES; i++)
		lost += !heard[i];
	EXPECT(!lost, "of %d watches %u are lost by a restart", WATCHES, lost);
}

const struct quota_case quota_more[] = {
	{"watches-lowered", watches_lowered},
};
const size_t quota_more_count = sizeof(quota_more) / sizeof(quota_more[0]);
