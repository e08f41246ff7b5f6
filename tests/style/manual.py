# SPDX-License-Identifier: MIT
"""Is the manual whole?  Each program that is installed has a page; each option of a daemon and of
the hypervisor, each key of a configuration stands in the page for it."""

import glob
import os
import re

# The page, where the words come from, how they stand there, and what precedes them in the page.
SOURCES = (
    ("dais.cfg.5", "dom0-tools/lib/config/keys.c",
     r"^\t(?:OWN|TEXT|NUMBER|ACTION|LIST|CHOICE|OTHER)\(\"(\w+)\"(?!, KEY_VAIN|, KEY_REFUSED)", ""),
    ("xenstored.8", "xenstore/options.c", r"^\t\{\{\"([\w-]+)\"(?!.*NULL, NULL\},$)", "--"),
    ("daisd.8", "dom0-tools/daisd/main.c", r"^\t\{\"([\w-]+)\", \w+_argument", "--"),
    ("dais-consoled.8", "dom0-tools/consoled/main.c", r"^\t\{\"([\w-]+)\", \w+_argument", "--"),
    ("dais-unpack.8", "dom0-tools/unpack/main.c", r"^\t\{\"([\w-]+)\", \w+_argument", "--"),
    ("dais-boot.7", "xen/boot/options.c", r"^\t\{\"([\w-]+)\", OPT_", ""),
    ("dais-boot.7", "xen/**/*.c", r"\bkeys_register\('(.)'", ""),
)


def read(top, name):
    with open(os.path.join(top, name), encoding="utf-8") as f:
        return f.read()


def plain(text):
    """A page's text without the marks of its form."""
    text = re.sub(r"\\f.|\\&", "", text)
    return text.replace("\\-", "-").replace('"', "")


def faults(top):
    top = os.path.abspath(top)
    listed = read(top, "docs/local.mk")
    for fragment in glob.glob(os.path.join(top, "**/local.mk"), recursive=True):
        for program in re.findall(r"^s?bin_PROGRAMS \+= (\S+)", read(top, fragment), flags=re.M):
            if not re.search(r"docs/man/%s\.[18]\b" % re.escape(os.path.basename(program)), listed):
                yield "%s has no manual page in docs/local.mk" % program
    for page, source, pattern, prefix in SOURCES:
        text = plain(read(top, "docs/man/" + page))
        words = [word for file in sorted(glob.glob(os.path.join(top, source), recursive=True))
                 for word in re.findall(pattern, read(top, file), flags=re.M)]
        if not words:
            yield "%s: no words found to look for; is the pattern right?" % source
        for word in words:
            if not re.search(r"(?<![\w-])%s%s(?![\w-])" % (prefix, re.escape(word)), text):
                yield "docs/man/%s says nothing of %s (%s)" % (page, word, source)
