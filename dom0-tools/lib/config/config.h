/* SPDX-License-Identifier: MIT */
/*
 * A domain's configuration: every key of xl.cfg that concerns a PV guest, as checked data.
 * Files are read, never executed. All faults of a file are found in one go, each with its
 * line, key, reason and remedy. What the file did not say keeps its "unset" value here, so
 * that it can be shown again as it was written; dais_config_defaults() fills those in.
 *
 * Strings are NULL if unset and belong to the configuration. Memory is in KiB throughout.
 */
#ifndef DAIS_CONFIG_H
#define DAIS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct json_object;

/* A yes-or-no key that may be absent. */
enum dais_choice { DAIS_UNSET = -1, DAIS_NO = 0, DAIS_YES = 1 };

/* ----- faults ------------------------------------------------------------------------- */

struct dais_fault {
	bool warning; /* the file can be used all the same */
	unsigned int line; /* from 1; 0: not of one line */
	char *key; /* may be NULL: not of one key */
	char *reason;
	char *remedy; /* may be NULL */
};

struct dais_faults {
	struct dais_fault *list; /* in the order of their lines */
	size_t count;
	size_t errors; /* those that are no warnings */
};

void dais_faults_free(struct dais_faults *faults);

/* Adds one (texts are copied). Never fails: without memory the error is still counted. */
void dais_faults_add(struct dais_faults *faults, bool warning, unsigned int line, const char *key,
		     const char *remedy, const char *reason, ...) DAIS_PRINTF(6, 7);

/* ----- disks -------------------------------------------------------------------------- */

enum dais_disk_format {
	DAIS_FORMAT_RAW, /* xl's default, and what an absent format means: never guessed */
	DAIS_FORMAT_QCOW,
	DAIS_FORMAT_QCOW2,
	DAIS_FORMAT_VHD,
	DAIS_FORMAT_QED,
	DAIS_FORMAT_EMPTY, /* a drive with nothing in it */
};

enum dais_disk_backend {
	DAIS_BACKEND_AUTO,
	DAIS_BACKEND_PHY, /* the kernel's blkback; files through a loop device */
	DAIS_BACKEND_TAP, /* historical: as auto */
	DAIS_BACKEND_QDISK, /* a process of user space */
};

struct dais_disk {
	char *target; /* path, or what the script understands; NULL with DAIS_FORMAT_EMPTY */
	char *vdev; /* "xvda" */
	uint32_t devid; /* the number that vdev stands for (docs: xen-vbd-interface) */
	enum dais_disk_format format;
	enum dais_disk_backend backend_type;
	char *backend; /* the domain that serves it: name or number; NULL: dom0 */
	char *script; /* block script to run; NULL: none needed */
	bool readonly;
	bool cdrom;
	bool removable;
	bool direct_io_safe;
	enum dais_choice discard; /* unset: as the medium can */
	enum dais_choice trusted; /* whether the front-end trusts the back-end */
	unsigned int line; /* where it stands in the file; 0 elsewhere */
};

/*
 * Reads @spec, "TARGET[,FORMAT[,VDEV[,ACCESS]]][,KEY=VALUE...]" with xl's older forms (prefixes
 * "phy:", "file:", "VDEV:cdrom"), into @disk, which the caller frees also after a failure.
 */
int dais_disk_parse(const char *spec, struct dais_disk *disk, struct dais_error *err);
void dais_disk_free(struct dais_disk *disk);
char *dais_disk_text(const struct dais_disk *disk); /* a spec again; NULL without memory */

/* "xvda3", "hdb", "sdc1", "d2p1", 51712 to the number in the store's path. -1 if it is none. */
int dais_vdev_number(const char *vdev, uint32_t *devid);
/* And back, into @buf ("xvda"; the bare number if there is no name for it). Returns @buf. */
char *dais_vdev_name(uint32_t devid, char *buf, size_t size);

const char *dais_disk_format_name(enum dais_disk_format format);
const char *dais_disk_backend_name(enum dais_disk_backend backend);

/* ----- network interfaces ------------------------------------------------------------- */

struct dais_nic {
	uint8_t mac[6];
	bool has_mac; /* false: chosen at creation */
	char *bridge; /* NULL: the host's default bridge */
	char *gatewaydev; /* for routed set-ups: handed to the script */
	char *script; /* NULL: none, plugged in by netlink */
	char *ip; /* handed to the script and to the store */
	char *backend; /* the domain that serves it; NULL: dom0 */
	char *ifname; /* the back-end interface's name; NULL: vifDOMID.N */
	char *model; /* accepted for HVM's sake */
	uint64_t rate_bytes; /* per interval; 0: unlimited */
	uint32_t rate_interval_us;
	uint32_t mtu; /* 0: that of the bridge */
	int32_t devid; /* -1: its place in the list */
	enum dais_choice trusted;
	bool ioemu; /* type=ioemu was asked for: no use to a PV guest */
	unsigned int line;
};

/* Reads "mac=...,bridge=..." into @nic, which the caller frees also after a failure. */
int dais_nic_parse(const char *spec, struct dais_nic *nic, struct dais_error *err);
void dais_nic_free(struct dais_nic *nic);
char *dais_nic_text(const struct dais_nic *nic); /* a spec again; NULL without memory */

/* "10Mb/s", "1GB/s@20ms" to bytes per interval and the interval in microseconds. */
int dais_rate_parse(const char *text, uint64_t *bytes, uint32_t *interval_us);

/* ----- frame buffers and channels ------------------------------------------------------ */

struct dais_vfb {
	enum dais_choice vnc; /* unset: yes */
	char *vnclisten; /* "127.0.0.1" if unset; "ADDRESS:DISPLAY" is taken apart */
	int vncdisplay; /* -1: unset */
	enum dais_choice vncunused; /* unset: yes */
	char *vncpasswd;
	enum dais_choice sdl; /* refused if yes: nobody looks at dom0's own screen */
	enum dais_choice opengl; /* of windows, and so without effect */
	char *display, *xauthority, *keymap;
	unsigned int line;
};

struct dais_channel {
	char *name;
	char *path; /* of the socket */
	char *backend;
	enum { DAIS_CHANNEL_PTY, DAIS_CHANNEL_SOCKET } connection;
	unsigned int line;
};

/* ----- devices of which no more than nodes are made ----------------------------------------- */

#define DAIS_PLAIN_PARAMS 12

struct dais_plain {
	const struct plain_kind *kind; /* from the library's table; its name is the key's */
	char *backend; /* the domain that serves it; NULL: dom0 */
	char *values[DAIS_PLAIN_PARAMS]; /* of the kind's parameters, in its order; NULL: unset */
	struct dais_plain *parts; /* of kinds of their own, in the file's order */
	size_t part_count;
	unsigned int line;
};

/* ----- the whole ----------------------------------------------------------------------- */

enum dais_action {
	DAIS_ACTION_UNSET,
	DAIS_ACTION_DESTROY,
	DAIS_ACTION_RESTART,
	DAIS_ACTION_RENAME_RESTART,
	DAIS_ACTION_PRESERVE,
	DAIS_ACTION_COREDUMP_DESTROY,
	DAIS_ACTION_COREDUMP_RESTART,
	DAIS_ACTION_SOFT_RESET,
};

const char *dais_action_name(enum dais_action action); /* "rename-restart"; NULL: unset */

enum dais_tsc_mode { /* values as XEN_DOMCTL_settscinfo has them */
		     DAIS_TSC_UNSET = -1,
		     DAIS_TSC_DEFAULT = 0,
		     DAIS_TSC_ALWAYS_EMULATE = 1,
		     DAIS_TSC_NATIVE = 2,
		     DAIS_TSC_NATIVE_PARAVIRT = 3,
};

struct dais_number_range {
	uint64_t first, count; /* ports, IRQs (count 1), or page frames */
	uint64_t gfn; /* iomem: where the guest sees it */
	unsigned int line;
};

/* What a guest is shown of a leaf of CPUID, bit by bit (key cpuid). */
struct dais_cpuid {
	uint32_t leaf, subleaf; /* subleaf UINT32_MAX: none */
	/*
	 * EAX to EDX, bit 31 first: 0 and 1 as they say, k and s as the host has it and a guest
	 * may, x as every guest.
	 */
	char bits[4][33];
};

struct dais_config {
	char *path; /* of the file; NULL: none */

	/* Who it is. */
	char *name;
	uint8_t uuid[16];
	bool has_uuid; /* false: chosen at creation */
	char *seclabel, *init_seclabel;
	char *pool; /* CPU pool, name or number */

	/* What it boots: a kernel, or firmware (PV GRUB), or a boot loader run in dom0. */
	char *kernel, *ramdisk;
	char *cmdline; /* as given; wins over root and extra */
	char *root, *extra;
	char *firmware; /* "pvgrub32", "pvgrub64" */
	char *bootloader;
	char **bootloader_args;
	size_t bootloader_arg_count;

	/* Memory. */
	uint64_t memory_kb, maxmem_kb; /* 0: unset */
	int64_t max_grant_frames, max_maptrack_frames, max_grant_version; /* -1: unset */
	int64_t event_channels; /* key max_event_channels; -1: unset */
	enum dais_choice claim_mode; /* unset: claim */

	/* Processors. */
	uint32_t vcpus, maxvcpus; /* 0: unset */
	char **cpus, **cpus_soft; /* lists for dais_cpulist_parse(); one: for every vCPU */
	size_t cpus_count, cpus_soft_count; /* 0: unset; else 1 or one per vCPU */
	bool cpus_each, cpus_soft_each; /* written as a list, one entry per vCPU */
	int32_t cpu_weight, cap; /* -1: unset */
	enum dais_tsc_mode tsc_mode;
	struct dais_cpuid *cpuid;
	size_t cpuid_count;
	char *nodes; /* NUMA nodes to take memory from */

	/* What happens when it ends. */
	enum dais_action on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset;

	/* Devices. */
	struct dais_disk *disks;
	size_t disk_count;
	struct dais_nic *nics;
	size_t nic_count;
	struct dais_vfb *vfbs;
	size_t vfb_count;
	struct dais_channel *channels;
	size_t channel_count;
	struct dais_plain *plain; /* of all kinds, in the file's order */
	size_t plain_count;
	struct dais_number_range *ioports, *irqs, *iomem;
	size_t ioport_count, irq_count, iomem_count;

	/* Particulars. */
	enum dais_choice nomigrate, driver_domain, localtime, e820_host;
	enum dais_choice suspend_evtchn_compat, vpmu, nested_hvm;
	int64_t rtc_timeoffset; /* seconds */
	bool has_rtc_timeoffset;

	/*
	 * Keys that start with "x_" are none of xl's nor ours: notes of the administrator,
	 * kept and shown.
	 */
	struct dais_note {
		char *key, *value;
		unsigned int line;
	} * notes;
	size_t note_count;

	/* Where the file names what is booted; 0: it does not. */
	unsigned int kernel_line, ramdisk_line;
};

void dais_config_init(struct dais_config *config); /* everything unset */
void dais_config_free(struct dais_config *config);

/*
 * Reads the file @path ("-": standard input) and then each of @overrides ("key=value", as on
 * the command line of `create`; later ones win) into @config, which is initialised here and
 * freed by the caller whatever comes back. Faults are added to @faults. -1 when the file cannot
 * be read or has errors: @err sums them up and tells the first.
 */
int dais_config_load(const char *path, const char *const *overrides, size_t override_count,
		     struct dais_config *config, struct dais_faults *faults,
		     struct dais_error *err);

/* The same with the text at hand; @name stands for the file in messages. */
int dais_config_parse(const char *name, const char *text, size_t size, const char *const *overrides,
		      size_t override_count, struct dais_config *config, struct dais_faults *faults,
		      struct dais_error *err);

/*
 * Looks beyond the file: that kernel, ramdisk, disks and scripts are there and readable, and
 * that a disk's format is what it says. Faults are added, nothing is opened for writing.
 */
void dais_config_check_files(const struct dais_config *config, struct dais_faults *faults);

/* Fills in what is unset and not up to the host: 32 MiB, one vCPU, default actions, ... */
void dais_config_defaults(struct dais_config *config);

/* The kernel's command line: cmdline, or root= and extra joined. NULL without memory. */
char *dais_config_cmdline(const struct dais_config *config);

/* The file that is booted: kernel, or the firmware's image. NULL: neither is set. */
const char *dais_config_kernel(const struct dais_config *config);
/* The key that names it. */
const char *dais_config_kernel_key(const struct dais_config *config);

/* QEMU, which serves frame buffers, channels and shares. NULL: the package that has it is not there. */
const char *dais_config_emulator(void);

/* Back to xl.cfg syntax, and to JSON ("dais.config", docs/json.md). NULL without memory. */
char *dais_config_text(const struct dais_config *config);
struct json_object *dais_config_json(const struct dais_config *config);
struct json_object *dais_disk_json(const struct dais_disk *disk);
struct json_object *dais_nic_json(const struct dais_nic *nic);
struct json_object *dais_faults_json(const struct dais_faults *faults);

/* ----- CPU lists ------------------------------------------------------------------------ */

/* CPUs of the host, by number. */
#define DAIS_CPUS_MAX 512
#define DAIS_NODES_MAX 64 /* in a map of nodes, which is like one of CPUs */
struct dais_cpumap {
	uint8_t bits[DAIS_CPUS_MAX / 8];
};

/* What a list may refer to; NULL: only the grammar is checked, and nodes are empty. */
struct dais_topology {
	uint32_t cpus; /* there are so many */
	uint32_t nodes;
	const uint32_t *node_of; /* of each CPU; UINT32_MAX: offline */
};

/*
 * Reads "0-3,^1", "all", "nodes:0-1,^node:1" into @map.
 */
int dais_cpulist_parse(const char *text, const struct dais_topology *topology,
		       struct dais_cpumap *map, struct dais_error *err);
/* "0-3,5" into @buf ("any cpu" is written "all" when the first @cpus are all set). */
char *dais_cpulist_text(const struct dais_cpumap *map, uint32_t cpus, char *buf, size_t size);

/* ----- UUIDs ---------------------------------------------------------------------------- */

int dais_uuid_parse(const char *text, uint8_t uuid[16]); /* -1: it is none */
char *dais_uuid_text(const uint8_t uuid[16], char buf[37]); /* returns @buf */
void dais_uuid_make(uint8_t uuid[16]); /* a random one, version 4 */

#endif
