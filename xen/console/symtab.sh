#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Turns the output of `nm -n IMAGE` into the table that console/symbol.c looks names up in:
#
#   dais_symbol_count          u32, how many
#   dais_symbol_offsets[]      u32, offset of each function from __image_start, ascending
#   dais_symbol_name_offsets[] u32, where its name begins in dais_symbol_names
#   dais_symbol_names[]        the names, each ended by a NUL
#
# Functions only; of several names at one address the first is kept.  What lies in the libraries
# linked in goes by one name.
export LC_ALL=C
awk '
function hex(s,    i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}
$3 == "__image_start" { base = $1; have = 1 }
$3 == "__libraries_end" { inside = 0 }
inside { next }
$3 == "__libraries_start" { inside = 1 }
($2 == "t" || $2 == "T") && $3 !~ /^(\.|__image_|_stext|_etext)/ {
	if ($1 == last)
		next
	last = $1
	n++
	addr[n] = $1
	name[n] = $3
}
END {
	print "/* Made by xen/console/symtab.sh. */"
	print "\t.section .symtab_dais, \"a\", @progbits"
	count = 0
	if (have) {
		# Both addresses share their upper half; the lower one fits an awk number.
		low = hex(substr(base, 9))
		for (i = 1; i <= n; i++) {
			if (substr(addr[i], 1, 8) != substr(base, 1, 8))
				continue
			off = hex(substr(addr[i], 9)) - low
			if (off < 0)
				continue
			count++
			offs[count] = off
			names[count] = name[i]
		}
	}
	print "\t.balign 4"
	print "\t.globl dais_symbol_count\ndais_symbol_count:\n\t.long " count
	print "\t.globl dais_symbol_offsets\ndais_symbol_offsets:"
	for (i = 1; i <= count; i++)
		print "\t.long " offs[i]
	print "\t.globl dais_symbol_name_offsets\ndais_symbol_name_offsets:"
	at = 0
	for (i = 1; i <= count; i++) {
		print "\t.long " at
		at += length(names[i]) + 1
	}
	print "\t.globl dais_symbol_names\ndais_symbol_names:"
	for (i = 1; i <= count; i++)
		print "\t.asciz \"" names[i] "\""
	print "\t.byte 0"
	print "\t.section .note.GNU-stack, \"\", @progbits"
}'
