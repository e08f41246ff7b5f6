# SPDX-License-Identifier: MIT
"""Each allocation that a suite has the hypervisor make fails in turn: the suite is booted once for
each (tests/guests/lib/part.h), on the build with --enable-fail-always.  The hypervisor has to go on,
its audit to be clean, no memory to be lost, and every case to hold that did not run while the allocation failed."""

import re

# How many allocations a suite's parts make at least; one that is not named makes none.
ALLOCATIONS = {
    "devices": 2, "events": 1, "grants": 1, "memops": 12, "pair": 2, "seccpu": 7, "secmm": 15,
    "secops": 31, "security": 4, "smp": 6, "time": 1,
}
MOST = 400


def wrong(said):
    """What a suite's console says that it must not, or lacks."""
    end = re.search(r"pvrt: end (\d+)", said)
    audit = re.search(r"audit: \d+ frames.* (\d+) faults", said)
    held = re.search(r"part: (\d+) cases held", said)
    if not end:
        return "the guest did not come to its end"
    if not audit or audit.group(1) != "0":
        return "the audit is not clean"
    if end.group(1) != "0" or "not ok - " in said:
        return "a case fails while nothing else does"
    if not held or held.group(1) == "0":
        return "no case held"
    return None


def at_end(said):
    return "".join(re.findall(r"part: (\d+ objects, \d+ frames) free or ours", said))


def in_turn(name, boot):
    """Boots the suite until it has no allocation left to fail; boot(words) gives what it said.
    Prints a line for each, and the number of those that were not well is returned."""
    bad, n, left = 0, 1, []
    while n <= MOST:
        said = boot("fail=%d" % n)
        left.append(at_end(said))
        failed = re.search(r"part: allocation \d+ failed in (\w+): (\d+) cases", said)
        fault = wrong(said)
        if fault:
            bad += 1
            print("not ok - dais: %s: allocation %d fails%s: %s" % (
                name, n, " in " + failed.group(1) if failed else "", fault))
            print("\n".join(line for line in said.splitlines()[-40:]))
            # Who died of it may have been about to allocate more.
            if not failed and "part: none" not in said:
                n += 1
                continue
        if not failed:
            break
        if not fault:
            print("ok - dais: %s: allocation %d fails in %s, %s cases with it" % (
                name, n, failed.group(1), failed.group(2)))
        n += 1
    least = ALLOCATIONS.get(name, 0)
    good = n - 1 >= least and (least or n == 1) and n <= MOST
    print("%s - dais: %s: %d allocations failed in turn%s" % (
        "ok" if good else "not ok", name, n - 1, "" if good else ", not %d" % least))
    # Nothing gets lost on a way out: the last boot had no failure.  How vCPUs take turns can have
    # a page of small objects more or fewer; what a failure loses, it loses each time.
    lost = [i + 1 for i, what in enumerate(left)
            if what != left[-1] and at_end(boot("fail=%d" % (i + 1))) != left[-1]]
    same = left[-1] and not lost
    print("%s - dais: %s: %s at each end%s" % (
        "ok" if same else "not ok", name, left[-1],
        "" if same else ", but after allocation " +
        ", ".join("%d %s" % (i, left[i - 1]) for i in lost)))
    return bad + (not good) + (not same)
