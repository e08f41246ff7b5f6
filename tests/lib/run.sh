#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs test programs one after the other and counts.  A program may print lines of the Test
# Anything Protocol ("ok - name", "not ok - name", "ok - name # SKIP why"); each counts as one
# test.  One that prints none counts as a single test, by its exit status.  A failing program's
# output is shown, and all of it is kept beside the counts.
#
#   run.sh COUNTFILE [-t SECONDS] [PREFIX-COMMAND --] PROGRAM...
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

for program in "$@"; do
	name=$(basename "$program")
	log=$logs/$name.log
	case $program in
	/*) ;;
	*) program=./$program ;;
	esac
	# Programs without a tty and without input: a test that asks something must fail.
	timeout -k 5 "$limit" "$program" < /dev/null > "$log" 2>&1
	status=$?
	ok=$(grep -c '^ok\b' "$log")
	bad=$(grep -c '^not ok\b' "$log")
	skip=$(grep -ci '^ok\b.*# skip' "$log")
	if [ $((ok + bad)) = 0 ]; then
		if [ "$status" = 0 ]; then ok=1; elif [ "$status" = 77 ]; then
			ok=1
			skip=1
		else bad=1; fi
	elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		bad=1
	fi
	passed=$((passed + ok - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" != 0 ]; then
		printf 'FAIL %s (exit status %s)\n' "$name" "$status"
		tail -n 60 "$log" | sed 's/^/    /'
	elif [ "$skip" = "$ok" ]; then
		printf 'skip %s\n' "$name"
	else
		printf 'pass %s\n' "$name"
	fi
done

echo "$passed $failed $skipped" > "$count"
[ "$failed" = 0 ]
