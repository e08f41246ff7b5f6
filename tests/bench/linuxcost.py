# SPDX-License-Identifier: MIT
"""What Linux's own operations cost above Dais and above Debian's Xen 4.17, beside the bare machine.

  linuxcost.py --cache DIR --hypervisor PATH [--only PLACE,...] [--check]

The same stock kernel runs the same program (linux.c) in five places: on QEMU without a hypervisor,
as dom0 on both, as a domU on both.  All under -icount shift=0, where a tick of the time stamp
counter is an instruction, and without mitigations against speculation.  The table's last columns
are Dais's distance to the bare machine over Xen's.  --check fails when one is over 0.6 or
clock_gettime is not the bare machine's.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import guest  # noqa: E402
import kernels  # noqa: E402
from vm import Gone, Machine, Timeout  # noqa: E402

PLACES = ("bare", "dom0 on Xen", "dom0 on Dais", "domU on Xen", "domU on Dais")
OPTIONS = "console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning spec-ctrl=no xpti=no"
LINUX = "quiet loglevel=0 mitigations=off"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm"]
AIM = 0.6


def ramdisk(folder):
    """An initramfs of nothing but the program."""
    root = os.path.join(folder, "root")
    os.makedirs(os.path.join(root, "dev"))
    subprocess.run(["cc", "-O2", "-static", "-o", os.path.join(root, "init"),
                    os.path.join(HERE, "linux.c")], check=True)
    path = os.path.join(folder, "linux.img")
    subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet > " + path, cwd=root, shell=True,
                   check=True)
    return path


def figures(text):
    return {m.group(1): int(m.group(2)) for m in re.finditer(r"linux ([^:\n]+): (\d+)", text)}


def booted(args, log):
    """The program as the only process of a machine."""
    with Machine(["-accel", "tcg", "-machine", "pc", "-cpu", "Nehalem", "-smp", "1", "-m", "512",
                  "-vga", "none", "-nic", "none", "-no-reboot"] + ICOUNT + args, log) as vm:
        vm.expect("linux end", 900)
        return figures(vm.text)


class Guest(guest.Run):
    """The program in a guest that Debian's tools made; dom0 waits."""

    NAME = "linuxcost"

    def __init__(self, args, hypervisor, image, kernel):
        args.options, args.cpu, args.smp, args.hypervisor = "spec-ctrl=no xpti=no", "Nehalem", 1, \
            hypervisor
        super().__init__(args)
        self.image, self.kernel = image, kernel

    def arguments(self):
        return super().arguments() + ICOUNT

    def guests(self):
        path = os.path.join(self.scratch.name, "tests.tar")
        subprocess.run(["tar", "-cf", path, "-b", "64", "-C", os.path.dirname(self.image),
                        os.path.basename(self.image), "-C", os.path.dirname(self.kernel),
                        os.path.basename(self.kernel)], check=True)
        return path

    def measured(self, log):
        with Machine(self.arguments(), log) as self.vm:
            self.vm.expect("dom0: ready after", 1800)
            self.vm.run("stty -echo -onlcr; PS1=", 240)
            self.must("tar xf /dev/vdc -C /guests", 600)
            self.config("linux", memory=256, extra=LINUX, more='kernel="/guests/%s"\n'
                        'ramdisk="/guests/%s"' % (os.path.basename(self.kernel),
                                                  os.path.basename(self.image)))
            self.create("linux", 1800)
            self.gone("linux", 1800)
            return figures(self.must("cat /var/log/xen/console/guest-linux.log"))


def measure(place, args, folder):
    work = os.path.join(os.path.abspath(args.cache), "bench")
    log = os.path.join(work, "linux-%s.log" % place.replace(" ", "-").lower())
    vmlinuz = os.path.join(os.path.abspath(args.cache), "quick", "vmlinuz")
    stock = place.endswith("Xen")
    hypervisor = os.path.join(args.cache, "quick", "xen") if stock else args.path
    if place == "bare":
        return booted(["-kernel", vmlinuz, "-append", "console=ttyS0 panic=-1 " + LINUX,
                       "-initrd", args.image], log)
    if place.startswith("dom0"):
        return booted(["-kernel", hypervisor, "-append", OPTIONS + " dom0_mem=320M", "-initrd",
                       "%s console=hvc0 %s,%s" % (vmlinuz, LINUX, args.image)], log)
    kernel = os.path.join(folder, "vmlinux")
    if not os.path.exists(kernel):
        with open(vmlinuz, "rb") as f:
            kernels.write(kernel, kernels.vmlinux(f.read()))
    return Guest(args, "stock" if stock else args.path, args.image, kernel).measured(log)


def share(bare, xen, dais):
    """Dais's distance to the bare machine over Xen's."""
    return (dais - bare) / (xen - bare) if xen > bare else 0.0 if dais <= bare else 99.0


def table(got):
    """Prints it; the rows that are over their aim."""
    bare, over = got["bare"], []
    print("| operation | bare | dom0: Xen | Dais | distance | domU: Xen | Dais | distance |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in bare:
        cells = []
        for kind in ("dom0", "domU"):
            xen, dais = (got.get("%s on %s" % (kind, h), {}).get(name) for h in ("Xen", "Dais"))
            if xen is None or dais is None:
                cells += ["-", "-", "-"]
                over.append("%s, %s: not measured" % (name, kind))
                continue
            ratio = share(bare[name], xen, dais)
            equal = name != "clock_gettime" or dais <= bare[name] * 1.05
            good = ratio <= AIM and equal
            if not good:
                over.append("%s, %s: %.2f" % (name, kind, ratio))
            cells += ["%d (%.1f)" % (xen, xen / bare[name]), "%d (%.1f)" % (dais, dais / bare[name]),
                      "%.2f%s" % (ratio, "" if good else " (over)")]
        print("| %s | %d | %s |" % (name, bare[name], " | ".join(cells)))
    return over


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--only", default=",".join(PLACES))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    args.path = os.path.abspath(args.hypervisor)
    places = args.only.split(",")
    script = "mkguest.sh" if any(p.startswith("domU") for p in places) else "mkquick.sh"
    subprocess.run([os.path.join(HERE, "..", "system", script), args.cache], check=True)
    os.makedirs(os.path.join(args.cache, "bench"), exist_ok=True)
    got = {}
    with tempfile.TemporaryDirectory(prefix="run-", dir=args.cache) as folder:
        folder = os.path.abspath(folder)
        args.image = ramdisk(folder)
        for place in places:
            try:
                got[place] = measure(place, args, folder)
            except (Timeout, Gone) as error:
                print("%s: %s" % (place, error), file=sys.stderr)
            print("%s: %s" % (place, got.get(place)), file=sys.stderr, flush=True)
    over = table(got) if "bare" in got else ["the bare machine: not measured"]
    print("\n%d over the aim%s" % (len(over), "".join("\n- " + o for o in over)))
    return int(args.check and bool(over))


if __name__ == "__main__":
    sys.exit(main())
