// SPDX-License-Identifier: MIT
/*
 * The log: a ring of the last 128 KiB and a list of sinks, both under one lock that is the
 * last in the lock order, so that any code may log.
 *
 * A line is put together on the stack first; under the lock it is only copied out.  Two
 * cases must not wait for the lock: an NMI or machine check that hit its own CPU inside
 * the log, and a panic after the others were stopped.  Both write without it if need be: a
 * garbled line is better than none.
 */
#include "console/log.h"
#include "console/format.h"
#include "lib/lock.h"
#include "lib/parse.h"
#include "lib/ratelimit.h"
#include "lib/string.h"
#include "machine/machine.h"
#include "machine/percpu.h"

#define RING_SIZE (128U * 1024) /* power of two: indices wrap at 2^32 */
#define LINE_SIZE 256
#define FORCED_SPINS 20000000U /* a second at most */
#define GUEST_LIMITS 16U
#define LIMIT_INTERVAL 5000000000ULL /* ns */
#define LIMIT_BURST 10

static struct spinlock log_lock = SPINLOCK_INIT(LOG);

/* All under log_lock. */
static char ring[RING_SIZE];
static u32 ring_end; /* bytes ever written */
static u32 ring_start; /* oldest byte kept; ring_end - ring_start <= RING_SIZE */
static struct log_sink *sinks;
static bool mid_line; /* the last character written was no line feed */

static u32 lock_owner; /* CPU + 1 of the holder: is it me that I wait for? */
static bool forced; /* set once, see log_force() */

/* A line passes when its level is below; set during boot. */
static struct {
	u32 always, limited;
} levels[] = {
	[LOG_OWN] = {LOG_INFO + 1, LOG_INFO + 1},
	[LOG_GUEST] = {0, LOG_INFO + 1},
};

/* Domains share a limit only when their ids agree modulo the table's size. */
static struct ratelimit own_limit = RATELIMIT_INIT(LIMIT_INTERVAL, LIMIT_BURST);
static struct ratelimit guest_limits[GUEST_LIMITS] = {
	[0 ... GUEST_LIMITS - 1] = RATELIMIT_INIT(LIMIT_INTERVAL, LIMIT_BURST),
};

/* False when the lock could not be had and the caller goes on without it. */
static bool lock_log(unsigned long *flags)
{
	u32 me;

	*flags = local_irq_save();
	me = this_cpu_id() + 1;
	if (READ_ONCE(lock_owner) == me)
		return false;
	if (READ_ONCE(forced)) {
		for (u32 i = 0; !spin_trylock(&log_lock); i++) {
			if (i == FORCED_SPINS)
				return false;
			cpu_relax();
		}
	} else {
		spin_lock(&log_lock);
	}
	WRITE_ONCE(lock_owner, me);
	return true;
}

static void unlock_log(bool locked, unsigned long flags)
{
	if (locked) {
		WRITE_ONCE(lock_owner, 0);
		spin_unlock(&log_lock);
	}
	local_irq_restore(flags);
}

static void emit_locked(const char *text, size_t len)
{
	if (!len)
		return;
	for (size_t i = 0; i < len; i++)
		ring[ring_end++ % RING_SIZE] = text[i];
	if (ring_end - ring_start > RING_SIZE)
		ring_start = ring_end - RING_SIZE;
	mid_line = text[len - 1] != '\n';
	for (struct log_sink *sink = sinks; sink; sink = sink->next)
		if (sink->enabled)
			sink->write(sink, text, len);
}

/* @line of @len characters has room for one more. */
static void emit_line(char *line, size_t len)
{
	unsigned long flags;
	bool locked;

	if (line[len - 1] != '\n')
		line[len++] = '\n';
	locked = lock_log(&flags);
	if (mid_line)
		emit_locked("\n", 1); /* dom0 is in the middle of a line of its own */
	emit_locked(line, len);
	unlock_log(locked, flags);
}

/* True when a line of @level may pass; notes in the log what the limit has swallowed. */
static bool passes(enum log_source source, enum log_level level, struct ratelimit *limit)
{
	u32 missed;

	if (READ_ONCE(forced) || (u32)level < levels[source].always)
		return true;
	if ((u32)level >= levels[source].limited || !ratelimit_pass(limit, (u64)now(), &missed))
		return false;
	if (missed)
		log_line("log: %u messages suppressed", missed);
	return true;
}

/* @domid below 0: a line of our own. */
static void emit(int domid, const char *fmt, va_list args)
{
	char line[LINE_SIZE];
	size_t len = scnprintf(line, sizeof(line), domid < 0 ? "(DAIS) " : "(DAIS) d%d: ", domid);
	int n = vsnprintf(line + len, LINE_SIZE - 1 - len, fmt, args);

	emit_line(line, min(len + (size_t)n, (size_t)LINE_SIZE - 2));
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	emit(-1, fmt, args);
	va_end(args);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	va_list args;

	if (!passes(LOG_OWN, level, &own_limit))
		return;
	va_start(args, fmt);
	emit(-1, fmt, args);
	va_end(args);
}

void guest_log_at(enum log_level level, unsigned int domid, const char *fmt, ...)
{
	va_list args;

	if (!passes(LOG_GUEST, level, &guest_limits[domid % GUEST_LIMITS]))
		return;
	va_start(args, fmt);
	emit((int)domid, fmt, args);
	va_end(args);
}

void log_raw(const char *text, size_t len)
{
	unsigned long flags;
	bool locked = lock_log(&flags);

	emit_locked(text, len);
	unlock_log(locked, flags);
}

static bool parse_level(const char **p, u32 *level)
{
	static const struct {
		const char *name;
		u32 level;
	} names[] = {
		{"none", 0},
		{"error", LOG_ERR + 1},
		{"warning", LOG_WARN + 1},
		{"info", LOG_INFO + 1},
		{"debug", LOG_DEBUG + 1},
		{"all", LOG_DEBUG + 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (parse_literal(p, names[i].name)) {
			*level = names[i].level;
			return true;
		}
	}
	return false;
}

bool log_set_levels(enum log_source source, const char *value)
{
	u32 always, limited;

	if (!parse_level(&value, &always))
		return false;
	limited = always;
	if (parse_literal(&value, "/") && !parse_level(&value, &limited))
		return false;
	if (*value)
		return false;
	levels[source].always = always;
	levels[source].limited = max(always, limited);
	return true;
}

void log_sink_add(struct log_sink *sink)
{
	unsigned long flags;
	bool locked = lock_log(&flags);

	sink->enabled = false;
	sink->next = sinks;
	sinks = sink;
	unlock_log(locked, flags);
}

/* Names may carry letters behind (com1H): what Xen's users write is understood. */
static bool list_names(const char *list, const char *name)
{
	while (list) {
		if (parse_literal(&list, name))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

bool log_sinks_select(const char *list)
{
	bool locked, some = list_names(list, "none");
	unsigned long flags;

	locked = lock_log(&flags);
	for (struct log_sink *sink = sinks; sink; sink = sink->next)
		some |= list_names(list, sink->name);
	for (struct log_sink *sink = sinks; sink && some; sink = sink->next) {
		bool enable = list_names(list, sink->name);

		if (enable && !sink->enabled)
			for (u32 i = ring_start; i != ring_end; i++)
				sink->write(sink, &ring[i % RING_SIZE], 1);
		sink->enabled = enable;
	}
	unlock_log(locked, flags);
	return some;
}

void log_sink_disable(struct log_sink *sink)
{
	unsigned long flags;
	bool locked = lock_log(&flags);

	sink->enabled = false;
	unlock_log(locked, flags);
}

u32 log_ring_read(u32 *index, char *buf, u32 size)
{
	unsigned long flags;
	bool locked = lock_log(&flags);
	u32 n = 0;

	if (ring_end - *index > ring_end - ring_start)
		*index = ring_start;
	while (n < size && *index != ring_end)
		buf[n++] = ring[(*index)++ % RING_SIZE];
	unlock_log(locked, flags);
	return n;
}

void log_ring_clear(u32 index)
{
	unsigned long flags;
	bool locked = lock_log(&flags);

	if (ring_end - index <= ring_end - ring_start)
		ring_start = index;
	unlock_log(locked, flags);
}

u32 log_ring_end(void)
{
	return READ_ONCE(ring_end);
}

void log_force(void)
{
	WRITE_ONCE(forced, true);
}
