// SPDX-License-Identifier: MIT
/*
 * dom0-tools/cli/output.c: progress is drawn on a terminal, says what is being done, and is gone
 * afterwards; nobody else's error output gets any.
 */
#include "check.h"

#include <poll.h>
#include <pty.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#define LONG_MS 60000 /* a slow machine's patience; what is expected comes within two seconds */

static int terminal; /* the other end of standard error */
static int quiet; /* the true one */

/* What the terminal was told since the last time, until @end stands in it or @ms are over. */
static const char *told(const char *end, int ms)
{
	static char text[4096];
	struct pollfd fd = {.fd = terminal, .events = POLLIN};
	size_t used = 0;

	text[0] = '\0';
	while (used < sizeof(text) - 1 && !(end && strstr(text, end)) && poll(&fd, 1, ms) > 0) {
		ssize_t n = read(terminal, text + used, sizeof(text) - 1 - used);

		if (n <= 0)
			break;
		used += (size_t)n;
		text[used] = '\0';
	}
	return text;
}

static void test_drawn(const struct cli *cli)
{
	progress_begin(cli, "looking at it");
	CHECK(strstr(told("looking at it\033[K", LONG_MS), "\r"));
	progress_step("doing it");
	CHECK(strstr(told("doing it", LONG_MS), "doing it"));
	progress_end();
	/* The line is empty, and stays so. */
	CHECK(strstr(told("\r\033[K", LONG_MS), "\r\033[K"));
	told(NULL, 500);
	CHECK(!*told(NULL, 500));
	progress_end();
}

/* Long enough that it would have been drawn. */
static void test_silent(const struct cli *cli)
{
	progress_begin(cli, "nothing");
	sleep(2);
	progress_end();
	CHECK(!*told(NULL, 100));
}

int main(void)
{
	struct cli cli = {.program = "dais"};
	int slave;

	if (openpty(&terminal, &slave, NULL, NULL, NULL))
		return 77;
	quiet = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	test_drawn(&cli);
	cli.json = true;
	test_silent(&cli);
	cli.json = false;
	dup2(quiet, STDERR_FILENO);
	if (!isatty(quiet))
		test_silent(&cli);
	return check_done("output");
}
