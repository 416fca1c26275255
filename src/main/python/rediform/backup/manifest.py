"""What is known of a backup. Its manifest is written last: what has none is no backup."""
import calendar
import dataclasses
import io
import json
import re
import time
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from rediform.backup.stored import Store
from rediform.contents import once, read
from rediform.errors import Failed

LARGEST = 1 << 20  # bytes of a manifest or a proof
MANIFEST, PROOF = ".json", ".proof.json"
DATA = (".rdb.zst", ".rdb.zst.age")
ID = re.compile(r"(\d{8}T\d{6}Z)-([a-z0-9][a-z0-9-]*)")
NAME = re.compile("(%s)(%s)" % (ID.pattern, "|".join(map(re.escape, (PROOF, MANIFEST, *reversed(DATA))))))
TIME, TIME_OF_ID = "%Y-%m-%dT%H:%M:%SZ", "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Manifest:
    """Names are those of its JSON."""

    id: str
    cluster: str
    node: str
    role: str  # replica or master
    started: str
    ended: str
    object: str
    bytes: int
    sha256: str  # of the object as it is stored
    rdbBytes: int
    rdbSha256: str
    rdbVersion: int
    redisVersion: str
    replicationId: str  # with `offset`: which writes are in it
    offset: int
    keys: dict[str, int]  # by database
    document: str  # checksum of the node's
    recipients: list[str]

    @property
    def key_count(self) -> int:
        return sum(self.keys.values())


def iso(seconds: float) -> str:
    return time.strftime(TIME, time.gmtime(seconds))


def id_of(node: str, seconds: float) -> str:
    return "%s-%s" % (time.strftime(TIME_OF_ID, time.gmtime(seconds)), node)


def began(id_: str) -> int:
    """When a backup began, in seconds since 1970: its ID says so."""
    return calendar.timegm(time.strptime(id_.partition("-")[0], TIME_OF_ID))


def ids(names: Iterable[str]) -> list[str]:
    """Of what is a backup, oldest first: it has a manifest, and its data is there. Files with other names, which may
    be anybody's, are left alone.
    """
    parts = parts_of(names)
    return sorted(id_ for id_, ends in parts.items() if MANIFEST in ends and not ends.isdisjoint(DATA))


def parts_of(names: Iterable[str]) -> dict[str, set[str]]:
    """The ends of the names that begin with an ID, by ID."""
    found: dict[str, set[str]] = {}
    for name in names:
        matched = NAME.fullmatch(name)
        if matched:
            found.setdefault(matched[1], set()).add(name[len(matched[1]) :])
    return found


def listed(store: Store) -> list[Manifest]:
    """All backups, oldest first. One whose manifest cannot be read is none, and is kept."""
    found = (manifest_of(store, id_) for id_ in ids(store.names()))
    return [manifest for manifest in found if manifest]


def manifest_of(store: Store, id_: str) -> Optional[Manifest]:
    try:
        return parse(text_of(store, id_ + MANIFEST))
    except ValueError:
        return None


def proof_of(store: Store, id_: str) -> Optional[dict[str, Any]]:
    """What a restore of it has shown; None if there was none."""
    try:
        proof = json.loads(text_of(store, id_ + PROOF))
    except ValueError:
        return None
    return proof if isinstance(proof, dict) else None


def text_of(store: Store, name: str) -> str:
    text = bytes_of(store, name)
    if len(text) > LARGEST:
        raise ValueError("%s has more than %d bytes" % (name, LARGEST))
    return text.decode()


def bytes_of(store: Store, name: str) -> bytes:
    """At most one more than may be read."""
    data = b""
    with store.get(name) as stream:
        while chunk := stream.read(LARGEST + 1 - len(data)):
            data += chunk
    return data


def put_text(store: Store, name: str, text: str) -> None:
    """What a store has taken is not yet what it gives back."""
    store.put(name, io.BytesIO(text.encode()))
    found = bytes_of(store, name)
    if found != text.encode():
        raise Failed("%s was stored with %d bytes, and is read back as %d other ones" % (name, len(text), len(found)))


def parse(text: str) -> Manifest:
    """Strict in what it needs; what a later release may have added is left out."""
    found = json.loads(text, object_pairs_hook=once)
    if not isinstance(found, dict):
        raise ValueError("a manifest that is no object")
    known = typing.get_type_hints(Manifest)
    manifest: Manifest = read(Manifest, {name: found[name] for name in known if name in found}, "manifest")
    if manifest.object not in [manifest.id + end for end in DATA]:
        raise ValueError("manifest.object is %s, wanted one of %s" % (manifest.object, manifest.id))
    return manifest


def text(manifest: Manifest) -> str:
    return json.dumps(dataclasses.asdict(manifest), sort_keys=True) + "\n"
