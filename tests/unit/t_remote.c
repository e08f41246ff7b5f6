// SPDX-License-Identifier: MIT
/*
 * `dais -c URI` over libvirt's own test driver, which has one host with one domain in memory:
 * each run of the program starts with that anew.
 */
#include "check.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static char out[65536];

/* Runs the command; its output goes to @out. Returns the exit status. */
static int run(const char *arguments)
{
	char command[512];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "dom0-tools/dais -c test:///default %s 2>&1", arguments);
	f = popen(command, "r");
	if (!f)
		return -1;
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	return WEXITSTATUS(pclose(f));
}

int main(void)
{
	struct json_object *o, *data, *value;

	CHECK_EQ(run("list --json"), 0);
	o = json_tokener_parse(out);
	data = json_object_array_get_idx(json_object_object_get(o, "data"), 0);
	value = json_object_object_get(data, "name");
	CHECK(value && !strcmp(json_object_get_string(value), "test"));
	value = json_object_object_get(data, "memory_kb");
	CHECK(value && json_object_get_int64(value) > 0);
	json_object_put(o);
	CHECK_EQ(run("pause test --json"), 0);
	CHECK(strstr(out, "\"paused\": true") || strstr(out, "\"paused\":true"));
	CHECK_EQ(run("mem-set test 1024 --json"), 0);
	CHECK(strstr(out, "1048576"));
	CHECK_EQ(run("domid test"), 0);
	CHECK_EQ(atoi(out), 1);
	CHECK_EQ(run("config --xml test"), 0);
	CHECK(!strncmp(out, "<domain", 7));
	CHECK_EQ(run("destroy nobody"), 4);
	CHECK(strstr(out, "nobody") && strstr(out, "dais -c test:///default list"));
	CHECK_EQ(run("nothing"), 2);
	CHECK_EQ(run("info"), 0);
	return check_done("remote");
}
