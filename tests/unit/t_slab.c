// SPDX-License-Identifier: MIT
/*
 * Small objects: zeroed, aligned, never overlapping, given back to the last page; and what
 * happens when memory ends or a product overflows.
 */
#define WORLD_REAL_SLAB
#include "check.h"
#include "mmworld.h"

#define OBJECTS 300

static struct {
	unsigned char *at;
	size_t size;
	unsigned char mark;
} object[OBJECTS];

static bool is(const unsigned char *p, size_t size, unsigned char byte)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static void step(unsigned int i)
{
	if (object[i].at) {
		CHECK(is(object[i].at, object[i].size, object[i].mark));
		kfree(object[i].at);
		object[i].at = NULL;
		return;
	}
	object[i].size = 1 + (size_t)rand() % (rand() % 20 ? 600 : 9000);
	object[i].mark = (unsigned char)(1 + rand() % 255);
	object[i].at = kmalloc(object[i].size);
	if (!object[i].at)
		return;
	CHECK_EQ((unsigned long)object[i].at & 15, 0);
	CHECK(is(object[i].at, object[i].size, 0));
	memset(object[i].at, object[i].mark, object[i].size);
}

int main(void)
{
	unsigned int failed = 0;

	world_start(0);
	for (unsigned int i = 0; i < 40000; i++)
		step((unsigned int)rand() % OBJECTS);
	for (unsigned int i = 0; i < OBJECTS; i++)
		if (object[i].at)
			step(i);
	kfree(NULL);
	CHECK(!kcalloc(1UL << 40, 1UL << 40));
	CHECK(!kmalloc(1UL << 40));
	for (unsigned int i = 0; i < OBJECTS; i++) {
		object[i].at = kmalloc(8000);
		failed += !object[i].at;
	}
	CHECK(failed); /* 2 MiB are not enough for all */
	for (unsigned int i = 0; i < OBJECTS; i++)
		kfree(object[i].at);
	CHECK(world_end());
	return check_done("t_slab");
}
