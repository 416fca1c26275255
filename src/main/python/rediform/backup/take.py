"""Takes a backup: dumps, checks, stores, reads back, and only then says that it is one."""
import contextlib
import fcntl
import hashlib
import io
import os
import re
import subprocess
import threading
import time
from collections.abc import Container, Iterator
from typing import Optional

from rediform.backup.manifest import DATA, MANIFEST, Manifest, began, id_of, ids, iso, put_text, text
from rediform.backup.pipeline import Dump, Program, program
from rediform.backup.store import section_of
from rediform.backup.stored import CHUNK, Store, Stored
from rediform.backup.turn import Standing, overtaken_by, standing, telling
from rediform.errors import Failed, Refused
from rediform.handover import borrowed
from rediform.redis import UNREACHABLE, state_of
from rediform.state import Node

BEGINS = 10.0  # seconds for a dump to begin; one that waits for a BGSAVE does so with the server's own delay


def take(node: Node, store: Store, now: float, known: Optional[Container[str]] = None) -> Manifest:
    """Takes a backup of this node's server. Refused where none can be taken now; if anything fails, there is none.
    `known`: IDs of those that there were when it was found that one is wanted.
    """
    section = section_of(node)
    known = ids(store.names()) if known is None else known
    with alone_on_this_node(node), contextlib.ExitStack() as stack:
        before = able(node)
        id_ = free_id(node, store, now)
        name = id_ + DATA[1 if section.recipients else 0]
        say(node, "takes backup %s of its %s, to %s" % (id_, before.role, section.place))
        try:
            with begun(node, section.recipients) as dump:
                stack.enter_context(telling(node))
                other = overtaken_by(node)
                if other:
                    raise Refused("%s already takes a backup" % other)
                for each in ids(store.names()):
                    if each not in known:
                        raise Refused("%s was taken meanwhile" % each)
                stored = store.put(name, io.BufferedReader(dump, CHUNK))
            say(node, "%d bytes are dumped and checked, %d are stored; reads them back" % (dump.size, stored.bytes))
            read_back(node, store, name, stored, "" if section.recipients else dump.digest.hexdigest())
            manifest = manifest_of(node, id_, name, before, dump, stored)
            put_text(store, id_ + MANIFEST, text(manifest))
        except BaseException:
            for each in (id_ + MANIFEST, name):
                with contextlib.suppress(Failed, OSError):
                    store.remove(each)
            raise
    return manifest


def say(node: Node, message: str) -> None:
    print("%s: %s" % (node.name, message), flush=True)


@contextlib.contextmanager
def alone_on_this_node(node: Node) -> Iterator[None]:
    with open(node.path("backups") + ".lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("a backup of this node already runs; wait for its end") from None
        yield


def able(node: Node) -> Standing:
    try:
        found = standing(node, node.endpoint)
    except UNREACHABLE as error:
        raise Refused("no backup can be taken: its server %s" % state_of(error)[1]) from error
    if found.lacks:
        raise Refused("no backup can be taken: %s; try again when it is fit" % found.lacks)
    return found


def free_id(node: Node, store: Store, now: float) -> str:
    """A second one of the same second is one of the next."""
    names = store.names()
    while any(name.startswith(id_of(node.name, now) + ".") for name in names):
        now += 1
    return id_of(node.name, now)


@contextlib.contextmanager
def begun(node: Node, recipients: list[str]) -> Iterator[Dump]:
    """A dump that the server has begun to send."""
    with contextlib.ExitStack() as stack:
        with at_once(node):
            dump = stack.enter_context(Dump(node, recipients))
            dump.begins(BEGINS)
        yield dump


@contextlib.contextmanager
def at_once(node: Node) -> Iterator[None]:
    """A server waits some seconds for more replicas before it sends its data to one; here there are none to come."""
    with contextlib.ExitStack() as stack:
        # A failover borrows, too, or `attend` gives back: then the dump begins with the delay that the server has.
        with contextlib.suppress(BlockingIOError):
            borrow = stack.enter_context(borrowed(node))
            borrow(node.endpoint, "repl-diskless-sync-delay", 0)
        yield


def read_back(node: Node, store: Store, name: str, stored: Stored, rdb_sha256: str) -> None:
    """What a store has taken is not yet what it gives back. What is encrypted, only its recipients can look into."""
    digest, size = hashlib.sha256(), 0
    with contextlib.ExitStack() as stack:
        unpacked = stack.enter_context(Unpacked(program(node, "zstd"))) if rdb_sha256 else None
        stream = stack.enter_context(store.get(name))
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if unpacked:
                unpacked.write(chunk)
        if Stored(size, digest.hexdigest()) != stored:
            raise Failed(
                "%s was stored with %d bytes, and is read back with %d other ones" % (name, stored.bytes, size)
            )
        if unpacked and unpacked.sha256() != rdb_sha256:
            raise Failed("%s unpacks to something else than what was packed" % name)


class Unpacked:
    """The checksum of what zstd makes of what is written to it."""

    def __init__(self, path: str) -> None:
        self.zstd, self.digest = Program(path, "-q", "-dc"), hashlib.sha256()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self) -> "Unpacked":
        return self

    def __exit__(self, *_: object) -> None:
        self.zstd.end()
        self.reader.join()
        self.zstd.close()

    def read(self) -> None:
        while chunk := os.read(self.zstd.output.fileno(), CHUNK):
            self.digest.update(chunk)

    def write(self, chunk: bytes) -> None:
        try:
            self.zstd.input.write(chunk)
        except BrokenPipeError:
            raise self.zstd.failure() from None

    def sha256(self) -> str:
        with contextlib.suppress(BrokenPipeError):
            self.zstd.input.close()
        self.reader.join()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.zstd.process.wait(BEGINS)
        if self.zstd.process.poll() != 0:
            raise self.zstd.failure()
        return self.digest.hexdigest()


def manifest_of(node: Node, id_: str, name: str, before: Standing, dump: Dump, stored: Stored) -> Manifest:
    facts = dump.check.facts
    version = re.match(rb"[A-Z]+(\d+)", dump.head[:9])
    return Manifest(
        id=id_,
        cluster=node.contents.cluster,
        node=node.name,
        role=role_since(node, before),
        started=iso(began(id_)),
        ended=iso(time.time()),
        object=name,
        bytes=stored.bytes,
        sha256=stored.sha256,
        rdbBytes=dump.size,
        rdbSha256=dump.digest.hexdigest(),
        rdbVersion=int(version[1]) if version else 0,
        redisVersion=facts.get("redis-ver", ""),
        replicationId=facts.get("repl-id", ""),
        offset=int(facts.get("repl-offset", "0")),
        keys=dict(sorted(dump.keys.items(), key=lambda each: int(each[0]))),
        document=node.document,
        recipients=node.contents.backup.recipients if node.contents.backup else [],
    )


def role_since(node: Node, before: Standing) -> str:
    """Asked once more at the end. A node that lost its master meanwhile, or was promoted once it had sent all, has
    dumped one moment all the same, that at which the dump began: so the backup stays. One that is promoted while it
    sends cuts all its replicas off, and with them the dump. A backup is one of a master if the node was one at either
    end.
    """
    with contextlib.suppress(*UNREACHABLE):
        if standing(node, node.endpoint).is_master:
            return "master"
    return before.role
