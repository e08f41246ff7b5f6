// SPDX-License-Identifier: MIT
/*
 * A thread per core, at most DUMPS_MAX. Whoever began them takes them back. A daemon that is
 * killed leaves the domain as it is, and the next begins again.
 */
#include "dump.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#define DUMPS_MAX 4

static struct {
	pthread_mutex_t lock; /* `ended` of all of them */
	struct slot {
		bool used, ended;
		pthread_t thread;
		struct dump dump;
	} slots[DUMPS_MAX];
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A connection to the host is for one thread at a time. */
static void *write_it(void *arg)
{
	struct slot *slot = arg;
	struct dump *d = &slot->dump;
	struct dais *host;

	d->failed = true;
	if (!dais_open(&host, &d->err)) {
		d->failed = dais_dump_core(host, &d->domain, NULL, &d->err) != 0;
		dais_close(host);
	}
	pthread_mutex_lock(&self.lock);
	slot->ended = true;
	pthread_mutex_unlock(&self.lock);
	return NULL;
}

bool dump_begin(const struct dais_domain *domain, struct dais_config *config,
		const struct policy_decision *decision)
{
	struct slot *slot = self.slots;
	sigset_t all, before;
	int rc;

	while (slot < self.slots + DUMPS_MAX && slot->used)
		slot++;
	if (slot == self.slots + DUMPS_MAX)
		return false;
	slot->dump = (struct dump){.domain = *domain, .config = *config, .decision = *decision};
	slot->ended = false;
	/* Signals are for the loop, which they wake. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&slot->thread, NULL, write_it, slot);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return false;
	slot->used = true;
	dais_config_init(config);
	return true;
}

bool dump_pending(uint32_t domid)
{
	for (size_t i = 0; i < DUMPS_MAX; i++) {
		const struct slot *slot = &self.slots[i];

		if (slot->used && (domid == UINT32_MAX || slot->dump.domain.domid == domid))
			return true;
	}
	return false;
}

bool dump_ended(struct dump *dump)
{
	for (size_t i = 0; i < DUMPS_MAX; i++) {
		struct slot *slot = &self.slots[i];
		bool ended;

		pthread_mutex_lock(&self.lock);
		ended = slot->used && slot->ended;
		pthread_mutex_unlock(&self.lock);
		if (!ended)
			continue;
		pthread_join(slot->thread, NULL);
		slot->used = false;
		*dump = slot->dump;
		return true;
	}
	return false;
}
