# SPDX-License-Identifier: MIT
"""One stock Debian guest's life, for one combination of hypervisor, tools and store.

  swap.py --cache DIR --hypervisor PATH|stock --build DIR --tools dais|xl --store ours|stock

docs/swap.md has the table of all eight.  The guest is a whole Debian with systemd on a disk, a
network card and a console; dom0 is Debian's too, without systemd (mkguest.sh).
"""

import os
import subprocess
import sys
import time

import guest
import tools

CHECKS = ["install", "login", "io", "network", "pause", "memory", "vcpus", "attach", "shutdown",
          "left"]
NAME = "debian"
# The login waits for no device and nobody serves addresses: what an emulator need not do.
LINUX = "net.ifnames=0 cryptomgr.notests systemd.mask=serial-getty@hvc0.service " \
    "systemd.wants=console-getty.service systemd.mask=systemd-udev-trigger.service " \
    "systemd.mask=systemd-networkd.service systemd.mask=systemd-networkd.socket"
# Dom0's end of the TCP check: a line with a length, that many bytes, and back goes their digest.
PEER = """import hashlib, socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("10.9.0.1", 9000))
s.listen(1)
c = s.accept()[0]
f = c.makefile("rwb")
f.write(hashlib.md5(f.read(int(f.readline()))).hexdigest().encode() + b"\\n")
f.flush()
"""


class Swap(tools.Ours):
    """One boot of dom0, one guest."""

    NAME = "swap"

    def guests(self):
        path = os.path.join(self.scratch.name, "tests.tar")
        with open(os.path.join(self.scratch.name, "peer.py"), "w", encoding="utf-8") as f:
            f.write(PEER)
        subprocess.run([os.path.join(guest.HERE, "mkramdisk.sh"), self.cache], check=True)
        subprocess.run(["tar", "-cf", path, "-b", "64", "-C", self.scratch.name, "peer.py",
                        "-C", self.file("ramdisk"), "guest.img"], check=True)
        return path

    def inside(self, *commands):
        """What the guest's shell says to each; every one must succeed."""
        said = []
        with guest.Console(self.vm, NAME) as g:
            g.shell()
            for command in commands:
                status, text = g.run(command, 900)
                if status:
                    raise guest.Timeout("in the guest: %s: exit status %d: %s"
                                        % (command, status, text.strip()[-400:]))
                said.append(text.strip())
        return said

    # --- checks: True, or what was wrong

    def check_login(self):
        """Created with disk, network and console, to Debian's login and root's shell; of the
        processor's features one is not to be seen in it."""
        self.free = self.free_memory()
        self.config(NAME, memory=256, extra=LINUX, more='ramdisk="/run/guest.img"\nvcpus=1\n'
                    'maxvcpus=2\nnomigrate=1\ntsc_mode="native"\ncpuid="host,popcnt=0"\n'
                    'disk=["format=raw,vdev=xvda,access=rw,target=/dev/vdb"]\n'
                    'vif=["bridge=xenbr0,mac=00:16:3e:00:00:01"]')
        started = time.monotonic()
        self.create(NAME)
        created = time.monotonic() - started
        with guest.Console(self.vm, NAME) as g:
            g.login(1500)
            self.detail = "created in %d s, login after %d s" % (created,
                                                                time.monotonic() - started)
            g.run("hostname guest")
            inside = g.run("grep -qw popcnt /proc/cpuinfo")[0]
            said = g.run("uname -r; lsblk -no NAME; ls /sys/class/net; "
                         "dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace'", 400)[1].split()
        outside = self.vm.run("grep -qw popcnt /proc/cpuinfo")[0]
        return (said[0].startswith("6.1.") and "xvda" in said and "eth0" in said
                and said[-1] == "0" and (inside, outside) == (1, 0)) or \
            "%s, popcnt %s and %s" % (said, inside, outside)

    def check_io(self):
        """Written past the page cache, and read back from the disk."""
        said = self.inside(
            "head -c 8M /dev/urandom > /run/data && cp /run/data /var/data && sync /var/data && "
            "echo 3 > /proc/sys/vm/drop_caches; md5sum < /run/data",
            "md5sum < /var/data; rm /var/data")
        return said[0] == said[1] or str(said)

    def check_network(self):
        self.must("python3 /run/peer.py > /run/peer.log 2>&1 & true")
        said = self.inside(
            "ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up; "
            "bash -c 'for i in $(seq 60); do exec 3<>/dev/tcp/10.9.0.1/9000 && break; sleep 1; "
            "done; stat -c %s /run/data >&3 && cat /run/data >&3 && head -n 1 <&3' 2>&1",
            "md5sum < /run/data; rm /run/data")
        return said[0].split()[-1] == said[1].split()[0] or str(said)

    def check_pause(self):
        def used():
            return self.must("xl list %s | tail -n 1" % NAME).split()[-1]
        self.must("xl pause " + NAME)
        state, before = self.listed()[NAME], used()
        time.sleep(3)
        after = used()
        self.must("xl unpause " + NAME)
        self.inside("true")
        return ("p" in state and before == after and "p" not in self.listed()[NAME]) or \
            "%s, %s then %s" % (state, before, after)

    def check_memory(self):
        def now():
            return int(self.must("xl list %s | tail -n 1" % NAME).split()[2])
        seen = []
        for target in (192, 256):
            self.must("xl mem-set %s %d" % (NAME, target))
            self.wait_for("%d MiB" % target, 600, lambda: abs(now() - target) <= 1)
            seen.append(int(self.inside("awk '/MemTotal/ { print $2 }' /proc/meminfo")[0]))
        self.detail = "%s KiB inside" % seen
        return seen[1] - seen[0] > 60 << 10 or str(seen)

    def check_vcpus(self):
        online = "cat /sys/devices/system/cpu/online"
        self.must("xl vcpu-set --ignore-host %s 2" % NAME)
        two = self.inside(
            "n=0; until grep -q 1 /sys/devices/system/cpu/cpu1/online || [ $n = 200 ]; do sleep 1; "
            "n=$((n + 1)); echo 1 > /sys/devices/system/cpu/cpu1/online; done 2>/dev/null; " + online,
            "taskset 2 md5sum /bin/bash; nproc")
        rows = self.must("xl vcpu-list " + NAME).strip().splitlines()[1:]
        self.must("xl vcpu-set %s 1" % NAME)
        one = self.inside("n=0; until [ $(%s) = 0 ] || [ $n = 200 ]; do sleep 1; n=$((n + 1)); "
                          "done; %s" % (online, online))
        return (two[0].endswith("0-1") and two[1].endswith("\n2") and len(rows) == 2
                and one[0].endswith("0")) or "%s, %s, %s" % (two, rows, one)

    def check_attach(self):
        """A second disk, a file in dom0: written in the guest, read outside, and taken away."""
        self.must("dd if=/dev/urandom of=/guests/more.raw bs=1M count=4 2>/dev/null")
        self.must("xl block-attach %s format=raw,vdev=xvdb,access=rw,target=/guests/more.raw"
                  % NAME)
        before = self.must("md5sum < /guests/more.raw").split()[0]
        said = self.inside(
            "n=0; until [ -b /dev/xvdb ] || [ $n = 200 ]; do sleep 1; n=$((n + 1)); done; "
            "md5sum < /dev/xvdb",
            "head -c 1M /bin/bash > /run/part; dd if=/run/part of=/dev/xvdb conv=fsync "
            "status=none; md5sum < /run/part; rm /run/part")
        listed = self.must("xl block-list " + NAME)
        self.must("xl block-detach %s xvdb" % NAME)
        self.wait_for("no loop device", 300, lambda: not self.must("losetup -a").strip())
        after = self.must("head -c 1M /guests/more.raw | md5sum").split()[0]
        gone = self.inside("n=0; while [ -b /dev/xvdb ] && [ $n -lt 200 ]; do sleep 1; "
                           "n=$((n + 1)); done; lsblk -no NAME")[0]
        return (said[0].split()[0] == before and said[1].split()[0] == after and "51728" in listed
                and "xvdb" not in gone) or "%s %s %s %s %s" % (before, said, after, listed, gone)

    def check_shutdown(self):
        started = time.monotonic()
        self.must("xl shutdown -w " + NAME, 900)
        self.gone(NAME)
        self.detail = "%d s" % (time.monotonic() - started)
        return True

    def check_left(self):
        """Nothing is left of it.  The first guests make dom0's own tables grow."""
        self.free -= 64
        first = super().check_left()
        if first is not True:
            return first

        def life():
            self.must("xl create -p /guests/%s.cfg && xl destroy %s" % (NAME, NAME), 900)
            self.gone(NAME)
        return self.costs_nothing(life)


def main():
    """tools.py's command line, with the combination in each line of the report."""
    def word(name, default):
        at = sys.argv.index(name) + 1 if name in sys.argv else 0
        return sys.argv[at] if at else default
    Swap.NAME = "swap-%s-%s-%s" % ("xen" if word("--hypervisor", "") == "stock" else "dais",
                                   word("--tools", "dais"), word("--store", "ours"))
    tools.Ours, tools.FIRST, guest.CHECKS = Swap, CHECKS, []
    return tools.main()


if __name__ == "__main__":
    sys.exit(main())
