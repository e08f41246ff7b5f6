// SPDX-License-Identifier: MIT
/*
 * xenstore/watchtrie.c against a list of watches: what a path concerns, in which order, whatever
 * was added and removed before; and xenstore/wire.c: messages, paths and fields by example.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../xenstore/mem.h"
#include "../../xenstore/watchtrie.h"
#include "../../xenstore/wire.h"

#define WATCHES 200

struct entry {
	struct trie_item item; /* first */
	char path[32];
	bool set;
};

static struct entry entries[WATCHES];
static struct trie trie;
static struct trie_found found;

static void random_path(char *path)
{
	int depth = rand() % 5;

	strcpy(path, depth ? "" : "/");
	for (int i = 0; i < depth; i++)
		sprintf(path + strlen(path), "/%c", 'a' + rand() % 3);
}

/* Levels from A down to B, or -1 if B is not at or below A. */
static int below(const char *a, const char *b)
{
	size_t len = strcmp(a, "/") == 0 ? 0 : strlen(a);
	int levels = 0;

	if (strcmp(a, b) == 0)
		return 0;
	if (strncmp(a, b, len) != 0 || b[len] != '/')
		return -1;
	for (b += len; *b; b++)
		levels += *b == '/' && b[1];
	return levels;
}

static void against_list(void)
{
	uint64_t seq = 0;

	CHECK(trie_found_reserve(&found, WATCHES));
	for (int round = 0; round < 20000; round++) {
		struct entry *e = &entries[rand() % WATCHES];
		char path[32];
		size_t want = 0;
		uint64_t last = 0;

		if (e->set) {
			trie_remove(&trie, &e->item);
		} else {
			random_path(e->path);
			e->item.seq = ++seq;
			e->item.depth = rand() % 3 ? WATCH_DEPTH_ANY : (uint32_t)(rand() % 3);
			CHECK(trie_add(&trie, e->path, strlen(e->path), &e->item) == 0);
		}
		e->set = !e->set;
		random_path(path);
		found.count = 0;
		trie_match(&trie, path, strlen(path), &found);
		for (int i = 0; i < WATCHES; i++) {
			int levels = entries[i].set ? below(entries[i].path, path) : -1;

			want += levels >= 0 && (uint32_t)levels <= entries[i].item.depth;
		}
		CHECK_EQ(found.count, want);
		for (size_t i = 0; i < found.count; i++) {
			struct entry *f = (struct entry *)found.item[i];

			CHECK(f->set && below(f->path, path) >= 0);
			CHECK(found.item[i]->seq > last);
			last = found.item[i]->seq;
		}
	}
	for (int i = 0; i < WATCHES; i++)
		if (entries[i].set)
			trie_remove(&trie, &entries[i].item);
	CHECK(trie.root == NULL);
}

static int path(const char *text, const char *home)
{
	struct wire_path p;
	int err = wire_path(&p, text, strlen(text), home, 2048);

	if (!err)
		CHECK(p.len < sizeof(p.room) && p.text[0] == '/');
	return err;
}

static void paths(void)
{
	char longest[3200];
	struct wire_path p;

	CHECK(path("/", "") == 0 && path("/a/b-c/D_9@", "") == 0);
	CHECK(path("", "/h/") && path("/a/", "") && path("//", "") && path("/a//b", ""));
	CHECK(path("/a b", "") && path("/a.b", "") && path("@x", "/h/") && path("a/", "/h/"));
	CHECK(wire_path(&p, "x/y", 3, "/local/domain/7/", 2048) == 0);
	CHECK(p.len == 19 && memcmp(p.text, "/local/domain/7/x/y", 19) == 0 && p.home_len == 16);
	/* XSA-323: the bound on relative paths is on what the client sent. */
	memset(longest, 'a', sizeof(longest));
	CHECK(wire_path(&p, longest, 2048, "/local/domain/7/", 2048) == 0);
	CHECK(wire_path(&p, longest, 2049, "/local/domain/7/", 2048) == EINVAL);
	memcpy(longest, "/local/domain/7/", 16);
	CHECK(wire_path(&p, longest, 2048 + 16, "", 2048) == 0);
	CHECK(wire_path(&p, longest, 2049 + 16, "", 2048) == EINVAL);
	longest[1] = 'x';
	CHECK(wire_path(&p, longest, 2048, "", 2048) == 0);
	CHECK(wire_path(&p, longest, 2049, "", 2048) == EINVAL);
	CHECK(wire_path(&p, longest, 3073, "", 4096) == EINVAL);
}

static void messages(void)
{
	char data[16 + 4096] = {0};
	struct xsd_sockmsg head = {XS_READ, 7, 0, 3};
	struct wire_field field[2];
	uint32_t value;

	memcpy(data, &head, sizeof(head));
	CHECK(wire_next(data, 15, &head) == WIRE_PARTIAL);
	CHECK(wire_next(data, 18, &head) == WIRE_PARTIAL);
	CHECK(wire_next(data, 19, &head) == WIRE_MESSAGE && head.req_id == 7);
	/* XSA-420: a length with the highest bit set is large, not negative. */
	head.len = 0x80000000u;
	memcpy(data, &head, sizeof(head));
	CHECK(wire_next(data, sizeof(data), &head) == WIRE_BAD);
	head.len = 4097;
	memcpy(data, &head, sizeof(head));
	CHECK(wire_next(data, sizeof(data), &head) == WIRE_BAD);
	CHECK_EQ(wire_fields("a\0b", 4, field, 2), 2);
	CHECK_EQ(wire_fields("a\0b\0c", 6, field, 2), 3);
	CHECK_EQ(wire_fields("a\0b", 3, field, 2), 0);
	CHECK_EQ(wire_fields("", 0, field, 2), 0);
	CHECK(wire_number("12", 100, &value) == 0 && value == 12);
	CHECK(wire_number("", 100, &value) && wire_number("-1", 100, &value) &&
	      wire_number("101", 100, &value) && wire_number("1x", 100, &value) &&
	      wire_number("99999999999999999999", UINT32_MAX, &value));
}

int main(void)
{
	srand(1);
	against_list();
	paths();
	messages();
	return check_done("t_xs_trie");
}
