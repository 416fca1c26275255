"""All data of a cluster is replaced by that of a backup, on the master, while its server runs (decision 0030).

The server resyncs with a master that this program plays (`Source`), as a replica does: it keeps its data until the
dump is there as a whole, loads it, and writes a new AOF. Its own replicas load the same from it. Then it is master
again. So each node has all of the old data or all of the new, whenever this is killed; `put_right` does the rest.
"""
import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Optional

from rediform.backup.dump import Dump, check_version, inspect, version_of
from rediform.backup.manifest import ids, manifest_of
from rediform.backup.restoring import PATIENCE, followed, is_right, keys_of, put_right, received, remove, say
from rediform.backup.pipeline import program
from rediform.backup.source import PART, Source
from rediform.backup.store import store_of
from rediform.errors import Failed, Refused
from rediform.handover import OF_SENTINEL, Borrow, borrowed, online_replicas, takes_for_replica
from rediform.redis import UNREACHABLE, Connection, ask_all, until
from rediform.state import Node
from rediform.storage import give
from rediform.undo import history
from rediform.view import look_around

COPIES = 3  # of the dump on the disk at a time: what was received, what the server receives, and its new AOF
ROOM = 64 << 20  # bytes beyond them
SLOWEST = (
    5 << 20
)  # bytes a second that load, beyond PATIENCE; a disk of gp3 writes 125 MiB, and Redis loads faster than that
HEARD = 30.0  # seconds for every Sentinel to hear that this node is master again; it asks every ten
CLAIM = 3.0  # seconds
BUSY = "a restore or a failover is under way on this node; nothing was done. Wait until it has ended"
POLL = 0.2  # seconds between two looks at a server that loads


Copy = Callable[[BinaryIO], object]  # writes the RDB file


@dataclass(frozen=True)
class Wanted:
    """The backup that is to be restored, as far as it is known before it is there."""

    id: str
    replace: bool = False  # what the cluster holds may go
    bytes: int = 0  # of the RDB file
    version: int = 0  # of the RDB file
    sha256: str = ""  # of the RDB file
    keys: Optional[Mapping[str, int]] = None  # by database

    @property
    def disk(self) -> int:
        """Bytes that must be free. The history of the AOF gives way to them."""
        return COPIES * self.bytes + ROOM


# ---------------------------------------------------------------- what is asked first


def check(node: Node, wanted: Wanted) -> dict[str, object]:
    """Refused when the restore would be; nothing is changed. Otherwise what it would replace."""
    with node.connect() as redis:
        return {"node": node.name, "keys": checked(node, redis, wanted)}


def checked(node: Node, redis: Connection, wanted: Wanted) -> dict[str, int]:
    """The keys by database that the server has now."""
    info = {**redis.fields("INFO", "server"), **redis.fields("INFO", "replication"), **redis.fields("INFO", "memory")}
    if info["role"] != "master":
        raise Refused("this node is no master; nothing was done")
    there = keys_of(redis)
    if there and not wanted.replace:
        raise Refused(
            "the cluster holds %s; nothing was done. A restore replaces all of it: add --replace-data" % told(there)
        )
    if wanted.version:
        check_version(wanted.version, info["redis_version"])
    check_databases(redis, map(int, wanted.keys or {}))
    data = node.path("data")
    needed, free = wanted.disk, shutil.disk_usage(data).free + history.spare(node)
    if needed > free:
        raise Refused(
            "it needs %d MB on the disk of %s, and %d MB are free at %s; nothing was done. Make room there, or enlarge "
            "the disk" % (needed >> 20, node.name, free >> 20, data)
        )
    check_memory(info, wanted.bytes, "its file alone has %d MB" % (wanted.bytes >> 20))
    return there


def check_databases(redis: Connection, databases: Iterable[int]) -> None:
    """A server ends when it loads a database that it does not have."""
    have = int(redis.config("databases"))
    beyond = sorted(database for database in databases if database >= have)
    if beyond:
        raise Refused(
            "it has keys in database %s, and this cluster has databases 0 to %d; nothing was done. Raise `databases` "
            "in redis.config of the environment file to %d" % (", ".join(map(str, beyond)), have - 1, beyond[-1] + 1)
        )


def check_memory(info: Mapping[str, str], needed: int, why: str) -> None:
    limit = int(info["maxmemory"]) or int(info.get("total_system_memory", 0))
    if 0 < limit < needed:
        raise Refused(
            "it does not fit into memory: %s, and this cluster has maxmemory %d MB; nothing was done. Raise "
            "master.maxmemory first" % (why, limit >> 20)
        )


def told(keys: Mapping[str, int]) -> str:
    each = ", ".join("database %s: %d" % (name, keys[name]) for name in sorted(keys, key=int))
    return "%d keys (%s)" % (sum(keys.values()), each) if keys else "no key"


# ---------------------------------------------------------------- the restore


def restore(node: Node, wanted: Wanted, copy_to: Copy) -> dict[str, object]:
    """What it came to."""
    began = time.monotonic()
    # Whatever ends this, be it a login that is cut, this node is master again afterwards.
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: sys.exit("%s: interrupted" % node.name))
    path = received(node)
    with claimed(node) as borrow:
        waits = put_right(node)
        if waits:
            raise Refused("%s %s, of a restore that was killed; nothing was done. Try again" % (node.name, waits))
        try:
            with node.connect() as redis:
                before = checked(node, redis, wanted)
            history.give_way(node, wanted.disk)
            receive(node, wanted, copy_to, path)
            version = version_of(path)
            with node.connect() as redis:
                check_version(version, redis.fields("INFO", "server")["redis_version"])
            dump = inspect(node, path)
            with node.connect() as redis:
                check_dump(redis, dump, wanted)
            say(node, "has received %s: %d bytes with %d keys, which are sound" % (wanted.id, dump.bytes, dump.keys))
            keys, late = replace(node, borrow, path, dump, wanted)
        finally:
            remove(path)
        node.remove("restore")
        # Before that their settings are not given back.
        until(HEARD, lambda: not any(takes_for_replica_at(node, each) for each in look_around(node).sentinels), POLL)
    seconds = round(time.monotonic() - began, 1)
    return {"id": wanted.id, "keys": keys, "replaced": before, "late": late, "seconds": seconds}


@contextlib.contextmanager
def claimed(node: Node) -> Iterator[Borrow]:
    """`attend` claims it, too, for a moment every few seconds."""
    with contextlib.ExitStack() as stack:

        def claim() -> Optional[Borrow]:
            with contextlib.suppress(BlockingIOError):
                return stack.enter_context(borrowed(node))
            return None

        borrow = until(CLAIM, claim)
        if not borrow:
            raise Refused(BUSY)
        yield borrow


def receive(node: Node, wanted: Wanted, copy_to: Copy, path: str) -> None:
    """Writes the RDB file, and reads it again from the disk."""
    remove(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        copy_to(file)
        file.flush()
        os.fsync(file.fileno())
    give(path, node.user)
    digest = hashlib.sha256()
    with open(path, "rb") as received:
        while part := received.read(PART):
            digest.update(part)
    if wanted.sha256 and digest.hexdigest() != wanted.sha256:
        raise Refused(
            "%d bytes arrived with checksum %s, and %s has %d with checksum %s; nothing was changed. Try "
            "again, or take another backup"
            % (os.path.getsize(path), digest.hexdigest(), wanted.id, wanted.bytes, wanted.sha256)
        )


def check_dump(redis: Connection, dump: Dump, wanted: Wanted) -> None:
    """The same as before, now by what the file itself says."""
    info = {**redis.fields("INFO", "replication"), **redis.fields("INFO", "memory")}
    check_databases(redis, dump.databases)
    # A server counts the backlog for its replicas, which is no data, and whose limit has nothing to do with it.
    used = dump.used_memory - int(info["repl_backlog_size"])
    check_memory(info, used, "its server used %d MB" % (dump.used_memory >> 20))
    if wanted.keys is not None and sum(wanted.keys.values()) != dump.keys:
        raise Refused(
            "its file has %d keys, and its manifest says %s; nothing was changed" % (dump.keys, told(wanted.keys))
        )


def replace(node: Node, borrow: Borrow, path: str, dump: Dump, wanted: Wanted) -> tuple[dict[str, int], list[str]]:
    """The keys by database afterwards, and the replicas that do not have them yet."""
    patience = PATIENCE + dump.bytes / SLOWEST
    hold_back(node, borrow, patience)
    # One that loads what is still arriving has dropped its old data by then.
    borrow(node.endpoint, "repl-diskless-load", "disabled")

    def last_part() -> None:
        with node.connect() as redis:
            node.remember("restore", loads=True, before=sum(keys_of(redis).values()))

    with node.connect() as redis:
        replicas = online_replicas(redis)
    try:
        with Source(path, "replica", node.secrets()["replica"], last_part) as source:
            here = "127.0.0.1:%d" % source.port
            node.remember("restore", id=wanted.id, source=here, loads=False, keys=dump.keys)
            with node.connect() as redis:
                redis.ask("REPLICAOF", *here.rsplit(":", 1))
            say(node, "its server loads %s" % wanted.id)
            deadline = time.monotonic() + patience
            keys = await_load(node, source, here, deadline)
            if sum(keys.values()) != dump.keys or wanted.keys is not None and keys != wanted.keys:
                raise Failed("its server has %s after loading %s, which has %d" % (told(keys), wanted.id, dump.keys))
            # Until here nobody can write or expire a key, so that all must have the same number.
            say(node, "has %s; its replicas load the same" % told(keys))
            late = await_replicas(node, source, replicas, keys, deadline)
            with node.connect() as redis:
                if followed(redis.fields("INFO", "replication")) != here:
                    raise Failed("its server was restarted, or follows another, before its replicas had the data")
                redis.ask("REPLICAOF", "NO", "ONE")
    finally:
        until(patience, lambda: is_right(node), POLL)
    return keys, late


def hold_back(node: Node, borrow: Borrow, patience: float) -> None:
    """A master that says that it is a replica, or does not answer while it drops its old data, is down for Sentinel."""
    view = look_around(node)
    if len(view.sentinels) < view.sentinel_count:
        raise Refused(
            "%d of %d Sentinels answer; nothing was done. All of them must be told to leave this master alone meanwhile"
            % (len(view.sentinels), view.sentinel_count)
        )
    for sentinel in sorted(view.sentinels):
        borrow(sentinel, OF_SENTINEL, int(patience * 1000))


def takes_for_replica_at(node: Node, sentinel: str) -> bool:
    with contextlib.suppress(*UNREACHABLE), node.connect(sentinel) as asked:
        return takes_for_replica(node, asked)
    return False


def await_load(node: Node, source: Source, here: str, deadline: float) -> dict[str, int]:
    """The keys by database once the server has loaded all."""
    while time.monotonic() < deadline:
        with contextlib.suppress(*UNREACHABLE), node.connect() as redis:  # while it loads it answers rarely
            info = redis.fields("INFO", "replication")
            if followed(info) != here:
                raise Failed("its server was restarted, or follows another, before it had loaded the data")
            if info["master_link_status"] == "up":
                return keys_of(redis)
        if source.problem:
            raise Failed("its server did not take the data: %s; why: its log" % source.problem)
        time.sleep(POLL)
    raise Failed("its server did not load the data in time")


def await_replicas(
    node: Node, source: Source, replicas: list[str], keys: Mapping[str, int], deadline: float
) -> list[str]:
    """Those that do not have the same data in time."""
    late = replicas
    while late and not source.problem and time.monotonic() < deadline:
        with contextlib.suppress(*UNREACHABLE):
            with node.connect() as redis:
                history = redis.fields("INFO", "replication")["master_replid"]
            there = ask_all(late, lambda replica: has_same(node, replica, history, keys))
            late = [replica for replica in late if not there.get(replica)]
        time.sleep(POLL if late else 0)
    return late


def has_same(node: Node, replica: str, history: str, keys: Mapping[str, int]) -> bool:
    with node.connect(replica) as redis:
        info = redis.fields("INFO", "replication")
        return info["master_replid"] == history and info.get("master_link_status") == "up" and keys_of(redis) == keys


# ---------------------------------------------------------------- the verb


def ended(node: Node) -> dict[str, object]:
    """Nobody goes on with a restore here: another has ended well, or the data shall stay as it is."""
    with claimed(node):
        if put_right(node):
            raise Refused("it still loads; try again")
        node.remove("restore")
    with node.connect() as redis:
        return {"node": node.name, "keys": keys_of(redis)}


def perform(node: Node, words: argparse.Namespace) -> None:
    """The verb; its last line is JSON."""
    if words.ended:
        report = ended(node)
    else:
        keys = parsed(words.keys) if words.keys is not None else None
        wanted = Wanted(words.id or "", words.replace_data, words.bytes, words.rdb_version, words.sha256 or "", keys)
        copy_to: Copy = copied
        if not words.stdin and words.id:
            wanted, copy_to = in_store(node, words.id, words.replace_data)
        report = check(node, wanted) if words.check else restore(node, wanted, copy_to)
    print(json.dumps(report, sort_keys=True), flush=True)


def parsed(keys: str) -> dict[str, int]:
    """`0:100,3:5`, which no shell on the way here changes."""
    pairs = [each.split(":") for each in keys.split(",") if each]
    return {str(int(database)): int(count) for database, count in pairs}


def copied(file: BinaryIO) -> None:
    shutil.copyfileobj(sys.stdin.buffer, file, PART)


def in_store(node: Node, id_: str, replace: bool) -> tuple[Wanted, Copy]:
    """A backup of the node's own store, by its manifest."""
    store = store_of(node)
    manifest = manifest_of(store, id_) if id_ in ids(store.names()) else None
    if not manifest:
        raise Refused(
            "there is no backup %s; nothing was done. Those that are there: ./rediform backup %s list"
            % (id_, node.contents.cluster)
        )
    if manifest.recipients:
        raise Refused("%s is encrypted, and no node has its key; nothing was done" % id_)
    name = manifest.object
    wanted = Wanted(id_, replace, manifest.rdbBytes, manifest.rdbVersion, manifest.rdbSha256, manifest.keys)

    def unpacked(file: BinaryIO) -> None:
        with subprocess.Popen(
            [program(node, "zstd"), "-q", "-dc"], stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE
        ) as zstd:
            assert zstd.stdin and zstd.stderr
            with store.get(name) as packed, contextlib.suppress(BrokenPipeError), zstd.stdin:
                shutil.copyfileobj(packed, zstd.stdin, PART)
            said = zstd.stderr.read().decode(errors="replace").strip()
        if zstd.returncode:
            raise Refused("%s cannot be unpacked: %s; nothing was changed. Take another backup" % (id_, said))

    return wanted, unpacked
