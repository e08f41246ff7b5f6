# SPDX-License-Identifier: MIT

check-style:
	@CPPFLAGS_STYLE='$(XEN_ABI)' CC='$(CC)' $(SHELL) $(srcdir)/tests/style/run.sh $(srcdir) \
		tests/style.count

EXTRA_DIST += tests/style/run.sh
