# SPDX-License-Identifier: MIT
"""The demonstration as its two users meet it: at a terminal, and in a script.

  services_check.py COMMAND...      the demonstration's own command line

At a terminal (a pty) it must end at dom0's shell with three commands to try; they are tried: the
figures of `dais top`, the login on `dais console db`, a domain shut down and brought back.  Without
a terminal it must end by itself, with the machine off and exit status 0.
"""

import os
import pty
import re
import select
import subprocess
import sys
import time

from vm import HYPERVISOR, Gone, Report, Timeout

PAGE = r"bearing\s+120\s+4\.75\s+570\.00(.*\n)+.*all\s+1080\s+.*\n(.*\n)*.*MariaDB"


class Terminal:
    """A command at a pty: what it says, and a keyboard."""

    def __init__(self, command):
        self.text, self.seen, self.pending = "", 0, b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvp(command[0], command)

    def expect(self, pattern, timeout):
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text[self.seen:])
            if match:
                self.seen += match.end()
                return match
            if time.monotonic() > end:
                raise Timeout("no /%s/ within %d s" % (pattern, timeout))
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    raise Gone("the demonstration ended before /%s/" % pattern)
                self.take(data)

    def take(self, data):
        """What is shown, without what steers a terminal, which may come in pieces, and without the
        hypervisor's log, whose lines come at any time."""
        data = self.pending + data.replace(b"\r", b"")
        begun = re.search(rb"\x1b[\[()]?[0-9;?]*$", data)
        cut = begun.start() if begun and len(data) - begun.start() < 16 else len(data)
        self.pending, text = data[cut:], data[:cut].decode("utf-8", "replace")
        self.text += re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>c78])", "", text)
        self.text = self.text[:self.seen] + HYPERVISOR.sub("", self.text[self.seen:])

    def type(self, text):
        """As fast as a serial console takes it; NUL is a pause."""
        for character in text:
            if character != "\0":
                os.write(self.fd, character.encode())
            time.sleep(3 if character == "\0" else 0.03)

    def close(self):
        """The exit status; ended by force if it does not end by itself."""
        end = time.monotonic() + 600
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    time.sleep(1)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        return 124


def at_terminal(command, report):
    """Each step needs the one before it."""
    terminal = Terminal(command)
    started = time.monotonic()
    steps = (
        ("the page of two domains", "", PAGE, 3000),
        ("dais list and dais top", "", r"dom0# dais list(.*\n)+.*web(.*\n)+.*dais top -b.*\n", 900),
        ("left at dom0's shell", "", r"Three commands to try:(.*\n)+.*dom0# ", 900),
        ("dais top is live", "dais top\n", r"(?s)Domain-0(?=.*db)(?=.*web)", 900),
        ("and ends by q", "q", r"dom0# ", 600),
        ("dais console db: a login", "dais console db\n\0\n", r"db login: ", 1200),
        ("root's shell in the database's domain", "root\n", r"root@db:.*# ", 1200),
        ("the console is left by Ctrl-]", "\0\x1d", r"dom0# ", 600),
        ("dais shutdown -w web", "dais shutdown -w web; dais list\n",
         r"dais list\n(.*\n)*.*Domain-0.*\n.*db .*\n.*dom0# ", 1200),
        ("and back", "dais create /etc/dais/web.cfg && dais list\n", r"db .*\n.*web .*\n.*dom0# ", 1200),
    )
    try:
        for name, keys, pattern, timeout in steps:
            terminal.type(keys)
            terminal.expect(pattern, timeout)
            report.result(name, True, "%d s" % (time.monotonic() - started))
        terminal.type("poweroff -f\n")
    except (Timeout, Gone) as error:
        report.result(name, False, str(error))
        print(terminal.text[-3000:])
        terminal.type("\x1d\npoweroff -f\n")
    report.result("poweroff -f ends it", terminal.close() == 0)


def in_script(command, report):
    started = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=3600,
                          universal_newlines=True)
    took = time.monotonic() - started
    report.result("the page, in a script", bool(re.search(PAGE, done.stdout)), "%d s" % took)
    if not report.result("powered off", done.returncode == 0 and "switched the machine off"
                         in done.stdout, "exit status %d" % done.returncode):
        print(done.stdout[-4000:])


def main():
    report = Report("services")
    command = [sys.executable] + sys.argv[1:]
    made = subprocess.run(command + ["--prepare"]).returncode
    if made == 77:
        report.skip("all", "the disk images cannot be made without root")
        return 0
    if made:
        report.result("images", False, "exit status %d" % made)
        return 1
    in_script(command, report)
    at_terminal(command, report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
