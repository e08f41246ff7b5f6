/* SPDX-License-Identifier: MIT */
/* Debug keys that look into several rooms. */
#ifndef DAIS_CTL_DEBUGKEYS_H
#define DAIS_CTL_DEBUGKEYS_H

/* Boot, after keys_init(). */
void debugkeys_init(void);

#endif
