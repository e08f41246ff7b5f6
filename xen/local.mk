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

HV_FLAGS = -O2 -g -ffreestanding -fpie -mcmodel=small -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer -std=gnu11 \
	-fcf-protection=none -U_FORTIFY_SOURCE
HV_WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla \
	-Wconversion -Wno-sign-conversion -Werror
xen_dais_syms_CFLAGS = $(HV_FLAGS) $(HV_WARN)
xen_dais_syms_CCASFLAGS = $(HV_FLAGS) -Wa,--noexecstack

# One line per file, by room, in the order of the rooms (docs/architecture.md).
xen_dais_syms_SOURCES =
xen_dais_syms_SOURCES += xen/lib/bitmap.c
xen_dais_syms_SOURCES += xen/lib/parse.c
xen_dais_syms_SOURCES += xen/lib/ratelimit.c
xen_dais_syms_SOURCES += xen/lib/rbtree.c
xen_dais_syms_SOURCES += xen/lib/string.c
xen_dais_syms_SOURCES += xen/machine/apic.c
xen_dais_syms_SOURCES += xen/machine/ioapic.c
xen_dais_syms_SOURCES += xen/machine/ipi.c
xen_dais_syms_SOURCES += xen/machine/msi.c
xen_dais_syms_SOURCES += xen/machine/reset.c
xen_dais_syms_SOURCES += xen/machine/smp.c
xen_dais_syms_SOURCES += xen/machine/tlb.c
xen_dais_syms_SOURCES += xen/machine/trampoline.S
xen_dais_syms_SOURCES += xen/irq/irq.c
xen_dais_syms_SOURCES += xen/irq/pci.c
xen_dais_syms_SOURCES += xen/irq/physdev.c
xen_dais_syms_SOURCES += xen/irq/pirq.c
xen_dais_syms_SOURCES += xen/irq/vector.c
xen_dais_syms_SOURCES += xen/ctl/platform.c
xen_dais_syms_SOURCES += xen/ctl/version.c
xen_dais_syms_SOURCES += xen/domain/assist.c
xen_dais_syms_SOURCES += xen/domain/destroy.c
xen_dais_syms_SOURCES += xen/domain/domain.c
xen_dais_syms_SOURCES += xen/domain/lookup.c
xen_dais_syms_SOURCES += xen/domain/privilege.c
xen_dais_syms_SOURCES += xen/domain/vcpustate.c
xen_dais_syms_SOURCES += xen/mm/exchange.c
xen_dais_syms_SOURCES += xen/mm/memoryop.c
xen_dais_syms_SOURCES += xen/mm/reserve.c
xen_dais_syms_SOURCES += xen/mm/resource.c
xen_dais_syms_SOURCES += xen/mm/segdesc.c
xen_dais_syms_SOURCES += xen/gnttab/copy.c
xen_dais_syms_SOURCES += xen/gnttab/gnttabop.c
xen_dais_syms_SOURCES += xen/gnttab/map.c
xen_dais_syms_SOURCES += xen/gnttab/maptrack.c
xen_dais_syms_SOURCES += xen/gnttab/table.c

# Linked twice: the first time without, the second with the table of function names that a
# panic's backtrace is printed from (xen/link.sh).
HV_LINKFLAGS = -nostdlib -static -Wl,-z,max-page-size=0x1000 -Wl,-z,noexecstack \
	-Wl,--build-id=none \
	-Wl,--no-warn-rwx-segments
xen_dais_syms_LINK = NM='$(NM)' CC='$(CC)' SYMTAB='$(srcdir)/xen/console/symtab.sh' \
	$(SHELL) $(srcdir)/xen/link.sh $@ $(srcdir)/xen/xen.lds $(HV_LINKFLAGS)
EXTRA_xen_dais_syms_DEPENDENCIES = xen/xen.lds xen/link.sh xen/console/symtab.sh
xen_dais_syms_LDADD =

xen/dais: xen/dais-syms
	$(AM_V_GEN)$(OBJCOPY) -S -R .comment -O elf32-i386 xen/dais-syms $@

bootdir = /boot
boot_DATA = xen/dais
grubdir = /etc/grub.d
dist_grub_SCRIPTS = xen/grub/20_linux_dais

CLEANFILES += xen/dais xen/dais-syms.map
EXTRA_DIST += xen/xen.lds xen/link.sh xen/console/symtab.sh
