/* SPDX-License-Identifier: MIT */
/*
 * What the fault test and the daemon that it tests share: a file that is mapped by both.  Linked
 * into the daemon, faults.c notes each place from which a function that can fail is called, and
 * fails the calls of one such place when it is told to.
 */
#ifndef TESTS_XENSTORE_FAULTS_H
#define TESTS_XENSTORE_FAULTS_H

#include <stdint.h>

#define FAULT_SITES 1024
#define FAULT_VARIABLE "FAULT_FILE"

struct fault_site {
	uint64_t address; /* of the return, from the program's start; 0 ends the list */
	char function[32];
	int32_t err; /* what it fails with */
	uint32_t calls;
};

struct faults {
	uint64_t armed; /* address of the place that fails, or 0 */
	uint32_t left; /* calls yet to fail */
	uint32_t hits;
	struct fault_site site[FAULT_SITES];
};

#endif
