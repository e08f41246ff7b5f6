/* SPDX-License-Identifier: MIT */
/* How the parts of the benchmark guest measure and report. */
#ifndef BENCH_H
#define BENCH_H

#include "pvrt.h"

/* Prints "bench NAME: N" with the least cost of one round, in instructions, of several runs. */
void measure(const char *name, unsigned int rounds, unsigned int per_round, void (*fn)(void));

/* What is expected of a set-up call; the benchmark ends when it fails. */
void must(const char *what, long rc);

/* Replaces one vector's handler. */
void set_handler(unsigned int vector, const void *handler);

void bench_memory(void); /* memory.c: page tables, frames, grants */
void bench_traps(void); /* traps.c: bounces, user mode, emulation */

void bench_other(unsigned int cpus); /* other.c: a second domain */

#endif
