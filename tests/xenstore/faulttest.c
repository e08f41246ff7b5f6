// SPDX-License-Identifier: MIT
/*
 * The fault test: each place in the daemon that allocates memory or makes a system call is made to
 * fail, once and again and again, while the daemon starts, works, updates itself, and starts again.
 * Whatever fails, others are served, what was answered with OK is there, also after a kill -9 and a
 * restart, and what was refused is not.  A daemon that cannot start says so, and loses nothing.  What
 * was put off for want of memory is taken up again, however busy others keep the daemon.
 *
 *   faulttest --ours FILE --preload FILE [--only FUNCTION] [--brief] [-v]
 *
 * FILE is the daemon with faults.c in it.  --brief leaves out "again and again".
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "faults.h"
#include "hostxen.h"
#include "server.h"
#include "tap.h"

#define BULK 4800 /* writes of 2,000 bytes: the journal is written anew */
#define LOG 400
/* Hundredths of a second: a minute, which only a daemon that hangs takes. */
#define PATIENCE 6000

enum phase { WORK, UPDATE, RESTART, PHASES };
static const char *const phase_names[PHASES] = {"work", "a live update", "a restart"};

static struct server_paths paths;
static struct server server;
static struct faults *faults;
static struct xsc *idle, *dom1;
static char fault_path[128];
static const char *only;
static bool brief, verbose;

/* The log: node I of this run; what the daemon said of it. */
enum said { NOTHING, DONE, REFUSED, IN_DOUBT };
static enum said written[LOG];
static unsigned int nr_written, run_number, ended;

/* True if the daemon is gone; who waits for it learns why. */
static bool has_ended(void)
{
	siginfo_t info = {0};

	return server.pid <= 0 ||
	       (waitid(P_PID, (id_t)server.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == server.pid);
}

static struct xsc *client(void)
{
	for (int i = 0; i < PATIENCE; i++) {
		struct xsc *c = server_try(&server);

		if (c || has_ended())
			return c;
		usleep(10000);
	}
	return NULL;
}

static void logged_path(char *to, size_t size, unsigned int i)
{
	snprintf(to, size, "/f/%u/%u", run_number, i);
}

/* *C is connected again if it was lost. */
static void logged_write(struct xsc **c, uint32_t tx)
{
	unsigned int i = nr_written;
	char path[64];
	int err;

	if (!*c)
		*c = client();
	if (!*c || i == LOG)
		return;
	nr_written++;
	logged_path(path, sizeof(path), i);
	err = xsc_write(*c, tx, path, path);
	written[i] = err == 0 ? DONE : err == XSC_LOST ? IN_DOUBT : REFUSED;
	if (err == XSC_LOST) {
		xsc_close(*c);
		*c = NULL;
	}
}

static void logged_transaction(struct xsc **c)
{
	unsigned int first = nr_written;
	uint32_t tx;
	int err;

	if (!*c || xsc_begin(*c, &tx) != 0)
		return;
	for (int i = 0; i < 20 && *c; i++)
		logged_write(c, tx);
	err = *c ? xsc_end(*c, tx, true) : XSC_LOST;
	for (unsigned int i = first; i < nr_written; i++)
		if (written[i] == DONE && err)
			written[i] = err == XSC_LOST ? IN_DOUBT : REFUSED;
}

/* Requests whose result does not matter here, to come by every place. */
static void various(struct xsc *c)
{
	char big[3000];
	struct xsc_msg m;
	uint32_t tx;

	if (!c)
		return;
	xsc_path_op(c, XS_MKDIR, 0, "/v/a/b/c", &m);
	xsc_set_perms(c, 0, "/v/a", "n0 r1 w2");
	xsc_watch(c, "/v", "token");
	xsc_write(c, 0, "/v/a/b", "x");
	xsc_path_op(c, XS_DIRECTORY, 0, "/f", &m);
	xsc_path_op(c, XS_GET_PERMS, 0, "/v/a", &m);
	xsc_call(c, XS_DIRECTORY_PART, 0, "/f\0000", 5, &m);
	xsc_call(c, XS_CONTROL, 0, "memreport", 10, &m);
	xsc_call(c, XS_CONTROL, 0, "quota\0set\0001\0nodes\0002000", 23, &m);
	if (xsc_begin(c, &tx) == 0) {
		xsc_path_op(c, XS_RM, tx, "/v/a", &m);
		xsc_end(c, tx, true);
	}
	xsc_call(c, XS_UNWATCH, 0, "/v\0token", 9, &m);
	memset(big, 'b', sizeof(big));
	big[sizeof(big) - 1] = 0;
	xsc_write(dom1, 0, "own/big", big);
	xsc_path_op(dom1, XS_READ, 0, "own/big", &m);
	hostxen_create(server.hx, 2);
	xsc_introduce(c, 2);
	hostxen_set_state(server.hx, 2, HOSTXEN_SHUTDOWN);
	xsc_release(c, 2);
	hostxen_set_state(server.hx, 2, HOSTXEN_NONE);
}

static void bulk(struct xsc *c)
{
	char body[2100] = {0};
	unsigned int replies = 0;
	struct xsc_msg m;

	for (int i = 0; c && i < BULK; i++) {
		int n = snprintf(body, 32, "/bulk/%d", i % 400) + 1;

		xsc_queue(c, XS_WRITE, 0, body, (size_t)n + 2000);
		for (; i - (int)replies > 30 && xsc_wait(c, &m, xsc_timeout) == 1; replies++)
			;
	}
	while (c && replies < BULK && xsc_wait(c, &m, xsc_timeout) == 1)
		replies++;
}

static void work(void)
{
	struct xsc *c = client(), *other = client();

	for (int i = 0; i < 20; i++)
		logged_write(i % 2 ? &c : &other, 0);
	logged_transaction(&c);
	various(other);
	/* A message whose rest comes later. */
	if (other) {
		static const struct xsd_sockmsg half = {XS_READ, 1, 0, 3};

		xsc_queue_raw(other, &half, sizeof(half));
		xsc_push(other);
	}
	bulk(c);
	if (other)
		xsc_queue_raw(other, "/v", 3);
	logged_write(&c, 0);
	if (c)
		xsc_close(c);
	if (other)
		xsc_close(other);
}

static bool reports(struct xsc *c, const char *text)
{
	struct xsc_msg m;

	return xsc_call(c, XS_CONTROL, 0, "memreport", 10, &m) == 0 && strstr(m.body, text);
}

/* Waits until all is kept again. */
static void settle(void)
{
	struct xsc *c = client();

	for (int i = 0; c && i < PATIENCE && reports(c, "NOT KEPT"); i++)
		usleep(10000);
	EXPECT(c && !reports(c, "NOT KEPT"), "changes are not kept after the fault is gone");
	if (c)
		xsc_close(c);
}

static void check_log(const char *when)
{
	struct xsc *c = client();
	struct xsc_msg m;
	char path[64];

	EXPECT(c, "nobody answers %s", when);
	for (unsigned int i = 0; c && i < nr_written; i++) {
		int err;

		logged_path(path, sizeof(path), i);
		err = xsc_path_op(c, XS_READ, 0, path, &m);
		/* A daemon that ends late takes the connection along, and no node. */
		for (int again = 0; again < 3 && err && err != ENOENT; again++) {
			xsc_close(c);
			c = client();
			if (!c)
				break;
			err = xsc_path_op(c, XS_READ, 0, path, &m);
		}
		if (written[i] == DONE)
			EXPECT(err == 0 && m.len == strlen(path) &&
				       memcmp(m.body, path, m.len) == 0,
			       "%s is lost %s", path, when);
		else if (written[i] == REFUSED)
			EXPECT(err == ENOENT, "%s was refused and is there %s (%d)", path, when,
			       err);
	}
	if (c) {
		EXPECT(xsc_call(c, XS_CONTROL, 0, "check", 6, &m) == 0 && strcmp(m.body, "OK") == 0,
		       "the tree is in disorder %s", when);
		xsc_close(c);
	}
}

static void domain_up(void)
{
	struct xsc *c = client();
	struct xsc_msg m;

	if (dom1) {
		hostxen_set_state(server.hx, 1, HOSTXEN_NONE);
		xsc_close(dom1);
		/* Until the daemon has seen its end, which removes what was its own. */
		for (int i = 0;
		     i < PATIENCE && xsc_path_op(c, XS_READ, 0, "/local/domain/1", &m) == 0; i++)
			usleep(10000);
	}
	hostxen_create(server.hx, 1);
	dom1 = xsc_ring(server.hx, 1);
	xsc_write(c, 0, "/local/domain/1", "");
	xsc_set_perms(c, 0, "/local/domain/1", "n1");
	EXPECT(xsc_introduce(c, 1) == 0, "a domain is not introduced");
	EXPECT(xsc_write(dom1, 0, "own/x", "0") == 0, "a new domain is not served");
	xsc_close(c);
}

/* Where the ring of the domain stands, for who looks for the reason. */
static void show_ring(void)
{
	const struct xenstore_domain_interface *r = hostxen_ring(server.hx, 1);

	printf("# its ring: requests %u of %u read, replies %u of %u, connection %u, error %u, "
	       "event %u\n",
	       r->req_cons, r->req_prod, r->rsp_cons, r->rsp_prod, r->connection, r->error,
	       atomic_load(&server.hx->table->pending[HOSTXEN_PORT(1)]));
}

/* Those who had nothing to do with the fault: a socket that was idle, and a domain. */
static void check_others(const char *when)
{
	struct xsc *c = client();
	struct xsc_msg m;
	int served;

	if (!c)
		return;
	/* On a busy machine the ring may take longer than one wait. */
	served = xsc_write(dom1, 0, "own/x", "1");
	if (served)
		show_ring();
	if (served)
		served = xsc_write(dom1, 0, "own/x", "1");
	EXPECT(served == 0, "a domain is not served %s: %s", when, xsc_errname(served));
	/* So that one fault found is not found again by all that follow. */
	if (xsc_path_op(dom1, XS_READ, 0, "own/x", &m) != 0)
		domain_up();
	if (idle) {
		xsc_write(c, 0, "/idle", "now");
		EXPECT(xsc_wait(idle, &m, xsc_timeout) == 1 && m.type == XS_WATCH_EVENT,
		       "an idle client hears nothing %s", when);
		EXPECT(xsc_path_op(idle, XS_READ, 0, "/idle", &m) == 0,
		       "an idle client is not served %s", when);
	}
	xsc_close(c);
}

static void idle_open(void)
{
	struct xsc_msg m;

	idle = client();
	EXPECT(idle && xsc_watch(idle, "/idle", "t") == 0, "set-up");
	EXPECT(idle && xsc_wait(idle, &m, xsc_timeout) == 1, "set-up");
}

static void idle_close(void)
{
	if (idle)
		xsc_close(idle);
	idle = NULL;
}

static void live_update(void)
{
	char body[256] = "live-update\0-f", own[200];
	struct xsc *c = client();
	struct xsc_msg m;
	size_t n;

	if (!c || !realpath(paths.program[SERVER_OURS], own))
		return;
	n = 15 + (size_t)snprintf(body + 15, 200, "%s", own) + 1;
	xsc_call(c, XS_CONTROL, 0, body, n, &m);
	xsc_call(c, XS_CONTROL, 0, "live-update\0-s", 15, &m);
	/* The next answer is the new program's, or the old one's who went on. */
	for (int i = 0; i < 20 && c; i++)
		logged_write(&c, 0);
	if (c)
		xsc_close(c);
}

/* True once it serves; it may also have ended, by itself and not by a signal. */
static bool serves(void)
{
	int status;

	for (int i = 0; i < PATIENCE; i++) {
		struct xsc *c = server_try(&server);

		if (c) {
			struct xsc_msg m;
			bool up = xsc_path_op(c, XS_DIRECTORY, 0, "/", &m) == 0;

			xsc_close(c);
			if (up)
				return true;
		}
		if (waitpid(server.pid, &status, WNOHANG) == server.pid) {
			EXPECT(WIFEXITED(status) && WEXITSTATUS(status) != 0,
			       "it ended with status %x", (unsigned int)status);
			server.pid = 0;
			ended++;
			return false;
		}
		usleep(10000);
	}
	EXPECT(false, "it neither serves nor ends");
	return true;
}

static void arm(const struct fault_site *s, unsigned int times)
{
	faults->hits = 0;
	faults->left = times;
	faults->armed = s ? s->address : 0;
}

static void disarm(void)
{
	faults->armed = 0;
}

static void one(enum phase phase, const struct fault_site *s, unsigned int times)
{
	bool up = true;

	run_number++;
	nr_written = 0;
	if (phase != WORK) {
		struct xsc *c = client();

		for (int i = 0; c && i < 5; i++)
			logged_write(&c, 0);
		if (c)
			xsc_close(c);
	}
	if (phase == RESTART) {
		idle_close();
		server_kill(&server);
	}
	arm(s, times);
	if (phase == WORK) {
		work();
	} else if (phase == UPDATE) {
		live_update();
		up = serves();
	} else {
		server_spawn(&server);
		up = serves();
	}
	disarm();
	if (!up)
		idle_close();
	if (!up)
		EXPECT(server_restart(&server), "it does not start when the fault is gone");
	check_log(phase == RESTART ? "after a restart" : "after the fault");
	check_others("after the fault");
	settle();
	idle_close();
	server_kill(&server);
	EXPECT(server_restart(&server), "it does not start again");
	check_log("after a kill");
	idle_open();
}

static void sites_of(enum phase phase, struct fault_site *list, unsigned int *n)
{
	static uint32_t before[FAULT_SITES];

	for (unsigned int i = 0; i < FAULT_SITES; i++)
		before[i] = faults->site[i].calls;
	run_number++;
	nr_written = 0;
	if (phase == WORK) {
		work();
	} else if (phase == UPDATE) {
		live_update();
	} else {
		server_kill(&server);
		EXPECT(server_restart(&server), "it does not start again");
	}
	*n = 0;
	for (unsigned int i = 0; i < FAULT_SITES; i++)
		if (faults->site[i].calls != before[i] &&
		    (!only || strcmp(only, faults->site[i].function) == 0))
			list[(*n)++] = faults->site[i];
}

static void phase_run(enum phase phase)
{
	static struct fault_site list[FAULT_SITES];
	unsigned int n, bad = 0, missed = 0;
	char name[64];

	sites_of(phase, list, &n);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int times = 1; times <= (brief ? 1u : 100u); times += 99) {
			unsigned int before = tap_faults;

			one(phase, &list[i], times);
			missed += times == 1 && !faults->hits;
			if (tap_faults != before || verbose)
				printf("# %s: %s() at %#lx, %u times (%u)\n", phase_names[phase],
				       list[i].function, (unsigned long)list[i].address, times,
				       faults->hits);
			bad += tap_faults != before;
			fflush(stdout);
		}
	printf("# %s: %u places that can fail, %u of them did not come again; %u times it ended, and "
	       "was started again\n",
	       phase_names[phase], n, missed, ended);
	ended = 0;
	/* A test whose faults do not happen would pass for nothing. */
	EXPECT(only || n > 10, "%u places", n);
	EXPECT(missed * 4 <= n, "%u of %u faults did not happen", missed, n);
	snprintf(name, sizeof(name), "faults in %s", phase_names[phase]);
	tap_case(name);
}

/* A request that a fault at S has put off is answered though others keep the daemon busy. */
static bool put_off(const struct fault_site *s)
{
	struct xsc *c = client(), *other = client();
	struct xsc_msg m;
	int got = 0, waited = 0;

	if (!c || !other)
		return false;
	arm(s, 1);
	xsc_queue(c, XS_READ, 0, "/idle", 6);
	xsc_push(c);
	while (!got && !faults->hits)
		got = xsc_wait(c, &m, 10);
	disarm();
	for (; !got && waited < 200000; waited++) {
		xsc_write(other, 0, "/other", "x");
		got = xsc_wait(c, &m, 0);
	}
	EXPECT(got, "a request that %s() has put off is not answered while others ask %d times",
	       s->function, waited);
	xsc_close(c);
	xsc_close(other);
	return faults->hits > 0;
}

static void busy(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAULT_SITES; i++)
		if (strcmp(faults->site[i].function, "mem_grow") == 0)
			n += put_off(&faults->site[i]);
	EXPECT(n, "no fault has put off a request");
	tap_case("put off while others are busy");
}

static bool set_up(void)
{
	int fd;

	/* In the state directory, since that is what the daemon can open. */
	if (!server_start(&server, &paths, SERVER_OURS, SERVER_DOMAINS))
		return false;
	server_kill(&server);
	snprintf(fault_path, sizeof(fault_path), "%s/faults", server.dir);
	fd = open(fault_path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*faults)) != 0)
		return false;
	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	setenv(FAULT_VARIABLE, fault_path, 1);
	return faults != MAP_FAILED && server_restart(&server);
}

int main(int argc, char **argv)
{
	server_options(&paths, &argc, argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--brief") == 0)
			brief = true;
		else if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
			only = argv[++i];
		else
			return 2;
	}
	if (!set_up())
		return 1;
	domain_up();
	idle_open();
	for (enum phase phase = 0; phase < PHASES; phase++)
		phase_run(phase);
	if (!only)
		busy();
	server_stop(&server);
	return tap_cases_failed != 0;
}
