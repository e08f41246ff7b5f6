/* SPDX-License-Identifier: MIT */
/*
 * atonce COUNT COMMAND [ARGUMENT...]: starts COUNT of it at once, each with its number, from 1 on,
 * for the @ in an argument, and prints how long it took until all of them had ended: by the clock,
 * in ticks of the time stamp counter, and what all processors of domain 0 worked together meanwhile:
 * what one command leaves to a second processor cannot be done there for two of them.  A shell would fork for each, which on an emulator takes
 * several times as long as what is measured.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <x86intrin.h>

#include "busy.h"

extern char **environ;

#define MOST 8
#define WORDS 16

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(int argc, char **argv)
{
	static char text[MOST][WORDS][128];
	static char *words[MOST][WORDS + 1];
	int count = argc > 2 ? atoi(argv[1]) : 0, bad = 0;
	posix_spawn_file_actions_t quiet;
	unsigned long long ticks, worked;
	int privcmd = busy_open();
	long long began;

	if (count < 1 || count > MOST || argc - 2 > WORDS)
		return 2;
	for (int i = 0; i < count; i++) {
		for (int w = 0; w < argc - 2; w++) {
			char *at;

			snprintf(text[i][w], sizeof(text[i][w]), "%s", argv[w + 2]);
			at = strchr(text[i][w], '@');
			if (at)
				*at = (char)('1' + i);
			words[i][w] = text[i][w];
		}
	}
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	worked = busy(privcmd);
	began = now();
	ticks = __rdtsc();
	for (int i = 0; i < count; i++) {
		pid_t pid;

		if (posix_spawnp(&pid, words[i][0], &quiet, NULL, words[i], environ))
			return 2;
	}
	for (int i = 0; i < count; i++) {
		int status;

		if (wait(&status) < 0 || status)
			bad = 1;
	}
	began = now() - began;
	ticks = __rdtsc() - ticks;
	printf("took %lld ticks %llu worked %llu\n", began, ticks, busy(privcmd) - worked);
	return bad;
}
