# SPDX-License-Identifier: MIT
"""What booting costs, on the hypervisor and on Debian's Xen 4.17 side by side.

  bootcost.py --cache DIR --hypervisor PATH [--parts kernel,login,memory,size]

QEMU runs with -icount shift=0, so that one instruction takes one nanosecond of its clock and the
time stamp counter counts instructions (and idle time, of which booting has next to none before
dom0's first instruction).

kernel  instructions from the hypervisor's entry to dom0's first: the stock kernel's first
        instructions are replaced by RDTSC and UD2, so that the hypervisor reports the count with
        dom0's registers when it dies; once with the payload as shipped (xz), once unpacked.
        What firmware and loader take is measured with stub.S and subtracted.
login   the time stamp counter when systemd starts the login on dom0's console.
memory  what the hypervisor keeps of 6 GiB (hvinfo.c).
size    bytes of the image, text and data.
"""

import argparse
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import kernels  # noqa: E402
from vm import Gone, Machine, Timeout  # noqa: E402

RDTSC_UD2 = b"\x0f\x31\x0f\x0b"
OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all noreboot"


def note(elf, number):
    """The value of a numeric Xen note of an ELF64 image."""
    offset, size, count = struct.unpack_from("<Q", elf, 0x20)[0], *struct.unpack_from("<HH", elf, 0x36)
    for i in range(count):
        kind, _, start = struct.unpack_from("<IIQ", elf, offset + i * size)
        length = struct.unpack_from("<Q", elf, offset + i * size + 0x20)[0]
        at = start
        while kind == 4 and at < start + length:
            name_len, desc_len, which = struct.unpack_from("<III", elf, at)
            name = elf[at + 12:at + 12 + name_len]
            desc = at + 12 + (name_len + 3) // 4 * 4
            if name == b"Xen\0" and which == number and desc_len == 8:
                return struct.unpack_from("<Q", elf, desc)[0]
            at = desc + (desc_len + 3) // 4 * 4
    raise ValueError("no Xen note %d" % number)


def file_offset(elf, address):
    offset, size, count = struct.unpack_from("<Q", elf, 0x20)[0], *struct.unpack_from("<HH", elf, 0x36)
    for i in range(count):
        kind, _, start, virtual, _, length = struct.unpack_from("<IIQQQQ", elf, offset + i * size)
        if kind == 1 and virtual <= address < virtual + length:
            return start + address - virtual
    raise ValueError("no segment has %#x" % address)


def dying_kernel(work, quick, packed):
    """Debian's kernel that reports the time stamp counter and dies at its first instruction."""
    path = os.path.join(work, "dying-" + ("xz" if packed else "elf"))
    if not os.path.exists(path):
        with open(os.path.join(quick, "vmlinuz"), "rb") as f:
            image = f.read()
        elf = bytearray(kernels.vmlinux(image))
        at = file_offset(elf, note(elf, 1))
        elf[at:at + 4] = RDTSC_UD2
        if not packed:
            return kernels.write(path, bytes(elf))
        # As the kernel's own build packs it, which decides what unpacking costs.
        kernels.COMPRESS["as shipped"] = ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB",
                                          "-c"]
        kernels.vmlinux = lambda _: bytes(elf)
        kernels.write(path, kernels.repack(image, "as shipped"))
    return path


def boot(log, hypervisor, modules, memory=1024, options=OPTIONS, extra=()):
    args = ["-accel", "tcg", "-icount", "shift=0", "-machine", "pc", "-cpu", "Nehalem",
            "-rtc", "base=2026-01-01,clock=vm", "-smp", "1", "-m", str(memory), "-vga", "none", "-nic", "none", "-no-reboot",
            "-kernel", hypervisor, "-append", options, *extra]
    if modules:
        args += ["-initrd", modules]
    return Machine(args, log)


def stub(work):
    path = os.path.join(work, "stub")
    subprocess.run(["cc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x200000", "-Wl,--build-id=none",
                    "-o", path, os.path.join(HERE, "stub.S")], check=True)
    return path


def kernel_part(ctx):
    """Instructions up to dom0's first."""
    rows = []
    initrd = os.path.join(ctx.quick, "dom0.img")
    for packed in (True, False):
        kernel = dying_kernel(ctx.work, ctx.quick, packed)
        modules = "%s console=hvc0,%s" % (kernel, initrd)
        with boot(ctx.log("stub"), stub(ctx.work), modules) as vm:
            before = int(vm.expect(r"([0-9a-f]{16})\n", 120).group(1), 16)
        counts = []
        for name, hypervisor in ctx.hypervisors:
            with boot(ctx.log(name), hypervisor, modules) as vm:
                rax = int(vm.expect(r"\br?ax:? ([0-9a-f]{16})", 900).group(1), 16)
                rdx = int(vm.expect(r"\br?dx:? ([0-9a-f]{16})", 60).group(1), 16)
            counts.append((rdx << 32 | rax) - before)
        rows.append(("instructions to dom0's first, kernel %s"
                     % ("as shipped (xz)" if packed else "unpacked"), counts, "%.3f G", 1e9))
    return rows


def memory_part(ctx):
    """KiB that the hypervisor keeps of 6 GiB."""
    counts = []
    for name, hypervisor in ctx.hypervisors:
        modules = "%s/vmlinuz console=hvc0 quick=info,%s/dom0.img" % (ctx.quick, ctx.quick)
        with boot(ctx.log(name), hypervisor, modules, 6144, OPTIONS + " dom0_mem=1G") as vm:
            counts.append(int(vm.expect(r"kept_kib (\d+)\s", 600).group(1)))
    return [("memory kept of 6 GiB", counts, "%.1f MiB", 1024)]


def login_part(ctx):
    """The counter at the login of the Debian disk."""
    counts = []
    disk = os.path.join(ctx.cache, "disk")
    for name, hypervisor in ctx.hypervisors:
        modules = "%s/vmlinuz-6.1 root=LABEL=dais-root ro console=hvc0 quiet,%s/initrd-6.1.img" \
            % (disk, disk)
        extra = ["-drive", "file=%s/root.img,format=raw,if=virtio,snapshot=on" % disk]
        with boot(ctx.log(name), hypervisor, modules, 2048, OPTIONS, extra) as vm:
            counts.append(int(vm.expect(r"tsc (\d+)\s", 3000).group(1)))
    return [("counter at dom0's login", counts, "%.1f G", 1e9)]


def size_part(ctx):
    """Bytes that are loaded."""
    counts = []
    for _, hypervisor in ctx.hypervisors:
        with open(hypervisor, "rb") as f:
            head = f.read(4096)
        offset, = struct.unpack_from("<I", head, 0x1c)
        size, count = struct.unpack_from("<HH", head, 0x2a)
        counts.append(sum(struct.unpack_from("<I", head, offset + i * size + 0x10)[0]
                          for i in range(count)
                          if struct.unpack_from("<I", head, offset + i * size)[0] == 1))
    return [("image, text and data", counts, "%.0f KiB", 1024)]


class Context:
    def __init__(self, cache, hypervisor):
        self.cache = os.path.abspath(cache)
        self.quick = os.path.join(self.cache, "quick")
        self.work = os.path.join(self.cache, "bench")
        os.makedirs(self.work, exist_ok=True)
        self.hypervisors = [("dais", os.path.abspath(hypervisor)),
                            ("xen", os.path.join(self.quick, "xen"))]

    def log(self, name):
        return os.path.join(self.work, name + ".log")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--parts", default="size,memory,kernel,login")
    args = parser.parse_args()
    for script in ("mkquick.sh", "mkdisk.sh"):
        subprocess.run([os.path.join(HERE, "..", "system", script), args.cache], check=True)
    ctx = Context(args.cache, args.hypervisor)
    parts = dict(size=size_part, memory=memory_part, kernel=kernel_part, login=login_part)
    print("| what | Dais | Xen 4.17 | ratio |\n| --- | --- | --- | --- |")
    for part in args.parts.split(","):
        try:
            for title, counts, form, unit in parts[part](ctx):
                cells = [form % (c / unit) for c in counts]
                print("| %s | %s | %s | %.2f |" % (title, cells[0], cells[1],
                                                   counts[0] / counts[1]), flush=True)
        except (Timeout, Gone) as error:
            print("| %s | %s | | |" % (part, error), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
