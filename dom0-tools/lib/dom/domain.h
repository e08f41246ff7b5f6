/* SPDX-License-Identifier: MIT */
/*
 * Domains: finding, making, steering and ending them. The part of the library's interface that
 * talks to a hypervisor; everything starts with a struct dais from dais_open(). A handle is
 * for one thread at a time.
 *
 * Functions return 0 or more on success and -1 with @err filled in otherwise.
 */
#ifndef DAIS_DOM_DOMAIN_H
#define DAIS_DOM_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "error.h"
#include "timeline.h"

struct dais;
struct json_object;

int dais_open(struct dais **host, struct dais_error *err);
void dais_close(struct dais *host); /* NULL is fine */
/*
 * Instead of that, by a process that ends now: what was asked of the store is asked, the rest is
 * left to the kernel, which takes a whole process apart for less than one mapping after the other.
 */
void dais_leave(struct dais *host); /* NULL is fine */

/* What the control domain is called. */
#define DAIS_CONTROL_NAME "Domain-0"
/*
 * Gives the control domain its name and number in the store, if nobody has yet: for whoever
 * starts the host's services, after the store itself. `daisd` does it.
 */
int dais_announce(struct dais *host, struct dais_error *err);

/* ----- looking ------------------------------------------------------------------------- */

#define DAIS_NAME_MAX 255
#define DAIS_DOMID_MAX 0x7ff0u /* numbers of domains are below */

enum dais_shutdown { /* why a domain shut down, <xen/sched.h> */
		     DAIS_SHUTDOWN_NONE = -1,
		     DAIS_SHUTDOWN_POWEROFF = 0,
		     DAIS_SHUTDOWN_REBOOT = 1,
		     DAIS_SHUTDOWN_SUSPEND = 2,
		     DAIS_SHUTDOWN_CRASH = 3,
		     DAIS_SHUTDOWN_WATCHDOG = 4,
		     DAIS_SHUTDOWN_SOFT_RESET = 5,
};

struct dais_domain {
	uint32_t domid;
	uint8_t uuid[16];
	char name[DAIS_NAME_MAX + 1]; /* if the store knows none: "domain-N", "Domain-0" */
	bool running, blocked, paused, dying;
	enum dais_shutdown shutdown;
	uint64_t memory_kb; /* what it has */
	uint64_t max_kb; /* what it may have; UINT64_MAX: all */
	uint64_t cpu_ns; /* time its vCPUs ran, together */
	uint32_t vcpus; /* online */
	uint32_t max_vcpus;
	uint32_t pool;
};

/* All domains in the order of their numbers. The caller frees @list. */
int dais_list(struct dais *host, struct dais_domain **list, size_t *count, struct dais_error *err);
/* The same without names, which are "domain-N": one hypercall and no request to the store. */
int dais_list_bare(struct dais *host, struct dais_domain **list, size_t *count,
		   struct dais_error *err);
/* One domain by number, name or UUID. */
int dais_find(struct dais *host, const char *who, struct dais_domain *domain,
	      struct dais_error *err);
int dais_look(struct dais *host, uint32_t domid, struct dais_domain *domain,
	      struct dais_error *err);
/* One word: "running", "blocked", "paused", "shutdown", "crashed", "dying". */
const char *dais_state_name(const struct dais_domain *domain);
/* "poweroff", "reboot", ...; NULL for DAIS_SHUTDOWN_NONE. */
const char *dais_shutdown_name(enum dais_shutdown reason);

/* Seconds since it was made (domain 0: since boot); -1 if nobody wrote that down. */
int64_t dais_uptime(struct dais *host, const struct dais_domain *domain);

struct dais_vcpu {
	uint32_t id, cpu; /* cpu: where it ran last */
	bool online, blocked, running;
	uint64_t cpu_ns;
	struct dais_cpumap hard, soft;
};
/* The vCPUs of a domain. The caller frees @list. */
int dais_vcpus(struct dais *host, uint32_t domid, struct dais_vcpu **list, size_t *count,
	       struct dais_error *err);

/* The memory nodes of the host that a domain's memory is taken from. */
int dais_node_affinity(struct dais *host, uint32_t domid, struct dais_cpumap *nodes,
		       struct dais_error *err);

/* ----- making and ending --------------------------------------------------------------- */

struct dais_create {
	bool paused; /* leave it paused */
	const char *image_cache; /* directory; NULL: the default; "": none */
	struct timeline *timeline; /* NULL: not wanted */
};

/*
 * Makes the domain that @config describes and starts it; its number goes to @domid. A failure
 * at any step takes back all steps before it. @config is completed: UUID, MAC addresses.
 */
int dais_create(struct dais *host, struct dais_config *config, const struct dais_create *how,
		uint32_t *domid, struct dais_error *err);
/* Ends it at once, without asking it, and removes all that belongs to it. */
int dais_destroy(struct dais *host, uint32_t domid, struct dais_error *err);

/*
 * Writes a core of the domain (Xen's dump-core format) to @path, which only root may read then;
 * NULL: where dais_dump_path() says. A domain that runs goes on meanwhile. While somebody else
 * writes a core there this waits; if that one is finished, it is the one.
 */
int dais_dump_core(struct dais *host, const struct dais_domain *domain, const char *path,
		   struct dais_error *err);
/*
 * "/var/lib/dais/dump/NAME.core", into @path, which is returned; slashes, control characters and a
 * dot at the begin of a name, which other tools may give, are "_".
 */
char *dais_dump_path(const struct dais_domain *domain, char *path, size_t size);
/* Removes from there what is left of cores whose writer was killed. */
void dais_dump_tidy(void);

/*
 * The configuration that the domain was made of, completed, as JSON ("dais.config"). NULL if
 * it was not made by us. The caller drops it.
 */
struct json_object *dais_record(const uint8_t uuid[16]);

/* The same as a configuration, which the caller frees whatever comes back. -1: it was not. */
int dais_record_load(const uint8_t uuid[16], struct dais_config *config, struct dais_error *err);

/*
 * Removes what is kept of a domain that another tool destroyed: the record, and channels' sockets
 * at which nobody listens any more. Nothing is done while there is a domain of that UUID.
 */
void dais_forget(struct dais *host, const uint8_t uuid[16]);
/*
 * The same without waiting. True: QEMU, which is on its way out, listened still at sockets that
 * @rest tells of. Then dais_forget_more() is to be called now and again until it says false, for no
 * longer than so many seconds (another domain's QEMU may have taken the place), and the caller
 * frees @rest.
 */
#define DAIS_FORGET_SECONDS 15
bool dais_forget_begin(struct dais *host, const uint8_t uuid[16], struct dais_config *rest);
bool dais_forget_more(const struct dais_config *rest);

/* ----- steering ------------------------------------------------------------------------ */

int dais_pause(struct dais *host, uint32_t domid, struct dais_error *err);
int dais_unpause(struct dais *host, uint32_t domid, struct dais_error *err);
/* Asks the guest: "poweroff", "reboot", "halt", "suspend". */
int dais_shutdown(struct dais *host, uint32_t domid, const char *how, struct dais_error *err);
/* Has the guest's kernel act on a SysRq key. */
int dais_sysrq(struct dais *host, uint32_t domid, char key, struct dais_error *err);
/* "nmi", "reset", "init", "power", "sleep", "s3resume", as far as the hypervisor has it for PV. */
int dais_trigger(struct dais *host, uint32_t domid, const char *trigger, uint32_t vcpu,
		 struct dais_error *err);
int dais_rename(struct dais *host, uint32_t domid, const char *name, struct dais_error *err);
/* Asks the guest to use @count vCPUs. */
int dais_vcpu_set(struct dais *host, uint32_t domid, uint32_t count, struct dais_error *err);
/* @vcpu UINT32_MAX: all. Either map may be NULL: left as it is. */
int dais_vcpu_pin(struct dais *host, uint32_t domid, uint32_t vcpu, const struct dais_cpumap *hard,
		  const struct dais_cpumap *soft, struct dais_error *err);
/* Asks the guest to balloon to @kb; what it may have at most follows when it grows. */
int dais_memory_set(struct dais *host, uint32_t domid, uint64_t kb, struct dais_error *err);
int dais_memory_max(struct dais *host, uint32_t domid, uint64_t kb, struct dais_error *err);
/* Values below 0 are left as they are; the ones in force come back. */
int dais_sched(struct dais *host, uint32_t domid, int32_t *weight, int32_t *cap,
	       struct dais_error *err);

/* The guest's console: the path of its pseudo-terminal; waits up to @timeout_ms for it. */
int dais_console(struct dais *host, uint32_t domid, unsigned int timeout_ms, char *path,
		 size_t size, struct dais_error *err);

/* ----- devices ------------------------------------------------------------------------- */

int dais_disk_attach(struct dais *host, uint32_t domid, const struct dais_disk *disk,
		     struct dais_error *err);
int dais_disk_detach(struct dais *host, uint32_t domid, uint32_t devid, bool force,
		     struct dais_error *err);
/* Completed with what was chosen: MAC address, bridge. */
int dais_nic_attach(struct dais *host, uint32_t domid, struct dais_nic *nic, uint32_t *devid,
		    struct dais_error *err);
int dais_nic_detach(struct dais *host, uint32_t domid, uint32_t devid, bool force,
		    struct dais_error *err);

/* A device as the store has it. Texts are "" if not known. */
struct dais_device {
	char kind[16]; /* "vbd", "vif" */
	uint32_t devid, backend;
	int state; /* of the front-end, <xen/io/xenbus.h> */
	char name[32]; /* "xvda", "vif3.0" */
	char target[256]; /* file or block device; bridge */
	char mac[18];
	bool readonly;
	int64_t port; /* event channel; -1: none yet */
	char ring[64]; /* grant references of the rings */
	char ring_rx[64]; /* vif: of the other way */
	bool split; /* vif: with a channel for each way; @port is one of them */
};
/* @kind NULL: all. The caller frees @list. */
int dais_devices(struct dais *host, uint32_t domid, const char *kind, struct dais_device **list,
		 size_t *count, struct dais_error *err);

/* As in documents "dais.domain" and "dais.devices" (docs/json.md). The caller drops them. */
struct json_object *dais_domain_json(const struct dais_domain *domain);
struct json_object *dais_device_json(uint32_t domid, const struct dais_device *device);

/*
 * What QEMU serves of a domain: "vnc", with "listen" and "port" or null, "channels", a list of
 * "name", "connection", "path", and "model", QEMU itself, with "pid", "running" and "restarts" or
 * null. The caller drops it.
 */
struct json_object *dais_served_json(struct dais *host, uint32_t domid);

/* Whether the domain had a QEMU that served it, and that is gone. */
bool dais_model_lost(struct dais *host, uint32_t domid);
/*
 * Starts another in its place: the guest's screen and channels go on, at the places that
 * dais_served_json() then tells. Refused for a domain that others made, and when it has died five
 * times with less than ten minutes in between.
 */
int dais_model_restart(struct dais *host, uint32_t domid, struct dais_error *err);

/* ----- what happens -------------------------------------------------------------------- */

enum dais_event_kind {
	DAIS_EVENT_CREATED,
	DAIS_EVENT_SHUTDOWN,
	DAIS_EVENT_PAUSED,
	DAIS_EVENT_UNPAUSED,
	DAIS_EVENT_RENAMED,
	DAIS_EVENT_DESTROYED,
	DAIS_EVENT_MODEL_LOST, /* its QEMU died */
};

struct dais_event {
	enum dais_event_kind kind;
	struct dais_domain domain; /* as it was last seen, if it is gone */
};
const char *dais_event_name(enum dais_event_kind kind);

/*
 * Watches: the first call takes stock, later ones wait up to @timeout_ms (-1: for ever) for
 * something to happen. Returns 1 with @event, 0 when nothing came in that time.
 */
int dais_event_wait(struct dais *host, struct dais_event *event, int timeout_ms,
		    struct dais_error *err);

#endif
