#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what libvirtd.py adds to the dom0 of mkguest.sh: Debian's libvirtd with its driver for Xen and
# whatever they depend on that the disk image does not have, as a tar archive.
#
#   mklibvirt.sh CACHE     leaves CACHE/libvirt/files.tar
set -eu

here=$(cd "$(dirname "$0")" && pwd)
"$here/mkguest.sh" "$1" || exit $?
mkdir -p "$1/libvirt"
cd "$1"
exec 9> libvirt/lock
flock 9
[ -e libvirt/files.tar ] && exit 0

names=$("$here/fetch.sh" . missing disk/root bookworm libvirt-daemon libvirt-daemon-driver-xen \
	libvirt-clients | grep -v -e driver-qemu -e '^dmidecode$')
rm -rf libvirt/root
mkdir libvirt/root
# shellcheck disable=SC2086 # words are wanted
for deb in $("$here/fetch.sh" . debs bookworm $names); do
	dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C libvirt/root --exclude='./usr/share/doc/*' \
		--exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
		--exclude='./usr/lib/debug/*' --exclude='./usr/lib/xen-4.17/boot/*'
done
# Into the same names as dom0's: its /lib is a link to /usr/lib.
if [ -d libvirt/root/lib ]; then
	cp -a libvirt/root/lib/. libvirt/root/usr/lib/
	rm -rf libvirt/root/lib
fi
tar -cf libvirt/files.tar.new -b 64 -C libvirt/root .
rm -rf libvirt/root
mv libvirt/files.tar.new libvirt/files.tar
