/* SPDX-License-Identifier: MIT */
/*
 * The memory of dais_event_wait(): which domains were there, in which state.
 */
#ifndef DAIS_DOM_WATCHER_H
#define DAIS_DOM_WATCHER_H

struct watcher;
void watcher_free(struct watcher *watcher);

#endif
