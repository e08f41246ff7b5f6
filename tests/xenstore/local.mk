# SPDX-License-Identifier: MIT
#
# Tests of the store daemon from outside, by its wire protocol: beside both stock daemons of Xen
# 4.17 (difftest), with Debian's own clients (clients.sh), killed under load (crashtest), with
# clients that misbehave (limittest) and that all want much (sharetest), by what waits in queues
# (queuetest), by how it tells of domains (domaintest), with a fault in each place that can fail
# (faulttest), with each quota exceeded (quotatest), and what it may do once started (confine.sh).
# No hypervisor is needed: hostxen.so plays one.

STORETEST = tests/xenstore
STORETEST_CFLAGS = -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes \
	-Wstrict-prototypes -Wundef -Wvla -Werror
STORETEST_CPPFLAGS = -I$(srcdir) -D_GNU_SOURCE $(XEN_ABI)
storetest_sources = tests/xenstore/client.c tests/xenstore/client.h tests/xenstore/hostxen.c \
	tests/xenstore/hostxen.h tests/xenstore/server.c tests/xenstore/server.h tests/xenstore/tap.h

STORETESTS = tests/xenstore/difftest tests/xenstore/crashtest tests/xenstore/limittest \
	tests/xenstore/sharetest tests/xenstore/queuetest tests/xenstore/quotatest \
	tests/xenstore/domaintest tests/xenstore/faulttest tests/xenstore/faultdaemon
EXTRA_PROGRAMS = $(STORETESTS) tests/xenstore/probe tests/bench/xenstorebench tests/bench/xenstorenull
CLEANFILES += $(EXTRA_PROGRAMS) tests/xenstore/hostxen.so

tests_xenstore_difftest_SOURCES = tests/xenstore/difftest.c tests/xenstore/difftest.h \
	tests/xenstore/difftest_generate.c tests/xenstore/difftest_rules.c \
	tests/xenstore/difftest_world.c $(storetest_sources)
tests_xenstore_difftest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_difftest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_difftest_LDFLAGS = -O2

tests_xenstore_crashtest_SOURCES = tests/xenstore/crashtest.c $(storetest_sources)
tests_xenstore_crashtest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_crashtest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_crashtest_LDFLAGS = -O2

tests_xenstore_limittest_SOURCES = tests/xenstore/limittest.c $(storetest_sources)
tests_xenstore_limittest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_limittest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_limittest_LDFLAGS = -O2

tests_xenstore_sharetest_SOURCES = tests/xenstore/sharetest.c tests/xenstore/cases.h $(storetest_sources)
tests_xenstore_sharetest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_sharetest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_sharetest_LDFLAGS = -O2

tests_xenstore_queuetest_SOURCES = tests/xenstore/queuetest.c tests/xenstore/cases.h $(storetest_sources)
tests_xenstore_queuetest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_queuetest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_queuetest_LDFLAGS = -O2

tests_xenstore_quotatest_SOURCES = tests/xenstore/quotatest.c tests/xenstore/quotatest.h \
	tests/xenstore/quotatest_each.c tests/xenstore/quotatest_more.c $(storetest_sources)
tests_xenstore_quotatest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_quotatest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_quotatest_LDFLAGS = -O2

tests_xenstore_probe_SOURCES = tests/xenstore/probe.c
tests_xenstore_probe_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_probe_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_probe_LDFLAGS = -O2

tests_xenstore_domaintest_SOURCES = tests/xenstore/domaintest.c $(storetest_sources)
tests_xenstore_domaintest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_domaintest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_domaintest_LDFLAGS = -O2

# The daemon as it is, with faults.c between it and what can fail: each call across files, none of
# them inlined.
tests_xenstore_faultdaemon_SOURCES = $(xenstore_xenstored_SOURCES) tests/xenstore/faults.c \
	tests/xenstore/faults.h
tests_xenstore_faultdaemon_CPPFLAGS = $(xenstore_xenstored_CPPFLAGS) -I$(srcdir)
tests_xenstore_faultdaemon_CFLAGS = $(STORED_CFLAGS) -fno-optimize-sibling-calls
tests_xenstore_faultdaemon_LDADD = $(xenstore_xenstored_LDADD)
tests_xenstore_faultdaemon_LDFLAGS = $(xenstore_xenstored_LDFLAGS) \
	-Wl,--wrap=mem_alloc -Wl,--wrap=mem_grow -Wl,--wrap=mem_reserve -Wl,--wrap=realloc \
	-Wl,--wrap=mmap -Wl,--wrap=accept4 -Wl,--wrap=access -Wl,--wrap=bind \
	-Wl,--wrap=epoll_create1 -Wl,--wrap=epoll_ctl -Wl,--wrap=epoll_pwait -Wl,--wrap=execv \
	-Wl,--wrap=fchownat -Wl,--wrap=fdopen -Wl,--wrap=fdopendir -Wl,--wrap=flock \
	-Wl,--wrap=fopen -Wl,--wrap=fstat -Wl,--wrap=listen -Wl,--wrap=madvise \
	-Wl,--wrap=memfd_create -Wl,--wrap=mkdir -Wl,--wrap=munmap -Wl,--wrap=posix_fallocate \
	-Wl,--wrap=pwrite -Wl,--wrap=read -Wl,--wrap=readlink -Wl,--wrap=recv -Wl,--wrap=renameat \
	-Wl,--wrap=send -Wl,--wrap=sendmsg -Wl,--wrap=setenv -Wl,--wrap=setrlimit \
	-Wl,--wrap=signalfd -Wl,--wrap=socket -Wl,--wrap=unlinkat -Wl,--wrap=write -Wl,--wrap=xengnttab_map_grant_ref \
	-Wl,--wrap=xenforeignmemory_map -Wl,--wrap=xenevtchn_bind_interdomain \
	-Wl,--wrap=xenevtchn_bind_virq -Wl,--wrap=xenevtchn_notify -Wl,--wrap=xenevtchn_pending \
	-Wl,--wrap=xencall1 -Wl,--wrap=open -Wl,--wrap=openat -Wl,--wrap=fcntl -Wl,--wrap=dprintf

tests_xenstore_faulttest_SOURCES = tests/xenstore/faulttest.c tests/xenstore/faults.h \
	$(storetest_sources)
tests_xenstore_faulttest_CFLAGS = $(STORETEST_CFLAGS)
tests_xenstore_faulttest_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_xenstore_faulttest_LDFLAGS = -O2

tests_bench_xenstorebench_SOURCES = tests/bench/xenstorebench.c $(storetest_sources)
tests_bench_xenstorebench_CFLAGS = $(STORETEST_CFLAGS)
tests_bench_xenstorebench_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_bench_xenstorebench_LDFLAGS = -O2

tests_bench_xenstorenull_SOURCES = tests/bench/xenstorenull.c
tests_bench_xenstorenull_CFLAGS = $(STORETEST_CFLAGS)
tests_bench_xenstorenull_CPPFLAGS = $(STORETEST_CPPFLAGS)
tests_bench_xenstorenull_LDFLAGS = -O2

# Preloaded into daemons, hence a shared object, which automake makes only with libtool.
tests/xenstore/hostxen.so: tests/xenstore/preload.c tests/xenstore/hostxen.c tests/xenstore/hostxen.h
	@$(MKDIR_P) tests/xenstore
	$(AM_V_CC)$(CC) $(STORETEST_CPPFLAGS) $(STORETEST_CFLAGS) -fPIC -shared -o $@ \
		$(srcdir)/tests/xenstore/preload.c $(srcdir)/tests/xenstore/hostxen.c -ldl

# Where xen-utils-4.17 is unpacked; it is not installed.  Without a mirror the tests beside the
# stock daemons are skipped.
STOCK_STORE = $(SYSTEM_CACHE)/xenutils417
STORE_UTILS = $(SYSTEM_CACHE)/storeutils
STORE_DAEMON = xenstore/xenstored
STORE_ARGS = --ours $(STORE_DAEMON) --stock $(STOCK_STORE) --preload tests/xenstore/hostxen.so
STORE_READY = $(STORETESTS) tests/xenstore/probe tests/xenstore/hostxen.so $(STORE_DAEMON) stock-store
STORE_RUN = $(SHELL) $(srcdir)/tests/lib/run.sh

stock-store:
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@test -x $(STORE_UTILS)/usr/bin/xenstore-read || \
		$(SHELL) $(srcdir)/tests/system/fetch.sh $(SYSTEM_CACHE) unpack storeutils bookworm \
		xenstore-utils || echo "no xenstore-utils: the stock clients are skipped"
	@test -x $(STOCK_STORE)/usr/lib/xen-4.17/bin/xenstored || \
		$(SHELL) $(srcdir)/tests/system/fetch.sh $(SYSTEM_CACHE) unpack xenutils417 bookworm \
		xen-utils-4.17 || echo "no stock store daemons: the comparison is skipped"

# Far more than they take: a slow machine with other work is no reason to fail.
STORE_LIMIT = -t 1200

check-store: $(STORE_READY)
	@$(STORE_RUN) tests/store-diff.count $(STORE_LIMIT) -n store-diff tests/xenstore/difftest \
		$(STORE_ARGS) --seeds 25
	@$(STORE_RUN) tests/store-clients.count $(STORE_LIMIT) -n store-clients $(SHELL) \
		$(srcdir)/tests/xenstore/clients.sh $(STORE_DAEMON) $(STOCK_STORE) $(STORE_UTILS)
	@$(STORE_RUN) tests/store-confine.count $(STORE_LIMIT) -n store-confine $(SHELL) \
		$(srcdir)/tests/xenstore/confine.sh $(STORE_DAEMON) tests/xenstore/probe \
		$(STOCK_STORE)/usr/lib/xen-4.17/bin
	@$(STORE_RUN) tests/store-quota.count $(STORE_LIMIT) -n store-quota tests/xenstore/quotatest \
		$(STORE_ARGS)
	@$(STORE_RUN) tests/store-domain.count $(STORE_LIMIT) -n store-domain \
		tests/xenstore/domaintest $(STORE_ARGS)
	@$(STORE_RUN) tests/store-limit.count $(STORE_LIMIT) -n store-limit tests/xenstore/limittest \
		$(STORE_ARGS) --connections 2000 --pause 5
	@$(STORE_RUN) tests/store-share.count $(STORE_LIMIT) -n store-share \
		tests/xenstore/sharetest $(STORE_ARGS)
	@$(STORE_RUN) tests/store-queue.count $(STORE_LIMIT) -n store-queue \
		tests/xenstore/queuetest $(STORE_ARGS)
	@$(STORE_RUN) tests/store-fault.count $(STORE_LIMIT) -n store-fault tests/xenstore/faulttest \
		--ours tests/xenstore/faultdaemon --preload tests/xenstore/hostxen.so --brief
	@$(STORE_RUN) tests/store-crash.count $(STORE_LIMIT) -n store-crash tests/xenstore/crashtest \
		$(STORE_ARGS) --kills 40

# The long forms: 2,000 sequences, 200 kills, 10,000 connections, one byte a second.
check-store-long: $(STORE_READY)
	@$(STORE_RUN) tests/store-diff.count -t 7200 -n store-diff tests/xenstore/difftest \
		$(STORE_ARGS) --seeds 2000 --steps 300
	@$(STORE_RUN) tests/store-limit.count -t 600 -n store-limit tests/xenstore/limittest \
		$(STORE_ARGS) --connections 10000 --pause 1000
	@$(STORE_RUN) tests/store-fault.count -t 1200 -n store-fault tests/xenstore/faulttest \
		--ours tests/xenstore/faultdaemon --preload tests/xenstore/hostxen.so
	@$(STORE_RUN) tests/store-crash.count -t 1200 -n store-crash tests/xenstore/crashtest \
		$(STORE_ARGS) --kills 200

check-long: check-store-long check-store-dom0

# Operations per second beside both stock daemons and the null server.  Their state is kept on a tmpfs,
# as /run is.
bench-store: tests/bench/xenstorebench tests/bench/xenstorenull $(STORE_READY)
	@TMPDIR=$${TMPDIR:-/dev/shm} tests/bench/xenstorebench $(STORE_ARGS) --null tests/bench/xenstorenull $(BENCH_STORE_FLAGS)

.PHONY: stock-store check-store check-store-long check-long bench-store

EXTRA_DIST += tests/xenstore/preload.c tests/xenstore/clients.sh \
	tests/xenstore/confine.sh
