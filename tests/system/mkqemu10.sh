#!/bin/sh
# SPDX-License-Identifier: MIT
#
# QEMU 10 from bookworm-backports, unpacked into CACHE/qemu10 and not installed: Debian 12's own
# QEMU mistreats SMAP and refused software interrupts, so their tests run on this one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/qemu10"
# Two runs at once make it once.
exec 9> "$1/qemu10/lock"
flock 9
[ ! -x "$1/qemu10/usr/bin/qemu-system-x86_64" ] || exit 0
"$here/fetch.sh" "$1" closure qemu10 bookworm-backports \
	qemu-system-x86 qemu-system-common qemu-system-data seabios
