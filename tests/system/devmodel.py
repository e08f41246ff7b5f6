# SPDX-License-Identifier: MIT
"""Frame buffers, channels and shares: what QEMU serves of a PV guest that our tools make; and the
nodes of devices that others serve, beside xl's.

  devmodel.py --cache DIR --hypervisor PATH|stock --build DIR [--checks NAME,...]

dom0 is that of tools.py with Debian's QEMU for Xen in it.  The guest's drivers are its kernel's own.
"""

import json
import os
import re
import subprocess
import sys

import daemons
import guest
import tools

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKS = ["install", "missing", "faults", "password", "create", "screen", "channels", "isolation",
          "store", "share", "screens", "nodes", "viewer", "monitor", "daisd", "brake", "destroy", "others",
          "killed", "undone"]

# All that a domain with both devices may leave.
LEFT = ("pgrep -f xen-domid; ls /run/chan.sock 2>/dev/null; "
        "xenstore-ls -f | grep -e device-model/ -e vfb/ -e vkbd/ -e 9pfs/ -e org.dais; true")
VFB = 'vfb=["vnc=1,vncdisplay=4,vncunused=0,keymap=de"]\n'
CHANNELS = ('channel=["name=org.dais.pty,connection=pty",'
            '"name=org.dais.sock,connection=socket,path=/run/chan.sock"]')
# One that is made quickly and never runs.
PAUSED = 'kernel="/run/wild"\nramdisk=""\n'
# Devices of which no more than nodes are made, and what stands in for back-ends that are waited for.
PLAIN = ('vkb=["backend-type=linux,unique-id=k b,feature-abs-pointer=1,width=0x10",'
         '"backend-type=qemu","backend-type=linux,feature-multi-touch=1,multi-touch-width=1,'
         'multi-touch-height=2,multi-touch-num-contacts=3,feature-raw-pointer=0"]\n'
         'pvcalls=["","backend=0"]\nvtpm=["backend=0,uuid=01020304-0506-0708-090a-0b0c0d0e0f10"]\n'
         'vsnd=[["CARD,short-name=a b,sample-rates=8000;9000","STREAM,type=p","PCM,name=c,channels-max=2",'
         '"STREAM,unique-id=0,sample-formats=s8;u8"],["CARD"]]\n'
         'p9=["tag=t a,path=/srv,security_model=none","tag=b,path=/tmp,security_model=mapped"]\n'
         'vdispl=["connectors=a:1920x1080;b:800x600","backend=0,be-alloc=1,connectors=c:8x9"]\n')
STANDIN = """use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(q{/run/xenstored/socket}) or die $!;
my @told;
sub get { my $b = q{}; sysread($s, $b, $_[0] - length($b), length($b)) or exit while length($b) < $_[0]; $b }
sub message { my ($type, $size) = unpack(q{Vx8V}, get(16)); ($type, $size ? get($size) : q{}) }
sub told { push @told, (split /\\0/, $_[0])[0] }
sub ask {
  my ($type, $text) = @_; syswrite($s, pack(q{V4}, $type, 1, 0, length($text)) . $text);
  while (1) { my ($is, $said) = message(); return $said if $is == $type; return q{} if $is == 16; told($said) }
}
ask(4, qq{/local/domain/0/backend\\0token\\0});
open(my $up, q{>}, q{/run/standin.up});
while (1) {
  my $path = shift @told;
  if (!$path) { told((message())[1]); next }
  next if $path !~ m{/(vtpm|vdispl|vsnd)/\\d+/\\d+/state$};
  my $state = ask(2, qq{$path\\0});
  ask(11, qq{$path\\0} . ($state + 1)) if $state eq q{1} || $state eq q{5};
}
"""
# A client of the channel's socket: sends a line, waits for the answer.
CLIENT = ("use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(q{/run/chan.sock}) or die $!;"
          "$s->autoflush(1); alarm 300; print $s qq{to-guest\\n}; "
          "while (<$s>) { print; last if /got-/ }")


# A viewer: four pixels from the midst of the screen, where no cursor blinks; of the second or third
# screen if that is asked for by its number.
VIEWER = """use IO::Socket::INET; alarm 300;
my $s = IO::Socket::INET->new(q{127.0.0.1:} . shift) or die $!;
sub get { my $b = q{}; sysread($s, $b, $_[0] - length($b), length($b)) or die while length($b) < $_[0]; $b }
sub put { syswrite($s, $_[0]) }
my $hello = get(12); put($hello); get(ord(get(1))); put(chr(1)); get(4); put(chr(1));
my ($w, $h) = unpack(q{nnx16}, get(20)); get(unpack(q{N}, get(4)));
my $n = shift;
for my $key ($n ? (0xffe3, 0xffe9, 48 + $n) : ()) { put(pack(q{CCxxN}, 4, 1, $key)) }
for my $key ($n ? (48 + $n, 0xffe9, 0xffe3) : ()) { put(pack(q{CCxxN}, 4, 0, $key)) }
put(pack(q{CxnN}, 2, 1, 0)); put(pack(q{CCnnnn}, 3, 0, 0, 0, $w, $h));
my $p = q{};
for (1 .. unpack(q{xxn}, get(4))) {
  my ($l, $t, $wide, $high) = unpack(q{n4x4}, get(12)); my $d = get($wide * $high * 4);
  $p = substr($d, ((40 - $t) * $wide + 400 - $l) * 4, 16)
    if $l <= 400 && $l + $wide >= 404 && $t <= 40 && $t + $high > 40;
}
print substr($hello, 0, 11), qq{ $w $h }, unpack(q{H*}, $p), qq{\\n};
"""


class Model(tools.Ours):
    def arguments(self):
        return super().arguments() + [
            "-drive", "file=%s,format=raw,if=none,id=q,readonly=on" % self.file("devmodel/files.tar"),
            "-device", "virtio-blk-pci,drive=q"]

    def more_files(self, work):
        super().more_files(work)
        self.copy(work, [os.path.join(self.args.build, "dom0-tools/daisd/daisd")])
        for name, text in (("http.pl", daemons.HTTP), ("viewer.pl", VIEWER), ("standin.pl", STANDIN)):
            with open(os.path.join(work, name), "w", encoding="utf-8") as f:
                f.write(text)

    def shown(self, name):
        return self.json("dais list -l " + name)[0]

    # --- checks: True, or what was wrong

    def check_missing(self):
        """Without QEMU create and check tell which package has it."""
        self.config("m1", more=VFB)
        self.config("c1", more=CHANNELS)
        said = [self.vm.run("dais " + words, 400)
                for words in ("create /guests/m1.cfg", "check /guests/c1.cfg")]
        self.must("tar xf /dev/vde -C / --keep-directory-symlink --no-overwrite-dir && ldconfig", 300)
        for (status, text), wanted in zip(said, (8, 3)):
            if status != wanted or "qemu-system-xen" not in text:
                return "%d %s" % (status, text)
        self.must("dais check /guests/m1.cfg && dais check /guests/c1.cfg", 400)
        return "m1" not in self.listed()

    def check_faults(self):
        """What only the host knows: a keymap that is not there, a file in a socket's place."""
        self.must("echo mine > /run/file")
        for line, word, create in (('vfb=["keymap=xx"]', "keymap", 8),
                                   ('channel=["name=a,connection=socket,path=/run/file"]',
                                    "/run/file", 7)):
            self.config("f1", more=line)
            for command, wanted in (("create", create), ("check", 3)):
                status, said = self.vm.run("dais %s /guests/f1.cfg" % command, 400)
                if status != wanted or word not in said:
                    return "%s %s: %d %s" % (command, line, status, said)
        return self.must("cat /run/file; " + LEFT).strip() == "mine"

    def check_password(self):
        """Debian's QEMU has no DES, and so no passwords: its own words, and nothing is left."""
        self.config("p1", more='vfb=["vncpasswd=verysecr"]')
        status, said = self.vm.run("dais create /guests/p1.cfg", 400)
        if status != 8 or "DES" not in said or "vncpasswd" not in said:
            return "%d %s" % (status, said)
        # Logs only: that it is in no command line t_devmodel shows.
        said = self.must("test -s /var/log/dais/qemu-p1.log; grep -rl verysecr /var/log; " + LEFT)
        return not said.strip() or said

    def pid(self, name):
        return self.must("pgrep -f \"xen-domid $(dais domid %s) \"" % name).strip()

    def check_create(self):
        """One with a screen, one with channels."""
        self.must("dais create /guests/m1.cfg && dais create /guests/c1.cfg", 400)
        for name in ("m1", "c1"):
            with guest.Console(self.vm, name) as g:
                g.shell(240)
        self.detail = self.must("grep VmRSS /proc/%s/status" % self.pid("m1")).split(":")[1].strip()
        return True

    def check_screen(self):
        """Both ends are connected, VNC answers where the tools say, and says what is drawn."""
        with guest.Console(self.vm, "m1") as g:
            g.shell(240)
            said = g.run("cat /sys/bus/xen/devices/vfb-0/devtype /sys/class/graphics/fb0/name "
                         "/sys/class/input/input*/name; wc -c /dev/fb0 < /dev/null; "
                         "dd if=/dev/zero of=/dev/fb0 bs=64k count=4 2>/dev/null")[1]
        if not re.search(r"(?m)^vfb\n", said) or "Xen Virtual Keyboard" not in said:
            return said
        domid = self.must("dais domid m1").strip()
        for kind in ("vfb", "vkbd"):
            self.wait_for(kind + " connected", 240, lambda: self.must(
                "xenstore-read /local/domain/0/backend/%s/%s/0/state" % (kind, domid)).strip() == "4")
        vnc = self.shown("m1")["vnc"]
        if vnc != {"listen": "127.0.0.1", "port": 5904}:
            return str(vnc)
        self.detail = self.must("perl /opt/dais/viewer.pl 5904", 400).strip()
        return self.detail.startswith("RFB 003.008 800 600 ") and self.draws("Z", "5a")

    def draws(self, letter, code):
        """What the guest writes to its frame buffer is what a viewer sees."""
        with guest.Console(self.vm, "m1") as g:
            g.shell(240)
            g.run("tr '\\000' %s < /dev/zero | dd of=/dev/fb0 bs=4096 count=64 2>/dev/null" % letter)
        port = self.shown("m1")["vnc"]["port"]
        self.wait_for("pixels", 240, lambda: self.must(
            "perl /opt/dais/viewer.pl %d" % port, 400).split()[-1] == code * 16)
        return True

    def check_channels(self):
        """Bytes both ways, through the terminal and through the socket."""
        channels = self.shown("c1")["channels"]
        names = [(c["name"], c["connection"]) for c in channels]
        if names != [("org.dais.pty", "pty"), ("org.dais.sock", "socket")]:
            return str(channels)
        with guest.Console(self.vm, "c1") as g:
            g.shell(240)
            # A terminal forgets its settings when the last one closes it.
            g.run("for i in 1 2; do (exec < /dev/hvc$i > /dev/hvc$i; stty raw -echo; "
                  "while read l; do echo got-$l-$i; done) & done; sleep 1")
        return self.answers()

    def answers(self):
        """What the guest's two readers get is answered; there must be one of each."""
        tty = self.shown("c1")["channels"][0]["path"]
        said = self.must("stty -F %s raw -echo; exec 7<>%s; echo to-guest >&7; "
                         "timeout 300 grep -m 1 got- <&7; exec 7>&-" % (tty, tty), 400)
        if "got-to-guest-1" not in said:
            return "pty: " + said
        self.must("echo '%s' > /run/client.pl" % CLIENT.replace("'", "'\\''"))
        said = self.must("perl /run/client.pl", 400)
        return "got-to-guest-2" in said or "socket: " + said

    def rights(self, name):
        """User, group, groups, capabilities, whether it may gain rights, root directory, parent."""
        p = self.pid(name)
        said = self.must("sed -n 's/^\\(Uid\\|Gid\\|Groups\\|CapEff\\|NoNewPrivs\\):.//p' /proc/%s/status; "
                         "readlink /proc/%s/root; ls /proc/%s/root/ | wc -l; "
                         "cut -d' ' -f4 /proc/%s/stat" % (p, p, p, p)).strip().split("\n")
        return [said[0].split()[1], said[1].split()[1], said[2].strip(), int(said[3], 16) != 0] + [
            word.strip() for word in said[4:8]]

    def check_isolation(self):
        """Each QEMU is a user of its own in a root that is empty, or has the door to grants alone."""
        users = []
        for name, root, entries in (("m1", "/run/dais/empty", "0"), ("c1", "/dev/dais/grants", "1")):
            users.append(str(0x78000000 + int(self.must("dais domid " + name))))
            said = self.rights(name)
            if said != [users[-1]] * 3 + [False, "1", root, entries, "1"]:
                return "%s %s" % (name, said)
        # One that its guest has taken over ends itself, if it likes, and no other.
        own, others = self.pid("m1"), self.pid("c1")
        said = self.must("setpriv --reuid=%s --regid=%s --clear-groups sh -c 'kill -0 %s && echo own; "
                         "kill -0 %s && echo others' 2> /dev/null; true"
                         % (users[0], users[0], own, others)).split()
        if said != ["own"]:
            return "signals: %s" % said
        said = self.must("cd /dev/dais; stat -c '%A %U %n' . $(find grants -type c); "
                         "find grants -type f -o -type l").split()
        return said == ["drwx------", "root", ".", "crw-rw-rw-", "root",
                        "grants/dev/xen/gntdev"] or str(said)

    def check_viewer(self):
        """create -V starts vncviewer on the domain's screen, and makes nothing where there is none."""
        self.config("v1", memory=64, more=PAUSED + VFB)
        self.config("v2", memory=64, more=PAUSED)
        self.must("rm -f /usr/local/bin/vncviewer; hash -r")
        for name, status, word in (("v1", 8, "tigervnc-viewer"), ("v2", 3, "vfb")):
            got, said = self.vm.run("dais create -V -e -p /guests/%s.cfg" % name, 400)
            if got != status or word not in said or name in self.listed():
                return "%s: %d %s" % (name, got, said)
        # Called as xl: the domain is there all the same.
        self.must("sed -i s/vncdisplay=4/vncdisplay=6/ /guests/v1.cfg")
        got, said = self.vm.run("xl create -V -e -p /guests/v1.cfg", 400)
        if got or "tigervnc-viewer" not in said or "v1" not in self.listed():
            return "as xl: %d %s" % (got, said)
        self.must("dais destroy v1")
        for line in ("#!/bin/sh", 'echo viewer $* > /run/viewer.new', "mv /run/viewer.new /run/viewer"):
            self.must("echo '%s' >> /usr/local/bin/vncviewer" % line)
        self.must("chmod +x /usr/local/bin/vncviewer; hash -r; dais create -A -e -p /guests/v1.cfg", 400)
        self.wait_for("the viewer", 240, lambda: not self.vm.run("test -e /run/viewer")[0])
        self.detail = self.must("cat /run/viewer; rm /usr/local/bin/vncviewer; dais destroy v1", 400).strip()
        return self.detail == "viewer 127.0.0.1:6"

    def lose(self, name):
        """Its QEMU dies; another is there when this returns."""
        before = self.pid(name)
        self.must("kill -9 " + before)
        self.again(name, before)

    def again(self, name, before):
        def is_another():
            model = self.shown(name)["model"]
            state = self.must("xenstore-read /local/domain/0/device-model/$(dais domid %s)/state "
                              "2>/dev/null; true" % name).strip()
            return model["running"] and model["pid"] != int(before) and state == "running"
        self.wait_for("another QEMU for " + name, 600, is_another)

    def check_monitor(self):
        """Without daisd the process that create left starts another QEMU for one that died."""
        self.lose("m1")
        return self.draws("Q", "51")

    def daisd(self):
        self.must("LD_LIBRARY_PATH=/opt/dais /opt/dais/daisd --pid-file=/run/daisd.pid --no-auto", 400)

    def end_daisd(self, signal):
        self.must("p=$(cat /run/daisd.pid); kill -%s $p; while kill -0 $p 2>/dev/null; do sleep 0.2; "
                  "done" % signal)

    def journal(self, name):
        said = self.must("perl /opt/dais/http.pl GET /v1/journal?name=" + name, 400)
        said = said[said.index("HTTP/1."):].replace("\r", "").partition("\n\n")[2]
        return [e["event"] for e in json.loads(said)["data"]]

    def check_daisd(self):
        """daisd killed leaves QEMUs alone; one that dies meanwhile, or later, is replaced."""
        self.must("(dais events > /run/events 2>&1 & echo $! > /run/events.pid)")
        # It looks from the moment on that it tells of something.
        self.must("for i in $(seq 600); do dais pause m1; sleep 2; dais unpause m1; "
                  "grep -q paused /run/events && break; done; grep paused /run/events", 700)
        self.daisd()
        before = [self.pid(name) for name in ("m1", "c1")]
        self.end_daisd("KILL")
        self.daisd()
        self.end_daisd("TERM")
        self.daisd()
        if [self.pid(name) for name in ("m1", "c1")] != before:
            return "not the same QEMUs"
        self.lose("c1")
        self.wait_for("the journal", 300, lambda: self.journal("c1")[-2:] ==
                      ["model-lost", "model-restarted"])
        self.end_daisd("KILL")
        # Those that create left would be quicker than the next daisd.
        self.must("kill -9 $(pgrep -f 'dais create') 2>/dev/null; true")
        before = self.pid("m1")
        self.must("kill -9 " + before)
        self.wait_for("that it is seen", 300, lambda: not self.shown("m1")["model"]["running"])
        self.daisd()
        self.again("m1", before)
        self.must("kill $(cat /run/events.pid); grep 'model-lost.* m1' /run/events && "
                  "grep 'model-lost.* c1' /run/events")
        return self.draws("B", "42") and self.answers()

    def check_brake(self):
        """A QEMU that dies again and again stays away, and the guest goes on."""
        note = "/libxl/%s/model/" % self.must("dais domid c1").strip()
        self.must("xenstore-write %sin-row 5; xenstore-write %slast $(date +%%s)" % (note, note))
        self.must("kill -9 " + self.pid("c1"))
        self.wait_for("the journal", 300, lambda: self.journal("c1")[-2:] == ["model-lost", "failed"])
        with guest.Console(self.vm, "c1") as g:
            g.shell(240)
        return not self.shown("c1")["model"]["running"] or "it runs"

    def check_store(self):
        """What dom0 acts upon is not the guest's to write."""
        for name, path in (("m1", "local/domain/%s/image/device-model-pid"),
                           ("m1", "local/domain/%s/console/vnc-port"),
                           ("m1", "local/domain/%s/console/vnc-listen"),
                           ("c1", "libxl/%s/device/console/1/path"),
                           ("c1", "local/domain/%s/device/console/1/tty")):
            path %= self.must("dais domid " + name).strip()
            perms = self.must("xenstore-ls -fp | grep '^/%s '" % path)
            if "(n0" not in perms:
                return perms
        return True

    def check_share(self):
        """A directory of dom0: what either end writes the other reads, and whose it is."""
        modules = ("fs/netfs/netfs.ko", "fs/fscache/fscache.ko", "net/9p/9pnet.ko",
                   "net/9p/9pnet_xen.ko", "fs/9p/9p.ko")
        self.config("s1", more='vfb=["vncdisplay=7,vncunused=0",""]\np9=["tag=host,path=/srv/share,security_model=none"]\n'
                    'disk=["format=raw,vdev=xvda,access=ro,target=/guests/9p.raw"]')
        # More than its log may have, were it not for the share.
        self.must("head -c 3000000 /dev/urandom > /srv/big && "
                  "tar cf /guests/9p.raw -b 64 -C /lib/modules/$(uname -r)/kernel " +
                  " ".join(modules), 400)
        status, said = self.vm.run("dais create /guests/s1.cfg", 400)
        if status != 3 or "/srv/share" not in said:
            return "without the directory: %d %s" % (status, said)
        self.must("mkdir /srv/share && mv /srv/big /srv/share && dais create /guests/s1.cfg", 400)
        with guest.Console(self.vm, "s1") as g:
            g.shell(240)
            status, said = g.run(
                "cd /root && tar xf /dev/xvda && for m in %s; do insmod $m || break; done; mkdir /mnt; "
                "mount -t 9p -o trans=xen,version=9p2000.L host /mnt && cp /mnt/big /mnt/copy && "
                "chown 5:6 /mnt/copy && umount /mnt" % " ".join(modules), 900)
        if status:
            return said
        said = self.must("cmp /srv/share/big /srv/share/copy && stat -c %u:%g:%s /srv/share/copy")
        if said.strip() != "5:6:3000000":
            return said
        if self.rights("s1")[0] != "0" or self.shown("s1")["config"]["p9"][0]["tag"] != "host":
            return str(self.shown("s1"))
        return True

    def check_screens(self):
        """Two of a guest's, of which viewers choose one."""
        with guest.Console(self.vm, "s1") as g:
            g.shell(240)
            status, said = g.run("for i in 0 1; do tr '\\000' $((i + 7)) < /dev/zero | "
                                 "dd of=/dev/fb$i bs=4096 count=64 || break; done 2>/dev/null")
        if status:
            return said
        for number, code in (("1", "37"), ("2", "38"), ("1", "37")):
            self.wait_for("screen " + number, 240, lambda: self.must(
                "perl /opt/dais/viewer.pl 5907 " + number, 400).split()[-1] == code * 16)
        self.must("dais destroy s1; rm -r /srv/share", 400)
        return "s1" not in self.listed()

    def nodes(self, name):
        """Both ends of its plain devices, with owners and readers, and the domain's number out of it."""
        domid = self.must("dais domid " + name).strip()
        kept = set()
        for line in self.must("xenstore-ls -fp").splitlines():
            if not re.search(r"/(device|backend)/(vkbd|vinput|pvcalls|9pfs|vtpm|vdispl|vsnd)/", line):
                continue
            # QEMU adds what it can, and changes states.
            if re.match(r"/local/domain/0/backend/(vkbd|9pfs)/", line) and not re.search(
                    r"/(frontend|frontend-id|online|path|security_model|unique-id) ", line):
                continue
            line = re.sub(r"(/domain/|/libxl/|/backend/\w+/|frontend-id = \"|\([^)]*[nr])%s\b" % domid,
                          r"\1N", line)
            # Ours has no reader yet when its first node is made.
            if re.match(r"/local/domain/0/backend/\w+/N/\d+/frontend ", line):
                line = line.rpartition("(")[0]
            # The frame buffer's own keyboard is noted as other devices are: by its two ends.
            if "/N/" in line and "/libxl/N/device/vkbd/0/" not in line:
                kept.add(re.sub(" +", " ", line))
        return kept

    def check_nodes(self):
        """What our tools write of plain devices is what xl writes; nothing of it stays."""
        xl = "/usr/lib/xen-4.17/bin/xl"
        self.config("n1", memory=64, more=PAUSED + 'vfb=["vncdisplay=9"]\n' + PLAIN)
        self.must("(perl /opt/dais/standin.pl > /dev/null 2>&1 & echo $! > /run/standin.pid)")
        self.wait_for("the stand-in", 240, lambda: not self.vm.run("test -e /run/standin.up")[0])
        found = []
        # xl's end of devices that nobody serves takes long and fails.
        for create in (xl, "dais"):
            self.must("%s create -p -e /guests/n1.cfg" % create, 400)
            found.append(self.nodes("n1"))
            shown = self.shown("n1")["config"] if create == "dais" else {}
            self.must("dais destroy n1", 400)
            left = self.must("xenstore-ls -f | grep -e vinput/ -e pvcalls/ -e vtpm/ -e vdispl/ "
                             "-e vsnd/ -e 9pfs/; true")
            if left.strip() or any(found[0] ^ found[-1]):
                return "%s: %s %s" % (create, sorted(found[0] ^ found[-1]), left)
        self.must("kill $(cat /run/standin.pid)")
        self.detail = "%d nodes" % len(found[0])
        return len(found[0]) > 60 and len(shown["vkb"]) == 3 and len(shown["vsnd"]) == 2

    def gone_all(self):
        self.wait_for("QEMU and its nodes gone", 240, lambda: not self.must(LEFT).strip())

    def check_destroy(self):
        self.must("dais destroy m1 && dais destroy c1", 400)
        self.gone_all()
        return True

    def check_others(self):
        """A domain with a QEMU ended by the tool that did not make it: xl's by dais, ours by xl."""
        xl, look = "/usr/lib/xen-4.17/bin/xl", "ls /var/lib/xen /run/xen | grep -v domid-history"
        notes = self.must(look).split()
        self.config("x1", memory=64, more=PAUSED + VFB)
        self.must("%s create -p -e /guests/x1.cfg && pgrep -f xen-domid" % xl, 400)
        if self.shown("x1")["vnc"]["port"] != 5904:
            return str(self.shown("x1"))
        self.must("dais destroy x1", 400)
        self.gone_all()
        # One that powers off: xl's own process, which has waited for that, clears away.
        self.config("x2", memory=96, more=VFB)
        self.must("%s create /guests/x2.cfg" % xl, 400)
        with guest.Console(self.vm, "x2") as g:
            g.shell(240)
        self.must("dais shutdown -w x2", 900)
        self.gone("x2")
        self.gone_all()
        if self.must(look).split() != notes:
            return self.must(look)
        # xl knows nothing of our record, nor QEMU of its socket in another root: daisd does.
        self.config("k1", memory=64, more=PAUSED + VFB + CHANNELS)
        self.must("dais create -e -p /guests/k1.cfg && %s destroy k1" % xl, 400)
        self.gone_all()
        self.wait_for("no record", 240, lambda: not self.must("ls /var/lib/dais/domains").strip())
        self.end_daisd("TERM")
        return True

    def check_killed(self):
        """A create that is killed while QEMU starts leaves a domain whose end takes QEMU along."""
        self.config("k1", memory=64, more=PAUSED + VFB + CHANNELS)
        self.must("(dais create -p /guests/k1.cfg & n=0; until pgrep -f xen-domid || "
                  "[ $n = 3000 ]; do sleep 0.02; n=$((n + 1)); done; kill -9 $(pgrep -f 'dais create'); "
                  "wait) > /dev/null 2>&1; pgrep -f xen-domid", 400)
        names = [n for n in self.listed() if n != "Domain-0"]
        for name in names:
            self.must("dais destroy " + name, 400)
        self.gone_all()
        # And QEMU's own death is not the domain's.
        self.must("dais create -p /guests/k1.cfg && kill -9 $(pgrep -f xen-domid) && sleep 1", 400)
        if "k1" not in self.listed():
            return "the domain went with QEMU"
        self.must("dais destroy k1", 400)
        self.gone_all()
        return names == ["k1"] or str(names)

    def snapshot(self):
        return super().snapshot().strip() + "\n" + self.must(LEFT).strip()

    def check_undone(self):
        """Each step of a create with these devices made to fail (tools.py)."""
        # Debian's console daemon writes of a domain also when that has gone meanwhile.
        self.must("kill $(cat /run/xenconsoled.pid)")
        self.config("undo", memory=64, more=PAUSED + VFB + CHANNELS +
                    '\nvkb=["backend-type=linux"]\npvcalls=[""]')
        return self.undo_steps("undo", 20)


if __name__ == "__main__":
    tools.Ours, tools.FIRST, guest.CHECKS = Model, CHECKS, []
    cache = sys.argv[sys.argv.index("--cache") + 1] if "--cache" in sys.argv else "."
    if subprocess.run([os.path.join(HERE, "mkdevmodel.sh"), cache]).returncode not in (0, 77):
        print("not ok - devmodel: mkdevmodel.sh failed")
        sys.exit(1)
    Model.NAME = "devmodel"
    sys.exit(tools.main())
