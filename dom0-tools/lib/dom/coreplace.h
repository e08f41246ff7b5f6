/* SPDX-License-Identifier: MIT */
/*
 * Where a core is written: PATH.new, which gets the name PATH when it is whole.
 *
 * Who writes one holds a lock on its file, which goes with the process however that ends; the
 * name PATH.new is given to another file, or to none, by the holder of the lock alone. So two who
 * want a core of the same name do not write into each other's, and what nobody holds is a rest.
 */
#ifndef DAIS_DOM_COREPLACE_H
#define DAIS_DOM_COREPLACE_H

struct coreplace {
	const char *path;
	char *fresh; /* PATH.new */
	int fd; /* of that one, locked; -1: none is to be written */
};

/*
 * Makes PATH.new anew; a rest there goes. While another writes it, waits: if that one is finished
 * it is what the caller wants. 1: it was, 0: the caller is to write one, -1 with errno. The caller
 * leaves the place in any case, before @path goes.
 */
int coreplace_take(struct coreplace *place, const char *path);
/* It is whole. -1 with errno. */
int coreplace_finish(struct coreplace *place);
/* What was not finished goes. */
void coreplace_leave(struct coreplace *place);

/* Removes the rests of cores that whoever wrote them did not finish. */
void coreplace_tidy(const char *dir);

#endif
