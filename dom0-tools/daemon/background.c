// SPDX-License-Identifier: MIT
/*
 * daemon(3) would let the caller's process end at once, with status 0, so that a script could
 * not tell a daemon that serves from one that found no hypervisor. A pipe tells it: a byte is
 * written when the daemon is ready, and its end closes when the daemon ends.
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd = -1;

/* The caller's end of it. */
static _Noreturn void wait_for(pid_t daemon, int fd)
{
	int status;
	ssize_t n;
	char byte;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	if (waitpid(daemon, &status, 0) != daemon || !WIFEXITED(status))
		_exit(1);
	_exit(WEXITSTATUS(status));
}

int background_begin(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	if (pid) {
		close(fds[1]);
		wait_for(pid, fds[0]);
	}
	close(fds[0]);
	ready_fd = fds[1];
	return setsid() < 0 || chdir("/") ? -1 : 0;
}

void background_ready(void)
{
	int null;

	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	/* Whoever waited may have been killed; that is no reason to end. */
	if (write(ready_fd, "", 1) < 0)
		errno = 0;
	close(ready_fd);
	ready_fd = -1;
}
