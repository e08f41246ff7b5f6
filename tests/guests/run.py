# SPDX-License-Identifier: MIT
"""Boots the guests of tests/guests as dom0, on the hypervisor and on Debian's Xen 4.17.

  run.py --cache DIR --hypervisor PATH --guests DIR --names NAME... [--on dais,xen]
         [--in-turn NAME...] [--options HYPERVISOR-OPTIONS] [--large]

Every case that a guest prints becomes a line of the Test Anything Protocol, with the hypervisor's
name.  A case that fails on Xen is as much an error as one that fails on Dais: it is wrong.
"""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from inturn import in_turn  # noqa: E402
from vm import LARGE, Gone, Machine, Timeout, large_memory  # noqa: E402

OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all"
# What a guest needs of its machine: (processors, options of the hypervisor, arguments of QEMU).
NEEDS = {
    "secops": (2, "dom0_max_vcpus=4 guest_loglvl=none/all", []),
    "secmm": (2, "dom0_max_vcpus=4", []),
    "smp": (2, "dom0_max_vcpus=4", []),
    "seccpu": (1, "dom0_max_vcpus=34", []),
    "minute": (1, "", ["-icount", "shift=0,sleep=off"]),
    "chaos": (2, "dom0_max_vcpus=4", []),
    "pair": (1, "dom0_mem=256M", []),
    "deaths": (1, "dom0_mem=256M", []),
    "failing": (1, "dom0_mem=256M dom0_max_vcpus=2", []),
}
# Guests that make a second domain of their own image, which is then their module, too.
TWO = ("pair", "deaths", "failing")
# Guests whose processors QEMU runs by one thread, in turns, as it does where allocations fail: with a thread each they wait for one
# another for minutes where the host is busy.  --parallel gives each its thread.
TURNS = ("chaos",)


def machine(name, guest, hypervisor, log, args, words=""):
    """The virtual machine that has the guest for its dom0; words: more that the guest is told."""
    smp, options, qemu = NEEDS.get(name, (1, "dom0_max_vcpus=4", []))
    turns = words or name in TURNS and not args.parallel
    return Machine(["-accel", "tcg,thread=single" if turns else "tcg", *args.memory,
                    "-cpu", args.cpu, "-smp", str(smp), "-vga", "none", "-nic", "none", "-no-reboot", "-kernel", hypervisor,
                    "-append", " ".join((OPTIONS, options, args.options)), "-initrd",
                    "%s case=%s  two %s %s%s" % (guest, name, args.extra, words,
                                                 "," + guest if name in TWO else ""),
                    *qemu], log)


def boot(vm):
    """Has a guest run to its end: what it ended with; and why there is none."""
    try:
        end = int(vm.expect(r"pvrt: end (\d+)", 900).group(1))
        vm.wait_end(60)
        return end, None
    except (Timeout, Gone) as error:
        return 1, error


def run(name, guest, hypervisor, word, log, args):
    """Prints the guest's cases; the number that failed."""
    bad = 0
    with machine(name, guest, hypervisor, log, args) as vm:
        end, error = boot(vm)
        if error:
            print("not ok - %s: %s: %s" % (word, name, error))
            print(vm.tail(15))
            bad = 1
        if word == "dais":
            # What the guest left must be as its page tables and tables of grants say.
            audit = re.search(r"audit: \d+ frames.* (\d+) faults", vm.text)
            clean = audit and audit.group(1) == "0"
            print("%s - dais: %s: the audit is clean" % ("ok" if clean else "not ok", name))
            if not clean:
                bad += 1
                print("\n".join(line for line in vm.text.splitlines() if "audit:" in line))
        # A line of the hypervisor's own may come in between.
        for match in re.finditer(r"(not ok|ok) - (.*)", vm.text):
            print("%s - %s: %s: %s" % (match.group(1), word, name, match.group(2)))
            bad += match.group(1) == "not ok"
        if end and not bad:
            print("not ok - %s: %s: the guest ended with %d" % (word, name, end))
            print(vm.tail(15))
            bad = 1
    sys.stdout.flush()
    return bad


def run_in_turn(name, guest, log, args):
    """The same again and again, each time with another allocation that fails."""
    def said(words):
        with machine(name, guest, args.hypervisor, log, args, words) as vm:
            boot(vm)
        return vm.text

    bad = in_turn(name, said)
    sys.stdout.flush()
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--guests", required=True)
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--on", default="dais,xen")
    parser.add_argument("--cpu", default="Nehalem")
    parser.add_argument("--part", default="guests", help="whose logs: parts run side by side")
    parser.add_argument("--parallel", action="store_true", help="a thread for each processor")
    parser.add_argument("--extra", default="", help="more of the guest's command line")
    parser.add_argument("--in-turn", nargs="+", default=[],
                        help="suites of which each allocation fails in turn")
    parser.add_argument("--options", default="", help="more of the hypervisor's")
    parser.add_argument("--large", action="store_true", help="on a machine of %d GiB" % LARGE)
    args = parser.parse_args()
    args.memory = ["-machine", "pc", "-m", "512"]
    if args.large:
        args.memory, why = large_memory()
        if not args.memory:
            print("ok - %s # SKIP %s" % (" ".join(args.names), why))
            return 0
    subprocess.run([os.path.join(HERE, "..", "system", "mkquick.sh"), args.cache], check=True)
    work = os.path.join(args.guests, "logs", args.part)
    os.makedirs(work, exist_ok=True)
    bad = 0
    for word in args.on.split(","):
        hypervisor = {"dais": args.hypervisor,
                      "xen": os.path.join(args.cache, "quick", "xen")}[word]
        for name in args.names:
            bad += run(name, os.path.join(args.guests, name, "guest"), hypervisor, word,
                       os.path.join(work, "%s-%s.log" % (name, word)), args)
    for name in args.in_turn:
        bad += run_in_turn(name, os.path.join(args.guests, name, "guest"),
                           os.path.join(work, "%s-in-turn.log" % name), args)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
