/* SPDX-License-Identifier: MIT */
/*
 * dais wait: until a domain is in a state.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'t', "timeout", "SECONDS", "give up after so long"},
	{0, NULL, NULL, NULL},
};

static bool in_state(const struct dais_domain *d, const char *state)
{
	if (!strcmp(state, "up"))
		return !d->dying && !d->paused && d->shutdown == DAIS_SHUTDOWN_NONE;
	if (!strcmp(state, "down") || !strcmp(state, "gone"))
		return d->dying || (*state == 'd' && d->shutdown != DAIS_SHUTDOWN_NONE);
	return !strcmp(dais_state_name(d), state);
}

static bool known(const char *state)
{
	static const char *const states[] = {"up",     "down",     "gone",    "running", "blocked",
					     "paused", "shutdown", "crashed", "dying"};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (!strcmp(states[i], state))
			return true;
	}
	return false;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_for(struct cli *cli, const char *who, const char *state, int64_t seconds)
{
	int64_t end = seconds < 0 ? INT64_MAX : now_ms() + seconds * 1000;
	bool gone_is_fine = !strcmp(state, "gone") || !strcmp(state, "down");
	struct dais_domain domain;
	struct dais_event event;
	struct dais_error err;

	for (;;) {
		int64_t left = end - now_ms();

		if (host_domain(cli, who, &domain, &err)) {
			if (err.code != DAIS_NO_DOMAIN)
				return cli_report(cli, &err);
			if (gone_is_fine)
				return output_done(cli);
		} else if (in_state(&domain, state)) {
			/* As it was then: by now it may be gone. */
			return cli->json ? output_json("dais.domain", domain_json(&domain)) : 0;
		}
		if (left <= 0) {
			dais_fail(&err, DAIS_TIMEOUT, "wait for the domain", who,
				  "it was not \"%s\" within %lld s", state, (long long)seconds);
			return cli_report(cli, &err);
		}
		if (dais_event_wait(cli->host, &event, left < 1000 ? (int)left : 1000, &err) < 0)
			return cli_report(cli, &err);
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	int64_t seconds = -1;
	struct args args;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
		if (!args_number(args.value, 0, INT32_MAX, &seconds))
			return cli_usage(cli, "\"%s\" is no number of seconds", args.value);
	}
	if (!args_counted(&args, 2, 2))
		return args.status;
	if (!known(args.list[1]))
		return cli_usage(cli,
				 "there is no state \"%s\": up, down, gone, running, blocked, "
				 "paused, shutdown, crashed, dying",
				 args.list[1]);
	progress_begin(cli, "waiting");
	status = wait_for(cli, args.list[0], args.list[1], seconds);
	progress_end();
	return status;
}

const struct command command_wait = {
	.name = "wait",
	.synopsis = "[OPTION...] DOMAIN up|down|gone|running|blocked|paused|shutdown|crashed|dying",
	.summary = "Wait until a domain is in a state",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
