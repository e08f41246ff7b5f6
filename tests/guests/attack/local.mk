# SPDX-License-Identifier: MIT
noinst_PROGRAMS += tests/guests/attack/guest
tests_guests_attack_guest_SOURCES = tests/guests/attack/main.c tests/guests/attack/keeper.c \
	tests/guests/attack/attack.h tests/guests/lib/control.c tests/guests/lib/control.h \
	tests/guests/lib/child.c
tests_guests_attack_guest_CPPFLAGS = $(GUEST_CPPFLAGS) -I$(srcdir)/tests/guests/lib
tests_guests_attack_guest_CFLAGS = $(GUEST_CFLAGS)
tests_guests_attack_guest_LDFLAGS = $(GUEST_LINK)
tests_guests_attack_guest_LDADD = $(GUEST_LIBS)
