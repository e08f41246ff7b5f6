/* SPDX-License-Identifier: MIT */
/*
 * Three domains with two vCPUs each around evtchn/, for t_evtchn.c and
 * fz_evtchn.c: everything that the room asks of others, played in host memory.
 * Domain 0 is privileged.  A guest address is a pointer of this process.
 */
#ifndef TESTS_UNIT_EVTCHN_HOST_H
#define TESTS_UNIT_EVTCHN_HOST_H

#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "hostheap.h"
#include "hostpanic.h"
#include "irq/pirq.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAINS 3u
#define VCPUS 2u
#define PIRQS 8u

struct host_domain {
	struct domain d;
	struct shared_info shared;
	struct vcpu vcpu[VCPUS];
	struct vcpu *table[VCPUS];
	u32 pirq_port[PIRQS];
};

static struct host_domain doms[DOMAINS];
struct domain *dom0, *idle_domain;
static unsigned int kicked;
static int held_domains; /* references that were taken */

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d = id == DOMID_SELF ? current->domain : id < DOMAINS ? &doms[id].d : NULL;

	if (d)
		held_domains++;
	return d;
}

void domain_ref(struct domain *d)
{
	(void)d;
	held_domains++;
}

void domain_put(struct domain *d)
{
	(void)d;
	held_domains--;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

bool privileged(const struct domain *subject, enum privilege what, const struct domain *object)
{
	(void)what;
	return subject->is_privileged || subject == object;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (!va)
		return -EFAULT;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (!va)
		return -EFAULT;
	memcpy((void *)va, src, size);
	return 0;
}

long hypercall_continue1(unsigned long arg0)
{
	(void)arg0;
	return -ERESTART;
}

void *page_alloc(void)
{
	return calloc(1, PAGE_SIZE);
}

void page_free(void *page)
{
	free(page);
}

static struct host_domain *host(struct domain *d)
{
	return (struct host_domain *)d;
}

void pirq_set_cpu(struct domain *d, u32 pirq, unsigned int cpu)
{
	(void)d;
	(void)pirq;
	(void)cpu;
}

int pirq_bind(struct domain *d, u32 pirq, u32 port, bool share)
{
	(void)share;
	if (pirq >= PIRQS)
		return -EINVAL;
	if (!d->is_privileged)
		return -EPERM;
	if (host(d)->pirq_port[pirq])
		return -EEXIST;
	host(d)->pirq_port[pirq] = port;
	return 0;
}

void pirq_unbind(struct domain *d, u32 pirq)
{
	host(d)->pirq_port[pirq] = 0;
}

void pirq_unmasked(struct domain *d, u32 pirq)
{
	(void)d;
	(void)pirq;
}

/* As sched/vcpu.c has them, without a scheduler behind. */
void vcpu_wake_flags(struct vcpu *v, u32 flags)
{
	v->pause_flags &= ~flags;
}

void vcpu_mark_events_pending(struct vcpu *v)
{
	if (!v->info->evtchn_upcall_pending)
		kicked++;
	v->info->evtchn_upcall_pending = 1;
}

static void run_as(unsigned int domain, unsigned int vcpu)
{
	host_cpu_info[0].running = &doms[domain].vcpu[vcpu];
}

static void hosts_create(u32 max_port)
{
	memset(doms, 0, sizeof(doms));
	for (unsigned int i = 0; i < DOMAINS; i++) {
		struct host_domain *h = &doms[i];

		h->d.id = (domid_t)i;
		h->d.is_privileged = i == 0;
		h->d.max_vcpus = VCPUS;
		h->d.vcpu = h->table;
		h->d.shared_info = &h->shared;
		h->d.max_evtchn_port = max_port;
		for (unsigned int n = 0; n < VCPUS; n++) {
			h->vcpu[n].domain = &h->d;
			h->vcpu[n].id = n;
			h->vcpu[n].info = &h->shared.vcpu_info[n];
			h->table[n] = &h->vcpu[n];
		}
		if (evtchn_domain_init(&h->d))
			abort();
	}
	dom0 = &doms[0].d;
	run_as(0, 0);
}

static void hosts_check(void)
{
	if (held_domains)
		abort();
	for (unsigned int i = 0; i < DOMAINS; i++)
		if (doms[i].d.evtchn)
			evtchn_check(&doms[i].d);
}

static void host_destroy(unsigned int i)
{
	if (!doms[i].d.evtchn)
		return;
	while (evtchn_domain_destroy(&doms[i].d) == -ERESTART)
		cpu_info()->deferred = 0;
	for (unsigned int n = 0; n < VCPUS; n++)
		for (unsigned int q = 0; q < NR_VIRQS_USED; q++)
			if (doms[i].vcpu[n].virq_port[q])
				abort();
	for (unsigned int p = 0; p < PIRQS; p++)
		if (doms[i].pirq_port[p])
			abort();
	evtchn_domain_free(&doms[i].d);
}

#endif
