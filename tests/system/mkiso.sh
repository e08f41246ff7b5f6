#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes a GRUB ISO that boots a hypervisor with a dom0 kernel, by BIOS and by UEFI.
#
#   mkiso.sh OUT.iso PROTOCOL HYPERVISOR KERNEL INITRD HYPERVISOR-OPTIONS KERNEL-OPTIONS
#
# PROTOCOL is 1 or 2, the multiboot version that GRUB speaks on BIOS; UEFI always has 2.
set -eu

out=$1
protocol=$2
hypervisor=$3
kernel=$4
initrd=$5
hv_options=$6
linux_options=$7

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/boot/grub"
cp "$hypervisor" "$dir/boot/hypervisor"
cp "$kernel" "$dir/boot/vmlinuz"
cp "$initrd" "$dir/boot/initrd.img"
[ "$protocol" = 1 ] && suffix='' || suffix=2
cat > "$dir/boot/grub/grub.cfg" <<CFG
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
set timeout=0
menuentry dais {
	if [ "\$grub_platform" = efi ]; then
		multiboot2 /boot/hypervisor placeholder $hv_options
		module2 /boot/vmlinuz placeholder $linux_options
		module2 --nounzip /boot/initrd.img
	else
		multiboot$suffix /boot/hypervisor placeholder $hv_options
		module$suffix /boot/vmlinuz placeholder $linux_options
		module$suffix --nounzip /boot/initrd.img
	fi
}
CFG
grub-mkrescue -o "$out" --compress=no \
	--install-modules="normal multiboot multiboot2 iso9660 part_gpt part_msdos serial terminal test
	echo ls search configfile all_video" "$dir" > "$out.log" 2>&1 ||
	{ cat "$out.log" >&2; exit 1; }
