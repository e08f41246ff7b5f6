/* SPDX-License-Identifier: MIT */
/*
 * Lists of CPUs: "0-3,^1", "all,^node:1", "nodes:0-1". Parts are added and, with ^, taken
 * away in their order, as xl does.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/private.h"
#include "export.h"

#define A_LIST "Write CPUs as \"0-3,5\", \"all,^0\" or \"nodes:0-1\"."

static void set_bit(struct dais_cpumap *map, uint32_t cpu, bool on)
{
	if (on)
		map->bits[cpu / 8] |= (uint8_t)(1u << cpu % 8);
	else
		map->bits[cpu / 8] &= (uint8_t) ~(1u << cpu % 8);
}

static bool get_bit(const struct dais_cpumap *map, uint32_t cpu)
{
	return map->bits[cpu / 8] >> cpu % 8 & 1;
}

static bool read_number(const char **at, uint32_t *number)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)**at))
		return false;
	value = strtoul(*at, &end, 10);
	*at = end;
	*number = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	return true;
}

static void apply_nodes(const struct dais_topology *topology, uint32_t first, uint32_t last,
			struct dais_cpumap *map, bool on)
{
	uint32_t cpu;

	for (cpu = 0; topology && cpu < topology->cpus && cpu < DAIS_CPUS_MAX; cpu++) {
		if (topology->node_of && topology->node_of[cpu] >= first &&
		    topology->node_of[cpu] <= last)
			set_bit(map, cpu, on);
	}
}

static bool apply(const char *part, const struct dais_topology *topology, struct dais_cpumap *map,
		  const char **why)
{
	uint32_t first = 0, last = DAIS_CPUS_MAX - 1;
	bool on = *part != '^', nodes;
	uint32_t cpu;

	part += !on;
	nodes = !strncmp(part, "node:", 5) || !strncmp(part, "nodes:", 6);
	if (nodes)
		part = strchr(part, ':') + 1;
	if (!strcmp(part, "all")) {
		if (topology && topology->cpus && topology->cpus <= last)
			last = topology->cpus - 1;
	} else {
		*why = "it is no number";
		if (!read_number(&part, &first))
			return false;
		last = first;
		if (*part == '-') {
			part++;
			if (!read_number(&part, &last))
				return false;
		}
		if (*part)
			return false;
	}
	*why = "the range goes backwards";
	if (last < first)
		return false;
	if (nodes) {
		apply_nodes(topology, first, last, map, on);
		*why = "the host has no such node";
		return !topology || last < topology->nodes || !strcmp(part, "all");
	}
	*why = "there is no such CPU";
	if (last >= DAIS_CPUS_MAX || (topology && on && last >= topology->cpus))
		return false;
	for (cpu = first; cpu <= last; cpu++)
		set_bit(map, cpu, on);
	return true;
}

EXPORT int dais_cpulist_parse(const char *text, const struct dais_topology *topology,
			      struct dais_cpumap *map, struct dais_error *err)
{
	autofree char *copy = copy_text(text);
	char *at = copy;
	const char *why = "no memory left";
	char *part;

	memset(map, 0, sizeof(*map));
	while (at && (part = strsep(&at, ","))) {
		why = "a part of it is empty";
		part = trim(part);
		if (*part && apply(part, topology, map, &why))
			continue;
		dais_fail(err, DAIS_CONFIG, "read the list of CPUs", text, "%s: \"%s\"", why, part);
		return dais_hint(err, A_LIST);
	}
	return copy ? 0 : dais_fail(err, DAIS_NO_MEMORY, "read the list of CPUs", text, "%s", why);
}

EXPORT char *dais_cpulist_text(const struct dais_cpumap *map, uint32_t cpus, char *buf, size_t size)
{
	size_t used = 0;
	uint32_t cpu, set = 0;

	cpus = cpus < DAIS_CPUS_MAX ? cpus : DAIS_CPUS_MAX;
	for (cpu = 0; cpu < cpus; cpu++)
		set += get_bit(map, cpu);
	if (set == cpus) {
		snprintf(buf, size, "all");
		return buf;
	}
	snprintf(buf, size, "%s", set ? "" : "none");
	for (cpu = 0; cpu < cpus; cpu++) {
		uint32_t first = cpu;
		int n;

		if (!get_bit(map, cpu))
			continue;
		while (cpu + 1 < cpus && get_bit(map, cpu + 1))
			cpu++;
		n = snprintf(buf + used, size - used, first == cpu ? "%s%u" : "%s%u-%u",
			     used ? "," : "", first, cpu);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return buf;
}
