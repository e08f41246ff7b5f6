// SPDX-License-Identifier: MIT
/*
 * The setup header of Linux's x86 boot protocol, of which three facts matter: how long
 * the real-mode part is, and offset and length of the payload behind it (protocol 2.08
 * on).  The last four bytes of a payload are its size once unpacked; the kernel build
 * appends them, or, for gzip, the format has them there itself.
 */
#include "builder/bzimage.h"

#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"
#include "lib/unaligned.h"

#define SECTOR 512
#define HDR_SETUP_SECTS 0x1f1
#define HDR_MAGIC 0x202
#define HDR_VERSION 0x206
#define HDR_PAYLOAD_OFFSET 0x248
#define HDR_PAYLOAD_LENGTH 0x24c
#define HDR_END 0x250

static int __init refuse(struct payload *out, const char *why)
{
	out->why = why;
	return -EINVAL;
}

/* The payload's place, or -EINVAL. */
static int __init bzimage_payload(const u8 *image, size_t size, struct payload *out)
{
	u64 start, len;

	if ((load32(image + HDR_VERSION) & 0xffff) < 0x208)
		return refuse(out, "bzImage older than boot protocol 2.08 (Linux 2.6.26)");
	start = (image[HDR_SETUP_SECTS] ? image[HDR_SETUP_SECTS] + 1u : 5u) * SECTOR;
	start += load32(image + HDR_PAYLOAD_OFFSET);
	len = load32(image + HDR_PAYLOAD_LENGTH);
	if (start > size || len > size - start)
		return refuse(out, "bzImage is truncated: its payload ends behind the file");
	out->data = image + start;
	out->len = len;
	return 0;
}

int __init bzimage_find(const void *image, size_t size, struct payload *out)
{
	const u8 *bytes = image;

	*out = (struct payload){.data = image, .len = size, .why = ""};
	if (size >= HDR_END && !memcmp(bytes + HDR_MAGIC, "HdrS", 4) &&
	    bzimage_payload(bytes, size, out))
		return -EINVAL;
	out->format = unpack_identify(out->data, out->len, &out->why);
	if (out->format == UNPACK_UNKNOWN)
		return -EINVAL;
	if (out->format == UNPACK_NONE) {
		out->out_len = out->len;
		return 0;
	}
	if (out->data == image && out->format != UNPACK_GZIP)
		return refuse(out, "compressed, but not a bzImage");
	if (out->len < 8)
		return refuse(out, "bzImage is truncated: no payload");
	out->out_len = load32((const u8 *)out->data + out->len - 4);
	if (out->out_len == 0 || out->out_len > PAYLOAD_MAX)
		return refuse(out,
			      "size of the unpacked kernel makes no sense; the file is damaged");
	if (out->format != UNPACK_GZIP)
		out->len -= 4;
	return 0;
}
