// SPDX-License-Identifier: MIT
/*
 * builder/unpack*.c against the tools that pack kernels: data of several kinds, packed by
 * xz, zstd, gzip and lz4 at several levels, must come back equal.  Then the same files
 * cut short at many places and with bits flipped must be refused (or, where the flip is
 * in a field that says nothing about the data, still give the same bytes).  lz4 has no
 * checksum: there a flip must only do no harm.  A tool that is not installed is skipped.
 *
 * Everything is in buffers of exact size, so that the address sanitiser sees one byte
 * too far on either side.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/unpack.h"
#include "lib/errno.h"

static u8 *workspace;
static u32 seed = 1;

static u32 rnd(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* --- data --- */

static void fill_zero(u8 *p, size_t n)
{
	memset(p, 0, n);
}

static void fill_random(u8 *p, size_t n)
{
	while (n--)
		*p++ = (u8)rnd();
}

/* Repeats of earlier pieces at all distances and lengths, short periods among them. */
static void fill_repeats(u8 *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = 1 + rnd() % (rnd() % 16 ? 20 : 2000), dist;

		if (i == 0 || rnd() % 3 == 0) {
			while (len-- && i < n)
				p[i++] = (u8)(rnd() % 40 + 'a');
			continue;
		}
		dist = 1 + rnd() % (rnd() % 2 ? min(i, (size_t)20) : i);
		for (; len && i < n; len--, i++)
			p[i] = p[i - dist];
	}
}

/* Bytes that the x86 filter looks at, dense enough for every overlap of opcodes. */
static void fill_calls(u8 *p, size_t n)
{
	static const u8 bytes[8] = {0xe8, 0xe9, 0x00, 0xff, 0x01, 0xfe, 0x90, 0xe8};

	for (size_t i = 0; i < n; i++)
		p[i] = rnd() % 4 ? bytes[rnd() % 8] : (u8)rnd();
}

/* A bit of all, as a kernel image has. */
static void fill_mixed(u8 *p, size_t n)
{
	static void (*const kinds[])(u8 *, size_t) = {fill_zero, fill_random, fill_repeats,
						      fill_calls};

	for (size_t i = 0; i < n;) {
		size_t len = min((size_t)(1 + rnd() % 40000), n - i);

		kinds[rnd() % 4](p + i, len);
		i += len;
	}
}

static const struct kind {
	const char *name;
	void (*fill)(u8 *p, size_t n);
	size_t size;
} kinds[] = {
	{"one byte", fill_random, 1},      {"six bytes", fill_repeats, 6},
	{"zeros", fill_zero, 200000},      {"random", fill_random, 300001},
	{"repeats", fill_repeats, 500003}, {"calls", fill_calls, 100005},
	{"mixed", fill_mixed, 3000017},
};

/* --- packing --- */

static const struct packer {
	const char *tool, *command;
	enum unpack_format format;
	bool checked; /* by a checksum */
} packers[] = {
	{"xz", "xz --check=crc32 --x86 --lzma2=preset=6", UNPACK_XZ, true},
	{"xz", "xz --check=crc32 --lzma2=preset=1,lc=0,lp=2,pb=0", UNPACK_XZ, true},
	{"xz", "xz --check=crc32 --x86 --block-size=65536 --lzma2=preset=9,lc=4,lp=0,pb=4",
	 UNPACK_XZ, true},
	{"zstd", "zstd -q --check -1", UNPACK_ZSTD, true},
	{"zstd", "zstd -q --check -19 --long=27", UNPACK_ZSTD, true},
	{"zstd", "zstd -q --check --ultra -22 --no-compress-literals", UNPACK_ZSTD, true},
	{"gzip", "gzip -9", UNPACK_GZIP, true},
	{"gzip", "gzip -1", UNPACK_GZIP, true},
	{"lz4", "lz4 -l -9 -q -c", UNPACK_LZ4, false},
};

static char dir[] = "/tmp/t_unpack.XXXXXX";

/* Packs @n bytes; a malloced buffer of exact size, or NULL if the tool is not there. */
static u8 *pack(const char *command, const u8 *data, size_t n, size_t *packed)
{
	char in[64], out[64], line[256];
	u8 *buf = NULL;
	FILE *f;

	snprintf(in, sizeof(in), "%s/in", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	f = fopen(in, "wb");
	if (!f || fwrite(data, 1, n, f) != n || fclose(f))
		abort();
	snprintf(line, sizeof(line), "%s < %s > %s 2> /dev/null", command, in, out);
	if (system(line))
		return NULL;
	f = fopen(out, "rb");
	if (!f || fseek(f, 0, SEEK_END))
		abort();
	*packed = (size_t)ftell(f);
	rewind(f);
	buf = malloc(*packed ? *packed : 1);
	if (!buf || fread(buf, 1, *packed, f) != *packed)
		abort();
	fclose(f);
	return buf;
}

/* unpack() of a copy of exact size; whether it succeeded, and the output in *out. */
static bool run(enum unpack_format format, const u8 *in, size_t in_len, u8 *out, size_t out_len)
{
	u8 *copy = malloc(in_len ? in_len : 1);
	const char *why = NULL;
	size_t produced;
	int rc;

	memcpy(copy, in, in_len);
	memset(out, 0xa5, out_len);
	rc = unpack(format, copy, in_len, out, out_len, workspace, UNPACK_WORKSPACE, &produced,
		    &why);
	free(copy);
	CHECK(rc == 0 || rc == -EINVAL);
	CHECK(why && (rc == 0 ? produced == out_len : *why != 0));
	return rc == 0;
}

static void damage(const struct packer *p, u8 *packed, size_t n, const u8 *data, u8 *out,
		   size_t size)
{
	size_t step = n / 40 + 1;
	int accepted = 0, differ = 0;

	for (size_t cut = 0; cut < n; cut += cut < 40 || cut + 40 > n ? 1 : step)
		accepted += run(p->format, packed, cut, out, size);
	CHECK_EQ(accepted, 0);
	for (size_t at = 0; at < n; at += at < 40 || at + 40 > n ? 1 : step) {
		u8 old = packed[at];

		packed[at] ^= (u8)(1u << rnd() % 8);
		if (run(p->format, packed, n, out, size))
			differ += memcmp(out, data, size) != 0;
		packed[at] = old;
	}
	if (p->checked)
		CHECK_EQ(differ, 0);
	/* The output's size is part of the promise. */
	CHECK(!run(p->format, packed, n, out, size - 1));
	{
		u8 *more = malloc(size + 1);

		CHECK(!run(p->format, packed, n, more, size + 1));
		free(more);
	}
}

static void test_packer(const struct packer *p)
{
	int before = check_failures;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t n, size = kinds[k].size;
		u8 *data = malloc(size), *out = malloc(size), *packed;

		kinds[k].fill(data, size);
		packed = pack(p->command, data, size, &n);
		if (!packed) {
			printf("ok - %s # SKIP %s is not installed or lacks an option\n",
			       p->command, p->tool);
			free(data);
			free(out);
			return;
		}
		CHECK(run(p->format, packed, n, out, size));
		CHECK(!memcmp(out, data, size));
		if (size <= 500003)
			damage(p, packed, n, data, out, size);
		free(packed);
		free(data);
		free(out);
	}
	printf("%s - %s\n", check_failures == before ? "ok" : "not ok", p->command);
}

static void test_refusals(void)
{
	int before = check_failures;
	const char *why;
	size_t produced;
	u8 out[16];

	CHECK(unpack_identify("BZh9", 4, &why) == UNPACK_UNKNOWN && strstr(why, "bzip2"));
	CHECK(unpack_identify("", 0, &why) == UNPACK_UNKNOWN && *why);
	CHECK(unpack_identify("\x7f"
			      "ELF",
			      4, &why) == UNPACK_NONE);
	CHECK(unpack(UNPACK_XZ, "\x1f\x8b", 2, out, 16, workspace, UNPACK_WORKSPACE, &produced,
		     &why));
	CHECK(unpack(UNPACK_NONE,
		     "\x7f"
		     "ELF",
		     4, out, 4, workspace, UNPACK_WORKSPACE - 1, &produced, &why));
	CHECK(!unpack(UNPACK_NONE,
		      "\x7f"
		      "ELF",
		      4, out, 4, workspace, UNPACK_WORKSPACE, &produced, &why));
	CHECK(!memcmp(out,
		      "\x7f"
		      "ELF",
		      4));
	printf("%s - refusals\n", check_failures == before ? "ok" : "not ok");
}

int main(void)
{
	char line[64];

	workspace = malloc(UNPACK_WORKSPACE);
	if (!workspace || !mkdtemp(dir))
		return 1;
	test_refusals();
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++)
		test_packer(&packers[i]);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	if (system(line))
		return 1;
	free(workspace);
	return check_done("t_unpack");
}
