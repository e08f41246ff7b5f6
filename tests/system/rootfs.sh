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

in_root() { # ROOT WORD...: apt-get there
	apt_root=$1
	shift
	# shellcheck disable=SC2068 # several packages may be one word
	chroot "$apt_root" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=5 \
		-o Dpkg::Use-Pty=0 $@
}

install_in() { # ROOT PACKAGE...: with the machine's own way to the archive; no service starts
	root=$1
	shift
	printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	rm -f "$root/etc/resolv.conf"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	# A network may fail for a moment.
	for pause in 10 30 90 ''; do
		in_root "$root" update > install.log 2>&1 &&
			in_root "$root" install --no-install-recommends "$@" >> install.log 2>&1 && break
		tail -n 20 install.log >&2
		[ -n "$pause" ] || exit 1
		sleep "$pause"
	done
	rm -f "$root/usr/sbin/policy-rc.d" "$root"/var/cache/apt/archives/*.deb
	rm -rf "$root"/var/lib/apt/lists/*
}
