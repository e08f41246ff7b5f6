// SPDX-License-Identifier: MIT
/*
 * Which differences between the daemons are known.  Each has a name, by which
 * docs/xenstore-differences.md explains it.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "difftest.h"

bool any_errno;

struct rule {
	const char *name;
	bool apart; /* the stores differ afterwards */
	bool with[SERVER_KINDS];
	bool (*applies)(const struct step *s, const struct outcome *ours,
			const struct outcome *peer);
};

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum repeats { KEEP_REPEATS, DROP_REPEATS };

/* The lines of TEXT in alphabetical order. */
static void sort_lines(const char *text, char *to, enum repeats repeats)
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
		if (repeats == DROP_REPEATS && i > 0 && strcmp(lines[i], lines[i - 1]) == 0)
			continue;
		strcat(to, lines[i]);
		strcat(to, "\n");
	}
}

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

/* Of an operation's strings, how many it takes; 0: as many as there are. */
static unsigned int strings_of(uint32_t type)
{
	switch (type) {
	case XS_WATCH:
	case XS_UNWATCH:
	case XS_DIRECTORY_PART:
	case XS_SET_TARGET:
		return 2;
	case XS_INTRODUCE:
		return 3;
	case XS_SET_PERMS:
	case XS_WRITE:
		return 0;
	default:
		return 1;
	}
}

static bool is_malformed(const struct step *s)
{
	unsigned int strings = 0;

	for (uint32_t i = 0; i < s->len; i++)
		strings += s->body[i] == 0;
	if (s->type == XS_WRITE)
		return strings == 0;
	return s->len == 0 || s->body[s->len - 1] != 0 ||
	       (strings_of(s->type) && strings != strings_of(s->type)) ||
	       (s->type == XS_SET_PERMS && strings < 2);
}

/* oxenstored lists children in the order of its own map. */
static bool directory_order(const struct step *s, const struct outcome *ours,
			    const struct outcome *peer)
{
	return s->type == XS_DIRECTORY && !fails(ours) && !fails(peer) &&
	       strlen(ours->reply) == strlen(peer->reply);
}

/* oxenstored keeps nodes whose names begin with @. */
static bool special_paths(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	return s->body[0] == '@' && fails(ours) && !fails(peer);
}

/* Who may read the root hears of domains in oxenstored, where the special names stand in it. */
static bool special_rights(const struct step *s, const struct outcome *ours,
			   const struct outcome *peer)
{
	bool any = false;

	(void)s;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		char copy[8192], rest_of[8200] = "", left[8200], right[8200], *rest = copy, *line;

		strcpy(copy, peer->events[i]);
		while ((line = strsep(&rest, "\n"))) {
			if (i >= SOCKETS && *line == '@' && !strstr(ours->events[i], line)) {
				any = true;
				continue;
			}
			strcat(rest_of, line);
			strcat(rest_of, "\n");
		}
		sort_lines(ours->events[i], left, KEEP_REPEATS);
		sort_lines(rest_of, right, KEEP_REPEATS);
		if (strcmp(left, right) != 0)
			return false;
	}
	return any && strcmp(ours->reply, peer->reply) == 0;
}

/* A payload of the wrong shape: the C daemon answers with a stale errno. */
static bool malformed(const struct step *s, const struct outcome *ours, const struct outcome *peer)
{
	return is_malformed(s) && fails(ours) && fails(peer);
}

/* A stale errno of 0 makes the C daemon answer nothing at all, and die of the next request. */
static bool no_reply(const struct step *s, const struct outcome *ours, const struct outcome *peer)
{
	(void)s;
	(void)ours;
	return strcmp(peer->reply, "no reply") == 0;
}

/*
 * A transaction sees the store as it was at its start; in the stock C daemon each node as it was
 * when the transaction first came to it.
 */
static bool snapshot(const struct step *s, const struct outcome *ours, const struct outcome *peer)
{
	(void)peer;
	return s->tx && ours->stale;
}

/* An event that a client has not read yet is not sent to it a second time by the C daemon. */
static bool repeated_events(const struct step *s, const struct outcome *ours,
			    const struct outcome *peer)
{
	char left[8200], right[8200];

	(void)s;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		sort_lines(ours->events[i], left, DROP_REPEATS);
		sort_lines(peer->events[i], right, DROP_REPEATS);
		/* In time: one that was read may come again. */
		if (strcmp(left, right) != 0 || strlen(peer->events[i]) > strlen(ours->events[i]))
			return false;
	}
	return strcmp(ours->reply, peer->reply) == 0;
}

/* Whether the path of the event A is above that of B, both "PATH\\0TOKEN\\0" with one token. */
static bool is_above(const char *a, const char *b)
{
	const char *end = strstr(a, "\\0"), *token = strstr(b, "\\0");

	return end && token && end - a < token - b && b[end - a] == '/' &&
	       strncmp(a, b, (size_t)(end - a)) == 0 && strcmp(end, token) == 0;
}

/* Whether EVENTS has one for a path above that of LINE. */
static bool has_above(const char *events, const char *line)
{
	char copy[8192], *rest = copy, *other;

	strcpy(copy, events);
	while ((other = strsep(&rest, "\n")))
		if (is_above(other, line))
			return true;
	return false;
}

/* The absolute path of an event that CLIENT got; false when it is too long to be looked for. */
static bool event_path(char *to, size_t size, unsigned int client, const char *line)
{
	const char *end = strstr(line, "\\0");

	if (!end || end - line >= (ptrdiff_t)size - 64)
		return false;
	path_absolute(to, size, client, line, (size_t)(end - line));
	return true;
}

/* Whether an event's path was there before the step. */
static bool was_there(const struct outcome *o, unsigned int client, const char *line)
{
	char path[512], text[600];

	if (!event_path(path, sizeof(path), client, line))
		return true;
	snprintf(text, sizeof(text), "\n%s = ", path);
	return strstr(o->before, text) != NULL;
}

/*
 * Whether an event that a domain got is of a path below one that the transaction removed: of that
 * one itself the domain hears nothing if it may not read it.
 */
static bool below_unseen(const struct outcome *o, unsigned int client, const char *line)
{
	char path[512];
	const char *end;

	if (client < SOCKETS || !event_path(path, sizeof(path), client, line))
		return false;
	for (const char *at = o->removed; (end = strchr(at, '\n')); at = end + 1)
		if (strncmp(path, at, (size_t)(end - at)) == 0 && path[end - at] == '/')
			return true;
	return false;
}

/*
 * A transaction that removes with all below.  The C daemon tells of a node that the transaction
 * changed and then removed with one above it, where ours tells only of the one above; of a node
 * that was not there before and is not at the end; and of all in the order of their first use,
 * where ours is that of a removal without a transaction.  Ours tells a domain of a node that it may
 * see by the rights of the one above, which new-below-new explains.
 */
static bool removed_in_transaction(const struct step *s, const struct outcome *ours,
				   const struct outcome *peer)
{
	if (s->type != XS_TRANSACTION_END || !*ours->removed ||
	    strcmp(ours->reply, peer->reply) != 0)
		return false;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		char copy[8192], *rest = copy, *line;

		strcpy(copy, peer->events[i]);
		while ((line = strsep(&rest, "\n")))
			if (*line && !strstr(ours->events[i], line) &&
			    !has_above(peer->events[i], line) && was_there(ours, i, line) &&
			    !below_unseen(ours, i, line))
				return false;
		strcpy(copy, ours->events[i]);
		for (rest = copy; i < SOCKETS && (line = strsep(&rest, "\n"));)
			if (!strstr(peer->events[i], line))
				return false;
	}
	return true;
}

/*
 * A node that a transaction makes below another one that it makes: the C daemon does not count the
 * right to read that other one, though it does everywhere else.
 */
static bool new_below_new(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	if (s->type != XS_TRANSACTION_END || strcmp(ours->reply, peer->reply) != 0)
		return false;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		char copy[8192], *rest = copy, *line;

		/* It counts as first use of a node that something below it was looked for in vain. */
		if (i < SOCKETS && strlen(ours->events[i]) != strlen(peer->events[i]))
			return false;
		strcpy(copy, peer->events[i]);
		while ((line = strsep(&rest, "\n")))
			if (!strstr(ours->events[i], line))
				return false;
	}
	return true;
}

/* oxenstored tells watchers of nodes that are not there when a node above is removed. */
static bool removal_above(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		if (strlen(ours->events[i]) > strlen(peer->events[i]))
			return false;
	return s->type == XS_RM && strcmp(ours->reply, peer->reply) == 0;
}

/* In oxenstored what is not there may be removed by anybody, and the root by dom0, in vain. */
static bool rm_of_nothing(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	return s->type == XS_RM && fails(ours) && !fails(peer);
}

/* oxenstored fires for each write in a transaction, also for what is gone at its end. */
static bool transaction_events(const struct step *s, const struct outcome *ours,
			       const struct outcome *peer)
{
	return s->type == XS_TRANSACTION_END && strcmp(ours->reply, peer->reply) == 0;
}

/* oxenstored tells of a change of rights those who had rights before it. */
static bool perms_change(const struct step *s, const struct outcome *ours,
			 const struct outcome *peer)
{
	return s->type == XS_SET_PERMS && strcmp(ours->reply, peer->reply) == 0;
}

/* What a domain creates belongs, in oxenstored, to the owner of the parent. */
static bool owner_of_new(const struct step *s, const struct outcome *ours,
			 const struct outcome *peer)
{
	if (!ours->guest_made)
		return false;
	return (s->type == XS_GET_PERMS && !fails(ours) && !fails(peer)) ||
	       fails(ours) != fails(peer) || strcmp(ours->reply, peer->reply) == 0;
}

/* Of the special names a domain hears that they are not there, or that they are not its own. */
static bool special_errno(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	return s->body[0] == '@' && fails(ours) && fails(peer);
}

/* Whom dom0 has made the owner of a special name may give rights to it, in the C daemon. */
static bool special_owner(const struct step *s, const struct outcome *ours,
			  const struct outcome *peer)
{
	return s->type == XS_SET_PERMS && s->body[0] == '@' && fails_with(ours, "EACCES") &&
	       !fails(peer);
}

/* oxenstored keeps the nodes of domains that are gone, in view of all that look there. */
static bool nodes_of_the_dead(const struct step *s, const struct outcome *ours,
			      const struct outcome *peer)
{
	return s->kind == STEP_KILL || (ours->died && strcmp(ours->reply, peer->reply) != 0);
}

/* Takes all rights of a domain but an owner's, as world_dump() shows them, out of a text. */
static void without_rights_of(char *text, unsigned int domid)
{
	char entry[24];

	snprintf(entry, sizeof(entry), "%u\\0", domid);
	for (char *at = text; (at = strstr(at, entry));) {
		char *letter = at - 1, *end = at + strlen(entry);

		/* An entry after another's end, which is not the list's first. */
		if (at - text > 3 && strchr("nrwb", *letter) && strncmp(letter - 2, "\\0", 2) == 0)
			memmove(letter, end, strlen(end) + 1);
		else
			at = end;
	}
}

/* Rights given to a domain that is gone are there still, for the next one of its number. */
static bool rights_of_the_dead(const struct step *s, const struct outcome *ours,
			       const struct outcome *peer)
{
	char left[sizeof(ours->after)], right[sizeof(peer->after)];

	if (s->kind != STEP_KILL || strcmp(ours->after, peer->after) == 0)
		return false;
	strcpy(left, ours->after);
	strcpy(right, peer->after);
	without_rights_of(left, s->client - SOCKETS + 1);
	without_rights_of(right, s->client - SOCKETS + 1);
	return strcmp(left, right) == 0;
}

/* A domain that owned the root is gone, and with it the C daemon's whole store. */
static bool root_of_the_dead(const struct step *s, const struct outcome *ours,
			     const struct outcome *peer)
{
	return s->kind == STEP_KILL && !ours->rootless && peer->rootless;
}

/* The root holds what the daemons themselves put there. */
static bool root_listing(const struct step *s, const struct outcome *ours,
			 const struct outcome *peer)
{
	return (s->type == XS_DIRECTORY || s->type == XS_DIRECTORY_PART) &&
	       strcmp(s->body, "/") == 0 && !fails(ours) && !fails(peer);
}

/* What is not a domain's number; each daemon makes something else of it. */
static bool bad_number(const struct step *s, const struct outcome *ours, const struct outcome *peer)
{
	(void)ours;
	(void)peer;
	for (uint32_t i = 0; s->type == XS_SET_PERMS && i + 2 < s->len; i++)
		if (memcmp(s->body + i, "-1", 3) == 0 || memcmp(s->body + i, "999", 3) == 0)
			return true;
	switch (s->type) {
	case XS_GET_DOMAIN_PATH:
	case XS_IS_DOMAIN_INTRODUCED:
	case XS_RELEASE:
	case XS_RESUME:
	case XS_SET_TARGET:
		return s->body[0] < '0' || s->body[0] > '9' || s->body[0] == '9';
	default:
		return false;
	}
}

/* RESUME of dom0, which has nothing to resume, and targets that are not there. */
static bool no_such_domain(const struct step *s, const struct outcome *ours,
			   const struct outcome *peer)
{
	(void)ours;
	(void)peer;
	return s->type == XS_SET_TARGET || (s->type == XS_RESUME && strcmp(s->body, "0") == 0);
}

static const struct rule rules[] = {
	/* Before all that leave the stores equal: the end of a transaction may be what differs. */
	{"snapshot", true, {[SERVER_C] = true, [SERVER_OCAML] = true}, snapshot},
	{"rights-of-the-dead", true, {[SERVER_C] = true}, rights_of_the_dead},
	{"other-errno", false, {[SERVER_OCAML] = true}, other_errno},
	{"no-directory-part", false, {[SERVER_OCAML] = true}, no_directory_part},
	{"directory-order", false, {[SERVER_OCAML] = true}, directory_order},
	{"special-paths", true, {[SERVER_OCAML] = true}, special_paths},
	{"special-rights", false, {[SERVER_OCAML] = true}, special_rights},
	{"malformed", false, {[SERVER_C] = true, [SERVER_OCAML] = true}, malformed},
	{"no-reply", true, {[SERVER_C] = true, [SERVER_OCAML] = true}, no_reply},
	{"repeated-events", false, {[SERVER_C] = true}, repeated_events},
	{"removed-in-transaction", false, {[SERVER_C] = true}, removed_in_transaction},
	{"new-below-new", false, {[SERVER_C] = true}, new_below_new},
	{"removal-above", false, {[SERVER_OCAML] = true}, removal_above},
	{"rm-of-nothing", true, {[SERVER_OCAML] = true}, rm_of_nothing},
	{"transaction-events", false, {[SERVER_OCAML] = true}, transaction_events},
	{"perms-change", false, {[SERVER_OCAML] = true}, perms_change},
	{"owner-of-new", true, {[SERVER_OCAML] = true}, owner_of_new},
	{"special-errno", false, {[SERVER_C] = true}, special_errno},
	{"special-owner", true, {[SERVER_C] = true}, special_owner},
	{"nodes-of-the-dead", true, {[SERVER_OCAML] = true}, nodes_of_the_dead},
	{"root-of-the-dead", true, {[SERVER_C] = true}, root_of_the_dead},
	{"root-listing", false, {[SERVER_C] = true, [SERVER_OCAML] = true}, root_listing},
	{"bad-number", true, {[SERVER_C] = true, [SERVER_OCAML] = true}, bad_number},
	{"no-such-domain", false, {[SERVER_OCAML] = true}, no_such_domain},
	{NULL, false, {false}, NULL},
};

static bool same_events(const struct outcome *a, const struct outcome *b, bool ordered)
{
	char left[8200], right[8200];

	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (strcmp(a->events[i], b->events[i]) == 0)
			continue;
		if (ordered)
			return false;
		sort_lines(a->events[i], left, KEEP_REPEATS);
		sort_lines(b->events[i], right, KEEP_REPEATS);
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
	if (any_errno && fails(ours) && fails(peer))
		return SAME;
	if (strcmp(ours->reply, peer->reply) == 0 && same_events(ours, peer, ordered) &&
	    (!ordered || ours->early == peer->early) &&
	    (kind != SERVER_C || strcmp(ours->after, peer->after) == 0))
		return SAME;
	for (const struct rule *r = rules; r->name; r++) {
		if (!r->with[kind] || !r->applies(s, ours, peer))
			continue;
		*rule = r->name;
		return r->apart ? LISTED_APART : LISTED;
	}
	return DIFFERENT;
}
