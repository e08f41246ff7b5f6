/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's decoder of xz (xen/builder/), for the kernels that it is made for: one stream
 * of LZMA2, with the x86 filter or without, checked by CRC-32 or not at all.
 */
#ifndef DAIS_IMAGE_XZ_H
#define DAIS_IMAGE_XZ_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Unpacks the stream that @in begins with and says how much of @in was read and of @out written.
 * False, with @out in an undefined state: it is damaged, too large, or of another kind of xz.
 */
bool image_unpack_xz(const void *in, size_t size, void *out, size_t room, size_t *read,
		     size_t *written);

#endif
