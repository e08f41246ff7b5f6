#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the ramdisk of guests that have a Debian on their disk: the three drivers and a few lines of
# shell, in the place of the 30 MB that initramfs-tools would make for any machine.
#
#   mkramdisk.sh CACHE     leaves CACHE/ramdisk/guest.img
#
# Needs what mkguest.sh makes.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/ramdisk"
cd "$1/ramdisk"
exec 9> lock
flock 9
if [ ! -e guest.img ] ||
	[ -n "$(find "$here/services/guest-init" "$here/mkramdisk.sh" -newer guest.img)" ]; then
	rm -rf root
	mkdir -p root/bin root/dev root/lib
	cp ../busybox/bin/busybox root/bin/
	ln -s busybox root/bin/sh
	modules=$(echo ../disk/root/usr/lib/modules/6.1.*)/kernel
	n=0
	for m in drivers/block/xen-blkfront drivers/net/xen-netfront crypto/crc32c_generic \
		lib/crc16 fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4; do
		n=$((n + 1))
		cp "$modules/$m.ko" "root/lib/$n.ko"
	done
	install -m 755 "$here/services/guest-init" root/init
	(cd root && find . | cpio -o -H newc -R 0:0 --quiet) > guest.img.new
	mv guest.img.new guest.img
fi
