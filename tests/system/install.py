# SPDX-License-Identifier: MIT
"""What an administrator does with Dais on a Debian machine, as docs/howto/install.md says it.

  install.py --cache DIR --build DIR [--only CHECK,...]

One disk with GRUB for BIOS and for UEFI is booted as plain Debian; there Dais is installed with the
page's own commands and files, which are taken from the page. Then the menu's default is Dais: by
BIOS, with a first domain and each daemon killed, and after that by UEFI, where the domain starts
with the host.  Exit status 0 if nothing failed.  Logs stand in DIR/logs.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

from vm import Gone, Machine, Report, Timeout

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "../../docs/howto/install.md")
UNITS = ["xenstored", "dais-consoled", "dais-domains", "daisd"]
# What is started again when killed; dais-domains has no process.
DAEMONS = {"xenstored": "xenstored", "dais-consoled": "dais-consoled", "daisd": "daisd"}
KERNELS = "/var/cache/dais/kernels"
# What is checked without Dais.
BEFORE = ("second_make", "uninstall", "debian", "installed", "kernels", "enabled")
LOG = "/var/log/dais/console/first.log"
# What must stay as it is; whether a vCPU of it runs just now is another matter.
DOMAINS = r"dais list --json | grep -v '\"\(cpu_ns\|state\)\"'"


class Page:
    """The how-to's commands by the name in the comment before them, and its files by path."""

    def __init__(self, path):
        self.commands, self.files = {}, {}
        title = None
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines() + [""]
        block = []
        for line in lines:
            if line.startswith("    ") or (block and not line):
                block.append(line[4:])
                continue
            self.take(title, block)
            title = line if line else title
            block = [line[4:]] if line.startswith("    ") else []

    def take(self, title, block):
        text = "\n".join(block).strip("\n")
        if not text or not title:
            return
        run = re.match(r"<!-- run: (\w+) -->", title)
        file = re.match(r"`(/[^`]+)`[,:]", title)
        if run:
            self.commands[run.group(1)] = text.replace("\\\n", " ").splitlines()
        elif file:
            self.files[file.group(1)] = text + "\n"


class Host:
    """The machine and its administrator."""

    def __init__(self, args, work):
        self.args, self.work = args, work
        self.cache = os.path.abspath(args.cache)
        self.page = Page(PAGE)
        self.report = Report("install")
        self.vm = None
        self.uefi = False

    # --- the machine

    def machine(self):
        disk = os.path.join(self.work, "disk.qcow2")
        if not os.path.exists(disk):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b",
                            os.path.join(self.cache, "install/disk.img"), disk], check=True)
        args = ["-accel", "tcg", "-machine", "q35", "-cpu", "Nehalem", "-smp", "2", "-m", "1280",
                "-vga", "std", "-drive", "file=%s,format=qcow2,if=none,id=disk,cache=unsafe" % disk,
                "-device", "virtio-blk-pci,drive=disk",
                "-drive", "file=%s,format=raw,if=none,id=tar,readonly=on"
                % os.path.join(self.cache, "install/dais.tar"),
                "-device", "virtio-blk-pci,drive=tar,serial=archive",
                "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile="]
        if self.uefi:
            variables = os.path.join(self.work, "vars.fd")
            subprocess.run(["cp", "/usr/share/OVMF/OVMF_VARS_4M.fd", variables], check=True)
            args += ["-drive", "if=pflash,format=raw,unit=0,readonly=on,"
                               "file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                     "-drive", "if=pflash,format=raw,unit=1,file=" + variables]
        logs = os.path.join(self.cache, "logs")
        os.makedirs(logs, exist_ok=True)
        return Machine(args, os.path.join(logs, "install-%s.log" % ("uefi" if self.uefi else "bios")))

    def must(self, command, timeout=300):
        status, said = self.vm.run(command, timeout)
        if status:
            raise Timeout("%s: exit status %d: %s" % (command, status, said.strip()[-400:]))
        return said.strip()

    def wait_for(self, what, timeout, command, good=lambda said: True):
        """Until the command succeeds and what it prints is good; that."""
        end = time.monotonic() + timeout
        while True:
            status, said = self.vm.run(command, 300)
            if not status and good(said.strip()):
                return said.strip()
            if time.monotonic() > end:
                raise Timeout("%s: not within %d s: %s" % (what, timeout, said.strip()[-400:]))
            time.sleep(1)

    def do(self, name, timeout=900):
        """The page's commands of that name, one after the other; the last that each printed. The
        hypervisor's log has the console's text in it, with the marks of vm.run: not those."""
        said = []
        for command in self.page.commands[name]:
            status, _ = self.vm.run("{ %s; } > /tmp/said 2>&1" % command, timeout)
            said.append(self.must("grep -v @@ /tmp/said | tail -n 30; :"))
            if status:
                raise Timeout("%s: exit status %d: %s" % (command, status, said[-1][-400:]))
        return "\n".join(said)

    def write(self, *paths):
        """Files as the page has them; each must be told there."""
        for path in paths:
            self.must("mkdir -p " + os.path.dirname(path))
            first = True
            for line in self.page.files[path].splitlines():
                self.must("printf '%%s\\n' %s %s %s"
                          % (shlex.quote(line), ">" if first else ">>", path))
                first = False

    # --- beside the machine

    def check_second_make(self):
        """What is built is not built again: bootstrap's second run comes to this, too."""
        quiet = dict(os.environ, MAKEFLAGS="")
        return subprocess.run(["make", "-q", "-C", self.args.build, "all"], env=quiet,
                              stdout=subprocess.DEVNULL).returncode == 0

    def check_uninstall(self):
        """make uninstall takes away all that make install has put, and nothing else."""
        stage = os.path.join(self.cache, "install/stage")
        own = os.path.join(stage, "etc/dais/auto/own.cfg")
        with open(own, "w", encoding="utf-8"):
            pass
        subprocess.run(["make", "-s", "--no-print-directory", "-C", self.args.build, "uninstall",
                        "DESTDIR=" + stage], check=True, stdout=subprocess.DEVNULL)
        left = [os.path.join(d, f) for d, _, files in os.walk(stage) for f in files]
        return left == [own] or "left: %s" % left

    def unpack(self):
        self.must("until d=$(lsblk -ndo NAME,SERIAL | grep -w archive); do sleep 1; done; "
                  "tar -C / --no-overwrite-dir --keep-directory-symlink -xf /dev/${d%% *}", 600)

    # --- plain Debian

    def check_debian(self):
        """The machine as it is before, by GRUB and BIOS."""
        self.vm.login(1200)
        return "xen" not in self.must("cat /sys/hypervisor/type 2>/dev/null || echo none")

    def check_installed(self):
        """The archive and the page's files; in plain Debian the units do nothing."""
        self.unpack()
        self.write("/etc/default/grub.d/dais.cfg")
        self.must("systemctl daemon-reload && systemctl start xenstored daisd")
        state = self.must("systemctl is-active xenstored daisd; systemctl is-failed xenstored daisd; :")
        return state.split() == ["inactive"] * 4 or state

    def hook(self, when, version, image):
        """As a kernel's package calls it, ours alone of its folder; what it said."""
        return self.must("run-parts --report --exit-on-error --regex '^dais$' --arg=%s --arg=%s "
                         "/etc/kernel/%s.d 2>&1" % (version, image, when), 600)

    def kept(self):
        """The kernels in the cache, and the paths that they came from."""
        return self.must("ls %s 2> /dev/null | grep -v ^inode-; :" % KERNELS).split()

    def check_kernels(self):
        """The page's command keeps what is there; a kernel's package its own, and takes it away."""
        self.do("kernels")
        version = self.must("uname -r")
        before = self.kept()
        if len([n for n in before if n.endswith(".elf")]) != 1 or \
                "path-%%boot%%vmlinuz-%s" % version not in before:
            return before
        self.must("cp /boot/vmlinuz-%s /boot/vmlinuz-0" % version)
        said = self.hook("postinst", "0", "/boot/vmlinuz-0")
        between = self.kept()
        self.must("rm /boot/vmlinuz-0")
        said += self.hook("postrm", "0", "/boot/vmlinuz-0")
        # Neither what is no kernel, nor what is not there, stops a package.
        said += self.hook("postinst", "0", "/etc/hostname")
        said += self.hook("postrm", "0", "/boot/vmlinuz-0")
        return (self.kept() == before and "path-%boot%vmlinuz-0" in between and
                "is kept unpacked" in said and "will unpack /etc/hostname itself" in said) or \
            "%s\n%s\n%s" % (said, between, self.kept())

    def check_enabled(self):
        *commands, reboot = self.page.commands["enable"]
        said = "\n".join(self.must(command, 900) for command in commands)
        if not re.search(r"Found Dais with kernel: /boot/vmlinuz-6", said):
            return said
        self.vm.seen = len(self.vm.text)
        self.vm.shell_only = False
        self.vm.send(reboot)
        return True

    # --- above Dais

    def check_boot(self):
        """GRUB's default is Dais; its settings reach the hypervisor and the kernel."""
        self.vm.expect(r"\(DAIS\)", 900)
        self.vm.login(1200)
        kind = self.must("cat /sys/hypervisor/type")
        line = self.must("grep . /proc/cmdline")
        options = self.must("dais info | grep -i '^xen_commandline'")
        if "dom0_mem=640M" not in options or "com1=115200,8n1" not in options:
            return options
        return kind == "xen" and line.endswith("console=hvc0") or line

    def check_systemd(self):
        """Everything is started, nothing failed; units are active."""
        state = self.must("systemctl is-system-running --wait; systemctl --failed --no-legend", 1500)
        if state != "running":
            return state
        self.must("mountpoint /proc/xen && grep control_d /proc/xen/capabilities")
        self.must("systemctl is-active proc-xen.mount " + " ".join(UNITS))
        # dom0 sees nothing of UEFI, the serial line does.
        return ("BdsDxe" in self.vm.text) == self.uefi or "the other firmware"

    def check_look(self):
        said = self.do("look")
        if not re.search(r"(?m)^Domain-0 +0 ", said):
            return said
        # The answer to a key is in the log a moment later.
        self.do("keys")
        self.wait_for("the key's answer", 120, "dais dmesg | sed -n 's/^(DAIS) /log: /p' | "
                      "sed -n '/key q/,$p'",
                      lambda said: re.search(r"key q: domains.*\n(log: .*\n)*log: d0: ", said))
        return True

    def check_first(self):
        """The page's bridge and first domain."""
        self.write("/etc/systemd/network/br0.netdev", "/etc/systemd/network/eth0.network",
                   "/etc/systemd/network/br0.network", "/etc/dais/first.cfg")
        kernels = self.kept()
        self.do("bridge")
        self.wait_for("the bridge's address", 600, "ip -4 -br addr show br0 | grep -w 10.0.2")
        said = self.do("first")
        if not re.search(r"(?m)^first +\d+ ", said):
            return said
        # It booted what was kept.
        if self.kept() != kernels or not kernels:
            return "%s, before %s" % (self.kept(), kernels)
        up = self.wait_for("the first domain", 900, "grep 'first: up' " + LOG)
        self.do("auto")
        # The bridge joins it to dom0.
        self.reached()
        return "root /dev/xvda" in up or up

    def reached(self):
        """The bridge joins it to dom0."""
        self.wait_for("its network", 300, "ping -c 1 -w 5 10.0.2.50")

    def ticks(self):
        """All that the domain has counted; a line that is not whole yet does not count."""
        return [int(n) for n in self.must("tr '\\n' ';' < %s | grep -o 'tick [0-9]*[^0-9;]*;' | "
                                          "tr -dc '0-9\\n'" % LOG).split()]

    def counts_on(self, more):
        """The domain, and what writes its console's log, do their work after this moment."""
        end, first = time.monotonic() + 300, len(self.ticks())
        while len(self.ticks()) < first + more:
            if time.monotonic() > end:
                raise Timeout("the console's log: not %d ticks more within 300 s" % more)
            time.sleep(1)

    def same_domains(self, before):
        """A daemon that starts may have to be waited for; what was lost would not come back."""
        self.wait_for("the domains as they were", 300, DOMAINS, lambda said: said == before)

    def active(self, unit, pid):
        """Until the unit runs as another process than that."""
        self.wait_for(unit + " again", 300, "p=$(systemctl show -P MainPID %s); systemctl is-active "
                      "%s && [ $p != 0 ] && [ $p != %s ]" % (unit, unit, pid))

    def check_killed(self):
        """Each daemon killed comes back by itself and the domain has missed nothing."""
        before = self.must(DOMAINS)
        store = self.must("xenstore-ls -p /local/domain/1 | grep -v /console/tty | sort | md5sum")
        for unit in DAEMONS:
            pid = self.must("systemctl show -P MainPID " + unit)
            self.must("kill -9 " + pid)
            self.active(unit, pid)
            self.same_domains(before)
        self.counts_on(2)
        seen = self.ticks()
        if seen != list(range(1, len(seen) + 1)):
            return "the log has a gap: %s" % seen
        self.reached()
        after = self.must("xenstore-ls -p /local/domain/1 | grep -v /console/tty | sort | md5sum")
        return after == store or self.must("xenstore-ls -p /local/domain/1")

    def check_upgrade(self):
        """The same archive once more, and what the page says after it: the domain stays."""
        before = self.must(DOMAINS)
        lives = self.must("grep -c 'first: up' " + LOG)
        self.unpack()
        pid = self.must("systemctl show -P MainPID xenstored")
        self.do("upgrade")
        self.active("xenstored", pid)
        for unit in UNITS:
            self.wait_for(unit, 300, "systemctl is-active " + unit)
        self.same_domains(before)
        self.counts_on(2)
        return self.must("grep -c 'first: up' " + LOG) == lives or "it has started again"

    def check_remove(self):
        """The units gone and their domains shut down; update-grub then finds no Dais."""
        self.do("remove")
        self.wait_for("the domain's end", 300, "[ $(grep -c 'first: going down' %s) = 2 ]" % LOG)
        version = self.must("uname -r")
        self.hook("postrm", version, "/boot/vmlinuz-" + version)
        left = self.must("ls " + KERNELS)
        if left:
            return left
        self.must("rm /boot/dais && update-grub", 900)
        return self.must("grep -c 'Dais, with' /boot/grub/grub.cfg || :") == "0"

    def check_poweroff(self):
        """The host goes down, the domain before it."""
        self.vm.send("systemctl poweroff")
        code = self.vm.wait_end(900)
        return code == 0 or "QEMU exit status %d" % code

    def check_autostart(self):
        """The domain was shut down with the host, and starts with it."""
        self.wait_for("the first domain", 900, "[ $(grep -c 'first: up' %s) = 2 ]" % LOG)
        said = self.must("grep -A1 'going down\\|first: up' %s" % LOG)
        return "first: going down" in said or said

    # --- all of it

    def go(self, name):
        self.detail = ""
        try:
            good = getattr(self, "check_" + name)()
        except (Timeout, Gone) as error:
            good = str(error)
        where = "" if name in BEFORE else "uefi: " if self.uefi else "bios: "
        if not self.report.result(where + name, good is True, "" if good is True else str(good)) \
                and self.vm:
            print(self.vm.tail())
        return good is True

    def all(self):
        self.go("second_make")
        self.go("uninstall")
        for self.uefi, names in (
                (False, ("debian", "installed", "kernels", "enabled", "boot", "systemd", "look", "first",
                         "killed", "poweroff")),
                (True, ("boot", "systemd", "autostart", "upgrade", "remove", "poweroff"))):
            with self.machine() as self.vm:
                for name in names:
                    # Without these nothing that follows has a meaning.
                    if not self.go(name) and name in ("debian", "installed", "enabled", "boot"):
                        return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    status = subprocess.run([os.path.join(HERE, "mkinstall.sh"), args.cache, args.build]).returncode
    if status == 77:
        print("ok - install: all # SKIP the disk image cannot be made without root")
        return 0
    if status:
        print("not ok - install: mkinstall.sh failed")
        return 1
    with tempfile.TemporaryDirectory(prefix="install-", dir=args.cache) as work:
        host = Host(args, work)
        host.all()
    return 1 if host.report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
