# SPDX-License-Identifier: MIT
#
# A fuzz target is two lines: its name, and the files it is made of (headers are followed by
# themselves).  Seeds stand in tests/fuzz/corpus/NAME/.
#
#	FUZZ_TARGETS += tests/fuzz/fz_elf
#	tests/fuzz/fz_elf: tests/fuzz/fz_elf.c xen/builder/elf.c xen/lib/string.c

FUZZ_SECONDS = 20
FUZZ_CFLAGS = -std=gnu11 -g -O1 -Wall -Wextra -fno-common -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

FUZZ_TARGETS += tests/fuzz/fz_decode
tests/fuzz/fz_decode: tests/fuzz/fz_decode.c xen/entry/decode.c

FUZZ_TARGETS += tests/fuzz/fz_acpi
tests/fuzz/fz_acpi: tests/fuzz/fz_acpi.c xen/boot/acpi.c

FUZZ_TARGETS += tests/fuzz/fz_multiboot
tests/fuzz/fz_multiboot: tests/fuzz/fz_multiboot.c xen/boot/multiboot.c xen/boot/memmap.c \
	xen/lib/parse.c

FUZZ_TARGETS += tests/fuzz/fz_options
tests/fuzz/fz_options: tests/fuzz/fz_options.c xen/boot/options.c xen/lib/parse.c xen/machine/mitigate.c

FUZZ_TARGETS += tests/fuzz/fz_evtchn
tests/fuzz/fz_evtchn: tests/fuzz/fz_evtchn.c xen/evtchn/evtchnop.c xen/evtchn/level2.c \
	xen/evtchn/port.c xen/evtchn/send.c xen/evtchn/virq.c xen/lib/bitmap.c

FUZZ_TARGETS += tests/fuzz/fz_physdev
tests/fuzz/fz_physdev: tests/fuzz/fz_physdev.c xen/irq/physdev.c xen/irq/pirq.c xen/irq/irq.c \
	xen/irq/vector.c xen/lib/bitmap.c

FUZZ_TARGETS += tests/fuzz/fz_elf tests/fuzz/fz_bzimage tests/fuzz/fz_unpack tests/fuzz/fz_lzma2
tests/fuzz/fz_elf: tests/fuzz/fz_elf.c xen/builder/elf.c
tests/fuzz/fz_bzimage: tests/fuzz/fz_bzimage.c xen/builder/bzimage.c $(unpack_sources)
tests/fuzz/fz_unpack: tests/fuzz/fz_unpack.c $(unpack_sources)
tests/fuzz/fz_lzma2: tests/fuzz/fz_lzma2.c $(unpack_sources)
tests/fuzz/fz_bzimage tests/fuzz/fz_unpack tests/fuzz/fz_lzma2: FUZZ_LIBS = $(HV_LIBRARIES)

FUZZ_TARGETS += tests/fuzz/fz_domctl
tests/fuzz/fz_domctl: tests/fuzz/fz_domctl.c xen/ctl/ctlbitmap.c xen/ctl/domctl.c \
	xen/ctl/domctlmem.c xen/ctl/domctlvcpu.c xen/ctl/dominfo.c xen/ctl/policy.c \
	xen/domain/destroy.c xen/domain/domain.c xen/domain/lookup.c xen/domain/privilege.c \
	xen/domain/vcpustate.c xen/lib/bitmap.c

FUZZ_TARGETS += tests/fuzz/fz_grants tests/fuzz/fz_memory_op tests/fuzz/fz_segdesc
tests/fuzz/fz_grants: tests/fuzz/fz_grants.c xen/gnttab/copy.c xen/gnttab/gnttabop.c \
	xen/gnttab/map.c xen/gnttab/maptrack.c xen/gnttab/table.c xen/domain/privilege.c
tests/fuzz/fz_memory_op: tests/fuzz/fz_memory_op.c xen/mm/exchange.c xen/mm/memoryop.c \
	xen/mm/reservation.c xen/mm/reserve.c xen/mm/resource.c xen/domain/privilege.c
tests/fuzz/fz_segdesc: tests/fuzz/fz_segdesc.c xen/mm/segdesc.c

FUZZ_TARGETS += tests/fuzz/fz_mmu_update
tests/fuzz/fz_mmu_update: tests/fuzz/fz_mmu_update.c xen/mm/buddy.c xen/mm/frame.c xen/mm/iomem.c \
	xen/mm/mmuext.c xen/mm/update.c \
	xen/mm/validate.c xen/lib/bitmap.c

FUZZ_TARGETS += tests/fuzz/fz_mmuext
tests/fuzz/fz_mmuext: tests/fuzz/fz_mmuext.c xen/mm/buddy.c xen/mm/frame.c xen/mm/iomem.c \
	xen/mm/mmuext.c xen/mm/update.c \
	xen/mm/validate.c xen/lib/bitmap.c

FUZZ_TARGETS += tests/fuzz/fz_buddy tests/fuzz/fz_timer tests/fuzz/fz_sched
tests/fuzz/fz_buddy: tests/fuzz/fz_buddy.c xen/mm/buddy.c xen/mm/frame.c xen/mm/iomem.c \
	xen/mm/mmuext.c xen/mm/update.c xen/mm/validate.c xen/lib/bitmap.c
tests/fuzz/fz_timer: tests/fuzz/fz_timer.c xen/time/timer.c xen/lib/rbtree.c
tests/fuzz/fz_sched: tests/fuzz/fz_sched.c xen/sched/affinity.c xen/sched/deferred.c \
	xen/sched/fair.c xen/sched/life.c xen/sched/runqueue.c xen/sched/schedop.c \
	xen/sched/vcpu.c xen/time/timer.c xen/lib/rbtree.c

# Of the tools, with their own flags and libraries.
FUZZ_TARGETS += tests/fuzz/fz_config tests/fuzz/fz_kernel tests/fuzz/fz_consolering
tests/fuzz/fz_config: tests/fuzz/fz_config.c $(config_sources)
tests/fuzz/fz_kernel: tests/fuzz/fz_kernel.c $(image_sources) dom0-tools/lib/error.c
tests/fuzz/fz_consolering: tests/fuzz/fz_consolering.c dom0-tools/consoled/ring.c
tests/fuzz/fz_config tests/fuzz/fz_kernel tests/fuzz/fz_consolering: FUZZ_CPPFLAGS = $(TOOLS_CPPFLAGS)
tests/fuzz/fz_config: FUZZ_LIBS = -ljson-c
tests/fuzz/fz_kernel: FUZZ_CPPFLAGS += -I$(srcdir)/xen
tests/fuzz/fz_kernel: FUZZ_LIBS = $(image_libs)

FUZZ_CPPFLAGS = $(AM_CPPFLAGS)
FUZZ_LIBS =

FUZZ_TARGETS += tests/fuzz/fz_xs_request tests/fuzz/fz_xs_ring tests/fuzz/fz_xs_socket
tests/fuzz/fz_xs_request: tests/fuzz/fz_xs_request.c $(xs_sources)
tests/fuzz/fz_xs_ring: tests/fuzz/fz_xs_ring.c $(xs_sources) xenstore/conn_ring.c
tests/fuzz/fz_xs_socket: FUZZ_CPPFLAGS += -D_GNU_SOURCE
tests/fuzz/fz_xs_socket: tests/fuzz/fz_xs_socket.c $(xs_sources) xenstore/conn_socket.c

$(FUZZ_TARGETS): $(wildcard $(srcdir)/xen/*/*.h $(srcdir)/tests/unit/*.h \
	$(srcdir)/tests/hostmachine/*/*.h)
	@$(MKDIR_P) tests/fuzz
	$(AM_V_CCLD)$(FUZZ_CC) $(FUZZ_CPPFLAGS) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) \
		$(FUZZ_LIBS)

check-fuzz:
	@$(MAKE) -k $(AM_MAKEFLAGS) $(FUZZ_TARGETS) || :
	@SRCDIR='$(srcdir)' FUZZ_SECONDS='$(FUZZ_SECONDS)' $(SHELL) $(srcdir)/tests/fuzz/run.sh \
		tests/fuzz.count $(FUZZ_TARGETS)

CLEANFILES += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/run.sh
