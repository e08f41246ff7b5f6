# SPDX-License-Identifier: MIT

check-style:
	@$(MKDIR_P) tests
	@CPPFLAGS_STYLE='$(XEN_ABI)' CC='$(CC)' $(SHELL) $(srcdir)/tests/lib/run.sh \
		tests/style.count -n style python3 $(srcdir)/tests/style/check.py $(srcdir)

EXTRA_DIST += tests/style/check.py tests/style/generated.py tests/style/manual.py tests/style/exceptions
