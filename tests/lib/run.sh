#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs test programs one after the other and counts.  A program may print lines of the Test
# Anything Protocol ("ok - name", "not ok - name", "ok - name # SKIP why"); each counts as one
# test.  One that prints none counts as a single test, by its exit status.  A failing program's
# output is shown, and all of it is kept beside the counts.
#
# With -a, what failed within 25 minutes is run a second time, and that counts: for parts in which
# whole machines run against the host's clock. Both are told of, the first once more at the end of
# all (sum.sh), since a failure that does not come back is a fault still to be found.
#
#   run.sh COUNTFILE [-a] [-t SECONDS] PROGRAM...
#   run.sh COUNTFILE [-a] [-t SECONDS] -n NAME COMMAND ARGUMENT...
set -u

count=$1
shift
limit=300
again=0
if [ "${1-}" = -a ]; then
	again=1500
	shift
fi
if [ "${1-}" = -t ]; then
	limit=$2
	shift 2
fi
logs=${count%.count}.logs
onces=${count%.count}.once
mkdir -p "$logs"
rm -f "$onces"
passed=0 failed=0 skipped=0

tell() { # WHAT: how a run ended, and what it printed
	printf '%s %s (exit status %s)\n' "$1" "$name" "$status"
	grep -v '^ok\b' "$log" | tail -n 60 | sed 's/^/    /'
}

# Leaves status, and ok, bad and skip: how many lines of each.
run_once() { # COMMAND...
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
}

run_one() { # NAME COMMAND...
	name=$1
	shift
	log=$logs/$name.log
	rm -f "$log.first"
	begun=$(date +%s)
	run_once "$@"
	if [ "$bad" != 0 ] && [ $(($(date +%s) - begun)) -lt "$again" ]; then
		tell "once more:"
		mv "$log" "$log.first"
		run_once "$@"
		[ "$bad" != 0 ] || echo "$name" >> "$onces"
	fi
	passed=$((passed + ok - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" != 0 ]; then
		tell FAIL
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
