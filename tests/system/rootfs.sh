# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the scripts that make disk images share; to be sourced.

newer() { # IMAGE FILE...: is one of the files newer, or the image not there?
	[ ! -e "$1" ] || [ -n "$(find "$@" -newer "$1" -print -quit)" ]
}

copy_root() { # FROM TO EXCEPT...: a root file system without what no test reads
	from=$1
	to=$PWD/$2
	shift 2
	rm -rf "$to"
	mkdir "$to"
	for path in "$@"; do
		shift
		set -- "$@" "--exclude=$path"
	done
	(cd "$from" && tar -cf - "$@" --exclude='./usr/share/doc/*' --exclude='./usr/share/locale/*' \
		--exclude='./usr/lib/modules/6.12*' --exclude='./usr/lib/modules/*/kernel/sound' \
		--exclude='./usr/lib/modules/*/kernel/drivers/gpu' .) | tar -xf - -C "$to"
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
