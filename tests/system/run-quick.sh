#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Boots a hypervisor with the smallest dom0 by QEMU -kernel and shows its console.
#
#   run-quick.sh HYPERVISOR [HYPERVISOR-OPTION...]
#
# Environment: CACHE (where mkquick.sh keeps its files), CPUS, MEM, CPU, MACHINE, TIMEOUT,
# KERNEL (a vmlinuz), CMDLINE (more for dom0's kernel, such as quick=shell), QEMU, QEMU_ARGS.
# The exit status is 0 if dom0 came up, had nothing to complain of, and powered off by itself.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${CACHE:-$here/../../build/tests/system/cache}
hypervisor=$1
shift
"$here/mkquick.sh" "$cache"
quick=$cache/quick
[ "$hypervisor" != stock ] || hypervisor=$quick/xen
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A comma separates modules for QEMU, so a module's own text must have none (or ",," each).
# shellcheck disable=SC2086 # words are wanted
timeout -k 2 "${TIMEOUT:-120}" ${QEMU:-qemu-system-x86_64} -accel tcg -machine "${MACHINE:-pc}" \
	-cpu "${CPU:-Nehalem}" -smp "${CPUS:-1}" -m "${MEM:-1024}" \
	-display none -vga none -nic none -no-reboot -serial stdio -monitor none \
	-kernel "$hypervisor" -append "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all $*" \
	-initrd "${KERNEL:-$quick/vmlinuz} console=hvc0 earlyprintk=xen ${CMDLINE:-},$quick/dom0.img" \
	${QEMU_ARGS:-} 2>&1 | tee "$log" || true
grep -q 'quick: done' "$log" && grep -q 'quick: complaints 0' "$log"
