// SPDX-License-Identifier: MIT
/*
 * xenstored, from its options to its loop.  The order: state restored, domains connected, socket
 * open, and only then is the caller told that the daemon is up.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "confine.h"
#include "conn_socket.h"
#include "domain.h"
#include "handover.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "persist.h"
#include "request.h"
#include "store.h"

static void on_signal(int sig)
{
	(void)sig;
	loop_stop();
}

/* Makes the folders on the way to a file. */
static void make_folders(const char *path)
{
	char part[4096];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdir(part, 0755);
	}
}

static void write_pid(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f))
		log_line(LOG_ERR, "cannot write the pid file %s: %s", path, strerror(errno));
}

/* As many descriptors as we may have; ten thousand clients are to be served. */
static void raise_file_limit(void)
{
	struct rlimit limit = {1 << 17, 1 << 17};

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Goes into the background: the caller's process ends, with status 0, when the daemon says so
 * through the descriptor that this returns in the daemon.
 */
static int daemonize(void)
{
	int fds[2];
	char up;

	if (pipe2(fds, O_CLOEXEC))
		exit(1);
	switch (fork()) {
	case -1:
		perror("xenstored: fork");
		exit(1);
	case 0:
		break;
	default:
		close(fds[1]);
		exit(read(fds[0], &up, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	setsid();
	if (fork() != 0)
		_exit(0);
	if (chdir("/"))
		_exit(1);
	return fds[1];
}

static void detach(int up_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && null >= 0; i++)
		dup2(null, i);
	if (write(up_fd, "", 1) != 1)
		log_line(LOG_WARNING, "nobody waits for the daemon to be up");
	close(up_fd);
}

static void seed_names(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) == sizeof(seed))
		name_hash_seed(seed);
}

int main(int argc, char **argv)
{
	struct options o;
	int up_fd = -1, err;

	handover_receive();
	handover_arguments(argv);
	options_read(&o, argc, argv);
	raise_file_limit();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	log_open(!o.foreground);
	if (!o.foreground && !handover_is_update())
		up_fd = daemonize();
	request_log = o.verbose;
	seed_names();
	make_folders(o.socket);
	store_init();
	err = loop_init();
	if (err)
		return 1;
	err = persist_open(o.state_dir);
	if (err == EBUSY) {
		fprintf(stderr, "xenstored: another daemon uses %s\n", o.state_dir);
		return 1;
	}
	if (err && err != ENOSPC && err != EROFS && err != EDQUOT) {
		fprintf(stderr, "xenstored: %s: %s\n", o.state_dir, strerror(err));
		return 1;
	}
	/* A disk that is full, or that nobody can write, has no state that could be lost. */
	if (err)
		log_line(LOG_ERR, "%s: %s; changes will not outlive the daemon", o.state_dir,
			 strerror(err));
	err = domain_init(o.hypervisor);
	if (err)
		return 1;
	persist_start();
	if (domain_start())
		return 1;
	persist_commit();
	err = socket_listen(o.socket, handover_take(HANDOVER_LISTENER));
	if (err) {
		fprintf(stderr, "xenstored: %s: %s\n", o.socket, strerror(err));
		return 1;
	}
	if (o.pid_file)
		write_pid(o.pid_file);
	handover_drop();
	handover_ready();
	if (o.confined && confine(o.user, o.state_dir, o.hypervisor))
		return 1;
	if (up_fd >= 0)
		detach(up_fd);
	log_line(LOG_INFO, "serving %s", o.socket);
	loop_run();
	persist_finish();
	if (o.pid_file)
		unlink(o.pid_file);
	log_line(LOG_INFO, "ended by a signal");
	return 0;
}
