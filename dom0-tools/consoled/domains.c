/* SPDX-License-Identifier: MIT */
/*
 * A console's life: the store announces its page and port; the page is mapped by the grant that
 * every guest gives for it (or by its frame number), the port bound, a terminal made and its path
 * written to the store; then bytes go both ways until the domain is gone.
 *
 * A guest that writes without end is slowed down: it gets so many bytes per tick, then waits in
 * its full ring for the next. Nothing is lost when the daemon dies: unread bytes and indices
 * stand in the guest's page, and the next daemon goes on there.
 */
#include "domains.h"

#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/grant_table.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "announce.h"
#include "cleanup.h"
#include "dom/domain.h"
#include "log.h"
#include "logfile.h"
#include "pty.h"
#include "ring.h"
#include "store/client.h"

#define TICK_SECONDS 0.05
#define TICK_BYTES 65536u /* of one guest per tick */

struct console {
	uint32_t domid;
	uint64_t frame; /* as announced; for a page without a grant */
	uint32_t remote_port;
	int64_t port; /* ours; -1: not bound */
	struct xencons_interface *ring; /* NULL: not served */
	bool granted; /* the page was mapped by its grant */
	bool bad; /* its indices made no sense: not served again until it is announced anew */
	unsigned int left; /* bytes of this tick */
	struct pty pty;
	struct logfile log;
	ev_io input, output; /* of the terminal */
};

static struct {
	struct ev_loop *loop;
	struct console_options options;
	struct dais *host;
	struct store store;
	xenevtchn_handle *events;
	xenforeignmemory_handle *memory;
	xengnttab_handle *grants;
	struct console *by_id[DAIS_DOMID_MAX];
	uint32_t highest; /* no console above this domain */
	struct console **by_port; /* by our own port; NULL where none is bound */
	size_t ports;
	ev_io store_io, event_io;
	ev_timer tick;
	bool ticking;
} self;

/* ----- bytes ----- */

static void unserve(struct console *c);

static void give_up(struct console *c)
{
	dais_log(DAIS_LOG_WARNING, "domain %u: its console ring makes no sense; it is left alone",
		 c->domid);
	unserve(c);
	c->bad = true;
}

/* From the guest to terminal and log, as much as this tick allows. */
static void take(struct console *c)
{
	char data[2048];
	bool any = false;
	int n;

	while (c->ring && c->left) {
		n = ring_take(c->ring, data, c->left < sizeof(data) ? c->left : sizeof(data));
		if (n == RING_BAD)
			give_up(c);
		if (n <= 0)
			break;
		any = true;
		c->left -= (unsigned int)n;
		pty_put(&c->pty, data, (size_t)n);
		logfile_write(&c->log, data, (size_t)n);
	}
	if (!c->ring)
		return;
	if (any)
		xenevtchn_notify(self.events, (evtchn_port_t)c->port);
	if (c->pty.count)
		ev_io_start(self.loop, &c->output);
	if (!self.ticking && c->left < TICK_BYTES) {
		self.ticking = true;
		ev_timer_again(self.loop, &self.tick);
	}
}

static void want_input(struct console *c)
{
	int room = ring_room(c->ring);

	if (room == RING_BAD)
		give_up(c);
	else if (room)
		ev_io_start(self.loop, &c->input);
	else
		ev_io_stop(self.loop, &c->input);
}

static void on_input(struct ev_loop *loop, ev_io *io, int events)
{
	struct console *c = io->data;
	int room = ring_room(c->ring);
	char data[1024];
	ssize_t n;

	(void)loop;
	(void)events;
	if (room > 0) {
		n = read(c->pty.master, data,
			 (size_t)room < sizeof(data) ? (size_t)room : sizeof(data));
		if (n > 0 && ring_give(c->ring, data, (size_t)n) > 0)
			xenevtchn_notify(self.events, (evtchn_port_t)c->port);
	}
	want_input(c);
}

static void on_output(struct ev_loop *loop, ev_io *io, int events)
{
	struct console *c = io->data;

	(void)events;
	if (pty_flush(&c->pty))
		ev_io_stop(loop, io);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	bool waiting = false;
	uint32_t id;

	(void)events;
	self.ticking = false;
	for (id = 0; id <= self.highest; id++) {
		struct console *c = self.by_id[id];

		if (!c || !c->ring || c->left == TICK_BYTES)
			continue;
		waiting = waiting || !c->left;
		c->left = TICK_BYTES;
		take(c);
	}
	if (!self.ticking && !waiting)
		ev_timer_stop(loop, timer);
}

static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(self.events);
	struct console *c;

	(void)loop;
	(void)io;
	(void)events;
	if (port < 0)
		return;
	xenevtchn_unmask(self.events, (evtchn_port_t)port);
	c = (size_t)port < self.ports ? self.by_port[port] : NULL;
	if (c && c->ring) {
		take(c);
		if (c->ring)
			want_input(c);
	}
}

/* ----- life ----- */

static void unmap(struct console *c)
{
	if (!c->ring)
		return;
	if (c->granted)
		xengnttab_unmap(self.grants, c->ring, 1);
	else
		xenforeignmemory_unmap(self.memory, c->ring, 1);
	c->ring = NULL;
}

static void unserve(struct console *c)
{
	ev_io_stop(self.loop, &c->input);
	ev_io_stop(self.loop, &c->output);
	if (c->port >= 0) {
		self.by_port[c->port] = NULL;
		xenevtchn_unbind(self.events, (evtchn_port_t)c->port);
	}
	c->port = -1;
	unmap(c);
}

/* Notes whose port that is. */
static bool own_port(struct console *c, xenevtchn_port_or_error_t port)
{
	if ((size_t)port >= self.ports) {
		size_t ports = (size_t)port + 64;
		struct console **more = realloc(self.by_port, ports * sizeof(*more));

		if (!more)
			return false;
		memset(more + self.ports, 0, (ports - self.ports) * sizeof(*more));
		self.by_port = more;
		self.ports = ports;
	}
	self.by_port[port] = c;
	c->port = port;
	return true;
}

static void forget(struct console *c)
{
	char token[16], path[64];

	if (c->ring && !c->bad) {
		c->left = sizeof(c->ring->out);
		take(c); /* its last words */
	}
	unserve(c);
	snprintf(path, sizeof(path), "/local/domain/%u/console", c->domid);
	snprintf(token, sizeof(token), "%u", c->domid);
	store_unwatch(&self.store, path, token);
	pty_close(&c->pty);
	logfile_close(&c->log);
	self.by_id[c->domid] = NULL;
	free(c);
}

static bool map(struct console *c)
{
	xen_pfn_t frame = c->frame;
	int error = 0;

	c->granted = true;
	c->ring = xengnttab_map_grant_ref(self.grants, c->domid, GNTTAB_RESERVED_CONSOLE,
					  PROT_READ | PROT_WRITE);
	if (c->ring)
		return true;
	c->granted = false;
	c->ring = xenforeignmemory_map(self.memory, c->domid, PROT_READ | PROT_WRITE, 1, &frame,
				       &error);
	if (c->ring && error)
		unmap(c);
	return c->ring != NULL;
}

static void open_terminal(struct console *c)
{
	struct dais_error err;

	if (c->pty.master < 0) {
		if (pty_open(&c->pty)) {
			dais_log(DAIS_LOG_WARNING, "domain %u: no terminal for its console: %s",
				 c->domid, strerror(errno));
			return;
		}
		ev_io_init(&c->input, on_input, c->pty.master, EV_READ);
		ev_io_init(&c->output, on_output, c->pty.master, EV_WRITE);
		c->input.data = c->output.data = c;
	}
	if (announce_terminal(&self.store, c->domid, c->pty.path, &err))
		dais_log(DAIS_LOG_WARNING, "domain %u: nobody learns of its terminal %s: %s",
			 c->domid, c->pty.path, err.why);
}

static void open_log(struct console *c, const char *name)
{
	char number[32];

	if (c->log.fd >= 0 || self.options.log_dir < 0)
		return;
	snprintf(number, sizeof(number), "domain-%u", c->domid);
	name = name && *name ? name : number;
	if (logfile_open(&c->log, self.options.log_dir, name, self.options.log_most,
			 self.options.log_stamps))
		dais_log(DAIS_LOG_WARNING, "%s: its console is not logged: %s", name,
			 strerror(errno));
}

/*
 * Whether it is one of the nodes that announce. Not the one above them, with which every watch
 * begins, nor the terminal's name, which is what we wrote.
 */
static bool announces(const char *path)
{
	const char *name = strrchr(path, '/');

	return name &&
	       (!strcmp(name, "/ring-ref") || !strcmp(name, "/port") || !strcmp(name, "/type"));
}

/* Announced, and for us? @name is the domain's, the caller's to free; NULL: it has none. */
static bool read_announcement(const struct console *c, uint64_t *frame, uint32_t *port, char **name)
{
	struct store_value type, ref, number, named;
	long remote;
	bool ours;

	store_ask(&self.store, &type, "/local/domain/%u/console/type", c->domid);
	store_ask(&self.store, &ref, "/local/domain/%u/console/ring-ref", c->domid);
	store_ask(&self.store, &number, "/local/domain/%u/console/port", c->domid);
	store_ask(&self.store, &named, "/local/domain/%u/name", c->domid);
	store_wait(&self.store);
	*name = named.text;
	ours = ref.text && (!type.text || !strcmp(type.text, "xenconsoled"));
	*frame = ref.text ? strtoull(ref.text, NULL, 10) : 0;
	remote = store_number(&number, 0);
	*port = (uint32_t)remote;
	free(type.text);
	free(ref.text);
	return ours && remote > 0 && remote <= UINT32_MAX;
}

/* Brings the console to what the store says now. */
static void update(struct console *c)
{
	xenevtchn_port_or_error_t port;
	autofree char *name = NULL;
	uint64_t frame;
	uint32_t remote;

	if (!read_announcement(c, &frame, &remote, &name))
		return;
	if ((c->ring || c->bad) && c->frame == frame && c->remote_port == remote)
		return;
	unserve(c);
	c->bad = false;
	c->frame = frame;
	c->remote_port = remote;
	port = xenevtchn_bind_interdomain(self.events, c->domid, remote);
	if (port < 0) {
		dais_log(DAIS_LOG_INFO, "domain %u: port %u of its console: %s", c->domid, remote,
			 strerror(errno));
		return;
	}
	if (!own_port(c, port)) {
		xenevtchn_unbind(self.events, (evtchn_port_t)port);
		return;
	}
	if (!map(c)) {
		dais_log(DAIS_LOG_WARNING, "domain %u: the page of its console: %s", c->domid,
			 strerror(errno));
		unserve(c);
		return;
	}
	open_terminal(c);
	open_log(c, name);
	c->left = TICK_BYTES;
	take(c);
	if (c->ring && c->pty.master >= 0)
		want_input(c);
}

static void add(uint32_t domid)
{
	struct console *c = calloc(1, sizeof(*c));
	char token[16], path[64];

	if (!c)
		return;
	c->domid = domid;
	c->port = -1;
	c->pty.master = c->pty.slave = -1;
	c->log.fd = c->log.dir = -1;
	self.by_id[domid] = c;
	self.highest = domid > self.highest ? domid : self.highest;
	snprintf(path, sizeof(path), "/local/domain/%u/console", domid);
	snprintf(token, sizeof(token), "%u", domid);
	/* In one round trip with the first look, which comes after it: nothing is missed. */
	store_watch_soon(&self.store, path, token);
	update(c);
}

/* Compares the domains that are there with those that are served. */
static void scan(void)
{
	struct dais_domain *list = NULL;
	struct dais_error err;
	static uint8_t there[DAIS_DOMID_MAX]; /* all 0 between two scans */
	size_t i, count = 0;
	uint32_t id, last, highest = 0;

	if (dais_list_bare(self.host, &list, &count, &err)) {
		dais_log(DAIS_LOG_WARNING, "cannot list domains: %s", err.why);
		return;
	}
	last = self.highest;
	for (i = 0; i < count; i++) {
		if (!list[i].domid || list[i].domid >= DAIS_DOMID_MAX || list[i].dying)
			continue;
		there[list[i].domid] = 1;
		last = list[i].domid > last ? list[i].domid : last;
	}
	free(list);
	for (id = 1; id <= last; id++) {
		if (there[id] && !self.by_id[id])
			add(id);
		else if (!there[id] && self.by_id[id])
			forget(self.by_id[id]);
		if (self.by_id[id])
			highest = id;
		there[id] = 0;
	}
	self.highest = highest;
}

static void on_store(struct ev_loop *loop, ev_io *io, int events)
{
	struct store_event *event;
	bool changed;

	(void)io;
	(void)events;
	/*
	 * Events that came along with other answers are not announced by the socket again, so it
	 * goes on until there are none, also after the last request of scan().
	 */
	do {
		changed = false;
		while ((event = stream_event(&self.store))) {
			uint32_t id = (uint32_t)strtoul(event->text + event->token, NULL, 10);

			if (*event->text == '@')
				changed = true;
			else if (id < DAIS_DOMID_MAX && self.by_id[id] && announces(event->text))
				update(self.by_id[id]);
			free(event);
		}
		if (errno != EAGAIN) {
			/* The store went away: whoever supervises us starts us again. */
			dais_log(DAIS_LOG_WARNING, "the store is gone: %s", strerror(errno));
			ev_break(loop, EVBREAK_ALL);
			return;
		}
		if (changed)
			scan();
	} while (changed || self.store.events);
}

int domains_start(struct ev_loop *loop, const struct console_options *options,
		  struct dais_error *err)
{
	self.loop = loop;
	self.options = *options;
	if (dais_open(&self.host, err) || store_open(&self.store, err))
		return -1;
	self.events = xenevtchn_open(NULL, 0);
	self.memory = xenforeignmemory_open(NULL, 0);
	self.grants = xengnttab_open(NULL, 0);
	if (!self.events || !self.memory || !self.grants) {
		dais_fail_errno(err, DAIS_NO_HOST, errno, "open",
				!self.events   ? "/dev/xen/evtchn"
				: !self.memory ? "/dev/xen/privcmd"
					       : "/dev/xen/gntdev");
		return -1;
	}
	ev_io_init(&self.store_io, on_store, self.store.fd, EV_READ);
	ev_io_start(loop, &self.store_io);
	ev_io_init(&self.event_io, on_event, xenevtchn_fd(self.events), EV_READ);
	ev_io_start(loop, &self.event_io);
	ev_timer_init(&self.tick, on_tick, 0, TICK_SECONDS);
	if (store_watch(&self.store, "@introduceDomain", "all") ||
	    store_watch(&self.store, "@releaseDomain", "all"))
		return dais_fail_errno(err, DAIS_NO_HOST, errno, "watch", "the store");
	scan();
	/* Watches answered while we asked for others are not announced by the descriptor. */
	on_store(loop, &self.store_io, EV_READ);
	return 0;
}

void domains_reopen_logs(void)
{
	for (uint32_t id = 0; id <= self.highest; id++) {
		if (self.by_id[id])
			logfile_reopen(&self.by_id[id]->log);
	}
}

void domains_stop(void)
{
	for (uint32_t id = 0; id <= self.highest; id++) {
		if (self.by_id[id])
			forget(self.by_id[id]);
	}
	if (self.grants)
		xengnttab_close(self.grants);
	if (self.memory)
		xenforeignmemory_close(self.memory);
	if (self.events)
		xenevtchn_close(self.events);
	if (self.host)
		store_close(&self.store);
	dais_close(self.host);
}
