# SPDX-License-Identifier: MIT
"""Writes docs/abi-coverage.md: each hypercall row of docs/abi.md beside what the code does with it.

  abi-coverage.py SOURCE-DIR [--check]     --check: fail if the file is not what would be written

The code is read from its dispatch tables: the rows of xen/entry/hypercalls.h, and for sub-ops the
`case NAME:` labels and `[NAME] =` table entries, whose numbers the public headers give.
"""

import os
import re
import subprocess
import sys

# Hypercall number: how the public headers begin the names of its sub-ops.
PREFIX = {7: "XENPF_", 12: "XENMEM_", 17: "XENVER_", 18: "CONSOLEIO_", 20: "GNTTABOP_",
          21: "VMASST_TYPE_", 24: "VCPUOP_", 26: "MMUEXT_", 28: "XENNMI_", 29: "SCHEDOP_",
          30: "CALLBACKTYPE_", 32: "EVTCHNOP_", 33: "PHYSDEVOP_", 35: "XEN_SYSCTL_",
          36: "XEN_DOMCTL_", 40: "XENPMU_"}
HEADERS = ["xen", "memory", "version", "grant_table", "vcpu", "nmi", "sched", "callback",
           "event_channel", "physdev", "sysctl", "domctl", "platform", "pmu"]


def constants():
    """Every number that the public headers define."""
    source = "#include <stdint.h>\n" + "".join("#include <xen/%s.h>\n" % h for h in HEADERS)
    out = subprocess.run(["cc", "-E", "-dM", "-D__XEN_TOOLS__=1",
                          "-D__XEN_INTERFACE_VERSION__=0x00041100", "-x", "c", "-"], input=source,
                         capture_output=True, text=True, check=True).stdout
    values = {}
    for name, value in re.findall(r"#define (\w+) \(?(0x[0-9a-fA-F]+|\d+)[uUlL]*\)?$", out, re.M):
        values[name] = int(value, 0)
    return values


def calls(top):
    """{number: (name, file)} of the hypercall table."""
    with open(os.path.join(top, "xen/entry/hypercalls.h"), encoding="utf-8") as f:
        rows = re.findall(r'HYPERCALL\((\d+), (\w+), \d+, "([^"]+)"', f.read())
    return {int(number): (name, file) for number, name, file in rows}


def sub_ops(top, values):
    """{(hypercall, sub-op): file} of what some table or switch names."""
    found = {}
    for folder, _, files in os.walk(os.path.join(top, "xen")):
        for name in sorted(files):
            if not name.endswith((".c", ".h")):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            for label in re.findall(r"\bcase (\w+)\s*:", text) + \
                    re.findall(r"\[(\w+)\]\s*=", text) + re.findall(r"\{ (\w+), ", text) + \
                    re.findall(r"\bcmd == (\w+)", text) + re.findall(r"\bBIT\((VMASST_\w+)", text) + \
                     re.findall(r"^\w+\((\w+), ", text, re.M):
                for number, prefix in PREFIX.items():
                    if label.startswith(prefix) and label in values:
                        found.setdefault((number, values[label]),
                                         os.path.relpath(path, os.path.join(top, "xen")))
    return found


def rows(top):
    """(id, name, phase) of each hypercall of docs/abi.md, one per number."""
    phase_column = None
    with open(os.path.join(top, "docs/abi.md"), encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            if line.startswith("| id "):
                phase_column = cells.index("ph") if "ph" in cells else None
            elif re.match(r"\| h\d", line) and phase_column and len(cells) > phase_column:
                ids = re.findall(r"h(\d+)(?:\.(\d+))?", cells[0])
                names = [n.strip() for n in cells[1].split(",")]
                for i, (call, sub) in enumerate(ids):
                    name = names[i] if len(names) == len(ids) else cells[1]
                    yield (int(call), int(sub) if sub else None,
                           name if len(name) < 60 else name[:57] + "...", cells[phase_column])


def page(top):
    values, table = constants(), calls(top)
    ops = sub_ops(top, values)
    out = ["# Coverage of the ABI", "",
           "Made by docs/abi-coverage.py from docs/abi.md and the dispatch tables; do not edit.", "",
           "*implemented*: a row of a table leads to a handler. *refused*: the call answers",
           "`-ENOSYS`, as the list says for what nobody needs. *later*: refused until its phase",
           "comes. *missing*: of phase 1, and refused.", ""]
    lines, count = [], {}
    for call, sub, name, phase in rows(top):
        number = "h%d" % call if sub is None else "h%d.%d" % (call, sub)
        where = None
        if call in table:
            # Without sub-ops of its own, or none that a header numbers: the call is the row.
            where = ops.get((call, sub)) if sub is not None and call in PREFIX else table[call][1]
        if where:
            state = "implemented"
        elif phase == "1":
            state = "missing"
        elif phase in ("2", "3", "4"):
            state = "later"
        else:
            state = "refused"
        count[(phase, state)] = count.get((phase, state), 0) + 1
        lines.append("| %s | %s | %s | %s | %s |" % (number, name, phase, state, where or ""))
    states = ["implemented", "later", "refused", "missing"]
    out += ["| phase | " + " | ".join(states) + " |", "| --- " * 5 + "|"]
    for phase in sorted({p for p, _ in count}):
        out.append("| %s | %s |" % (phase, " | ".join(str(count.get((phase, s), 0)) for s in states)))
    out += ["", "| row | name | phase | state | where |", "| --- | --- | --- | --- | --- |"] + lines
    return "\n".join(out) + "\n"


def main():
    top = sys.argv[1]
    path = os.path.join(top, "docs/abi-coverage.md")
    text = page(top)
    if "--check" in sys.argv:
        with open(path, encoding="utf-8") as f:
            if f.read() != text:
                print("docs/abi-coverage.md is out of date; run docs/abi-coverage.py .")
                return 1
        return 0
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
