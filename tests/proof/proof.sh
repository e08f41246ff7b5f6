#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Proofs by bounded model checking (Debian 13's cbmc, fetched beside the build), as lines of the
# Test Anything Protocol: the console's and the store's rings, and the counts of frames.  Each is
# also run on versions of the code with something taken out, which it has to notice.
#
#   proof.sh SRCDIR CACHE [STEPS]
set -u

src=$1 cache=$2 steps=${3-1}
cbmc=$cache/cbmc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

[ -x "$cbmc/usr/bin/cbmc" ] ||
	"$src/tests/system/fetch.sh" "$cache" unpack cbmc trixie cbmc libc6 libgcc-s1 libstdc++6 \
		minisat zlib1g > "$work/fetch" 2>&1
if [ ! -x "$cbmc/usr/bin/cbmc" ]; then
	echo "ok - proofs # SKIP cbmc cannot be fetched"
	exit 0
fi

# Debian 13's program with Debian 13's libraries.
check() { # FILE FUNCTION OPTION...
	file=$1 function=$2
	shift 2
	timeout 900 "$cbmc/usr/lib64/ld-linux-x86-64.so.2" \
		--library-path "$cbmc/usr/lib/x86_64-linux-gnu:$cbmc/usr/lib" "$cbmc/usr/bin/cbmc" \
		-I "$work" -I "$src/tests/hostmachine" -I "$src/xen" -I "$src" -I "$src/xenstore" \
		-I "$src/dom0-tools/consoled" -D__XEN_TOOLS__=1 \
		-D__XEN_INTERFACE_VERSION__=0x00041100 -DDAIS_HOST=1 -D_GNU_SOURCE "$src/$file" \
		--function "$function" --slice-formula --drop-unused-functions "$@" > "$work/log" 2>&1
}

holds() { # NAME FILE FUNCTION OPTION...
	name=$1
	shift
	if check "$@"; then
		echo "ok - $name holds"
	else
		echo "not ok - $name holds"
		grep -E ': FAILURE|ERROR|error' "$work/log" | head -n 10
		bad=1
	fi
}

# A status of 10 says that an assertion fails; anything else proves nothing.
noticed() { # NAME SOURCE SED-SCRIPT FILE FUNCTION OPTION...
	name=$1 source=$2 script=$3
	shift 3
	mkdir -p "$work/$(dirname "$source")"
	sed "$script" "$src/$source" > "$work/$source"
	if cmp -s "$src/$source" "$work/$source"; then
		echo "not ok - $name: nothing was taken out"
		bad=1
	else
		check "$@"
		if [ $? = 10 ]; then
			echo "ok - noticed: $name"
		else
			echo "not ok - noticed: $name"
			bad=1
		fi
	fi
	rm "$work/$source"
}

ring="--bounds-check --pointer-check --unwinding-assertions"
# shellcheck disable=SC2086 # a list of options
rings() {
	holds "console, taking" tests/proof/console.c proof_take --unwind 8 $ring
	holds "console, giving" tests/proof/console.c proof_give --unwind 8 $ring
	noticed "indices that are not compared" dom0-tools/consoled/ring.c \
		's/producer - consumer > size ? RING_BAD : //' \
		tests/proof/console.c proof_take --unwind 8 $ring
	noticed "an index that is not masked" dom0-tools/consoled/ring.c \
		's/MASK_XENCONS_IDX(producer + (uint32_t)i, ring->in)/producer + (uint32_t)i/' \
		tests/proof/console.c proof_give --unwind 8 $ring
	holds "store, copying" tests/proof/store.c proof_copy --unwind 3 $ring
	holds "store, one step" tests/proof/store.c proof_serve --unwind 3 $ring
	noticed "a copy that does not turn at the ring's end" xenstore/conn_ring.c \
		's/first = n < SIZE - at ? n : SIZE - at;/first = n;/' \
		tests/proof/store.c proof_copy --unwind 3 $ring
}

# The recursion from a table to those below it is cut: see frames.c.
cut() { # FROM
	sed -e 's/ret = table_get(child,/ret = child_get(child,/' \
		-e 's/ret = table_put(pte_mfn(e));/ret = child_put(pte_mfn(e));/' \
		-e 's/ret = validate(pte_mfn(e), level - 1, d);/ret = child_mend(pte_mfn(e));/' \
		-e 's/return type >> FRAME_TYPE_SHIFT;/return known_level(type);/' "$1" \
		> "$work/validate-proof.c"
	[ "$(grep -cE 'child_get\(|child_put\(|child_mend\(|known_level\(' "$work/validate-proof.c")" = 4 ]
}

loops=begin.0:4,begin.1:4,proof_any.0:9
loops=$loops,compare.0:4,compare.1:4,compare.2:4,compare.3:4,set_hypervisor_slots.0:17
frames() { # FUNCTION LEVEL
	echo "tests/proof/frames.c $1 -DHOST_FRAMES=3UL -DLEVEL=$2u -DSTEPS=${steps}u" \
		"--unwind 3 --unwindset $loops --bounds-check --pointer-check"
}

# shellcheck disable=SC2046 # lists of options
counts() {
	cut "$src/xen/mm/validate.c" || echo "not ok - mm/validate.c has its recursion elsewhere"
	for level in 1 2; do
		holds "counts of frames, any steps, level $level" $(frames proof_any $level)
		holds "counts of frames, a table comes and goes, level $level" $(frames proof_life $level)
	done
	noticed_cut 1 proof_any "a refused RW entry keeps its reference" \
		'/frame_get_type(mfn, FRAME_TYPE_WRITABLE, NULL)/,/return -EBUSY/s/frame_put(mfn);//'
	noticed_cut 2 proof_life "an orphan without a reference of its own" \
		's/bool got = frame_get_again(mfn);/bool got = true;/'
	noticed_cut 2 proof_life "an interrupted table that goes on one entry too late" \
		's/f->stamp = flags | (i - 1);/f->stamp = flags | i;/'
	noticed_cut 2 proof_life "progress that is one too far" 's/^\tf->stamp = i;/\tf->stamp = i + 1;/'
}

noticed_cut() { # LEVEL FUNCTION NAME SED-SCRIPT
	sed "$4" "$src/xen/mm/validate.c" > "$work/broken.c"
	if cmp -s "$src/xen/mm/validate.c" "$work/broken.c" || ! cut "$work/broken.c"; then
		echo "not ok - $3: nothing was taken out"
		bad=1
		return
	fi
	# shellcheck disable=SC2046
	check $(frames "$2" "$1")
	if [ $? = 10 ]; then
		echo "ok - noticed: $3"
	else
		echo "not ok - noticed: $3"
		bad=1
	fi
}

rings
counts
exit $bad
