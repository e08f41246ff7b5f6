#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the smallest dom0: an initramfs of busybox and quick/init.  The kernel beside it is
# Debian's, as shipped.
#
#   mkquick.sh CACHE     leaves CACHE/quick/dom0.img, vmlinuz (6.1), vmlinuz-6.12 and xen
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$1
mkdir -p "$cache/quick"
cd "$cache"
# Two runs at once make it once.
exec 7> quick/lock
flock 7

[ -e busybox/bin/busybox ] || "$here/fetch.sh" . unpack busybox bookworm busybox-static
[ -d k61/boot ] || "$here/fetch.sh" . kernel k61 bookworm linux-image-amd64
[ -d k612/boot ] || "$here/fetch.sh" . kernel k612 bookworm-backports linux-image-amd64
[ -d xen417/boot ] || "$here/fetch.sh" . unpack xen417 bookworm xen-hypervisor-4.17-amd64
[ -e quick/xen ] || gzip -dc xen417/boot/xen-4.17-amd64.gz > quick/xen
[ -e quick/vmlinuz ] || cp k61/boot/vmlinuz-* quick/vmlinuz
[ -e quick/vmlinuz-6.12 ] || cp k612/boot/vmlinuz-* quick/vmlinuz-6.12

info=$here/../bench/hvinfo.c
if [ ! -e quick/dom0.img ] || [ -n "$(find "$here/quick/init" "$info" -newer quick/dom0.img)" ]; then
	cc -O2 -Wall -static -D__XEN_TOOLS__=1 -D__XEN_INTERFACE_VERSION__=0x00041100 \
		-o quick/hvinfo "$info"
	rm -rf quick/root
	mkdir -p quick/root/bin quick/root/dev
	cp busybox/bin/busybox quick/root/bin/
	ln -s busybox quick/root/bin/sh
	cp quick/hvinfo quick/root/bin/
	cp "$here/quick/init" quick/root/init
	chmod +x quick/root/init
	# xenfs is a module in Debian's kernels, and stored compressed in the newer one.
	for tree in k61 k612; do
		version=$(basename "$tree"/lib/modules/*)
		mkdir -p "quick/root/lib/$version"
		find "$tree/lib/modules" \( -name 'xenfs.ko*' -o -name 'xen-privcmd.ko*' \) \
			-exec cp {} "quick/root/lib/$version/" \;
		find "quick/root/lib/$version" -name '*.xz' -exec xz -df {} +
	done
	(cd quick/root && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -9n > quick/dom0.img.new
	mv quick/dom0.img.new quick/dom0.img
fi
