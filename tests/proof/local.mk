# SPDX-License-Identifier: MIT

check-proof:
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/proof.count -t 1800 -n proof \
		$(SHELL) $(srcdir)/tests/proof/proof.sh $(srcdir) $(SYSTEM_CACHE)

.PHONY: check-proof

EXTRA_DIST += tests/proof/proof.sh tests/proof/console.c tests/proof/frames.c tests/proof/store.c
