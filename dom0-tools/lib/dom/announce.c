// SPDX-License-Identifier: MIT
/*
 * The control domain in the store. Nobody makes it as other domains are made, so what tools and
 * kernels look for in its place is written here. What is there already stays: another tool may
 * have written it, with more.
 */
#include <errno.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"

EXPORT int dais_announce(struct dais *host, struct dais_error *err)
{
	autofree char *name = store_read(&host->store, "/local/domain/0/name");
	struct store_dir dir;

	if (name && *name)
		return 0;
	if (!name && errno != ENOENT)
		return dais_fail_errno(err, DAIS_NO_HOST, errno, "announce the host", "the store");
	store_dir_at(&dir, &host->store, "/local/domain/0");
	store_dir_write(&dir, "domid", "0");
	store_dir_write(&dir, "name", DAIS_CONTROL_NAME);
	return store_done(&host->store, err);
}
