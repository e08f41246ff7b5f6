// SPDX-License-Identifier: MIT
/*
 * dom0-tools/cli/viewer.c: which program is started with what. The program is a script of the
 * test, which writes down its arguments and what it is told; where VNC listens is the test's word.
 */
#include "check.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../dom0-tools/cli/viewer.h"
#include "../../dom0-tools/lib/json.h"

static const char *listens; /* NULL: nowhere */

struct json_object *dais_served_json(struct dais *host, uint32_t domid)
{
	struct json_object *o = json_object_new_object(), *vnc = NULL;

	(void)host;
	CHECK_EQ(domid, 7);
	if (listens) {
		vnc = json_object_new_object();
		json_object_object_add(vnc, "listen", json_object_new_string(listens));
		json_object_object_add(vnc, "port", json_object_new_int(5903));
	}
	json_object_object_add(o, "vnc", vnc);
	return o;
}

/* What the script wrote down. */
static const char *start(const char *listen, const char *password)
{
	static char said[200];
	struct dais_error err = {0};
	struct cli cli = {0};
	FILE *f;
	size_t n = 0;

	listens = listen;
	unlink("said");
	CHECK_EQ(viewer_start(&cli, 7, password, &err), 0);
	CHECK(wait(NULL) > 0);
	f = fopen("said", "r");
	CHECK(f);
	if (f) {
		n = fread(said, 1, sizeof(said) - 1, f);
		fclose(f);
	}
	said[n] = '\0';
	return said;
}

static void test_check(void)
{
	struct dais_vfb vfb = {.vnc = DAIS_YES};
	struct dais_config config = {.name = (char[]){"web"}, .vfbs = &vfb};
	struct dais_error err = {0};

	setenv("PATH", "/nonexistent:.", 1);
	CHECK_EQ(viewer_check(&config, &err), -1);
	CHECK(err.code == DAIS_CONFIG && !strcmp(err.object, "web"));
	config.vfb_count = 1;
	CHECK_EQ(viewer_check(&config, &err), 0);
	setenv("PATH", "/nonexistent", 1);
	CHECK_EQ(viewer_check(&config, &err), -1);
	CHECK(err.code == DAIS_DEVICE && strstr(err.why, "vncviewer") &&
	      strstr(err.hint, "tigervnc-viewer"));
	vfb.vnc = DAIS_NO;
	CHECK_EQ(viewer_check(&config, &err), -1);
	CHECK(err.code == DAIS_CONFIG);
}

static void test_start(void)
{
	struct dais_error err = {0};
	struct cli cli = {0};

	setenv("PATH", ".:/usr/bin:/bin", 1);
	CHECK(!strcmp(start("127.0.0.1", NULL), "127.0.0.1:3\n"));
	CHECK(!strcmp(start("::1", NULL), "[::1]:3\n"));
	CHECK(!strcmp(start("127.0.0.1", "a b"), "127.0.0.1:3 -autopass\na b"));
	listens = NULL;
	CHECK_EQ(viewer_start(&cli, 7, NULL, &err), -1);
	CHECK(err.code == DAIS_DEVICE);
}

int main(void)
{
	static const char script[] = "#!/bin/sh\n"
				     "{ echo \"$@\"; [ \"$2\" ] && cat; } > said\n";
	char dir[] = "t_viewer.XXXXXX";
	FILE *f;

	CHECK(mkdtemp(dir) && !chdir(dir));
	f = fopen("vncviewer", "w");
	CHECK(f && fputs(script, f) >= 0 && !fclose(f) && !chmod("vncviewer", 0755));
	test_check();
	test_start();
	unlink("said");
	unlink("vncviewer");
	CHECK(!chdir("..") && !rmdir(dir));
	return check_done("t_viewer");
}
