// SPDX-License-Identifier: MIT
/*
 * dom0-tools/daisd/metrics.c: each domain's numbers are there, names of any kind are escaped, and
 * what is unknown is left out. `t_metrics FILE` leaves the text there, for a strict reader of the
 * format (tests/system/openmetrics.py).
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../../dom0-tools/daisd/metrics.h"
#include "../../dom0-tools/daisd/supervise.h"
#include "dom/machine.h"
#include "version.h"

static bool no_host;

int dais_list(struct dais *host, struct dais_domain **list, size_t *count, struct dais_error *err)
{
	static const char *const names[] = {"Domain-0", "web",
					    "a \"b\" \\c\\ \n{d=\"e\"} \xc3\xa9"};
	struct dais_domain *d = no_host ? NULL : calloc(3, sizeof(*d));

	(void)host;
	if (!d)
		return dais_fail(err, DAIS_NO_HOST, "list", NULL, "no");
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(d[i].name, sizeof(d[i].name), "%s", names[i]);
		d[i].domid = i;
		d[i].uuid[15] = (uint8_t)i;
		d[i].cpu_ns = i * 1000000007ull;
		d[i].memory_kb = 65536;
		d[i].max_kb = i ? UINT64_MAX >> 20 : UINT64_MAX;
		d[i].vcpus = i;
		d[i].shutdown = DAIS_SHUTDOWN_NONE;
	}
	*list = d;
	*count = 3;
	return 0;
}

int dais_machine(struct dais *host, struct dais_machine *machine, struct dais_error *err)
{
	(void)host;
	(void)err;
	*machine = (struct dais_machine){.hypervisor = "4.17\"x", .cpus = 2, .total_kb = 1 << 20};
	return 0;
}

const char *dais_state_name(const struct dais_domain *domain)
{
	return domain->domid ? "blocked" : "running";
}

struct supervise_counts supervise_counts(void)
{
	return (struct supervise_counts){.created = 3};
}

uint64_t supervise_restarts(const uint8_t uuid[16])
{
	return uuid[15];
}

static void test_text(const char *text)
{
	CHECK(strstr(text, "dais_domain_restarts_total{name=\"web\",uuid="));
	CHECK(strstr(text, "name=\"a \\\"b\\\" \\\\c\\\\ \\n{d=\\\"e\\\"} \xc3\xa9\",uuid="));
	CHECK(strstr(text, "domid=\"1\",dais_domain_state=\"blocked\"} 1\n"));
	CHECK(strstr(text, "domid=\"1\",dais_domain_state=\"running\"} 0\n"));
	CHECK(strstr(text, "hypervisor=\"4.17\\\"x\"} 1\n"));
	CHECK(strstr(text, "dais_domains_created_total 3\n"));
	/* Domain 0 has no limit. */
	CHECK(strstr(text, "dais_domain_memory_max_bytes{name=\"web\""));
	CHECK(!strstr(text, "dais_domain_memory_max_bytes{name=\"Domain-0\""));
	CHECK(!strcmp(text + strlen(text) - 7, "\n# EOF\n"));
}

int main(int argc, char **argv)
{
	struct dais_error err;
	char *text = metrics_text(NULL, &err);
	FILE *f = text && argc > 1 ? fopen(argv[1], "w") : NULL;

	CHECK(text != NULL);
	if (text)
		test_text(text);
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	free(text);
	no_host = true;
	CHECK(!metrics_text(NULL, &err) && err.code == DAIS_NO_HOST);
	return check_done("metrics");
}
