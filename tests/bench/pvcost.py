# SPDX-License-Identifier: MIT
"""What the hypervisor's paths cost a guest, on Dais and on Debian's Xen 4.17 side by side.

  pvcost.py --cache DIR --hypervisor PATH --guest PATH [--guarded] [--cpu MODEL] [--check]

Boots the guest of tests/bench/pv as dom0 on both under -icount shift=0, so that one instruction
is one tick of the time stamp counter, and prints a Markdown table.  Both run without mitigations
against speculation, or with --guarded: Xen with what it does by itself, Dais with the same, which
it would leave off under QEMU's TCG; what each says that is on is printed below the table.
--check fails when a figure is over its aim (0.6 of Xen's each, geometric mean 0.4).
"""

import argparse
import math
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from vm import Gone, Machine, Timeout  # noqa: E402

BASE = "console=com1 com1=115200,8n1 guest_loglvl=warning dom0_max_vcpus=2 "
OPTIONS = BASE + "loglvl=warning spec-ctrl=no xpti=no"
# What each is told for --guarded, and the lines that say what is on.
GUARDED = {"Dais": "loglvl=info spec-ctrl=yes", "Xen": "loglvl=info"}
GUARDS = r"against speculation: .*|Xen settings: .*|Support for PV VMs: .*|XPTI .*"
EACH, MEAN = 0.6, 0.4


# The guest is run for itself, and beside a second domain on one CPU and on two.  Debian's Xen does
# not bring up a second CPU under -icount.
RUNS = ((1, ""), (1, " other=1"), (2, " other=2"))
PEER_RUNS = RUNS[:2]


def figures(name, hypervisor, args, runs):
    """Name and instructions of each benchmark, in order; what is on against speculation."""
    log = os.path.join(os.path.abspath(args.cache), "bench", "pv-%s.log" % name.lower())
    options = BASE + GUARDED[name] if args.guarded else OPTIONS
    every, guards = {}, []
    for cpus, arguments in runs:
        got, guards = one_run(hypervisor, options, args.guest + arguments, log, args.cpu, cpus)
        every.update(got)
    return every, guards


def one_run(hypervisor, options, guest, log, cpu, cpus):
    args = ["-accel", "tcg", "-icount", "shift=0", "-machine", "pc", "-cpu", cpu,
            "-smp", str(cpus), "-m", "512", "-vga", "none", "-nic", "none", "-no-reboot",
            "-kernel", hypervisor, "-append", options, "-initrd", guest]
    with Machine(args, log) as vm:
        try:
            vm.expect(r"pvrt: end (\d+)\n", 300)
        except (Timeout, Gone) as error:
            print("%s: %s\n%s" % (hypervisor, error, vm.tail()), file=sys.stderr)
        return ({m.group(1): int(m.group(2))
                 for m in re.finditer(r"bench ([^:\n]+): (\d+)\n", vm.text)},
                [m.group(0).strip() for m in re.finditer(GUARDS, vm.text)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--cpu", default="Nehalem")
    parser.add_argument("--guarded", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    subprocess.run([os.path.join(HERE, "..", "system", "mkquick.sh"), args.cache], check=True)
    os.makedirs(os.path.join(os.path.abspath(args.cache), "bench"), exist_ok=True)
    ours, our_guards = figures("Dais", args.hypervisor, args, RUNS)
    peer, peer_guards = figures("Xen", os.path.join(args.cache, "quick", "xen"), args, PEER_RUNS)
    print("| operation | Xen 4.17 | Dais | ratio |\n| --- | --- | --- | --- |")
    ratios = []
    for name in peer:
        if name not in ours:
            print("| %s | %d | missing | |" % (name, peer[name]))
            ratios.append(99)
            continue
        ratios.append(ours[name] / peer[name])
        print("| %s | %d | %d | %.2f%s |" % (name, peer[name], ours[name], ratios[-1],
                                             "" if ratios[-1] <= EACH else " (over)"))
    for name in ours:
        if name not in peer:
            print("| %s | - | %d | |" % (name, ours[name]))
    mean = math.exp(sum(math.log(r) for r in ratios) / len(ratios)) if ratios else 99
    over = sum(r > EACH for r in ratios)
    print("| geometric mean | | | %.2f |" % mean)
    print("\n%d of %d over %.1f" % (over, len(ratios), EACH))
    if args.guarded:
        print("\nOn, as each says of %s:" % args.cpu)
        for line in our_guards + peer_guards:
            print("- " + line)
    return args.check and (over > 0 or mean > MEAN)


if __name__ == "__main__":
    sys.exit(main())
