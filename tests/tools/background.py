# SPDX-License-Identifier: MIT
"""Daemons where no hypervisor is: their exit status and words say so, in the background too.

  background.py --build DIR
"""

import argparse
import os
import subprocess
import sys
import tempfile

# What a script tells from the rest (docs/man/dais.1): no hypervisor, or no store.
NO_HOST = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    failed = 0
    if os.path.exists("/dev/xen/privcmd"):
        print("ok - background: all # SKIP this machine has a hypervisor")
        return 0
    with tempfile.TemporaryDirectory() as work:
        pid, socket = os.path.join(work, "pid"), os.path.join(work, "socket")
        for name, command in (("daisd", ["daisd/daisd", "--no-auto", "--socket=" + socket]),
                              ("dais-consoled", ["dais-consoled", "--log=none"])):
            command[0] = os.path.abspath(os.path.join(args.build, "dom0-tools", command[0]))
            for how, more in (("background", []),
                              ("foreground", ["-f" if name == "daisd" else "-i"])):
                run = subprocess.run(command + more + ["--pid-file=" + pid], check=False,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                                     universal_newlines=True)
                good = (run.returncode == NO_HOST and "/dev/xen/privcmd" in run.stdout
                        and not os.listdir(work))
                failed += not good
                print("%s - background: %s in the %s%s" % (
                    "ok" if good else "not ok", name, how, "" if good else ": status %d, %s, left %s"
                    % (run.returncode, run.stdout.strip(), os.listdir(work))))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
