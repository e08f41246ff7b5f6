// SPDX-License-Identifier: MIT
/*
 * The shares in which clients are served that all want more than there is.
 *
 *   sharetest --ours FILE --preload FILE [--stock DIR] [--on ours|C|OCaml] [--only NAME]
 *
 * Nothing here is timed: it is counted which requests the daemon takes before which others.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cases.h"
#include "client.h"
#include "hostxen.h"
#include "server.h"
#include "tap.h"

/* So much of one client's requests the daemon takes at a time. */
#define READ_SIZE 32768
#define HEAVY_DEPTH 2000

/* One that sends all it can, and one that waits for each reply. */
static void test_fair_to_light(struct server *s)
{
	unsigned long seen[400], median;
	struct xsc *heavy, *light;
	struct xsc_msg m;
	unsigned long sent = 0, replies = 0, last = 0;
	unsigned int n = 0;

	heavy = server_connect(s);
	light = server_connect(s);
	xsc_write(light, 0, "/heavy", "0");
	xsc_queue(light, XS_READ, 0, "/heavy", 7);
	while (n < 400) {
		/* What light reads is how many of heavy's writes were served before. */
		while (sent - replies < HEAVY_DEPTH) {
			char body[32] = "/heavy";
			int len = 7 + snprintf(body + 7, 20, "%lu", ++sent);

			xsc_queue(heavy, XS_WRITE, 0, body, (size_t)len);
		}
		xsc_pump(heavy);
		while (xsc_next(heavy, &m))
			replies++;
		xsc_pump(light);
		if (xsc_next(light, &m)) {
			unsigned long at = strtoul(m.body, NULL, 10);

			seen[n++] = at - last;
			last = at;
			xsc_queue(light, XS_READ, 0, "/heavy", 7);
			xsc_push(light);
		}
	}
	for (unsigned int i = 0; i < n; i++) /* the median, the slow way */
		for (unsigned int k = i + 1; k < n; k++)
			if (seen[k] < seen[i]) {
				unsigned long t = seen[i];

				seen[i] = seen[k];
				seen[k] = t;
			}
	median = seen[n / 2];
	printf("# of a client %d deep, %lu requests are served (median) for each one of a client "
	       "that waits\n",
	       HEAVY_DEPTH, median);
	/* Those under way when light's comes, those sent before light hears of it, and one read. */
	EXPECT(median <= 2 * HEAVY_DEPTH + READ_SIZE / 27, "%lu", median);
	xsc_close(heavy);
	xsc_close(light);
}

/* Ten clients with 1, 440, 880, ... requests; bytes of each: header, path with its NUL, value. */
#define SHARERS 10
#define SHARE_STEP 440
#define SHARE_ALL (1 + SHARE_STEP * SHARERS * (SHARERS - 1) / 2)
#define SHARE_REQUEST (sizeof(struct xsd_sockmsg) + 5 + 7)

static unsigned int share_of(unsigned int client)
{
	return client ? client * SHARE_STEP : 1;
}

/* Whose write each line of the access log tells of; returns their number. */
static unsigned int order_served(const struct server *s, unsigned char *order, unsigned int room)
{
	char path[128], line[512], *at;
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", s->dir);
	f = fopen(path, "r");
	while (f && n < room && fgets(line, sizeof(line), f))
		if ((at = strstr(line, " write /f/")) && at[10] >= '0' && at[10] < '0' + SHARERS)
			order[n++] = (unsigned char)(at[10] - '0');
	if (f)
		fclose(f);
	return n;
}

/* The most requests of one client that are served between two of another, which has more waiting. */
static unsigned int most_between(const unsigned char *order, unsigned int n)
{
	unsigned int since[SHARERS][SHARERS] = {0}, left[SHARERS], most = 0;

	for (unsigned int i = 0; i < SHARERS; i++)
		left[i] = share_of(i);
	for (unsigned int k = 0; k < n; k++) {
		unsigned int who = order[k];

		for (unsigned int i = 0; i < SHARERS; i++)
			if (i != who && left[i] && ++since[i][who] > most)
				most = since[i][who];
		memset(since[who], 0, sizeof(since[who]));
		left[who] -= left[who] > 0;
	}
	return most;
}

/*
 * Ten clients of different depth, all of whose requests are there when the daemon, which was stopped,
 * goes on: in which order it takes them is its own doing alone.  Its access log tells.
 */
static void test_fair_shares(struct server *s)
{
	unsigned int replies = 0, served, most;
	unsigned char *order = calloc(SHARE_ALL, 1);
	struct xsc *c[SHARERS], *dom0;
	struct xsc_msg m;

	dom0 = server_connect(s);
	EXPECT(xsc_call(dom0, XS_CONTROL, 0, "log\0on", 7, &m) == 0, "set-up");
	for (unsigned int i = 0; i < SHARERS; i++) {
		c[i] = server_connect(s);
		EXPECT(xsc_path_op(c[i], XS_DIRECTORY, 0, "/", &m) == 0, "set-up");
	}
	kill(s->pid, SIGSTOP);
	waitpid(s->pid, NULL, WUNTRACED);
	for (unsigned int i = 0; i < SHARERS; i++) {
		for (unsigned int k = 0; k < share_of(i); k++) {
			char body[16];

			snprintf(body, sizeof(body), "/f/%u%c%07u", i, 0, k);
			xsc_queue(c[i], XS_WRITE, 0, body, 12);
		}
		xsc_push(c[i]);
		EXPECT(!xsc_unsent(c[i]), "a socket takes all but %zu bytes", xsc_unsent(c[i]));
	}
	kill(s->pid, SIGCONT);
	for (unsigned int i = 0; i < SHARERS; i++)
		for (unsigned int k = 0; k < share_of(i); k++)
			replies += xsc_wait(c[i], &m, xsc_timeout) == 1 && m.type == XS_WRITE;
	EXPECT(replies == SHARE_ALL, "%u of %u answered", replies, SHARE_ALL);
	served = order_served(s, order, SHARE_ALL);
	EXPECT(served == SHARE_ALL, "%u of %u logged", served, SHARE_ALL);
	most = most_between(order, served);
	printf("# ten clients with up to %u requests waiting: at most %u of one are served before "
	       "each other\n",
	       share_of(SHARERS - 1), most);
	/* One read, and what an earlier one left. */
	EXPECT(most <= 2 * READ_SIZE / SHARE_REQUEST, "%u", most);
	for (unsigned int i = 0; i < SHARERS; i++)
		xsc_close(c[i]);
	xsc_close(dom0);
	free(order);
}

/* The last reads our access log. */
static const struct server_case cases[] = {
	{"fair-to-light", test_fair_to_light, false},
	{"fair-shares", test_fair_shares, true},
};

int main(int argc, char **argv)
{
	return server_cases(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
