// SPDX-License-Identifier: MIT
/*
 * The key cpuid. dom0-tools/lib/config/cpuid.c: both of xl's forms are read into one, and faults
 * are told with a remedy. dom/cpuid.c and hv/policy.c over a hypervisor that has three policies:
 * what is asked for is what is set, leaf by leaf, and what cannot be had is refused by name.
 */
#include "check.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "dom/cpuid.h"

/* ----- what it says ----- */

#define MINIMAL "name='n'\nkernel='/k'\nmemory=9\n"

static struct dais_config config;
static struct dais_faults faults;
static struct dais_error err;

static int read_text(const char *text)
{
	dais_config_free(&config);
	dais_faults_free(&faults);
	return dais_config_parse("t", text, strlen(text), NULL, 0, &config, &faults, &err);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_faults(void)
{
	static const char *const bad[] = {
		"cpuid='sse3=0'",
		"cpuid='host,sse33=0'",
		"cpuid='host,sse3'",
		"cpuid='host,sse3=2'",
		"cpuid='host,sse3=01'",
		"cpuid='host,rdcl-no=1'",
		"cpuid='host,family=271'",
		"cpuid='host,model=256'",
		"cpuid='host,stepping=-1'",
		"cpuid='host,maxleaf=0x100000000'",
		"cpuid='host,nc='",
		"cpuid=[ '1' ]",
		"cpuid=[ '1,:ecx=x' ]",
		"cpuid=[ '-1:' ]",
		"cpuid=[ '0x100000000:' ]",
		"cpuid=[ '1:eex=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0' ]",
		"cpuid=[ '1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0' ]",
		"cpuid=[ '1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2' ]",
		"cpuid=[ '1:ecx' ]",
		"cpuid=[ [ '1:' ] ]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), MINIMAL "%s\nroot='/dev/xvda'", bad[i]);
		CHECK_EQ(read_text(text), -1);
		CHECK(faults.errors == 1 && faults.list[0].line == 4 &&
		      same(faults.list[0].key, "cpuid") && faults.list[0].remedy);
		CHECK(same(config.root, "/dev/xvda"));
	}
}

/* Both forms of xl.cfg(5), which has the first and the last of these. */
static void test_forms(void)
{
	static const struct {
		const char *text, *shown;
	} texts[] = {
		{"'host,tm=0,sse3=0'", "0x1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0,"
				       "edx=xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
		{"' host , avx2=k, '", "0x7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxkxxxxx"},
		{"'host,sse3=0,sse3=1'", "0x1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1"},
		{"'host,clfsh=s'", "0x1:edx=xxxxxxxxxxxxsxxxxxxxxxxxxxxxxxxx"},
		{"'host,clflush=8'", "0x1:ebx=xxxxxxxxxxxxxxxx00001000xxxxxxxx"},
		{"'host,family=6,model=0x5e,stepping=3'",
		 "0x1:eax=xxxx000000000101xxxx011011100011"},
		{"'host,family=21'", "0x1:eax=xxxx00000110xxxxxxxx1111xxxxxxxx"},
		{"'host,family=k'", "0x1:eax=xxxxkkkkkkkkxxxxxxxxkkkkxxxxxxxx"},
		{"'host,maxleaf=13'", "0:eax=00000000000000000000000000001101"},
		{"'host,lahf-lm=0,lahf_lm=1'", "0x80000001:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1"},
		{"['7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0']",
		 "0x7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0"},
		{"['1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0, edx=xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx']",
		 "0x1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0,"
		 "edx=xx0xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_object *json, *list;
		char text[256], *shown;

		snprintf(text, sizeof(text), MINIMAL "cpuid=%s", texts[i].text);
		CHECK_EQ(read_text(text), 0);
		CHECK_EQ(faults.count, 0);
		shown = dais_config_text(&config);
		CHECK_EQ(read_text(shown), 0);
		json = dais_config_json(&config);
		list = json_object_object_get(json, "cpuid");
		CHECK(json_object_array_length(list) == 1 &&
		      same(json_object_get_string(json_object_array_get_idx(list, 0)),
			   texts[i].shown));
		json_object_put(json);
		free(shown);
	}
	CHECK_EQ(read_text(MINIMAL "cpuid='host,sse33=0'"), -1);
	CHECK(faults.count == 1 && same(faults.list[0].remedy, "Did you mean sse3?"));
	CHECK_EQ(read_text(MINIMAL
			   "cpuid=['0x80000007:edx=xxxxxxxxxxxxxxxxxxxxxxx1xxxxxxxx',\n'1:']"),
		 0);
	CHECK(config.cpuid_count == 2 && config.cpuid[0].leaf == 0x80000007 &&
	      config.cpuid[0].subleaf == UINT32_MAX && config.cpuid[0].bits[3][23] == '1');
	/* Nothing is asked for; what is the hypervisor's own; an MSR's bit that nobody is shown. */
	CHECK_EQ(read_text(MINIMAL "cpuid=''"), 0);
	CHECK(!faults.count && !config.cpuid_count);
	CHECK_EQ(read_text(MINIMAL "cpuid='host,maxhvleaf=3,rdcl-no=0'"), 0);
	CHECK(faults.count == 2 && !config.cpuid_count && faults.list[0].warning);
}

/* ----- what comes of it ----- */

#define ANY XEN_CPUID_NO_SUBLEAF
#define SSE3 (1u << 0)
#define SSSE3 (1u << 9)
#define FMA (1u << 12)
#define XSAVE (1u << 26)
#define OSXSAVE (1u << 27)
#define AVX (1u << 28)
#define FEATURES (SSE3 | SSSE3 | FMA | XSAVE | OSXSAVE | AVX)
#define VMX (1u << 5)
#define AVX2 (1u << 5)
#define BMI1 (1u << 3)
#define SMAP (1u << 20)

static const xen_cpuid_leaf_t shown[] = {
	{0, ANY, 0xd, 1, 2, 3},        {1, ANY, 0x106a5, 0x800, FEATURES, ~0u},
	{7, 0, 0, BMI1 | AVX2, 0, 0},  {0xd, 1, 3, 0, 0, 0},
	{0x80000007, ANY, 0, 0, 0, 0},
};
static const xen_cpuid_leaf_t most[] = {
	{1, ANY, 0x106a5, 0x800, FEATURES | 1u << 23, ~0u},
	{7, 0, 0, BMI1 | AVX2, 0, 0},
	{0x80000007, ANY, 0, 0, 0, 1u << 8},
};
static const xen_cpuid_leaf_t host[] = {
	{1, ANY, 0x206c2, 0x800, FEATURES | VMX | 1u << 23, ~0u},
	{7, 0, 0, AVX2 | SMAP, 0, 0},
};

static xen_cpuid_leaf_t set[16];
static uint32_t set_count;
static int calls, refuse;
static char page[4096], bulk[HV_BULK_SIZE];
static struct hv hv = {.op = page};

void *hv_bulk(struct hv *h, size_t size)
{
	CHECK(h == &hv && size <= sizeof(bulk));
	return bulk;
}

static uint32_t told(void *to, const xen_cpuid_leaf_t *policy, size_t size)
{
	memcpy(to, policy, size);
	return (uint32_t)(size / sizeof(*policy));
}

int xencall1(xencall_handle *call __attribute__((unused)), unsigned int op, uint64_t arg)
{
	struct xen_sysctl *sysctl = (void *)(uintptr_t)arg;
	struct xen_domctl *domctl = (void *)(uintptr_t)arg;

	calls++;
	if (op == __HYPERVISOR_sysctl) {
		CHECK_EQ(sysctl->cmd, XEN_SYSCTL_get_cpu_policy);
		sysctl->u.cpu_policy.nr_leaves = sysctl->u.cpu_policy.index ==
								 XEN_SYSCTL_cpu_policy_pv_max
							 ? told(bulk, most, sizeof(most))
							 : told(bulk, host, sizeof(host));
		return 0;
	}
	CHECK_EQ(domctl->domain, 7);
	if (domctl->cmd == XEN_DOMCTL_get_cpu_policy) {
		domctl->u.cpu_policy.nr_leaves = told(bulk, shown, sizeof(shown));
		return 0;
	}
	CHECK_EQ(domctl->cmd, XEN_DOMCTL_set_cpu_policy);
	set_count = domctl->u.cpu_policy.nr_leaves;
	CHECK(set_count <= sizeof(set) / sizeof(*set));
	memcpy(set, bulk, set_count * sizeof(*set));
	domctl->u.cpu_policy.err_leaf = 4;
	errno = refuse;
	return refuse ? -1 : 0;
}

static int apply(const char *cpuid)
{
	char text[256];

	snprintf(text, sizeof(text), MINIMAL "%s", cpuid);
	set_count = 0;
	calls = 0;
	CHECK_EQ(read_text(text), 0);
	return cpuid_apply(&hv, 7, &config, &err);
}

static const xen_cpuid_leaf_t *leaf(uint32_t number)
{
	static const xen_cpuid_leaf_t none;

	for (uint32_t i = 0; i < set_count; i++)
		if (set[i].leaf == number)
			return &set[i];
	return &none;
}

int main(void)
{
	dais_config_init(&config);
	test_faults();
	test_forms();
	/* Nobody asked, nobody is. */
	CHECK(!apply("") && !calls);
	/* What is as it was is not set. */
	CHECK(!apply("cpuid='host,sse3=x,ssse3=1,vmx=0'") && set_count == 0 && calls == 3);
	/* A bit, in its leaf, and nothing else of it; a number. */
	CHECK(!apply("cpuid='host,popcnt=1,stepping=7,bmi1=0'") && set_count == 2);
	CHECK(leaf(1)->a == 0x106a7 && leaf(1)->b == 0x800 && leaf(1)->d == ~0u);
	CHECK(leaf(1)->c == (FEATURES | 1u << 23) && leaf(1)->subleaf == ANY);
	CHECK(leaf(7)->b == AVX2 && leaf(7)->subleaf == 0);
	/* As the processor has it, where guests may. */
	CHECK(!apply("cpuid='host,vmx=k,popcnt=s,bmi1=k,smap=k'") && set_count == 2);
	CHECK(leaf(1)->c == (FEATURES | 1u << 23) && leaf(7)->b == AVX2);
	CHECK(!apply("cpuid='host,invtsc=1'") && leaf(0x80000007)->d == 1u << 8);
	/* What needs it goes along, over several steps and leaves. */
	CHECK(!apply("cpuid='host,xsave=0'") && set_count == 3);
	CHECK(leaf(1)->c == (SSE3 | SSSE3) && leaf(7)->b == BMI1 && leaf(0xd)->a == 0);
	CHECK(!apply("cpuid='host,sse3=0'") && leaf(1)->c == (FEATURES & ~(SSE3 | SSSE3)));
	/* By register; without a subleaf the first is meant. */
	CHECK(!apply("cpuid=['7:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxx0xxx']") && leaf(7)->b == AVX2);
	/* A leaf that there is not: to have nothing of it is nothing. */
	CHECK(!apply("cpuid='host,arat=0'") && set_count == 0);
	CHECK(!apply("cpuid='host,arat=1'") && leaf(6)->a == 4);
	/* What nobody can have. */
	CHECK_EQ(apply("cpuid='host,sse3=0,smap=1'"), -1);
	CHECK(!set_count && err.code == DAIS_CONFIG && strstr(err.why, "smap") &&
	      strstr(err.hint, "smap=1"));
	refuse = EINVAL;
	CHECK_EQ(apply("cpuid='host,maxleaf=14'"), -1);
	CHECK(err.code == DAIS_CONFIG && strstr(err.why, "leaf 0x4"));
	refuse = EPERM;
	CHECK_EQ(apply("cpuid='host,maxleaf=14'"), -1);
	CHECK(err.code == DAIS_PERMISSION);
	dais_config_free(&config);
	dais_faults_free(&faults);
	return check_done("configcpuid");
}
