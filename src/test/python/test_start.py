"""Starts of a real Redis: with the data that is on the disk, and with settings that it may not take."""
import contextlib
import os
import shutil
import signal
import subprocess
import unittest
from unittest.mock import patch

from one_node import LIMIT, OneNode

from rediform import settings
from rediform.errors import Refused
from rediform.redis import Connection, RedisError


class Starts(OneNode):
    """No start loses data, whatever has changed since the last one."""

    def test_an_aof_that_is_switched_on_while_the_node_is_down_begins_with_the_dump(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill()
        self.stop()
        del self.live["appendonly"]  # the default is an AOF
        self.assertIn("starts from", self.start())
        self.assertEqual(self.keys(), 100)
        self.assertEqual(self.ask("CONFIG", "GET", "appendonly")[1], "yes")
        self.ask("SET", "more", "x")
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.keys(), 101)

    def test_so_does_one_after_a_crash_and_a_dump_of_before(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill()
        self.ask("SAVE")
        self.stop(signal.SIGKILL)
        self.live["appendonly"] = "yes"
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_an_old_aof_goes_aside_when_the_dump_is_what_the_last_server_wrote(self):
        self.start(attended=True)
        self.fill()
        self.live["appendonly"] = "no"
        self.write_settings()
        self.soon(lambda: self.node.remembered("ran")["appendonly"] == "no")
        self.fill(databases=(1,))
        self.stop()
        self.live["appendonly"] = "yes"
        self.start()
        self.assertEqual(self.keys(), 200)
        self.assertTrue([name for name in os.listdir(self.path("data")) if ".before-" in name])

    def test_an_aof_that_is_switched_off_while_the_node_is_down_is_loaded_and_then_dumped(self):
        self.start()
        self.fill()
        self.stop(signal.SIGKILL)
        self.live["appendonly"] = "no"
        self.start(attended=True)
        self.assertEqual(self.keys(), 100)
        self.soon(lambda: self.ask("CONFIG", "GET", "appendonly")[1] == "no")
        self.fill(databases=(1,))
        self.soon(lambda: self.node.remembered("ran")["appendonly"] == "no")
        self.stop(signal.SIGKILL)
        self.start()
        self.assertGreaterEqual(self.keys(), 100)

    def test_a_crash_before_the_dump_is_written_finds_the_aof(self):
        self.start()
        self.fill()
        self.live["appendonly"] = "no"
        self.write_settings()
        self.stop(signal.SIGKILL)
        self.start()  # nobody attends: the server has not been told yet
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_an_aof_by_another_name_is_found(self):
        self.start()
        self.fill()
        self.stop()
        self.static["appendfilename"] = '"other name.aof"'
        self.start()
        self.assertEqual(self.keys(), 100)
        self.ask("BGREWRITEAOF")
        self.soon(lambda: "aof_rewrite_in_progress:0" in self.ask("INFO", "persistence"))
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_a_dump_by_another_name_is_found(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill(databases=(3,))
        self.stop()
        self.static["dbfilename"] = "other.rdb"
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_a_dump_that_a_person_put_there_is_used(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill()
        self.stop()
        dump = self.path("dump.rdb")
        os.rename(self.path("data/dump.rdb"), dump)
        shutil.rmtree(self.path("data"))
        os.mkdir(self.path("data"))
        os.rename(dump, self.path("data/production.rdb"))
        del self.live["appendonly"]
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_two_dumps_that_a_person_put_there_keep_it_down(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill()
        self.stop()
        os.remove(self.path("data/persistence.json"))
        shutil.copy(self.path("data/dump.rdb"), self.path("data/one.rdb"))
        os.rename(self.path("data/dump.rdb"), self.path("data/two.rdb"))
        del self.live["appendonly"]
        said, waits = self.gate()
        self.assertIsNone(said)
        self.assertIn("one.rdb", waits)
        self.assertIn("two.rdb", waits)

    def test_an_aof_without_its_manifest_keeps_it_down(self):
        self.start()
        self.fill()
        self.stop(signal.SIGKILL)
        os.remove(self.path("data/appendonlydir/appendonly.aof.manifest"))
        said, waits = self.gate()
        self.assertIsNone(said)
        self.assertIn("no manifest names", waits)

    def test_what_was_flushed_stays_gone_though_an_older_dump_has_it(self):
        self.start()
        self.fill()
        self.ask("SAVE")
        self.ask("FLUSHALL")
        self.soon(lambda: "aof_pending_bio_fsync:0" in self.ask("INFO", "persistence"))
        self.ask("CONFIG", "SET", "save", "")
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.keys(), 0)

    def test_a_volume_of_an_earlier_release_starts_as_it_is(self):
        self.start()
        self.fill()
        self.stop()
        os.remove(self.path("data/persistence.json"))
        self.start()
        self.assertEqual(self.keys(), 100)

    def test_the_old_dump_beside_an_aof_that_is_newer_is_not_loaded(self):
        self.start()
        self.fill()
        self.ask("SAVE")
        self.fill(databases=(1,))
        time_of_dump = os.path.getmtime(self.path("data/dump.rdb"))
        os.utime(self.path("data/dump.rdb"), (time_of_dump - 60, time_of_dump - 60))
        self.stop(signal.SIGKILL)
        os.remove(self.path("data/persistence.json"))
        self.live["appendonly"] = "no"
        self.start()
        self.assertEqual(self.keys(), 200)

    def test_an_aof_of_one_file_as_before_redis_7_is_data(self):
        self.write("data/appendonly.aof", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
        self.formed = True
        self.start()
        self.assertEqual(self.keys(), 1)

    def test_a_lower_limit_is_no_reason_to_throw_keys_away_at_a_start(self):
        self.live["maxmemory"] = "64mb"
        self.start()
        with Connection(self.node.endpoint, "admin", "a") as redis:
            redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            for i in range(40):
                redis.ask("SET", "big%d" % i, "x" * 200_000)
        self.stop()
        self.live.update({"maxmemory": "2mb", "maxmemory-policy": "allkeys-lru"})
        self.start()
        with self.assertRaises(Refused) as refused:
            settings.apply_settings(self.node)
        self.assertIn("more than maxmemory 2mb", str(refused.exception))
        self.assertEqual(self.keys(), 40)
        health = self.health()
        self.assertFalse(health["fit"])
        self.assertIn("maxmemory 2mb", health["reason"])
        self.ask("FLUSHALL")
        settings.apply_settings(self.node)
        self.assertTrue(self.health()["fit"])

    def test_a_limit_for_a_larger_machine_waits_for_that_machine(self):
        self.start()
        self.live["maxmemory"] = "128mb"
        self.write_settings()
        with patch.object(settings, "machine_memory", lambda: 100 << 20), patch.object(self.node, "is_machine", True):
            with self.assertRaises(Refused) as refused:
                settings.apply_settings(self.node)
            self.assertIn("maxmemory 128mb is more than this machine has (100 MB)", str(refused.exception))
            self.assertEqual(settings.settings_to_start_with(self.node)["maxmemory"], "64mb")
        self.assertEqual(self.ask("CONFIG", "GET", "maxmemory")[1], str(64 << 20))
        settings.apply_settings(self.node)  # the machine is larger now
        self.assertEqual(self.ask("CONFIG", "GET", "maxmemory")[1], str(128 << 20))

    def test_a_dump_of_a_newer_redis_keeps_the_server_down_and_is_not_written_over(self):
        self.live["appendonly"] = "no"
        self.start()
        self.fill()
        self.stop()
        path = self.path("data/dump.rdb")
        with open(path, "r+b") as dump:
            dump.write(b"REDIS0099")
        with open(path, "rb") as dump:
            before = dump.read()
        self.gate()
        with subprocess.Popen(
            [os.path.join(self.home, "../bin/redis-server"), self.path("live/redis.conf")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as server:
            said = server.communicate(timeout=LIMIT)[0]
        self.assertNotEqual(server.returncode, 0)
        self.assertIn("Can't handle RDB format version 99", said)
        with open(path, "rb") as dump:
            self.assertEqual(dump.read(), before)

    def test_a_user_made_by_hand_is_gone_after_a_start_even_when_it_was_saved(self):
        self.start()
        self.fill()
        self.ask("ACL", "SETUSER", "guest", "on", ">guest", "~*", "+get")
        with contextlib.suppress(RedisError):
            self.ask("ACL", "SAVE")
        self.stop()
        self.start()
        self.assertNotIn("guest", self.ask("ACL", "USERS"))


class Tags(OneNode):
    """Who may tag a machine decides settings, and nothing else."""

    def test_a_tag_loads_no_module_and_opens_no_door(self):
        for name, value in (
            ("loadmodule", "/x.so"),
            ("unixsocket", "/x"),
            ("dir", "/"),
            ("aclfile", "/x"),
            ("include", "/x"),
            ("logfile", "/x"),
            ("rename-command", "FLUSHALL x"),
            ("user", "default on nopass +@all ~*"),
        ):
            self.live, self.formed = {"maxmemory": "64mb", name: value}, False
            said, waits = self.gate()
            self.assertIsNone(said, name)
            self.assertIn("does not take its settings", waits)

    @unittest.skipUnless(os.geteuid() == 0, "only root can start a server as somebody else")
    def test_a_trial_never_runs_as_root(self):
        os.chmod(os.path.dirname(self.home), 0o755)
        self.write_settings()
        self.node.user = "daemon"
        with settings.another_server(self.node) as server:
            pid = server.fields("INFO", "server")["process_id"]
            with open("/proc/%s/status" % pid) as status:
                ids = [line.split()[1:] for line in status if line.startswith(("Uid:", "Gid:", "Groups:"))]
        self.assertNotIn("0", sum(ids, []))

    def test_what_redis_would_take_and_we_do_not_is_ignored(self):
        self.live = {
            "maxmemory": "64mb",
            "MasterAuth": "x",
            "bind": "0.0.0.0",
            "slave-read-only": "no",
            "requirepass": "x",
            "replica-announce-ip": "1.2.3.4",
            "protected-mode": "no",
            "tls-port": "1",
        }
        self.start()
        with open(self.path("live/redis.conf")) as file:
            live = file.read()
        for name in (
            "requirepass",
            "slave-read-only",
            "1.2.3.4",
            "0.0.0.0",
            "protected-mode",
            "tls-port",
            "MasterAuth",
        ):
            self.assertNotIn(name, live)


if __name__ == "__main__":
    unittest.main()
