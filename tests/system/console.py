# SPDX-License-Identifier: MIT
"""What an administrator gets by the serial line: debug keys, a panic, dom0's death; and what is
seen and done by QEMU's monitor, from outside: what page tables show of the hypervisor, its own
tables, processors that wait, non-maskable interrupts and machine checks.

  console.py --cache DIR --hypervisor PATH
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import time

import kernels
import pagetables
from vm import LARGE, Gone, Machine, Report, Timeout, large_memory

HERE = os.path.dirname(os.path.abspath(__file__))
# Every key with a pattern of its dump, in which lines of dom0's may stand between ours.
KEYS = {
    "h": r"(?s)list of debug keys.*registers.*event channels.*run queues",
    "0": r"d0v0.*(\n.*)* root [0-9a-f]+",
    "d": r"d0v1[^\n]*: [0-9a-f]{4}:[0-9a-f]{16}",
    "q": r"d0: \d+ pages of \d+(.*\n)*.*v1 on CPU",
    "m": r"(?s)\d+ MiB for guests and us, \d+ MiB [^\n]* free.*?largest free block",
    "e": r"d0 port \d+ \[.*\] v\d+ (virq|ipi|pirq|interdomain)",
    "r": r"(?s)CPU0: d\d+v\d+, \d+ waiting.*?CPU1: ",
    "i": r"(?s)interrupts \(\d+ lines.*vector [0-9a-f]+ cpu \d+ count \d+",
    "a": r"(?s)now \d+ us.*CPU0: in -?\d+ us [a-z_]+",
}
DIRECT_MAP, FRAME_TABLE, M2P = 0xffff830000001000, 0xffff828000000000, 0xffff800000000000
MAIN_STACK = 0xffff82d04000e000  # CPU 0's, its last page


def machine_args(hypervisor, kernel, quick, options, kernel_options="", cpus=2, cpu="Nehalem",
                 vga="none", memory=("-machine", "pc", "-m", "768")):
    return ["-accel", "tcg", *memory, "-cpu", cpu, "-smp", str(cpus), "-vga", vga,
            "-nic", "none", "-no-reboot", "-kernel", hypervisor, "-append",
            "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all " + options, "-initrd",
            "%s console=hvc0 earlyprintk=xen %s,%s/dom0.img" % (kernel, kernel_options, quick)]


def type_raw(vm, text):
    vm.type(text.encode())


def try_expect(vm, report, name, pattern, timeout=300):
    try:
        vm.expect(pattern, timeout)
        return report.result(name, True)
    except (Timeout, Gone) as error:
        report.result(name, False, str(error))
        print(vm.tail(12))
        return False


def debug_keys(args, log, report):
    with Machine(args, log) as vm:
        if not try_expect(vm, report, "dom0 comes up", r"quick: complaints 0\n", 900):
            return
        type_raw(vm, "\x01\x01\x01")
        if not try_expect(vm, report, "Ctrl-A three times", r"console: input to debug keys"):
            return
        for key, pattern in KEYS.items():
            type_raw(vm, key)
            try_expect(vm, report, "debug key " + key, "key %s: " % re.escape(key) + "(.*\n)+?.*?" +
                       pattern.replace("(?s)", "") if "(?s)" not in pattern else
                       "(?s)key %s: .*?" % key + pattern.replace("(?s)", ""))
        # Dom0 writes pieces of lines, and ours may come between two of them.
        for _ in range(10):
            type_raw(vm, "q")
            try:
                vm.expect(r"\n(\[[ 0-9.]+\] )?vcpu \d+\n", 30)
                report.result("VIRQ_DEBUG reaches dom0", True)
                break
            except Timeout:
                pass
        else:
            report.result("VIRQ_DEBUG reaches dom0", False)
        type_raw(vm, "\x02")
        try_expect(vm, report, "a key that is none", r"no such debug key")
        type_raw(vm, "\x01\x01\x01")
        try_expect(vm, report, "and back to dom0", r"console: input to dom0")
        type_raw(vm, "\x01\x01\x01C")
        try_expect(vm, report, "panic with names", r"panic on CPU \d+ \*+\n.*asked for by a debug key"
                   r"(\n.*)*? crash\+0x[0-9a-f]+(\n.*)*? keys_run\+0x[0-9a-f]+")
        try:
            vm.wait_end(600)
            report.result("restart after a panic", True)
        except Timeout as error:
            report.result("restart after a panic", False, str(error))


def dying_kernel(image):
    """Debian's kernel with a read of an address that nothing maps as its first instruction."""
    elf = bytearray(kernels.vmlinux(image))
    phoff, phnum = struct.unpack_from("<Q", elf, 32)[0], struct.unpack_from("<H", elf, 56)[0]
    segments = [struct.unpack_from("<IIQQQQQQ", elf, phoff + 56 * i) for i in range(phnum)]
    note = elf.find(struct.pack("<III", 4, 8, 1) + b"Xen\0")  # XEN_ELFNOTE_ENTRY
    entry = struct.unpack_from("<Q", elf, note + 16)[0]
    for kind, _, offset, vaddr, _, filesz, _, _ in segments:
        if kind == 1 and vaddr <= entry < vaddr + filesz:
            elf[offset + entry - vaddr:offset + entry - vaddr + 8] = b"\x48\x8b\x04\x25\x00\xd0\xad\x0e"
            return bytes(elf)
    raise ValueError("the kernel's entry is in none of its segments")


def screen(vm):
    """The text of the VGA adapter, 80 by 25."""
    words = pagetables.ask(vm, "xp /2000hx 0xb8000", r"0x([0-9a-f]{4})\b", 2000)
    return "".join(chr(int(word, 16) & 0x7f) for word in words)


def on_screen(args, log, report):
    """The log is on the screen too; a machine that is told not to restart stays so."""
    with Machine(args, log) as vm:
        if try_expect(vm, report, "no restart where told so", r"halted as told by noreboot", 900):
            try:
                report.result("the log on the screen", "no dom0 kernel: " in screen(vm))
            except Timeout as error:
                report.result("the log on the screen", False, str(error))


def dom0_dies(args, log, report):
    with Machine(args, log) as vm:
        good = try_expect(vm, report, "dom0's death: what and where",
                          r"crashed: no handler for exception 14 .*\n.*d0v0.*\n.* ax 0{13}", 900)
        if good:
            try_expect(vm, report, "dom0's death: page walk",
                       r"walk of eadd000: L4\[0\] in [0-9a-f]+ is 0{16}\n"
                       r"(.*walk of ffffffff\w+: L4\[511\].*\n)(.*walk of ffffffff\w+: L[321].*\n)+")
            try:
                vm.wait_end(600)
                report.result("dom0's death: restart", True)
            except Timeout as error:
                report.result("dom0's death: restart", False, str(error))


def mapped(vm, address):
    said = pagetables.ask(vm, "x /1gx %#x" % address, r"Cannot access|: 0x[0-9a-f]{16}", 1)
    return said[0] != "Cannot access"


def isolation(args, log, report, on, name, far=DIRECT_MAP):
    """Rows 254, 455: what a guest's tables map of ours while ring 3 runs."""
    with Machine(args, log) as vm:
        try:
            vm.expect(r"Linux version", 900)
            seen = 0
            for _ in range(400):
                vm.monitor("stop")
                user = "CPL=3" in vm.monitor("info registers")
                if user:
                    seen += 1
                    shown = [mapped(vm, a) for a in (DIRECT_MAP, FRAME_TABLE, MAIN_STACK, far, M2P)]
                    # The M2P is not for a guest's user mode.
                    if shown[:4] != [not on] * 4 or (seen == 1 and not shown[4]):
                        report.result(name, False, "shown: %s" % shown)
                        return
                vm.monitor("cont")
                vm._read(0.05)
                if seen == 20:
                    break
            report.result(name, seen == 20, "looked %d times while a guest ran" % seen)
        except (Timeout, Gone) as error:
            report.result(name, False, str(error))
            print(vm.tail(12))


def large(case, report):
    """Row 516: the same where memory is more than one entry of the top level maps."""
    memory, why = large_memory()
    if not memory:
        report.skip("isolation of %d GiB" % LARGE, why)
        return
    end = DIRECT_MAP + ((LARGE - 1) << 30)
    for on in (True, False):
        isolation(*case("large-" + ("isolated" if on else "open"),
                        "dom0_mem=512M xpti=" + ("yes" if on else "no"), cpus=1, memory=memory),
                  on=on, name="isolation of %d GiB %s" % (LARGE, "on" if on else "off"), far=end)


def waiting(vm, report, cpus):
    """A processor with nothing to do waits for an interrupt, in our code; it does not spin."""
    halted, end = [0] * cpus, time.monotonic() + 400
    while min(halted) < 10 and time.monotonic() < end:
        for cpu in range(cpus):
            said = pagetables.registers(vm, cpu)
            halted[cpu] += "HLT=1" in said and "CPL=0" in said
        vm.settle(0.1)
    report.result("idle processors are halted", min(halted) >= 10, "seen %s times" % halted)


def open_gates(vm, said):
    """Vectors whose gate, of those there are, leaves interrupts on (row 446); how many there are."""
    base = int(re.search(r"IDT=\s*([0-9a-f]+)", said).group(1), 16)
    words = pagetables.ask(vm, "x /512gx %#x" % base, r"[0-9a-f]{16}: 0x([0-9a-f]{16}) 0x", 256)
    gates = [int(word, 16) for word in words[:256]]
    return [n for n, gate in enumerate(gates) if gate >> 47 & 1 and gate >> 40 & 15 != 14], \
        sum(gate >> 47 & 1 for gate in gates)


def our_tables(args, log, report, cpus):
    with Machine(args, log) as vm:
        if not try_expect(vm, report, "dom0 comes up, CPU with SMEP", r"quick: complaints 0\n", 900):
            return
        try:
            waiting(vm, report, cpus)
            vm.monitor("stop")
            for cpu in range(cpus):
                said = pagetables.registers(vm, cpu)
                bad, seen = pagetables.faults(vm, pagetables.register(said, "CR3"), cpus,
                                              isolated=True)
                report.result("page tables of CPU %d" % cpu, not bad,
                              "%d mappings; %s" % (seen, "; ".join(bad[:4]) or "as they should be"))
                # PG and WP; SMEP
                report.result("CPU %d: read-only is for us too, guests' code is not ours" % cpu,
                              pagetables.register(said, "CR0") & 0x80010000 == 0x80010000 and
                              pagetables.register(said, "CR4") & 1 << 20)
                # PCIDE: one load of CR3 is a flush of all but what is global (row 292).
                report.result("CPU %d: no process-context ids" % cpu,
                              not pagetables.register(said, "CR4") & 1 << 17)
                wrong, seen = open_gates(vm, said)
                report.result("CPU %d: every gate masks interrupts" % cpu, not wrong and seen > 32,
                              "%d gates%s" % (seen, "; not %s" % wrong[:8] if wrong else ""))
        except (Timeout, Gone) as error:
            report.result("our page tables", False, str(error))
            print(vm.tail(12))


def storm(args, log, report):
    """Non-maskable interrupts from when there are gates for them: wherever they hit, dom0 comes up."""
    with Machine(args, log) as vm:
        sent, end = 0, time.monotonic() + 900
        try:
            vm.expect(r"\(DAIS\) time: TSC", 900)
            while "quick: done" not in vm.text and time.monotonic() < end:
                asked = time.monotonic()
                vm.monitor("nmi")
                sent += 1
                # On a slow host there is a storm of fewer, so that dom0 gets on.
                vm.settle(max(0.01, time.monotonic() - asked))
            vm.expect(r"(?s)quick: complaints 0(?!\d).*quick: done", 120)
            told = vm.text.count("NMI received")
            report.result("a storm of NMIs", sent > 100 and told > 10 and "panic on" not in vm.text,
                          "%d, of which dom0 told %d" % (sent, told))
        except (Timeout, Gone) as error:
            report.result("a storm of NMIs", False, "%s after %d" % (error, sent))
            print(vm.tail(12))


def machine_check(args, log, report):
    """Memory that fails is the end of the machine's work, said and restarted, not a silent reset."""
    with Machine(args, log) as vm:
        if not try_expect(vm, report, "dom0 comes up", r"quick: complaints 0\n", 900):
            return
        vm.monitor("mce 0 1 0xbe00000000000000 0x5 0x1000 0x8c")
        if try_expect(vm, report, "a machine check is told",
                      r"panic on CPU 0 \*+\n.*machine check: the processor reports a hardware fault"
                      r"(\n.*)*?vector 18 "):
            try:
                vm.wait_end(600)
                report.result("restart after a machine check", True)
            except Timeout as error:
                report.result("restart after a machine check", False, str(error))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--only", default="", help="keys, death, isolation, screen, tables, nmi, mce; large")
    args = parser.parse_args()
    subprocess.run([os.path.join(HERE, "mkquick.sh"), args.cache], check=True)
    cache = os.path.abspath(args.cache)
    quick, logs = os.path.join(cache, "quick"), os.path.join(cache, "logs")
    os.makedirs(logs, exist_ok=True)
    kernel = os.path.join(quick, "vmlinuz")
    report = Report("console")

    def case(name, options="", image=kernel, kernel_options="", **machine):
        return (machine_args(args.hypervisor, image, quick, options, kernel_options, **machine),
                os.path.join(logs, "console-%s.log" % name), report)

    if args.only in ("", "keys"):
        debug_keys(*case("keys", kernel_options="quick=shell"))
    if args.only in ("", "death"):
        dying = os.path.join(cache, "kernels", "dying")
        if not os.path.exists(dying):
            os.makedirs(os.path.dirname(dying), exist_ok=True)
            with open(kernel, "rb") as f:
                kernels.write(dying, dying_kernel(f.read()))
        dom0_dies(*case("death", image=dying, cpus=1))
    if args.only in ("", "isolation"):
        isolation(*case("isolated", "xpti=yes", cpus=1), on=True, name="isolation on")
        isolation(*case("open", "xpti=no", cpus=1), on=False, name="isolation off")
    if args.only == "large":
        large(case, report)
    if args.only in ("", "screen"):
        machine, log, _ = case("screen", "console=com1,vga noreboot", vga="std")
        on_screen(machine[:machine.index("-initrd")], log, report)
    if args.only in ("", "tables"):
        our_tables(*case("tables", "xpti=yes", kernel_options="quick=shell", cpu="EPYC,-smap"),
                   cpus=2)
    if args.only in ("", "nmi"):
        # Isolation makes the most of entry and exit that one can hit.
        storm(*case("nmi", "xpti=yes"))
    if args.only in ("", "mce"):
        machine_check(*case("mce", kernel_options="quick=shell"))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
