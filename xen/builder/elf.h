/* SPDX-License-Identifier: MIT */
/*
 * Reads a 64-bit PV kernel: an x86-64 ELF executable with Xen notes (docs/abi-coverage.md,
 * part A; <xen/elfnote.h>).  Pure logic over bytes nobody vouches for: every offset and
 * size is checked here, once, so that the builder can copy segments without a look.
 */
#ifndef DAIS_BUILDER_ELF_H
#define DAIS_BUILDER_ELF_H

#include "lib/types.h"

#define ELF_SEGMENTS_MAX 16
/* Segments must lie within this much from the kernel's pseudo-physical address 0. */
#define ELF_SPAN_MAX (1ul << 30)

/*
 * One loadable piece: filesz <= memsz, data lies in the image, and
 * vaddr = virt_base + paddr whatever the file's own vaddr says (Linux links its
 * per-CPU data at 0), with virt_start <= vaddr and vaddr + memsz <= virt_end.
 */
struct elf_segment {
	const void *data;
	u64 filesz, memsz;
	u64 vaddr;
	u64 paddr; /* pseudo-physical, less the PADDR_OFFSET note */
};

struct elf_image {
	const char *why; /* on refusal: static text that says what is wrong */
	u64 virt_base; /* address that shows pseudo-physical 0; page aligned */
	u64 virt_start, virt_end; /* the segments; page aligned down and up */
	u64 entry; /* inside them */
	u64 hypercall_page; /* inside them, page aligned; if has_hypercall_page */
	u64 init_p2m; /* page aligned, outside our hole; if has_init_p2m */
	u64 paddr_offset;
	bool has_hypercall_page, has_init_p2m;
	bool mod_start_pfn; /* the ramdisk may be passed unmapped, by PFN */
	u32 features_required, features_supported; /* bits XENFEAT_* */
	char guest_os[16]; /* "" if not said; cut short to fit */
	unsigned int segments;
	struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/* Checks all and fills in @out, which points into @image.  0, or -EINVAL with out->why. */
int elf_parse(const void *image, size_t size, struct elf_image *out);

/* The @i-th segment in @seg; false behind the last. */
bool elf_segment(const struct elf_image *img, unsigned int i, struct elf_segment *seg);

#endif
