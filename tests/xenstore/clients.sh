#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Debian's own clients, unchanged, against our daemon: each program of xenstore-utils, and the
# store's test program of xen-utils-4.17.  Both stand on Debian's libxenstore.
#
#   clients.sh DAEMON STOCK UTILS     STOCK and UTILS are where the two packages are unpacked
# The checks are called by a name in a variable.
# shellcheck disable=SC2317
set -u

daemon=$1
tests=$2/usr/lib/xen-4.17/bin
PATH=$3/usr/bin:$tests:$PATH
dir=$(mktemp -d)
export XENSTORED_RUNDIR="$dir" XENSTORED_PATH="$dir/socket"
pid=
# shellcheck disable=SC2064 # now
trap '[ -z "$pid" ] || kill "$pid"; wait; rm -rf "$dir"' EXIT
failed=0

if [ ! -x "$3/usr/bin/xenstore-read" ] || [ ! -x "$tests/test-xenstore" ]; then
	echo "ok - clients # SKIP Debian's packages could not be fetched"
	exit 0
fi

verdict() { # STATUS NAME
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		failed=1
	fi
}

# Prints what is not as expected.
same() { # NAME EXPECTED GOT
	[ "$2" = "$3" ] && return 0
	printf '# %s: expected "%s", got "%s"\n' "$1" "$2" "$3"
	return 1
}

"$daemon" --no-hypervisor --foreground --state-dir "$dir/state" 2> "$dir/log" &
pid=$!
n=0
until xenstore-exists / 2> /dev/null || [ "$n" = 1200 ]; do
	n=$((n + 1))
	sleep 0.1
done

read_write() {
	xenstore-write /a/b one /a/c two && same read "one
two" "$(xenstore-read /a/b /a/c)" && same "read -p" "/a/b: one" "$(xenstore-read -p /a/b)" &&
		! xenstore-read /a/none 2> /dev/null && xenstore-read -s / > /dev/null
}

exists() {
	xenstore-exists /a/b /a/c && ! xenstore-exists /a/b /a/none 2> /dev/null
}

list() {
	same list "b
c" "$(xenstore-list /a)" && same "list -p" "/a/b
/a/c" "$(xenstore-list -p /a)"
	# More than a message holds: by DIRECTORY_PART.
	seq -f '/many/a-name-of-some-length-%g' 500 | xargs -I{} echo {} x | xargs xenstore-write &&
		same "a long directory" 500 "$(xenstore-list /many | wc -l)"
}

ls_tree() {
	same ls 'b = "one"
c = "two"' "$(xenstore-ls /a)" && same "ls -f" '/a/b = "one"
/a/c = "two"' "$(xenstore-ls -f /a)" &&
		xenstore-ls -p /a | grep -q '^b = "one" .*(n0)$' && xenstore-ls > /dev/null
}

chmod_tree() {
	xenstore-chmod /a/b n0 r7 && xenstore-ls -p /a | grep -q '^b = "one" .*(n0,r7)$' &&
		xenstore-chmod -r /a b0 && xenstore-ls -p /a | grep -q '^c = "two" .*(b0)$'
}

remove() {
	xenstore-write /r/x/y z && xenstore-rm /r/x/y && ! xenstore-exists /r/x/y &&
		xenstore-rm -t /r/x && ! xenstore-exists /r
}

watch() {
	timeout 120 xenstore-watch -n 3 /w > "$dir/events" &
	watcher=$!
	n=0
	until [ -s "$dir/events" ] || [ "$n" = 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	xenstore-write /w/1 x && xenstore-rm /w/1 && wait "$watcher" &&
		same events "/w
/w/1
/w/1" "$(cat "$dir/events")"
}

# The one program that has all the others in it.
all_in_one() {
	xenstore write /o/n v && same "xenstore read" v "$(xenstore read /o/n)" &&
		xenstore exists /o/n && same "xenstore list" n "$(xenstore list /o)" &&
		xenstore ls /o > /dev/null && xenstore chmod /o/n r0 && xenstore rm /o &&
		! xenstore exists /o
}

# True once a second program serves in the first one's place.
updated() {
	for _ in $(seq 600); do
		[ "$(grep -c serving "$dir/log")" = 2 ] && return 0
		sleep 0.1
	done
	return 1
}

control() {
	xenstore-control help > /dev/null && xenstore-control check &&
		xenstore-control log on && xenstore-read /a/b > /dev/null &&
		grep -q "read /a/b" "$dir/log" && xenstore-control log off &&
		xenstore-control memreport > /dev/null && xenstore-control quota > /dev/null &&
		xenstore-control quota set nodes 1001 &&
		xenstore-control quota | grep -q 'nodes.*1001' &&
		xenstore-control quota-soft set memory 2000000 &&
		xenstore-control quota-soft | grep -q 'memory.*2000000' &&
		xenstore-control live-update "$(readlink -f "$daemon")" && updated &&
		same "after a live update" one "$(xenstore-read /a/b)"
}

own_tests() {
	test-xenstore && test-xenstore -r 3
}

for each in read_write exists list ls_tree chmod_tree remove watch all_in_one control own_tests; do
	"$each" > "$dir/said" 2>&1
	status=$?
	[ $status = 0 ] || sed 's/^/# /' "$dir/said"
	verdict $status "stock clients: $each"
done
[ $failed = 0 ] || tail -n 20 "$dir/log" | sed "s/^/# daemon: /"
exit $failed
