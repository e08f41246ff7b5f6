/* SPDX-License-Identifier: MIT */
/*
 * The release, as configure.ac has it.
 */
#include "version.h"

#include "export.h"

EXPORT const char *dais_version(void)
{
	return DAIS_RELEASE;
}
