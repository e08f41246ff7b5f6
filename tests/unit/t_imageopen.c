// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/image/open.c: kernels are opened from files, through the confined child and
 * the cache. Built as the tools are, without sanitizers: these need what the child gives up.
 */
#include "check.h"

#include <dirent.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/private.h"
#include "kernelmade.h"

#define ROOM 65536u

static struct made made;
static struct dais_error err;

/* The made kernel, packed by xz, as a bzImage in @file; returns its size. */
static size_t pack_kernel(uint8_t *file)
{
	static uint8_t payload[ROOM];
	const uint32_t size = MADE_SIZE;
	size_t used = 0;

	CHECK_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, made.bytes, MADE_SIZE, payload,
					 &used, ROOM - 4),
		 LZMA_OK);
	memcpy(payload + used, &size, 4);
	return made_bzimage(file, payload, used + 4);
}

/* Not all the same byte from there on, so that there is something to unpack. */
static void fill_code(size_t from)
{
	for (size_t i = from; i < MADE_SIZE; i++)
		made.bytes[i] = (uint8_t)(i * i >> 7);
}

static char folder[] = "/tmp/t_imageXXXXXX";

static const char *in_folder(const char *name)
{
	static char path[2][256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "w");

	CHECK(f && fwrite(bytes, 1, size, f) == size);
	if (f)
		fclose(f);
}

static void test_open(void)
{
	static uint8_t file[ROOM + 4096];
	char cache[256];
	struct dais_image_options options = {.cache = "", .seconds = 20};
	struct dais_image image;

	snprintf(cache, sizeof(cache), "%s", in_folder("cache"));
	write_file(in_folder("elf"), made.bytes, MADE_SIZE);
	CHECK_EQ(dais_image_open(in_folder("elf"), &options, &image, &err), 0);
	CHECK(image.blob.data && !image.cached && image.elf.segments == 2);
	dais_image_close(&image);
	write_file(in_folder("packed"), file, pack_kernel(file));
	CHECK_EQ(dais_image_open(in_folder("packed"), &options, &image, &err), 0);
	CHECK(image.packing == DAIS_PACK_XZ && !image.cached && image.blob.size == MADE_SIZE);
	dais_image_close(&image);
	/* First unpacked, then found by digest (its inode is too young), then by its inode. */
	options.cache = cache;
	for (int turn = 0; turn < 3; turn++) {
		CHECK_EQ(dais_image_open(in_folder("packed"), &options, &image, &err), 0);
		CHECK_EQ(image.cached, turn > 0);
		CHECK(image.blob.size == MADE_SIZE &&
		      !memcmp(image.blob.data, made.bytes, MADE_SIZE));
		dais_image_close(&image);
		if (turn == 1)
			sleep(3);
	}
	/* Other bytes in the same file are not found in the cache. */
	made.bytes[MADE_CODE] ^= 1;
	memset(made.bytes + MADE_SIZE - 4096, 0, 4096);
	write_file(in_folder("packed"), file, pack_kernel(file));
	for (int turn = 0; turn < 2; turn++) {
		CHECK_EQ(dais_image_open(in_folder("packed"), &options, &image, &err), 0);
		CHECK_EQ(image.cached, turn > 0);
		CHECK(image.blob.size == MADE_SIZE &&
		      !memcmp(image.blob.data, made.bytes, MADE_SIZE));
		dais_image_close(&image);
	}
	/* A cache that others may write to is none. */
	CHECK_EQ(chmod(cache, 0777), 0);
	CHECK_EQ(dais_image_open(in_folder("packed"), &options, &image, &err), 0);
	CHECK(!image.cached);
	dais_image_close(&image);
}

/* How many names in @dir begin so, or end so. */
static int count(const char *dir, const char *begin, const char *end)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int found = 0;

	while (d && (entry = readdir(d))) {
		size_t length = strlen(entry->d_name), tail = strlen(end);

		found += !strncmp(entry->d_name, begin, strlen(begin)) && length >= tail &&
			 !strcmp(entry->d_name + length - tail, end);
	}
	if (d)
		closedir(d);
	return found;
}

static void put_packed(const char *path, size_t change)
{
	static uint8_t file[ROOM + 4096];

	made.bytes[MADE_CODE + 5000] = (uint8_t)change;
	write_file(path, file, pack_kernel(file));
}

/* A kernel goes with the last path that it came from; one replaced by another at once. */
static void test_forget(void)
{
	char cache[256], one[256], two[256];
	struct dais_image_options options = {.cache = cache, .seconds = 20};
	struct dais_image image;

	snprintf(cache, sizeof(cache), "%s", in_folder("kept"));
	snprintf(one, sizeof(one), "%s", in_folder("one"));
	snprintf(two, sizeof(two), "%s", in_folder("two"));
	CHECK_EQ(dais_image_forget(one, &options, &err), 0);
	put_packed(one, 1);
	put_packed(two, 1);
	for (int turn = 0; turn < 2; turn++) {
		CHECK_EQ(dais_image_open(turn ? two : one, &options, &image, &err), 0);
		CHECK_EQ(image.cached, turn == 1);
		dais_image_close(&image);
	}
	CHECK(count(cache, "", ".elf") == 1 && count(cache, "path-", "%one") == 1 &&
	      count(cache, "path-", "%two") == 1);
	put_packed(two, 2);
	CHECK_EQ(dais_image_open(two, &options, &image, &err), 0);
	dais_image_close(&image);
	CHECK_EQ(count(cache, "", ".elf"), 2);
	put_packed(one, 3);
	CHECK_EQ(dais_image_open(one, &options, &image, &err), 0);
	dais_image_close(&image);
	CHECK(count(cache, "", ".elf") == 2 && count(cache, "path-", "") == 2);
	CHECK_EQ(unlink(one), 0);
	CHECK_EQ(dais_image_forget(one, &options, &err), 1);
	CHECK_EQ(dais_image_forget(one, &options, &err), 0);
	CHECK(count(cache, "", ".elf") == 1 && count(cache, "path-", "") == 1);
	CHECK_EQ(dais_image_forget(two, &options, &err), 1);
	CHECK(count(cache, "", ".elf") == 0 && count(cache, "inode-", "") == 0);
	CHECK_EQ(dais_image_forget(in_folder("nowhere/one"), &options, &err), -1);
	CHECK(strstr(err.why, "No such file"));
	/* What no domain can boot is not kept. */
	made_bare(&made);
	put_packed(one, 1);
	CHECK_EQ(dais_image_open(one, &options, &image, &err), -1);
	CHECK_EQ(count(cache, "", ".elf"), 0);
	made_whole(&made);
	fill_code(MADE_CODE);
}

/*
 * Of an ELF file as much is read as its program headers name; all of it when Xen's notes are in
 * none of these, which the headers do not always tell.
 */
static void test_extent(void)
{
	static uint8_t file[4 * ROOM];
	const Elf64_Shdr notes = {.sh_type = SHT_NOTE,
				  .sh_offset = MADE_NOTES,
				  .sh_size = made_segment(&made, 0)->p_filesz};
	const struct dais_image_options options = {.cache = "", .seconds = 20};
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)file;
	Elf64_Phdr *first = (Elf64_Phdr *)(void *)(file + sizeof(*header));
	struct dais_image image;
	char path[256];

	snprintf(path, sizeof(path), "%s", in_folder("long"));
	memcpy(file, made.bytes, MADE_SIZE);
	memcpy(file + ROOM, &notes, sizeof(notes));
	header->e_shoff = ROOM;
	header->e_shnum = 1;
	header->e_shentsize = sizeof(notes);
	CHECK_EQ(image_elf_extent(file, 1024), MADE_SIZE);
	CHECK_EQ(image_elf_extent(file, 63), 0);
	CHECK_EQ(image_elf_extent(file, sizeof(*header) + sizeof(*first)), 0);
	for (int turn = 0; turn < 3; turn++) {
		write_file(path, file, sizeof(file));
		CHECK_EQ(dais_image_open(path, &options, &image, &err), 0);
		CHECK_EQ(image.blob.size, turn ? sizeof(file) : MADE_SIZE);
		CHECK_EQ(image.elf.segments, 2);
		dais_image_close(&image);
		first->p_filesz = 0;
		first->p_type = turn ? PT_NULL : PT_NOTE;
	}
	CHECK_EQ(image_elf_extent(file, 1024), 0);
	/* Neither fits in a file of one KiB. */
	first[1].p_offset = ~0ull;
	CHECK_EQ(image_elf_extent(file, 1024), 0);
	header->e_phoff = ~0ull - 8;
	CHECK_EQ(image_elf_extent(file, 1024), 0);
	write_file(path, file, sizeof(file));
	CHECK_EQ(dais_image_open(path, &options, &image, &err), -1);
}

/* An inode stands for its bytes if it had rested when it was looked at, not later. */
static void test_young(void)
{
	const struct dais_blob blob = {.data = made.bytes, .size = MADE_SIZE, .fd = -1};
	struct image_key key = {.looked = time(NULL)};
	char path[256];
	int dir, fd;

	snprintf(path, sizeof(path), "%s", in_folder("young"));
	write_file(path, "x", 1);
	CHECK_EQ(stat(path, &key.stat), 0);
	memset(key.digest, 'a', 64);
	dir = image_cache_open(in_folder("youngcache"));
	CHECK(dir >= 0);
	key.looked = key.stat.st_ctim.tv_sec + 1;
	image_cache_add(dir, &key, &blob);
	sleep(2);
	close(image_cache_by_digest(dir, &key));
	CHECK_EQ(image_cache_by_stat(dir, &key), -1);
	key.looked = key.stat.st_ctim.tv_sec + 2;
	close(image_cache_by_digest(dir, &key));
	fd = image_cache_by_stat(dir, &key);
	CHECK(fd >= 0);
	close(fd);
	close(dir);
}

static void test_open_bad(void)
{
	static uint8_t file[ROOM + 4096];
	struct dais_image_options options = {.cache = "", .seconds = 20};
	struct dais_image image;
	struct dais_blob blob;
	size_t size = pack_kernel(file);
	char bytes[8];

	CHECK_EQ(dais_image_open(in_folder("none"), &options, &image, &err), -1);
	CHECK(strstr(err.why, "No such file") && err.hint[0] && err.code == DAIS_IMAGE);
	CHECK_EQ(dais_image_open(folder, &options, &image, &err), -1);
	CHECK(strstr(err.why, "regular"));
	write_file(in_folder("empty"), "", 0);
	CHECK_EQ(dais_image_open(in_folder("empty"), &options, &image, &err), -1);
	memset(file + size / 2, 0xee, 300);
	write_file(in_folder("damaged"), file, size);
	CHECK_EQ(dais_image_open(in_folder("damaged"), &options, &image, &err), -1);
	CHECK(strstr(err.why, "damaged"));
	CHECK(image.blob.data == NULL && image.blob.fd == -1);

	write_file(in_folder("ramdisk"), "0123456789", 10);
	CHECK_EQ(dais_blob_open(in_folder("ramdisk"), &blob, &err), 0);
	CHECK_EQ(blob.size, 10);
	CHECK_EQ(dais_blob_read(&blob, 4, bytes, 6, &err), 0);
	CHECK(!memcmp(bytes, "456789", 6));
	CHECK_EQ(dais_blob_read(&blob, 5, bytes, 6, &err), -1);
	CHECK_EQ(truncate(in_folder("ramdisk"), 5), 0);
	CHECK_EQ(dais_blob_read(&blob, 0, bytes, 8, &err), -1);
	dais_blob_close(&blob);
}

int main(void)
{
	char command[300];

	CHECK(mkdtemp(folder) != NULL);
	made_whole(&made);
	/* Blocks of zeros are not written to the cache: one amid the kernel, later one at its end. */
	memset(made.bytes + MADE_CODE, 0, 4096);
	fill_code(MADE_CODE + 4096);
	test_open();
	fill_code(MADE_CODE);
	test_forget();
	test_young();
	test_extent();
	test_open_bad();
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	CHECK_EQ(system(command), 0);
	return check_done("imageopen");
}
