# SPDX-License-Identifier: MIT
"""What the tools cost dom0: dais and all of ours on Dais beside Debian's xl and its own on Xen.

  toolcost.py --cache DIR --hypervisor PATH --build DIR [--domains N,...] [--only ours|stock]
              [--parts NAME,...]

Boots the dom0 of tests/system/tools.py under -icount shift=0, so that a tick of the time stamp
counter is an instruction of the whole machine, and prints a Markdown table.  The guest is the
smallest of tests/guests, with 8 MiB; "beside N" means with N like it there already.  The part
"pair" is a boot of its own with two processors, by the clock on the wall, with alone.c beside the
tools, there and on the machine without a hypervisor: what two at once take of what shares nothing.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import tools  # noqa: E402
from vm import Gone, Machine, Timeout  # noqa: E402

MINI = r'name=\"%s\"\nkernel=\"/opt/dais/hello\"\nmemory=8\non_poweroff=\"preserve\"\n'
DEBIAN = (r'name=\"stock\"\nkernel=\"/guests/vmlinuz\"\nramdisk=\"/guests/ramdisk\"\nmemory=96\n'
          r'extra=\"console=hvc0\"\n')
PARTS = ["mini", "debian", "library", "store", "many", "pair"]
MIB = 1 << 20


class Cost(tools.Ours):
    """One boot; figures maps what was measured to numbers."""

    def __init__(self, args, ours, smp=1):
        args.tools, args.store = ("dais", "ours") if ours else ("xl", "stock")
        args.checks, args.options, args.cpu, args.smp = "", "", "Nehalem", smp
        args.wild = os.path.join(args.build, "tests/guests/wild/wild")
        super().__init__(args)
        if not ours:
            self.hypervisor = self.file("quick/xen")
        # Both as they are installed: xl behind Debian's wrapper, dais without one.
        self.tool = "/opt/dais/dais" if ours else "/usr/sbin/xl"
        self.ours = ours
        self.figures = {}
        self.units = {}
        self.wrong = False

    def more_files(self, work):
        build = os.path.join(self.args.build, "dom0-tools")
        self.copy(work, [os.path.join(build, "dais-consoled"), os.path.join(build, "daisd/daisd"),
                         os.path.join(build, "dais-unpack")])
        subprocess.run(["cp", os.path.join(self.args.build, "tests/guests/hello/hello"), work],
                       check=True)
        lib = os.path.join(HERE, "..", "..", "dom0-tools", "lib")
        for name, more in (("cost", ["-static"]), ("atonce", ["-static"]),
                           ("alone", ["-static"]), ("unpause.so", ["-shared", "-fPIC"]),
                           ("inprogram", ["-I" + lib, os.path.join(build, "libdais.so.0"),
                                          "-Wl,-rpath-link," + build])):
            source = os.path.join(HERE, name.replace(".so", "") + ".c")
            subprocess.run(["cc", "-O2", "-o", os.path.join(work, name), source] + more, check=True)

    def arguments(self):
        args = super().arguments()
        args[args.index("-m") + 1] = "3584"
        if self.args.smp == 1:
            args += ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]
        return args

    def note(self, what, value, unit="M"):
        self.figures[what] = value
        self.units[what] = unit

    def cost(self, what, command):
        """Instructions until the command returns; (they, the counter then, what it said)."""
        said = self.must("/opt/dais/cost " + command, 900)
        found = re.search(r"cost (\d+) from \d+ to (\d+) status (\d+)", said)
        if not found or found.group(3) != "0":
            raise Timeout("%s: %s" % (command, said.strip()[-300:]))
        self.note(what, int(found.group(1)))
        return int(found.group(1)), int(found.group(2)), said

    def create(self, config):
        return "%s create -q -e %s" % (self.tool, config)

    def started(self, what, config):
        """A create without -p: until it returns, and until the guest may run."""
        cost, end, said = self.cost(what + ", to return",
                                    "env LD_PRELOAD=/opt/dais/unpause.so " + self.create(config))
        found = re.search(r"unpaused (\d+)", said)
        # From the start of the guest on nothing is waited for.
        self.note(what + ", to the guest's start", cost - (end - int(found.group(1))))

    def measure(self, label):
        tool = self.tool
        # What memory() dropped is read again.
        self.must("%s list > /dev/null; %s create -p -q -e /guests/mini.cfg; %s destroy mini"
                  % (tool, tool, tool), 400)
        self.cost("list, " + label, tool + " list")
        self.cost("create, " + label, "%s create -p -q -e /guests/mini.cfg" % tool)
        self.cost("destroy, " + label, tool + " destroy mini")

    # --- parts

    def part_mini(self):
        self.measure("alone")
        self.started("create, minimal ELF", "/guests/mini.cfg")
        self.must(self.tool + " destroy mini")

    def part_debian(self):
        self.must("printf \"%s\" > /guests/stock.cfg" % DEBIAN)
        # Its inode must have rested a while before the cache of kernels goes by it.
        self.must("sleep 3")
        for turn in ("first time", "again"):
            self.started("create, stock Debian, " + turn, "/guests/stock.cfg")
            self.must(self.tool + " destroy stock", 400)

        self.part_ahead()

    def part_ahead(self):
        """The first create of a kernel that dais-unpack has kept, and what that took."""
        what = "create, stock Debian, first time, unpacked ahead"
        if not self.ours:
            for end in (", to return", ", to the guest's start"):
                self.note(what + end, self.figures["create, stock Debian, first time" + end])
            return
        self.must("/opt/dais/dais-unpack --forget /guests/vmlinuz")
        self.cost("unpacking ahead", "/opt/dais/dais-unpack /guests/vmlinuz")
        self.started(what, "/guests/stock.cfg")
        self.must(self.tool + " destroy stock", 400)

    def part_library(self):
        if self.ours:
            said = self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/inprogram /guests/mini.cfg 12",
                             900)
            self.note("create in a program (libdais)", int(re.search(r"least (\d+)", said).group(1)))
        else:
            self.note("create in a program (libdais)", self.figures.get("create, alone"))

    def part_store(self):
        if self.ours:
            said = self.json(self.tool + " create -p -q -e --timeline /guests/mini.cfg", 300)
            for step in said["timeline"]:
                print("# %-14s at %9d, %3d hypercalls, %3d requests"
                      % (step["step"], step["at_ns"], step["hypercalls"], step["store_requests"]),
                      file=sys.stderr)
            requests = max(step["store_requests"] for step in said["timeline"])
        else:
            self.must("xenstore-control logfile /run/store.log && xenstore-control log on")
            self.must("/usr/sbin/xl create -p -q -e /guests/mini.cfg", 300)
            self.must("xenstore-control log off")
            requests = int(self.must("grep -c '^IN ' /run/store.log"))
        self.note("requests to the store per create", requests, "")
        self.must(self.tool + " destroy mini")

    def memory(self):
        """Free in the hypervisor, free in dom0, KiB."""
        self.must("sync; echo 3 > /proc/sys/vm/drop_caches; sleep 2", 120)
        free = self.free_memory()
        dom0 = int(self.must("grep MemFree: /proc/meminfo").split()[1])
        return free, dom0

    def daisd(self, there):
        """It is there while memory is measured, and not while commands are."""
        if self.ours:
            self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/daisd --pid-file=/run/daisd.pid "
                      "--no-auto; sleep 1" if there else "kill $(cat /run/daisd.pid); sleep 2")

    def part_many(self):
        self.daisd(True)
        there, begin = 0, self.memory()
        self.daisd(False)
        for count in self.args.domains:
            self.daisd(True)
            self.must("for i in $(seq %d %d); do sed s/mini/n$i/ /guests/mini.cfg > "
                      "/guests/n.cfg; %s create -p -q /guests/n.cfg > /dev/null || break; done"
                      % (there + 1, count, self.tool), 1500)
            there = count
            if len(self.must("%s list" % self.tool, 400).splitlines()) < count + 2:
                raise Timeout("fewer than %d domains" % count)
            end = self.memory()
            self.note("KiB per domain in the hypervisor, of %d" % count,
                      (begin[0] - end[0]) / count - 8192, "KiB")
            self.note("KiB per domain in dom0, of %d" % count, (begin[1] - end[1]) / count, "KiB")
            self.daisd(False)
            self.measure("beside %d" % count)

    def boot(self):
        """dom0 with what is measured, ready."""
        self.vm.shell_only = True
        self.vm.expect("dom0: ready after", 1800)
        self.vm.run("stty -echo -onlcr; PS1=", 120)
        self.check_install()
        if self.ours:
            # The libraries of its parts are found as where they are installed.
            self.must("echo /opt/dais > /etc/ld.so.conf.d/dais.conf; ldconfig", 120)
            self.must("kill $(cat /run/xenconsoled.pid); LD_LIBRARY_PATH=/opt/dais "
                      "/opt/dais/dais-consoled --pid-file=/run/consoled.pid")
        self.must("printf \"%s\" > /guests/mini.cfg" % (MINI % "mini"))
        # What the first create of all makes grow is not its own cost.
        self.must("%s create -p -q -e /guests/mini.cfg; %s destroy mini"
                  % (self.tool, self.tool), 900)

    def log(self, kind):
        path = os.path.join(self.file("bench"), "%s-%s.log"
                            % (kind, "ours" if self.ours else "stock"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def go(self):
        with Machine(self.arguments(), self.log("tools")) as self.vm:
            self.boot()
            for part in self.args.parts:
                if part == "pair":
                    continue
                # A part that failed may have left its guest.
                self.vm.run("%s destroy mini; %s destroy stock" % (self.tool, self.tool), 300)
                try:
                    getattr(self, "part_" + part)()
                except Timeout as error:
                    # The other parts can be measured all the same.
                    self.wrong = True
                    print("%s: %s" % (part, error), file=sys.stderr)

    def pair(self, rounds=40):
        """One create, and two at once, turn by turn on two processors, in milliseconds: the least
        and the middle of many rounds, since other work of the machine only adds."""
        took, worked = {1: [], 2: []}, {1: [], 2: []}
        with Machine(self.arguments(), self.log("pair")) as self.vm:
            self.boot()
            self.must("for i in 1 2; do sed s/mini/p$i/ /guests/mini.cfg > /guests/p$i.cfg; done")
            for turn in range(2 * rounds):
                count = 1 + turn % 2
                said = self.must("/opt/dais/atonce %d %s create -p -q -e /guests/p@.cfg"
                                 % (count, self.tool), 300)
                for kept, word in ((took, "took"), (worked, "worked")):
                    kept[count].append(int(re.search(word + r" (\d+)", said).group(1)) / 1e6)
                self.must("/opt/dais/atonce %d %s destroy p@" % (count, self.tool), 120)
            alone = self.must("/opt/dais/alone %d" % rounds, 900)
        for count, what in ((1, "one create"), (2, "two at once")):
            self.note(what + ", 2 processors, on the wall", min(took[count]), "ms")
            self.note(what + ", the middle", statistics.median(took[count]), "ms")
            self.note(what + ", by all processors together", min(worked[count]), "ms")
            self.note(what + ", of these, the middle", statistics.median(worked[count]), "ms")
        for line in beside(alone):
            self.note(*line)


def beside(said):
    """What alone.c printed, as arguments of note()."""
    for what, *ms in re.findall(r"alone (\w+): one (\S+) (\S+) two (\S+) (\S+)", said):
        for value, which in zip(ms, ("one", "one, the middle", "two", "two, the middle")):
            yield "alone.c, %s: %s" % (what, which), float(value), "ms"


def bare_pair(args):
    """alone.c as the only process of two processors without a hypervisor."""
    with tempfile.TemporaryDirectory() as work:
        root = os.path.join(work, "root")
        os.makedirs(os.path.join(root, "dev"))
        subprocess.run(["cc", "-O2", "-static", "-o", os.path.join(root, "init"),
                        os.path.join(HERE, "alone.c")], check=True)
        image = os.path.join(work, "image")
        subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet > " + image, cwd=root, shell=True,
                       check=True)
        vmlinuz = os.path.join(args.cache, "quick/vmlinuz")
        with Machine(["-accel", "tcg", "-machine", "pc", "-cpu", "Nehalem", "-smp", "2", "-m", "512",
                      "-vga", "none", "-nic", "none", "-no-reboot", "-kernel", vmlinuz, "-initrd",
                      image, "-append", "console=ttyS0 panic=-1 quiet loglevel=0"],
                     os.path.join(work, "log")) as vm:
            vm.expect("alone end 0", 900)
            return {what: value for what, value, _ in beside(vm.text)}


def text(value, unit):
    if value is None:
        return "-"
    return {"M": "%.2f M" % (value / 1e6), "": "%d" % value}.get(unit, "%.1f %s" % (value, unit))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--domains", default="1,50,200")
    parser.add_argument("--only", choices=("ours", "stock"))
    parser.add_argument("--parts", default=",".join(PARTS))
    args = parser.parse_args()
    args.domains = [int(n) for n in args.domains.split(",")]
    args.parts = args.parts.split(",")
    subprocess.run([os.path.join(HERE, "..", "system", "mkguest.sh"), args.cache], check=True)
    figures, units, status = {}, {}, 0
    for side in ("stock", "ours"):
        if args.only not in (None, side):
            continue
        figures[side] = {}
        for smp in [1, 2] if "pair" in args.parts else [1]:
            if smp == 1 and args.parts == ["pair"]:
                continue
            run = Cost(args, side == "ours", smp)
            try:
                run.go() if smp == 1 else run.pair()
            except (Timeout, Gone) as error:
                print("%s: %s\n%s" % (side, error, run.vm.tail()), file=sys.stderr)
                status = 1
            status = 1 if run.wrong else status
            figures[side].update(run.figures)
            units.update(run.units)
    if "pair" in args.parts:
        for what, value in bare_pair(args).items():
            print("# without a hypervisor, %s: %.1f ms" % (what, value))
    print("| what (M: millions of instructions) | xl on Xen 4.17 | dais on Dais | times cheaper |\n"
          "| --- | --- | --- | --- |")
    stock, ours = figures.get("stock", {}), figures.get("ours", {})
    for what, unit in units.items():
        a, b = stock.get(what), ours.get(what)
        print("| %s | %s | %s | %s |" % (what, text(a, unit), text(b, unit),
                                         "%.1f" % (a / b) if a and b and b > 0 else "-"))
    return status


if __name__ == "__main__":
    sys.exit(main())
