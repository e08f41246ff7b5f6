// SPDX-License-Identifier: MIT
/*
 * loop.h.  A turn: what is ready is read and then served, then what was queued is sent, then memory that was let
 * go of is freed and a slice of a checkpoint is written.  While such work is left, the loop does
 * not sleep, but clients come first each turn.
 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "conn_ring.h"
#include "conn_socket.h"
#include "domain.h"
#include "handover.h"
#include "log.h"
#include "persist.h"
#include "tree.h"

#define BATCH 64
#define REAP_SLICE 2048
/* ms after which clients that wait for memory are asked again */
#define STARVED_AGAIN 50
/* ms, where something is to be tried again */
#define TICK 1000

static int epoll = -1;
static volatile bool stopped;
/*
 * Those that end it are blocked, lest one come just before it waits. A descriptor tells of them, or
 * they come only while it waits, for which the kernel changes the mask twice each turn.
 */
static sigset_t waiting_signals;
static const sigset_t *while_waiting = &waiting_signals;
static struct loop_source ends_source = {.fd = -1};
static struct loop_later *later;

static void ended(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	loop_stop();
}

int loop_init(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, &waiting_signals);
	sigdelset(&waiting_signals, SIGTERM);
	sigdelset(&waiting_signals, SIGINT);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return errno;
	/* It may fail: in a live update the filter is that of the program before. */
	ends_source = (struct loop_source){signalfd(-1, &ends, SFD_CLOEXEC), EPOLLIN, ended, NULL};
	if (ends_source.fd >= 0 && !loop_add(&ends_source))
		while_waiting = NULL;
	return 0;
}

static int control(int op, struct loop_source *s)
{
	struct epoll_event e = {.events = s->events, .data.ptr = s};

	return epoll_ctl(epoll, op, s->fd, &e) ? errno : 0;
}

int loop_add(struct loop_source *s)
{
	return control(EPOLL_CTL_ADD, s);
}

void loop_change(struct loop_source *s, uint32_t events)
{
	if (s->events == events)
		return;
	s->events = events;
	control(EPOLL_CTL_MOD, s);
}

void loop_again(struct loop_source *s)
{
	control(EPOLL_CTL_MOD, s);
}

void loop_remove(struct loop_source *s)
{
	control(EPOLL_CTL_DEL, s);
}

void loop_defer(struct loop_later *l)
{
	l->next = later;
	later = l;
}

void loop_stop(void)
{
	stopped = true;
}

uint64_t loop_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Lets another program go on from here.  If it cannot be run, we go on ourselves.  Signals that end us
 * stay blocked, so that one that comes now is still there for that program.
 */
static void replace(void)
{
	int err;

	handover_wanted = false;
	socket_pass_all();
	domain_pass_all();
	persist_commit();
	err = handover_exec();
	log_line(LOG_ERR, "live update: %s; going on as before", strerror(err));
	persist_restart();
}

/* How long to sleep if nothing comes: a timer that nobody needs would be set up for each request. */
static int patience(void)
{
	if (conn_starving)
		return STARVED_AGAIN;
	return persist_waits() || domain_waits() ? TICK : -1;
}

/* Those who wait for memory are asked again once in a while, however busy others keep us. */
static void retry_starved(void)
{
	static uint64_t next;
	uint64_t now = conn_starving ? loop_now() : 0;

	if (now < next || !conn_starving)
		return;
	next = now + STARVED_AGAIN;
	conn_retry_all();
}

void loop_run(void)
{
	struct epoll_event event[BATCH];
	/* What a live update has left is queued, and nothing tells of it. */
	bool more = true;

	while (!stopped) {
		int n = epoll_pwait(epoll, event, BATCH, more ? 0 : patience(), while_waiting);

		for (int i = 0; i < n; i++) {
			struct loop_source *s = event[i].data.ptr;

			if (s->gather)
				s->gather(s, event[i].events);
		}
		socket_gathered();
		for (int i = 0; i < n; i++) {
			struct loop_source *s = event[i].data.ptr;

			if (s->fd >= 0)
				s->ready(s, event[i].events);
		}
		retry_starved();
		conn_flush_all();
		while (later) {
			struct loop_later *l = later;

			later = l->next;
			l->fn(l);
		}
		if (handover_wanted)
			replace();
		more = tree_reap(REAP_SLICE);
		more |= persist_work();
		more |= ring_work();
		domain_work();
	}
}
