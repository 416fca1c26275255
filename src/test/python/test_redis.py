"""What a real Redis answers that is not well, and what the agent makes of it."""
import json
import os
import signal
import subprocess
import threading
import unittest

from one_node import PASSWORDS, OneNode, free_port

from rediform.redis import RedisError
from rediform.storage import read_lines
from rediform.view import redis_view


class States(OneNode):
    """Each error that a server can answer with is a state of its own, and none is healthy or a proof of `down`."""

    def assert_state(self, state, words):
        health = self.health()
        self.assertEqual(health["state"], state, health)
        self.assertFalse(health["fit"])
        self.assertIn(words, health["reason"])

    def test_up_and_down(self):
        self.write_settings()
        self.assert_state("down", "does not run")
        self.start()
        self.assertEqual(self.health()["state"], "up")
        self.assertTrue(self.health()["fit"])

    def test_wrong_password(self):
        self.start()
        self.write("../secrets.json", json.dumps({**PASSWORDS, "admin": "other"}))
        self.assert_state("wrongpass", "password of user admin")

    def test_no_permission(self):
        self.start()
        self.ask("ACL", "SETUSER", "admin", "-info")
        self.assert_state("noperm", "does not let user admin")

    def test_a_script_that_does_not_end(self):
        self.start()
        script = threading.Thread(
            target=lambda: self.assertRaises((OSError, RedisError), self.ask, "EVAL", "while true do end", 0)
        )
        script.start()
        self.addCleanup(script.join)
        self.addCleanup(lambda: self.ask("SCRIPT", "KILL"))
        self.soon(lambda: self.health()["state"] == "busy")
        self.assert_state("busy", "script")

    def test_a_server_that_is_stopped_is_silent_and_not_down(self):
        self.start()
        self.server.send_signal(signal.SIGSTOP)
        try:
            self.assert_state("silent", "no answer")
        finally:
            self.server.send_signal(signal.SIGCONT)

    def test_loading(self):
        self.start()
        self.fill()
        self.ask("BGREWRITEAOF")  # while it loads a dump it answers from time to time
        self.soon(lambda: os.listdir(self.path("data/appendonlydir")).count("appendonly.aof.2.base.rdb"))
        self.stop()
        self.static["key-load-delay"] = 20_000  # microseconds a key
        self.static["loading-process-events-interval-bytes"] = 1024
        self.gate()
        log = open(os.path.join(self.home, "log"), "ab")
        self.addCleanup(log.close)
        self.server = subprocess.Popen(
            [self.path("../bin/redis-server"), self.path("live/redis.conf")], stdout=log, stderr=log
        )
        self.soon(lambda: self.health()["state"] == "loading")
        self.assert_state("loading", "loads its data")

    def test_a_failed_dump_beside_a_healthy_aof_is_told_and_is_no_failure(self):
        self.static["stop-writes-on-bgsave-error"] = "no"
        self.start()
        self.fail_to_save()
        health = self.health()
        self.assertTrue(health["fit"], health)
        self.assertIn("last BGSAVE failed", " ".join(health["notes"]))
        self.assertEqual(self.ask("SET", "a", "b"), "OK")

    def test_a_failed_dump_without_an_aof_stops_writes_and_does_not_blame_the_disk(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fail_to_save()
        self.assert_state("misconf", "last BGSAVE failed")
        self.assertNotIn("disk", self.health()["reason"])

    def fail_to_save(self):
        self.fill()
        self.ask("CONFIG", "SET", "rdb-key-save-delay", "100000")
        self.ask("BGSAVE")
        self.kill_child()
        self.soon(lambda: "rdb_last_bgsave_status:err" in self.ask("INFO", "persistence"))

    def kill_child(self):
        children = "/proc/%d/task/%d/children" % (self.server.pid, self.server.pid)
        self.soon(lambda: read_lines(children))
        for child in read_lines(children)[0].split():
            os.kill(int(child), signal.SIGKILL)

    def test_a_failed_rewrite_of_the_aof_is_told_and_is_no_failure(self):
        self.start()
        self.fill()
        self.ask("CONFIG", "SET", "rdb-key-save-delay", "100000")
        self.ask("BGREWRITEAOF")
        self.kill_child()
        self.soon(lambda: "aof_last_bgrewrite_status:err" in self.ask("INFO", "persistence"))
        health = self.health()
        self.assertTrue(health["fit"], health)
        self.assertIn("rewrite of the AOF failed", " ".join(health["notes"]))

    def test_a_replica_that_serves_no_stale_data_still_says_what_it_has(self):
        self.start()
        self.fill(databases=(2,))
        self.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
        self.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        self.assertRaisesRegex(RedisError, "MASTERDOWN", self.ask, "DBSIZE")
        self.assertTrue(redis_view(self.node, self.node.endpoint).formed)


if __name__ == "__main__":
    unittest.main()
