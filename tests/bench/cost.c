/* SPDX-License-Identifier: MIT */
/*
 * cost COMMAND [ARGUMENT...]: runs it with its output thrown away and prints how far the time
 * stamp counter went meanwhile, and where it was before.  Under -icount shift=0 these are the
 * instructions of the whole machine: the command's, its kernel's, the store daemon's, the
 * hypervisor's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
	unsigned long long before, after;
	int status = 0;
	pid_t pid;

	if (argc < 2)
		return 2;
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
	printf("cost %llu from %llu status %d\n", after - before, before,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return 0;
}
