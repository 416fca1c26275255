"""Keeps the history of a server's AOF: `attend` looks often, and links what Redis is about to remove."""
import contextlib
import json
import os
import shutil
import time
from typing import NamedTuple, Optional

from rediform.contents import Undo
from rediform.redis import Connection
from rediform.state import Node
from rediform.storage import write
from rediform.undo import history
from rediform.undo.aof import Part, moment, parts
from rediform.undo.history import MANIFEST, UNFINISHED, Chain

LOOK = 1.0  # seconds between two looks: what comes and goes between them is a gap
TRIES = 3  # times that a manifest is read again whose files are gone by then

NO_TIMESTAMPS = "its AOF has no timestamps (aof-timestamp-enabled)"
NO_AOF = "its server writes no AOF"
NO_DISK = "less is free on its disk than a rewrite of the AOF may take"
NO_ROOM = "there is room for %d MB of history on its disk (backup.undo)"


class Live(NamedTuple):
    """What a server writes."""

    folder: str
    parts: list[Part]
    is_written: bool  # whether all that the cluster does goes into these files now
    is_timed: bool
    run: str  # of this server since it was started
    token: str  # the same as long as its data did not come from elsewhere; empty when that cannot be told
    started: int  # when the server was started; seconds since 1970

    def file(self, part: Part) -> str:
        return os.path.join(self.folder, part.file)


def keep(node: Node, redis: Connection) -> None:
    """One look. What it could not keep, the history does not have: it says so itself."""
    section = history.section_of(node)
    if not section:
        shutil.rmtree(history.folder_of(node), ignore_errors=True)
        return
    os.makedirs(history.folder_of(node), mode=0o700, exist_ok=True)
    for _ in range(TRIES):
        now = int(time.time())
        live = live_of(node, redis)
        with contextlib.suppress(FileNotFoundError):  # Redis removed it after the manifest was read
            link(node, live, now)
            break
    prune(node, section, live, now)


def live_of(node: Node, redis: Connection) -> Live:
    """The manifest is read last, so it is not older than what the server says."""
    config = redis.fields("CONFIG", "GET", "aof-timestamp-enabled", "appenddirname", "appendfilename")
    folder = os.path.join(node.path("data"), config["appenddirname"])
    # There while a server that was sent another data set writes its first base (AOF_WAIT_REWRITE in aof.c).
    temporary = os.path.join(folder, "temp-%s.incr" % config["appendfilename"])
    waits = os.path.exists(temporary)
    info = redis.fields("INFO", "server", "replication", "persistence")
    is_replica = info["role"] == "slave"
    link = str(redis.ask("CLIENT", "LIST", "TYPE", "MASTER")) if is_replica else ""
    # A new number, but for a link that goes on where it broke off; a restore gives a master another history.
    source = link.split(" ")[0] if is_replica else info["master_replid"]
    # A replica without a link does not have what its master does, nor a master that hears of no replica what another
    # does that was promoted meanwhile.
    is_written = (
        info["aof_enabled"] == "1"
        and info["loading"] == "0"
        and info["aof_last_write_status"] == "ok"
        and not (waits or os.path.exists(temporary))
        and info["aof_rewrite_scheduled"] == "0"
        and (info["master_link_status"] == "up" if is_replica else info.get("min_slaves_good_slaves") != "0")
    )
    return Live(
        folder,
        parts(os.path.join(folder, config["appendfilename"] + ".manifest")),
        is_written,
        config["aof-timestamp-enabled"] == "yes",
        info["run_id"],
        "%s %s" % (info["role"], source) if source else "",
        int(time.time()) - int(info["uptime_in_seconds"]),
    )


def link(node: Node, live: Live, now: int) -> None:
    """Brings the history up to what the server has now."""
    kept, seen, until = history.chains(node), history.seen(node), history.seen_until(node)
    # The last look was in the second after `until`. What is left of that may be in files that came since.
    unfinished = [chain for chain in kept if chain.until in (None, until + 1)]
    if not live.is_timed or not live.parts:
        end(unfinished, until)
        reason = NO_AOF if live.is_timed else NO_TIMESTAMPS
        write(os.path.join(history.folder_of(node), history.SEEN), json.dumps({"reason": reason}))
        return
    since = seen.get("since") or now + 1
    current = kept[-1] if kept and kept[-1].is_live else None
    is_known = bool(kept) and same(live.file(live.parts[0]), kept[-1].file(kept[-1].parts[0]))
    goes_on = live.is_written and seen.get("isWritten") and seen.get("run") == live.run
    if is_known:
        extend(unfinished, live)
    if is_known and live.is_written and not (current and goes_on):
        if not goes_on:  # while it was down, or had no link, others may have gone on
            end(unfinished, until)
        begin(node, live, now)
    elif not is_known:
        first = moment(live.file(live.parts[0]))
        from_ = max(live.started if first is None else first, since - 1) + 1
        if kept and goes_on and follows(kept[-1], live, live.token == seen.get("token") and bool(live.token)):
            extend(unfinished, live)
            end(unfinished, from_ - 1)
        else:
            end(unfinished, until)
        begin(node, live, from_)
    facts: dict[str, object] = {
        **seen,
        "isWritten": live.is_written,
        "reason": None,
        "run": live.run,
        "since": since,
        "token": live.token,
    }
    look_ended(node, facts, now - 1 if live.is_written else until)


def look_ended(node: Node, facts: dict[str, object], until: int) -> None:
    """Up to that second all is in the AOF. The time of a file is written without waiting for the disk: after a loss of
    power the history ends somewhat earlier.
    """
    path = os.path.join(history.folder_of(node), history.SEEN)
    if facts != history.seen(node):
        write(path, json.dumps(facts, sort_keys=True))
    os.utime(path, (until, until))


def follows(chain: Chain, live: Live, is_same: bool) -> bool:
    """Whether the new base is a rewrite of the last one and of what came after it. After a full resync it is not,
    although the numbers go on. `is_same`: no other data set came in between.
    """
    if len(live.parts) < 2 or live.parts[0].seq != chain.parts[0].seq + 1:
        return False
    last, first = chain.parts[-1], live.parts[1]
    if last.type == "i" and same(live.file(first), chain.file(last)):
        return True
    return is_same and first.seq == last.seq + 1


def same(live: str, kept: str) -> bool:
    return os.path.samestat(os.stat(live), os.stat(kept))


def begin(node: Node, live: Live, from_: int) -> None:
    folder = history.folder_of(node)
    inode = os.stat(live.file(live.parts[0])).st_ino
    finished = os.path.join(folder, "%010d-%d" % (from_, inode))
    unfinished = finished + UNFINISHED
    for left in (finished, unfinished):
        shutil.rmtree(left, ignore_errors=True)
    os.mkdir(unfinished, 0o700)
    for part in live.parts:
        os.link(live.file(part), os.path.join(unfinished, part.file))
    write(os.path.join(unfinished, MANIFEST), "".join(part.line() for part in live.parts))
    history.note(unfinished, from_, None)
    os.rename(unfinished, finished)


def extend(chains: list[Chain], live: Live) -> None:
    """A rewrite begins a new file before it has a new base; one that fails leaves it."""
    for chain in chains:
        new = [part for part in live.parts if part.type == "i" and part.seq > chain.parts[-1].seq]
        for part in new:
            with contextlib.suppress(FileExistsError):  # a run that was killed has linked it
                os.link(live.file(part), chain.file(part))
        if new:
            write(os.path.join(chain.path, MANIFEST), "".join(part.line() for part in chain.parts + new))


def end(chains: list[Chain], until: int) -> None:
    """No chain has more than that second."""
    for chain in chains:
        if until < chain.from_:
            shutil.rmtree(chain.path)
        else:
            history.note(chain.path, chain.from_, until)


def prune(node: Node, section: Undo, live: Live, now: int) -> None:
    """Removes what is too old, and more where there is no room. What the server still has takes no room."""
    kept = history.chains(node)
    for name in os.listdir(history.folder_of(node)):
        if name.endswith(UNFINISHED):
            shutil.rmtree(os.path.join(history.folder_of(node), name), ignore_errors=True)
    old = [chain for chain in kept if chain.until is not None and chain.until < now - section.seconds]
    rest = [chain for chain in kept if chain.until is not None and chain not in old]
    reason = None
    if rest and is_nearly_full(node, live):
        old, rest, reason = old + rest, [], NO_DISK
    while rest and room(rest, live) > section.bytes:
        old.append(rest.pop(0))
        reason = NO_ROOM % (section.bytes >> 20)
    for chain in old:
        history.discard(chain)
    shortened(node, reason, now - section.seconds)


def shortened(node: Node, reason: Optional[str], oldest: int) -> None:
    """Notes why the history is shorter than it should be, for as long as it is."""
    facts = history.seen(node)
    found = history.ranges(node)
    is_long = bool(found) and found[-1][0] <= oldest
    wanted = reason or (None if is_long else facts.get("shortened"))
    if facts and facts.get("shortened") != wanted:
        look_ended(node, {**facts, "shortened": wanted}, history.seen_until(node))


def sizes(files: list[str]) -> dict[int, int]:
    """Bytes of each file by its inode: one that has two names takes its room once."""
    found = {}
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            facts = os.stat(file)
            found[facts.st_ino] = facts.st_size
    return found


def room(kept: list[Chain], live: Live) -> int:
    """Bytes that are only there for the history."""
    mine = sizes([chain.file(part) for chain in kept for part in chain.parts])
    servers = sizes([live.file(part) for part in live.parts])
    return sum(size for inode, size in mine.items() if inode not in servers)


def is_nearly_full(node: Node, live: Live) -> bool:
    """A rewrite writes the base anew, which is at most what the AOF takes: its base and what was written since."""
    return shutil.disk_usage(node.path("data")).free < sum(sizes([live.file(part) for part in live.parts]).values())
