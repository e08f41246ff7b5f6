# SPDX-License-Identifier: MIT
"""How much of what one of Linux's operations costs is whose: program, kernel, hypervisor.

  linuxsplit.py --cache DIR --hypervisor PATH [--places PLACE,...] [--linux OPTIONS] [--symbols FILE]...
                START-OF-NAME

QEMU logs every instruction while linux.c runs one of its tests, on the bare machine and as dom0 on
both hypervisors.  An operation is what lies between two passes of the same instruction of the
program's loop; printed is the median one, what all took by the number of them (with what begins
and ends the test), and of a sleep what it takes beyond its time: until the kernel reads the clock,
and from the processor's last halt on.  With --symbols (files of nm's or /proc/kallsyms, or
xen/dais-syms) each is printed per function, too.
"""

import argparse
import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import kernels  # noqa: E402
from linuxcost import LINUX, OPTIONS, ramdisk  # noqa: E402
from vm import Machine  # noqa: E402

# No -rtc clock=vm and sleep=off: what is typed on the console comes in its own time.
ARGS = ["-accel", "tcg", "-icount", "shift=0", "-machine", "pc", "-cpu", "Nehalem",
        "-smp", "1", "-m", "512", "-vga", "none", "-nic", "none", "-no-reboot"]
PROGRAM, HYPERVISOR, KERNEL = range(3)
SIDES = ("program", "hypervisor", "kernel")


def side(pc):
    """The program's half, the hypervisor's 16 TiB of the other one, the kernel's rest."""
    if pc < 1 << 47:
        return PROGRAM
    return HYPERVISOR if 0xffff800000000000 <= pc < 0xffff880000000000 else KERNEL


def trace(place, args, folder):
    log = os.path.join(folder, "log")
    vmlinuz = os.path.join(args.cache, "quick", "vmlinuz")
    linux = "%s nokaslr %s one=%s" % (LINUX, args.linux, args.name)
    if place == "bare":
        boot = ["-kernel", vmlinuz, "-append", "console=ttyS0 panic=-1 " + linux, "-initrd",
                args.image]
    else:
        # Unpacked: the hypervisors would take longer for that than for all the rest.
        unpacked = os.path.join(folder, "vmlinux")
        with open(vmlinuz, "rb") as f:
            kernels.write(unpacked, kernels.vmlinux(f.read()))
        boot = ["-kernel", args.hypervisor if place == "Dais" else
                os.path.join(args.cache, "quick", "xen"), "-append", OPTIONS + " dom0_mem=320M",
                "-initrd", "%s console=hvc0 %s,%s" % (unpacked, linux, args.image)]
    with Machine(ARGS + ["-D", log] + boot, log + ".console") as vm:
        count = int(vm.expect(r"profile ready, (\d+)\n", 900).group(1))
        time.sleep(1)
        # One instruction at a time from here on alone: as a whole a boot would take ten times as long.
        vm.monitor("singlestep on")
        vm.monitor("log in_asm,exec,nochain")
        vm.type(b"\n")
        vm.expect(r"profile done\n", 900)
        vm.monitor("log none")
        time.sleep(0.2)
    init = os.path.join(folder, "root", "init")
    boundary = next(pc for pc, name in read_symbols([init]) if name == "boundary")
    pcs, clock, halts = [], set(), set()
    with open(log, encoding="ascii", errors="replace") as f:
        for line in f:
            m = re.match(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", line)
            if m:
                pcs.append(int(m.group(1), 16))
                continue
            m = re.match(r"0x([0-9a-f]+): .*\b(rdtsc|hlt)", line)
            if m:
                (halts if m.group(2) == "hlt" else clock).add(int(m.group(1), 16))
    first, last = (i for i, pc in enumerate(pcs) if pc == boundary)
    return count, pcs[first:last], clock, halts


def operations(count, pcs):
    """The trace cut at each pass of an instruction of the program's that is there count times."""
    passes = collections.Counter(pc for pc in pcs if side(pc) == PROGRAM)
    mark = next(pc for pc in pcs if passes.get(pc) == count)
    at = [i for i, pc in enumerate(pcs) if pc == mark]
    return sorted((pcs[a:b] for a, b in zip(at, at[1:])), key=len)


def read_symbols(paths):
    symbols = []
    for path in paths:
        with open(path, "rb") as f:
            elf = f.read(4) == b"\x7fELF"
        text = subprocess.run(["nm", path] if elf else ["cat", path], capture_output=True,
                              text=True, check=True).stdout
        for m in re.finditer(r"^([0-9a-f]{16}) [tTwW] (\S+)", text, re.M):
            symbols.append((int(m.group(1), 16), m.group(2)))
    return sorted(symbols)


def functions(pcs, symbols):
    starts = [s[0] for s in symbols]
    hits = collections.Counter()
    for pc in pcs:
        at = bisect.bisect_right(starts, pc) - 1
        name = symbols[at][1] if at >= 0 and side(pc) != PROGRAM else "-"
        hits[SIDES[side(pc)], name] += 1
    return hits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--places", default="bare,Xen,Dais")
    parser.add_argument("--linux", default="", help="more of the kernel's command line")
    parser.add_argument("--symbols", action="append", default=[])
    parser.add_argument("name")
    args = parser.parse_args()
    args.cache = os.path.abspath(args.cache)
    args.hypervisor = os.path.abspath(args.hypervisor)
    symbols = read_symbols(args.symbols)
    print("| %s | in all | program | kernel | hypervisor |\n| --- | --- | --- | --- | --- |" % args.name)
    with tempfile.TemporaryDirectory(prefix="run-", dir=args.cache) as folder:
        args.image = ramdisk(folder)
        for place in args.places.split(","):
            count, whole, clock, halts = trace(place, args, folder)
            ops = operations(count, whole)
            op = ops[len(ops) // 2]
            rows = [("an operation", op, 1), ("by their number", whole, count)]
            halted = [i for i, pc in enumerate(op) if pc in halts]
            if halted:
                read = next(i for i, pc in enumerate(op) if pc in clock)
                rows.append(("beyond its time", op[:read] + op[halted[-1]:], 1))
            for what, pcs, n in rows:
                parts = collections.Counter(side(pc) for pc in pcs)
                print("| %s, %s | %d | %d | %d | %d |" % (
                    place, what, len(pcs) / n, parts[PROGRAM] / n, parts[KERNEL] / n,
                    parts[HYPERVISOR] / n), flush=True)
                if symbols:
                    for (whose, name), m in functions(pcs, symbols).most_common():
                        print("%8.1f  %s %s" % (m / n, whose, name))


if __name__ == "__main__":
    main()
