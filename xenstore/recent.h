/* SPDX-License-Identifier: MIT */
/*
 * Directories of the store that were found a short while ago, by their paths.  In a large store each
 * thing on the way down is a wait for memory, and most requests go where others have just gone: they
 * begin at the directory.  What is noted is right as long as no
 * directory moves or comes to be shared; to get another child is neither.
 */
#ifndef XENSTORE_RECENT_H
#define XENSTORE_RECENT_H

#include "tree.h"

/* A directory's path of up to so many bytes is noted. */
#define RECENT_PATH 38

struct recent {
	uint64_t when; /* of kids_moves */
	struct node *dir;
	uintptr_t names; /* of the directory: kidsparts.h */
	uint8_t len;
	bool alone; /* neither it nor anything above it is shared */
	char path[RECENT_PATH];
};

/* Where a directory is noted, if it is one that can be: then asked of memory, else NULL. */
struct recent *recent_at(const char *path, size_t len);
/* True if it is the one noted there, and as it was. */
bool recent_is(const struct recent *r, const char *path, size_t len);
void recent_note(struct recent *r, const char *path, size_t len, struct node *dir, bool alone);

/* The same as tree_look(), of the store's own tree only. */
struct node *recent_look(struct node **root, const char *path, size_t len, struct place *where);

#endif
