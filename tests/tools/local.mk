# SPDX-License-Identifier: MIT
#
# The command line where no hypervisor is: each of its allocations made to fail, and what its
# documents say of it; daemons that find none; and what daisd's numbers are to a strict reader.

check-cli: check-failmalloc check-background check-openmetrics dom0-tools/dais
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/cli.count -t 900 -n documented \
		python3 $(srcdir)/tests/tools/documented.py --build . --source $(srcdir)

check-failmalloc: dom0-tools/dais
	@$(MKDIR_P) tests
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/failmalloc.count -t 3600 -n failmalloc \
		python3 $(srcdir)/tests/tools/failmalloc.py --build .

check-background: dom0-tools/daisd/daisd dom0-tools/dais-consoled
	@$(MKDIR_P) tests
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/background.count -t 1800 -n background \
		python3 $(srcdir)/tests/tools/background.py --build .

# Also one of check-unit's: made before the two go on at a time.
check-local: tests/unit/t_metrics
check-openmetrics: tests/unit/t_metrics
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/openmetrics.count -n openmetrics $(SHELL) -c \
		'tests/unit/t_metrics tests/openmetrics.txt && \
		python3 $(srcdir)/tests/system/openmetrics.py tests/openmetrics.txt'

.PHONY: check-cli check-failmalloc check-background check-openmetrics

EXTRA_DIST += tests/tools/documented.py tests/tools/failmalloc.c tests/tools/failmalloc.py \
	tests/tools/background.py
