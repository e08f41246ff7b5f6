/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel proper is in its file: the payload of a Linux bzImage (setup header of the
 * x86 boot protocol, version 2.08 on), or the file itself. The last four bytes of a payload
 * are its size once unpacked; the kernel's build appends them, or, for gzip, the format has
 * them there itself. Pure logic over hostile bytes.
 */
#include <string.h>

#include "export.h"
#include "image/image.h"

#define SECTOR 512
#define HDR_SETUP_SECTS 0x1f1
#define HDR_MAGIC 0x202
#define HDR_VERSION 0x206
#define HDR_PAYLOAD_OFFSET 0x248
#define HDR_PAYLOAD_LENGTH 0x24c
#define HDR_END 0x250

/* Each format by the bytes it begins with, as the kernel's own build tells them apart. */
static const struct {
	const char *name;
	const char *magic;
	size_t length;
} packings[] = {
	[DAIS_PACK_NONE] = {"none", "\177ELF", 4},
	[DAIS_PACK_GZIP] = {"gzip", "\x1f\x8b", 2},
	[DAIS_PACK_BZIP2] = {"bzip2", "BZh", 3},
	[DAIS_PACK_LZMA] = {"lzma", "\x5d\0\0", 3},
	[DAIS_PACK_XZ] = {"xz", "\xfd\x37zXZ\0", 6},
	[DAIS_PACK_LZO] = {"lzo", "\x89LZO\0\r\n\x1a\n", 9},
	[DAIS_PACK_LZ4] = {"lz4", "\x02\x21\x4c\x18", 4},
	[DAIS_PACK_ZSTD] = {"zstd", "\x28\xb5\x2f\xfd", 4},
};

#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

EXPORT const char *dais_packing_name(enum dais_packing packing)
{
	return (size_t)packing < PACKINGS ? packings[packing].name : "unknown";
}

static uint32_t field32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int refuse(struct dais_error *err, const char *why)
{
	return dais_fail(err, DAIS_IMAGE, "read the kernel", NULL, "%s", why);
}

static int find_in_bzimage(const uint8_t *file, size_t size, struct dais_payload *payload,
			   struct dais_error *err)
{
	uint64_t start, length;

	if ((field32(file + HDR_VERSION) & 0xffff) < 0x208)
		return refuse(err, "it is older than boot protocol 2.08 (Linux 2.6.26)");
	start = (file[HDR_SETUP_SECTS] ? file[HDR_SETUP_SECTS] + 1u : 5u) * SECTOR;
	start += field32(file + HDR_PAYLOAD_OFFSET);
	length = field32(file + HDR_PAYLOAD_LENGTH);
	if (start > size || length > size - start)
		return refuse(err, "it is cut short: the bzImage's payload ends behind the file");
	if (length < 8)
		return refuse(err, "it is cut short: the bzImage has no payload");
	payload->data = file + start;
	payload->size = length;
	return 0;
}

static int identify(struct dais_payload *payload, struct dais_error *err)
{
	unsigned int i;

	for (i = 0; i < PACKINGS; i++) {
		if (payload->size >= packings[i].length &&
		    !memcmp(payload->data, packings[i].magic, packings[i].length)) {
			payload->packing = (enum dais_packing)i;
			return 0;
		}
	}
	return refuse(err, "it is neither an ELF image nor a bzImage, nor compressed in a way "
			   "that is known");
}

EXPORT int dais_payload_find(const void *file, size_t size, struct dais_payload *payload,
			     struct dais_error *err)
{
	const uint8_t *bytes = file;
	bool bzimage = size >= HDR_END && !memcmp(bytes + HDR_MAGIC, "HdrS", 4) &&
		       memcmp(bytes, packings[DAIS_PACK_NONE].magic, 4) != 0;

	*payload = (struct dais_payload){.data = file, .size = size};
	if (bzimage && find_in_bzimage(bytes, size, payload, err))
		return -1;
	if (identify(payload, err))
		return -1;
	if (payload->packing == DAIS_PACK_NONE) {
		payload->unpacked = payload->size;
		return 0;
	}
	if (bzimage || (payload->packing == DAIS_PACK_GZIP && payload->size >= 8)) {
		payload->unpacked = field32((const uint8_t *)payload->data + payload->size -
					    sizeof(uint32_t));
		if (payload->unpacked == 0 || payload->unpacked > DAIS_IMAGE_MAX)
			return refuse(err, "the size it claims to have unpacked makes no sense; "
					   "the file is damaged");
	}
	if (bzimage && payload->packing != DAIS_PACK_GZIP)
		payload->size -= sizeof(uint32_t);
	return 0;
}
