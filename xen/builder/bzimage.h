/* SPDX-License-Identifier: MIT */
/*
 * Finds the kernel proper in what the boot loader hands over: the compressed payload
 * of a Linux bzImage, or a plain ELF image as it is.  Pure logic.
 */
#ifndef DAIS_BUILDER_BZIMAGE_H
#define DAIS_BUILDER_BZIMAGE_H

#include "builder/unpack.h"
#include "lib/types.h"

/* No kernel is larger when unpacked; bounds what a damaged size field can ask for. */
#define PAYLOAD_MAX (1ul << 30)

struct payload {
	enum unpack_format format; /* UNPACK_NONE: an ELF image, nothing to unpack */
	const void *data;
	size_t len;
	size_t out_len; /* once unpacked, exactly; 1 to PAYLOAD_MAX */
	const char *why; /* on refusal: static text that says what is wrong */
};

/* 0, or -EINVAL with out->why set.  out->data points into @image. */
int bzimage_find(const void *image, size_t size, struct payload *out);

#endif
