// SPDX-License-Identifier: MIT
/*
 * Our reading of disks, rates and the grammar beside that of xl itself (libxlutil, from the same
 * package as the public headers): what xl takes, we take, with the same meaning.
 */
#include "check.h"

#include <json-c/json.h>
#include <libxlutil.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static XLU_Config *xl;
static FILE *null;

static bool same(const char *a, const char *b)
{
	return !strcmp(a && *a ? a : "", b && *b ? b : "");
}

static const char *const disks[] = {
	"/dev/vg/x,,hda",
	"/dev/vg/x,raw,hda,rw",
	"format=raw, vdev=hda, access=rw, target=/dev/vg/x, y",
	"raw:/dev/vg/x,hda,w",
	"/guests/i.iso,,hdc,cdrom",
	"/guests/i.iso,,hdc,,cdrom",
	"raw:/guests/i.iso,hdc:cdrom,ro",
	",,hdc:cdrom,r",
	",hdc:cdrom,r",
	"phy:/dev/x,xvda,w",
	"file:/srv/a.img,xvda1,w",
	"tap:aio:/srv/a,xvda,w",
	"tap2:qcow2:/srv/a,xvda,r",
	"vdev=xvda",
	"vdev=xvda,devtype=cdrom",
	"/a,foo,xvda",
	"/a,raw,xvda,zz",
	"/a,raw,xvda,rw,extra",
	"/a,raw",
	"/a",
	"/a,raw,xvda,rw,backendtype=phy",
	"/a,raw,xvda,rw,backendtype=foo",
	"/a,,xvda,,backend=dom1,script=block-x,direct-io-safe,no-discard",
	"script=foo,vdev=xvda,target=bla",
	"nbd:host:3,xvda,w",
	"drbd:res,xvda,w",
	"/a,,xvda,!",
	"/a,,xvda,devtype=disk",
	"/a,qcow2,xvda,rw,discard",
	"/a,,xvda,foo=bar",
	"/a,raw,xvda,rw,ro",
	"/a,raw,format=qcow2,vdev=xvda",
	"",
	"/a b,raw,xvda",
	"xvda,,xvdb",
	"/a,,xvda,removable",
	"/a,aio,xvda",
	"/a,vhd,xvda",
	"/a,raw,51712,w",
	"/a,,xvda,w,w",
	"ioemu:/a,hda,w",
	"/dev/x,hda,w",
	"/dev/x,hda:cdrom,r",
	"/dev/x,xvda",
	"phy:vg/lv,sda1,w!",
	"/a,,d0p1,w",
	"access=rw,vdev=xvda,target=a,b,c ",
	"/a,RAW,xvda",
	"readonly,vdev=xvda,target=/x",
	"/a,,xvda,specification=xen",
	"/a,,xvda,backendtype=qdisk",
	"/a,,xvda,backendtype=tap",
	"foo:/a,xvda,w",
	"vhd:/a,xvda:cdrom,w",
	"phy:/dev/x,xvda:disk,w",
	"phy:/dev/x,xvda:foo,w",
	"/a,raw,xvda:cdrom",
	"phy:/a,xvda",
	"qcow:/a,xvda,w",
	"raw:file:/a,xvda,w",
	"script=foo,phy:/x,xvda,w",
	"vdev=xvda,raw:/a",
	"vdev=xvda,format=raw,/a",
	"/a,vdev=xvda,raw",
	"format=,vdev=xvda,target=/a",
	"format=qcow2,format=raw,vdev=xvda,target=/a",
	"target=/a,,xvda",
	"a,raw,xvda,rw,cdrom",
	"vdev=xvda,access=,target=/a",
	"x:/a,,xvda",
	"vdev=xvda,devtype=foo,target=/a",
};

static void test_disk(const char *spec)
{
	libxl_device_disk theirs;
	struct dais_disk ours;
	struct dais_error err;
	int rc_theirs, rc_ours;
	int before = check_failures;

	libxl_device_disk_init(&theirs);
	rc_theirs = xlu_disk_parse(xl, 1, &spec, &theirs);
	rc_ours = dais_disk_parse(spec, &ours, &err);
	CHECK_EQ(rc_ours != 0, rc_theirs != 0);
	if (!rc_theirs && !rc_ours) {
		CHECK(same(ours.target, theirs.pdev_path));
		CHECK(same(ours.vdev, theirs.vdev));
		CHECK(same(ours.script, theirs.script));
		CHECK(same(ours.backend, theirs.backend_domname));
		CHECK(same(dais_disk_format_name(ours.format),
			   libxl_disk_format_to_string(theirs.format)));
		CHECK_EQ(ours.readonly, !theirs.readwrite);
		CHECK_EQ(ours.cdrom, theirs.is_cdrom);
		CHECK_EQ(ours.removable, theirs.removable);
		CHECK_EQ(ours.direct_io_safe, theirs.direct_io_safe);
		CHECK_EQ(ours.discard == DAIS_UNSET,
			 libxl_defbool_is_default(theirs.discard_enable));
		if (theirs.backend != LIBXL_DISK_BACKEND_UNKNOWN)
			CHECK(same(dais_disk_backend_name(ours.backend_type),
				   libxl_disk_backend_to_string(theirs.backend)));
	}
	if (!rc_ours) {
		char *text = dais_disk_text(&ours);
		struct dais_disk again;

		CHECK_EQ(dais_disk_parse(text, &again, &err), 0);
		CHECK(same(again.target, ours.target) && again.devid == ours.devid &&
		      again.readonly == ours.readonly && again.format == ours.format);
		dais_disk_free(&again);
		free(text);
	} else {
		CHECK(err.hint[0] != '\0');
	}
	if (check_failures != before)
		fprintf(stderr, "  in \"%s\"\n", spec);
	dais_disk_free(&ours);
	libxl_device_disk_dispose(&theirs);
}

static const char *const rates[] = {
	"10Mb/s",       "250KB/s",
	"1MB/s@20ms",   "1GB/s",
	"100B/s",       "10MB/s@1s",
	"10MB/s@500us", "10mb/s",
	"10Mb",         "0MB/s",
	"10kb/s",       "10Kb/s@0ms",
	"10 MB/s",      "1MB/s@100us",
	"1Gb/s@1",      "99999999999999999999GB/s",
	"/s",           "",
	"10MB/s@",      "4000000000B/s@1s",
};

static void test_rate(const char *text)
{
	libxl_device_nic theirs;
	uint64_t bytes = 0;
	uint32_t us = 0;
	int rc_theirs, rc_ours;
	int before = check_failures;

	libxl_device_nic_init(&theirs);
	rc_theirs = xlu_vif_parse_rate(xl, text, &theirs);
	rc_ours = dais_rate_parse(text, &bytes, &us);
	CHECK_EQ(rc_ours != 0, rc_theirs != 0);
	if (!rc_ours && !rc_theirs) {
		CHECK_EQ(bytes, theirs.rate_bytes_per_interval);
		CHECK_EQ(us, theirs.rate_interval_usecs);
	}
	if (check_failures != before)
		fprintf(stderr, "  in \"%s\"\n", text);
	libxl_device_nic_dispose(&theirs);
}

/* Values of the key extra; where xl refuses what is plainly meant, we may take it. */
static const struct {
	const char *text;
	bool lenient;
} grammar[] = {
	{"extra='x'\n", false},
	{"extra=\"x\"", false},
	{"extra='x\"y'", false},
	{"extra=\"a\\nb\\\\\\\"\"", false},
	{"extra=\"\\q\"", false},
	{"extra='1'; nodes='2'", false},
	{"extra='1' nodes='2'", false},
	{"extra='x'\nextra+='y'", false},
	{"extra+='y'", false},
	{"extra='x'\nextra='z'", false},
	{"extra=foo", false},
	{"extra='unterm\n", false},
	{"# c\nextra='1' # d\n", false},
	{"# c\nextra='1' # d", true},
	{"extra = 'x'\r\n", true},
	{"extra=['1' '2']", false},
	{"extra=\n'x'", false},
	{";;extra='x';;", false},
	{"'extra'='x'", false},
	{"Extra='x'", false},
	{"extra='x'\nextra+=['y']", false},
	{"extra='it\\'s'", false},
	{"extra=12", false},
	{"extra='line\\\ntwo'", false},
	{"extra 'x'", false},
	{"extra='x',", false},
	{"extra='tab\tx'", false},
	{"extra='h\xc3\xa9'", false},
	{"", false},
};

static void test_grammar(const char *text, bool lenient)
{
	static const char *const required[] = {"name=n", "kernel=/k", "memory=5"};
	XLU_Config *theirs = xlu_cfg_init(null, "t");
	struct dais_faults faults = {0};
	struct dais_config ours;
	const char *value = NULL;
	int rc_theirs = xlu_cfg_readdata(theirs, text, (int)strlen(text));
	int rc_ours = dais_config_parse("t", text, strlen(text), required, 3, &ours, &faults, NULL);
	int before = check_failures;

	if (lenient)
		CHECK(rc_ours == 0 && rc_theirs != 0);
	else
		CHECK_EQ(rc_ours != 0, rc_theirs != 0);
	if (!rc_ours && !rc_theirs) {
		xlu_cfg_get_string(theirs, "extra", &value, 1);
		CHECK(same(value, ours.extra));
	}
	if (check_failures != before)
		fprintf(stderr, "  in \"%s\": xl %d, we %d %s\n", text, rc_theirs, rc_ours,
			faults.count ? faults.list[0].reason : "");
	xlu_cfg_destroy(theirs);
	dais_config_free(&ours);
	dais_faults_free(&faults);
}

/* A bit of a guest's CPUID as both of us show it; -1: no such name. */
struct place {
	long leaf, subleaf, reg, bit;
};

static void find_bit(struct place *p, int reg, const char *bits)
{
	if (bits && strchr(bits, '1')) {
		p->reg = reg;
		p->bit = 31 - (strchr(bits, '1') - bits);
	}
}

/* "name=1" read by libxl, as it shows it in a build_info's JSON. */
static struct place theirs_of(const char *name)
{
	static const char *const regs[] = {"eax", "ebx", "ecx", "edx"};
	struct place p = {-1, -1, -1, -1};
	struct json_object *all, *list, *leaf, *value;
	libxl_domain_build_info info;
	char text[64], *json;

	libxl_domain_build_info_init(&info);
	snprintf(text, sizeof(text), "%s=1", name);
	if (!libxl_cpuid_parse_config(&info.cpuid, text)) {
		json = libxl_domain_build_info_to_json(NULL, &info);
		all = json_tokener_parse(json);
		list = json_object_object_get(all, "cpuid");
		if (json_object_is_type(list, json_type_object))
			list = json_object_object_get(list, "cpuid");
		leaf = json_object_array_length(list) ? json_object_array_get_idx(list, 0) : NULL;
		if (leaf) {
			p.leaf = json_object_get_int64(json_object_object_get(leaf, "leaf"));
			if (json_object_object_get_ex(leaf, "subleaf", &value))
				p.subleaf = json_object_get_int64(value);
			for (int i = 0; i < 4; i++)
				find_bit(&p, i,
					 json_object_get_string(
						 json_object_object_get(leaf, regs[i])));
		}
		json_object_put(all);
		free(json);
	}
	libxl_domain_build_info_dispose(&info);
	return p;
}

static struct place ours_of(const char *name)
{
	struct place p = {-1, -1, -1, -1};
	struct dais_faults faults = {0};
	struct dais_config config;
	char text[128];
	int length = snprintf(text, sizeof(text), "name='n'\nkernel='/k'\ncpuid='host,%s=1'", name);

	if (!dais_config_parse("t", text, (size_t)length, NULL, 0, &config, &faults, NULL) &&
	    config.cpuid_count) {
		p.leaf = config.cpuid[0].leaf;
		if (config.cpuid[0].subleaf != UINT32_MAX)
			p.subleaf = config.cpuid[0].subleaf;
		for (int i = 0; i < 4; i++)
			find_bit(&p, i, config.cpuid[0].bits[i]);
	}
	dais_config_free(&config);
	dais_faults_free(&faults);
	return p;
}

/* What xl has a name for, we call the same: the interface's names, and those only xl has. */
static const char *const features[] = {
#define XEN_CPUFEATURE(name, value) #name,
#include <xen/arch-x86/cpufeatureset.h>
#undef XEN_CPUFEATURE
	"aes",           "altmovcr8",  "arat",     "clfsh",       "cmplegacy",
	"cmpxchg16",     "cmpxchg8",   "cmt",      "cntxid",      "est",
	"ia64",          "invtsc",     "lahfsahf", "lfence+",     "nodeid",
	"ppin",          "psn",        "sse4.1",   "sse4.2",      "sse4_1",
	"sse4_2",        "sysenter",   "tm",       "tsc_adjust",  "perfctr_core",
	"perfctr_nb",    "svm_npt",    "svm_lbrv", "svm_nrips",   "svm_tscrate",
	"svm_decode",    "apicidsize", "brandid",  "clflush",     "family",
	"localapicid",   "maxleaf",    "model",    "nc",          "proccount",
	"svm_pausefilt", "procpkg",    "stepping", "nosuchthing", "svm_vmcbclean",
};

static void test_cpuid(void)
{
	int known = 0;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		char name[32];
		size_t n = 0;
		struct place theirs, ours;

		for (; features[i][n]; n++)
			name[n] = features[i][n] >= 'A' && features[i][n] <= 'Z'
					  ? (char)(features[i][n] + 32)
					  : features[i][n];
		name[n] = '\0';
		/* The interface's names have hyphens in files. */
		for (size_t j = 0; features[i][0] < 'a' && j < n; j++)
			name[j] = name[j] == '_' ? '-' : name[j];
		theirs = theirs_of(name);
		ours = ours_of(name);
		if (theirs.leaf >= 0 && memcmp(&theirs, &ours, sizeof(ours)) != 0)
			fprintf(stderr, "  cpuid name \"%s\"\n", name);
		CHECK(theirs.leaf < 0 || !memcmp(&theirs, &ours, sizeof(ours)));
		known += theirs.leaf >= 0;
	}
	CHECK(known > 100);
	CHECK(ours_of("nosuchthing").leaf < 0 && theirs_of("nosuchthing").leaf < 0);
}

int main(void)
{
	null = fopen("/dev/null", "w");
	xl = xlu_cfg_init(null, "t");
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++)
		test_disk(disks[i]);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		test_rate(rates[i]);
	for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++)
		test_grammar(grammar[i].text, grammar[i].lenient);
	test_cpuid();
	xlu_cfg_destroy(xl);
	fclose(null);
	return check_done("configxl");
}
