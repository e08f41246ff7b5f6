#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs each libFuzzer target for FUZZ_SECONDS over its seeds (tests/fuzz/corpus/NAME/) and what
# earlier runs found, which is kept in the build directory.  A crash leaves its input there and
# prints how to repeat it.
#
#   SRCDIR=dir FUZZ_SECONDS=n run.sh COUNTFILE TARGET...
set -u

count=$1
shift
passed=0 failed=0

for target in "$@"; do
	name=$(basename "$target")
	kept=tests/fuzz/kept/$name
	seeds=$SRCDIR/tests/fuzz/corpus/${name#fz_}
	mkdir -p "$kept"
	[ -d "$seeds" ] || seeds=
	log=$kept.log
	# shellcheck disable=SC2086 # no seeds, no argument
	if "./$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$kept-" "$kept" $seeds > "$log" 2>&1; then
		passed=$((passed + 1))
		echo "pass $name ($(awk '/number_of_executed_units/ { print $2 }' "$log") inputs)"
	else
		failed=$((failed + 1))
		echo "FAIL $name; repeat with: ./$target INPUT, one of:"
		find tests/fuzz/kept -name "$name-*"
		tail -n 40 "$log" | sed 's/^/    /'
	fi
done
echo "$passed $failed 0" > "$count"
[ "$failed" = 0 ]
