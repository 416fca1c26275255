"""Tests of the node agent's own logic; what it does on running nodes is tested with real Redis."""
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
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rediform_node", PATH)
agent = importlib.util.module_from_spec(importlib.util.spec_from_loader("rediform_node", loader))
loader.exec_module(agent)

ONE, TWO, THREE = "10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"


def sentinel(master, knows=True, acts=True):
    return {"master": master, "knows": knows, "acts": acts, "fit": [], "sentinels": ["s2", "s3"], "replicas": [],
            "offsets": {TWO: 100, THREE: 100}}


HISTORY = {"id": "aa", "offset": 100}


def replica(master, formed=True, synced=True, history=HISTORY):
    return {"master": master, "formed": formed, "synced": synced, "history": history}


def view(sentinels, redis=None, formed=False, count=3, unheard=()):
    return {
        "sentinels": {"s%d" % i: s for i, s in enumerate(sentinels)},
        "sentinel_count": count,
        "redis": redis or {},
        "unheard": list(unheard),
        "formed": formed,
    }


def decide(me, seen, has_data=True, stopped=HISTORY, first=ONE, waited=False, refused=False):
    return agent.decide(me, first, has_data, stopped, seen, waited, refused)


class Decide(unittest.TestCase):
    def test_follows_the_master_that_a_majority_names(self):
        self.assertEqual(decide(ONE, view([sentinel(TWO), sentinel(TWO), sentinel(ONE)])), (agent.START, TWO))

    def test_follows_it_even_when_it_is_the_first_master_itself_and_has_data(self):
        self.assertEqual(decide(ONE, view([sentinel(TWO)] * 3)), (agent.START, TWO))

    def test_one_of_three_sentinels_is_no_majority(self):
        action, reason = decide(ONE, view([sentinel(ONE)]))
        self.assertEqual(action, agent.WAIT)
        self.assertIn("1 of 3", reason)

    def test_two_of_five_sentinels_are_no_majority(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 2, count=5))[0], agent.WAIT)

    def test_starts_as_master_when_the_majority_says_so_and_it_has_data(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 2)), (agent.START, None))

    def test_an_empty_master_stays_down(self):
        action, reason = decide(ONE, view([sentinel(ONE)] * 3, {TWO: replica(ONE)}), has_data=False)
        self.assertEqual(action, agent.WAIT)
        self.assertIn("no data", reason)

    def test_an_empty_master_stays_down_even_when_no_replica_is_fit(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3), has_data=False)[0], agent.WAIT)

    def test_a_crashed_master_lets_a_fit_replica_take_over(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3, {TWO: replica(ONE)}), stopped=None)[0], agent.WAIT)

    def test_a_master_that_stopped_in_order_starts_when_no_replica_has_more(self):
        for offset, action in ((99, agent.START), (100, agent.START), (101, agent.WAIT)):
            seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, history={"id": "aa", "offset": offset})})
            self.assertEqual(decide(ONE, seen)[0], action, offset)

    def test_a_master_whose_disk_is_of_another_history_waits(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, history={"id": "bb", "offset": 1})})
        self.assertEqual(decide(ONE, seen)[0], agent.WAIT)

    def test_a_crashed_master_asks_for_the_failover_that_does_not_come(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=None, waited=True)[0], agent.FAILOVER)

    def test_a_master_with_an_old_disk_asks_too_and_never_starts_by_itself(self):
        old = {"id": "aa", "offset": 99}
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=old, waited=True)[0], agent.FAILOVER)

    def test_an_empty_master_asks_at_once_when_no_sentinel_will_act_by_itself(self):
        for acts, action in ((True, agent.WAIT), (False, agent.FAILOVER)):
            seen = view([sentinel(ONE, acts=acts)] * 3, {TWO: replica(ONE)})
            self.assertEqual(decide(ONE, seen, has_data=False, stopped=None)[0], action)

    def test_it_waits_until_the_sentinels_have_heard_the_last_offsets(self):
        later = {"id": "aa", "offset": 101}
        seen = view([sentinel(ONE, acts=False)] * 3, {TWO: replica(ONE), THREE: replica(ONE, history=later)})
        self.assertEqual(decide(ONE, seen, has_data=False, stopped=None)[0], agent.WAIT)
        for one in seen["sentinels"].values():
            one["offsets"][THREE] = 101
        self.assertEqual(decide(ONE, seen, has_data=False, stopped=None)[0], agent.FAILOVER)

    def test_a_replica_that_a_sentinel_sees_and_that_gives_no_answer_may_have_more(self):
        for stopped in (None, HISTORY):
            seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)}, unheard=[THREE])
            self.assertEqual(decide(ONE, seen, stopped=stopped)[0], agent.WAIT)
            alone = view([sentinel(ONE, acts=False)] * 3, unheard=[THREE])
            self.assertEqual(decide(ONE, alone, stopped=stopped)[0], agent.WAIT)
            self.assertEqual(decide(ONE, alone, stopped=stopped, waited=True)[0], agent.FAILOVER)

    def test_a_crashed_master_starts_when_sentinel_finds_nobody_to_promote(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=None, waited=True, refused=True), (agent.START, None))

    def test_an_empty_master_stays_down_however_long_it_waits(self):
        for known in (True, False):
            for refused in (True, False):
                seen = view([sentinel(ONE, knows=known)] * 3, {TWO: replica(ONE), THREE: replica(ONE)})
                decided = decide(ONE, seen, has_data=False, stopped=None, waited=True, refused=refused)
                self.assertEqual(decided[0], agent.FAILOVER)

    def test_an_empty_master_without_replicas_has_nobody_to_ask_for(self):
        decided = decide(ONE, view([sentinel(ONE)] * 3), has_data=False, stopped=None, waited=True)
        self.assertEqual(decided[0], agent.WAIT)

    def test_one_data_node_alone_decides_nothing_while_no_sentinel_answers(self):
        self.assertEqual(decide(ONE, view([], {TWO: replica(TWO)}), waited=True)[0], agent.WAIT)

    def test_a_crashed_master_without_a_fit_replica_starts(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3), stopped=None), (agent.START, None))

    def test_after_a_loss_of_all_nodes_the_master_starts_though_replicas_are_up_before_it(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, synced=False), THREE: replica(ONE, synced=False)})
        self.assertEqual(decide(ONE, seen, stopped=None), (agent.START, None))

    def test_a_new_cluster_waits_for_a_majority_of_sentinels(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE, knows=False)]), has_data=False)[0], agent.WAIT)

    def test_a_new_cluster_starts_with_the_first_master(self):
        fresh = view([sentinel(ONE, knows=False)] * 2)
        self.assertEqual(decide(ONE, fresh, has_data=False), (agent.START, None))
        self.assertEqual(decide(TWO, fresh, has_data=False), (agent.START, ONE))

    def test_fresh_sentinels_prove_nothing_when_a_data_node_knows_more(self):
        redis = {TWO: replica(TWO), THREE: replica(TWO)}
        fresh = view([sentinel(ONE, knows=False)] * 3, redis)
        self.assertEqual(decide(ONE, fresh, has_data=False), (agent.START, TWO))

    def test_fresh_sentinels_and_replicas_that_still_follow_the_empty_first_master(self):
        redis = {TWO: replica(ONE), THREE: replica(ONE)}
        fresh = view([sentinel(ONE, knows=False)] * 3, redis)
        self.assertEqual(decide(ONE, fresh, has_data=False)[0], agent.WAIT)

    def test_a_node_with_data_never_takes_a_cluster_for_new(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE, knows=False)] * 3), has_data=True)[0], agent.WAIT)

    def test_a_node_that_remembers_a_cluster_never_takes_it_for_new(self):
        fresh = view([sentinel(ONE, knows=False)] * 3, formed=True)
        self.assertEqual(decide(ONE, fresh, has_data=False)[0], agent.WAIT)

    def test_nobody_answers(self):
        self.assertEqual(decide(ONE, view([]))[0], agent.WAIT)


class Sentinels(unittest.TestCase):
    def count(self, views, remembered=()):
        return agent.sentinel_count(
            {name: {"sentinels": named, "knows": knows} for name, (named, knows) in views.items()}, remembered, ["a", "b", "c"])

    def test_five_that_have_become_three_are_three_whatever_a_node_remembers(self):
        views = {"a": (["b", "c"], True), "b": (["a", "c"], True), "c": (["a", "b"], True)}
        self.assertEqual(self.count(views, list("abcde")), 3)
        self.assertEqual(self.count(dict(list(views.items())[:2]), list("abcde")), 3)

    def test_three_of_five_that_remember_all_are_three_of_five(self):
        self.assertEqual(self.count({s: ([o for o in "abcde" if o != s], True) for s in "abc"}), 5)

    def test_new_ones_and_those_that_differ_say_nothing_against_what_a_node_remembers(self):
        self.assertEqual(self.count({s: ([], False) for s in "abc"}, list("abcde")), 5)
        self.assertEqual(self.count({"a": (["b"], True), "b": (["a", "c"], True)}, list("abcde")), 5)
        self.assertEqual(self.count({}, ["a"]), 3)

    def test_a_sentinel_acts_when_its_master_is_newly_down_or_soon_will_be_and_when_it_is_at_it(self):
        fresh = {"flags": "master", "down-after-milliseconds": "40000", "last-ok-ping-reply": "900"}
        down = {**fresh, "flags": "s_down,master", "s-down-time": "1000", "last-ok-ping-reply": "41000"}
        for master, acts in (
                (fresh, False), ({**fresh, "down-after-milliseconds": "5000"}, True), ({**fresh, "last-ok-ping-reply": "36000"}, True),
                (down, True), ({**down, "s-down-time": "60000"}, False),
                ({**down, "s-down-time": "60000", "flags": "s_down,master,failover_in_progress"}, True)):
            self.assertEqual(agent.may_act(master), acts, master)


class WhoIsMaster(unittest.TestCase):
    def ask(self, seen):
        self.addCleanup(setattr, agent, "look_around", agent.look_around)
        agent.look_around = lambda node: seen
        return agent.who_is_master({"firstMaster": ONE})

    def test_a_new_sentinel_learns_of_the_replicas_too(self):
        self.assertEqual(self.ask(view([], {ONE: replica(ONE), TWO: replica(ONE)})), (ONE, [TWO]))

    def test_one_that_waits_for_the_first_master_of_a_new_cluster_is_no_replica(self):
        waiting = replica(ONE, formed=False, synced=False)
        self.assertEqual(self.ask(view([], {TWO: waiting, THREE: waiting})), (ONE, []))

    def test_a_replica_without_a_key_is_one_when_it_was_in_sync(self):
        self.assertEqual(self.ask(view([], {TWO: replica(ONE, formed=False)})), (ONE, [TWO]))

    def test_data_nodes_of_two_minds_name_nobody(self):
        self.assertEqual(self.ask(view([], {ONE: replica(ONE), THREE: replica(TWO)}))[0], None)


class HoldsKeys(unittest.TestCase):
    AUX = b"\xfa\x09redis-ver\x067.0.15" + b"\xfa\x0aredis-bits\xc0@" + b"\xfa\x05ctime\xc2\x00\x00\x00\x01"

    def check(self, content, name="appendonly.aof.1.base.rdb"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(content)
            return agent.holds_keys(path)

    def test_an_rdb_with_nothing_but_its_header_is_empty(self):
        self.assertFalse(self.check(b"REDIS0010" + self.AUX + b"\xff" + b"\0" * 8))

    def test_an_rdb_with_one_key_is_data(self):
        self.assertTrue(self.check(b"REDIS0010" + self.AUX + b"\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff" + b"\0" * 8))

    def test_valkeys_own_header_is_as_long(self):
        self.assertFalse(self.check(b"VALKEY080" + self.AUX + b"\xff" + b"\0" * 8))
        self.assertTrue(self.check(b"VALKEY080" + self.AUX + b"\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff" + b"\0" * 8))

    def test_a_long_auxiliary_field_is_skipped(self):
        field = b"\xfa\x07repl-id\x40\x50" + b"x" * 80
        self.assertFalse(self.check(b"REDIS0010" + field + b"\xff" + b"\0" * 8))

    def test_one_command_in_an_aof_is_data(self):
        self.assertTrue(self.check(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "appendonly.aof.1.incr.aof"))

    def test_an_empty_aof_and_a_manifest_are_not(self):
        self.assertFalse(self.check(b"", "appendonly.aof.1.incr.aof"))
        self.assertFalse(self.check(b"file a seq 1 type b", "appendonly.aof.manifest"))

    def test_a_torn_rdb_counts_as_data(self):
        whole = b"REDIS0010" + self.AUX + b"\xff"
        for end in range(5, len(whole) - 1):
            self.assertTrue(self.check(whole[:end]), whole[:end])


class Configure(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = self.folder.name
        for name in ("live", "static"):
            os.mkdir(os.path.join(self.home, name))
        takes_all = unittest.mock.patch.object(
            agent, "another_server", lambda node: contextlib.nullcontext(unittest.mock.Mock()))
        takes_all.start()
        self.addCleanup(takes_all.stop)

    def tearDown(self):
        self.folder.cleanup()

    def node(self, kind):
        settings = {
            "name": kind + "-1", "kind": kind, "address": "127.0.0.1", "port": 1, "user": "", "volume": False,
            "masterName": "mymaster", "firstMaster": "127.0.0.1:6", "redisSeeds": [], "sentinelSeeds": [],
            "downAfterMilliseconds": 5000, "quorum": 2, "monitor": {"down-after-milliseconds": 5000},
            "paths": {
                "static": "static/server.conf", "staticAcl": "static/users.acl", "live": "live/server.conf",
                "acl": "live/users.acl", "data": "data", "secrets": "secrets.json", "memory": "memory.json",
                "stopped": "data/stopped.json", "waiting": "waiting", "settings": "settings.conf", "taken": "settings.json",
                "ran": "data/persistence.json", "borrowed": "borrowed", "lead": "lead", "door": "run/door"}}
        self.write("node.json", json.dumps(settings))
        self.write("static/server.conf", "port 1\n")
        self.write("settings.conf", "maxmemory 1gb\n")
        self.write("static/users.acl", "user default off\nuser app on {app} +@all\n")
        self.write("secrets.json", json.dumps({"app": "a", "replica": "r", "sentinel": "s", "admin": "x"}))
        return agent.Node(self.home)

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.home, name)) as file:
            return file.read()

    def test_twice_changes_nothing(self):
        for kind in ("redis", "sentinel"):
            node = self.node(kind)
            agent.VERBS[kind]["configure"](node)
            first = self.read("live/server.conf"), self.read("live/users.acl")
            agent.VERBS[kind]["configure"](node)
            self.assertEqual(first, (self.read("live/server.conf"), self.read("live/users.acl")))

    def test_keeps_what_sentinel_learned_and_replaces_all_else(self):
        node = self.node("sentinel")
        self.write("live/server.conf", "\n".join([
            "port 1", "loglevel debug", "sentinel myid 0123abc", "sentinel monitor mymaster 127.0.0.1 9 5",
            "sentinel config-epoch mymaster 4", "sentinel leader-epoch mymaster 5", "sentinel current-epoch 5",
            "sentinel known-replica mymaster 127.0.0.1 7", "sentinel known-sentinel mymaster 127.0.0.1 8 ff",
            "sentinel down-after-milliseconds mymaster 1"]))
        agent.configure_sentinel(node)
        live = self.read("live/server.conf")
        for line in ("sentinel myid 0123abc", "sentinel monitor mymaster 127.0.0.1 9 2",
                     "sentinel config-epoch mymaster 4", "sentinel current-epoch 5",
                     "sentinel known-replica mymaster 127.0.0.1 7", "sentinel known-sentinel mymaster 127.0.0.1 8 ff",
                     "sentinel down-after-milliseconds mymaster 5000"):
            self.assertIn(line + "\n", live)
        self.assertNotIn("loglevel debug", live)
        self.assertEqual(live.count("sentinel monitor"), 1)

    def test_lines_of_another_masters_name_do_not_keep_a_sentinel_from_starting(self):
        node = self.node("sentinel")
        self.write("live/server.conf", "\n".join([
            "sentinel myid 0123abc", "sentinel monitor other 127.0.0.1 9 2", "sentinel config-epoch other 4",
            "sentinel current-epoch 5", "sentinel known-replica other 127.0.0.1 7"]))
        self.addCleanup(setattr, agent, "look_around", agent.look_around)
        agent.look_around = lambda node: view([])
        agent.configure_sentinel(node)
        live = self.read("live/server.conf")
        self.assertNotIn("other", live)
        self.assertIn("sentinel myid 0123abc\n", live)
        self.assertIn("sentinel monitor mymaster 127.0.0.1 6 2\n", live)

    def test_the_old_settings_again_are_no_refusal_any_more(self):
        node = self.node("redis")
        agent.configure(node)
        node.remember("taken", refused={"hz": "many"}, refusal="ERR hz")
        node.connect = lambda: contextlib.nullcontext(unittest.mock.Mock())
        agent.apply_settings(node)
        self.assertIsNone(node.remembered("taken")["refused"])

    def test_a_replica_keeps_its_master(self):
        node = self.node("redis")
        self.write("live/server.conf", "port 1\nreplicaof 127.0.0.1 9\nmaxclients 9\n")
        agent.configure(node)
        self.assertIn("replicaof 127.0.0.1 9\n", self.read("live/server.conf"))
        self.assertNotIn("maxclients", self.read("live/server.conf"))

    def test_settings_that_need_no_restart_win_over_the_static_file(self):
        node = self.node("redis")
        self.write("static/server.conf", "port 1\nsave 3600 1\n")
        self.write("settings.conf", 'maxmemory 2gb\nsave ""\n')
        agent.configure(node)  # the first time: there is nothing else to start with
        live = self.read("live/server.conf").splitlines()
        self.assertIn("maxmemory 2gb", live)
        self.assertEqual([line for line in live if line.startswith("save")], ['save ""'])
        self.assertEqual(node.remembered("taken")["settings"], {"maxmemory": "2gb", "save": '""'})

    def test_settings_that_redis_refused_do_not_keep_it_from_starting(self):
        node = self.node("redis")
        agent.configure(node)
        self.write("settings.conf", "maxmemory 2gb\nhz many\n")
        node.remember("taken", refused={"maxmemory": "2gb", "hz": "many"}, refusal="ERR hz")
        agent.configure(node)
        self.assertIn("maxmemory 1gb", self.read("live/server.conf"))
        self.write("settings.conf", "maxmemory 2gb\nhz 20\n")
        agent.configure(node)
        self.assertIn("hz 20", self.read("live/server.conf"))
        self.assertIsNone(node.remembered("taken")["refused"])

    def test_settings_that_redis_would_not_start_with_do_not_keep_it_from_starting(self):
        node = self.node("redis")
        agent.configure(node)
        self.write("settings.conf", "maxmemory 2gb\nhz many\n")

        def refuses(*_):
            raise agent.Refused("hz many")

        with unittest.mock.patch.object(agent, "another_server", refuses):
            agent.configure(node)
        self.assertIn("maxmemory 1gb", self.read("live/server.conf"))
        self.assertEqual(node.remembered("taken")["refusal"], "hz many")

    def test_passwords_are_hashed_in_the_acl_and_files_are_private(self):
        agent.configure(self.node("redis"))
        acl = self.read("live/users.acl")
        self.assertIn("#ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", acl)
        for name in ("live/users.acl", "live/server.conf"):
            self.assertEqual(os.stat(os.path.join(self.home, name)).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
