# SPDX-License-Identifier: MIT
#
# libdais (one shared object, made from an archive of position-independent code) and dais.
# Sources are listed one by one; a new command is a line in DAIS_COMMANDS.

TOOLS_WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes \
	-Wundef -Wvla -Wwrite-strings -Wno-unknown-warning-option -Wno-format-truncation -Werror
TOOLS_CPPFLAGS = -I$(srcdir)/dom0-tools/lib $(XEN_ABI) -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
	-DDAIS_RELEASE='"$(PACKAGE_VERSION)"'
TOOLS_CFLAGS = -std=gnu11 -O2 -g -fstack-protector-strong -fPIC $(TOOLS_WARNINGS)
TOOLS_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed

LIBDAIS_LIBS = -lxencall -lxenforeignmemory -lxentoollog -ljson-c

noinst_LIBRARIES += dom0-tools/libdais.a
dom0_tools_libdais_a_CPPFLAGS = $(TOOLS_CPPFLAGS) -I/usr/include/libnl3
dom0_tools_libdais_a_CFLAGS = $(TOOLS_CFLAGS) -fvisibility=hidden
dom0_tools_libdais_a_SOURCES = \
	dom0-tools/lib/cleanup.h \
	dom0-tools/lib/error.c dom0-tools/lib/error.h \
	dom0-tools/lib/export.h \
	dom0-tools/lib/json.c dom0-tools/lib/json.h dom0-tools/lib/text.c \
	dom0-tools/lib/text.h \
	dom0-tools/lib/log.c dom0-tools/lib/log.h \
	dom0-tools/lib/version.c dom0-tools/lib/version.h \
	dom0-tools/lib/config/config.c dom0-tools/lib/config/config.h \
	dom0-tools/lib/config/cpufeatures.c dom0-tools/lib/config/cpufeatures.h \
	dom0-tools/lib/config/cpuid.c \
	dom0-tools/lib/config/cpulist.c \
	dom0-tools/lib/config/disk.c \
	dom0-tools/lib/config/fb.c \
	dom0-tools/lib/config/foreign.c \
	dom0-tools/lib/config/keys.c \
	dom0-tools/lib/config/kinds.c \
	dom0-tools/lib/config/lex.c \
	dom0-tools/lib/config/nic.c \
	dom0-tools/lib/config/parse.c \
	dom0-tools/lib/config/plain.c dom0-tools/lib/config/plain.h \
	dom0-tools/lib/config/private.h \
	dom0-tools/lib/config/show.c dom0-tools/lib/config/showjson.c \
	dom0-tools/lib/config/showtext.c \
	dom0-tools/lib/config/text.c \
	dom0-tools/lib/config/values.c \
	dom0-tools/lib/image/bzimage.c \
	dom0-tools/lib/image/cache.c \
	dom0-tools/lib/image/elf.c \
	dom0-tools/lib/image/image.h \
	dom0-tools/lib/image/open.c \
	dom0-tools/lib/image/private.h

# What talks to a hypervisor.
LIBDAIS_DOMAINS = \
	dom0-tools/lib/module.c \
	dom0-tools/lib/timeline.c dom0-tools/lib/timeline.h \
	dom0-tools/lib/build/build.c dom0-tools/lib/build/build.h \
	dom0-tools/lib/build/layout.c dom0-tools/lib/build/layout.h \
	dom0-tools/lib/build/pagetables.c dom0-tools/lib/build/pagetables.h \
	dom0-tools/lib/build/startinfo.c dom0-tools/lib/build/startinfo.h \
	dom0-tools/lib/dev/console.c \
	dom0-tools/lib/dev/device.h \
	dom0-tools/lib/dev/disk.c \
	dom0-tools/lib/dev/backend.c \
	dom0-tools/lib/dev/fb.c \
	dom0-tools/lib/dev/model.c dom0-tools/lib/dev/model.h \
	dom0-tools/lib/dev/modelwatch.c dom0-tools/lib/dev/modelwatch.h \
	dom0-tools/lib/dev/relief.c \
	dom0-tools/lib/dev/process.c dom0-tools/lib/dev/process.h \
	dom0-tools/lib/dev/qemu.c dom0-tools/lib/dev/qemu.h \
	dom0-tools/lib/dev/qmp.c dom0-tools/lib/dev/qmp.h \
	dom0-tools/lib/dev/list.c \
	dom0-tools/lib/dev/loop.c dom0-tools/lib/dev/loop.h \
	dom0-tools/lib/dev/nic.c \
	dom0-tools/lib/dev/plain.c \
	dom0-tools/lib/dev/script.c dom0-tools/lib/dev/script.h \
	dom0-tools/lib/dom/announce.c \
	dom0-tools/lib/dom/control.c \
	dom0-tools/lib/dom/core.c \
	dom0-tools/lib/dom/corefile.c dom0-tools/lib/dom/corefile.h \
	dom0-tools/lib/dom/coreplace.c dom0-tools/lib/dom/coreplace.h \
	dom0-tools/lib/dom/cpuid.c dom0-tools/lib/dom/cpuid.h \
	dom0-tools/lib/dom/create.c \
	dom0-tools/lib/dom/destroy.c \
	dom0-tools/lib/dom/domain.h \
	dom0-tools/lib/dom/host.c dom0-tools/lib/dom/host.h \
	dom0-tools/lib/dom/json.c \
	dom0-tools/lib/dom/list.c \
	dom0-tools/lib/dom/machine.c dom0-tools/lib/dom/machine.h \
	dom0-tools/lib/dom/name.c \
	dom0-tools/lib/dom/record.c \
	dom0-tools/lib/dom/watcher.c dom0-tools/lib/dom/watcher.h \
	dom0-tools/lib/hv/call.h dom0-tools/lib/hv/domctl.c dom0-tools/lib/hv/domctl.h \
	dom0-tools/lib/hv/handle.c dom0-tools/lib/hv/handle.h \
	dom0-tools/lib/hv/inspect.c dom0-tools/lib/hv/inspect.h \
	dom0-tools/lib/hv/memory.c dom0-tools/lib/hv/memory.h \
	dom0-tools/lib/hv/policy.c dom0-tools/lib/hv/policy.h \
	dom0-tools/lib/hv/sysctl.c dom0-tools/lib/hv/sysctl.h \
	dom0-tools/lib/store/client.c dom0-tools/lib/store/client.h \
	dom0-tools/lib/store/device.c dom0-tools/lib/store/device.h \
	dom0-tools/lib/store/stream.c dom0-tools/lib/store/stream.h
dom0_tools_libdais_a_SOURCES += $(LIBDAIS_DOMAINS)

# Its name in the build and, with links to it, in $(libdir).
LIBDAIS_SO = dom0-tools/libdais.so.0
$(LIBDAIS_SO): dom0-tools/libdais.a $(srcdir)/dom0-tools/lib/libdais.map
	$(AM_V_CCLD)$(CC) -shared $(TOOLS_LDFLAGS) -Wl,-soname,libdais.so.0 -Wl,-z,defs \
		-Wl,--version-script=$(srcdir)/dom0-tools/lib/libdais.map -o $@ \
		-Wl,--whole-archive dom0-tools/libdais.a -Wl,--no-whole-archive $(LIBDAIS_LIBS)

# The parts that are loaded when needed, with the libraries that only they use (lib/module.c).
noinst_LIBRARIES += dom0-tools/libdais-image.a dom0-tools/libdais-net.a
dom0_tools_libdais_image_a_CPPFLAGS = $(TOOLS_CPPFLAGS)
dom0_tools_libdais_image_a_CFLAGS = $(TOOLS_CFLAGS) -fvisibility=hidden
dom0_tools_libdais_image_a_SOURCES = \
	dom0-tools/lib/image/confine.c \
	dom0-tools/lib/image/digest.c \
	dom0-tools/lib/image/unpack.c dom0-tools/lib/image/xz.h
# The hypervisor's decoder of xz, and the file that calls it, with the hypervisor's headers.
noinst_LIBRARIES += dom0-tools/libxz.a
XZ_DECODER = dom0-tools/lib/image/xz.c xen/builder/unpack_lzma.c xen/builder/unpack_xz.c
dom0_tools_libxz_a_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/xen
dom0_tools_libxz_a_CFLAGS = -std=gnu11 -O2 -g -fstack-protector-strong -fPIC -fvisibility=hidden \
	$(HV_WARN)
dom0_tools_libxz_a_SOURCES = $(XZ_DECODER)
dom0_tools_libdais_net_a_CPPFLAGS = $(TOOLS_CPPFLAGS) -I/usr/include/libnl3
dom0_tools_libdais_net_a_CFLAGS = $(TOOLS_CFLAGS) -fvisibility=hidden
dom0_tools_libdais_net_a_SOURCES = dom0-tools/lib/dev/link.c dom0-tools/lib/dev/link.h

LIBDAIS_PARTS = dom0-tools/libdais-image.so.0 dom0-tools/libdais-net.so.0
# What they need of the library they find in whoever loads them.
dom0-tools/libdais-image.so.0: dom0-tools/libxz.a
dom0-tools/libdais-%.so.0: dom0-tools/libdais-%.a
	$(AM_V_CCLD)$(CC) -shared $(TOOLS_LDFLAGS) -Wl,-soname,$(@F) -o $@ \
		-Wl,--whole-archive $^ -Wl,--no-whole-archive \
		$(if $(findstring image,$@),-lz -llzma -lzstd -llz4 -lbz2 -llzo2 -ldeflate -lnettle -lseccomp,-lnl-route-3 -lnl-3)

DAIS_COMMANDS = \
	dom0-tools/cli/cmd_block_attach.c \
	dom0-tools/cli/cmd_block_detach.c \
	dom0-tools/cli/cmd_block_list.c \
	dom0-tools/cli/cmd_check.c \
	dom0-tools/cli/cmd_config.c \
	dom0-tools/cli/cmd_console.c \
	dom0-tools/cli/cmd_cpupool_list.c \
	dom0-tools/cli/cmd_create.c \
	dom0-tools/cli/cmd_debug_keys.c \
	dom0-tools/cli/cmd_destroy.c \
	dom0-tools/cli/cmd_dmesg.c \
	dom0-tools/cli/cmd_domid.c \
	dom0-tools/cli/cmd_domname.c \
	dom0-tools/cli/cmd_dump_core.c \
	dom0-tools/cli/cmd_events.c \
	dom0-tools/cli/cmd_help.c \
	dom0-tools/cli/cmd_info.c \
	dom0-tools/cli/cmd_list.c \
	dom0-tools/cli/cmd_mem_max.c \
	dom0-tools/cli/cmd_mem_set.c \
	dom0-tools/cli/cmd_network_attach.c \
	dom0-tools/cli/cmd_network_detach.c \
	dom0-tools/cli/cmd_network_list.c \
	dom0-tools/cli/cmd_pause.c \
	dom0-tools/cli/cmd_reboot.c \
	dom0-tools/cli/cmd_rename.c \
	dom0-tools/cli/cmd_sched.c \
	dom0-tools/cli/cmd_shutdown.c \
	dom0-tools/cli/cmd_sysrq.c \
	dom0-tools/cli/cmd_top.c \
	dom0-tools/cli/cmd_trigger.c \
	dom0-tools/cli/cmd_unpause.c \
	dom0-tools/cli/cmd_uptime.c \
	dom0-tools/cli/cmd_vcpu_list.c \
	dom0-tools/cli/cmd_vcpu_pin.c \
	dom0-tools/cli/cmd_vcpu_set.c \
	dom0-tools/cli/cmd_version.c \
	dom0-tools/cli/cmd_wait.c

# The command line has the library linked in, with the libraries that it needs: most of what a
# short command costs would else be the loading of shared objects. Hidden functions are made
# local first, so that it cannot reach inside.
dom0-tools/libdais-whole.o: dom0-tools/libdais.a
	$(AM_V_CCLD)$(CC) -r -nostdlib -o $@.t -Wl,--whole-archive $< && \
		$(OBJCOPY) --localize-hidden $@.t $@ && rm -f $@.t
CLEANFILES += dom0-tools/libdais-whole.o
LIBDAIS_STATIC = -l:libxencall.a -l:libxenforeignmemory.a -l:libxentoollog.a \
	-l:libxentoolcore.a -l:libjson-c.a

bin_PROGRAMS += dom0-tools/dais
dom0_tools_dais_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/dom0-tools/cli \
	-DDAIS_LIBEXEC='"$(libexecdir)"'
dom0_tools_dais_CFLAGS = $(TOOLS_CFLAGS)
dom0_tools_dais_LDFLAGS = $(TOOLS_LDFLAGS) -Wl,--export-dynamic-symbol='dais_*'
dom0_tools_dais_LDADD = dom0-tools/libdais-whole.o $(LIBDAIS_STATIC) -l:libncursesw.a -l:libtinfo.a
dom0_tools_dais_DEPENDENCIES = dom0-tools/libdais-whole.o $(LIBDAIS_SO) $(LIBDAIS_PARTS)
dom0_tools_dais_SOURCES = $(DAIS_COMMANDS) \
	dom0-tools/cli/args.c dom0-tools/cli/args.h \
	dom0-tools/cli/cli.h \
	dom0-tools/cli/down.c dom0-tools/cli/down.h dom0-tools/cli/host.c dom0-tools/cli/host.h \
	dom0-tools/cli/commands.def dom0-tools/cli/commands.h \
	dom0-tools/cli/main.c \
	dom0-tools/cli/monitor.c dom0-tools/cli/monitor.h \
	dom0-tools/cli/viewer.c dom0-tools/cli/viewer.h \
	dom0-tools/cli/output.c dom0-tools/cli/output.h \
	dom0-tools/lib/json.c dom0-tools/lib/json.h dom0-tools/lib/text.c \
	dom0-tools/lib/text.h

# `dais -c URI`: the same program with another table, over libvirt.
if LIBVIRT
libexec_PROGRAMS += dom0-tools/dais-remote
endif
dom0_tools_dais_remote_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/dom0-tools/cli \
	-I$(srcdir)/dom0-tools/remote -DCOMMANDS_DEF='"remote.def"' \
	-DDAIS_LIBEXEC='"$(libexecdir)"'
dom0_tools_dais_remote_CFLAGS = $(TOOLS_CFLAGS)
dom0_tools_dais_remote_LDFLAGS = $(TOOLS_LDFLAGS) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/../lib'
dom0_tools_dais_remote_LDADD = $(LIBDAIS_SO) -ljson-c -lvirt
dom0_tools_dais_remote_SOURCES = \
	dom0-tools/cli/args.c dom0-tools/cli/args.h \
	dom0-tools/cli/cli.h \
	dom0-tools/cli/cmd_help.c dom0-tools/cli/cmd_version.c \
	dom0-tools/cli/commands.h \
	dom0-tools/cli/main.c \
	dom0-tools/cli/output.c dom0-tools/cli/output.h \
	dom0-tools/remote/connect.c dom0-tools/remote/connect.h \
	dom0-tools/remote/control.c \
	dom0-tools/remote/list.c \
	dom0-tools/lib/json.c dom0-tools/lib/json.h dom0-tools/lib/text.c \
	dom0-tools/lib/text.h \
	dom0-tools/remote/remote.def

CLEANFILES += $(LIBDAIS_SO) $(LIBDAIS_PARTS)
EXTRA_DIST += dom0-tools/lib/libdais.map

# The console daemon, in xenconsoled's place.
sbin_PROGRAMS += dom0-tools/dais-consoled
dom0_tools_dais_consoled_CPPFLAGS = $(TOOLS_CPPFLAGS)
dom0_tools_dais_consoled_CFLAGS = $(TOOLS_CFLAGS)
dom0_tools_dais_consoled_LDFLAGS = $(TOOLS_LDFLAGS) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/../lib'
dom0_tools_dais_consoled_LDADD = $(LIBDAIS_SO) -lev -lutil -lxenevtchn -lxenforeignmemory \
	-lxengnttab
dom0_tools_dais_consoled_SOURCES = \
	dom0-tools/daemon/background.c dom0-tools/daemon/background.h \
	dom0-tools/consoled/announce.c dom0-tools/consoled/announce.h \
	dom0-tools/consoled/domains.c dom0-tools/consoled/domains.h \
	dom0-tools/consoled/logfile.c dom0-tools/consoled/logfile.h \
	dom0-tools/consoled/main.c \
	dom0-tools/consoled/pty.c dom0-tools/consoled/pty.h \
	dom0-tools/consoled/ring.c dom0-tools/consoled/ring.h \
	dom0-tools/lib/store/client.c dom0-tools/lib/store/client.h \
	dom0-tools/lib/store/stream.c dom0-tools/lib/store/stream.h

# The supervisor.
sbin_PROGRAMS += dom0-tools/daisd/daisd
dom0_tools_daisd_daisd_CPPFLAGS = $(TOOLS_CPPFLAGS) -DDAIS_SYSCONF='"$(sysconfdir)"'
dom0_tools_daisd_daisd_CFLAGS = $(TOOLS_CFLAGS) -pthread
dom0_tools_daisd_daisd_LDFLAGS = $(TOOLS_LDFLAGS) -pthread -Wl,-rpath,'$$ORIGIN/..:$$ORIGIN/../lib'
dom0_tools_daisd_daisd_LDADD = $(LIBDAIS_SO) -ljson-c -lmicrohttpd
dom0_tools_daisd_daisd_SOURCES = \
	dom0-tools/daisd/api.c dom0-tools/daisd/api.h \
	dom0-tools/daisd/intent.c dom0-tools/daisd/intent.h \
	dom0-tools/daisd/journal.c dom0-tools/daisd/journal.h \
	dom0-tools/lib/json.c dom0-tools/lib/json.h dom0-tools/lib/text.c \
	dom0-tools/lib/text.h \
	dom0-tools/daemon/background.c dom0-tools/daemon/background.h \
	dom0-tools/daisd/main.c dom0-tools/daisd/marks.c dom0-tools/daisd/marks.h \
	dom0-tools/daisd/metrics.c dom0-tools/daisd/metrics.h \
	dom0-tools/daisd/policy.c dom0-tools/daisd/policy.h \
	dom0-tools/daisd/routes.c dom0-tools/daisd/routes.h \
	dom0-tools/daisd/dump.c dom0-tools/daisd/dump.h \
	dom0-tools/daisd/forget.c dom0-tools/daisd/forget.h \
	dom0-tools/daisd/supervise.c dom0-tools/daisd/supervise.h

# Kernels unpacked ahead, by the hooks of their packages.
libexec_PROGRAMS += dom0-tools/dais-unpack
dom0_tools_dais_unpack_CPPFLAGS = $(TOOLS_CPPFLAGS)
dom0_tools_dais_unpack_CFLAGS = $(TOOLS_CFLAGS)
dom0_tools_dais_unpack_LDFLAGS = $(TOOLS_LDFLAGS) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/../lib'
dom0_tools_dais_unpack_LDADD = $(LIBDAIS_SO)
dom0_tools_dais_unpack_SOURCES = dom0-tools/unpack/main.c

# ----- what is installed beside the programs -----

LIBDAIS_API = error.h log.h timeline.h version.h config/config.h dom/domain.h dom/machine.h \
	image/image.h
DAIS_UNITS = dom0-tools/etc/daisd.service dom0-tools/etc/dais-consoled.service \
	dom0-tools/etc/dais-domains.service
DAIS_HOOKS = dom0-tools/etc/kernel-postinst dom0-tools/etc/kernel-postrm
DAIS_MADE = $(DAIS_UNITS) $(DAIS_HOOKS) dom0-tools/etc/dais.pc

bashcompdir = $(datadir)/bash-completion/completions
pkgconfigdir = $(libdir)/pkgconfig
unitdir = $(prefix)/lib/systemd/system
kerneldir = $(sysconfdir)/kernel
dist_unit_DATA = dom0-tools/etc/proc-xen.mount

# The brackets keep config.status from putting its own values here.
$(DAIS_MADE): %: $(srcdir)/%.in Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed -e 's|@[s]bindir@|$(sbindir)|g' -e 's|@[b]indir@|$(bindir)|g' -e 's|@[p]refix@|$(prefix)|g' \
		-e 's|@[e]xec_prefix@|$(exec_prefix)|g' -e 's|@[l]ibdir@|$(libdir)|g' \
		-e 's|@[i]ncludedir@|$(includedir)|g' -e 's|@[l]ibexecdir@|$(libexecdir)|g' -e 's|@[P]ACKAGE_VERSION@|$(PACKAGE_VERSION)|g' \
		$< > $@.new && mv $@.new $@

install-exec-local: $(LIBDAIS_SO) $(LIBDAIS_PARTS)
	$(MKDIR_P) $(DESTDIR)$(libdir)
	$(INSTALL_DATA) $(LIBDAIS_PARTS) $(DESTDIR)$(libdir)
	$(INSTALL_DATA) $(LIBDAIS_SO) $(DESTDIR)$(libdir)/libdais.so.$(PACKAGE_VERSION)
	cd $(DESTDIR)$(libdir) && $(LN_S) -f libdais.so.$(PACKAGE_VERSION) libdais.so.0 && \
		$(LN_S) -f libdais.so.0 libdais.so

install-data-local: $(DAIS_MADE)
	for h in $(LIBDAIS_API); do \
		$(MKDIR_P) "$(DESTDIR)$(includedir)/dais/$$(dirname $$h)" && \
		$(INSTALL_DATA) $(srcdir)/dom0-tools/lib/$$h \
			"$(DESTDIR)$(includedir)/dais/$$h" || exit 1; \
	done
	$(MKDIR_P) $(DESTDIR)$(bashcompdir) $(DESTDIR)$(pkgconfigdir) $(DESTDIR)$(unitdir) \
		$(DESTDIR)$(sysconfdir)/dais/auto $(DESTDIR)$(kerneldir)/postinst.d \
		$(DESTDIR)$(kerneldir)/postrm.d
	$(INSTALL_DATA) $(srcdir)/dom0-tools/etc/dais.bash $(DESTDIR)$(bashcompdir)/dais
	$(INSTALL_DATA) dom0-tools/etc/dais.pc $(DESTDIR)$(pkgconfigdir)/libdais.pc
	$(INSTALL_DATA) $(DAIS_UNITS) $(DESTDIR)$(unitdir)
	$(INSTALL_SCRIPT) dom0-tools/etc/kernel-postinst $(DESTDIR)$(kerneldir)/postinst.d/dais
	$(INSTALL_SCRIPT) dom0-tools/etc/kernel-postrm $(DESTDIR)$(kerneldir)/postrm.d/dais

uninstall-local:
	cd $(DESTDIR)$(libdir) && rm -f $(notdir $(LIBDAIS_PARTS)) libdais.so libdais.so.0 libdais.so.$(PACKAGE_VERSION)
	rm -rf $(DESTDIR)$(includedir)/dais
	rm -f $(DESTDIR)$(bashcompdir)/dais $(DESTDIR)$(pkgconfigdir)/libdais.pc
	cd $(DESTDIR)$(unitdir) && rm -f $(notdir $(DAIS_UNITS))
	rm -f $(DESTDIR)$(kerneldir)/postinst.d/dais $(DESTDIR)$(kerneldir)/postrm.d/dais

CLEANFILES += $(DAIS_MADE)
EXTRA_DIST += dom0-tools/etc/dais.bash dom0-tools/etc/dais.pc.in \
	dom0-tools/etc/daisd.service.in dom0-tools/etc/dais-consoled.service.in \
	dom0-tools/etc/dais-domains.service.in dom0-tools/etc/kernel-postinst.in \
	dom0-tools/etc/kernel-postrm.in
