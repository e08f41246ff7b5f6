// SPDX-License-Identifier: MIT
/*
 * What Linux's own operations cost, in the manner of lmbench, on whatever this kernel runs: a bare
 * machine, dom0, a domU.  Prints "linux NAME: N", N ticks of the time stamp counter for one
 * operation, which under QEMU's -icount shift=0 are instructions of the whole machine, and nanoseconds.  Each figure
 * is the least of several rounds, so that a tick of the clock in between does not count.
 *
 * It is the first process there is (/init) or an ordinary program; as /init it switches off.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS 16
#define PAGES 256

static char *self;

static void system_call(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void read_byte(long n)
{
	int fd = open("/dev/zero", O_RDONLY);
	char byte;

	while (n--)
		if (read(fd, &byte, 1) != 1)
			abort();
	close(fd);
}

static void gettime(long n)
{
	struct timespec now;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static void end_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		abort();
}

static void forks(long n)
{
	while (n--) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		end_of(child);
	}
}

static void execs(long n)
{
	while (n--) {
		pid_t child = fork();

		if (!child) {
			execl(self, self, "exit", NULL);
			_exit(1);
		}
		end_of(child);
	}
}

/* Two processes on one CPU, each of which gives way to the other. */
static void switches(long n)
{
	pid_t child = fork();

	for (long i = 0; i < n / 2; i++)
		sched_yield();
	if (!child)
		_exit(0);
	end_of(child);
}

/* A byte there and back between two processes. */
static void pipes(long n)
{
	int there[2], back[2];
	char byte = 0;
	pid_t child;

	if (pipe(there) || pipe(back))
		abort();
	child = fork();
	if (!child) {
		while (n-- && read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(n != -1);
	}
	while (n--)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			abort();
	end_of(child);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

/* Anonymous pages touched for the first time, one fault each. */
static void faults(long n)
{
	volatile char *at = mmap(NULL, (size_t)n * 4096, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	madvise((void *)at, (size_t)n * 4096, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++)
		at[i * 4096] = 1;
	munmap((void *)at, (size_t)n * 4096);
}

/* Long enough that Linux's least timer above Xen, 100 us, is not what is measured. */
#define SLEEP 200000

static void sleeps(long n)
{
	struct timespec little = {0, SLEEP};

	while (n--)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &little, NULL);
}

static const struct {
	const char *name;
	void (*run)(long n);
	long n;
	unsigned int asked; /* instructions' worth of one that are not its cost */
} TESTS[] = {
	{"system call", system_call, 1000, 0},
	{"read of a byte", read_byte, 1000, 0},
	{"clock_gettime", gettime, 1000, 0},
	{"page fault", faults, PAGES, 0},
	{"context switch", switches, 10000, 0},
	{"pipe, there and back", pipes, 2000, 0},
	{"fork and wait", forks, 20, 0},
	{"fork, exec and wait", execs, 10, 0},
	{"nanosleep, beyond its time", sleeps, 10, SLEEP}, /* a round is shorter than a tick */
};

/* What linuxsplit.py knows the begin and the end by. */
static __attribute__((noinline)) void boundary(void)
{
	asm volatile("");
}

/* For it: one test, once to warm up and once when it is told to on the console. */
static void profile(const char *name)
{
	char byte;

	for (size_t i = 0; i < sizeof(TESTS) / sizeof(TESTS[0]); i++) {
		if (strncmp(TESTS[i].name, name, strlen(name)))
			continue;
		TESTS[i].run(TESTS[i].n);
		printf("profile ready, %ld\n", TESTS[i].n);
		fflush(stdout);
		if (read(0, &byte, 1) != 1)
			abort();
		boundary();
		TESTS[i].run(TESTS[i].n);
		boundary();
		printf("profile done\n");
		return;
	}
}

int main(int argc, char **argv)
{
	const char *wanted = getenv("one");
	int init = getpid() == 1, console;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	self = argv[0];
	if (init) {
		mount("dev", "/dev", "devtmpfs", 0, NULL);
		console = open("/dev/console", O_RDWR);
		dup2(console, 0);
		dup2(console, 1);
	}
	prctl(PR_SET_TIMERSLACK, 1);
	if (wanted)
		profile(wanted);
	for (size_t i = 0; !wanted && i < sizeof(TESTS) / sizeof(TESTS[0]); i++) {
		unsigned long long least = ~0ull;

		for (int round = 0; round < ROUNDS; round++) {
			unsigned long long before = __rdtsc(), took;

			TESTS[i].run(TESTS[i].n);
			took = __rdtsc() - before;
			if (took < least)
				least = took;
		}
		printf("linux %s: %llu\n", TESTS[i].name,
		       least / (unsigned long long)TESTS[i].n - TESTS[i].asked);
	}
	printf("linux end\n");
	fflush(stdout);
	if (init)
		reboot(RB_POWER_OFF);
	return 0;
}
