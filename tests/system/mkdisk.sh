#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the disk image of a stock Debian 12: debootstrap's minbase, systemd, Debian's kernel and
# the few packages that the checks use.  Root logs in on hvc0 without a password.  Debian 13's
# kernel (from bookworm-backports) is installed beside the default one.
#
#   mkdisk.sh CACHE      leaves CACHE/disk/root.img, vmlinuz and initrd.img of both kernels
#
# Needs root (debootstrap does); what was made once is kept.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/disk"
cache=$(cd "$1" && pwd)
root=$cache/disk/root
# Two runs at once make it once.
exec 9> "$cache/disk/lock"
flock 9
include=systemd,systemd-sysv,udev,dbus,kmod,iproute2,procps,ethtool,stress-ng,pciutils,e2fsprogs
include=$include,initramfs-tools,linux-image-amd64,zstd,util-linux,bash,coreutils,netbase
include=$include,python3-minimal,login,passwd,debian-archive-keyring

[ "$(id -u)" = 0 ] || { echo "mkdisk.sh: debootstrap needs root" >&2; exit 77; }

mirror() {
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" { print $2; exit }'
}

settle() { # what makes a minbase tree a machine one can log in to
	echo dais-test > "$root/etc/hostname"
	echo '127.0.0.1 localhost dais-test' > "$root/etc/hosts"
	echo 'LABEL=dais-root / ext4 defaults,noatime 0 1' > "$root/etc/fstab"
	chroot "$root" passwd -q -d root
	mkdir -p "$root/etc/systemd/network"
	printf '[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n\n[DHCPv4]\nUseDNS=no\n' \
		> "$root/etc/systemd/network/all.network"
	chroot "$root" systemctl -q enable systemd-networkd serial-getty@hvc0
	# On a loaded host udev may take longer to announce the console than systemd's 90 s.
	mkdir -p "$root/etc/systemd/system/dev-hvc0.device.d"
	printf '[Unit]\nJobRunningTimeoutSec=900\n' > "$root/etc/systemd/system/dev-hvc0.device.d/slow.conf"
	# The wait for both cards to be online would only delay the login.
	chroot "$root" systemctl -q disable systemd-networkd-wait-online || :
	chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer \
		e2scrub_all.timer fstrim.timer
}

if [ ! -e "$cache/disk/root.done" ]; then
	# Unpacking is most of the work; services must not start in the chroot.  A network may fail for
	# a moment.
	for pause in 10 60 ''; do
		rm -rf "$root"
		debootstrap --variant=minbase --include="$include" bookworm "$root" "$(mirror)" \
			> "$cache/disk/debootstrap.log" 2>&1 && break
		tail -n 20 "$cache/disk/debootstrap.log" >&2
		[ -n "$pause" ] || exit 1
		sleep "$pause"
	done
	settle
	newer=$("$here/fetch.sh" "$cache" kerneldeb bookworm-backports linux-image-amd64)
	cp "$newer" "$root/tmp/newer.deb"
	chroot "$root" dpkg -i /tmp/newer.deb > "$cache/disk/newer.log" 2>&1
	rm -f "$root/tmp/newer.deb" "$root"/var/cache/apt/archives/*.deb
	touch "$cache/disk/root.done"
fi
if [ ! -e "$cache/disk/root.img" ]; then
	# hvinfo says where memory went and, at the login, how long that took (tests/bench).
	cp "$cache/quick/hvinfo" "$root/usr/local/bin/"
	cat > "$root/etc/systemd/system/login-time.service" <<-UNIT
		[Unit]
		After=serial-getty@hvc0.service
		[Service]
		Type=oneshot
		ExecStart=/usr/local/bin/hvinfo tsc
		StandardOutput=tty
		TTYPath=/dev/hvc0
		[Install]
		WantedBy=multi-user.target
	UNIT
	chroot "$root" systemctl -q enable login-time
	cp "$root"/boot/vmlinuz-6.1.* "$cache/disk/vmlinuz-6.1"
	cp "$root"/boot/initrd.img-6.1.* "$cache/disk/initrd-6.1.img"
	cp "$root"/boot/vmlinuz-6.12.* "$cache/disk/vmlinuz-6.12"
	cp "$root"/boot/initrd.img-6.12.* "$cache/disk/initrd-6.12.img"
	rm -f "$cache/disk/root.img.new"
	mke2fs -q -t ext4 -L dais-root -d "$root" "$cache/disk/root.img.new" 3G
	mv "$cache/disk/root.img.new" "$cache/disk/root.img"
fi
