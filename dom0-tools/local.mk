# SPDX-License-Identifier: MIT
#
# libdais (one shared object, made from an archive of position-independent code) and dais.
# Sources are listed one by one; a new command is a line in DAIS_COMMANDS.

TOOLS_WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
	-Wundef -Wvla -Wwrite-strings -Wno-format-truncation -Werror
TOOLS_CPPFLAGS = -I$(srcdir)/dom0-tools/lib $(XEN_ABI) -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
	-DDAIS_RELEASE='"$(PACKAGE_VERSION)"'
TOOLS_CFLAGS = -std=gnu11 -O2 -g -fstack-protector-strong -fPIC $(TOOLS_WARNINGS)
TOOLS_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed

LIBDAIS_LIBS = -lxencall -lxenforeignmemory -lxenevtchn -lxenstore -lxentoollog \
	-ljson-c -lz -llzma -lzstd -llz4 -lbz2 -llzo2 -lmd -lseccomp -lnl-route-3 -lnl-3

noinst_LIBRARIES += dom0-tools/libdais.a
dom0_tools_libdais_a_CPPFLAGS = $(TOOLS_CPPFLAGS) -I/usr/include/libnl3
dom0_tools_libdais_a_CFLAGS = $(TOOLS_CFLAGS) -fvisibility=hidden
dom0_tools_libdais_a_SOURCES = \
	dom0-tools/lib/cleanup.h \
	dom0-tools/lib/error.c dom0-tools/lib/error.h \
	dom0-tools/lib/export.h \
	dom0-tools/lib/log.c dom0-tools/lib/log.h \
	dom0-tools/lib/version.c dom0-tools/lib/version.h \
	dom0-tools/lib/config/config.h \
	dom0-tools/lib/image/bzimage.c \
	dom0-tools/lib/image/cache.c \
	dom0-tools/lib/image/confine.c \
	dom0-tools/lib/image/elf.c \
	dom0-tools/lib/image/image.h \
	dom0-tools/lib/image/open.c \
	dom0-tools/lib/image/private.h \
	dom0-tools/lib/image/unpack.c

# Its name in the build and, with links to it, in $(libdir).
LIBDAIS_SO = dom0-tools/libdais.so.0
$(LIBDAIS_SO): dom0-tools/libdais.a $(srcdir)/dom0-tools/lib/libdais.map
	$(AM_V_CCLD)$(CC) -shared $(TOOLS_LDFLAGS) -Wl,-soname,libdais.so.0 -Wl,-z,defs \
		-Wl,--version-script=$(srcdir)/dom0-tools/lib/libdais.map -o $@ \
		-Wl,--whole-archive dom0-tools/libdais.a -Wl,--no-whole-archive $(LIBDAIS_LIBS)

DAIS_COMMANDS = \
	dom0-tools/cli/cmd_help.c \
	dom0-tools/cli/cmd_version.c

# The command line uses the library by its shared object only, so that it cannot reach inside.
bin_PROGRAMS += dom0-tools/dais
dom0_tools_dais_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/dom0-tools/cli
dom0_tools_dais_CFLAGS = $(TOOLS_CFLAGS)
dom0_tools_dais_LDFLAGS = $(TOOLS_LDFLAGS) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/../lib'
dom0_tools_dais_LDADD = $(LIBDAIS_SO) -ljson-c
dom0_tools_dais_SOURCES = $(DAIS_COMMANDS) \
	dom0-tools/cli/args.c dom0-tools/cli/args.h \
	dom0-tools/cli/cli.h \
	dom0-tools/cli/commands.def dom0-tools/cli/commands.h \
	dom0-tools/cli/main.c \
	dom0-tools/cli/output.c dom0-tools/cli/output.h

CLEANFILES += $(LIBDAIS_SO)
EXTRA_DIST += dom0-tools/lib/libdais.map
