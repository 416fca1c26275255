"""What a restore notes on the disk (`restore`): with it `attend` puts a node right whose run was killed, and `health`
says so.

id      of the backup
source  endpoint that the server follows meanwhile; null once it does not any more
loads   whether the server may have dropped its old data
before  keys of the old data
keys    keys of the new
"""
import contextlib
import os
from collections.abc import Mapping
from typing import Any, Optional

from rediform.redis import UNREACHABLE, Connection
from rediform.state import Node
from rediform.view import SentinelView

NAME = "temp-restore.rdb"  # in the data folder; a start takes no file for data whose name begins so
UNDER_WAY = "a restore of %s is under way"
UNENDED = "a restore of %s did not end; run it again: ./rediform restore %s, with the words that it had"
HELD_BACK = (
    "a restore of its master has not ended, and until then it waits %d s for that master. If none is under way, run it "
    "again: ./rediform restore %s ID"
)
PATIENCE = 120.0  # seconds for which Sentinels are held back, at least


def is_held_back(node: Node, view: SentinelView) -> bool:
    """Whether a restore has told a Sentinel to wait longer than its document says. The node that would take that back
    may be lost.
    """
    return view.down_after > max(PATIENCE * 1000 - 1, node.contents.downAfterMilliseconds)


def received(node: Node) -> str:
    """Where the RDB file is."""
    return os.path.join(node.path("data"), NAME)


def is_right(node: Node) -> bool:
    with contextlib.suppress(*UNREACHABLE):
        return put_right(node) is None
    return False


def put_right(node: Node) -> Optional[str]:
    """After a run that did not come to its end: this node is master again, with all of its old data or all of the new.
    Returns what it still waits for. For who has claimed the node.
    """
    note = node.remembered("restore")
    if not note.get("source"):
        remove(received(node))
        return None
    with contextlib.suppress(ConnectionRefusedError):  # a server that does not run begins with what is on its disk
        with node.connect() as redis:
            info = {**redis.fields("INFO", "replication"), **redis.fields("INFO", "persistence")}
            if followed(info) == note["source"]:
                if info["loading"] == "1":
                    return "loads the data of %s" % note["id"]
                if is_whole(note, sum(keys_of(redis).values()), redis.config("appendonly") == "no", info):
                    redis.ask("REPLICAOF", "NO", "ONE")
                else:
                    # It dropped its old data and could not load the new. On its disk, and on the replicas, is the old.
                    say(node, "its server could not load %s, and starts again with its old data" % note["id"])
                    with contextlib.suppress(OSError):
                        redis.ask("SHUTDOWN", "NOSAVE")
    remove(received(node))
    if note["loads"]:
        node.remember("restore", source=None)
    else:
        node.remove("restore")  # nothing has changed
    return None


def is_whole(note: Mapping[str, Any], keys: int, has_no_aof: bool, info: Mapping[str, str]) -> bool:
    """Whether a server has all of one data set. One that could not load has not gone on with its AOF."""
    if not note["loads"]:
        return True
    return keys in (note["before"], note["keys"]) and (has_no_aof or info["aof_enabled"] == "1")


def unended(node: Node) -> Optional[str]:
    """What a restore that has not ended is to `health`."""
    note = node.remembered("restore")
    if not note:
        return None
    return UNDER_WAY % note["id"] if note.get("source") else UNENDED % (note["id"], node.contents.cluster)


def keys_of(redis: Connection) -> dict[str, int]:
    keyspace = redis.fields("INFO", "keyspace")
    return {name[2:]: int(value.split("keys=")[1].split(",")[0]) for name, value in sorted(keyspace.items())}


def followed(info: Mapping[str, str]) -> Optional[str]:
    return "%s:%s" % (info["master_host"], info["master_port"]) if info["role"] == "slave" else None


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


def say(node: Node, text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # a login that was cut is no reason to end in the middle
        print("%s: %s" % (node.name, text), flush=True)
