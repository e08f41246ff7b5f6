// SPDX-License-Identifier: MIT
/*
 * The first console of a domain. Its page and port are made by the builder; the console
 * daemon, stock or ours, learns of them here and answers with a pseudo-terminal.
 *
 * xl writes a back-end's nodes for it as well, to which nobody looks: its own tools and stock
 * daemons go by the guest's nodes. Dom0's kernel would make a device of them, for which it has
 * no driver, with a dozen questions to the store, and as many when they go.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cleanup.h"
#include "dev/device.h"
#include "export.h"

void console_publish(struct dais *host, uint32_t domid, uint32_t port, uint64_t mfn,
		     struct store_dir *domain)
{
	struct device_id id = {.domid = domid, .kind = "console"};
	struct store_dir back;

	/* Named all the same: by this Debian's xl finds that the domain has a console to remove. */
	device_back(&id, &host->store, &back);
	store_dir_write(domain, "console/backend", "%s", back.path);
	store_dir_write(domain, "console/backend-id", "0");
	store_dir_write(domain, "console/limit", "1048576");
	store_dir_write(domain, "console/type", "xenconsoled");
	store_dir_write(domain, "console/output", "pty");
	store_dir_write(domain, "console/tty", "%s", "");
	store_dir_write(domain, "console/port", "%u", port);
	store_dir_write(domain, "console/ring-ref", "%" PRIu64, mfn);
}

EXPORT int dais_console(struct dais *host, uint32_t domid, unsigned int timeout_ms, char *path,
			size_t size, struct dais_error *err)
{
	struct timespec nap = {.tv_nsec = 10000000};
	char label[24];

	for (unsigned int waited = 0;; waited += 10) {
		autofree char *tty = store_read(&host->store, "/local/domain/%u/console/tty",
						domid);

		if (tty && *tty) {
			snprintf(path, size, "%s", tty);
			return 0;
		}
		if (waited >= timeout_ms)
			break;
		nanosleep(&nap, NULL);
	}
	dais_fail(err, DAIS_DEVICE, "open the console", domain_label(domid, label),
		  "the console daemon has made no terminal for it");
	return dais_hint(err, "see that it runs, and that /dev/pts is mounted");
}
