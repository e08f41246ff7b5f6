#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Adds up count files ("passed failed skipped") into the one closing line of a test run.
cat "$@" /dev/null | awk '
{ p += $1; f += $2; s += $3 }
END {
	printf "%d passed, %d failed, %d skipped\n", p, f, s
	exit f > 0 || p == 0
}'
