/* SPDX-License-Identifier: MIT */
/*
 * Writing to the master never blocks: a console that nobody reads must not stop the others.
 */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int pty_open(struct pty *pty)
{
	struct termios raw;

	*pty = (struct pty){.master = -1, .slave = -1};
	if (openpty(&pty->master, &pty->slave, NULL, NULL, NULL))
		return -1;
	if (ptsname_r(pty->master, pty->path, sizeof(pty->path)) || tcgetattr(pty->slave, &raw)) {
		pty_close(pty);
		return -1;
	}
	cfmakeraw(&raw);
	tcsetattr(pty->slave, TCSANOW, &raw);
	fcntl(pty->master, F_SETFL, O_NONBLOCK);
	fcntl(pty->master, F_SETFD, FD_CLOEXEC);
	fcntl(pty->slave, F_SETFD, FD_CLOEXEC);
	return 0;
}

void pty_close(struct pty *pty)
{
	if (pty->master >= 0)
		close(pty->master);
	if (pty->slave >= 0)
		close(pty->slave);
	free(pty->held);
	*pty = (struct pty){.master = -1, .slave = -1};
}

/* Keeps the newest PTY_HELD_MAX bytes. */
static void hold(struct pty *pty, const uint8_t *data, size_t size)
{
	if (!pty->held)
		pty->held = malloc(PTY_HELD_MAX);
	if (!pty->held)
		return;
	for (size_t i = 0; i < size; i++) {
		pty->held[(pty->head + pty->count) % PTY_HELD_MAX] = data[i];
		if (pty->count < PTY_HELD_MAX)
			pty->count++;
		else
			pty->head = (pty->head + 1) % PTY_HELD_MAX;
	}
}

bool pty_flush(struct pty *pty)
{
	while (pty->count) {
		size_t part = PTY_HELD_MAX - pty->head;
		ssize_t n;

		part = part < pty->count ? part : pty->count;
		n = write(pty->master, pty->held + pty->head, part);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		pty->head = (pty->head + (size_t)n) % PTY_HELD_MAX;
		pty->count -= (size_t)n;
	}
	free(pty->held);
	pty->held = NULL;
	pty->head = 0;
	return true;
}

void pty_put(struct pty *pty, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size && !pty->count) {
		ssize_t n = write(pty->master, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		from += n;
		size -= (size_t)n;
	}
	hold(pty, from, size);
}
