// SPDX-License-Identifier: MIT
/*
 * builder/bzimage.c: a setup header made here, with each field made wrong in turn; then,
 * if the machine has stock kernels (/boot/vmlinuz-*, or the file that DAIS_VMLINUZ names),
 * each must be found, unpack, and be a PV kernel that can be dom0, which is the whole way
 * that a boot takes.
 */
#include "check.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "builder/bzimage.h"
#include "builder/elf.h"

#define IMAGE_SIZE 4096
#define PAYLOAD 1536 /* two setup sectors, then 0x200 into the rest less the boot sector */

static u8 image[IMAGE_SIZE];

static void put32(size_t at, u32 v)
{
	memcpy(image + at, &v, 4);
}

/* A well-formed bzImage with an xz magic and 1,000 bytes of payload. */
static void make(void)
{
	memset(image, 0, sizeof(image));
	image[0x1f1] = 1;
	memcpy(image + 0x202, "HdrS", 4);
	put32(0x206, 0x20f);
	put32(0x248, PAYLOAD - 1024);
	put32(0x24c, 1004);
	memcpy(image + PAYLOAD,
	       "\xfd"
	       "7zXZ",
	       6);
	put32(PAYLOAD + 1000, 123456);
}

static int find(size_t size, struct payload *out)
{
	u8 *exact = malloc(size ? size : 1);
	int rc;

	memcpy(exact, image, size);
	rc = bzimage_find(exact, size, out);
	CHECK(rc == 0 || (rc == -22 && out->why && *out->why));
	if (rc == 0)
		out->data = image + ((const u8 *)out->data - exact);
	free(exact);
	return rc;
}

static void test_header(void)
{
	struct payload p;

	make();
	CHECK(!find(IMAGE_SIZE, &p));
	CHECK(p.format == UNPACK_XZ && p.data == image + PAYLOAD);
	CHECK_EQ(p.len, 1000);
	CHECK_EQ(p.out_len, 123456);
	for (size_t size = 0; size < PAYLOAD + 1004; size++)
		CHECK(find(size, &p));
	CHECK(!find(PAYLOAD + 1004, &p));
	image[0x1f1] = 0; /* means 4 */
	put32(0x248, PAYLOAD - 2560);
	CHECK(find(IMAGE_SIZE, &p));
	make();
	put32(0x206, 0x207);
	CHECK(find(IMAGE_SIZE, &p));
	make();
	put32(0x248, 0xfffffff0);
	CHECK(find(IMAGE_SIZE, &p));
	make();
	put32(0x24c, 0xffffffff);
	CHECK(find(IMAGE_SIZE, &p));
	put32(0x24c, 3);
	CHECK(find(IMAGE_SIZE, &p));
	make();
	put32(PAYLOAD + 1000, 0);
	CHECK(find(IMAGE_SIZE, &p));
	put32(PAYLOAD + 1000, 0x40000001);
	CHECK(find(IMAGE_SIZE, &p));
	make();
	memcpy(image + PAYLOAD, "BZh9", 4);
	CHECK(find(IMAGE_SIZE, &p) && strstr(p.why, "bzip2"));
	memcpy(image + PAYLOAD, "\x1f\x8b\x08", 4); /* its own size is inside the format */
	CHECK(!find(IMAGE_SIZE, &p) && p.format == UNPACK_GZIP);
	CHECK_EQ(p.len, 1004);
	memcpy(image + PAYLOAD,
	       "\x7f"
	       "ELF",
	       4);
	CHECK(!find(IMAGE_SIZE, &p) && p.format == UNPACK_NONE);
	memcpy(image,
	       "\x7f"
	       "ELF",
	       4);
	memset(image + 0x202, 0, 4);
	CHECK(!find(IMAGE_SIZE, &p) && p.format == UNPACK_NONE && p.data == image);
	CHECK_EQ(p.len, IMAGE_SIZE);
	memcpy(image,
	       "\xfd"
	       "7zXZ",
	       6);
	CHECK(find(IMAGE_SIZE, &p));
}

static void test_kernel(const char *path)
{
	static u8 workspace[UNPACK_WORKSPACE] __aligned(8);
	FILE *f = fopen(path, "rb");
	int before = check_failures;
	struct elf_image *elf;
	const void *data;
	struct payload p;
	const char *why;
	size_t size, len;
	u8 *file, *out;

	if (!f) {
		printf("ok - %s # SKIP cannot be read\n", path);
		return;
	}
	fseek(f, 0, SEEK_END);
	size = (size_t)ftell(f);
	rewind(f);
	file = malloc(size);
	CHECK(fread(file, 1, size, f) == size);
	fclose(f);
	elf = malloc(sizeof(*elf));
	if (bzimage_find(file, size, &p)) {
		fprintf(stderr, "%s: %s\n", path, p.why);
		check_failures++;
		printf("not ok - %s\n", path);
		return;
	}
	data = p.data;
	len = p.len;
	out = malloc(p.out_len);
	if (p.format != UNPACK_NONE) {
		CHECK(!unpack(p.format, p.data, p.len, out, p.out_len, workspace, sizeof(workspace),
			      &len, &why));
		CHECK_EQ(len, p.out_len);
		data = out;
	}
	if (elf_parse(data, len, elf))
		fprintf(stderr, "%s: %s\n", path, elf->why);
	CHECK(!*elf->why);
	CHECK(!strcmp(elf->guest_os, "linux"));
	CHECK_EQ(elf->virt_base, 0xffffffff80000000);
	CHECK(elf->has_init_p2m && elf->mod_start_pfn && elf->segments >= 3);
	CHECK(elf->entry > elf->virt_start && elf->entry < elf->virt_end);
	free(out);
	free(elf);
	free(file);
	printf("%s - %s\n", check_failures == before ? "ok" : "not ok", path);
}

int main(void)
{
	const char *one = getenv("DAIS_VMLINUZ");
	glob_t found;

	test_header();
	printf("%s - setup header\n", check_failures ? "not ok" : "ok");
	if (one) {
		test_kernel(one);
	} else if (glob("/boot/vmlinuz-*-amd64", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			test_kernel(found.gl_pathv[i]);
		globfree(&found);
	} else {
		printf("ok - stock kernel # SKIP none in /boot, none named in DAIS_VMLINUZ\n");
	}
	return check_done("t_bzimage");
}
