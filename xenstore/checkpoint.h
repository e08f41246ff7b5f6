/* SPDX-License-Identifier: MIT */
/* One checkpoint at a time: the state of one moment, written to a file in slices. */
#ifndef XENSTORE_CHECKPOINT_H
#define XENSTORE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKPOINT_UNFINISHED "checkpoint.new"

struct checkpoint;
enum checkpoint_state { CHECKPOINT_MORE, CHECKPOINT_DONE, CHECKPOINT_FAILED };

/* Begins checkpoint N with the tree as it is now; NULL with errno set when it cannot. */
struct checkpoint *checkpoint_begin(int dir_fd, uint64_t n);
/* Notes, by the functions of persist.h, all that is not in the tree. */
void checkpoint_rest(struct checkpoint *c);
/* Room for a record of SIZE bytes; NULL when memory is out, which fails the checkpoint. */
char *checkpoint_room(struct checkpoint *c, size_t size);
/* Writes on.  *SIZE gets the file's size when it is done; errno says why it failed. */
enum checkpoint_state checkpoint_slice(size_t *size);
bool checkpoint_active(void);
void checkpoint_abort(void);

/*
 * The last whole checkpoint, and the first and last file by number; 0 where there is none.  -1 and
 * errno if it cannot be seen what there is.
 */
int checkpoint_scan(int dir_fd, uint64_t *checkpoint, uint64_t *first, uint64_t *last);

#endif
