# SPDX-License-Identifier: MIT
"""A virtual machine whose console is read and typed at.

Machine starts QEMU, keeps everything the serial console says in a log, waits for patterns in
it and types lines.  What it leaves to others: which machine, what is on its disks, and what
the patterns mean (dom0.py, commands.py).
"""

import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time


class Timeout(Exception):
    """The console did not say what was waited for."""


class Gone(Exception):
    """QEMU ended while something was still expected of it."""


# A line of the hypervisor's log, which may begin anywhere in one of dom0's, and the part of one
# that a read may end with.
HYPERVISOR = re.compile(r"\((?:DAIS|XEN)\) [^\n]*\n")
BEGUN = re.compile(r"\((?:$|D$|DA$|DAI$|X$|XE$|(?:DAIS|XEN)(?:$|\)$|\) [^\n]*$))")


# More than one entry of a top-level table maps: for what goes by where memory ends.  Most of it is
# never touched, but for each frame the hypervisor keeps 24 bytes.
LARGE, LARGE_NEEDS = 600, 10  # GiB: the machine's, and what the host must have for it


def large_memory():
    """QEMU's arguments for a machine with so much; None, and why, where the host has too little."""
    with open("/proc/meminfo", encoding="ascii") as f:
        free = int(re.search(r"MemAvailable:\s+(\d+) kB", f.read()).group(1)) >> 20
    if free < LARGE_NEEDS:
        return None, "the host has %d GiB to spare, %d are needed" % (free, LARGE_NEEDS)
    with open("/proc/sys/vm/overcommit_memory", encoding="ascii") as f:
        if f.read().strip() == "2":
            return None, "the host promises no more memory than it has (vm.overcommit_memory)"
    return ["-machine", "pc,memory-backend=all", "-object",
            "memory-backend-ram,id=all,size=%dG,reserve=off" % LARGE, "-m", "%dG" % LARGE], None


class Machine:
    """One QEMU process; use as a context manager so that it never outlives its test.

    Of a machine whose shell is talked to (shell_only) the log alone has the hypervisor's lines:
    they come at any time, and would stand in the midst of a command's output."""

    def __init__(self, args, log, qemu="qemu-system-x86_64"):
        self.args = [qemu] + args
        self.shell_only = False
        self.log_path = log
        self.text = ""  # all that was said, control sequences taken out
        self.pending = ""
        self.seen = 0  # how much of it expect() has consumed
        self.monitor_path = None
        self.asked = 0
        self.process = None

    def __enter__(self):
        self.log = open(self.log_path, "wb")
        # Not beside the log: a socket's path has room for 107 characters.
        self.monitor_path = os.path.join(tempfile.mkdtemp(prefix="dais-"), "monitor")
        command = self.args + ["-display", "none", "-serial", "stdio", "-monitor",
                               "unix:%s,server=on,wait=off" % self.monitor_path]
        self.log.write((" ".join(command) + "\n").encode())
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        os.set_blocking(self.process.stdout.fileno(), False)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._read(0)
        self.log.close()
        shutil.rmtree(os.path.dirname(self.monitor_path), ignore_errors=True)

    def _read(self, wait):
        """Take what the console has; False once QEMU has closed it."""
        out = self.process.stdout
        ready, _, _ = select.select([out], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(out.fileno(), 65536)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.log.write(data)
        self.log.flush()
        # A control sequence may arrive in pieces: one that is not whole yet waits for its rest.
        text = self.pending + data.decode("utf-8", "replace").replace("\r", "")
        text = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>c78])", "", text)
        begun = re.search(r"\x1b[\[()]?[0-9;?]*$", text)
        cut = begun.start() if begun and len(text) - begun.start() < 16 else len(text)
        if self.shell_only:
            text = HYPERVISOR.sub("", text)
            begun = BEGUN.search(text) or begun
            cut = begun.start() if begun and len(text) - begun.start() < 512 else len(text)
        self.text += text[:cut]
        self.pending = text[cut:]
        return True

    def expect(self, pattern, timeout):
        """Wait for the pattern in what was not consumed yet; the match is consumed."""
        regex = re.compile(pattern)
        end = time.monotonic() + timeout
        while True:
            match = regex.search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            left = end - time.monotonic()
            if left <= 0:
                # A busy host may not have let us read what is there.
                had = len(self.text)
                if self._read(0) and len(self.text) > had:
                    continue
                raise Timeout("no /%s/ within %d s" % (pattern, timeout))
            if not self._read(min(left, 1)):
                # The last bytes may have come with the end.
                if not regex.search(self.text, self.seen):
                    raise Gone("QEMU ended before /%s/" % pattern)

    def settle(self, seconds):
        """Take what the console says for a while, waiting for nothing in particular."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self._read(max(0, end - time.monotonic())):
                raise Gone("QEMU ended")

    def send(self, line):
        """Type a line.  Slowly: a serial console has a small buffer and no flow control."""
        data = (line + "\n").encode()
        for at in range(0, len(data), 8):
            self.type(data[at:at + 8])
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                self._read(max(0, end - time.monotonic()))

    def type(self, data):
        """Type some bytes as they are."""
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            raise Gone("QEMU ended before %r was typed" % data) from None

    def run(self, command, timeout=300):
        """Run a shell command in the logged-in console: (exit status, what it printed)."""
        self.seen = len(self.text)
        # The quotes keep a terminal's echo of the command from looking like the answer.
        self.send(command + "; echo @'@'$?@@")
        start = self.seen
        # A line of the hypervisor's begins a new one, also in the midst of this.
        match = self.expect(r"@\n?@\n?(\d+)\n?@\n?@", timeout)
        # The end of the line before may have come only now.
        return int(match.group(1)), self.text[start:match.start()].removeprefix("\n")

    def login(self, timeout):
        self.expect(r"login: ?", timeout)
        self.shell_only = True
        self.root_shell(600)

    def root_shell(self, timeout):
        """From a prompt for a login to root's shell: without line editing and prompts, and so that
        nothing else speaks on the terminal: neither mail, nor systemd (signal 55), nor the kernel
        while it is well.  Until then anything may stand between what is typed and what is said."""
        for left in (3, 2, 1, 0):
            self.send("root")
            try:
                self.expect(r"[#$] ", timeout / 4)
                break
            except Timeout:
                # login has given up, and it is asked for anew; to a slow shell it is a wrong word.
                if not left:
                    raise
        self.send("exec env -u MAIL -u MAILPATH sh")
        self.answer(timeout)
        self.run("stty -echo -onlcr; PS1=; dmesg -n 2; [ ! -d /run/systemd/system ] || kill -55 1; "
                 "mesg n 2> /dev/null", timeout)
        # What systemd had begun to say may still come.
        self.answer(timeout)

    def answer(self, timeout):
        """Until the shell at hand says, whole, what it is told to; then it waits for us."""
        end = time.monotonic() + timeout
        while True:
            self.asked += 1
            self.send("echo he''re-%d-" % self.asked)
            try:
                self.expect(r"here-%d-" % self.asked, min(15, timeout))
                return
            except Timeout:
                if time.monotonic() > end:
                    raise

    def wait_end(self, timeout):
        """Wait for QEMU to end by itself, which is how a power-off looks from outside."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Timeout("still running after %d s" % timeout)
            if not self._read(0.5):
                time.sleep(0.1)
        return self.process.returncode

    def monitor(self, command):
        """What QEMU's monitor answers, or the reason why it does not."""
        answer = b""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(60)
                s.connect(self.monitor_path)
                s.sendall(command.encode() + b"\n")
                while answer.count(b"(qemu)") < 2:
                    data = s.recv(65536)
                    if not data:
                        break
                    answer += data
        except OSError as error:
            return "no answer from the monitor: %s" % error
        return answer.decode("utf-8", "replace")

    def tail(self, lines=25):
        return "\n".join(self.text.splitlines()[-lines:])


class Report:
    """Counts and prints results as lines of the Test Anything Protocol."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.failed = 0
        self.passed = 0

    def result(self, name, good, detail=""):
        word = "ok" if good else "not ok"
        print("%s - %s: %s%s" % (word, self.prefix, name, " (%s)" % detail if detail else ""),
              flush=True)
        if good:
            self.passed += 1
        else:
            self.failed += 1
        return good

    def skip(self, name, why):
        print("ok - %s: %s # SKIP %s" % (self.prefix, name, why), flush=True)
