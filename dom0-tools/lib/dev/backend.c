// SPDX-License-Identifier: MIT
/*
 * Which domain serves a device. dom0 prepares what its own back-ends need; in another domain the
 * administrator's system does so, by the scripts that are named in the store, as under xl.
 */
#include "cleanup.h"
#include "dev/device.h"

int backend_domain(struct dais *host, const char *name, uint32_t *domid, struct dais_error *err)
{
	struct dais_domain domain;

	*domid = 0;
	if (!name)
		return 0;
	if (dais_find(host, name, &domain, err)) {
		dais_while(err, "find the domain that is to serve a device", name);
		return dais_hint(err, "start it first, or leave out backend=");
	}
	*domid = domain.domid;
	return 0;
}
