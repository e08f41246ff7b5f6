#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what guest.py boots: a dom0 that is Debian's root file system with Debian's Xen tools
# (xl, xenstored, xenconsoled as packaged) and guest/dom0-init in place of systemd, and a guest
# ramdisk of busybox with the kernel's own PV drivers.  No service of Debian's runs in dom0, so
# that it is up in seconds also in an emulator.
#
#   mkguest.sh CACHE     leaves CACHE/guest/root.img, boot.img (dom0's ramdisk), guest.img
#
# Needs what mkquick.sh and mkdisk.sh make.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
"$here/mkquick.sh" "$1"
"$here/mkdisk.sh" "$1" || exit $?
mkdir -p "$1/guest"
cd "$1"
# Two runs at once make it once.
exec 9> guest/lock
flock 9

tools="xen-utils-4.17 xen-utils-common xenstore-utils libxenmisc4.17 libxencall1
	libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1
	libxenstore4 libxentoolcore1 libxentoollog1 libyajl2"
version=$(basename "$PWD"/disk/root/lib/modules/6.1.*)
modules=$PWD/disk/root/lib/modules/$version/kernel

pack() { # DIR FILE: an initramfs
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -1n > "$2.new"
	mv "$2.new" "$2"
}

ramdisk() { # DIR: busybox and its links
	rm -rf "$1"
	mkdir -p "$1/bin" "$1/dev" "$1/proc" "$1/sys" "$1/root" "$1/lib"
	cp busybox/bin/busybox "$1/bin/"
	ln -s busybox "$1/bin/sh"
}

newer() { # IMAGE FILE...: is one of the files newer, or the image not there?
	[ ! -e "$1" ] || [ -n "$(find "$@" -newer "$1")" ]
}

if newer guest/boot.img "$here/guest/boot-init"; then
	ramdisk guest/boot
	n=0
	for m in drivers/virtio/virtio drivers/virtio/virtio_ring \
		drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci_modern_dev \
		drivers/virtio/virtio_pci drivers/block/virtio_blk \
		crypto/crc32c_generic lib/crc16 fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4; do
		n=$((n + 1))
		cp "$modules/$m.ko" "guest/boot/lib/$(printf %02d $n).ko"
	done
	install -m 755 "$here/guest/boot-init" guest/boot/init
	pack guest/boot guest/boot.img
fi
if newer guest/guest.img "$here/guest/guest-init"; then
	ramdisk guest/ramdisk
	cp "$modules/drivers/block/xen-blkfront.ko" "$modules/drivers/net/xen-netfront.ko" \
		guest/ramdisk/lib/
	install -m 755 "$here/guest/guest-init" guest/ramdisk/init
	pack guest/ramdisk guest/guest.img
fi
if [ ! -e guest/tools.done ]; then
	rm -rf guest/root
	mkdir guest/root
	(cd disk/root && tar -cf - --exclude='./boot/*' --exclude='./usr/share/doc/*' \
		--exclude='./usr/share/locale/*' --exclude='./usr/share/man/*' \
		--exclude='./usr/lib/modules/6.12*' --exclude='./var/cache/*' \
		--exclude='./var/lib/apt/*' --exclude='./usr/lib/modules/*/kernel/sound' \
		--exclude='./usr/lib/modules/*/kernel/drivers/gpu' .) | tar -xf - -C guest/root
	# shellcheck disable=SC2086 # words are wanted
	for deb in $("$here/fetch.sh" . debs bookworm $tools); do
		# Through tar: dpkg -x would put /lib in the place of the link to /usr/lib.
		dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C guest/root --keep-directory-symlink
	done
	chroot guest/root ldconfig
	touch guest/tools.done
fi
if newer guest/root.img "$here/mkguest.sh" "$here/guest/dom0-init" guest/guest.img \
	guest/tools.done; then
	install -m 755 "$here/guest/dom0-init" guest/root/sbin/dom0-init
	# A guest's disk with a kernel on it, for PV GRUB.
	[ -d guest/grub/usr/lib/grub-xen ] || "$here/fetch.sh" . unpack guest/grub bookworm grub-xen-host
	rm -rf guest/disk
	mkdir -p guest/disk/boot/grub guest/root/guests
	cp quick/vmlinuz guest/guest.img guest/disk/boot/
	printf 'set timeout=0\nmenuentry guest {\nlinux /boot/vmlinuz console=hvc0 loglevel=4 %s\n%s\n}\n' \
		from=grub 'initrd /boot/guest.img' > guest/disk/boot/grub/grub.cfg
	rm -f guest/root/guests/grub.raw
	mke2fs -q -t ext2 -d guest/disk guest/root/guests/grub.raw 24M
	cp guest/grub/usr/lib/grub-xen/grub-x86_64-xen.bin guest/root/guests/
	cp guest/guest.img guest/root/guests/ramdisk
	cp quick/vmlinuz quick/vmlinuz-6.12 guest/root/guests/
	cp quick/hvinfo guest/root/usr/local/bin/
	rm -f guest/root.img.new
	mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -L dais-guest -d guest/root \
		guest/root.img.new 1536M
	mv guest/root.img.new guest/root.img
fi
