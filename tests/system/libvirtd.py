# SPDX-License-Identifier: MIT
"""Debian's libvirtd, with its driver for Xen, in a dom0 of ours: a host as clusters manage it.

  libvirtd.py --cache DIR --hypervisor PATH|stock --build DIR [--store stock] [--checks NAME,...]

virsh is the witness; `dais -c URI` is asked for the same things.  Debian's libxenlight makes the
domains, and our tools see them.
"""

import os
import re
import subprocess
import sys

import guest
import tools

CHECKS = ["install", "libvirtd", "host", "native", "create", "console", "pause", "memory", "vcpus",
          "attach", "shutdown", "ours", "refused_remote", "restart", "left"]
URI = "xen:///system"
VIRSH = "virsh -q -c %s " % URI
DAIS = "dais -c %s " % URI


class Libvirtd(tools.Ours):
    """One boot of dom0, and libvirtd in it."""

    NAME = "libvirt"

    def more_files(self, work):
        """Its own libraries come with libvirtd."""
        subprocess.run(["cp", os.path.join(self.args.build, "dom0-tools/dais-remote"), work],
                       check=True)

    def arguments(self):
        # libvirt gives no guest more vCPUs than the machine has.
        self.args.smp = 2
        subprocess.run([os.path.join(guest.HERE, "mklibvirt.sh"), self.cache], check=True)
        return super().arguments() + [
            "-drive", "file=%s,format=raw,if=none,id=l,readonly=on" % self.file("libvirt/files.tar"),
            "-device", "virtio-blk-pci,drive=l"]

    def state(self, name):
        return self.must(VIRSH + "domstate " + name).strip()

    def info(self, name):
        """What virsh says of a domain, by its own words."""
        said = self.must(VIRSH + "dominfo " + name)
        return dict(re.findall(r"(?m)^([^:\n]+): +(.*)$", said))

    def start_libvirtd(self):
        self.must("libvirtd -d -p /run/libvirtd.pid", 600)
        self.wait_for("libvirtd", 600, lambda: not self.vm.run(VIRSH + "version", 300)[0])

    # --- checks: True, or what was wrong

    def check_libvirtd(self):
        """It starts above us and finds its driver."""
        # Of the archive, only /dev/vde's own folders: dom0's files stay.
        self.must("tar xf /dev/vde -C / --keep-directory-symlink && ldconfig")
        self.must("getent group libvirt > /dev/null || echo libvirt:x:990: >> /etc/group; "
                  "mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt/libxl; true")
        self.start_libvirtd()
        said = self.must(VIRSH + "version")
        self.detail = "; ".join(line.strip() for line in said.splitlines() if "sing" in line)
        return bool(re.search(r"(?i)hypervisor: .*4\.17", said)) or said

    def check_host(self):
        """The machine and dom0 as libvirt shows them, and as we do through it."""
        node = self.must(VIRSH + "nodeinfo")
        capabilities = self.must(VIRSH + "capabilities")
        if not re.search(r"CPU\(s\): +2\n", node) or "<os_type>xen</os_type>" not in capabilities:
            return node + capabilities
        if "running" not in self.state("Domain-0") or "Domain-0" not in self.must(VIRSH + "list"):
            return "no Domain-0"
        listed = self.json(DAIS + "list")
        told = self.json(DAIS + "info")
        return [d["name"] for d in listed] == ["Domain-0"] and bool(told) or str((listed, told))

    def check_native(self):
        """A configuration of ours becomes libvirt's XML and one of ours again, by its converter."""
        self.free = self.free_memory()
        self.must("dd if=/dev/zero of=/guests/v1.raw bs=1M count=8 2>/dev/null")
        self.config("v1", memory=128, more='vcpus=1\nmaxvcpus=2\nmaxmem=160\n'
                    'disk=["format=raw,vdev=xvda,access=rw,target=/guests/v1.raw"]\n'
                    'vif=["bridge=xenbr0,mac=00:16:3e:00:00:01"]\n'
                    'uuid="5f8b5b5e-0c37-4f68-9a53-0d6f2f6d4c11"')
        self.must(DAIS + "config --file /guests/v1.cfg > /guests/v1.xml")
        xml = self.must("grep . /guests/v1.xml")
        self.must(DAIS + "config --file /guests/v1.xml > /guests/again.cfg")
        again = self.must("grep . /guests/again.cfg")
        self.must("dais check /guests/again.cfg")
        # XML made elsewhere names QEMU for a raw image, which Linux serves here.
        self.must("sed s/backendtype=phy/backendtype=qdisk/ /guests/again.cfg > /guests/qemu.cfg; "
                  "dais check /guests/qemu.cfg 2>&1 | grep 'v1.raw, not QEMU'")
        self.must("sed s/access=rw/access=rw,backendtype=phy/ /guests/v1.cfg > /guests/phy.cfg")
        theirs = self.must(VIRSH + "domxml-from-native xen-xl /guests/phy.cfg")
        return all(word in xml for word in ("<name>v1</name>", "00:16:3e:00:00:01", "xenbr0",
                                            "/guests/v1.raw", "current='1'>2</vcpu>", "xvda")) and \
            all(word in again for word in ("v1.raw", "00:16:3e:00:00:01", "maxvcpus")) and \
            "driver name='phy'" in xml and theirs.split() == xml.split() or xml + again + theirs

    def check_create(self):
        self.must(VIRSH + "define /guests/v1.xml && " + VIRSH + "start v1")
        info = self.info("v1")
        ours = [d for d in self.json("dais list") if d["name"] == "v1"]
        through = [d for d in self.json(DAIS + "list") if d["name"] == "v1"]
        return (info["State"] in ("running", "idle") and info["CPU(s)"] == "1"
                and len(ours) == 1 and len(through) == 1 and ours[0]["uuid"] == through[0]["uuid"]
                == info["UUID"]) or str((info, ours, through))

    def check_console(self):
        """Its shell, disk and card, on the console that our tools show."""
        with guest.Console(self.vm, "v1") as g:
            g.shell()
            said = g.run("dd if=/dev/urandom of=/dev/xvda bs=1M count=1 2>/dev/null && sync && "
                         "md5sum < /dev/xvda; ls /sys/class/net")[1].split()
        stats = self.must(VIRSH + "domblkstat v1 xvda")
        outside = self.must("md5sum < /guests/v1.raw").split()[0]
        return said[0] == outside and "eth0" in said and "wr_bytes" in stats or str((said, stats))

    def check_pause(self):
        self.must(VIRSH + "suspend v1")
        paused = self.state("v1"), self.json("dais list v1")[0]["paused"]
        self.must(DAIS + "unpause v1")
        running = self.state("v1"), self.json("dais list v1")[0]["paused"]
        return paused == ("paused", True) and running == ("running", False) or str((paused, running))

    def check_memory(self):
        def now():
            return int(self.info("v1")["Used memory"].split()[0])
        for command, kib in ((VIRSH + "setmem v1 96M --live", 96 << 10),
                             (DAIS + "mem-set v1 128", 128 << 10)):
            self.must(command)
            self.wait_for(command, 600, lambda kib=kib: abs(now() - kib) <= 1024)
        return True

    def check_vcpus(self):
        self.must(VIRSH + "setvcpus v1 2 --live")
        with guest.Console(self.vm, "v1") as g:
            g.shell()
            said = g.run("n=0; until [ \"$(cat /sys/devices/system/cpu/online)\" = 0-1 ] || "
                         "[ $n = 200 ]; do sleep 1; n=$((n + 1)); "
                         "echo 1 > /sys/devices/system/cpu/cpu1/online; done 2>/dev/null; nproc",
                         600)[1].strip()
        return said == "2" and self.info("v1")["CPU(s)"] == "2" or said

    def check_attach(self):
        self.must("dd if=/dev/urandom of=/guests/v2.raw bs=1M count=2 2>/dev/null")
        self.must(VIRSH + "attach-disk v1 /guests/v2.raw xvdb --driver phy --live || " + VIRSH +
                  "attach-disk v1 /guests/v2.raw xvdb --live")
        with guest.Console(self.vm, "v1") as g:
            g.shell()
            said = g.run("n=0; until [ -b /dev/xvdb ] || [ $n = 200 ]; do sleep 1; n=$((n + 1)); done;"
                         " md5sum < /dev/xvdb", 600)[1].split()[0]
        self.must(VIRSH + "detach-disk v1 xvdb --live")
        return said == self.must("md5sum < /guests/v2.raw").split()[0] or said

    def check_shutdown(self):
        before = self.must(VIRSH + "domid v1").strip()
        self.must(VIRSH + "reboot v1")
        # Between two lives libvirt may have no answer, or "-".
        self.wait_for("its next life", 600, lambda: not self.vm.run(
            "n=$(%s domid v1 2> /dev/null) && [ \"$n\" -gt %s ] 2> /dev/null" % (VIRSH, before))[0])
        with guest.Console(self.vm, "v1") as g:
            g.shell()
        self.must(VIRSH + "shutdown v1")
        self.wait_for("its end", 600, lambda: self.vm.run(VIRSH + "domstate v1")[1].strip()
                      == "shut off")
        self.gone("v1")
        self.must(VIRSH + "undefine v1")
        return True

    def check_ours(self):
        """All of a life through dais -c."""
        self.must("sed -i /^uuid/d /guests/v1.cfg")
        self.must(DAIS + "create /guests/v1.cfg")
        first = self.json(DAIS + "list v1")[0]
        self.must(DAIS + "pause v1 && " + DAIS + "unpause v1")
        self.must(DAIS + "vcpu-set v1 2")
        named = self.must(DAIS + "domname %d" % first["domid"]).strip()
        config = self.must(DAIS + "config v1")
        with guest.Console(self.vm, "v1") as g:
            g.shell()
        self.must(DAIS + "shutdown v1")
        self.gone("v1")
        self.must(DAIS + "create /guests/v1.cfg && " + DAIS + "destroy v1")
        self.gone("v1")
        return named == "v1" and "v1.raw" in config or named + config

    def check_refused_remote(self):
        for command, words in ((DAIS + "destroy nobody", "nobody"),
                               ("dais -c xen+unix:///system?socket=/none list", "none"),
                               (DAIS + "config --file /guests/bad.xml", "bad.xml")):
            self.must("echo '<domain>' > /guests/bad.xml")
            status, said = self.vm.run(command)
            if not status or words not in said:
                return "%s: status %d, %s" % (command, status, said.strip())
        return True

    def check_restart(self):
        """libvirtd is killed beneath a domain, and knows it again."""
        self.must(DAIS + "create /guests/v1.cfg")
        self.must("kill -9 $(cat /run/libvirtd.pid)")
        self.wait_for("its end", 300, lambda: self.vm.run("kill -0 $(cat /run/libvirtd.pid) 2>/dev/null")[0])
        self.start_libvirtd()
        state = self.state("v1")
        self.must(DAIS + "destroy v1")
        self.gone("v1")
        return state == "running" or state

    def check_left(self):
        self.must("kill $(cat /run/libvirtd.pid)")
        self.wait_for("libvirtd's end", 300, lambda: self.vm.run(
            "kill -0 $(cat /run/libvirtd.pid) 2>/dev/null")[0])
        # The first guests make dom0's own tables grow, and libvirtd has had its share of dom0.
        self.free -= 64
        return super().check_left()


if __name__ == "__main__":
    tools.Ours, tools.FIRST, guest.CHECKS = Libvirtd, CHECKS, []
    sys.exit(tools.main())
