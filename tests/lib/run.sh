#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs test programs one after the other and counts.  A program may print lines of the Test
# Anything Protocol ("ok - name", "not ok - name", "ok - name # SKIP why"); each counts as one
# test.  One that prints none counts as a single test, by its exit status.  A failing program's
# output is shown, and all of it is kept beside the counts.
#
#   run.sh COUNTFILE [-t SECONDS] PROGRAM...
#   run.sh COUNTFILE [-t SECONDS] -n NAME COMMAND ARGUMENT...
set -u

count=$1
shift
limit=300
if [ "${1-}" = -t ]; then
	limit=$2
	shift 2
fi
logs=${count%.count}.logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

run_one() { # NAME COMMAND...
	name=$1
	shift
	log=$logs/$name.log
	# Without input: a test that asks something must fail.
	timeout -k 5 "$limit" "$@" < /dev/null > "$log" 2>&1
	status=$?
	ok=$(grep -c '^ok\b' "$log")
	bad=$(grep -c '^not ok\b' "$log")
	skip=$(grep -ci '^ok\b.*# skip' "$log")
	if [ $((ok + bad)) = 0 ]; then
		case $status in
		0) ok=1 ;;
		77) ok=1 skip=1 ;;
		*) bad=1 ;;
		esac
	elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		bad=1
	fi
	passed=$((passed + ok - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" != 0 ]; then
		printf 'FAIL %s (exit status %s)\n' "$name" "$status"
		grep -v '^ok\b' "$log" | tail -n 60 | sed 's/^/    /'
	elif [ "$skip" = "$ok" ]; then
		printf 'skip %s\n' "$name"
	else
		printf 'pass %s (%d)\n' "$name" "$ok"
	fi
}

if [ "${1-}" = -n ]; then
	shift
	run_one "$@"
else
	for program in "$@"; do
		case $program in
		/*) run_one "$(basename "$program")" "$program" ;;
		*) run_one "$(basename "$program")" "./$program" ;;
		esac
	done
fi

echo "$passed $failed $skipped" > "$count"
[ "$failed" = 0 ]
