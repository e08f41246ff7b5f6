// SPDX-License-Identifier: MIT
/*
 * The domain's policy is read, changed bit by bit and set again. A feature that is taken away
 * takes along what is of no use without it, as the hypervisor's own defaults do.
 */
#include "dom/cpuid.h"

#include <errno.h>
#include <string.h>

#include <xen/sysctl.h>

#include "config/cpufeatures.h"
#include "hv/policy.h"

#define WHAT "set the processor's features of"

struct change {
	const char *name; /* of the domain */
	struct hv_policy before, now; /* what it is shown */
	struct hv_policy most, host; /* what it can be shown, and what the processor has */
	struct dais_error *err;
};

static uint32_t *reg_of(xen_cpuid_leaf_t *leaf, unsigned int reg)
{
	uint32_t *const regs[] = {&leaf->a, &leaf->b, &leaf->c, &leaf->d};

	return regs[reg & 3];
}

static bool shown(struct hv_policy *policy, const struct cpuid_field *bit)
{
	xen_cpuid_leaf_t *leaf = hv_policy_leaf(policy, bit->leaf, bit->subleaf);

	return leaf && *reg_of(leaf, bit->reg) >> bit->shift & 1;
}

/* A leaf of the policy under change, which need not have it yet. */
static xen_cpuid_leaf_t *leaf_of(struct change *c, uint32_t leaf, uint32_t subleaf)
{
	xen_cpuid_leaf_t *l;

	/* Who names no subleaf of a leaf that has some means the first. */
	if (subleaf == CPUID_NO_SUBLEAF)
		subleaf = 0;
	l = hv_policy_leaf(&c->now, leaf, subleaf);
	if (!l && c->now.count < HV_POLICY_LEAVES) {
		l = &c->now.leaves[c->now.count++];
		*l = (xen_cpuid_leaf_t){.leaf = leaf, .subleaf = subleaf};
	}
	return l;
}

static int refused(struct change *c, const struct cpuid_field *bit)
{
	char name[64];

	cpuid_bit_name(bit, name, sizeof(name));
	dais_fail(c->err, DAIS_CONFIG, WHAT, c->name, "cpuid: no guest of this host can have %s",
		  name);
	return dais_hint(c->err, "take \"%s=1\" out of cpuid", name);
}

static int change_register(struct change *c, xen_cpuid_leaf_t *leaf, unsigned int reg,
			   const char *bits)
{
	bool features = cpuid_holds_features(leaf->leaf, leaf->subleaf, reg);
	struct cpuid_field bit = {leaf->leaf, leaf->subleaf, reg, 0, 1};
	uint32_t *value = reg_of(leaf, reg);

	for (bit.shift = 0; bit.shift < 32; bit.shift++) {
		uint32_t mask = 1u << bit.shift;
		bool can = !features || shown(&c->most, &bit);

		switch (bits[31 - bit.shift]) {
		case '0':
			*value &= ~mask;
			break;
		case '1':
			if (!can)
				return refused(c, &bit);
			*value |= mask;
			break;
		case 'k':
		case 's':
			*value = can && shown(&c->host, &bit) ? *value | mask : *value & ~mask;
			break;
		}
	}
	return 0;
}

static void drop_dependents(struct change *c)
{
	struct cpuid_field feature, needs;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; cpuid_dependency(i, &feature, &needs); i++) {
			xen_cpuid_leaf_t *leaf;

			/* What this processor has without the other stays. */
			if (!shown(&c->before, &needs) || shown(&c->now, &needs) ||
			    !shown(&c->now, &feature))
				continue;
			leaf = hv_policy_leaf(&c->now, feature.leaf, feature.subleaf);
			*reg_of(leaf, feature.reg) &= ~(1u << feature.shift);
			again = true;
		}
	}
}

/* Keeps of the policy what is to be set: leaves that are other than before. */
static void keep_changed(struct change *c)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->now.count; i++) {
		xen_cpuid_leaf_t leaf = c->now.leaves[i];
		bool same = i < c->before.count ? !memcmp(&leaf, &c->before.leaves[i], sizeof(leaf))
						: !(leaf.a | leaf.b | leaf.c | leaf.d);

		if (!same)
			c->now.leaves[kept++] = leaf;
	}
	c->now.count = kept;
}

static int failed(struct change *c)
{
	return dais_fail_errno(c->err, DAIS_FAILED, errno, WHAT, c->name);
}

int cpuid_apply(struct hv *hv, uint32_t domid, const struct dais_config *config,
		struct dais_error *err)
{
	struct change c = {.name = config->name, .err = err};
	uint32_t bad = 0;

	if (!config->cpuid_count)
		return 0;
	if (hv_domain_policy(hv, domid, &c.before) ||
	    hv_system_policy(hv, XEN_SYSCTL_cpu_policy_pv_max, &c.most) ||
	    hv_system_policy(hv, XEN_SYSCTL_cpu_policy_host, &c.host))
		return failed(&c);
	c.now = c.before;
	for (size_t i = 0; i < config->cpuid_count; i++) {
		const struct dais_cpuid *wanted = &config->cpuid[i];
		xen_cpuid_leaf_t *leaf = leaf_of(&c, wanted->leaf, wanted->subleaf);

		for (unsigned int reg = 0; leaf && reg < 4; reg++)
			if (change_register(&c, leaf, reg, wanted->bits[reg]))
				return -1;
	}
	drop_dependents(&c);
	keep_changed(&c);
	if (!c.now.count || !hv_set_policy(hv, domid, &c.now, &bad))
		return 0;
	if (errno != EINVAL && errno != ERANGE && errno != ENOENT)
		return failed(&c);
	dais_fail(err, DAIS_CONFIG, WHAT, c.name,
		  "cpuid: no guest of this host can have this of leaf %#x", bad);
	return dais_hint(err, "ask for less in cpuid");
}
