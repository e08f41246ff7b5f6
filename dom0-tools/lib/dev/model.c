// SPDX-License-Identifier: MIT
/*
 * QEMU tells by a node of the store that it serves what it found there. The rest (passwords, which
 * may be in no command line, terminals, the port that was free) goes over its monitor, a socket
 * pair whose other end closes with us: nobody can steer it later.
 */
#include "dev/model.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "config/plain.h"
#include "dev/qemu.h"
#include "dev/qmp.h"
#include "json.h"

#define LOGS "/var/log/dais"
#define LOG_FMT LOGS "/qemu-%.200s.log"
#define PID_FMT "/local/domain/%u/image/device-model-pid"
#define BORN_FMT "/local/domain/%u/image/device-model-born" /* xl notes none */
#define STATE_FMT "/local/domain/0/device-model/%u"

/* A busy machine takes its time to load it. */
#define START_MS 120000u
#define STOP_MS 10000u
#define LOOK_MS 20u

long model_pid(struct store *store, uint32_t domid)
{
	return store_read_number(store, 0, PID_FMT, domid);
}

int model_find(struct store *store, uint32_t domid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", domid);
	return process_find((pid_t)model_pid(store, domid),
			    store_read_number(store, 0, BORN_FMT, domid), "-xen-domid", number);
}

bool model_runs(struct store *store, uint32_t domid)
{
	autofree char *state = store_read(store, STATE_FMT "/state", domid);

	return state && !strcmp(state, "running");
}

bool model_wanted(const struct dais_config *config)
{
	return config->vfb_count || config->channel_count || plain_first_modelled(config);
}

/* QEMU removes what stands at the path before it makes its socket. */
static int check_path(const char *path, struct dais_error *err)
{
	struct stat st;

	if (lstat(path, &st) || S_ISSOCK(st.st_mode))
		return 0;
	dais_fail(err, DAIS_EXISTS, "make the channel's socket", path, "something else is there");
	return dais_hint(err, "choose another path");
}

int model_check(const struct dais_config *config, struct dais_error *err)
{
	if (model_wanted(config) && !dais_config_emulator()) {
		dais_fail(err, DAIS_DEVICE, "create the domain", config->name,
			  "QEMU, which serves frame buffers, channels and shared directories, is "
			  "not installed");
		return dais_hint(err, "install Debian's package qemu-system-xen, or leave out vfb, "
				      "channel and p9");
	}
	for (size_t i = 0; i < config->channel_count; i++) {
		const struct dais_channel *channel = &config->channels[i];

		if (channel->connection == DAIS_CHANNEL_SOCKET && check_path(channel->path, err))
			return -1;
	}
	return 0;
}

/* The last line of what it said, for the reason why it is gone. */
static void last_words(const char *log, char *text, size_t size)
{
	autoclose int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char tail[512];
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(tail) - 1 ? end - (off_t)sizeof(tail) + 1 : 0;
	ssize_t n = fd < 0 ? -1 : pread(fd, tail, sizeof(tail) - 1, from);
	const char *line;

	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
		n--;
	if (n <= 0) {
		snprintf(text, size, "it said nothing");
		return;
	}
	tail[n] = '\0';
	line = strrchr(tail, '\n');
	snprintf(text, size, "%.*s", (int)size - 1, line ? line + 1 : tail);
	store_plain(text);
}

static int gone(const struct model *m, const struct dais_config *config, struct dais_error *err)
{
	char words[400];

	last_words(m->log, words, sizeof(words));
	dais_fail(err, DAIS_DEVICE, "start the device model of", config->name, "QEMU ended: %s",
		  words);
	if (strstr(words, "DES"))
		return dais_hint(
			err, "this QEMU has no passwords for VNC: leave out vncpasswd, have "
			     "VNC listen on 127.0.0.1 only, and reach it from elsewhere by `ssh "
			     "-L 5900:127.0.0.1:PORT HOST` (`dais list -l` tells the port)");
	return dais_hint(err, "all that it said is in %s", m->log);
}

void model_keep_log(const struct dais_config *config)
{
	char log[288], old[300];

	snprintf(log, sizeof(log), LOG_FMT, config->name);
	snprintf(old, sizeof(old), "%s.1", log);
	rename(log, old);
}

static int start(struct dais *host, uint32_t domid, struct model *m, struct dais_error *err)
{
	struct store_dir dir;

	if (process_hold(&m->process, err))
		return -1;
	store_dir_at(&dir, &host->store, "/local/domain/%u", domid);
	/* Before the number: what stands there meanwhile is of one that has gone. */
	store_dir_write(&dir, "image/device-model-born", "%ld", process_born(m->process.pid));
	store_dir_write(&dir, "image/device-model-pid", "%d", (int)m->process.pid);
	/* From here on it is found; only now it may run. */
	if (store_done(&host->store, err))
		return -1;
	return process_release(&m->process, err);
}

/* With these rights, whatever the caller's umask. One that was there is left as it is. */
static void make_folder(const char *path, mode_t mode)
{
	if (!mkdir(path, mode))
		chmod(path, mode);
}

/*
 * The directory that QEMU is locked into. The one with a device in it stands below another that
 * only root may enter, so that nobody else gets there.
 */
static int make_root(const struct dais_config *config, struct dais_error *err)
{
	static const char node[] = QEMU_ROOT_GRANTS "/dev/xen/gntdev";
	struct stat door, st;
	char fresh[40]; /* of this process alone: two domains may be made at once */

	make_folder("/run/dais", 0755);
	make_folder(QEMU_ROOT, 0755);
	if (!config->channel_count)
		return 0;
	if (stat("/dev/xen/gntdev", &door)) {
		dais_fail_errno(err, DAIS_DEVICE, errno, "open the door to grants for",
				config->name);
		return dais_hint(err, "load the kernel's module xen-gntdev");
	}
	if (!lstat(node, &st) && S_ISCHR(st.st_mode) && st.st_rdev == door.st_rdev)
		return 0;
	make_folder("/dev/dais", 0700);
	make_folder(QEMU_ROOT_GRANTS, 0755);
	make_folder(QEMU_ROOT_GRANTS "/dev", 0755);
	make_folder(QEMU_ROOT_GRANTS "/dev/xen", 0755);
	snprintf(fresh, sizeof(fresh), "/dev/dais/new.%d", (int)gettid());
	unlink(fresh);
	if (mknod(fresh, S_IFCHR | 0600, door.st_rdev) || chmod(fresh, 0666) || rename(fresh, node))
		return dais_fail_errno(err, DAIS_DEVICE, errno, "make the device", node);
	return 0;
}

int model_start(struct dais *host, uint32_t domid, const struct dais_config *config,
		struct model *m, struct dais_error *err)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char limit[] = "XEN_QEMU_CONSOLE_LIMIT=1048576";
	char socket[160] = "";
	const char *given = getenv("XENSTORED_PATH");
	char *environment[] = {path, limit, given ? socket : NULL, NULL};
	autoclose int theirs = -1;
	struct qemu_line line;
	struct store_dir state;
	int pair[2], ret;

	if (given)
		snprintf(socket, sizeof(socket), "XENSTORED_PATH=%s", given);
	if (model_check(config, err) || make_root(config, err))
		return -1;
	/* A domain of the same number may have left its word that all is well. */
	store_dir_at(&state, &host->store, STATE_FMT, domid);
	store_remove(&host->store, "%s", state.path);
	store_dir_write(&state, "", "%s", "");
	mkdir(LOGS, 0755);
	snprintf(m->log, sizeof(m->log), LOG_FMT, config->name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return dais_fail_errno(err, DAIS_FAILED, errno, "start the device model of",
				       config->name);
	m->monitor = pair[0];
	theirs = pair[1];
	if (qemu_line_make(&line, dais_config_emulator(), domid, theirs, config)) {
		qemu_line_free(&line);
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "start the device model of",
				       config->name);
	}
	m->process.arguments = line.list;
	m->process.environment = environment;
	m->process.log = m->log;
	m->process.keep = theirs;
	m->process.writes = plain_first_modelled(config) != NULL;
	ret = start(host, domid, m, err);
	m->process.arguments = m->process.environment = NULL;
	qemu_line_free(&line);
	return ret;
}

static int wait_running(struct dais *host, uint32_t domid, const struct dais_config *config,
			struct model *m, struct dais_error *err)
{
	for (unsigned int waited = 0;; waited += LOOK_MS) {
		if (model_runs(&host->store, domid))
			return 0;
		if (waited >= START_MS)
			break;
		if (process_ended(m->process.alive, LOOK_MS))
			return gone(m, config, err);
	}
	dais_fail(err, DAIS_TIMEOUT, "start the device model of", config->name,
		  "QEMU did not say that it runs within %u s", START_MS / 1000);
	return dais_hint(err, "what it said is in %s", m->log);
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int find_terminals(struct dais *host, uint32_t domid, const struct dais_config *config,
			  struct model *m, struct dais_error *err)
{
	struct json_object *list = NULL;

	if (qmp_ask(m->monitor, "query-chardev", NULL, &list, err))
		return -1;
	for (size_t i = 0; i < config->channel_count; i++) {
		char label[40];

		snprintf(label, sizeof(label), QEMU_CHANNEL, i);
		for (size_t j = 0; j < json_object_array_length(list); j++) {
			struct json_object *entry = json_object_array_get_idx(list, j);
			const char *name = member(entry, "label"),
				   *file = member(entry, "filename");

			if (name && file && !strcmp(name, label) && !strncmp(file, "pty:", 4))
				channel_found(host, domid, i, file + 4);
		}
	}
	json_object_put(list);
	return 0;
}

static int set_password(struct model *m, const char *password, struct dais_error *err)
{
	struct json_object *arguments = json_object_new_object();

	json_set(arguments, "protocol", json_object_new_string("vnc"));
	json_set(arguments, "password", json_object_new_string(password));
	return qmp_ask(m->monitor, "set_password", arguments, NULL, err);
}

static int find_screen(struct dais *host, uint32_t domid, struct model *m, struct dais_error *err)
{
	struct json_object *about = NULL;
	const char *listen, *port;
	struct store_dir dir;

	if (qmp_ask(m->monitor, "query-vnc", NULL, &about, err))
		return -1;
	listen = member(about, "host");
	port = member(about, "service");
	if (listen && port) {
		store_dir_at(&dir, &host->store, "/local/domain/%u/console", domid);
		store_dir_write(&dir, "vnc-listen", "%s", listen);
		store_dir_write(&dir, "vnc-port", "%s", port);
	}
	json_object_put(about);
	return 0;
}

int model_finish(struct dais *host, uint32_t domid, const struct dais_config *config,
		 struct model *m, struct dais_error *err)
{
	const struct dais_vfb *screen = config->vfb_count && config->vfbs[0].vnc != DAIS_NO
						? &config->vfbs[0]
						: NULL;
	struct dais_error why = {0};

	if (wait_running(host, domid, config, m, err))
		return -1;
	if (qmp_begin(m->monitor, &why) || find_terminals(host, domid, config, m, &why) ||
	    (screen && screen->vncpasswd && *screen->vncpasswd &&
	     set_password(m, screen->vncpasswd, &why)) ||
	    (screen && find_screen(host, domid, m, &why))) {
		/* It says that it runs before it has opened all that it was told to. */
		if (process_ended(m->process.alive, 5000))
			return gone(m, config, err);
		if (err)
			*err = why;
		return dais_while(err, "start the device model of", config->name);
	}
	return store_done(&host->store, err);
}

void model_drop(struct model *m)
{
	process_drop(&m->process);
	if (m->monitor >= 0)
		close(m->monitor);
	m->monitor = -1;
}

/* What else has come to stand at the path since is not ours to remove. */
static void remove_socket(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}

/* Sockets of channels, which QEMU cannot reach any more. */
static void remove_sockets(struct dais *host, uint32_t domid)
{
	for (unsigned int devid = 1;; devid++) {
		autofree char *connection = store_read(
			&host->store, "/libxl/%u/device/console/%u/connection", domid, devid);
		autofree char *path = NULL;

		if (!connection)
			return;
		if (strcmp(connection, "socket") != 0)
			continue;
		path = store_read(&host->store, "/libxl/%u/device/console/%u/path", domid, devid);
		if (path)
			remove_socket(path);
	}
}

/* Another domain's QEMU may have taken the place. */
static bool is_listened_at(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return fd < 0 || !connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	       (errno != ECONNREFUSED && errno != ENOENT);
}

bool model_forget(const struct dais_config *config)
{
	bool all = true;

	for (size_t i = 0; i < config->channel_count; i++) {
		const char *path = config->channels[i].path;

		if (config->channels[i].connection != DAIS_CHANNEL_SOCKET || !path)
			continue;
		if (is_listened_at(path))
			all = false;
		else
			remove_socket(path);
	}
	return all;
}

int model_stop(struct dais *host, uint32_t domid, struct dais_error *err)
{
	long pid = model_pid(&host->store, domid);
	autoclose int alive = -1;
	char number[16];

	if (pid <= 1)
		return 0;
	snprintf(number, sizeof(number), "%u", domid);
	store_remove(&host->store, STATE_FMT, domid);
	store_wait(&host->store);
	alive = model_find(&host->store, domid);
	if (alive >= 0 && !process_end(alive, STOP_MS)) {
		dais_fail(err, DAIS_DEVICE, "end the device model of domain", number,
			  "process %ld is there still", pid);
		return dais_hint(err, "see what it waits for: /proc/%ld/stack", pid);
	}
	remove_sockets(host, domid);
	/* Again: it may have written there until its end. */
	store_remove(&host->store, STATE_FMT, domid);
	return 0;
}
