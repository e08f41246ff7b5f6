# SPDX-License-Identifier: MIT
"""What the command line has and what its documents say of it.

  documented.py --build DIR --source DIR

Every schema that the programs print stands in docs/json.md; every command and each of its
options stands in the manual page; the shell completes every command.  And of the commands that xl
has as well each takes all options that xl's has.
"""

import argparse
import json
import os
import re
import subprocess
import sys


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def schemas(source):
    found = set()
    for folder, _, names in os.walk(os.path.join(source, "dom0-tools")):
        for name in names:
            if name.endswith(".c"):
                found.update(re.findall(r'"(dais\.[a-z]+)"', read(folder, name)))
    text = read(source, "docs/json.md")
    return [s for s in sorted(found) if "`%s`" % s not in text], len(found)


def manual(commands, page):
    missing, count = [], 0
    for command in commands:
        count += 1
        begin = re.search(r"(?m)^ {2,7}(dais )?%s\b" % re.escape(command["name"]), page)
        if not begin:
            missing.append(command["name"])
            continue
        for option in command["options"]:
            count += 1
            word = "--" + option["name"] if option["name"] else "-" + option["letter"]
            if word not in page[begin.start():]:
                missing.append("%s %s" % (command["name"], word))
    return missing, count


def completion(dais, commands):
    """Through bash itself, with the program in the path."""
    script = ("source %s; COMP_WORDS=(dais %s); COMP_CWORD=%d; _dais; "
              "printf '%%s\\n' \"${COMPREPLY[@]}\"")
    where = os.path.join(os.path.dirname(__file__), "../../dom0-tools/etc/dais.bash")
    env = dict(os.environ, PATH=os.path.dirname(dais) + ":" + os.environ["PATH"])

    def ask(words, at):
        return subprocess.run(["bash", "-c", script % (where, words, at)], env=env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              universal_newlines=True).stdout.split()
    said = ask("''", 1)
    missing = [c["name"] for c in commands if c["name"] not in said]
    for command in commands:
        said = ask("%s --" % command["name"], 2)
        missing += ["%s --%s" % (command["name"], o["name"]) for o in command["options"]
                    if o["name"] and "--%s%s" % (o["name"], "=" if o["argument"] else "")
                    not in said]
    return missing, len(commands)


# What `xl help COMMAND` of 4.17 says: an option's letter and its name, "" where it has one only.
XL = {
    "create": "c: d: e: F: f:defconfig n:dryrun p: q:quiet V:vncviewer A:vncviewer-autopass "
              ":ignore-global-affinity-masks",
    "list": "l:long v:verbose Z:context c:cpupool n:numa",
    "destroy": "f:",
    "shutdown": "a:all F: w:wait",
    "reboot": "a:all F: w:wait",
    "console": "t: n:",
    "vcpu-pin": "f:force :ignore-global-affinity-masks",
    "vcpu-set": "i:ignore-host",
    "info": "n:numa",
    "sched-credit2": "d:domain w:weight c:cap s:schedparam r:ratelimit_us p:cpupool",
    "dmesg": "c:",
    "block-detach": "f:force",
    "uptime": "s:",
    "cpupool-list": "c:cpus",
    "help": ":long",
    "pause": "", "unpause": "", "top": "", "debug-keys": "", "domid": "", "domname": "",
    "rename": "", "vcpu-list": "", "mem-set": "", "mem-max": "", "block-attach": "",
    "block-list": "", "network-attach": "", "network-detach": "", "network-list": "",
    "trigger": "", "sysrq": "", "dump-core": "",
}


def as_xl(commands):
    """As the commands describe themselves, which is what their options are read by."""
    options = {c["name"]: c["options"] for c in commands}
    missing = []
    for command, words in XL.items():
        for word in words.split():
            letter, name = word.split(":")
            if not any((not letter or o["letter"] == letter) and (not name or o["name"] == name)
                       for o in options.get(command, [])):
                missing.append("%s %s" % (command, word))
        if command not in options:
            missing.append(command)
    return missing, len(XL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    args = parser.parse_args()
    dais = os.path.abspath(os.path.join(args.build, "dom0-tools", "dais"))
    commands = json.loads(subprocess.run([dais, "help", "--json"], check=True,
                                         stdout=subprocess.PIPE).stdout)["data"]
    page = re.sub(r"\\f[A-Z]|\\", "", read(args.source, "docs/man/dais.1"))
    page = re.sub(r"(?m)^\.SS (.*)$", r"   \1", page)
    failed = 0
    for what, (missing, count) in (("schemas in docs/json.md", schemas(args.source)),
                                   ("commands and options in dais(1)", manual(commands, page)),
                                   ("commands and options in bash", completion(dais, commands)),
                                   ("xl's commands and options", as_xl(commands))):
        failed += bool(missing) or not count
        print("%s - documented: %s (%d)%s" % ("not ok" if missing or not count else "ok", what,
                                              count, "".join("\n  missing: " + m for m in missing)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
