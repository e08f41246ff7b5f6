// SPDX-License-Identifier: MIT
/*
 * Which protection a processor needs: the public advice of Intel and AMD as one function
 * over what the processor says of itself.  Nothing here touches the machine; what is decided
 * is put to work by machine/speculation.c and machine/isolate.c, and host tests go through
 * processors that we do not have.
 *
 * Where a processor does not say, it is taken to need what its kind needs.
 */
#include "machine/mitigate.h"

#include "lib/string.h"

/* CPUID 7.0 EDX */
#define L7_MD_CLEAR BIT(10)
#define L7_SPEC_CTRL BIT(26)
#define L7_STIBP BIT(27)
#define L7_SSBD BIT(31)
/* CPUID 7.2 EDX */
#define L72_BHI_CTRL BIT(4)
/* CPUID 80000008 EBX */
#define E8_IBPB BIT(12)
#define E8_IBRS BIT(14)
#define E8_STIBP BIT(15)
#define E8_IBRS_ALWAYS BIT(16)
#define E8_STIBP_ALWAYS BIT(17)
#define E8_SSBD BIT(24)
#define E8_BTC_NO BIT(29)
/* CPUID 80000021 EAX */
#define E21_VERW_CLEAR BIT(5)
#define E21_AUTO_IBRS BIT(8)
#define E21_IBPB_BRTYPE BIT(28)
#define E21_SRSO_NO BIT(29)
/* CPUID 80000021 ECX: TSA_SQ_NO, TSA_L1_NO */
#define E21C_TSA_NO (BIT(1) | BIT(2))
/* MSR ARCH_CAPABILITIES */
#define CAP_RDCL_NO BIT(0)
#define CAP_IBRS_ALL BIT(1)
#define CAP_MDS_NO BIT(5)
#define CAP_TSX_CTRL BIT(7)
#define CAP_FBSDP_NO BIT(14)
#define CAP_FB_CLEAR BIT(17)
#define CAP_BHI_NO BIT(20)
#define CAP_RFDS_CLEAR BIT(28)

static const struct {
	const char *word;
	int bit;
} names[] = {
	{"xpti", MIT_ISOLATE},
	{"ibrs", MIT_IBRS},
	{"rsb", MIT_RSB},
	{"ibpb-entry", MIT_IBPB_ENTRY},
	{"bhb-entry", MIT_BHB},
	{"verw", MIT_VERW},
	{"md-clear", MIT_VERW},
	{"retpoline", MIT_RETPOLINE},
	{"eibrs", MIT_EIBRS},
	{"ibpb", MIT_IBPB},
	{"stibp", MIT_STIBP},
	{"ssbd", MIT_SSBD},
	{"bhi-dis-s", MIT_BHI_DIS},
	{"tsx-off", MIT_TSX_OFF},
	{"lfence", MIT_LFENCE},
	{"l1tf", MIT_L1TF},
	{"l1tf-dom0", MIT_L1TF_DOM0},
	{"div", MIT_DIV},
};

int mitigate_name(const char *word, unsigned int len)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(names[i].word, word, len) && !names[i].word[len])
			return names[i].bit;
	return -1;
}

const char *mitigate_word(unsigned int bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].bit == (int)bit)
			return names[i].word;
	return NULL;
}

/* Skylake's kin: an empty return stack is refilled from the branch predictor. */
static bool falls_back_from_rsb(const struct mitigate_facts *f)
{
	static const u8 models[] = {0x4e, 0x5e, 0x55, 0x66, 0x8e, 0x9e, 0xa5, 0xa6};

	for (size_t i = 0; f->family == 6 && i < ARRAY_SIZE(models); i++)
		if (f->model == models[i])
			return true;
	return false;
}

static u32 for_intel(const struct mitigate_facts *f)
{
	bool fill_buffers = (f->caps & CAP_FB_CLEAR) && !(f->caps & CAP_FBSDP_NO);
	u32 set = 0;

	if (!(f->caps & CAP_RDCL_NO))
		set |= BIT(MIT_ISOLATE) | BIT(MIT_L1TF);
	if ((f->leaf7_edx & L7_MD_CLEAR) &&
	    (!(f->caps & CAP_MDS_NO) || fill_buffers || (f->caps & CAP_RFDS_CLEAR)))
		set |= BIT(MIT_VERW);
	if (f->caps & CAP_TSX_CTRL)
		set |= BIT(MIT_TSX_OFF);
	if ((f->leaf7_edx & L7_SPEC_CTRL) && (f->caps & CAP_IBRS_ALL)) {
		set |= BIT(MIT_EIBRS);
		if (!(f->caps & CAP_BHI_NO))
			set |= f->leaf7_2_edx & L72_BHI_CTRL ? BIT(MIT_BHI_DIS) : BIT(MIT_BHB);
	} else if ((f->leaf7_edx & L7_SPEC_CTRL) && falls_back_from_rsb(f)) {
		set |= BIT(MIT_IBRS);
	} else {
		set |= BIT(MIT_RETPOLINE);
	}
	return set;
}

/* Zen 1 and its kin (row 439): the next division that has no result is given the last one's. */
static bool keeps_quotients(const struct mitigate_facts *f)
{
	return f->family == 0x18 ||
	       (f->family == 0x17 && (f->model < 0x30 || (f->model >= 0x50 && f->model < 0x60)));
}

static u32 for_amd(const struct mitigate_facts *f)
{
	bool zen12 = f->family == 0x17 || f->family == 0x18, zen34 = f->family == 0x19;
	u32 set = 0;

	if ((f->ext21_eax & E21_AUTO_IBRS) || (f->ext8_ebx & E8_IBRS_ALWAYS))
		set |= BIT(MIT_EIBRS);
	else
		set |= BIT(MIT_RETPOLINE);
	set |= BIT(MIT_LFENCE);
	if ((f->ext21_eax & E21_VERW_CLEAR) && (f->ext21_ecx & E21C_TSA_NO) != E21C_TSA_NO)
		set |= BIT(MIT_VERW);
	if (f->ext8_ebx & E8_STIBP_ALWAYS)
		set |= BIT(MIT_STIBP);
	if ((zen12 && !(f->ext8_ebx & E8_BTC_NO)) ||
	    (zen34 && (f->ext21_eax & E21_IBPB_BRTYPE) && !(f->ext21_eax & E21_SRSO_NO)))
		set |= BIT(MIT_IBPB_ENTRY);
	if (keeps_quotients(f))
		set |= BIT(MIT_DIV);
	return set;
}

/* What takes a register that this processor may not have. */
static u32 impossible(const struct mitigate_facts *f)
{
	u32 no = 0;

	if (!(f->leaf7_edx & L7_SPEC_CTRL) && !(f->ext8_ebx & E8_IBRS))
		no |= BIT(MIT_IBRS) | BIT(MIT_BHI_DIS);
	if (!(f->caps & CAP_IBRS_ALL) && !(f->ext8_ebx & E8_IBRS_ALWAYS) &&
	    !(f->ext21_eax & E21_AUTO_IBRS))
		no |= BIT(MIT_EIBRS);
	if (!(f->leaf7_2_edx & L72_BHI_CTRL))
		no |= BIT(MIT_BHI_DIS);
	if (!(f->leaf7_edx & L7_SPEC_CTRL) && !(f->ext8_ebx & E8_IBPB))
		no |= BIT(MIT_IBPB) | BIT(MIT_IBPB_ENTRY);
	if (!(f->leaf7_edx & L7_STIBP) && !(f->ext8_ebx & E8_STIBP))
		no |= BIT(MIT_STIBP);
	if (!(f->leaf7_edx & L7_SSBD) && !(f->ext8_ebx & E8_SSBD))
		no |= BIT(MIT_SSBD);
	if (!(f->caps & CAP_TSX_CTRL))
		no |= BIT(MIT_TSX_OFF);
	if (!f->amd)
		no |= BIT(MIT_LFENCE);
	return no;
}

u32 mitigate_decide(const struct mitigate_facts *f, u32 force_on, u32 force_off)
{
	bool needed = !f->emulated || (force_on & BIT(MIT_AS_REAL));
	u32 set = BIT(MIT_IBPB);

	if (f->intel)
		set |= for_intel(f);
	else if (f->amd)
		set |= for_amd(f);
	else
		set |= BIT(MIT_RETPOLINE);
	/* With SMEP a guest's return addresses lead to nothing that we would run. */
	if (!f->smep)
		set |= BIT(MIT_RSB);
	set = needed ? set & ~force_off : 0;
	set = (set | (force_on & MIT_ALL)) & ~impossible(f);
	if (set & (BIT(MIT_IBRS) | BIT(MIT_RSB) | BIT(MIT_IBPB_ENTRY) | BIT(MIT_BHB)))
		set |= BIT(MIT_ENTRY);
	if (set & (BIT(MIT_IBRS) | BIT(MIT_VERW) | BIT(MIT_DIV)))
		set |= BIT(MIT_EXIT);
	return set;
}

bool mitigate_clears(const struct mitigate_facts *f, u32 set, u32 force_off)
{
	return set || (!f->emulated && (force_off & MIT_ALL) != MIT_ALL);
}
