# SPDX-License-Identifier: MIT
#
# The store daemon.

sbin_PROGRAMS += xenstore/xenstored

xenstore_xenstored_CPPFLAGS = -I$(srcdir)/xenstore $(XEN_ABI) -D_GNU_SOURCE
STORED_CFLAGS = -std=gnu11 -O2 -g -fno-common -fno-strict-aliasing -fPIE \
	-fstack-protector-strong -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	-Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla -Werror
xenstore_xenstored_CFLAGS = $(STORED_CFLAGS) $(STORE_LTO)
xenstore_xenstored_LDFLAGS = -pie -Wl,-z,relro,-z,now
xenstore_xenstored_LDADD = -lxencall -lxenevtchn -lxenforeignmemory -lxengnttab -lseccomp

xenstore_xenstored_SOURCES =
xenstore_xenstored_SOURCES += xenstore/checkpoint.c
xenstore_xenstored_SOURCES += xenstore/confine.c
xenstore_xenstored_SOURCES += xenstore/conn.c
xenstore_xenstored_SOURCES += xenstore/conn_ring.c
xenstore_xenstored_SOURCES += xenstore/conn_socket.c
xenstore_xenstored_SOURCES += xenstore/control.c
xenstore_xenstored_SOURCES += xenstore/domain.c
xenstore_xenstored_SOURCES += xenstore/handover.c
xenstore_xenstored_SOURCES += xenstore/hv.c
xenstore_xenstored_SOURCES += xenstore/kids.c
xenstore_xenstored_SOURCES += xenstore/log.c
xenstore_xenstored_SOURCES += xenstore/loop.c
xenstore_xenstored_SOURCES += xenstore/main.c
xenstore_xenstored_SOURCES += xenstore/mem.c
xenstore_xenstored_SOURCES += xenstore/options.c
xenstore_xenstored_SOURCES += xenstore/order.c
xenstore_xenstored_SOURCES += xenstore/past.c
xenstore_xenstored_SOURCES += xenstore/perm.c
xenstore_xenstored_SOURCES += xenstore/persist.c
xenstore_xenstored_SOURCES += xenstore/prefetch.c
xenstore_xenstored_SOURCES += xenstore/quota.c
xenstore_xenstored_SOURCES += xenstore/recent.c
xenstore_xenstored_SOURCES += xenstore/replay.c
xenstore_xenstored_SOURCES += xenstore/request.c
xenstore_xenstored_SOURCES += xenstore/request_domain.c
xenstore_xenstored_SOURCES += xenstore/store.c
xenstore_xenstored_SOURCES += xenstore/tree.c
xenstore_xenstored_SOURCES += xenstore/txn.c
xenstore_xenstored_SOURCES += xenstore/watch.c
xenstore_xenstored_SOURCES += xenstore/watchtrie.c
xenstore_xenstored_SOURCES += xenstore/wire.c

# Objects are made anew when only the flags change: those made for -flto and others do not go together.
$(xenstore_xenstored_OBJECTS): xenstore/flags

STORED_COMPILE = $(CC) $(CPPFLAGS) $(CFLAGS) $(xenstore_xenstored_CFLAGS)

# Nothing is to be done when they are the same: a second make finds all of it made.
xenstore/flags: $(shell echo '$(STORED_COMPILE)' | cmp -s - xenstore/flags || echo FORCE)
	@$(MKDIR_P) xenstore
	@echo '$(STORED_COMPILE)' > $@

FORCE:
.PHONY: FORCE
CLEANFILES += xenstore/flags

EXTRA_DIST += xenstore/checkpoint.h xenstore/confine.h xenstore/conn.h xenstore/conn_ring.h xenstore/conn_socket.h xenstore/control.h xenstore/domain.h \
	xenstore/handover.h xenstore/hv.h xenstore/kidsparts.h xenstore/log.h xenstore/loop.h xenstore/mem.h xenstore/node.h xenstore/options.h \
	xenstore/past.h xenstore/perm.h xenstore/persist.h xenstore/prefetch.h xenstore/quota.h xenstore/recent.h xenstore/record.h xenstore/request.h xenstore/store.h \
	xenstore/tree.h xenstore/txn.h xenstore/watch.h xenstore/watchtrie.h xenstore/wire.h \
	xenstore/etc/xenstored.service.in xenstore/etc/xenstored.sysusers

# The unit, made and installed as those of dom0-tools/.
DAIS_UNITS += xenstore/etc/xenstored.service

# The daemon's user, for systemd-sysusers.
sysusersdir = $(prefix)/lib/sysusers.d

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir)
	$(INSTALL_DATA) $(srcdir)/xenstore/etc/xenstored.sysusers \
		$(DESTDIR)$(sysusersdir)/dais-xenstored.conf

uninstall-hook:
	rm -f $(DESTDIR)$(sysusersdir)/dais-xenstored.conf
