/* SPDX-License-Identifier: MIT */
/*
 * What stands behind a struct dais: the hypervisor, the store, and what was seen last.
 */
#ifndef DAIS_DOM_HOST_H
#define DAIS_DOM_HOST_H

#include <stdint.h>

#include "dom/domain.h"
#include "hv/domctl.h"
#include "hv/handle.h"
#include "store/client.h"

struct watcher;
struct name_record;

struct dais {
	struct hv hv;
	struct store store;
	struct watcher *watcher; /* dais_event_wait()'s */
	struct name_record *names; /* all of them; NULL: not used yet */
};

/* "domain 5", for the object of an error. Returns @buf. */
char *domain_label(uint32_t domid, char buf[24]);
/* An error about @domid from errno; a domain that is not there gets its own code. */
int domain_failed(struct dais_error *err, const char *what, uint32_t domid);

/* What the hypervisor tells, in the library's words; without the name. */
void domain_convert(const struct xen_domctl_getdomaininfo *info, struct dais_domain *domain);

/*
 * Takes the lock under which names are given out, until the file descriptor is closed: two
 * creates, or a create and a rename, at a time could choose the same one. -1: go on without.
 */
int names_lock(void);
/*
 * Whether the domain is called @name. Under the lock. A name that another tool gave to a domain
 * we know already is noticed by names_note() only.
 */
bool names_is(struct dais *host, const char *name, const struct dais_domain *domain);
/* Fills in the names of @list, from what is remembered as far as that goes. */
void names_fill(struct dais *host, struct dais_domain *list, size_t count);
void names_close(struct dais *host);
/* Remembers names as they were just read. False if there is nowhere to. */
bool names_note(struct dais *host, const struct dais_domain *list, size_t count);
/* False with @err if no domain may be called that. */
bool name_proper(const char *name, struct dais_error *err);
/* -1 with DAIS_EXISTS if a domain other than @self is called @name, or it is no proper name. */
int name_free(struct dais *host, const char *name, uint32_t self, struct dais_error *err);

/*
 * Removes whatever the domain left: devices, store, records, then the domain itself. Does all
 * of it whatever fails; @err has the first failure. For destroy and for undoing a create.
 */
int domain_remove(struct dais *host, uint32_t domid, const uint8_t uuid[16],
		  struct dais_error *err);

/* The records that outlive us: a directory per domain, by UUID (docs/files). */
#define DAIS_RECORDS "/var/lib/dais/domains"
int record_write(const uint8_t uuid[16], const struct dais_config *config, struct dais_error *err);
void record_remove(const uint8_t uuid[16]);
bool record_is_there(const uint8_t uuid[16]);

#endif
