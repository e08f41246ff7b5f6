/* SPDX-License-Identifier: MIT */
/*
 * One table row per family of numbers; each is printed for all domains together, as the format
 * demands.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "dom/machine.h"
#include "supervise.h"
#include "version.h"

/* A label's value: backslash, quotation mark and newline are escaped. */
static void put_label(FILE *f, const char *name, const char *value)
{
	fprintf(f, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', f);
		if (*value == '\n')
			fputs("\\n", f);
		else
			fputc(*value, f);
	}
	fputc('"', f);
}

static void put_domain(FILE *f, const char *name, const struct dais_domain *d)
{
	char uuid[37];

	fprintf(f, "%s{", name);
	put_label(f, "name", d->name);
	fprintf(f, ",uuid=\"%s\",domid=\"%u\"", dais_uuid_text(d->uuid, uuid), d->domid);
}

static double cpu_seconds(const struct dais_domain *d)
{
	return (double)d->cpu_ns / 1e9;
}

static double memory(const struct dais_domain *d)
{
	return (double)d->memory_kb * 1024;
}

static double memory_most(const struct dais_domain *d)
{
	return d->max_kb == UINT64_MAX ? -1 : (double)d->max_kb * 1024;
}

static double vcpus(const struct dais_domain *d)
{
	return d->vcpus;
}

static double restarts(const struct dais_domain *d)
{
	return (double)supervise_restarts(d->uuid);
}

static const struct {
	const char *name, *type, *unit, *help;
	double (*value)(const struct dais_domain *domain); /* below 0: left out */
} families[] = {
	{"dais_domain_cpu_seconds", "counter", "seconds", "Time that its vCPUs ran.", cpu_seconds},
	{"dais_domain_memory_bytes", "gauge", "bytes", "Memory that it has.", memory},
	{"dais_domain_memory_max_bytes", "gauge", "bytes", "Memory that it may have.", memory_most},
	{"dais_domain_vcpus", "gauge", NULL, "vCPUs that are online.", vcpus},
	{"dais_domain_restarts", "counter", NULL, "Times that daisd started it again.", restarts},
};

static void put_head(FILE *f, const char *name, const char *type, const char *unit,
		     const char *help)
{
	fprintf(f, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(f, "# UNIT %s %s\n", name, unit);
	fprintf(f, "# HELP %s %s\n", name, help);
}

static void put_domains(FILE *f, const struct dais_domain *list, size_t count)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		bool counter = *families[i].type == 'c';
		char name[64];

		put_head(f, families[i].name, families[i].type, families[i].unit, families[i].help);
		snprintf(name, sizeof(name), "%s%s", families[i].name, counter ? "_total" : "");
		for (size_t j = 0; j < count; j++) {
			double value = families[i].value(&list[j]);

			if (value < 0)
				continue;
			put_domain(f, name, &list[j]);
			fprintf(f, "} %.17g\n", value);
		}
	}
	put_head(f, "dais_domain_state", "stateset", NULL, "What it is doing.");
	for (size_t j = 0; j < count; j++) {
		static const char *const states[] = {"running",  "blocked", "paused",
						     "shutdown", "crashed", "dying"};

		for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
			put_domain(f, "dais_domain_state", &list[j]);
			fprintf(f, ",dais_domain_state=\"%s\"} %d\n", states[s],
				!strcmp(states[s], dais_state_name(&list[j])));
		}
	}
}

static void put_number(FILE *f, const char *name, const char *type, const char *unit,
		       const char *help, uint64_t value)
{
	put_head(f, name, type, unit, help);
	fprintf(f, "%s%s %" PRIu64 "\n", name, *type == 'c' ? "_total" : "", value);
}

static void put_host(FILE *f, const struct dais_machine *m)
{
	struct supervise_counts c = supervise_counts();

	put_head(f, "dais_build", "info", NULL, "The tools and the hypervisor.");
	fprintf(f, "dais_build_info{");
	put_label(f, "tools", dais_version());
	fputc(',', f);
	put_label(f, "hypervisor", m->hypervisor);
	fprintf(f, "} 1\n");
	put_number(f, "dais_host_cpus", "gauge", NULL, "Processors of the host.", m->cpus);
	put_number(f, "dais_host_memory_bytes", "gauge", "bytes", "Memory of the host.",
		   m->total_kb << 10);
	put_number(f, "dais_host_memory_free_bytes", "gauge", "bytes", "Memory nobody has.",
		   m->free_kb << 10);
	put_number(f, "dais_domains_created", "counter", NULL, "Domains seen to appear.",
		   c.created);
	put_number(f, "dais_domains_ended", "counter", NULL, "Domains seen to shut down.", c.ended);
	put_number(f, "dais_domains_crashed", "counter", NULL, "Domains seen to crash.", c.crashed);
	put_number(f, "dais_domains_restarted", "counter", NULL, "Domains started by daisd.",
		   c.restarted);
	put_number(f, "dais_models_lost", "counter", NULL, "QEMUs of domains seen to die.",
		   c.models_lost);
	put_number(f, "dais_failures", "counter", NULL, "Actions of daisd that failed.", c.failed);
}

char *metrics_text(struct dais *host, struct dais_error *err)
{
	autofree struct dais_domain *list = NULL;
	struct dais_machine machine;
	char *text = NULL;
	size_t size, count = 0;
	FILE *f;
	int bad;

	if (dais_list(host, &list, &count, err) || dais_machine(host, &machine, err))
		return NULL;
	f = open_memstream(&text, &size);
	if (!f) {
		dais_fail(err, DAIS_NO_MEMORY, "show", "the metrics", "no memory left");
		return NULL;
	}
	put_domains(f, list, count);
	put_host(f, &machine);
	fputs("# EOF\n", f);
	bad = ferror(f);
	if (!fclose(f) && !bad)
		return text;
	/* Half of it would read as if the other half were not there. */
	free(text);
	dais_fail(err, DAIS_NO_MEMORY, "show", "the metrics", "no memory left");
	return NULL;
}
