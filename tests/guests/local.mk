# SPDX-License-Identifier: MIT
#
# Guests that test the hypervisor from below: one folder each, with one main.c that says what it
# tests.  make check-guests runs them on Dais and on Debian's Xen (run.py).

GUEST_TESTS = boot calls traps events tables ptwrite grants time minute devices memops cpu smp security secmm secops seccpu pair deaths store chaos
GUEST_TEST_LIB = tests/guests/lib/test.c tests/guests/lib/test.h \
	tests/guests/lib/part.c tests/guests/lib/part.h tests/guests/lib/failing.c \
	tests/guests/lib/failing.h tests/guests/lib/control.c tests/guests/lib/control.h
GUEST_TEST_CPPFLAGS = $(GUEST_CPPFLAGS) -I$(srcdir)/tests/guests/lib

check-guests: xen/dais $(GUEST_TESTS:%=tests/guests/%/guest)
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/guests.count -a -t 2400 -n guests \
		python3 $(srcdir)/tests/guests/run.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais \
		--guests tests/guests --names $(GUEST_TESTS)

# Every way in and out with what is done against speculation switched on, which QEMU's TCG would
# leave off: all that an Intel processor without fixes needs, the overwriting of the branch
# history, and AMD's division.
GUARDED_TESTS = traps cpu seccpu security
check-guarded: xen/dais $(GUARDED_TESTS:%=tests/guests/%/guest)
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/guarded.count -t 1800 -n guarded \
		python3 $(srcdir)/tests/guests/run.py --part guarded --cache $(SYSTEM_CACHE) --on dais \
		--hypervisor xen/dais --guests tests/guests --names $(GUARDED_TESTS) \
		--options spec-ctrl=yes,bhb-entry,div

# The same suites where every resumable operation pauses at every point where it may.
check-preempt: preempt/xen/dais $(GUEST_TESTS:%=tests/guests/%/guest)
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/preempt.count -t 1800 -n preempt \
		python3 $(srcdir)/tests/guests/run.py --part preempt --cache $(SYSTEM_CACHE) --on dais \
		--hypervisor preempt/xen/dais --guests tests/guests --names $(GUEST_TESTS) \
		--extra calls=5000

# Each allocation in turn fails: operation by operation, in the middle of chaos, and in each suite.
FAILING_TESTS = failing chaos
# deaths makes domains one after the other, which failing does with each allocation already.
IN_TURN_TESTS = $(filter-out chaos deaths,$(GUEST_TESTS))
check-failing: failing/xen/dais $(FAILING_TESTS:%=tests/guests/%/guest) \
		$(IN_TURN_TESTS:%=tests/guests/%/guest)
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/failing.count -t 2400 -n failing \
		python3 $(srcdir)/tests/guests/run.py --part failing --cache $(SYSTEM_CACHE) --on dais \
		--hypervisor failing/xen/dais --guests tests/guests --names $(FAILING_TESTS) \
		--in-turn $(IN_TURN_TESTS) --extra "failing=1 calls=12000"

# With a thread of the host's for each processor.
check-chaos-long: xen/dais tests/guests/chaos/guest
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/chaos-long.count -t 3600 -n chaos-long \
		python3 $(srcdir)/tests/guests/run.py --part chaos-long --cache $(SYSTEM_CACHE) --on dais --parallel \
		--hypervisor xen/dais --guests tests/guests --names chaos

# Where memory is more than one entry of a top-level table maps (600 GiB, of which the host needs
# ten): memory and tables, isolated; and what ring 3's tables show then, seen from outside.
LARGE_TESTS = security secmm tables smp
check-large: xen/dais $(LARGE_TESTS:%=tests/guests/%/guest)
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/large.count -t 3600 -n large \
		python3 $(srcdir)/tests/guests/run.py --part large --cache $(SYSTEM_CACHE) --on dais \
		--hypervisor xen/dais --guests tests/guests --names $(LARGE_TESTS) --large \
		--options "dom0_mem=256M spec-ctrl=yes"
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/large-console.count -t 3600 -n large-console \
		python3 $(srcdir)/tests/system/console.py --cache $(SYSTEM_CACHE) \
		--hypervisor xen/dais --only large

check-long: check-chaos-long check-large

.PHONY: check-guests check-guarded check-preempt check-failing check-chaos-long check-large

EXTRA_DIST += tests/guests/run.py tests/guests/inturn.py

noinst_PROGRAMS += tests/guests/boot/guest
tests_guests_boot_guest_SOURCES = tests/guests/boot/main.c $(GUEST_TEST_LIB)
tests_guests_boot_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_boot_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_boot_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_boot_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/calls/guest
tests_guests_calls_guest_SOURCES = tests/guests/calls/main.c $(GUEST_TEST_LIB)
tests_guests_calls_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_calls_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_calls_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_calls_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/traps/guest
tests_guests_traps_guest_SOURCES = tests/guests/traps/main.c $(GUEST_TEST_LIB)
tests_guests_traps_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_traps_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_traps_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_traps_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/events/guest
tests_guests_events_guest_SOURCES = tests/guests/events/main.c $(GUEST_TEST_LIB)
tests_guests_events_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_events_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_events_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_events_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/tables/guest
tests_guests_tables_guest_SOURCES = tests/guests/tables/main.c $(GUEST_TEST_LIB)
tests_guests_tables_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_tables_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_tables_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_tables_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/ptwrite/guest
tests_guests_ptwrite_guest_SOURCES = tests/guests/ptwrite/main.c $(GUEST_TEST_LIB)
tests_guests_ptwrite_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_ptwrite_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_ptwrite_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_ptwrite_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/grants/guest
tests_guests_grants_guest_SOURCES = tests/guests/grants/main.c $(GUEST_TEST_LIB)
tests_guests_grants_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_grants_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_grants_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_grants_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/time/guest
tests_guests_time_guest_SOURCES = tests/guests/time/main.c $(GUEST_TEST_LIB)
tests_guests_time_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_time_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_time_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_time_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/minute/guest
tests_guests_minute_guest_SOURCES = tests/guests/minute/main.c $(GUEST_TEST_LIB)
tests_guests_minute_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_minute_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_minute_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_minute_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/devices/guest
tests_guests_devices_guest_SOURCES = tests/guests/devices/main.c $(GUEST_TEST_LIB)
tests_guests_devices_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_devices_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_devices_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_devices_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/smp/guest
tests_guests_smp_guest_SOURCES = tests/guests/smp/main.c $(GUEST_TEST_LIB)
tests_guests_smp_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_smp_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_smp_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_smp_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/memops/guest
tests_guests_memops_guest_SOURCES = tests/guests/memops/main.c $(GUEST_TEST_LIB)
tests_guests_memops_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_memops_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_memops_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_memops_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/cpu/guest
tests_guests_cpu_guest_SOURCES = tests/guests/cpu/main.c $(GUEST_TEST_LIB)
tests_guests_cpu_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_cpu_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_cpu_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_cpu_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/chaos/guest
tests_guests_chaos_guest_SOURCES = tests/guests/chaos/main.c $(GUEST_TEST_LIB)
tests_guests_chaos_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_chaos_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_chaos_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_chaos_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/security/guest
tests_guests_security_guest_SOURCES = tests/guests/security/main.c $(GUEST_TEST_LIB)
tests_guests_security_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_security_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_security_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_security_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/secmm/guest
tests_guests_secmm_guest_SOURCES = tests/guests/secmm/main.c $(GUEST_TEST_LIB)
tests_guests_secmm_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_secmm_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_secmm_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_secmm_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/secops/guest
tests_guests_secops_guest_SOURCES = tests/guests/secops/main.c $(GUEST_TEST_LIB)
tests_guests_secops_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_secops_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_secops_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_secops_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/seccpu/guest
tests_guests_seccpu_guest_SOURCES = tests/guests/seccpu/main.c $(GUEST_TEST_LIB)
tests_guests_seccpu_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_seccpu_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_seccpu_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_seccpu_guest_LDADD = $(GUEST_LIBS)

# Three that other tests boot as domUs: one that only prints, one that crashes, one that calls wildly.
noinst_PROGRAMS += tests/guests/crash/crash
tests_guests_crash_crash_SOURCES = tests/guests/crash/main.c
tests_guests_crash_crash_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_guests_crash_crash_CFLAGS = $(GUEST_CFLAGS)
tests_guests_crash_crash_LDFLAGS = $(GUEST_LINK)
tests_guests_crash_crash_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/hello/hello
tests_guests_hello_hello_SOURCES = tests/guests/hello/main.c
tests_guests_hello_hello_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_guests_hello_hello_CFLAGS = $(GUEST_CFLAGS)
tests_guests_hello_hello_LDFLAGS = $(GUEST_LINK)
tests_guests_hello_hello_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/wild/wild
tests_guests_wild_wild_SOURCES = tests/guests/wild/main.c
tests_guests_wild_wild_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_guests_wild_wild_CFLAGS = $(GUEST_CFLAGS)
tests_guests_wild_wild_LDFLAGS = $(GUEST_LINK)
tests_guests_wild_wild_LDADD = $(GUEST_LIBS)

# Suites of two domains: the guest's own image is its module, too (run.py).
GUEST_CONTROL_LIB = $(GUEST_TEST_LIB) tests/guests/lib/child.c

noinst_PROGRAMS += tests/guests/pair/guest
tests_guests_pair_guest_SOURCES = tests/guests/pair/main.c tests/guests/pair/refused.c \
	tests/guests/pair/pair.h $(GUEST_CONTROL_LIB)
tests_guests_pair_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_pair_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_pair_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_pair_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/deaths/guest
tests_guests_deaths_guest_SOURCES = tests/guests/deaths/main.c $(GUEST_CONTROL_LIB)
tests_guests_deaths_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_deaths_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_deaths_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_deaths_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/failing/guest
tests_guests_failing_guest_SOURCES = tests/guests/failing/main.c $(GUEST_CONTROL_LIB)
tests_guests_failing_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_failing_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_failing_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_failing_guest_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/store/guest
tests_guests_store_guest_SOURCES = tests/guests/store/main.c $(GUEST_TEST_LIB)
tests_guests_store_guest_CPPFLAGS = $(GUEST_TEST_CPPFLAGS)
tests_guests_store_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_store_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_store_guest_LDADD = $(GUEST_LIBS)
