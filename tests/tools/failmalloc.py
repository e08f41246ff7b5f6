# SPDX-License-Identifier: MIT
"""Each allocation of a command made to fail in turn: a clean end, and an answer that is whole.

  failmalloc.py --build DIR

A command ends either well, and then says what it says without the fault, or with an exit status
of its own and a word of why.  No hypervisor is needed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

CONFIG = """name = "web"
kernel = "/bin/true"
memory = 256
maxmem = 512
vcpus = 2
cpus = ["0", "1"]
extra = "a b"
root = "/dev/xvda ro"
disk = ["format=raw,vdev=xvda,access=rw,target=/etc/hostname", "/etc/hosts,raw,xvdb,r"]
vif = ["mac=00:16:3e:00:00:01,bridge=br0,rate=10Mb/s", "bridge=br1,script=vif-bridge"]
ioports = ["3f8-3ff"]
irqs = [4]
iomem = ["f0000,10"]
vkb = ["backend-type=linux,unique-id=a,width=9"]
vtpm = ["backend=tpm"]
vsnd = [["CARD,sample-rates=1;2", "PCM,name=a"]]
vdispl = ["connectors=a:1x1,be-alloc=1"]
cpuid = ["1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0", "7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0"]
on_crash = "restart"
unknown_key = 5
"""

COMMANDS = [
    ["check", "CONFIG"], ["check", "--json", "CONFIG"], ["check", "BAD"],
    ["check", "--json", "BAD"], ["config", "CONFIG"], ["config", "--json", "-d", "CONFIG"],
    ["create", "-n", "CONFIG"], ["create", "-n", "--json", "CONFIG", "memory=300"],
    ["list"], ["list", "--json"], ["help"], ["help", "--json"], ["version", "--json"],
]


class Runs:
    def __init__(self, build, work):
        self.dais = os.path.join(build, "dom0-tools", "dais")
        self.shim = os.path.join(work, "failmalloc.so")
        self.mark = os.path.join(work, "mark")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self.shim,
                        os.path.join(HERE, "failmalloc.c")], check=True)
        self.files = {"CONFIG": os.path.join(work, "web.cfg"), "BAD": os.path.join(work, "bad.cfg")}
        with open(self.files["CONFIG"], "w", encoding="utf-8") as f:
            f.write(CONFIG)
        with open(self.files["BAD"], "w", encoding="utf-8") as f:
            f.write(CONFIG + "vfb = [\"vnc=1,keymap=de\"]\n"
                    "channel = [\"connection=pty,name=c1\"]\n"
                    "cpuid = \"host,model=7,sse4-x=0,=\"\n"
                    "vkb = [\"backend-type=tin\", \"x=1\"]\nmemory = -3\ndisk = [5]\nvif = \"x\"\nname = [\n")

    def run(self, command, number, more):
        """(did the fault happen, the finished process)"""
        env = dict(os.environ, LC_ALL="C")
        if number:
            env.update(LD_PRELOAD=self.shim, FAILMALLOC=str(number), FAILMALLOC_MARK=self.mark,
                       **({"FAILMALLOC_ALL": "1"} if more else {}))
        if os.path.exists(self.mark):
            os.unlink(self.mark)
        done = subprocess.run([self.dais] + [self.files.get(w, w) for w in command], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300, check=False)
        return os.path.exists(self.mark), done

    def check(self, command, more):
        """How many allocations failed; what was wrong, or None."""
        _, good = self.run(command, 0, False)
        # With UUIDs and addresses made anew each time only the length can be compared.
        for number in range(1, 100000):
            hit, done = self.run(command, number, more)
            if not hit:
                return number - 1, None
            said = done.stderr.decode("utf-8", "replace").strip()
            # A fault of the configuration is an answer, not an error.
            if re.search(b"no memory|Cannot allocate memory", done.stdout):
                said += "no memory"
            if done.returncode < 0 or done.returncode > 64:
                return number, "status %d: %s" % (done.returncode, said[-300:])
            if done.returncode == good.returncode:
                if len(done.stdout) != len(good.stdout) and "memory" not in said:
                    return number, "ended well, and said something else"
            elif not said:
                return number, "status %d without a word" % done.returncode
        return 0, "no end"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        runs = Runs(os.path.abspath(args.build), work)
        for command in COMMANDS:
            for more in (False, True):
                count, wrong = runs.check(command, more)
                failed += wrong is not None
                print("%s - failmalloc: dais %s%s (%d)%s"
                      % ("not ok" if wrong else "ok", " ".join(command),
                         ", all from there" if more else "", count,
                         "\n  " + wrong if wrong else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
