"""Whose turn a backup is, and that never two are taken at once."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest
from random import Random
from unittest.mock import patch

from fixtures import PACKAGE, InAFolder, contents_of, document_of
from one_node import PASSWORDS, SERVER, USERS, free_port

from rediform.backup import take, turn, verbs
from rediform.backup.manifest import listed
from rediform.backup.store import Folder
from rediform.backup.tick import tick
from rediform.backup.turn import Standing
from rediform.redis import Connection, until
from rediform.state import Node

A, B, C = "10.60.0.10:6379", "10.60.16.10:6379", "10.60.16.9:6379"
MASTER, REPLICA = Standing(True, "", False), Standing(False, "", False)
UNFIT, DUMPS = Standing(False, "its server still loads its data", False), Standing(False, "", True)
LIMIT = 30  # seconds in which anything here must come true


class Turns(unittest.TestCase):
    def test_who_is_chosen(self):
        for found, mine in (
            ({}, None),
            ({A: UNFIT}, None),
            ({A: MASTER}, A),  # only if no replica can
            ({A: MASTER, B: UNFIT}, A),
            ({A: MASTER, B: REPLICA}, B),
            ({A: REPLICA, B: MASTER, C: REPLICA}, A),
            ({A: UNFIT, B: MASTER, C: REPLICA}, C),
            ({B: REPLICA, C: REPLICA}, C),  # 9 comes before 10
        ):
            with self.subTest(found):
                self.assertEqual(turn.chosen(found), mine)

    def test_who_had_its_time_without_a_backup_lets_the_next_one_try(self):
        found = {A: REPLICA, B: MASTER, C: REPLICA}
        self.assertEqual([turn.chosen(found, each) for each in range(4)], [A, C, A, C])
        self.assertEqual(turn.chosen({A: MASTER, B: UNFIT}, 7), A)
        self.assertIsNone(turn.chosen({}, 7))

    def test_what_a_node_may_lack(self):
        fit = {"role": "slave", "loading": "0", "master_link_status": "up", "master_sync_in_progress": "0"}
        for change, lacks in (
            ({}, ""),
            ({"role": "master"}, ""),
            ({"loading": "1"}, "its server still loads its data"),
            ({"master_sync_in_progress": "1"}, "its server is syncing with its master"),
            ({"master_link_status": "down"}, "its server has no link to its master, so its data may be old"),
        ):
            with self.subTest(change):
                self.assertEqual(turn.lacking({**fit, **change}), lacks)
        self.assertEqual(turn.lacking({"role": "master", "loading": "0"}), "")

    def overtaken(self, *looks):
        """What the node C says that sees these others dump, at each look; and how many looks it took."""
        seen = [{each: DUMPS for each in look} for look in looks]
        node = Node(contents_of("redis", address="10.60.16.9", port=6379), "/nowhere")
        now = [0.0]

        def ask(*_):
            return seen.pop(0) if len(seen) > 1 else seen[0]

        with (
            patch.object(turn, "data_nodes", lambda _: [A, B, C]),
            patch.object(turn, "ask_all", ask),
            patch.object(turn.time, "monotonic", lambda: now[0]),
            patch.object(turn.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds)),
        ):
            return turn.overtaken_by(node), now[0]

    def test_of_two_dumps_the_later_ends_at_once(self):
        self.assertEqual(self.overtaken([A]), (A, 0))
        self.assertEqual(self.overtaken([A, B]), (A, 0))

    def test_the_earlier_goes_on_once_the_later_has_ended(self):
        self.assertEqual(self.overtaken([B], [B], []), (None, 2 * turn.POLL))

    def test_the_earlier_ends_if_the_other_goes_on(self):
        self.assertEqual(self.overtaken([B]), (B, turn.PATIENCE + turn.POLL))

    def test_alone_it_goes_on(self):
        self.assertEqual(self.overtaken([]), (None, 0))


@unittest.skipUnless(shutil.which("zstd"), "zstd is missing; to get it: apt-get install zstd")
class Several(InAFolder):
    """A master and two replicas, without Sentinels, which share a folder of backups."""

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(os.path.realpath(SERVER), os.path.join(self.folder, "bin/redis-server"))
        self.write("../secrets.json", json.dumps({name: PASSWORDS[name] for name in PASSWORDS if name != "app"}))
        self.write("../password", PASSWORDS["app"] + "\n")
        self.ports = sorted(free_port() for _ in range(3))
        self.seeds = ["127.0.0.1:%d" % port for port in self.ports]
        self.servers = []
        self.nodes = [self.made(number) for number in range(3)]
        for node in self.nodes[1:]:
            self.soon(lambda node=node: turn.standing(node, node.endpoint).lacks == "")
        self.backups = Folder(os.path.join(self.folder, "backups"))

    def made(self, number):
        """Node redis-N, and its server."""
        home, port = os.path.join(self.folder, "redis-%d" % (number + 1)), self.ports[number]
        os.makedirs(os.path.join(home, "data"))
        users = ["user %s %s" % (name, USERS[name]) for name in ("admin", "backup", "replica", "default")]
        for name in PASSWORDS:
            users = [line.replace("{%s}" % name, ">" + PASSWORDS[name]) for line in users]
        lines = ["port %d" % port, "bind 127.0.0.1", "dir %s/data" % home, "repl-diskless-sync-delay 0", *users]
        lines += ["masteruser replica", "masterauth " + PASSWORDS["replica"]]
        lines += ["replicaof 127.0.0.1 %d" % self.ports[0]] if number else []
        with open(home + "/conf", "w") as file:
            file.write("\n".join(lines) + "\n")
        backup = {
            "everySeconds": 3600,
            "keepDays": 1,
            "keepLast": 3,
            "place": "../backups",
            "recipients": [],
            "undo": None,
        }
        more = {"name": "redis-%d" % (number + 1), "port": port, "redisSeeds": self.seeds, "backup": backup}
        with open(home + "/document.json", "w") as file:
            json.dump(document_of("redis", **more), file)
        os.makedirs(home + "/agent")
        os.rename(home + "/document.json", home + "/agent/%s.json" % ("a" * 64))
        with open(home + "/log", "w") as log:
            server = subprocess.Popen([self.folder + "/bin/redis-server", home + "/conf"], stdout=log, stderr=log)
        self.servers.append(server)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        node = Node(contents_of("redis", **more), home)
        self.soon(lambda: self.ask(node, "PING"))
        return node

    def soon(self, condition):
        def holds():
            try:
                return condition()
            except (OSError, KeyError, AttributeError):
                return False

        self.assertTrue(until(LIMIT, holds, 0.05), "not in %d s" % LIMIT)

    def ask(self, node, *words):
        with Connection(node.endpoint, "admin", "a", timeout=10) as redis:
            return redis.ask(*words)

    def asked(self, *asked):
        """Runs the verb on several nodes at once: of each its exit code and what it said."""
        running = []
        for node, *words in asked:
            document = node.home + "/agent/%s.json" % ("a" * 64)
            command = [sys.executable, "-B", PACKAGE, "backup", "--document", document, *words]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return [(said, each.returncode) for each in running for said in each.communicate(timeout=60)[:1]]

    def fill(self):
        for i in range(200):
            self.ask(self.nodes[0], "SET", "key%d" % i, os.urandom(1000).hex())
        for node in self.nodes[1:]:
            self.soon(lambda node=node: self.ask(node, "DBSIZE") == 200)

    def test_a_dump_is_seen_by_all_and_of_its_own_node_it_is_no_other(self):
        one = self.nodes[1]
        self.assertEqual(turn.data_nodes(one), self.seeds)
        found = turn.standings(one)
        self.assertEqual([found[each].role for each in self.seeds], ["master", "replica", "replica"])
        self.assertEqual(turn.dumping(one, found), [])

    def test_the_timers_of_all_make_one_backup_of_the_first_replica(self):
        self.fill()
        said = self.asked(*([node] for node in self.nodes))
        self.assertEqual([code for _, code in said], [0, 0, 0], said)
        (found,) = listed(self.backups)
        self.assertEqual((found.node, found.role, found.keys), ("redis-2", "replica", {"0": 200}))

    def test_a_replica_that_took_none_in_its_time_lets_the_other_one_try(self):
        self.fill()
        for node in self.nodes:
            node.remember("backups", due=time.time() - 2 * tick(3600) - 60)
        self.asked(*[(node,) for node in self.nodes])
        self.assertEqual([each.node for each in listed(self.backups)], ["redis-3"])

    def test_two_at_once_make_one_backup(self):
        self.fill()
        for node in self.nodes[1:]:
            self.ask(node, "CONFIG", "SET", "rdb-key-save-delay", 20000)  # four seconds
        said = self.asked((self.nodes[1], "--now"), (self.nodes[2], "--now"))
        self.assertEqual(sorted(code for _, code in said), [0, 1], said)
        (loser,) = [text for text, code in said if code == 1]
        self.assertRegex(loser, "redis-[23]: 127.0.0.1:[0-9]+ already takes a backup")
        self.assertEqual(len(listed(self.backups)), 1)
        self.assertEqual(len(self.backups.names()), 2)

    def test_two_that_begin_again_and_again_never_overlap(self):
        """Timers and an operator's `--now` on both replicas: by their manifests one ends before the next begins."""
        self.fill()
        random, rounds, together = Random(13), 8, threading.Barrier(2)
        said = []
        for node in self.nodes[1:]:
            self.ask(node, "CONFIG", "SET", "rdb-key-save-delay", 2000)  # almost half a second

        def ask(node):
            for _ in range(rounds):
                together.wait(LIMIT)
                time.sleep(random.uniform(0, 0.1))
                said.extend(self.asked((node, "--now")))

        threads = [threading.Thread(target=ask, args=(node,)) for node in self.nodes[1:]]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        found = sorted(listed(self.backups), key=lambda each: (each.started, each.ended))
        for before, after in zip(found, found[1:]):
            self.assertLessEqual(before.ended, after.started, (before, after))
        refused = [text for text, code in said if code]
        self.assertEqual(len(found) + len(refused), 2 * rounds, said)
        self.assertGreaterEqual(len(found), rounds / 2)
        self.assertTrue(refused, "none ever met another one")
        self.assertEqual(len(self.backups.names()), 2 * len(found))
        for text in refused:
            self.assertRegex(text, "already takes a backup|was taken meanwhile")

    def another_meanwhile(self, function, until_it_is_taken=False):
        """What the first replica's agent ends with if the other one's backup is under way when it comes to a function
        of `take`, or is listed by then.
        """
        self.fill()
        first, second = self.nodes[1:]
        self.ask(second, "CONFIG", "SET", "rdb-key-save-delay", 5000)  # a second
        real, started = getattr(take, function), []

        def then(*words):
            document = second.home + "/agent/%s.json" % ("a" * 64)
            command = [sys.executable, "-B", PACKAGE, "backup", "--now", "--document", document]
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            if until_it_is_taken:
                self.assertEqual(started[0].wait(LIMIT), 0)
            else:
                self.soon(lambda: [name for name in os.listdir(self.backups.path) if name.endswith(".part")])
            return real(*words)

        os.makedirs(self.backups.path)
        try:
            with patch.object(take, function, then), contextlib.redirect_stdout(io.StringIO()) as said:
                verbs.backup(first)
        finally:
            self.assertEqual([each.wait(LIMIT) for each in started], [0])
        self.assertEqual([each.node for each in listed(self.backups)], ["redis-3"])
        self.assertEqual(len(self.backups.names()), 2)
        self.assertIsNone(first.remembered("backups").get("failure"))
        return said.getvalue()

    def test_one_that_saw_the_other_too_late_is_none_although_that_has_ended(self):
        self.assertRegex(self.another_meanwhile("begun"), "redis-2: takes no backup: .*-redis-3 was taken meanwhile\n$")

    def test_one_that_was_taken_between_two_questions_is_not_due_again(self):
        self.assertRegex(
            self.another_meanwhile("alone_on_this_node", True), "redis-2: .* .*-redis-3 was taken meanwhile"
        )

    def test_a_replica_that_is_gone_is_not_waited_for(self):
        self.fill()
        self.ask(self.nodes[1], "REPLICAOF", "127.0.0.1", free_port())
        self.soon(lambda: turn.standing(self.nodes[1], self.seeds[1]).lacks)
        (said,) = self.asked([self.nodes[2]])
        self.assertEqual(said[1], 0, said)
        self.assertEqual([each.node for each in listed(self.backups)], ["redis-3"])

    def in_the_middle(self, event):
        """What the first replica's backup says, and its exit code, if this happens during its dump."""
        self.fill()
        self.ask(self.nodes[1], "CONFIG", "SET", "rdb-key-save-delay", 10000)
        document = self.nodes[1].home + "/agent/%s.json" % ("a" * 64)
        command = [sys.executable, "-B", PACKAGE, "backup", "--document", document]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            self.soon(lambda: turn.standing(self.nodes[1], self.seeds[1]).dumps)
            event()
            return running.communicate(timeout=60)[0], running.returncode

    def test_a_replica_that_loses_its_master_meanwhile_has_a_backup_of_the_moment_before(self):
        said, code = self.in_the_middle(self.servers[0].kill)
        self.assertEqual(code, 0, said)
        (found,) = listed(self.backups)
        self.assertEqual((found.node, found.role, found.keys), ("redis-2", "replica", {"0": 200}))

    def test_one_that_is_promoted_meanwhile_ends_the_dump_and_the_next_tick_makes_another(self):
        said, code = self.in_the_middle(lambda: self.ask(self.nodes[1], "REPLICAOF", "NO", "ONE"))
        self.assertEqual(code, 1, said)
        self.assertRegex(said, "redis-2: redis-cli ended with exit code 1: ")
        self.assertEqual(self.backups.names(), [])
        said = self.asked(*([node] for node in self.nodes))
        self.assertEqual([code for _, code in said], [0, 0, 0], said)
        self.assertEqual([each.node for each in listed(self.backups)], ["redis-3"])


if __name__ == "__main__":
    unittest.main()
