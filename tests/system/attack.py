# SPDX-License-Identifier: MIT
"""Boots tests/guests/attack, a kernel that means ill, best on the debug build.

  attack.py --cache DIR --hypervisor PATH --guest PATH [--seeds FIRST-LAST] [--steps N]
            [--rounds N] [--only alone|keeper]

Once per seed alone, as dom0.  What it does to itself is its own affair: it may crash or end early.
The hypervisor must neither panic nor stop answering; and the seeds together must get some way, or
nothing was tried (how far each does is a matter of how the vCPUs take turns).

Then as two domUs beside a dom0 that keeps them (keeper.c), each round with the next seed: dom0 must
stay punctual, the audit find nothing wrong, and all memory come back, to the frame, once they are
destroyed.  A seed is repeated by --seeds N-N --rounds 1.
"""

import argparse
import glob
import os
import re
import sys

from vm import Gone, Machine, Report, Timeout

OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=warning "


def machine(args, guest, dom0, log):
    argv = ["-accel", "tcg", "-machine", "pc", "-cpu", "Nehalem", "-smp", "2", "-m", "256",
            "-vga", "none", "-nic", "none", "-no-reboot", "-kernel", args.hypervisor,
            "-append", OPTIONS + dom0 + " " + args.options, "-initrd", guest]
    return Machine(argv, log)


def ended(vm):
    """How the guest ended.  One that faults over and over in what it has left of a handler never
    does; then the hypervisor must still answer its keys (A: it walks all of its memory)."""
    try:
        how = vm.expect(r"attack: (done)|pvrt: (panic)|domain 0 ([a-z ]+): the machine|(panic on CPU)", 90)
    except Timeout:
        vm.type(b"\x01\x01\x01")
        vm.expect(r"console: input to debug keys", 400)
        vm.type(b"A")
        vm.expect(r"audit: (\d+ frames|no memory to count in).*\n", 400)
        return "goes round in its own faults"
    word = [w for w in how.groups() if w][0]
    if word != "halted":  # then QEMU stays
        vm.wait_end(400)
    return word


def alone(args, logs, report):
    first, last = (int(n) for n in args.seeds.split("-"))
    steps = 0
    for seed in range(first, last + 1):
        name = "seed %d" % seed
        guest = "%s seed=%d steps=%d" % (args.guest, seed, args.steps)
        with machine(args, guest, "dom0_max_vcpus=6",
                     os.path.join(logs, "attack-%d.log" % seed)) as vm:
            try:
                vm.expect(r"attack: iret right\n", 400)
                word = ended(vm)
                broken = re.search(r"panic on CPU.*\n(.*)", vm.text)
                report.result(name, not broken, broken.group(1) if broken else word)
            except (Timeout, Gone) as error:
                report.result(name, False, str(error))
                print(vm.tail(12))
            steps += max((int(n) for n in re.findall(r"attack: step (\d+)", vm.text)), default=0)
    wanted = min(args.steps, 50) * (last - first + 1)
    report.result("steps of vCPU 0", steps >= wanted, "%d, %d wanted" % (steps, wanted))


def denied(pid):
    """Of the time that the process wanted processors, what part the host kept it waiting."""
    ran = waited = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path, encoding="ascii") as f:
            times = f.read().split()
        ran, waited = ran + int(times[0]), waited + int(times[1])
    return waited / max(1, ran + waited)


def kept(args, logs, report):
    seed = int(args.seeds.split("-")[0])
    guest = "%s keeper=%d seed=%d steps=%d patience=%d,%s" % (
        args.guest, args.rounds, seed, args.steps, 1000 * args.patience, args.guest)
    with machine(args, guest, "dom0_max_vcpus=1 dom0_mem=128M",
                 os.path.join(logs, "attack-keeper.log")) as vm:
        try:
            for n in range(1, args.rounds + 1):
                vm.expect(r"keeper: round %d, .*\n" % n, 400 + 2 * (args.patience + 240))
                busy = denied(vm.process.pid)
            vm.expect(r"keeper: \d+ calls; .*\n", 400)
            vm.wait_end(400)
        except (Timeout, Gone) as error:
            report.result("two domUs attack", False, str(error))
            print(vm.tail(20))
            return
    faults = re.findall(r"audit: \d+ frames.* (\d+) faults", vm.text)
    for n, found in re.findall(r"keeper: round [1-9]\d*, seed (\d+): (.*)", vm.text):
        report.result("two domUs, seed %s" % n, found.endswith(", all back"), found)
    calls, ticks, mean, late = (int(n) for n in re.search(
        r"keeper: (\d+) calls; dom0's timer (\d+) times, late by (\d+) us .* (\d+) times by",
        vm.text).groups())
    report.result("the audit is clean", len(faults) > args.rounds and set(faults) == {"0"},
                  " ".join(faults))
    # What a starved dom0 would show is far from these; what the host withholds is not dom0's affair.
    report.result("dom0 keeps its pace", late < ticks * (0.25 + busy) and mean < 50000 * (1 + 4 * busy),
                  "%d us late on average, %d of %d ticks by more than 10 ms; the host withheld %d %%"
                  % (mean, late, ticks, 100 * busy))
    report.result("calls made", calls > args.steps, "%d" % calls)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--seeds", default="1-6")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--patience", type=int, default=20, help="seconds that a round may take")
    parser.add_argument("--only", choices=("alone", "keeper"))
    parser.add_argument("--options", default="", help="more for the hypervisor")
    args = parser.parse_args()
    logs = os.path.join(os.path.abspath(args.cache), "logs")
    os.makedirs(logs, exist_ok=True)
    report = Report("attack")
    if args.only != "keeper":
        alone(args, logs, report)
    if args.only != "alone":
        kept(args, logs, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
