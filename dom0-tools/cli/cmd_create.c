/* SPDX-License-Identifier: MIT */
/*
 * dais create: makes a domain of a configuration file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "monitor.h"
#include "output.h"
#include "viewer.h"

#define ID_TIMELINE OPTION_LONG
#define ID_IGNORE_MASKS (OPTION_LONG + 1)

static const struct option_row options[] = {
	{'c', "console", NULL, "connect to its console"},
	{'p', "paused", NULL, "leave it paused"},
	{'n', "dryrun", NULL, "check and show the configuration, make nothing"},
	{'d', "debug", NULL, "show the configuration on standard error as well"},
	{'q', "quiet", NULL, "say nothing when it works"},
	{'e', "exit", NULL, "leave nobody behind who carries out on_reboot and its like"},
	{'F', "foreground", NULL, "wait for its end, and carry that out here (not with -c)"},
	{'f', "defconfig", "FILE", "the configuration (xl's older form)"},
	{'V', "vncviewer", NULL, "start vncviewer for its screen"},
	{'A', "vncviewer-autopass", NULL, "the same, and tell it the password"},
	{ID_IGNORE_MASKS, "ignore-global-affinity-masks", NULL, "always so: xl.conf is not read"},
	{ID_TIMELINE, "timeline", NULL, "show where the time went"},
	{0, NULL, NULL, NULL},
};

struct request {
	bool console, debug, dry_run, quiet, wait, leave, timeline, viewer, autopass;
	const char *file;
	struct dais_create how;
	struct dais_config config;
};

static struct json_object *timeline_json(const struct timeline *t)
{
	struct json_object *array = json_object_new_array();

	for (unsigned int i = 0; i < t->count; i++) {
		struct json_object *o = json_object_new_object();

		json_set(o, "step", json_object_new_string(t->mark[i].name));
		json_set(o, "at_ns", json_object_new_int64((int64_t)t->mark[i].at_ns));
		json_set(o, "hypercalls", json_object_new_int64((int64_t)t->mark[i].hypercalls));
		json_set(o, "store_requests",
			 json_object_new_int64((int64_t)t->mark[i].store_requests));
		json_append(array, o);
	}
	return array;
}

static void print_timeline(const struct timeline *t)
{
	uint64_t before = 0, requests = 0;

	for (unsigned int i = 0; i < t->count; i++) {
		const struct timeline_mark *m = &t->mark[i];

		/* The builder does not see the store's count. */
		if (m->store_requests)
			requests = m->store_requests;
		printf("%9.3f ms  +%8.3f  %-14s %5llu hypercalls %5llu store requests\n",
		       (double)m->at_ns / 1e6, (double)(m->at_ns - before) / 1e6, m->name,
		       (unsigned long long)m->hypercalls, (unsigned long long)requests);
		before = m->at_ns;
	}
}

/* The domain is there, whatever becomes of its viewer. */
static void show_screen(struct cli *cli, const struct request *r, uint32_t domid)
{
	struct dais_error err;
	const char *password = NULL;
	char text[1200];

	if (!r->viewer)
		return;
	if (r->autopass && r->config.vfb_count)
		password = r->config.vfbs[0].vncpasswd;
	if (viewer_check(&r->config, &err) || viewer_start(cli, domid, password, &err))
		fprintf(stderr, "%s: %s\n  %s\n", cli->program,
			dais_error_text(&err, text, sizeof(text)), dais_advice(&err));
}

static int make(struct cli *cli, struct request *r)
{
	struct timeline timeline = {0};
	struct dais_error err;
	uint32_t domid;
	bool unpause = r->console && !r->how.paused;

	/* xl makes the domain and then finds that it has no viewer. */
	if (r->viewer && !cli->as_xl && viewer_check(&r->config, &err))
		return cli_report(cli, &err);
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	r->how.timeline = r->timeline ? &timeline : NULL;
	/* The console is joined first, so that nothing the guest says is missed. */
	if (unpause)
		r->how.paused = true;
	progress_begin(cli, "creating the domain");
	if (dais_create(cli->host, &r->config, &r->how, &domid, &err))
		return cli_report(cli, &err);
	progress_end();
	if (cli->json) {
		struct dais_domain domain;
		struct json_object *o;

		if (dais_look(cli->host, domid, &domain, &err))
			return cli_report(cli, &err);
		o = domain_json(&domain);
		if (r->timeline)
			json_set(o, "timeline", timeline_json(&timeline));
		if (output_json("dais.domain", o))
			return DAIS_FAILED;
	} else {
		if (!r->quiet && !cli->as_xl)
			printf("%s is domain %u\n", r->config.name, domid);
		if (r->timeline)
			print_timeline(&timeline);
		fflush(stdout);
	}
	show_screen(cli, r, domid);
	if (r->wait && !r->console)
		return monitor_domain(cli, &r->config, domid);
	/* With daisd there it is its business, and no process is needed for each domain. */
	if (!r->leave && !monitor_daisd_runs())
		monitor_detach(cli, &r->config, domid);
	if (!r->console)
		return 0;
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	return console_join(cli, unpause ? domid | CONSOLE_UNPAUSE : domid);
}

static int show_config(const struct cli *cli, const struct request *r, FILE *to)
{
	char *text = dais_config_text(&r->config);

	if (!text) {
		struct dais_error err;

		dais_fail_errno(&err, DAIS_FAILED, ENOMEM, "show the configuration", r->file);
		return cli_report(cli, &err);
	}
	fputs(text, to);
	free(text);
	return 0;
}

static int dry_run(const struct cli *cli, const struct request *r)
{
	if (cli->json)
		return output_json("dais.config", dais_config_json(&r->config));
	return show_config(cli, r, stdout);
}

static void print_faults(const struct cli *cli, const struct request *r,
			 const struct dais_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct dais_fault *f = &faults->list[i];

		fprintf(stderr, "%s: %s:%u: %s%s%s%s\n", cli->program, r->file, f->line,
			f->warning ? "warning: " : "", f->key ? f->key : "", f->key ? ": " : "",
			f->reason);
		if (f->remedy)
			fprintf(stderr, "  %s\n", f->remedy);
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct request r = {0};
	struct dais_faults faults = {0};
	struct dais_error err;
	struct args args;
	int id, status, first = 0;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		switch (id) {
		case 'c':
			r.console = true;
			break;
		case 'p':
			r.how.paused = true;
			break;
		case 'n':
			r.dry_run = true;
			break;
		case 'd':
			r.debug = true;
			break;
		case 'q':
			r.quiet = true;
			break;
		case 'e':
			r.leave = true;
			break;
		case 'F':
			r.wait = true;
			break;
		case 'f':
			r.file = args.value;
			break;
		case 'V':
		case 'A':
			r.viewer = true;
			r.autopass |= id == 'A';
			break;
		case ID_IGNORE_MASKS:
			break;
		case ID_TIMELINE:
			r.timeline = true;
			break;
		default:
			return args.status;
		}
	}
	if (!r.file) {
		if (!args_counted(&args, 1, 1 << 20))
			return args.status;
		r.file = args.list[0];
		first = 1;
	}
	if (dais_config_load(r.file, (const char *const *)args.list + first,
			     (size_t)(args.count - first), &r.config, &faults, &err)) {
		print_faults(cli, &r, &faults);
		status = cli_report(cli, &err);
	} else {
		print_faults(cli, &r, &faults);
		if (r.dry_run || cli->dry_run)
			status = dry_run(cli, &r);
		else
			status = r.debug ? show_config(cli, &r, stderr) : 0;
		if (!status && !r.dry_run && !cli->dry_run)
			status = make(cli, &r);
	}
	dais_faults_free(&faults);
	dais_config_free(&r.config);
	return status;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "[OPTION...] FILE [KEY=VALUE...]",
	.summary = "Create a domain from a configuration file",
	.options = options,
	.arguments = ARGUMENT_FILE,
	.run = run,
};
