// SPDX-License-Identifier: MIT
/*
 * A domain that writes what it likes into its ring page, indices and all, between the daemon's
 * looks at it: xenstore/conn_ring.c reads nothing outside the page and moves no index of its own
 * by what the domain wrote there.
 */
#include "../unit/xs_host.h"

#include "../../xenstore/conn_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int notified;

bool hv_notify(int port)
{
	notified += port >= 0;
	return true;
}

void hv_unbind(int port)
{
	(void)port;
}

void hv_unmap(struct hv_ring *ring)
{
	ring->page = NULL;
}

void persist_in(uint32_t domid, uint32_t in_pos)
{
	(void)domid;
	(void)in_pos;
}

void persist_stash(uint32_t domid, uint32_t in_pos, const char *data, size_t len)
{
	(void)domid;
	(void)in_pos;
	if (!data || len > XENSTORE_RING_SIZE)
		abort();
}

void ring_reconnect(struct ring_conn *r)
{
	(void)r;
}

void ring_note(const struct ring_conn *r)
{
	(void)r;
}

/* Requests as a client would send them, so that not all is refused at the door. */
static void send_well(struct xenstore_domain_interface *page, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		page->req[MASK_XENSTORE_IDX(page->req_prod + (uint32_t)i)] = (char)data[i];
	page->req_prod += (uint32_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xenstore_domain_interface *page = calloc(1, 4096);
	struct ring_conn r;

	store_init();
	quota_open(1);
	ring_init(&r, 1);
	r.ring.page = page;
	r.port = 1;
	ring_begin(&r);
	while (size > 3) {
		uint32_t before, room;
		size_t len = data[1] & 127, at = data[2] * 9u;

		len = len < size - 3 ? len : size - 3;
		switch (data[0] % 8) {
		case 0: /* anything, anywhere in the page */
			at = at + len < 4096 ? at : 0;
			memcpy((char *)page + at, data + 3, len);
			break;
		case 1: /* any indices */
			len = len < 32 ? len : 32;
			memcpy(&page->req_cons, data + 3, len);
			break;
		case 2: /* replies are read */
			page->rsp_cons = page->rsp_prod;
			break;
		default:
			send_well(page, data + 3, len);
		}
		before = r.out_pos;
		room = XENSTORE_RING_SIZE - (before - page->rsp_cons);
		ring_ready(&r);
		/* Never more than the domain had made room for, unless it began anew. */
		if (room <= XENSTORE_RING_SIZE && r.out_pos - before > room && r.out_pos > room)
			abort();
		data += 3 + len;
		size -= 3 + len;
	}
	conn_close(&r.conn);
	store_remove_owned(1);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (quota_used(1, (enum quota)q))
			abort();
	quota_close(1);
	node_put(store_root);
	while (tree_reap(1000))
		;
	free(page);
	return 0;
}
