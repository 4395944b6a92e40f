# SPDX-License-Identifier: MIT
"""
cddl.py - as much of CDDL (RFC 8610) as migrate-stream(5) is written in

Rules of types: numbers, "text", names, ranges, .size, choices, arrays, maps,
tags.  A value as cbor2 decodes it is held against a rule; what comes back is
None or the first thing that is wrong, with the path to it.

A colon after a key is a cut, as the RFC says: a known key with a value that is
not of its type is wrong, whatever a wildcard beside it allows.  With strict,
keys and types that only a wildcard allows are wrong, too: a stream that has them
is ahead of the page.
"""
import os
import re
import subprocess

TOKEN = re.compile(r"""
    (?P<space>\s+|;[^\n]*)
  | (?P<string>"[^"]*")
  | (?P<tag>\#6\.\d+)
  | (?P<number>-?\d+)
  | (?P<name>[A-Za-z_@$](?:[-.]*[A-Za-z0-9_@$])*)
  | (?P<sign>\.\.|=>|\.size\b|[=/\[\](){},:?*])
""", re.VERBOSE)

PRELUDE = {"uint", "int", "bstr", "tstr", "bool", "any"}
LARGEST = 2 ** 64 - 1


class Error(Exception):
    """The CDDL itself is wrong."""


def tokens(text):
    at = 0
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            raise Error("CDDL: cannot read %r" % text[at:at + 20])
        at = m.end()
        if m.lastgroup != "space":
            yield m.lastgroup, m.group()
    yield "end", ""


class Entry:
    """Of an array or a map."""

    def __init__(self, occurs, key, cut, t):
        self.occurs = occurs    # 1 ? *
        self.key = key          # a type, or None
        self.cut = cut          # it was "key:"
        self.type = t
        self.seen = False       # by any value


class Parser:
    """Text to a dictionary of rules; a type is a tuple, its kind first."""

    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.at = 0
        self.rules = {}
        while self.peek()[0] != "end":
            name = self.take("name")
            self.take_sign("=")
            if name in self.rules or name in PRELUDE:
                raise Error("CDDL: %s is there twice" % name)
            self.rules[name] = self.choice()

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self, kind):
        if self.peek()[0] != kind:
            raise Error("CDDL: %r where a %s should be"
                        % (self.peek()[1], kind))
        self.at += 1
        return self.tokens[self.at - 1][1]

    def sign(self, text):
        if self.peek() == ("sign", text):
            self.at += 1
            return True
        return False

    def take_sign(self, text):
        if not self.sign(text):
            raise Error("CDDL: %r where %r should be" % (self.peek()[1], text))

    def choice(self):
        options = [self.operand()]
        while self.sign("/"):
            options.append(self.operand())
        return options[0] if len(options) == 1 else ("choice", options)

    def operand(self):
        t = self.single()
        if self.sign(".."):
            return ("range", t[1], int(self.take("number")))
        if self.sign(".size"):
            return ("size", t, self.single())
        return t

    def single(self):
        kind, text = self.peek()
        if kind == "number":
            return ("value", int(self.take(kind)))
        if kind == "string":
            return ("value", self.take(kind)[1:-1])
        if kind == "name":
            return ("name", self.take(kind))
        if kind == "tag":
            self.take(kind)
            self.take_sign("(")
            inner = self.choice()
            self.take_sign(")")
            return ("tag", int(text[3:]), inner)
        for opening, closing, what in (("[", "]", "array"), ("{", "}", "map")):
            if self.sign(opening):
                return (what, self.entries(closing))
        self.take_sign("(")
        inner = self.choice()
        self.take_sign(")")
        return inner

    def entries(self, closing):
        found = []
        while not self.sign(closing):
            found.append(self.entry())
            self.sign(",")
        return found

    def entry(self):
        occurs = next((o for o in "?*" if self.sign(o)), "1")
        if self.peek(1) == ("sign", ":"):
            key = ("value", self.tokens[self.at][1].strip('"'))
            self.at += 2
            return Entry(occurs, key, True, self.choice())
        t = self.choice()
        if self.sign("=>"):
            return Entry(occurs, t, False, self.choice())
        return Entry(occurs, None, False, t)


def entries_of(t):
    """The entries of all maps in a type, not in the rules it names."""
    if t[0] in ("map", "array"):
        for e in t[1]:
            if t[0] == "map":
                yield e
            yield from entries_of(e.type)
    elif t[0] == "tag":
        yield from entries_of(t[2])
    elif t[0] == "choice":
        for option in t[1]:
            yield from entries_of(option)


class Schema:
    def __init__(self, text, strict=True):
        self.rules = Parser(text).rules
        self.strict = strict
        for t in self.rules.values():
            self.resolve_all(t)

    def resolve_all(self, t):
        """Every name that is used has a rule."""
        if t[0] == "name":
            if t[1] not in self.rules and t[1] not in PRELUDE:
                raise Error("CDDL: no rule for %s" % t[1])
        elif t[0] in ("array", "map"):
            for e in t[1]:
                self.resolve_all(e.type)
        elif t[0] == "choice":
            for option in t[1]:
                self.resolve_all(option)
        elif t[0] in ("size", "tag"):
            self.resolve_all(t[1] if t[0] == "size" else t[2])

    def check(self, value, name):
        """None, or what is wrong with the value as the rule @name."""
        wrong = self.match(value, ("name", name), name)
        return None if wrong is None else "%s: %s" % (wrong[1], wrong[2])

    # Each returns None or (depth, path, what): of several complaints the one
    # from deepest inside is the helpful one.

    def match(self, value, t, path, depth=0):
        return getattr(self, "match_" + t[0])(value, t, path, depth)

    def match_name(self, value, t, path, depth):
        name = t[1]
        if name in self.rules:
            return self.match(value, self.rules[name], path, depth)
        number = isinstance(value, int) and not isinstance(value, bool)
        fits = {
            "any": True,
            "bool": isinstance(value, bool),
            "bstr": isinstance(value, bytes),
            "tstr": isinstance(value, str),
            "uint": number and 0 <= value <= LARGEST,
            "int": number and -LARGEST - 1 <= value <= LARGEST,
        }[name]
        return None if fits else (depth, path, "%.60r is no %s" % (value, name))

    def match_value(self, value, t, path, depth):
        if type(value) is type(t[1]) and value == t[1]:
            return None
        return depth, path, "%.60r is not %r" % (value, t[1])

    def match_range(self, value, t, path, depth):
        if type(value) is int and t[1] <= value <= t[2]:
            return None
        return depth, path, "%.60r is not in %d..%d" % (value, t[1], t[2])

    def match_size(self, value, t, path, depth):
        wrong = self.match(value, t[1], path, depth)
        if wrong:
            return wrong
        n = len(value.encode() if isinstance(value, str) else value)
        return self.match(n, t[2], path + " (length)", depth)

    def match_choice(self, value, t, path, depth):
        wrong = [self.match(value, option, path, depth) for option in t[1]]
        return None if None in wrong else max(wrong, key=lambda w: w[0])

    def match_tag(self, value, t, path, depth):
        if getattr(value, "tag", None) != t[1]:
            return depth, path, "no tag %d" % t[1]
        return self.match(value.value, t[2], path, depth + 1)

    def match_array(self, value, t, path, depth):
        if not isinstance(value, list):
            return depth, path, "%.60r is no array" % (value,)
        entries = t[1]
        if len(entries) == 1 and entries[0].occurs == "*":
            entries = entries * len(value)
        for i, (v, e) in enumerate(zip(value, entries)):
            # The first members tell what it is: to be right there is to be
            # close.
            name = e.key[1] if e.key else i
            wrong = self.match(v, e.type, "%s/%s" % (path, name),
                               depth + 1 + i)
            if wrong:
                return wrong
        if len(value) != len(entries):
            return (depth + 1 + min(len(value), len(entries)), path,
                    "%d items and not %d" % (len(value), len(entries)))
        return None

    def match_map(self, value, t, path, depth):
        if not isinstance(value, dict):
            return depth, path, "%.60r is no map" % (value,)
        known = {e.key[1]: e for e in t[1] if e.cut}
        wild = [e for e in t[1] if not e.cut]
        for k, e in known.items():
            if e.occurs == "1" and k not in value:
                return depth, path, "%s is missing" % k
        for k, v in value.items():
            wrong = self.match_entry(k, v, known, wild, "%s/%s" % (path, k),
                                     depth + 1)
            if wrong:
                return wrong
        return None

    def match_entry(self, k, v, known, wild, path, depth):
        if k in known:
            known[k].seen = True
            return self.match(v, known[k].type, path, depth)
        if not self.strict:
            for e in wild:
                if not self.match(k, e.key, path, depth) and \
                   not self.match(v, e.type, path, depth):
                    return None
        return depth, path, "is not in the CDDL"

    def unseen(self):
        """Keys of maps that no value had so far, with their rules."""
        for name, t in self.rules.items():
            for e in entries_of(t):
                if e.cut and not e.seen:
                    yield "%s/%s" % (name, e.key[1])


def from_page(strict=True):
    """The CDDL of migrate-stream(5)."""
    here = os.path.dirname(os.path.abspath(__file__))
    text = subprocess.run([os.path.join(here, "extract")], check=True,
                          stdout=subprocess.PIPE).stdout
    return Schema(text.decode(), strict)
