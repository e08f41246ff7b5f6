# SPDX-License-Identifier: MIT
#
# The command line where no hypervisor is: each of its allocations made to fail, and what its
# documents say of it.

check-cli: check-failmalloc dom0-tools/dais
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/cli.count -t 300 -n documented \
		python3 $(srcdir)/tests/tools/documented.py --build . --source $(srcdir)

check-failmalloc: dom0-tools/dais
	@$(MKDIR_P) tests
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/failmalloc.count -t 1200 -n failmalloc \
		python3 $(srcdir)/tests/tools/failmalloc.py --build .

.PHONY: check-cli check-failmalloc

EXTRA_DIST += tests/tools/documented.py tests/tools/failmalloc.c tests/tools/failmalloc.py
