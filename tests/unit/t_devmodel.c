// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/dev: QEMU's command line, its monitor, and a program that is held back. The
 * monitor's other end is a thread of the test, the program is a shell.
 */
#include "check.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../dom0-tools/lib/config/plain.h"
#include "../../dom0-tools/lib/dev/model.h"
#include "../../dom0-tools/lib/dev/process.h"
#include "../../dom0-tools/lib/dev/qemu.h"
#include "../../dom0-tools/lib/dev/qmp.h"

/* ----- the command line ----- */

static struct qemu_line line;

/* What follows @option, or "" if it is not there. */
static const char *after(const char *option, size_t skip)
{
	for (size_t i = 0; i + 1 < line.count; i++) {
		if (!strcmp(line.list[i], option) && !skip--)
			return line.list[i + 1];
	}
	return "";
}

static void make(const struct dais_config *config)
{
	qemu_line_free(&line);
	CHECK_EQ(qemu_line_make(&line, "/qemu", 7, 5, config), 0);
	CHECK(line.list && line.list[line.count] == NULL);
}

static void test_line(void)
{
	struct dais_vfb vfb = {.vnc = DAIS_YES, .vncdisplay = -1, .vncunused = DAIS_UNSET};
	struct dais_channel channels[] = {
		{.name = (char[]){"a"}, .connection = DAIS_CHANNEL_PTY},
		{.name = (char[]){"b"},
		 .connection = DAIS_CHANNEL_SOCKET,
		 .path = (char[]){"/run/a,b"}},
	};
	struct dais_plain share = {.kind = plain_kind_of("p9")};
	struct dais_config config = {.name = (char[]){"web,process=x"},
				     .memory_kb = 96 << 10,
				     .vfbs = &vfb,
				     .vfb_count = 1};

	make(&config);
	CHECK(!strcmp(line.list[0], "/qemu") && !strcmp(after("-xen-domid", 0), "7"));
	CHECK(!strcmp(after("-machine", 0), "xenpv") && !strcmp(after("-m", 0), "96"));
	CHECK(!strcmp(after("-runas", 0), "2013265927:2013265927") &&
	      !strcmp(after("-chroot", 0), QEMU_ROOT));
	CHECK(!strcmp(after("-name", 0), "guest=web,,process=x"));
	CHECK(!strcmp(after("-chardev", 0), "socket,id=dais,fd=5"));
	CHECK(!strcmp(after("-vnc", 0), "127.0.0.1:0,to=99"));
	CHECK(!strcmp(after("-k", 0), ""));
	vfb.vnclisten = (char[]){"::1"};
	vfb.vncdisplay = 3;
	vfb.vncunused = DAIS_NO;
	vfb.keymap = (char[]){"de"};
	make(&config);
	CHECK(!strcmp(after("-vnc", 0), "[::1]:3") && !strcmp(after("-k", 0), "de"));
	vfb.vncpasswd = (char[]){"secret"};
	vfb.vnclisten = (char[]){""};
	make(&config);
	CHECK(!strcmp(after("-vnc", 0), "127.0.0.1:3,password=on"));
	for (size_t i = 0; i < line.count; i++)
		CHECK(!strstr(line.list[i], "secret"));
	vfb.vnc = DAIS_NO;
	make(&config);
	CHECK(!strcmp(after("-vnc", 0), "none"));
	config.vfb_count = 0;
	config.channels = channels;
	config.channel_count = 2;
	make(&config);
	CHECK(!strcmp(after("-vnc", 0), "none"));
	CHECK(!strcmp(after("-runas", 0), "2013265927:2013265927"));
	CHECK(!strcmp(after("-chroot", 0), QEMU_ROOT_GRANTS));
	CHECK(!strcmp(after("-chardev", 1), "pty,id=channel0"));
	CHECK(!strcmp(after("-chardev", 2),
		      "socket,id=channel1,path=/run/a,,b,server=on,wait=off"));
	/* Who shares a directory of dom0 must reach it. */
	config.plain = &share;
	config.plain_count = 1;
	make(&config);
	CHECK(!strcmp(after("-runas", 0), "") && !strcmp(after("-chroot", 0), ""));
	share.backend = (char[]){"web"};
	make(&config);
	CHECK(!strcmp(after("-runas", 0), "2013265927:2013265927"));
	qemu_line_free(&line);
	CHECK_EQ(qemu_line_make(&line, "/qemu", DAIS_DOMID_MAX - 1, 5, &config), 0);
	CHECK(!strcmp(after("-runas", 0), "2013298671:2013298671"));
	qemu_line_free(&line);
}

/* ----- the monitor ----- */

static int monitor[2];
static char asked[512];

/* What is said to each line that comes, in order; an event among them. */
static const char *const answers[] = {
	"{\"return\": {}}\r\n",
	"{\"event\": \"RESUME\"}\r\n{\"return\": {\"service\": \"5900\"}}\r\n",
	"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\r\n",
	"nonsense\n",
};

static void *other_end(void *unused)
{
	static const char greeting[] = "{\"QMP\": {\"version\": {}}}\r\n";

	CHECK(write(monitor[1], greeting, strlen(greeting)) > 0);
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		char c = 0;
		size_t size = 0;

		while (c != '\n' && read(monitor[1], &c, 1) == 1 && size < sizeof(asked) - 1)
			asked[size++] = c;
		asked[size] = '\0';
		CHECK(write(monitor[1], answers[i], strlen(answers[i])) > 0);
	}
	close(monitor[1]);
	return unused;
}

static void test_monitor(void)
{
	struct json_object *answer = NULL, *arguments = json_object_new_object();
	struct dais_error err = {0};
	pthread_t thread;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor));
	CHECK(!pthread_create(&thread, NULL, other_end, NULL));
	CHECK_EQ(qmp_begin(monitor[0], &err), 0);
	json_object_object_add(arguments, "password", json_object_new_string("a\"b"));
	CHECK_EQ(qmp_ask(monitor[0], "query-vnc", arguments, &answer, &err), 0);
	CHECK(strstr(asked, "\"query-vnc\"") && strstr(asked, "a\\\"b"));
	CHECK(answer &&
	      !strcmp(json_object_get_string(json_object_object_get(answer, "service")), "5900"));
	json_object_put(answer);
	CHECK_EQ(qmp_ask(monitor[0], "x", NULL, NULL, &err), -1);
	CHECK(!strcmp(err.why, "no such thing") && err.code == DAIS_DEVICE);
	/* It ends in the midst of an answer. */
	CHECK_EQ(qmp_ask(monitor[0], "x", NULL, NULL, &err), -1);
	CHECK_EQ(qmp_ask(monitor[0], "x", NULL, NULL, &err), -1);
	pthread_join(thread, NULL);
	close(monitor[0]);
}

/* ----- a program ----- */

static char log_path[] = "t_devmodel.XXXXXX";

static struct process program(char *const *arguments)
{
	static char path[] = "PATH=/bin";
	static char *const environment[] = {path, NULL};

	return (struct process){
		.arguments = arguments, .environment = environment, .log = log_path, .keep = -1};
}

/* As `ps` has it, whatever a program calls itself. */
static void test_born(void)
{
	char name[16] = "", text[512] = "", *at;
	FILE *f;

	CHECK(!prctl(PR_GET_NAME, name) && !prctl(PR_SET_NAME, "a) S 1 (b) 2 3"));
	f = fopen("/proc/self/stat", "r");
	CHECK(f && fgets(text, sizeof(text), f) && !fclose(f));
	at = strstr(text, "(b) 2 3) ");
	CHECK(at != NULL);
	at = strtok(at + strlen("(b) 2 3) "), " ");
	for (int field = 3; at && field < 22; field++)
		at = strtok(NULL, " ");
	CHECK(at && process_born(getpid()) > 0 && process_born(getpid()) == strtol(at, NULL, 10));
	CHECK(!prctl(PR_SET_NAME, name));
	CHECK_EQ(process_born(0), 0);
}

static void test_held(void)
{
	char *const loop[] = {(char[]){"/bin/sh"},
			      (char[]){"-c"},
			      (char[]){"trap '' TERM; echo up; kill -STOP $$; :"},
			      (char[]){"-xen-domid"},
			      (char[]){"7"},
			      NULL};
	char *const none[] = {(char[]){"/nonexistent"}, NULL};
	struct process p = program(loop);
	struct dais_error err = {0};
	char said[8] = "";
	int fd;

	/* Dropped before it may run, it does not. */
	CHECK_EQ(process_hold(&p, &err), 0);
	fd = dup(p.alive);
	CHECK(!process_ended(fd, 0));
	process_drop(&p);
	CHECK(process_ended(fd, 60000));
	close(fd);

	p = program(loop);
	CHECK_EQ(process_hold(&p, &err), 0);
	/* Not yet the program: whoever looks by its number leaves it alone. */
	CHECK_EQ(process_find(p.pid, 0, "-xen-domid", "7"), -1);
	CHECK_EQ(process_release(&p, &err), 0);
	CHECK_EQ(process_find(p.pid, 0, "-xen-domid", "8"), -1);
	CHECK_EQ(process_find(p.pid, 0, "7", "-xen-domid"), -1);
	CHECK_EQ(process_find(0, 0, "-xen-domid", "7"), -1);
	CHECK_EQ(process_find(getpid(), 0, "-xen-domid", "7"), -1);
	process_drop(&p);
	fd = process_find(p.pid, 0, "-xen-domid", "7");
	CHECK(fd >= 0);
	close(fd);
	/* One that looks the same, and has the number, but came later, is another. */
	CHECK_EQ(process_find(p.pid, process_born(p.pid) - 1, "-xen-domid", "7"), -1);
	fd = process_find(p.pid, process_born(p.pid), "-xen-domid", "7");
	CHECK(fd >= 0);
	/* One that does not listen is ended all the same. */
	CHECK(process_end(fd, 200) || process_ended(fd, 60000));
	close(fd);
	CHECK_EQ(process_find(p.pid, 0, "-xen-domid", "7"), -1);

	p = program(none);
	CHECK_EQ(process_hold(&p, &err), 0);
	CHECK_EQ(process_release(&p, &err), -1);
	CHECK(!strcmp(err.object, "/nonexistent"));
	process_drop(&p);
	fd = open(log_path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, said, sizeof(said)) == 0);
	close(fd);
}

/* ----- sockets of those who are gone ----- */

/* Of the store nothing is asked here. */
long store_read_number(struct store *store, long other, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
	return other;
}

char *store_read(struct store *store, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
	return NULL;
}

void store_remove(struct store *store, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
}

void store_dir_at(struct store_dir *dir, struct store *store, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
	dir->path[0] = '\0';
}

void store_dir_write(struct store_dir *dir, const char *name, const char *value_fmt, ...)
{
	(void)dir;
	(void)name;
	(void)value_fmt;
}

void store_wait(struct store *store)
{
	(void)store;
}

int store_done(struct store *store, struct dais_error *err)
{
	(void)store;
	(void)err;
	return 0;
}

char *store_plain(char *text)
{
	return text;
}

void channel_found(struct dais *host, uint32_t domid, size_t i, const char *tty)
{
	(void)host;
	(void)domid;
	(void)i;
	(void)tty;
}

static bool is_there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* A socket that nobody listens at goes; what somebody else put there since does not. */
static void test_forget(void)
{
	char dir[] = "/tmp/t_devmodelXXXXXX", dead[64], file[64], link[64];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct dais_channel channels[] = {
		{.connection = DAIS_CHANNEL_SOCKET, .path = dead},
		{.connection = DAIS_CHANNEL_SOCKET, .path = file},
		{.connection = DAIS_CHANNEL_SOCKET, .path = link},
		{.connection = DAIS_CHANNEL_PTY},
	};
	struct dais_config config = {.channels = channels, .channel_count = 4};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(mkdtemp(dir) != NULL);
	snprintf(dead, sizeof(dead), "%s/dead", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", dead);
	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(symlink(file, link), 0);
	/* Nor one at which somebody listens, for whom nobody waits here. */
	CHECK(!listen(fd, 1) && !model_forget(&config));
	CHECK(is_there(dead));
	close(fd);
	CHECK(model_forget(&config));
	CHECK(!is_there(dead));
	CHECK(is_there(file));
	CHECK(is_there(link));
	unlink(file);
	unlink(link);
	rmdir(dir);
}

int main(void)
{
	close(mkstemp(log_path));
	test_line();
	test_monitor();
	test_born();
	test_held();
	test_forget();
	unlink(log_path);
	return check_done("t_devmodel");
}
