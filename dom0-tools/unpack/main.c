// SPDX-License-Identifier: MIT
/*
 * dais-unpack: kernels are unpacked ahead of the first domain that boots them, into the cache that
 * `dais create` looks into. The hooks of kernels' packages call it, as may an administrator. All
 * that it knows of kernels and of the cache is libdais's.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/image.h"
#include "version.h"

#define SETTLED_SECONDS 2 /* what is younger the cache knows by its bytes alone: each is read */

enum { OPTION_FORGET = 256, OPTION_CACHE };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"forget", no_argument, NULL, OPTION_FORGET},
	{"cache", required_argument, NULL, OPTION_CACHE},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: dais-unpack [OPTION...] KERNEL...\n\n"
	"Keeps kernels unpacked for the domains that are to boot them, so that the first starts as\n"
	"fast as the second.\n\n"
	"      --forget          drop what was kept of them; they may be gone\n"
	"      --cache=DIR       where (" DAIS_IMAGE_CACHE ")\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static int report(const struct dais_error *err)
{
	char text[1200];

	dais_error_text(err, text, sizeof(text));
	fprintf(stderr, "dais-unpack: %s\n%s\n", text, dais_advice(err));
	return (int)err->code;
}

/* A package's file is seconds old when its hooks run. */
static void let_settle(const char *path)
{
	struct stat st;
	time_t age;

	if (stat(path, &st))
		return;
	age = time(NULL) - st.st_ctim.tv_sec;
	if (age >= 0 && age < SETTLED_SECONDS)
		sleep((unsigned int)(SETTLED_SECONDS - age));
}

static int keep(const char *path, const struct dais_image_options *how)
{
	struct dais_image image;
	struct dais_error err;
	enum dais_packing packing;

	let_settle(path);
	if (dais_image_open(path, how, &image, &err))
		return report(&err);
	packing = image.packing;
	dais_image_close(&image);
	/* A cache that cannot be used is no error there; here it is what was asked for. */
	if (dais_image_open(path, how, &image, &err))
		return report(&err);
	dais_image_close(&image);
	if (image.cached) {
		printf("dais-unpack: %s is kept unpacked\n", path);
	} else if (packing == DAIS_PACK_NONE) {
		printf("dais-unpack: %s is not packed\n", path);
	} else {
		dais_fail(&err, DAIS_FAILED, "keep unpacked", path, "%s cannot be used",
			  how->cache);
		dais_hint(&err, "It must be root's, with none but root allowed to write to it.");
		return report(&err);
	}
	return 0;
}

static int forget(const char *path, const struct dais_image_options *how)
{
	struct dais_error err;
	int rc = dais_image_forget(path, how, &err);

	if (rc > 0)
		printf("dais-unpack: %s is no longer kept unpacked\n", path);
	return rc < 0 ? report(&err) : 0;
}

int main(int argc, char **argv)
{
	struct dais_image_options how = {.cache = DAIS_IMAGE_CACHE};
	int (*act)(const char *path, const struct dais_image_options *how) = keep;
	int id, rc, status = 0;

	while ((id = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (id) {
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("dais-unpack %s\n", dais_version());
			return 0;
		case OPTION_FORGET:
			act = forget;
			break;
		case OPTION_CACHE:
			how.cache = optarg;
			break;
		default:
			fputs("`dais-unpack --help` lists the options.\n", stderr);
			return DAIS_USAGE;
		}
	}
	if (optind == argc) {
		fputs("dais-unpack: no kernel is named\n`dais-unpack --help` lists the options.\n",
		      stderr);
		return DAIS_USAGE;
	}
	/* One that is no kernel for domains is no reason to leave the others out. */
	for (; optind < argc; optind++) {
		rc = act(argv[optind], &how);
		status = rc ? rc : status;
	}
	return status;
}
