#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Links the hypervisor with the table of its own function names inside (console/symtab.sh
# makes it).  The table comes last in its section, so its size moves nothing but what follows
# it; a third link is made only if it did, and the result must then agree with itself.
#
#   CC=cc NM=nm SYMTAB=symtab.sh link.sh OUT SCRIPT FLAGS... OBJECTS...
set -eu

out=$1
script=$2
shift 2
tmp=$out.tmp
mkdir -p "$(dirname "$tmp")"
trap 'rm -f "$tmp" "$tmp".*' EXIT

link() { # OUTPUT TABLE-OBJECT FLAGS... OBJECTS...
	to=$1
	table=$2
	shift 2
	# The objects precede automake's "-o FILE"; whatever stands there is ours to name.
	$CC "$@" "$table" -Wl,-T,"$script" -Wl,-Map,"$out.map" -o "$to"
}

make_table() { # IMAGE (or none, for an empty table)
	$NM -n ${1+"$1"} 2>/dev/null | sh "$SYMTAB" > "$tmp.S"
	$CC -c -o "$tmp.o" "$tmp.S"
}

# automake appends "-o OUT objects..."; drop its -o, since we write through a temporary file.
n=$#
while [ "$n" -gt 0 ]; do
	arg=$1
	shift
	n=$((n - 1))
	if [ "$arg" = -o ]; then
		shift
		n=$((n - 1))
		continue
	fi
	set -- "$@" "$arg"
done

: | sh "$SYMTAB" > "$tmp.S"
$CC -c -o "$tmp.o" "$tmp.S"
link "$tmp" "$tmp.o" "$@"
previous=
for pass in 1 2 3; do
	make_table "$tmp"
	sum=$(cksum < "$tmp.S")
	[ "$sum" = "$previous" ] && break
	[ "$pass" = 3 ] && { echo "link.sh: the symbol table does not settle" >&2; exit 1; }
	previous=$sum
	link "$tmp" "$tmp.o" "$@"
done
mv "$tmp" "$out"
