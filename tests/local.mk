# SPDX-License-Identifier: MIT
#
# make check runs everything; the parts can be run alone:
#   check-unit    host tests of the logic rooms, under ASan and UBSan
#   check-fuzz    libFuzzer targets, FUZZ_SECONDS each
#   check-style   form of the sources
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
include tests/bench/local.mk
include tests/xenstore/local.mk

# Which parts check runs, in this order; each may also be named alone.
CHECKS = style unit fuzz store guests boot debug console dom0 guest services

check-local: xen/dais
	@$(MKDIR_P) tests
	@rm -f tests/*.count
	@for part in $(CHECKS); do $(MAKE) -s $(AM_MAKEFLAGS) check-$$part || :; done
	@$(SHELL) $(srcdir)/tests/lib/sum.sh tests/*.count

.PHONY: check-unit check-fuzz check-style check-system demo

EXTRA_DIST += tests/lib/run.sh tests/lib/sum.sh
