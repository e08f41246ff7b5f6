// SPDX-License-Identifier: MIT
/* The debug keys F, f and p, and what they say in the hypervisor's log. */
#include "failing.h"

#include "control.h"

static unsigned long number_after(const char **at, const char *word)
{
	while (strncmp(*at, word, strlen(word)))
		(*at)++;
	*at += strlen(word);
	return parse_number(*at);
}

/* What the log says since the last time; true when that is all of it. */
static bool more_log(char *text, size_t size)
{
	static uint32_t index;
	struct xen_sysctl op = {0};

	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = index;
	op.u.readconsole.count = (uint32_t)size - 1;
	set_xen_guest_handle(op.u.readconsole.buffer, text);
	if (sysctl(&op, XEN_SYSCTL_readconsole))
		panic("readconsole");
	index = op.u.readconsole.index;
	text[op.u.readconsole.count] = 0;
	return op.u.readconsole.count < size - 1;
}

/* Presses a key that says how it stands, and reads what it says. */
static struct failing ask(const char *key)
{
	static char text[2048];
	const char *last = text;
	struct failing s;

	while (!more_log(text, sizeof(text)))
		;
	debug_keys(key);
	more_log(text, sizeof(text));
	while (*last && strncmp(last, "failing: ", 9))
		last++;
	if (!*last)
		panic("key %s says nothing: is this a build with --enable-fail-always?", key);
	s.failed = !strncmp(last, "failing: one", 12);
	s.objects = number_after(&last, "; ");
	s.frames = number_after(&last, ", ");
	s.count = number_after(&last, ", ");
	return s;
}

struct failing failing_so_far(void)
{
	return ask("p");
}

struct failing failing_end(void)
{
	return ask("f");
}
