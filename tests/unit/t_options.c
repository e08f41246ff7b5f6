// SPDX-License-Identifier: MIT
/*
 * boot/options.c and lib/parse.c: the forms of every option, what is ignored with a message,
 * and what dom0's memory and vCPUs come to (row A7).
 */
#include "check.h"

#include <string.h>

#include "boot/options.h"
#include "console/log.h"
#include "lib/parse.h"
#include "machine/mitigate.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static const struct options defaults = {
	.mem_limit = ~0ULL,
	.console = "com1,vga",
	.smep = true,
	.smap = true,
	.x2apic = X2APIC_AS_NEEDED,
};

static int logged;
static char last_line[256];

void log_at(enum log_level level __unused, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(last_line, sizeof(last_line), fmt, args);
	va_end(args);
	logged++;
}

static void parse(const char *cmdline, int messages)
{
	options = defaults;
	logged = 0;
	options_parse(cmdline);
	CHECK_EQ(logged, messages);
	if (logged != messages)
		fprintf(stderr, "  \"%s\": last message \"%s\"\n", cmdline, last_line);
}

static void check_dom0_mem(const char *cmdline, u64 free, u64 initial, u64 maximum)
{
	u64 i, m;

	parse(cmdline, 0);
	options_dom0_mem(&options, free, &i, &m);
	CHECK_EQ(i, initial);
	CHECK_EQ(m, maximum);
	CHECK(i <= m && i <= free);
}

static void dom0_mem(void)
{
	check_dom0_mem("", 1 * GIB, GIB - GIB / 16, ~0ULL);
	check_dom0_mem("", 8 * GIB, 8 * GIB - 128 * MIB, ~0ULL);
	check_dom0_mem("dom0_mem=1G", 8 * GIB, GIB, ~0ULL);
	check_dom0_mem("dom0_mem=524288", 8 * GIB, 512 * MIB, ~0ULL);
	check_dom0_mem("dom0_mem=1024M,max:1024M", 8 * GIB, GIB, GIB);
	check_dom0_mem("dom0_mem=max:2g", 8 * GIB, 2 * GIB, 2 * GIB);
	check_dom0_mem("dom0_mem=min:1G,max:2G", 8 * GIB, 2 * GIB, 2 * GIB);
	check_dom0_mem("dom0_mem=256M,min:1G", 8 * GIB, GIB, ~0ULL);
	check_dom0_mem("dom0_mem=16G", 8 * GIB, 8 * GIB, ~0ULL);
	check_dom0_mem("dom0_mem=-1G", 8 * GIB, 7 * GIB, ~0ULL);
	check_dom0_mem("dom0_mem=-16G,min:512M", 8 * GIB, 512 * MIB, ~0ULL);
	check_dom0_mem("dom0_mem=50%", 800 * MIB, 400 * MIB, ~0ULL);
	check_dom0_mem("dom0_mem=1G+25%", 4 * GIB, (GIB + 4 * GIB / 100 * 25) & PAGE_MASK, ~0ULL);
	check_dom0_mem("dom0_mem=512M dom0_mem=1G", 8 * GIB, GIB, ~0ULL);
	check_dom0_mem("dom0_mem=0xffffffffffffK", 8 * GIB, 8 * GIB, ~0ULL);
	parse("dom0_mem=", 1);
	parse("dom0_mem", 1);
	parse("dom0_mem=1G,", 1);
	parse("dom0_mem=100%", 1);
	parse("dom0_mem=1Gx", 1);
	parse("dom0_mem=99999999999999999999", 1);
	parse("dom0_mem=17179869184G", 1);
}

static void dom0_vcpus(void)
{
	parse("dom0_max_vcpus=4", 0);
	CHECK_EQ(options_dom0_vcpus(&options, 2, 128), 4);
	CHECK_EQ(options_dom0_vcpus(&options, 8, 128), 4);
	parse("dom0_max_vcpus=2-8", 0);
	CHECK_EQ(options_dom0_vcpus(&options, 1, 128), 2);
	CHECK_EQ(options_dom0_vcpus(&options, 5, 128), 5);
	CHECK_EQ(options_dom0_vcpus(&options, 64, 128), 8);
	parse("dom0_max_vcpus=-8", 0);
	CHECK_EQ(options_dom0_vcpus(&options, 64, 128), 8);
	parse("dom0_max_vcpus=4-", 0);
	CHECK_EQ(options_dom0_vcpus(&options, 2, 128), 4);
	CHECK_EQ(options_dom0_vcpus(&options, 200, 128), 128);
	parse("", 0);
	CHECK_EQ(options_dom0_vcpus(&options, 200, 128), 128);
	parse("dom0_max_vcpus=8-2 dom0_max_vcpus=- dom0_max_vcpus=x dom0_max_vcpus=0", 4);
	CHECK_EQ(options_dom0_vcpus(&options, 3, 128), 3);
}

static void words(void)
{
	parse("console=com1,vga com1=115200,8n1 loglvl=all guest_loglvl=all noreboot "
	      "clocksource=acpi vga=keep",
	      0);
	CHECK(!strcmp(options.console, "com1,vga"));
	CHECK(!strcmp(options.com[0], "115200,8n1") && !options.com[1][0]);
	CHECK(!strcmp(options.loglvl, "all") && !strcmp(options.guest_loglvl, "all"));
	CHECK(!strcmp(options.clocksource, "acpi"));
	parse("clocksource=tsc", 0);
	CHECK(!options.clocksource[0]);
	parse("clocksource=sundial sched=credit2", 2);
	CHECK(!options.clocksource[0]);
	parse("console=com1,vga com1=115200,8n1 noreboot vga=keep", 0);
	CHECK(options.noreboot && options.vga_keep && options.smap);

	parse("  no-smap\tsmep=0   xpti noreboot=no vga=text-80x25,keep  ", 0);
	CHECK(!options.smap && !options.smep && options.mitigate_on == BIT(MIT_ISOLATE) &&
	      !options.noreboot);
	CHECK(options.vga_keep);
	CHECK(!strcmp(options_cmdline(),
		      "  no-smap\tsmep=0   xpti noreboot=no vga=text-80x25,keep  "));

	parse("x2apic", 0);
	CHECK_EQ(options.x2apic, 1);
	parse("spec-ctrl=no tsc=unstable maxcpus=3 mem=2G nox2apic", 0);
	CHECK(options.mitigate_off == (MIT_ALL | BIT(MIT_AS_REAL)) && options.tsc_unstable &&
	      !options.x2apic);
	CHECK_EQ(options.max_cpus, 3);
	CHECK_EQ(options.mem_limit, 2 * GIB);
	parse("xpti=no spec-ctrl=ssbd,no-rsb,verw=off,bti-thunk=jmp", 0);
	CHECK_EQ(options.mitigate_on, BIT(MIT_SSBD));
	CHECK_EQ(options.mitigate_off,
		 BIT(MIT_ISOLATE) | BIT(MIT_RSB) | BIT(MIT_VERW) | BIT(MIT_RETPOLINE));
	parse("spec-ctrl=no,ibpb,bti-thunk=retpoline pv-l1tf", 0);
	CHECK_EQ(options.mitigate_on,
		 BIT(MIT_IBPB) | BIT(MIT_RETPOLINE) | BIT(MIT_L1TF) | BIT(MIT_L1TF_DOM0));
	CHECK_EQ(options.mitigate_off, (MIT_ALL | BIT(MIT_AS_REAL)) & ~options.mitigate_on);
	parse("spec-ctrl=no spec-ctrl=yes", 0);
	CHECK(options.mitigate_on == BIT(MIT_AS_REAL) && !options.mitigate_off);
	parse("xpti spec-ctrl=yes,no-ibpb", 0);
	CHECK_EQ(options.mitigate_on, BIT(MIT_ISOLATE) | BIT(MIT_AS_REAL));
	CHECK_EQ(options.mitigate_off, BIT(MIT_IBPB));
	parse("spec-ctrl=frob,ibrs", 1);
	CHECK_EQ(options.mitigate_on, BIT(MIT_IBRS));
	parse("spec-ctrl=a-word-that-is-longer-than-any spec-ctrl=ibpb=maybe spec-ctrl=,", 3);
	CHECK(!options.mitigate_on && !options.mitigate_off);
	parse("nosmp", 0);
	CHECK_EQ(options.max_cpus, 1);

	parse("ucode=scan iommu=no", 2);
	CHECK(strstr(last_line, "\"iommu\" has no effect"));
	parse("frobnicate=3", 1);
	CHECK(strstr(last_line, "unknown option \"frobnicate\""));
	parse("no-console maxcpus=4294967296 maxcpus=-1 smap=maybe no-smap=1 =", 6);
	CHECK(options.smap && !options.max_cpus);
	parse("console=com1,com1,com1,com1,com1,com1,com1", 1);
	parse("console=com1,pigeon console= console console=,vga", 4);
	CHECK(!strcmp(options.console, "com1,vga"));
	parse("console=com2H,none", 0);
	CHECK(!strcmp(options.console, "com2H,none"));
}

static void numbers(void)
{
	static const struct {
		const char *text;
		bool ok;
		u64 value;
		size_t used;
	} cases[] = {
		{"0", true, 0, 1},
		{"12k", true, 12 << 10, 3},
		{"0x10M", true, 16 << 20, 5},
		{"1T", true, 1ULL << 40, 2},
		{"7B", true, 7, 2},
		{"3,", true, 3, 1},
		{"18446744073709551615B", true, ~0ULL, 21},
		{"18446744073709551616", false, 0, 0},
		{"0x10000000000000000", false, 0, 0},
		{"18446744073709551615K", false, 0, 0},
		{"", false, 0, 0},
		{"k", false, 0, 0},
		{"-1", false, 0, 0},
		{"0xg", true, 0, 1},
		{"0x", true, 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *p = cases[i].text;
		u64 v = 0;

		CHECK_EQ(parse_size(&p, 1, &v), cases[i].ok);
		CHECK_EQ(v, cases[i].value);
		CHECK_EQ(p - cases[i].text, cases[i].used);
	}
}

int main(void)
{
	dom0_mem();
	dom0_vcpus();
	words();
	numbers();
	return check_done("options");
}
