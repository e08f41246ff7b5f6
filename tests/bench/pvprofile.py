# SPDX-License-Identifier: MIT
"""Where one of the benchmarks of tests/bench/pv spends its instructions in Dais.

  pvprofile.py --hypervisor PATH --symbols PATH --guest PATH --lines N START-OF-NAME

Has QEMU log every instruction of eight rounds and prints how many each function executed per
round, and its inlined lines when --lines is given (the N most expensive ones).
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

from pvcost import OPTIONS  # noqa: E402
from vm import Machine  # noqa: E402

TEXT = "0xffff82d000000000..0xffff82d07fffffff"  # image and per-CPU areas


def trace(args, log):
    argv = ["-accel", "tcg", "-icount", "shift=0", "-singlestep", "-machine", "pc",
            "-cpu", "Nehalem", "-m", "512", "-dfilter", TEXT,
            "-vga", "none", "-nic", "none", "-no-reboot", "-D", log, "-kernel", args.hypervisor,
            "-append", OPTIONS, "-initrd", "%s profile=%s" % (args.guest, args.name.replace(",", ",,"))]
    with Machine(argv, log + ".console") as vm:
        per = int(vm.expect(r"profile ready, (\d+)\n", 120).group(1))
        vm.monitor("log exec,nochain")
        vm.expect(r"profile done\n", 600)
        vm.monitor("log none")
        time.sleep(0.2)
    return per


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("hypervisor", "symbols", "guest"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("name")
    args = parser.parse_args()
    symbols = []
    for line in subprocess.run(["nm", "-n", args.symbols], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        m = re.match(r"([0-9a-f]{16}) [tT] (\S+)", line)
        if m:
            symbols.append((int(m.group(1), 16), m.group(2)))
    starts = [s[0] for s in symbols]
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(work, "log")
        per = trace(args, log)
        hits = collections.Counter()
        marker = next(a for a, name in symbols if name == "unknown_hypercall")
        counting = False
        with open(log, encoding="ascii", errors="replace") as f:
            for line in f:
                m = re.match(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", line)
                pc = int(m.group(1), 16) if m else 0
                if pc == marker:
                    counting = not counting
                elif counting:
                    hits[pc] += 1
    functions = collections.Counter()
    lines = collections.Counter()
    hits.pop(0, None)
    for pc, n in hits.items():
        at = bisect.bisect_right(starts, pc) - 1
        inside = at >= 0 and pc < starts[-1] + 65536
        functions[symbols[at][1] if inside else "(guest)"] += n
        if inside:
            lines[pc] += n
    rounds = 8 * per
    for name, n in functions.most_common(30):
        print("%8.1f  %s" % (n / rounds, name))
    print("%8.1f  in all" % (sum(functions.values()) / rounds))
    if args.lines:
        top = lines.most_common(args.lines)
        where = subprocess.run(["addr2line", "-e", args.symbols] + ["%x" % pc for pc, _ in top],
                               capture_output=True, text=True, check=True).stdout.split("\n")
        for (pc, n), text in zip(top, where):
            print("%8.1f  %x %s" % (n / rounds, pc, "/".join(text.split("/")[-2:])))


if __name__ == "__main__":
    main()
