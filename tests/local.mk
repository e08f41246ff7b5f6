# SPDX-License-Identifier: MIT
#
# make check runs everything; the parts can be run alone:
#   check-unit    host tests of the logic rooms, under ASan and UBSan
#   check-fuzz    libFuzzer targets, FUZZ_SECONDS each
#   check-style   form of the sources
#   check-clang   everything built by clang, without a warning, and its unit tests run
#   check-guests  small guests that test the hypervisor from below, in QEMU
#   check-system  boots in QEMU
#   check-store   the store daemon, beside the stock ones, killed, with bad clients
# Each part writes its counts to tests/*.count and tests/lib/sum.sh adds them up.

include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/style/local.mk
include tests/system/local.mk
include tests/guests/local.mk
include tests/guests/attack/local.mk
include tests/proof/local.mk
include tests/bench/local.mk
include tests/tools/local.mk
include tests/xenstore/local.mk

# Which parts check runs; each may also be named alone.  LANES of them go on at a time, in this
# order: a part is mostly one virtual machine after the other, of one or two processors.
CHECKS = style unit $(DOM0_MACHINES:%=dom0-%) boot install guest swap-dais-dais-ours daemons libvirt \
	devmodel services fuzz guests preempt guarded attack failing console debug store cli clang
LANES = 2

# What several parts need is made before they start, so that no two of them make it.  MAKEFLAGS is
# emptied: the lanes are not the jobs that a build may have.
check-local: all $(SPECIAL_BUILDS)
	@$(MKDIR_P) tests
	@rm -f tests/*.count tests/*.once
	@MAKEFLAGS= $(MAKE) -k -j $(LANES) --no-print-directory $(MAKEOVERRIDES) $(CHECKS:%=part-%) \
		2>&1 | grep --line-buffered -v '^make' || :
	@$(SHELL) $(srcdir)/tests/lib/sum.sh tests/*.count

# A part that does not come to its tests has failed too.
part-%:
	@$(MAKE) -s check-$* || cat tests/$*.count tests/$*-*.count 2> tests/part.log | \
		grep -q ' [1-9][0-9]* ' || \
		{ echo "FAIL $* (it did not come to its tests)"; echo 0 1 0 > tests/$*-broken.count; }

.PHONY: check-unit check-fuzz check-style check-system demo

EXTRA_DIST += tests/lib/run.sh tests/lib/run-check.sh tests/lib/sum.sh
