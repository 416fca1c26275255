"""A data node: it stops without losing a write."""
import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Optional, Union

from rediform.errors import Refused
from rediform.redis import UNREACHABLE, Connection, ask_all, pair, state_of, until
from rediform.state import Node
from rediform.storage import read_text
from rediform.view import SentinelView, endpoint_of, history, look_around, redis_view

PAUSE_MS = 30_000  # longest write pause of a handover; the node stops well before it is over
CATCH_UP = 0.4  # share of down-after for the replicas to reach the master's offset: a paused node
# answers no PUBLISH, so Sentinel would take it for down if the pause went on for down-after
LONGEST_CATCH_UP = 10.0  # seconds, however long down-after is: CATCH_UP and PROMOTION fit into the pause
NOTICED = 2.0  # seconds beyond down-after for Sentinel to see that a replica is down; it pings once a second
PROMOTION = 10.0  # seconds for Sentinel to promote; it takes about one
SETTLE = 20.0  # seconds for a demoted node to be in sync again
PREFERENCE = 15.0  # seconds for every Sentinel to hear of a priority; it asks replicas every ten

Borrow = Callable[[str, str, Union[int, str, None]], None]
OF_SENTINEL = "down-after-milliseconds"  # what is borrowed of Sentinels; anything else is Redis's


def handover(node: Node) -> None:
    """Hands the master role over, if this node has it and somebody can take it. A stop that could not says so, now
    and in `health` until the next one.
    """
    failed = None
    if not os.path.exists(node.path("secrets")):  # no proof that its server does not run
        failed = "its passwords are not at %s" % node.path("secrets")
    try:
        with node.connect() as redis:
            if redis.fields("INFO", "replication")["role"] == "master":
                try:
                    print("%s: handed over to %s" % (node.name, hand_over(node, redis)), flush=True)
                except (Refused, *UNREACHABLE) as error:
                    failed = str(error)
                    node.count("handover_failures")
            ended = history(redis.fields("INFO", "replication"))
            with contextlib.suppress(OSError):  # without it, as after a crash: a disk that is full
                node.write("stopped", json.dumps({"id": ended.id, "offset": ended.offset}) + "\n")
    except UNREACHABLE as error:
        state, sentence = state_of(error)
        if state != "down":
            failed = failed or "it could not be asked, since it %s" % sentence
    if failed:
        print("%s: stops without a handover: %s" % (node.name, failed), flush=True)
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        failed = "stopped at %s without a handover: %s" % (when, failed)
    node.remember(lastStop=failed)


def hand_over(node: Node, redis: Connection) -> str:
    """The order is what makes it lossless: pause, same offset, failover, demote. Returns the new master.

    When it is refused, writes stay paused: for a node that stops in any case, what it does not
    acknowledge cannot be lost.
    """
    # A replica that lost its power stays attached until TCP gives up on it, and Sentinel might promote it
    # until it has noticed, too. Writes go on meanwhile.
    until(NOTICED + node.down_after, lambda: all_answer(node, successors(node, redis)))
    views = views_of(node)
    # A ping to the replicas during the failover would put this node ahead of the new master, and
    # cost a full resync. It is set in memory only, and gone with the restart.
    redis.ask("CONFIG", "SET", "repl-ping-replica-period", 3600)
    node.count("handovers")
    redis.ask("CLIENT", "PAUSE", PAUSE_MS, "WRITE")
    if not online_replicas(redis):
        raise Refused("no replica is attached")
    replicas = successors(node, redis, views)
    if not replicas:
        raise Refused("no Sentinel knows a fit replica")
    # All of them: Sentinel chooses, by offsets that may be seconds old.
    patience = min(LONGEST_CATCH_UP, CATCH_UP * node.down_after)
    if not until(patience, lambda: have_all_writes(node, redis, replicas)):
        raise Refused("a replica did not catch up in %.1f s" % patience)
    sentinel = next(endpoint for endpoint, view in views.items() if view.fit)
    with node.connect(sentinel) as asked:
        asked.ask("SENTINEL", "FAILOVER", node.master_name)
    new = until(PROMOTION, lambda: promoted(node, sentinel))
    if not new:
        raise Refused("Sentinel promoted nobody in %d s" % PROMOTION)
    # Demoted at once: until then, clients that do not ask Sentinel would wait for this node. Then
    # the pause must go, or it would not take its new master's writes either.
    redis.ask("REPLICAOF", *new.rsplit(":", 1))
    redis.ask("CLIENT", "UNPAUSE")
    redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    until(SETTLE, lambda: settled(redis))
    return new


def failover(node: Node, to: Optional[str]) -> None:
    """A planned switchover: a handover after which this node goes on, as a replica, or as master when refused."""
    with node.connect() as redis:
        if redis.fields("INFO", "replication")["role"] != "master":
            raise Refused("this node is no master; nothing was done")
        if to and to not in online_replicas(redis):
            raise Refused("%s is no replica in sync with this master; nothing was done" % to)
        # Whatever ends this, be it a login that is cut, everything is put back.
        for end in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(end, lambda *_: sys.exit("%s: interrupted; what was set is put back" % node.name))
        with borrowed(node) as borrow:
            borrow(node.endpoint, "repl-ping-replica-period", None)
            if to:
                preferred = to
                borrow(preferred, "replica-priority", 1)
                if not until(PREFERENCE, lambda: all_prefer(node, preferred)):
                    raise Refused("the Sentinels did not hear that %s is preferred; nothing was done" % to)
            try:
                new = hand_over(node, redis)
            except (Refused, *UNREACHABLE, SystemExit):
                node.count("handover_failures")
                raise
            finally:
                redis.ask("CLIENT", "UNPAUSE")
        print("%s: handed over to %s" % (node.name, new), flush=True)


@contextlib.contextmanager
def borrowed(node: Node) -> Iterator[Borrow]:
    """Settings of servers that are other ones for a while. What they were is on the disk before they change, so that
    `attend` puts them back when this process could not.
    """
    with open(node.path("borrowed"), "a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        give_back(node)

        def borrow(endpoint: str, name: str, value: Union[int, str, None]) -> None:
            with node.connect(endpoint) as server:
                # A Sentinel's may still be borrowed, by a node that was lost: the document knows better.
                before = str(node.contents.downAfterMilliseconds) if name == OF_SENTINEL else server.config(name)
                lock.write("%s %s %s\n" % (endpoint, name, before))
                lock.flush()
                os.fsync(lock.fileno())
                if value is not None:
                    set_to(node, server, name, value)

        try:
            yield borrow
        finally:
            give_back(node)


def give_back(node: Node) -> None:
    """Puts borrowed settings back; those of a server that cannot be asked now stay noted."""
    left = []
    noted = read_text(node.path("borrowed"))
    for line in noted.splitlines(keepends=True):
        if not line.endswith("\n"):
            break  # cut off by a power loss: what it speaks of was not changed yet
        endpoint, name, before = line.rstrip("\n").split(" ", 2)
        try:
            with node.connect(endpoint) as server:
                if name == OF_SENTINEL and takes_for_replica(node, server):
                    left.append(line)
                else:
                    set_to(node, server, name, before)
        except UNREACHABLE:
            left.append(line)
    if "".join(left) != noted:
        with open(node.path("borrowed"), "w", encoding="utf-8") as file:
            file.writelines(left)


def set_to(node: Node, server: Connection, name: str, value: Union[int, str]) -> None:
    if name == OF_SENTINEL:
        server.ask("SENTINEL", "SET", node.master_name, name, value)
    else:
        server.ask("CONFIG", "SET", name, value)


def takes_for_replica(node: Node, sentinel: Connection) -> bool:
    """Whether a Sentinel has heard of this node, its master, that it is a replica, as during a restore. It asks every
    ten seconds, and one that said so for down-after and twenty seconds more is down for it.
    """
    master = sentinel.fields("SENTINEL", "MASTER", node.master_name)
    return endpoint_of(master) == node.endpoint and master["role-reported"] == "slave"


def all_prefer(node: Node, endpoint: str) -> bool:
    """Sentinel takes the replica with the lowest priority."""
    views = look_around(node).sentinels.values()
    return bool(views) and all(view.priorities.get(endpoint) == "1" for view in views)


def settled(redis: Connection) -> bool:
    """Whether a new replica is in sync, and free to stop: Redis refuses to while it writes its first AOF."""
    info = {**redis.fields("INFO", "replication"), **redis.fields("INFO", "persistence")}
    is_up = info.get("master_link_status") == "up"
    return is_up and info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0"


def views_of(node: Node) -> dict[str, SentinelView]:
    """What those Sentinels see that take this node for the master."""
    return {e: v for e, v in look_around(node).sentinels.items() if v.master == node.endpoint}


def successors(node: Node, redis: Connection, views: Optional[Mapping[str, SentinelView]] = None) -> list[str]:
    """Whom Sentinel may promote: replicas that follow this master, and that a Sentinel sees up."""
    fit = {replica for view in (views or views_of(node)).values() for replica in view.fit}
    return [replica for replica in online_replicas(redis) if replica in fit]


def all_answer(node: Node, replicas: Sequence[str]) -> bool:
    return len(ask_all(replicas, lambda replica: redis_view(node, replica))) == len(replicas)


def online_replicas(redis: Connection) -> list[str]:
    """Endpoints of the replicas that follow this master. One that came back may be attached twice."""
    info = redis.fields("INFO", "replication")
    replicas = [
        dict(pair(text, "=") for text in value.split(","))
        for key, value in info.items()
        if key.startswith("slave") and key[5:].isdigit()
    ]
    return sorted({"%s:%s" % (r["ip"], r["port"]) for r in replicas if r["state"] == "online"})


def have_all_writes(node: Node, redis: Connection, replicas: Sequence[str]) -> bool:
    """Whether these replicas are where this master is. Asked of each: the master hears it only once a second."""

    def offset(endpoint: str) -> str:
        with node.connect(endpoint) as replica:
            # None of one that was promoted meanwhile: it has all writes of another history.
            return replica.fields("INFO", "replication").get("slave_repl_offset", "none")

    offsets = ask_all(replicas, offset)
    here = redis.fields("INFO", "replication")["master_repl_offset"]
    return len(offsets) == len(replicas) and set(offsets.values()) == {here}


def promoted(node: Node, sentinel: str) -> Optional[str]:
    """The new master, once Sentinel names it and it says so itself."""
    with contextlib.suppress(*UNREACHABLE):
        with node.connection(sentinel) as asked:
            new = ":".join(asked.words("SENTINEL", "GET-MASTER-ADDR-BY-NAME", node.master_name))
        if new != node.endpoint:
            with node.connect(new) as redis:
                return new if redis.fields("INFO", "replication")["role"] == "master" else None
    return None
