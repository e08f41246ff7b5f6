# SPDX-License-Identifier: MIT
"""The checks of guest.py with our tools in the place of Debian's xl, and what only ours do.

  tools.py --cache DIR --hypervisor PATH|stock --build DIR [--tools xl] [--store stock]
           [--checks NAME,...]

dais is called by the name xl and xenstored is ours, both from the build directory DIR, above
Dais or above Debian's Xen 4.17; the rest of dom0 stays Debian's.  --tools xl and --store stock
swap one part for Debian's.  So each line passes for two reasons: the command does its work, and
it does it in the way that a script written for xl expects.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time

import guest

HERE = os.path.dirname(os.path.abspath(__file__))

# Before the guests of guest.py, and after them, when nothing should be left.
FIRST = ["install", "refused", "undone", "beside"]
# Debian's own, where dais has its name.
XL = "/usr/lib/xen-4.17/bin/xl"


class Ours(guest.Run):
    """One boot of dom0 in which xl is dais."""

    NAME = "tools"

    def tools(self):
        """dais, libdais and what they need that dom0 may not have, as a tar archive."""
        build = os.path.join(self.args.build, "dom0-tools")
        work = os.path.join(self.scratch.name, "files")
        os.makedirs(work)
        # The library's parts are loaded by name, so that ldd of the program does not see them.
        store = os.path.join(self.args.build, "xenstore", "xenstored")
        files = [os.path.join(build, name) for name in
                 ("dais", "libdais.so.0", "libdais-image.so.0", "libdais-net.so.0")] + [store]
        self.copy(work, files)
        self.more_files(work)
        subprocess.run(["tar", "-cf", work + ".tar", "-b", "64", "-C", work, "."], check=True)
        return work + ".tar"

    @staticmethod
    def copy(work, files):
        """Programs, and the libraries that they are linked with."""
        subprocess.run(["cp", "-L"] + files + [work], check=True)
        said = subprocess.run(["ldd"] + files, check=True, stdout=subprocess.PIPE,
                              universal_newlines=True).stdout
        for line in said.splitlines():
            part = line.split()
            # The C library is dom0's own.
            if len(part) > 2 and part[1] == "=>" and part[2].startswith("/") and \
                    not part[0].startswith(("libc.", "libm.", "libdais", "ld-")):
                subprocess.run(["cp", "-L", part[2], work], check=True)

    def more_files(self, work):
        """For benchmarks: what else is to come along."""

    def arguments(self):
        args = super().arguments()
        if self.args.store == "ours":
            # Then dom0 comes up without a store, and check_install starts it.
            args = [a.replace(" loglevel=2,", " loglevel=2 NO_STORE=1,") for a in args]
        return args + [
            "-drive", "file=%s,format=raw,if=none,id=o,readonly=on" % self.tools(),
            "-device", "virtio-blk-pci,drive=o"]

    def json(self, command, timeout=600):
        return json.loads(self.must(command + " --json", timeout))["data"]

    def check_install(self):
        self.must("mkdir -p /opt/dais && tar xf /dev/vdd -C /opt/dais")
        if self.args.store == "ours":
            self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/xenstored --pid-file "
                      "/run/xenstored.pid && for i in $(seq 1000); do xenstore-read -s / "
                      "> /dev/null 2>&1 && break; sleep 0.1; done; b=/usr/lib/xen-4.17/bin; "
                      "$b/xen-init-dom0 && $b/xenconsoled --pid-file /run/xenconsoled.pid "
                      "--log=guest", 600)
        if self.args.tools == "xl":
            return True
        self.must("echo 'exec env LD_LIBRARY_PATH=/opt/dais /opt/dais/dais \"$@\"' "
                  "> /usr/local/bin/dais")
        self.must("echo 'exec -a xl env LD_LIBRARY_PATH=/opt/dais /opt/dais/xl \"$@\"' "
                  "> /usr/local/bin/xl; ln -s dais /opt/dais/xl")
        self.must("chmod +x /usr/local/bin/dais /usr/local/bin/xl; hash -r")
        self.detail = self.must("dais version").strip()
        return self.json("dais list")[0]["name"] == "Domain-0"

    def check_refused(self):
        """What cannot work is refused with its own exit status, and says why."""
        self.config("bad", memory=64)
        self.must("sed -i s,/guests/vmlinuz,/guests/none, /guests/bad.cfg")
        for command, status, words in (
                ("dais create /guests/bad.cfg", (3, 11), "No such file"),
                ("dais create /guests/bad.cfg memory=999999 kernel=/guests/vmlinuz", (6,), "free"),
                ("dais destroy nobody", (4,), "nobody"),
                ("dais destroy 0", (10,), "control domain"),
                ("dais list --none", (2,), "--none")):
            got, said = self.vm.run(command, 120)
            if got not in status or words not in said:
                return "%s: status %d, %s" % (command, got, said.strip())
        return True

    def costs_nothing(self, life):
        """Dom0's own tables grow now and then; what leaks does so each time, so that of four lives
        none would cost nothing."""
        for number in range(1, 5):
            before = self.free_memory()
            life()
            self.wait_for("no back-end", 300, lambda: "frontend-id" not in self.must(
                "xenstore-ls /local/domain/0/backend 2>/dev/null; true"))
            if self.back(before):
                self.detail = "life %d left nothing" % number
                return super().check_left()
        return "each of %d lives left something, %d KiB free of %d" % (
            number, self.free_memory(), before)

    def snapshot(self):
        """Everything that a create may leave behind."""
        return self.must("dais list | awk '{ print $1, $2 }'; "
                         "xenstore-ls -f | grep -v '^/tool'; losetup -a; ls /sys/class/net; "
                         "ls /var/lib/dais/domains 2>/dev/null; true", 120).strip()

    def check_undone(self):
        """Each step of a create made to fail: nothing is left of it."""
        self.must("dd if=/dev/zero of=/guests/undo.raw bs=1M count=4 2>/dev/null")
        self.config("undo", memory=96, more='disk=["format=raw,vdev=xvda,access=rw,'
                    'target=/guests/undo.raw"]\nvif=["bridge=xenbr0"]')
        return self.undo_steps("undo", 11)

    def check_beside(self):
        """Debian's xl goes on with a domain that dais made: shows it, joins its console, ends it."""
        self.config("beside", memory=96)
        self.must("dais create -e /guests/beside.cfg")
        number = self.must("dais domid beside").strip()
        place = self.must("xenstore-read /local/domain/%s/vm" % number).strip()
        if self.must(XL + " domid beside").strip() != number or \
                not re.search(r"(?m)^beside +%s " % number, self.must(XL + " list")):
            return self.must(XL + " list")
        with guest.Console(self.vm, "beside", XL) as g:
            g.shell()
        self.must(XL + " destroy beside")
        self.gone("beside")
        # What xl does not know of, and daisd removes.
        self.must("rm /var/lib/dais/domains/%s.cfg" % place.split("/")[-1])
        left = self.must("xenstore-ls -f | grep -E -e '^%s[/ ]' -e '^/(local/domain|libxl|"
                         "local/domain/0/backend/[a-z]+)/%s[/ ]'; true" % (place, number))
        return not left.strip() or "left: " + left

    def undo_steps(self, name, least):
        """At least so many steps of this domain's create, each made to fail and each undone."""
        config = "/guests/%s.cfg" % name
        # Once with success, so that directories and caches are there.
        self.must("dais create -e -p %s && dais destroy %s" % (config, name), 400)
        self.wait_for("the loop device to go", 300,
                      lambda: "undo.raw" not in self.must("losetup -a"))
        before = self.snapshot()
        for step in range(1, 40):
            # The hypervisor's own tables grow now and then; a step that leaks does so each time.
            for _ in range(4):
                free = self.free_memory()
                status, said = self.vm.run("DAIS_FAIL_STEP=%d dais create -e -p %s"
                                           % (step, config), 400)
                if not status:
                    self.must("dais destroy " + name, 400)
                    self.detail = "%d steps" % (step - 1)
                    return step > least - 1
                if "DAIS_FAIL_STEP" not in said:
                    return "step %d: %s" % (step, said)
                try:
                    self.wait_for("step %d undone" % step, 120, lambda: self.snapshot() == before)
                except guest.Timeout as error:
                    return "%s: changed %s" % (error, sorted(set(self.snapshot().splitlines())
                                                             ^ set(before.splitlines())))
                if self.back(free):
                    break
            else:
                return "step %d takes memory each time" % step
        return "no end of steps"

    def back(self, free):
        """So much memory is free again, at once or soon."""
        for _ in range(20):
            if self.free_memory() >= free:
                return True
            time.sleep(1)
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--tools", default="dais", choices=("dais", "xl"))
    parser.add_argument("--store", default="ours", choices=("ours", "stock"))
    parser.add_argument("--checks", default=",".join(FIRST + guest.CHECKS))
    parser.add_argument("--options", default="", help="more options of the hypervisor")
    parser.add_argument("--smp", default=1, type=int)
    parser.add_argument("--cpu", default="Nehalem")
    args = parser.parse_args()
    args.wild = os.path.join(args.build, "tests/guests/wild/wild")
    if args.tools == "xl":
        args.checks = ",".join(c for c in args.checks.split(",") if c not in ("refused", "undone",
                                                                             "beside"))
    status = subprocess.run([os.path.join(HERE, "mkguest.sh"), args.cache]).returncode
    if status == 77:
        print("ok - tools: all # SKIP the disk image cannot be made without root")
        return 0
    if status:
        print("not ok - tools: mkguest.sh failed")
        return 1
    return 0 if Ours(args).go() else 1


if __name__ == "__main__":
    sys.exit(main())
