#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fetches Debian packages and unpacks them beside the build; nothing is installed on the
# machine that runs the tests.  The mirror is the one apt already uses, so no address stands
# here.  A private apt state is kept under the cache, so that bookworm-backports and trixie can be
# read without adding them to the machine's own sources.
#
#   fetch.sh CACHE debs SUITE PACKAGE...       download into CACHE/debs, print the file names
#   fetch.sh CACHE unpack DIR SUITE PACKAGE... download and unpack each into CACHE/DIR
#   fetch.sh CACHE closure DIR SUITE PACKAGE...
#                                              the same with whatever the packages depend on
#                                              that this machine has not installed
#   fetch.sh CACHE missing ROOT SUITE PACKAGE...
#                                              print the names of the packages that ROOT, a Debian
#                                              below CACHE, lacks of these and their dependencies
#   fetch.sh CACHE kernel DIR SUITE METAPACKAGE
#                                              the kernel package a metapackage points to
#   fetch.sh CACHE kerneldeb SUITE METAPACKAGE the same, not unpacked: print the file name
set -eu

cache=$1
verb=$2
shift 2
mkdir -p "$cache/debs"
cache=$(cd "$cache" && pwd)
# Debian 13 has an apt state of its own: beside 12 its newer versions would be taken for all.
apt="apt"
case " $* " in
*" trixie "*) apt="apt-trixie" ;;
esac
apt=$cache/$apt
mkdir -p "$apt/none" "$apt/lists/partial" "$apt/archives/partial"

die() {
	echo "fetch.sh: $*" >&2
	exit 1
}

again() { # COMMAND...: a network may fail for a moment
	for pause in 10 30 90; do
		"$@" && return
		echo "fetch.sh: '$*' failed; once more in $pause s" >&2
		sleep "$pause"
	done
	"$@"
}

mirror() {
	# The main archive is the one that serves the plain release, not -security or -updates.
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" { print $2; exit }'
}

apt_options() {
	cat <<-OPTS
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "$apt/none";
		Dir::Etc::preferences "$apt/none";
		Dir::Etc::preferencesparts "$apt/none";
		Dir::State::lists "$apt/lists";
		Dir::Cache "$apt";
		Dir::Cache::archives "$apt/archives";
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		Acquire::Retries "5";
	OPTS
}

setup_apt() {
	[ -s "$apt/ready" ] && return 0
	uri=$(mirror)
	[ -n "$uri" ] || die "apt knows no Debian 12 (bookworm) source: run apt-get update, or add one"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	sec=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm-security" { print $2; exit }')
	if [ "$apt" = "$cache/apt-trixie" ]; then
		echo "deb [signed-by=$key] $uri trixie main"
	else
		echo "deb [signed-by=$key] $uri bookworm main"
		echo "deb [signed-by=$key] $uri bookworm-backports main"
		[ -z "$sec" ] || echo "deb [signed-by=$key] $sec bookworm-security main"
	fi > "$apt/sources.list"
	apt_options > "$apt/apt.conf"
	# Without the option a list that did not come is only warned of.
	again apt_private apt-get -qq -o APT::Update::Error-Mode=any update ||
		apt_private apt-get -qq update
	date > "$apt/ready"
}

apt_private() {
	APT_CONFIG=$apt/apt.conf "$@"
}

download() { # SUITE PACKAGE: print the file
	suite=$1
	name=$2
	if [ "$suite" = bookworm ]; then
		version=$(apt_private apt-cache policy "$name" | awk '$1 == "Candidate:" { print $2 }')
	else
		version=$(apt_private apt-cache -t "$suite" policy "$name" |
			awk '$1 == "Candidate:" { print $2 }')
	fi
	case $version in
	"" | "(none)") die "no package $name in $suite" ;;
	esac
	pattern="${name}_$(echo "$version" | sed 's/:/%3a/')_*.deb"
	if [ -z "$(find "$cache/debs/" -name "$pattern")" ]; then
		# Whole or not at all: what is in its place is taken for it.
		rm -rf "$cache/debs/new"
		mkdir "$cache/debs/new"
		(cd "$cache/debs/new" && again apt_private apt-get -qq download "$name=$version") >&2
		mv "$cache/debs/new/"*.deb "$cache/debs/"
	fi
	find "$cache/debs/" -name "$pattern" | head -n 1
}

kernel_deb() { # SUITE METAPACKAGE
	name=$(apt_private apt-cache -t "$1" depends "$2" |
		awk '$1 == "Depends:" && /linux-image/ { print $2; exit }')
	[ -n "$name" ] || die "$2 in $1 points to no kernel"
	download "$1" "$name"
}

# One at a time: two runs would write the same lists and packages.
exec 8> "$cache/apt/lock"
flock 8
setup_apt
case $verb in
debs)
	suite=$1
	shift
	for p in "$@"; do
		download "$suite" "$p"
	done
	;;
unpack)
	dir=$cache/$1
	suite=$2
	shift 2
	mkdir -p "$dir"
	for p in "$@"; do
		dpkg-deb -x "$(download "$suite" "$p")" "$dir"
	done
	;;
closure)
	dir=$cache/$1
	suite=$2
	shift 2
	mkdir -p "$dir"
	again apt_private apt-get -qq -y --download-only --reinstall -t "$suite" install "$@" >&2
	for f in "$apt"/archives/*.deb; do
		dpkg-deb -x "$f" "$dir"
	done
	;;
missing)
	status=$cache/$1/var/lib/dpkg/status
	suite=$2
	shift 2
	apt_private apt-get -s -t "$suite" -o Dir::State::status="$status" install "$@" |
		awk '$1 == "Inst" { print $2 }'
	;;
kernel)
	mkdir -p "$cache/$1"
	dpkg-deb -x "$(kernel_deb "$2" "$3")" "$cache/$1"
	;;
kerneldeb)
	kernel_deb "$1" "$2"
	;;
*)
	die "no such verb: $verb"
	;;
esac
