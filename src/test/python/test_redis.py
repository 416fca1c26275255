"""Tests of the node agent against a real Redis: what a start finds on the disk, and a server that answers with errors.

REDIS_SERVER names the server's program, REDIFORM_NODE the agent's.
"""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

PATH = os.environ.get("REDIFORM_NODE") or os.path.abspath(os.path.join(
    os.path.dirname(__file__), "../../main/resources/templates/agent/rediform-node"))
# Debian's redis-tools has the server under another name, which decides by the name it is called.
SERVER = os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or shutil.which("redis-check-rdb")
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rediform_node", PATH)
agent = importlib.util.module_from_spec(importlib.util.spec_from_loader("rediform_node", loader))
loader.exec_module(agent)

PASSWORDS = {"admin": "a", "app": "b", "backup": "c", "exporter": "d", "replica": "e", "sentinel": "f"}
LIMIT = 20  # seconds in which anything here must come true


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OneNode(unittest.TestCase):
    """A data node that all Sentinels take for the master, with nobody else there."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.mkdir(os.path.join(folder.name, "bin"))
        os.symlink(os.path.realpath(SERVER), os.path.join(folder.name, "bin/redis-server"))
        self.home = os.path.join(folder.name, "redis-1")
        for name in ("static", "live", "data", "run"):
            os.makedirs(os.path.join(self.home, name))
        self.port = free_port()
        self.server = self.attendant = None
        self.formed = False  # as soon as it was started once
        self.addCleanup(self.end)
        paths = {name: name for name in ("memory", "waiting", "taken", "borrowed", "lead")}
        paths.update(static="static/redis.conf", staticAcl="static/users.acl", live="live/redis.conf", acl="live/users.acl",
                     data="data", secrets="secrets.json", settings="settings.conf", stopped="data/stopped.json",
                     ran="data/persistence.json", door="run/door")
        self.write("node.json", json.dumps({
            "cluster": "x", "name": "redis-1", "kind": "redis", "address": "127.0.0.1", "port": self.port, "user": "",
            "volume": False, "masterName": "mymaster", "firstMaster": "127.0.0.1:%d" % self.port, "redisSeeds": [],
            "sentinelSeeds": [], "downAfterMilliseconds": 2000, "quorum": 0, "monitor": {}, "paths": paths}))
        self.write("secrets.json", json.dumps(PASSWORDS))
        templates = os.path.join(os.path.dirname(__file__), "../../main/resources/templates")
        shutil.copy(os.path.join(templates, "redis/users.acl"), os.path.join(self.home, "static/users.acl"))
        self.static = {"port": self.port, "bind": "127.0.0.1", "appendonly": "yes", "save": "3600 1",
                       "shutdown-on-sigterm": "force", "busy-reply-threshold": 100, "repl-diskless-sync-delay": 0}
        self.live = {"maxmemory": "64mb"}
        self.node = agent.Node(self.home)

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w") as file:
            file.write(text)

    def settings(self):
        self.write("static/redis.conf", "".join("%s %s\n" % setting for setting in self.static.items()))
        self.write("settings.conf", "".join("%s %s\n" % setting for setting in self.live.items()))

    def gate(self):
        """What start-gate says while it decides; it may wait, and then this gives up."""
        self.settings()
        view = {"sentinels": {"s%d" % i: {"master": self.node.endpoint, "knows": self.formed, "fit": [], "acts": True,
                                          "sentinels": [], "replicas": []} for i in range(3)},
                "sentinel_count": 3, "redis": {}, "unheard": [], "formed": self.formed}
        self.formed = True
        said = io.StringIO()
        with unittest.mock.patch.object(agent, "look_around", lambda node: view), contextlib.redirect_stdout(said), \
                unittest.mock.patch.object(agent, "wait", side_effect=TimeoutError) as wait:
            try:
                agent.start_gate(self.node)
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
            stdout=log, stderr=log)
        self.soon(lambda: self.ask("PING") == "PONG")

    def attend(self):
        hastily = "import sys; agent = {'__name__': 'agent'}; exec(open(sys.argv[1]).read(), agent); " \
            "agent['ATTEND'] = 0.3; sys.argv[1:] = sys.argv[2:]; agent['main']()"
        self.attendant = subprocess.Popen(
            [sys.executable, "-B", "-c", hastily, PATH, "attend", "--home", self.home],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def path(self, name):
        return os.path.join(self.home, name)

    def ask(self, *words, user="admin"):
        with agent.Connection(self.node.endpoint, user, PASSWORDS[user], timeout=5) as redis:
            return redis.ask(*words)

    def soon(self, condition):
        deadline = time.monotonic() + LIMIT
        while True:
            with contextlib.suppress(OSError, agent.RedisError):
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
            with agent.Connection(self.node.endpoint, "admin", "a") as redis:
                redis.ask("SELECT", database)
                for i in range(100):
                    redis.ask("SET", "key%d" % i, os.urandom(100).hex())

    def keys(self):
        info = self.ask("INFO", "keyspace")
        return sum(int(line.split("keys=")[1].split(",")[0]) for line in info.splitlines() if line.startswith("db"))

    def health(self):
        return agent.health(self.node)


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
        self.settings()
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
        self.settings()
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
        with agent.Connection(self.node.endpoint, "admin", "a") as redis:
            redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            for i in range(40):
                redis.ask("SET", "big%d" % i, "x" * 200_000)
        self.stop()
        self.live.update({"maxmemory": "2mb", "maxmemory-policy": "allkeys-lru"})
        self.start()
        with self.assertRaises(agent.Refused) as refused:
            agent.apply_settings(self.node)
        self.assertIn("more than maxmemory 2mb", str(refused.exception))
        self.assertEqual(self.keys(), 40)
        health = self.health()
        self.assertFalse(health["fit"])
        self.assertIn("maxmemory 2mb", health["reason"])
        self.ask("FLUSHALL")
        agent.apply_settings(self.node)
        self.assertTrue(self.health()["fit"])


    def test_a_limit_for_a_larger_machine_waits_for_that_machine(self):
        self.start()
        self.live["maxmemory"] = "128mb"
        self.settings()
        with unittest.mock.patch.object(agent, "machine_memory", lambda: 100 << 20), \
                unittest.mock.patch.object(self.node, "is_machine", True):
            with self.assertRaises(agent.Refused) as refused:
                agent.apply_settings(self.node)
            self.assertIn("maxmemory 128mb is more than this machine has (100 MB)", str(refused.exception))
            self.assertEqual(agent.settings_to_start_with(self.node)["maxmemory"], "64mb")
        self.assertEqual(self.ask("CONFIG", "GET", "maxmemory")[1], str(64 << 20))
        agent.apply_settings(self.node)  # the machine is larger now
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
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            said = server.communicate(timeout=LIMIT)[0]
        self.assertNotEqual(server.returncode, 0)
        self.assertIn("Can't handle RDB format version 99", said)
        with open(path, "rb") as dump:
            self.assertEqual(dump.read(), before)

    def test_a_user_made_by_hand_is_gone_after_a_start_even_when_it_was_saved(self):
        self.start()
        self.fill()
        self.ask("ACL", "SETUSER", "guest", "on", ">guest", "~*", "+get")
        with contextlib.suppress(agent.RedisError):
            self.ask("ACL", "SAVE")
        self.stop()
        self.start()
        self.assertNotIn("guest", self.ask("ACL", "USERS"))


class Tags(OneNode):
    """Who may tag a machine decides settings, and nothing else."""

    def test_a_tag_loads_no_module_and_opens_no_door(self):
        for name, value in (("loadmodule", "/x.so"), ("unixsocket", "/x"), ("dir", "/"), ("aclfile", "/x"), ("include", "/x"),
                            ("logfile", "/x"), ("rename-command", "FLUSHALL x"), ("user", "default on nopass +@all ~*")):
            self.live, self.formed = {"maxmemory": "64mb", name: value}, False
            said, waits = self.gate()
            self.assertIsNone(said, name)
            self.assertIn("does not take its settings", waits)

    @unittest.skipUnless(os.geteuid() == 0, "only root can start a server as somebody else")
    def test_a_trial_never_runs_as_root(self):
        os.chmod(os.path.dirname(self.home), 0o755)
        self.settings()
        self.node.settings["user"] = "daemon"
        with agent.another_server(self.node) as server:
            pid = server.fields("INFO", "server")["process_id"]
            with open("/proc/%s/status" % pid) as status:
                ids = [line.split()[1:] for line in status if line.startswith(("Uid:", "Gid:", "Groups:"))]
        self.assertNotIn("0", sum(ids, []))

    def test_what_redis_would_take_and_we_do_not_is_ignored(self):
        self.live = {"maxmemory": "64mb", "MasterAuth": "x", "bind": "0.0.0.0", "slave-read-only": "no", "requirepass": "x",
                     "replica-announce-ip": "1.2.3.4", "protected-mode": "no", "tls-port": "1"}
        self.start()
        with open(self.path("live/redis.conf")) as file:
            live = file.read()
        for name in ("requirepass", "slave-read-only", "1.2.3.4", "0.0.0.0", "protected-mode", "tls-port", "MasterAuth"):
            self.assertNotIn(name, live)


class States(OneNode):
    """Each error that a server can answer with is a state of its own, and none is healthy or a proof of `down`."""

    def assert_state(self, state, words):
        health = self.health()
        self.assertEqual(health["state"], state, health)
        self.assertFalse(health["fit"])
        self.assertIn(words, health["reason"])

    def test_up_and_down(self):
        self.settings()
        self.assert_state("down", "does not run")
        self.start()
        self.assertEqual(self.health()["state"], "up")
        self.assertTrue(self.health()["fit"])

    def test_wrong_password(self):
        self.start()
        self.write("secrets.json", json.dumps({**PASSWORDS, "admin": "other"}))
        self.assert_state("wrongpass", "password of user admin")

    def test_no_permission(self):
        self.start()
        self.ask("ACL", "SETUSER", "admin", "-info")
        self.assert_state("noperm", "does not let user admin")

    def test_a_script_that_does_not_end(self):
        self.start()
        script = threading.Thread(target=lambda: self.assertRaises(
            (OSError, agent.RedisError), self.ask, "EVAL", "while true do end", 0))
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
            [self.path("../bin/redis-server"), self.path("live/redis.conf")], stdout=log, stderr=log)
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
        self.soon(lambda: agent.read_lines(children))
        for child in agent.read_lines(children)[0].split():
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
        self.assertRaisesRegex(agent.RedisError, "MASTERDOWN", self.ask, "DBSIZE")
        self.assertTrue(agent.redis_view(self.node, self.node.endpoint)["formed"])


class Door(OneNode):
    """Administration has its own way in."""

    def setUp(self):
        super().setUp()
        self.live["maxclients"] = "12"
        self.clients = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def fill_up(self):
        """Clients that take every connection there is, and take it again when one gets free."""
        def connect():
            client = socket.create_connection(("127.0.0.1", self.port), 1)
            client.settimeout(1)
            client.sendall(b"PING\r\n")
            client.recv(100)
            return client
        for _ in range(40):
            self.clients.append(connect())

    def test_without_it_a_full_server_is_a_state_of_its_own(self):
        self.start()
        self.fill_up()
        health = self.health()
        self.assertEqual(health["state"], "max")
        self.assertIn("fill maxclients", health["reason"])

    def test_a_larger_limit_is_taken_by_a_full_server(self):
        self.start(attended=True)
        self.soon(lambda: len(self.ask("CLIENT", "LIST").splitlines()) == 2)
        self.fill_up()
        self.assertRaisesRegex((agent.RedisError), "max number", self.ask, "PING")
        self.assertTrue(self.health()["fit"])
        self.live["maxclients"] = "100"
        self.settings()
        agent.apply_settings(self.node)
        self.assertEqual(self.ask("CONFIG", "GET", "maxclients")[1], "100")

    def test_what_one_left_unread_is_not_the_answer_to_the_next(self):
        self.start(attended=True)
        self.soon(lambda: len(self.ask("CLIENT", "LIST").splitlines()) == 2)
        for _ in range(3):
            rude = agent.Connection(self.node.path("door"))
            rude.socket.sendall(b"*2\r\n$4\r\nINFO\r\n$3\r\nall\r\n" * 20)
            rude.__exit__()
            with agent.Connection(self.node.path("door")) as polite:
                self.assertEqual(polite.ask("ECHO", "hello"), "hello")

    def test_settings_that_were_not_taken_are_tried_again(self):
        self.start()
        self.server.send_signal(signal.SIGSTOP)
        self.live["hz"] = "20"
        self.settings()
        self.assertRaises(OSError, agent.apply_settings, self.node)
        self.server.send_signal(signal.SIGCONT)
        self.attend()
        self.soon(lambda: self.ask("CONFIG", "GET", "hz")[1] == "20")

    def test_what_an_aborted_failover_set_is_put_back(self):
        self.start()
        before = self.ask("CONFIG", "GET", "repl-ping-replica-period")[1]
        self.write("borrowed", "%s repl-ping-replica-period %s\n" % (self.node.endpoint, before))
        self.ask("CONFIG", "SET", "repl-ping-replica-period", 3600)
        self.attend()
        self.soon(lambda: self.ask("CONFIG", "GET", "repl-ping-replica-period")[1] == before)
        self.soon(lambda: not agent.read_lines(self.path("borrowed")))

    def test_a_stop_that_could_not_hand_over_says_so(self):
        self.start()
        self.server.send_signal(signal.SIGSTOP)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            agent.handover(self.node)
        self.server.send_signal(signal.SIGCONT)
        self.assertIn("stops without a handover: it could not be asked", said.getvalue())
        self.assertIn("without a handover", " ".join(self.health()["notes"]))

    def test_a_stop_with_a_full_disk_is_no_stop_without_a_handover(self):
        self.start()
        self.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        said = io.StringIO()
        with unittest.mock.patch.object(agent, "write", side_effect=OSError(28, "No space left on device")), \
                unittest.mock.patch.object(self.node, "remember"), contextlib.redirect_stdout(said):
            agent.handover(self.node)
        self.assertEqual(said.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
