// SPDX-License-Identifier: MIT
/*
 * Any text as a configuration: nothing is read or written outside, every refusal has a reason,
 * and what is understood without a fault is shown as a text that means the same.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *round_trip(const char *text, size_t size, bool must)
{
	struct dais_faults faults = {0};
	struct dais_config config;
	char *shown = NULL;
	int rc = dais_config_parse("t", text, size, NULL, 0, &config, &faults, NULL);

	if (must && rc)
		abort();
	for (size_t i = 0; i < faults.count; i++) {
		if (!faults.list[i].reason)
			abort();
	}
	if (rc && !faults.errors)
		abort();
	json_object_put(dais_config_json(&config));
	free(dais_config_cmdline(&config));
	if (!rc)
		shown = dais_config_text(&config);
	dais_config_free(&config);
	dais_faults_free(&faults);
	return shown;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = round_trip((const char *)data, size, false);

	if (first && !strpbrk(first, "\a\b\f\r\v")) {
		char *second = round_trip(first, strlen(first), true);

		if (strcmp(first, second) != 0)
			abort();
		free(second);
	}
	free(first);
	return 0;
}
