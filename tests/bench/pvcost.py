# SPDX-License-Identifier: MIT
"""What the hypervisor's paths cost a guest, on Dais and on Debian's Xen 4.17 side by side.

  pvcost.py --cache DIR --hypervisor PATH --guest PATH [--cpu MODEL] [--check]

Boots the guest of tests/bench/pv as dom0 on both under -icount shift=0, so that one instruction
is one tick of the time stamp counter, and prints a Markdown table.  Both run without mitigations
against speculation.  --check fails when a figure is over its aim (0.6 of Xen's each, geometric
mean 0.4).
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

OPTIONS = "console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning dom0_max_vcpus=2 " \
    "spec-ctrl=no xpti=no"
EACH, MEAN = 0.6, 0.4


# The guest is run for itself, and beside a second domain on one CPU and on two.  Debian's Xen does
# not bring up a second CPU under -icount.
RUNS = ((1, ""), (1, " other=1"), (2, " other=2"))
PEER_RUNS = RUNS[:2]


def figures(hypervisor, guest, log, cpu, runs):
    """Name and instructions of each benchmark, in order."""
    every = {}
    for cpus, arguments in runs:
        every.update(one_run(hypervisor, guest + arguments, log, cpu, cpus))
    return every


def one_run(hypervisor, guest, log, cpu, cpus):
    args = ["-accel", "tcg", "-icount", "shift=0", "-machine", "pc", "-cpu", cpu,
            "-smp", str(cpus), "-m", "512", "-vga", "none", "-nic", "none", "-no-reboot",
            "-kernel", hypervisor, "-append", OPTIONS, "-initrd", guest]
    with Machine(args, log) as vm:
        try:
            vm.expect(r"pvrt: end (\d+)\n", 300)
        except (Timeout, Gone) as error:
            print("%s: %s\n%s" % (hypervisor, error, vm.tail()), file=sys.stderr)
        return {m.group(1): int(m.group(2))
                for m in re.finditer(r"bench ([^:\n]+): (\d+)\n", vm.text)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--cpu", default="Nehalem")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    subprocess.run([os.path.join(HERE, "..", "system", "mkquick.sh"), args.cache], check=True)
    work = os.path.join(os.path.abspath(args.cache), "bench")
    os.makedirs(work, exist_ok=True)
    ours = figures(args.hypervisor, args.guest, os.path.join(work, "pv-dais.log"), args.cpu,
                   RUNS)
    peer = figures(os.path.join(args.cache, "quick", "xen"), args.guest,
                   os.path.join(work, "pv-xen.log"), args.cpu, PEER_RUNS)
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
    return args.check and (over > 0 or mean > MEAN)


if __name__ == "__main__":
    sys.exit(main())
