# SPDX-License-Identifier: MIT
"""What the command line has and what its documents say of it.

  documented.py --build DIR --source DIR

Every schema that the programs print, and every member, stands in docs/json.md; every command and each of its
options stands in the manual page; the shell completes every command and what may stand behind it;
all help is there as JSON.  And of the commands that xl has as well each takes all options that xl's has.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile


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


def members(source):
    """What documents have beside the three of each, by the calls that put it there."""
    found = set()
    for folder in ("cli", "daisd", "remote", "lib/dom"):
        for name in os.listdir(os.path.join(source, "dom0-tools", folder)):
            if name.endswith(".c"):
                found.update(re.findall(r'\b(?:json_set|add_text|add_number)\(\w+, "(\w+)"',
                                        read(source, "dom0-tools", folder, name)))
    found -= {"schema", "version", "data"}
    text = read(source, "docs/json.md")
    return [m for m in sorted(found) if not re.search(r"`%s[`:]" % m, text)], len(found)


def metrics(source):
    found = set(re.findall(r'"(dais_[a-z_]+)", (?:NULL|")', read(source, "dom0-tools/daisd/metrics.c")))
    text = read(source, "docs/api.md")
    return [m for m in sorted(found) if "`%s`" % m not in text], len(found)


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


# What is typed, and what is offered; FILE is one in a folder of its own.
TYPED = (
    ("dais --j", ["--json"]), ("dais -v li", ["list"]), ("dais -c xen+ssh://host/ li", ["list"]),
    ("dais -c ", []), ("dais help vcpu-p", ["vcpu-pin"]), ("dais help list ", []),
    ("dais destroy ", ["web", "db"]), ("dais destroy web d", ["db"]),
    ("dais list --json -v w", ["web"]), ("dais pause w", ["web"]), ("dais pause web ", []),
    ("dais wait -t 5 w", ["web"]), ("dais wait --timeout=5 web d", ["down", "dying"]),
    ("dais vcpu-pin web a", ["all"]), ("dais trigger web n", ["nmi"]),
    ("dais sched -d d", ["db"]), ("dais sched --domain=w", ["web"]), ("dais top -d ", []),
    ("dais create FILE", ["FILE"]), ("dais create -c -f FILE", ["FILE"]),
    ("dais create --defconfig=FILE", ["FILE"]), ("dais check -q FILE", ["FILE"]),
    ("dais block-attach web FILE", ["FILE"]), ("dais dump-core web FILE", ["FILE"]),
    ("dais config w", ["web"]), ("dais config FILE", ["FILE"]), ("dais version ", []),
)


def completion(dais, commands):
    """Through bash itself, with the program in the path, and two domains that it lists."""
    script = ("source %s; COMP_LINE='%s'; COMP_POINT=%d; _dais; "
              "printf '%%s\\n' \"${COMPREPLY[@]}\"")
    where = os.path.join(os.path.dirname(__file__), "../../dom0-tools/etc/dais.bash")
    missing = []
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "dais"), "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n[ \"$1\" != list ] || exec printf 'Name ID\\nweb 1\\ndb 2\\n'\n"
                    "exec %s \"$@\"\n" % dais)
        os.chmod(f.name, 0o755)
        env = dict(os.environ, PATH=work + ":" + os.environ["PATH"])
        file = os.path.join(work, "web.cfg")
        with open(file, "w", encoding="utf-8"):
            pass

        def ask(line):
            return subprocess.run(["bash", "-c", script % (where, line, len(line))], env=env,
                                  check=False, cwd=work, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, universal_newlines=True).stdout.split()
        said = ask("dais ")
        missing += [c["name"] for c in commands if c["name"] not in said]
        for command in commands:
            said = ask("dais %s -" % command["name"])
            for option in command["options"]:
                missing += ["%s %s" % (command["name"], name) for name in
                            ("-" + option["letter"] if option["letter"] else "",
                             option["name"] and "--%s%s" % (option["name"],
                                                            "=" if option["argument"] else ""))
                            if name and name not in said]
        for line, wanted in TYPED:
            # A domain's name may begin as that of the file in this folder does.
            said = [s for s in ask(line.replace("FILE", file[:-1]))
                    if line != "dais config w" or s in ("web", "db")]
            if said != [w.replace("FILE", file) for w in wanted]:
                missing.append("%s: %s" % (line, " ".join(said)))
    return missing, len(commands) + len(TYPED)


def helped(dais, commands):
    """With --json the help is a document as well, wherever it stands."""
    missing = []
    for command in commands:
        for line in ((command["name"], "--help", "--json"), ("--json", command["name"], "--help"),
                     ("help", command["name"], "--json")):
            said = subprocess.run((dais,) + line, check=False, stdout=subprocess.PIPE).stdout
            try:
                document = json.loads(said)
            except ValueError:
                document = {}
            if document != {"schema": "dais.help", "version": 1, "data": command}:
                missing.append(" ".join(line))
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
                                   ("members in docs/json.md", members(args.source)),
                                   ("metrics in docs/api.md", metrics(args.source)),
                                   ("commands and options in dais(1)", manual(commands, page)),
                                   ("commands and options in bash", completion(dais, commands)),
                                   ("help as JSON", helped(dais, commands)),
                                   ("xl's commands and options", as_xl(commands))):
        failed += bool(missing) or not count
        print("%s - documented: %s (%d)%s" % ("not ok" if missing or not count else "ok", what,
                                              count, "".join("\n  missing: " + m for m in missing)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
