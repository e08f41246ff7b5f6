/* SPDX-License-Identifier: MIT */
/*
 * The public Xen headers need these types and macros before they are included;
 * every file that includes a <xen/...> header includes this one first.
 */
#ifndef DAIS_LIB_ABI_H
#define DAIS_LIB_ABI_H

#include "lib/types.h"

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00041100
#endif

#include <xen/xen.h>

#endif
