#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what devmodel.py adds to the dom0 of mkguest.sh: Debian's QEMU for Xen and whatever it
# depends on that the disk image does not have, as a tar archive.
#
#   mkdevmodel.sh CACHE     leaves CACHE/devmodel/files.tar
set -eu

here=$(cd "$(dirname "$0")" && pwd)
"$here/mkguest.sh" "$1" || exit $?
mkdir -p "$1/devmodel"
cd "$1"
exec 9> devmodel/lock
flock 9
[ -e devmodel/files.tar ] && [ -z "$(find "$here/mkdevmodel.sh" -newer devmodel/files.tar)" ] && exit 0

# What the library of SPICE is linked with is needed by the loader, and all the rest never used.
names=$("$here/fetch.sh" . missing disk/root bookworm qemu-system-xen |
	grep -v -e '^ipxe-qemu$' -e '^iso-codes$' -e '^seabios$')
rm -rf devmodel/root
mkdir devmodel/root
# shellcheck disable=SC2086 # words are wanted
for deb in $("$here/fetch.sh" . debs bookworm $names); do
	dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C devmodel/root --exclude='./usr/share/doc/*' \
		--exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
		--exclude='./usr/share/qemu/*.*' --exclude='./usr/share/qemu/openbios*' \
		--exclude='./usr/share/icons/*' --exclude='./usr/lib/xen-4.17/boot/*'
done
# Into the same names as dom0's: its /lib is a link to /usr/lib.
if [ -d devmodel/root/lib ]; then
	cp -a devmodel/root/lib/. devmodel/root/usr/lib/
	rm -rf devmodel/root/lib
fi
tar -cf devmodel/files.tar.new -b 64 -C devmodel/root .
rm -rf devmodel/root
mv devmodel/files.tar.new devmodel/files.tar
