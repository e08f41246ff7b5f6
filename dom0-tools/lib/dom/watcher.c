// SPDX-License-Identifier: MIT
/*
 * What happens to domains. The store's two special watches say when to look; what happened is
 * found by comparing the hypervisor's list with the one before, so that an event that was
 * missed, or several that came as one, are still all told. Pausing and renaming fire no watch:
 * a look once a second finds those. The death of a QEMU is seen by its process's descriptor.
 */
#include "dom/watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "dev/modelwatch.h"
#include "dom/host.h"
#include "export.h"

#define LOOK_MS 1000

struct watcher {
	struct dais_domain *seen;
	size_t count;
	struct dais_event *queue;
	size_t queued, next, room;
	struct modelwatch models;
	bool models_changed;
};

void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	modelwatch_free(&w->models);
	free(w->seen);
	free(w->queue);
	free(w);
}

EXPORT const char *dais_event_name(enum dais_event_kind kind)
{
	static const char *const names[] = {
		[DAIS_EVENT_CREATED] = "created",       [DAIS_EVENT_SHUTDOWN] = "shutdown",
		[DAIS_EVENT_PAUSED] = "paused",         [DAIS_EVENT_UNPAUSED] = "unpaused",
		[DAIS_EVENT_RENAMED] = "renamed",       [DAIS_EVENT_DESTROYED] = "destroyed",
		[DAIS_EVENT_MODEL_LOST] = "model-lost",
	};

	return names[kind];
}

static int add(struct watcher *w, enum dais_event_kind kind, const struct dais_domain *domain)
{
	if (w->queued == w->room) {
		size_t room = w->room ? 2 * w->room : 16;
		struct dais_event *more = realloc(w->queue, room * sizeof(*more));

		if (!more)
			return -1;
		w->queue = more;
		w->room = room;
	}
	w->queue[w->queued].kind = kind;
	w->queue[w->queued++].domain = *domain;
	return 0;
}

static int changed(struct watcher *w, const struct dais_domain *old, const struct dais_domain *now)
{
	int ret = 0;

	if (strcmp(old->name, now->name))
		ret |= add(w, DAIS_EVENT_RENAMED, now);
	if (!old->paused && now->paused && now->shutdown == DAIS_SHUTDOWN_NONE)
		ret |= add(w, DAIS_EVENT_PAUSED, now);
	if (old->paused && !now->paused)
		ret |= add(w, DAIS_EVENT_UNPAUSED, now);
	if (old->shutdown == DAIS_SHUTDOWN_NONE && now->shutdown != DAIS_SHUTDOWN_NONE)
		ret |= add(w, DAIS_EVENT_SHUTDOWN, now);
	return ret;
}

/* Both lists are in the order of their numbers; a dying domain counts as gone. */
static int compare(struct watcher *w, const struct dais_domain *now, size_t count)
{
	size_t i = 0, j = 0;
	int ret = 0;

	while (i < w->count || j < count) {
		const struct dais_domain *old = i < w->count ? &w->seen[i] : NULL;
		const struct dais_domain *new = j < count ? &now[j] : NULL;

		if (!old || (new &&new->domid < old->domid)) {
			if (!new->dying)
				ret |= add(w, DAIS_EVENT_CREATED, new);
			j++;
		} else if (!new || old->domid < new->domid ||
			   memcmp(old->uuid, new->uuid, sizeof(old->uuid))) {
			if (!old->dying)
				ret |= add(w, DAIS_EVENT_DESTROYED, old);
			i++;
		} else {
			if (new->dying && !old->dying)
				ret |= add(w, DAIS_EVENT_DESTROYED, old);
			else if (!new->dying)
				ret |= changed(w, old, new);
			i++;
			j++;
		}
	}
	return ret;
}

/* QEMUs that are gone, of domains that are there. */
static int compare_models(struct dais *host)
{
	struct watcher *w = host->watcher;
	uint32_t domid;
	int ret = 0;

	if (w->models_changed)
		ret = modelwatch_look(&w->models, &host->store, false);
	w->models_changed = ret != 0;
	while (modelwatch_next(&w->models, &host->store, &domid)) {
		for (size_t i = 0; i < w->count; i++) {
			if (w->seen[i].domid == domid && !w->seen[i].dying)
				ret |= add(w, DAIS_EVENT_MODEL_LOST, &w->seen[i]);
		}
	}
	return ret;
}

static int look(struct dais *host, struct dais_error *err)
{
	struct watcher *w = host->watcher;
	struct dais_domain *now;
	size_t count;

	if (dais_list(host, &now, &count, err))
		return -1;
	w->queued = w->next = 0;
	if (compare(w, now, count)) {
		free(now);
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "watch the domains", NULL);
	}
	free(w->seen);
	w->seen = now;
	w->count = count;
	/* What could not be asked for is, the next time. */
	compare_models(host);
	return 0;
}

static int start(struct dais *host, struct dais_error *err)
{
	struct watcher *w = calloc(1, sizeof(*w));
	int errnum;

	if (!w)
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "watch the domains", NULL);
	errnum = store_watch(&host->store, "@introduceDomain", "dais");
	if (!errnum)
		errnum = store_watch(&host->store, "@releaseDomain", "dais");
	if (!errnum)
		errnum = store_watch(&host->store, MODELS_PATH, "dais");
	if (errnum)
		dais_fail_errno(err, DAIS_NO_HOST, errnum, "watch the domains", "the store");
	else
		w->models_changed = modelwatch_look(&w->models, &host->store, true) != 0;
	if (errnum || dais_list(host, &w->seen, &w->count, err)) {
		watcher_free(w);
		return -1;
	}
	host->watcher = w;
	return 0;
}

/* Waits for the store to say something, and takes all that it said. 0, or -1 with @err. */
static int wait_store(struct dais *host, int timeout_ms, struct dais_error *err)
{
	struct watcher *w = host->watcher;
	struct store_event *event;

	/* What came along with answers is not announced by the socket again. */
	if (!host->store.events && modelwatch_poll(&w->models, host->store.fd, timeout_ms) < 0)
		return dais_fail_errno(err, DAIS_INTERRUPTED, errno, "watch the domains", NULL);
	while ((event = stream_event(&host->store))) {
		if (!strncmp(event->text, MODELS_PATH, strlen(MODELS_PATH)))
			w->models_changed = true;
		free(event);
	}
	if (errno == EAGAIN)
		return 0;
	return dais_fail_errno(err, DAIS_NO_HOST, errno, "watch the domains", "the store");
}

EXPORT int dais_event_wait(struct dais *host, struct dais_event *event, int timeout_ms,
			   struct dais_error *err)
{
	if (!host->watcher && start(host, err))
		return -1;
	for (;;) {
		struct watcher *w = host->watcher;
		int most = timeout_ms < 0 || timeout_ms > LOOK_MS ? LOOK_MS : timeout_ms;

		if (w->next < w->queued) {
			*event = w->queue[w->next++];
			return 1;
		}
		if (wait_store(host, most, err))
			return -1;
		if (look(host, err))
			return -1;
		if (timeout_ms >= 0) {
			timeout_ms -= most;
			if (timeout_ms <= 0 && w->next == w->queued)
				return 0;
		}
	}
}
