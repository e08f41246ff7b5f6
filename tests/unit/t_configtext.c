// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/config: the small languages inside values, which commands take as well: names of
 * virtual devices, lists of CPUs, UUIDs.
 */
#include "check.h"

#include <string.h>

#include "config/config.h"

static struct dais_error err;

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_vdev(void)
{
	static const struct {
		const char *name;
		uint32_t devid;
		const char *shown;
	} names[] = {
		{"xvda", 202 << 8, "xvda"},
		{"xvda15", 202 << 8 | 15, "xvda15"},
		{"xvda16", 1 << 28 | 16, "xvda16"},
		{"xvdp", 202 << 8 | 15 << 4, "xvdp"},
		{"xvdq", 1 << 28 | 16 << 8, "xvdq"},
		{"xvdaa", 1 << 28 | 26 << 8, "xvdaa"},
		{"xvdtq37", 1 << 28 | 536 << 8 | 37, "xvdtq37"},
		{"d536p37", 1 << 28 | 536 << 8 | 37, "xvdtq37"},
		{"d0", 202 << 8, "xvda"},
		{"hda1", 3 << 8 | 1, "hda1"},
		{"hdb", 3 << 8 | 64, "hdb"},
		{"hdc2", 22 << 8 | 2, "hdc2"},
		{"sdb3", 8 << 8 | 16 | 3, "sdb3"},
		{"51712", 51712, "xvda"},
		{"0xca00", 51712, "xvda"},
		{"5", 5, "5"},
	};
	static const char *const none[] = {
		"",    "xvd", "xvda256", "hde", "sdq",    "xvda0", "sda16",    "d",
		"dp1", "d1p", "xvdA",    "vda", "xvda1x", "0",     "xvdzzzzz", "99999999999"};
	char buf[32];
	uint32_t devid;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK_EQ(dais_vdev_number(names[i].name, &devid), 0);
		CHECK_EQ(devid, names[i].devid);
		CHECK(same(dais_vdev_name(devid, buf, sizeof(buf)), names[i].shown));
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_EQ(dais_vdev_number(none[i], &devid), -1);
}

static void test_cpulist(void)
{
	static const uint32_t node_of[8] = {0, 0, 0, 0, 1, 1, 1, 1};
	static const struct dais_topology host = {.cpus = 8, .nodes = 2, .node_of = node_of};
	static const struct {
		const char *list;
		int bits; /* -1: refused */
	} lists[] = {
		{"0-3,5,^1", 0x2d},
		{"all", 0xff},
		{"all,^7", 0x7f},
		{"nodes:0-1,^node:1", 0x0f},
		{"1,node:1,^6", 0xb2},
		{" 2 , 3", 0x0c},
		{"^1", 0},
		{"8", -1},
		{"3-1", -1},
		{"", -1},
		{"1,", -1},
		{"a", -1},
		{"node:2", -1},
		{"1-", -1},
		{"99999999999", -1},
		{"nodes:", -1},
	};
	struct dais_cpumap map;
	char buf[64];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int rc = dais_cpulist_parse(lists[i].list, &host, &map, &err);

		CHECK_EQ(rc, lists[i].bits < 0 ? -1 : 0);
		if (!rc)
			CHECK_EQ(map.bits[0], lists[i].bits);
	}
	CHECK_EQ(dais_cpulist_parse("0,2-4,6", NULL, &map, &err), 0);
	CHECK(same(dais_cpulist_text(&map, 8, buf, sizeof(buf)), "0,2-4,6"));
	CHECK_EQ(dais_cpulist_parse("all", NULL, &map, &err), 0);
	CHECK(same(dais_cpulist_text(&map, 8, buf, sizeof(buf)), "all"));
	CHECK(same(dais_cpulist_text(&map, 8, buf, 3), "al"));
}

static void test_uuid(void)
{
	uint8_t uuid[16], again[16];
	char text[37];

	CHECK_EQ(dais_uuid_parse("1A2b3c4d-1111-2222-3333-444455556666", uuid), 0);
	CHECK(same(dais_uuid_text(uuid, text), "1a2b3c4d-1111-2222-3333-444455556666"));
	CHECK_EQ(dais_uuid_parse("1a2b3c4d11112222333344445555666", uuid), -1);
	CHECK_EQ(dais_uuid_parse("1a2b3c4d-1111-2222-3333-4444555566667", uuid), -1);
	CHECK_EQ(dais_uuid_parse("", uuid), -1);
	dais_uuid_make(uuid);
	dais_uuid_make(again);
	CHECK(memcmp(uuid, again, 16) != 0);
	CHECK_EQ(uuid[6] >> 4, 4);
}

int main(void)
{
	test_vdev();
	test_cpulist();
	test_uuid();
	return check_done("configtext");
}
