/* SPDX-License-Identifier: MIT */
/*
 * The administrator's own scripts for devices, called as Xen's scripts are: with the action as
 * argument and the device's place in the store in the environment.
 */
#ifndef DAIS_DEV_SCRIPT_H
#define DAIS_DEV_SCRIPT_H

#include "error.h"
#include "store/device.h"

/* Where a script without a slash in its name is looked for. */
#define SCRIPT_DIR "/etc/xen/scripts"

/*
 * Runs @script with @action ("add", "remove"; "online", "offline") for the back-end at
 * @backend ("/local/domain/0/backend/vif/3/0") of @type ("vbd", "vif"). @interface is the
 * network interface, or NULL. -1 with @err if it fails, or is not done within @seconds.
 */
int script_run(const char *script, const char *action, const char *type, const char *backend,
	       const char *interface, unsigned int seconds, struct dais_error *err);

/* For device_remove(): runs the device's script, if it was set up by one, to undo that. */
void script_closed(const struct device_id *id, struct store *store);

#endif
