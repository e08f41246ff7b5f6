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
        return self.must(VIRSH + "domstate " + name, 120).strip()

    def info(self, name):
        """What virsh says of a domain, by its own words."""
        said = self.must(VIRSH + "dominfo " + name, 120)
        return dict(re.findall(r"(?m)^([^:\n]+): +(.*)$", said))

    def start_libvirtd(self):
        self.must("libvirtd -d -p /run/libvirtd.pid", 240)
        self.wait_for("libvirtd", 240, lambda: not self.vm.run(VIRSH + "version", 120)[0])

    # --- checks: True, or what was wrong

    def check_libvirtd(self):
        """It starts above us and finds its driver."""
        # Of the archive, only /dev/vde's own folders: dom0's files stay.
        self.must("tar xf /dev/vde -C / --keep-directory-symlink && ldconfig", 240)
        self.must("getent group libvirt > /dev/null || echo libvirt:x:990: >> /etc/group; "
                  "mkdir -p /run/libvirt /var/lib/libvirt /var/log/libvirt/libxl; true")
        self.start_libvirtd()
        said = self.must(VIRSH + "version", 120)
        self.detail = "; ".join(line.strip() for line in said.splitlines() if "sing" in line)
        return bool(re.search(r"(?i)hypervisor: .*4\.17", said)) or said

    def check_host(self):
        """The machine and dom0 as libvirt shows them, and as we do through it."""
        node = self.must(VIRSH + "nodeinfo", 120)
        capabilities = self.must(VIRSH + "capabilities", 120)
        if not re.search(r"CPU\(s\): +2\n", node) or "<os_type>xen</os_type>" not in capabilities:
            return node + capabilities
        if "running" not in self.state("Domain-0") or "Domain-0" not in self.must(VIRSH + "list"):
            return "no Domain-0"
        listed = self.json(DAIS + "list", 120)
        told = self.json(DAIS + "info", 120)
        return [d["name"] for d in listed] == ["Domain-0"] and bool(told) or str((listed, told))

    def check_native(self):
        """A configuration of ours becomes libvirt's XML and one of ours again, by its converter."""
        self.free = self.free_memory()
        self.must("dd if=/dev/zero of=/guests/v1.raw bs=1M count=8 2>/dev/null")
        self.config("v1", memory=128, more='vcpus=1\nmaxvcpus=2\nmaxmem=160\n'
                    'disk=["format=raw,vdev=xvda,access=rw,target=/guests/v1.raw"]\n'
                    'vif=["bridge=xenbr0,mac=00:16:3e:00:00:01"]\n'
                    'uuid="5f8b5b5e-0c37-4f68-9a53-0d6f2f6d4c11"')
        self.must(DAIS + "config --file /guests/v1.cfg > /guests/v1.xml", 120)
        xml = self.must("grep . /guests/v1.xml")
        self.must(DAIS + "config --file /guests/v1.xml > /guests/again.cfg", 120)
        again = self.must("grep . /guests/again.cfg")
        self.must("dais check /guests/again.cfg", 120)
        # XML made elsewhere names QEMU for a raw image, which Linux serves here.
        self.must("sed s/backendtype=phy/backendtype=qdisk/ /guests/again.cfg > /guests/qemu.cfg; "
                  "dais check /guests/qemu.cfg 2>&1 | grep 'v1.raw, not QEMU'", 120)
        self.must("sed s/access=rw/access=rw,backendtype=phy/ /guests/v1.cfg > /guests/phy.cfg")
        theirs = self.must(VIRSH + "domxml-from-native xen-xl /guests/phy.cfg", 120)
        return all(word in xml for word in ("<name>v1</name>", "00:16:3e:00:00:01", "xenbr0",
                                            "/guests/v1.raw", "current='1'>2</vcpu>", "xvda")) and \
            all(word in again for word in ("v1.raw", "00:16:3e:00:00:01", "maxvcpus")) and \
            "driver name='phy'" in xml and theirs.split() == xml.split() or xml + again + theirs

    def check_create(self):
        self.must(VIRSH + "define /guests/v1.xml && " + VIRSH + "start v1", 400)
        info = self.info("v1")
        ours = [d for d in self.json("dais list", 120) if d["name"] == "v1"]
        through = [d for d in self.json(DAIS + "list", 120) if d["name"] == "v1"]
        return (info["State"] in ("running", "idle") and info["CPU(s)"] == "1"
                and len(ours) == 1 and len(through) == 1 and ours[0]["uuid"] == through[0]["uuid"]
                == info["UUID"]) or str((info, ours, through))

    def check_console(self):
        """Its shell, disk and card, on the console that our tools show."""
        with guest.Console(self.vm, "v1") as g:
            g.shell(240)
            said = g.run("dd if=/dev/urandom of=/dev/xvda bs=1M count=1 2>/dev/null && sync && "
                         "md5sum < /dev/xvda; ls /sys/class/net")[1].split()
        stats = self.must(VIRSH + "domblkstat v1 xvda", 120)
        outside = self.must("md5sum < /guests/v1.raw").split()[0]
        return said[0] == outside and "eth0" in said and "wr_bytes" in stats or str((said, stats))

    def check_pause(self):
        self.must(VIRSH + "suspend v1", 120)
        paused = self.state("v1"), self.json("dais list v1", 120)[0]["paused"]
        self.must(DAIS + "unpause v1", 120)
        running = self.state("v1"), self.json("dais list v1", 120)[0]["paused"]
        return paused == ("paused", True) and running == ("running", False) or str((paused, running))

    def check_memory(self):
        def now():
            return int(self.info("v1")["Used memory"].split()[0])
        for command, kib in ((VIRSH + "setmem v1 96M --live", 96 << 10),
                             (DAIS + "mem-set v1 128", 128 << 10)):
            self.must(command, 240)
            self.wait_for(command, 240, lambda kib=kib: abs(now() - kib) <= 1024)
        return True

    def check_vcpus(self):
        self.must(VIRSH + "setvcpus v1 2 --live", 120)
        with guest.Console(self.vm, "v1") as g:
            g.shell(120)
            said = g.run("n=0; until [ \"$(cat /sys/devices/system/cpu/online)\" = 0-1 ] || "
                         "[ $n = 60 ]; do sleep 1; n=$((n + 1)); "
                         "echo 1 > /sys/devices/system/cpu/cpu1/online; done 2>/dev/null; nproc",
                         300)[1].strip()
        return said == "2" and self.info("v1")["CPU(s)"] == "2" or said

    def check_attach(self):
        self.must("dd if=/dev/urandom of=/guests/v2.raw bs=1M count=2 2>/dev/null")
        self.must(VIRSH + "attach-disk v1 /guests/v2.raw xvdb --driver phy --live || " + VIRSH +
                  "attach-disk v1 /guests/v2.raw xvdb --live", 240)
        with guest.Console(self.vm, "v1") as g:
            g.shell(120)
            said = g.run("n=0; until [ -b /dev/xvdb ] || [ $n = 60 ]; do sleep 1; n=$((n + 1)); done;"
                         " md5sum < /dev/xvdb", 120)[1].split()[0]
        self.must(VIRSH + "detach-disk v1 xvdb --live", 240)
        return said == self.must("md5sum < /guests/v2.raw").split()[0] or said

    def check_shutdown(self):
        self.must(VIRSH + "reboot v1", 120)
        before = self.info("v1")["Id"]
        self.wait_for("its next life", 300, lambda: self.info("v1").get("Id", "-") not in
                      ("-", before))
        with guest.Console(self.vm, "v1") as g:
            g.shell(240)
        self.must(VIRSH + "shutdown v1", 120)
        self.wait_for("its end", 240, lambda: self.state("v1") == "shut off")
        self.gone("v1")
        self.must(VIRSH + "undefine v1", 120)
        return True

    def check_ours(self):
        """All of a life through dais -c."""
        self.must("sed -i /^uuid/d /guests/v1.cfg")
        self.must(DAIS + "create /guests/v1.cfg", 400)
        first = self.json(DAIS + "list v1", 120)[0]
        self.must(DAIS + "pause v1 && " + DAIS + "unpause v1", 240)
        self.must(DAIS + "vcpu-set v1 2", 120)
        named = self.must(DAIS + "domname %d" % first["domid"], 120).strip()
        config = self.must(DAIS + "config v1", 120)
        with guest.Console(self.vm, "v1") as g:
            g.shell(240)
        self.must(DAIS + "shutdown v1", 120)
        self.gone("v1")
        self.must(DAIS + "create /guests/v1.cfg && " + DAIS + "destroy v1", 400)
        self.gone("v1")
        return named == "v1" and "v1.raw" in config or named + config

    def check_refused_remote(self):
        for command, words in ((DAIS + "destroy nobody", "nobody"),
                               ("dais -c xen+unix:///system?socket=/none list", "none"),
                               (DAIS + "config --file /guests/bad.xml", "bad.xml")):
            self.must("echo '<domain>' > /guests/bad.xml")
            status, said = self.vm.run(command, 120)
            if not status or words not in said:
                return "%s: status %d, %s" % (command, status, said.strip())
        return True

    def check_restart(self):
        """libvirtd is killed beneath a domain, and knows it again."""
        self.must(DAIS + "create /guests/v1.cfg", 400)
        self.must("kill -9 $(cat /run/libvirtd.pid)")
        self.wait_for("its end", 60, lambda: self.vm.run("kill -0 $(cat /run/libvirtd.pid) 2>/dev/null")[0])
        self.start_libvirtd()
        state = self.state("v1")
        self.must(DAIS + "destroy v1", 240)
        self.gone("v1")
        return state == "running" or state

    def check_left(self):
        self.must("kill $(cat /run/libvirtd.pid)")
        self.wait_for("libvirtd's end", 60, lambda: self.vm.run(
            "kill -0 $(cat /run/libvirtd.pid) 2>/dev/null")[0])
        # The first guests make dom0's own tables grow, and libvirtd has had its share of dom0.
        self.free -= 64
        return super().check_left()


if __name__ == "__main__":
    tools.Ours, tools.FIRST, guest.CHECKS = Libvirtd, CHECKS, []
    sys.exit(tools.main())
