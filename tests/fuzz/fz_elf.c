// SPDX-License-Identifier: MIT
/*
 * elf_parse() on any bytes: stays inside them, and what it accepts keeps the promises of
 * elf.h, on which the dom0 builder relies without a look of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "builder/elf.h"
#include "lib/abi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image img;
	struct elf_segment seg;

	if (elf_parse(data, size, &img)) {
		if (!img.why || !*img.why)
			abort();
		return 0;
	}
	if (img.entry - img.virt_start >= img.virt_end - img.virt_start ||
	    img.virt_end - img.virt_base > ELF_SPAN_MAX || img.virt_base & ~PAGE_MASK ||
	    (img.virt_base < HYPERVISOR_VIRT_END && img.virt_base + ELF_SPAN_MAX > 1ul << 47))
		abort();
	if (!memchr(img.guest_os, 0, 16))
		abort();
	for (unsigned int i = 0; elf_segment(&img, i, &seg); i++) {
		size_t at = (size_t)((const uint8_t *)seg.data - data);

		if (at > size || seg.filesz > size - at || seg.filesz > seg.memsz ||
		    seg.vaddr - img.virt_base != seg.paddr ||
		    seg.paddr + seg.memsz > img.virt_end - img.virt_base)
			abort();
	}
	return 0;
}
