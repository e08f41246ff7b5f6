// SPDX-License-Identifier: MIT
/*
 * Any bytes as a kernel's file, for the tools: what is found lies inside, what is unpacked fits,
 * and an ELF image that is accepted keeps the promises of image.h.
 */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

#define ROOM (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_elf(const uint8_t *data, size_t size)
{
	struct dais_elf elf;
	uint64_t last = 0;

	if (dais_elf_parse(data, size, &elf, NULL))
		return;
	if (elf.entry - elf.virt_start >= elf.virt_end - elf.virt_start || !elf.segments)
		abort();
	if (!memchr(elf.guest_os, 0, sizeof(elf.guest_os)))
		abort();
	for (unsigned int i = 0; i < elf.segments; i++) {
		const struct dais_segment *s = &elf.segment[i];
		size_t at = (size_t)((const uint8_t *)s->data - data);

		if (at > size || s->filesz > size - at || s->filesz > s->memsz ||
		    s->vaddr - elf.virt_base != s->paddr || s->paddr < last)
			abort();
		last = s->paddr + s->memsz;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[ROOM];
	struct dais_payload payload;
	size_t at, used;

	check_elf(data, size);
	if (dais_payload_find(data, size, &payload, NULL))
		return 0;
	at = (size_t)((const uint8_t *)payload.data - data);
	if (at > size || payload.size > size - at || payload.unpacked > DAIS_IMAGE_MAX)
		abort();
	if (!dais_payload_unpack(&payload, out, ROOM, &used, NULL)) {
		if (used > ROOM)
			abort();
		check_elf(out, used);
	}
	return 0;
}
