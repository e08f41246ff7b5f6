# SPDX-License-Identifier: MIT
#
# make bench measures the costs of booting beside Debian's Xen, as docs/performance.md has them.

bench: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(srcdir)/tests/bench/bootcost.py --cache $(SYSTEM_CACHE) --hypervisor xen/dais

.PHONY: bench

EXTRA_DIST += tests/bench/bootcost.py tests/bench/hvinfo.c tests/bench/stub.S
