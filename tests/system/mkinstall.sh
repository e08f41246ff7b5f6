#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the disk of a machine on which Dais is to be installed: stock Debian 12 with its kernel and
# systemd, a GUID partition table, and GRUB for BIOS and for UEFI both.  The archive beside it has
# what the administrator brings to it: what `make install` of the build directory BUILD makes.
# Neither loop devices nor mounts are used: the file system is made of a folder, GRUB's images are
# put where its own installer puts them.
#
#   mkinstall.sh CACHE BUILD     leaves CACHE/install/disk.img and dais.tar
#
# Needs root, as mkdisk.sh does; the disk is made once, the archive each time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/rootfs.sh"
build=$(cd "$2" && pwd)
"$here/mkguest.sh" "$1" || exit $?
mkdir -p "$1/install"
cd "$1/install"
exec 9> lock
flock 9

# In sectors of 512 bytes: where partitions begin, and where the last ends.
bios_at=2048 efi_at=4096 root_at=135168 end_at=3280896
serial='serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial'
# docs/howto/install.md names the same packages for a machine that does not build.
needs=$(sed -n 's/^    apt-get install \(.*libxen.*\)/\1/p' "$here/../../docs/howto/install.md")

machine() { # Debian, with GRUB's programs and the libraries that Dais stands on
	copy_root ../disk/root root './boot/*6.12*'
	install_in root fdisk iputils-ping grub2-common grub-pc-bin grub-efi-amd64-bin "$needs"
	echo host > root/etc/hostname
	echo '127.0.0.1 localhost host' > root/etc/hosts
	rm -f root/etc/systemd/system/login-time.service \
		root/etc/systemd/system/multi-user.target.wants/login-time.service
	printf '%s\n' GRUB_DEFAULT=0 GRUB_TIMEOUT=1 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' \
		'GRUB_CMDLINE_LINUX="net.ifnames=0 console=ttyS0,115200"' 'GRUB_TERMINAL="serial"' \
		'GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"' > root/etc/default/grub
	printf '[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\n' > root/etc/systemd/network/eth0.network
	rm -f root/etc/systemd/network/all.network root/vmlinuz* root/initrd.img*
	ln -s "boot/vmlinuz-$version" root/vmlinuz
	ln -s "boot/initrd.img-$version" root/initrd.img
	# Where all is emulated, systemd's own patience of 90 s is not enough.
	mkdir -p root/etc/systemd/system.conf.d
	printf '[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=900\n' \
		> root/etc/systemd/system.conf.d/patient.conf
	# The first domain's disk.
	rm -rf guest
	mkdir -p guest/bin guest/sbin guest/dev guest/proc guest/sys guest/run guest/tmp \
		root/var/lib/dais/images
	cp ../busybox/bin/busybox guest/bin/
	chroot guest /bin/busybox --install -s /bin
	cp "$here/install/guest-init" guest/sbin/init
	ln -s ../bin/busybox guest/sbin/poweroff
	ln -s ../bin/busybox guest/sbin/reboot
	mke2fs -q -t ext4 -d guest root/var/lib/dais/images/first.img 24M > /dev/null
}

grub_core() { # FORMAT FILE MODULE...: an image that finds the rest of GRUB on the root's partition
	printf '%s\n' 'search --label --set=root dais-root' "set prefix=(\$root)/boot/grub" > early.cfg
	format=$1
	file=$2
	shift 2
	grub-mkimage -O "$format" -o "$file" -c early.cfg -p /boot/grub part_gpt ext2 search \
		search_label normal configfile "$@"
	mkdir -p "root/boot/grub/$format"
	cp "/usr/lib/grub/$format"/*.mod "/usr/lib/grub/$format"/*.lst "root/boot/grub/$format/"
}

embed() { # IMAGE: the boot sector and, in the partition for it, GRUB's core, each told its place
	python3 - "$1" "$bios_at" "$efi_at" /usr/lib/grub/i386-pc/boot.img core.img <<-'PYTHON'
		import struct, sys
		at, efi = int(sys.argv[2]), int(sys.argv[3])
		boot = bytearray(open(sys.argv[4], "rb").read())
		core = bytearray(open(sys.argv[5], "rb").read())
		core += bytes(-len(core) % 512)
		boot[0x5c:0x64] = struct.pack("<Q", at)
		# The first block-list entry of the core's own first sector: the rest, and its segment.
		core[0x1f4:0x200] = struct.pack("<QHH", at + 1, len(core) // 512 - 1, 0x820)
		with open(sys.argv[1], "r+b") as disk:
		    disk.write(boot[:440])
		    disk.seek(at * 512)
		    disk.write(core)
		    # mformat leaves a partition table within the partition, which grub-probe notes.
		    disk.seek(efi * 512 + 446)
		    disk.write(bytes(64))
	PYTHON
}

version=$(basename ../disk/root/boot/vmlinuz-6.1.*)
version=${version#vmlinuz-}
if newer disk.img "$here/mkinstall.sh" "$here/install/guest-init"; then
	machine
	grub_core i386-pc core.img biosdisk
	grub_core x86_64-efi BOOTX64.EFI
	# What Debian's installer would have left; update-grub in the machine makes it anew.
	cat > root/boot/grub/grub.cfg <<-CFG
		$serial
		menuentry Debian {
			linux /boot/vmlinuz-$version root=LABEL=dais-root ro net.ifnames=0 console=ttyS0,115200 quiet
			initrd /boot/initrd.img-$version
		}
		set timeout=0
	CFG
	rm -f disk.img.new root/tmp/disk
	truncate -s "$(((end_at + 2048) * 512))" root/tmp/disk
	printf '%s\n' 'label: gpt' \
		"start=$bios_at, size=2048, type=21686148-6449-6E6F-744E-656564454649" \
		"start=$efi_at, size=$((root_at - efi_at)), type=C12A7328-F81F-11D2-BA4B-00C04FC93EC9" \
		"start=$root_at, size=$((end_at - root_at)), type=0FC63DAF-8483-4772-8E79-3D69D8477DE4" |
		chroot root sfdisk -q --no-reread --no-tell-kernel /tmp/disk
	mv root/tmp/disk disk.img.new
	mformat -i "disk.img.new@@$((efi_at * 512))" -F -T $((root_at - efi_at)) -h 64 -s 32 ::
	mmd -i "disk.img.new@@$((efi_at * 512))" ::/EFI ::/EFI/BOOT
	mcopy -i "disk.img.new@@$((efi_at * 512))" BOOTX64.EFI ::/EFI/BOOT/
	embed disk.img.new
	mke2fs -q -t ext4 -L dais-root -E offset=$((root_at * 512)) -d root disk.img.new \
		$(((end_at - root_at) / 2))k
	mv disk.img.new disk.img
	rm -rf root guest
fi
rm -rf stage
make -s --no-print-directory -C "$build" install DESTDIR="$PWD/stage" > install.log 2>&1 ||
	{ tail -n 20 install.log >&2; exit 1; }
tar -cf dais.tar.new --owner=0 --group=0 -C stage .
mv dais.tar.new dais.tar
