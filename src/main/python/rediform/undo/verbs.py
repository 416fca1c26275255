"""What a data node is asked for about its history."""
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Optional

from rediform.backup.manifest import iso
from rediform.errors import Refused
from rediform.redis import until as waited
from rediform.state import Node
from rediform.undo import history
from rediform.undo.aof import Part, begins
from rediform.undo.history import Chain

CHUNK = 1 << 16  # bytes that are in memory at a time
# Seconds after which what was written is in the file: Redis holds it back for up to two while an fsync goes on
# (flushAppendOnlyFile in aof.c), and looks once a second.
FLUSHED = 3
LOOKED = 10.0  # seconds for `attend` to look once more
POLL = 0.1  # seconds


def moments(node: Node) -> None:
    """One line of JSON: from which second to which one each can be had."""
    told = history.told(node)
    found = history.ranges(node) if told else []
    reason = told["reason"] if told else "no history is kept on it: backup.undo is 0, or it has no backups or no AOF"
    print(json.dumps({"now": int(time.time()), "ranges": found, "reason": reason}), flush=True)


def send(node: Node, at: int, only_check: bool) -> None:
    """One line of JSON that names files in the order in which they are loaded, and then what they hold. The last ones
    may go on after that second: who has them cuts them off (redis-check-aof --truncate-to-timestamp).
    """
    if at >= time.time():
        raise Refused("%s is not over yet; it is %s by this node's clock" % (iso(at), iso(time.time())))
    waited(LOOKED, lambda: at <= history.seen_until(node) and at + FLUSHED <= time.time(), POLL)
    chain = chain_of(node, at)
    with contextlib.ExitStack() as stack:
        files: list[tuple[Part, BinaryIO, int]] = []
        try:
            for part in wanted(chain, at):
                opened = stack.enter_context(open(chain.file(part), "rb"))
                files.append((part, opened, os.fstat(opened.fileno()).st_size))
        except FileNotFoundError:
            raise Refused("its history has changed just now; try again") from None
        names = [{**part._asdict(), "bytes": size} for part, _, size in files]
        out = sys.stdout.buffer
        out.write(json.dumps({"node": node.name, "at": at, "from": chain.from_, "files": names}).encode() + b"\n")
        for _, file, size in [] if only_check else files:
            copy(file, out, size)
        out.flush()


def chain_of(node: Node, at: int) -> Chain:
    """The newest whose base is not of a later second."""
    before = [chain for chain in history.chains(node) if chain.from_ <= at]
    if before:
        until = before[-1].until
        if at <= (history.seen_until(node) if until is None else until):
            return before[-1]
    found = ["%s to %s" % (iso(first), iso(last)) for first, last in history.ranges(node)]
    raise Refused("it has no history of %s; it has: %s" % (iso(at), ", ".join(found) or "none"))


def wanted(chain: Chain, at: int) -> list[Part]:
    """Without files that begin after that second: redis-check-aof only cuts in the last one."""
    found = []
    for part in chain.parts:
        first = begins(chain.file(part)) if part.type == "i" else None
        if first is not None and first > at:
            break
        found.append(part)
    return found


def copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        chunk = source.read(min(size, CHUNK))
        if not chunk:
            raise OSError("a file of the AOF became shorter while it was read")
        target.write(chunk)
        size -= len(chunk)


def verb(name: str, at: Optional[int], only_check: bool) -> Callable[[Node], None]:
    """What a verb does, with the words that it needs."""
    if name == "moments":
        return moments
    if at is None:
        raise Refused("history needs --at SECONDS")
    return partial(send, at=at, only_check=only_check)
