# SPDX-License-Identifier: MIT
noinst_PROGRAMS += tests/guests/hello/hello
tests_guests_hello_hello_SOURCES = tests/guests/hello/main.c
tests_guests_hello_hello_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_guests_hello_hello_CFLAGS = $(GUEST_CFLAGS)
tests_guests_hello_hello_LDFLAGS = $(GUEST_LINK)
tests_guests_hello_hello_LDADD = $(GUEST_LIBS)

noinst_PROGRAMS += tests/guests/wild/wild
tests_guests_wild_wild_SOURCES = tests/guests/wild/main.c
tests_guests_wild_wild_CPPFLAGS = $(GUEST_CPPFLAGS)
tests_guests_wild_wild_CFLAGS = $(GUEST_CFLAGS)
tests_guests_wild_wild_LDFLAGS = $(GUEST_LINK)
tests_guests_wild_wild_LDADD = $(GUEST_LIBS)
