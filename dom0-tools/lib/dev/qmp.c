// SPDX-License-Identifier: MIT
/*
 * Messages are objects one to a line. QEMU may tell of events in between; nobody here waits for
 * one.
 */
#include "dev/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define ANSWER_MS 60000
#define LINE_MAX_BYTES (256u << 10)

/* The next line without its end, which the caller frees; NULL with errno. */
static char *read_line(int fd)
{
	size_t size = 0, room = 0;
	autofree char *line = NULL;

	for (;;) {
		struct pollfd there = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (size + 1 >= room) {
			char *more = room < LINE_MAX_BYTES ? realloc(line, room + 4096) : NULL;

			if (!more) {
				errno = room < LINE_MAX_BYTES ? ENOMEM : EMSGSIZE;
				return NULL;
			}
			line = more;
			room += 4096;
		}
		if (poll(&there, 1, ANSWER_MS) <= 0) {
			errno = ETIMEDOUT;
			return NULL;
		}
		/* One character at a time: what follows belongs to the next. */
		n = recv(fd, line + size, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ECONNRESET;
			return NULL;
		}
		if (line[size] == '\n') {
			line[size] = '\0';
			return steal_ptr(line);
		}
		size++;
	}
}

/* The next message that has @key or "error" in it. */
static struct json_object *receive(int fd, const char *key)
{
	for (;;) {
		autofree char *line = read_line(fd);
		struct json_object *o = line ? json_tokener_parse(line) : NULL;

		if (!line)
			return NULL;
		if (json_object_object_get_ex(o, key, NULL) ||
		    json_object_object_get_ex(o, "error", NULL))
			return o;
		json_object_put(o);
	}
}

static int send_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return 0;
}

static int failed(struct dais_error *err, const char *command)
{
	return dais_fail_errno(err, DAIS_DEVICE, errno, "ask QEMU for", command);
}

int qmp_ask(int fd, const char *command, struct json_object *arguments, struct json_object **answer,
	    struct dais_error *err)
{
	struct json_object *question = json_object_new_object(), *got, *error, *why;
	autofree char *text = NULL;

	json_set(question, "execute", json_object_new_string(command));
	if (arguments)
		json_set(question, "arguments", arguments);
	text = json_text(json_whole(question), JSON_LINE);
	if (!text)
		errno = ENOMEM;
	if (!text || send_all(fd, text) || send_all(fd, "\n"))
		return failed(err, command);
	got = receive(fd, "return");
	if (!got)
		return failed(err, command);
	if (json_object_object_get_ex(got, "error", &error)) {
		json_object_object_get_ex(error, "desc", &why);
		dais_fail(err, DAIS_DEVICE, "ask QEMU for", command, "%s",
			  why ? json_object_get_string(why) : "it refuses");
		json_object_put(got);
		return -1;
	}
	if (answer)
		*answer = json_object_get(json_object_object_get(got, "return"));
	json_object_put(got);
	return 0;
}

int qmp_begin(int fd, struct dais_error *err)
{
	struct json_object *greeting = receive(fd, "QMP");

	if (!greeting)
		return failed(err, "its greeting");
	json_object_put(greeting);
	return qmp_ask(fd, "qmp_capabilities", NULL, NULL, err);
}
