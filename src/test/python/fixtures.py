"""What tests of the agent have in common. Its package is imported from where it is written."""
import json
import os
import sys
import tempfile
import unittest

MAIN = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../main"))
PACKAGE = os.path.join(MAIN, "python")
sys.dont_write_bytecode = True
sys.path.insert(0, PACKAGE)

from rediform.contents import parse  # noqa: E402
from rediform.state import Node  # noqa: E402
from rediform.view import DataView, History, SentinelView, View  # noqa: E402

ONE, TWO, THREE = "10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"
HISTORY = History("aa", 100)


def sentinel(master=ONE, knows=True, **more):
    """What a Sentinel knows."""
    seen = {
        "flags": "master",
        "acts": True,
        "sentinels": ["s2", "s3"],
        "replicas": [],
        "priorities": {},
        "offsets": {TWO: 100, THREE: 100},
        "up": {},
    }
    return SentinelView(master=master, knows=knows, **{**seen, **more})


def replica(master, formed=True, synced=True, history=HISTORY):
    return DataView(master, formed, synced, history)


def view(sentinels, redis=None, formed=False, count=3, unheard=()):
    """What a node sees when it looks around."""
    return View({"s%d" % i: s for i, s in enumerate(sentinels)}, count, redis or {}, list(unheard), formed)


USERS = {"default": "off", "app": "on {app} +@all"}
MONITOR = {"master-name": "mymaster", "quorum": "2", "down-after-milliseconds": "2000"}
MACHINE = {"disk": "1gb", "keys": [], "region": "r", "secret": "s", "source": None}


def document_of(kind, machine=None, directives=None, users=None, **more):
    """What a document says of a node in a folder, or of a machine."""
    return {
        "address": "127.0.0.1",
        "agent": "a" * 64,
        "allow": [],
        "backup": None,
        "cluster": "x",
        "downAfterMilliseconds": 2000,
        "firstMaster": "127.0.0.1:6",
        "kind": kind,
        "layout": "machine" if machine else "process",
        "live": {},
        "machine": machine,
        "masterName": "mymaster",
        "metrics": None,
        "name": kind + "-1",
        "port": 1,
        "redisSeeds": [],
        "sentinelSeeds": [],
        "startup": {
            "version": "",
            "directives": directives or {"port": "1"},
            "users": users or USERS,
            "monitor": MONITOR if kind == "sentinel" else {},
        },
        **more,
    }


def contents_of(kind, **more):
    return parse(json.dumps(document_of(kind, **more)))


class WithFiles(unittest.TestCase):
    """A test that has files below the folder `top`."""

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()


class InAFolder(WithFiles):
    """A node's home, with what is there before its server has ever run."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.top = self.home = os.path.join(self.folder, "node")
        for name in ("live", "data", "run"):
            os.makedirs(os.path.join(self.home, name))

    def node(self, kind, **more):
        self.write("settings.conf", "maxmemory 1gb\n")
        self.write("../secrets.json", json.dumps({"replica": "r", "sentinel": "s", "admin": "x"}))
        self.write("../password", "a\n")
        return Node(contents_of(kind, **more), self.home)
