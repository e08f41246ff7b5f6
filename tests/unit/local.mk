# SPDX-License-Identifier: MIT
#
# A unit test is two lines: its program, and the files it is made of.  The AM_ flags of the top
# makefile instrument them, and an object is shared by all tests that name its file.  The
# headers of tests/hostmachine/ come before those of xen/.

check_PROGRAMS += tests/unit/t_bitmap
tests_unit_t_bitmap_SOURCES = tests/unit/t_bitmap.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_console
tests_unit_t_console_SOURCES = tests/unit/t_console.c xen/console/format.c xen/lib/parse.c \
	xen/lib/ratelimit.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_cpuid
tests_unit_t_cpuid_SOURCES = tests/unit/t_cpuid.c xen/entry/cpuid.c

check_PROGRAMS += tests/unit/t_decode
tests_unit_t_decode_SOURCES = tests/unit/t_decode.c xen/entry/decode.c

check_PROGRAMS += tests/unit/t_format
tests_unit_t_format_SOURCES = tests/unit/t_format.c

check_PROGRAMS += tests/unit/t_portio
tests_unit_t_portio_SOURCES = tests/unit/t_portio.c xen/entry/decode.c xen/entry/guestmsr.c \
	xen/entry/cpuid.c xen/domain/ioports.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_privop
tests_unit_t_privop_SOURCES = tests/unit/t_privop.c xen/entry/decode.c xen/entry/guestmsr.c \
	xen/entry/cpuid.c xen/domain/ioports.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_ptwrite
tests_unit_t_ptwrite_SOURCES = tests/unit/t_ptwrite.c xen/entry/decode.c

check_PROGRAMS += tests/unit/t_rbtree
tests_unit_t_rbtree_SOURCES = tests/unit/t_rbtree.c xen/lib/rbtree.c

check_PROGRAMS += tests/unit/t_acpi
tests_unit_t_acpi_SOURCES = tests/unit/t_acpi.c xen/boot/acpi.c

check_PROGRAMS += tests/unit/t_memmap
tests_unit_t_memmap_SOURCES = tests/unit/t_memmap.c xen/boot/memmap.c

check_PROGRAMS += tests/unit/t_multiboot
tests_unit_t_multiboot_SOURCES = tests/unit/t_multiboot.c xen/boot/multiboot.c xen/boot/memmap.c \
	xen/lib/parse.c

check_PROGRAMS += tests/unit/t_options
tests_unit_t_options_SOURCES = tests/unit/t_options.c xen/boot/options.c xen/lib/parse.c \
	xen/machine/mitigate.c

check_PROGRAMS += tests/unit/t_mitigate
tests_unit_t_mitigate_SOURCES = tests/unit/t_mitigate.c xen/machine/mitigate.c

check_PROGRAMS += tests/unit/t_vector
tests_unit_t_vector_SOURCES = tests/unit/t_vector.c xen/irq/vector.c

check_PROGRAMS += tests/unit/t_pirq
tests_unit_t_pirq_SOURCES = tests/unit/t_pirq.c xen/irq/pirq.c xen/irq/irq.c xen/irq/vector.c

check_PROGRAMS += tests/unit/t_clock
tests_unit_t_clock_SOURCES = tests/unit/t_clock.c xen/time/clock.c
tests_unit_t_clock_LDADD = -lm

check_PROGRAMS += tests/unit/t_evtchn
tests_unit_t_evtchn_SOURCES = tests/unit/t_evtchn.c tests/unit/evtchn_host.h xen/evtchn/evtchnop.c \
	xen/evtchn/level2.c xen/evtchn/port.c xen/evtchn/send.c xen/evtchn/virq.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_fair
tests_unit_t_fair_SOURCES = tests/unit/t_fair.c xen/sched/fair.c xen/lib/rbtree.c

check_PROGRAMS += tests/unit/t_runqueue
tests_unit_t_runqueue_SOURCES = tests/unit/t_runqueue.c tests/unit/sched_host.h \
	xen/sched/affinity.c xen/sched/deferred.c xen/sched/fair.c xen/sched/life.c \
	xen/sched/runqueue.c xen/sched/schedop.c xen/sched/vcpu.c xen/time/timer.c \
	xen/lib/rbtree.c

check_PROGRAMS += tests/unit/t_tlb
tests_unit_t_tlb_SOURCES = tests/unit/t_tlb.c

check_PROGRAMS += tests/unit/t_timer
tests_unit_t_timer_SOURCES = tests/unit/t_timer.c tests/unit/timer_host.h xen/time/timer.c xen/lib/rbtree.c

check_PROGRAMS += tests/unit/t_platform
tests_unit_t_platform_SOURCES = tests/unit/t_platform.c tests/unit/platformmock.h \
	xen/ctl/platform.c xen/ctl/version.c xen/irq/physdev.c xen/lib/bitmap.c xen/lib/parse.c

check_PROGRAMS += tests/unit/t_elf
tests_unit_t_elf_SOURCES = tests/unit/t_elf.c xen/builder/elf.c

unpack_sources = xen/builder/unpack.c xen/builder/unpack_library.c xen/builder/unpack_lz4.c \
	xen/builder/unpack_lzma.c xen/builder/unpack_xz.c

check_PROGRAMS += tests/unit/t_unpack
tests_unit_t_unpack_SOURCES = tests/unit/t_unpack.c $(unpack_sources)
tests_unit_t_unpack_LDADD = $(HV_LIBRARIES)

check_PROGRAMS += tests/unit/t_bzimage
tests_unit_t_bzimage_SOURCES = tests/unit/t_bzimage.c xen/builder/bzimage.c xen/builder/elf.c \
	$(unpack_sources)
tests_unit_t_bzimage_LDADD = $(HV_LIBRARIES)

check_PROGRAMS += tests/unit/t_domain
tests_unit_t_domain_SOURCES = tests/unit/t_domain.c tests/unit/domainmock.h \
	xen/domain/assist.c xen/domain/destroy.c xen/domain/domain.c xen/domain/lookup.c xen/domain/privilege.c xen/domain/vcpustate.c

check_PROGRAMS += tests/unit/t_domctl
tests_unit_t_domctl_SOURCES = tests/unit/t_domctl.c tests/unit/ctlmock.h xen/ctl/ctlbitmap.c \
	xen/ctl/domctl.c xen/ctl/domctlmem.c xen/ctl/domctlvcpu.c xen/ctl/dominfo.c \
	xen/ctl/policy.c xen/domain/destroy.c xen/domain/domain.c xen/domain/lookup.c \
	xen/domain/privilege.c xen/domain/vcpustate.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_sysctl
tests_unit_t_sysctl_SOURCES = tests/unit/t_sysctl.c tests/unit/ctlmock.h xen/ctl/ctlbitmap.c \
	xen/ctl/dominfo.c xen/ctl/policy.c xen/ctl/sysctl.c xen/ctl/sysctlinfo.c \
	xen/domain/destroy.c xen/domain/domain.c xen/domain/lookup.c xen/domain/privilege.c \
	xen/domain/vcpustate.c xen/lib/bitmap.c xen/lib/rbtree.c xen/sched/fair.c

check_PROGRAMS += tests/unit/t_grants
tests_unit_t_grants_SOURCES = tests/unit/t_grants.c tests/unit/grantmock.h tests/unit/world.h \
	xen/gnttab/copy.c xen/gnttab/gnttabop.c \
	xen/gnttab/map.c xen/gnttab/maptrack.c xen/gnttab/table.c xen/domain/privilege.c

check_PROGRAMS += tests/unit/t_reserve
tests_unit_t_reserve_SOURCES = tests/unit/t_reserve.c tests/unit/reservemock.h xen/mm/exchange.c xen/mm/memoryop.c \
	xen/mm/reservation.c xen/mm/reserve.c xen/mm/resource.c xen/domain/privilege.c

check_PROGRAMS += tests/unit/t_segdesc
tests_unit_t_segdesc_SOURCES = tests/unit/t_segdesc.c tests/unit/segdescmock.h xen/mm/segdesc.c

mm_sources = tests/unit/mmworld.h xen/mm/buddy.c xen/mm/frame.c xen/mm/iomem.c xen/mm/mmuext.c xen/mm/update.c \
	xen/mm/validate.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_buddy
tests_unit_t_buddy_SOURCES = tests/unit/t_buddy.c $(mm_sources)

check_PROGRAMS += tests/unit/t_audit
tests_unit_t_audit_SOURCES = tests/unit/t_audit.c xen/ctl/audit.c $(mm_sources)

check_PROGRAMS += tests/unit/t_frame
tests_unit_t_frame_SOURCES = tests/unit/t_frame.c $(mm_sources)

check_PROGRAMS += tests/unit/t_mmuext
tests_unit_t_mmuext_SOURCES = tests/unit/t_mmuext.c $(mm_sources)

check_PROGRAMS += tests/unit/t_update
tests_unit_t_update_SOURCES = tests/unit/t_update.c $(mm_sources)

check_PROGRAMS += tests/unit/t_validate
tests_unit_t_validate_SOURCES = tests/unit/t_validate.c $(mm_sources)

check_PROGRAMS += tests/unit/t_slab
tests_unit_t_slab_SOURCES = tests/unit/t_slab.c $(mm_sources) xen/mm/slab.c

check-unit:
	@$(MAKE) -k $(AM_MAKEFLAGS) $(check_PROGRAMS) || :
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/unit-run.count -n run \
		$(SHELL) $(srcdir)/tests/lib/run-check.sh $(srcdir)/tests/lib
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/unit.count $(check_PROGRAMS)

# The other compiler's opinion, in a build of its own.
check-clang:
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/clang.count -t 3000 -n clang \
		$(SHELL) $(srcdir)/tests/unit/clang.sh $(abs_top_srcdir) clang
EXTRA_DIST += tests/unit/clang.sh

check_PROGRAMS += tests/unit/t_msi
tests_unit_t_msi_SOURCES = tests/unit/t_msi.c xen/irq/pci.c xen/machine/msi.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_vcpuop
tests_unit_t_vcpuop_SOURCES = tests/unit/t_vcpuop.c xen/sched/vcpuop.c xen/time/vtimer.c

# Of the tools: the library's own sources, instrumented like the rest.
config_sources = dom0-tools/lib/error.c dom0-tools/lib/json.c dom0-tools/lib/text.c \
	dom0-tools/lib/config/config.c \
	dom0-tools/lib/config/cpufeatures.c dom0-tools/lib/config/cpuid.c \
	dom0-tools/lib/config/cpulist.c dom0-tools/lib/config/disk.c dom0-tools/lib/config/fb.c \
	dom0-tools/lib/config/foreign.c dom0-tools/lib/config/keys.c dom0-tools/lib/config/kinds.c \
	dom0-tools/lib/config/lex.c \
	dom0-tools/lib/config/nic.c dom0-tools/lib/config/parse.c dom0-tools/lib/config/plain.c \
	dom0-tools/lib/config/show.c dom0-tools/lib/config/showjson.c \
	dom0-tools/lib/config/showtext.c dom0-tools/lib/config/text.c \
	dom0-tools/lib/config/values.c

check_PROGRAMS += tests/unit/t_error
tests_unit_t_error_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_error_SOURCES = tests/unit/t_error.c dom0-tools/lib/error.c

check_PROGRAMS += tests/unit/t_config
tests_unit_t_config_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_config_SOURCES = tests/unit/t_config.c $(config_sources)
tests_unit_t_config_LDADD = -ljson-c

check_PROGRAMS += tests/unit/t_configtext
tests_unit_t_configtext_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_configtext_SOURCES = tests/unit/t_configtext.c $(config_sources)
tests_unit_t_configtext_LDADD = -ljson-c

check_PROGRAMS += tests/unit/t_configxl
tests_unit_t_configxl_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_configxl_SOURCES = tests/unit/t_configxl.c $(config_sources)
tests_unit_t_configxl_LDADD = -lxlutil -lxenlight -ljson-c

check_PROGRAMS += tests/unit/t_core
tests_unit_t_core_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_core_SOURCES = tests/unit/t_core.c dom0-tools/lib/error.c dom0-tools/lib/dom/core.c \
	dom0-tools/lib/dom/corefile.c dom0-tools/lib/dom/coreplace.c

check_PROGRAMS += tests/unit/t_configcpuid
tests_unit_t_configcpuid_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_configcpuid_SOURCES = tests/unit/t_configcpuid.c dom0-tools/lib/dom/cpuid.c \
	dom0-tools/lib/hv/policy.c $(config_sources)
tests_unit_t_configcpuid_LDADD = -ljson-c

image_sources = dom0-tools/lib/image/bzimage.c dom0-tools/lib/image/elf.c \
	dom0-tools/lib/image/unpack.c $(XZ_DECODER)
image_libs = -lz -lbz2 -llzma -llzo2 -llz4 -lzstd -ldeflate

check_PROGRAMS += tests/unit/t_image
tests_unit_t_image_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/xen
tests_unit_t_image_SOURCES = tests/unit/t_image.c tests/unit/kernelmade.h $(image_sources) \
	dom0-tools/lib/error.c
tests_unit_t_image_LDADD = $(image_libs)

# The confined child cannot be had together with the sanitizers.
check_PROGRAMS += tests/unit/t_imageopen
tests_unit_t_imageopen_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/xen
tests_unit_t_imageopen_CFLAGS = -std=gnu11 -g -O1 -Wall -Wextra -Werror
tests_unit_t_imageopen_LDFLAGS =
tests_unit_t_imageopen_SOURCES = tests/unit/t_imageopen.c tests/unit/kernelmade.h \
	$(image_sources) dom0-tools/lib/error.c dom0-tools/lib/log.c dom0-tools/lib/image/cache.c \
	dom0-tools/lib/image/confine.c dom0-tools/lib/image/digest.c \
	dom0-tools/lib/image/open.c
tests_unit_t_imageopen_LDADD = $(image_libs) -lnettle -lseccomp

check_PROGRAMS += tests/unit/t_consolering
tests_unit_t_consolering_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_consolering_SOURCES = tests/unit/t_consolering.c dom0-tools/consoled/logfile.c \
	dom0-tools/consoled/ring.c

check_PROGRAMS += tests/unit/t_daisd
tests_unit_t_daisd_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_daisd_SOURCES = tests/unit/t_daisd.c dom0-tools/daisd/forget.c dom0-tools/daisd/intent.c \
	dom0-tools/daisd/journal.c dom0-tools/daisd/marks.c dom0-tools/daisd/policy.c dom0-tools/lib/log.c $(config_sources)
tests_unit_t_daisd_LDADD = -ljson-c -lpthread

check_PROGRAMS += tests/unit/t_metrics
tests_unit_t_metrics_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_metrics_SOURCES = tests/unit/t_metrics.c dom0-tools/daisd/metrics.c \
	dom0-tools/lib/version.c $(config_sources)
tests_unit_t_metrics_LDADD = -ljson-c

check_PROGRAMS += tests/unit/t_output
tests_unit_t_output_CPPFLAGS = $(TOOLS_CPPFLAGS) -I$(srcdir)/dom0-tools/cli
tests_unit_t_output_SOURCES = tests/unit/t_output.c dom0-tools/cli/output.c \
	dom0-tools/lib/json.c dom0-tools/lib/text.c
tests_unit_t_output_LDADD = -ljson-c -lpthread -lutil

check_PROGRAMS += tests/unit/t_storeclient
tests_unit_t_storeclient_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_storeclient_SOURCES = tests/unit/t_storeclient.c dom0-tools/lib/error.c \
	dom0-tools/lib/store/client.c dom0-tools/lib/store/stream.c
tests_unit_t_storeclient_LDADD = -lpthread

check_PROGRAMS += tests/unit/t_announce
tests_unit_t_announce_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_announce_SOURCES = tests/unit/t_announce.c dom0-tools/consoled/announce.c \
	dom0-tools/lib/error.c dom0-tools/lib/store/client.c dom0-tools/lib/store/stream.c
tests_unit_t_announce_LDADD = -lpthread

check_PROGRAMS += tests/unit/t_devmodel
tests_unit_t_devmodel_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_devmodel_SOURCES = tests/unit/t_devmodel.c $(config_sources) \
	dom0-tools/lib/dev/model.c dom0-tools/lib/dev/process.c dom0-tools/lib/dev/qemu.c \
	dom0-tools/lib/dev/qmp.c
tests_unit_t_devmodel_LDADD = -ljson-c -lpthread

check_PROGRAMS += tests/unit/t_destroy
tests_unit_t_destroy_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_destroy_SOURCES = tests/unit/t_destroy.c dom0-tools/lib/dom/destroy.c \
	dom0-tools/lib/error.c

check_PROGRAMS += tests/unit/t_watcher
tests_unit_t_watcher_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_watcher_SOURCES = tests/unit/t_watcher.c dom0-tools/lib/dom/watcher.c \
	dom0-tools/lib/error.c

check_PROGRAMS += tests/unit/t_viewer
tests_unit_t_viewer_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_viewer_SOURCES = tests/unit/t_viewer.c dom0-tools/cli/viewer.c \
	dom0-tools/lib/error.c dom0-tools/lib/json.c dom0-tools/lib/text.c
tests_unit_t_viewer_LDADD = -ljson-c

check_PROGRAMS += tests/unit/t_guestlayout
tests_unit_t_guestlayout_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_guestlayout_SOURCES = tests/unit/t_guestlayout.c dom0-tools/lib/build/layout.c \
	dom0-tools/lib/build/pagetables.c dom0-tools/lib/build/startinfo.c dom0-tools/lib/error.c
xs_tree_sources = xenstore/kids.c xenstore/mem.c xenstore/order.c xenstore/perm.c \
	xenstore/prefetch.c xenstore/recent.c xenstore/tree.c
xs_sources = tests/unit/xs_host.h $(xs_tree_sources) xenstore/conn.c xenstore/past.c \
	xenstore/quota.c xenstore/request.c xenstore/request_domain.c xenstore/store.c \
	xenstore/txn.c xenstore/watch.c xenstore/watchtrie.c xenstore/wire.c

check_PROGRAMS += tests/unit/t_xs_tree
tests_unit_t_xs_tree_SOURCES = tests/unit/t_xs_tree.c $(xs_tree_sources)

check_PROGRAMS += tests/unit/t_xs_trie
tests_unit_t_xs_trie_SOURCES = tests/unit/t_xs_trie.c $(xs_tree_sources) xenstore/watchtrie.c \
	xenstore/wire.c

check_PROGRAMS += tests/unit/t_xs_ahead
tests_unit_t_xs_ahead_SOURCES = tests/unit/t_xs_ahead.c $(xs_sources)

check_PROGRAMS += tests/unit/t_xs_past
tests_unit_t_xs_past_SOURCES = tests/unit/t_xs_past.c $(xs_sources)

check_PROGRAMS += tests/unit/t_xs_recent
tests_unit_t_xs_recent_SOURCES = tests/unit/t_xs_recent.c $(xs_sources)

check_PROGRAMS += tests/unit/t_xs_request
tests_unit_t_xs_request_SOURCES = tests/unit/t_xs_request.c $(xs_sources)


if LIBVIRT
check_PROGRAMS += tests/unit/t_remote
tests_unit_t_remote_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests_unit_t_remote_SOURCES = tests/unit/t_remote.c
tests_unit_t_remote_LDADD = -ljson-c
EXTRA_tests_unit_t_remote_DEPENDENCIES = dom0-tools/dais dom0-tools/dais-remote
endif
