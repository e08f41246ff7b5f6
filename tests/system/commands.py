# SPDX-License-Identifier: MIT
"""What dais has for one guest and for the host, command by command: a part of daemons.py.

What is said is looked at inside dom0, as the hypervisor's log is on the same serial line.
"""

from vm import Timeout

# Command, what it says (an extended regular expression for grep), its exit status if not 0.
SHOWN = [
    ("dais list GUEST", r"^GUEST +[0-9]+ +[0-9]+ +1 +[-rb]{2}-"),
    ("dais list -v -Z -c -n GUEST", "Pool-0"),
    ("dais list --long GUEST", '"name" *: *"GUEST"'),
    ("dais info -n", "^xen_scheduler +: credit2"),
    ("dais top -b -i 1 -d 1", "GUEST"),
    ("dais uptime GUEST", r"^GUEST +[0-9]+ +[0-9]+:[0-9]{2}:[0-9]{2}$"),
    ("xl uptime -s GUEST", r"^ [0-9]{2}:[0-9]{2}:[0-9]{2} up +[0-9]+:[0-9]{2}, GUEST \([0-9]+\)$"),
    ("dais domname $(dais domid GUEST)", "^GUEST$"),
    ("dais vcpu-list GUEST", "^GUEST +[0-9]+ +0 "),
    ("dais cpupool-list -c Pool-0", "^Pool-0 +0"),
    ("dais config GUEST", 'name = "GUEST"'),
    ("dais check -q /guests/GUEST.cfg", ""),
    ("dais create -n -d /guests/GUEST.cfg memory=97", "memory = 97"),
    ("xl help --long", "vcpu-pin"),
    ("dais wait -t 0 GUEST gone", "within 0 s", 9),
    ("dais sched -a 0", "-d", 2),
    ("dais sched -d GUEST -a 4095", "4095", 3),
    ("dais create /guests/GUEST.cfg name=shown cpuid=host,smap=1", "no guest .* can have smap", 3),
    ("dais create -V /guests/GUEST.cfg", "the configuration has none", 3),
]

# What is set, and where it shows.
SET = [
    ("dais sched -d GUEST -w 512 -c 50 -a 0", ""),
    ("dais sched -d GUEST", r"^GUEST +[0-9]+ +512 +50  (0|all)$"),
    ("xl sched-credit2 -d GUEST", r"^GUEST +[0-9]+ +512 +50$"),
    ("dais sched -d GUEST -w 256 -c 0 -a all", ""),
    ("dais sched -s -r 99", "0, or 100 to 500000", 2),
    ("dais sched -s -r 5000", ""),
    ("xl sched-credit2 -s -p Pool-0", "ratelimit=5000us"),
    ("dais sched -s -r 100", ""),
    ("dais sched -s -p Pool-0", "ratelimit=100us"),
    ("dais vcpu-pin --ignore-global-affinity-masks -f GUEST all 0 -", ""),
    ("dais vcpu-pin GUEST 0 all all", ""),
    ("dais vcpu-set -i GUEST 1", ""),
    ("dais mem-max GUEST 100", ""),
    # Beside what is set a MiB, as with xl.
    ("dais list --json GUEST", '"max_memory_kb": *103424'),
    ("dais mem-max GUEST 98304k", ""),
    ("dais mem-set GUEST 100663296b", ""),
    ("dais rename GUEST other", ""),
    ("dais domid other", "^[0-9]+$"),
    ("dais rename other GUEST", ""),
    ("dais pause GUEST", ""),
    ("dais wait -t 60 GUEST paused", ""),
    ("dais unpause GUEST", ""),
    ("dais wait -t 60 GUEST up", ""),
    ("dais sysrq GUEST h", ""),
    ("dais trigger GUEST power", "none for PV guests", 10),
    ("dais trigger GUEST s3resume", "none for PV guests", 10),
    ("dais network-attach GUEST bridge=xenbr0 mac=00:16:3e:00:00:19", ""),
    ("dais network-list GUEST", "00:16:3e:00:00:19"),
    # Debian's xl knows what we gave it.
    ("/opt/dais/same network-list GUEST", ""),
    ("dais network-detach -f GUEST 00:16:3e:00:00:19", ""),
    ("dais block-attach GUEST format=raw vdev=xvdc access=r target=/guests/shown.raw", ""),
    ("dais block-list GUEST", "51744"),
    ("/opt/dais/same block-list GUEST", ""),
    ("dais block-detach -f GUEST xvdc", ""),
    # One that never runs, for what ends a domain.
    ("dais create -d -q -e -p --ignore-global-affinity-masks /guests/GUEST.cfg 'name=\"idle\"'",
     'name = "idle"'),
    ("dais shutdown -w idle", "does not .or not yet. listen", 10),
    ("dais reboot --json idle", '"code": *"state"', 10),
    ("dais destroy -f idle", ""),
    ("dais wait -t 120 idle gone", ""),
]

# Called as xl: what it says is what Debian's says, but for what each moment has another of.
SAME = r"""#!/bin/sh
said() {
	"$@" 2>&1 | sed -E -e 's/[-rbp]{3,6} +[0-9]+\.[0-9]/MOMENT/' -e 's/^(free_memory +:).*/\1/' \
		-e 's/^( +[0-9]+: +[0-9]+ +)[0-9]+ /\1/' -e '/^(device|No device) .*(node|topology)/d'
}
n=0
until said /usr/lib/xen-4.17/bin/xl "$@" > /run/theirs; said env LD_LIBRARY_PATH=/opt/dais /opt/dais/xl "$@" > /run/ours
	[ -s /run/ours ] && cmp -s /run/ours /run/theirs; do
	# A device may have come further in between.
	n=$((n + 1))
	[ $n -lt 15 ] || { diff /run/theirs /run/ours; exit 1; }
	sleep 1
done
"""
ALIKE = ["info", "info -n", "list", "list GUEST", "list -v", "list -c", "list -n", "list -Z",
         "list -v -c -n", "vcpu-list", "vcpu-list GUEST", "cpupool-list", "cpupool-list -c",
         "sched-credit2", "sched-credit2 -s", "sched-credit2 -d GUEST", "sched-credit2 -p Pool-0",
         "domid GUEST", "domname 0", "block-list GUEST", "network-list GUEST",
         # One that Debian's made.
         "block-list theirs", "network-list theirs"]
# And its exit status, with what says why.
REFUSED = [
    ("xl list nobody", "nobody is an invalid domain identifier|nobody", 1),
    ("xl nothing", "nothing", 1), ("xl destroy", "argument", 2), ("xl list --none", "none", 2),
    ("xl trigger GUEST nothing", "nothing", 1), ("xl sysrq GUEST ab", "ab", 1),
    ("xl vcpu-set GUEST 64", "ignore-host", 1), ("xl mem-set GUEST x", "x", 1),
    ("xl -N block-attach GUEST format=raw,vdev=xvdn,access=r,target=/guests/shown.raw", "xvdn"),
    ("xl block-list GUEST | grep -q backend/vbd/.*/51920", "", 1),
    ("xl -N network-attach GUEST bridge=xenbr0 mac=00:16:3e:00:00:77", "00:16:3e:00:00:77"),
    ("xl network-list GUEST | grep -q 00:16:3e:00:00:77", "", 1),
]

# Exactly one document of this schema.
DOCUMENTS = [
    ("list", "domains"), ("list -l", "domains"), ("info -n", "info"), ("top", "top"),
    ("uptime", "uptime"), ("vcpu-list", "vcpus"), ("sched", "sched"), ("sched -s", "sched"),
    ("sched -d GUEST -w 256", "sched"), ("cpupool-list", "cpupools"), ("dmesg", "dmesg"),
    ("block-list GUEST", "devices"), ("network-list GUEST", "devices"), ("domid GUEST", "domain"),
    ("domname 0", "domain"), ("config GUEST", "config"), ("check /guests/GUEST.cfg", "check"),
    ("create -n /guests/GUEST.cfg", "config"), ("version", "version"), ("help list", "help"),
    ("pause GUEST", "domain"), ("unpause GUEST", "domain"), ("wait GUEST up", "domain"),
    ("wait nobody gone", "done"), ("debug-keys h", "done"), ("rename GUEST GUEST", None),
    ("vcpu-set GUEST 1", "domain"), ("vcpu-pin GUEST 0 all", "domain"),
    ("mem-max GUEST 96", "domain"), ("mem-set GUEST 96", "domain"), ("sysrq GUEST h", "domain"),
    ("destroy nobody", "error"),
]


def wrong(run, command, pattern, status=0):
    """None, or what the command said in place of what it should."""
    got, _ = run.vm.run("%s > /run/said 2>&1" % command, 400)
    if got == status and (not pattern or not run.vm.run(
            "grep -qE -- '%s' /run/said" % pattern, 240)[0]):
        return None
    return "%s: status %d: %s" % (command, got, run.vm.run("tail -n 20 /run/said", 240)[1].strip())


def check_end(run, name):
    """Of that guest, which is asked for it."""
    said = wrong(run, "dais shutdown -w -w --json " + name, '"schema": *"dais.domains"') or \
        wrong(run, "dais wait -t 120 %s gone --json" % name, '"schema": *"dais.(done|domain)"')
    if said:
        raise Timeout(said)


def check(run, name):
    """With a guest of that name that runs, made from /guests/NAME.cfg."""
    run.must("dd if=/dev/zero of=/guests/shown.raw bs=64k count=1 2> /dev/null")
    run.config("theirs", memory=96, more='disk=["format=raw,vdev=xvda,access=r,target='
               '/guests/shown.raw"]\nvif=["bridge=xenbr0,mac=00:16:3e:00:00:33"]')
    run.must("/usr/lib/xen-4.17/bin/xl create -e /guests/theirs.cfg", 600)
    alike = [("/opt/dais/same " + command, "") for command in ALIKE]
    faults = [wrong(run, *(w.replace("GUEST", name) if isinstance(w, str) else w for w in row))
              for row in alike + [("/usr/lib/xen-4.17/bin/xl destroy theirs", ""),
                               ("dais wait -t 120 theirs gone", "")]
              + SHOWN + REFUSED + SET]
    for command, schema in DOCUMENTS:
        run.vm.run("dais %s --json > /run/document 2> /dev/null" % command.replace("GUEST", name), 400)
        said = wrong(run, "grep -o '\"schema\": *\"[a-z.]*\"' /run/document | tr '\\n' ' '",
                     '^"schema": *"dais.%s" $' % (schema or "(domain|error)"))
        faults.append(said and "%s --json: %s" % (command, said))
    if any(faults):
        return "\n  ".join(said for said in faults if said)
    # Row 57: what dom0's programs go by is not for the guest to write.
    run.must("d=$(dais domid %s); xenstore-ls -fp /local/domain/$d > /run/nodes; "
             "grep -E \"^/local/domain/$d(/(name|vm|domid|memory|cpu|console|store)[^ ]*)? = .*"
             "(\\(n$d[,)]|,[bw]$d[,)])\" /run/nodes > /run/written; "
             "grep -q \"^/local/domain/$d/console/ring-ref = \" /run/nodes" % name)
    said = run.must("head -n 5 /run/written")
    if said.strip():
        return "a guest may write " + said
    # Until an event has come: what precedes its listener is not told.
    run.must("dais events -n 1 > /run/events & e=$!; n=0; while kill -0 $e 2> /dev/null && "
             "[ $n -lt 200 ]; do dais pause %s; dais unpause %s; sleep 0.5; n=$((n + 1)); done; "
             "grep -E 'paused +[0-9]+ %s$' /run/events" % (name, name, name), 600)
    # What a key has the hypervisor say, it says in its log, which can be emptied.
    run.must("dais dmesg -c > /run/log; dais debug-keys h; dais dmesg > /run/after; "
             "[ -s /run/after ] && [ $(wc -c < /run/after) -lt $(wc -c < /run/log) ]", 400)
    run.detail = "%d commands, %d documents, %d as xl" % (
        len(SHOWN + SET), len(DOCUMENTS), len(ALIKE + REFUSED))
    return True
