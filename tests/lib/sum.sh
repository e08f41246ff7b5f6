#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Adds up count files ("passed failed skipped") into the one closing line of a test run; before it
# stands what held only when it was run again.
for count in "$@"; do
	[ ! -f "${count%.count}.once" ] || sed 's/^/held only at its second run: /' "${count%.count}.once"
done
cat "$@" /dev/null | awk '
{ p += $1; f += $2; s += $3 }
END {
	printf "%d passed, %d failed, %d skipped\n", p, f, s
	exit f > 0 || p == 0
}'
