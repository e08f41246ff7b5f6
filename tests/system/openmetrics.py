# SPDX-License-Identifier: MIT
"""A strict reading of the OpenMetrics text format, version 1.0.0.

  openmetrics.py FILE...

faults(text) tells what is against the format; none may be left unsaid, so that it refuses what a
lenient reader takes.  Run as a program it reads texts that it knows to be right or wrong, each by
one fault, and then the files.
"""

import re
import sys

# What is behind the family's name in the names of its samples; the first is the one we demand.
SUFFIXES = {"counter": ("_total", "_created"), "gauge": ("",), "stateset": ("",), "info": ("_info",),
            "unknown": ("",), "histogram": ("_bucket", "_count", "_sum", "_created"),
            "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
            "summary": ("", "_count", "_sum", "_created")}
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? (\S+)(?: (\S+))?" % NAME)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|(?i:inf(?:inity)?))|(?i:nan)")
HELP = re.compile(r'(?:[^"\\\n]|\\[\\"n])*')


class Reader:
    def __init__(self):
        self.faults = []
        self.families = {}  # name: its metadata, by keyword
        self.family = None  # the one that is being read
        self.groups = []  # label sets of its metrics, in their order
        self.samples = set()

    def wrong(self, line, why):
        self.faults.append("%s: %s" % (why, line))

    def enter(self, line, name):
        if name != self.family and name in self.families:
            self.wrong(line, "the family was left before")
        if name != self.family:
            self.family, self.groups = name, []
            self.families.setdefault(name, {})
        return self.families[name]

    def metadata(self, line):
        parts = re.fullmatch(r"# (TYPE|UNIT|HELP) (%s) (.*)" % NAME, line)
        if not parts:
            return self.wrong(line, "no metadata")
        keyword, name, value = parts.groups()
        known = self.enter(line, name)
        if keyword in known:
            self.wrong(line, "said twice")
        if self.groups:
            self.wrong(line, "behind samples")
        known[keyword] = value
        if keyword == "TYPE" and value not in SUFFIXES:
            self.wrong(line, "no such type")
        if keyword == "UNIT" and value and not name.endswith("_" + value):
            self.wrong(line, "the name does not end with the unit")
        if keyword == "UNIT" and value and known.get("TYPE") in ("info", "stateset"):
            self.wrong(line, "this type has no unit")
        if keyword == "HELP" and not HELP.fullmatch(value):
            self.wrong(line, "not escaped")
        return None

    def labels(self, line, text):
        found, at = {}, 0
        while text and at <= len(text):
            label = LABEL.match(text, at)
            if not label:
                self.wrong(line, "no label")
                break
            if label.group(1) in found:
                self.wrong(line, "a label twice")
            found[label.group(1)] = label.group(2)
            at = label.end()
            if at == len(text):
                break
            if text[at] != ",":
                self.wrong(line, "no comma between labels")
                break
            at += 1
        return found

    def family_of(self, name):
        """The family that was announced and may have such a sample."""
        for family in (self.family, name):
            known = self.families.get(family)
            if known is not None and name in [family + s for s in
                                              SUFFIXES.get(known.get("TYPE", "unknown"), ())]:
                return family
        return name

    def sample(self, line):
        parts = SAMPLE.fullmatch(line)
        if not parts:
            return self.wrong(line, "no sample")
        name, text, value, stamp = parts.groups()
        family = self.family_of(name)
        kind = self.enter(line, family).get("TYPE", "unknown")
        if name not in [family + s for s in SUFFIXES.get(kind, ("",))]:
            self.wrong(line, "no name for a sample of a " + kind)
        labels = self.labels(line, text)
        if not NUMBER.fullmatch(value) or (stamp and not NUMBER.fullmatch(stamp)):
            return self.wrong(line, "no number")
        number = float(value)
        if kind == "counter" and not 0 <= number < float("inf"):
            self.wrong(line, "no count")
        if kind == "info" and number != 1:
            self.wrong(line, "an info is 1")
        if kind == "stateset" and (number not in (0, 1) or family not in labels):
            self.wrong(line, "a state is 0 or 1, and a label of the family's name tells which")
        key = (name, tuple(sorted(labels.items())))
        if key in self.samples:
            self.wrong(line, "the same sample again")
        self.samples.add(key)
        labels.pop("le" if kind.endswith("histogram") else "quantile" if kind == "summary" else
                   family if kind == "stateset" else "", None)
        group = tuple(sorted(labels.items()))
        if group in self.groups[:-1]:
            self.wrong(line, "the metric was left before")
        if group not in self.groups:
            self.groups.append(group)
        return None

    def clashes(self):
        """Names that samples of two families may have."""
        taken = {}
        for family, known in self.families.items():
            for name in {family} | {family + s for s in
                                    SUFFIXES.get(known.get("TYPE", "unknown"), ("",))}:
                if taken.setdefault(name, family) != family:
                    self.wrong(name, "of %s and of %s" % (taken[name], family))


def faults(text):
    reader = Reader()
    if not text.endswith("\n# EOF\n") and text != "# EOF\n":
        reader.wrong(text[-40:], "does not end with EOF and a newline")
    for line in text[:-1].split("\n")[:-1]:
        if line.startswith("#"):
            reader.metadata(line)
        else:
            reader.sample(line)
    reader.clashes()
    return reader.faults


RIGHT = """# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds What it \\"is\\" \\\\ \\n.
a_seconds_total{n="x\\"y\\\\z\\n",m=""} 1.5e-3
a_seconds_total{n="o"} 0 1600000000.5
a_seconds_created{n="o"} 1
# TYPE b gauge
b -1
# TYPE c stateset
c{c="on",n="x"} 1
c{c="off",n="x"} 0
c{c="on",n="y"} 0
# TYPE d info
d_info{v="1"} 1
e NaN
# EOF
"""
# What stands there in the right one, and what makes it wrong.
WRONG = (
    ("# EOF\n", "# EOF"), ("# EOF\n", ""), ("# EOF\n", "# EOF\n\n"), ("b -1\n", "b -1\n\n"),
    ("b -1", "b  -1"), ("b -1", "b -1 "), ("b -1", "b -1\r"), ("b -1", "b"), ("b -1", "b 0x1"),
    ("b -1", "b 1."), ("b -1", "b{} -1 x"), ("b -1", "b{n=x} 1"), ("b -1", "b{n=\"x\" } 1"),
    ("b -1", "b{n=\"x\",} 1"), ("b -1", "b{n=\"x\"m=\"y\"} 1"), ("b -1", "b{n=\"\\t\"} 1"),
    ("b -1", "b{n=\"1\",n=\"2\"} 1"), ("b -1", "b{1=\"1\"} 1"), ("b -1", "b 1\nb 2"),
    ("b gauge", "b number"), ("# TYPE b gauge", "# TYPE b gauge\n# TYPE b gauge"),
    ("b -1", "b -1\n# HELP b x"), ("b -1", "b -1\na_seconds_total 1"), ("b -1", "b -1\n# TYPE c_x info\nb{n=\"\"} 1"),
    ("1.5e-3", "-1"), ("1.5e-3", "NaN"), ("a_seconds_total{n=\"o\"} 0", "a_seconds{n=\"o\"} 0"),
    ("# UNIT a_seconds seconds", "# UNIT a_seconds bytes"), ("\\\\ \\n.", "\\x"), ("it \\\"is", "it \"is"),
    ("d_info{v=\"1\"} 1", "d_info{v=\"1\"} 2"), ("d_info", "d"), ("c{c=\"off\",n=\"x\"} 0", "c{n=\"x\"} 0"),
    ("c{c=\"off\",n=\"x\"} 0", "c{c=\"off\",n=\"x\"} 2"), ("e NaN", "c{c=\"off\",n=\"x\"} 0"),
    ("c{c=\"on\",n=\"y\"} 0", "c{c=\"on\",n=\"y\"} 0\nc{c=\"odd\",n=\"x\"} 0"),
    ("e NaN", "# TYPE a_seconds_total gauge\na_seconds_total{x=\"\"} 1"), ("# HELP a_seconds", "# Help a_seconds"),
    ("e NaN", "# UNIT d bytes"),
)


def main():
    failed = []
    if faults(RIGHT):
        failed.append("refused: %s" % faults(RIGHT))
    for old, new in WRONG:
        text = RIGHT.replace(old, new, 1)
        if text == RIGHT or not faults(text):
            failed.append("taken: %r for %r" % (new, old))
    print("%s - openmetrics: the reader (%d texts)%s" % (
        "not ok" if failed else "ok", len(WRONG) + 1, "".join("\n  " + f for f in failed)))
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", newline="") as f:
            text = f.read()
        found = faults(text)
        failed += found
        print("%s - openmetrics: what daisd says (%d lines)%s" % (
            "not ok" if found or text.count("\n") < 20 else "ok", text.count("\n"),
            "".join("\n  " + f for f in found)))
        failed += [name] if text.count("\n") < 20 else []
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
