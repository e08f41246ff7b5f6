/* SPDX-License-Identifier: MIT */
/*
 * Ends are handled in three steps, each of which can be the last that a killed daemon did: the
 * intent to start again is written; the domain is destroyed; the intent is carried out. What
 * is found at the start (ended domains, intents) is handled like what is seen later.
 *
 * A domain without a record of ours was made by others (xl), who look after it themselves.
 */
#include "supervise.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "dom/domain.h"
#include "dump.h"
#include "forget.h"
#include "intent.h"
#include "journal.h"
#include "log.h"
#include "marks.h"
#include "policy.h"

#define WAIT_MS 5000
#define DUMP_WAIT_MS 200 /* while a core is written: nothing tells of its end */
#define FORGET_WAIT_MS 500 /* while somebody listens at sockets of one that is gone */
#define RETRY_SECONDS 30 /* after a start that failed */
#define PASTS_MAX 8192

/* How it went with a domain so far. */
struct past {
	uint8_t uuid[16];
	struct policy_past policy;
	uint64_t restarts;
};

static struct {
	pthread_mutex_t lock; /* pasts and counts */
	struct past *pasts;
	size_t count;
	struct supervise_counts counts;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct supervise_counts supervise_counts(void)
{
	struct supervise_counts counts;

	pthread_mutex_lock(&self.lock);
	counts = self.counts;
	pthread_mutex_unlock(&self.lock);
	return counts;
}

static void count(uint64_t *counter)
{
	pthread_mutex_lock(&self.lock);
	(*counter)++;
	pthread_mutex_unlock(&self.lock);
}

static struct past *past_locked(const uint8_t uuid[16], bool make)
{
	struct past *more;

	for (size_t i = 0; i < self.count; i++) {
		if (!memcmp(self.pasts[i].uuid, uuid, 16))
			return &self.pasts[i];
	}
	if (!make || self.count == PASTS_MAX)
		return NULL;
	more = realloc(self.pasts, (self.count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	self.pasts = more;
	more += self.count++;
	*more = (struct past){.restarts = 0};
	memcpy(more->uuid, uuid, 16);
	return more;
}

uint64_t supervise_restarts(const uint8_t uuid[16])
{
	struct past *past;
	uint64_t restarts = 0;

	pthread_mutex_lock(&self.lock);
	past = past_locked(uuid, false);
	if (past)
		restarts = past->restarts;
	pthread_mutex_unlock(&self.lock);
	return restarts;
}

static struct policy_decision decide(const struct dais_config *config,
				     const struct dais_domain *domain, int64_t lived)
{
	struct policy_decision decision;
	struct policy_past none = {0};
	struct past *past;

	pthread_mutex_lock(&self.lock);
	past = past_locked(domain->uuid, true);
	decision = policy_decide(config, domain->shutdown, lived, past ? &past->policy : &none);
	pthread_mutex_unlock(&self.lock);
	return decision;
}

static void note(const char *event, const struct dais_domain *domain, const char *detail)
{
	const struct journal_entry entry = {
		.event = event,
		.name = domain->name,
		.uuid = domain->uuid,
		.domid = domain->domid,
		.reason = dais_shutdown_name(domain->shutdown),
		.detail = detail,
	};

	journal_add(&entry);
}

static void note_error(const char *event, const char *name, const uint8_t *uuid,
		       const struct dais_error *err)
{
	char text[1200];
	const struct journal_entry entry = {
		.event = event, .name = name, .uuid = uuid, .domid = -1, .detail = text};

	count(&self.counts.failed);
	dais_error_text(err, text, sizeof(text));
	journal_add(&entry);
}

/* ----- ends ----- */

/* Out of the way for a successor: under another name. */
static int make_way(struct dais *host, const struct dais_domain *domain, struct dais_config *config,
		    struct dais_error *err)
{
	char name[DAIS_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%.240s-%u", domain->name, domain->domid);
	if (dais_rename(host, domain->domid, name, err))
		return -1;
	dais_uuid_make(config->uuid); /* the old one stays with the old domain */
	return 0;
}

static int end(struct dais *host, const struct dais_domain *domain, struct dais_config *config,
	       const struct policy_decision *decision, struct dais_error *err)
{
	bool again = decision->act == POLICY_RESTART || decision->act == POLICY_RENAME_RESTART;

	if (decision->act == POLICY_RENAME_RESTART && make_way(host, domain, config, err))
		return -1;
	if (again && intent_add(config, intent_now() + decision->delay_seconds, false))
		return dais_fail_errno(err, DAIS_FAILED, errno, "keep the configuration of",
				       domain->name);
	if (decision->act == POLICY_RENAME_RESTART)
		return 0;
	if (dais_destroy(host, domain->domid, err) && err->code != DAIS_NO_DOMAIN)
		return -1;
	return 0;
}

static void finish_end(struct dais *host, const struct dais_domain *domain,
		       struct dais_config *config, const struct policy_decision *decision)
{
	struct dais_error err;

	if (decision->act != POLICY_LEAVE && end(host, domain, config, decision, &err))
		note_error("failed", domain->name, domain->uuid, &err);
	dais_config_free(config);
}

/* Of those that somebody else took away meanwhile nothing is left to do. */
static void finish_dumps(struct dais *host)
{
	struct dais_domain now;
	struct dump d;
	char path[320];

	while (dump_ended(&d)) {
		if (d.failed)
			note_error("failed", d.domain.name, d.domain.uuid, &d.err);
		else
			note("dumped", &d.domain, dais_dump_path(&d.domain, path, sizeof(path)));
		if (dais_look(host, d.domain.domid, &now, NULL) || now.dying ||
		    memcmp(now.uuid, d.domain.uuid, sizeof(now.uuid)) != 0)
			dais_config_free(&d.config);
		else
			finish_end(host, &d.domain, &d.config, &d.decision);
	}
}

static void handle_end(struct dais *host, const struct dais_domain *domain)
{
	struct policy_decision decision;
	struct dais_config config;
	char detail[128];

	if (domain->shutdown == DAIS_SHUTDOWN_SUSPEND)
		return; /* whoever saves it is at it */
	if (dump_pending(domain->domid))
		return; /* it is seen again when the store or the hypervisor was lost */
	if (dais_record_load(domain->uuid, &config, NULL)) {
		note("ended", domain, "not made by dais: left to its maker");
		dais_config_free(&config);
		return;
	}
	config.has_uuid = true;
	memcpy(config.uuid, domain->uuid, sizeof(config.uuid));
	free(config.name); /* it may have been renamed since */
	config.name = strdup(domain->name);
	decision = decide(&config, domain, dais_uptime(host, domain));
	snprintf(detail, sizeof(detail), "%s%s (%s)", decision.core ? "core, " : "",
		 policy_act_name(decision.act), decision.why);
	note("ended", domain, detail);
	if (decision.core && dump_begin(domain, &config, &decision))
		return; /* the rest is finish_dumps()'s */
	if (decision.core)
		note("not-dumped", domain, "too many at once");
	finish_end(host, domain, &config, &decision);
}

/* ----- QEMUs that die ----- */

static void handle_model(struct dais *host, const struct dais_domain *domain)
{
	struct dais_config config;
	struct dais_error err;
	bool ours = !dais_record_load(domain->uuid, &config, NULL);

	dais_config_free(&config);
	count(&self.counts.models_lost);
	note("model-lost", domain, ours ? NULL : "not made by dais: left to its maker");
	if (!ours)
		return;
	if (dais_model_restart(host, domain->domid, &err))
		note_error("failed", domain->name, domain->uuid, &err);
	else
		note("model-restarted", domain, NULL);
}

/* ----- starts ----- */

static void started(const struct dais_config *config, uint32_t domid, const char *event)
{
	const struct journal_entry entry = {
		.event = event, .name = config->name, .uuid = config->uuid, .domid = domid};
	struct past *past;

	journal_add(&entry);
	pthread_mutex_lock(&self.lock);
	past = past_locked(config->uuid, true);
	if (past)
		past->restarts++;
	self.counts.restarted++;
	pthread_mutex_unlock(&self.lock);
}

/*
 * True if a whole domain of that UUID is there. Letting it run is the last step of making one:
 * a paused one was left half-made by a daemon that was killed, and goes, as does one that ended.
 */
static bool is_there(struct dais *host, const uint8_t uuid[16])
{
	struct dais_domain domain;
	char text[37];

	if (dais_find(host, dais_uuid_text(uuid, text), &domain, NULL))
		return false;
	if (domain.shutdown == DAIS_SHUTDOWN_NONE && !domain.paused)
		return true;
	dais_destroy(host, domain.domid, NULL);
	return false;
}

/* Starts what is due. */
static void carry_out(struct dais *host)
{
	const struct dais_create how = {.paused = false};
	struct dais_config config;
	struct intent intent;
	struct dais_error err;
	uint32_t domid;

	while (intent_take(&intent, &config)) {
		if (is_there(host, config.uuid)) {
			intent_done(config.uuid);
		} else if (!dais_create(host, &config, &how, &domid, &err)) {
			started(&config, domid, "restarted");
			intent_done(config.uuid);
		} else if (err.code == DAIS_EXISTS) {
			/* Somebody made another of that name meanwhile: theirs stays. */
			note_error("given-up", config.name, config.uuid, &err);
			intent_done(config.uuid);
		} else {
			note_error("failed", config.name, config.uuid, &err);
			intent_later(&intent, intent_now() + RETRY_SECONDS);
		}
		dais_config_free(&config);
	}
}

static void start_file(struct dais *host, const char *path)
{
	const struct dais_create how = {.paused = false};
	struct dais_faults faults = {.list = NULL};
	struct dais_config config;
	struct dais_domain domain;
	struct dais_error err;
	uint32_t domid;

	if (dais_config_load(path, NULL, 0, &config, &faults, &err)) {
		note_error("failed", config.name, NULL, &err);
	} else if (dais_find(host, config.name, &domain, NULL)) {
		if (!config.has_uuid)
			dais_uuid_make(config.uuid);
		config.has_uuid = true;
		intent_add(&config, 0, true);
		if (dais_create(host, &config, &how, &domid, &err))
			note_error("failed", config.name, config.uuid, &err);
		else
			started(&config, domid, "autostarted");
		intent_done(config.uuid);
	}
	dais_config_free(&config);
	dais_faults_free(&faults);
}

static int is_config(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return *entry->d_name != '.' && dot && !strcmp(dot, ".cfg");
}

/* Once since the host's boot, each of them. */
static void autostart(struct dais *host, const struct supervise_options *options)
{
	struct dirent **names;
	int fd, n;

	if (!options->auto_dir)
		return;
	fd = marks_begin(options->auto_mark);
	if (fd < 0)
		return;
	n = scandir(options->auto_dir, &names, is_config, alphasort);
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", options->auto_dir, names[i]->d_name);
		if (!marks_has(fd, names[i]->d_name)) {
			/* Killed on the way, the next finds an intent, or the domain. */
			start_file(host, path);
			marks_add(fd, names[i]->d_name);
		}
		free(names[i]);
	}
	marks_end(fd, options->auto_mark);
	if (n >= 0)
		free(names);
}

/* ----- the loop ----- */

static void handle(struct dais *host, const struct dais_event *event)
{
	struct dais_config rest;

	count(&self.counts.events);
	switch (event->kind) {
	case DAIS_EVENT_SHUTDOWN:
		count(&self.counts.ended);
		if (event->domain.shutdown == DAIS_SHUTDOWN_CRASH)
			count(&self.counts.crashed);
		handle_end(host, &event->domain);
		break;
	case DAIS_EVENT_CREATED:
		count(&self.counts.created);
		note("created", &event->domain, NULL);
		break;
	case DAIS_EVENT_DESTROYED:
		note("destroyed", &event->domain, NULL);
		if (dais_forget_begin(host, event->domain.uuid, &rest))
			forget_add(&rest, intent_now());
		break;
	case DAIS_EVENT_MODEL_LOST:
		if (event->domain.shutdown == DAIS_SHUTDOWN_NONE)
			handle_model(host, &event->domain);
		break;
	default:
		note(dais_event_name(event->kind), &event->domain, NULL);
		break;
	}
}

/* What ended while nobody looked, domains and QEMUs. */
static void take_stock(struct dais *host)
{
	struct dais_domain *list = NULL;
	size_t i, n = 0;

	if (dais_list(host, &list, &n, NULL))
		return;
	for (i = 0; i < n; i++) {
		if (list[i].domid && list[i].shutdown != DAIS_SHUTDOWN_NONE && !list[i].dying)
			handle_end(host, &list[i]);
		else if (list[i].domid && !list[i].dying && dais_model_lost(host, list[i].domid))
			handle_model(host, &list[i]);
	}
	free(list);
}

static int wait_ms(void)
{
	time_t next = intent_next(), now = intent_now();
	int wait = WAIT_MS;

	if (forget_pending())
		wait = FORGET_WAIT_MS;
	if (dump_pending(UINT32_MAX))
		wait = DUMP_WAIT_MS;

	if (next && next <= now)
		return 0;
	return next && (next - now) * 1000 < wait ? (int)(next - now) * 1000 : wait;
}

/* Until stopped, or something failed. */
static int watch(struct dais *host, const volatile bool *stop, struct dais_error *err)
{
	while (!*stop) {
		struct dais_event event;
		int rc;

		finish_dumps(host);
		forget_try(intent_now());
		carry_out(host);
		rc = dais_event_wait(host, &event, wait_ms(), err);
		if (rc > 0)
			handle(host, &event);
		else if (rc < 0 && err->code != DAIS_INTERRUPTED)
			return -1;
	}
	return 0;
}

int supervise_run(const struct supervise_options *options, const volatile bool *stop,
		  struct dais_error *err)
{
	bool first = true;
	int rc = 0;

	/* Of domains that may be gone meanwhile: nobody else would. */
	dais_dump_tidy();
	while (!*stop) {
		struct dais_event event;
		struct dais *host;
		char text[1200];

		rc = dais_open(&host, err);
		if (rc && first)
			return -1;
		/* Each time: a store that was started anew may have forgotten it. */
		if (!rc)
			rc = dais_announce(host, err);
		if (!rc && first && options->ready)
			options->ready();
		/* The first call takes stock, so that what ends from now on is an event. */
		if (!rc)
			rc = dais_event_wait(host, &event, 0, err);
		if (!rc) {
			take_stock(host);
			carry_out(host);
			if (first)
				autostart(host, options);
			first = false;
			rc = watch(host, stop, err);
		} else if (rc > 0) {
			handle(host, &event);
		}
		if (rc < 0) {
			dais_log(DAIS_LOG_WARNING, "%s", dais_error_text(err, text, sizeof(text)));
			sleep(1);
		}
		if (host)
			dais_close(host);
	}
	return 0;
}
