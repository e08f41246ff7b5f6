# SPDX-License-Identifier: MIT
"""Guests made by Debian's xl, xenstored and xenconsoled above a hypervisor.

  guest.py --cache DIR --hypervisor PATH|stock [--checks NAME,...] [--smp N]

Boots dom0 (mkguest.sh says what it is), creates stock Debian guests with stock tools, and goes
through what an administrator does with them.  With "stock" the same run is made on Debian's
Xen 4.17, which proves the test.  Exit status 0 if nothing failed.  Logs stand in DIR/logs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from vm import Gone, Machine, Report, Timeout

HERE = os.path.dirname(os.path.abspath(__file__))

# A guest of the quick kind: busybox in a ramdisk.
QUICK = """name="%(name)s"
kernel="/guests/vmlinuz"
ramdisk="/guests/ramdisk"
extra="console=hvc0 loglevel=2 %(extra)s"
memory=%(memory)d
%(more)s
"""

CHECKS = ["tools", "create", "pause", "disk", "network", "vcpus", "memory", "attach", "trigger",
          "reboot", "shutdown", "several", "attack", "destroy", "newer", "grub", "driver", "left",
          "debian"]


class Console:
    """A guest's console through xl, as long as the context lasts; dom0's shell waits meanwhile."""

    tokens = 0

    def __init__(self, vm, name, xl="xl"):
        self.vm, self.name, self.xl = vm, name, xl

    def __enter__(self):
        # xl waits seconds for a console daemon that has not come to this domain yet.
        self.vm.run("n=0; until xenstore-read /local/domain/$(xl domid %s)/console/tty 2>&1 | "
                    "grep -q /dev/ || [ $n = 60 ]; do sleep 1; n=$((n + 1)); done" % self.name, 900)
        self.vm.seen = len(self.vm.text)
        self.join()
        self.vm.settle(1)
        return self

    def join(self):
        self.vm.send("%s console %s" % (self.xl, self.name))

    def ask(self, where, timeout):
        """Until the shell at hand says that it is where it should be; then nothing is due."""
        end = time.monotonic() + timeout
        while True:
            Console.tokens += 1
            self.vm.send("echo at-''$(hostname)-%d" % Console.tokens)
            try:
                if self.vm.expect(r"at-(\w+)-%d\n" % Console.tokens, 15).group(1) == where:
                    return
            except Timeout:
                pass
            if time.monotonic() > end:
                raise Timeout("no shell on the console of " + self.name)
            if where == "dom0":
                self.leave()
                # To a shell that had not answered in time this was the begin of a line.
                self.vm.send("")
            elif "at-dom0-%d\n" % Console.tokens in self.vm.text[-200:]:
                # xl found no console yet, or one of a guest that has gone.
                self.join()
                time.sleep(1)

    def shell(self, timeout=400):
        """Until the guest's shell answers."""
        self.ask("guest", timeout)

    def login(self, timeout):
        """Until a login is offered, and by it to root's shell."""
        self.vm.expect(r"login: ?", timeout)
        self.vm.settle(1)
        self.vm.root_shell(600)

    def run(self, command, timeout=240):
        return self.vm.run(command, timeout)

    def leave(self):
        """xl's escape counts only as a character that comes alone."""
        self.vm.settle(0.5)
        self.vm.type(b"\x1d")
        self.vm.settle(1)

    def __exit__(self, *_):
        self.leave()
        self.ask("dom0", 400)
        self.vm.run("stty sane -echo -onlcr", 240)


class Run:
    """One boot of dom0 and the checks in it."""

    NAME = "guest"

    def __init__(self, args):
        self.cache = os.path.abspath(args.cache)
        self.stock = args.hypervisor == "stock"
        self.hypervisor = self.file("quick/xen") if self.stock else os.path.abspath(args.hypervisor)
        self.args = args
        self.report = Report(self.NAME)
        self.vm = None
        # Of this run alone, so that several can go on at a time; gone with the object.
        self.scratch = tempfile.TemporaryDirectory(prefix="run-", dir=self.cache)
        self.free = None

    def file(self, name):
        return os.path.join(self.cache, name)

    def arguments(self):
        return ["-accel", "tcg", "-machine", "q35", "-cpu", self.args.cpu,
                "-smp", str(self.args.smp), "-m", "1400", "-vga", "none", "-nic", "none",
                "-no-reboot", "-kernel", self.hypervisor, "-append",
                # What guests are refused as they start would break lines of dom0's shell.
                "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=warning dom0_mem=512M "
                + self.args.options,
                "-initrd", "%s console=hvc0 loglevel=2,%s"
                % (self.file("quick/vmlinuz"), self.file("guest/boot.img")),
                "-drive", "file=%s,format=raw,if=none,id=r,snapshot=on"
                % self.file("guest/root.img"), "-device", "virtio-blk-pci,drive=r",
                "-drive", "file=%s,format=raw,if=none,id=d,snapshot=on"
                % self.file("disk/root.img"), "-device", "virtio-blk-pci,drive=d",
                "-drive", "file=%s,format=raw,if=none,id=t,readonly=on" % self.guests(),
                "-device", "virtio-blk-pci,drive=t"]

    def guests(self):
        """A disk that is a tar archive: the guests made for tests."""
        path = os.path.join(self.scratch.name, "tests.tar")
        folder, name = os.path.split(os.path.abspath(self.args.wild))
        subprocess.run(["tar", "-cf", path, "-b", "64", "-C", folder, name], check=True)
        return path

    # --- small helpers

    def must(self, command, timeout=400):
        status, said = self.vm.run(command, timeout)
        if status:
            raise Timeout("%s: exit status %d: %s" % (command, status, said.strip()[-400:]))
        return said

    def config(self, name, memory=96, extra="", more=""):
        text = QUICK % dict(name=name, memory=memory, extra=extra, more=more)
        for at, line in enumerate(text.splitlines()):
            self.must("echo '%s' %s /guests/%s.cfg" % (line, ">>" if at else ">", name))

    def create(self, name, timeout=600):
        self.must("xl create /guests/%s.cfg" % name, timeout)

    def listed(self):
        """Names and states of the domains that there are."""
        rows = self.must("xl list").strip().splitlines()[1:]
        return {row.split()[0]: row.split()[4] for row in rows}

    def wait_for(self, what, timeout, test):
        end = time.monotonic() + timeout
        while not test():
            if time.monotonic() > end:
                raise Timeout("%s: not within %d s" % (what, timeout))
            time.sleep(1)

    def gone(self, name, timeout=400):
        self.wait_for(name + " gone", timeout, lambda: name not in self.listed())

    def free_memory(self):
        """In KiB, exactly."""
        return int(re.search(r"free_kib (\d+)", self.must("hvinfo")).group(1))

    # --- checks: True, or what was wrong

    def check_tools(self):
        info = self.must("xl info")
        for line in (r"xen_scheduler\s*: credit2", r"xen_version\s*: 4\.17",
                     r"xen_caps\s*: xen-3.0-x86_64 ", r"virt_caps\s*: pv "):
            if not re.search(line, info):
                return "xl info has no " + line
        if list(self.listed()) != ["Domain-0"]:
            return "xl list: %s" % self.listed()
        self.must("xl dmesg | grep -qi xen")
        self.must("xl cpupool-list | grep -q Pool-0")
        self.must("xl vcpu-list | grep -q Domain-0")
        self.must("xl sched-credit2 | grep -q Domain-0")
        return True

    def check_create(self):
        self.must("dd if=/dev/zero of=/guests/disk.raw bs=1M count=16 2>/dev/null")
        self.must("dd if=/dev/urandom of=/guests/more.raw bs=1M count=4 2>/dev/null")
        self.config("g1", memory=128, more='vcpus=1\nmaxvcpus=2\n'
                    'disk=["format=raw,vdev=xvda,access=rw,target=/guests/disk.raw"]\n'
                    'vif=["bridge=xenbr0,mac=00:16:3e:00:00:01"]')
        started = time.monotonic()
        self.create("g1")
        created = time.monotonic() - started
        with Console(self.vm, "g1") as g:
            g.shell()
            said = g.run("uname -r; grep -c ^processor /proc/cpuinfo")[1]
            self.vm.run("dmesg | grep -E 'BUG|WARNING|Oops|Call Trace'")
        if "6.1." not in said:
            return "uname: " + said
        self.detail = "xl create %.1f s, shell after %.1f s" % (created,
                                                                time.monotonic() - started)
        return True

    def check_pause(self):
        self.must("xl pause g1")
        state = self.listed()["g1"]
        before = self.must("xl list g1 | tail -n 1").split()[-1]
        time.sleep(3)
        after = self.must("xl list g1 | tail -n 1").split()[-1]
        self.must("xl unpause g1")
        if "p" not in state or before != after:
            return "state %s, time %s then %s" % (state, before, after)
        with Console(self.vm, "g1") as g:
            g.shell()
        return True

    def check_disk(self):
        with Console(self.vm, "g1") as g:
            g.shell()
            g.run("dd if=/bin/busybox of=/dev/xvda bs=64k conv=fsync 2>/dev/null", 600)
            inside = g.run("md5sum < /bin/busybox; dd if=/dev/xvda bs=1k count=$(($(wc -c "
                           "< /bin/busybox) / 1024)) 2>/dev/null | md5sum; wc -c < /bin/busybox",
                           600)[1]
        size = int(inside.split()[-1])
        outside = self.must("sync; head -c %d /guests/disk.raw | md5sum" % size)
        return outside.split()[0] == inside.split()[0] or "%s is not %s" % (outside, inside)

    def check_network(self):
        with Console(self.vm, "g1") as g:
            g.shell()
            g.run("ifconfig eth0 10.9.0.2 up")
            g.run("n=0; until ping -c 1 -W 2 10.9.0.1 > /dev/null 2>&1 || [ $n = 60 ]; do "
                  "sleep 1; n=$((n + 1)); done", 400)
            status, said = g.run("ping -c 3 -W 5 10.9.0.1", 240)
            g.run("(nc -l -p 9000 < /bin/busybox) > /dev/null 2>&1 & true")
            inside = g.run("md5sum < /bin/busybox")[1]
        if status:
            return said
        # It may not listen yet.
        outside = self.must("for i in $(seq 60); do exec 3< /dev/tcp/10.9.0.2/9000 && break; "
                            "sleep 1; done 2> /dev/null; md5sum <&3; exec 3<&-")
        return outside.split()[0] == inside.split()[0] or "%s is not %s" % (outside, inside)

    def check_vcpus(self):
        self.must("xl vcpu-set --ignore-host g1 2")
        with Console(self.vm, "g1") as g:
            g.shell()
            g.run("n=0; until [ -e /sys/devices/system/cpu/cpu1/online ] || [ $n = 120 ]; do "
                  "sleep 1; n=$((n + 1)); done", 400)
            # Debian's kernel waits for user space to bring it up.
            g.run("grep -q 1 /sys/devices/system/cpu/cpu1/online || "
                  "echo 1 > /sys/devices/system/cpu/cpu1/online", 240)
            two = g.run("cat /sys/devices/system/cpu/online")[1].strip()
            busy = g.run("(while :; do :; done) & a=$!; (while :; do :; done) & sleep 4; "
                         "kill $a $!; grep -c ^processor /proc/cpuinfo", 240)[1].strip()
        rows = self.must("xl vcpu-list g1").strip().splitlines()[1:]
        self.must("xl vcpu-pin g1 1 0")
        self.must("xl vcpu-set g1 1")
        with Console(self.vm, "g1") as g:
            g.shell()
            g.run("n=0; until [ $(cat /sys/devices/system/cpu/online) = 0 ] || [ $n = 120 ]; do "
                  "sleep 1; n=$((n + 1)); done", 400)
            one = g.run("cat /sys/devices/system/cpu/online")[1].strip()
        good = two == "0-1" and one == "0" and len(rows) == 2 and busy.endswith("2")
        return good or "online %s then %s, busy %s, rows %s" % (two, one, busy, rows)

    def check_memory(self):
        sizes = []
        for target in (104, 128):
            self.must("xl mem-set g1 %d" % target)
            self.wait_for("g1 at %d MiB" % target, 400, lambda: abs(int(self.must(
                "xl list g1 | tail -n 1").split()[2]) - target) <= 1)
            sizes.append(int(self.must("xl list g1 | tail -n 1").split()[2]))
        with Console(self.vm, "g1") as g:
            g.shell()
        self.detail = "%s MiB" % sizes
        return True

    def check_attach(self):
        self.must("xl block-attach g1 format=raw,vdev=xvdb,access=r,target=/guests/more.raw")
        with Console(self.vm, "g1") as g:
            g.shell()
            g.run("n=0; until [ -b /dev/xvdb ] || [ $n = 120 ]; do sleep 1; n=$((n + 1)); done", 400)
            inside = g.run("md5sum < /dev/xvdb", 240)[1]
        outside = self.must("md5sum < /guests/more.raw")
        # Row 142: whatever a guest sends there, the device that its back-end has is not written to.
        self.must("d=$(losetup -n -O NAME -j /guests/more.raw | tr -d ' '); [ -b $d ] && "
                  "[ $(blockdev --getro $d) = 1 ] && ! dd if=/dev/zero of=$d bs=4k count=1 "
                  "conv=fsync 2> /dev/null && [ \"$(md5sum < /guests/more.raw)\" = '%s' ]"
                  % outside.strip())
        self.must("xl block-list g1 | grep -q 51728")
        self.must("xl block-detach g1 xvdb")
        if inside.split()[0] != outside.split()[0]:
            return "%s is not %s" % (outside, inside)
        self.must("xl network-attach g1 bridge=xenbr0 mac=00:16:3e:00:00:09")
        self.must("xl network-list g1 | grep -q 00:16:3e:00:00:09")
        self.must("xl network-detach g1 1")
        return True

    def check_trigger(self):
        with Console(self.vm, "g1") as g:
            g.shell()
            # What the kernel says then must not stand in the midst of what the shell says.
            g.run("dmesg -n 1; echo 1 > /proc/sys/kernel/sysrq")
        self.must("xl sysrq g1 m")
        with Console(self.vm, "g1") as g:
            g.shell()
            status, _ = g.run("n=0; until dmesg | grep -q Mem-Info || [ $n = 60 ]; do sleep 1; "
                              "n=$((n + 1)); done; dmesg | grep -q Mem-Info")
        return status == 0 or "no Mem-Info in the guest's log"

    def check_reboot(self):
        before = self.must("xl domid g1").strip()
        self.must("xl reboot g1")
        self.wait_for("a new domain id", 600, lambda: self.vm.run("xl domid g1")[1].strip()
                      not in ("", before) and "invalid" not in self.vm.run("xl domid g1")[1])
        with Console(self.vm, "g1") as g:
            g.shell()
        return True

    def check_shutdown(self):
        self.must("xl shutdown -w g1", 900)
        self.gone("g1")
        # From here on: what tables and caches the first guest made grow is there.
        self.free = self.free_memory()
        return True

    def check_several(self):
        names = ["s1", "s2", "s3"]
        before = self.free_memory()
        for name in names:
            self.config(name, memory=112)
        # Two at a time, as a machine that starts does it.
        self.must("xl create /guests/s1.cfg & a=$!; xl create /guests/s2.cfg && wait $a", 600)
        self.create("s3")
        for name in names:
            with Console(self.vm, name) as g:
                g.shell()
                if "alive" not in g.run("echo al''ive")[1]:
                    return name + " does not answer"
        self.detail = "%d KiB each beyond their own" % (
            (before - self.free_memory()) / len(names) - 112 * 1024)
        return all(n in self.listed() for n in names) or str(self.listed())

    def check_attack(self):
        """A guest makes hypercalls of all kinds with wild arguments (tests/guests/wild)."""
        said = []
        for seed in (1, 2, 3, 4):
            # The last also makes those that can only end in its own death, or in nothing.
            extra = "seed=%d count=30000%s" % (seed, " all=1" if seed == 4 else "")
            self.config("bad%d" % seed, memory=112, more='kernel="/run/wild"\nramdisk=""\n'
                        'on_reboot="destroy"\non_crash="destroy"\nextra="%s"' % extra)
            self.create("bad%d" % seed)
            try:
                self.gone("bad%d" % seed, 300 if seed < 4 else 60)
            except Timeout:
                if seed < 4:
                    raise
                self.must("xl destroy bad4")
            # What it said last is written when it has gone.
            log = "tail -n 30 /var/log/xen/console/guest-bad%d.log" % seed
            if seed < 4:
                self.vm.run("n=0; until %s | grep -q 'wild: done' || [ $n = 60 ]; do sleep 1; "
                            "n=$((n + 1)); done" % log, 240)
            said.append(self.must(log))
        with Console(self.vm, "s1") as g:
            g.shell()
        self.detail = " ".join(re.findall(r"wild: done.*", "".join(said)))
        return all("wild: done" in text for text in said[:3]) or str(said)

    def check_destroy(self):
        for name in ("s1", "s2", "s3"):
            self.must("xl destroy " + name)
        for name in ("s1", "s2", "s3"):
            self.gone(name)
        return True

    def check_newer(self):
        """Debian 13's kernel, as a guest with two vCPUs from the start.  That its TSC is native and
        it stays here it is told, and takes the TSC for its clock where the processor's is invariant."""
        self.config("newer", memory=160, more='kernel="/guests/vmlinuz-6.12"\nvcpus=2\n'
                    'tsc_mode="native"\nnomigrate=1')
        self.create("newer")
        with Console(self.vm, "newer") as g:
            g.shell()
            said = g.run("uname -r; cat /sys/devices/system/cpu/online")[1].split()
            clock = g.run("grep -c nonstop_tsc /proc/cpuinfo; "
                          "cat /sys/devices/system/clocksource/*0/current_clocksource")[1].split()
            busy = g.run("for i in 1 2 3 4; do (dd if=/dev/zero bs=64k count=64 2>/dev/null | "
                         "md5sum) & done; wait", 400)[1]
        self.must("xl destroy newer")
        self.gone("newer")
        sums = set(line.split()[0] for line in busy.strip().splitlines())
        good = said[0].startswith("6.12") and said[1] == "0-1" and len(sums) == 1
        self.detail = "clock %s" % clock[-1]
        good = good and clock == (["0", "xen"] if clock[0] == "0" else ["2", "tsc"])
        return good or "%s %s %s" % (said, clock, busy)

    def check_driver(self):
        """A guest serves another's network interface; dom0 introduces them and is not on the way."""
        self.must("mkdir -p /run/driver/lib && cp $(find /usr/lib/modules -name xen-netback.ko) "
                  "/run/driver/lib/ && (cd /run/driver && find . | cpio -o -H newc 2>/dev/null) | "
                  "gzip -1 > /run/driver.gz && cat /guests/ramdisk /run/driver.gz > "
                  "/guests/driver.img")
        self.config("driver", more='ramdisk="/guests/driver.img"\ndriver_domain=1')
        self.config("served", more='vif=["backend=driver,mac=00:16:3e:00:00:05"]')
        if not self.vm.run("xl create /guests/served.cfg", 600)[0]:
            return "served by a domain that is not there"
        self.create("driver")
        with Console(self.vm, "driver") as g:
            g.shell()
            g.run("insmod /lib/xen-netback.ko")
        self.create("served")
        link = "vif%d.0" % int(self.must("xl domid served"))
        back = "backend/vif/%s/hotplug-status" % link[3:].replace(".", "/")
        with Console(self.vm, "driver") as g:
            g.shell()
            # The script of a driver domain: the interface is up, and the store is told (XS_WRITE).
            status, said = g.run(
                "ifconfig %s 10.8.0.1 netmask 255.255.255.0 up && "
                "printf '\\013\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\%o\\0\\0\\0%s\\0connected' "
                "> /dev/xen/xenbus" % (link, len(back) + 10, back))
        if status:
            return said
        with Console(self.vm, "served") as g:
            g.shell()
            status, said = g.run("ifconfig eth0 10.8.0.2 netmask 255.255.255.0 up; "
                                 "n=0; until ping -c 1 10.8.0.1 > /dev/null 2>&1 || [ $n = 60 ]; do "
                                 "sleep 1; n=$((n + 1)); done; ping -c 5 -s 1400 10.8.0.1", 600)
        if status or link in self.must("ls /sys/class/net"):
            return said
        self.must("xl destroy served")
        self.gone("served")
        left = self.must("n=0; while a=$(xenstore-ls -f /local/domain/$(xl domid driver)/backend "
                         "2>/dev/null); echo $a | grep -q frontend && [ $n -lt 60 ]; do sleep 1; "
                         "n=$((n + 1)); done; echo $a")
        self.must("xl destroy driver")
        self.gone("driver")
        return "frontend" not in left or left

    def check_grub(self):
        """The kernel is found by PV GRUB on the guest's own disk."""
        self.config("grub", memory=192, more='kernel="/guests/grub-x86_64-xen.bin"\nramdisk=""\n'
                    'disk=["format=raw,vdev=xvda,access=rw,target=/guests/grub.raw"]')
        self.create("grub")
        with Console(self.vm, "grub") as g:
            g.shell()
            said = g.run("cat /proc/cmdline")[1]
        self.must("xl destroy grub")
        self.gone("grub")
        return "from=grub" in said or said

    def check_left(self):
        """Nothing of a guest is left: no node, loop device, interface, or memory."""
        self.wait_for("no loop devices", 120, lambda: not self.must("losetup -a").strip())
        links = self.must("ls /sys/class/net").split()
        nodes = self.must("xenstore-list /local/domain").split()
        backends = self.must("xenstore-ls /local/domain/0/backend 2>/dev/null | "
                             "grep -c frontend-id; true").split()
        if links != ["lo", "xenbr0"] or nodes != ["0"] or backends[-1] != "0":
            return "links %s, domains %s, back-ends %s" % (links, nodes, backends)
        for _ in range(30):
            free = self.free_memory()
            if free >= (self.free or 0):
                return True
            time.sleep(1)
        return "%d KiB free, %d before" % (free, self.free)

    def check_debian(self):
        """A whole Debian with systemd, on the second disk, to its login."""
        self.config("debian", memory=384)
        for line in ('kernel="/guests/vmlinuz"', 'ramdisk="/guests/initrd"',
                     'extra="root=LABEL=dais-root ro console=hvc0 loglevel=2 '
                     'net.ifnames=0 systemd.default_timeout_start_sec=900"',
                     'disk=["format=raw,vdev=xvda,access=rw,target=/dev/vdb"]',
                     'vif=["bridge=xenbr0"]'):
            self.must("echo '%s' >> /guests/debian.cfg" % line)
        self.must("mount -o ro /dev/vdb /mnt && cp /mnt/boot/initrd.img-6.1.* /guests/initrd "
                  "&& umount /mnt")
        started = time.monotonic()
        self.create("debian")
        with Console(self.vm, "debian") as g:
            g.login(1500)
            self.detail = "login after %d s" % (time.monotonic() - started)
            said = g.run("systemctl is-system-running; lsblk -no NAME; "
                         "dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace'; true", 400)[1]
        self.must("xl shutdown -w debian", 900)
        self.gone("debian")
        return "xvda" in said or said

    # --- the way through them

    def one(self, name):
        self.detail = ""
        started = time.monotonic()
        try:
            good = getattr(self, "check_" + name)()
        except Timeout as error:
            good = str(error)
        took = " %d s" % (time.monotonic() - started)
        if good is True:
            return self.report.result(name, True, (self.detail + took).strip())
        self.report.result(name, False, good + took)
        print(self.vm.tail(30))
        return False

    def go(self):
        logs = self.file("logs")
        os.makedirs(logs, exist_ok=True)
        log = os.path.join(logs, "%s%s.log" % (self.report.prefix, ".stock" if self.stock else ""))
        started = time.monotonic()
        with Machine(self.arguments(), log) as self.vm:
            self.vm.shell_only = True
            try:
                self.vm.expect("dom0: ready after", 1200)
                self.vm.answer(240)
                self.vm.run("stty -echo -onlcr; PS1=; dmesg -n 2", 240)
                self.must("tar xf /dev/vdc -C /run")
                self.report.result("dom0", True, "%d s" % (time.monotonic() - started))
                for name in self.args.checks.split(","):
                    self.one(name)
                complaints = self.must("dmesg | grep -E 'BUG|WARNING|Oops|Call Trace' | "
                                       "grep -v RETBleed; true").strip()
                self.report.result("dom0's log", not complaints, complaints)
                if complaints:
                    print(self.must("dmesg | grep -E -B 12 -A 30 'BUG|WARNING|Oops|Call Trace'"))
            except (Timeout, Gone) as error:
                self.report.result("run", False, str(error))
                print(self.vm.tail(40))
                self.vm.log.write(self.vm.monitor("info registers -a").encode())
            print("    %d s; all of it: %s" % (time.monotonic() - started, log))
        return self.report.failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--checks", default=",".join(CHECKS))
    parser.add_argument("--options", default="", help="more options of the hypervisor")
    parser.add_argument("--wild", default="tests/guests/wild/wild",
                        help="the guest of that name, built")
    parser.add_argument("--smp", default=1, type=int)
    parser.add_argument("--cpu", default="Nehalem")
    args = parser.parse_args()
    status = subprocess.run([os.path.join(HERE, "mkguest.sh"), args.cache]).returncode
    if status == 77:
        print("ok - guest: all # SKIP the disk image cannot be made without root")
        return 0
    if status:
        print("not ok - guest: mkguest.sh failed")
        return 1
    return 0 if Run(args).go() else 1


if __name__ == "__main__":
    sys.exit(main())
