// SPDX-License-Identifier: MIT
/*
 * Opening and closing the way to a host.
 */
#include "dom/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom/watcher.h"
#include "export.h"

EXPORT int dais_open(struct dais **out, struct dais_error *err)
{
	struct dais *host = calloc(1, sizeof(*host));

	*out = NULL;
	if (!host)
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "reach the hypervisor", NULL);
	if (hv_open(&host->hv, err)) {
		free(host);
		return -1;
	}
	if (store_open(&host->store, err)) {
		hv_close(&host->hv);
		free(host);
		return -1;
	}
	*out = host;
	return 0;
}

EXPORT void dais_close(struct dais *host)
{
	if (!host)
		return;
	watcher_free(host->watcher);
	names_close(host);
	store_close(&host->store);
	hv_close(&host->hv);
	free(host);
}

EXPORT void dais_leave(struct dais *host)
{
	if (host)
		store_wait(&host->store);
}

char *domain_label(uint32_t domid, char buf[24])
{
	snprintf(buf, 24, "domain %u", domid);
	return buf;
}

int domain_failed(struct dais_error *err, const char *what, uint32_t domid)
{
	int errnum = errno;
	char label[24];

	domain_label(domid, label);
	if (errnum == ESRCH)
		return dais_fail(err, DAIS_NO_DOMAIN, what, label, "there is no such domain");
	return dais_fail_errno(err, DAIS_FAILED, errnum, what, label);
}
