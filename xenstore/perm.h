/* SPDX-License-Identifier: MIT */
/*
 * Rights of a node: a list whose first entry names the owner and what everybody else may do, the
 * others what one domain may do.  Equal lists are one object, so that most nodes share theirs and
 * lists compare by address.
 *
 * An entry means a domain during one life of its number: when a domain dies, the number's life
 * goes up and all entries of the earlier one are void.
 */
#ifndef XENSTORE_PERM_H
#define XENSTORE_PERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RIGHT_NONE = 0, RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_OWNER = 4, RIGHT_ALL = 7 };

/* Domain numbers of the ABI end below this; the one reserved for "self" counts as dom0. */
#define DOMID_LIMIT 0x7ff0u
#define PERMS_MAX 1024
/* The life of an entry that will never mean anybody: its domain was not there when it was made. */
#define PERM_NOBODY UINT32_MAX

struct perm {
	uint16_t domid;
	uint8_t rights; /* RIGHT_READ, RIGHT_WRITE */
	uint8_t pad;
	uint32_t life;
};

struct perms {
	uint32_t ref;
	uint32_t hash;
	struct perms *next;
	uint32_t count; /* at least 1 */
	struct perm perm[];
};

/* Who asks: a domain, and the one it stands for (a device model), if any. */
struct subject {
	uint16_t domid;
	uint16_t target; /* DOMID_LIMIT: none */
	bool privileged;
};

/* The life that a domain's number has now; and its end. */
uint32_t perm_life(unsigned int domid);
void perm_life_set(unsigned int domid, uint32_t life);

/* The one list with these entries, with a reference of its own; NULL when memory is out. */
struct perms *perms_make(const struct perm *perm, unsigned int count);
struct perms *perms_get(struct perms *p);
void perms_put(struct perms *p);
/* P, or the same with another owner in his present life; memory must be reserved. */
struct perms *perms_inherit(struct perms *p, unsigned int owner);

static inline unsigned int perms_owner(const struct perms *p)
{
	return p->perm[0].domid;
}

/* What SUBJECT may do: RIGHT_ bits. */
unsigned int perms_rights(const struct perms *p, const struct subject *who);

/* "r5" to an entry, without its life: 0, or EINVAL, or ENOENT for a number no domain can have. */
int perm_parse(const char *text, struct perm *perm);
/* The list as GET_PERMS sends it, void entries left out; returns its length or 0 if over ROOM. */
size_t perms_format(const struct perms *p, char *to, size_t room);

/* Bytes that a list takes. */
size_t perms_size(const struct perms *p);

#endif
