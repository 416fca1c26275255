"""A machine in a folder: stands in for the programs that rediform.machine runs, and knows what they did.

Its ufw prints what ufw 0.36.2 (Debian 12 and 13) prints, and notes after each command what can be reached.
"""

import contextlib
import os
import re
import shutil
import sys
import tempfile
import unittest
import unittest.mock

HERE = os.path.dirname(os.path.abspath(__file__))
MAIN = os.path.join(HERE, "../../main/python")
sys.path.insert(0, MAIN)

from rediform import places  # noqa: E402
from rediform.machine import commands  # noqa: E402

ALL = "all"  # can be reached by all: the firewall is down, or lets in what no rule names


class Killed(BaseException):
    """The power was lost."""


class Ufw:
    """Rules as text, in the order in which they were added. Its status lists only those of the form of ours."""

    def __init__(self):
        self.active, self.incoming, self.outgoing = False, "deny", "allow"
        self.rules = []
        self.broken = set()  # commands that fail
        self.seen = []  # what can be reached after each command, and while one takes the firewall down

    def reachable(self):
        if not self.active or self.incoming == "allow":
            return {ALL}
        return {rule for rule in self.rules if rule.startswith("allow")}

    def __call__(self, *words):
        if " ".join(words) in self.broken:
            return 1, "ERROR: problem running ufw-init"
        answer = self.do([word for word in words if word != "--force"])
        self.seen.append(self.reachable())
        return 0, answer + "\n"

    def do(self, words):
        if words[0] == "default":
            setattr(self, words[2], words[1])
            self.restart()
            return f"Default {words[2]} policy changed to '{words[1]}'\n(be sure to update your rules accordingly)"
        if words == ["enable"]:
            self.restart()
            self.active = True
            return "Firewall is active and enabled on system startup"
        if words == ["status", "verbose"]:
            return self.status()
        if words == ["show", "added"]:
            lines = [f"ufw {rule}" for rule in self.rules] or ["(None)"]
            return "\n".join(["Added user rules (see 'ufw status' for running firewall):", *lines])
        if words[0] == "delete":
            return self.delete(" ".join(words[1:]))
        return self.add(" ".join(words))

    def restart(self):
        """Down and up again."""
        if self.active:
            self.seen.append({ALL})

    def same(self, rule):
        """The rule for the same packets: its action and its comment make no other one of it."""

        def packets(text):
            return re.sub(" comment '.*'$", "", text).split(" ", 1)[1]

        return next((known for known in self.rules if packets(known) == packets(rule)), None)

    def add(self, rule):
        rule, known = written(rule), self.same(written(rule))
        if known == rule:
            return "Skipping adding existing rule"
        if known:
            self.rules[self.rules.index(known)] = rule
            return "Rule updated"
        self.rules.append(rule)
        return "Rule added" if self.active else "Rules updated"

    def delete(self, rule):
        known = self.same(written(rule))
        if not known or known.split()[0] != rule.split()[0]:
            return "Could not delete non-existent rule"
        self.rules.remove(known)
        return "Rule deleted" if self.active else "Rules updated"

    def status(self):
        if not self.active:
            return "Status: inactive"
        lines = [
            "Status: active",
            "Logging: on (low)",
            f"Default: {self.incoming} (incoming), {self.outgoing} (outgoing), disabled (routed)",
            "New profiles: skip",
        ]
        if self.rules:
            lines += ["", "%-26s %-12s%s" % ("To", "Action", "From"), "%-26s %-12s%s" % ("--", "------", "----")]
        for rule in self.rules:
            found = re.search(r"^(\w+) from (\S+) to any port (\d+) proto tcp", rule)
            if found:
                lines.append("%-26s %-12s%-26s" % (found[3] + "/tcp", found[1].upper() + " IN", found[2]))
        return "\n".join(lines)


def written(rule):
    """As ufw writes it."""
    rule = re.sub(r"(from [\d.]+)/32 ", r"\1 ", rule)
    return re.sub(r"from 0\.0\.0\.0/0 to any port (\d+) proto (\w+)", r"\1/\2", rule)


class Machine:
    def __init__(self, root):
        self.root = root
        self.calls = []
        self.ufw = Ufw()
        self.packages = {}  # state of each, as dpkg has it
        self.users = set()
        self.owners = {}
        self.built = None  # version of the Redis that was built
        self.downloads = {}  # content by URL
        self.broken = set()  # programs that fail
        self.left = None  # commands until the power is lost

    def execute(self, words, environment, echo):
        if self.left is not None:
            if self.left == 0:
                raise Killed
            self.left -= 1
        variables = [f"{name}={value}" for name, value in environment.items() if name != "LC_ALL"]
        self.calls.append(" ".join([*variables, *words]))
        if words[0] in self.broken:
            return 1, f"{words[0]}: it is broken\n"
        do = getattr(self, os.path.basename(words[0]).replace("-", "_"), lambda *_: (0, ""))
        return do(*words[1:])

    def dpkg(self, _, *names):
        """As dpkg -s: it knows packages that were removed, and what it says of states is in no exit code."""
        known = [name for name in names if name in self.packages]
        text = "\n".join(f"Package: {name}\nStatus: {self.packages[name]}\nPriority: optional\n" for name in known)
        return (0, text) if len(known) == len(names) else (1, "dpkg-query: package 'x' is not installed\n")

    def apt_get(self, *words):
        if "install" in words:
            start = words.index("install") + 1
            self.packages.update(dict.fromkeys(words[start:], "install ok installed"))
        return 0, ""

    def id(self, name):
        return (0, "uid=100\n") if name in self.users else (1, f"id: '{name}': no such user\n")

    def useradd(self, *words):
        self.users.add(words[-1])
        return 0, ""

    def redis_server(self, _):
        version = f"Redis server v={self.built} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=6f2b1c9d0a5e\n"
        return (0, version) if self.built else (127, "No such file or directory")

    def curl(self, *words):
        if words[-1] not in self.downloads:
            return 22, "curl: (22) The requested URL returned error: 404\n"
        with open(words[words.index("-o") + 1], "wb") as file:
            file.write(self.downloads[words[-1]])
        return 0, ""

    def make(self, *words):
        self.built = re.search(r"redis-([^/ ]*) BUILD", " ".join(words))[1]
        return 0, ""

    def chown(self, path, user, group):
        self.owners[os.path.relpath(path, self.root)] = f"{user}:{group}"

    def text(self, path):
        with open(os.path.join(self.root, path.lstrip("/")), encoding="utf-8") as file:
            return file.read()

    def put(self, path, text):
        place = os.path.join(self.root, path.lstrip("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)

    def mode(self, path):
        return oct(os.stat(os.path.join(self.root, path.lstrip("/"))).st_mode & 0o7777)

    def files(self):
        """All files, by path."""
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(self.root) for name in names]
        return {"/" + os.path.relpath(path, self.root) for path in paths}


class OnAMachine(unittest.TestCase):
    """A test with a machine of its own."""

    def setUp(self):
        self.machine = self.enterContext(machine())
        self.said = []
        self.enterContext(unittest.mock.patch.object(commands, "say", self.said.append))


@contextlib.contextmanager
def machine():
    with tempfile.TemporaryDirectory() as root:
        made = Machine(root)
        with (
            unittest.mock.patch.object(places, "ROOT", root),
            unittest.mock.patch.object(commands, "execute", made.execute),
            unittest.mock.patch.object(shutil, "chown", made.chown),
        ):
            yield made
