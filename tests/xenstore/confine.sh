#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the daemon may do once it has started, as its unit starts it: as root, without options.
# Whom it becomes, what /proc says of its rights, and what a program can do that runs in its place
# (probe.c).  In a mount namespace of its own, in which there is a user xenstored.
#
#   confine.sh DAEMON PROBE CONTROL     CONTROL: a directory with xenstore-control, or -
set -u

if [ -z "${CONFINE_INSIDE-}" ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2> /dev/null; then
		echo "ok - confinement # SKIP it takes root, and namespaces"
		exit 0
	fi
	CONFINE_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi

dir=$(mktemp -d)
chmod 755 "$dir"
cp "$1" "$dir/xenstored"
cp "$2" "$dir/probe"
chmod 755 "$dir/xenstored" "$dir/probe"
control=$3
export XENSTORED_RUNDIR="$dir" XENSTORED_PATH="$dir/socket"
pid=
trap '[ -z "$pid" ] || kill "$pid"; wait; umount /etc/passwd 2> /dev/null; rm -rf "$dir"' EXIT
failed=0

verdict() { # STATUS NAME
	if [ "$1" = 0 ]; then
		echo "ok - confinement: $2"
	else
		echo "not ok - confinement: $2"
		failed=1
	fi
}

start() { # OPTION...
	rm -rf "$dir/state" "$dir/log"
	"$dir/xenstored" --no-hypervisor --foreground --state-dir "$dir/state" "$@" 2> "$dir/log" &
	pid=$!
	for _ in $(seq 1200); do
		grep -q serving "$dir/log" && return 0
		kill -0 $pid 2> /dev/null || return 1
		sleep 0.1
	done
	return 1
}

stop() {
	kill $pid
	wait $pid
	set -- $?
	pid=
	return "$1"
}

field() { # NAME: what /proc says
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"
}

# Whoever it is: nothing of root's is left.
rights_gone() {
	bad=
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		[ "$(field $set)" = 0000000000000000 ] || bad="$bad $set"
	done
	[ "$(field NoNewPrivs)" = 1 ] || bad="$bad NoNewPrivs"
	[ "$(field Seccomp)" = 2 ] || bad="$bad Seccomp"
	[ -z "$bad" ] || printf '# /proc/%s/status:%s\n' $pid "$bad"
	[ -z "$bad" ]
}

landlocked() {
	! grep -q Landlock "$dir/log"
}

# --- without its user

grep -v '^xenstored:' /etc/passwd > "$dir/nobody"
cp "$dir/nobody" "$dir/passwd"
echo 'xenstored:x:64711:64711::/run/dais/xenstored:/usr/sbin/nologin' >> "$dir/passwd"
mount --bind "$dir/nobody" /etc/passwd
start
verdict $? "starts without a user xenstored"
grep -q 'no user xenstored.*systemd-sysusers.*staying root' "$dir/log"
verdict $? "and says what to do"
rights_gone
verdict $? "without capabilities all the same"
stop
! start --user no-such-user && grep -q 'no user no-such-user' "$dir/log"
verdict $? "a user asked for must exist"
pid=
umount /etc/passwd

# --- with it

mount --bind "$dir/passwd" /etc/passwd
start
verdict $? "starts as root"
[ "$(field Uid | tr '\t' ' ')" = "64711 64711 64711 64711" ] &&
	[ "$(field Gid | tr '\t' ' ')" = "64711 64711 64711 64711" ] &&
	[ -z "$(field Groups | tr -d ' ')" ]
verdict $? "becomes xenstored, in no other group"
rights_gone
verdict $? "has no capabilities, cannot gain any, has a system call filter"
[ "$(find "$dir/state" ! -user 64711 | wc -l)" = 0 ]
verdict $? "owns its state"
if [ -x "$control/xenstore-control" ]; then
	printf %s "$dir/xenstored" > "$dir/state/next"
	"$control/xenstore-control" live-update "$dir/probe" > "$dir/said" 2>&1
	for _ in $(seq 600); do
		[ -s "$dir/state/report" ] && [ "$(grep -c serving "$dir/log")" = 2 ] && break
		sleep 0.1
	done
	if landlocked; then
		bad=$(grep -E '^(WORKED|FAILED)' "$dir/state/report")
	else
		bad=$(grep -E '^(WORKED|FAILED)' "$dir/state/report" | grep -v Landlock)
	fi
	[ -z "$bad" ] && [ "$(grep -c '^refused' "$dir/state/report")" -gt 15 ]
	status=$?
	[ $status = 0 ] || { cat "$dir/said" "$dir/log"; echo "$bad"; } | sed 's/^/# /'
	verdict $status "a program in its place can do nothing else"
	[ "$(readlink "/proc/$pid/exe")" = "$dir/xenstored" ] && rights_gone
	verdict $? "and a live update leaves it so"
else
	echo "ok - confinement: a program in its place # SKIP there is no xenstore-control"
fi
if landlocked; then
	echo "ok - confinement: files are limited by the kernel too"
else
	echo "ok - confinement: files are limited by the kernel too # SKIP it has no Landlock"
fi
kill -9 $pid
wait $pid 2> /dev/null
start
verdict $? "starts again over its own state"
stop && grep -q 'ended by a signal' "$dir/log"
verdict $? "and ends when it is told to"
exit $failed
