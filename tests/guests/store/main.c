// SPDX-License-Identifier: MIT
/*
 * pvrt's end of the store's ring (pvdrivers/guest/xenbus.c) against a small store on the other
 * end of the page, in the same domain: requests, errors, transactions, watches, messages larger
 * than the ring, indices that wrap, an other end that moves one byte at a time.  The events that
 * the two ends exchange are the hypervisor's.
 */
#include "test.h"

#include <xen/io/xs_wire.h>

#define NODES 64
#define RING XENSTORE_RING_SIZE

struct node {
	char path[64];
	char *value;
	size_t length;
	unsigned int generation;
	bool deleted;
};

static struct xenstore_domain_interface *ring;
static evtchn_port_t server_port;
static struct node nodes[NODES];
static unsigned int nr_nodes, generation, tx_start, slice, served, notified;
static char watched[64], token[64];

/* --- the small store --- */

static struct node *find(const char *path)
{
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (!nodes[i].deleted && !strcmp(nodes[i].path, path))
			return &nodes[i];
	return NULL;
}

static void send_bytes(const void *data, size_t n)
{
	const char *from = data;
	uint32_t prod = ring->rsp_prod;

	/* The reader is behind this very call: what does not fit is a fault of the test. */
	if (n > RING - (prod - ring->rsp_cons))
		panic("the test's answers do not fit");
	while (n--)
		ring->rsp[MASK_XENSTORE_IDX(prod++)] = *from++;
	barrier();
	WRITE_ONCE(ring->rsp_prod, prod);
}

static void answer(const struct xsd_sockmsg *to, uint32_t type, const void *data, size_t n)
{
	struct xsd_sockmsg h = {
		.type = type, .req_id = to->req_id, .tx_id = to->tx_id, .len = (uint32_t)n};

	send_bytes(&h, sizeof(h));
	send_bytes(data, n);
}

static void refuse(const struct xsd_sockmsg *to, const char *error)
{
	answer(to, XS_ERROR, error, strlen(error) + 1);
}

static void fire(const char *path)
{
	struct xsd_sockmsg h = {.type = XS_WATCH_EVENT};
	char text[130];
	size_t n = strlen(path) + 1;

	if (!watched[0] || strncmp(path, watched, strlen(watched)))
		return;
	memcpy(text, path, n);
	memcpy(text + n, token, strlen(token) + 1);
	h.len = (uint32_t)(n + strlen(token) + 1);
	send_bytes(&h, sizeof(h));
	send_bytes(text, h.len);
}

static void write_node(const char *path, const char *value, size_t length)
{
	struct node *n = find(path);

	if (!n) {
		n = &nodes[nr_nodes++];
		n->deleted = false;
		print_to(n->path, sizeof(n->path), "%s", path);
	}
	heap_free(n->value);
	n->value = heap_alloc(length + 1);
	memcpy(n->value, value, length);
	n->length = length;
	n->generation = ++generation;
	fire(path);
}

static void list_children(const struct xsd_sockmsg *h, const char *path)
{
	char names[512];
	size_t n = strlen(path), used = 0;

	for (unsigned int i = 0; i < nr_nodes; i++)
		if (!nodes[i].deleted && !strncmp(nodes[i].path, path, n) &&
		    nodes[i].path[n] == '/')
			used += (size_t)print_to(names + used, sizeof(names) - used, "%s",
						 nodes[i].path + n + 1) +
				1;
	answer(h, h->type, names, used);
}

static void serve(const struct xsd_sockmsg *h, const char *body)
{
	const char *second = body + strlen(body) + 1;
	struct node *n = find(body);

	served++;
	switch (h->type) {
	case XS_READ:
		if (n)
			answer(h, h->type, n->value, n->length);
		else
			refuse(h, "ENOENT");
		return;
	case XS_DIRECTORY:
		list_children(h, body);
		return;
	case XS_WRITE:
		write_node(body, second, h->len - (size_t)(second - body));
		answer(h, h->type, "OK", 3);
		return;
	case XS_MKDIR:
		write_node(body, "", 0);
		answer(h, h->type, "OK", 3);
		return;
	case XS_RM:
		if (!n) {
			refuse(h, "ENOENT");
			return;
		}
		n->deleted = true;
		fire(body);
		answer(h, h->type, "OK", 3);
		return;
	case XS_TRANSACTION_START:
		tx_start = generation;
		answer(h, h->type, "7", 2);
		return;
	case XS_TRANSACTION_END:
		if (body[0] == 'T' && generation != tx_start)
			refuse(h, "EAGAIN");
		else
			answer(h, h->type, "OK", 3);
		return;
	case XS_WATCH:
		print_to(watched, sizeof(watched), "%s", body);
		print_to(token, sizeof(token), "%s", second);
		answer(h, h->type, "OK", 3);
		fire(body);
		return;
	case XS_UNWATCH:
		watched[0] = 0;
		answer(h, h->type, "OK", 3);
		return;
	default:
		refuse(h, "EWHATEVER");
	}
}

/* Takes at most `slice` bytes; carries a request out once it is whole. */
static void server_step(void)
{
	static char message[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
	static size_t have;
	struct xsd_sockmsg h;

	for (unsigned int i = 0; i < slice && ring->req_cons != READ_ONCE(ring->req_prod); i++) {
		message[have++] = ring->req[MASK_XENSTORE_IDX(ring->req_cons)];
		barrier();
		ring->req_cons++;
		memcpy(&h, message, sizeof(h));
		if (have < sizeof(h) || have < sizeof(h) + h.len)
			continue;
		message[have] = 0;
		have = 0;
		serve(&h, message + sizeof(h));
	}
	event_send(server_port);
}

static void server_event(evtchn_port_t port, void *data)
{
	(void)port;
	(void)data;
	notified++;
	server_step();
}

/* --- cases --- */

static char text[XENSTORE_PAYLOAD_MAX + 1];

static void requests(void)
{
	is("a value is written", store_write(0, "a", "one"), 0);
	is("and read: its length", store_read(0, "a", text, sizeof(text)), 3);
	is("and itself", strcmp(text, "one"), 0);
	is("one that is not there", store_read(0, "b", text, sizeof(text)), -2);
	is("an empty one", store_write(0, "b", ""), 0);
	is("is empty", store_read(0, "b", text, sizeof(text)), 0);
	is("a directory", store_mkdir(0, "d"), 0);
	store_write(0, "d/x", "1");
	store_write(0, "d/y", "2");
	is("its names: their lengths", store_directory(0, "d", text, sizeof(text)), 4);
	is("the first", strcmp(text, "x"), 0);
	is("the second", strcmp(text + 2, "y"), 0);
	is("no names", store_directory(0, "a", text, sizeof(text)), 0);
	is("removed", store_remove(0, "d/x"), 0);
	is("it is gone", store_read(0, "d/x", text, sizeof(text)), -2);
	is("removed again", store_remove(0, "d/x"), -2);
	is("a request that the store does not know", store_request(99, 0, "", 1, NULL, 0), -22);
	is("an answer cut to the room there is", store_read(0, "a", text, 2), 3);
	is("ends in NUL", strcmp(text, "o"), 0);
	is("more than a message can hold", store_request(XS_WRITE, 0, text, 5000, NULL, 0), -7);
}

static void transactions(void)
{
	uint32_t tx;

	is("a transaction", store_transaction(&tx), 0);
	is("has its number", tx, 7);
	is("which requests carry", store_read(tx, "a", text, sizeof(text)), 3);
	is("it ends", store_transaction_end(tx, true), 0);
	store_transaction(&tx);
	write_node("a", "two", 3);
	is("somebody was quicker", store_transaction_end(tx, true), -11);
	is("given up", (store_transaction(&tx), store_transaction_end(tx, false)), 0);
}

static void watches(void)
{
	char path[64], mark[64];

	ok(!store_event(path, 64, mark, 64), "no event without a watch");
	is("a watch", store_watch("w", "mark"), 0);
	ok(store_event(path, 64, mark, 64), "fires at once");
	is("with its path", strcmp(path, "w"), 0);
	is("and its token", strcmp(mark, "mark"), 0);
	is("a change below it, reported before the answer", store_write(0, "w/1", "x"), 0);
	is("another", store_write(0, "w/2", "x"), 0);
	ok(store_event(path, 64, mark, 64) && !strcmp(path, "w/1"), "the first is told first");
	ok(store_event(path, 64, mark, 64) && !strcmp(path, "w/2"), "then the second");
	ok(!store_event(path, 64, mark, 64), "and no more");
	write_node("w/3", "y", 1);
	ok(store_event(path, 64, mark, 64) && !strcmp(path, "w/3"), "one that came by itself");
	is("no watch", store_unwatch("w", "mark"), 0);
	write_node("w/4", "y", 1);
	ok(!store_event(path, 64, mark, 64), "nothing is told");
}

static void sizes(void)
{
	static char large[3000], small[900];
	bool same = true;

	memset(large, 'L', sizeof(large) - 1);
	is("a value three times the ring", store_write(0, "large", large), 0);
	is("arrived whole", find("large")->length, sizeof(large) - 1);
	is("byte by byte", memcmp(find("large")->value, large, sizeof(large) - 1), 0);
	for (unsigned int i = 0; i < 300; i++) {
		size_t n = i * 7 % (sizeof(small) - 1);

		memset(small, 'a' + (int)(i % 26), n);
		small[n] = 0;
		same &= !store_write(0, "s", small) &&
			store_read(0, "s", text, sizeof(text)) == (long)n &&
			!memcmp(text, small, n);
	}
	ok(same, "300 values of every length, wherever the ring wraps");
	slice = 1;
	same = true;
	for (unsigned int i = 0; i < 5; i++)
		same &= !store_write(0, "s", "slowly") && store_read(0, "s", text, 8) == 6;
	ok(same, "a store that takes a byte at a time");
	slice = ~0u;
}

static void wrap(void)
{
	bool good = true;

	ring->req_prod = ring->req_cons = 0xffffff80;
	ring->rsp_prod = ring->rsp_cons = 0xfffffff0;
	for (unsigned int i = 0; i < 20; i++)
		good &= !store_write(0, "a", "three") && store_read(0, "a", text, 9) == 5;
	ok(good && ring->rsp_prod < 0x1000, "indices that go over 2^32");
}

int guest_main(void)
{
	evtchn_port_t ours = event_alloc_unbound(0);

	ring = page_alloc();
	slice = ~0u;
	server_port = event_bind_interdomain(0, ours, server_event, NULL);
	/* The store's end runs in its upcall; ours waits with events open. */
	store_idle = server_step;
	store_init(ring, ours);
	part(requests);
	part(transactions);
	part(watches);
	part(sizes);
	part(wrap);
	is("every step was asked for by an event or a wait", served > 600, true);
	/* The same with nothing but events between the two. */
	store_idle = NULL;
	events_enable();
	notified = nr_nodes = 0;
	part(requests);
	part(watches);
	ok(notified > 20, "and again, by events alone");
	events_disable();
	event_unbind(server_port);
	event_unbind(ours);
	return test_end();
}
