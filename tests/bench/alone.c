/* SPDX-License-Identifier: MIT */
/*
 * alone ROUNDS: how long two at once take of a program of which two copies share nothing but the
 * machine, beside how long one takes, turn by turn, so that what else the machine does adds to both
 * alike.  "spin" only computes; "fork" makes processes, one after the other, each of which is this
 * program anew and writes to 256 new pages: what commands cost a kernel, and a hypervisor the
 * kernel.  As a machine's first process it does 40 rounds and switches the machine off.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES 256
#define PAGE 4096
#define PROCESSES 3
#define SPINS 30000000
#define MOST 1000

static const char *self;

static int spin(void)
{
	volatile uint64_t sum = 0;

	for (uint64_t i = 0; i < SPINS; i++)
		sum += i;
	return 0;
}

static int touch(void)
{
	char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		return 1;
	for (int i = 0; i < PAGES; i++)
		at[i * PAGE] = 1;
	return 0;
}

/* @count of it at once; 0 if all went well. */
static int run(const char *what, int count)
{
	int bad = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid) {
			execl(self, self, what, NULL);
			_exit(1);
		}
		bad |= pid < 0;
	}
	for (int i = 0; i < count; i++) {
		int status = 1;

		bad |= wait(&status) < 0 || status;
	}
	return bad;
}

static int forks(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		if (run("touch", 1))
			return 1;
	}
	return 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int measure(const char *what, int rounds)
{
	static double took[2][MOST];

	for (int i = 0; i < rounds; i++) {
		for (int two = 0; two < 2; two++) {
			double began = now_ms();

			if (run(what, 1 + two))
				return 1;
			took[two][i] = now_ms() - began;
		}
	}
	for (int two = 0; two < 2; two++)
		qsort(took[two], (size_t)rounds, sizeof(double), ascending);
	printf("alone %s: one %.1f %.1f two %.1f %.1f\n", what, took[0][0], took[0][rounds / 2],
	       took[1][0], took[1][rounds / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0, bad;

	self = argv[0];
	if (argc == 2 && !strcmp(argv[1], "spin"))
		return spin();
	if (argc == 2 && !strcmp(argv[1], "fork"))
		return forks();
	if (argc == 2 && !strcmp(argv[1], "touch"))
		return touch();
	if (getpid() == 1)
		rounds = 40;
	if (rounds < 1 || rounds > MOST)
		return 2;
	bad = measure("spin", rounds) || measure("fork", rounds);
	printf("alone end %d\n", bad);
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return bad;
}
