/* SPDX-License-Identifier: MIT */
/*
 * inprogram CONFIG ROUNDS: creates and destroys the domain in one process, through libdais, as
 * daisd and other programs do, and prints the instructions of the cheapest and of the dearest of
 * the creates after the first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include <config/config.h>
#include <dom/domain.h>

static int report(const struct dais_error *err)
{
	fprintf(stderr, "%s %s: %s\n", err->what, err->object, err->why);
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t least = UINT64_MAX, most = 0;
	const struct dais_create how = {.paused = true};
	struct dais_error err;
	struct dais *host;

	if (argc != 3 || dais_open(&host, &err))
		return argc == 3 ? report(&err) : 2;
	for (int i = 0; i < atoi(argv[2]); i++) {
		struct dais_faults faults = {0};
		struct dais_config config;
		uint64_t before, cost;
		uint32_t domid;

		before = __rdtsc();
		if (dais_config_load(argv[1], NULL, 0, &config, &faults, &err) ||
		    dais_create(host, &config, &how, &domid, &err))
			return report(&err);
		cost = __rdtsc() - before;
		if (i && cost < least)
			least = cost;
		if (i && cost > most)
			most = cost;
		dais_faults_free(&faults);
		dais_config_free(&config);
		if (dais_destroy(host, domid, &err))
			return report(&err);
	}
	dais_close(host);
	printf("least %llu most %llu\n", (unsigned long long)least, (unsigned long long)most);
	return 0;
}
