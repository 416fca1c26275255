"""What Sentinels and data nodes say."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from rediform.redis import ask_all
from rediform.state import Node

SOON = 5.0  # seconds: the longest that Sentinel takes, once a master is down for it, for others to agree, an election,
# and the promotion (1.2 to 2.5 s seen), and for the news to reach the other Sentinels (they say hello every 2 s)


@dataclass(frozen=True)
class History:
    """Which writes a node has: the id of the history they belong to, and how far into it they go."""

    id: str
    offset: int

    def has_all_of(self, other: "History") -> bool:
        return other.id == self.id and other.offset <= self.offset


@dataclass(frozen=True)
class SentinelView:
    """What one Sentinel knows of the master."""

    master: str
    flags: str
    knows: bool  # false for one that has only its settings
    acts: bool  # it may be about to promote another by itself
    sentinels: Sequence[str]  # the others
    replicas: Sequence[str]
    priorities: Mapping[str, str]
    offsets: Mapping[str, int]
    up: Mapping[str, bool]
    down_after: int = 0  # milliseconds

    @property
    def fit(self) -> list[str]:
        """The replicas that it sees up."""
        return [replica for replica in self.replicas if self.up[replica]]


@dataclass(frozen=True)
class DataView:
    """What one data node says of itself: whom it follows, and whether it ever was in a cluster."""

    master: str
    formed: bool
    synced: bool
    history: History


@dataclass(frozen=True)
class View:
    """What a node learns when it looks around."""

    sentinels: Mapping[str, SentinelView]
    sentinel_count: int
    redis: Mapping[str, DataView]
    unheard: Sequence[str]  # those that a Sentinel sees up, and that gave us no answer: what they have nobody knows
    formed: bool


def endpoint_of(fields: Mapping[str, str]) -> str:
    return "%s:%s" % (fields["ip"], fields["port"])


def sentinel_view(node: Node, endpoint: str) -> SentinelView:
    with node.connection(endpoint) as sentinel:
        master = sentinel.fields("SENTINEL", "MASTER", node.master_name)
        peers = sentinel.rows("SENTINEL", "SENTINELS", node.master_name)
        replicas = sentinel.rows("SENTINEL", "REPLICAS", node.master_name)
    down = {"s_down", "o_down", "disconnected"}
    return SentinelView(
        master=endpoint_of(master),
        flags=master["flags"],
        knows=int(master["config-epoch"]) > 0 or bool(replicas),
        acts=may_act(master),
        sentinels=[endpoint_of(peer) for peer in peers],
        replicas=[endpoint_of(replica) for replica in replicas],
        priorities={endpoint_of(replica): replica["slave-priority"] for replica in replicas},
        offsets={endpoint_of(replica): int(replica["slave-repl-offset"]) for replica in replicas},
        up={endpoint_of(other): not down & set(other["flags"].split(",")) for other in peers + replicas},
        down_after=int(master["down-after-milliseconds"]),
    )


def may_act(master: Mapping[str, str]) -> bool:
    """Whether a Sentinel that sees its master so may do a failover in the next moments: it does one, or the master
    is newly down for it, or soon will be.
    """
    if "failover_in_progress" in master["flags"]:
        return True
    if "s-down-time" in master:
        return int(master["s-down-time"]) < 1000 * SOON
    return int(master["down-after-milliseconds"]) - int(master["last-ok-ping-reply"]) < 1000 * SOON


def redis_view(node: Node, endpoint: str) -> DataView:
    """By INFO alone, which no setting of a server switches off."""
    with node.connect(endpoint) as redis:
        info = {**redis.fields("INFO", "replication"), **redis.fields("INFO", "keyspace")}
    has_keys = any(name.startswith("db") and "keys=" in value for name, value in info.items())
    if info["role"] == "slave":
        # An offset of 1 or less: it has not been in sync with its master since it started.
        return DataView(
            master="%s:%s" % (info["master_host"], info["master_port"]),
            formed=has_keys,
            synced=int(info["slave_repl_offset"]) > 1,
            history=history(info),
        )
    # A master that nobody has followed and that holds nothing knows no more than we do.
    formed = has_keys or int(info["connected_slaves"]) > 0
    return DataView(master=endpoint, formed=formed, synced=True, history=history(info))


def history(info: Mapping[str, str]) -> History:
    return History(id=info["master_replid"], offset=int(info.get("slave_repl_offset") or info["master_repl_offset"]))


def look_around(node: Node) -> View:
    """Asks the known Sentinels, then those they name, and all known data nodes."""
    memory = node.remembered()
    sentinels = sorted(set(node.sentinel_seeds) | set(memory.get("sentinels", [])))
    views = ask_all([s for s in sentinels if s != node.endpoint], lambda s: sentinel_view(node, s))
    named = {s for view in views.values() for s in view.sentinels} - set(sentinels) - {node.endpoint}
    views.update(ask_all(sorted(named), lambda s: sentinel_view(node, s)))
    peers = set(node.redis_seeds) | {r for view in views.values() for r in view.replicas}
    others = sorted((peers | set(memory.get("redis", []))) - {node.endpoint})
    redis = ask_all(others, lambda r: redis_view(node, r))
    return View(
        sentinels=views,
        sentinel_count=sentinel_count(views, memory.get("sentinels", []), node.sentinel_seeds),
        redis=redis,
        unheard=sorted({r for view in views.values() for r in view.fit} - set(redis) - {node.endpoint}),
        formed=bool(memory.get("formed")),
    )


def sentinel_count(views: Mapping[str, SentinelView], remembered: Sequence[Any], seeds: Sequence[str]) -> int:
    """How many Sentinels there are: what those say that know, when they all name the same; otherwise the most that
    anybody names or remembers.
    """
    named = [frozenset(view.sentinels) | {endpoint} for endpoint, view in views.items() if view.knows]
    if named and len(named) == len(views) and len(set(named)) == 1:
        return max(len(named[0]), len(seeds))
    return max([len(view.sentinels) + 1 for view in views.values()] + [len(remembered), len(seeds)])


def majority_of(names: Sequence[str], total: int) -> Optional[str]:
    """The name that more than half of `total` have given, or None."""
    for name in set(names):
        if names.count(name) * 2 > total:
            return name
    return None


def told_by_data_nodes(view: View) -> list[str]:
    """Whom the data nodes that were ever part of a cluster take for the master."""
    return [r.master for r in view.redis.values() if r.formed]


def known_by_sentinels(view: View) -> list[str]:
    """Whom the Sentinels that have a memory take for the master."""
    return [s.master for s in view.sentinels.values() if s.knows]
