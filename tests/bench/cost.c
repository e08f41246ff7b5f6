/* SPDX-License-Identifier: MIT */
/*
 * cost COMMAND [ARGUMENT...]: runs it with its output thrown away and prints what it took.  Under
 * -icount shift=0 a tick of the time stamp counter and a nanosecond of a domain's time are an
 * instruction of the whole machine: the command's, its kernel's, the store daemon's, the
 * hypervisor's for them.  The cost is the control domain's own time, so that nothing counts in
 * which it waits (for a disk, or as Debian's tools do now and then for a timer of seconds).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "busy.h"

int main(int argc, char **argv)
{
	int status = 0, privcmd = busy_open();
	unsigned long long before, after, from, to;
	pid_t pid;

	if (argc < 2 || privcmd < 0)
		return 2;
	from = busy(privcmd);
	before = __rdtsc();
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	after = __rdtsc();
	to = busy(privcmd);
	if (!from || to <= from)
		return 2;
	printf("cost %llu from %llu to %llu status %d\n", to - from, before, after,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return 0;
}
