// SPDX-License-Identifier: MIT
/*
 * Any bytes as what three clients send (dom0 and two domains, by the first byte of each part):
 * the daemon's logic, and what looks ahead of it, stays within its memory, answers each whole
 * message once, and at the end its tree is in order and its accounts are empty.
 */
#include "../unit/xs_host.h"

#include "../../xenstore/prefetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* IN_PLACE as the socket's are, which the look ahead finds again; else with exact bounds. */
static void feed(struct conn *c, const char *data, size_t size, bool in_place)
{
	struct xsd_sockmsg head;
	size_t at = 0;

	prefetch_requests(data, size);
	prefetch_run(&store_root);
	while (wire_next(data + at, size - at, &head) == WIRE_MESSAGE) {
		const char *body = data + at + sizeof(head);
		char *copy = in_place ? NULL : malloc(head.len + 1u);

		if (copy)
			memcpy(copy, body, head.len);
		c->unread = 0;
		if (!request_run(c, &head, copy ? copy : body))
			abort();
		free(copy);
		if (xs_take(c) == XS_INVALID)
			abort();
		at += sizeof(head) + head.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conn c[3];
	size_t depth;
	struct tree_walk walk;
	struct node *n;

	store_init();
	for (unsigned int i = 0; i < 3; i++)
		xs_client(&c[i], i);
	while (size > 3) {
		size_t len = data[1] | (size_t)data[2] << 8;

		len = len < size - 3 ? len : size - 3;
		/* Now and then more has changed than a domain's transaction may see. */
		if (data[0] == 0x7f)
			past_bytes += 1u << 30;
		feed(&c[(data[0] & 0x7f) % 3], (const char *)data + 3, len, data[0] & 0x80);
		data += 3 + len;
		size -= 3 + len;
		tree_reap(100);
	}
	for (int i = 0; i < 3; i++)
		xs_take(&c[i]);
	tree_walk_begin(&walk, store_root);
	while ((n = tree_walk_next(&walk, &depth))) {
		uint64_t pos = 0;
		unsigned int children = 0;

		while (kids_next(n->kids, &pos))
			children++;
		if (children != kids_count(n->kids))
			abort();
	}
	tree_walk_end(&walk);
	for (int i = 0; i < 3; i++)
		conn_close(&c[i]);
	store_remove_owned(1);
	store_remove_owned(2);
	for (unsigned int i = 1; i < 3; i++) {
		for (int q = 0; q < QUOTA_COUNT; q++)
			if (quota_used(i, (enum quota)q))
				abort();
		quota_close(i);
	}
	if (watch_count_all() || txn_count_all())
		abort();
	node_put(store_root);
	while (tree_reap(1000))
		;
	return 0;
}
