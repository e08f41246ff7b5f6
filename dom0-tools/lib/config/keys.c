/* SPDX-License-Identifier: MIT */
/*
 * One row per key of xl.cfg(5): what kind of value it takes, where that goes, and its limits.
 * Keys of other kinds of guests are known too, so that a file made for xl is not full of
 * strangers, and what cannot be given to a guest here is refused with what to do instead.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/private.h"

/* What a key takes. The offset leads to a member of the type named here. */
enum key_kind {
	KEY_TEXT, /* char * */
	KEY_CHOICE, /* enum dais_choice */
	KEY_U32, /* uint32_t within limits */
	KEY_I32, /* int32_t within limits */
	KEY_I64, /* int64_t within limits */
	KEY_MIB, /* uint64_t: MiB in the file, KiB in memory */
	KEY_ACTION, /* enum dais_action */
	KEY_LIST, /* the function gets a list */
	KEY_OWN, /* the function gets whatever stands there */
	KEY_VFB, /* of a frame buffer, at the top of the file */
	KEY_VAIN, /* accepted, no effect; the note says why */
	KEY_REFUSED, /* cannot be had; the note says why */
};

struct reading {
	struct dais_config *config;
	struct dais_faults *faults;
	const struct settings *settings;
};

struct key_row {
	const char *name;
	enum key_kind kind;
	size_t offset;
	int64_t least, most;
	const char *note;
	void (*read)(const struct setting *s, struct dais_config *c, struct dais_faults *f);
};

/* ----- the table ----- */

#define AT(member) offsetof(struct dais_config, member)
#define TEXT(key, member)                                   \
	{                                                   \
		key, KEY_TEXT, AT(member), 0, 0, NULL, NULL \
	}
#define CHOICE(key, member)                                   \
	{                                                     \
		key, KEY_CHOICE, AT(member), 0, 0, NULL, NULL \
	}
#define NUMBER(key, kind, member, least, most)                 \
	{                                                      \
		key, kind, AT(member), least, most, NULL, NULL \
	}
#define ACTION(key, member)                                   \
	{                                                     \
		key, KEY_ACTION, AT(member), 0, 0, NULL, NULL \
	}
#define LIST(key, function)                            \
	{                                              \
		key, KEY_LIST, 0, 0, 0, NULL, function \
	}
#define OWN(key, function)                            \
	{                                             \
		key, KEY_OWN, 0, 0, 0, NULL, function \
	}
#define OTHER(key, kind, note)                 \
	{                                      \
		key, kind, 0, 0, 0, note, NULL \
	}

#define NO_SUCH_DEVICE \
	"Leave it out; guests get disks, network interfaces, a console, a screen and channels."
#define NO_USB \
	"Debian's kernels have no front-end for it (xen-hcd), nor a back-end, and QEMU's would need root"
#define MEMORY_MIB_MAX (16ll << 20)

static const struct key_row rows[] = {
	OWN("name", config_read_name),
	OWN("uuid", config_read_uuid),
	OWN("type", config_read_type),
	OWN("builder", config_read_builder),
	TEXT("seclabel", seclabel),
	TEXT("init_seclabel", init_seclabel),
	TEXT("pool", pool),
	TEXT("kernel", kernel),
	TEXT("ramdisk", ramdisk),
	TEXT("cmdline", cmdline),
	TEXT("root", root),
	TEXT("extra", extra),
	TEXT("firmware", firmware),
	TEXT("bootloader", bootloader),
	OWN("bootloader_args", config_read_bootloader_args),
	NUMBER("memory", KEY_MIB, memory_kb, 1, MEMORY_MIB_MAX),
	NUMBER("maxmem", KEY_MIB, maxmem_kb, 1, MEMORY_MIB_MAX),
	NUMBER("max_grant_frames", KEY_I64, max_grant_frames, 0, UINT32_MAX),
	NUMBER("max_maptrack_frames", KEY_I64, max_maptrack_frames, 0, UINT32_MAX),
	NUMBER("max_grant_version", KEY_I64, max_grant_version, 1, 2),
	NUMBER("max_event_channels", KEY_I64, event_channels, 1, 131071),
	NUMBER("vcpus", KEY_U32, vcpus, 1, 8192),
	NUMBER("maxvcpus", KEY_U32, maxvcpus, 1, 8192),
	OWN("cpus", config_read_cpus),
	OWN("cpus_soft", config_read_cpus_soft),
	NUMBER("cpu_weight", KEY_I32, cpu_weight, 1, 65535),
	NUMBER("cap", KEY_I32, cap, 0, 65535),
	OWN("tsc_mode", config_read_tsc_mode),
	OWN("cpuid", config_read_cpuid),
	TEXT("nodes", nodes),
	ACTION("on_poweroff", on_poweroff),
	ACTION("on_reboot", on_reboot),
	ACTION("on_crash", on_crash),
	ACTION("on_watchdog", on_watchdog),
	ACTION("on_soft_reset", on_soft_reset),
	LIST("disk", config_read_disks),
	LIST("vif", config_read_nics),
	LIST("vfb", config_read_vfbs),
	LIST("channel", config_read_channels),
	LIST("vkb", config_read_plain),
	LIST("pvcalls", config_read_plain),
	LIST("p9", config_read_plain),
	LIST("vtpm", config_read_plain),
	LIST("vdispl", config_read_plain),
	LIST("vsnd", config_read_plain),
	LIST("ioports", config_read_ioports),
	LIST("iomem", config_read_iomem),
	LIST("irqs", config_read_irqs),
	CHOICE("nomigrate", nomigrate),
	CHOICE("driver_domain", driver_domain),
	CHOICE("claim_mode", claim_mode),
	CHOICE("localtime", localtime),
	OWN("rtc_timeoffset", config_read_rtc_timeoffset),
	CHOICE("e820_host", e820_host),
	CHOICE("xend_suspend_evtchn_compat", suspend_evtchn_compat),
	CHOICE("vpmu", vpmu),
	CHOICE("nestedhvm", nested_hvm),

	/* A frame buffer's, at the top of the file. */
	OTHER("vnc", KEY_VFB, NULL),
	OTHER("vnclisten", KEY_VFB, NULL),
	OTHER("vncdisplay", KEY_VFB, NULL),
	OTHER("vncunused", KEY_VFB, NULL),
	OTHER("vncpasswd", KEY_VFB, NULL),
	OTHER("sdl", KEY_VFB, NULL),
	OTHER("opengl", KEY_VFB, NULL),
	OTHER("keymap", KEY_VFB, NULL),
	OTHER("display", KEY_VFB, NULL),
	OTHER("xauthority", KEY_VFB, NULL),

	/* Not to be had. */
	OTHER("pci", KEY_REFUSED,
	      "a PCI device is given away only where an IOMMU keeps it within its guest's memory, and "
	      "Dais drives none (Xen refuses it without one, too)"),
	OTHER("usbctrl", KEY_REFUSED, NO_USB),
	OTHER("usbdev", KEY_REFUSED, NO_USB),
	OTHER("virtio", KEY_REFUSED, "virtio's devices are of other machines than x86"),
	OTHER("dtdev", KEY_REFUSED, "an x86 machine has no device tree"),

	/* Without effect. */
	OTHER("vnuma", KEY_VAIN, "a guest sees one NUMA node"),
	OTHER("pci_permissive", KEY_VAIN, "there is no pci="),
	OTHER("pci_msitranslate", KEY_VAIN, "there is no pci="),
	OTHER("pci_seize", KEY_VAIN, "there is no pci="),
	OTHER("pci_power_mgmt", KEY_VAIN, "there is no pci="),
	OTHER("vif2", KEY_VAIN, "netchannel2 is of the past"),
	OTHER("passthrough", KEY_VAIN, "there is no pci="),
	OTHER("msr_relaxed", KEY_VAIN, "unknown MSRs are refused"),
	OTHER("vmtrace_buf_kb", KEY_VAIN, "guests are not traced by the processor"),
	OTHER("shadow_memory", KEY_VAIN, "guests have no shadow page tables"),
	OTHER("console", KEY_VAIN, "every guest has a console"),
	OTHER("blkdev_start", KEY_VAIN, "bootloaders do not attach disks to dom0"),
	OTHER("extratime", KEY_VAIN, "the scheduler has no such parameter"),
	OTHER("period", KEY_VAIN, "the scheduler has no such parameter"),
	OTHER("slice", KEY_VAIN, "the scheduler has no such parameter"),
	OTHER("budget", KEY_VAIN, "the scheduler has no such parameter"),
	OTHER("latency", KEY_VAIN, "the scheduler has no such parameter"),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const action_names[] = {
	[DAIS_ACTION_DESTROY] = "destroy",
	[DAIS_ACTION_RESTART] = "restart",
	[DAIS_ACTION_RENAME_RESTART] = "rename-restart",
	[DAIS_ACTION_PRESERVE] = "preserve",
	[DAIS_ACTION_COREDUMP_DESTROY] = "coredump-destroy",
	[DAIS_ACTION_COREDUMP_RESTART] = "coredump-restart",
	[DAIS_ACTION_SOFT_RESET] = "soft-reset",
};

const char *dais_action_name(enum dais_action action)
{
	return action_names[action];
}

static void read_action(const struct setting *s, enum dais_action *action, struct dais_faults *f)
{
	int i;

	for (i = DAIS_ACTION_DESTROY; i <= DAIS_ACTION_SOFT_RESET; i++) {
		if (!strcmp(s->value.text, action_names[i])) {
			*action = (enum dais_action)i;
			return;
		}
	}
	config_wrong(f, s, "there is no such action",
		     "Write destroy, restart, rename-restart, preserve, coredump-destroy or "
		     "coredump-restart.");
}

static void read_number(const struct key_row *row, const struct setting *s, void *place,
			struct dais_faults *f)
{
	unsigned int line = s->value.line ? s->value.line : s->line;
	char remedy[80];
	int64_t number;

	if (!config_number(s->value.text, &number)) {
		dais_faults_add(f, false, line, s->key,
				row->kind == KEY_MIB ? "Write a number of MiB, without a unit."
						     : "Write a number.",
				"\"%s\" is no number", s->value.text);
		return;
	}
	if (number < row->least || number > row->most) {
		snprintf(remedy, sizeof(remedy), "Write a number from %lld to %lld.",
			 (long long)row->least, (long long)row->most);
		dais_faults_add(f, false, line, s->key, remedy, "%lld is too %s", (long long)number,
				number < row->least ? "small" : "large");
		return;
	}
	if (row->kind == KEY_U32)
		*(uint32_t *)place = (uint32_t)number;
	else if (row->kind == KEY_I32)
		*(int32_t *)place = (int32_t)number;
	else if (row->kind == KEY_I64)
		*(int64_t *)place = number;
	else
		*(uint64_t *)place = (uint64_t)number << 10;
}

static void read_choice(const struct setting *s, enum dais_choice *choice, struct dais_faults *f)
{
	int64_t number;

	if (config_number(s->value.text, &number))
		*choice = number ? DAIS_YES : DAIS_NO;
	else
		config_wrong(f, s, "this key is either on or off", "Write 1 or 0.");
}

/* Keys of a frame buffer at the top of the file describe the one that has no vfb= line. */
static void read_vfb_key(struct reading *r, const struct setting *s)
{
	struct dais_config *c = r->config;
	struct dais_error err = {.code = DAIS_OK};

	if (!c->vfb_count) {
		struct dais_vfb *vfb = list_add(&c->vfbs, &c->vfb_count, sizeof(*vfb));

		if (!vfb)
			return;
		vfb_init(vfb);
		vfb->vnc = DAIS_NO; /* at the top nothing is on unless said */
		vfb->line = s->line;
	}
	vfb_set(&c->vfbs[0], s->key, s->value.text, &err);
	if (err.code != DAIS_OK)
		config_wrong(r->faults, s, err.why, err.hint);
}

int word_distance(const char *a, const char *b, int limit)
{
	int best;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!limit || (!*a && !*b))
		return !*a && !*b ? 0 : 1;
	best = *a && *b ? word_distance(a + 1, b + 1, limit - 1) : limit;
	if (*a) {
		int d = word_distance(a + 1, b, limit - 1);

		best = d < best ? d : best;
	}
	if (*b) {
		int d = word_distance(a, b + 1, limit - 1);

		best = d < best ? d : best;
	}
	return best + 1;
}

static void unknown_key(struct reading *r, const struct setting *s)
{
	const char *like = NULL;
	struct dais_note *note;
	char remedy[128];
	int best = 3;
	size_t i;

	if (!strncmp(s->key, "x_", 2) && s->value.text) {
		note = list_add(&r->config->notes, &r->config->note_count, sizeof(*note));
		if (note) {
			note->key = copy_text(s->key);
			note->value = copy_text(s->value.text);
			note->line = s->line;
		}
		return;
	}
	if (config_is_foreign(s->key)) {
		dais_faults_add(r->faults, true, s->line, s->key, "Remove it.",
				"it concerns other kinds of guests and has no effect");
		return;
	}
	for (i = 0; i < ROWS; i++) {
		int d = word_distance(s->key, rows[i].name, 2);

		if (d < best) {
			best = d;
			like = rows[i].name;
		}
	}
	if (like)
		snprintf(remedy, sizeof(remedy), "Did you mean %s?", like);
	else
		snprintf(remedy, sizeof(remedy), "Remove it; notes of your own start with x_.");
	dais_faults_add(r->faults, true, s->line, s->key, remedy, "there is no such key");
}

static void read_plain(struct reading *r, const struct key_row *row, const struct setting *s)
{
	char *member = (char *)r->config + row->offset;

	switch (row->kind) {
	case KEY_TEXT:
		free(*(char **)(void *)member);
		*(char **)(void *)member = copy_text(s->value.text);
		break;
	case KEY_CHOICE:
		read_choice(s, (enum dais_choice *)(void *)member, r->faults);
		break;
	case KEY_ACTION:
		read_action(s, (enum dais_action *)(void *)member, r->faults);
		break;
	case KEY_VFB:
		read_vfb_key(r, s);
		break;
	default:
		read_number(row, s, member, r->faults);
		break;
	}
}

static void read_setting(struct reading *r, const struct key_row *row, const struct setting *s)
{
	struct value one = {.is_list = true, .line = s->value.line, .count = 1};
	struct setting list = *s;

	switch (row->kind) {
	case KEY_VAIN:
		dais_faults_add(r->faults, true, s->line, s->key, "Remove it.",
				"it has no effect: %s", row->note);
		return;
	case KEY_REFUSED:
		if (!s->value.is_list || s->value.count)
			config_wrong(r->faults, s, row->note, NO_SUCH_DEVICE);
		return;
	case KEY_OWN:
		row->read(s, r->config, r->faults);
		return;
	case KEY_LIST:
		/* One text stands for a list of one: what xl refuses, and what is meant. */
		if (!s->value.is_list) {
			one.items = (struct value *)(uintptr_t)&s->value;
			list.value = one;
		}
		row->read(&list, r->config, r->faults);
		return;
	default:
		if (s->value.is_list)
			config_wrong(r->faults, s, "a list stands where one value belongs",
				     "Remove the brackets.");
		else
			read_plain(r, row, s);
		return;
	}
}

static const struct setting *setting_of(const struct reading *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->settings->count; i++) {
		if (!strcmp(r->settings->list[i].key, key))
			return &r->settings->list[i];
	}
	return NULL;
}

static unsigned int line_of(const struct reading *r, const char *key)
{
	const struct setting *s = setting_of(r, key);

	return s ? s->line : 0;
}

/* Whether the key was there but could not be read. */
static bool has_fault(const struct reading *r, const char *key)
{
	size_t i;

	for (i = 0; i < r->faults->count; i++) {
		if (r->faults->list[i].key && !strcmp(r->faults->list[i].key, key))
			return true;
	}
	return false;
}

/* What no key can tell alone. */
static void check_together(struct reading *r)
{
	const struct dais_config *c = r->config;
	struct dais_faults *f = r->faults;

	if (!c->name && !setting_of(r, "name") && !has_fault(r, "name"))
		dais_faults_add(f, false, 0, "name", "Add name=\"NAME\".",
				"the domain has no name");
	if (!c->kernel && !c->bootloader && !c->firmware && !has_fault(r, "kernel"))
		dais_faults_add(f, false, 0, "kernel",
				"Add kernel=\"/boot/vmlinuz...\", or firmware=\"pvgrub64\" to let "
				"the guest boot from its own disk.",
				"it does not say what to boot");
	if (c->firmware && strcmp(c->firmware, "pvgrub64") != 0 && *c->firmware != '/')
		dais_faults_add(f, false, line_of(r, "firmware"), "firmware",
				"Write firmware=\"pvgrub64\".",
				"there is no firmware \"%s\" for 64-bit paravirtual guests",
				c->firmware);
	if (c->bootloader && !c->kernel && !c->firmware) {
		if (config_is_pygrub(c->bootloader))
			dais_faults_add(
				f, true, line_of(r, "bootloader"), "bootloader",
				"Write firmware=\"pvgrub64\", which says the same.",
				"PV GRUB boots in the guest what pygrub would read in dom0");
		else
			dais_faults_add(f, false, line_of(r, "bootloader"), "bootloader",
					"Write firmware=\"pvgrub64\", or name the kernel.",
					"boot loaders of dom0 are not run");
	}
	if (c->kernel && c->bootloader)
		dais_faults_add(f, true, line_of(r, "bootloader"), "bootloader", "Remove one.",
				"with kernel= the boot loader is not run");
	if (c->maxmem_kb && c->memory_kb && c->maxmem_kb < c->memory_kb)
		dais_faults_add(f, false, line_of(r, "maxmem"), "maxmem",
				"Raise maxmem, or leave it out.",
				"it is less than memory (%llu MiB)",
				(unsigned long long)c->memory_kb >> 10);
	if (c->maxvcpus && c->maxvcpus < (c->vcpus ? c->vcpus : 1))
		dais_faults_add(f, false, line_of(r, "maxvcpus"), "maxvcpus",
				"Raise maxvcpus, or leave it out.", "it is less than vcpus (%u)",
				c->vcpus);
	if (!c->memory_kb && !c->maxmem_kb && !setting_of(r, "memory") && !has_fault(r, "memory"))
		dais_faults_add(f, true, 0, "memory", "Add memory=MIB.",
				"without it the guest gets 32 MiB");
	if ((c->root || c->extra) && c->cmdline)
		dais_faults_add(f, true, line_of(r, "cmdline"), "cmdline",
				"Put all of it into cmdline.",
				"root= and extra= are not used beside it");
	config_check_devices(c, f);
	r->config->kernel_line = line_of(r, dais_config_kernel_key(c));
	r->config->ramdisk_line = line_of(r, "ramdisk");
}

/* Order matters for vfb alone: its list must be there before keys at the top add to it. */
void config_read(const struct settings *settings, struct dais_config *config,
		 struct dais_faults *faults)
{
	struct reading r = {config, faults, settings};
	size_t i, j;
	int late;

	for (late = 0; late < 2; late++) {
		for (i = 0; i < settings->count; i++) {
			const struct setting *s = &settings->list[i];

			for (j = 0; j < ROWS && strcmp(rows[j].name, s->key) != 0; j++)
				;
			if (late == (j < ROWS && rows[j].kind == KEY_VFB)) {
				if (j < ROWS)
					read_setting(&r, &rows[j], s);
				else
					unknown_key(&r, s);
			}
		}
	}
	/* A frame buffer that nobody looks at is none. */
	if (config->vfb_count == 1 && config->vfbs[0].vnc == DAIS_NO &&
	    config->vfbs[0].sdl != DAIS_YES && !setting_of(&r, "vfb")) {
		vfb_free(&config->vfbs[0]);
		config->vfb_count = 0;
	}
	check_together(&r);
}
