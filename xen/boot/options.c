// SPDX-License-Identifier: MIT
/*
 * Command-line options: a table of name, kind and place, and one loop over the words.  The
 * spelling is Xen's, so that an administrator's line goes on working; options of Xen that
 * have no meaning here are in the table as well, so that they are said to be ignored rather
 * than unknown.
 */
#include "boot/options.h"
#define LOG_ROOM "options"
#include "console/log.h"
#include "lib/init.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "machine/mitigate.h"

#define WORD_MAX 128 /* longer words are no option of ours */

struct options options = {
	.mem_limit = ~0ULL,
	.console = "com1,vga",
	.smep = true,
	.smap = true,
	.x2apic = X2APIC_AS_NEEDED,
};

static char cmdline_copy[1024];

/* --- values --- */

/* Sum of one size and one percentage, either may be missing; a bare number is in KiB. */
static bool __init parse_amount(const char **p, struct mem_amount *amount)
{
	struct mem_amount a = {.given = true};
	const char *s = *p, *start;
	u64 value;

	a.all_but = parse_literal(&s, "-");
	do {
		start = s;
		if (!parse_u64(&s, &value))
			return false;
		if (parse_literal(&s, "%")) {
			if (a.percent || value >= 100)
				return false;
			a.percent = (u32)value;
			continue;
		}
		s = start;
		if (!parse_size(&s, 1024, &value) ||
		    __builtin_add_overflow(a.bytes, value, &a.bytes))
			return false;
	} while (parse_literal(&s, "+"));
	*amount = a;
	*p = s;
	return true;
}

static bool __init set_dom0_mem(struct options *o, const char *v)
{
	do {
		struct mem_amount *amount = parse_literal(&v, "min:")   ? &o->dom0_mem_min
					    : parse_literal(&v, "max:") ? &o->dom0_mem_max
									: &o->dom0_mem;

		if (!parse_amount(&v, amount))
			return false;
	} while (parse_literal(&v, ","));
	return !*v;
}

/* "4", "2-8", "-8", "2-". */
static bool __init set_dom0_max_vcpus(struct options *o, const char *v)
{
	u64 low = 0, high = 0;
	bool has_low = parse_u64(&v, &low), has_high;

	if (parse_literal(&v, "-")) {
		has_high = parse_u64(&v, &high);
		if (!has_low && !has_high)
			return false;
	} else {
		has_high = has_low;
		high = low;
	}
	if (*v || (has_high && (!high || high < low)) || low > 0xffff || high > 0xffff)
		return false;
	o->dom0_vcpus_min = (u32)low;
	o->dom0_vcpus_max = (u32)high;
	return true;
}

/* Names may carry letters behind (com1H), as Xen's users write them. */
static bool __init set_console(struct options *o, const char *v)
{
	static const char *const names[] __initconst = {"com1", "com2", "vga", "none"};
	const char *word = v;

	if (strlen(v) >= sizeof(o->console))
		return false;
	for (;;) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			known |= !strncmp(word, names[i], strlen(names[i]));
		if (!known)
			return false;
		word = strchr(word, ',');
		if (!word)
			break;
		word++;
	}
	strlcpy(o->console, v, sizeof(o->console));
	return true;
}

static bool __init set_mem(struct options *o, const char *v)
{
	u64 limit;

	if (!parse_size(&v, 1024, &limit) || *v || !limit)
		return false;
	o->mem_limit = limit;
	return true;
}

/* "keep" is all there is to choose: modes were set by the boot loader. */
static bool __init set_vga(struct options *o, const char *v)
{
	for (;;) {
		if (!strncmp(v, "keep", 4) && (!v[4] || v[4] == ','))
			o->vga_keep = true;
		v = strchr(v, ',');
		if (!v)
			return true;
		v++;
	}
}

static void __init mitigate_choose(struct options *o, u32 bits, bool on)
{
	o->mitigate_on = on ? o->mitigate_on | bits : o->mitigate_on & ~bits;
	o->mitigate_off = on ? o->mitigate_off & ~bits : o->mitigate_off | bits;
}

/* "dom0=off,domu=on" and the like protect all or none here. */
static bool __init set_xpti(struct options *o, const char *v)
{
	bool on = true;

	if (strcmp(v, "default")) {
		parse_switch(v, &on);
		mitigate_choose(o, BIT(MIT_ISOLATE), on);
	}
	return true;
}

static bool __init set_pv_l1tf(struct options *o, const char *v)
{
	bool on = true;

	parse_switch(v, &on);
	mitigate_choose(o, BIT(MIT_L1TF) | BIT(MIT_L1TF_DOM0), on);
	return true;
}

/* Words of Xen's that choose among what is one thing here, or name what is not done. */
static bool __init spec_ctrl_word(struct options *o, const char *word, unsigned int len)
{
	char text[24];
	char *value;
	bool on = true;
	int bit;

	if (len >= sizeof(text))
		return false;
	strlcpy(text, word, len + 1);
	value = strchr(text, '=');
	if (value)
		*value++ = '\0';
	if (!strcmp(text, "bti-thunk")) {
		mitigate_choose(o, BIT(MIT_RETPOLINE), value && strcmp(value, "jmp"));
		return value;
	}
	if (value && !parse_switch(value, &on))
		return false;
	if (!value && !strncmp(text, "no-", 3)) {
		on = false;
		strlcpy(text, word + 3, len - 2);
	}
	if (!strcmp(text, "xen") || !strcmp(text, "pv") || (!value && parse_switch(text, &on))) {
		if (on)
			o->mitigate_off = 0;
		mitigate_choose(o, BIT(MIT_AS_REAL) | (on ? 0 : MIT_ALL), on);
		return true;
	}
	bit = mitigate_name(text, (unsigned int)strlen(text));
	if (bit >= 0)
		mitigate_choose(o, (u32)BIT(bit), on);
	return bit >= 0;
}

static bool __init set_spec_ctrl(struct options *o, const char *v)
{
	bool good = true;

	for (;;) {
		const char *end = strchr(v, ',');

		good &= spec_ctrl_word(o, v, (unsigned int)(end ? (size_t)(end - v) : strlen(v)));
		if (!end)
			return good;
		v = end + 1;
	}
}

static bool __init set_tsc(struct options *o, const char *v)
{
	o->tsc_unstable = !strcmp(v, "unstable");
	return true;
}

/* Time always comes from the TSC; the choice is what measures it. */
static bool __init set_clocksource(struct options *o, const char *v)
{
	if (strcmp(v, "tsc") && strcmp(v, "hpet") && strcmp(v, "acpi") && strcmp(v, "pit"))
		return false;
	strlcpy(o->clocksource, strcmp(v, "tsc") ? v : "", sizeof(o->clocksource));
	return true;
}

static bool __init set_nosmp(struct options *o, const char *v __unused)
{
	o->max_cpus = 1;
	return true;
}

/* --- the table --- */

enum kind {
	OPT_BOOL, /* name, name=on, name=off, no-name */
	OPT_U32,
	OPT_TEXT, /* as long as the field has room for it */
	OPT_CALL,
};

struct option {
	const char *name;
	enum kind kind;
	u16 offset, size; /* of the field in struct options */
	bool (*set)(struct options *o, const char *value);
};

#define FIELD(member) \
	.offset = offsetof(struct options, member), .size = sizeof(((struct options *)0)->member)

static const struct option table[] __initconst = {
	{"dom0_mem", OPT_CALL, .set = set_dom0_mem},
	{"dom0_max_vcpus", OPT_CALL, .set = set_dom0_max_vcpus},
	{"dom0_vcpus_pin", OPT_BOOL, FIELD(dom0_vcpus_pin)},
	{"mem", OPT_CALL, .set = set_mem},
	{"maxcpus", OPT_U32, FIELD(max_cpus)},
	{"nosmp", OPT_CALL, .set = set_nosmp},
	{"console", OPT_CALL, .set = set_console},
	{"com1", OPT_TEXT, FIELD(com[0])},
	{"com2", OPT_TEXT, FIELD(com[1])},
	{"loglvl", OPT_TEXT, FIELD(loglvl)},
	{"guest_loglvl", OPT_TEXT, FIELD(guest_loglvl)},
	{"vga", OPT_CALL, .set = set_vga},
	{"noreboot", OPT_BOOL, FIELD(noreboot)},
	{"smep", OPT_BOOL, FIELD(smep)},
	{"smap", OPT_BOOL, FIELD(smap)},
	{"xpti", OPT_CALL, .set = set_xpti},
	{"spec-ctrl", OPT_CALL, .set = set_spec_ctrl},
	{"pv-l1tf", OPT_CALL, .set = set_pv_l1tf},
	{"clocksource", OPT_CALL, .set = set_clocksource},
	{"tsc", OPT_CALL, .set = set_tsc},
	{"x2apic", OPT_BOOL, FIELD(x2apic)},
};

/* Known to Xen's users, without meaning here; output is always synchronous, for one. */
static const char *const ignored[] __initconst = {
	"ucode",       "iommu",   "watchdog",   "conring_size", "sync_console",      "dom0",
	"cpufreq",     "cpuidle", "max_cstate", "crashkernel",  "gnttab_max_frames", "smt",
	"placeholder", "sched",   "pcid",
};

/* @value NULL: the word had no "=". */
static bool __init set_option(const struct option *opt, const char *value)
{
	u8 *field = (u8 *)&options + opt->offset;
	u64 number;
	bool on = true;

	switch (opt->kind) {
	case OPT_BOOL:
		if (value && !parse_switch(value, &on))
			return false;
		memcpy(field, &on, sizeof(on));
		return true;
	case OPT_U32:
		if (!value || !parse_u64(&value, &number) || *value || number > ~0U)
			return false;
		memcpy(field, &number, sizeof(u32));
		return true;
	case OPT_TEXT:
		if (!value || strlen(value) >= opt->size)
			return false;
		strlcpy((char *)field, value, opt->size);
		return true;
	case OPT_CALL:
		return opt->set(&options, value ? value : "");
	}
	return false;
}

/* "no-smep" and "nosmep" are the word "smep=off". */
static const struct option *__init find_option(const char *name, bool *negated)
{
	*negated = false;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	*negated = true;
	if (!parse_literal(&name, "no-") && !parse_literal(&name, "no"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].kind == OPT_BOOL && !strcmp(name, table[i].name))
			return &table[i];
	return NULL;
}

static bool __init is_ignored(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (!strcmp(name, ignored[i]))
			return true;
	return false;
}

static void __init parse_one(char *word)
{
	const struct option *opt;
	char *value = strchr(word, '=');
	bool negated;

	if (value)
		*value++ = '\0';
	opt = find_option(word, &negated);
	if (is_ignored(word))
		log_info("option \"%s\" has no effect here and is ignored", word);
	else if (!opt)
		log_warn("unknown option \"%s\" is ignored", word);
	else if ((negated && value) || !set_option(opt, negated ? "off" : value))
		log_warn("option \"%s\" cannot be set to \"%s\" and is ignored", word,
			 value ? value : "");
}

void __init options_parse(const char *cmdline)
{
	char word[WORD_MAX];
	size_t len;

	strlcpy(cmdline_copy, cmdline, sizeof(cmdline_copy));
	for (; (len = parse_word(&cmdline)); cmdline += len) {
		strlcpy(word, cmdline, min(len + 1, sizeof(word)));
		if (len >= sizeof(word))
			log_warn("option \"%.20s...\" is too long and is ignored", word);
		else
			parse_one(word);
	}
}

const char *options_cmdline(void)
{
	return cmdline_copy;
}

/* --- what the values come to --- */

u64 __init options_amount(const struct mem_amount *amount, u64 total)
{
	/* Divided first: the error is below 100 bytes, and nothing can wrap. */
	u64 part = total / 100 * amount->percent, sum;

	if (__builtin_add_overflow(part, amount->bytes, &sum))
		sum = ~0ULL;
	if (amount->all_but)
		return sum < total ? total - sum : 0;
	return sum;
}

void __init options_dom0_mem(const struct options *o, u64 free, u64 *initial, u64 *maximum)
{
	u64 low = o->dom0_mem_min.given ? options_amount(&o->dom0_mem_min, free) : 0;
	u64 want = o->dom0_mem.given ? options_amount(&o->dom0_mem, free)
				     : free - min(free / 16, 128ULL << 20);

	*maximum = o->dom0_mem_max.given ? options_amount(&o->dom0_mem_max, free) : ~0ULL;
	want = max(want, low);
	want = min(want, *maximum);
	want = min(want, free);
	*initial = ALIGN_DOWN(want, PAGE_SIZE);
	if (*maximum != ~0ULL)
		*maximum = ALIGN_DOWN(max(*maximum, want), PAGE_SIZE);
}

u32 __init options_dom0_vcpus(const struct options *o, u32 cpus, u32 limit)
{
	u32 n = max(cpus, o->dom0_vcpus_min);

	if (o->dom0_vcpus_max)
		n = min(n, o->dom0_vcpus_max);
	/* A single number is exact, on a smaller machine too. */
	if (o->dom0_vcpus_min && o->dom0_vcpus_min == o->dom0_vcpus_max)
		n = o->dom0_vcpus_min;
	return max(min(n, limit), 1U);
}
