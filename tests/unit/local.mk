# SPDX-License-Identifier: MIT
#
# A unit test is two lines: its program, and the files it is made of.  The AM_ flags of the top
# makefile instrument them, and an object is shared by all tests that name its file.  The
# headers of tests/hostmachine/ come before those of xen/.

check_PROGRAMS += tests/unit/t_bitmap
tests_unit_t_bitmap_SOURCES = tests/unit/t_bitmap.c xen/lib/bitmap.c

check_PROGRAMS += tests/unit/t_decode
tests_unit_t_decode_SOURCES = tests/unit/t_decode.c xen/entry/decode.c

check_PROGRAMS += tests/unit/t_format
tests_unit_t_format_SOURCES = tests/unit/t_format.c

check_PROGRAMS += tests/unit/t_rbtree
tests_unit_t_rbtree_SOURCES = tests/unit/t_rbtree.c xen/lib/rbtree.c

check-unit: $(check_PROGRAMS)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/unit.count $(check_PROGRAMS)
