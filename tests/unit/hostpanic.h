/* SPDX-License-Identifier: MIT */
/* What a panic of the hypervisor's is in a test: its words, and an end that a debugger sees. */
#ifndef TESTS_UNIT_HOSTPANIC_H
#define TESTS_UNIT_HOSTPANIC_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/assert.h"

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

#endif
