/* SPDX-License-Identifier: MIT */
/*
 * Kernels for PV guests: a bzImage in any compression or a bare ELF file becomes a checked
 * description of its segments and Xen notes, over bytes that nobody else can change.
 *
 * The files come from guests' owners and are hostile. Unpacking and reading happen in a child
 * process without rights (its own user, no new files, seccomp) and within limits; what it
 * hands back is sealed and checked again here. Unpacked kernels are kept by digest in a cache
 * directory, so that the same kernel is unpacked once.
 */
#ifndef DAIS_IMAGE_H
#define DAIS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define DAIS_IMAGE_MAX (1ull << 30) /* no kernel or ramdisk is larger, packed or unpacked */
#define DAIS_SEGMENTS_MAX 16
#define DAIS_IMAGE_CACHE "/var/cache/dais/kernels"

/*
 * One loadable piece. filesz <= memsz, data lies in the image, vaddr = virt_base + paddr
 * whatever the file says, segments do not overlap and stand in ascending order.
 */
struct dais_segment {
	const void *data;
	uint64_t filesz, memsz;
	uint64_t vaddr;
	uint64_t paddr; /* from the guest's first page, PADDR_OFFSET taken off */
};

/* A 64-bit PV kernel (<xen/elfnote.h>); all addresses are checked to lie inside it. */
struct dais_elf {
	uint64_t virt_base; /* the address of the guest's page 0; page aligned */
	uint64_t virt_start, virt_end; /* all segments; page aligned */
	uint64_t entry;
	uint64_t hypercall_page; /* page aligned; if has_hypercall_page */
	uint64_t init_p2m; /* page aligned; if has_init_p2m */
	bool has_hypercall_page, has_init_p2m;
	bool suspend_cancel;
	bool mod_start_pfn; /* the ramdisk may be passed unmapped, by its page number */
	bool loader_generic; /* LOADER note says "generic" */
	bool bsd_symtab; /* wants its symbols loaded behind it */
	uint64_t l1_mfn_mask, l1_mfn_value; /* L1_MFN_VALID; zero without */
	uint32_t features_required, features_supported; /* bits XENFEAT_* below 32 */
	char guest_os[32], guest_version[32], xen_version[32]; /* printable; "" if not said */
	unsigned int segments;
	struct dais_segment segment[DAIS_SEGMENTS_MAX];
};

/*
 * Reads @image (@size bytes, not changing meanwhile) into @elf, which points into it. Pure
 * logic over hostile bytes; @err names the fault. Alone it opens and allocates nothing.
 */
int dais_elf_parse(const void *image, size_t size, struct dais_elf *elf, struct dais_error *err);

/* How a payload is packed. */
enum dais_packing {
	DAIS_PACK_NONE, /* an ELF file as it is */
	DAIS_PACK_GZIP,
	DAIS_PACK_BZIP2,
	DAIS_PACK_LZMA,
	DAIS_PACK_XZ,
	DAIS_PACK_LZO,
	DAIS_PACK_LZ4,
	DAIS_PACK_ZSTD,
};

const char *dais_packing_name(enum dais_packing packing);

struct dais_payload {
	enum dais_packing packing;
	const void *data; /* in the file */
	size_t size; /* packed */
	size_t unpacked; /* as the file claims; 0: it does not say */
};

/* Finds what is to be unpacked in @file: a bzImage's payload, a packed or a bare ELF file. */
int dais_payload_find(const void *file, size_t size, struct dais_payload *payload,
		      struct dais_error *err);

/*
 * Unpacks into @out, which has room for @room bytes; the length goes to @used. More than @room
 * is an error, as is anything but one whole stream.
 */
int dais_payload_unpack(const struct dais_payload *payload, void *out, size_t room, size_t *used,
			struct dais_error *err);

/*
 * A file's bytes. With @data they are ours, read-only, and cannot change; without it (ramdisks)
 * they are still in the file @fd and are copied once, by dais_blob_read(), to where they go.
 */
struct dais_blob {
	const void *data; /* page aligned; NULL: in @fd */
	size_t size;
	int fd; /* -1 with @data */
};

/* Copies @size bytes at @offset to @to; all of them or -1 (the file was cut short meanwhile). */
int dais_blob_read(const struct dais_blob *blob, size_t offset, void *to, size_t size,
		   struct dais_error *err);

struct dais_image {
	struct dais_blob blob;
	struct dais_elf elf;
	enum dais_packing packing; /* DAIS_PACK_NONE also when it was not looked at again */
	bool cached; /* it was in the cache already */
};

struct dais_image_options {
	const char *cache; /* directory; NULL: DAIS_IMAGE_CACHE; "": do not use one */
	unsigned int seconds; /* for the child to be done; 0: 120 */
};

/* Opens the kernel at @path. @options may be NULL. The caller closes @image after success. */
int dais_image_open(const char *path, const struct dais_image_options *options,
		    struct dais_image *image, struct dais_error *err);
void dais_image_close(struct dais_image *image);

/*
 * Drops from the cache what was unpacked from @path, whose file may be gone. 1: it was there, and
 * went unless it is another path's kernel as well; 0: nothing was known of it.
 */
int dais_image_forget(const char *path, const struct dais_image_options *options,
		      struct dais_error *err);

/* A ramdisk: the bytes as they are (the guest unpacks it); at most DAIS_IMAGE_MAX. */
int dais_blob_open(const char *path, struct dais_blob *blob, struct dais_error *err);
void dais_blob_close(struct dais_blob *blob);

#endif
