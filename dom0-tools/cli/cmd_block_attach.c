/* SPDX-License-Identifier: MIT */
/*
 * dais block-attach: gives a running domain another disk.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

/* xl -N: what would be attached, and nothing done. */
static int dry_run(const struct cli *cli, const struct dais_disk *disk)
{
	char *text;

	if (cli->json) {
		struct json_object *list = json_object_new_array(), *o = json_object_new_object();

		json_append(list, dais_disk_json(disk));
		json_set(o, "disks", list);
		return output_json("dais.config", o);
	}
	text = dais_disk_text(disk);
	if (!text)
		return DAIS_FAILED;
	printf("disk = [\"%s\"]\n", text);
	free(text);
	return 0;
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
	spec = args_joined(args.list + 1, args.count - 1);
	if (!spec)
		return DAIS_FAILED;
	progress_begin(cli, "attaching the disk");
	if (dais_disk_parse(spec, &disk, &err) || host_domain(cli, args.list[0], &domain, &err) ||
	    (!cli->dry_run && dais_disk_attach(cli->host, domain.domid, &disk, &err)))
		status = cli_report(cli, &err);
	progress_end();
	free(spec);
	if (!status && cli->dry_run)
		status = dry_run(cli, &disk);
	dais_disk_free(&disk);
	return status || cli->dry_run ? status : host_done(cli, domain.domid);
}

const struct command command_block_attach = {
	.name = "block-attach",
	.synopsis = "DOMAIN DISK...",
	.summary = "Attach a disk to a domain",
	.arguments = ARGUMENT_DOMAIN_FILE,
	.run = run,
};
