/* SPDX-License-Identifier: MIT */
/*
 * dais block-attach: gives a running domain another disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "host.h"
#include "output.h"

/* The words are parts of one specification, with commas between them. */
static char *join(char **words, int count)
{
	size_t size = 1;
	char *text, *at;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = at = malloc(size);
	for (int i = 0; text && i < count; i++)
		at += sprintf(at, "%s%s", i ? "," : "", words[i]);
	if (text && !count)
		*text = 0;
	return text;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_disk disk = {0};
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	char *spec;
	int status = 0;

	if (!host_args(&args, cli, argc, argv, 2, 16))
		return args.status;
	spec = join(args.list + 1, args.count - 1);
	if (!spec)
		return DAIS_FAILED;
	progress_begin(cli, "attaching the disk");
	if (dais_disk_parse(spec, &disk, &err) || host_domain(cli, args.list[0], &domain, &err) ||
	    dais_disk_attach(cli->host, domain.domid, &disk, &err))
		status = cli_report(cli, &err);
	progress_end();
	free(spec);
	dais_disk_free(&disk);
	return status ? status : host_done(cli, domain.domid);
}

const struct command command_block_attach = {
	.name = "block-attach",
	.synopsis = "DOMAIN DISK...",
	.summary = "Attach a disk to a domain",
	.arguments = ARGUMENT_DOMAIN_FILE,
	.run = run,
};
