// SPDX-License-Identifier: MIT
/*
 * console_io: dom0 writes to the log and reads what is typed; nobody else may.  Three
 * times Ctrl-A turns the line over between dom0 and the debug keys, as Xen's admins know.
 *
 * A timer looks after what interrupts must not do: running debug keys, telling dom0's
 * console daemon (VIRQ_CON_RING) that the log has grown; it also polls the line, so that
 * input works without its interrupt.
 */
#include "console/consoleio.h"
#include "console/keys.h"
#include "console/log.h"
#include "console/serial.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "lib/lock.h"
#include "machine/machine.h"
#include "sched/deferred.h"
#include "time/timer.h"

#define INPUT_SIZE 1024U /* power of two */
#define CHUNK 128U /* characters between two looks at other work */
#define SWITCH_CHAR 0x01 /* Ctrl-A */
#define SWITCH_COUNT 3U
#define POLL_INTERVAL 20000000LL /* ns */

static struct {
	struct spinlock lock; /* same rank as the log's: the two are never nested */
	char ring[INPUT_SIZE];
	u32 head, tail; /* next to read, next to write; free running */
	u32 switch_seen;
	bool to_keys; /* typed characters are debug keys */
} input = {.lock = SPINLOCK_INIT(LOG)};

static struct timer poll_timer;

/* A full ring drops what is typed: dom0 is not reading. */
static void give_dom0(char c)
{
	unsigned long flags = spin_lock_irqsave(&input.lock);

	if (input.tail - input.head < INPUT_SIZE)
		input.ring[input.tail++ % INPUT_SIZE] = c;
	spin_unlock_irqrestore(&input.lock, flags);
	virq_send_global(VIRQ_CONSOLE);
}

void consoleio_receive(char c)
{
	if (c == SWITCH_CHAR) {
		if (++input.switch_seen < SWITCH_COUNT)
			return;
		input.switch_seen = 0;
		input.to_keys = !input.to_keys;
		log_line("console: input to %s; Ctrl-A three times switches",
			 input.to_keys ? "debug keys (h: help)" : "dom0");
		return;
	}
	/* One or two were meant as such: screen users type them. */
	for (; input.switch_seen; input.switch_seen--)
		if (!input.to_keys)
			give_dom0(SWITCH_CHAR);
	if (!input.to_keys)
		give_dom0(c);
	else if (!keys_press(c))
		log_line("console: no such debug key; h lists them");
}

static long console_write(unsigned long count, unsigned long addr)
{
	char chunk[CHUNK];

	while (count) {
		size_t n = min(count, (unsigned long)CHUNK);

		if (guest_read(chunk, addr, n))
			return -EFAULT;
		log_raw(chunk, n);
		addr += n;
		count -= n;
		if (count && hypercall_should_preempt()) {
			unsigned long args[] = {CONSOLEIO_write, count, addr};

			return hypercall_continue(3, args);
		}
	}
	return 0;
}

/* What cannot be delivered stays in the ring: it is taken out only once copied. */
static long console_read(unsigned long count, unsigned long addr)
{
	char chunk[CHUNK];
	unsigned long flags, n = 0;
	u32 head;

	flags = spin_lock_irqsave(&input.lock);
	head = input.head;
	while (n < min(count, (unsigned long)CHUNK) && head + (u32)n != input.tail) {
		chunk[n] = input.ring[(head + n) % INPUT_SIZE];
		n++;
	}
	spin_unlock_irqrestore(&input.lock, flags);

	if (guest_write(addr, chunk, n))
		return -EFAULT;

	flags = spin_lock_irqsave(&input.lock);
	if (input.head == head) /* else another vCPU has read them as well */
		input.head += (u32)n;
	spin_unlock_irqrestore(&input.lock, flags);
	return (long)n;
}

long hc_console_io(unsigned long cmd, unsigned long count, unsigned long addr)
{
	if (!current->domain->is_privileged)
		return -EPERM;
	count = (u32)count; /* the ABI's argument is an int */
	if (count > 0x7fffffff)
		return -EINVAL;
	switch ((u32)cmd) {
	case CONSOLEIO_write:
		return console_write(count, addr);
	case CONSOLEIO_read:
		return console_read(count, addr);
	default:
		return -ENOSYS;
	}
}

static void poll(void *arg __unused)
{
	static u32 ring_seen;
	u32 ring_end = log_ring_end();

	serial_poll();
	keys_run();
	if (ring_end != ring_seen) {
		ring_seen = ring_end;
		virq_send_global(VIRQ_CON_RING);
	}
	timer_set(&poll_timer, now() + POLL_INTERVAL);
}

void consoleio_init(void)
{
	serial_set_receiver(consoleio_receive);
	timer_init(&poll_timer, poll, NULL, this_cpu_id());
	timer_set(&poll_timer, now() + POLL_INTERVAL);
}
