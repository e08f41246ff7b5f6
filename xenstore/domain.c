// SPDX-License-Identifier: MIT
/*
 * domain.h.  A domain is known from when it is introduced, or named in somebody's rights, until
 * the hypervisor has it no more; known domains are looked at whenever one may have died.
 *
 * Death is told up to three times, as toolstacks expect: it has shut down; it is dying, when all
 * that it had here goes; it is gone.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "conn_ring.h"
#include "handover.h"
#include "hv.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "store.h"
#include "watch.h"

#define BATCH 64
/* ms after which domains are looked at again when the hypervisor could not be asked */
#define LOOK_AGAIN 500

struct domain {
	struct domain *next;
	struct loop_later later;
	uint32_t domid;
	uint64_t gfn;
	uint32_t remote_port;
	bool introduced, shut_down, dying;
	bool reported; /* that its ring cannot be connected */
	struct ring_conn ring; /* if introduced */
};

static struct domain *domains, *by_id[DOMID_LIMIT];
static struct domain **by_port;
static size_t port_room;
static bool hypervisor;
static int deaths_port = -1;
static uint64_t look_again_at; /* or 0 */
static struct loop_source source = {.fd = -1};

static struct domain *find(uint32_t domid)
{
	return domid < DOMID_LIMIT ? by_id[domid] : NULL;
}

static struct domain *make(uint32_t domid)
{
	struct domain *d = find(domid);

	if (d)
		return d;
	d = quota_open(domid) ? NULL : mem_alloc(sizeof(*d));
	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->domid = domid;
	d->next = domains;
	domains = d;
	by_id[domid] = d;
	return d;
}

static bool set_port(struct domain *d, int port)
{
	size_t room = port_room ? port_room : 64;

	while (room <= (size_t)port)
		room *= 2;
	if (room != port_room) {
		struct domain **more = mem_alloc(room * sizeof(*more));

		if (!more)
			return false;
		memset(more, 0, room * sizeof(*more));
		if (port_room)
			memcpy(more, by_port, port_room * sizeof(*more));
		mem_free(by_port, port_room * sizeof(*by_port));
		by_port = more;
		port_room = room;
	}
	by_port[port] = d;
	return true;
}

static void clear_port(const struct domain *d)
{
	if (d->introduced && d->ring.port >= 0)
		by_port[d->ring.port] = NULL;
}

static void note(const struct domain *d, bool streams)
{
	struct persist_domain p = {.domid = d->domid,
				   .life = perm_life(d->domid),
				   .gfn = d->gfn,
				   .port = d->remote_port,
				   .known = d->introduced ? DOMAIN_INTRODUCED
					    : d->dying    ? DOMAIN_DYING
							  : DOMAIN_NAMED,
				   .shut_down = d->shut_down,
				   .streams = streams};

	if (d->introduced) {
		p.target = d->ring.conn.who.target;
		p.in_pos = d->ring.in_pos;
		p.out_pos = d->ring.out_pos;
	}
	persist_domain(&p);
}

void ring_note(const struct ring_conn *r)
{
	note(find(r->conn.id), true);
}

static void release_memory(struct loop_later *l)
{
	struct domain *d = (struct domain *)((char *)l - offsetof(struct domain, later));

	mem_free(d, sizeof(*d));
}

/* The hypervisor has it no more, or nobody here speaks of it. */
static void forget(struct domain *d)
{
	struct domain **at = &domains;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	by_id[d->domid] = NULL;
	quota_close(d->domid);
	persist_domain(&(struct persist_domain){.domid = d->domid, .life = perm_life(d->domid)});
	/* Its client may be the one whose request this is. */
	d->later.fn = release_memory;
	loop_defer(&d->later);
}

/* Those that stood for a domain stand for nobody: its number will mean another. */
static void untarget(const struct domain *gone)
{
	for (struct domain *d = domains; d; d = d->next) {
		if (!d->introduced || d->ring.conn.who.target != gone->domid)
			continue;
		d->ring.conn.who.target = DOMID_LIMIT;
		note(d, false);
	}
}

/* Ends all that a domain had: its client, its nodes, what its number meant in rights. */
static void bury(struct domain *d)
{
	clear_port(d);
	if (d->introduced)
		conn_close(&d->ring.conn);
	d->introduced = false;
	store_remove_owned(d->domid);
	untarget(d);
	perm_life_set(d->domid, perm_life(d->domid) + 1);
	d->dying = true;
	note(d, false);
}

static int bind_port(struct domain *d, uint32_t port)
{
	int ours = hv_bind(d->domid, port);

	if (ours < 0)
		return errno;
	if (!set_port(d, ours)) {
		hv_unbind(ours);
		return ENOMEM;
	}
	d->ring.port = ours;
	d->remote_port = port;
	return 0;
}

/* Connects a known domain whose ring is initialised. */
static int connect_ring(struct domain *d)
{
	uint32_t port = d->remote_port;
	bool mapped = d->domid ? hv_map(&d->ring.ring, d->domid, d->gfn)
			       : hv_map_dom0(&d->ring.ring, &port, handover_take(HANDOVER_DOM0));
	int err;

	if (!mapped)
		return errno ? errno : EINVAL;
	err = bind_port(d, port);
	if (err)
		hv_unmap(&d->ring.ring);
	return err;
}

int domain_introduce(uint32_t domid, uint64_t gfn, uint32_t port)
{
	struct domain *d = find(domid);

	if (!hypervisor || !domid)
		return EINVAL;
	if (d && d->dying)
		return EINVAL;
	if (d && d->introduced) {
		/* Again: the domain has a new port, and begins anew. */
		clear_port(d);
		hv_unbind(d->ring.port);
		d->ring.port = -1;
		if (bind_port(d, port))
			return EINVAL;
		ring_reset(&d->ring);
		ring_begin(&d->ring);
		note(d, true);
		return 0;
	}
	if (hv_domain_state(domid) == HV_GONE)
		return EINVAL;
	d = make(domid);
	if (!d)
		return ENOMEM;
	d->gfn = gfn;
	d->remote_port = port;
	ring_init(&d->ring, domid);
	if (connect_ring(d)) {
		d->ring.conn.kept = false;
		conn_close(&d->ring.conn);
		return EINVAL;
	}
	d->introduced = true;
	ring_begin(&d->ring);
	note(d, true);
	watch_special(SPECIAL_INTRODUCE, domid);
	return 0;
}

int domain_release(uint32_t domid)
{
	struct domain *d = find(domid);
	enum hv_state state;

	if (!domid)
		return EINVAL;
	if (!d || !d->introduced)
		return ENOENT;
	bury(d);
	watch_special(SPECIAL_RELEASE, domid);
	state = hv_domain_state(domid);
	d->dying = state == HV_DYING;
	if (state == HV_UNKNOWN)
		look_again_at = loop_now() + LOOK_AGAIN;
	if (state == HV_GONE)
		forget(d);
	else
		note(d, false);
	return 0;
}

int domain_resume(uint32_t domid)
{
	struct domain *d = find(domid);

	if (!domid)
		return EINVAL;
	if (!d || !d->introduced)
		return ENOENT;
	d->shut_down = false;
	note(d, false);
	return 0;
}

int domain_set_target(uint32_t domid, uint32_t target)
{
	struct domain *d = find(domid), *t = find(target);

	if (!domid || !d || !d->introduced || !t || !t->introduced)
		return ENOENT;
	d->ring.conn.who.target = (uint16_t)target;
	note(d, false);
	return 0;
}

bool domain_is_introduced(uint32_t domid)
{
	struct domain *d = find(domid);

	return domid == 0 || domid == DOMID_LIMIT || (d && d->introduced);
}

int domain_name_in_rights(uint32_t domid)
{
	struct domain *d = find(domid);

	if (!hypervisor || !domid || (d && !d->dying))
		return 0;
	if (d || hv_domain_state(domid) == HV_GONE)
		return ENOENT;
	d = make(domid);
	if (!d)
		return ENOMEM;
	note(d, false);
	return 0;
}

/* One of the known domains after one may have died. */
static void look_at(struct domain *d)
{
	enum hv_state state = hv_domain_state(d->domid);
	bool tell = false;

	if (state == HV_UNKNOWN)
		look_again_at = loop_now() + LOOK_AGAIN;
	if (state == HV_SHUT_DOWN && !d->shut_down) {
		d->shut_down = true;
		note(d, false);
		tell = d->introduced;
	}
	if ((state == HV_DYING || state == HV_GONE) && !d->dying) {
		tell = true;
		bury(d);
	} else if (state == HV_GONE) {
		tell = true;
	}
	if (tell)
		watch_special(SPECIAL_RELEASE, d->domid);
	if (state == HV_GONE)
		forget(d);
}

static void look_at_all(void)
{
	struct domain *d = domains, *next;

	for (; d; d = next) {
		next = d->next;
		if (d->domid)
			look_at(d);
	}
	persist_commit();
}

bool domain_waits(void)
{
	return look_again_at != 0;
}

void domain_work(void)
{
	if (!look_again_at || loop_now() < look_again_at)
		return;
	look_again_at = 0;
	look_at_all();
}

static void ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	for (int i = 0; i < BATCH; i++) {
		int port = hv_pending();

		if (port < 0)
			return;
		hv_unmask(port);
		if (port == deaths_port)
			look_at_all();
		else if ((size_t)port < port_room && by_port[port])
			ring_ready(&by_port[port]->ring);
	}
}

/* What may be there in a moment, unlike a ring that is not. */
static bool is_shortage(int err)
{
	return err == ENOMEM || err == ENOSPC || err == EMFILE || err == ENFILE || err == EAGAIN ||
	       err == EINTR;
}

/* Dom0's kernel, or a domain of before a restart. */
static int reconnect(struct domain *d)
{
	int err = connect_ring(d);

	if (err) {
		if (!d->reported)
			log_line(LOG_ERR, "domain %u: cannot connect its ring: %s", d->domid,
				 strerror(err));
		d->reported = true;
		if (is_shortage(err))
			conn_starve(&d->ring.conn);
		return err;
	}
	if (d->reported)
		log_line(LOG_NOTICE, "domain %u: its ring is connected", d->domid);
	d->reported = false;
	ring_resume(&d->ring);
	ring_ready(&d->ring);
	return 0;
}

void ring_reconnect(struct ring_conn *r)
{
	reconnect(find(r->conn.id));
}

static int start_dom0(void)
{
	struct domain *d = make(0);
	int err;

	if (!d)
		return ENOMEM;
	ring_init(&d->ring, 0);
	d->introduced = true;
	err = connect_ring(d);
	/* Later on nobody could: only root has the right. And a host without it has no devices. */
	if (err) {
		log_line(LOG_ERR,
			 "dom0's kernel has no ring for the store: %s (neither /proc/xen/xsd_kva "
			 "nor /dev/xen/xenbus_backend; modprobe xenfs, mount -t xenfs xenfs "
			 "/proc/xen)",
			 strerror(err));
		return err;
	}
	ring_begin(&d->ring);
	note(d, true);
	/* The kernel waits for the store's first event. */
	d->ring.notify = true;
	conn_mark(&d->ring.conn);
	return 0;
}

int domain_init(bool with)
{
	int err;

	hypervisor = with;
	if (!with)
		return 0;
	err = hv_open();
	if (err)
		return err;
	deaths_port = hv_bind_deaths();
	if (deaths_port < 0) {
		err = errno;
		log_line(LOG_ERR, "cannot hear of dying domains: %s", strerror(err));
		return err;
	}
	source = (struct loop_source){hv_fd(), EPOLLIN, ready, NULL};
	return loop_add(&source);
}

int domain_start(void)
{
	struct domain *d, *next;

	if (!hypervisor)
		return 0;
	look_at_all();
	for (d = domains; d; d = next) {
		next = d->next;
		if (d->introduced && reconnect(d) && !d->domid)
			return EIO;
	}
	return find(0) ? 0 : start_dom0();
}

bool domain_restore(const struct persist_domain *p)
{
	struct domain *d = find(p->domid);

	perm_life_set(p->domid, p->life);
	if (p->known != DOMAIN_INTRODUCED && d && d->introduced) {
		conn_close(&d->ring.conn);
		d->introduced = false;
	}
	if (p->known == DOMAIN_UNKNOWN) {
		if (d)
			forget(d);
		return true;
	}
	d = make(p->domid);
	if (!d)
		return false;
	d->shut_down = p->shut_down;
	d->dying = p->known == DOMAIN_DYING;
	d->gfn = p->gfn;
	d->remote_port = p->port;
	if (p->known != DOMAIN_INTRODUCED)
		return true;
	if (!d->introduced)
		ring_init(&d->ring, p->domid);
	d->introduced = true;
	d->ring.conn.who.target = (uint16_t)p->target;
	if (p->streams) {
		ring_reset(&d->ring);
		d->ring.in_pos = p->in_pos;
		d->ring.out_pos = p->out_pos;
	}
	return true;
}

bool domain_restore_out(uint32_t domid, const char *data, size_t len)
{
	struct domain *d = find(domid);
	char *to;

	if (!d || !d->introduced)
		return true;
	to = conn_room(&d->ring.conn, len);
	if (!to)
		return false;
	memcpy(d->ring.conn.out + d->ring.conn.out_len, data, len);
	d->ring.conn.out_len += len;
	return true;
}

bool domain_restore_in(uint32_t domid, uint32_t in_pos, const char *stash, size_t len)
{
	struct domain *d = find(domid);
	char whole[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	struct conn *c;

	if (!d || !d->introduced)
		return true;
	c = &d->ring.conn;
	d->ring.in_pos = in_pos;
	if (!len) {
		c->in_len = 0;
		return true;
	}
	if (c->in_len + len > sizeof(whole))
		return false;
	if (c->in_len)
		memcpy(whole, c->in, c->in_len);
	memcpy(whole + c->in_len, stash, len);
	if (conn_stash(c, whole, c->in_len + len))
		return true;
	errno = ENOMEM;
	return false;
}

void domain_persist_all(void)
{
	for (uint32_t i = 0; i < DOMID_LIMIT; i++)
		if (!by_id[i] && perm_life(i))
			persist_domain(&(struct persist_domain){.domid = i, .life = perm_life(i)});
	for (const struct domain *d = domains; d; d = d->next) {
		const struct conn *c = &d->ring.conn;

		note(d, true);
		if (!d->introduced)
			continue;
		if (conn_pending(c))
			persist_out(d->domid, c->out + c->out_at, conn_pending(c));
		if (c->in_len)
			persist_stash(d->domid, d->ring.in_pos, c->in, c->in_len);
	}
}

/* What cannot be passed on could be mapped again by root only. */
bool domain_can_pass(void)
{
	const struct domain *d = find(0);

	return !d || !d->ring.ring.page || hv_dom0_fd() >= 0;
}

void domain_pass_all(void)
{
	if (hv_dom0_fd() >= 0)
		handover_pass(hv_dom0_fd(), HANDOVER_DOM0);
}
