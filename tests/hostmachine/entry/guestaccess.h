/* SPDX-License-Identifier: MIT */
/* In host tests the guest's memory is what each test says it is. */
#ifndef DAIS_ENTRY_GUESTACCESS_H
#define DAIS_ENTRY_GUESTACCESS_H

#include "entry/guestcopy.h"

#define guest_fetch guest_read
#define guest_store guest_write
#define guest_address_not_ours(va) guest_range_ok(va, 1)

#endif
