#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The checks that run inside dom0, each by its name; the exit status is the verdict, the last
# line printed is the detail.  dom0.py unpacks this file from a small disk and calls it.
set -u

here=$(dirname "$0")

by_serial() { # the block device with this serial number, once its driver is there
	for _ in {1..300}; do
		lsblk -ndo NAME,SERIAL | awk -v s="$1" '$2 == s { print "/dev/" $1; seen = 1 } END { exit !seen }' &&
			return
		sleep 1
	done
}

disk() { # SERIAL: 200 MB written and read back, past the page cache
	dev=$(by_serial "$1")
	[ -b "$dev" ] || { echo "no disk with serial $1"; return 1; }
	written=$(head -c 200M /dev/urandom | tee >(dd of="$dev" bs=1M iflag=fullblock \
		oflag=direct conv=fsync status=none; touch /run/written) | md5sum)
	n=0
	while [ ! -e /run/written ] && [ $n -lt 3000 ]; do
		sleep 0.2
		n=$((n + 1))
	done
	rm -f /run/written
	sync
	read_back=$(dd if="$dev" bs=1M count=200 iflag=direct status=none | md5sum)
	echo "$dev ${written%% *} ${read_back%% *}"
	[ "$written" = "$read_back" ]
}

nic() { # DRIVER: the interface it drives, once there is one
	for _ in {1..300}; do
		for i in /sys/class/net/*; do
			[ "$(basename "$(readlink -f "$i/device/driver")")" = "$1" ] && basename "$i" && return
		done
		sleep 1
	done
}

tcp() { # DRIVER ADDRESS PORT
	i=$(nic "$1")
	[ -n "$i" ] || { echo "no interface of driver $1"; return 1; }
	n=0
	until ip -4 addr show dev "$i" | grep -q 'inet '; do
		n=$((n + 1))
		[ $n -lt 400 ] || { echo "$i got no address"; return 1; }
		sleep 1
	done
	python3 "$here/tcp.py" "$2" "$3" "$i"
}

mmcfg() { # of a PCI Express device the configuration space that no port reaches
	config=/sys/class/net/$(nic e1000e)/device/config
	word=$(od -An -tx4 -j256 -N4 "$config" | tr -d ' ')
	echo "$(stat -Lc %s "$config") bytes, at 0x100 $word"
	[ "$(stat -Lc %s "$config")" = 4096 ] && [ "${word:-0}" != 00000000 ] &&
		[ "$word" != ffffffff ]
}

log_clean() {
	bad=$(dmesg | grep -E 'BUG|WARNING|Oops|[Uu]nhandled|Call Trace|soft lockup|rcu.*stall' |
		grep -vE 'RETBleed: WARNING|hw-vuln')
	[ -z "$bad" ] || { echo "$bad" | head -n 20 | tr '\n' '|'; return 1; }
	echo "$(dmesg | wc -l) lines"
}

hotplug() {
	n=0
	for f in /sys/devices/system/cpu/cpu[1-9]*/online; do
		for v in 0 1 0 1; do
			echo $v > "$f" || { echo "cannot write $v to $f"; return 1; }
			[ "$(cat "$f")" = $v ] || { echo "$f did not become $v"; return 1; }
		done
		n=$((n + 1))
	done
	echo "$n processors went and came back"
	[ $n -gt 0 ]
}

cpus() { # NUMBER
	echo "online $(cat /sys/devices/system/cpu/online), nproc $(nproc)"
	[ "$(nproc)" = "$1" ]
}

capabilities() {
	[ -e /proc/xen/capabilities ] || mount -t xenfs xenfs /proc/xen 2>/dev/null
	cat /proc/xen/capabilities
	grep -q control_d /proc/xen/capabilities
}

vdso() {
	# /run lets nothing be executed.
	cp "$here/vdso" /var/tmp/vdso && /var/tmp/vdso
	status=$?
	[ $status != 159 ] || echo "clock_gettime is a system call here"
	return $status
}

stress() { # SECONDS
	stress-ng --cpu 1 --vm 1 --vm-bytes 64M --fork 1 --switch 1 --mmap 1 --mmap-bytes 32M \
		--timer 1 --pipe 1 --verify --timeout "$1" > /run/stress.log 2>&1
	status=$?
	grep -E 'fail|unsuccessful|error' /run/stress.log | head -n 5
	tail -n 1 /run/stress.log
	return $status
}

case $1 in
disk | tcp | mmcfg | log_clean | hotplug | cpus | capabilities | stress | vdso) "$@" ;;
*)
	echo "no check named $1"
	exit 2
	;;
esac
