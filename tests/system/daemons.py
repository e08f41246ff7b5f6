# SPDX-License-Identifier: MIT
"""daisd and dais-consoled in a Debian dom0: policies, the API, consoles, and being killed.

  daemons.py --cache DIR --hypervisor PATH|stock --build DIR [--checks NAME,...]

The rest of dom0 is Debian's.  Debian's xenconsoled is replaced by ours while a guest runs.
"""

import json
import os
import subprocess
import sys
import time

import commands
import cores
import guest
import openmetrics
import tools

CHECKS = ["install", "consoled", "beside", "commands", "undone", "journal", "api", "refused_api", "reboot", "killed", "metrics",
          "crashed", "recrashed", "crashed_alone", "crashed_both", "crashed_killed", "ended", "half", "driver", "left"]

# A request in Perl, which every Debian has: HTTP/1.0, so that the end is the connection's.
HTTP = (r"use IO::Socket::UNIX; my ($m, $p, $f) = @ARGV; my $b = q{};"
        r"if ($f) { local $/; open(my $h, q{<}, $f); $b = <$h>; }"
        r"my $s = IO::Socket::UNIX->new(q{/run/dais/daisd.sock}) or die $!;"
        r"print $s qq{$m $p HTTP/1.0\r\nHost: dais\r\nContent-Length: }.length($b).qq{\r\n\r\n$b};"
        r"$s->flush; print while <$s>;")


# A vif's script that kills daisd in the midst of a create, once.
KILL = """#!/bin/sh
[ "$1" = online ] && [ ! -e /run/killed ] || exit 0
touch /run/killed
kill -9 $(cat /run/daisd.pid)
"""


class Daemons(tools.Ours):
    NAME = "daemons"

    def more_files(self, work):
        build = os.path.join(self.args.build, "dom0-tools")
        subprocess.run(["cp", os.path.join(self.args.build, "tests/guests/hello/hello"),
                        os.path.join(self.args.build, "tests/guests/crash/crash"),
                        os.path.join(tools.HERE, "core.pl"), work], check=True)
        for name, text in (("kill", KILL), ("same", commands.SAME)):
            with open(os.path.join(work, name), "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(os.path.join(work, name), 0o755)
        self.copy(work, [os.path.join(build, "dais-consoled"), os.path.join(build, "daisd/daisd")])
        with open(os.path.join(work, "http.pl"), "w", encoding="utf-8") as f:
            f.write(HTTP)

    # --- small helpers

    def ask(self, method, path, body="", timeout=900):
        """Status and data of the API's answer."""
        said = self.must("perl /opt/dais/http.pl %s '%s' %s" % (method, path, body), timeout)
        # The hypervisor's log is on the same line: one of its lines may have come before.
        said = said[said.index("HTTP/1."):]
        head, _, document = said.replace("\r", "").partition("\n\n")
        status = int(head.split()[1])
        return status, json.loads(document)["data"] if document.startswith("{") else document

    def end(self, name, signal="TERM"):
        """Until the daemon, which keeps its number in a file, is no more."""
        self.must("p=$(cat /run/%s.pid); kill -%s $p; while kill -0 $p 2>/dev/null; do sleep 0.2; "
                  "done" % (name, signal))

    def daisd(self, auto="auto"):
        self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/daisd --pid-file=/run/daisd.pid "
                  "--auto=/guests/" + auto)
        self.wait_for("daisd", 300, lambda: not self.vm.run("perl /opt/dais/http.pl GET /v1/version")[0])

    def consoled(self):
        self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/dais-consoled --timestamp=guest "
                  "--pid-file=/run/consoled.pid")

    def domains(self):
        return {d["name"]: d for d in self.ask("GET", "/v1/domains")[1]}

    # --- checks: True, or what was wrong

    def check_consoled(self):
        """Ours in the place of Debian's, killed and started again: the guest stays at hand."""
        self.free = self.free_memory()
        self.config("c1", memory=96)
        self.create("c1")
        with guest.Console(self.vm, "c1") as g:
            g.shell()
        self.end("xenconsoled")
        self.consoled()
        for turn in ("one", "two"):
            with guest.Console(self.vm, "c1") as g:
                g.shell()
                g.run("echo turn-''%s > /dev/hvc0" % turn)
            self.wait_for("turn-" + turn, 120, lambda turn=turn: not self.vm.run(
                "grep -q '^.20.*turn-%s' /var/log/dais/console/c1.log" % turn)[0])
            if turn == "one":
                self.end("consoled", "KILL")
                self.consoled()
        self.detail = self.must("grep VmRSS /proc/$(cat /run/consoled.pid)/status").split(":")[1].strip()
        return True

    def check_beside(self):
        """Debian's xl with our console daemon: a domain of dais's, and one of its own."""
        said = super().check_beside()
        if said is not True:
            return said
        # It goes away if it does not hear of a terminal in time.
        self.config("x1", memory=96)
        self.must(tools.XL + " create -e /guests/x1.cfg")
        with guest.Console(self.vm, "x1", tools.XL) as g:
            g.shell()
        self.must(tools.XL + " destroy x1")
        self.gone("x1")
        return True

    def check_commands(self):
        return commands.check(self, "c1")

    def check_journal(self):
        """daisd starts what stands in its folder, once; domains of others it leaves alone."""
        self.config("auto", memory=96)
        self.must("mkdir -p /guests/auto && mv /guests/auto.cfg /guests/auto/")
        # As in a dom0 of which nobody told the store.
        self.must("xenstore-rm /local/domain/0/name; xenstore-rm /local/domain/0/domid")
        self.daisd()
        self.wait_for("dom0's name", 300, lambda: self.vm.run(
            "test $(xenstore-read /local/domain/0/name) = Domain-0 && "
            "test $(xenstore-read /local/domain/0/domid) = 0")[0] == 0)
        self.wait_for("autostart", 600, lambda: "auto" in self.domains())
        # It is told of when all of it is done.
        self.wait_for("the journal", 300, lambda: "autostarted" in [
            e["event"] for e in self.ask("GET", "/v1/journal?name=auto")[1]])
        return True

    def check_api(self):
        self.config("api", memory=96)
        status, made = self.ask("POST", "/v1/domains", "/guests/api.cfg")
        if status != 201 or made["name"] != "api":
            return "%d: %s" % (status, made)
        for path, state in (("pause", True), ("unpause", False)):
            status, said = self.ask("POST", "/v1/domains/api/" + path)
            if status != 200 or said["paused"] != state:
                return "%s: %d %s" % (path, status, said)
        if self.ask("POST", "/v1/domains/api/rename?name=other")[1]["name"] != "other":
            return "not renamed"
        if self.ask("GET", "/v1/domains/other/config")[1]["memory_kb"] != 96 << 10:
            return "another configuration"
        status, _ = self.ask("DELETE", "/v1/domains/" + made["uuid"])
        self.gone("other")
        return status == 200

    def check_refused_api(self):
        self.must("echo 'name = ' > /guests/bad.cfg")
        for method, path, body, status, code in (
                ("GET", "/v1/nothing", "", 404, "usage"),
                ("PUT", "/v1/domains", "", 405, "usage"),
                ("GET", "/v1/domains/nobody", "", 404, "no-domain"),
                ("POST", "/v1/domains", "/guests/bad.cfg", 400, "config"),
                ("POST", "/v1/domains", "/guests/auto/auto.cfg", 409, "exists"),
                ("POST", "/v1/domains/auto/vcpus?count=x", "", 400, "usage")):
            got, said = self.ask(method, path, body)
            if got != status or said["code"] != code:
                return "%s %s: %d %s" % (method, path, got, said)
        return True

    def again(self, name, before, timeout=600):
        """The domain is there under another number."""
        self.wait_for(name + " again", timeout, lambda: self.domains().get(
            name, {"domid": before["domid"]})["domid"] != before["domid"])
        return self.domains()[name]

    def check_reboot(self):
        before = self.domains()["auto"]
        self.must("xl console auto < /dev/null > /dev/null 2>&1 & sleep 1; kill $! 2>/dev/null; true")
        with guest.Console(self.vm, "auto") as g:
            g.shell()
        self.ask("POST", "/v1/domains/auto/reboot")
        after = self.again("auto", before)
        if after["uuid"] != before["uuid"]:
            return "another UUID"
        with guest.Console(self.vm, "auto") as g:
            g.shell()
        return True

    def check_killed(self):
        """Killed again and again while a guest goes from one life to the next."""
        before = self.domains()["auto"]
        self.ask("POST", "/v1/domains/auto/reboot")
        self.wait_for("its end", 400, lambda: self.domains().get("auto", before) == {} or
                      self.domains().get("auto", {}).get("state") == "shutdown" or
                      self.domains().get("auto", before)["domid"] != before["domid"])
        for _ in range(8):
            self.must("kill -9 $(cat /run/daisd.pid)")
            self.daisd()
            time.sleep(0.7)
        self.again("auto", before)
        with guest.Console(self.vm, "auto") as g:
            g.shell()
        self.wait_for("no intent", 120, lambda: not self.must("ls /var/lib/dais/daisd/intents").strip())
        names = sorted(self.domains())
        return names == ["Domain-0", "auto", "c1"] or str(names)

    def check_metrics(self):
        self.must("perl /opt/dais/http.pl GET /metrics | tr -d '\\r' > /run/answer; "
                  "sed '1,/^$/d' /run/answer > /run/metrics")
        head = self.must("sed '/^$/q' /run/answer")
        size = int(self.must("wc -c < /run/metrics"))
        # Whole only if nothing came between: the hypervisor's log is on the same line.
        for _ in range(10):
            text = self.must("cat /run/metrics").strip("\n") + "\n"
            if len(text.encode()) == size:
                break
        wrong = openmetrics.faults(text)
        if wrong or 'dais_domain_memory_bytes{name="auto"' not in text:
            return "%s\n%s" % ("\n".join(wrong), text[-400:])
        self.detail = "%d lines" % text.count("\n")
        return " 200 " in head and "application/openmetrics-text; version=1.0.0" in head or head

    def check_crashed(self):
        """A guest that crashes leaves a core with its pages in it; one that is let be, if asked."""
        for name, action, core in (("k1", "coredump-destroy", "/var/lib/dais/dump/k1.core"),
                                   ("k2", "preserve", "/guests/k2.core")):
            self.config(name, memory=16, more='kernel="/opt/dais/crash"\nramdisk=""\n'
                        'on_crash="%s"' % action)
            self.must("dais create /guests/%s.cfg" % name)
            if action == "preserve":
                self.must("dais wait -t 200 k2 down && dais dump-core k2 %s && dais destroy k2" % core,
                          900)
            self.gone(name)
            said = cores.fault(self, core)
            if said:
                return said
            self.must("rm " + core)
        events = [e["event"] for e in self.ask("GET", "/v1/journal?name=k1")[1]]
        left = self.must("ls -A /var/lib/dais/dump").strip()
        return ("dumped" in events and not left) or "%s %s" % (events, left)

    def check_recrashed(self):
        return cores.check_restart(self)

    def check_crashed_alone(self):
        return cores.check_alone(self)

    def check_crashed_both(self):
        return cores.check_both(self)

    def check_crashed_killed(self):
        return cores.check_killed(self)

    def check_ended(self):
        """A guest that powers off is gone for good, also for the next daisd."""
        self.ask("POST", "/v1/domains/auto/shutdown")
        self.gone("auto")
        self.end("daisd")
        self.daisd()
        time.sleep(5)
        if "auto" in self.domains():
            return "started again"
        commands.check_end(self, "c1")
        self.gone("c1")
        return True

    def check_half(self):
        """Killed in the midst of an autostart: the next daisd does the rest, the one after none."""
        self.end("daisd")
        self.must("rm -f /run/dais/autostarted; mkdir /guests/boot")
        for name, more in (("b1", 'vif=["bridge=xenbr0,script=/opt/dais/kill"]'), ("b2", "")):
            self.config(name, memory=16, more='kernel="/opt/dais/hello"\nramdisk=""\n'
                        'on_poweroff="preserve"\non_reboot="preserve"\n' + more)
            self.must("mv /guests/%s.cfg /guests/boot/" % name)
        self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/daisd --pid-file=/run/daisd.pid "
                  "--auto=/guests/boot; n=0; until [ -e /run/killed ] || [ $n = 3000 ]; do "
                  "sleep 0.1; n=$((n + 1)); done; [ -e /run/killed ] && "
                  "while kill -0 $(cat /run/daisd.pid) 2>/dev/null; do sleep 0.2; done", 900)
        if "b2" in self.listed():
            return "b2 was there before the kill"
        self.daisd("boot")
        self.wait_for("b1 and b2", 400, lambda: {"b1", "b2"} <= set(self.domains()))
        self.must("xl destroy b2")
        self.gone("b2")
        self.end("daisd")
        self.daisd("boot")
        time.sleep(5)
        names = sorted(self.domains())
        self.must("xl destroy b1")
        self.gone("b1")
        return names == ["Domain-0", "b1"] or str(names)

    def check_left(self):
        """Nothing is left, and another life costs nothing: dom0's own tables have grown by now."""
        self.free -= 64
        first = super().check_left()
        if first is not True:
            return first
        self.config("api", memory=96)

        def life():
            made = self.ask("POST", "/v1/domains", "/guests/api.cfg")[1]
            self.ask("DELETE", "/v1/domains/" + made["uuid"])
            self.gone("api")
        return self.costs_nothing(life)


if __name__ == "__main__":
    tools.Ours, tools.FIRST, guest.CHECKS = Daemons, CHECKS, []
    sys.exit(tools.main())
