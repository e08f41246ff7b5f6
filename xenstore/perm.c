// SPDX-License-Identifier: MIT
/* perm.h.  The lists stand in a hash table, and are taken from memory that the request has reserved. */
#include "perm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static uint32_t lives[DOMID_LIMIT];
static struct perms *buckets[4096];

uint32_t perm_life(unsigned int domid)
{
	return domid < DOMID_LIMIT ? lives[domid] : 0;
}

void perm_life_set(unsigned int domid, uint32_t life)
{
	if (domid < DOMID_LIMIT)
		lives[domid] = life;
}

size_t perms_size(const struct perms *p)
{
	return sizeof(*p) + p->count * sizeof(p->perm[0]);
}

static uint32_t perms_hash(const struct perm *perm, unsigned int count)
{
	uint64_t h = count;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t word;

		memcpy(&word, &perm[i], sizeof(word));
		h = (h ^ word) * 0x9fb21c651e98df25ull;
		h ^= h >> 31;
	}
	return (uint32_t)(h >> 8);
}

struct perms *perms_make(const struct perm *perm, unsigned int count)
{
	uint32_t hash = perms_hash(perm, count);
	struct perms **bucket = &buckets[hash % 4096], *p;

	for (p = *bucket; p; p = p->next)
		if (p->hash == hash && p->count == count &&
		    memcmp(p->perm, perm, count * sizeof(*perm)) == 0)
			return perms_get(p);
	p = mem_take(sizeof(*p) + count * sizeof(*perm));
	p->ref = 1;
	p->hash = hash;
	p->count = count;
	memcpy(p->perm, perm, count * sizeof(*perm));
	p->next = *bucket;
	*bucket = p;
	return p;
}

struct perms *perms_get(struct perms *p)
{
	p->ref++;
	return p;
}

void perms_put(struct perms *p)
{
	struct perms **at;

	if (--p->ref)
		return;
	for (at = &buckets[p->hash % 4096]; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	mem_free(p, perms_size(p));
}

struct perms *perms_inherit(struct perms *p, unsigned int owner)
{
	struct perm perm[PERMS_MAX];

	if (p->perm[0].domid == owner && p->perm[0].life == perm_life(owner))
		return perms_get(p);
	memcpy(perm, p->perm, p->count * sizeof(perm[0]));
	perm[0].domid = (uint16_t)owner;
	perm[0].life = perm_life(owner);
	return perms_make(perm, p->count);
}

static bool means(const struct perm *entry, unsigned int domid)
{
	return entry->domid == domid && entry->life == perm_life(domid);
}

/* The first entry that means a domain or the one it stands for says what it may do, as with the peer. */
unsigned int perms_rights(const struct perms *p, const struct subject *who)
{
	bool stands = who->target < DOMID_LIMIT;

	if (who->privileged)
		return RIGHT_ALL;
	if (means(&p->perm[0], who->domid) || (stands && means(&p->perm[0], who->target)))
		return RIGHT_ALL;
	for (unsigned int i = 1; i < p->count; i++)
		if (means(&p->perm[i], who->domid) || (stands && means(&p->perm[i], who->target)))
			return p->perm[i].rights;
	return p->perm[0].rights;
}

int perm_parse(const char *text, struct perm *perm)
{
	static const char letters[] = "nrwb";
	const char *letter = *text ? strchr(letters, *text) : NULL;
	char *end;
	long id;

	if (!letter || !text[1] || !strchr("-0123456789", text[1]))
		return EINVAL;
	errno = 0;
	id = strtol(text + 1, &end, 10);
	if (*end || end == text + 1 || errno)
		return EINVAL;
	if (id < 0 || id >= (long)DOMID_LIMIT)
		return ENOENT;
	*perm = (struct perm){.domid = (uint16_t)id, .rights = (uint8_t)(letter - letters)};
	return 0;
}

size_t perms_format(const struct perms *p, char *to, size_t room)
{
	size_t done = 0;

	for (unsigned int i = 0; i < p->count; i++) {
		const struct perm *e = &p->perm[i];
		int n;

		if (i && e->life != perm_life(e->domid) && e->life != PERM_NOBODY)
			continue;
		n = snprintf(to + done, room - done, "%c%u", "nrwb"[e->rights & 3], e -> domid);
		if (n < 0 || (size_t)n + 1 > room - done)
			return 0;
		done += (size_t)n + 1;
	}
	return done;
}
