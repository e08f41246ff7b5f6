# SPDX-License-Identifier: MIT
"""Cores of guests that crash: a part of daemons.py.

What is said is looked at inside dom0, as the hypervisor's log is on the same serial line.
"""

DUMPS = "/var/lib/dais/dump"


def fault(run, core):
    """None if it is a core of tests/guests/crash, whole and only root's; or what is wrong with it."""
    if run.vm.run("test $(stat -c %%a %s) = 600 && perl /opt/dais/core.pl %s > /run/said 2>&1"
                  % (core, core), 900)[0] or run.vm.run(
                      "grep -q 'sections .*note.Xen .xen_prstatus .xen_shared_info .xen_p2m "
                      ".xen_pages$' /run/said && grep -q "
                      "'^vcpus 1 pages [0-9]* marked 300 good 300$' /run/said")[0]:
        return "%s: %s" % (core, run.must("ls -l %s; cat /run/said; true" % DUMPS))
    return None


def make(run, name, memory=32):
    """A guest of which a core is wanted when it crashes; in the life after that one it says hello."""
    run.must("ln -sfn /opt/dais/crash /guests/again")
    run.config(name, memory=memory, more='kernel="/guests/again"\nramdisk=""\n'
               'on_crash="coredump-restart"\non_poweroff="preserve"\non_reboot="preserve"')
    run.must("dais create -p /guests/%s.cfg" % name)
    run.must("ln -sfn /opt/dais/hello /guests/again")
    return run.must("dais domid " + name).strip()


def again(run, name, domid):
    """It has lived again, and the core of the life before is all that is where cores are."""
    run.wait_for(name + " again", 900, lambda: not run.vm.run(
        "d=$(dais domid %s 2> /dev/null) && [ -n \"$d\" ] && [ $d != %s ]" % (name, domid))[0])
    run.must("dais wait -t 300 %s down" % name)
    said = fault(run, "%s/%s.core" % (DUMPS, name))
    left = run.must("ls -A " + DUMPS).split()
    return said or (left != [name + ".core"] and str(left)) or None


def history(run, name):
    """What daisd kept of that, once it has done all that it means to."""
    run.wait_for("no intent", 300, lambda: not run.must("ls /var/lib/dais/daisd/intents").strip())
    return [e["event"] for e in run.ask("GET", "/v1/journal?name=" + name)[1]
            if e["event"] in ("ended", "dumped", "not-dumped", "failed", "restarted")
            and e.get("reason") not in ("poweroff", "reboot")]


def end(run, name):
    """Of what is left of it."""
    run.must("dais list %s && dais destroy %s && rm %s/%s.core" % (name, name, DUMPS, name), 600)
    run.gone(name)


def check_restart(run):
    """daisd writes a core, then makes the guest again."""
    domid = make(run, "k3")
    run.must("dais unpause k3")
    said = again(run, "k3", domid)
    events = history(run, "k3")
    end(run, "k3")
    return said or events == ["ended", "dumped", "restarted"] or str(events)


def check_alone(run):
    """Without daisd the process that create left does the same."""
    run.end("daisd")
    domid = make(run, "k4")
    run.must("dais unpause k4")
    said = again(run, "k4", domid)
    end(run, "k4")
    run.daisd()
    return said or True


def check_both(run):
    """daisd is started while that process writes: both have one core, and the guest lives once."""
    core = DUMPS + "/k6.core.new"
    run.end("daisd")
    domid = make(run, "k6")
    # Another is at it, however quick these two are.
    run.must("mkdir -p -m 700 %s; (umask 077; (exec 9> %s; flock 9; exec sleep 5000) & "
             "echo $! > /run/holder) > /dev/null 2>&1" % (DUMPS, core))
    run.wait_for("the lock", 300, lambda: run.vm.run("[ ! -e %s ] || flock -n %s true"
                                                     % (core, core))[0])
    run.must("dais unpause k6")
    run.wait_for("create's process", 300, lambda: waiting(run) == 1)
    run.daisd()
    run.wait_for("daisd", 300, lambda: waiting(run) == 2)
    run.must("kill $(cat /run/holder)")
    said = again(run, "k6", domid)
    events = history(run, "k6")
    lives = run.must("dais list | grep -c ^k6").strip()
    end(run, "k6")
    return said or (events == ["ended", "dumped", "restarted"] and lives == "1") or \
        "%s, %s lives" % (events, lives)


def waiting(run):
    """How many are waiting for a lock of this kind."""
    return int(run.must("grep -c -e '-> FLOCK' /proc/locks; true").strip())


def kill_midst(run, name):
    """Ends daisd when a core is being written; whether it was not whole then."""
    run.must("(read p < /run/daisd.pid; e=$((SECONDS + 300)); dais unpause %s & "
             "until [ -e %s/%s.core.new ] || [ $SECONDS -gt $e ]; do :; done; kill -9 $p; wait; "
             "while kill -0 $p; do sleep 0.2; done) > /dev/null 2>&1; true" % (name, DUMPS, name), 600)
    return not run.vm.run("[ -e %s/%s.core.new ]" % (DUMPS, name))[0]


def check_killed(run):
    """daisd is killed while it writes a core: the next writes all of it, and makes the guest again."""
    for turn in range(1, 6):
        # Much, so that it takes long.
        domid = make(run, "k5", 160)
        midst = kill_midst(run, "k5")
        if midst and run.must("dais domid k5").strip() != domid:
            return "made again before its core was whole"
        # Of a guest that is not there any more.
        run.must("(umask 077; echo half > %s/k6.core.new)" % DUMPS)
        run.daisd()
        said = again(run, "k5", domid)
        events = history(run, "k5")
        end(run, "k5")
        if said:
            return said
        if midst:
            run.detail = "at the %d. time" % turn
            # The one that was killed knew of the end, too.
            return events[-4:] == ["ended", "ended", "dumped", "restarted"] or str(events)
    return "never killed before the core was whole"
