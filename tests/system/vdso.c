// SPDX-License-Identifier: MIT
/*
 * The guest's clock seen from its user mode: clock_gettime must need no system call (the vDSO reads
 * the hypervisor's time page by itself), and must never step back while the caller moves from one
 * processor to another.  A system call would be the end of this program: a filter kills it at the
 * first clock_gettime.  dom0.py builds it, statically, and runs it inside.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURNS 2000
#define READINGS 10

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int forbid_the_call(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the call's number */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	cpu_set_t all, one;
	long long last = 0;
	int cpu = -1, moves = 0;

	if (sched_getaffinity(0, sizeof(all), &all) || forbid_the_call()) {
		perror("vdso");
		return 2;
	}
	for (int turn = 0; turn < TURNS; turn++) {
		do {
			cpu = (cpu + 1) % CPU_SETSIZE;
		} while (!CPU_ISSET(cpu, &all));
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		moves += !sched_setaffinity(0, sizeof(one), &one);
		for (int i = 0; i < READINGS; i++) {
			long long this = now();

			if (this < last) {
				printf("%lld ns back on processor %d\n", last - this, cpu);
				return 1;
			}
			last = this;
		}
	}
	printf("%d readings on %d processors without a call or a step back\n", TURNS * READINGS,
	       CPU_COUNT(&all));
	return moves != TURNS;
}
