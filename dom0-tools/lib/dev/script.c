// SPDX-License-Identifier: MIT
/*
 * One process per call, with a small environment of its own: nothing of ours is passed on but
 * what scripts written for Xen ask for.
 */
#include "dev/script.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define ENVIRONMENT_MAX 12
#define TEXT_MAX 512

struct environment {
	char text[ENVIRONMENT_MAX][TEXT_MAX];
	char *list[ENVIRONMENT_MAX + 1];
	size_t count;
};

static void set(struct environment *e, const char *name, const char *value)
{
	if (e->count == ENVIRONMENT_MAX)
		return;
	snprintf(e->text[e->count], TEXT_MAX, "%s=%s", name, value);
	e->list[e->count] = e->text[e->count];
	e->count++;
}

static void child(const char *path, const char *action, char *const environment[])
{
	char *const arguments[] = {(char *)(uintptr_t)path, (char *)(uintptr_t)action,
				   (char *)(uintptr_t) "type_if=vif", NULL};
	int null = open("/dev/null", O_RDWR);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	execve(path, arguments, environment);
	_exit(127);
}

/* The exit status, or -1 after @seconds; the script and what it started are killed then. */
static int wait_child(pid_t pid, unsigned int seconds)
{
	struct timespec nap = {.tv_nsec = 5000000};
	int status;

	for (unsigned int i = 0; i < seconds * 200; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		nanosleep(&nap, NULL);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

int script_run(const char *script, const char *action, const char *type, const char *backend,
	       const char *interface, unsigned int seconds, struct dais_error *err)
{
	struct environment environment = {.count = 0};
	char path[256];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s%s%s", strchr(script, '/') ? "" : SCRIPT_DIR,
		 strchr(script, '/') ? "" : "/", script);
	if (access(path, X_OK))
		return dais_fail_errno(err, DAIS_DEVICE, errno, "run the script", path);
	set(&environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	set(&environment, "script", path);
	set(&environment, "XENBUS_TYPE", type);
	/* Scripts go by the path below /local/domain/0. */
	set(&environment, "XENBUS_PATH",
	    strncmp(backend, "/local/domain/0/", 16) ? backend : backend + 16);
	set(&environment, "XENBUS_BASE_PATH", "backend");
	if (interface) {
		set(&environment, "vif", interface);
		set(&environment, "vifname", interface);
	}
	pid = fork();
	if (pid < 0)
		return dais_fail_errno(err, DAIS_DEVICE, errno, "run the script", path);
	if (!pid)
		child(path, action, environment.list);
	status = wait_child(pid, seconds);
	if (!status)
		return 0;
	if (status < 0)
		return dais_fail(err, DAIS_TIMEOUT, "run the script", path,
				 "it was not done with \"%s\" within %u s", action, seconds);
	dais_fail(err, DAIS_DEVICE, "run the script", path, "it ended with status %d for \"%s\"",
		  status, action);
	return dais_hint(err, "what it said went to standard error and /var/log/xen");
}

void script_closed(const struct device_id *id, struct store *store)
{
	struct store_dir back;
	autofree char *script = NULL;
	bool vif = !strcmp(id->kind, "vif");
	char interface[32];
	struct dais_error err;

	/* Another domain's back-end may write there what it likes. */
	if (id->backend)
		return;
	device_back(id, store, &back);
	script = store_read(store, "%s/script", back.path);
	if (!script || !*script)
		return;
	snprintf(interface, sizeof(interface), "vif%u.%u", id->domid, id->devid);
	if (script_run(script, vif ? "offline" : "remove", id->kind, back.path,
		       vif ? interface : NULL, 40, &err))
		dais_log(DAIS_LOG_WARNING, "%s: %s", script, err.why);
}
