"""A data node with a real Redis, which REDIS_SERVER may name."""
import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from unittest.mock import patch

from fixtures import MAIN, PACKAGE, InAFolder, contents_of, sentinel, view

from rediform import start
from rediform.contents import as_json
from rediform.health import health
from rediform.redis import Connection, RedisError

# Debian's redis-tools has the server under another name, which decides by the name it is called.
SERVER = os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or shutil.which("redis-check-rdb")
PASSWORDS = {"admin": "a", "app": "b", "backup": "c", "exporter": "d", "replica": "e", "sentinel": "f"}
with open(os.path.join(MAIN, "resources/templates/redis/users.acl"), encoding="utf-8") as acl:
    USERS = dict(line.split(" ", 2)[1:] for line in acl.read().splitlines())
LIMIT = 20  # seconds in which anything here must come true


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OneNode(InAFolder):
    """A data node that all Sentinels take for the master, with nobody else there."""

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(os.path.realpath(SERVER), os.path.join(self.folder, "bin/redis-server"))
        self.port = free_port()
        self.server = self.attendant = None
        self.formed = False  # as soon as it was started once
        self.addCleanup(self.end)
        first = "127.0.0.1:%d" % self.port
        self.known = {"port": self.port, "firstMaster": first, "users": USERS}
        self.node = self.node("redis", **self.known)
        self.write("../secrets.json", json.dumps({name: PASSWORDS[name] for name in PASSWORDS if name != "app"}))
        self.write("../password", PASSWORDS["app"] + "\n")
        self.static = {
            "port": self.port,
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "save": "3600 1",
            "shutdown-on-sigterm": "force",
            "busy-reply-threshold": 100,
            "repl-diskless-sync-delay": 0,
        }
        self.live = {"maxmemory": "64mb"}

    def write_settings(self):
        static = {name: str(value) for name, value in self.static.items()}
        self.node.contents = contents_of("redis", directives=static, **self.known)
        self.write("settings.conf", "".join("%s %s\n" % setting for setting in self.live.items()))

    def gate(self):
        """What start-gate says while it decides; it may wait, and then this gives up."""
        self.write_settings()
        master = sentinel(self.node.endpoint, knows=self.formed, sentinels=[], offsets={})
        seen = view([master] * 3, formed=self.formed)
        self.formed = True
        said = io.StringIO()
        with patch.object(start, "look_around", lambda node: seen), contextlib.redirect_stdout(said), patch.object(
            start, "wait", side_effect=TimeoutError
        ) as wait:
            try:
                start.start_gate(self.node)
            except TimeoutError:
                return None, wait.call_args[0][1]
        return said.getvalue(), None

    def start(self, attended=False):
        said, waits = self.gate()
        self.assertIsNone(waits)
        self.run_server()
        if attended:
            self.attend()
        return said

    def run_server(self):
        log = open(os.path.join(self.home, "log"), "ab")
        self.addCleanup(log.close)
        self.server = subprocess.Popen(
            [os.path.join(self.home, "../bin/redis-server"), os.path.join(self.home, "live/redis.conf")],
            stdout=log,
            stderr=log,
        )
        self.soon(lambda: self.ask("PING") == "PONG")

    def attend(self):
        hastily = (
            "import sys; sys.path.insert(0, sys.argv[1]); from rediform import attend, contents, state; "
            "attend.ATTEND = 0.3; attend.attend(state.Node(contents.parse(sys.argv[3]), sys.argv[2]))"
        )
        document = json.dumps(as_json(self.node.contents))
        self.attendant = subprocess.Popen(
            [sys.executable, "-B", "-c", hastily, PACKAGE, self.home, document],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def ask(self, *words, user="admin"):
        with Connection(self.node.endpoint, user, PASSWORDS[user], timeout=5) as redis:
            return redis.ask(*words)

    def soon(self, condition):
        deadline = time.monotonic() + LIMIT
        while True:
            with contextlib.suppress(OSError, RedisError):
                if condition():
                    return
            if time.monotonic() > deadline:
                with open(self.path("log"), errors="replace") as log:
                    self.fail("not in %d s; the log ends with:\n%s" % (LIMIT, log.read()[-1500:]))
            time.sleep(0.05)

    def stop(self, how=signal.SIGTERM):
        self.server.send_signal(how)
        self.server.wait(LIMIT)
        self.server = None

    def end(self):
        for process in (self.attendant, self.server):
            if process:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()

    def fill(self, databases=(0,)):
        for database in databases:
            with Connection(self.node.endpoint, "admin", "a") as redis:
                redis.ask("SELECT", database)
                for i in range(100):
                    redis.ask("SET", "key%d" % i, os.urandom(100).hex())

    def keys(self):
        info = self.ask("INFO", "keyspace")
        return sum(int(line.split("keys=")[1].split(",")[0]) for line in info.splitlines() if line.startswith("db"))

    def health(self):
        return health(self.node)
