# SPDX-License-Identifier: MIT
#
# The command line where no hypervisor is: each of its allocations made to fail.

check-failmalloc: dom0-tools/dais
	@$(MKDIR_P) tests
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/failmalloc.count -t 1200 -n failmalloc \
		python3 $(srcdir)/tests/tools/failmalloc.py --build .

.PHONY: check-failmalloc

EXTRA_DIST += tests/tools/failmalloc.c tests/tools/failmalloc.py
