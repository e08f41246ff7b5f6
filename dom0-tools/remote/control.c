/* SPDX-License-Identifier: MIT */
/*
 * dais -c URI create, destroy, shutdown, reboot, pause, unpause, mem-set, vcpu-set. A
 * configuration becomes libvirt's XML by libvirt's own converter.
 */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config/config.h"
#include "connect.h"
#include "output.h"

/* Something done to each domain that is named. */
struct deed {
	const char *name, *what;
	int (*act)(virDomainPtr domain);
};

static int reboot(virDomainPtr domain)
{
	return virDomainReboot(domain, 0);
}

static const struct deed deeds[] = {
	{"destroy", "destroy", virDomainDestroy},
	{"shutdown", "shut down", virDomainShutdown},
	{"reboot", "restart", reboot},
	{"pause", "pause", virDomainSuspend},
	{"unpause", "unpause", virDomainResume},
};

static int deed_run(struct cli *cli, int argc, char **argv)
{
	const struct deed *deed = deeds;
	struct dais_error err;
	struct args args;
	int i, status = 0;

	args_begin(&args, cli, argc, argv);
	if (args_next(&args) != ARGS_END || !args_counted(&args, 1, 4096))
		return args.status;
	while (strcmp(deed->name, argv[0]) != 0)
		deed++;
	for (i = 0; i < args.count; i++) {
		virDomainPtr domain = remote_find(cli, args.list[i], &err);

		if (!domain) {
			status = cli_report(cli, &err);
			continue;
		}
		if (deed->act(domain)) {
			remote_failed(&err, deed->what, args.list[i]);
			status = cli_report(cli, &err);
		} else if (args.count == 1) {
			status = remote_done(cli, domain);
		}
		virDomainFree(domain);
	}
	return status;
}

#define DEED(ident, text)                        \
	const struct command command_##ident = { \
		.name = #ident,                  \
		.synopsis = "DOMAIN...",         \
		.summary = text,                 \
		.arguments = ARGUMENT_DOMAINS,   \
		.run = deed_run,                 \
	}

DEED(destroy, "End domains at once");
DEED(shutdown, "Shut down domains");
DEED(reboot, "Restart domains");
DEED(pause, "Pause domains");
DEED(unpause, "Let paused domains go on");

static int set_run(struct cli *cli, int argc, char **argv)
{
	bool memory = !strcmp(argv[0], "mem-set");
	virDomainPtr domain;
	struct dais_error err;
	struct args args;
	uint64_t kb = 0;
	int64_t count = 0;
	int rc, status;

	args_begin(&args, cli, argc, argv);
	if (args_next(&args) != ARGS_END || !args_counted(&args, 2, 2))
		return args.status;
	if (memory && (!args_memory(args.list[1], &kb) || !kb))
		return cli_usage(cli, "\"%s\" is no size: 512, 512m, 2g", args.list[1]);
	if (!memory && !args_number(args.list[1], 1, 8192, &count))
		return cli_usage(cli, "\"%s\" is no number of vCPUs", args.list[1]);
	domain = remote_find(cli, args.list[0], &err);
	if (!domain)
		return cli_report(cli, &err);
	rc = memory ? virDomainSetMemory(domain, kb)
		    : virDomainSetVcpus(domain, (unsigned int)count);
	if (rc)
		remote_failed(&err, memory ? "set the memory of" : "set the vCPUs of",
			      args.list[0]);
	status = rc ? cli_report(cli, &err) : remote_done(cli, domain);
	virDomainFree(domain);
	return status;
}

const struct command command_mem_set = {
	.name = "mem-set",
	.synopsis = "DOMAIN SIZE",
	.summary = "Set how much memory a domain uses",
	.arguments = ARGUMENT_DOMAIN,
	.run = set_run,
};

const struct command command_vcpu_set = {
	.name = "vcpu-set",
	.synopsis = "DOMAIN NUMBER",
	.summary = "Set how many vCPUs a domain uses",
	.arguments = ARGUMENT_DOMAIN,
	.run = set_run,
};

/* ----- configurations and XML ----- */

/* XML of a configuration, which the caller frees. NULL with @err. */
static char *to_xml(const struct cli *cli, const char *file, char **overrides, int count,
		    struct dais_error *err)
{
	struct dais_faults faults = {.list = NULL};
	virConnectPtr host = remote_open(cli, err);
	struct dais_config config;
	char *text = NULL, *xml = NULL;
	size_t i;

	if (!host)
		return NULL;
	if (!dais_config_load(file, (const char *const *)overrides, (size_t)count, &config, &faults,
			      err)) {
		/* The converter takes a raw image for QEMU's unless it is told: here it is Linux's. */
		for (i = 0; i < config.disk_count; i++) {
			if (config.disks[i].format == DAIS_FORMAT_RAW &&
			    config.disks[i].backend_type == DAIS_BACKEND_AUTO)
				config.disks[i].backend_type = DAIS_BACKEND_PHY;
		}
		text = dais_config_text(&config);
		xml = text ? virConnectDomainXMLFromNative(host, "xen-xl", text, 0) : NULL;
		if (!xml)
			remote_failed(err, "convert the configuration", file);
	}
	free(text);
	dais_config_free(&config);
	dais_faults_free(&faults);
	return xml;
}

static int create_run(struct cli *cli, int argc, char **argv)
{
	virDomainPtr domain = NULL;
	struct dais_error err;
	struct args args;
	int status;
	char *xml;

	args_begin(&args, cli, argc, argv);
	if (args_next(&args) != ARGS_END || !args_counted(&args, 1, 4096))
		return args.status;
	progress_begin(cli, "creating the domain");
	xml = to_xml(cli, args.list[0], args.list + 1, args.count - 1, &err);
	if (xml) {
		domain = virDomainCreateXML(remote_open(cli, &err), xml, 0);
		if (!domain)
			remote_failed(&err, "create the domain of", args.list[0]);
	}
	progress_end();
	free(xml);
	if (!domain)
		return cli_report(cli, &err);
	if (!cli->json)
		printf("%s is domain %d\n", virDomainGetName(domain), (int)virDomainGetID(domain));
	status = remote_done(cli, domain);
	virDomainFree(domain);
	return status;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "FILE [KEY=VALUE...]",
	.summary = "Create a domain on another host from a configuration file of this one",
	.arguments = ARGUMENT_FILE,
	.run = create_run,
};

static const struct option_row config_options[] = {
	{'x', "xml", NULL, "libvirt's XML in place of a configuration"},
	{'f', "file", NULL, "convert a file: a configuration to XML, or XML to a configuration"},
	{0, NULL, NULL, NULL},
};

static char *read_file(const char *path, struct dais_error *err)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!f || getdelim(&text, &room, '\0', f) < 0) {
		dais_fail(err, DAIS_CONFIG, "read", path, "it cannot be opened, or is empty");
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

/* The other form of a file: XML begins with an angle bracket. */
static char *convert_file(const struct cli *cli, const char *path, struct dais_error *err)
{
	virConnectPtr host = remote_open(cli, err);
	char *text = host ? read_file(path, err) : NULL, *other;

	if (!text)
		return NULL;
	if (text[strspn(text, " \t\r\n")] == '<') {
		other = virConnectDomainXMLToNative(host, "xen-xl", text, 0);
		if (!other)
			remote_failed(err, "convert", path);
	} else {
		other = to_xml(cli, path, NULL, 0, err);
	}
	free(text);
	return other;
}

/* A domain's configuration, or its XML. */
static char *describe(const struct cli *cli, const char *who, bool as_xml, struct dais_error *err)
{
	virDomainPtr domain = remote_find(cli, who, err);
	char *xml = domain ? virDomainGetXMLDesc(domain, 0) : NULL, *text;

	if (domain && !xml)
		remote_failed(err, "describe the domain", who);
	if (domain)
		virDomainFree(domain);
	if (!xml || as_xml)
		return xml;
	text = virConnectDomainXMLToNative(remote_open(cli, err), "xen-xl", xml, 0);
	if (!text)
		remote_failed(err, "convert the description of", who);
	free(xml);
	return text;
}

static int config_run(struct cli *cli, int argc, char **argv)
{
	bool xml = false, file = false;
	struct dais_error err;
	struct args args;
	char *text;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
		xml = xml || id == 'x';
		file = file || id == 'f';
	}
	if (!args_counted(&args, 1, 1))
		return args.status;
	text = file ? convert_file(cli, args.list[0], &err)
		    : describe(cli, args.list[0], xml, &err);
	if (!text)
		return cli_report(cli, &err);
	fputs(text, stdout);
	free(text);
	return 0;
}

const struct command command_config = {
	.name = "config",
	.synopsis = "[OPTION...] DOMAIN|FILE",
	.summary = "Show a domain's configuration, or convert one from or to libvirt's XML",
	.options = config_options,
	.arguments = ARGUMENT_DOMAIN,
	.run = config_run,
};
