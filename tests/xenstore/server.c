// SPDX-License-Identifier: MIT
/*
 * The command lines of the daemons stand in server_exec() and nowhere else.  The stock C daemon
 * takes its directory from the environment; oxenstored knows only fixed names, which hostxen.so
 * moves, and wants a configuration file.
 */
#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "hostxen.h"

static const char *const names[SERVER_KINDS] = {"ours", "C", "OCaml", "null"};

const char *server_name(enum server_kind kind)
{
	return names[kind];
}

enum server_kind server_kind_named(const char *name)
{
	for (int kind = 0; kind < SERVER_KINDS; kind++)
		if (strcmp(name, names[kind]) == 0)
			return (enum server_kind)kind;
	return SERVER_OURS;
}

static char *in_dir(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/usr/lib/xen-4.17/bin/%s", dir, name) < 0)
		abort();
	return path;
}

void server_options(struct server_paths *paths, int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const char *value = i + 1 < *argc ? argv[i + 1] : NULL;

		if (value && strcmp(argv[i], "--ours") == 0)
			paths->program[SERVER_OURS] = value;
		else if (value && strcmp(argv[i], "--null") == 0)
			paths->program[SERVER_NULL] = value;
		else if (value && strcmp(argv[i], "--preload") == 0)
			paths->preload = realpath(value, NULL);
		else if (value && strcmp(argv[i], "--stock") == 0) {
			paths->program[SERVER_C] = in_dir(value, "xenstored");
			paths->program[SERVER_OCAML] = in_dir(value, "oxenstored");
		} else {
			argv[kept++] = argv[i];
			continue;
		}
		i++;
	}
	*argc = kept;
	argv[kept] = NULL;
	for (int kind = 0; kind < SERVER_KINDS; kind++)
		if (paths->program[kind] && access(paths->program[kind], X_OK) != 0)
			paths->program[kind] = NULL;
}

static void oxenstored_config(const struct server *s, const char *path)
{
	bool free_run = s->flags & SERVER_NO_QUOTA;
	FILE *f = fopen(path, "w");

	if (!f)
		_exit(126);
	/* As Debian's oxenstored.conf has it. */
	fprintf(f,
		"pid-file = %s/pid\nmerge-activate = true\nperms-activate = true\n"
		"perms-watch-activate = true\nquota-activate = %s\nquota-maxentity = 1000\n"
		"quota-maxsize = 2048\nquota-maxwatch = 100\nquota-transaction = 10\n"
		"quota-maxrequests = 1024\nquota-path-max = 1024\nquota-maxoutstanding = 1024\n"
		"quota-maxwatchevents = 1024\npersistent = false\n"
		"conflict-burst-limit = 5.0\nconflict-max-history-seconds = 0.05\n"
		"conflict-rate-limit-is-aggregate = true\n"
		"xenstored-kva = /proc/xen/xsd_kva\nxenstored-port = /proc/xen/xsd_port\n",
		s->dir, free_run ? "false" : "true");
	fclose(f);
}

/* In the child: becomes the daemon. */
static void server_exec(const struct server *s)
{
	const char *program = s->paths->program[s->kind];
	char path[128], log[128];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(log, sizeof(log), "%s/log", s->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	if (s->file_limit > 0) {
		struct rlimit limit = {s->file_limit, RLIM_INFINITY};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	setenv("HOSTXEN_DIR", s->dir, 1);
	setenv("XENSTORED_RUNDIR", s->dir, 1);
	if (s->paths->preload && (s->hx || s->kind == SERVER_C || s->kind == SERVER_OCAML))
		setenv("LD_PRELOAD", s->paths->preload, 1);
	switch (s->kind) {
	case SERVER_OURS:
		/* The machine is there too, for what the daemon can open after a live update. */
		snprintf(path, sizeof(path), "%s", s->dir);
		if (s->hx)
			execl(program, program, "--foreground", "--state-dir", path, "--socket",
			      s->socket, (char *)NULL);
		else
			execl(program, program, "--no-hypervisor", "--foreground", "--state-dir",
			      path, "--socket", s->socket, (char *)NULL);
		break;
	case SERVER_C:
		execl(program, program, "-N", (char *)NULL);
		break;
	case SERVER_OCAML:
		snprintf(path, sizeof(path), "%s/conf", s->dir);
		oxenstored_config(s, path);
		execl(program, program, "--no-fork", "--config-file", path, (char *)NULL);
		break;
	default:
		execl(program, program, s->socket, (char *)NULL);
	}
	perror(program);
	_exit(127);
}

struct xsc *server_try(const struct server *s)
{
	return xsc_socket(s->socket);
}

struct xsc *server_connect(const struct server *s)
{
	struct xsc *c = server_try(s);

	if (!c) {
		fprintf(stderr, "%s: %s: %s\n", server_name(s->kind), s->socket, strerror(errno));
		abort();
	}
	return c;
}

static bool server_answers(struct server *s)
{
	/* Two minutes: one that has ended is seen at once. */
	for (int i = 0; i < 12000; i++) {
		struct xsc *c = server_try(s);

		if (c) {
			int err = xsc_path_op(c, XS_DIRECTORY, 0, "/", NULL);

			xsc_close(c);
			return err == 0;
		}
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return false;
		}
		usleep(10000);
	}
	return false;
}

void server_spawn(struct server *s)
{
	s->pid = fork();
	if (s->pid == 0)
		server_exec(s);
}

bool server_restart(struct server *s)
{
	server_spawn(s);
	if (s->pid > 0 && server_answers(s))
		return true;
	fprintf(stderr, "%s does not start; see %s/log\n", server_name(s->kind), s->dir);
	return false;
}

bool server_start(struct server *s, const struct server_paths *paths, enum server_kind kind,
		  unsigned int flags)
{
	const char *tmp = getenv("TMPDIR");
	size_t limit = s->file_limit;
	char path[128];

	*s = (struct server){.kind = kind, .paths = paths, .flags = flags, .file_limit = limit};
	if (!paths->program[kind]) {
		fprintf(stderr, "no %s daemon is given\n", server_name(kind));
		return false;
	}
	snprintf(s->dir, sizeof(s->dir), "%s/xst.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	if (!mkdtemp(s->dir))
		return false;
	snprintf(s->socket, sizeof(s->socket), "%s/%ssocket", s->dir,
		 kind == SERVER_OCAML ? "xenstored/" : "");
	snprintf(path, sizeof(path), "%s/xen", s->dir);
	mkdir(path, 0700);
	/* The stock ones have no life without domain 0. */
	if (flags & SERVER_DOMAINS || kind == SERVER_C || kind == SERVER_OCAML) {
		s->hx = hostxen_open(s->dir);
		if (!s->hx)
			return false;
		hostxen_create(s->hx, 0);
	}
	return server_restart(s);
}

void server_kill(struct server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static void remove_tree(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char below[512];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (unlink(below) != 0)
			remove_tree(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

void server_stop(struct server *s)
{
	server_kill(s);
	hostxen_close(s->hx);
	s->hx = NULL;
	if (s->dir[0] && !getenv("XST_KEEP"))
		remove_tree(s->dir);
}

long server_rss(const struct server *s)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", s->pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

bool server_sleeps(const struct server *s)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", s->pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (f)
		fclose(f);
	return state == 'S' || state == 'Z';
}

double server_cpu(const struct server *s)
{
	struct timespec t = {0};
	clockid_t clock;

	if (clock_getcpuclockid(s->pid, &clock) == 0)
		clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
