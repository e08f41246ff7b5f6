/* SPDX-License-Identifier: MIT */
/*
 * Between our seeing a domain and our writing, somebody may have removed it; the store then makes
 * all nodes of the path anew. So what the toolstack had written is asked for behind the write, in
 * the same round trip, and if it is gone, what we made goes as well.
 */
#include "announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static bool only_child(struct store *store, const char *name, const char *path)
{
	unsigned int count;
	autofree char **list = store_list(store, &count, "%s", path);

	return list && count == 1 && !strcmp(list[0], name);
}

/* At once with the look, so that a domain of the same number that is being made is not touched. */
static int remove_what_we_made(struct store *store, uint32_t domid)
{
	char domain[40], console[56];

	snprintf(domain, sizeof(domain), "/local/domain/%u", domid);
	snprintf(console, sizeof(console), "%s/console", domain);
	do {
		if (store_begin(store))
			return -1;
		if (!only_child(store, "console", domain) || !only_child(store, "tty", console)) {
			store_abort(store);
			return 0;
		}
		store_remove(store, "%s", domain);
	} while (store_commit(store) && errno == EAGAIN);
	return 0;
}

int announce_terminal(struct store *store, uint32_t domid, const char *path, struct dais_error *err)
{
	struct store_value announced;
	struct store_dir dir;

	store_dir_at(&dir, store, "/local/domain/%u/console", domid);
	store_dir_write(&dir, "tty", "%s", path);
	store_ask(store, &announced, "%s/ring-ref", dir.path);
	store_wait(store);
	free(announced.text);
	if (!announced.text && announced.errnum == ENOENT)
		remove_what_we_made(store, domid);
	return store_done(store, err);
}
