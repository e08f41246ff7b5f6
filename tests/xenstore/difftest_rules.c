// SPDX-License-Identifier: MIT
/*
 * Which differences between the daemons are known.  Each has a name, by which
 * docs/xenstore-differences.md explains it.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "difftest.h"

struct rule {
	const char *name;
	bool apart; /* the stores differ afterwards */
	bool with[SERVER_KINDS];
	bool (*applies)(const struct step *s, const struct outcome *ours,
			const struct outcome *peer);
};

static bool fails(const struct outcome *o)
{
	return strncmp(o->reply, "ERROR ", 6) == 0;
}

static bool fails_with(const struct outcome *o, const char *name)
{
	return fails(o) && strncmp(o->reply + 6, name, strlen(name)) == 0;
}

static bool other_errno(const struct step *s, const struct outcome *ours,
			const struct outcome *peer)
{
	(void)s;
	return fails(ours) && fails(peer);
}

static bool no_directory_part(const struct step *s, const struct outcome *ours,
			      const struct outcome *peer)
{
	(void)ours;
	return s->type == XS_DIRECTORY_PART && fails_with(peer, "ENOSYS");
}

#define OCAML                         \
	{                             \
		[SERVER_OCAML] = true \
	}

static const struct rule rules[] = {
	{"other-errno", false, OCAML, other_errno},
	{"no-directory-part", false, OCAML, no_directory_part},
	{NULL, false, {false}, NULL},
};

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of TEXT in alphabetical order. */
static void sort_lines(const char *text, char *to)
{
	char copy[8192], *lines[512], *rest = copy, *line;
	unsigned int n = 0;

	strcpy(copy, text);
	while ((line = strsep(&rest, "\n")) && n < 512)
		if (*line)
			lines[n++] = line;
	qsort(lines, n, sizeof(lines[0]), by_line);
	*to = 0;
	for (unsigned int i = 0; i < n; i++) {
		strcat(to, lines[i]);
		strcat(to, "\n");
	}
}

static bool same_events(const struct outcome *a, const struct outcome *b, bool ordered)
{
	char left[8200], right[8200];

	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (strcmp(a->events[i], b->events[i]) == 0)
			continue;
		if (ordered)
			return false;
		sort_lines(a->events[i], left);
		sort_lines(b->events[i], right);
		if (strcmp(left, right) != 0)
			return false;
	}
	return true;
}

enum verdict judge(const struct step *s, const struct outcome *ours, const struct outcome *peer,
		   enum server_kind kind, const char **rule)
{
	bool ordered = kind == SERVER_C;

	*rule = NULL;
	if (strcmp(ours->reply, peer->reply) == 0 && same_events(ours, peer, ordered) &&
	    (!ordered || ours->early == peer->early))
		return SAME;
	for (const struct rule *r = rules; r->name; r++) {
		if (!r->with[kind] || !r->applies(s, ours, peer))
			continue;
		*rule = r->name;
		return r->apart ? LISTED_APART : LISTED;
	}
	return DIFFERENT;
}
