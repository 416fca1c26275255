"""The report of every state that a node can be in, held by a file each. Java reads the same files: what one
language writes is what the other reads. To write them anew: GOLDEN_UPDATE=1
"""
import contextlib
import json
import os
import unittest
from unittest.mock import Mock, patch

from fixtures import MACHINE, InAFolder, contents_of, sentinel

from rediform import health, places
from rediform.redis import STATES, RedisError
from rediform.state import Node
from rediform.undo import history

CONTRACT = os.path.join(os.path.dirname(__file__), "../resources/contract/health")
MASTER = {
    "role": "master",
    "loading": "0",
    "master_repl_offset": "1024",
    "used_memory": "2097152",
    "maxmemory": "104857600",
    "connected_slaves": "2",
    "min_slaves_good_slaves": "2",
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "redis_version": "7.0.15",
    "uptime_in_seconds": "3600",
    "instantaneous_ops_per_sec": "120",
    "keyspace_hits": "900",
    "keyspace_misses": "100",
    "connected_clients": "12",
    "maxclients": "10000",
}
REPLICA = {
    **{key: value for key, value in MASTER.items() if key != "min_slaves_good_slaves"},
    "role": "slave",
    "connected_slaves": "0",
    "master_host": "10.0.0.1",
    "master_port": "6379",
    "master_link_status": "up",
    "master_last_io_seconds_ago": "1",
    "master_sync_in_progress": "0",
}
SYNCING = {**REPLICA, "master_link_status": "down", "master_last_io_seconds_ago": "-1", "master_sync_in_progress": "1"}
VIEW = {
    "replicas": ["10.0.0.2:6379", "10.0.0.3:6379"],
    "sentinels": ["10.0.0.5:26379", "10.0.0.6:26379"],
    "up": {"10.0.0.2:6379": True, "10.0.0.3:6379": False, "10.0.0.5:26379": True, "10.0.0.6:26379": True},
}


OF_SENTINEL = {"redis_version": "7.0.15", "uptime_in_seconds": "7200", "connected_clients": "9", "maxclients": "10000"}
SINCE = {"config-epoch": "1", "role-reported-time": "3600500"}


class Server:
    """A server that answers as it is told."""

    def __init__(self, info, stops="yes", quorum=None):
        self.info, self.stops, self.quorum = info, stops, quorum

    def fields(self, *_):
        return self.info

    def config(self, _):
        return self.stops

    def ask(self, *_):
        if self.quorum:
            raise RedisError(self.quorum)
        return "OK"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class NodeWith(Node):
    """A node whose server answers, or fails, as `connect` does."""

    def __init__(self, contents, home, connect):
        super().__init__(contents, home)
        self.connection = self.connect = lambda *_: connect()


class Health(InAFolder):
    maxDiff = None
    seen = set()

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(places, "ROOT", self.home))
        self.is_a("redis")

    def is_a(self, kind, **more):
        """From now on the node is one like that, and has its passwords and settings."""
        self.contents = contents_of(kind, address="10.0.0.1", port=6379, **more)
        for name in ("secrets", "settings"):
            self.put(name, "{}")

    def place(self, name):
        return Node(self.contents, self.home).path(name)

    def put(self, name, text):
        os.makedirs(os.path.dirname(self.place(name)), exist_ok=True)
        with open(self.place(name), "w", encoding="utf-8") as file:
            file.write(text)

    def report(self, name, connect):
        """The report of a node whose server answers, or fails, as `connect` does; held to the file of that name."""
        unit = {
            "ActiveState": "failed",
            "SubState": "failed",
            "NRestarts": "5",
            "Result": "exit-code",
            "lastLine": "Bad directive",
        }
        with contextlib.ExitStack() as machine:
            machine.enter_context(patch.object(health.shutil, "disk_usage", lambda _: Mock(free=7 << 20)))
            machine.enter_context(patch.object(health, "refused_settings", lambda: []))
            machine.enter_context(patch.object(health, "unit_state", lambda kind: unit))
            report = health.health(NodeWith(self.contents, self.home, connect))
        text = json.dumps(report, indent=2, sort_keys=True).replace(self.home, "/HOME") + "\n"
        path = os.path.join(CONTRACT, name + ".json")
        self.seen.add(name + ".json")
        if os.environ.get("GOLDEN_UPDATE"):
            os.makedirs(CONTRACT, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), text)
        return report

    def redis(self, name, info, stops="yes"):
        return self.report(name, lambda: Server(info, stops))

    def fails(self, name, error):
        def connect():
            raise error

        return self.report(name, connect)

    # A data node that answers.

    def test_masters(self):
        self.assertTrue(self.redis("master", MASTER)["fit"])
        self.assertTrue(
            self.redis("master-alone", {**MASTER, "connected_slaves": "0", "min_slaves_good_slaves": "0"})[
                "refusesWrites"
            ]
        )

    def test_replicas(self):
        self.assertTrue(self.redis("replica", REPLICA)["fit"])
        self.assertFalse(self.redis("replica-syncing", SYNCING)["fit"])
        self.assertFalse(self.redis("replica-loading", {**SYNCING, "loading": "1"})["fit"])

    def test_a_server_that_says_less(self):
        less = {key: value for key, value in MASTER.items() if key not in (*health.VITALS.values(), "redis_version")}
        self.assertTrue(self.redis("master-of-few-words", less)["fit"])

    def test_a_disk_that_takes_nothing(self):
        self.assertFalse(self.redis("aof-failed", {**MASTER, "aof_last_write_status": "err"})["fit"])
        failed = {**MASTER, "rdb_last_bgsave_status": "err", "aof_last_bgrewrite_status": "err"}
        self.assertFalse(self.redis("bgsave-failed", failed)["fit"])
        self.assertTrue(self.redis("bgsave-failed-noted", failed, stops="no")["fit"])

    def test_settings(self):
        self.put("taken", json.dumps({"settings": {"maxmemory": "100mb"}}))
        self.assertTrue(self.redis("settings-taken", MASTER)["fit"])
        self.put(
            "taken",
            json.dumps(
                {
                    "settings": {"maxmemory": "100mb"},
                    "refused": {"maxmemory": "1mb"},
                    "refusal": "it uses 2097152 bytes, more than maxmemory 1mb",
                }
            ),
        )
        self.assertFalse(self.redis("settings-refused", MASTER)["fit"])

    def test_a_stop_that_is_to_be_told(self):
        self.put("memory", json.dumps({"lastStop": "its last stop handed over to nobody"}))
        self.assertTrue(self.redis("stop-noted", MASTER)["fit"])

    def test_a_restore(self):
        note = {"id": "20261128T135200Z-redis-2", "source": "127.0.0.1:40000", "loads": True, "before": 1, "keys": 2}
        self.put("restore", json.dumps(note))
        self.assertFalse(self.redis("restore-under-way", {**SYNCING, "master_host": "127.0.0.1"})["fit"])
        self.put("restore", json.dumps({**note, "source": None}))
        self.assertFalse(self.redis("restore-not-ended", MASTER)["fit"])

    def test_backups(self):
        undo = {"bytes": 1 << 30, "seconds": 7200}
        backup = {"everySeconds": 21600, "keepDays": 30, "keepLast": 28, "place": "b", "recipients": [], "undo": undo}
        self.is_a("redis", backup=backup)
        self.assertIsNone(self.redis("backup-none", REPLICA)["backup"]["last"])
        last = {"id": "20261128T135200Z-redis-2", "ended": "2026-11-28T13:52:04Z", "bytes": 33424}
        proof = {"id": last["id"], "at": "2026-11-28T14:10:00Z"}
        since = "2026-11-20T13:52:00Z"
        self.put("backups", json.dumps({"last": last, "failure": None, "proof": proof, "since": since}))
        first = 1795873920  # 2026-11-28T13:52:00Z
        chain = os.path.join(self.place("undo"), "1-1")
        os.makedirs(chain)
        with open(os.path.join(chain, history.MANIFEST), "w") as file:
            file.write("file a seq 1 type b\nfile b seq 1 type i\n")
        history.note(chain, first, None)
        seen = os.path.join(self.place("undo"), history.SEEN)
        with open(seen, "w") as file:
            file.write("{}")
        os.utime(seen, (first + 60, first + 60))
        self.assertTrue(self.redis("backup", REPLICA)["fit"])
        failure = {"at": "2026-11-28T19:52:04Z", "reason": "zstd was ended by signal 9: it said nothing"}
        self.put("backups", json.dumps({"last": last, "failure": failure}))
        self.assertTrue(self.redis("backup-failed", MASTER)["fit"])

    def test_a_machine(self):
        self.is_a("redis", machine=MACHINE)
        self.assertEqual(self.redis("master-on-a-machine", MASTER)["refused"], [])

    # A server that is there, and does not answer as it should.

    def test_answers_that_are_none(self):
        for words in STATES:
            name = "answers-" + words.split()[0].lower()
            self.assertFalse(self.fails(name, RedisError("ERR %s and so on" % words))["fit"])
        self.fails("answers-error", RedisError("ERR something else"))
        self.fails("silent", TimeoutError("timed out"))

    # A server that does not run.

    def test_down(self):
        down = ConnectionRefusedError(111, "Connection refused")
        self.fails("down", down)
        self.put("waiting", "no Sentinel of 3 answers\n")
        self.fails("down-waiting", down)
        os.remove(self.place("waiting"))
        self.is_a("redis", machine=MACHINE)
        with patch.object(os.path, "ismount", lambda _: True):
            self.fails("down-on-a-machine", down)
        self.fails("down-without-volume", down)
        os.remove(self.place("settings"))
        self.fails("down-without-settings", down)
        os.remove(self.place("secrets"))
        self.fails("down-without-passwords", down)

    # A Sentinel.

    def of_sentinel(self, name, quorum=None, info=(), **view):
        self.is_a("sentinel")
        with patch.object(health, "sentinel_view", lambda *_: sentinel("10.0.0.1:6379", **{**VIEW, **view})):
            return self.report(name, lambda: Server({**OF_SENTINEL, **SINCE, **dict(info)}, quorum=quorum))

    def test_sentinels(self):
        self.assertTrue(self.of_sentinel("sentinel")["fit"])
        self.assertFalse(self.of_sentinel("sentinel-master-down", flags="master,s_down")["fit"])
        self.assertFalse(
            self.of_sentinel(
                "sentinel-without-quorum", quorum="NOQUORUM 1 usable Sentinels. Not enough available Sentinels"
            )["fit"]
        )
        self.assertFalse(self.of_sentinel("sentinel-held-back", down_after=121_000)["fit"])
        self.of_sentinel("sentinel-knows-nothing", knows=False, replicas=[], sentinels=[], up={})

    def test_sentinel_down(self):
        self.is_a("sentinel")
        with patch.object(health, "sentinel_view", side_effect=ConnectionRefusedError(111, "refused")):
            self.report("sentinel-down", contextlib.nullcontext)

    @classmethod
    def tearDownClass(cls):
        left = set(os.listdir(CONTRACT)) - cls.seen
        assert not left, "no test writes %s" % ", ".join(sorted(left))


if __name__ == "__main__":
    unittest.main()
