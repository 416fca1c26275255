"""A restore on a data node with a real Redis: all of the new data, or all of the old, wherever it ends."""
import argparse
import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest.mock import patch

from fixtures import PACKAGE, view
from one_node import OneNode, free_port

from rediform import attend
from rediform.backup import dump, restore, restoring
from rediform.backup.restore import Wanted
from rediform.backup.source import Source
from rediform.backup.store import store_of
from rediform.backup.take import take
from rediform.contents import as_json
from rediform.errors import Failed, Refused
from rediform.redis import Connection
from rediform.settings import apply_settings, settle
from rediform.undo import history

NOBODY = view([], count=0)
# The verb in a process of its own, that is killed when it comes to a function.
CHILD = """
import contextlib, os, signal, sys
sys.path.insert(0, sys.argv[1])
from rediform import contents, state, view
from rediform.backup import restore
from rediform.redis import RedisError
restore.look_around = lambda node: view.View({}, 0, {}, [], True)
def ends(*words):
    os.kill(os.getpid(), signal.SIGKILL)
def ends_while_it_loads(node, *_):
    while True:
        with contextlib.suppress(OSError, RedisError), node.connect() as redis:
            if redis.fields("INFO", "persistence")["loading"] == "1":
                ends()
at = sys.argv[4]
if at == "load":
    restore.await_load = ends_while_it_loads
elif at == "last part":
    restore.keys_of = ends
elif at:
    setattr(restore, at, ends)
node = state.Node(contents.parse(sys.argv[3]), sys.argv[2])
restore.restore(node, restore.Wanted("X", replace=True), lambda file: file.write(open(sys.argv[5], "rb").read()))
"""
OLD = 40


class Restores(OneNode):
    def setUp(self):
        super().setUp()
        self.start()
        self.enterContext(patch.object(restore, "look_around", lambda node: NOBODY))
        self.enterContext(patch.object(signal, "signal"))
        self.file = os.path.join(self.folder, "backup.rdb")
        self.make_backup()
        for i in range(OLD):
            self.ask("SET", "old%d" % i, "x")

    def make_backup(self):
        """A file with all types in three databases."""
        with Connection(self.node.endpoint, "admin", "a", timeout=5) as redis:
            for database in (0, 3, 15):
                redis.ask("SELECT", database)
                for i in range(20):
                    redis.ask("SET", "key%d" % i, os.urandom(100).hex())
                redis.ask("SET", "expires", "soon", "EX", 10_000)
                redis.ask("HSET", "hash", "a", 1, "b", 2)
                redis.ask("RPUSH", "list", *range(100))
                redis.ask("SADD", "set", "a", "b")
                redis.ask("ZADD", "sorted", 1, "a", 2, "b")
                redis.ask("XADD", "stream", "1-1", "a", "b")
                redis.ask("XGROUP", "CREATE", "stream", "group", "0")
                redis.ask("XREADGROUP", "GROUP", "group", "me", "STREAMS", "stream", ">")
            redis.ask("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('one', function() return 1 end)")
            self.digest = self.digest_of()
            self.new = restore.keys_of(redis)
            redis.ask("SAVE")
            shutil.copy(self.path("data/dump.rdb"), self.file)
            redis.ask("FLUSHALL")
            redis.ask("FUNCTION", "FLUSH")

    def digest_of(self):
        """All keys with their values, times and groups; INFO counts a key as soon as it is there."""
        found = []
        with Connection(self.node.endpoint, "admin", "a", timeout=5) as redis:
            for database in range(16):
                redis.ask("SELECT", database)
                for key in sorted(redis.words("KEYS", "*")):
                    is_set = key == "set"  # which DUMP writes in any order
                    value = sorted(redis.words("SMEMBERS", key)) if is_set else repr(redis.ask("DUMP", key))
                    found.append([database, key, value, redis.ask("PEXPIRETIME", key)])
            found.append(redis.ask("FUNCTION", "LIST"))
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    def wanted(self, **more):
        return Wanted(**{"id": "X", "replace": True, "bytes": os.path.getsize(self.file), **more})

    def restore(self, file=None, **more):
        """Its report, and what it said."""

        def copy_to(target):
            with open(file or self.file, "rb") as source:
                shutil.copyfileobj(source, target)

        self.said = io.StringIO()
        with contextlib.redirect_stdout(self.said):
            return restore.restore(self.node, self.wanted(**more), copy_to)

    def refused(self, words, **more):
        self.assertRaisesRegex(Refused, words, self.restore, **more)
        self.assert_as_before()

    def assert_as_before(self):
        self.assertEqual(self.keys(), OLD)
        self.assertEqual(self.role(), "master")
        self.assert_clean()

    def assert_clean(self):
        self.assertFalse(os.path.exists(self.path("restore.json")))
        self.assertFalse(os.path.exists(restoring.received(self.node)))
        self.assertTrue(self.health()["fit"], self.health())

    def assert_restored(self):
        self.assertEqual(self.digest_of(), self.digest)
        self.assertEqual(self.role(), "master")
        self.assert_clean()

    def role(self):
        return self.ask("ROLE")[0]

    def restarted(self):
        self.soon(lambda: "aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0" in self.ask("INFO", "persistence"))
        self.stop(signal.SIGKILL)
        self.start()


class Wholly(Restores):
    def test_all_data_is_that_of_the_backup(self):
        report = self.restore(keys=self.new, sha256=checksum(self.file), version=10)
        self.assertEqual(report["keys"], self.new)
        self.assertEqual(report["replaced"], {"0": OLD})
        self.assert_restored()

    def test_its_history_goes_on_beyond_that_of_the_old_data(self):
        """Sentinel promotes the replica with the largest offset, whatever the history."""
        with Connection(self.node.endpoint, "replica", "e") as replica:
            replica.ask("PSYNC", "?", "-1")  # it counts as soon as it has had a replica
        for i in range(OLD):
            self.ask("SET", "old%d" % i, "y")
        before = self.offset()
        self.assertGreater(before, 1000)
        self.restore()
        self.assertGreaterEqual(self.offset(), before)

    def offset(self):
        return int(self.ask("INFO", "replication").split("\nmaster_repl_offset:")[1].split()[0])

    def test_it_is_there_after_a_crash(self):
        self.restore()
        self.restarted()
        self.assert_restored()

    def test_without_an_aof(self):
        self.live["appendonly"] = "no"
        self.restarted()
        self.write_settings()
        apply_settings(self.node)
        self.soon(lambda: settle(self.node) is None and self.node.remembered("ran")["appendonly"] == "no")
        self.restore()
        self.stop(signal.SIGKILL)
        self.start()
        self.assert_restored()

    def test_with_another_name_of_the_aof(self):
        self.static["appendfilename"] = "mine.aof"
        self.restarted()
        self.restore()
        self.restarted()
        self.assert_restored()

    def test_its_settings_are_as_before(self):
        self.ask("CONFIG", "SET", "repl-diskless-load", "swapdb")
        self.restore()
        self.assertEqual(self.ask("CONFIG", "GET", "repl-diskless-load")[1], "swapdb")

    def test_an_empty_cluster_needs_no_leave(self):
        self.ask("FLUSHALL")
        self.restore(replace=False)
        self.assert_restored()

    def test_what_has_expired_since_is_not_missing(self):
        self.ask("FLUSHALL")
        for i in range(5):
            self.ask("SET", "k%d" % i, "v", "PX", 400 if i else 100_000)
        self.ask("SAVE")
        shutil.copy(self.path("data/dump.rdb"), self.file)
        self.soon(lambda: self.keys() == 1)
        self.assertEqual(self.restore(replace=True, keys={"0": 5})["keys"], {"0": 5})
        self.soon(lambda: self.keys() == 1)

    def test_it_takes_no_data_from_one_who_does_not_know_the_password(self):
        with Source(self.file, "replica", "e", lambda: None) as source:
            with Connection("127.0.0.1:%d" % source.port) as stranger:
                self.assertRaisesRegex(Exception, "WRONGPASS", stranger.ask, "PSYNC", "?", "-1")
            with Connection("127.0.0.1:%d" % source.port) as replica:
                self.assertEqual(replica.ask("AUTH", "replica", "e"), "OK")
                self.assertIn("FULLRESYNC", replica.ask("PSYNC", "?", "-1"))


class Refusals(Restores):
    def test_a_cluster_that_has_keys(self):
        self.refused(r"holds 40 keys \(database 0: 40\).*--replace-data", replace=False)

    def test_another_checksum(self):
        self.refused("checksum", sha256="0" * 64)

    def test_a_file_that_was_cut_off(self):
        cut = self.file + ".cut"
        with open(self.file, "rb") as file, open(cut, "wb") as short:
            short.write(file.read()[:-100])
        self.refused("damaged", file=cut)

    def test_a_file_that_is_none(self):
        with open(self.file, "w") as file:
            file.write("hello, world")
        self.refused("no RDB file")

    def test_a_version_that_is_too_new(self):
        self.refused(r"RDB version is 99.* reads up to 1\d", version=99)
        with open(self.file, "r+b") as file:
            file.write(b"REDIS0099")
        self.refused("RDB version is 99")

    def test_too_little_room(self):
        self.refused("MB are free", bytes=1 << 60)

    def test_the_history_of_the_aof_gives_way_the_oldest_first(self):
        old, newer = self.history(1, 100), self.history(200, 300)
        usage = shutil.disk_usage(self.folder)

        def free(_):
            return usage._replace(free=0 if os.path.exists(old) else 1 << 30)

        with patch.object(shutil, "disk_usage", free):
            self.refused("MB are free", bytes=1 << 40)
            self.assertTrue(os.path.exists(old))
            self.restore()
        self.assertEqual(os.listdir(self.path("data/undo")), [os.path.basename(newer)])

    def history(self, first, last):
        """A chain of files that the server has no more."""
        chain = self.path("data/undo/%010d-1" % first)
        os.makedirs(chain)
        with open(os.path.join(chain, "base.rdb"), "wb") as file:
            file.truncate(1 << 30)
        with open(os.path.join(chain, history.MANIFEST), "w") as file:
            file.write("file base.rdb seq 1 type b\n")
        history.note(chain, first, last)
        return chain

    def test_too_little_memory(self):
        self.ask("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")
        self.refused("does not fit into memory: its file alone", bytes=2 << 20)

    def test_databases_that_are_not_there(self):
        self.refused("in database 16, and this cluster has databases 0 to 15", keys={"16": 1})
        self.static["databases"] = 4
        self.stop(signal.SIGKILL)
        self.start()
        self.refused("in database 15, and this cluster has databases 0 to 3.*to 16")

    def test_another_number_of_keys(self):
        self.refused("manifest says 1 keys", keys={"0": 1})

    def test_a_replica(self):
        self.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        self.assertRaisesRegex(Refused, "no master", self.restore)

    def test_two_at_a_time(self):
        with restore.claimed(self.node), patch.object(restore, "CLAIM", 0.2):
            self.refused("under way")

    def test_sentinels_that_do_not_answer(self):
        with patch.object(restore, "look_around", lambda node: view([], count=3)):
            self.refused("0 of 3 Sentinels answer")

    def test_a_check_changes_nothing(self):
        self.assertEqual(restore.check(self.node, self.wanted())["keys"], {"0": OLD})
        self.assertRaises(Refused, restore.check, self.node, self.wanted(replace=False))
        self.assert_as_before()


@unittest.skipUnless(shutil.which("zstd"), "zstd is missing; to get it: sudo apt-get install zstd")
class FromStore(Restores):
    """By the verb, from the store of the node."""

    def setUp(self):
        self.place = self.enterContext(tempfile.TemporaryDirectory())
        super().setUp()

    def write_settings(self):
        self.known["backup"] = {
            "everySeconds": 3600,
            "undo": None,
            "keepDays": 1,
            "keepLast": 1,
            "place": self.place,
            "recipients": [],
        }
        super().write_settings()

    def make_backup(self):
        with patch("shutil.copy", lambda *_: self.take()):
            super().make_backup()

    def take(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.taken = take(self.node, store_of(self.node), time.time()).id

    def perform(self, *words):
        """The last line that the verb prints."""
        names = ("stdin", "check", "ended", "replace_data")
        asked = argparse.Namespace(id=self.taken, bytes=0, rdb_version=0, sha256=None, keys=None)
        for name in names:
            setattr(asked, name, name in words)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            restore.perform(self.node, asked)
        return json.loads(said.getvalue().splitlines()[-1])

    def test_a_backup_is_restored_by_its_id(self):
        report = self.perform("replace_data")
        self.assertEqual((report["id"], report["keys"], report["late"]), (self.taken, self.new, []))
        self.assert_restored()

    def test_one_that_is_not_there(self):
        self.taken = "20200101T000000Z-redis-1"
        self.assertRaisesRegex(Refused, "there is no backup 20200101T000000Z-redis-1", self.perform, "replace_data")
        self.assert_as_before()

    def test_an_object_that_was_cut_off(self):
        path = os.path.join(self.place, self.taken + ".rdb.zst")
        os.truncate(path, os.path.getsize(path) - 10)
        self.assertRaisesRegex(Refused, "cannot be unpacked: .*Take another", self.perform, "replace_data")
        self.assert_as_before()

    def test_the_object_of_another(self):
        before = self.taken
        self.take()
        shutil.copy(*(os.path.join(self.place, id_ + ".rdb.zst") for id_ in (self.taken, before)))
        self.taken = before
        self.assertRaisesRegex(Refused, "checksum", self.perform, "replace_data")
        self.assert_as_before()

    def test_one_that_no_node_can_decrypt(self):
        path = os.path.join(self.place, self.taken + ".json")
        with open(path, encoding="utf-8") as file:
            manifest = {**json.load(file), "recipients": ["age1x"]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        self.assertRaisesRegex(Refused, "is encrypted", self.perform, "replace_data")
        self.assert_as_before()

    def test_a_check_asks_its_manifest(self):
        self.assertEqual(self.perform("replace_data", "check"), {"node": "redis-1", "keys": {"0": OLD}})


class Keys(unittest.TestCase):
    def test_as_words_that_no_shell_changes(self):
        self.assertEqual(restore.parsed("0:100,3:5"), {"0": 100, "3": 5})
        self.assertEqual(restore.parsed(""), {})


class Killed(Restores):
    """Run again, it ends well; and before that, nothing is half."""

    def kill_at(self, name, file=None):
        document = json.dumps(as_json(self.node.contents))
        child = subprocess.run(
            [sys.executable, "-B", "-c", CHILD, PACKAGE, self.home, document, name, file or self.file],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(child.returncode, -signal.SIGKILL, child.stderr)

    def tidied(self):
        """What `attend` does every few seconds."""

        def tidy():
            return attend.tidy(self.node) is None and not self.remembered().get("source")

        self.soon(tidy)

    def remembered(self):
        return self.node.remembered("restore")

    def test_before_anything_has_changed(self):
        for point in ("receive", "inspect", "check_dump", "hold_back", "Source"):
            with self.subTest(point):
                self.kill_at(point)
                self.tidied()
                self.assert_as_before()
        self.restore()
        self.assert_restored()

    def test_before_the_server_has_all(self):
        with open(self.file, "rb") as file:
            self.assertGreater(len(file.read()), 1000)
        self.kill_at("last part")
        self.assertEqual(self.keys(), OLD)
        self.tidied()
        self.assert_as_before()
        self.restore()
        self.assert_restored()

    def test_when_the_server_has_all(self):
        for point in ("await_replicas", "is_right"):
            with self.subTest(point):
                self.kill_at(point)
                self.tidied()
                self.assertEqual(self.role(), "master")
                self.assertEqual(self.digest_of(), self.digest)
                health = self.health()
                self.assertFalse(health["fit"])
                self.assertIn("a restore of X did not end; run it again", health["reason"])
                self.restore()
                self.assert_restored()

    def test_while_the_server_loads(self):
        self.ask("CONFIG", "SET", "key-load-delay", "40000", "loading-process-events-interval-bytes", "1024")
        self.kill_at("load")
        self.assertEqual(attend.tidy(self.node), "loads the data of X")
        self.soon(lambda: self.health()["reason"] == "a restore of X is under way")
        self.tidied()
        self.assertEqual(self.digest_of(), self.digest)
        self.restore()
        self.assert_restored()

    def test_with_its_server(self):
        """On the disk is the old data until the new is there as a whole."""
        self.ask("CONFIG", "SET", "rdb-key-save-delay", "100000")  # the new AOF is not written
        self.kill_at("await_replicas")
        self.stop(signal.SIGKILL)
        self.start()
        self.tidied()
        self.assertEqual(self.keys(), OLD)
        self.assertIn("did not end", self.health()["reason"])
        self.restore()
        self.assert_restored()

    def test_it_may_also_be_left_as_it_is(self):
        self.kill_at("await_replicas")
        self.assertEqual(restore.ended(self.node), {"node": "redis-1", "keys": self.new})
        self.assert_restored()


class Fails(Restores):
    def test_a_server_that_cannot_load_starts_again_with_its_old_data(self):
        damaged = self.file + ".damaged"
        with open(self.file, "rb") as file, open(damaged, "wb") as other:
            data = bytearray(file.read())
            data[len(data) // 2] ^= 0xFF
            data[-8:] = bytes(8)  # no checksum
            other.write(data[:-200])
        sound = dump.inspect(self.node, self.file)
        with patch.object(restore, "inspect", return_value=sound):
            self.assertRaisesRegex(Failed, "did not take the data", self.restore, file=damaged)
        self.server.wait(20)
        self.start()
        self.assertEqual(self.keys(), OLD)
        self.assertIn("did not end", self.health()["reason"])
        self.restore()
        self.assert_restored()

    def test_a_server_that_dies_meanwhile(self):
        with patch.object(restore, "await_replicas", lambda *_: self.stop(signal.SIGKILL)):
            self.assertRaises(ConnectionRefusedError, self.restore)
        self.assertIsNone(self.node.remembered("restore")["source"])

    def test_a_server_that_has_another_number_of_keys(self):
        sound = dump.inspect(self.node, self.file)
        other = dump.Dump(sound.bytes, sound.keys + 1, sound.databases, sound.used_memory)
        with patch.object(restore, "inspect", return_value=other):
            self.assertRaisesRegex(Failed, "its server has", self.restore)
        self.server.wait(20)
        self.restart_with_old_data()

    def restart_with_old_data(self):
        self.start()
        self.assertIn("did not end", self.health()["reason"])
        self.restore()
        self.assert_restored()


class Versions(unittest.TestCase):
    def test_what_each_release_reads(self):
        for redis, version in {"6.2.1": 0, "7.0.15": 10, "7.2.4": 11, "7.4.0": 12, "8.0.2": 12, "9.0.0": 12}.items():
            self.assertEqual(dump.newest_readable(redis), version, redis)

    def test_a_refusal_names_the_release_that_reads_it(self):
        self.assertRaisesRegex(Refused, "7.0.15.*up to 10.*Redis 7.2 or newer", dump.check_version, 11, "7.0.15")
        self.assertRaisesRegex(Refused, "a newer Redis", dump.check_version, 99, "7.0.15")
        dump.check_version(10, "8.0.2")


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


if __name__ == "__main__":
    unittest.main()
