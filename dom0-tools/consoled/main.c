/* SPDX-License-Identifier: MIT */
/*
 * dais-consoled serves the consoles of all domains: a pseudo-terminal and a log file each. It
 * takes xenconsoled's place and its options.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "../daemon/background.h"
#include "domains.h"
#include "log.h"
#include "version.h"

#define LOG_DIR "/var/log/dais/console"
#define LOG_MOST (1 << 20)

enum { OPTION_PID = 256, OPTION_LOG, OPTION_LOG_DIR, OPTION_LOG_SIZE, OPTION_TIMESTAMP };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"verbose", no_argument, NULL, 'v'},
	{"interactive", no_argument, NULL, 'i'},
	{"log", required_argument, NULL, OPTION_LOG},
	{"log-dir", required_argument, NULL, OPTION_LOG_DIR},
	{"log-size", required_argument, NULL, OPTION_LOG_SIZE},
	{"pid-file", required_argument, NULL, OPTION_PID},
	{"timestamp", required_argument, NULL, OPTION_TIMESTAMP},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: dais-consoled [OPTION...]\n\n"
	"Serves the consoles of all domains.\n\n"
	"  -i, --interactive      stay in the foreground, say things on standard error\n"
	"      --log=WHAT         \"guest\" (default) or \"none\"\n"
	"      --log-dir=DIR      where logs stand (" LOG_DIR ")\n"
	"      --log-size=BYTES   of a log, before the next is begun (1048576)\n"
	"      --timestamp=WHAT   \"guest\": each line of a log begins with the time\n"
	"      --pid-file=FILE    where the number of the process is left\n"
	"  -v, --verbose          say more\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n";

struct settings {
	bool foreground, verbose, log;
	const char *log_dir, *pid_file;
	struct console_options console;
};

static int usage(void)
{
	fputs("`dais-consoled --help` lists the options.\n", stderr);
	return DAIS_USAGE;
}

/* The stock daemon's words: does the option's value, one of them, concern guests? */
static bool of_guests(bool *guests)
{
	*guests = !strcmp(optarg, "guest") || !strcmp(optarg, "all");
	if (*guests || !strcmp(optarg, "none") || !strcmp(optarg, "hv"))
		return true;
	fprintf(stderr, "dais-consoled: %s: guest and none are the choices\n", optarg);
	return false;
}

/* Exit status of a program that has nothing to do, or -1 to go on. */
static int read_options(int argc, char **argv, struct settings *s)
{
	char *end;
	int id;

	while ((id = getopt_long(argc, argv, "hViv", options, NULL)) != -1) {
		switch (id) {
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("dais-consoled %s\n", dais_version());
			return 0;
		case 'i':
			s->foreground = true;
			break;
		case 'v':
			s->verbose = true;
			break;
		case OPTION_LOG:
			if (!of_guests(&s->log))
				return usage();
			break;
		case OPTION_LOG_DIR:
			s->log_dir = optarg;
			break;
		case OPTION_LOG_SIZE:
			s->console.log_most = strtol(optarg, &end, 0);
			if (end == optarg || *end || s->console.log_most < 0) {
				fprintf(stderr, "dais-consoled: --log-size: %s is no number\n",
					optarg);
				return usage();
			}
			break;
		case OPTION_TIMESTAMP:
			if (!of_guests(&s->console.log_stamps))
				return usage();
			break;
		case OPTION_PID:
			s->pid_file = optarg;
			break;
		default:
			return usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "dais-consoled: %s: no arguments are expected\n", argv[optind]);
		return usage();
	}
	return -1;
}

static int open_log_dir(const char *path)
{
	char part[256];
	char *slash;

	snprintf(part, sizeof(part), "%s", path);
	for (slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)events;
	if (signal->signum == SIGHUP)
		domains_reopen_logs();
	else
		ev_break(loop, EVBREAK_ALL);
}

static int report(const struct settings *s, const struct dais_error *err)
{
	char text[1024];

	dais_error_text(err, text, sizeof(text));
	if (!s->foreground)
		syslog(LOG_ERR, "%s", text);
	fprintf(stderr, "dais-consoled: %s\n%s\n", text, dais_advice(err));
	return (int)err->code;
}

int main(int argc, char **argv)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
	struct settings s = {
		.log = true, .log_dir = LOG_DIR, .console = {.log_dir = -1, .log_most = LOG_MOST}};
	ev_signal watched[3];
	struct ev_loop *loop;
	struct dais_error err;
	int status = read_options(argc, argv, &s);

	if (status >= 0)
		return status;
	if (s.console.log_most < 4096)
		s.console.log_most = 4096;
	if (!s.foreground && background_begin()) {
		dais_fail_errno(&err, DAIS_FAILED, errno, "go to the background", NULL);
		return report(&s, &err);
	}
	if (!s.foreground)
		openlog("dais-consoled", LOG_PID, LOG_DAEMON);
	dais_log_to(s.foreground ? NULL : to_syslog, NULL,
		    s.verbose ? DAIS_LOG_DEBUG : DAIS_LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (s.log)
		s.console.log_dir = open_log_dir(s.log_dir);
	if (s.log && s.console.log_dir < 0)
		dais_log(DAIS_LOG_WARNING, "%s: %s; consoles are not logged", s.log_dir,
			 strerror(errno));
	loop = ev_default_loop(0);
	if (domains_start(loop, &s.console, &err))
		return report(&s, &err);
	for (int i = 0; i < 3; i++) {
		ev_signal_init(&watched[i], on_signal, signals[i]);
		ev_signal_start(loop, &watched[i]);
	}
	write_pid(s.pid_file);
	background_ready();
	ev_run(loop, 0);
	domains_stop();
	if (s.pid_file)
		unlink(s.pid_file);
	return 0;
}
