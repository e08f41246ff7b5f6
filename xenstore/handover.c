// SPDX-License-Identifier: MIT
/* handover.h: the service manager's protocol is sd_notify(3)'s, which is a datagram of lines. */
#include "handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "options.h"

#define WORDS 65536
#define NAME_MAX_LEN 32
#define LIST_VARIABLE "XENSTORED_HANDOVER"
#define FIRST_FD 3

struct passed {
	char name[NAME_MAX_LEN];
	int fd;
};

static struct passed *received;
static unsigned int received_count;
static bool update;
static int list_fd = -1;
static int pass_err; /* not all could be passed on */

static uint32_t *words;
static uint32_t next_word = 1;
static uint8_t used[WORDS / 8];

bool handover_wanted;
static char own_program[4096], program[4096];
static char **own_arguments, **arguments;

static void add(const char *name, int fd)
{
	struct passed *more = realloc(received, (received_count + 1) * sizeof(*more));

	/* The state is safe on disk, and who starts us again has the descriptors still. */
	if (!more) {
		fprintf(stderr, "xenstored: no memory for what was passed on\n");
		exit(1);
	}
	received = more;
	snprintf(received[received_count].name, NAME_MAX_LEN, "%s", name);
	received[received_count++].fd = fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* The list that a process leaves for the one after it: a name and a number per line. */
static void read_list(int fd)
{
	FILE *f;
	char name[NAME_MAX_LEN];
	int number;

	lseek(fd, 0, SEEK_SET);
	f = fdopen(fd, "r");
	while (f && fscanf(f, "%31s %d", name, &number) == 2)
		add(name, number);
	if (f)
		fclose(f);
}

void handover_receive(void)
{
	const char *list = getenv(LIST_VARIABLE), *pid = getenv("LISTEN_PID"),
		   *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");

	if (list) {
		update = true;
		read_list(atoi(list));
		unsetenv(LIST_VARIABLE);
	}
	if (pid && count && names && atoi(pid) == getpid()) {
		for (int i = 0; i < atoi(count); i++) {
			size_t len = strcspn(names, ":");
			char name[NAME_MAX_LEN];

			snprintf(name, sizeof(name), "%.*s", (int)len, names);
			add(name, FIRST_FD + i);
			names += len + (names[len] != 0);
		}
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

bool handover_is_update(void)
{
	return update;
}

int handover_take(const char *name)
{
	static unsigned int last;

	/* They are asked for much in the order in which they were passed. */
	for (unsigned int i = 0; i < received_count; i++) {
		struct passed *p = &received[(last + i) % received_count];
		int fd = p->fd;

		if (fd < 0 || strcmp(p->name, name) != 0)
			continue;
		p->fd = -1;
		last += i;
		return fd;
	}
	return -1;
}

void handover_drop(void)
{
	for (unsigned int i = 0; i < received_count; i++) {
		if (received[i].fd < 0)
			continue;
		handover_forget(received[i].name);
		close(received[i].fd);
	}
	free(received);
	received = NULL;
	received_count = 0;
}

/* Where it listens, or NULL; it does not move. */
static const char *keeper(void)
{
	static const char *path;
	static bool asked;

	if (!asked)
		path = getenv("NOTIFY_SOCKET");
	asked = true;
	return path && (*path == '/' || *path == '@') ? path : NULL;
}

bool handover_keeper(void)
{
	return keeper() != NULL;
}

static void notify(const char *text, int fd)
{
	static int notify_fd = -1;
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const char *path = keeper();
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr message = {.msg_name = &name, .msg_iov = &data, .msg_iovlen = 1};
	struct cmsghdr *head;
	size_t len;

	if (!path)
		return;
	len = strlen(path);
	if (len >= sizeof(name.sun_path))
		return;
	if (notify_fd < 0)
		notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(name.sun_path, path, len);
	if (*path == '@')
		name.sun_path[0] = 0;
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	if (sendmsg(notify_fd, &message, MSG_NOSIGNAL) < 0)
		log_line(LOG_WARNING, "the service manager does not listen: %s", strerror(errno));
}

void handover_ready(void)
{
	char text[64];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", getpid());
	notify(text, -1);
}

void handover_keep(int fd, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	notify(text, fd);
}

void handover_forget(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify(text, -1);
}

int handover_open_words(int dir_fd)
{
	int fd = openat(dir_fd, "busy", O_RDWR | O_CREAT | O_CLOEXEC, 0600), err;
	void *p;

	if (fd < 0)
		return errno;
	err = posix_fallocate(fd, 0, WORDS * sizeof(uint32_t));
	p = err ? MAP_FAILED
		: mmap(NULL, WORDS * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return err ? err : errno;
	words = p;
	return 0;
}

uint32_t handover_word(void)
{
	for (uint32_t i = 0; words && i < WORDS; i++) {
		uint32_t n = (next_word + i) % WORDS;

		if (!n || used[n / 8] >> n % 8 & 1)
			continue;
		used[n / 8] |= (uint8_t)(1u << n % 8);
		words[n] = 0;
		next_word = n + 1;
		return n;
	}
	return 0;
}

void handover_word_free(uint32_t number)
{
	if (number && number < WORDS)
		used[number / 8] &= (uint8_t) ~(1u << number % 8);
}

void handover_set(uint32_t number, bool busy)
{
	if (number)
		__atomic_store_n(&words[number], busy, __ATOMIC_RELEASE);
}

bool handover_was_busy(uint32_t number)
{
	if (!words || !number || number >= WORDS)
		return true;
	used[number / 8] |= (uint8_t)(1u << number % 8);
	return words[number] != 0;
}

void handover_arguments(char **argv)
{
	ssize_t n = readlink("/proc/self/exe", own_program, sizeof(own_program) - 1);

	/* What a package has replaced since is named as it was. */
	own_program[n > 0 ? n : 0] = 0;
	own_arguments = argv;
	handover_reset();
}

void handover_reset(void)
{
	strcpy(program, own_program);
	arguments = own_arguments;
}

int handover_program(const char *path)
{
	if (path[0] != '/' || strlen(path) >= sizeof(program))
		return EINVAL;
	if (access(path, X_OK))
		return errno;
	strcpy(program, path);
	return 0;
}

int handover_options(const char *text)
{
	static char added[4096];
	static char *all[128];
	int own = 0, count;

	if (strlen(text) >= sizeof(added))
		return E2BIG;
	strcpy(added, text);
	arguments = own_arguments;
	for (; own_arguments[own] && own < 64; own++)
		all[own] = own_arguments[own];
	count = own;
	for (char *word = strtok(added, " \t"); word; word = strtok(NULL, " \t")) {
		if (count == 127)
			return E2BIG;
		all[count++] = word;
	}
	all[count] = NULL;
	if (own_arguments[own] || !options_may_add(count - own + 1, all + own - 1))
		return EINVAL;
	arguments = all;
	return 0;
}

void handover_pass(int fd, const char *name)
{
	if (list_fd < 0)
		list_fd = memfd_create("xenstored", 0);
	if (list_fd < 0 || dprintf(list_fd, "%s %d\n", name, fd) < 0 || fcntl(fd, F_SETFD, 0))
		pass_err = errno;
}

int handover_exec(void)
{
	char number[16];
	int err = pass_err;

	snprintf(number, sizeof(number), "%d", list_fd);
	if (!err && setenv(LIST_VARIABLE, number, 1))
		err = errno;
	if (!err) {
		execv(program, arguments);
		err = errno;
	}
	unsetenv(LIST_VARIABLE);
	if (list_fd >= 0)
		close(list_fd);
	list_fd = -1;
	pass_err = 0;
	handover_reset();
	return err;
}
