// SPDX-License-Identifier: MIT
#include "dev/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

/* What it says may be a guest's doing: it must not fill dom0's disk. */
#define LOG_MAX (1u << 20)

static int fail(struct process *p, struct dais_error *err, int errnum)
{
	process_drop(p);
	return dais_fail_errno(err, DAIS_FAILED, errnum, "start", p->arguments[0]);
}

/* Its descriptors, signals and limits; between fork and exec, so without the heap. */
static void become(const struct process *p, int log)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD};
	const struct rlimit limit = {LOG_MAX, LOG_MAX};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
	/* A log that is full is an error of write(), not its death. */
	signal(SIGXFSZ, SIG_IGN);
	if (!p->writes)
		setrlimit(RLIMIT_FSIZE, &limit);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	umask(077);
	if (chdir("/") || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(127);
	close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	if (p->keep >= 0)
		fcntl(p->keep, F_SETFD, 0);
}

static void held(const struct process *p, int log, const int go[2], const int said[2])
{
	char word = 0;
	int errnum;

	/* Else its own end would keep the pipe open when the other is gone. */
	close(go[1]);
	close(said[0]);
	if (read(go[0], &word, 1) != 1)
		_exit(0);
	become(p, log);
	execve(p->arguments[0], p->arguments, p->environment);
	errnum = errno;
	if (write(said[1], &errnum, sizeof(errnum)) < 0)
		_exit(126);
	_exit(127);
}

/* The parent of the program ends at once, so that it becomes init's and leaves no zombie here. */
static void between(const struct process *p, int log, const int go[2], const int said[2])
{
	pid_t pid = fork();

	if (!pid)
		held(p, log, go, said);
	_exit(pid > 0 && write(said[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
}

int process_hold(struct process *p, struct dais_error *err)
{
	autoclose int log = open(
		p->log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
	int go[2], said[2], status = 0;
	pid_t child;

	p->alive = p->go = p->said = -1;
	if (log < 0)
		return dais_fail_errno(err, DAIS_FAILED, errno, "open the log", p->log);
	if (pipe2(go, O_CLOEXEC))
		return fail(p, err, errno);
	if (pipe2(said, O_CLOEXEC)) {
		int errnum = errno;

		close(go[0]);
		close(go[1]);
		return fail(p, err, errnum);
	}
	p->go = go[1];
	p->said = said[0];
	child = fork();
	if (!child)
		between(p, log, go, said);
	close(go[0]);
	close(said[1]);
	if (child < 0)
		return fail(p, err, errno);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (read(p->said, &p->pid, sizeof(p->pid)) != sizeof(p->pid))
		return fail(p, err, EAGAIN);
	p->alive = pidfd_open(p->pid, 0);
	return p->alive < 0 ? fail(p, err, errno) : 0;
}

int process_release(struct process *p, struct dais_error *err)
{
	char word = 1;
	int errnum = 0;
	ssize_t n;

	if (write(p->go, &word, 1) != 1)
		return fail(p, err, errno);
	/* Nothing comes when the program is executed: that closes its end. */
	while ((n = read(p->said, &errnum, sizeof(errnum))) < 0 && errno == EINTR)
		;
	return n == sizeof(errnum) ? fail(p, err, errnum) : 0;
}

bool process_ended(int alive, unsigned int timeout_ms)
{
	struct pollfd end = {.fd = alive, .events = POLLIN};

	return poll(&end, 1, (int)timeout_ms) == 1;
}

void process_drop(struct process *p)
{
	int *const open[] = {&p->alive, &p->go, &p->said};

	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		if (*open[i] >= 0)
			close(*open[i]);
		*open[i] = -1;
	}
}

/* The 22nd field; the second is the program's own name for itself, with whatever in it. */
long process_born(pid_t pid)
{
	char path[40], text[1024];
	autoclose int fd = -1;
	const char *at;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : 0;
}

static bool has_arguments(pid_t pid, const char *option, const char *value)
{
	char path[40], text[4096];
	autoclose int fd = -1;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return false;
	text[size] = '\0';
	for (const char *at = text; at < text + size; at += strlen(at) + 1) {
		const char *next = at + strlen(at) + 1;

		if (!strcmp(at, option))
			return next < text + size && !strcmp(next, value);
	}
	return false;
}

int process_find(pid_t pid, long born, const char *option, const char *value)
{
	autoclose int alive = pid > 1 ? pidfd_open(pid, 0) : -1;

	/* Looked at while the descriptor stands: what it ends then is what was looked at. */
	if (alive < 0 || (born && process_born(pid) != born) ||
	    !has_arguments(pid, option, value) || process_ended(alive, 0))
		return -1;
	return steal_fd(&alive);
}

bool process_end(int alive, unsigned int timeout_ms)
{
	pidfd_send_signal(alive, SIGTERM, NULL, 0);
	if (process_ended(alive, timeout_ms))
		return true;
	pidfd_send_signal(alive, SIGKILL, NULL, 0);
	return process_ended(alive, timeout_ms);
}
