"""Whose turn it is to take a backup, and that never two are taken at once."""
import contextlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from rediform.redis import UNREACHABLE, ask_all
from rediform.state import Node
from rediform.view import look_around

USER = "backup"  # who a dump logs in as
CHANNEL = "rediform:backup"  # has a subscriber on a server of which a backup is being taken; nothing is published
PATIENCE = 5.0  # seconds for another node to see this one's dump, and to end its own; it asks once, for a second
POLL = 0.5  # seconds between two looks meanwhile


@dataclass(frozen=True)
class Standing:
    """What a data node says of itself."""

    is_master: bool
    lacks: str  # why no backup can be taken of it now; empty if one can
    dumps: bool  # a backup of it is being taken

    @property
    def role(self) -> str:
        return "master" if self.is_master else "replica"


def standing(node: Node, endpoint: str) -> Standing:
    with node.connect(endpoint) as redis:
        info = {**redis.fields("INFO", "replication"), **redis.fields("INFO", "persistence")}
        clients = str(redis.ask("CLIENT", "LIST", "TYPE", "replica"))
        told = redis.words("PUBSUB", "NUMSUB", CHANNEL)[1] != "0"
    dumps = told or any("user=" + USER in line.split() for line in clients.splitlines())
    return Standing(info["role"] == "master", lacking(info), dumps)


@contextlib.contextmanager
def telling(node: Node) -> Iterator[None]:
    """Lets the other nodes see that a backup of this one is being taken, also once all is dumped and it is still sent
    and read back. It is a connection, so it ends with this process, however that ends.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(*UNREACHABLE):  # the backup is none the worse for it
            password = node.secrets()["admin"]
            redis = stack.enter_context(node.connection(node.endpoint, "admin", password))
            redis.ask("SUBSCRIBE", CHANNEL)
        yield


def lacking(info: Mapping[str, str]) -> str:
    if info["loading"] == "1":
        return "its server still loads its data"
    if info.get("master_sync_in_progress", "0") == "1":
        return "its server is syncing with its master"
    if info["role"] == "slave" and info["master_link_status"] != "up":
        return "its server has no link to its master, so its data may be old"
    return ""


def data_nodes(node: Node) -> list[str]:
    """Endpoints of all that this node knows of: of more than three, only Sentinels and earlier starts tell."""
    view = look_around(node)
    known = {*node.redis_seeds, *node.remembered().get("redis", []), *view.redis, *view.unheard, node.endpoint}
    return ordered(known)


def ordered(endpoints: Iterable[str]) -> list[str]:
    """In an order that all nodes agree on, whatever document they have: by address, and then by port."""
    return sorted(endpoints, key=place)


def place(endpoint: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", endpoint)]


def standings(node: Node) -> dict[str, Standing]:
    """Of all that answer."""
    return ask_all(data_nodes(node), lambda endpoint: standing(node, endpoint))


def chosen(found: Mapping[str, Standing], round_: int = 0) -> Optional[str]:
    """Who is to take a backup: the first replica that can, and the next one in the next round, when the first had its
    time and there is still none. A dump costs its server memory and time, so the master does it only if no replica can.
    """
    able = [endpoint for endpoint in ordered(found) if not found[endpoint].lacks]
    candidates = [endpoint for endpoint in able if not found[endpoint].is_master] or able
    return candidates[round_ % len(candidates)] if candidates else None


def dumping(node: Node, found: Mapping[str, Standing]) -> list[str]:
    """Other nodes of which a backup is being taken."""
    return [endpoint for endpoint in ordered(found) if endpoint != node.endpoint and found[endpoint].dumps]


def overtaken_by(node: Node) -> Optional[str]:
    """Asked once this node's own dump has begun, so that of two that begin together at least one sees the other.
    Returns the node that goes on in place of this one; None if this one does.

    The later in the order ends at once. The earlier waits for that; if it waits in vain, the other one had looked
    before this dump could be seen, and is the one that goes on.
    """
    peers = [endpoint for endpoint in data_nodes(node) if endpoint != node.endpoint]
    deadline = time.monotonic() + PATIENCE
    while True:
        others = dumping(node, ask_all(peers, lambda endpoint: standing(node, endpoint)))
        if not others:
            return None
        if goes_first(others, node.endpoint) or time.monotonic() > deadline:
            return others[0]
        time.sleep(POLL)


def goes_first(others: Sequence[str], endpoint: str) -> bool:
    return ordered([*others, endpoint])[0] != endpoint
