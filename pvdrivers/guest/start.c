// SPDX-License-Identifier: MIT
/*
 * From the first C function to guest_main() and the end.  The order matters: pages need the p2m,
 * everything else needs pages; traps come first, so that a mistake is reported.
 */
#include "pvrt.h"

struct start_info *start_info;
struct shared_info *shared_info;
const char *cmd_line;
void (*panic_hook)(void);

_Noreturn void pvrt_start(struct start_info *si);

_Noreturn void guest_exit(int status)
{
	struct sched_shutdown s = {.reason = SHUTDOWN_reboot};

	printk("pvrt: end %d\n", status);
	for (;;)
		sched_op(SCHEDOP_shutdown, &s);
}

_Noreturn void panic(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vprint_to(line, sizeof(line), format, args);
	va_end(args);
	printk("pvrt: panic: %s\n", line);
	if (panic_hook)
		panic_hook();
	guest_exit(99);
}

const char *option(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = cmd_line; *p; p++)
		if ((p == cmd_line || p[-1] == ' ') && !strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

_Noreturn void pvrt_start(struct start_info *si)
{
	start_info = si;
	cmd_line = (const char *)si->cmd_line;
	traps_init();
	pages_init();
	shared_info = map_frame(si->shared_info >> 12, PTE_KERNEL);
	smp_init_first();
	events_init();
	guest_exit(guest_main());
}
