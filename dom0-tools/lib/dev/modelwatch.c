// SPDX-License-Identifier: MIT
#include "dev/modelwatch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "dev/model.h"

static struct modelwatch_one *find(struct modelwatch *w, uint32_t domid)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->list[i].domid == domid)
			return &w->list[i];
	}
	return NULL;
}

static struct modelwatch_one *add(struct modelwatch *w, uint32_t domid)
{
	struct modelwatch_one *more = realloc(w->list, (w->count + 1) * sizeof(*more));
	struct pollfd *fds;

	if (!more)
		return NULL;
	w->list = more;
	fds = realloc(w->fds, (w->count + 2) * sizeof(*fds));
	if (!fds)
		return NULL;
	w->fds = fds;
	w->list[w->count] = (struct modelwatch_one){.domid = domid, .alive = -1};
	return &w->list[w->count++];
}

/* One that cannot be found is not there yet, or has died before it was seen. */
static int look_at(struct modelwatch *w, struct store *store, uint32_t domid, bool told)
{
	struct modelwatch_one *one = find(w, domid);
	long pid = model_pid(store, domid);
	autoclose int alive = -1;

	if (pid <= 1 || (one && one->pid == pid))
		return 0;
	alive = model_find(store, domid);
	if (alive < 0 && !model_runs(store, domid))
		return 0;
	if (!one)
		one = add(w, domid);
	if (!one)
		return -1;
	if (one->alive >= 0)
		close(one->alive);
	one->lost = alive < 0 && !told;
	one->alive = steal_fd(&alive);
	one->pid = pid;
	return 0;
}

static bool is_among(char *const *names, unsigned int n, uint32_t domid)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", domid);
	for (unsigned int i = 0; i < n; i++) {
		if (!strcmp(names[i], number))
			return true;
	}
	return false;
}

int modelwatch_look(struct modelwatch *w, struct store *store, bool told)
{
	unsigned int n = 0;
	autofree char **names = store_list(store, &n, MODELS_PATH);
	int ret = 0;

	if (!names && errno != ENOENT)
		return -1;
	for (size_t i = w->count; i-- > 0;) {
		if (w->list[i].alive < 0 && !is_among(names, names ? n : 0, w->list[i].domid))
			w->list[i] = w->list[--w->count];
	}
	for (unsigned int i = 0; names && i < n; i++) {
		char *end;
		unsigned long domid = strtoul(names[i], &end, 10);

		if (end != names[i] && !*end && domid < DAIS_DOMID_MAX)
			ret |= look_at(w, store, (uint32_t)domid, told);
	}
	return ret;
}

int modelwatch_poll(struct modelwatch *w, int first, int timeout_ms)
{
	struct pollfd alone = {.fd = first, .events = POLLIN};

	if (!w->count)
		return poll(&alone, 1, timeout_ms);
	w->fds[0] = alone;
	for (size_t i = 0; i < w->count; i++)
		w->fds[i + 1] = (struct pollfd){.fd = w->list[i].alive, .events = POLLIN};
	return poll(w->fds, w->count + 1, timeout_ms);
}

/* Whoever ends it takes its word that it runs away first, whoever replaces it writes a number. */
static bool was_meant(struct store *store, const struct modelwatch_one *one)
{
	long pid = model_pid(store, one->domid);

	return !model_runs(store, one->domid) && (pid <= 1 || pid == one->pid);
}

bool modelwatch_next(struct modelwatch *w, struct store *store, uint32_t *domid)
{
	for (size_t i = 0; i < w->count; i++) {
		struct modelwatch_one *one = &w->list[i];

		if (one->alive >= 0 && process_ended(one->alive, 0)) {
			close(one->alive);
			one->alive = -1;
			one->lost = !was_meant(store, one);
		}
		if (one->lost) {
			one->lost = false;
			*domid = one->domid;
			return true;
		}
	}
	return false;
}

void modelwatch_free(struct modelwatch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->list[i].alive >= 0)
			close(w->list[i].alive);
	}
	free(w->list);
	free(w->fds);
}
