# SPDX-License-Identifier: MIT
"""Stock Debian as dom0: boots it in several machines and goes through a checklist.

  dom0.py --cache DIR --hypervisor PATH|stock [--only MACHINE,...] [--checks NAME,...]

Each machine is booted, logged in to, checked by name (guest-check.sh runs inside), restarted and
switched off.  With "stock" the same run is made on Debian's Xen 4.17, which proves the test.
Exit status 0 if nothing failed.  Logs stand in DIR/logs.
"""

import argparse
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pagetables
from vm import Gone, Machine, Report, Timeout

HERE = os.path.dirname(os.path.abspath(__file__))

# name: machine type, firmware, CPU, processors, how it is loaded, kernel, which QEMU
MACHINES = {
    "pc-bios": dict(machine="pc", cpu="Nehalem", smp=1, load="kernel", kernel="6.1"),
    "q35-bios": dict(machine="q35", cpu="Nehalem", smp=4, load="iso", protocol=2, kernel="6.1"),
    "q35-uefi": dict(machine="q35", cpu="Nehalem", smp=2, load="iso", protocol=2, kernel="6.1",
                     uefi=True),
    "q35-debian13": dict(machine="q35", cpu="Nehalem", smp=4, load="iso", protocol=1,
                         kernel="6.12"),
    "q35-qemu10": dict(machine="q35", cpu="max", smp=4, load="iso", protocol=2, kernel="6.1",
                       qemu10=True),
}

CHECKS = ["log", "control_d", "cpus", "protected", "disk-virtio", "disk-ahci", "disk-nvme", "tcp-virtio",
          "tcp-e1000e", "mmcfg", "hotplug", "vdso", "stress", "clock", "log-after", "reboot", "poweroff"]


class EchoServer(threading.Thread):
    """The host's end of the TCP check: reads a length and that many bytes, sends them back
    followed by their SHA-256."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(4)
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            peer, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    @staticmethod
    def serve(peer):
        with peer:
            stream = peer.makefile("rb")
            size = int.from_bytes(stream.read(8), "big")
            if size > 64 << 20:
                return
            data = stream.read(size)
            peer.sendall(data + hashlib.sha256(data).digest())


def sparse(path, size):
    with open(path, "wb") as f:
        f.truncate(size)
    return path


class Lab:
    """The files that a run needs, in the cache, and the QEMU arguments made of them."""

    def __init__(self, cache, hypervisor, options, memory):
        self.cache = os.path.abspath(cache)
        self.logs = os.path.join(self.cache, "logs")
        os.makedirs(self.logs, exist_ok=True)
        # Of this run alone, so that several can go on at a time; gone with the object.
        self.scratch = tempfile.TemporaryDirectory(prefix="run-", dir=self.cache)
        self.work = self.scratch.name
        self.stock = hypervisor == "stock"
        self.hypervisor = self.file("quick/xen") if self.stock else os.path.abspath(hypervisor)
        self.options = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all " + options
        self.memory = memory

    def file(self, name):
        return os.path.join(self.cache, name)

    def scripts(self):
        """A disk with the files that dom0 runs, as a tar archive without a file system."""
        path = os.path.join(self.work, "checks.tar")
        subprocess.run(["cc", "-O1", "-static", "-o", os.path.join(self.work, "vdso"),
                        os.path.join(HERE, "vdso.c")], check=True)
        subprocess.run(["tar", "-cf", path, "-b", "64", "-C", HERE, "guest-check.sh", "tcp.py",
                        "-C", self.work, "vdso"],
                       check=True)
        return path

    def arguments(self, spec):
        kernel = self.file("disk/vmlinuz-" + spec["kernel"])
        initrd = self.file("disk/initrd-%s.img" % spec["kernel"])
        linux = "root=LABEL=dais-root ro console=hvc0 net.ifnames=0 loglevel=5 " \
                "systemd.default_timeout_start_sec=900"
        work = self.work
        # The CPU's SVM and VMX are of no use under a PV hypervisor; -smap and so on as given.
        # With a thread per processor QEMU 10 ended in an assertion of its own (physical memory
        # dispatch) in second boots; with one thread for all it did not.
        accel = "tcg,thread=single" if spec.get("qemu10") else "tcg"
        args = ["-accel", accel, "-machine", spec["machine"], "-cpu", spec["cpu"],
                "-smp", str(spec["smp"]), "-m", str(self.memory), "-vga", "std",
                "-rtc", "base=utc",
                "-device", "ahci,id=sata", "-device", "nvme,drive=nvme,serial=dnvme",
                "-drive", "file=%s,format=raw,if=none,id=root,snapshot=on"
                % self.file("disk/root.img"),
                "-device", "virtio-blk-pci,drive=root,serial=droot",
                "-drive", "file=%s,format=raw,if=none,id=checks,readonly=on" % self.scripts(),
                "-device", "virtio-blk-pci,drive=checks,serial=dchecks"]
        for name in ("virtio", "ahci", "nvme"):
            path = sparse(os.path.join(work, name + ".raw"), 256 << 20)
            args += ["-drive", "file=%s,format=raw,if=none,id=%s,cache=unsafe" % (path, name)]
        args += ["-device", "virtio-blk-pci,drive=virtio,serial=dvirtio",
                 "-device", "ide-hd,drive=ahci,bus=sata.0,serial=dahci",
                 "-netdev", "user,id=n0,net=10.0.2.0/24",
                 "-device", "virtio-net-pci,netdev=n0,romfile=",
                 "-netdev", "user,id=n1,net=10.0.3.0/24",
                 "-device", "e1000e,netdev=n1,romfile="]
        if spec["load"] == "kernel":
            args += ["-kernel", self.hypervisor, "-append", self.options,
                     "-initrd", "%s %s,%s" % (kernel, linux, initrd)]
        else:
            iso = os.path.join(work, "boot.iso")
            subprocess.run([os.path.join(HERE, "mkiso.sh"), iso, str(spec["protocol"]),
                            self.hypervisor, kernel, initrd, self.options, linux], check=True)
            args += ["-drive", "file=%s,media=cdrom,readonly=on,if=none,id=cd" % iso,
                     "-device", "ide-cd,drive=cd,bus=sata.1,bootindex=0"]
        if spec.get("uefi"):
            variables = os.path.join(work, "vars.fd")
            subprocess.run(["cp", "/usr/share/OVMF/OVMF_VARS_4M.fd", variables], check=True)
            args += ["-drive", "if=pflash,format=raw,unit=0,readonly=on,"
                               "file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                     "-drive", "if=pflash,format=raw,unit=1,file=" + variables]
        if spec.get("qemu10"):
            share = self.file("qemu10/usr/share/")
            args = ["-L", share + "qemu", "-L", share + "seabios", "-L", "/usr/share/qemu"] + args
        return args

    def qemu(self, spec):
        return self.file("qemu10/usr/bin/qemu-system-x86_64") if spec.get("qemu10") \
            else "qemu-system-x86_64"


class Run:
    """One machine's way through the checklist."""

    def __init__(self, lab, name, port, checks):
        self.lab, self.name, self.port, self.checks = lab, name, port, checks
        self.spec = MACHINES[name]
        self.report = Report(name)
        self.vm = None
        self.crashed = False

    def inside(self, title, command, timeout):
        """A check of guest-check.sh; a shell that does not answer ends the run."""
        status, said = self.vm.run("bash /run/c/guest-check.sh " + command, timeout)
        lines = [line for line in said.strip().splitlines() if line.strip()]
        return self.report.result(title, status == 0, lines[-1] if lines else "")

    def unpack(self):
        self.vm.run("mkdir -p /run/c")
        # The disk is known by its serial number, which sysfs has.
        self.vm.run("until d=$(lsblk -ndo NAME,SERIAL | grep -w dchecks); do sleep 1; done; "
                    "d=${d%% *}")
        status, said = self.vm.run("tar xf /dev/$d -C /run/c")
        if status:
            raise Timeout("cannot unpack the checks: " + said)

    def clock(self):
        """How far the guest's clock is from the host's, in seconds."""
        before = time.time()
        _, said = self.vm.run("date +%s.%N")
        after = time.time()
        guest = float(said.strip().split()[-1])
        # The answer was formed somewhere between the two; only what is outside counts.
        if guest < before:
            return guest - before
        return max(0.0, guest - after)

    def check_clock(self):
        left = 60 - (time.monotonic() - self.logged_in)
        if left > 0:
            self.vm.run("sleep %d" % (left + 1), left + 300)
        off = self.clock()
        self.report.result("clock", abs(off) < 2, "%+.3f s at login, %+.3f s after %d s"
                           % (self.clock_at_login, off, time.monotonic() - self.logged_in))

    def check_protected(self):
        """CR0.WP, and of CR4 SMEP and SMAP, where the CPU model has them."""
        want = 3 << 20 if self.spec["cpu"] == "max" else 0
        said = [pagetables.registers(self.vm, cpu) for cpu in range(self.spec["smp"])]
        self.report.result("protected", all(
            pagetables.register(text, "CR0") & 1 << 16 and
            pagetables.register(text, "CR4") & want == want for text in said),
            "CR4 %s" % " ".join("%x" % pagetables.register(text, "CR4") for text in said))

    def check(self, name):
        smp = self.spec["smp"]
        if name == "log" or name == "log-after":
            self.inside(name, "log_clean", 300)
        elif name == "control_d":
            self.inside(name, "capabilities", 300)
        elif name == "cpus":
            self.inside(name, "cpus %d" % smp, 300)
        elif name.startswith("disk-"):
            self.inside(name, "disk d" + name[5:], 1500)
        elif name == "tcp-virtio":
            self.inside(name, "tcp virtio_net 10.0.2.2 %d" % self.port, 1500)
        elif name == "tcp-e1000e":
            self.inside(name, "tcp e1000e 10.0.3.2 %d" % self.port, 1500)
        elif name == "mmcfg":
            if self.spec["machine"] == "q35":  # "pc" has none
                self.inside(name, "mmcfg", 600)
        elif name == "protected":
            self.check_protected()
        elif name == "hotplug":
            if smp == 1:
                self.report.skip(name, "one processor")
            else:
                self.inside(name, "hotplug", 1500)
        elif name == "stress":
            self.inside(name, "stress 60", 900)
        elif name == "vdso":
            self.inside(name, "vdso", 600)
        elif name == "clock":
            self.check_clock()
        elif name == "reboot":
            self.vm.seen = len(self.vm.text)
            self.vm.send("reboot")
            self.vm.login(1500)
            self.report.result(name, True)
        elif name == "poweroff":
            self.vm.send("poweroff")
            code = self.vm.wait_end(900)
            self.report.result(name, code == 0, "QEMU exit status %d" % code)

    def life(self, checks):
        """One machine, from its start through the checks; those that are left, if QEMU crashed."""
        started = time.monotonic()
        log = os.path.join(self.lab.logs, self.name + (".stock" if self.lab.stock else "") + ".log")
        with Machine(self.lab.arguments(self.spec), log, self.lab.qemu(self.spec)) as self.vm:
            name = "login"
            try:
                self.vm.login(1500)
                self.logged_in = time.monotonic()
                self.clock_at_login = self.clock()
                self.report.result(name, True, "after %d s" % (self.logged_in - started))
                self.unpack()
                for name in checks:
                    self.check(name)
            except (Timeout, Gone) as error:
                if isinstance(error, Gone) and not self.crashed and \
                        self.vm.process.wait() in (-signal.SIGSEGV, -signal.SIGABRT):
                    print("# %s: QEMU itself crashed at %s" % (self.name, name), flush=True)
                    self.crashed = True
                    return checks[checks.index(name):] if name in checks else checks
                self.report.result(name, False, str(error))
                print(self.vm.tail())
                self.vm.log.write(self.vm.monitor("info registers -a").encode())
                print("    all of it: " + log)
        return []

    def go(self):
        """A crash of the emulator is not the guest's: once, another one goes on from there.  (Its map
        of memory is renewed while other processors use it: seen when a machine starts anew.)"""
        left = self.life(self.checks)
        if left:
            self.life(left)
        return self.report.failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--only", default=",".join(MACHINES))
    parser.add_argument("--checks", default=",".join(CHECKS))
    parser.add_argument("--options", default="", help="more options of the hypervisor")
    parser.add_argument("--memory", default=2048, type=int)
    args = parser.parse_args()

    for script in ("mkquick.sh", "mkdisk.sh", "mkqemu10.sh"):
        status = subprocess.run([os.path.join(HERE, script), args.cache]).returncode
        if status == 77:
            print("ok - dom0: all # SKIP the disk image cannot be made without root")
            return 0
        if status:
            print("not ok - dom0: %s failed" % script)
            return 1
    server = EchoServer()
    server.start()
    lab = Lab(args.cache, args.hypervisor, args.options, args.memory)
    good = True
    for name in args.only.split(","):
        if name not in MACHINES:
            parser.error("no machine %s; there are %s" % (name, ", ".join(MACHINES)))
        good = Run(lab, name, server.port, args.checks.split(",")).go() and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
