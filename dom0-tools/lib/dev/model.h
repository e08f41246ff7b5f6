/* SPDX-License-Identifier: MIT */
/*
 * A PV domain's device model: the QEMU that serves its frame buffer and channels. It is there for
 * domains that have one of these, from their making to their end, and belongs to no process of
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
void model_drop(struct model *model); /* the descriptors; it goes on */

/* Ends the domain's QEMU, if there is one, whoever started it. */
int model_stop(struct dais *host, uint32_t domid, struct dais_error *err);

/* The devices' nodes (dev/fb.c). */
void fb_publish(struct dais *host, uint32_t domid, const struct dais_vfb *vfb);
void channel_publish(struct dais *host, uint32_t domid, size_t i,
		     const struct dais_channel *channel);
/* The pseudo-terminal that QEMU made for it. */
void channel_found(struct dais *host, uint32_t domid, size_t i, const char *tty);

#endif
