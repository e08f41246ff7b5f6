// SPDX-License-Identifier: MIT
/*
 * Debug key table.  A key may arrive in an interrupt that hit a holder of the very lock a
 * dump needs, so a press only sets a bit; the dump follows from the console's timer.
 */
#include "console/keys.h"
#define LOG_ROOM "keys"
#include "console/log.h"
#include "lib/bitmap.h"

#define KEYS 128U

/* Constant after boot. */
static struct {
	void (*handler)(char key);
	const char *description;
} keys[KEYS];

static DECLARE_BITMAP(pressed, KEYS); /* atomic */
static u32 running; /* atomic: one runs, others leave their bits to it */

void keys_register(char key, void (*handler)(char key), const char *description)
{
	unsigned int i = (unsigned char)key;

	if (i >= KEYS || keys[i].handler) {
		log_err("key %c is taken by \"%s\"", key, i < KEYS ? keys[i].description : "");
		return;
	}
	keys[i].handler = handler;
	keys[i].description = description;
}

bool keys_press(char key)
{
	unsigned int i = (unsigned char)key;

	if (i >= KEYS || !keys[i].handler)
		return false;
	bit_test_and_set(pressed, i);
	return true;
}

void keys_run(void)
{
	unsigned int i;

	if (__atomic_exchange_n(&running, 1, __ATOMIC_ACQUIRE))
		return;
	bitmap_for_each_set(i, pressed, KEYS)
	{
		if (!bit_test_and_clear(pressed, i))
			continue;
		log_line("key %c: %s", (char)i, keys[i].description);
		keys[i].handler((char)i);
	}
	__atomic_store_n(&running, 0, __ATOMIC_RELEASE);
}

static void show_help(char key __unused)
{
	for (unsigned int i = 0; i < KEYS; i++)
		if (keys[i].handler)
			log_line("  %c  %s", (char)i, keys[i].description);
}

void keys_init(void)
{
	keys_register('h', show_help, "list of debug keys");
}
