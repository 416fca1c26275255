"""The history of a real Redis's AOF, and what it has of a second: by redis-check-aof and another server, as a restore
does it.
"""
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from unittest.mock import patch

from fixtures import PACKAGE
from one_node import OneNode, free_port

from rediform.backup import note
from rediform.contents import as_json
from rediform.errors import Refused
from rediform.redis import Connection
from rediform.undo import aof, history, keep, verbs

CHECK = shutil.which("redis-check-aof")
WINDOW = 3600
# A look in a process of its own, that is killed when it comes to a function.
CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from rediform import contents, state
from rediform.undo import history, keep
module, name = sys.argv[4].split(".")
setattr({"keep": keep, "history": history, "os": os}[module], name, lambda *_, **__: os.kill(os.getpid(), 9))
node = state.Node(contents.parse(sys.argv[3]), sys.argv[2])
with node.connect() as redis:
    keep.keep(node, redis)
"""


class Undo(OneNode):
    def setUp(self):
        super().setUp()
        self.live["aof-timestamp-enabled"] = "yes"
        self.keeps(WINDOW)

    def keeps(self, seconds, room=1 << 30):
        undo = {"seconds": seconds, "bytes": room} if seconds else None
        backup = {"everySeconds": 3600, "keepDays": 1, "keepLast": 1, "place": "b", "recipients": [], "undo": undo}
        self.known["backup"] = backup
        self.write_settings()

    def look(self):
        with self.node.connect() as redis:
            keep.keep(self.node, redis)

    def begin(self):
        """A server with a history, at the beginning of a second."""
        self.start()
        self.look()
        self.next_second()
        self.next_second()

    def next_second(self):
        """Until a new second begins; the second that is over."""
        now = int(time.time())
        self.soon(lambda: time.time() >= now + 1)
        return now

    def rewrite(self):
        self.ask("BGREWRITEAOF")
        self.soon(lambda: self.info()["aof_rewrite_in_progress"] == "0")

    def info(self):
        with self.node.connect() as redis:
            return redis.fields("INFO", "persistence")

    def set(self, *keys):
        for key in keys:
            self.ask("SET", key, "x")

    def history(self, at, check=False):
        out = io.TextIOWrapper(io.BytesIO())
        with patch.object(verbs, "FLUSHED", 0), patch.object(verbs, "LOOKED", 0.1), contextlib.redirect_stdout(out):
            verbs.verb("history", at, check)(self.node)
        head, _, rest = out.buffer.getvalue().partition(b"\n")
        return json.loads(head), rest

    def keys_at(self, second):
        """What a server has that loads what there is of a second."""
        head, rest = self.history(second)
        folder = os.path.join(self.folder, "scratch%d" % time.monotonic_ns())
        os.makedirs(os.path.join(folder, "appendonlydir"))
        files = head["files"]
        for part in files:
            with open(os.path.join(folder, "appendonlydir", part["file"]), "wb") as file:
                file.write(rest[: part["bytes"]])
            rest = rest[part["bytes"] :]
        self.assertEqual(rest, b"")
        manifest = os.path.join(folder, "appendonlydir/appendonly.aof.manifest")
        while True:
            with open(manifest, "w") as file:
                file.write("".join("file %(file)s seq %(seq)d type %(type)s\n" % part for part in files))
            done = subprocess.run(
                [CHECK, "--truncate-to-timestamp", str(second), manifest], stdout=subprocess.PIPE, text=True
            )
            if done.returncode == 0:
                break
            self.assertGreater(len(files), 2, done.stdout)
            files = files[:-1]
        port = free_port()
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--dir", folder, "--appendonly", "yes", "--bind", "127.0.0.1"]
            + ["--aof-load-truncated", "no"],
            executable=os.path.join(self.folder, "bin/redis-server"),
            stdout=subprocess.DEVNULL,
        )
        try:
            keys = []

            def loaded():
                with Connection("127.0.0.1:%d" % port) as redis:
                    keys[:] = redis.words("KEYS", "*")
                    return True

            self.soon(loaded)
            return sorted(keys)
        finally:
            server.kill()
            server.wait()

    def ranges(self):
        return history.ranges(self.node)

    def refused(self, second, words):
        self.assertRaisesRegex(Refused, words, self.history, second)

    def kept(self):
        return [os.path.basename(chain.path) for chain in history.chains(self.node)]

    # ------------------------------------------------------------ to the second

    def test_the_second_before_a_flushall_is_there(self):
        self.begin()
        self.set("a")
        first = self.next_second()
        self.set("b")
        before = self.next_second()
        self.ask("FLUSHALL")
        after = self.next_second()
        self.look()
        self.assertEqual(self.keys_at(first), ["a"])
        self.assertEqual(self.keys_at(before), ["a", "b"])
        self.assertEqual(self.keys_at(after), [])

    def test_it_is_there_across_rewrites_that_redis_removes_the_files_of(self):
        self.begin()
        seconds = []
        for key in "abcd":
            self.set(key)
            seconds.append(self.next_second())
            self.look()
            self.rewrite()
            self.look()
        self.ask("FLUSHALL")
        self.next_second()
        self.rewrite()
        self.look()
        for count, second in enumerate(seconds, 1):
            self.assertEqual(self.keys_at(second), list("abcd")[:count])
        self.assertEqual(len(self.ranges()), 1, self.ranges())
        self.assertGreater(len(self.kept()), 4)

    def test_the_clock_of_a_rewrites_child_may_be_behind(self):
        self.begin()
        self.set("a")
        first = self.next_second()
        self.look()
        self.set("b")
        self.rewrite()
        with patch.object(keep, "moment", lambda base: aof.moment(base) - 1):
            self.look()
        both = self.next_second()
        self.look()
        self.assertEqual(self.keys_at(first), ["a"])
        self.assertEqual(self.keys_at(both), ["a", "b"])

    def test_the_clock_of_a_rewrites_child_may_be_late(self):
        self.begin()
        self.set("a")
        self.rewrite()
        self.set("b")
        second = self.next_second()
        with patch.object(keep, "moment", lambda base: aof.moment(base) + 1):
            self.look()
        self.next_second()
        self.look()
        self.assertEqual(self.keys_at(second), ["a", "b"])
        self.assertEqual(self.keys_at(second + 1), ["a", "b"])

    def test_several_rewrites_in_one_second_lose_nothing_of_it(self):
        self.begin()
        for _ in range(10):
            second = self.next_second() + 1
            self.ask("FLUSHALL")
            for key in "abc":
                self.set(key)
                self.rewrite()
                self.look()
            self.set("d")
            if self.next_second() == second:
                break
        self.look()
        self.assertEqual(self.next_second(), second + 1, "no second was long enough for three rewrites")
        self.look()
        self.assertEqual(self.keys_at(second), ["a", "b", "c", "d"])
        self.assertEqual(self.keys_at(second - 1), [])
        self.assertEqual(len(self.ranges()), 1, self.ranges())

    def test_a_rewrite_that_no_look_has_seen_is_no_gap(self):
        self.begin()
        self.set("a")
        self.look()
        second = self.next_second()
        self.next_second()
        self.ask("FLUSHALL")
        self.rewrite()
        self.next_second()
        self.look()
        self.assertEqual(len(self.ranges()), 1, self.ranges())
        self.assertEqual(self.keys_at(second), ["a"])
        self.assertEqual(self.keys_at(second + 1), ["a"])

    def test_a_failed_rewrite_leaves_a_file_that_belongs_to_the_same_base(self):
        self.begin()
        self.set("a")
        self.next_second()
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 10_000_000)
        self.ask("BGREWRITEAOF")
        self.soon(lambda: self.info()["aof_rewrite_in_progress"] == "1")
        self.set("b")
        both = self.next_second()
        children = subprocess.run(["pgrep", "-P", str(self.server.pid)], stdout=subprocess.PIPE, text=True)
        os.kill(int(children.stdout), signal.SIGKILL)
        self.soon(lambda: self.info()["aof_last_bgrewrite_status"] == "err")
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.look()
        self.assertEqual(len(history.chains(self.node)[-1].parts), 3)
        self.ask("FLUSHALL")
        self.next_second()
        self.rewrite()
        self.look()
        self.assertEqual(self.keys_at(both), ["a", "b"])
        self.assertEqual(self.keys_at(both - 1), ["a"])

    def test_after_a_restart_all_is_there_but_the_time_between(self):
        self.begin()
        self.set("a")
        first = self.next_second()
        self.look()
        self.stop()
        self.next_second()
        down = self.next_second()
        self.start()
        self.look()
        self.set("b")
        second = self.next_second()
        self.look()
        self.assertEqual(len(self.ranges()), 2)
        self.refused(down, "has no history of")
        self.assertEqual(self.keys_at(first), ["a"])
        self.assertEqual(self.keys_at(second), ["a", "b"])

    def test_a_database_that_is_not_the_first_comes_along(self):
        self.begin()
        with Connection(self.node.endpoint, "admin", "a") as redis:
            redis.ask("SELECT", 3)
            redis.ask("SET", "third", "x")
            redis.ask("MULTI")
            redis.ask("SET", "more", "#TS:99\r\n")
            redis.ask("EXEC")
        self.set("zero")
        second = self.next_second()
        self.look()
        self.assertEqual(self.keys_at(second), ["zero"])

    # ------------------------------------------------------------ what is not there

    def test_what_was_before_the_first_look_is_refused(self):
        self.start()
        self.set("a")
        self.next_second()
        self.look()
        start = int(time.time())
        self.next_second()
        self.next_second()
        self.look()
        self.refused(start - 5, "has no history of .*; it has: ")

    def test_a_second_that_is_not_over_is_refused(self):
        self.begin()
        self.refused(int(time.time()) + 60, "is not over yet")

    def test_files_that_came_and_went_between_two_looks_are_a_gap(self):
        self.begin()
        self.set("a")
        kept = self.next_second()
        self.look()
        self.next_second()
        self.rewrite()
        self.set("lost")
        gap = self.next_second()
        self.next_second()
        self.rewrite()
        self.next_second()
        self.next_second()
        self.look()
        self.assertEqual(len(self.ranges()), 2, self.ranges())
        self.assertEqual(self.keys_at(kept), ["a"])
        self.refused(gap, "has no history of")

    def test_a_full_resync_is_a_gap_although_the_numbers_go_on(self):
        self.begin()
        self.set("mine")
        mine = self.next_second()
        self.look()
        master = OneNode()
        master.setUp()
        self.addCleanup(master.doCleanups)
        master.start()
        master.ask("SET", "theirs", "x")
        self.next_second()
        gap = int(time.time())
        self.ask("REPLICAOF", "127.0.0.1", str(master.port))
        self.soon(lambda: self.ask("EXISTS", "theirs") == 1)
        self.soon(lambda: self.info()["aof_enabled"] == "1" and self.info()["aof_rewrite_in_progress"] == "0")
        self.next_second()
        self.next_second()
        self.look()
        self.assertEqual(len(self.ranges()), 2, self.ranges())
        self.assertEqual(self.keys_at(mine), ["mine"])
        self.refused(gap - 1, "has no history of")
        theirs = self.next_second()
        self.look()
        self.assertEqual(self.keys_at(theirs), ["theirs"])

    def test_a_replica_without_its_master_has_a_gap(self):
        master = OneNode()
        master.setUp()
        self.addCleanup(master.doCleanups)
        master.start()
        self.start()
        self.ask("REPLICAOF", "127.0.0.1", str(master.port))
        up = lambda: "master_link_status:up" in self.ask("INFO", "replication")  # noqa: E731
        self.soon(up)
        self.soon(lambda: self.info()["aof_rewrite_in_progress"] == "0")
        self.look()
        self.next_second()
        self.next_second()
        before = self.next_second()
        self.look()
        master.server.send_signal(signal.SIGSTOP)
        self.ask("CONFIG", "SET", "repl-timeout", 1)
        self.soon(lambda: not up())
        self.look()
        self.next_second()
        gap = self.next_second()
        master.server.send_signal(signal.SIGCONT)
        self.ask("CONFIG", "SET", "repl-timeout", 60)
        self.soon(up)
        self.soon(lambda: self.info()["aof_rewrite_in_progress"] == "0")
        self.next_second()
        self.look()
        self.next_second()
        self.next_second()
        self.look()
        self.history(before)
        self.refused(gap, "has no history of")
        self.assertEqual(len(self.ranges()), 2, self.ranges())

    def test_a_master_that_hears_of_no_replica_has_a_gap(self):
        self.begin()
        before = self.next_second()
        self.look()
        self.ask("CONFIG", "SET", "min-replicas-to-write", 1)
        self.look()
        self.next_second()
        gap = self.next_second()
        self.ask("CONFIG", "SET", "min-replicas-to-write", 0)
        self.look()
        self.next_second()
        self.look()
        self.history(before)
        self.refused(gap, "has no history of")

    def test_without_timestamps_there_is_no_history(self):
        self.begin()
        self.look()
        self.ask("CONFIG", "SET", "aof-timestamp-enabled", "no")
        self.look()
        self.assertIn("no timestamps", note.told(self.node)["undo"]["reason"])
        off = self.next_second()
        self.ask("CONFIG", "SET", "aof-timestamp-enabled", "yes")
        self.look()
        self.next_second()
        self.next_second()
        self.look()
        self.refused(off, "has no history of")
        self.assertIsNone(note.told(self.node)["undo"]["reason"])

    def test_what_a_start_makes_of_a_dump_begins_with_that_start(self):
        self.static["appendonly"] = "no"
        self.start()
        self.set("a")
        self.ask("SAVE")
        self.next_second()
        self.stop()
        self.static["appendonly"] = "yes"
        old = self.next_second()
        self.start()
        self.look()
        self.next_second()
        second = self.next_second()
        self.look()
        self.refused(old, "has no history of")
        self.assertEqual(self.keys_at(second + 0), ["a"])

    # ------------------------------------------------------------ what goes

    def rounds(self, count):
        for i in range(count):
            self.ask("SET", "k%d" % i, os.urandom(20_000).hex())
            self.next_second()
            self.look()
            self.rewrite()
            self.look()

    def test_what_is_older_than_the_window_goes(self):
        self.begin()
        self.rounds(2)
        self.assertEqual(len(self.kept()), 3)
        self.keeps(1)
        self.next_second()
        self.next_second()
        self.next_second()
        self.look()
        self.assertEqual(len(self.kept()), 1)

    def test_what_has_no_room_goes_and_health_says_so(self):
        self.begin()
        self.rounds(3)
        self.assertEqual(len(self.kept()), 4)
        self.keeps(WINDOW, 60_000)
        self.look()
        self.assertLess(len(self.kept()), 4)
        self.assertGreaterEqual(len(self.kept()), 1)
        self.assertIn("room for", note.told(self.node)["undo"]["reason"])
        self.next_second()
        self.look()
        self.assertIn("room for", note.told(self.node)["undo"]["reason"])

    def test_all_goes_at_once_when_the_disk_is_nearly_full(self):
        self.begin()
        self.rounds(2)
        usage = shutil.disk_usage(self.home)
        with patch.object(shutil, "disk_usage", lambda _: usage._replace(free=1000)):
            self.look()
        self.assertEqual(len(self.kept()), 1)
        self.assertIn("free on its disk", note.told(self.node)["undo"]["reason"])

    def test_all_goes_when_it_is_switched_off(self):
        self.begin()
        self.rounds(1)
        self.keeps(0)
        self.look()
        self.assertFalse(os.path.exists(self.path("data/undo")))
        self.assertIsNone(note.told(self.node)["undo"])

    def test_redis_still_removes_its_own(self):
        self.begin()
        self.rounds(2)
        with open(self.path("data/appendonlydir/appendonly.aof.manifest")) as file:
            self.assertEqual(len(file.read().splitlines()), 2)
        self.soon(lambda: len(os.listdir(self.path("data/appendonlydir"))) == 3)

    # ------------------------------------------------------------ killed

    def test_killed_anywhere_the_next_look_goes_on(self):
        self.begin()
        seconds = {}
        points = ("os.link", "os.rename", "keep.begin", "keep.end", "history.note", "keep.look_ended", "os.utime")
        for point in points:
            self.set(point)
            seconds[point] = self.next_second()
            self.look()
            self.rewrite()
            document = json.dumps(as_json(self.node.contents))
            done = subprocess.run([sys.executable, "-B", "-c", CHILD, PACKAGE, self.home, document, point])
            self.assertEqual(done.returncode, -signal.SIGKILL, point)
            self.look()
        self.next_second()
        self.look()
        for count, point in enumerate(points, 1):
            self.assertEqual(self.keys_at(seconds[point]), sorted(points[:count]), point)
        self.assertFalse([name for name in os.listdir(self.path("data/undo")) if name.endswith(".new")])

    def test_attend_keeps_it(self):
        self.start(attended=True)
        self.soon(lambda: self.ranges())
        self.next_second()
        self.next_second()
        self.set("a")
        second = self.next_second()
        self.ask("FLUSHALL")
        self.rewrite()
        self.soon(lambda: self.ranges()[-1][1] > second)
        self.assertEqual(self.keys_at(second), ["a"])

    def moments(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            verbs.verb("moments", None, False)(self.node)
        return json.loads(said.getvalue())

    def test_moments_are_what_can_be_had(self):
        self.start()
        self.assertEqual(self.moments()["ranges"], [])
        self.look()
        self.next_second()
        second = self.next_second()
        self.next_second()
        self.look()
        found = self.moments()
        self.assertIsNone(found["reason"])
        ((first, last),) = found["ranges"]
        self.assertLessEqual(first, second)
        self.assertGreaterEqual(last, second)
        self.keeps(0)
        self.assertIn("backup.undo is 0", self.moments()["reason"])

    def test_a_check_sends_only_the_line(self):
        self.begin()
        second = self.next_second()
        self.look()
        head, rest = self.history(second, check=True)
        self.assertEqual(rest, b"")
        self.assertEqual([part["type"] for part in head["files"]], ["b", "i"])


if __name__ == "__main__":
    unittest.main()
