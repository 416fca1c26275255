"""What a data node is asked for about backups."""
import base64
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Optional

from rediform.backup import keep, note, turn
from rediform.backup.manifest import (
    LARGEST,
    PROOF,
    Manifest,
    began,
    ids,
    iso,
    listed,
    manifest_of,
    proof_of,
    put_text,
)
from rediform.backup.store import place_of, section_of, store_of
from rediform.backup.stored import CHUNK, Store
from rediform.backup.take import say, take
from rediform.backup.tick import tick
from rediform.contents import once
from rediform.errors import Failed, Refused
from rediform.redis import RedisError
from rediform.state import Node

SKEW = 60  # seconds that another node's clock may be ahead
ENDS = (signal.SIGTERM, signal.SIGHUP)


def backup(node: Node) -> None:
    """Takes a backup if one is due and it is this node's turn. What is not its turn is no failure."""
    with noting(node):
        store, now = store_of(node), time.time()
        names = store.names()
        newest = newest_of(node, store, names, now)
        if newest and now - began(newest) < section_of(node).everySeconds:
            say(node, "no backup is due: the newest is %s" % newest)
            return
        found = turn.standings(node)
        running, mine = turn.dumping(node, found), turn.chosen(found, rounds(node, newest, now))
        if running:
            say(node, "takes no backup: %s already takes one" % running[0])
        elif mine != node.endpoint:
            say(node, "takes no backup: %s" % ("%s does" % mine if mine else "no data node is fit for it"))
        else:
            try:
                finish(node, store, take(node, store, now, ids(names)))
            except Refused as refused:
                say(node, "takes no backup: %s" % refused)


def rounds(node: Node, newest: Optional[str], now: float) -> int:
    """How many nodes had their time to take the backup that is due: each has it for two questions."""
    every = section_of(node).everySeconds
    if newest:
        due: float = began(newest) + every
    else:
        due = node.remembered("backups").get("due", now)
        node.remember("backups", due=due)
    return int(max(0, now - due) // (2 * tick(every)))


def backup_now(node: Node) -> None:
    """Takes one, whoever's turn it is."""
    with noting(node):
        store = store_of(node)
        known = ids(store.names())
        running = turn.dumping(node, turn.standings(node))
        if running:
            raise Refused("%s already takes a backup; wait for its end" % running[0])
        finish(node, store, take(node, store, time.time(), known))


def finish(node: Node, store: Store, manifest: Manifest) -> None:
    """Those that are too old go once there is a new one."""
    node.remember("backups", last=note.of(manifest), failure=None)
    try:
        for gone in keep.sweep(store, section_of(node), time.time(), manifest.id):
            say(node, "removed %s" % gone)
    except Failed as failed:
        raise Failed("backup %s is complete, but old ones could not be removed: %s" % (manifest.id, failed)) from failed
    print("backup %s: %d keys, %d bytes" % (manifest.id, manifest.key_count, manifest.bytes), flush=True)


class noting:
    """What ends a backup is noted until a later one succeeds, on whatever node. Who ends this program ends it in order,
    so that what was set is put back.
    """

    def __init__(self, node: Node) -> None:
        self.node = node

    def __enter__(self) -> None:
        section_of(self.node)
        for end in ENDS:
            signal.signal(end, lambda *_: sys.exit("%s: interrupted; there is no backup" % self.node.name))

    def __exit__(self, _: object, error: Optional[BaseException], __: object) -> None:
        if isinstance(error, (Failed, OSError, ValueError, KeyError, RedisError)):
            reason = str(error) if isinstance(error, Failed) else "%s: %s" % (type(error).__name__, error)
            with contextlib.suppress(OSError):  # a disk that is full may be the reason
                self.node.count("backup_failures")
                self.node.remember("backups", failure={"at": iso(time.time()), "reason": reason})


def newest_of(node: Node, store: Store, names: list[str], now: float) -> Optional[str]:
    """ID of the newest backup, which is noted. One of a clock that is far ahead counts when its time has come."""
    note.there_are_some_since(node, now)
    known = [id_ for id_ in ids(names) if began(id_) <= now + SKEW]
    if not known:
        return None
    note.there_are_some_since(node, began(known[0]))
    note_proof(node, store, [id_ for id_ in known if id_ + PROOF in names])
    last = note.last(node)
    if not last or last["id"] != known[-1]:
        manifest = manifest_of(store, known[-1])
        last = note.of(manifest) if manifest else None
    node.remember("backups", last=last, failure=note.failure_since(node, last))
    return known[-1]


def note_proof(node: Node, store: Store, proven: list[str]) -> None:
    """Notes the proof of the newest backup that has one."""
    before = node.remembered("backups").get("proof")
    if proven and (not before or before["id"] != proven[-1]):
        found = proof_of(store, proven[-1])
        node.remember("backups", proof=note.of_proof(proven[-1], found) if found else None)


def backups(node: Node) -> None:
    """Prints all that there are."""
    store = store_of(node)
    names = set(store.names())
    found = listed(store)
    rows = [{**vars(each), "proof": proof_of(store, each.id) if each.id + PROOF in names else None} for each in found]
    failure = note.failure_since(node, note.of(found[-1]) if found else None)
    print(json.dumps({"place": place_of(node, store), "backups": rows, "failure": failure}), flush=True)


def object_of(node: Node, id_: str) -> None:
    """Writes the data of a backup to standard output, as it is stored."""
    store = store_of(node)
    with store.get(known(store, id_).object) as stream:
        while chunk := stream.read(CHUNK):
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def proof(node: Node, id_: str, text: str) -> None:
    """Keeps what a restore of a backup has shown."""
    store = store_of(node)
    try:
        # Where the way to this node has a shell, as ssh does, quotes and braces do not arrive: it comes as base64.
        plain = text if text.startswith("{") else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        found = json.loads(plain, object_pairs_hook=once)
    except ValueError as error:
        raise Refused("the proof is no JSON: %s" % error) from error
    if not isinstance(found, dict) or found.get("id") != id_ or len(text) > LARGEST:
        raise Refused("the proof is not one of backup %s: wanted an object with its id" % id_)
    known(store, id_)
    put_text(store, id_ + PROOF, json.dumps(found, sort_keys=True) + "\n")
    node.remember("backups", proof=note.of_proof(id_, found))


def known(store: Store, id_: str) -> Manifest:
    manifest = manifest_of(store, id_) if id_ in ids(store.names()) else None
    if not manifest:
        raise Refused("there is no backup %s; those that there are: the verb backups" % id_)
    return manifest


def verb(name: str, now: bool, id_: Optional[str], text: Optional[str]) -> Callable[[Node], None]:
    """What a verb does, with the words that it needs."""
    if name == "backup":
        return backup_now if now else backup
    if name == "backups":
        return backups
    if name == "object" and id_:
        return partial(object_of, id_=id_)
    if name == "proof" and id_ and text:
        return partial(proof, id_=id_, text=text)
    raise Refused("%s needs --id%s" % (name, "" if name == "object" else " and --text"))
