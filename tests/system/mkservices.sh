#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what the demonstration boots: two service domains of stock Debian, one with Apache and one
# with MariaDB, and a dom0 that has Dais's store, tools and console daemon installed (from the build
# directory BUILD).  An emulator starts all of it, so that the service domains do nothing at their
# start that a domain does not need.
#
#   mkservices.sh CACHE BUILD     leaves CACHE/market/{web,db,dom0}.img and vmlinuz
#
# Needs root, as mkdisk.sh does; what was made once is kept, but for dom0's image, which follows
# the build.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/rootfs.sh"
build=$(cd "$2" && pwd)
"$here/mkguest.sh" "$1" || exit $?
"$here/mkramdisk.sh" "$1"
mkdir -p "$1/market"
cd "$1/market"
exec 9> lock
flock 9

base() { # NAME ADDRESS: Debian as mkdisk.sh left it, with another name and a fixed address
	copy_root ../disk/root "$1" './boot/*'
	echo "$1" > "$1/etc/hostname"
	printf '127.0.0.1 localhost %s\n10.0.2.20 web\n10.0.2.21 db\n' "$1" > "$1/etc/hosts"
	# The ramdisk has mounted it already.
	echo '# / is /dev/xvda' > "$1/etc/fstab"
	rm -f "$1/etc/systemd/system/login-time.service" \
		"$1/etc/systemd/system/multi-user.target.wants/login-time.service"
	light "$1" "$2"
}

light() { # ROOT ADDRESS: what a domain with one disk, one card and one console need not do when it starts
	units=$1/etc/systemd/system
	# No device but those that the kernel names itself, no user and no mount that the image lacks.
	chroot "$1" systemctl -q mask serial-getty@hvc0.service getty@tty1.service \
		systemd-pstore.service systemd-random-seed.service systemd-firstboot.service \
		systemd-repart.service systemd-binfmt.service systemd-update-utmp.service \
		systemd-update-utmp-runlevel.service systemd-machine-id-commit.service \
		systemd-network-generator.service systemd-logind.service kmod-static-nodes.service \
		systemd-modules-load.service systemd-journal-flush.service e2scrub_reap.service \
		proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount dev-hugepages.mount \
		dev-mqueue.mount sys-kernel-config.mount sys-kernel-debug.mount \
		sys-kernel-tracing.mount dpkg-db-backup.timer systemd-tmpfiles-clean.timer \
		systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
		systemd-udev-trigger.service systemd-networkd.service systemd-networkd.socket \
		systemd-sysusers.service systemd-tmpfiles-setup-dev.service systemd-sysctl.service \
		systemd-remount-fs.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
		systemd-initctl.socket systemd-journald-audit.socket systemd-rfkill.socket \
		systemd-ask-password-console.path systemd-ask-password-wall.path \
		systemd-user-sessions.service dbus.service dbus.socket cryptsetup.target \
		integritysetup.target veritysetup.target apt-daily.timer apt-daily-upgrade.timer \
		e2scrub_all.timer fstrim.timer
	# Each would be a process, to find that there is nothing to generate.
	mkdir -p "$1/etc/systemd/system-generators"
	for generator in "$1"/lib/systemd/system-generators/*; do
		ln -sf /dev/null "$1/etc/systemd/system-generators/${generator##*/}"
	done
	cat > "$units/card.service" <<-UNIT
		[Unit]
		Description=The network card's address
		DefaultDependencies=no
		Before=network.target
		Wants=network.target

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/ip -batch /etc/card.ip

		[Install]
		WantedBy=sysinit.target
	UNIT
	printf '%s\n' 'link set lo up' "address add $2/24 dev eth0" 'link set eth0 up' > "$1/etc/card.ip"
	chroot "$1" systemctl -q enable console-getty.service card.service
	mkdir -p "$units/console-getty.service.d" "$1/etc/systemd/journald.conf.d" \
		"$1/etc/systemd/system.conf.d"
	# A service may take minutes where many machines are emulated at once; systemd's own
	# patience is 90 s.
	printf '[Manager]\nDefaultTimeoutStartSec=900\n' > "$1/etc/systemd/system.conf.d/patient.conf"
	# Not last of all: the services may take longer than an emulator's user.
	printf '[Service]\nType=simple\n' > "$units/console-getty.service.d/early.conf"
	printf '[Journal]\nStorage=volatile\n' > "$1/etc/systemd/journald.conf.d/volatile.conf"
	chroot "$1" systemd-machine-id-setup > machine-id.log 2>&1
}

image() { # NAME SIZE
	rm -f "$1.img.new"
	mke2fs -q -t ext4 -O ^has_journal -d "$1" "$1.img.new" "$2"
	mv "$1.img.new" "$1.img"
	rm -rf "$1"
}

# dom0's kernel is unpacked at each start of the host: with LZ4 in a tenth of the time of XZ.
if newer vmlinuz ../quick/vmlinuz; then
	python3 - "$here" ../quick/vmlinuz <<-'PYTHON'
		import sys
		sys.path.insert(0, sys.argv[1])
		import kernels
		with open(sys.argv[2], "rb") as f:
		    image = f.read()
		kernels.write("vmlinux", kernels.vmlinux(image))
		kernels.write("vmlinuz", kernels.repack(image, "lz4"))
	PYTHON
fi
if newer web.img "$here/services/stock.cgi"; then
	base web 10.0.2.20
	install_in web apache2 mariadb-client-core
	chroot web a2enmod -q cgid > /dev/null
	install -m 755 "$here/services/stock.cgi" web/usr/lib/cgi-bin/stock.cgi
	echo 'ScriptAliasMatch ^/$ /usr/lib/cgi-bin/stock.cgi' \
		> web/etc/apache2/conf-enabled/stock.conf
	echo 'ServerName web' >> web/etc/apache2/conf-enabled/stock.conf
	image web 2G
fi
if newer db.img "$here/services/shop.sql"; then
	base db 10.0.2.21
	install_in db mariadb-server
	printf '%s\n' '[mysqld]' bind-address=0.0.0.0 skip-name-resolve performance_schema=off \
		innodb_buffer_pool_size=16M innodb_log_file_size=8M innodb_flush_method=fsync \
		innodb_buffer_pool_load_at_startup=off innodb_buffer_pool_dump_at_shutdown=off \
		aria_pagecache_buffer_size=4M key_buffer_size=1M \
		> db/etc/mysql/mariadb.conf.d/99-shop.cnf
	# No cluster whose log would be replayed, and no tables of an older version.
	mkdir -p db/etc/systemd/system/mariadb.service.d
	printf '%s\n' '[Service]' ExecStartPre= ExecStartPost= \
		> db/etc/systemd/system/mariadb.service.d/shop.conf
	mkdir -p db/run/mysqld
	chroot db chown mysql:mysql /run/mysqld
	# The table of rights is read by the first statement, so that the user can be made.
	chroot db mariadbd --user=mysql --bootstrap < "$here/services/shop.sql" > shop.log 2>&1 ||
		{ tail -n 20 shop.log >&2; exit 1; }
	image db 2G
fi
programs="$build/dom0-tools/dais $build/dom0-tools/daisd $build/dom0-tools/dais-consoled
	$build/xenstore/xenstored"
# shellcheck disable=SC2086 # a list of files
if newer dom0.img "$here/mkservices.sh" "$here/services/dom0-init" ../guest/tools.done ../ramdisk/guest.img vmlinuz $programs; then
	rm -rf dom0
	mkdir dom0
	(cd ../guest/root && tar -cf - --exclude='./guests/*' .) | tar -xf - -C dom0
	make -s --no-print-directory -C "$build" install DESTDIR="$PWD/dom0" > install.log 2>&1 ||
		{ tail -n 20 install.log >&2; exit 1; }
	# The libraries that the programs' packages would depend on.
	find dom0/usr/local -type f \( -perm -100 -o -name '*.so*' \) -exec ldd {} + 2>/dev/null |
		awk '$3 ~ "^/" && $1 !~ "^(libc|libm|libdais|ld-)" { print $3 }' | sort -u |
		while read -r library; do
			[ -e "dom0$library" ] || cp -L "$library" dom0/usr/local/lib/
		done
	chroot dom0 ldconfig
	install -m 755 "$here/services/dom0-init" dom0/sbin/dom0-init
	mkdir -p dom0/etc/dais dom0/var/lib/dais dom0/boot
	cp ../quick/vmlinuz dom0/boot/vmlinuz
	cp ../ramdisk/guest.img dom0/boot/guest.img
	# The kernel is in dais's cache, as after a first create.
	(umask 077 && mkdir -p dom0/var/cache/dais/kernels)
	install -m 400 vmlinux "dom0/var/cache/dais/kernels/$(python3 -c 'import hashlib, sys
print(hashlib.new("sha512_256", sys.stdin.buffer.read()).hexdigest())' < ../quick/vmlinuz).elf"
	for name in web db; do
		# Each stays on a processor, so that no other has its page tables in a TLB.
		disk=vdb memory=192 cpu=0
		[ $name = web ] || disk=vdc memory=256 cpu=1
		cat > "dom0/etc/dais/$name.cfg" <<-CFG
			name = "$name"
			kernel = "/boot/vmlinuz"
			ramdisk = "/boot/guest.img"
			extra = "console=hvc0 quiet net.ifnames=0 cryptomgr.notests"
			memory = $memory
			vcpus = 1
			cpus = "$cpu"
			disk = ["phy:/dev/$disk,xvda,w"]
			vif = ["bridge=xenbr0"]
		CFG
	done
	rm -f dom0.img.new
	mke2fs -q -t ext4 -O ^has_journal -L dais-guest -d dom0 dom0.img.new 1536M
	mv dom0.img.new dom0.img
	rm -rf dom0
fi
