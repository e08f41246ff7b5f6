# SPDX-License-Identifier: MIT
#
# libpvrt.a, and what a guest built on it needs:
#   GUEST_CPPFLAGS, GUEST_CFLAGS, GUEST_LINK, GUEST_LIBS

GUEST_CPPFLAGS = -I$(srcdir)/pvdrivers/guest $(XEN_ABI)
GUEST_CFLAGS = -std=gnu11 -O2 -g -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing -fno-common -fcf-protection=none \
	-fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE -fno-omit-frame-pointer \
	-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla -Werror
GUEST_LINK = -nostdlib -static -Wl,-T,$(srcdir)/pvdrivers/guest/pvrt.lds \
	-Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096
GUEST_LIBS = pvdrivers/guest/libpvrt.a

noinst_LIBRARIES += pvdrivers/guest/libpvrt.a
pvdrivers_guest_libpvrt_a_CPPFLAGS = $(GUEST_CPPFLAGS)
pvdrivers_guest_libpvrt_a_CFLAGS = $(GUEST_CFLAGS)
pvdrivers_guest_libpvrt_a_CCASFLAGS = $(GUEST_CFLAGS)
pvdrivers_guest_libpvrt_a_SOURCES = \
	pvdrivers/guest/pvrt.h \
	pvdrivers/guest/head.S \
	pvdrivers/guest/entry.S \
	pvdrivers/guest/start.c \
	pvdrivers/guest/trap.c \
	pvdrivers/guest/pages.c \
	pvdrivers/guest/p2m.c \
	pvdrivers/guest/events.c \
	pvdrivers/guest/grants.c \
	pvdrivers/guest/clock.c \
	pvdrivers/guest/heap.c \
	pvdrivers/guest/print.c \
	pvdrivers/guest/smp.c \
	pvdrivers/guest/string.c \
	pvdrivers/guest/xenbus.c

EXTRA_DIST += pvdrivers/guest/pvrt.lds
