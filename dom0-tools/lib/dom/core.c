// SPDX-License-Identifier: MIT
/*
 * A domain's core: its memory, vCPUs and shared page in a file. Which frames are its own the
 * hypervisor says, and what the guest calls them the machine-to-physical table: nothing that the
 * guest keeps itself is read for it, so that also one that crashed before it had set up anything,
 * or that lies, leaves a core.
 *
 * The file gets its name when it is whole (coreplace.h). It holds all that the guest knew: only
 * root reads it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <xen/domctl.h>

#include "cleanup.h"
#include "dom/corefile.h"
#include "dom/coreplace.h"
#include "dom/host.h"
#include "export.h"
#include "hv/inspect.h"
#include "hv/memory.h"
#include "hv/sysctl.h"

#define WHAT "write a core of"
#define DUMPS "/var/lib/dais/dump"
#define PIECES_MAX 4096 /* of 1 GiB each */
#define PAGES_AT_ONCE 512
#define PFN_MAX (UINT64_C(1) << 40) /* above are marks: not memory of the guest's */
/* Of the file system a part stays free, so that crashing guests do not fill up dom0's. */
#define KEEP_FREE_PART 20
#define KEEP_FREE_MAX (UINT64_C(1) << 30)

struct dump {
	struct hv *hv;
	uint32_t domid;
	struct xen_domctl_getdomaininfo info;
	struct core_frame *frames;
	size_t count, room;
	struct vcpu_guest_context *vcpus;
	size_t vcpu_count;
};

/* ----- what is written ----- */

static int keep(struct dump *d, const struct core_frame *frame)
{
	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 4096;
		void *more = realloc(d->frames, room * sizeof(*d->frames));

		if (!more)
			return -1;
		d->frames = more;
		d->room = room;
	}
	d->frames[d->count++] = *frame;
	return 0;
}

/* Keeps those of the frames that are the domain's. */
static int keep_own(struct dump *d, const struct core_frame *some, size_t count)
{
	xen_pfn_t types[HV_TYPES_MAX];

	for (size_t i = 0; i < count; i++)
		types[i] = some[i].mfn;
	if (count && hv_frame_types(d->hv, d->domid, types, count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (types[i] < XEN_DOMCTL_PFINFO_BROKEN && keep(d, &some[i]))
			return -1;
	}
	return 0;
}

static int look_through(struct dump *d, const xen_pfn_t *m2p, const int *errors, uint64_t first)
{
	struct core_frame some[HV_TYPES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < HV_M2P_ENTRIES; i++) {
		uint64_t pfn = PFN_MAX;

		if (!errors[i / (CORE_PAGE / sizeof(*m2p))])
			pfn = ((const volatile xen_pfn_t *)m2p)[i]; /* it may change any time */
		if (pfn < PFN_MAX)
			some[n++] = (struct core_frame){pfn, first + i};
		if (n == HV_TYPES_MAX || i + 1 == HV_M2P_ENTRIES) {
			if (keep_own(d, some, n))
				return -1;
			n = 0;
		}
	}
	return 0;
}

static int by_pfn(const void *a, const void *b)
{
	const struct core_frame *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

static int find_frames(struct dump *d)
{
	autofree xen_pfn_t *pieces = calloc(PIECES_MAX, sizeof(*pieces));
	int count = pieces ? hv_m2p_pieces(d->hv, pieces, PIECES_MAX) : -1;

	for (int i = 0; i < count; i++) {
		int errors[HV_M2P_FRAMES], ret = -1;
		const xen_pfn_t *m2p = hv_m2p_map(d->hv, pieces[i], errors);

		if (m2p)
			ret = look_through(d, m2p, errors, (uint64_t)i * HV_M2P_ENTRIES);
		hv_unmap(d->hv, (void *)(uintptr_t)m2p, HV_M2P_FRAMES);
		if (ret)
			return -1;
	}
	if (d->count)
		qsort(d->frames, d->count, sizeof(*d->frames), by_pfn);
	return count < 0 ? -1 : 0;
}

static int find_vcpus(struct dump *d)
{
	d->vcpus = calloc(d->info.max_vcpu_id + 1, sizeof(*d->vcpus));
	if (!d->vcpus)
		return -1;
	/* Those that were never started have no registers. */
	for (uint32_t i = 0; i <= d->info.max_vcpu_id; i++) {
		if (!hv_get_context(d->hv, d->domid, i, &d->vcpus[d->vcpu_count]))
			d->vcpu_count++;
	}
	return 0;
}

static int find_version(struct hv *hv, struct core_version *v)
{
	unsigned int major, minor;

	if (hv_version(hv, &major, &minor) ||
	    hv_version_answer(hv, XENVER_extraversion, v->extra, sizeof(v->extra)) ||
	    hv_version_answer(hv, XENVER_compile_info, &v->compile, sizeof(v->compile)) ||
	    hv_version_answer(hv, XENVER_capabilities, v->capabilities, sizeof(v->capabilities)) ||
	    hv_version_answer(hv, XENVER_changeset, v->changeset, sizeof(v->changeset)) ||
	    hv_version_answer(hv, XENVER_platform_parameters, &v->platform, sizeof(v->platform)))
		return -1;
	v->major = major;
	v->minor = minor;
	v->page_size = CORE_PAGE;
	return 0;
}

/* ----- the file ----- */

/* What cannot be mapped (a running guest may have given it away meanwhile) stays a hole. */
static int write_some(struct dump *d, const struct core *core, size_t first, size_t count)
{
	xen_pfn_t mfns[PAGES_AT_ONCE];
	int errors[PAGES_AT_ONCE], ret = 0;
	const char *pages;

	for (size_t i = 0; i < count; i++)
		mfns[i] = d->frames[first + i].mfn;
	pages = hv_map_some(d->hv, d->domid, mfns, errors, count);
	if (!pages)
		return -1;
	for (size_t i = 0, n; i < count && !ret; i += n) {
		for (n = 0; i + n < count && !errors[i + n]; n++)
			;
		ret = corefile_pages(core, first + i, pages + i * CORE_PAGE, n);
		n += i + n < count;
	}
	hv_unmap(d->hv, (void *)(uintptr_t)pages, count);
	return ret;
}

static int write_core(struct dump *d, struct core *core, int fd)
{
	if (corefile_begin(core, fd))
		return -1;
	for (size_t i = 0; i < d->count; i += PAGES_AT_ONCE) {
		size_t n = d->count - i < PAGES_AT_ONCE ? d->count - i : PAGES_AT_ONCE;

		if (write_some(d, core, i, n))
			return -1;
	}
	return corefile_end(core);
}

static int check_room(int fd, uint64_t size, const char *name, struct dais_error *err)
{
	struct statvfs fs;
	uint64_t free_bytes, kept;

	if (fstatvfs(fd, &fs) || !fs.f_blocks)
		return 0;
	free_bytes = fs.f_bavail * fs.f_frsize;
	kept = fs.f_blocks / KEEP_FREE_PART * fs.f_frsize;
	kept = kept < KEEP_FREE_MAX ? kept : KEEP_FREE_MAX;
	if (size < free_bytes && kept < free_bytes - size)
		return 0;
	dais_fail(err, DAIS_FAILED, WHAT, name,
		  "it takes %llu MiB of %llu MiB that are free, of which %llu MiB are kept",
		  (unsigned long long)size >> 20, (unsigned long long)free_bytes >> 20,
		  (unsigned long long)kept >> 20);
	return dais_hint(err, "remove cores in " DUMPS ", or mount a file system there");
}

static int write_file(struct dump *d, struct core *core, struct coreplace *place, const char *name,
		      struct dais_error *err)
{
	if (check_room(place->fd, corefile_size(core), name, err))
		return -1;
	if (write_core(d, core, place->fd) || coreplace_finish(place))
		return dais_fail_errno(err, DAIS_FAILED, errno, WHAT, place->path);
	return 0;
}

static int dump_to(struct dais *host, const struct dais_domain *domain, struct coreplace *place,
		   struct dais_error *err)
{
	struct dump d = {.hv = &host->hv, .domid = domain->domid};
	struct core core = {.fd = -1};
	void *shared = NULL;
	xen_pfn_t shared_frame;
	int ret = -1;

	if (hv_domain_info(d.hv, d.domid, &d.info))
		return domain_failed(err, WHAT, d.domid);
	shared_frame = d.info.shared_info_frame;
	shared = hv_map(d.hv, d.domid, PROT_READ, &shared_frame, 1);
	if (!shared || find_version(d.hv, &core.version) || find_vcpus(&d) || find_frames(&d)) {
		dais_fail_errno(err, DAIS_FAILED, errno, WHAT, domain->name);
	} else {
		core.vcpus = d.vcpus;
		core.vcpu_count = d.vcpu_count;
		core.shared_info = shared;
		core.frames = d.frames;
		core.frame_count = d.count;
		ret = write_file(&d, &core, place, domain->name, err);
	}
	hv_unmap(d.hv, shared, 1);
	free(d.frames);
	free(d.vcpus);
	return ret;
}

EXPORT char *dais_dump_path(const struct dais_domain *domain, char *path, size_t size)
{
	const size_t dir = sizeof(DUMPS "/") - 1;

	snprintf(path, size, DUMPS "/%.240s.core", domain->name);
	/* Other tools take any name: as with logs, none leads elsewhere. */
	for (size_t i = dir; i < size && path[i]; i++) {
		if (path[i] == '/' || iscntrl((unsigned char)path[i]) ||
		    (i == dir && path[i] == '.'))
			path[i] = '_';
	}
	return path;
}

EXPORT void dais_dump_tidy(void)
{
	coreplace_tidy(DUMPS);
}

EXPORT int dais_dump_core(struct dais *host, const struct dais_domain *domain, const char *path,
			  struct dais_error *err)
{
	struct coreplace place;
	char usual[320];
	int ret;

	if (!domain->domid)
		return dais_fail(err, DAIS_STATE, WHAT, domain->name,
				 "it would have to hold still while it writes its own");
	if (!path) {
		mkdir("/var/lib/dais", 0755);
		mkdir(DUMPS, 0700);
		path = dais_dump_path(domain, usual, sizeof(usual));
	}
	/* First of all: who ends the domain when its core is there may be at it. */
	ret = coreplace_take(&place, path);
	if (ret < 0)
		dais_fail_errno(err, DAIS_FAILED, errno, WHAT, path);
	else
		ret = ret ? 0 : dump_to(host, domain, &place, err);
	coreplace_leave(&place);
	return ret;
}
