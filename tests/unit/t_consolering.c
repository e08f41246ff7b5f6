// SPDX-License-Identifier: MIT
/*
 * dom0-tools/consoled/ring.c and logfile.c: bytes go through the ring across its ends and across
 * the wrap of the indices, a guest's nonsense is seen, and a log is as long as it may be.
 */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../dom0-tools/consoled/logfile.h"
#include "../../dom0-tools/consoled/ring.h"

static struct xencons_interface ring;

/* The guest's side. */
static void guest_writes(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ring.out[MASK_XENCONS_IDX(ring.out_prod++, ring.out)] = text[i];
}

static size_t guest_reads(char *to)
{
	size_t n = 0;

	while (ring.in_cons != ring.in_prod)
		to[n++] = ring.in[MASK_XENCONS_IDX(ring.in_cons++, ring.in)];
	return n;
}

static void test_both_ways(uint32_t start)
{
	char data[4096], back[4096];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 >> 3);
	memset(&ring, 0, sizeof(ring));
	ring.out_cons = ring.out_prod = ring.in_cons = ring.in_prod = start;
	CHECK_EQ(ring_take(&ring, back, sizeof(back)), 0);
	guest_writes(data, 2048);
	CHECK_EQ(ring_take(&ring, back, 100), 100);
	CHECK_EQ(ring_take(&ring, back + 100, sizeof(back)), 1948);
	CHECK(!memcmp(back, data, 2048));
	CHECK_EQ(ring_room(&ring), 1024);
	CHECK_EQ(ring_give(&ring, data, 3000), 1024);
	CHECK_EQ(ring_room(&ring), 0);
	CHECK_EQ(ring_give(&ring, data, 1), 0);
	CHECK_EQ(guest_reads(back), 1024);
	CHECK(!memcmp(back, data, 1024));
}

static void test_nonsense(void)
{
	char back[4096];

	memset(&ring, 0, sizeof(ring));
	ring.out_prod = 2049;
	CHECK_EQ(ring_take(&ring, back, sizeof(back)), RING_BAD);
	ring.out_prod = 5;
	ring.out_cons = 6;
	CHECK_EQ(ring_take(&ring, back, sizeof(back)), RING_BAD);
	ring.in_prod = 0;
	ring.in_cons = 1;
	CHECK_EQ(ring_room(&ring), RING_BAD);
	CHECK_EQ(ring_give(&ring, back, 1), RING_BAD);
}

static off_t size_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) ? -1 : st.st_size;
}

static void test_log(void)
{
	char folder[] = "/tmp/t_consoleXXXXXX", command[64];
	struct logfile log;
	int dir;

	CHECK(mkdtemp(folder) != NULL);
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	CHECK_EQ(logfile_open(&log, dir, "../a\n", 1000, false), 0);
	CHECK(!strcmp(log.name, "_._a_.log"));
	for (int i = 0; i < 100; i++)
		logfile_write(&log, "0123456789012345678901234567890123456789012345678\n", 50);
	CHECK_EQ(size_of(dir, "_._a_.log"), 1000);
	CHECK_EQ(size_of(dir, "_._a_.log.1"), 1000);
	CHECK_EQ(size_of(dir, "_._a_.log.4"), 1000);
	CHECK_EQ(size_of(dir, "_._a_.log.5"), -1);
	/* Moved away by logrotate: the next lines go to a new file. */
	CHECK_EQ(renameat(dir, "_._a_.log", dir, "moved"), 0);
	logfile_reopen(&log);
	logfile_write(&log, "x", 1);
	CHECK_EQ(size_of(dir, "_._a_.log"), 1);
	logfile_close(&log);
	/* A restart goes on at the end. */
	CHECK_EQ(logfile_open(&log, dir, "../a\n", 1000, true), 0);
	logfile_write(&log, "y\nz\n", 4);
	CHECK_EQ(size_of(dir, "_._a_.log"), 1 + 4 + 2 * 22);
	logfile_close(&log);
	/* No directory: nothing happens. */
	CHECK_EQ(logfile_open(&log, -1, "a", 1000, false), 0);
	logfile_write(&log, "x", 1);
	close(dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	CHECK_EQ(system(command), 0);
}

int main(void)
{
	test_both_ways(0);
	test_both_ways(1000);
	test_both_ways(0xffffff00);
	test_nonsense();
	test_log();
	return check_done("consolering");
}
