# SPDX-License-Identifier: MIT

# After a hypercall or sub-op came or went.
abi-coverage:
	python3 $(srcdir)/docs/abi-coverage.py $(srcdir)

.PHONY: abi-coverage

EXTRA_DIST += docs/architecture.md docs/abi.md docs/abi-coverage.md docs/abi-coverage.py docs/howto/tests.md
