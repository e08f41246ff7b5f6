# SPDX-License-Identifier: MIT
"""The hypervisor's own page tables, read from outside by QEMU's monitor.

faults() says what in them is not as docs/architecture.md has it: nothing is both writable and
executable, guests see nothing but the M2P table, code is where code belongs, between the stacks
of each processor there is nothing, and with page-table isolation no translation outlives a change
of root.
"""

import re

from vm import Timeout

HOLE = range(256, 272)  # slots of the top level that are the hypervisor's
M2P, M2P_END = 0xffff800000000000, 0xffff804000000000
IMAGE, IMAGE_END = 0xffff82d000000000, 0xffff82d000600000
AREAS, AREA_SIZE = 0xffff82d040000000, 0x10000
# Pages of a processor's area (xen/machine/percpu.h).
GUARDS, STACKS, STUB = (0, 2, 4, 6, 9, 10), (1, 3, 5, 7, 11, 12, 13, 14, 15), 8
PRESENT, WRITE, USER, LARGE, GLOBAL, NX = 1, 2, 4, 1 << 7, 1 << 8, 1 << 63
ADDRESS = 0x000ffffffffff000


def ask(vm, command, pattern, count):
    """All matches of the pattern in what the monitor answers; on a busy host it may take its time."""
    for _ in range(10):
        found = re.findall(pattern, vm.monitor(command))
        if len(found) >= count:
            return found
    raise Timeout("the monitor does not answer to %s" % command)


def registers(vm, cpu):
    """What the monitor says of a processor's registers."""
    return ask(vm, "info registers -a", r"(?s)CPU#\d+\s(.*?EFER=[0-9a-f]+)", cpu + 1)[cpu]


def register(text, name):
    return int(re.search(r"\b%s=([0-9a-f]+)" % name, text).group(1), 16)


def entries(vm, table):
    """The 512 entries of the table at a physical address."""
    words = ask(vm, "xp /512gx %#x" % table, r"0x([0-9a-f]{16})", 512)
    return [int(word, 16) for word in words[:512]]


def leaves(vm, table, level=4, base=0, rights=WRITE | USER):
    """(address, size, flags) of all that the hypervisor's slots map; flags are of all levels."""
    size = 1 << (12 + 9 * (level - 1))
    for index, entry in enumerate(entries(vm, table)):
        if not entry & PRESENT or (level == 4 and index not in HOLE):
            continue
        address = base + index * size
        if level == 4:
            address |= 0xffff << 48
        flags = (rights & entry & (WRITE | USER)) | ((rights | entry) & NX)
        if level == 1 or entry & LARGE:
            yield address, size, flags | entry & GLOBAL
        else:
            yield from leaves(vm, entry & ADDRESS, level - 1, address, flags)


def faults(vm, root, cpus, isolated):
    """Lines that say what is wrong, and how many mappings were looked at."""
    said, seen = [], {}
    for address, size, flags in leaves(vm, root & ADDRESS):
        seen[address] = flags
        code = IMAGE <= address < IMAGE_END or \
            (AREAS <= address < AREAS + cpus * AREA_SIZE and
             (address % AREA_SIZE) >> 12 == STUB)
        if flags & WRITE and not flags & NX:
            said.append("%#x is writable and executable" % address)
        if not flags & NX and not code:
            said.append("%#x is executable and no code of ours" % address)
        if flags & USER and not M2P <= address < M2P_END:
            said.append("%#x is shown to guests" % address)
        if isolated and flags & GLOBAL:
            said.append("%#x is global" % address)
        if M2P <= address < M2P_END and flags & WRITE:
            said.append("%#x of the M2P table is writable" % address)
    for cpu in range(cpus):
        area = AREAS + cpu * AREA_SIZE
        said += ["guard page %d of CPU %d is mapped" % (page, cpu)
                 for page in GUARDS if area + page * 4096 in seen]
        said += ["page %d of CPU %d is no stack" % (page, cpu) for page in STACKS
                 if seen.get(area + page * 4096, 0) & (WRITE | NX) != WRITE | NX]
        said += ["CPU %d has no landing page" % cpu] if area + STUB * 4096 not in seen else []
    return said, len(seen)
