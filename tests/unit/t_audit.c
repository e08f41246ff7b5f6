// SPDX-License-Identifier: MIT
/*
 * Debug key A: finds nothing where all is in order, and each kind of disorder that can be made by
 * hand: a reference, a type, or a frame too few or too many, by whose count it is.
 */
#define WORLD_OWN_LOG
#include "check.h"
#include "mmworld.h"

#include "console/keys.h"
#include "console/log.h"
#include "ctl/audit.h"
#include "evtchn/evtchn.h"
#include "irq/pirq.h"

static void (*key)(char c);
static char said[4096];

void log_line(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, args);
	va_end(args);
}

void keys_register(char c, void (*handler)(char key), const char *description __unused)
{
	CHECK_EQ(c, 'A');
	key = handler;
}

struct domain *domain_get_from(domid_t id)
{
	return id < DOMAINS ? domain_get(id) : NULL;
}

mfn_t pirq_eoi_frame(const struct domain *d __unused)
{
	return INVALID_MFN;
}

void evtchn_check(struct domain *d __unused)
{
}

/* Presses the key: did it count `n` faults, and say `what`? */
static bool finds(unsigned int n, const char *what)
{
	char end[32];

	said[0] = '\0';
	key('A');
	snprintf(end, sizeof(end), ", %u faults", n);
	if (strstr(said, end) && strstr(said, what))
		return true;
	fprintf(stderr, "%s\n", said);
	return false;
}

static void counts_of_frames(void)
{
	struct frame *f = frame_of(owned[1][0]);

	f->ref++;
	CHECK(finds(1, "more references than holders"));
	f->ref--;
	CHECK(frame_get(owned[1][0], &domains[1]));
	CHECK_EQ(frame_get_type(owned[1][0], FRAME_TYPE_WRITABLE, &domains[1]), 0);
	CHECK(finds(1, "more references than holders"));
	CHECK_EQ(frame_put_and_type(owned[1][0]), 0);
	CHECK(finds(0, ""));
}

static void counts_of_owners(void)
{
	struct frame *f = frame_of(owned[1][0]);
	u64 ref = f->ref;

	/* Taken out of everybody's reach, as exchange does, and never put back. */
	f->ref = FRAME_IN_USE;
	CHECK(finds(1, "d1 owns 4 frames, 4 to its limit; found 3 and 3"));
	/* In another's hands. */
	f->ref = FRAME_PLAIN(2) | 1;
	CHECK(finds(2, "d2 owns 4 frames, 4 to its limit; found 5 and 5"));
	f->ref = FRAME_PLAIN(77) | 1;
	CHECK(finds(2, "1 frames of d77, which there is not"));
	f->ref = ref;

	/* What is ours is not what the limit bounds. */
	domains[2].mem.tot_pages--;
	CHECK(finds(1, "d2 owns 4 frames, 3 to its limit; found 4 and 4"));
	domains[2].mem.tot_pages++;
	CHECK(finds(0, ""));
}

int main(void)
{
	static struct vcpu *lists[DOMAINS];
	unsigned long free_before;

	world_start(4);
	for (unsigned int i = 0; i < DOMAINS; i++) {
		lists[i] = &vcpus[i];
		vcpus[i].info_mfn = INVALID_MFN;
		domains[i].vcpu = &lists[i];
	}
	audit_init();
	free_before = buddy_free_frames();
	CHECK(finds(0, "audit: 1024 frames, 0 tables, 0 handles"));
	counts_of_frames();
	counts_of_owners();
	CHECK_EQ(buddy_free_frames(), free_before);
	CHECK(world_end());
	return check_done("t_audit");
}
