/* SPDX-License-Identifier: MIT */
/*
 * The socket and libmicrohttpd's side: a request is gathered whole, within bounds, handed to
 * its route, and the answer sent.
 */
#include "api.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"
#include "routes.h"

#define THREADS 4u
#define CONNECTIONS 64u
#define BODY_MAX (1u << 20)

struct api {
	struct MHD_Daemon *daemon;
	char path[108];
};

static enum MHD_Result send_answer(struct request *r)
{
	const char *type = r->text ? r->type : "application/json";
	struct MHD_Response *response;
	enum MHD_Result rc;

	if (!r->text) {
		struct json_object *o = json_object_new_object();

		json_set(o, "schema", json_object_new_string(r->schema));
		json_set(o, "version", json_object_new_int(1));
		json_set(o, "data", r->data);
		r->data = NULL;
		r->text = json_text(o, JSON_PRETTY);
	}
	if (!r->text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(r->text), r->text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	rc = MHD_queue_response(r->connection, r->status, response);
	MHD_destroy_response(response);
	return rc;
}

static void take_body(struct request *r, const char *data, size_t size)
{
	char *more;

	if (r->too_large || r->size + size > BODY_MAX) {
		r->too_large = true;
		return;
	}
	more = realloc(r->body, r->size + size + 1);
	if (!more) {
		r->too_large = true;
		return;
	}
	memcpy(more + r->size, data, size);
	r->body = more;
	r->size += size;
	more[r->size] = '\0';
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct request *r = *state;

	(void)arg;
	(void)version;
	if (!r) {
		r = calloc(1, sizeof(*r));
		*state = r;
		return r ? MHD_YES : MHD_NO;
	}
	r->connection = connection;
	if (*size) {
		take_body(r, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (r->too_large) {
		dais_fail(&r->err, DAIS_USAGE, "read the request", NULL, "it is larger than 1 MiB");
		r->status = MHD_HTTP_CONTENT_TOO_LARGE;
		route_error(r);
	} else {
		route(r, method, path);
	}
	return send_answer(r);
}

static void on_done(void *arg, struct MHD_Connection *connection, void **state,
		    enum MHD_RequestTerminationCode how)
{
	struct request *r = *state;

	(void)arg;
	(void)connection;
	(void)how;
	if (!r)
		return;
	free(r->body);
	free(r->text);
	if (r->data)
		json_object_put(r->data);
	free(r);
	*state = NULL;
}

/* Listening, and only for root; what a dead daemon left is replaced. */
static int open_socket(const char *path, struct dais_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;
	int rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return dais_fail(err, DAIS_USAGE, "listen on", path, "the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	before = umask(0117);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (rc || listen(fd, 64))
		return dais_fail_errno(err, DAIS_FAILED, errno, "listen on", path);
	return steal_fd(&fd);
}

struct api *api_start(const char *path, struct dais_error *err)
{
	struct api *api = calloc(1, sizeof(*api));
	int fd;

	if (!api)
		return NULL;
	fd = open_socket(path, err);
	if (fd < 0) {
		free(api);
		return NULL;
	}
	snprintf(api->path, sizeof(api->path), "%s", path);
	api->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, THREADS,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 60u,
		MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
	if (!api->daemon) {
		dais_fail(err, DAIS_FAILED, "serve", path, "libmicrohttpd does not start");
		close(fd);
		free(api);
		return NULL;
	}
	return api;
}

void api_stop(struct api *api)
{
	if (!api)
		return;
	MHD_stop_daemon(api->daemon);
	unlink(api->path);
	free(api);
}
