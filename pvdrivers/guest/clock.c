// SPDX-License-Identifier: MIT
/* The paravirtual clock: system time from this vCPU's time page, wall time from shared_info. */
#include "pvrt.h"

uint64_t clock_ns(void)
{
	const struct vcpu_time_info *t = &vcpu_info(this_cpu())->time;
	uint32_t version;
	uint64_t delta, ns;

	do {
		version = READ_ONCE(t->version);
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time +
		     (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
		barrier();
	} while (version & 1 || version != READ_ONCE(t->version));
	return ns;
}

uint64_t clock_wall_ns(void)
{
	uint32_t version;
	uint64_t base;

	do {
		version = READ_ONCE(shared_info->wc_version);
		barrier();
		base = ((uint64_t)shared_info->wc_sec_hi << 32 | shared_info->wc_sec) * 1000000000 +
		       shared_info->wc_nsec;
		barrier();
	} while (version & 1 || version != READ_ONCE(shared_info->wc_version));
	return base + clock_ns();
}

void clock_delay(uint64_t ns)
{
	uint64_t end = clock_ns() + ns;

	while (clock_ns() < end)
		__asm__ volatile("pause");
}
