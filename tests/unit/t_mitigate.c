// SPDX-License-Identifier: MIT
/*
 * machine/mitigate.c: what processors of many kinds get, told from what they say of
 * themselves; what options may add and take away; that no register is touched that a
 * processor does not name.
 */
#include "check.h"

#include <string.h>

#include "machine/mitigate.h"

#define ENTRY BIT(MIT_ENTRY)
#define EXIT BIT(MIT_EXIT)
#define MELTDOWN (BIT(MIT_ISOLATE) | BIT(MIT_L1TF))

/* CPUID 7.0 EDX with microcode of 2018 and later: SPEC_CTRL, STIBP, SSBD, MD_CLEAR. */
#define UCODE (BIT(26) | BIT(27) | BIT(31) | BIT(10))

static const struct row {
	const char *name;
	struct mitigate_facts f;
	u32 want;
} rows[] = {
	{"Nehalem as QEMU has it",
	 {.intel = true, .family = 6, .model = 26},
	 MELTDOWN | BIT(MIT_RETPOLINE) | BIT(MIT_RSB) | ENTRY},
	{"Haswell with microcode",
	 {.intel = true, .family = 6, .model = 0x3c, .smep = true, .leaf7_edx = UCODE},
	 MELTDOWN | BIT(MIT_RETPOLINE) | BIT(MIT_IBPB) | BIT(MIT_VERW) | EXIT},
	{"Skylake server without microcode",
	 {.intel = true, .family = 6, .model = 0x55, .smep = true},
	 MELTDOWN | BIT(MIT_RETPOLINE)},
	{"Skylake server",
	 {.intel = true, .family = 6, .model = 0x55, .smep = true, .leaf7_edx = UCODE},
	 MELTDOWN | BIT(MIT_IBRS) | BIT(MIT_IBPB) | BIT(MIT_VERW) | ENTRY | EXIT},
	{"Cascade Lake: RDCL_NO, IBRS_ALL, MDS_NO, TSX_CTRL",
	 {.intel = true,
	  .family = 6,
	  .model = 0x55,
	  .smep = true,
	  .leaf7_edx = UCODE,
	  .caps = BIT(0) | BIT(1) | BIT(5) | BIT(7)},
	 BIT(MIT_EIBRS) | BIT(MIT_BHB) | BIT(MIT_IBPB) | BIT(MIT_TSX_OFF) | ENTRY},
	{"Alder Lake: BHI_CTRL, RFDS_CLEAR",
	 {.intel = true,
	  .family = 6,
	  .model = 0x97,
	  .smep = true,
	  .leaf7_edx = UCODE,
	  .leaf7_2_edx = BIT(4),
	  .caps = BIT(0) | BIT(1) | BIT(5) | BIT(28)},
	 BIT(MIT_EIBRS) | BIT(MIT_BHI_DIS) | BIT(MIT_IBPB) | BIT(MIT_VERW) | EXIT},
	{"BHI_NO, nothing left",
	 {.intel = true,
	  .family = 6,
	  .model = 0xcf,
	  .smep = true,
	  .leaf7_edx = UCODE,
	  .caps = BIT(0) | BIT(1) | BIT(5) | BIT(20)},
	 BIT(MIT_EIBRS) | BIT(MIT_IBPB)},
	{"qemu64: AMD, nothing said",
	 {.amd = true, .family = 15, .model = 107},
	 BIT(MIT_RETPOLINE) | BIT(MIT_RSB) | BIT(MIT_LFENCE) | ENTRY},
	{"Zen 1 with IBPB",
	 {.amd = true, .family = 0x17, .model = 1, .smep = true, .ext8_ebx = BIT(12)},
	 BIT(MIT_RETPOLINE) | BIT(MIT_IBPB) | BIT(MIT_IBPB_ENTRY) | BIT(MIT_LFENCE) | BIT(MIT_DIV) |
		 ENTRY | EXIT},
	{"Zen 2",
	 {.amd = true, .family = 0x17, .model = 0x71, .smep = true},
	 BIT(MIT_RETPOLINE) | BIT(MIT_LFENCE)},
	{"Zen 1 once more, without microcode",
	 {.amd = true, .family = 0x17, .model = 0x50, .smep = true},
	 BIT(MIT_RETPOLINE) | BIT(MIT_LFENCE) | BIT(MIT_DIV) | EXIT},
	{"Zen 3 with SRSO, TSA and its microcode",
	 {.amd = true,
	  .family = 0x19,
	  .model = 1,
	  .smep = true,
	  .ext8_ebx = BIT(12) | BIT(14) | BIT(15) | BIT(24) | BIT(29),
	  .ext21_eax = BIT(2) | BIT(5) | BIT(28),
	  .ext21_ecx = BIT(1)},
	 BIT(MIT_RETPOLINE) | BIT(MIT_IBPB) | BIT(MIT_IBPB_ENTRY) | BIT(MIT_LFENCE) |
		 BIT(MIT_VERW) | ENTRY | EXIT},
	{"Zen 5: automatic IBRS, STIBP always",
	 {.amd = true,
	  .family = 0x1a,
	  .model = 2,
	  .smep = true,
	  .ext8_ebx = BIT(12) | BIT(14) | BIT(15) | BIT(17) | BIT(24) | BIT(29),
	  .ext21_eax = BIT(2) | BIT(8) | BIT(28) | BIT(29)},
	 BIT(MIT_EIBRS) | BIT(MIT_IBPB) | BIT(MIT_STIBP) | BIT(MIT_LFENCE)},
	{"another vendor", {.smep = true, .family = 6}, BIT(MIT_RETPOLINE)},
};

static void processors(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 got = mitigate_decide(&rows[i].f, 0, 0);

		CHECK_EQ(got, rows[i].want);
		if (got != rows[i].want)
			fprintf(stderr, "  %s: %#x, not %#x\n", rows[i].name, got, rows[i].want);
	}
}

static void forced(void)
{
	const struct mitigate_facts bare = {.amd = true, .family = 6, .smep = true};
	const u32 registers = BIT(MIT_IBRS) | BIT(MIT_EIBRS) | BIT(MIT_IBPB) | BIT(MIT_IBPB_ENTRY) |
			      BIT(MIT_STIBP) | BIT(MIT_SSBD) | BIT(MIT_BHI_DIS) | BIT(MIT_TSX_OFF);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_EQ(mitigate_decide(&rows[i].f, 0, MIT_ALL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mitigate_facts f = rows[i].f;

		f.emulated = true;
		CHECK_EQ(mitigate_decide(&f, 0, 0), 0);
		CHECK_EQ(mitigate_decide(&f, BIT(MIT_AS_REAL), 0), rows[i].want);
		CHECK_EQ(mitigate_decide(&f, BIT(MIT_ISOLATE), 0), BIT(MIT_ISOLATE));
	}
	/* Everything that takes no register can be had anywhere. */
	CHECK_EQ(mitigate_decide(&bare, MIT_ALL, 0), MIT_ALL & ~registers);
	CHECK_EQ(mitigate_decide(&bare, BIT(MIT_VERW), BIT(MIT_RETPOLINE) | BIT(MIT_LFENCE)),
		 BIT(MIT_VERW) | EXIT);
}

static void clearing(void)
{
	struct mitigate_facts f = {.amd = true, .family = 0x1a, .smep = true};

	CHECK(mitigate_clears(&f, 0, 0)); /* also where nothing else is needed */
	CHECK(mitigate_clears(&f, 0, MIT_ALL & ~BIT(MIT_IBPB)));
	CHECK(!mitigate_clears(&f, 0, MIT_ALL)); /* spec-ctrl=no */
	CHECK(mitigate_clears(&f, BIT(MIT_VERW), MIT_ALL)); /* with one forced on */
	f.emulated = true;
	CHECK(!mitigate_clears(&f, 0, 0));
	CHECK(mitigate_clears(&f, BIT(MIT_IBPB), 0));
}

static void words(void)
{
	CHECK_EQ(mitigate_name("ibpb", 4), MIT_IBPB);
	CHECK_EQ(mitigate_name("ibpb-entry", 10), MIT_IBPB_ENTRY);
	CHECK_EQ(mitigate_name("ibpb-entry", 4), MIT_IBPB);
	CHECK_EQ(mitigate_name("ib", 2), -1);
	CHECK_EQ(mitigate_name("", 0), -1);
	for (unsigned int i = 1; i < MIT_COUNT; i++) {
		const char *word = mitigate_word(i);

		CHECK(!word == (i == MIT_ENTRY || i == MIT_EXIT));
		if (word)
			CHECK_EQ(mitigate_name(word, (unsigned int)strlen(word)), i);
	}
}

int main(void)
{
	processors();
	forced();
	clearing();
	words();
	return check_done("mitigate");
}
