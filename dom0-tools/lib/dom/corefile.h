/* SPDX-License-Identifier: MIT */
/*
 * The file of a core, as Xen's dump-core format has it: ELF, with all of it in sections.
 *
 *	.note.Xen          the hypervisor, the numbers of vCPUs and pages
 *	.xen_prstatus      struct vcpu_guest_context of each vCPU
 *	.xen_shared_info   the page
 *	.xen_p2m           struct core_frame of each page: what the guest calls it, and the frame
 *	.xen_pages         the pages, in that order
 */
#ifndef DAIS_DOM_COREFILE_H
#define DAIS_DOM_COREFILE_H

#include <stddef.h>
#include <stdint.h>

#include <xen/version.h>
#include <xen/xen.h>

#define CORE_PAGE 4096ul

struct core_frame {
	uint64_t pfn, mfn;
};

/* The description of the note XEN_ELFNOTE_DUMPCORE_XEN_VERSION. */
struct core_version {
	uint64_t major, minor;
	xen_extraversion_t extra;
	xen_compile_info_t compile;
	xen_capabilities_info_t capabilities;
	xen_changeset_info_t changeset;
	xen_platform_parameters_t platform;
	uint64_t page_size;
};

struct core {
	struct core_version version;
	const struct vcpu_guest_context *vcpus;
	size_t vcpu_count;
	const void *shared_info; /* a page; NULL: none */
	const struct core_frame *frames;
	size_t frame_count;
	/* Set by corefile_begin(). */
	int fd;
	uint64_t pages_at; /* where page 0 is in the file */
};

/* How large the file is going to be. */
uint64_t corefile_size(const struct core *core);
/* Writes all but the pages. -1 with errno. */
int corefile_begin(struct core *core, int fd);
/* Writes @count pages from the @first one on; those of zeros take no room. */
int corefile_pages(const struct core *core, size_t first, const void *pages, size_t count);
/* No page is missing: the file has its size, whatever of it takes room. */
int corefile_end(const struct core *core);

#endif
