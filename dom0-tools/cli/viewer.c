// SPDX-License-Identifier: MIT
#include "viewer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define VIEWER "vncviewer"
/* Ports of VNC begin here. */
#define FIRST_PORT 5900

static bool is_installed(void)
{
	autofree char *path = strdup(getenv("PATH") ? getenv("PATH") : "");
	char *rest = path, *dir;

	while (path && (dir = strsep(&rest, ":"))) {
		autofree char *file = NULL;

		if (asprintf(&file, "%s/%s", *dir ? dir : ".", VIEWER) >= 0 && !access(file, X_OK))
			return true;
	}
	return false;
}

int viewer_check(const struct dais_config *config, struct dais_error *err)
{
	if (!config->vfb_count || config->vfbs[0].vnc == DAIS_NO) {
		dais_fail(err, DAIS_CONFIG, "show the screen of", config->name,
			  "the configuration has none");
		return dais_hint(err, "write vfb=[\"vnc=1\"] there, or leave out -V");
	}
	if (!is_installed()) {
		dais_fail(err, DAIS_DEVICE, "show the screen of", config->name,
			  "the program " VIEWER " is not installed");
		return dais_hint(err, "install Debian's package tigervnc-viewer, or leave out -V: "
				      "`dais list -l` tells where VNC listens");
	}
	return 0;
}

/* A pipe that has the password and ends behind it; -1. */
static int say(const char *password)
{
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	/* It is shorter than what a pipe takes at once. */
	n = write(ends[1], password, strlen(password));
	close(ends[1]);
	if (n == (ssize_t)strlen(password))
		return ends[0];
	close(ends[0]);
	return -1;
}

static void become(const char *display, int input)
{
	const char *arguments[] = {VIEWER, display, input >= 0 ? "-autopass" : NULL, NULL};

	/* What the command prints is for whoever reads that, and ends with the command. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	execvp(VIEWER, (char **)arguments);
	fprintf(stderr, "cannot execute %s: %s\n", VIEWER, strerror(errno));
	_exit(127);
}

int viewer_start(struct cli *cli, uint32_t domid, const char *password, struct dais_error *err)
{
	struct json_object *served = dais_served_json(cli->host, domid);
	struct json_object *vnc = json_object_object_get(served, "vnc");
	const char *listen = json_object_get_string(json_object_object_get(vnc, "listen"));
	int port = json_object_get_int(json_object_object_get(vnc, "port"));
	autofree char *display = NULL;
	autoclose int input = -1;
	pid_t pid = -1;
	bool bare = listen && strchr(listen, ':') && *listen != '['; /* an address of IPv6 */

	if (port < FIRST_PORT)
		errno = ENXIO;
	else if (asprintf(&display, "%s%s%s:%d", bare ? "[" : "", listen ? listen : "localhost",
			  bare ? "]" : "", port - FIRST_PORT) < 0)
		display = NULL;
	json_object_put(served);
	if (display && (!password || (input = say(password)) >= 0)) {
		fflush(NULL);
		pid = fork();
		if (!pid)
			become(display, input);
	}
	if (pid < 0)
		return dais_fail_errno(err, DAIS_DEVICE, errno, "start", VIEWER);
	return 0;
}
