// SPDX-License-Identifier: MIT
/*
 * The names are those of the hypervisor's interface (arch-x86/cpufeatureset.h), in small letters
 * with hyphens, as xl.cfg(5) has them; beside them what older files call the same, and the few
 * names of numbers. Which feature needs which is from the manuals of the processors.
 */
#include "config/cpufeatures.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <xen/arch-x86/cpufeatureset.h>

#include "config/private.h"

enum { EAX, EBX, ECX, EDX };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ANY CPUID_NO_SUBLEAF
#define FEATURE_MSR_FIRST 16u /* words of MSR ARCH_CAPABILITIES */
#define FEATURE_MSR_LAST 17u

/* Where each word of a feature set is. */
static const struct {
	uint32_t leaf, subleaf;
	unsigned int reg;
} words[] = {
	{1, ANY, EDX},
	{1, ANY, ECX},
	{0x80000001, ANY, EDX},
	{0x80000001, ANY, ECX},
	{0xd, 1, EAX},
	{7, 0, EBX},
	{7, 0, ECX},
	{0x80000007, ANY, EDX},
	{0x80000008, ANY, EBX},
	{7, 0, EDX},
	{7, 1, EAX},
	{0x80000021, ANY, EAX},
	{7, 1, EBX},
	{7, 2, EDX},
	{7, 1, ECX},
	{7, 1, EDX},
	{CPUID_MSR, ANY, EAX},
	{CPUID_MSR, ANY, EDX},
	{0x80000021, ANY, ECX},
};

static const struct {
	const char *name;
	unsigned int feature;
} features[] = {
#define XEN_CPUFEATURE(name, value) {#name, value},
#include <xen/arch-x86/cpufeatureset.h>
#undef XEN_CPUFEATURE
};

/* Further names of bits, some of which the interface has no name for. */
static const struct {
	const char *name;
	struct cpuid_field field;
} others[] = {
	{"aes", {1, ANY, ECX, 25, 1}},
	{"altmovcr8", {0x80000001, ANY, ECX, 4, 1}},
	{"arat", {6, ANY, EAX, 2, 1}},
	{"clfsh", {1, ANY, EDX, 19, 1}},
	{"cmplegacy", {0x80000001, ANY, ECX, 1, 1}},
	{"cmpxchg16", {1, ANY, ECX, 13, 1}},
	{"cmpxchg8", {1, ANY, EDX, 8, 1}},
	{"cmt", {7, 0, EBX, 12, 1}},
	{"cntxid", {1, ANY, ECX, 10, 1}},
	{"est", {1, ANY, ECX, 7, 1}},
	{"ia64", {1, ANY, EDX, 30, 1}},
	{"invtsc", {0x80000007, ANY, EDX, 8, 1}},
	{"lahfsahf", {0x80000001, ANY, ECX, 0, 1}},
	{"lfence+", {0x80000021, ANY, EAX, 2, 1}},
	{"nodeid", {0x80000001, ANY, ECX, 19, 1}},
	{"perfctr-core", {0x80000001, ANY, ECX, 23, 1}},
	{"perfctr-nb", {0x80000001, ANY, ECX, 24, 1}},
	{"ppin", {0x80000008, ANY, EBX, 23, 1}},
	{"psn", {1, ANY, EDX, 18, 1}},
	{"sse4.1", {1, ANY, ECX, 19, 1}},
	{"sse4.2", {1, ANY, ECX, 20, 1}},
	{"svm-decode", {0x8000000a, ANY, EDX, 7, 1}},
	{"svm-lbrv", {0x8000000a, ANY, EDX, 1, 1}},
	{"svm-npt", {0x8000000a, ANY, EDX, 0, 1}},
	{"svm-nrips", {0x8000000a, ANY, EDX, 3, 1}},
	{"svm-pausefilt", {0x8000000a, ANY, EDX, 10, 1}},
	{"svm-tscrate", {0x8000000a, ANY, EDX, 4, 1}},
	{"svm-vmcbclean", {0x8000000a, ANY, EDX, 5, 1}},
	{"sysenter", {1, ANY, EDX, 11, 1}},
	{"tm", {1, ANY, EDX, 29, 1}},
};

/* Numbers. Those of family and model are in two parts each, of which this is the lower. */
static const struct {
	const char *name;
	struct cpuid_field field;
} values[] = {
	{"apicidsize", {0x80000008, ANY, ECX, 12, 4}},
	{"brandid", {1, ANY, EBX, 0, 8}},
	{"clflush", {1, ANY, EBX, 8, 8}},
	{"family", {1, ANY, EAX, 8, 4}},
	{"localapicid", {1, ANY, EBX, 24, 8}},
	{"maxhvleaf", {0x40000000, ANY, EAX, 0, 8}},
	{"maxleaf", {0, ANY, EAX, 0, 32}},
	{"model", {1, ANY, EAX, 4, 4}},
	{"nc", {0x80000008, ANY, ECX, 0, 8}},
	{"proccount", {1, ANY, EBX, 16, 8}},
	{"procpkg", {4, 0, EAX, 26, 6}},
	{"stepping", {1, ANY, EAX, 0, 4}},
};

#define NEEDS(feature, other)                                      \
	{                                                          \
		XEN_X86_FEATURE_##feature, XEN_X86_FEATURE_##other \
	}

static const struct {
	unsigned int feature, needs;
} dependencies[] = {
	NEEDS(MMXEXT, MMX),
	NEEDS(3DNOW, MMX),
	NEEDS(3DNOWEXT, 3DNOW),
	NEEDS(SSE, FXSR),
	NEEDS(SSE2, SSE),
	NEEDS(MISALIGNSSE, SSE),
	NEEDS(SSE3, SSE2),
	NEEDS(AESNI, SSE2),
	NEEDS(PCLMULQDQ, SSE2),
	NEEDS(SHA, SSE2),
	NEEDS(GFNI, SSE2),
	NEEDS(SSSE3, SSE3),
	NEEDS(SSE4A, SSE3),
	NEEDS(SSE4_1, SSSE3),
	NEEDS(SSE4_2, SSE4_1),
	NEEDS(OSXSAVE, XSAVE),
	NEEDS(XSAVEOPT, XSAVE),
	NEEDS(XSAVEC, XSAVE),
	NEEDS(XGETBV1, XSAVE),
	NEEDS(AVX, XSAVE),
	NEEDS(FMA, AVX),
	NEEDS(F16C, AVX),
	NEEDS(FMA4, AVX),
	NEEDS(XOP, AVX),
	NEEDS(AVX2, AVX),
	NEEDS(VAES, AVX),
	NEEDS(VPCLMULQDQ, AVX),
	NEEDS(AVX_VNNI, AVX2),
	NEEDS(AVX512F, AVX2),
	NEEDS(AVX512DQ, AVX512F),
	NEEDS(AVX512_IFMA, AVX512F),
	NEEDS(AVX512PF, AVX512F),
	NEEDS(AVX512ER, AVX512F),
	NEEDS(AVX512CD, AVX512F),
	NEEDS(AVX512BW, AVX512F),
	NEEDS(AVX512VL, AVX512F),
	NEEDS(AVX512_VNNI, AVX512F),
	NEEDS(AVX512_VPOPCNTDQ, AVX512F),
	NEEDS(AVX512_4VNNIW, AVX512F),
	NEEDS(AVX512_4FMAPS, AVX512F),
	NEEDS(AVX512_VBMI, AVX512BW),
	NEEDS(AVX512_VBMI2, AVX512BW),
	NEEDS(AVX512_BITALG, AVX512BW),
	NEEDS(AVX512_BF16, AVX512BW),
	NEEDS(AVX512_FP16, AVX512BW),
};

/* Files may have an underscore where the manual asks for a hyphen. */
static int letter(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

/* @name as the table has it, in any case; @text as the file has it, in small letters. */
static bool named(const char *name, const char *text)
{
	for (; *name && *text; name++, text++) {
		if (letter(*name) != (*text == '_' ? '-' : *text))
			return false;
	}
	return !*name && !*text;
}

bool cpuid_feature_place(unsigned int feature, struct cpuid_field *field)
{
	unsigned int word = feature / 32;

	if (word >= COUNT(words))
		return false;
	*field = (struct cpuid_field){words[word].leaf, words[word].subleaf, words[word].reg,
				      feature % 32, 1};
	return word < FEATURE_MSR_FIRST || word > FEATURE_MSR_LAST;
}

bool cpuid_feature_find(const char *name, struct cpuid_field *field)
{
	for (size_t i = 0; i < COUNT(features); i++) {
		if (named(features[i].name, name)) {
			cpuid_feature_place(features[i].feature, field);
			return features[i].feature / 32 < COUNT(words);
		}
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		if (named(others[i].name, name)) {
			*field = others[i].field;
			return true;
		}
	}
	return false;
}

bool cpuid_value_find(const char *name, struct cpuid_field *field)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		if (!strcmp(values[i].name, name)) {
			*field = values[i].field;
			return true;
		}
	}
	return false;
}

const char *cpuid_name_like(const char *name)
{
	static _Thread_local char like[32];
	int best = 3;

	like[0] = '\0';
	for (size_t i = 0; i < COUNT(features) + COUNT(others) + COUNT(values); i++) {
		const char *known = i < COUNT(features) ? features[i].name
				    : i < COUNT(features) + COUNT(others)
					    ? others[i - COUNT(features)].name
					    : values[i - COUNT(features) - COUNT(others)].name;
		char small[sizeof(like)];
		size_t n = 0;
		int d;

		for (; known[n] && n < sizeof(small) - 1; n++)
			small[n] = (char)letter(known[n]);
		small[n] = '\0';
		d = word_distance(name, small, 2);
		if (d < best) {
			best = d;
			memcpy(like, small, sizeof(like));
		}
	}
	return like[0] ? like : NULL;
}

bool cpuid_holds_features(uint32_t leaf, uint32_t subleaf, unsigned int reg)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		if (words[i].leaf == leaf && words[i].reg == reg &&
		    (words[i].subleaf == subleaf || words[i].subleaf == ANY))
			return true;
	}
	return false;
}

char *cpuid_bit_name(const struct cpuid_field *bit, char *buf, size_t size)
{
	static const char registers[] = "abcd";

	for (size_t i = 0; i < COUNT(features); i++) {
		struct cpuid_field f;

		if (!cpuid_feature_place(features[i].feature, &f) || f.leaf != bit->leaf ||
		    (f.subleaf != bit->subleaf && f.subleaf != ANY) || f.reg != bit->reg ||
		    f.shift != bit->shift)
			continue;
		snprintf(buf, size, "%s", features[i].name);
		for (char *c = buf; *c; c++)
			*c = (char)letter(*c);
		return buf;
	}
	snprintf(buf, size, "bit %u of e%cx of leaf %#x", bit->shift, registers[bit->reg & 3],
		 bit->leaf);
	return buf;
}

bool cpuid_dependency(size_t nr, struct cpuid_field *feature, struct cpuid_field *needs)
{
	if (nr >= COUNT(dependencies))
		return false;
	cpuid_feature_place(dependencies[nr].feature, feature);
	cpuid_feature_place(dependencies[nr].needs, needs);
	return true;
}
