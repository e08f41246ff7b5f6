// SPDX-License-Identifier: MIT
/*
 * persist.h.  In the state directory, by number:
 *
 *   journal.N      what happened after the state N
 *   checkpoint.N   the state N; there when a journal has become twice as long as the last one
 *
 * A restart reads the last checkpoint and then all journals from its number on.  To write
 * checkpoint N the daemon begins journal N and holds the tree as it is then; when the file is
 * whole it gets its name, and what is older is removed.
 *
 * The journal's space is allocated before it is used, so that a full disk is an error and no
 * signal.  Then the daemon serves on and says that it no longer keeps changes, and tries again
 * every second to write a checkpoint.
 */
#include "persist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "checkpoint.h"
#include "conn.h"
#include "handover.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "node.h"
#include "quota.h"
#include "record.h"
#include "watch.h"

#define MAGIC 0x314a535853494144ull
#define JOURNAL_MAP (1ul << 36)
#define GROW_MIN (1ul << 20)
#define GROW_MAX (16ul << 20)
#define DUE_MIN (8ul << 20)
#define UNMAP_STEP (4ul << 20)

struct journal_head {
	uint64_t magic, number;
	_Atomic uint64_t valid; /* bytes of records */
	uint64_t
		after_gap; /* what went before was not kept: it means nothing without its checkpoint */
	uint64_t pad[4];
};

static int dir_fd = -1, lock_fd = -1;
static struct journal_head *journal; /* NULL: nothing is kept */
static char *journal_data;
static size_t at, allocated, dropped; /* of the data: written, allocated, unmapped again */
static int journal_fd = -1;
static uint64_t number, oldest;
static size_t last_size; /* of the last checkpoint */
static uint64_t retry_at;
static bool replaying;
static bool gap; /* changes were not kept, and no checkpoint has been written since */

/* Where records go: the journal, or, while a checkpoint begins, into memory. */
static struct checkpoint *into;

bool persist_ok(void)
{
	return journal && !gap;
}

uint64_t persist_size(void)
{
	return at;
}

static void name_of(char *to, size_t room, const char *what, uint64_t n)
{
	snprintf(to, room, "%s.%llu", what, (unsigned long long)n);
}

static void journal_close(void)
{
	if (!journal)
		return;
	munmap(journal, JOURNAL_MAP);
	close(journal_fd);
	journal = NULL;
	journal_fd = -1;
}

static void give_up(const char *what, int err)
{
	char name[40];

	/* A journal that begins after a gap means nothing without its checkpoint. */
	if (gap && journal) {
		name_of(name, sizeof(name), "journal", number);
		unlinkat(dir_fd, name, 0);
	}
	gap = true;
	log_line(LOG_ERR, "%s: %s; changes are not kept until this is over", what, strerror(err));
	journal_close();
	checkpoint_abort();
	retry_at = loop_now() + 1000;
}

static int allocate(size_t size)
{
	int err;

	do
		err = posix_fallocate(journal_fd, 0, (off_t)(sizeof(*journal) + size));
	while (err == EINTR);
	if (!err)
		allocated = size;
	return err;
}

/* Begins journal N; 0 or an errno, the old journal then being in use still. */
static int journal_begin(uint64_t n)
{
	int old_fd = journal_fd, err;
	struct journal_head *old = journal, *head;
	size_t old_allocated = allocated;
	char name[40];

	name_of(name, sizeof(name), "journal", n);
	journal_fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (journal_fd < 0) {
		err = errno;
		journal_fd = old_fd;
		return err;
	}
	err = allocate(GROW_MIN);
	head = err ? MAP_FAILED
		   : mmap(NULL, JOURNAL_MAP, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			  journal_fd, 0);
	if (head == MAP_FAILED) {
		err = err ? err : errno;
		close(journal_fd);
		unlinkat(dir_fd, name, 0);
		journal_fd = old_fd;
		allocated = old_allocated;
		return err;
	}
	if (old) {
		munmap(old, JOURNAL_MAP);
		close(old_fd);
	}
	journal = head;
	journal->magic = MAGIC;
	journal->number = n;
	journal->after_gap = gap;
	journal_data = (char *)(journal + 1);
	at = dropped = 0;
	number = n;
	return 0;
}

/* Room for a record: NULL if changes are not kept. */
static char *room_for(size_t size)
{
	int err;

	if (replaying)
		return NULL;
	if (into)
		return checkpoint_room(into, size);
	if (!journal)
		return NULL;
	if (at + size > allocated) {
		size_t more = allocated / 4;

		more = more < GROW_MIN ? GROW_MIN : more > GROW_MAX ? GROW_MAX : more;
		err = at + size + more > JOURNAL_MAP / 2 ? EFBIG : allocate(allocated + more);
		if (err) {
			give_up("the journal cannot grow", err);
			return NULL;
		}
	}
	at += size;
	return journal_data + at - size;
}

/* Writes a record with two strings and REST; the three may be empty. */
static void note(enum record_type type, uint32_t num, const void *a, size_t a_len, const void *b,
		 size_t b_len, const void *rest, size_t rest_len)
{
	size_t size = (sizeof(struct record) + a_len + b_len + rest_len + 7) & ~(size_t)7;
	char *to = room_for(size);
	struct record head = {(uint32_t)size, (uint16_t)type, (uint16_t)a_len, (uint32_t)b_len,
			      num};

	if (!to)
		return;
	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	if (a_len)
		memcpy(to, a, a_len);
	to += a_len;
	if (b_len)
		memcpy(to, b, b_len);
	to += b_len;
	if (rest_len)
		memcpy(to, rest, rest_len);
}

void persist_commit(void)
{
	if (!journal || atomic_load_explicit(&journal->valid, memory_order_relaxed) == at)
		return;
	atomic_store_explicit(&journal->valid, at, memory_order_release);
	/* What is written stays in the file; our view of it need not stay in memory. */
	if (at - dropped > 2 * UNMAP_STEP) {
		madvise((char *)journal + dropped + UNMAP_STEP, UNMAP_STEP, MADV_DONTNEED);
		dropped += UNMAP_STEP;
	}
}

void persist_set(const char *path, size_t len, const struct node *n)
{
	note(RECORD_SET, n->perms->count, path, len, node_value(n), n->value_len, n->perms->perm,
	     n->perms->count * sizeof(n->perms->perm[0]));
}

void persist_remove(const char *path, size_t len)
{
	note(RECORD_REMOVE, 0, path, len, NULL, 0, NULL, 0);
}

void persist_special(unsigned int which)
{
	const struct perms *p = special_perms((enum special)which);

	note(RECORD_SPECIAL, which | p->count << 8, NULL, 0, NULL, 0, p->perm,
	     p->count * sizeof(p->perm[0]));
}

void persist_quota(uint32_t domid, unsigned int quota, uint32_t limit)
{
	uint32_t word[2] = {quota, limit};

	note(RECORD_QUOTA, domid, word, sizeof(word), NULL, 0, NULL, 0);
}

void persist_conn(const struct conn *c)
{
	note(RECORD_CONN, c->id, NULL, 0, NULL, 0, &c->word, sizeof(c->word));
}

void persist_conn_end(const struct conn *c)
{
	note(RECORD_CONN_END, c->id, NULL, 0, NULL, 0, NULL, 0);
}

void persist_watch(const struct conn *c, const struct watch *w)
{
	uint32_t word[2] = {w->item.depth, w->home_len};

	note(RECORD_WATCH, c->id, w->text, w->path_len, w->text + w->path_len + 1, w->token_len,
	     word, sizeof(word));
}

void persist_unwatch(const struct conn *c, const struct watch *w)
{
	note(RECORD_UNWATCH, c->id, w->text, w->path_len, w->text + w->path_len + 1, w->token_len,
	     NULL, 0);
}

void persist_owes(const struct conn *c)
{
	uint32_t owes = c->owes;

	note(RECORD_OWES, c->id, NULL, 0, NULL, 0, &owes, sizeof(owes));
}

void persist_domain(const struct persist_domain *d)
{
	note(RECORD_DOMAIN, d->domid, d, sizeof(*d), NULL, 0, NULL, 0);
}

void persist_out(uint32_t domid, const char *data, size_t len)
{
	while (len) {
		size_t n = len > RECORD_MAX / 2 ? RECORD_MAX / 2 : len;

		note(RECORD_OUT, domid, NULL, 0, data, n, NULL, 0);
		data += n;
		len -= n;
	}
}

void persist_in(uint32_t domid, uint32_t in_pos)
{
	note(RECORD_IN, domid, NULL, 0, NULL, 0, &in_pos, sizeof(in_pos));
}

void persist_stash(uint32_t domid, uint32_t in_pos, const char *data, size_t len)
{
	note(RECORD_STASH, domid, NULL, 0, data, len, &in_pos, sizeof(in_pos));
}

/*
 * What is there cannot be read now, though it may be whole: to go on without it would be to lose
 * it.  Another try may do better.
 */
static void cannot_restore(const char *what, int err)
{
	log_line(LOG_ERR, "%s: %s; what is there is left as it is", what, strerror(err));
	fprintf(stderr, "xenstored: cannot restore its state: %s: %s\n", what, strerror(err));
	exit(1);
}

/* Maps a whole file for reading; NULL if there is none or it is empty. */
static char *map_file(const char *name, size_t *size)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p = MAP_FAILED;

	if (fd < 0) {
		if (errno != ENOENT)
			cannot_restore(name, errno);
		return NULL;
	}
	if (fstat(fd, &st))
		cannot_restore(name, errno);
	if (st.st_size > 0) {
		*size = (size_t)st.st_size;
		p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			cannot_restore(name, errno);
	}
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

/* False if what it says does not follow from what was restored before it. */
static bool replay_journal(uint64_t n, uint64_t checkpoint)
{
	struct journal_head head;
	char name[40], *data;
	size_t size = 0, done;
	int whole;

	name_of(name, sizeof(name), "journal", n);
	data = map_file(name, &size);
	if (!data)
		return true;
	if (size >= sizeof(head)) {
		memcpy(&head, data, sizeof(head));
		if (head.after_gap && n != checkpoint) {
			log_line(LOG_ERR, "%s: what came before it was not kept; left out", name);
			munmap(data, size);
			return false;
		}
		if (head.magic == MAGIC && head.number == n && head.valid <= size - sizeof(head)) {
			done = record_replay(data + sizeof(head), head.valid, &whole);
			if (whole < 0)
				cannot_restore(name, ENOMEM);
			if (done < head.valid)
				log_line(LOG_ERR, "%s is damaged at %zu of %llu bytes", name, done,
					 (unsigned long long)head.valid);
		}
	}
	munmap(data, size);
	return true;
}

static void restore(uint64_t checkpoint, uint64_t first, uint64_t last)
{
	char name[40], *data;
	size_t size = 0;
	int whole;

	replaying = true;
	name_of(name, sizeof(name), "checkpoint", checkpoint);
	data = checkpoint ? map_file(name, &size) : NULL;
	if (data) {
		record_replay(data, size, &whole);
		if (whole < 0)
			cannot_restore(name, ENOMEM);
		if (!whole)
			log_line(LOG_ERR, "%s is damaged", name);
		last_size = size;
		munmap(data, size);
	}
	for (uint64_t n = first; n <= last && replay_journal(n, checkpoint); n++)
		;
	replaying = false;
	number = last;
}

/* Removes all files of numbers below N. */
static void remove_older(uint64_t n)
{
	char name[40];

	for (; oldest < n; oldest++) {
		name_of(name, sizeof(name), "journal", oldest);
		unlinkat(dir_fd, name, 0);
		name_of(name, sizeof(name), "checkpoint", oldest);
		unlinkat(dir_fd, name, 0);
	}
}

/* The run of the host that our files belong to, and whether they say so. */
static char boot_id[64];
static bool boot_noted;

static void note_boot(void)
{
	int fd = openat(dir_fd, "boot", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	size_t len = strlen(boot_id);

	boot_noted = fd >= 0 && pwrite(fd, boot_id, len, 0) == (ssize_t)len;
	if (!boot_noted)
		log_line(LOG_ERR, "cannot write the state directory: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static ssize_t read_short(int at_fd, const char *name, char *to, size_t room)
{
	int fd = openat(at_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, room - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = 0;
	return n;
}

/* A host that was started anew has other domains: files of an earlier run of it are removed. */
static void check_boot(uint64_t first, uint64_t last)
{
	static const char source[] = "/proc/sys/kernel/random/boot_id";
	char then[64];

	if (read_short(AT_FDCWD, source, boot_id, sizeof(boot_id)) < 0)
		cannot_restore(source, errno);
	if (read_short(dir_fd, "boot", then, sizeof(then)) < 0 && errno != ENOENT)
		cannot_restore("boot", errno);
	boot_noted = strcmp(boot_id, then) == 0;
	if (boot_noted)
		return;
	oldest = first;
	remove_older(last + 1);
	note_boot();
}

int persist_open(const char *dir)
{
	uint64_t checkpoint, first, last;
	char part[4096];
	int made;

	for (const char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - dir), dir);
		mkdir(part, 0755);
	}
	made = mkdir(dir, 0700) ? errno : 0;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return errno == ENOENT ? made : errno;
	lock_fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_fd < 0)
		return errno;
	if (flock(lock_fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? EBUSY : errno;
	unlinkat(dir_fd, CHECKPOINT_UNFINISHED, 0);
	if (handover_open_words(dir_fd))
		log_line(LOG_WARNING, "%s: clients cannot be kept over a kill", dir);
	if (checkpoint_scan(dir_fd, &checkpoint, &first, &last))
		cannot_restore(dir, errno);
	check_boot(first, last);
	if (checkpoint_scan(dir_fd, &checkpoint, &first, &last))
		cannot_restore(dir, errno);
	oldest = checkpoint && checkpoint < first ? checkpoint : first;
	if (last)
		restore(checkpoint, checkpoint ? checkpoint : first, last);
	return 0;
}

/* Begins a new journal, and the checkpoint that it continues. */
static void checkpoint_start(void)
{
	int err = journal_begin(number + 1);

	if (err) {
		give_up("no new journal", err);
		return;
	}
	into = checkpoint_begin(dir_fd, number);
	if (!into) {
		give_up("no new checkpoint", errno);
		return;
	}
	checkpoint_rest(into);
	into = NULL;
}

void persist_start(void)
{
	if (dir_fd < 0)
		return;
	if (!oldest)
		oldest = 1;
	if (number) {
		checkpoint_start();
	} else {
		int err = journal_begin(1);

		if (err)
			give_up("no journal", err);
	}
}

void persist_restart(void)
{
	if (dir_fd >= 0)
		checkpoint_start();
}

bool persist_work(void)
{
	enum checkpoint_state state;

	if (dir_fd < 0)
		return false;
	if (!checkpoint_active()) {
		size_t more = last_size > DUE_MIN ? last_size : DUE_MIN;
		bool due = journal ? at > last_size + more : loop_now() >= retry_at;

		if (due)
			checkpoint_start();
		if (!checkpoint_active())
			return false;
	}
	state = checkpoint_slice(&last_size);
	if (state == CHECKPOINT_FAILED) {
		give_up("the checkpoint cannot be written", errno);
		return false;
	}
	if (state == CHECKPOINT_DONE) {
		gap = false;
		if (!boot_noted)
			note_boot();
		remove_older(number);
	}
	return state == CHECKPOINT_MORE;
}

bool persist_waits(void)
{
	return dir_fd >= 0 && !journal;
}

void persist_finish(void)
{
	if (dir_fd < 0)
		return;
	if (!checkpoint_active())
		checkpoint_start();
	while (checkpoint_active() && persist_work())
		;
}
