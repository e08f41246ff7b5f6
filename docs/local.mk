# SPDX-License-Identifier: MIT

# What is made from the code; make check-style says when it is out of date.
docs:
	python3 $(srcdir)/tests/style/generated.py $(srcdir) --write

.PHONY: docs

EXTRA_DIST += docs/architecture.md docs/abi-rows.md docs/abi-status.txt docs/abi-coverage.md \
	docs/locking.md docs/performance.md docs/swap.md docs/security.md docs/xenstore-differences.md docs/guest-differences.md docs/howto/tests.md docs/howto/install.md docs/howto/libvirt.md \
	docs/api.md docs/json.md docs/libdais.md docs/man/dais.1.in

dist_man_MANS = docs/man/dais.1 docs/man/dais.cfg.5 docs/man/daisd.8 docs/man/dais-consoled.8 docs/man/dais-unpack.8 docs/man/xenstored.8 \
	docs/man/dais-boot.7
