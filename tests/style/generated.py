# SPDX-License-Identifier: MIT
"""The documents that are made from the code, and whether they are up to date.

  generated.py SOURCE-DIR           say which would change; exit status 1 if one would
  generated.py SOURCE-DIR --write   write them

docs/abi-coverage.md: each row of docs/abi-rows.md with what the code does about it.  A hypercall
counts as done when hypercalls.h lists it and its handler exists; a sub-operation when the file
that dispatches it names its ABI constant in a case label or a table.  What a call refuses on
purpose, and the rows that are no calls, stand in docs/abi-status.txt, kept by hand.
docs/locking.md: the lock order of xen/lib/lockrank.h.
docs/man/dais.1: docs/man/dais.1.in with the commands and options of dom0-tools/cli/.
"""

import os
import re
import sys

HEADERS = os.environ.get("XEN_HEADERS", "/usr/include/xen")

# Sub-operations: hypercall number, prefix of its ABI constants, where they are dispatched.
DISPATCH = {
    1: ("MMU_", ["mm/update.c"]),
    7: ("XENPF_", ["ctl/platform.c"]),
    12: ("XENMEM_", ["mm/memoryop.c"]),
    17: ("XENVER_", ["ctl/version.c"]),
    18: ("CONSOLEIO_", ["console/consoleio.c"]),
    20: ("GNTTABOP_", ["gnttab/gnttabop.c"]),
    21: ("VMASST_TYPE_", ["domain/assist.c"]),
    24: ("VCPUOP_", ["sched/vcpuop.c"]),
    25: ("SEGBASE_", ["entry/cpustate.c"]),
    26: ("MMUEXT_", ["mm/mmuext.c"]),
    29: ("SCHEDOP_", ["sched/schedop.c"]),
    30: ("CALLBACKTYPE_", ["entry/callback.c"]),
    32: ("EVTCHNOP_", ["evtchn/evtchnop.c"]),
    33: ("PHYSDEVOP_", ["irq/physdev.c"]),
    35: ("XEN_SYSCTL_", ["ctl/sysctl.c"]),
    36: ("XEN_DOMCTL_", ["ctl/domctl.c"]),
}
PHASES = ["1", "2", "3", "4", "5", "N"]
PARTS = "0ABCDEF"
SAYS = dict(done="done", fixed="refused on purpose", partial="in part", missing="missing",
            open="not examined", other="other programs")


def read(top, name):
    try:
        with open(os.path.join(top, name), encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def rows(top):
    """(part, title, ids, phase, text) of each table row of docs/abi-rows.md, in its order."""
    part = title = ""
    columns = []
    for line in read(top, "docs/abi-rows.md").splitlines():
        head = re.match(r"##+ (([A-Z0-9])[.0-9]* .*)", line)
        if head:
            title, part, columns = head.group(1), head.group(2), []
        if not line.startswith("|"):
            columns = []
            continue
        cells = [c.strip() for c in line.strip("|\n").split("|")]
        if not columns:
            columns = cells
            continue
        ids = cells[0].split()
        if not ids or columns[0] != "id" or set(cells[0]) <= {"-"}:
            continue
        phase = cells[columns.index("ph")] if "ph" in columns else ""
        yield part, title, ids, phase, cells[1], " ".join(cells[1:])


def constants():
    """What the public headers define as a plain number."""
    values = {}
    for folder, _, files in sorted(os.walk(HEADERS)):
        for name in sorted(files):
            text = read(folder, name)
            for key, value in re.findall(r"^#\s*define\s+(\w+)\s+\(?(\d+|0x[0-9a-fA-F]+)[uUlL]*\)?",
                                         text, flags=re.M):
                values.setdefault(key, int(value, 0))
    return values


def dispatched(top):
    """{(number, sub-operation): file} as the dispatching files name them."""
    values, found = constants(), {}
    for number, (prefix, files) in DISPATCH.items():
        for name in files:
            text = read(top, "xen/" + name)
            for key in re.findall(r"(?:\bcase |\[|\{|BIT\(|== )(%s\w+)" % prefix, text):
                if key in values:
                    found[(number, values[key])] = "xen/" + name
    return found


def handlers(top):
    """{number: file} of the hypercalls that are listed and have a handler."""
    text = read(top, "xen/entry/hypercalls.h")
    sources = ""
    for folder, _, files in os.walk(os.path.join(top, "xen")):
        sources += "".join(read(folder, f) for f in sorted(files) if f.endswith((".c", ".S")))
    return {int(number): "xen/" + name
            for number, call, name in re.findall(r'^HYPERCALL\((\d+), (\w+), \d+, "([^"]+)"', text,
                                                 flags=re.M)
            if re.search(r"^(long )?hc_%s\b" % call, sources, flags=re.M)}


def kept(top):
    """{row: (status, file, text)} of docs/abi-status.txt."""
    status = {}
    for line in read(top, "docs/abi-status.txt").splitlines():
        if line and not line.startswith("#"):
            ids, word, where, *text = line.split(None, 3)
            for row in ids.split(","):
                status[row] = (word, where, text[0] if text else "")
    return status


def judge(row, phase, text, calls, subs, hand):
    """(status, file, remark) of one row."""
    if row in hand:
        return hand[row]
    call = re.fullmatch(r"h(\d+)(?:\.(\d+))?", row)
    if not call:
        return "open", "-", ""
    number = int(call.group(1))
    where = calls.get(number) if call.group(2) is None else \
        number in calls and subs.get((number, int(call.group(2))))
    if where:
        return "done", where, ""
    if phase == "N" and "-38" in text:
        return "fixed", "-", "-38, as every unknown number"
    return "missing", "-", ""


def judged(top):
    """(row, phase, status) of each row that is this hypervisor's business."""
    calls, subs, hand = handlers(top), dispatched(top), kept(top)
    for part, _, ids, phase, _, text in rows(top):
        for row in ids if part in PARTS else ():
            yield row, phase, judge(row, phase, text, calls, subs, hand)[0]


def coverage(top):
    calls, subs, hand = handlers(top), dispatched(top), kept(top)
    out = ["<!-- made by tests/style/generated.py from the code; edit docs/abi-status.txt -->",
           "# What of the ABI is there", "",
           "Each row is explained in [abi-rows.md](abi-rows.md). *done*: the code has it; *refused on purpose*: the",
           "answer is fixed and meant; *in part*, *missing*: what it says; *not examined*: nobody has compared the code",
           "with the row yet. *done* says that the call is dispatched to a handler, not that every trap of the row has a",
           "test. Missing calls answer -38. Parts G and H (store, migration) belong to other programs."]
    shown, counts = "", {}
    for part, title, ids, phase, name, text in rows(top):
        if part not in PARTS:
            continue
        if title != shown:
            out += ["", "## " + title, "", "| row | what | phase | status | where |",
                    "|---|---|---|---|---|"]
            shown = title
        for row in ids:
            status, where, remark = judge(row, phase, text, calls, subs, hand)
            kind = "rows that are no calls"
            if re.fullmatch(r"h\d+", row):
                kind = "hypercalls"
            elif row.startswith("h"):
                kind = "sub-operations"
            counts.setdefault(kind, []).append((phase, status))
            place = "" if where == "-" else "`%s`" % where
            out.append("| %s | %s | %s | %s | %s |" % (
                row, name, phase or "-", SAYS[status] + (": " + remark if remark else ""), place))
    out += ["", "## Counts", ""]
    for kind, seen in counts.items():
        words = [w for w in SAYS if any(s == w for _, s in seen)]
        out += ["", "| %s of phase | %s | all |" % (kind, " | ".join(SAYS[w] for w in words)),
                "|---|" + "---|" * (len(words) + 1)]
        for phase in PHASES + [""]:
            of = [s for p, s in seen if p == phase]
            if of:
                out.append("| %s | %s | %d |" % (phase or "none given", " | ".join(
                    str(of.count(w)) for w in words), len(of)))
        out.append("| all | %s | %d |" % (" | ".join(
            str(sum(s == w for _, s in seen)) for w in words), len(seen)))
    return "\n".join(out) + "\n"


def locking(top):
    out = ["<!-- made by tests/style/generated.py from xen/lib/lockrank.h -->", "# Locks", "",
           "One order for all of the hypervisor: a processor that holds a lock may take one of a higher rank. Of one rank a",
           "second lock is only tried, but for two ports': the one at the lower address is first. Debug builds (`configure",
           "--enable-debug`) check each taking, in `xen/machine/lockcheck.c`, and panic on the first that is out of order.", "",
           "Locks are tickets: who comes first gets it first, and nobody waits by trying again and again, since guests can",
           "keep a lock in use. Nothing sleeps with a lock held; a vCPU that must wait gives up its processor with no lock.",
           "Loops whose length a guest chooses stop under a lock after a bounded number of steps, let go and continue: when",
           "others want the processor (`hypercall_should_preempt()`), of `PAGETABLE` also when another processor waits for it.",
           "Who waits until another processor has left a vCPU or a timer's function holds none but `DOMCTL`.", "",
           "From `IRQ` on, locks are waited for with interrupts off, those before it with interrupts on. Who holds one from",
           "`IRQ` on calls no other processor, neither to flush its TLB nor by allocating memory, which may flush: the",
           "other may be waiting for that very lock. Debug builds check both.", "",
           "| rank | lock | guards |", "|---|---|---|"]
    text = read(top, "xen/lib/lockrank.h")
    for rank, (name, what) in enumerate(re.findall(r'^\tX\((\w+), "([^"]+)"\)', text, flags=re.M)):
        out.append("| %d | `LOCK_%s` | %s |" % (rank, name, what))
    return "\n".join(out) + "\n"


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def commands(top):
    """(name, synopsis, summary, options) of each command, in the order of the help."""
    files = {}
    for name in sorted(os.listdir(os.path.join(top, "dom0-tools/cli"))):
        if name.startswith("cmd_") and name.endswith(".c"):
            text = read(top, "dom0-tools/cli/" + name)
            tables = {t: re.findall(r"\{([^{}]+)\},", rows) for t, rows in re.findall(
                r"struct option_row (\w+)\[\] = \{\n(.*?)\n\};", text, flags=re.S)}
            for ident, body in re.findall(r"^const struct command command_(\w+) = \{(.*?)^\};", text,
                                          flags=re.S | re.M):
                files[ident] = (body, tables)
    for ident in re.findall(r"^COMMAND\((\w+)\)", read(top, "dom0-tools/cli/commands.def"), flags=re.M):
        body, tables = files[ident]
        field = {k: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', v)).replace('\\"', '"')
                 for k, v in re.findall(r"\.(\w+) = ((?:\"(?:[^\"\\]|\\.)*\"\s*)+),", body)}
        table = re.search(r"\.options = (\w+)", body)
        options = []
        for row in tables.get(table.group(1), []) if table else []:
            cells = re.match(r"\s*('(.)'|\w+),\s*(NULL|\"([^\"]*)\"),\s*(NULL|\"([^\"]*)\"),\s*(.*)", row, re.S)
            if cells and cells.group(1) != "0":
                text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', cells.group(7))).replace('\\"', '"')
                options.append((cells.group(2), cells.group(4), cells.group(6), text))
        yield field["name"], field["synopsis"], field["summary"], options


def manpage(top):
    out = []
    for name, synopsis, summary, options in commands(top):
        out += [".SS " + roff(name), ".B " + roff(name)] + ([".I " + roff(synopsis)] if synopsis else [])
        out += [".PP", roff(summary) + "."]
        for letter, long, argument, text in options:
            names = (["\\-" + letter] if letter else []) + (["\\-\\-" + roff(long)] if long else [])
            head = ", ".join("\\fB%s\\fR" % n for n in names)
            if argument:
                head += ("=" if long else " ") + "\\fI%s\\fR" % roff(argument)
            out += [".TP", head, roff(text[:1].upper() + text[1:]) + "."]
    return read(top, "docs/man/dais.1.in").replace("@COMMANDS@\n", "\n".join(out) + "\n")


def undocumented_keys(top):
    """Keys of configurations that dais.cfg(5) does not name."""
    page = read(top, "docs/man/dais.cfg.5").replace("\\-", "-")
    for key in re.findall(r'^\t(?:TEXT|CHOICE|NUMBER|ACTION|LIST|OWN)\("(\w+)"',
                          read(top, "dom0-tools/lib/config/keys.c"), flags=re.M):
        if not re.search(r"\b%s\b" % key, page):
            yield "docs/man/dais.cfg.5: the key %s is missing" % key


DOCUMENTS = {"docs/abi-coverage.md": coverage, "docs/locking.md": locking, "docs/man/dais.1": manpage}


def stale(top):
    """One line for each document that the code no longer gives."""
    rules = set(row for _, _, ids, _, _, _ in rows(top) for row in ids)
    for row in kept(top):
        if row not in rules:
            yield "docs/abi-status.txt: no row %s" % row
    yield from undocumented_keys(top)
    for row, phase, status in judged(top):
        if phase in PHASES[:3] and status in ("missing", "open"):
            yield "docs/abi-coverage.md: row %s of phase %s is %s" % (row, phase, SAYS[status])
    for name, make in DOCUMENTS.items():
        if read(top, name) != make(top):
            yield "%s: run `make docs` and commit it" % name


def main():
    top = sys.argv[1]
    if sys.argv[2:] == ["--write"]:
        for name, make in DOCUMENTS.items():
            text = make(top)
            if read(top, name) != text:
                with open(os.path.join(top, name), "w", encoding="utf-8") as f:
                    f.write(text)
        return 0
    faults = list(stale(top))
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
