# SPDX-License-Identifier: MIT
"""What the sources look like, as far as a program can judge.

  check.py SOURCE-DIR [NAME...]     all checks, or the named ones

Each check is one function; its first docstring line says what it demands.  It yields one line
per fault.  Exceptions stand with their reasons in tests/style/exceptions.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys

import generated
import manual as wholeness

FILE_LINES = 600
FUNCTION_LINES = 120
CODE_BUDGET = 16000

# Low to high; a room includes rooms of its own height or lower (docs/architecture.md).
HEIGHT = dict(lib=0, machine=1, mm=2, time=2, sched=3, evtchn=3, irq=3, console=3, gnttab=4,
              domain=4, ctl=5, entry=5, builder=5, boot=6)
# What every room may include, whatever its height: the words all of them speak in, what boot
# found (tables and options, plain data), who may do what, work put off to the way out, the frame
# allocator, pure decoders, and the seam through which a hypercall's handler meets the guest.
VOCABULARY = ("console/log.h", "mm/frame.h", "mm/buddy.h", "mm/iomem.h", "sched/vcpu.h",
              "sched/deferred.h", "domain/domain.h", "domain/privilege.h", "machine/barrier.h",
              "boot/options.h", "boot/acpi.h", "boot/memmap.h", "boot/bootmem.h",
              "boot/multiboot.h", "entry/dispatch.h", "entry/guestcopy.h",
              "entry/guestaccess.h", "entry/decode.h", "entry/bounce.h")
# Of machine/, what rooms that decide may see; and what one of them may besides.
SEAM = ("machine.h", "block.h", "cpu.h", "layout.h", "mitigate.h", "pagemap.h", "percpu.h", "regs.h")
BESIDES = dict(mm=("context.h", "descriptor.h"), time=("clocksource.h",), sched=("smp.h",),
               irq=("apic.h", "ioapic.h", "ipi.h", "msi.h"), domain=("fpu.h",),
               ctl=("clocksource.h", "smp.h"), builder=("fpu.h", "smp.h"))
ASM_ROOMS = ("xen/machine/", "xen/entry/", "xen/boot/head.S", "tests/guests/", "pvdrivers/guest/")


class Tree:
    """The files under version control (or, in a tarball, all that are there)."""

    def __init__(self, top):
        self.top = top
        try:
            out = subprocess.run(["git", "-C", top, "ls-files"], check=True,
                                 capture_output=True, text=True).stdout
            names = out.splitlines()
        except (OSError, subprocess.CalledProcessError):
            names = self.unignored()
        self.files = sorted(n for n in names if os.path.isfile(os.path.join(top, n)) and
                            not n.startswith(("build", ".git/")))
        self.exceptions = set()
        for line in self.text("tests/style/exceptions").splitlines():
            if line.strip() and not line.startswith("#"):
                self.exceptions.add(" ".join(line.split()[:2]))

    def unignored(self):
        """All files but those that .gitignore leaves out, for where git is not there to say so."""
        rules = [r for r in self.text(".gitignore").split() if not r.startswith("#")]
        names = [os.path.relpath(os.path.join(d, f), self.top)
                 for d, _, files in os.walk(self.top) for f in files]

        def ignored(name):
            return any(fnmatch.fnmatch("/" + name + "/", ("" if r[0] == "/" else "*/") +
                                       r.rstrip("/") + "/*") for r in rules)
        return [n for n in names if not ignored(n)]

    def text(self, name):
        with open(os.path.join(self.top, name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def named(self, *endings, under=""):
        return [f for f in self.files if f.endswith(endings) and f.startswith(under)]

    def excepted(self, check, name):
        return "%s %s" % (check, name) in self.exceptions

    def shell(self):
        """Shell scripts, known by their first line."""
        for f in self.files:
            if f.endswith(".sh") or "." not in os.path.basename(f):
                if re.match(r"#! ?/bin/(ba)?sh", self.text(f)[:20]):
                    yield f


def blank(match):
    """As many newlines as there were, so that line numbers stay."""
    return "\n" * match.group(0).count("\n")


def code_of(text):
    """The text without comments and literals."""
    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def spdx(tree):
    """every source names its licence in its first lines"""
    for f in tree.named(".c", ".h", ".S", ".sh", ".py", ".mk", ".am", ".ac", ".lds"):
        if "SPDX-License-Identifier: MIT" not in "\n".join(tree.text(f).splitlines()[:5]):
            yield "%s: no SPDX line" % f


def opening(tree):
    """every C file says at its top what it is for"""
    for f in tree.named(".c", ".h", ".S", under="xen/"):
        head = "\n".join(tree.text(f).splitlines()[1:6])
        if "/*" not in head and "//" not in head:
            yield "%s: no opening comment" % f


def file_length(tree):
    """no source over 600 lines"""
    for f in tree.named(".c", ".h", ".S", ".py", ".sh"):
        n = len(tree.text(f).splitlines())
        if n > FILE_LINES and not tree.excepted("file_length", f):
            yield "%s: %d lines" % (f, n)


def function_length(tree):
    """no function over 120 lines"""
    for f in tree.named(".c"):
        start = name = None
        for number, line in enumerate(code_of(tree.text(f)).splitlines(), 1):
            called = re.match(r"[A-Za-z_].*?\b(\w+)\(", line)
            if called:
                name = called.group(1)
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start > FUNCTION_LINES and \
                        not tree.excepted("function_length", "%s:%s" % (f, name)):
                    yield "%s:%d: %s has %d lines" % (f, start, name, number - start)
                start = None


def code_budget(tree):
    """the hypervisor stays within its 16,000 lines of code"""
    total = 0
    for f in tree.named(".c", ".h", ".S", under="xen/"):
        total += sum(1 for line in code_of(tree.text(f)).splitlines() if line.strip())
    if total > CODE_BUDGET and not tree.excepted("code_budget", "xen/"):
        yield "xen/ has %d lines of code" % total


def code_lines(tree):
    """docs/performance.md counts the hypervisor's lines of code by room, to 50"""
    lines = {}
    for f in tree.named(".c", ".h", ".S", under="xen/"):
        here = sum(1 for line in code_of(tree.text(f)).splitlines() if line.strip())
        for name in (f.split("/")[1], "all"):
            lines[name] = lines.get(name, 0) + here
    said = {room: int(number.replace(",", "")) for room, number in re.findall(
        r"^\| (\w+) \| ([\d,]+) \| [\d,]+ \|$", tree.text("docs/performance.md"), flags=re.M)}
    for name, number in lines.items():
        if abs(said.get(name, 0) - number) > (50 if name != "all" else 200):
            yield "docs/performance.md: %s has %d lines, it says %s" % (name, number, said.get(name))


def unfinished(tree):
    """nothing says that it is unfinished"""
    for f in tree.named(".c", ".h", ".S", ".sh"):
        for number, line in enumerate(tree.text(f).splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX|not implemented)\b", line):
                yield "%s:%d: %s" % (f, number, line.strip())


def assembly(tree):
    """assembly only in machine/, entry/ and boot/head.S"""
    for f in tree.named(".c", ".h", ".S", under="xen/"):
        if f.startswith(ASM_ROOMS) or tree.excepted("assembly", f):
            continue
        if f.endswith(".S"):
            yield "%s: assembly outside its rooms" % f
        for number, line in enumerate(code_of(tree.text(f)).splitlines(), 1):
            if re.search(r"\b(__asm__|asm)\b *(volatile|goto|\()", line):
                yield "%s:%d: %s" % (f, number, line.strip())


def entries(tree):
    """no CALL, RET or indirect jump stands before the guards of an entry (XSA-429)"""
    name = "xen/entry/entry.S"
    macros, code = code_of(tree.text(name)).split(".section .text.entry", 1)
    labels = re.findall(r"^(entry_\w+):", code, re.M)
    if len(labels) < 8:
        yield "%s: only %d entries" % (name, len(labels))
    for label in ["what they are made of"] + labels:
        before = macros
        if label in labels:
            before = re.split(r"\bFROM_(?:GUEST|HYPERVISOR)\b",
                              code[code.index("\n%s:" % label):], maxsplit=1)[0]
        for line in before.splitlines():
            if re.search(r"\b(l?call|l?ret|jmp\s+\*)", line):
                yield "%s: %s: %s" % (name, label, line.strip())


def conditionals(tree):
    """under one #if per 1,000 lines of C code in the hypervisor"""
    found, lines = [], 0
    for f in tree.named(".c", under="xen/"):
        for number, line in enumerate(tree.text(f).splitlines(), 1):
            lines += 1
            if re.match(r"\s*#\s*(if|ifdef|ifndef)\b", line):
                found.append("%s:%d: %s" % (f, number, line.strip()))
    if len(found) > max(1, lines // 1000):
        yield from found


def includes(tree, f):
    return re.findall(r'^#include "([^"]+)"', tree.text(f), flags=re.M)


def include_cycles(tree):
    """no header includes itself by a detour"""
    graph = {f: ["xen/" + i for i in includes(tree, f)] for f in tree.named(".h", under="xen/")}
    done = set()

    def walk(f, path):
        if f in path:
            return ["%s" % " -> ".join(path[path.index(f):] + [f])]
        if f in done:
            return []
        faults = [x for i in graph.get(f, []) for x in walk(i, path + [f])]
        done.add(f)
        return faults

    for f in graph:
        yield from walk(f, [])


def rooms(tree):
    """a room includes its equals and what is below it"""
    for f in tree.named(".c", ".h", under="xen/"):
        room = f.split("/")[1]
        if room not in HEIGHT:
            continue
        for i in includes(tree, f):
            other = i.split("/")[0]
            if other not in HEIGHT or i in VOCABULARY or tree.excepted("rooms", f + ":" + i):
                continue
            sees_all = room in ("lib", "machine", "entry", "boot")
            if HEIGHT[other] > HEIGHT[room] or (
                    other == "machine" and not sees_all and
                    i.split("/")[1] not in SEAM + BESIDES.get(room, ())):
                yield "%s includes %s" % (f, i)


def architecture(tree):
    """docs/architecture.md has the rooms, their order and the addresses that the code has"""
    page = tree.text("docs/architecture.md")
    there = {f.split("/")[1] for f in tree.named(".c", under="xen/")}
    if there != set(HEIGHT):
        yield "rooms without an order: %s" % sorted(there ^ set(HEIGHT))
    picture = page.split("```")[1]
    for room in HEIGHT:
        if not re.search(r"\b%s/ " % room, picture):
            yield "the picture has no %s/" % room
    text = page.split("## Rooms and who may call whom")[1].split("\n## ")[0]
    rows = [(re.findall(r"`(\w+)/`", a), re.findall(r"`(\w+\.h)`", b))
            for a, b in re.findall(r"^\| (`.*?) \| (.*) \|$", text, flags=re.M)]
    order = [sorted(r for r in HEIGHT if HEIGHT[r] == h) for h in range(max(HEIGHT.values()) + 1)]
    if [sorted(names) for names, headers in rows if not headers] != order:
        yield "the order of the rooms is another"
    if {names[0]: tuple(headers) for names, headers in rows if headers} != BESIDES:
        yield "what a room sees of machine/ is something else"
    if set(re.findall(r"`(\w+/\w+\.h)`", text)) != set(VOCABULARY):
        yield "the vocabulary is another"
    if set(re.findall(r"`(\w+\.h)`", text.split("| room |")[0])) != set(SEAM):
        yield "the seam to machine/ is another"
    layout = tree.text("xen/machine/layout.h")
    starts = {int(v, 16) for v in re.findall(r"^#define \w+_START UL\((0x\w+)\)", layout, flags=re.M)}
    shown = {int(v, 16) for v in re.findall(r"^\| `(0x[0-9a-f]{16})` \|", page, flags=re.M)}
    window = re.search(r"DESC_WINDOW_START \(CPU_AREA_START \+ (0x\w+)UL\)",
                       tree.text("xen/machine/descriptor.h"))
    starts.add(int(re.search(r"CPU_AREA_START UL\((0x\w+)\)", layout).group(1), 16) +
               int(window.group(1), 16))
    if starts != shown:
        yield "addresses: %s" % sorted("%#x" % a for a in starts ^ shown)


def headers_alone(tree):
    """every header compiles by itself"""
    cc = os.environ.get("CC", "cc").split()
    flags = os.environ.get("CPPFLAGS_STYLE", "").split()
    for f in tree.named(".h", under="xen/"):
        if tree.excepted("headers_alone", f):
            continue
        run = subprocess.run(cc + ["-fsyntax-only", "-std=gnu11", "-ffreestanding", "-Wall", "-Wextra",
                                   "-Werror", "-Wno-unused", "-mgeneral-regs-only", "-x", "c",
                                   "-I", os.path.join(tree.top, "xen")] + flags + ["-"],
                             input='#include "%s"\n' % f[4:], capture_output=True, text=True)
        if run.returncode:
            yield "%s: %s" % (f, run.stderr.splitlines()[0] if run.stderr else "fails")


def tool(name, args, files, tree):
    if not shutil.which(name):
        yield "%s is not installed; ./bootstrap installs it" % name
        return
    if not files:
        return
    run = subprocess.run([name] + args + files, cwd=tree.top, capture_output=True, text=True)
    if run.returncode:
        yield from (run.stdout + run.stderr).splitlines()[:60]


def clang_format(tree):
    """clang-format has nothing to change"""
    files = [f for f in tree.named(".c", ".h") if not tree.excepted("clang_format", f)]
    for line in tool("clang-format", ["--dry-run", "-Werror"], files, tree):
        if "error:" in line:
            yield line


def shellcheck(tree):
    """shellcheck has nothing to say"""
    yield from tool("shellcheck", ["-x", "-f", "gcc", "-e", "SC1091,SC2016"],
                    list(tree.shell()), tree)


def cppcheck(tree):
    """cppcheck finds no fault in the hypervisor"""
    files = tree.named(".c", under="xen/")
    yield from tool("cppcheck", ["--quiet", "--error-exitcode=1", "--inline-suppr", "-j2",
                                 "--enable=warning,portability", "--std=c11", "--platform=unix64",
                                 "-Ixen", "-D__x86_64__", "-D__GNUC__=12", "-D__DAIS__=1",
                                 "--suppress=*:/usr/include/*",
                                 "--suppress=nullPointerRedundantCheck",
                                 # linker symbols; and what its parser cannot read
                                 "--suppress=comparePointers", "--suppress=internalAstError",
                                 "--template={file}:{line}: {severity}: {message} [{id}]"],
                    files, tree)


def manual(tree):
    """programs, options and keys have their place in the manual, whose form is in order"""
    yield from wholeness.faults(tree.top)
    yield from tool("mandoc", ["-T", "lint", "-W", "warning"],
                    tree.named(".1", ".5", ".7", ".8", under="docs/man/"), tree)


def documents(tree):
    """the documents made from the code are up to date"""
    yield from generated.stale(tree.top)


def advisories(tree):
    """docs/security.md has each row once, its sums are right, and no guest tests an open one"""
    status, name, sums, page = {}, None, {}, tree.text("docs/security.md")
    for line in page.splitlines():
        heading = re.match(r"### (.*?)(, .*)?$", line)
        name = heading.group(1).lower() if heading else name
        row = re.match(r"\| (\d[\d ]*) \| ", line)
        for number in row.group(1).split() if row and name else ():
            if number in status:
                yield "docs/security.md: row %s stands twice" % number
            status[number] = name
            sums[name] = sums.get(name, 0) + 1
    sums["all"] = len(status)
    for what, said in re.findall(r"(?m)^\| ([a-z ]+?)(?:, [a-z ]+)? \| (\d+) \|$", page):
        if sums.get(what, 0) != int(said):
            yield "docs/security.md: %s rows %s, it says %s" % (sums.get(what, 0), what, said)
    for f in tree.named("main.c", under="tests/guests/"):
        for number in set(re.findall(r"XSA-(\d+)", tree.text(f))):
            if status.get(number) not in ("tested", "cannot occur"):
                yield "%s: row %s is %s in docs/security.md" % (f, number, status.get(number))


CHECKS = [documents, manual, advisories, spdx, opening, file_length, function_length, code_budget,
          code_lines, unfinished, assembly, entries, conditionals, include_cycles, rooms, architecture,
          headers_alone, clang_format, shellcheck, cppcheck]


def main():
    tree = Tree(sys.argv[1])
    failed = False
    for check in CHECKS:
        if len(sys.argv) > 2 and check.__name__ not in sys.argv[2:]:
            continue
        faults = list(check(tree))
        failed = failed or bool(faults)
        print("%s - %s: %s" % ("not ok" if faults else "ok", check.__name__,
                               check.__doc__.splitlines()[0]), flush=True)
        for fault in faults:
            print("    " + fault)
    return failed


if __name__ == "__main__":
    sys.exit(main())
