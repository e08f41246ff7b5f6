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

static void set_quota(const char *name, const char *number)
{
	enum quota q = quota_find(name);
	uint32_t value;

	if (q == QUOTA_COUNT || wire_number(number, INT32_MAX, &value)) {
		fprintf(stderr, "xenstored: no such quota, or no number: %s=%s\n", name, number);
		exit(1);
	}
	quota_set_all(q, value);
}

static void quota_argument(char *text)
{
	char *equals = strchr(text, '=');

	if (equals)
		*equals++ = 0;
	set_quota(text, equals ? equals : "");
}

/* There is one. */
static void soft_quota_argument(const char *text)
{
	static const char memory[] = "memory=";
	bool known = strncmp(text, memory, strlen(memory)) == 0;

	set_quota(known ? "memory-soft" : text, known ? text + strlen(memory) : "");
}

void options_read(struct options *o, int argc, char **argv)
{
	struct option options[COUNT + 1] = {0};
	static char default_socket[4096];
	const char *dir = getenv("XENSTORED_RUNDIR");
	int c;

	for (size_t i = 0; i < COUNT; i++)
		options[i] = table[i].option;
	*o = (struct options){
		.hypervisor = true, .confined = true, .state_dir = "/run/dais/xenstored"};
	snprintf(default_socket, sizeof(default_socket), "%s/socket", dir ? dir : "/run/xenstored");
	o->socket = getenv("XENSTORED_PATH") ? getenv("XENSTORED_PATH") : default_socket;
	while ((c = getopt_long(argc, argv, "F:VQ:HNDE:S:W:t:A:M:PT:RI::Kq:w:", options, NULL)) !=
	       -1) {
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
			quota_argument(optarg);
			break;
		case 'E':
			set_quota("nodes", optarg);
			break;
		case 'S':
			set_quota("node-size", optarg);
			break;
		case 'W':
			set_quota("watches", optarg);
			break;
		case 't':
			set_quota("transactions", optarg);
			break;
		case 'A':
			set_quota("permissions", optarg);
			break;
		case 'M':
			set_quota("path-max", optarg);
			break;
		case 'q':
			soft_quota_argument(optarg);
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
