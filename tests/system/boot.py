# SPDX-License-Identifier: MIT
"""Short boots: with what the hypervisor cannot use, with every form of kernel that it can, and on
machines of many kinds.

  boot.py --cache DIR --hypervisor PATH|stock [--only TEXT,...]   cases whose names contain TEXT

A bad case must end with one line on the console that says what is wrong (the case's pattern) and
then with a restart, never a hang, a triple fault or a silent stop; a few say that they halt, and do.
A good case must bring up the smallest dom0 (mkquick.sh) with every processor, and without a
complaint in the kernel's log.
"""

import argparse
import os
import subprocess
import sys

import kernels
from vm import Gone, Machine, Report, Timeout

HERE = os.path.dirname(os.path.abspath(__file__))
UP = r"(?s)quick: capabilities control_d\n.*quick: complaints 0\n.*quick: done"


# A machine with more processors than the host has cores is slow where a lock's holder waits for a
# core: with eight, stock Xen was seen to take 150 s beside other work on two cores.
LIMIT = 1200


class Case:
    """A boot: the modules, the options, the machine, and what the console must say."""

    def __init__(self, name, pattern, kernel=None, options="", memory=768, initrd=True,
                 cpu="Nehalem", smp=1, machine="pc", extra=(), qemu10=False,
                 halts=False):
        self.name, self.pattern, self.kernel, self.options = name, pattern, kernel, options
        self.memory, self.initrd, self.cpu, self.smp = memory, initrd, cpu, smp
        self.machine, self.extra, self.qemu10 = machine, list(extra), qemu10
        self.halts = halts
        self.good = pattern.endswith(UP[4:])


def cases(quick, work):
    """The list; images are made when first needed."""

    def image(name, make):
        path = os.path.join(work, name)

        def build():
            if not os.path.exists(path):
                with open(os.path.join(quick, "vmlinuz"), "rb") as f:
                    kernels.write(path, make(f.read()))
            return path
        return build

    def repacked(kind):
        return image("vmlinuz-" + kind, lambda k: kernels.repack(k, kind))

    def damaged(kind):
        return image("damaged-" + kind, lambda k: kernels.corrupt(kernels.repack(k, kind)))

    def cut(kind):
        return image("cut-" + kind,
                     lambda k: (lambda r: r[:len(r) * 6 // 10])(kernels.repack(k, kind)))

    def elf32(_):
        with open("/proc/self/exe", "rb") as f:
            elf = bytearray(f.read(4096))
        elf[4] = 1  # EI_CLASS: 32 bit
        elf[18:20] = b"\x03\0"  # for the 386
        return bytes(elf)

    def plain_program(_):
        with open("/bin/true", "rb") as f:
            return f.read()

    # What is wrong, and what to do about it.
    unpack = r"dom0 kernel \(module 0\) does not unpack: \S.*; the file is damaged, install it again\n"
    refused = r"dom0 kernel \(module 0\): \S.*; give GRUB a Linux kernel with Xen support\n"
    either = "(%s|%s)" % (unpack, refused)
    yield Case("no module", r"no dom0 kernel: \S.*; add 'module2 .*\n", initrd=False)
    yield Case("no module and noreboot", r"halted as told by noreboot; reset by hand\n",
               initrd=False, options="noreboot", halts=True)
    yield Case("a processor without NX", r"no NX, or the firmware turned it off; enable .*there\.",
               cpu="qemu64,-nx", halts=True)
    for kind in kernels.COMPRESS:
        yield Case("damaged " + kind, unpack, damaged(kind))
        yield Case("cut-off " + kind, either, cut(kind))
    yield Case("cut-off header", refused, image("header", lambda k: k[:700]))
    yield Case("32-bit ELF", refused, image("elf32", elf32))
    yield Case("ELF that is no kernel", refused, image("plain", plain_program))
    yield Case("text as a kernel", refused, image("text", lambda _: b"not a kernel at all\n" * 99))
    yield Case("cut-off ELF", either,
               image("elf-cut", lambda k: kernels.vmlinux(k)[:9000000]))
    yield Case("dom0_mem over what there is", r"(?s)dom0_mem asks for 65536 MiB, but only \d+ MiB "
               "are free: dom0 gets these; lower it.*" + UP[4:], options="dom0_mem=64G")
    yield Case("dom0_mem too little", r"dom0_mem=\S* is too little: .*; raise dom0_mem .*\n",
               options="dom0_mem=16M")
    yield Case("48 MiB of memory", r"the machine has \d+ MiB of memory; at least 256 MiB are needed\n",
               memory=48)
    yield Case("garbage options", '(?s)unknown option "nonsense" is.*unknown option "" is.*'
               '"dom0_mem" cannot be set to "many".*"console" cannot be set to "com1,pigeon".*'
               '"dom0_max_vcpus" cannot be set to "-".*loglvl=zzz: not a level; use.*' + UP[4:],
               options="nonsense=1 =x dom0_mem=many loglvl=zzz console=com1,pigeon "
                       "com1=115200 sched=tarot dom0_max_vcpus=-")
    for kind in kernels.COMPRESS:
        yield Case("kernel packed with " + kind, UP, repacked(kind))
    yield from machines()
    yield from clocks()
    yield Case("plain ELF kernel", UP, image("vmlinux", kernels.vmlinux))
    yield Case("Debian 13's kernel", UP, lambda: os.path.join(quick, "vmlinuz-6.12"))


def machines():
    """Processors of several makers and ages, 1 to 8 of them, 512 MiB to 20 GiB."""
    up = "(?s)quick: cpus 0-%d of.*" + UP[UP.index("quick: comp"):]
    one = up.replace("0-%d", "0")
    # QEMU 7.2 emulates SMAP with faults of its own; its CPUs that have SVM are AMD's.
    for cpu in ("qemu64", "Skylake-Server,-svm,-smap", "EPYC,-smap", "max,-smap"):
        yield Case("on " + cpu.split(",")[0], one, cpu=cpu)
    # All protection that takes no register which QEMU lacks (docs/security.md).
    for cpu, smp in (("Nehalem", 4), ("Skylake-Server,-svm,-smap", 2), ("EPYC,-smap", 2)):
        yield Case("protected " + cpu.split(",")[0],
                   "(?s)against speculation: xpti.*" + up[4:] % (smp - 1), cpu=cpu, smp=smp,
                   options="spec-ctrl=yes,verw,bhb-entry,retpoline,rsb xpti=yes pv-l1tf")
    for smp in (2, 4, 8):
        yield Case("%d processors" % smp, up % (smp - 1), smp=smp,
                   machine="q35" if smp == 4 else "pc")
    # QEMU 7.2 does not emulate it.
    yield Case("x2APIC", "(?s)apic: x2APIC mode.*" + up[4:] % 1, smp=2, cpu="Nehalem,+x2apic",
               machine="q35", options="x2apic=on", qemu10=True)
    # All of it, but what lies between 640 KiB and 1 MiB.
    for size, machine, options in ((512, "pc", ""), (3500, "q35", ""), (5120, "pc", ""),
                                   (20480, "pc", "dom0_mem=1G")):
        yield Case("%d MiB" % size, "(?s)boot: %d MiB of memory.*" % (size - 1) + one[4:],
                   memory=size, machine=machine, options=options)


def clocks():
    """With -icount the time stamp counter runs at 1 GHz to the last digit: what the hypervisor
    measures may be 100 ppm off.  It has measured by the time it misses dom0's kernel."""
    for source, machine in (("HPET", "pc"), ("ACPI PM timer", "pc,hpet=off")):
        yield Case("clock by the " + source,
                   r"(?s)time: TSC (1000\.0|999\.9)\d\d MHz by %s.*no dom0 kernel: \S.*\n" % source,
                   initrd=False, machine=machine, extra=("-icount", "shift=0"))


def run(case, hypervisor, cache, log, report):
    quick = os.path.join(cache, "quick")
    kernel = case.kernel() if case.kernel else os.path.join(quick, "vmlinuz")
    args = ["-accel", "tcg", "-machine", case.machine, "-cpu", case.cpu,
            "-smp", str(case.smp),
            "-m", str(case.memory), "-vga", "none", "-nic", "none", "-no-reboot",
            "-kernel", hypervisor, *case.extra,
            "-append", "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all " + case.options]
    if case.initrd:
        args += ["-initrd", "%s console=hvc0 earlyprintk=xen,%s/dom0.img" % (kernel, quick)]
    qemu = "qemu-system-x86_64"
    if case.qemu10:
        subprocess.run([os.path.join(HERE, "mkqemu10.sh"), cache], check=True)
        share = os.path.join(cache, "qemu10/usr/share/")
        args = ["-L", share + "qemu", "-L", share + "seabios", "-L", "/usr/share/qemu"] + args
        qemu = os.path.join(cache, "qemu10/usr/bin", qemu)
    with Machine(args, log, qemu) as vm:
        try:
            match = vm.expect(case.pattern, LIMIT)
            said = match.group(0).splitlines()[-1][:100]
            if case.halts:
                vm.settle(8)  # longer than it takes to restart
            elif not case.good:
                vm.wait_end(LIMIT)  # the restart; QEMU was told to end there
            report.result(case.name, True, said)
        except (Timeout, Gone) as error:
            report.result(case.name, False, str(error))
            print(vm.tail(12))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--only", default="", help="parts of names of cases, separated by commas")
    args = parser.parse_args()
    if args.hypervisor == "stock":
        args.hypervisor = os.path.join(args.cache, "quick", "xen")
    subprocess.run([os.path.join(HERE, "mkquick.sh"), args.cache], check=True)
    cache = os.path.abspath(args.cache)
    work, logs = os.path.join(cache, "kernels"), os.path.join(cache, "logs")
    os.makedirs(work, exist_ok=True)
    os.makedirs(logs, exist_ok=True)
    report = Report("boot")
    for case in cases(os.path.join(cache, "quick"), work):
        if not any(part in case.name for part in args.only.split(",")):
            continue
        log = os.path.join(logs, "boot-%s.log" % case.name.replace(" ", "-").replace("'", ""))
        run(case, os.path.abspath(args.hypervisor), cache, log, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
