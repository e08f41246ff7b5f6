// SPDX-License-Identifier: MIT
/* quota.h: one account per domain that has used anything or has limits of its own. */
#include "quota.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "loop.h"
#include "mem.h"
#include "perm.h"

struct account {
	int64_t used[QUOTA_COUNT];
	uint32_t limit[QUOTA_COUNT];
	uint16_t own; /* bit per limit */
	bool over_soft; /* it was said that it is */
	uint64_t said_at; /* ms, or 0 */
};

/* ms between two lines about one domain's memory: it could go up and down all day. */
#define SAY_AGAIN 60000

static const struct {
	const char *name, *text;
} quotas[QUOTA_COUNT] = {
	[QUOTA_NODES] = {"nodes", "Nodes per domain"},
	[QUOTA_WATCHES] = {"watches", "Watches per domain"},
	[QUOTA_TRANSACTIONS] = {"transactions", "Transactions per domain"},
	[QUOTA_OUTSTANDING] = {"outstanding", "Outstanding requests per domain"},
	[QUOTA_TRANSACTION_NODES] = {"transaction-nodes",
				     "Max. number of accessed nodes per transaction"},
	[QUOTA_MEMORY] = {"memory", "Total Xenstore memory per domain (error level)"},
	[QUOTA_NODE_SIZE] = {"node-size", "Max. size of a node"},
	[QUOTA_PATH_MAX] = {"path-max", "Max. length of a node path"},
	[QUOTA_PERMISSIONS] = {"permissions", "Max. number of permissions per node"},
	[QUOTA_REPLY_BYTES] = {"reply-bytes", "Bytes of unread replies and events per domain"},
	[QUOTA_MEMORY_SOFT] = {"memory-soft", "Total Xenstore memory per domain (warning level)"},
};

static uint32_t limits[QUOTA_COUNT] = {
	[QUOTA_NODES] = 1000,
	[QUOTA_WATCHES] = 128,
	[QUOTA_TRANSACTIONS] = 10,
	[QUOTA_OUTSTANDING] = 20,
	[QUOTA_TRANSACTION_NODES] = 1024,
	[QUOTA_MEMORY] = 2621440,
	[QUOTA_NODE_SIZE] = 2048,
	[QUOTA_PATH_MAX] = 2048,
	[QUOTA_PERMISSIONS] = 5,
	[QUOTA_REPLY_BYTES] = 65536,
	[QUOTA_MEMORY_SOFT] = 2097152,
};

static unsigned int running; /* bit per limit that was set while running */

static struct account *accounts[DOMID_LIMIT];

const char *quota_name(enum quota q)
{
	return quotas[q].name;
}

const char *quota_text(enum quota q)
{
	return quotas[q].text;
}

enum quota quota_find(const char *name)
{
	int q = 0;

	while (q < QUOTA_COUNT && strcmp(quotas[q].name, name) != 0)
		q++;
	return (enum quota)q;
}

static struct account *account(unsigned int domid)
{
	return domid < DOMID_LIMIT ? accounts[domid] : NULL;
}

bool quota_is_own(unsigned int domid, enum quota q)
{
	const struct account *a = account(domid);

	return a && a->own >> q & 1;
}

uint32_t quota_limit(unsigned int domid, enum quota q)
{
	return quota_is_own(domid, q) ? accounts[domid]->limit[q] : limits[q];
}

void quota_set_all(enum quota q, uint32_t limit)
{
	limits[q] = limit;
}

void quota_set_running(enum quota q, uint32_t limit)
{
	limits[q] = limit;
	running |= 1u << q;
}

bool quota_is_running(enum quota q)
{
	return running >> q & 1;
}

int quota_set(unsigned int domid, enum quota q, uint32_t limit)
{
	int err = quota_open(domid);

	if (err)
		return err;
	if (!account(domid))
		return EINVAL;
	accounts[domid]->limit[q] = limit;
	accounts[domid]->own |= (uint16_t)(1u << q);
	return 0;
}

int64_t quota_used(unsigned int domid, enum quota q)
{
	const struct account *a = account(domid);

	return a ? a->used[q] : 0;
}

static void look_at_soft(unsigned int domid, struct account *a)
{
	bool over = a->used[QUOTA_MEMORY] > quota_limit(domid, QUOTA_MEMORY_SOFT);

	if (over == a->over_soft || (a->said_at && loop_now() < a->said_at + SAY_AGAIN))
		return;
	a->over_soft = over;
	a->said_at = loop_now();
	log_line(LOG_WARNING, "domain %u is %s its soft memory quota", domid,
		 over ? "over" : "below");
}

void quota_charge(unsigned int domid, enum quota q, int64_t change)
{
	struct account *a = account(domid);

	if (!a)
		return;
	a->used[q] += change;
	if (q == QUOTA_MEMORY)
		look_at_soft(domid, a);
}

int quota_open(unsigned int domid)
{
	if (!domid || domid >= DOMID_LIMIT || accounts[domid])
		return 0;
	accounts[domid] = mem_alloc(sizeof(struct account));
	if (!accounts[domid])
		return ENOMEM;
	memset(accounts[domid], 0, sizeof(struct account));
	return 0;
}

void quota_close(unsigned int domid)
{
	if (domid >= DOMID_LIMIT)
		return;
	mem_free(accounts[domid], sizeof(struct account));
	accounts[domid] = NULL;
}
