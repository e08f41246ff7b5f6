/* SPDX-License-Identifier: MIT */
/*
 * dais console: joins the terminal to a domain's console, until Ctrl-] or the domain's end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "commands.h"
#include "host.h"

#define ESCAPE 0x1d /* Ctrl-] */
#define CONSOLE_WAIT_MS 10000u

static const struct option_row options[] = {
	{'t', "type", "TYPE", "\"pv\" is the only one"},
	{'n', "num", "NUMBER", "0 is the only one"},
	{0, NULL, NULL, NULL},
};

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Copies both ways. Returns when the user or the other end has had enough. */
static void relay(int tty, bool input)
{
	struct pollfd fds[2] = {
		{.fd = tty, .events = POLLIN},
		{.fd = input ? STDIN_FILENO : -1, .events = POLLIN},
	};
	char data[4096];
	ssize_t n;

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[0].revents) {
			n = read(tty, data, sizeof(data));
			if (n <= 0 && !(n < 0 && (errno == EINTR || errno == EAGAIN)))
				return;
			if (n > 0 && write_all(STDOUT_FILENO, data, (size_t)n))
				return;
		}
		if (fds[1].revents) {
			const char *escape;

			n = read(STDIN_FILENO, data, sizeof(data));
			if (n == 0)
				fds[1].fd = -1;
			if (n <= 0)
				continue;
			escape = memchr(data, ESCAPE, (size_t)n);
			if (write_all(tty, data, escape ? (size_t)(escape - data) : (size_t)n) ||
			    escape)
				return;
		}
	}
}

int console_join(struct cli *cli, uint32_t domid)
{
	bool unpause = domid & CONSOLE_UNPAUSE;
	struct termios saved, raw;
	struct dais_error err;
	char path[64];
	bool terminal;
	int tty;

	domid &= ~CONSOLE_UNPAUSE;
	if (dais_console(cli->host, domid, CONSOLE_WAIT_MS, path, sizeof(path), &err))
		return cli_report(cli, &err);
	tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0) {
		dais_fail_errno(&err, DAIS_DEVICE, errno, "open the console", path);
		return cli_report(cli, &err);
	}
	if (!tcgetattr(tty, &raw)) {
		cfmakeraw(&raw);
		tcsetattr(tty, TCSANOW, &raw);
	}
	if (unpause && dais_unpause(cli->host, domid, &err)) {
		close(tty);
		return cli_report(cli, &err);
	}
	terminal = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &saved);
	if (terminal) {
		fprintf(stderr, "Ctrl-] leaves the console\r\n");
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	relay(tty, true);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	close(tty);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 't' && strcmp(args.value, "pv"))
			return cli_usage(cli, "there is no console of type \"%s\"", args.value);
		if (id == 'n' && strcmp(args.value, "0"))
			return cli_usage(cli, "there is no console %s", args.value);
		if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, 1, 1))
		return args.status;
	if (host_domain(cli, args.list[0], &domain, &err))
		return cli_report(cli, &err);
	return console_join(cli, domain.domid);
}

const struct command command_console = {
	.name = "console",
	.synopsis = "[OPTION...] DOMAIN",
	.summary = "Connect to a domain's console",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
