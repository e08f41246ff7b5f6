// SPDX-License-Identifier: MIT
/*
 * The test's side of the machine without a hypervisor.  The pipe is opened for both directions,
 * so that neither end waits for the other and a daemon's restart loses no event.
 */
#include "hostxen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps SIZE bytes of a file, which is made when it is not there. */
static void *map_file(const char *dir, const char *name, size_t size)
{
	char path[4096];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return MAP_FAILED;
	p = ftruncate(fd, (off_t)size) == 0
		    ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
		    : MAP_FAILED;
	close(fd);
	return p;
}

/* A named pipe, open for both directions. */
static int open_pipe(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* A daemon that has given up its rights may open it, but not make one. */
	if (access(path, F_OK) != 0 && mkfifo(path, 0600) != 0 && errno != EEXIST)
		return -1;
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

struct hostxen *hostxen_open(const char *dir)
{
	struct hostxen *hx = calloc(1, sizeof(*hx));

	if (!hx)
		return NULL;
	hx->table = map_file(dir, "table", sizeof(*hx->table));
	if (hx->table == MAP_FAILED)
		goto err_free;
	hx->rings = map_file(dir, "rings", HOSTXEN_RINGS);
	if (hx->rings == MAP_FAILED)
		goto err_table;
	hx->pipe = open_pipe(dir, "events");
	if (hx->pipe < 0)
		goto err_rings;
	hx->upcall = open_pipe(dir, "upcall");
	if (hx->upcall < 0)
		goto err_pipe;
	return hx;

err_pipe:
	close(hx->pipe);
err_rings:
	munmap(hx->rings, HOSTXEN_RINGS);
err_table:
	munmap(hx->table, sizeof(*hx->table));
err_free:
	free(hx);
	return NULL;
}

void hostxen_close(struct hostxen *hx)
{
	if (!hx)
		return;
	munmap(hx->rings, HOSTXEN_RINGS);
	munmap(hx->table, sizeof(*hx->table));
	close(hx->pipe);
	close(hx->upcall);
	free(hx);
}

struct xenstore_domain_interface *hostxen_ring(struct hostxen *hx, unsigned int domid)
{
	return (void *)(hx->rings + (size_t)domid * HOSTXEN_PAGE);
}

void hostxen_wait(struct hostxen *hx, int timeout)
{
	struct pollfd p = {hx->upcall, POLLIN, 0};
	char bytes[512];

	if (poll(&p, 1, timeout) == 1)
		while (read(hx->upcall, bytes, sizeof(bytes)) == sizeof(bytes))
			;
}

void hostxen_raise(struct hostxen *hx, unsigned int port)
{
	uint32_t word = port;

	/* A full pipe means that the daemon is gone; a new one binds again and finds it pending. */
	if (atomic_exchange(&hx->table->pending[port], 1) == 0 &&
	    write(hx->pipe, &word, sizeof(word)) != sizeof(word))
		atomic_store(&hx->table->pending[port], 0);
}

void hostxen_create(struct hostxen *hx, unsigned int domid)
{
	memset(hostxen_ring(hx, domid), 0, HOSTXEN_PAGE);
	atomic_store(&hx->table->reason[domid], 0);
	atomic_store(&hx->table->state[domid], HOSTXEN_ALIVE);
}

void hostxen_set_state(struct hostxen *hx, unsigned int domid, enum hostxen_state state)
{
	atomic_store(&hx->table->state[domid], state);
	hostxen_raise(hx, HOSTXEN_PORT_VIRQ);
}
