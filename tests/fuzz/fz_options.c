// SPDX-License-Identifier: MIT
/* boot/options.c: the input is the command line; what it comes to must stay in its bounds. */
#include <stdlib.h>
#include <string.h>

#include "boot/options.h"
#include "console/log.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

void log_at(enum log_level level __unused, const char *fmt __unused, ...)
{
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *cmdline = malloc(size + 1);
	u64 initial, maximum;

	memcpy(cmdline, data, size);
	cmdline[size] = '\0';
	options_parse(cmdline);
	options_dom0_mem(&options, 1ULL << 32, &initial, &maximum);
	if (initial > 1ULL << 32 || initial > maximum || options_dom0_vcpus(&options, 4, 8) - 1 > 7)
		abort();
	free(cmdline);
	return 0;
}
