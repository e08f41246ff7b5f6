/* SPDX-License-Identifier: MIT */
/*
 * daisd: what needs a resident process: restart policies, autostart, a journal, an API and
 * metrics. Everything a restart needs is on disk; `dais` works without it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "../daemon/background.h"
#include "api.h"
#include "dom/domain.h"
#include "intent.h"
#include "journal.h"
#include "log.h"
#include "supervise.h"
#include "version.h"

#define AUTO_DIR DAIS_SYSCONF "/dais/auto"
#define STATE_DIR "/var/lib/dais/daisd"
#define RUN_DIR "/run/dais"

enum { OPTION_PID = 256, OPTION_SOCKET, OPTION_AUTO, OPTION_NO_AUTO };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"verbose", no_argument, NULL, 'v'},
	{"foreground", no_argument, NULL, 'f'},
	{"pid-file", required_argument, NULL, OPTION_PID},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"auto", required_argument, NULL, OPTION_AUTO},
	{"no-auto", no_argument, NULL, OPTION_NO_AUTO},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: daisd [OPTION...]\n\n"
	"Looks after domains: restarts them as their configurations say, starts those in\n" AUTO_DIR
	" at boot, serves an API and metrics on a Unix socket.\n\n"
	"  -f, --foreground      stay in the foreground, say things on standard error\n"
	"      --auto=DIR        configurations to start at boot (" AUTO_DIR ")\n"
	"      --no-auto         start none\n"
	"      --socket=PATH     of the API (" API_SOCKET ")\n"
	"      --pid-file=FILE   where the number of the process is left\n"
	"  -v, --verbose         say more\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

struct settings {
	bool foreground, verbose;
	const char *pid_file, *socket;
	struct supervise_options supervise;
};

static volatile bool stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = true;
}

/* Exit status of a program that has nothing to do, or -1 to go on. */
static int read_options(int argc, char **argv, struct settings *s)
{
	int id;

	while ((id = getopt_long(argc, argv, "hVvf", options, NULL)) != -1) {
		switch (id) {
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("daisd %s\n", dais_version());
			return 0;
		case 'v':
			s->verbose = true;
			break;
		case 'f':
			s->foreground = true;
			break;
		case OPTION_PID:
			s->pid_file = optarg;
			break;
		case OPTION_SOCKET:
			s->socket = optarg;
			break;
		case OPTION_AUTO:
			s->supervise.auto_dir = optarg;
			break;
		case OPTION_NO_AUTO:
			s->supervise.auto_dir = NULL;
			break;
		default:
			fputs("`daisd --help` lists the options.\n", stderr);
			return DAIS_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "daisd: %s: no arguments are expected\n", argv[optind]);
		fputs("`daisd --help` lists the options.\n", stderr);
		return DAIS_USAGE;
	}
	return -1;
}

static void to_syslog(void *arg, enum dais_level level, const char *line)
{
	(void)arg;
	syslog(level == DAIS_LOG_WARNING ? LOG_WARNING : LOG_INFO, "%s", line);
}

static void write_pid(const char *path)
{
	FILE *f = path ? fopen(path, "we") : NULL;

	if (f) {
		fprintf(f, "%d\n", (int)getpid());
		fclose(f);
	}
}

/* Tells systemd, if it started us, that the service is up. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length;
	int fd;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address, length) < 0)
		dais_log(DAIS_LOG_INFO, "cannot notify systemd: %s", strerror(errno));
	close(fd);
}

static int report(const struct settings *s, const struct dais_error *err)
{
	char text[1200];

	dais_error_text(err, text, sizeof(text));
	if (!s->foreground)
		syslog(LOG_ERR, "%s", text);
	fprintf(stderr, "daisd: %s\n%s\n", text, dais_advice(err));
	return (int)err->code;
}

static void ready(void)
{
	notify("READY=1");
	background_ready();
}

static int serve(const struct settings *s)
{
	const struct journal_entry start = {.event = "daisd-started", .domid = -1};
	const struct journal_entry end = {.event = "daisd-stopped", .domid = -1};
	struct dais_error err;
	struct dais *host;
	struct api *api;
	int rc;

	/* Where no hypervisor or store is nothing is left behind. */
	if (dais_open(&host, &err))
		return report(s, &err);
	dais_close(host);
	mkdir("/var/lib/dais", 0755);
	mkdir(RUN_DIR, 0755);
	journal_open(STATE_DIR);
	intent_open(STATE_DIR "/intents");
	api = api_start(s->socket, &err);
	if (!api)
		return report(s, &err);
	journal_add(&start);
	write_pid(s->pid_file);
	rc = supervise_run(&s->supervise, &stopping, &err) ? report(s, &err) : 0;
	notify("STOPPING=1");
	api_stop(api);
	journal_add(&end);
	journal_close();
	if (s->pid_file)
		unlink(s->pid_file);
	return rc;
}

int main(int argc, char **argv)
{
	struct sigaction stop = {.sa_handler = on_signal}; /* without SA_RESTART: it wakes */
	struct settings s = {.socket = API_SOCKET,
			     .supervise = {.auto_dir = AUTO_DIR,
					   .auto_mark = RUN_DIR "/autostarted",
					   .ready = ready}};
	int status = read_options(argc, argv, &s);
	struct dais_error err;

	if (status >= 0)
		return status;
	if (!s.foreground && background_begin()) {
		dais_fail_errno(&err, DAIS_FAILED, errno, "go to the background", NULL);
		return report(&s, &err);
	}
	if (!s.foreground)
		openlog("daisd", LOG_PID, LOG_DAEMON);
	dais_log_to(s.foreground ? NULL : to_syslog, NULL,
		    s.verbose ? DAIS_LOG_DEBUG : DAIS_LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	return serve(&s);
}
