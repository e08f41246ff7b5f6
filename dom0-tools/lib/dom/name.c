// SPDX-License-Identifier: MIT
/*
 * Names of domains. The store's are the true ones; so that a create or a list need not read
 * them all, a file beside it remembers by number and UUID which name was last seen, and a
 * domain that it does not know is looked up and added. What we rename is changed there too; a
 * name given by another tool is seen as soon as a domain is looked for by it, or by its old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "dom/host.h"

#define NAMES_DIR "/run/dais"
#define NAMES_LOCK NAMES_DIR "/names.lock"
#define NAMES_FILE NAMES_DIR "/names"

/* At the domain's number; sparse, in memory. Changed under the lock of names only. */
struct name_record {
	uint8_t uuid[16];
	char name[DAIS_NAME_MAX + 1];
};
#define NAMES_SIZE (DAIS_DOMID_MAX * sizeof(struct name_record))

int names_lock(void)
{
	int fd = open(NAMES_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == ENOENT && !mkdir(NAMES_DIR, 0755))
		fd = open(NAMES_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static struct name_record *map_file(void)
{
	autoclose int fd = open(NAMES_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (st.st_size < (off_t)NAMES_SIZE && ftruncate(fd, (off_t)NAMES_SIZE))
		return NULL;
	at = mmap(NULL, NAMES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/*
 * Mapped at the first use, for as long as the host is open. NULL: then the store is read for
 * every name.
 */
static struct name_record *map_names(struct dais *host)
{
	if (!host->names)
		host->names = map_file();
	return host->names;
}

void names_close(struct dais *host)
{
	if (host->names)
		munmap(host->names, NAMES_SIZE);
	host->names = NULL;
}

/* The record of a domain, which may be of another that had its number. NULL: there is none. */
static struct name_record *record_of(struct name_record *records, const struct dais_domain *d)
{
	return records && d->domid < DAIS_DOMID_MAX ? &records[d->domid] : NULL;
}

static bool is_of(const struct name_record *r, const struct dais_domain *d)
{
	return r && *r->name && !memcmp(r->uuid, d->uuid, sizeof(r->uuid));
}

/* Takes the name that the store was asked for, also into @record; the value is freed. */
static bool refresh(struct store_value *value, const struct dais_domain *d,
		    struct name_record *record, char name[DAIS_NAME_MAX + 1])
{
	autofree char *has = value->text;

	if (!has || !*has)
		return false;
	snprintf(name, DAIS_NAME_MAX + 1, "%s", has);
	if (record) {
		memcpy(record->uuid, d->uuid, sizeof(record->uuid));
		memcpy(record->name, name, sizeof(record->name));
	}
	return true;
}

static void ask(struct dais *host, const struct dais_domain *d, struct store_value *value)
{
	store_ask(&host->store, value, "/local/domain/%u/name", d->domid);
}

bool names_is(struct dais *host, const char *name, const struct dais_domain *d)
{
	struct name_record *r = record_of(map_names(host), d);
	bool known = is_of(r, d), has;
	char now[DAIS_NAME_MAX + 1];
	struct store_value value;

	if (known && strncmp(r->name, name, DAIS_NAME_MAX))
		return false;
	ask(host, d, &value);
	store_wait(&host->store);
	has = refresh(&value, d, r, now);
	/* A create that is under way has noted its name before the store has it. */
	return has ? !strcmp(now, name) : known && !d->dying;
}

bool names_note(struct dais *host, const struct dais_domain *list, size_t count)
{
	struct name_record *records = map_names(host);

	if (!records)
		return false;
	for (size_t i = 0; i < count; i++) {
		char none[DAIS_NAME_MAX + 1];

		/* A domain may have been seen before it got its name. */
		snprintf(none, sizeof(none), "domain-%u", list[i].domid);
		if (list[i].domid >= DAIS_DOMID_MAX || !strcmp(list[i].name, none))
			continue;
		memcpy(records[list[i].domid].uuid, list[i].uuid, sizeof(list[i].uuid));
		memcpy(records[list[i].domid].name, list[i].name, sizeof(list[i].name));
	}
	return true;
}

void names_fill(struct dais *host, struct dais_domain *list, size_t count)
{
	struct name_record *records = map_names(host);
	autofree struct store_value *values = NULL;
	autoclose int lock = -1;

	for (size_t i = 0; i < count; i++) {
		const struct name_record *r = record_of(records, &list[i]);

		if (is_of(r, &list[i])) {
			memcpy(list[i].name, r->name, sizeof(r->name));
			list[i].name[DAIS_NAME_MAX] = 0;
			continue;
		}
		if (!values) {
			lock = names_lock();
			values = calloc(count, sizeof(*values));
			if (!values)
				break;
		}
		ask(host, &list[i], &values[i]);
	}
	/* All that were not known in one round trip. */
	store_wait(&host->store);
	for (size_t i = 0; values && i < count; i++) {
		if (values[i].text)
			refresh(&values[i], &list[i], record_of(records, &list[i]), list[i].name);
	}
	(void)lock;
}

bool name_proper(const char *name, struct dais_error *err)
{
	if (*name && strlen(name) <= DAIS_NAME_MAX && !strchr(name, '/') &&
	    name[strspn(name, "0123456789")])
		return true;
	dais_fail(err, DAIS_CONFIG, "name the domain", name, "that is no name for a domain");
	dais_hint(err, "use up to %d characters, not all of them digits, no slash", DAIS_NAME_MAX);
	return false;
}
