/* SPDX-License-Identifier: MIT */
/*
 * Memory for everything the daemon keeps: sized blocks of one thread, so that a block carries no
 * header and allocating is popping a list.  Blocks of up to MEM_SMALL bytes come in classes of 16;
 * larger ones in powers of two.
 *
 * Work that must not fail half-way (a change of the tree touches many blocks) asks for a reserve
 * first: mem_reserve(n) promises that the next n bytes of small and large blocks can be had.
 */
#ifndef XENSTORE_MEM_H
#define XENSTORE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#define MEM_SMALL 1024

/* The bytes that a block of SIZE really has; SIZE is at least 1. */
size_t mem_room(size_t size);

/* A block of SIZE bytes, aligned to 16, not cleared; NULL when memory is out. */
void *mem_alloc(size_t size);
/* The same, from the reserve if need be; it ends the process if there was no mem_reserve(). */
void *mem_take(size_t size);
/* Gives back a block of mem_alloc() with the size it was asked with; NULL is fine. */
void mem_free(void *p, size_t size);
/*
 * Moves a block to one of NEW_SIZE bytes, keeping the first OLD_SIZE.  NULL, and the old block
 * untouched, when memory is out.
 */
void *mem_grow(void *p, size_t old_size, size_t new_size);

/*
 * A table of SIZE bytes, a multiple of 2 MiB, cleared and for good, in huge pages where the kernel has them;
 * NULL when memory is out.
 */
void *mem_table(size_t size);

/* True if the next N bytes asked of mem_take() are there. */
bool mem_reserve(size_t n);

/* Bytes in use, and bytes had from the system. */
size_t mem_used(void);
size_t mem_held(void);

/* Tests: from now on, COUNT more requests to the system succeed, then all fail; -1: none fails. */
void mem_fail_after(long count);

#endif
