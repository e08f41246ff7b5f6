// SPDX-License-Identifier: MIT
/*
 * options.h: one table.  Options of the stock C daemon that mean nothing here (its database, its
 * trace file) are taken and ignored, so that a host's settings need no change.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine.h"
#include "quota.h"
#include "wire.h"

enum {
	OPT_FOREGROUND = 256,
	OPT_NO_HYPERVISOR,
	OPT_STATE_DIR,
	OPT_SOCKET,
	OPT_USER,
	OPT_UNCONFINED
};

static const struct {
	struct option option;
	const char *arg, *text;
} table[] = {
	{{"foreground", no_argument, NULL, OPT_FOREGROUND}, "", "stay, and log to standard error"},
	{{"no-hypervisor", no_argument, NULL, OPT_NO_HYPERVISOR}, "", "serve sockets only"},
	{{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	 "DIR",
	 "what outlives the process (/run/dais/xenstored)"},
	{{"socket", required_argument, NULL, OPT_SOCKET},
	 "PATH",
	 "where clients connect (/run/xenstored/socket)"},
	{{"user", required_argument, NULL, OPT_USER},
	 "NAME",
	 "become this user once started (" CONFINE_USER ")"},
	{{"unconfined", no_argument, NULL, OPT_UNCONFINED}, "", "keep all rights, for debugging"},
	{{"pid-file", required_argument, NULL, 'F'}, "FILE", "write the process number there"},
	{{"verbose", no_argument, NULL, 'V'}, "", "log every request"},
	{{"quota", required_argument, NULL, 'Q'}, "NAME=N", "set a quota for all domains"},
	{{"help", no_argument, NULL, 'H'}, "", "this text"},
	{{"no-fork", no_argument, NULL, 'N'}, "", "as --foreground"},
	{{"no-domain-init", no_argument, NULL, 'D'}, "", "as --no-hypervisor"},
	{{"entry-nb", required_argument, NULL, 'E'}, "N", "as --quota nodes=N"},
	{{"entry-size", required_argument, NULL, 'S'}, "N", "as --quota node-size=N"},
	{{"watch-nb", required_argument, NULL, 'W'}, "N", "as --quota watches=N"},
	{{"transaction", required_argument, NULL, 't'}, "N", "as --quota transactions=N"},
	{{"perm-nb", required_argument, NULL, 'A'}, "N", "as --quota permissions=N"},
	{{"path-max", required_argument, NULL, 'M'}, "N", "as --quota path-max=N"},
	{{"quota-soft", required_argument, NULL, 'q'}, "memory=N", "as --quota memory-soft=N"},
	{{"output-pid", no_argument, NULL, 'P'}, NULL, NULL},
	{{"trace-file", required_argument, NULL, 'T'}, NULL, NULL},
	{{"no-recovery", no_argument, NULL, 'R'}, NULL, NULL},
	{{"internal-db", optional_argument, NULL, 'I'}, NULL, NULL},
	{{"keep-orphans", no_argument, NULL, 'K'}, NULL, NULL},
	{{"timeout", required_argument, NULL, 'w'}, NULL, NULL},
};

#define COUNT (sizeof(table) / sizeof(table[0]))

static void help(void)
{
	printf("xenstored: the store of a Xen-compatible host\n\n"
	       "  xenstored [OPTION...]\n\n");
	for (size_t i = 0; i < COUNT; i++) {
		char name[64];

		if (!table[i].text)
			continue;
		snprintf(name, sizeof(name), "--%s %s", table[i].option.name, table[i].arg);
		if (table[i].option.val < 256)
			printf("  -%c, %-26s %s\n", table[i].option.val, name, table[i].text);
		else
			printf("      %-26s %s\n", name, table[i].text);
	}
	printf("\nQuotas:");
	for (int q = 0; q < QUOTA_COUNT; q++)
		printf(" %s", quota_name((enum quota)q));
	printf("\nStock daemons' other options are taken and ignored.  See xenstored(8).\n");
}

/* The quota that one of the stock daemon's options sets, or NULL. */
static const char *quota_of(int letter)
{
	static const struct {
		int letter;
		const char *name;
	} quotas[] = {
		{'E', "nodes"},        {'S', "node-size"},   {'W', "watches"},
		{'t', "transactions"}, {'A', "permissions"}, {'M', "path-max"},
	};

	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		if (quotas[i].letter == letter)
			return quotas[i].name;
	return NULL;
}

/* What one of the options that set a quota says; false if there is no such quota, or no number. */
static bool quota_option(int letter, const char *text, enum quota *q, uint32_t *value)
{
	const char *known = quota_of(letter), *number = text;
	char name[32];

	snprintf(name, sizeof(name), "%s", known ? known : text);
	if (!known) {
		name[strcspn(name, "=")] = 0;
		number = strchr(text, '=');
		number = number ? number + 1 : "";
	}
	/* There is one soft limit. */
	if (letter == 'q')
		snprintf(name, sizeof(name), "%s",
			 strcmp(name, "memory") == 0 ? quota_name(QUOTA_MEMORY_SOFT) : "");
	*q = quota_find(name);
	return *q != QUOTA_COUNT && !wire_number(number, INT32_MAX, value);
}

static void set_quota(int letter, const char *text)
{
	uint32_t value;
	enum quota q;

	if (!quota_option(letter, text, &q, &value)) {
		fprintf(stderr, "xenstored: no such quota, or no number: %s\n", text);
		exit(1);
	}
	quota_set_all(q, value);
}

static int next_option(int argc, char **argv)
{
	static struct option options[COUNT + 1];

	for (size_t i = 0; i < COUNT; i++)
		options[i] = table[i].option;
	return getopt_long(argc, argv, "F:VQ:HNDE:S:W:t:A:M:PT:RI::Kq:w:", options, NULL);
}

bool options_may_add(int argc, char **argv)
{
	uint32_t value;
	enum quota q;
	int c;

	optind = 0;
	opterr = 0;
	while ((c = next_option(argc, argv)) != -1) {
		bool known = c == 'V' || c == 'N' || c == OPT_FOREGROUND;

		for (size_t i = 0; i < COUNT; i++)
			known |= table[i].option.val == c && !table[i].text;
		if (c == 'Q' || c == 'q' || quota_of(c))
			known = quota_option(c, optarg, &q, &value);
		if (!known)
			return false;
	}
	return optind == argc;
}

void options_read(struct options *o, int argc, char **argv)
{
	static char default_socket[4096];
	const char *dir = getenv("XENSTORED_RUNDIR");
	int c;

	*o = (struct options){
		.hypervisor = true, .confined = true, .state_dir = "/run/dais/xenstored"};
	snprintf(default_socket, sizeof(default_socket), "%s/socket", dir ? dir : "/run/xenstored");
	o->socket = getenv("XENSTORED_PATH") ? getenv("XENSTORED_PATH") : default_socket;
	while ((c = next_option(argc, argv)) != -1) {
		switch (c) {
		case OPT_FOREGROUND:
		case 'N':
			o->foreground = true;
			break;
		case OPT_NO_HYPERVISOR:
		case 'D':
			o->hypervisor = false;
			break;
		case OPT_STATE_DIR:
			o->state_dir = optarg;
			break;
		case OPT_SOCKET:
			o->socket = optarg;
			break;
		case OPT_UNCONFINED:
			o->confined = false;
			break;
		case OPT_USER:
			o->user = optarg;
			break;
		case 'F':
			o->pid_file = optarg;
			break;
		case 'V':
			o->verbose = true;
			break;
		case 'Q':
		case 'q':
		case 'E':
		case 'S':
		case 'W':
		case 't':
		case 'A':
		case 'M':
			set_quota(c, optarg);
			break;
		case 'H':
			help();
			exit(0);
		case '?':
			fprintf(stderr, "xenstored: --help lists the options\n");
			exit(1);
		default:
			break;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "xenstored: %s: no arguments are expected\n", argv[optind]);
		exit(1);
	}
}
