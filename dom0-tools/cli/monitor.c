/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a domain's end. A domain that was destroyed by somebody else is not ours to make
 * again; one that shut down is still there, with its reason, until its action is carried out.
 */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

bool monitor_daisd_runs(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = DAISD_SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool runs = fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to));

	if (fd >= 0)
		close(fd);
	return runs;
}

static enum dais_action action_of(const struct dais_config *config, enum dais_shutdown reason)
{
	switch (reason) {
	case DAIS_SHUTDOWN_POWEROFF:
		return config->on_poweroff;
	case DAIS_SHUTDOWN_REBOOT:
		return config->on_reboot;
	case DAIS_SHUTDOWN_SUSPEND:
		return DAIS_ACTION_PRESERVE;
	case DAIS_SHUTDOWN_WATCHDOG:
		return config->on_watchdog;
	case DAIS_SHUTDOWN_SOFT_RESET:
		return config->on_soft_reset;
	case DAIS_SHUTDOWN_CRASH:
	case DAIS_SHUTDOWN_NONE:
	default:
		return config->on_crash;
	}
}

/* It goes on without one, if need be. */
static void restart_model(struct cli *cli, const struct dais_domain *domain)
{
	struct dais_error err;
	char text[1200];

	if (domain->shutdown == DAIS_SHUTDOWN_NONE && !monitor_daisd_runs() &&
	    dais_model_restart(cli->host, domain->domid, &err))
		syslog(LOG_ERR, "%s", dais_error_text(&err, text, sizeof(text)));
}

/* 0: the domain is down and described by @domain; 1: it is gone; -1 with @err. */
static int wait_down(struct cli *cli, uint32_t domid, struct dais_domain *domain,
		     struct dais_error *err)
{
	struct dais_event event;

	for (;;) {
		if (dais_look(cli->host, domid, domain, err))
			return err->code == DAIS_NO_DOMAIN ? 1 : -1;
		if (domain->dying)
			return 1;
		if (domain->shutdown != DAIS_SHUTDOWN_NONE)
			return 0;
		if (dais_event_wait(cli->host, &event, -1, err) < 0)
			return -1;
		if (event.kind == DAIS_EVENT_MODEL_LOST && event.domain.domid == domid)
			restart_model(cli, &event.domain);
	}
}

/* The old one stays, under a name that tells of it; the new one is another domain. */
static int set_aside(struct cli *cli, const struct dais_domain *old, struct dais_config *config,
		     struct dais_error *err)
{
	char name[DAIS_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.200s-%u", old->name, old->domid);
	config->has_uuid = false;
	return dais_rename(cli->host, old->domid, name, err);
}

/*
 * It goes on without one, if need be. That takes its time: false, if there is a daisd by now,
 * which has seen the domain and does the rest.
 */
static bool write_core(struct cli *cli, const struct dais_domain *domain)
{
	struct dais_error err;
	char text[1200];

	if (dais_dump_core(cli->host, domain, NULL, &err))
		syslog(LOG_ERR, "%s", dais_error_text(&err, text, sizeof(text)));
	return !monitor_daisd_runs();
}

/* 1: made again as @domid, 0: nothing more is to be done, -1 with @err. */
static int carry_out(struct cli *cli, struct dais_config *config, const struct dais_domain *old,
		     uint32_t *domid, struct dais_error *err)
{
	bool again = false;

	switch (action_of(config, old->shutdown)) {
	case DAIS_ACTION_PRESERVE:
		return 0;
	case DAIS_ACTION_RENAME_RESTART:
		if (set_aside(cli, old, config, err))
			return -1;
		return dais_create(cli->host, config, NULL, domid, err) ? -1 : 1;
	case DAIS_ACTION_COREDUMP_RESTART:
		if (!write_core(cli, old))
			return 0;
		again = true;
		break;
	case DAIS_ACTION_RESTART:
	case DAIS_ACTION_SOFT_RESET:
		again = true;
		break;
	case DAIS_ACTION_COREDUMP_DESTROY:
		if (!write_core(cli, old))
			return 0;
		break;
	case DAIS_ACTION_UNSET:
	case DAIS_ACTION_DESTROY:
		break;
	}
	if (dais_destroy(cli->host, old->domid, err))
		return -1;
	if (!again)
		return 0;
	return dais_create(cli->host, config, NULL, domid, err) ? -1 : 1;
}

int monitor_domain(struct cli *cli, struct dais_config *config, uint32_t domid)
{
	struct dais_domain domain;
	struct dais_error err;
	int ret;

	for (;;) {
		ret = wait_down(cli, domid, &domain, &err);
		/* A daisd that came later looks after all domains: two must not. */
		if (ret > 0)
			dais_forget(cli->host, config->uuid);
		if (ret > 0 || (!ret && monitor_daisd_runs()))
			return 0;
		if (!ret)
			ret = carry_out(cli, config, &domain, &domid, &err);
		if (ret < 0)
			return cli_report(cli, &err);
		if (!ret)
			return 0;
	}
}

int monitor_detach(struct cli *cli, struct dais_config *config, uint32_t domid)
{
	struct dais_error err;
	pid_t pid;
	int null;

	fflush(stdout);
	/* The library's handles are for one process. */
	dais_close(cli->host);
	cli->host = NULL;
	pid = fork();
	if (pid < 0)
		fprintf(stderr, "%s: nobody will carry out on_reboot and its like: %s\n",
			cli->program, strerror(errno));
	if (pid)
		return 0;
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (chdir("/"))
		_exit(DAIS_FAILED);
	openlog("dais", LOG_PID, LOG_DAEMON);
	cli->json = false;
	if (host_open(cli, &err) || monitor_domain(cli, config, domid)) {
		syslog(LOG_ERR, "domain %u (%s) is not looked after any more", domid, config->name);
		_exit(DAIS_FAILED);
	}
	_exit(0);
}
