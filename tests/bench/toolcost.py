# SPDX-License-Identifier: MIT
"""What the tools cost dom0: dais and our xenstored on Dais beside Debian's xl and xenstored on Xen.

  toolcost.py --cache DIR --hypervisor PATH --build DIR [--domains N,...] [--only ours|stock]

Boots the dom0 of tests/system/tools.py under -icount shift=0, so that a tick of the time stamp
counter is an instruction of the whole machine, and prints a Markdown table.  The guest is the
smallest of tests/guests, with 8 MiB, left paused; "beside N" means with N like it there already.
"""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import tools  # noqa: E402
from vm import Gone, Machine, Timeout  # noqa: E402

CONFIG = r'name=\"%s\"\nkernel=\"/opt/dais/hello\"\nmemory=8\non_poweroff=\"preserve\"\n'


class Cost(tools.Ours):
    """One boot; figures maps what was done to instructions."""

    def __init__(self, args, ours):
        args.tools, args.store = ("dais", "ours") if ours else ("xl", "stock")
        args.checks, args.options, args.cpu, args.smp = "", "", "Nehalem", 1
        args.wild = os.path.join(args.build, "tests/guests/wild/wild")
        super().__init__(args)
        if not ours:
            self.hypervisor = self.file("quick/xen")
        self.tool = "dais" if ours else "/usr/sbin/xl"
        self.ours = ours
        self.figures = {}

    def more_files(self, work):
        hello = os.path.join(self.args.build, "tests/guests/hello/hello")
        subprocess.run(["cp", hello, work], check=True)
        subprocess.run(["cc", "-O2", "-static", "-o", os.path.join(work, "cost"),
                        os.path.join(HERE, "cost.c")], check=True)

    def arguments(self):
        args = super().arguments()
        args[args.index("-m") + 1] = "3072"
        return args + ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]

    def cost(self, what, command):
        said = self.must("/opt/dais/cost " + command, 900)
        found = re.search(r"cost (\d+) status (\d+)", said)
        if not found or found.group(2) != "0":
            raise Timeout("%s: %s" % (command, said.strip()[-300:]))
        self.figures[what] = int(found.group(1))

    def measure(self, label):
        tool = self.tool
        self.cost("list, " + label, tool + " list")
        self.cost("create, " + label, "%s create -p -e /guests/mini.cfg" % tool)
        self.cost("destroy, " + label, tool + " destroy mini")

    def go(self):
        log = os.path.join(self.file("bench"), "tools-%s.log" % ("ours" if self.ours else "stock"))
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with Machine(self.arguments(), log) as self.vm:
            self.vm.expect("dom0: ready after", 1800)
            self.vm.run("stty -echo -onlcr; PS1=", 120)
            self.check_install()
            self.must("printf '%s' > /guests/mini.cfg" % (CONFIG % "mini"))
            # What the first create of all makes grow is not its own cost.
            self.must("%s create -p -e /guests/mini.cfg; %s destroy mini" % (self.tool, self.tool),
                      900)
            self.measure("alone")
            there = 0
            for count in self.args.domains:
                self.must("for i in $(seq %d %d); do sed s/mini/n$i/ /guests/mini.cfg > "
                          "/guests/n.cfg; %s create -p -e /guests/n.cfg > /dev/null || break; done"
                          % (there + 1, count, self.tool), 3600)
                there = count
                self.measure("beside %d" % count)
        return self.figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--domains", default="50,100")
    parser.add_argument("--only", choices=("ours", "stock"))
    args = parser.parse_args()
    args.domains = [int(n) for n in args.domains.split(",")]
    subprocess.run([os.path.join(HERE, "..", "system", "mkguest.sh"), args.cache], check=True)
    figures = {}
    for side in ("stock", "ours"):
        if args.only in (None, side):
            try:
                run = Cost(args, side == "ours")
                figures[side] = run.go()
            except (Timeout, Gone) as error:
                print("%s: %s\n%s" % (side, error, run.vm.tail()), file=sys.stderr)
                figures[side] = run.figures
    print("| millions of instructions | xl on Xen 4.17 | dais on Dais | ratio |\n"
          "| --- | --- | --- | --- |")
    stock, ours = figures.get("stock", {}), figures.get("ours", {})
    for what in stock if stock else ours:
        a, b = stock.get(what), ours.get(what)
        print("| %s | %s | %s | %s |" % (what, "%.1f" % (a / 1e6) if a else "-",
                                         "%.1f" % (b / 1e6) if b else "-",
                                         "%.2f" % (b / a) if a and b else "-"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
