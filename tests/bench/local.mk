# SPDX-License-Identifier: MIT
#
# make bench measures beside Debian's Xen what docs/performance.md has: the costs of booting, and
# of the hypervisor's paths (bench-paths).

bench: bench-paths
	@python3 $(srcdir)/tests/bench/bootcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais

bench-paths: xen/dais tests/bench/pv/bench
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(srcdir)/tests/bench/pvcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais \
		--guest tests/bench/pv/bench
	@for cpu in Nehalem Skylake-Server; do \
		python3 $(srcdir)/tests/bench/pvcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais \
			--guest tests/bench/pv/bench --guarded --cpu $$cpu || exit 1; \
	done

bench-tools: xen/dais all dom0-tools/dais xenstore/xenstored tests/guests/hello/hello \
	tests/guests/wild/wild
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(srcdir)/tests/bench/toolcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais \
		--build .

# Linux above the hypervisors and on the bare machine.
bench-linux: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(srcdir)/tests/bench/linuxcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais

.PHONY: bench bench-paths bench-tools bench-linux

noinst_PROGRAMS += tests/bench/pv/bench
tests_bench_pv_bench_SOURCES = tests/bench/pv/main.c tests/bench/pv/memory.c \
	tests/bench/pv/other.c tests/bench/pv/traps.c tests/bench/pv/doors.S tests/bench/pv/bench.h
tests_bench_pv_bench_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_bench_pv_bench_CFLAGS = $(GUEST_CFLAGS)
tests_bench_pv_bench_CCASFLAGS = $(GUEST_CFLAGS)
tests_bench_pv_bench_LDFLAGS = $(GUEST_LINK)
tests_bench_pv_bench_LDADD = $(GUEST_LIBS)

EXTRA_DIST += tests/bench/bootcost.py tests/bench/pvcost.py tests/bench/hvinfo.c tests/bench/stub.S \
	tests/bench/toolcost.py tests/bench/busy.h tests/bench/cost.c tests/bench/linuxcost.py tests/bench/linux.c \
	tests/bench/inprogram.c tests/bench/unpause.c tests/bench/atonce.c tests/bench/alone.c tests/bench/linuxsplit.py
