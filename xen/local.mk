# SPDX-License-Identifier: MIT
#
# The hypervisor.  xen/dais-syms is the linked ELF64 with symbols and debug information;
# xen/dais is what boots: the same bytes in an ELF32 without them, which is the form that
# multiboot loaders take.

noinst_PROGRAMS += xen/dais-syms

xen_dais_syms_CPPFLAGS = -I$(srcdir)/xen $(XEN_ABI) -D__DAIS__=1
if DEBUG
xen_dais_syms_CPPFLAGS += -DDAIS_DEBUG=1
endif
if PREEMPT_ALWAYS
xen_dais_syms_CPPFLAGS += -DDAIS_PREEMPT_ALWAYS=1
endif
if FAIL_ALWAYS
xen_dais_syms_CPPFLAGS += -DDAIS_FAIL_ALWAYS=1
endif

HV_FLAGS = -include $(srcdir)/xen/lib/hidden.h -O2 -g -ffreestanding -fpie -mcmodel=small -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer \
	-falign-functions=4 -falign-loops=1 $(HV_ALIGN) -std=gnu11 \
	-fcf-protection=none -U_FORTIFY_SOURCE
HV_WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla \
	-Wconversion -Wno-sign-conversion -Werror
# Indirect branches by way of entry.S (machine/mitigate.h).
xen_dais_syms_CFLAGS = $(HV_FLAGS) $(HV_THUNKS) -fno-jump-tables $(HV_WARN)
xen_dais_syms_CCASFLAGS = $(HV_FLAGS) -Wa,--noexecstack

# One line per file, by room, in the order of the rooms (docs/architecture.md).
xen_dais_syms_SOURCES =
xen_dais_syms_SOURCES += xen/lib/bitmap.c

xen_dais_syms_SOURCES += xen/lib/parse.c
xen_dais_syms_SOURCES += xen/lib/ratelimit.c
xen_dais_syms_SOURCES += xen/lib/rbtree.c
xen_dais_syms_SOURCES += xen/lib/string.c
xen_dais_syms_SOURCES += xen/machine/apic.c
xen_dais_syms_SOURCES += xen/machine/clocksource.c
xen_dais_syms_SOURCES += xen/machine/context.c
xen_dais_syms_SOURCES += xen/machine/cpu.c
xen_dais_syms_SOURCES += xen/machine/descriptor.c
xen_dais_syms_SOURCES += xen/machine/fpu.c
xen_dais_syms_SOURCES += xen/machine/ioapic.c
xen_dais_syms_SOURCES += xen/machine/ipi.c
xen_dais_syms_SOURCES += xen/machine/isolate.c
xen_dais_syms_SOURCES += xen/machine/lockcheck.c
xen_dais_syms_SOURCES += xen/machine/mitigate.c
xen_dais_syms_SOURCES += xen/machine/msi.c
xen_dais_syms_SOURCES += xen/machine/pagemap.c
xen_dais_syms_SOURCES += xen/machine/percpu_setup.c
xen_dais_syms_SOURCES += xen/machine/port.c
xen_dais_syms_SOURCES += xen/machine/reset.c
xen_dais_syms_SOURCES += xen/machine/smp.c
xen_dais_syms_SOURCES += xen/machine/speculation.c
xen_dais_syms_SOURCES += xen/machine/tlb.c
xen_dais_syms_SOURCES += xen/machine/trampoline.S
xen_dais_syms_SOURCES += xen/mm/buddy.c
xen_dais_syms_SOURCES += xen/mm/exchange.c
xen_dais_syms_SOURCES += xen/mm/frame.c
if FAIL_ALWAYS
xen_dais_syms_SOURCES += xen/mm/failing.c
endif
xen_dais_syms_SOURCES += xen/mm/iomem.c
xen_dais_syms_SOURCES += xen/mm/memoryop.c
xen_dais_syms_SOURCES += xen/mm/mmuext.c
xen_dais_syms_SOURCES += xen/mm/ptwrite.c
xen_dais_syms_SOURCES += xen/mm/reservation.c
xen_dais_syms_SOURCES += xen/mm/reserve.c
xen_dais_syms_SOURCES += xen/mm/resource.c
xen_dais_syms_SOURCES += xen/mm/segdesc.c
xen_dais_syms_SOURCES += xen/mm/slab.c
xen_dais_syms_SOURCES += xen/mm/update.c
xen_dais_syms_SOURCES += xen/mm/validate.c
xen_dais_syms_SOURCES += xen/time/clock.c
xen_dais_syms_SOURCES += xen/time/timer.c
xen_dais_syms_SOURCES += xen/time/vtimer.c
xen_dais_syms_SOURCES += xen/sched/affinity.c
xen_dais_syms_SOURCES += xen/sched/deferred.c
xen_dais_syms_SOURCES += xen/sched/fair.c
xen_dais_syms_SOURCES += xen/sched/life.c
xen_dais_syms_SOURCES += xen/sched/runqueue.c
xen_dais_syms_SOURCES += xen/sched/schedop.c
xen_dais_syms_SOURCES += xen/sched/vcpu.c
xen_dais_syms_SOURCES += xen/sched/vcpuop.c
xen_dais_syms_SOURCES += xen/evtchn/evtchnop.c
xen_dais_syms_SOURCES += xen/evtchn/level2.c
xen_dais_syms_SOURCES += xen/evtchn/port.c
xen_dais_syms_SOURCES += xen/evtchn/send.c
xen_dais_syms_SOURCES += xen/evtchn/virq.c
xen_dais_syms_SOURCES += xen/irq/irq.c
xen_dais_syms_SOURCES += xen/irq/pci.c
xen_dais_syms_SOURCES += xen/irq/physdev.c
xen_dais_syms_SOURCES += xen/irq/pirq.c
xen_dais_syms_SOURCES += xen/irq/vector.c
xen_dais_syms_SOURCES += xen/console/consoleio.c
xen_dais_syms_SOURCES += xen/console/format.c
xen_dais_syms_SOURCES += xen/console/keys.c
xen_dais_syms_SOURCES += xen/console/log.c
xen_dais_syms_SOURCES += xen/console/panic.c
xen_dais_syms_SOURCES += xen/console/serial.c
xen_dais_syms_SOURCES += xen/console/symbol.c
xen_dais_syms_SOURCES += xen/console/vga.c
xen_dais_syms_SOURCES += xen/gnttab/copy.c
xen_dais_syms_SOURCES += xen/gnttab/gnttabop.c
xen_dais_syms_SOURCES += xen/gnttab/map.c
xen_dais_syms_SOURCES += xen/gnttab/maptrack.c
xen_dais_syms_SOURCES += xen/gnttab/table.c
xen_dais_syms_SOURCES += xen/domain/assist.c
xen_dais_syms_SOURCES += xen/domain/destroy.c
xen_dais_syms_SOURCES += xen/domain/domain.c
xen_dais_syms_SOURCES += xen/domain/ioports.c
xen_dais_syms_SOURCES += xen/domain/lookup.c
xen_dais_syms_SOURCES += xen/domain/privilege.c
xen_dais_syms_SOURCES += xen/domain/vcpustate.c
xen_dais_syms_SOURCES += xen/ctl/ctlbitmap.c
xen_dais_syms_SOURCES += xen/ctl/audit.c
xen_dais_syms_SOURCES += xen/ctl/debugkeys.c
xen_dais_syms_SOURCES += xen/ctl/domctl.c
xen_dais_syms_SOURCES += xen/ctl/domctlmem.c
xen_dais_syms_SOURCES += xen/ctl/domctlvcpu.c
xen_dais_syms_SOURCES += xen/ctl/dominfo.c
xen_dais_syms_SOURCES += xen/ctl/platform.c
xen_dais_syms_SOURCES += xen/ctl/policy.c
xen_dais_syms_SOURCES += xen/ctl/sysctl.c
xen_dais_syms_SOURCES += xen/ctl/sysctlinfo.c
xen_dais_syms_SOURCES += xen/ctl/version.c
xen_dais_syms_SOURCES += xen/entry/bounce.c
xen_dais_syms_SOURCES += xen/entry/callback.c
xen_dais_syms_SOURCES += xen/entry/cpuid.c
xen_dais_syms_SOURCES += xen/entry/cpustate.c
xen_dais_syms_SOURCES += xen/entry/decode.c
xen_dais_syms_SOURCES += xen/entry/dispatch.c
xen_dais_syms_SOURCES += xen/entry/entry.S
xen_dais_syms_SOURCES += xen/entry/guestcopy.c
xen_dais_syms_SOURCES += xen/entry/guestmsr.c
xen_dais_syms_SOURCES += xen/entry/hypercallpage.c
xen_dais_syms_SOURCES += xen/entry/offsets.c
xen_dais_syms_SOURCES += xen/entry/privop.c
xen_dais_syms_SOURCES += xen/entry/trap.c
xen_dais_syms_SOURCES += xen/builder/bzimage.c
xen_dais_syms_SOURCES += xen/builder/dom0.c
xen_dais_syms_SOURCES += xen/builder/dom0mem.c
xen_dais_syms_SOURCES += xen/builder/dom0tables.c
xen_dais_syms_SOURCES += xen/builder/elf.c
xen_dais_syms_SOURCES += xen/builder/library.c
xen_dais_syms_SOURCES += xen/builder/unpack.c
xen_dais_syms_SOURCES += xen/builder/unpack_library.c
xen_dais_syms_SOURCES += xen/builder/unpack_lz4.c
xen_dais_syms_SOURCES += xen/builder/unpack_lzma.c
xen_dais_syms_SOURCES += xen/builder/unpack_xz.c
xen_dais_syms_SOURCES += xen/boot/acpi.c
xen_dais_syms_SOURCES += xen/boot/bootmem.c
xen_dais_syms_SOURCES += xen/boot/head.S
xen_dais_syms_SOURCES += xen/boot/memmap.c
xen_dais_syms_SOURCES += xen/boot/multiboot.c
xen_dais_syms_SOURCES += xen/boot/options.c
xen_dais_syms_SOURCES += xen/boot/start.c

# Linked twice: the first time without, the second with the table of function names that a
# panic's backtrace is printed from (xen/link.sh).
HV_LINKFLAGS = -nostdlib -static -Wl,-z,max-page-size=0x1000 -Wl,-z,noexecstack \
	-Wl,--build-id=none \
	-Wl,--no-warn-rwx-segments
xen_dais_syms_LINK = NM='$(NM)' CC='$(CC)' SYMTAB='$(srcdir)/xen/console/symtab.sh' \
	$(SHELL) $(srcdir)/xen/link.sh $@ $(srcdir)/xen/xen.lds $(HV_LINKFLAGS)
EXTRA_xen_dais_syms_DEPENDENCIES = xen/xen.lds xen/link.sh xen/console/symtab.sh
# Static archives, of which xen.lds puts all into .init (builder/library.c).
xen_dais_syms_LDADD = $(HV_LIBRARIES)

xen/dais: xen/dais-syms
	$(AM_V_GEN)$(OBJCOPY) -S -R .comment -O elf32-i386 xen/dais-syms $@

bootdir = /boot
boot_DATA = xen/dais
grubdir = /etc/grub.d
dist_grub_SCRIPTS = xen/grub/20_linux_dais

CLEANFILES += xen/dais xen/dais-syms.map
EXTRA_DIST += xen/xen.lds xen/link.sh xen/console/symtab.sh
