"""A data node with backups: a real Redis, and programs beside it that tests may replace."""
import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys

from fixtures import PACKAGE
from one_node import SERVER, OneNode

from rediform.backup import manifest, store, verbs
from rediform.contents import as_json
from rediform.state import Node

PROGRAMS = ("redis-cli", "redis-check-rdb", "zstd", "age")


class BackedUp(OneNode):
    """Its programs are in `release`, and nowhere else."""

    every = 3600

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, "release"))
        shutil.copy(os.path.realpath(SERVER), os.path.join(self.folder, "release/redis-server"))
        for name in PROGRAMS:
            os.symlink(shutil.which(name), self.program(name))
        os.remove(os.path.join(self.folder, "bin/redis-server"))
        os.symlink(self.program("redis-server"), os.path.join(self.folder, "bin/redis-server"))
        self.known["backup"] = self.backup()
        self.place = os.path.join(self.folder, "backups")
        self.store = store.Folder(self.place)

    def backup(self, **more):
        return {
            "everySeconds": self.every,
            "keepDays": 30,
            "keepLast": 28,
            "place": "../backups",
            "recipients": [],
            "undo": None,
            **more,
        }

    def program(self, name):
        return os.path.join(self.folder, "release", name)

    def replace(self, name, script):
        """A program is another one from now on, which a shell runs; $REAL is what it was."""
        path = self.program(name)
        if os.path.lexists(path):
            os.remove(path)
        with open(path, "w") as file:
            file.write("#!/bin/sh\nREAL=%s\n%s\n" % (shutil.which(name), script))
        os.chmod(path, 0o755)

    def restore(self, name):
        os.remove(self.program(name))
        os.symlink(shutil.which(name), self.program(name))

    def now(self):
        """`backup --now`: what it says."""
        return self.said(verbs.backup_now)

    def said(self, verb, *words):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            verb(self.node, *words)
        return said.getvalue()

    def all(self):
        return manifest.listed(self.store)

    def files(self):
        return sorted(os.listdir(self.place)) if os.path.isdir(self.place) else []

    def document(self):
        """The node's document as a file, as the bootstrap has it."""
        text = json.dumps(as_json(self.node.contents))
        sha = hashlib.sha256(text.encode()).hexdigest()
        os.makedirs(self.path("agent"), exist_ok=True)
        path = self.path("agent/%s.json" % sha)
        with open(path, "w") as file:
            file.write(text)
        self.node = Node(self.node.contents, self.home, sha)
        return path

    def command(self, verb, *words):
        return [sys.executable, "-B", PACKAGE, verb, "--document", self.document(), *words]

    def run_verb(self, verb, *words):
        return subprocess.run(self.command(verb, *words), capture_output=True, timeout=60, check=False)

    def slow_down(self):
        """A dump takes seconds from now on: some milliseconds for each key."""
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 10000)

    def raw_rdb(self):
        """What redis-cli would write, without its mark."""
        path = os.path.join(self.folder, "all.rdb")
        words = ["redis-cli", "-p", str(self.port), "--user", "admin", "--rdb", path]
        environment = {**os.environ, "REDISCLI_AUTH": "a"}
        subprocess.run(words, env=environment, capture_output=True, check=True)
        return path
