# SPDX-License-Identifier: MIT
"""Our xenstored in a Debian dom0: killed, updated while it runs, and under systemd.

  store.py --cache DIR --hypervisor PATH|stock --build DIR [--checks NAME,...]

Everything else is Debian's.  While the daemon is killed or replaced, clients write through dom0's
kernel (its own ring, /dev/xen/xenbus) and through the socket, each with a log of what was answered,
and a guest stands by whose kernel watches the store.  systemd runs inside the virtual machine only.
"""

import os
import subprocess
import sys
import time

import guest
import tools

CHECKS = ["install", "confined", "clients", "guest", "update", "killed", "guest_after", "systemd",
          "kept", "consoled", "guest_new", "left"]

# Writes /KEY/N for N from 1 on and logs each one answered; ends when the file STOP is there.
CLIENT = """#!/bin/bash
# client KEY PATH
export XENSTORED_PATH=$2
n=0
until [ -e /run/stop ]; do
	n=$((n + 1))
	xenstore-write "/$1/$n" "$n" "/$1/last" "$n" 2>> "/run/$1.err" && echo "$n" >> "/run/$1.log"
done
"""

# What the log has must be in the store.
VERIFY = """#!/bin/bash
# verify KEY
sort -n "/run/$1.log" > /run/want
xenstore-ls -f "/$1" | sed -n 's,^/[^/]*/\\([0-9]*\\) = "\\([0-9]*\\)".*,\\1 \\2,p' |
	awk '$1 == $2 { print $1 }' | sort -n > /run/have
lost=$(comm -23 <(sort /run/want) <(sort /run/have) | wc -l)
echo "written $(wc -l < /run/want) lost $lost"
[ "$lost" = 0 ] && [ -s /run/want ]
"""

# systemd as in a container: a process tree, mounts and control groups of its own, one unit to run.
SYSTEMD = """#!/bin/sh
mount -t xenfs xenfs /proc/xen
mkdir -p /sys/fs/cgroup
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
exec env -i container=lxc PATH="$PATH" /lib/systemd/systemd --system --unit=store.target \\
	--log-target=null --show-status=no > /run/systemd.log 2>&1 < /dev/null
"""

TARGET = """[Unit]
DefaultDependencies=no
Requires=xenstored.service
After=xenstored.service
"""

# It talks only to those of its own process tree.
SYSTEMCTL = "nsenter -t $(pgrep -xo systemd) -m -p systemctl "
CONTROL = "/usr/lib/xen-4.17/bin/xenstore-control"


class Store(tools.Ours):
    def more_files(self, work):
        self.copy(work, [os.path.join(self.args.build, "dom0-tools/dais-consoled")])
        here = os.path.dirname(os.path.dirname(guest.HERE))
        subprocess.run(["make", "-s", "-C", self.args.build, "xenstore/etc/xenstored.service"],
                       check=True)
        with open(os.path.join(self.args.build, "xenstore/etc/xenstored.service"),
                  encoding="utf-8") as f:
            lines = f.read().splitlines()
        # As installed, but for the folder.
        unit = []
        for line in lines:
            for key in ("ExecStart=", "ExecReload="):
                if line.startswith(key):
                    line = key + ("/opt/dais/xenstored --foreground" if key == "ExecStart=" else
                                  CONTROL + " live-update /opt/dais/xenstored")
            unit.append(line)
            if line == "[Service]":
                unit += ["Environment=LD_LIBRARY_PATH=/opt/dais",
                         "StandardError=append:/run/xenstored.err"]
        for name, text in (("xenstored.service", "\n".join(unit) + "\n"), ("client", CLIENT),
                           ("verify", VERIFY), ("systemd", SYSTEMD), ("store.target", TARGET)):
            with open(os.path.join(work, name), "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(os.path.join(work, name), 0o755)
        subprocess.run(["cp", os.path.join(here, "xenstore/etc/xenstored.sysusers"), work],
                       check=True)

    # --- small helpers

    def daemon(self):
        self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/xenstored --pid-file /run/xenstored.pid", 60)

    def pid(self):
        return self.must("cat /run/xenstored.pid").strip()

    def begin(self):
        """Clients by the kernel's ring and by the socket."""
        self.must("rm -f /run/stop /run/[ks].log /run/[ks].err; xenstore-rm /k; xenstore-rm /s; "
                  "(/opt/dais/client k /dev/xen/xenbus > /dev/null 2>&1 &); "
                  "(/opt/dais/client s /run/xenstored/socket > /dev/null 2>&1 &); "
                  "for i in $(seq 120); do [ -s /run/k.log ] && [ -s /run/s.log ] && break; "
                  "sleep 0.5; done; [ -s /run/k.log ] && [ -s /run/s.log ] || "
                  "{ cat /run/[ks].err; false; }", 240)

    def end(self):
        """True if all that was answered is there; the kernel's client had no error at all."""
        self.must("touch /run/stop; while pgrep -f /opt/dais/client > /dev/null; do sleep 0.5; done",
                  240)
        status = [self.vm.run("/opt/dais/verify " + key, 240) for key in "ks"]
        errors = self.must("cat /run/k.err; true").strip()
        self.detail += " kernel %s, socket %s" % tuple(s[1].strip() for s in status)
        if any(s[0] for s in status):
            return "lost writes:" + self.detail
        return not errors or "the kernel's client saw: " + errors[-300:]

    def balloon(self, megabytes):
        """Asks the guest's kernel, which watches its target in the store, for another size."""
        self.must("xl mem-set st %d" % megabytes, 120)
        self.wait_for("the guest's %d MiB" % megabytes, 120, lambda: abs(
            int(self.must("xl list st | tail -n 1").split()[2]) - megabytes) <= 2)

    # --- checks

    def check_install(self):
        self.args.tools = "xl"
        self.must("mkdir -p /opt/dais && tar xf /dev/vdd -C /opt/dais && "
                  "systemd-sysusers /opt/dais/xenstored.sysusers", 120)
        # Where the ring of dom0's kernel is hidden, it says so and does not serve.
        status, said = self.vm.run(
            "unshare -m sh -c 'umount /proc/xen; mount --bind /dev/null /dev/xen/xenbus_backend; "
            "LD_LIBRARY_PATH=/opt/dais /opt/dais/xenstored --state-dir /run/nothing'", 120)
        if status != 1 or "no ring" not in said:
            return "without dom0's ring: status %d, %s" % (status, said.strip())
        return super().check_install()

    def check_confined(self):
        said = self.must("grep -E '^(Uid|Cap|NoNew|Seccomp):?' /proc/%s/status" % self.pid())
        field = dict(line.split(":", 1) for line in said.strip().splitlines())
        user = self.must("id -u xenstored").strip()
        bad = [k for k, v in field.items() if k.startswith("Cap") and int(v, 16)]
        return (field["Uid"].split() == [user] * 4 and user != "0" and not bad and
                field["Seccomp"].strip() == "2") or said

    def check_clients(self):
        """Both kinds of clients, with nothing in their way: so the test itself works."""
        self.begin()
        time.sleep(3)
        return self.end()

    def check_guest(self):
        self.free = self.free_memory()
        self.config("st", memory=128)
        self.create("st")
        with guest.Console(self.vm, "st") as g:
            g.shell(240)
        self.balloon(112)
        return True

    def check_update(self):
        """Another program in its place, ten times, under load: the process stays."""
        self.begin()
        before = self.pid()
        for turn in range(10):
            self.must("%s live-update /opt/dais/xenstored" % CONTROL, 60)
            time.sleep(0.5)
            if self.must("cat /run/xenstored.pid; kill -0 %s" % before, 30).strip() != before:
                return "not the same process after update %d" % (turn + 1)
        self.balloon(120)
        good = self.end()
        errors = self.must("cat /run/s.err; true").strip()
        if good is True and errors:
            return "a client on the socket noticed: " + errors[-300:]
        return good

    def check_killed(self):
        self.begin()
        for _ in range(10):
            self.must("kill -9 %s" % self.pid())
            self.daemon()
            time.sleep(0.5)
        return self.end()

    def check_guest_after(self):
        """The guest's kernel has noticed nothing: its watch still fires."""
        self.balloon(104)
        with guest.Console(self.vm, "st") as g:
            g.shell(120)
        return True

    def last(self, command):
        """What the command says last; the console may show the command itself before."""
        return self.must(command).split()[-1]

    def check_systemd(self):
        """The same under a real systemd, which keeps clients' sockets: 20 kills."""
        self.must("mkdir -p /run/systemd/system && cp /opt/dais/xenstored.service "
                  "/opt/dais/store.target /run/systemd/system/ && chmod 644 "
                  "/run/systemd/system/* && cp /opt/dais/xenstored.sysusers "
                  "/usr/lib/sysusers.d/dais-xenstored.conf")
        self.must("kill %s; sleep 1; (unshare -p -f -m --mount-proc /opt/dais/systemd &); "
                  "for i in $(seq 40); do %s is-active xenstored > /dev/null 2>&1 && break; "
                  "sleep 0.5; done; %s is-active xenstored || { tail -n 5 /run/xenstored.err; false; }"
                  % (self.pid(), SYSTEMCTL, SYSTEMCTL),
                  240)
        # systemd has set the console anew, so that it shows again what is typed, and our name.
        self.vm.run("stty -echo -onlcr; hostname dom0", 60)
        self.must("kill $(cat /run/xenconsoled.pid); sleep 1; /usr/lib/xen-4.17/bin/xenconsoled "
                  "--pid-file /run/xenconsoled.pid --log=guest; sleep 1", 60)
        self.must("(timeout 900 xenstore-watch /kept > /run/watch.log 2>&1 &); sleep 1")
        self.begin()
        for _ in range(20):
            self.must(SYSTEMCTL + "kill -s KILL xenstored; sleep 0.5; for i in $(seq 100); do "
                      "timeout 5 xenstore-exists / && break; sleep 0.2; done", 120)
        restarts = self.last(SYSTEMCTL + "show -p NRestarts --value xenstored")
        self.detail = "%s restarts" % restarts
        good = self.end()
        return good if int(restarts) == 20 else "%s restarts of 20" % restarts

    def check_kept(self):
        """A process that watches has its socket still, and hears; so has xenconsoled."""
        self.must("xenstore-write /kept/now x; sleep 1; grep -q /kept/now /run/watch.log", 30)
        self.must("kill -0 $(cat /run/xenconsoled.pid)")
        main = self.last(SYSTEMCTL + "show -p MainPID --value xenstored")
        self.detail = self.must("nsenter -t $(pgrep -xo systemd) -m -p grep -E '^(Uid|CapEff|CapBnd)' /proc/%s/status" % main)
        self.detail = " ".join(self.detail.split())
        return "0000000000000000 CapBnd: 0000000000000000" in self.detail or self.detail

    def check_consoled(self):
        """Ours in xenconsoled's place: the watches it keeps, its other connection it renews."""
        self.must("kill $(cat /run/xenconsoled.pid); LD_LIBRARY_PATH=/opt/dais "
                  "/opt/dais/dais-consoled --pid-file=/run/consoled.pid", 120)
        self.must(SYSTEMCTL + "restart xenstored; for i in $(seq 100); do timeout 5 "
                  "xenstore-exists / && break; sleep 0.2; done", 240)
        self.must("kill -0 $(cat /run/consoled.pid)")
        return True

    def check_guest_new(self):
        """The old guest goes, a new one comes: both need all of the store's clients."""
        self.balloon(112)
        self.must("xl shutdown st", 60)
        self.wait_for("the end of st", 240, lambda: "s" in self.listed()["st"])
        # Whose xl ended when the store was killed without a service manager that kept its socket.
        self.must("xl destroy st", 120)
        self.gone("st", 240)
        self.create("st")
        with guest.Console(self.vm, "st") as g:
            g.shell(240)
        self.must("xl destroy st", 120)
        self.gone("st")
        logs = self.must("ls /var/log/dais/console").split()
        return logs == ["st.log"] or "logs are %s" % logs

    def check_left(self):
        return "OK" in self.must(CONTROL + " check", 60)


if __name__ == "__main__":
    tools.Ours, tools.FIRST, guest.CHECKS = Store, CHECKS, []
    sys.exit(tools.main())
