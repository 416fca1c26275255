"""The report of every state that a node can be in, held by a file each. Java reads the same files: what one
language writes is what the other reads. To write them anew: GOLDEN_UPDATE=1
"""
import contextlib
import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
import unittest
import unittest.mock

PATH = os.environ.get("REDIFORM_NODE") or os.path.join(
    os.path.dirname(__file__), "../../main/resources/templates/agent/rediform-node")
CONTRACT = os.path.join(os.path.dirname(__file__), "../resources/contract/health")
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rediform_node", PATH)
agent = importlib.util.module_from_spec(importlib.util.spec_from_loader("rediform_node", loader))
loader.exec_module(agent)

MASTER = {
    "role": "master", "loading": "0", "master_repl_offset": "1024", "used_memory": "2097152",
    "maxmemory": "104857600", "connected_slaves": "2", "min_slaves_good_slaves": "2",
    "aof_last_write_status": "ok", "rdb_last_bgsave_status": "ok", "aof_last_bgrewrite_status": "ok",
}
REPLICA = {
    **{key: value for key, value in MASTER.items() if key != "min_slaves_good_slaves"},
    "role": "slave", "connected_slaves": "0", "master_host": "10.0.0.1", "master_port": "6379",
    "master_link_status": "up", "master_last_io_seconds_ago": "1", "master_sync_in_progress": "0",
}
SYNCING = {**REPLICA, "master_link_status": "down", "master_last_io_seconds_ago": "-1", "master_sync_in_progress": "1"}
VIEW = {
    "master": "10.0.0.1:6379", "flags": "master", "knows": True,
    "replicas": ["10.0.0.2:6379", "10.0.0.3:6379"], "sentinels": ["10.0.0.5:26379", "10.0.0.6:26379"],
    "up": {"10.0.0.2:6379": True, "10.0.0.3:6379": False, "10.0.0.5:26379": True, "10.0.0.6:26379": True},
}


class Server:
    """A server that answers as it is told."""

    def __init__(self, info, stops="yes", quorum=None):
        self.info, self.stops, self.quorum = info, stops, quorum

    def fields(self, *_):
        return self.info

    def ask(self, *words):
        if words[0] == "CONFIG":
            return [words[2], self.stops]
        if self.quorum:
            raise agent.RedisError(self.quorum)
        return "OK"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Health(unittest.TestCase):
    maxDiff = None
    seen = set()

    def setUp(self):
        self.home = self.enterContext(tempfile.TemporaryDirectory())
        self.node_json("redis")
        for name in ("secrets.json", "settings.conf"):
            self.put(name, "{}")

    def node_json(self, kind, user="", **more):
        names = ("secrets", "settings", "taken", "memory", "waiting", "data")
        files = ("secrets.json", "settings.conf", "settings.json", "memory.json", "waiting", "data")
        os.makedirs(os.path.join(self.home, "data"), exist_ok=True)
        self.put("node.json", json.dumps({
            "name": kind + "-1", "kind": kind, "address": "10.0.0.1", "port": 6379, "user": user, "volume": False,
            "masterName": "mymaster", "paths": dict(zip(names, files)), **more}))

    def put(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as file:
            file.write(text)

    def report(self, name, connect):
        """The report of a node whose server answers, or fails, as `connect` does; held to the file of that name."""
        with unittest.mock.patch.object(agent.Node, "connect", lambda *_: connect()), \
                unittest.mock.patch.object(agent, "Connection", lambda *_: connect()), \
                unittest.mock.patch.object(agent.shutil, "disk_usage", lambda _: unittest.mock.Mock(free=7 << 20)), \
                unittest.mock.patch.object(agent, "refused_settings", lambda: []), \
                unittest.mock.patch.object(agent, "unit_state", lambda unit: {
                    "ActiveState": "failed", "SubState": "failed", "NRestarts": "5", "Result": "exit-code",
                    "lastLine": "Bad directive"}):
            report = agent.health(agent.Node(self.home))
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
        self.assertTrue(self.redis("master-alone", {
            **MASTER, "connected_slaves": "0", "min_slaves_good_slaves": "0"})["refusesWrites"])

    def test_replicas(self):
        self.assertTrue(self.redis("replica", REPLICA)["fit"])
        self.assertFalse(self.redis("replica-syncing", SYNCING)["fit"])
        self.assertFalse(self.redis("replica-loading", {**SYNCING, "loading": "1"})["fit"])

    def test_a_disk_that_takes_nothing(self):
        self.assertFalse(self.redis("aof-failed", {**MASTER, "aof_last_write_status": "err"})["fit"])
        failed = {**MASTER, "rdb_last_bgsave_status": "err", "aof_last_bgrewrite_status": "err"}
        self.assertFalse(self.redis("bgsave-failed", failed)["fit"])
        self.assertTrue(self.redis("bgsave-failed-noted", failed, stops="no")["fit"])

    def test_settings(self):
        self.put("settings.json", json.dumps({"settings": {"maxmemory": "100mb"}}))
        self.assertTrue(self.redis("settings-taken", MASTER)["fit"])
        self.put("settings.json", json.dumps({
            "settings": {"maxmemory": "100mb"}, "refused": {"maxmemory": "1mb"},
            "refusal": "it uses 2097152 bytes, more than maxmemory 1mb"}))
        self.assertFalse(self.redis("settings-refused", MASTER)["fit"])

    def test_a_stop_that_is_to_be_told(self):
        self.put("memory.json", json.dumps({"lastStop": "its last stop handed over to nobody"}))
        self.assertTrue(self.redis("stop-noted", MASTER)["fit"])

    def test_a_machine(self):
        self.node_json("redis", user="redis")
        self.assertEqual(self.redis("master-on-a-machine", MASTER)["refused"], [])

    # A server that is there, and does not answer as it should.

    def test_answers_that_are_none(self):
        for words in agent.STATES:
            name = "answers-" + words.split()[0].lower()
            self.assertFalse(self.fails(name, agent.RedisError("ERR %s and so on" % words))["fit"])
        self.fails("answers-error", agent.RedisError("ERR something else"))
        self.fails("silent", TimeoutError("timed out"))

    # A server that does not run.

    def test_down(self):
        down = ConnectionRefusedError(111, "Connection refused")
        self.fails("down", down)
        self.put("waiting", "no Sentinel of 3 answers\n")
        self.fails("down-waiting", down)
        os.remove(os.path.join(self.home, "waiting"))
        self.node_json("redis", user="redis")
        self.fails("down-on-a-machine", down)
        self.node_json("redis", user="redis", volume=True)
        self.fails("down-without-volume", down)
        os.remove(os.path.join(self.home, "settings.conf"))
        self.fails("down-without-settings", down)
        os.remove(os.path.join(self.home, "secrets.json"))
        self.fails("down-without-passwords", down)

    # A Sentinel.

    def sentinel(self, name, quorum=None, **view):
        self.node_json("sentinel")
        with unittest.mock.patch.object(agent, "sentinel_view", lambda *_: {**VIEW, **view}):
            return self.report(name, lambda: Server({}, quorum=quorum))

    def test_sentinels(self):
        self.assertTrue(self.sentinel("sentinel")["fit"])
        self.assertFalse(self.sentinel("sentinel-master-down", flags="master,s_down")["fit"])
        self.assertFalse(self.sentinel(
            "sentinel-without-quorum", quorum="NOQUORUM 1 usable Sentinels. Not enough available Sentinels")["fit"])
        self.sentinel("sentinel-knows-nothing", knows=False, replicas=[], sentinels=[], up={})

    def test_sentinel_down(self):
        self.node_json("sentinel")
        with unittest.mock.patch.object(agent, "sentinel_view", side_effect=ConnectionRefusedError(111, "refused")):
            self.report("sentinel-down", contextlib.nullcontext)

    @classmethod
    def tearDownClass(cls):
        left = set(os.listdir(CONTRACT)) - cls.seen
        assert not left, "no test writes %s" % ", ".join(sorted(left))


if __name__ == "__main__":
    unittest.main()
