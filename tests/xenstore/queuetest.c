// SPDX-License-Identifier: MIT
/*
 * What waits in the daemon's queues goes on: requests that were read and not yet carried out, replies
 * that were not yet read, a signal; also while the daemon is replaced.
 *
 *   queuetest --ours FILE --preload FILE [--stock DIR] [--on ours|C|OCaml] [--only NAME]
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "server.h"
#include "tap.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/*
 * Around what one read takes, and with an end that comes together with the last request: each is
 * answered, and the end is seen.
 */
static void test_read_to_the_end(struct server *s)
{
	struct xsd_sockmsg header = {XS_READ, 1, 0, 0};
	struct xsc_msg m;
	struct xsc *c;

	for (unsigned int n = 2046; n < 2051; n++) {
		unsigned int got = 0;

		c = server_connect(s);
		for (unsigned int i = 0; i < n; i++)
			xsc_queue_raw(c, &header, sizeof(header));
		while (got < n && xsc_wait(c, &m, xsc_timeout) == 1)
			got++;
		EXPECT(got == n, "%u of %u requests answered", got, n);
		for (unsigned int i = 0; i < n; i++)
			xsc_queue_raw(c, &header, sizeof(header));
		while (xsc_unsent(c) && xsc_push(c))
			;
		shutdown(xsc_fd(c), SHUT_WR);
		for (got = 0; xsc_wait(c, &m, xsc_timeout) == 1;)
			got++;
		EXPECT(xsc_wait(c, &m, 0) == -1, "the end is not seen after %u requests", n);
		EXPECT(got <= n, "%u answers to %u requests", got, n);
		xsc_close(c);
	}
}

/*
 * More requests at once than replies are kept for, by a client that reads as fast as they come: the
 * queue may be empty again when the first send is done, and what was left of the requests goes on.
 */
static void test_reads_fast(struct server *s)
{
	enum { ROUNDS = 60, REQUESTS = 1000 };
	struct xsc_msg m;
	char big[2000];
	struct xsc *c;

	c = server_connect(s);
	memset(big, 'b', sizeof(big));
	big[sizeof(big) - 1] = 0;
	EXPECT(xsc_write(c, 0, "/big", big) == 0, "set-up");
	for (int round = 0, got = REQUESTS; round < ROUNDS && got == REQUESTS; round++) {
		for (int i = 0; i < REQUESTS; i++)
			xsc_queue(c, XS_READ, 0, "/big", 5);
		for (got = 0; got < REQUESTS && xsc_wait(c, &m, xsc_timeout) == 1;)
			got++;
		EXPECT(got == REQUESTS, "%d of %d requests answered", got, REQUESTS);
	}
	xsc_close(c);
}

/*
 * Replies that a client had not read when the daemon was replaced, and those to requests that had to wait
 * for it, come though nobody says anything.
 */
static void test_unread_in_update(struct server *s)
{
	enum { REQUESTS = 1000 };
	struct xsc *c, *other;
	char big[2000];
	struct xsc_msg m;
	int got = 0;

	c = server_connect(s);
	other = server_connect(s);
	memset(big, 'b', sizeof(big));
	big[sizeof(big) - 1] = 0;
	EXPECT(xsc_write(c, 0, "/big", big) == 0, "set-up");
	for (int i = 0; i < REQUESTS; i++)
		xsc_queue(c, XS_READ, 0, "/big", 5);
	EXPECT(xsc_push(c) && !xsc_unsent(c), "set-up");
	EXPECT(xsc_call(other, XS_CONTROL, 0, "live-update\0-s", 15, &m) == 0, "set-up");
	/* As a rule the next program waits by then; else less is tested. */
	usleep(300000);
	while (got < REQUESTS && xsc_wait(c, &m, xsc_timeout) == 1)
		got++;
	EXPECT(got == REQUESTS, "%d of %d requests answered", got, REQUESTS);
	xsc_close(c);
	xsc_close(other);
}

/*
 * What a large daemon has looked at ahead is forgotten when it is large no more: requests that come to
 * stand where others stood are answered for themselves.  What makes it large is what one client does
 * not read.
 */
static void test_looked_at_ahead(struct server *s)
{
	enum { EVENTS = 900, TOKEN = 3000 };
	char token[TOKEN + 1];
	struct xsc *c, *slow;
	struct xsc_msg m;
	int got = 0;

	c = server_connect(s);
	slow = server_connect(s);
	memset(token, 't', TOKEN);
	token[TOKEN] = 0;
	EXPECT(xsc_write(c, 0, "/aaa", "one") == 0 && xsc_write(c, 0, "/bbb", "two") == 0 &&
		       xsc_write(c, 0, "/ccc", "") == 0 && xsc_watch(slow, "/ccc", token) == 0,
	       "set-up");
	for (int i = 0; i < EVENTS; i++)
		EXPECT(xsc_write(c, 0, "/ccc", "") == 0, "set-up");
	/* Both are read at once, and neither asks for its node. */
	xsc_queue(c, XS_WATCH, 0, "/aaa\0t", 7);
	xsc_queue(c, XS_WATCH, 0, "/bbb\0t", 7);
	for (int i = 0; i < 4; i++)
		EXPECT(xsc_wait(c, &m, xsc_timeout) == 1, "set-up");
	while (got < EVENTS && xsc_wait(slow, &m, xsc_timeout) == 1)
		got += m.type == XS_WATCH_EVENT;
	EXPECT(got == EVENTS, "%d of %d events", got, EVENTS);
	EXPECT(xsc_path_op(c, XS_READ, 0, "/bbb", &m) == 0 && strcmp(m.body, "two") == 0,
	       "a read of one node gives another's value, %s", m.body);
	xsc_close(c);
	xsc_close(slow);
}

/*
 * A live update and a signal to end, of which the daemon, stopped meanwhile, comes to know in one turn:
 * the signal is for the program that follows, which ends by it.
 */
static void test_end_in_update(struct server *s)
{
	struct xsc *c;
	double end = now() + 240;
	int status = -1;
	pid_t ended = 0;

	c = server_connect(s);
	EXPECT(xsc_write(c, 0, "/kept", "x") == 0, "set-up");
	kill(s->pid, SIGSTOP);
	EXPECT(waitpid(s->pid, &status, WUNTRACED) == s->pid && WIFSTOPPED(status), "set-up");
	xsc_queue(c, XS_CONTROL, 0, "live-update\0-s", 15);
	EXPECT(xsc_push(c) && !xsc_unsent(c), "set-up");
	kill(s->pid, SIGTERM);
	kill(s->pid, SIGCONT);
	while (!ended && now() < end) {
		usleep(1000);
		ended = waitpid(s->pid, &status, WNOHANG);
	}
	EXPECT(ended == s->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "SIGTERM in a live update: %s, status %#x", ended ? "ended" : "it goes on", status);
	xsc_close(c);
	if (!ended)
		server_kill(s);
	EXPECT(server_restart(s), "does not start");
	c = server_connect(s);
	EXPECT(xsc_path_op(c, XS_READ, 0, "/kept", NULL) == 0, "what was there before is gone");
	xsc_close(c);
}

/* Those that are ours alone: live updates, and requests looked at ahead. */
/* Sends a live update's step and says what was answered. */
static const char *update(struct xsc *c, const char *step, const char *argument)
{
	static struct xsc_msg m;
	char body[256];
	int len = snprintf(body, sizeof(body), "live-update%c%s%c%s", 0, step, 0, argument);

	return xsc_call(c, XS_CONTROL, 0, body, (size_t)len + (*argument != 0), &m) ? "" : m.body;
}

static bool shows(struct xsc *c, const char *quota)
{
	struct xsc_msg m;

	return xsc_call(c, XS_CONTROL, 0, "quota", 6, &m) == 0 && strstr(m.body, quota);
}

/* What is given along is taken, or refused with what is there left as it is. */
static void test_update_options(struct server *s)
{
	static const char *const refused[] = {"--state-dir /tmp",
					      "--socket /tmp/x",
					      "-D",
					      "--user me",
					      "--quota nodes",
					      "-Q none=1",
					      "-E x",
					      "-q nodes=1",
					      "word",
					      "--no-such-option"};
	struct xsc *c;

	c = server_connect(s);
	EXPECT(xsc_write(c, 0, "/kept", "x") == 0, "set-up");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		EXPECT(strstr(update(c, "-c", refused[i]), "quotas"), "%s", refused[i]);
	EXPECT(strstr(update(c, "-f", "/no/such/file"), "No such file"),
	       "a file that is not there");
	/* Taken back, it is not done later. */
	EXPECT(strcmp(update(c, "-f", "/bin/false"), "OK") == 0 &&
		       strcmp(update(c, "-c", "-W 55"), "OK") == 0 &&
		       strcmp(update(c, "-a", ""), "OK") == 0,
	       "taken back");
	EXPECT(strcmp(update(c, "-s", ""), "OK") == 0, "with nothing");
	EXPECT(!shows(c, "watches          :       55"), "what was taken back is done");
	EXPECT(strcmp(update(c, "-c", "-N  --quota nodes=77 -q memory=88 -W 99"), "OK") == 0, "-c");
	EXPECT(strcmp(update(c, "-s", "-t"), "OK") == 0, "-s");
	EXPECT(shows(c, "nodes            :       77") && shows(c, "memory-soft      :       88") &&
		       shows(c, "watches          :       99"),
	       "options given along");
	EXPECT(xsc_path_op(c, XS_READ, 0, "/kept", NULL) == 0, "what was there before is gone");
	EXPECT(waitpid(s->pid, NULL, WNOHANG) == 0, "it is another process");
	xsc_close(c);
}

/* Nodes /n/I/K from FROM on until there are TO of them, many writes at a time. */
static void make_nodes(struct xsc *c, unsigned int from, unsigned int to)
{
	enum { AT_ONCE = 500 };
	struct xsc_msg m;
	char body[32];

	for (unsigned int i = from; i < to; i += AT_ONCE) {
		unsigned int written = 0;

		for (unsigned int k = i; k < i + AT_ONCE; k++) {
			int len = snprintf(body, sizeof(body), "/n/%u/%u%cvalue", k / 100, k % 100,
					   0);

			xsc_queue(c, XS_WRITE, 0, body, (size_t)len);
		}
		while (written < AT_ONCE && xsc_wait(c, &m, xsc_timeout) == 1)
			written += m.type == XS_WRITE;
		EXPECT(written == AT_ONCE, "set-up");
	}
}

/*
 * How long others wait for an update.  Held to a bound is the daemon's own work, to which others on
 * the machine do not add.
 */
static void test_update_wait(struct server *s)
{
	static const unsigned int sizes[] = {1000, 10000, 100000};
	struct xsc *c, *other;

	c = server_connect(s);
	other = server_connect(s);
	for (int i = 0; i < 3; i++) {
		double work = 0, wait = 1e9;

		make_nodes(c, i ? sizes[i - 1] : 0, sizes[i]);
		/* The first of them finds a journal, the others a checkpoint too. */
		for (int k = 0; k < 5; k++) {
			double begin = now(), before = server_cpu(s), took;

			EXPECT(strcmp(update(other, "-s", ""), "OK") == 0, "-s");
			EXPECT(xsc_path_op(c, XS_READ, 0, "/n/9/99", NULL) == 0, "after it");
			took = server_cpu(s) - before;
			work = took > work ? took : work;
			wait = now() - begin < wait ? now() - begin : wait;
		}
		printf("# %u nodes: a client waits for an update for %.1f ms (of five the least), at "
		       "most %.0f ms of work\n",
		       sizes[i], wait * 1e3, work * 1e3);
		EXPECT(work < 5, "%.1f s of work", work);
	}
	xsc_close(c);
	xsc_close(other);
}

static const struct server_case cases[] = {
	{"read-to-the-end", test_read_to_the_end, false},
	{"reads-fast", test_reads_fast, false},
	{"looked-at-ahead", test_looked_at_ahead, true},
	{"unread-in-update", test_unread_in_update, true},
	{"end-in-update", test_end_in_update, true},
	{"update-options", test_update_options, true},
	{"update-wait", test_update_wait, true},
};

int main(int argc, char **argv)
{
	return server_cases(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
