#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what the demonstration boots: two service domains of stock Debian, one with Apache and one
# with MariaDB, the small ramdisk that Debian's initramfs-tools make for them, and a dom0 that has
# Dais's store, tools and console daemon installed (from the build directory BUILD).
#
#   mkservices.sh CACHE BUILD     leaves CACHE/services/{web,db,dom0}.img, initrd.img
#
# Needs root, as mkdisk.sh does; what was made once is kept, but for dom0's image, which follows
# the build.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$2" && pwd)
"$here/mkguest.sh" "$1" || exit $?
mkdir -p "$1/services"
cd "$1/services"
exec 9> lock
flock 9

newer() { # IMAGE FILE...: is one of the files newer, or the image not there?
	[ ! -e "$1" ] || [ -n "$(find "$@" -newer "$1" -print -quit)" ]
}

install_in() { # ROOT PACKAGE...: with the machine's own way to the archive; no service starts
	root=$1
	shift
	printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	rm -f "$root/etc/resolv.conf"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	for word in update "install --no-install-recommends $*"; do
		# shellcheck disable=SC2086 # words are wanted
		chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o Dpkg::Use-Pty=0 $word > install.log 2>&1 ||
			{ tail -n 20 install.log >&2; exit 1; }
	done
	rm -f "$root/usr/sbin/policy-rc.d" "$root"/var/cache/apt/archives/*.deb
	rm -rf "$root"/var/lib/apt/lists/*
}

base() { # NAME ADDRESS: Debian as mkdisk.sh left it, with another name and a fixed address
	rm -rf "$1"
	mkdir "$1"
	(cd ../disk/root && tar -cf - --exclude='./boot/*' --exclude='./usr/share/doc/*' \
		--exclude='./usr/share/locale/*' --exclude='./usr/lib/modules/6.12*' \
		--exclude='./usr/lib/modules/*/kernel/sound' \
		--exclude='./usr/lib/modules/*/kernel/drivers/gpu' .) | tar -xf - -C "$1"
	echo "$1" > "$1/etc/hostname"
	printf '127.0.0.1 localhost %s\n10.0.2.20 web\n10.0.2.21 db\n' "$1" > "$1/etc/hosts"
	echo '/dev/xvda / ext4 defaults,noatime 0 1' > "$1/etc/fstab"
	printf '[Match]\nType=ether\n\n[Network]\nAddress=%s/24\nLinkLocalAddressing=no\n' "$2" \
		> "$1/etc/systemd/network/all.network"
	rm -f "$1/etc/systemd/system/login-time.service" \
		"$1/etc/systemd/system/multi-user.target.wants/login-time.service"
}

image() { # NAME SIZE
	rm -f "$1.img.new"
	mke2fs -q -t ext4 -O ^has_journal -d "$1" "$1.img.new" "$2"
	mv "$1.img.new" "$1.img"
	rm -rf "$1"
}

if newer web.img "$here/services/stock.cgi"; then
	base web 10.0.2.20
	install_in web apache2 mariadb-client-core
	chroot web a2enmod -q cgid > /dev/null
	install -m 755 "$here/services/stock.cgi" web/usr/lib/cgi-bin/stock.cgi
	echo 'ScriptAliasMatch ^/$ /usr/lib/cgi-bin/stock.cgi' \
		> web/etc/apache2/conf-enabled/stock.conf
	echo 'ServerName web' >> web/etc/apache2/conf-enabled/stock.conf
	version=$(basename web/usr/lib/modules/6.1.*)
	# A ramdisk with the two drivers that a service domain's root needs, and no more.
	mkdir -p initramfs-conf/scripts initramfs-conf/hooks initramfs-conf/conf.d
	rm -rf web/tmp/conf
	cp -r web/etc/initramfs-tools web/tmp/conf
	printf 'xen-blkfront\next4\n' >> web/tmp/conf/modules
	sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=zstd/' \
		web/tmp/conf/initramfs.conf
	cp ../disk/root/boot/config-"$version" web/boot/
	chroot web mkinitramfs -d /tmp/conf -o /tmp/initrd.img "$version"
	mv web/tmp/initrd.img initrd.img
	rm -rf web/tmp/conf initramfs-conf
	image web 2G
fi
if newer db.img "$here/services/shop.sql"; then
	base db 10.0.2.21
	install_in db mariadb-server
	printf '%s\n' '[mysqld]' bind-address=0.0.0.0 skip-name-resolve performance_schema=off \
		innodb_buffer_pool_size=16M innodb_log_file_size=8M innodb_flush_method=fsync \
		> db/etc/mysql/mariadb.conf.d/99-shop.cnf
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
if newer dom0.img "$here/services/dom0-init" ../guest/tools.done initrd.img $programs; then
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
	cp initrd.img dom0/boot/initrd-service.img
	for name in web db; do
		disk=vdb memory=224
		[ $name = web ] || disk=vdc memory=320
		cat > "dom0/etc/dais/$name.cfg" <<-CFG
			name = "$name"
			kernel = "/boot/vmlinuz"
			ramdisk = "/boot/initrd-service.img"
			extra = "root=/dev/xvda ro console=hvc0 quiet net.ifnames=0"
			memory = $memory
			vcpus = 1
			disk = ["phy:/dev/$disk,xvda,w"]
			vif = ["bridge=xenbr0"]
		CFG
	done
	rm -f dom0.img.new
	mke2fs -q -t ext4 -O ^has_journal -L dais-guest -d dom0 dom0.img.new 1536M
	mv dom0.img.new dom0.img
	rm -rf dom0
fi
