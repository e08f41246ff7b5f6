/* SPDX-License-Identifier: MIT */
/*
 * The main program of a test whose cases each have a daemon of their own, without limits:
 * "--only CASE", "--on C" or "--on OCaml" for one of the stock ones, and what all tests take
 * (server.h).  A header, as its count of what failed is tap.h's, which is the program's own.
 */
#ifndef TESTS_XENSTORE_CASES_H
#define TESTS_XENSTORE_CASES_H

#include <string.h>

#include "server.h"
#include "tap.h"

struct server_case {
	const char *name;
	void (*run)(struct server *s);
	bool ours_only; /* it goes by what only ours does */
};

static inline int server_cases(const struct server_case *cases, size_t count, int argc, char **argv)
{
	enum server_kind kind = SERVER_OURS;
	struct server_paths paths = {0};
	const char *only = NULL;

	server_options(&paths, &argc, argv);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
		else if (strcmp(argv[i], "--on") == 0)
			kind = server_kind_named(argv[i + 1]);
		else
			return 2;
	}
	for (size_t i = 0; i < count; i++) {
		struct server s = {0};

		if ((only && strcmp(only, cases[i].name) != 0) ||
		    (cases[i].ours_only && kind != SERVER_OURS))
			continue;
		if (server_start(&s, &paths, kind, SERVER_NO_QUOTA))
			cases[i].run(&s);
		else
			EXPECT(false, "the daemon does not start");
		server_stop(&s);
		tap_case(cases[i].name);
	}
	return tap_cases_failed != 0;
}

#endif
