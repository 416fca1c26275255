"""A master hands over, against a cluster in memory. What real servers make of it: DeliverySuite, FailoverSuite."""
import contextlib
import fcntl
import io
import json
import os
import signal
import threading
import unittest
from unittest.mock import patch

from fixtures import ONE, THREE, TWO, InAFolder

from rediform import handover
from rediform.errors import Refused
from rediform.redis import Connection, RedisError

SENTINELS = ["10.0.0.%d:26379" % number for number in (5, 6, 7)]
HEARD = 10.0  # seconds between two times that a Sentinel asks a replica for its priority
TO_PROMOTE = 1.0  # seconds
STEP = 0.1  # seconds that any wait takes at least, so that few are needed
PERIOD = "repl-ping-replica-period"
QUESTIONS = ("INFO", "CONFIG GET", "SENTINEL MASTER", "SENTINEL SENTINELS", "SENTINEL REPLICAS", "SENTINEL GET-MASTER")
QUIET = [
    ONE + " CONFIG SET repl-ping-replica-period 3600",
    ONE + " CLIENT PAUSE 30000 WRITE",
]


def flat(**fields):
    return [word for name, value in fields.items() for word in (name.replace("_", "-"), str(value))]


def where(endpoint):
    ip, port = endpoint.split(":")
    return {"ip": ip, "port": port}


class Data:
    """A Redis. As a master it takes a write whenever time passes, and has a ping in its stream every ten seconds."""

    def __init__(self, cluster, endpoint, master=None):
        self.cluster, self.endpoint, self.master = cluster, endpoint, master
        self.replid, self.offset = "a" * 40, 1000
        self.config = {PERIOD: "10", "replica-priority": "100"}
        self.paused_until = 0.0
        self.online = True  # for its master
        self.stuck = False  # takes no more writes
        self.rewrites = 0  # moments for which it still writes its first AOF

    @property
    def paused(self):
        return self.cluster.now < self.paused_until

    @property
    def linked(self):
        master = self.cluster.data.get(self.master)
        return bool(master and not master.master and not self.paused and not self.stuck)

    def pass_time(self):
        master = self.cluster.data.get(self.master)
        if not master:
            self.offset += 0 if self.paused else 7
        elif self.linked:
            self.rewrites -= 1
            self.offset, self.replid = master.seen, master.replid

    def info_command(self, section):
        lines = ["# " + section.capitalize()]
        if section == "persistence":
            writes = int(self.rewrites > 0)
            lines += ["aof_enabled:1", "aof_rewrite_in_progress:%d" % writes, "aof_rewrite_scheduled:0"]
        if section == "keyspace":
            lines += ["db0:keys=7,expires=0,avg_ttl=0"]
        if section == "replication":
            lines += self.replication()
        return "\r\n".join(lines) + "\r\n"

    def replication(self):
        replicas = [each for each in self.cluster.data.values() if each.master == self.endpoint]
        lines = ["role:slave" if self.master else "role:master"]
        if self.master:
            lines += ["master_host:%(ip)s" % where(self.master), "master_port:%(port)s" % where(self.master)]
            lines += ["master_link_status:" + ("up" if self.linked else "down"), "slave_repl_offset:%d" % self.offset]
        lines.append("connected_slaves:%d" % len(replicas))
        for number, each in enumerate(replicas):
            at, state = where(each.endpoint), "online" if each.online else "wait_bgsave"
            text = "slave%d:ip=%s,port=%s,state=%s,offset=%d,lag=0"
            lines.append(text % (number, at["ip"], at["port"], state, each.offset))
        return [*lines, "master_replid:" + self.replid, "master_repl_offset:%d" % self.offset]

    def config_command(self, verb, name, value=None):
        if verb == "GET":
            return [name, self.config[name]] if name in self.config else []
        if name not in self.config:
            raise RedisError("ERR Unknown option or number of arguments for CONFIG SET - '%s'" % name)
        self.config[name] = value
        return "OK"

    def client_command(self, verb, *words):
        if verb == "PAUSE":
            self.paused_until = self.cluster.now + int(words[0]) / 1000
            self.cluster.paused_at = self.cluster.now
        if verb == "UNPAUSE":
            self.paused_until = 0.0
        return 3 if verb == "KILL" else "OK"

    def replicaof_command(self, host, port):
        self.master = "%s:%s" % (host, port)
        self.rewrites = 5
        # Of a history that the new master has only a part of, nothing can be continued.
        self.cluster.full_resyncs += self.offset > self.cluster.data[self.master].offset
        return "OK"


class Sentinel:
    def __init__(self, cluster, endpoint):
        self.cluster, self.endpoint, self.master = cluster, endpoint, ONE
        self.down = set()  # replicas that it sees down
        self.deaf = False  # does not hear of priorities
        self.priorities = {TWO: "100", THREE: "100"}

    def replica(self, endpoint):
        return flat(
            **where(endpoint),
            flags="s_down,slave,disconnected" if endpoint in self.down else "slave",
            slave_priority=self.priorities[endpoint],
            slave_repl_offset=self.cluster.data[endpoint].offset,
        )

    def sentinel_command(self, verb, name):
        if name != "mymaster":
            raise RedisError("ERR No such master with that name")
        ours = {"flags": "master", "config_epoch": 1, "last_ok_ping_reply": 100, "down_after_milliseconds": 60000}
        if verb == "MASTER":
            return flat(**where(self.master), **ours)
        if verb == "SENTINELS":
            return [flat(**where(each), flags="sentinel") for each in SENTINELS if each != self.endpoint]
        if verb == "REPLICAS":
            return [self.replica(each) for each in (TWO, THREE)]
        if verb == "GET-MASTER-ADDR-BY-NAME":
            return list(where(self.master).values())
        return self.fail_over()

    def fail_over(self):
        good = [each for each in (TWO, THREE) if each not in self.down and self.priorities[each] != "0"]
        if not good:
            raise RedisError("NOGOODSLAVE No suitable replica to promote")
        best = min(good, key=lambda each: int(self.priorities[each]))
        if self.cluster.promotes:
            self.cluster.later(TO_PROMOTE, lambda: self.cluster.promote(best))
        return "OK"


class Cluster:
    """Servers, and the time, which passes only while somebody waits."""

    def __init__(self):
        self.now, self.events = 0.0, []
        self.data = {ONE: Data(self, ONE), TWO: Data(self, TWO, ONE), THREE: Data(self, THREE, ONE)}
        self.sentinels = {each: Sentinel(self, each) for each in SENTINELS}
        self.absent = {}  # errors of those that do not answer
        self.hooks = {}  # called before an order that begins so
        self.promotes = True
        self.orders = []  # what was asked for that is no question
        self.paused_at = None
        self.lost = self.full_resyncs = 0
        self.lock = threading.Lock()
        self.later(HEARD, self.tell_priorities)

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += max(seconds, STEP)
        for due, event in [each for each in self.events if each[0] <= self.now]:
            self.events.remove((due, event))
            event()
        for each in self.data.values():
            each.seen = each.offset  # what replicas get of it now: each write takes a moment
        for each in self.data.values():
            each.pass_time()

    def later(self, seconds, event):
        self.events.append((self.now + seconds, event))

    def tell_priorities(self):
        for sentinel in self.sentinels.values():
            if not sentinel.deaf:
                sentinel.priorities = {each: self.data[each].config["replica-priority"] for each in (TWO, THREE)}

    def promote(self, endpoint):
        before, new = self.data[ONE], self.data[endpoint]
        self.lost = before.offset - new.offset
        if before.config[PERIOD] != "3600":
            before.offset += 14
        new.master, new.replid = None, "b" * 40
        for sentinel in self.sentinels.values():
            sentinel.master = endpoint
        other = self.data[THREE if endpoint == TWO else TWO]
        other.master = endpoint

    def connection(self, endpoint, user="", password="", _=0):
        return Asked(self, endpoint, (user, password))


class Asked(Connection):
    """A connection to one of its servers."""

    def __init__(self, cluster, endpoint, login):
        self.cluster, self.endpoint, self.login = cluster, endpoint, login
        self.server = {**cluster.data, **cluster.sentinels}[endpoint]
        self.ask("PING")

    def ask(self, *words):
        if self.endpoint in self.cluster.absent:
            raise self.cluster.absent[self.endpoint]
        if self.endpoint in self.cluster.data and self.login != ("admin", "x"):
            raise RedisError("NOAUTH Authentication required.")
        words = [str(word) for word in words]
        if words == ["PING"]:
            return "PONG"
        order = "%s %s" % (self.endpoint, " ".join(words))
        if not " ".join(words).startswith(QUESTIONS):
            for start in [start for start in self.cluster.hooks if order.startswith(start)]:
                self.cluster.hooks[start]()
            self.cluster.orders.append(order)
        if words[:2] == ["SENTINEL", "FAILOVER"] and self.login != ("admin", "x"):
            raise RedisError("NOPERM this user has no permissions to run the 'sentinel|failover' command")
        with self.cluster.lock:
            return getattr(self.server, words[0].lower() + "_command")(*words[1:])

    def close(self):
        pass


class OfACluster(InAFolder):
    def setUp(self):
        super().setUp()
        self.cluster = Cluster()
        self.master = self.cluster.data[ONE]
        self.enterContext(patch("rediform.redis.time", self.cluster))
        self.made = self.node_at(ONE)

    def node_at(self, endpoint, **more):
        address, port = endpoint.split(":")
        seeds = {"redisSeeds": [ONE, TWO, THREE], "sentinelSeeds": SENTINELS}
        made = self.node("redis", address=address, port=int(port), **seeds, **more)
        made.connection = self.cluster.connection
        return made

    def stop(self):
        """What the node says when it stops."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            handover.handover(self.made)
        return said.getvalue()

    def before(self, order, do):
        self.cluster.hooks[order] = do

    def to_all_sentinels(self, **facts):
        for sentinel in self.cluster.sentinels.values():
            vars(sentinel).update(facts)


class HandOver(OfACluster):
    HANDED_OVER = [
        *QUIET,
        SENTINELS[0] + " SENTINEL FAILOVER mymaster",
        ONE + " REPLICAOF 10.0.0.2 6379",
        ONE + " CLIENT UNPAUSE",
        ONE + " CLIENT KILL TYPE normal SKIPME yes",
    ]

    def hand_over(self):
        with self.made.connect() as redis:
            return handover.hand_over(self.made, redis)

    def refused(self, why):
        with self.assertRaisesRegex(Refused, "^%s$" % why):
            self.hand_over()
        self.assertIsNone(self.master.master)
        self.assertTrue(self.master.paused, "writes that nobody else has were acknowledged")

    def test_the_order_loses_no_write_and_needs_no_full_resync(self):
        self.assertEqual(self.hand_over(), TWO)
        self.assertEqual(self.cluster.orders, self.HANDED_OVER)
        self.assertEqual(self.cluster.lost, 0)
        self.assertEqual(self.cluster.full_resyncs, 0)

    def test_sentinel_is_asked_when_all_have_all_writes(self):
        offsets = []
        self.cluster.data[THREE].stuck = True
        self.before(ONE + " CLIENT PAUSE", lambda: self.cluster.later(0.5, self.free_three))
        self.before(SENTINELS[0], lambda: offsets.extend(each.offset for each in self.cluster.data.values()))
        self.cluster.sleep(0.1)
        self.hand_over()
        self.assertEqual(len(set(offsets)), 1, offsets)

    def free_three(self):
        self.cluster.data[THREE].stuck = False

    def test_the_node_stops_when_it_is_in_sync_and_has_its_aof(self):
        self.hand_over()
        self.assertTrue(self.master.linked)
        self.assertLessEqual(self.master.rewrites, 0)
        self.assertLess(self.cluster.now, handover.SETTLE)

    def test_a_replica_without_power_delays_the_pause_until_sentinel_notices(self):
        self.cluster.absent[THREE] = TimeoutError("timed out")
        self.cluster.later(2.5, lambda: self.to_all_sentinels(down={THREE}))
        self.cluster.sleep(0)
        self.assertEqual(self.hand_over(), TWO)
        self.assertGreaterEqual(self.cluster.paused_at, 2.5)

    def test_a_replica_that_never_answers_delays_it_only_for_so_long(self):
        self.cluster.absent[THREE] = TimeoutError("timed out")
        self.refused("a replica did not catch up in 0.8 s")
        self.assertAlmostEqual(self.cluster.paused_at, handover.NOTICED + 2.0, delta=2 * STEP)

    def test_a_sentinel_is_asked_that_knows_this_master_and_a_fit_replica(self):
        self.cluster.sentinels[SENTINELS[0]].master = THREE
        self.cluster.sentinels[SENTINELS[1]].down = {TWO, THREE}
        self.hand_over()
        self.assertIn(SENTINELS[2] + " SENTINEL FAILOVER mymaster", self.cluster.orders)

    def test_is_refused_when_no_replica_is_attached(self):
        for each in (TWO, THREE):
            self.cluster.data[each].online = False
        self.refused("no replica is attached")
        self.assertEqual(self.cluster.orders, QUIET)

    def test_is_refused_when_no_sentinel_knows_a_fit_replica(self):
        self.to_all_sentinels(down={TWO, THREE})
        self.refused("no Sentinel knows a fit replica")
        self.assertEqual(self.cluster.orders, QUIET)

    def test_is_refused_when_sentinels_take_another_for_the_master(self):
        self.to_all_sentinels(master=TWO)
        self.refused("no Sentinel knows a fit replica")

    def test_is_refused_when_no_sentinel_answers(self):
        self.cluster.absent = {each: TimeoutError("timed out") for each in SENTINELS}
        self.refused("no Sentinel knows a fit replica")

    def test_is_refused_when_a_replica_does_not_catch_up(self):
        self.cluster.data[THREE].stuck = True
        self.cluster.sleep(0.1)
        self.refused("a replica did not catch up in 0.8 s")
        self.assertEqual(self.cluster.orders, QUIET)

    def test_waits_no_longer_than_the_pause_lasts_whatever_down_after_is(self):
        self.made = self.node_at(ONE, downAfterMilliseconds=60_000)
        self.cluster.data[THREE].stuck = True
        self.cluster.sleep(0.1)
        self.refused("a replica did not catch up in 10.0 s")

    def test_is_refused_when_a_replica_is_one_no_more(self):
        def promoted_by_another():
            self.cluster.data[THREE].master = None

        self.before(ONE + " CLIENT PAUSE", lambda: self.cluster.later(0.02, promoted_by_another))
        self.cluster.data[THREE].stuck = True
        self.cluster.sleep(0.1)
        self.refused("a replica did not catch up in 0.8 s")

    def test_is_refused_when_sentinel_promotes_nobody(self):
        self.cluster.promotes = False
        self.refused("Sentinel promoted nobody in 10 s")
        self.assertEqual(self.cluster.orders, self.HANDED_OVER[:3])

    def test_nobody_is_promoted_as_long_as_the_new_master_does_not_say_so(self):
        self.cluster.promotes = False
        self.before(SENTINELS[0], lambda: self.to_all_sentinels(master=TWO))
        self.refused("Sentinel promoted nobody in 10 s")

    def test_what_sentinel_answers_to_it_is_the_reason(self):
        self.to_all_sentinels(priorities={TWO: "0", THREE: "0"})
        self.assertRaisesRegex(RedisError, "^NOGOODSLAVE", self.hand_over)


class Stop(OfACluster):
    """The handover of a node that stops."""

    def last_stop(self):
        return self.made.remembered().get("lastStop")

    def ended(self):
        return json.loads(self.read("data/stopped.json"))

    def test_a_master_hands_over_and_notes_where_it_ended(self):
        self.made.remember(lastStop="stopped without a handover, some time ago")
        self.assertEqual(self.stop(), "redis-1: handed over to 10.0.0.2:6379\n")
        self.assertIsNone(self.last_stop())
        self.assertEqual(self.ended(), {"id": "b" * 40, "offset": self.master.offset})

    def test_one_that_could_not_says_so_now_and_until_the_next_stop(self):
        self.to_all_sentinels(down={TWO, THREE})
        self.assertEqual(self.stop(), "redis-1: stops without a handover: no Sentinel knows a fit replica\n")
        self.assertRegex(
            self.last_stop(), r"^stopped at [-\d]+ [:\d]+ UTC without a handover: no Sentinel knows a fit replica$"
        )
        self.assertEqual(self.ended(), {"id": "a" * 40, "offset": self.master.offset})

    def test_what_a_server_answers_with_an_error_is_the_reason(self):
        self.to_all_sentinels(priorities={TWO: "0", THREE: "0"})
        self.assertIn("stops without a handover: NOGOODSLAVE No suitable replica", self.stop())

    def test_a_replica_changes_nothing_and_notes_where_it_ended(self):
        self.made = self.node_at(TWO)
        self.made.remember(lastStop="stopped without a handover, some time ago")
        self.assertEqual(self.stop(), "")
        self.assertEqual(self.cluster.orders, [])
        self.assertIsNone(self.last_stop())
        self.assertEqual(self.ended(), {"id": "a" * 40, "offset": 1000})

    def test_a_server_that_is_down_has_nothing_to_hand_over(self):
        self.cluster.absent[ONE] = ConnectionRefusedError(111, "Connection refused")
        self.made.remember(lastStop="stopped without a handover, some time ago")
        self.assertEqual(self.stop(), "")
        self.assertIsNone(self.last_stop())
        self.assertRaises(FileNotFoundError, self.ended)

    def test_lost_passwords_are_no_proof_that_the_server_is_down(self):
        os.remove(self.made.path("secrets"))
        self.assertIn("stops without a handover: its passwords are not at " + self.made.path("secrets"), self.stop())
        self.assertIn("its passwords are not at", self.last_stop())

    def test_one_that_cannot_be_asked_says_why(self):
        for error, why in (
            (TimeoutError("timed out"), "gave no answer"),
            (RedisError("LOADING Redis is"), "still loads"),
        ):
            with self.subTest(why=why):
                self.cluster.absent[ONE] = error
                self.assertIn("stops without a handover: it could not be asked, since it " + why, self.stop())
                self.assertIn(why, self.last_stop())

    def test_of_a_server_that_dies_meanwhile_the_first_failure_is_the_reason(self):
        def die():
            self.cluster.absent[ONE] = OSError("connection closed")
            raise self.cluster.absent[ONE]

        self.before(ONE + " CLIENT PAUSE", die)
        self.assertIn("stops without a handover: connection closed", self.stop())
        self.assertIn("connection closed", self.last_stop())

    def test_a_full_disk_does_not_keep_it_from_handing_over(self):
        with patch.object(self.made, "write", side_effect=OSError(28, "No space left on device")):
            self.assertEqual(self.stop(), "redis-1: handed over to 10.0.0.2:6379\n")


class Failover(OfACluster):
    """The handover of a node that goes on."""

    def setUp(self):
        super().setUp()
        for end in (signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, end, signal.getsignal(end))

    def failover(self, to=None):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            handover.failover(self.made, to)
        return said.getvalue()

    def assert_put_back(self):
        self.assertFalse(self.master.paused)
        for each in self.cluster.data.values():
            self.assertEqual(each.config, {PERIOD: "10", "replica-priority": "100"}, each.endpoint)
        self.assertEqual(self.read("borrowed"), "")

    def test_this_node_goes_on_as_a_replica_and_all_is_put_back(self):
        self.assertEqual(self.failover(), "redis-1: handed over to 10.0.0.2:6379\n")
        self.assertEqual(self.master.master, TWO)
        self.assertEqual(self.cluster.lost, 0)
        self.assertEqual(self.cluster.orders[:-2], HandOver.HANDED_OVER)
        self.assert_put_back()

    def test_to_the_one_that_is_named(self):
        self.assertEqual(self.failover(THREE), "redis-1: handed over to 10.0.0.3:6379\n")
        self.assertEqual(self.cluster.orders[0], THREE + " CONFIG SET replica-priority 1")
        self.assertGreaterEqual(self.cluster.paused_at, HEARD)  # writes go on until all Sentinels know
        self.assert_put_back()

    def test_a_replica_is_refused(self):
        self.made = self.node_at(TWO)
        with self.assertRaisesRegex(Refused, "^this node is no master; nothing was done$"):
            self.failover()
        self.assertEqual(self.cluster.orders, [])

    def test_to_one_that_is_no_replica_in_sync_is_refused_before_anything_changes(self):
        self.cluster.data[THREE].online = False
        for to in (ONE, THREE, "10.0.0.9:6379"):
            with self.subTest(to=to):
                with self.assertRaisesRegex(Refused, "^%s is no replica in sync .*; nothing was done$" % to):
                    self.failover(to)
                self.assertEqual(self.cluster.orders, [])

    def test_a_sentinel_that_does_not_hear_of_it_would_promote_another(self):
        self.cluster.sentinels[SENTINELS[1]].deaf = True
        with self.assertRaisesRegex(Refused, "^the Sentinels did not hear that %s is preferred" % THREE):
            self.failover(THREE)
        self.assertIsNone(self.cluster.paused_at)
        self.assert_put_back()

    def test_one_that_is_refused_goes_on_as_master_as_it_was(self):
        self.to_all_sentinels(down={TWO, THREE})
        with self.assertRaisesRegex(Refused, "^no Sentinel knows a fit replica$"):
            self.failover()
        self.assertIsNone(self.master.master)
        self.assert_put_back()

    def test_one_that_is_interrupted_puts_all_back(self):
        def promotes_nobody(end):
            self.cluster.promotes = False
            self.cluster.later(0.5, lambda: signal.raise_signal(end))

        for end in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(end=end.name):
                self.before(SENTINELS[0], lambda end=end: promotes_nobody(end))
                with self.assertRaisesRegex(SystemExit, "^redis-1: interrupted; what was set is put back$"):
                    self.failover(THREE)
                self.assertEqual(self.cluster.orders[-3], ONE + " CLIENT UNPAUSE")
                self.assert_put_back()

    def test_what_a_setting_was_is_on_the_disk_before_it_changes(self):
        noted = []
        self.before(ONE + " CONFIG SET", lambda: noted.append(self.read("borrowed")))
        self.before(THREE + " CONFIG SET", lambda: noted.append(self.read("borrowed")))
        self.failover(THREE)
        period = ONE + " repl-ping-replica-period 10\n"
        both = period + THREE + " replica-priority 100\n"
        self.assertEqual(noted, [both] * 4)

    def test_what_an_earlier_one_left_is_put_back_first(self):
        self.master.config[PERIOD] = "3600"
        self.write("borrowed", ONE + " repl-ping-replica-period 10\n")
        self.failover()
        self.assertEqual(self.cluster.orders[0], ONE + " CONFIG SET repl-ping-replica-period 10")
        self.assert_put_back()

    def test_there_is_one_at_a_time(self):
        with open(self.path("borrowed"), "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertRaises(BlockingIOError, self.failover)
        self.assertEqual(self.cluster.orders, [])

    def test_what_could_not_be_put_back_stays_noted(self):
        def cut_off():
            self.cluster.absent[THREE] = TimeoutError("timed out")

        self.before(ONE + " CLIENT KILL", cut_off)
        self.failover(THREE)
        self.assertEqual(self.read("borrowed"), THREE + " replica-priority 100\n")
        self.assertEqual(self.master.config[PERIOD], "10")
        handover.give_back(self.made)
        self.assertEqual(self.read("borrowed"), THREE + " replica-priority 100\n")
        self.cluster.absent.clear()
        handover.give_back(self.made)
        self.assert_put_back()

    def test_what_a_server_refuses_to_take_back_stays_noted(self):
        line = ONE + " no-such-setting 1\n"
        self.write("borrowed", line + THREE + " replica-priority 50\n")
        handover.give_back(self.made)
        self.assertEqual(self.read("borrowed"), line)
        self.assertEqual(self.cluster.data[THREE].config["replica-priority"], "50")

    def test_a_note_that_a_power_loss_cut_off_speaks_of_nothing_that_was_changed(self):
        for torn in (THREE, THREE + " replica-priority", THREE + " replica-priority 10"):
            with self.subTest(torn):
                self.write("borrowed", ONE + " repl-ping-replica-period 7\n" + torn)
                handover.give_back(self.made)
                self.assertEqual(self.read("borrowed"), "")
                self.assertEqual(self.master.config[PERIOD], "7")
                self.assertEqual(self.cluster.data[THREE].config["replica-priority"], "100")

    def test_a_node_that_never_borrowed_has_nothing_to_give_back(self):
        handover.give_back(self.made)
        self.assertEqual(self.cluster.orders, [])


if __name__ == "__main__":
    unittest.main()
