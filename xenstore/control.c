// SPDX-License-Identifier: MIT
/* control.h: the table of commands, and what each says. */
#include "control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "conn_socket.h"
#include "domain.h"
#include "handover.h"
#include "log.h"
#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "request.h"
#include "store.h"
#include "tree.h"
#include "watch.h"

#define ARGS_MAX 8

struct text {
	char data[XENSTORE_PAYLOAD_MAX];
	size_t len;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->data + t->len, sizeof(t->data) - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= sizeof(t->data))
		t->len = sizeof(t->data) - 1;
}

static int run_help(unsigned int count, const struct wire_field *arg, struct text *t);

static int run_check(unsigned int count, const struct wire_field *arg, struct text *t)
{
	struct tree_walk walk;
	struct node *n;
	size_t depth, nodes = 0;

	(void)arg;
	if (count)
		return EINVAL;
	tree_walk_begin(&walk, store_root);
	while ((n = tree_walk_next(&walk, &depth))) {
		uint64_t pos = 0;
		unsigned int children = 0;
		size_t text = 0;
		struct node *child;

		nodes++;
		while ((child = kids_next(n->kids, &pos))) {
			children++;
			text += child->name_len + 1u;
		}
		if (children != kids_count(n->kids) || text != kids_text(n->kids)) {
			add(t, "a directory of %u names lists %u", kids_count(n->kids), children);
			log_line(LOG_ERR, "check: %s", t->data);
			tree_walk_end(&walk);
			return 0;
		}
	}
	tree_walk_end(&walk);
	log_line(LOG_INFO, "check: %zu nodes are in order", nodes);
	add(t, "OK");
	return 0;
}

static int run_log(unsigned int count, const struct wire_field *arg, struct text *t)
{
	if (count != 1 || (strcmp(arg->text, "on") != 0 && strcmp(arg->text, "off") != 0))
		return EINVAL;
	request_log = arg->text[1] == 'n';
	add(t, "OK");
	return 0;
}

static int run_print(unsigned int count, const struct wire_field *arg, struct text *t)
{
	if (count != 1)
		return EINVAL;
	log_line(LOG_INFO, "control: %s", arg->text);
	add(t, "OK");
	return 0;
}

static int run_memreport(unsigned int count, const struct wire_field *arg, struct text *t)
{
	struct tree_walk walk;
	struct node *n;
	size_t depth, nodes = 0, values = 0;

	(void)arg;
	if (count)
		return EINVAL;
	tree_walk_begin(&walk, store_root);
	while ((n = tree_walk_next(&walk, &depth))) {
		nodes++;
		values += n->value_len;
	}
	tree_walk_end(&walk);
	add(t, "memory in use     %12zu bytes\n", mem_used());
	add(t, "held from system  %12zu bytes\n", mem_held());
	add(t, "nodes             %12zu\n", nodes);
	add(t, "values            %12zu bytes\n", values);
	add(t, "watches           %12llu\n", (unsigned long long)watch_count_all());
	add(t, "transactions      %12llu\n", (unsigned long long)txn_count_all());
	add(t, "sockets           %12u\n", socket_count());
	add(t, "requests          %12llu\n", (unsigned long long)request_count);
	add(t, "journal           %12llu bytes%s\n", (unsigned long long)persist_size(),
	    persist_ok() ? "" : ", CHANGES ARE NOT KEPT");
	return 0;
}

static void show_quota(struct text *t, enum quota q, uint32_t limit)
{
	add(t, "%-17s: %8u %s\n", quota_name(q), limit, quota_text(q));
}

static int quota_of_domain(const char *number, struct text *t)
{
	const struct conn *c;
	uint32_t domid;

	if (wire_number(number, DOMID_LIMIT - 1, &domid))
		return EINVAL;
	c = domid ? conn_by_id(domid) : NULL;
	add(t, "Domain %u:\n", domid);
	add(t, "%-16s: %8lld\n", "nodes", (long long)quota_used(domid, QUOTA_NODES));
	add(t, "%-16s: %8lld\n", "watches", (long long)quota_used(domid, QUOTA_WATCHES));
	add(t, "%-16s: %8lld\n", "transactions", (long long)quota_used(domid, QUOTA_TRANSACTIONS));
	add(t, "%-16s: %8lld\n", "memory", (long long)quota_used(domid, QUOTA_MEMORY));
	add(t, "%-16s: %8u\n", "outstanding", c ? c->unread : 0);
	add(t, "%-16s: %8zu\n", "reply-bytes", c ? conn_pending(c) : 0);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (quota_is_own(domid, (enum quota)q))
			show_quota(t, (enum quota)q, quota_limit(domid, (enum quota)q));
	return 0;
}

/* quota; quota DOMID; quota set NAME VALUE; quota set DOMID NAME VALUE */
static int run_quota(unsigned int count, const struct wire_field *arg, struct text *t)
{
	uint32_t value, domid;
	enum quota q;

	if (!count) {
		add(t, "Quota settings:\n");
		for (int i = 0; i < QUOTA_COUNT; i++)
			show_quota(t, (enum quota)i, quota_limit(0, (enum quota)i));
		return 0;
	}
	if (count == 1)
		return quota_of_domain(arg->text, t);
	if (strcmp(arg->text, "set") != 0 || count < 3 || count > 4)
		return EINVAL;
	q = quota_find(arg[count - 2].text);
	if (q == QUOTA_COUNT || wire_number(arg[count - 1].text, INT32_MAX, &value))
		return EINVAL;
	if (count == 4) {
		if (wire_number(arg[1].text, DOMID_LIMIT - 1, &domid))
			return EINVAL;
		if (quota_set(domid, q, value))
			return EINVAL;
		persist_quota(domid, q, value);
	} else {
		quota_set_running(q, value);
		persist_quota(PERSIST_ALL_DOMAINS, q, value);
	}
	/* Those whose requests had to wait for a limit are told of by nobody else. */
	for (struct conn *c = conn_list; c; c = c->next)
		if (c->exact)
			conn_starve(c);
	add(t, "OK");
	return 0;
}

/* As the stock daemon has it: "memory" is what it warns of.  quota-soft; quota-soft set memory VALUE */
static int run_quota_soft(unsigned int count, const struct wire_field *arg, struct text *t)
{
	uint32_t value;

	if (!count) {
		add(t, "Quota settings:\n%-17s: %8u %s\n", "memory",
		    quota_limit(0, QUOTA_MEMORY_SOFT), quota_text(QUOTA_MEMORY_SOFT));
		return 0;
	}
	if (count != 3 || strcmp(arg[0].text, "set") != 0 || strcmp(arg[1].text, "memory") != 0 ||
	    wire_number(arg[2].text, INT32_MAX, &value))
		return EINVAL;
	quota_set_running(QUOTA_MEMORY_SOFT, value);
	persist_quota(PERSIST_ALL_DOMAINS, QUOTA_MEMORY_SOFT, value);
	add(t, "OK");
	return 0;
}

/*
 * As xenstore-control sends it: -f FILE, -c OPTIONS, then -s to do it, or -a not to.  What -s may have
 * besides, a time and whether to end transactions then, means nothing: they need not be waited for.
 */
static int run_live_update(unsigned int count, const struct wire_field *arg, struct text *t)
{
	int err = 0, options = 0;

	if (!count)
		return EINVAL;
	if (strcmp(arg->text, "-f") == 0 && count == 2)
		err = handover_program(arg[1].text);
	else if (strcmp(arg->text, "-c") == 0 && count == 2)
		options = handover_options(arg[1].text);
	else if (strcmp(arg->text, "-a") == 0 && count == 1)
		handover_reset();
	else if (strcmp(arg->text, "-s") == 0 && !persist_ok())
		err = EAGAIN;
	else if (strcmp(arg->text, "-s") == 0 && domain_can_pass())
		handover_wanted = true;
	else if (strcmp(arg->text, "-s") == 0)
		err = EPERM;
	else
		return EINVAL;
	if (options)
		add(t, "-c may have quotas and -V; all else stays as it is");
	else if (err == EPERM)
		add(t, "dom0's ring cannot be passed on: mount xenfs on /proc/xen, and restart");
	else if (err == EAGAIN)
		add(t, "changes are not kept at the moment: they would be lost");
	else if (err)
		add(t, "%s: %s", arg[1].text, strerror(err));
	else
		add(t, "OK");
	return 0;
}

static const struct {
	const char *name, *args;
	int (*run)(unsigned int count, const struct wire_field *arg, struct text *t);
} commands[] = {
	{"check", "", run_check},
	{"help", "", run_help},
	{"live-update", "[-c <options>] [-F] [-t <timeout>] <file>", run_live_update},
	{"log", "on|off", run_log},
	{"memreport", "", run_memreport},
	{"print", "<string>", run_print},
	{"quota", "[set [<domid>] <name> <val>|<domid>]", run_quota},
	{"quota-soft", "[set memory <val>]", run_quota_soft},
};

static int run_help(unsigned int count, const struct wire_field *arg, struct text *t)
{
	(void)arg;
	if (count)
		return EINVAL;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		add(t, "%s\t%s\n", commands[i].name, commands[i].args);
	return 0;
}

int control_run(const struct request *r)
{
	struct wire_field field[ARGS_MAX];
	unsigned int count = wire_fields(r->data, r->head.len, field, ARGS_MAX);
	static struct text text;

	if (!count || count > ARGS_MAX)
		return EINVAL;
	text.len = 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int err;

		if (strcmp(field[0].text, commands[i].name) != 0)
			continue;
		err = commands[i].run(count - 1, field + 1, &text);
		if (!err)
			request_reply(r, text.data, text.len + 1);
		return err;
	}
	return EINVAL;
}
