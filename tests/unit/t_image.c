// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/image: a kernel made by hand is read as <xen/elfnote.h> says; then each thing
 * that can be wrong with it is made wrong. It is packed by every library, found in a bzImage,
 * unpacked, cut and damaged at every place.
 */
#include "check.h"

#include <bzlib.h>
#include <lz4hc.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "image/image.h"
#include "image/xz.h"
#include "kernelmade.h"

static struct made made;
static struct dais_elf elf;
static struct dais_error err;

/* Parses a copy of exactly that size, so that the sanitizer sees a byte too far. */
static int parse_size(size_t size)
{
	static uint8_t *copy;
	int rc;

	free(copy);
	copy = malloc(size ? size : 1);
	memcpy(copy, made.bytes, size);
	rc = dais_elf_parse(copy, size, &elf, &err);
	if (rc)
		CHECK(err.why[0] != '\0' && err.code == DAIS_IMAGE);
	return rc;
}

static int parse(void)
{
	return parse_size(MADE_SIZE);
}

static void test_elf(void)
{
	made_whole(&made);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(elf.virt_base, MADE_BASE);
	CHECK_EQ(elf.entry, MADE_BASE + 0x1000010);
	CHECK_EQ(elf.hypercall_page, MADE_BASE + 0x1001000);
	CHECK_EQ(elf.init_p2m, 0x8000000000ull);
	CHECK_EQ(elf.virt_start, MADE_BASE + 0x1000000);
	CHECK_EQ(elf.virt_end, MADE_BASE + 0x1003000);
	CHECK(elf.mod_start_pfn && elf.suspend_cancel && elf.has_init_p2m && elf.loader_generic);
	CHECK_EQ(elf.features_required, 1);
	CHECK_EQ(elf.features_supported, 0x11);
	CHECK(!strcmp(elf.guest_os, "linux") && !strcmp(elf.guest_version, "2.6"));
	CHECK_EQ(elf.segments, 2);
	CHECK_EQ(elf.segment[1].vaddr, MADE_BASE + 0x1001000); /* whatever its p_vaddr says */
	CHECK_EQ(elf.segment[1].memsz, 8192);
}

static void test_elf_order(void)
{
	Elf64_Phdr swap;

	made_whole(&made);
	swap = *made_segment(&made, 1);
	*made_segment(&made, 1) = *made_segment(&made, 2);
	*made_segment(&made, 2) = swap;
	CHECK_EQ(parse(), 0);
	CHECK(elf.segment[0].paddr == 0x1000000 && elf.segment[1].paddr == 0x1001000);
	made_segment(&made, 1)->p_paddr = 0x1000fff;
	CHECK_EQ(parse(), -1);
	CHECK(strstr(err.why, "overlap"));
	made_segment(&made, 1)->p_paddr = 0xfff001;
	CHECK_EQ(parse(), -1);
}

/* One note changed to what cannot be. */
static void test_elf_notes(void)
{
	static const struct {
		uint32_t type;
		uint64_t number;
		const char *text;
		int rc;
	} changes[] = {
		{XEN_ELFNOTE_XEN_VERSION, 0, "xen-4.0", -1},
		{XEN_ELFNOTE_LOADER, 0, "other", -1},
		{XEN_ELFNOTE_FEATURES, 0, "!unheard_of", -1},
		{XEN_ELFNOTE_FEATURES, 0, "unheard_of|", 0},
		{XEN_ELFNOTE_FEATURES, 0, "!auto_translated_physmap", -1},
		{XEN_ELFNOTE_FEATURES, 0, "|", 0},
		{XEN_ELFNOTE_VIRT_BASE, MADE_BASE + 1, NULL, -1},
		{XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000ull, NULL, -1},
		{XEN_ELFNOTE_VIRT_BASE, ~0xfffull, NULL, -1},
		{XEN_ELFNOTE_INIT_P2M, 0xffff800000000000ull, NULL, -1},
		{XEN_ELFNOTE_INIT_P2M, 5, NULL, -1},
		{XEN_ELFNOTE_ENTRY, 0, NULL, -1},
		{XEN_ELFNOTE_ENTRY, MADE_BASE + 0x1003000, NULL, -1},
		{XEN_ELFNOTE_ENTRY, MADE_BASE + 0x1002fff, NULL, 0},
		{XEN_ELFNOTE_HYPERCALL_PAGE, MADE_BASE + 0x1001010, NULL, -1},
		{XEN_ELFNOTE_HYPERCALL_PAGE, MADE_BASE, NULL, -1},
		{XEN_ELFNOTE_HV_START_LOW, ~0ull, NULL, -1},
		{XEN_ELFNOTE_PADDR_OFFSET, 0x1000000, NULL, -1}, /* the entry is outside then */
		{1000, 0, NULL, 0},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		made_whole(&made);
		if (changes[i].text)
			made_text(&made, changes[i].type, changes[i].text);
		else
			made_number(&made, changes[i].type, changes[i].number);
		if (parse() != changes[i].rc)
			fprintf(stderr, "  change %zu: %s\n", i, err.why);
		CHECK_EQ(parse(), changes[i].rc);
	}
	made_bare(&made);
	CHECK_EQ(parse(), -1);
	CHECK(strstr(err.why, "CONFIG_XEN_PV"));
}

static void test_elf_broken(void)
{
	/* Cut anywhere: never beyond the end, and never accepted with a segment missing. */
	made_whole(&made);
	for (size_t size = 0; size < MADE_SIZE; size += size < 1100 ? 1 : 509)
		CHECK_EQ(parse_size(size), -1);
	/* Every byte of headers and notes turned over: no crash; what is accepted is in bounds. */
	for (size_t at = 0; at < 1024; at++) {
		made_whole(&made);
		made.bytes[at] ^= 0xff;
		if (parse())
			continue;
		for (unsigned int i = 0; i < elf.segments; i++)
			CHECK(elf.segment[i].filesz <= elf.segment[i].memsz &&
			      elf.segment[i].filesz <= MADE_SIZE);
	}
	made_whole(&made);
	made_header(&made)->e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_EQ(parse(), -1);
	made_whole(&made);
	made_header(&made)->e_phnum = 0xffff;
	CHECK_EQ(parse(), -1);
	made_whole(&made);
	made_segment(&made, 1)->p_memsz = DAIS_IMAGE_MAX;
	CHECK_EQ(parse(), -1);
}

/* ----- packings ----- */

static size_t pack_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in,
		      .avail_in = (uInt)size,
		      .next_out = out,
		      .avail_out = (uInt)room};

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_bzip2(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	unsigned int length = (unsigned int)room;

	BZ2_bzBuffToBuffCompress((char *)out, &length, (char *)(uintptr_t)in, (unsigned int)size, 9,
				 0, 0);
	return length;
}

static size_t run_lzma(lzma_stream *z, const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	z->next_in = in;
	z->avail_in = size;
	z->next_out = out;
	z->avail_out = room;
	CHECK_EQ(lzma_code(z, LZMA_FINISH), LZMA_STREAM_END);
	room = z->total_out;
	lzma_end(z);
	return room;
}

static size_t pack_lzma(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 1);
	CHECK_EQ(lzma_alone_encoder(&z, &options), LZMA_OK);
	return run_lzma(&z, in, size, out, room);
}

static size_t pack_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	lzma_stream z = LZMA_STREAM_INIT;

	CHECK_EQ(lzma_easy_encoder(&z, 1, LZMA_CHECK_CRC32), LZMA_OK);
	return run_lzma(&z, in, size, out, room);
}

static void put_big(uint8_t **at, uint32_t v)
{
	*(*at)++ = (uint8_t)(v >> 24);
	*(*at)++ = (uint8_t)(v >> 16);
	*(*at)++ = (uint8_t)(v >> 8);
	*(*at)++ = (uint8_t)v;
}

/* As lzop writes it: version 0x1030, Adler sums of unpacked data, blocks of 8 KiB. */
static size_t pack_lzo(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	static uint8_t work[LZO1X_1_MEM_COMPRESS];
	uint8_t *at = out;

	(void)room;
	memcpy(at, "\x89LZO\0\r\n\x1a\n\x10\x30\x20\xa0\x09\x40\x01\x05", 17);
	at += 17;
	put_big(&at, 0x03000001); /* flags: unix, Adler sums of what is unpacked */
	put_big(&at, 0100644);
	put_big(&at, 0);
	put_big(&at, 0);
	*at++ = 0;
	put_big(&at, 0); /* the header's own sum */
	for (size_t done = 0; done < size;) {
		size_t length = size - done < 8192 ? size - done : 8192;
		lzo_uint packed = 0;
		uint8_t *sums = at + 12;

		lzo1x_1_compress(in + done, length, sums, &packed, work);
		if (packed >= length) {
			packed = length;
			memcpy(sums, in + done, length);
		}
		put_big(&at, (uint32_t)length);
		put_big(&at, (uint32_t)packed);
		put_big(&at, 0);
		at += packed;
		done += length;
	}
	put_big(&at, 0);
	return (size_t)(at - out);
}

static size_t pack_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	uint32_t length = (uint32_t)LZ4_compress_HC((const char *)in, (char *)out + 8, (int)size,
						    (int)room - 8, 9);

	memcpy(out, "\x02\x21\x4c\x18", 4);
	memcpy(out + 4, &length, 4);
	return length + 8;
}

static size_t pack_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	return ZSTD_compress(out, room, in, size, 3);
}

#define ROOM 65536u

static const struct {
	enum dais_packing packing;
	size_t (*pack)(const uint8_t *in, size_t size, uint8_t *out, size_t room);
} packings[] = {
	{DAIS_PACK_GZIP, pack_gzip}, {DAIS_PACK_BZIP2, pack_bzip2}, {DAIS_PACK_LZMA, pack_lzma},
	{DAIS_PACK_XZ, pack_xz},     {DAIS_PACK_LZO, pack_lzo},     {DAIS_PACK_LZ4, pack_lz4},
	{DAIS_PACK_ZSTD, pack_zstd},
};

#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

/* The made kernel as a bzImage in @file; returns its size. */
static size_t pack_kernel(size_t which, uint8_t *file)
{
	static uint8_t payload[ROOM];
	const uint32_t size = MADE_SIZE;
	size_t length = packings[which].pack(made.bytes, MADE_SIZE, payload, ROOM - 4);

	if (packings[which].packing != DAIS_PACK_GZIP) {
		memcpy(payload + length, &size, 4);
		length += 4;
	}
	return made_bzimage(file, payload, length);
}

/* Finds and unpacks from a buffer of exactly that size. */
static int unpack(const uint8_t *file, size_t size, size_t room, uint8_t *out, size_t *used)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct dais_payload payload;
	int rc;

	memcpy(copy, file, size);
	rc = dais_payload_find(copy, size, &payload, &err);
	if (!rc)
		rc = dais_payload_unpack(&payload, out, room, used, &err);
	free(copy);
	return rc;
}

/*
 * Every kind of xz is unpacked, the two that kernels are packed in by the hypervisor's decoder.
 */
static void test_xz_kinds(void)
{
	static uint8_t file[ROOM], out[MADE_SIZE];
	lzma_options_delta delta = {.type = LZMA_DELTA_TYPE_BYTE, .dist = 4};
	lzma_options_lzma options;
	const lzma_filter lzma2 = {LZMA_FILTER_LZMA2, &options}, end = {LZMA_VLI_UNKNOWN, NULL};
	const struct {
		lzma_filter filters[3];
		lzma_check check;
		bool kernels;
	} kinds[] = {
		{{{LZMA_FILTER_X86, NULL}, lzma2, end}, LZMA_CHECK_CRC32, true},
		{{lzma2, end}, LZMA_CHECK_CRC32, true},
		{{lzma2, end}, LZMA_CHECK_NONE, true},
		{{lzma2, end}, LZMA_CHECK_CRC64, false},
		{{lzma2, end}, LZMA_CHECK_SHA256, false},
		{{{LZMA_FILTER_ARM, NULL}, lzma2, end}, LZMA_CHECK_CRC32, false},
		{{{LZMA_FILTER_DELTA, &delta}, lzma2, end}, LZMA_CHECK_CRC32, false},
	};

	lzma_lzma_preset(&options, 1);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		lzma_stream z = LZMA_STREAM_INIT;
		size_t size, read, used;

		CHECK_EQ(lzma_stream_encoder(&z, kinds[i].filters, kinds[i].check), LZMA_OK);
		size = run_lzma(&z, made.bytes, MADE_SIZE, file, sizeof(file));
		CHECK_EQ(image_unpack_xz(file, size, out, MADE_SIZE, &read, &used),
			 kinds[i].kernels);
		if (kinds[i].kernels)
			CHECK(read == size && used == MADE_SIZE);
		memset(out, 0, sizeof(out));
		CHECK_EQ(unpack(file, size, MADE_SIZE, out, &used), 0);
		CHECK(used == MADE_SIZE && !memcmp(out, made.bytes, MADE_SIZE));
		file[size / 2] ^= 0x10;
		if (kinds[i].check != LZMA_CHECK_NONE)
			CHECK_EQ(unpack(file, size, MADE_SIZE, out, &used), -1);
	}
}

static void test_packings(void)
{
	static uint8_t file[ROOM + 4096], out[MADE_SIZE];
	size_t used;

	made_whole(&made);
	/* Not all the same byte, so that there is something to unpack. */
	for (size_t i = MADE_CODE; i < MADE_SIZE; i++)
		made.bytes[i] = (uint8_t)(i * i >> 7);
	for (size_t i = 0; i < PACKINGS; i++) {
		size_t size = pack_kernel(i, file);
		struct dais_payload payload;
		int failures = check_failures;

		CHECK_EQ(dais_payload_find(file, size, &payload, &err), 0);
		CHECK_EQ(payload.packing, packings[i].packing);
		CHECK_EQ(payload.unpacked, MADE_SIZE);
		CHECK_EQ(unpack(file, size, MADE_SIZE, out, &used), 0);
		CHECK_EQ(used, MADE_SIZE);
		CHECK(!memcmp(out, made.bytes, MADE_SIZE));
		/* Too little room, and cut short. */
		CHECK_EQ(unpack(file, size, MADE_SIZE - 1, out, &used), -1);
		for (size_t cut = 0; cut < size; cut += 97)
			CHECK_EQ(unpack(file, cut, MADE_SIZE, out, &used), -1);
		/* Damaged: refused or not, nothing is written outside. */
		for (size_t at = 0x500; at < size; at += 13) {
			file[at] ^= 0x55;
			unpack(file, size, MADE_SIZE, out, &used);
			file[at] ^= 0x55;
		}
		/* The claimed size is not what comes out. */
		file[size - 4] ^= 1;
		CHECK_EQ(unpack(file, size, MADE_SIZE, out, &used), -1);
		if (check_failures != failures)
			fprintf(stderr, "  packed by %s: %s\n",
				dais_packing_name(packings[i].packing), err.why);
	}
}

int main(void)
{
	test_elf();
	test_elf_order();
	test_elf_notes();
	test_elf_broken();
	test_packings();
	test_xz_kinds();
	return check_done("image");
}
