# SPDX-License-Identifier: MIT
"""The demonstration: GRUB starts Dais, Debian comes up as dom0, and `dais create` starts two service
domains there, stock Debian each: one runs MariaDB, the other Apache, whose page is computed from
rows that it asks the database for across the PV network.  The page is fetched from outside.

  services.py --cache DIR --hypervisor PATH|stock --build DIR [--prepare]

On a terminal it leaves the user at dom0's shell; otherwise it switches everything off, and the exit
status says whether all of it worked.  --prepare only makes the images.
"""

import argparse
import html
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import termios
import time
import tty
import urllib.error
import urllib.request

from vm import Gone, Machine, Timeout

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=warning dom0_mem=512M,max:512M " \
    "dom0_max_vcpus=1"
# 8 MiB of bounce buffers: of the 64 MiB that the kernel takes by itself each page is exchanged for
# one that lies beside the last, which an emulator takes seconds for.
BOUNCE = "swiotlb=4096"
DOMAINS = ("db", "web")
TRY = """
This is dom0's shell.  Three commands to try:
  dais top                      what the domains use (q ends it)
  dais console db               the database's console (root, no password; Ctrl-] leaves it)
  dais shutdown web             and `dais create /etc/dais/web.cfg` brings it back
The page is at http://127.0.0.1:%d/.  `poweroff -f` ends the demonstration.
"""


class Demo:
    """One boot of the host."""

    def __init__(self, args):
        self.args = args
        self.cache = os.path.abspath(args.cache)
        self.hypervisor = self.file("quick/xen") if args.hypervisor == "stock" \
            else os.path.abspath(args.hypervisor)
        self.started = time.monotonic()
        self.port = None
        self.vm = None

    def file(self, name):
        return os.path.join(self.cache, name)

    def say(self, text):
        print("demo: %4d s  %s" % (time.monotonic() - self.started, text), flush=True)

    def machine(self):
        log = self.file("logs/services.log")
        os.makedirs(os.path.dirname(log), exist_ok=True)
        iso = self.file("market/boot.iso")
        subprocess.run([os.path.join(HERE, "mkiso.sh"), iso, "2", self.hypervisor,
                        self.file("market/vmlinuz"), self.file("guest/boot.img"), OPTIONS,
                        "console=hvc0 loglevel=2 net.ifnames=0 cryptomgr.notests " + BOUNCE],
                       check=True)
        # Found as late as can be: nobody keeps it until QEMU takes it.
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        args = ["-accel", "tcg", "-machine", "q35", "-cpu", "Nehalem", "-smp", "2", "-m", "1408",
                "-vga", "none", "-no-reboot",
                "-drive", "file=%s,media=cdrom,readonly=on,if=none,id=cd" % iso,
                "-device", "ide-cd,drive=cd,bootindex=0",
                "-netdev", "user,id=n,hostfwd=tcp:127.0.0.1:%d-10.0.2.20:80" % self.port,
                "-device", "virtio-net-pci,netdev=n,romfile="]
        for name in ("dom0", "web", "db"):
            args += ["-drive", "file=%s,format=raw,if=none,id=%s,snapshot=on,cache=unsafe"
                     % (self.file("market/%s.img" % name), name),
                     "-device", "virtio-blk-pci,drive=" + name]
        self.say("GRUB starts; the console goes to " + log)
        return Machine(args, log)

    def must(self, command, timeout=400):
        status, said = self.vm.run(command, timeout)
        if status:
            raise Timeout("%s: exit status %d: %s" % (command, status, said.strip()[-800:]))
        return said.strip()

    def show(self, command):
        said = self.must(command)
        print("\ndom0# %s\n%s\n" % (command, said), flush=True)
        return said

    def create(self):
        """Both domains at once; each says when it is there, or why not."""
        self.vm.run("set +m")
        for name in DOMAINS:
            self.vm.send("{ dais create /etc/dais/%s.cfg; echo created-%s $?; } 2>&1 &"
                         % (name, name))
        for _ in DOMAINS:
            name, status = self.vm.expect(r"created-(\w+) (\d+)\n", 1200).groups()
            if status != "0":
                raise Timeout("dais create /etc/dais/%s.cfg: exit status %s" % (name, status))
            self.say("dais create /etc/dais/%s.cfg: done, it starts" % name)

    def page(self, timeout):
        """Apache's page, once it has the database's rows."""
        end = time.monotonic() + timeout
        last = "no answer yet"
        patience = 2
        while time.monotonic() < end:
            # QEMU's network asks a guest that is not there yet again after ever longer times; a new
            # connection is asked for at once.
            patience = min(1.25 * patience, 30)
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/" % self.port,
                                            timeout=patience) as f:
                    text = f.read().decode()
                if "impeller" in text:
                    return text
                if "Apache" not in last:
                    last = "Apache answers, the database does not yet"
                    self.say(last)
            except (OSError, urllib.error.URLError) as error:
                if "Apache" not in last:
                    last = str(error)
            # What the console says meanwhile must not pile up in the pipe.
            self.vm.settle(1)
        raise Timeout("no page within %d s: %s" % (timeout, last))

    def go(self):
        with self.machine() as self.vm:
            self.vm.expect(r"\(DAIS\) .*|Xen \d", 900)
            self.say("the hypervisor runs")
            self.vm.shell_only = True
            self.vm.expect(r"dom0: ready after", 1200)
            self.vm.expect(r"dom0# ", 300)
            self.vm.answer(300)
            self.vm.run("stty -echo -onlcr; PS1=")
            self.vm.answer(300)
            self.say("dom0 is up: " + self.must("dais version | head -n 1"))
            self.create()
            text = self.page(1500)
            self.say("fetched http://127.0.0.1:%d/ from outside:\n" % self.port)
            rows = re.sub(r"</tr>|</h1>|</p>|<p>", "\n", text)
            rows = re.sub(r"</t[dh]>", "\t", re.sub(r"<title>.*?</title>", "", rows))
            rows = html.unescape(re.sub(r"<[^>]*>", "", rows)).strip().expandtabs(12)
            print(re.sub(r"\s*\n", "\n", rows), flush=True)
            listed = self.show("dais list")
            self.show("dais top -b -i 1")
            if sys.stdin.isatty():
                self.shell()
                return 0
            bad = [name for name in DOMAINS if not re.search(r"(?m)^%s\s" % name, listed)]
            if bad or "1484.00" not in text:
                print("demo: not as it should be: %s" % (bad or text))
                return 1
            self.must("dais shutdown -w -a", 900)
            self.say("both domains have shut down")
            self.vm.send("sync; poweroff -f")
            self.vm.wait_end(600)
            self.say("dom0 switched the machine off")
        return 0

    def shell(self):
        """The user's terminal becomes dom0's console."""
        # A terminal that every Debian knows, of this one's size.
        size = shutil.get_terminal_size()
        self.vm.run("export TERM=vt220; stty sane rows %d cols %d; PS1='dom0# '"
                    % (size.lines, size.columns))
        print(TRY % self.port)
        stdin, out = sys.stdin.fileno(), self.vm.process.stdout
        saved = termios.tcgetattr(stdin)
        tty.setraw(stdin)
        self.vm.process.stdin.write(b"\n")
        try:
            while self.vm.process.poll() is None:
                ready, _, _ = select.select([stdin, out], [], [], 1)
                if stdin in ready:
                    self.vm.process.stdin.write(os.read(stdin, 8))
                    time.sleep(0.02)  # what was pasted must not overrun a serial line
                if out in ready:
                    os.write(sys.stdout.fileno(), os.read(out.fileno(), 65536))
        finally:
            termios.tcsetattr(stdin, termios.TCSADRAIN, saved)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--prepare", action="store_true", help="make the images, and no more")
    args = parser.parse_args()
    print("demo: images of dom0 and of the two service domains (the first time takes minutes)",
          flush=True)
    status = subprocess.run([os.path.join(HERE, "mkservices.sh"), args.cache, args.build]).returncode
    if status or args.prepare:
        return status
    demo = Demo(args)
    try:
        status = demo.go()
    except (Timeout, Gone) as error:
        print(demo.vm.tail(30))
        print("demo: %s; all of the console: %s" % (error, demo.vm.log_path))
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
