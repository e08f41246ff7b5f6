# SPDX-License-Identifier: MIT
"""Boots tests/guests/attack, a kernel that means ill, once per seed, best on the debug build.

  attack.py --cache DIR --hypervisor PATH --guest PATH [--seeds FIRST-LAST] [--steps N]

What the guest does to itself is its own affair: it may crash or end early.  The hypervisor must
neither panic nor stop answering, and of all seeds at least half must get to their end.
"""

import argparse
import os
import re
import sys

from vm import Gone, Machine, Report, Timeout

OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=warning dom0_max_vcpus=6 "


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--seeds", default="1-6")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--options", default="", help="more for the hypervisor")
    args = parser.parse_args()
    logs = os.path.join(os.path.abspath(args.cache), "logs")
    os.makedirs(logs, exist_ok=True)
    first, last = (int(n) for n in args.seeds.split("-"))
    report, done = Report("attack"), 0
    for seed in range(first, last + 1):
        argv = ["-accel", "tcg", "-machine", "pc", "-cpu", "Nehalem", "-smp", "2", "-m", "256",
                "-vga", "none", "-nic", "none", "-no-reboot", "-kernel", args.hypervisor,
                "-append", OPTIONS + args.options,
                "-initrd", "%s seed=%d steps=%d" % (args.guest, seed, args.steps)]
        name = "seed %d" % seed
        with Machine(argv, os.path.join(logs, "attack-%d.log" % seed)) as vm:
            try:
                vm.expect(r"attack: iret right\n", 60)
                how = vm.expect(r"attack: (done)|pvrt: (panic)|: (crashed): |(panic on CPU)", 240)
                vm.wait_end(90)
                word = [w for w in how.groups() if w][0]
                done += word == "done"
                broken = re.search(r"panic on CPU.*\n(.*)", vm.text)
                report.result(name, not broken, broken.group(1) if broken else word)
            except (Timeout, Gone) as error:
                report.result(name, False, str(error))
                print(vm.tail(12))
    report.result("seeds that ran to their end", 2 * done > last - first, "%d" % done)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
