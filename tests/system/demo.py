# SPDX-License-Identifier: MIT
"""The demonstration: GRUB starts the hypervisor from an ISO, Debian comes up as dom0 to its login,
and what the hypervisor reports of itself is printed.

  demo.py --cache DIR --hypervisor PATH|stock
"""

import argparse
import os
import re
import subprocess
import sys

from dom0 import HERE, Lab
from vm import Gone, Machine, Timeout

MACHINE = dict(machine="q35", cpu="Nehalem", smp=2, load="iso", protocol=2, kernel="6.1")

REPORT = [
    ("hypervisor", "hvinfo | tr '\\n' ';'"),
    ("features", "cat /sys/hypervisor/properties/features"),
    ("guest type", "cat /sys/hypervisor/guest_type"),
    ("dom0 is", "cat /proc/xen/capabilities"),
    ("processors", "nproc"),
    ("memory", "grep MemTotal /proc/meminfo"),
    ("clock source", "cat /sys/devices/system/clocksource/clocksource0/current_clocksource"),
    ("interrupts", "grep -c xen- /proc/interrupts"),
    ("kernel", "uname -rv"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True)
    parser.add_argument("--hypervisor", required=True)
    args = parser.parse_args()
    for script in ("mkquick.sh", "mkdisk.sh"):
        print("demo: preparing (%s); the first time takes some minutes" % script, flush=True)
        if subprocess.run([os.path.join(HERE, script), args.cache]).returncode:
            return 1
    lab = Lab(args.cache, args.hypervisor, "", 2048)
    log = os.path.join(lab.logs, "demo.log")
    print("demo: booting; the console goes to " + log, flush=True)
    with Machine(lab.arguments(MACHINE), log) as vm:
        try:
            vm.login(900)
            # dom0's own lines begin with its time stamp.
            boot_log = re.split(r"\n\[ +\d+\.\d+\] ", vm.text)[0]
            said = [line for line in boot_log.splitlines() if line.strip()]
            print("\n--- the console from GRUB to dom0's first line ---")
            print("\n".join(said[-60:]))
            print("\n--- dom0's login is reached; the hypervisor reports ---")
            vm.run("mount -t xenfs xenfs /proc/xen; modprobe xen-privcmd")
            for title, command in REPORT:
                _, answer = vm.run(command)
                print("%-13s %s" % (title, " ".join(answer.split())))
            vm.send("poweroff")
            vm.wait_end(120)
            print("\ndemo: dom0 switched the machine off")
        except (Timeout, Gone) as error:
            print(vm.tail(30))
            print("demo: %s" % error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
