// SPDX-License-Identifier: MIT
/*
 * The key cpuid: what a guest is shown of the processor. Both of xl's forms, names ("host,sse3=0")
 * and registers bit by bit ("1:ecx=..."), are read into the second, in which it is also shown.
 * What the hypervisor thinks of it is seen when a domain is made (dom/cpuid.c).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/cpufeatures.h"
#include "config/private.h"

#define HYPERVISOR_FIRST 0x40000000u
#define HYPERVISOR_LAST 0x400001ffu
#define FORM_NAMES "Write \"host,NAME=0,...\"; the names are in dais.cfg(5)."
#define FORM_REGISTERS "Write \"LEAF:REGISTER=BITS,...\" or \"LEAF,SUBLEAF:REGISTER=BITS,...\"."
#define FORM_BITS "Write 32 of 0, 1, x, k and s; the last one is of bit 0."

struct reader {
	struct dais_config *config;
	struct dais_faults *faults;
	const char *key;
	unsigned int line;
};

#define WRONG(r, remedy, ...) \
	dais_faults_add((r)->faults, false, (r)->line, (r)->key, remedy, __VA_ARGS__)

static bool is_bit(char c)
{
	return c && strchr("01xks", c);
}

static struct dais_cpuid *entry(struct reader *r, uint32_t leaf, uint32_t subleaf)
{
	struct dais_config *c = r->config;
	struct dais_cpuid *e;

	for (size_t i = 0; i < c->cpuid_count; i++) {
		if (c->cpuid[i].leaf == leaf && c->cpuid[i].subleaf == subleaf)
			return &c->cpuid[i];
	}
	e = list_add(&c->cpuid, &c->cpuid_count, sizeof(*e));
	if (!e)
		return NULL;
	e->leaf = leaf;
	e->subleaf = subleaf;
	for (size_t reg = 0; reg < 4; reg++)
		memset(e->bits[reg], 'x', 32);
	return e;
}

/* Both of them are the hypervisor's to say. */
static bool is_vain(struct reader *r, uint32_t leaf)
{
	const char *why = leaf == CPUID_MSR ? "guests are not shown the MSR that it is in"
					    : "the hypervisor's own leaves are not changed";

	if (leaf != CPUID_MSR && (leaf < HYPERVISOR_FIRST || leaf > HYPERVISOR_LAST))
		return false;
	dais_faults_add(r->faults, true, r->line, r->key, "Remove it.",
			"a part of it has no effect: %s", why);
	return true;
}

/* ----- by name ----- */

static void put_letter(struct reader *r, const struct cpuid_field *f, char letter)
{
	struct dais_cpuid *e = entry(r, f->leaf, f->subleaf);

	for (unsigned int i = 0; e && i < f->width; i++)
		e->bits[f->reg][31 - f->shift - i] = letter;
}

static void put_number(struct reader *r, const struct cpuid_field *f, uint64_t number)
{
	struct dais_cpuid *e = entry(r, f->leaf, f->subleaf);

	for (unsigned int i = 0; e && i < f->width; i++)
		e->bits[f->reg][31 - f->shift - i] = number >> i & 1 ? '1' : '0';
}

static void read_value(struct reader *r, const char *name, const char *value,
		       struct cpuid_field low)
{
	bool family = !strcmp(name, "family"), model = !strcmp(name, "model");
	struct cpuid_field high = {1, CPUID_NO_SUBLEAF, 0, model ? 16 : 20, model ? 4 : 8};
	uint64_t most = family ? 15 + 255 : model ? 255 : (UINT64_C(1) << low.width) - 1;
	bool letter = value[0] && !isdigit((unsigned char)value[0]) && is_bit(value[0]) &&
		      !value[1];
	int64_t number = 0;

	if (!letter && (!config_number(value, &number) || number < 0 || (uint64_t)number > most)) {
		WRONG(r, "Write a number.", "%s=%s: it takes a number from 0 to %llu", name, value,
		      (unsigned long long)most);
		return;
	}
	if (is_vain(r, low.leaf))
		return;
	if (letter) {
		put_letter(r, &low, value[0]);
		if (family || model)
			put_letter(r, &high, value[0]);
		return;
	}
	/* A family over 15 is 15 and the rest; of a model each part has its digits. */
	put_number(r, &low, (uint64_t)(family && number > 15 ? 15 : number));
	if (family)
		put_number(r, &high, (uint64_t)(number > 15 ? number - 15 : 0));
	else if (model)
		put_number(r, &high, (uint64_t)number >> 4);
}

static void unknown_name(struct reader *r, const char *name)
{
	const char *like = cpuid_name_like(name);
	char remedy[64];

	snprintf(remedy, sizeof(remedy), "Did you mean %s?", like ? like : "");
	WRONG(r, like ? remedy : "Remove it; the names are in dais.cfg(5).",
	      "there is no feature \"%s\"", name);
}

static void read_names(struct reader *r, const char *text)
{
	char *copy = copy_text(text);
	char *rest = copy, *name, *value;
	bool first = true;

	/* An empty text says nothing, as by xl. */
	while (copy && *copy && spec_next(&rest, &name, &value)) {
		struct cpuid_field field;

		if (first && (value || strcmp(name, "host") != 0)) {
			WRONG(r, FORM_NAMES, "its first word is not \"host\"");
			break;
		}
		if (first || (!*name && !value)) {
			first = false;
			continue;
		}
		if (!value)
			WRONG(r, FORM_NAMES, "%s: it is not said what to do with it", name);
		else if (cpuid_value_find(name, &field))
			read_value(r, name, value, field);
		else if (!cpuid_feature_find(name, &field))
			unknown_name(r, name);
		else if (!is_bit(value[0]) || value[1])
			WRONG(r, "Write 0, 1, x, k or s.", "%s=%s: there is no such choice", name,
			      value);
		else if (field.leaf == CPUID_MSR && value[0] == '1')
			WRONG(r, "Remove it.", "%s: guests are not shown the MSR that it is in",
			      name);
		else if (!is_vain(r, field.leaf))
			put_letter(r, &field, value[0]);
	}
	free(copy);
}

/* ----- by register ----- */

/* A number at *@text, which goes behind it. */
static bool read_leaf(char **text, uint32_t *leaf)
{
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	number = strtoull(*text, &end, 0);
	*text = end;
	*leaf = (uint32_t)number;
	return !errno && number < UINT32_MAX;
}

static void read_register(struct reader *r, struct dais_cpuid *e, const char *name,
			  const char *bits)
{
	unsigned int reg;

	if (strlen(name) != 3 || name[0] != 'e' || name[1] < 'a' || name[1] > 'd' ||
	    name[2] != 'x') {
		WRONG(r, "Write eax, ebx, ecx or edx.", "\"%s\" is no register", name);
		return;
	}
	if (!bits || strlen(bits) != 32 || strspn(bits, "01xks") != 32) {
		WRONG(r, FORM_BITS, "%s=%s: a register has 32 bits", name, bits ? bits : "");
		return;
	}
	reg = (unsigned int)(name[1] - 'a');
	if (e)
		memcpy(e->bits[reg], bits, 32);
}

static void read_registers(struct reader *r, const char *text)
{
	char *copy = copy_text(text);
	char *at = copy ? trim(copy) : NULL, *name, *bits;
	uint32_t leaf = 0, subleaf = CPUID_NO_SUBLEAF;
	struct dais_cpuid *e;

	if (!at || !read_leaf(&at, &leaf) || (*at == ',' && (at++, !read_leaf(&at, &subleaf))) ||
	    *at != ':') {
		if (copy)
			WRONG(r, FORM_REGISTERS, "\"%s\" does not start with a leaf and a colon",
			      text);
		free(copy);
		return;
	}
	at++;
	e = is_vain(r, leaf) ? NULL : entry(r, leaf, subleaf);
	while (*at && spec_next(&at, &name, &bits)) {
		read_register(r, e, name, bits);
		if (!at)
			break;
	}
	free(copy);
}

void config_read_cpuid(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	struct reader r = {c, f, s->key, s->value.line ? s->value.line : s->line};

	if (!s->value.is_list)
		read_names(&r, s->value.text);
	for (size_t i = 0; s->value.is_list && i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];

		r.line = item->line;
		if (item->text)
			read_registers(&r, item->text);
		else
			WRONG(&r, FORM_REGISTERS, "a list stands where a text belongs");
	}
}

/* ----- shown again ----- */

char *cpuid_text(const struct dais_cpuid *e)
{
	static const char names[] = "abcd";
	struct text text;
	FILE *f = text_begin(&text);
	const char *before = ":";

	if (!f)
		return NULL;
	fprintf(f, "%#x", e->leaf);
	if (e->subleaf != CPUID_NO_SUBLEAF)
		fprintf(f, ",%u", e->subleaf);
	for (size_t reg = 0; reg < 4; reg++) {
		if (strspn(e->bits[reg], "x") == 32)
			continue;
		fprintf(f, "%se%cx=%s", before, names[reg], e->bits[reg]);
		before = ",";
	}
	fputs(*before == ':' ? ":" : "", f);
	return text_end(f, &text);
}
