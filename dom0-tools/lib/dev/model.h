/* SPDX-License-Identifier: MIT */
/*
 * A PV domain's device model: the QEMU that serves its frame buffer, channels and shared directories.
 * It is there for domains that have one of these, from their making to their end, and belongs to no process of
 * ours: its number stands in the store, where whoever removes the domain finds it.
 */
#ifndef DAIS_DEV_MODEL_H
#define DAIS_DEV_MODEL_H

#include "dev/device.h"
#include "dev/process.h"

/* QEMU on its way. Set to MODEL_NONE first; model_drop() in the end. */
struct model {
	struct process process;
	int monitor;
	char log[288];
};
#define MODEL_NONE                                                             \
	{                                                                      \
		.process = {.alive = -1, .go = -1, .said = -1}, .monitor = -1, \
	}

/* Whether @config has anything for it to do. */
bool model_wanted(const struct dais_config *config);
/* Before there is a domain: that QEMU is installed. */
int model_check(const struct dais_config *config, struct dais_error *err);
/* Starts it, once all its devices stand in the store. */
int model_start(struct dais *host, uint32_t domid, const struct dais_config *config,
		struct model *model, struct dais_error *err);
/*
 * Waits until it serves them, gives it the password, and notes in the store where VNC listens
 * and which terminals the channels have.
 */
int model_finish(struct dais *host, uint32_t domid, const struct dais_config *config,
		 struct model *model, struct dais_error *err);
/* What the one before said stays, as NAME.log.1, when another is started. */
void model_keep_log(const struct dais_config *config);
void model_drop(struct model *model); /* the descriptors; it goes on */

/*
 * Ends the domain's QEMU, if there is one, whoever started it. Its word that it runs is taken away
 * first, so that who sees it go knows that this was meant.
 */
int model_stop(struct dais *host, uint32_t domid, struct dais_error *err);

/* Removes sockets of its channels at which nobody listens. false: at some somebody does. */
bool model_forget(const struct dais_config *config);

/* Times that another took its place (dev/relief.c). */
long model_restarts(struct dais *host, uint32_t domid);

/* What the store and the process table tell of it, for this and for dev/modelwatch.c. */
long model_pid(struct store *store, uint32_t domid); /* 0: it has none */
int model_find(struct store *store, uint32_t domid); /* a pidfd; -1: it is not there */
bool model_runs(struct store *store, uint32_t domid); /* it said so, whatever came then */

/* The devices' nodes (dev/fb.c). */
void fb_publish(struct dais *host, uint32_t domid, size_t at, const struct dais_vfb *vfb);
void channel_publish(struct dais *host, uint32_t domid, size_t i,
		     const struct dais_channel *channel);
/* The pseudo-terminal that QEMU made for it. */
void channel_found(struct dais *host, uint32_t domid, size_t i, const char *tty);

#endif
