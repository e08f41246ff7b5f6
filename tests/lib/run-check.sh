#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Checks run.sh and sum.sh, on whose counts all else relies.
#
#   run-check.sh FOLDER    the folder that run.sh is in
set -u
run=$1/run.sh
sum=$1/sum.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $run in /*) ;; *) run=$OLDPWD/$run sum=$OLDPWD/$sum ;; esac

check() { # NAME WANTED GIVEN
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $3 in the place of $2"
	fi
}

cat > lines << 'END'
echo ok - one
echo ok - two '#' SKIP no cause
echo not ok - three
END
# Fails the first time, and each time without the file's being there.
cat > second << 'END'
[ -e "$0.seen" ] && { echo ok - seen; exit 0; }
touch "$0.seen"
echo not ok - seen
END

sh "$run" a.count -n lines sh lines > a.out
check "a failed line fails the part" 1 $?
check "lines are counted" "1 1 1" "$(cat a.count)"
check "what failed is shown" "    not ok - three" "$(grep '    not' a.out)"
sh "$run" b.count -n bare false > b.out
check "without lines the status counts" "0 1 0" "$(cat b.count)"
sh "$run" b.count -n late sh -c 'echo ok - one; exit 3' > b.out
check "a status counts beside lines" "1 1 0" "$(cat b.count)"
sh "$run" b.count -t 1 -n long sleep 60 > b.out
check "what takes too long has failed" "0 1 0" "$(cat b.count)"
sh "$run" c.count -n second sh second > c.out
check "nothing is run again unasked" "0 1 0" "$(cat c.count)"
rm second.seen
sh "$run" c.count -a -n second sh second > c.out
check "asked, it is run again" "1 0 0" "$(cat c.count)"
check "and both are told of" "once more: second (exit status 0)
    not ok - seen
pass second (1)" "$(cat c.out)"
check "the first stays in the logs" "not ok - seen" "$(cat c.logs/second.log.first)"
sh "$run" d.count -a -n never false > d.out
check "failed twice it has failed" "0 1 0" "$(cat d.count)"
check "the sum tells of both" "held only at its second run: second
1 passed, 1 failed, 0 skipped" "$(sh "$sum" c.count d.count)"
sh "$run" c.count -n second sh second > c.out
check "what held at once is not told of" "1 passed, 0 failed, 0 skipped" "$(sh "$sum" c.count)"
sh "$sum" a.count > /dev/null
check "a failed line fails the sum" 1 $?
sh "$sum" none.count > /dev/null 2>&1
check "nothing at all has failed" 1 $?
