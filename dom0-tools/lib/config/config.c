/* SPDX-License-Identifier: MIT */
/*
 * From a file to a checked configuration, and the life of one.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "config/plain.h"
#include "config/private.h"
#include "export.h"

#define PVGRUB64 "/usr/lib/grub-xen/grub-x86_64-xen.bin"
#define KEYMAPS "/usr/share/qemu/keymaps"

EXPORT void dais_config_init(struct dais_config *config)
{
	*config = (struct dais_config){
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.max_grant_version = -1,
		.event_channels = -1,
		.claim_mode = DAIS_UNSET,
		.cpu_weight = -1,
		.cap = -1,
		.tsc_mode = DAIS_TSC_UNSET,
		.nomigrate = DAIS_UNSET,
		.driver_domain = DAIS_UNSET,
		.localtime = DAIS_UNSET,
		.e820_host = DAIS_UNSET,
		.suspend_evtchn_compat = DAIS_UNSET,
		.vpmu = DAIS_UNSET,
		.nested_hvm = DAIS_UNSET,
	};
}

static void free_texts(char **list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void free_devices(struct dais_config *c)
{
	size_t i;

	for (i = 0; i < c->disk_count; i++)
		dais_disk_free(&c->disks[i]);
	for (i = 0; i < c->nic_count; i++)
		dais_nic_free(&c->nics[i]);
	for (i = 0; i < c->vfb_count; i++)
		vfb_free(&c->vfbs[i]);
	for (i = 0; i < c->channel_count; i++) {
		free(c->channels[i].name);
		free(c->channels[i].path);
		free(c->channels[i].backend);
	}
	for (i = 0; i < c->plain_count; i++)
		plain_free(&c->plain[i]);
	free(c->plain);
	free(c->disks);
	free(c->nics);
	free(c->vfbs);
	free(c->channels);
	free(c->ioports);
	free(c->irqs);
	free(c->iomem);
}

EXPORT void dais_config_free(struct dais_config *config)
{
	char *const texts[] = {config->path,          config->name,     config->seclabel,
			       config->init_seclabel, config->pool,     config->kernel,
			       config->ramdisk,       config->cmdline,  config->root,
			       config->extra,         config->firmware, config->bootloader,
			       config->nodes};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	free_texts(config->bootloader_args, config->bootloader_arg_count);
	free_texts(config->cpus, config->cpus_count);
	free(config->cpuid);
	free_texts(config->cpus_soft, config->cpus_soft_count);
	free_devices(config);
	for (i = 0; i < config->note_count; i++) {
		free(config->notes[i].key);
		free(config->notes[i].value);
	}
	free(config->notes);
	dais_config_init(config);
}

static int sum_up(const char *name, const struct dais_faults *faults, size_t before,
		  struct dais_error *err)
{
	const struct dais_fault *first = NULL;
	size_t i;

	if (faults->errors == before)
		return 0;
	for (i = 0; i < faults->count && !first; i++) {
		if (!faults->list[i].warning)
			first = &faults->list[i];
	}
	dais_fail(err, DAIS_CONFIG, "use the configuration", name, "%s%s%s%s",
		  first && first->key ? first->key : "", first && first->key ? ": " : "",
		  first ? first->reason : "it has faults",
		  faults->errors - before > 1 ? " (and more)" : "");
	return dais_hint(err, "`dais check %s` shows all faults with their lines.", name);
}

EXPORT int dais_config_parse(const char *name, const char *text, size_t size,
			     const char *const *overrides, size_t override_count,
			     struct dais_config *config, struct dais_faults *faults,
			     struct dais_error *err)
{
	struct settings settings = {.list = NULL};
	size_t before = faults->errors;
	size_t i;

	dais_config_init(config);
	memory_lasted(); /* what was before does not count */
	config->path = copy_text(name);
	settings_parse(&settings, text, size, faults);
	for (i = 0; i < override_count; i++)
		settings_override(&settings, overrides[i], faults);
	config_read(&settings, config, faults);
	settings_free(&settings);
	if (!memory_lasted())
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "read the configuration", name);
	return sum_up(name, faults, before, err);
}

/* The whole of @fd, at most one byte more than may be; NULL: errno says why. */
static char *read_text(int fd, size_t *size)
{
	size_t room = CONFIG_SIZE_USUAL;
	char *text = malloc(room);

	*size = 0;
	while (text && *size <= CONFIG_SIZE_MAX) {
		ssize_t n;

		if (*size == room) {
			char *more = realloc(text, CONFIG_SIZE_MAX + 1);

			if (!more) {
				cleanup_free(&text);
				return NULL;
			}
			text = more;
			room = CONFIG_SIZE_MAX + 1;
		}
		n = read(fd, text + *size, room - *size);
		if (n == 0)
			return text;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cleanup_free(&text);
			return NULL;
		}
		*size += (size_t)n;
	}
	return text;
}

EXPORT int dais_config_load(const char *path, const char *const *overrides, size_t override_count,
			    struct dais_config *config, struct dais_faults *faults,
			    struct dais_error *err)
{
	bool input = !strcmp(path, "-");
	autoclose int fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	autofree char *text = NULL;
	size_t size = 0;

	dais_config_init(config);
	if (fd >= 0)
		text = read_text(fd, &size);
	if (!text) {
		dais_fail_errno(err, errno == EACCES ? DAIS_PERMISSION : DAIS_CONFIG, errno,
				"read the configuration", path);
		return dais_hint(err, "Configurations stand in /etc/dais/ and /etc/xen/.");
	}
	return dais_config_parse(input ? "standard input" : path, text, size, overrides,
				 override_count, config, faults, err);
}

EXPORT void dais_config_defaults(struct dais_config *c)
{
	if (!c->memory_kb)
		c->memory_kb = c->maxmem_kb ? c->maxmem_kb : 32 << 10;
	if (!c->maxmem_kb)
		c->maxmem_kb = c->memory_kb;
	if (!c->vcpus)
		c->vcpus = 1;
	if (!c->maxvcpus)
		c->maxvcpus = c->vcpus;
	if (c->tsc_mode == DAIS_TSC_UNSET)
		c->tsc_mode = DAIS_TSC_DEFAULT;
	if (c->on_poweroff == DAIS_ACTION_UNSET)
		c->on_poweroff = DAIS_ACTION_DESTROY;
	if (c->on_reboot == DAIS_ACTION_UNSET)
		c->on_reboot = DAIS_ACTION_RESTART;
	if (c->on_crash == DAIS_ACTION_UNSET)
		c->on_crash = DAIS_ACTION_DESTROY;
	if (c->on_watchdog == DAIS_ACTION_UNSET)
		c->on_watchdog = DAIS_ACTION_DESTROY;
	if (c->on_soft_reset == DAIS_ACTION_UNSET)
		c->on_soft_reset = DAIS_ACTION_SOFT_RESET;
}

EXPORT char *dais_config_cmdline(const struct dais_config *config)
{
	char *line = NULL;
	int rc;

	if (config->cmdline)
		return copy_text(config->cmdline);
	if (config->root && config->extra)
		rc = print_text(&line, "root=%s %s", config->root, config->extra);
	else if (config->root)
		rc = print_text(&line, "root=%s", config->root);
	else
		rc = print_text(&line, "%s", config->extra ? config->extra : "");
	return rc < 0 ? NULL : line;
}

/* pygrub reads the guest's disk in dom0, as root; PV GRUB does the same inside the guest. */
bool config_is_pygrub(const char *bootloader)
{
	const char *slash = bootloader ? strrchr(bootloader, '/') : NULL;

	return bootloader && !strcmp(slash ? slash + 1 : bootloader, "pygrub");
}

EXPORT const char *dais_config_kernel(const struct dais_config *config)
{
	if (config->kernel)
		return config->kernel;
	if (!config->firmware && config_is_pygrub(config->bootloader))
		return PVGRUB64;
	if (config->firmware)
		return *config->firmware == '/' ? config->firmware : PVGRUB64;
	return NULL;
}

EXPORT const char *dais_config_kernel_key(const struct dais_config *config)
{
	return config->kernel ? "kernel" : config->firmware ? "firmware" : "bootloader";
}

/* ----- what the files that it names are ----- */

static void missing(struct dais_faults *f, unsigned int line, const char *key, const char *path,
		    const char *remedy)
{
	dais_faults_add(f, false, line, key, remedy, "%s: %s", path, strerror(errno));
}

static void check_regular(unsigned int line, const char *key, const char *path,
			  struct dais_faults *f)
{
	struct stat st;

	if (stat(path, &st) || access(path, R_OK))
		missing(f, line, key, path, "Correct the path, or install the file.");
	else if (!S_ISREG(st.st_mode))
		dais_faults_add(f, false, line, key, "Name a file.", "%s is not a regular file",
				path);
}

/* What the first bytes say; DAIS_FORMAT_RAW: nothing. */
static enum dais_disk_format sniff(const char *path)
{
	static const struct {
		const char *magic;
		size_t size;
		enum dais_disk_format format;
	} known[] = {
		{"QFI\xfb\0\0\0\2", 8, DAIS_FORMAT_QCOW2},
		{"QFI\xfb\0\0\0\3", 8, DAIS_FORMAT_QCOW2},
		{"QFI\xfb\0\0\0\1", 8, DAIS_FORMAT_QCOW},
		{"conectix", 8, DAIS_FORMAT_VHD},
		{"QED\0", 4, DAIS_FORMAT_QED},
	};
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[8] = "";
	size_t i;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return DAIS_FORMAT_RAW;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!memcmp(head, known[i].magic, known[i].size))
			return known[i].format;
	}
	return DAIS_FORMAT_RAW;
}

static void check_disk(const struct dais_disk *disk, struct dais_faults *f)
{
	autofree char *path = NULL;
	enum dais_disk_format seen;
	struct stat st;

	if (!disk->target || disk->script || disk->backend)
		return;
	if (print_text(&path, "%s%s", *disk->target == '/' ? "" : "/dev/", disk->target) < 0) {
		dais_faults_add(f, false, disk->line, "disk", "End something else first.",
				"no memory left");
		return;
	}
	if (stat(path, &st) || access(path, disk->readonly ? R_OK : R_OK | W_OK)) {
		missing(f, disk->line, "disk", path, "Correct the path, or make the image.");
		return;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		dais_faults_add(f, false, disk->line, "disk", "Name an image or a block device.",
				"%s is neither a file nor a block device", path);
		return;
	}
	seen = sniff(path);
	if (disk->format != seen && disk->format != DAIS_FORMAT_RAW)
		dais_faults_add(f, false, disk->line, "disk", "Write the format that it has.",
				"%s is no %s image", path, dais_disk_format_name(disk->format));
	else if (disk->format != DAIS_FORMAT_RAW)
		dais_faults_add(
			f, false, disk->line, "disk",
			"Convert it with `qemu-img convert -O raw`, and leave out format and "
			"backendtype.",
			"%s has no back-end on this host: only raw images do", path);
	else if (disk->format != seen)
		dais_faults_add(f, true, disk->line, "disk",
				"If so, write the format. If a guest wrote this, leave it: formats "
				"are never guessed.",
				"%s looks like a %s image but is used as raw", path,
				dais_disk_format_name(seen));
	/* What libvirt writes for every raw image: to the guest it is the same disk. */
	if (disk->format == DAIS_FORMAT_RAW && disk->backend_type == DAIS_BACKEND_QDISK)
		dais_faults_add(f, true, disk->line, "disk", "Leave out backendtype.",
				"Linux's block back-end serves %s, not QEMU", path);
}

EXPORT const char *dais_config_emulator(void)
{
	/* Debian 12's place and those of its forerunners and of Xen's own build. */
	static const char *const places[] = {
		"/usr/libexec/xen-qemu-system-i386",
		"/usr/lib/xen/bin/qemu-system-i386",
		"/usr/libexec/xen/bin/qemu-system-i386",
		"/usr/local/lib/xen/bin/qemu-system-i386",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!access(places[i], X_OK))
			return places[i];
	}
	return NULL;
}

/* What frame buffers, channels and shared directories need of this host. */
static void check_emulated(const struct dais_config *config, struct dais_faults *faults)
{
	const struct dais_plain *plain = plain_first_modelled(config);
	unsigned int line = config->vfb_count       ? config->vfbs[0].line
			    : config->channel_count ? config->channels[0].line
			    : plain                 ? plain->line
						    : 0;
	const char *key = config->vfb_count       ? "vfb"
			  : config->channel_count ? "channel"
			  : plain                 ? plain->kind->key
						  : NULL;
	char path[128];

	if (key && !dais_config_emulator()) {
		dais_faults_add(faults, false, line, key,
				"Install Debian's package qemu-system-xen, or leave it out.",
				"QEMU, which serves it, is not installed");
		return;
	}
	for (size_t i = 0; i < config->vfb_count; i++) {
		if (!config->vfbs[i].keymap)
			continue;
		snprintf(path, sizeof(path), KEYMAPS "/%s", config->vfbs[i].keymap);
		if (access(path, R_OK))
			dais_faults_add(faults, false, config->vfbs[i].line, "vfb",
					"`ls " KEYMAPS "` shows what there is.",
					"there is no keymap \"%s\"", config->vfbs[i].keymap);
	}
	for (size_t i = 0; i < config->channel_count; i++) {
		const struct dais_channel *channel = &config->channels[i];
		struct stat st;

		/* QEMU removes what stands there before it makes its socket. */
		if (channel->connection == DAIS_CHANNEL_SOCKET && !lstat(channel->path, &st) &&
		    !S_ISSOCK(st.st_mode))
			dais_faults_add(faults, false, channel->line, "channel",
					"Choose another path.", "%s is there and no socket",
					channel->path);
	}
}

/* Drivers only a host of guests tells: elsewhere a configuration may be looked at as well. */
static void check_plain(const struct dais_plain *plain, struct dais_faults *f)
{
	static const char drivers[] = "/sys/bus/xen-backend/drivers";
	char path[sizeof(drivers) + 32];
	struct stat st;

	if (plain_needs_model(plain) &&
	    (stat(plain_value(plain, "path"), &st) || !S_ISDIR(st.st_mode)))
		dais_faults_add(f, false, plain->line, plain->kind->key,
				"Correct the path, or make the directory.", "%s is no directory",
				plain_value(plain, "path"));
	if (!plain->kind->driver || !plain_is_local(plain) || access(drivers, F_OK))
		return;
	snprintf(path, sizeof(path), "%s/%s", drivers, plain->kind->driver);
	if (access(path, F_OK))
		dais_faults_add(f, true, plain->line, plain->kind->key,
				"Load it in dom0 (Debian's kernels are built without), or leave "
				"the device out.",
				"dom0's kernel has no back-end for it, so nothing answers the "
				"guest's end");
}

EXPORT void dais_config_check_files(const struct dais_config *config, struct dais_faults *faults)
{
	const char *kernel = dais_config_kernel(config);
	size_t i;

	if (!config->kernel && kernel && access(kernel, R_OK))
		missing(faults, config->kernel_line, dais_config_kernel_key(config), kernel,
			"Install Debian's package grub-xen-host.");
	else if (kernel)
		check_regular(config->kernel_line, dais_config_kernel_key(config), kernel, faults);
	if (config->ramdisk && *config->ramdisk)
		check_regular(config->ramdisk_line, "ramdisk", config->ramdisk, faults);
	check_emulated(config, faults);
	for (i = 0; i < config->disk_count; i++)
		check_disk(&config->disks[i], faults);
	for (i = 0; i < config->plain_count; i++)
		check_plain(&config->plain[i], faults);
	for (i = 0; i < config->nic_count; i++) {
		const struct dais_nic *nic = &config->nics[i];

		if (nic->script && *nic->script == '/' && access(nic->script, X_OK))
			missing(faults, nic->line, "vif", nic->script,
				"Correct the path; without script= none is needed.");
	}
}
