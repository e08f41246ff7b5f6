#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the whole tree with clang (all our warnings are errors) in a directory of its own below
# the build's, and runs the unit tests that it made.
#
#   clang.sh SOURCE DIR
set -eu

src=$1
mkdir -p "$2"
cd "$2"
# The jobs and variables of the make above are not this one's.
unset MAKEFLAGS MFLAGS MAKELEVEL || :
if [ ! -e config.status ]; then
	"$src/configure" -q CC=clang
fi
for part in all check-unit; do
	# check-unit goes on where a test does not compile, and an older program of it may be there.
	if make -s -j2 "$part" > "$part.log" 2>&1 && ! grep -q 'error:' "$part.log"; then
		echo "ok - $part, by clang"
	else
		echo "not ok - $part, by clang"
		grep -E 'error:|FAIL|runtime error' "$part.log" | head -20 || :
	fi
done
