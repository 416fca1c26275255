"""What a document says. Java writes it (stacks.node.NodeDocument); it is read strictly, since its agent is of the same
release: a name too many, one too few or a value of another type is an error.
"""
import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Any, Literal, Optional, TypeVar

Kind = Literal["redis", "sentinel"]
Layout = Literal["machine", "process"]
T = TypeVar("T")


@dataclass(frozen=True)
class Allow:
    """A network that may open TCP connections to a port."""

    from_: str
    port: int


@dataclass(frozen=True)
class Source:
    """An archive of Redis's source: the folder that has redis-VERSION.tar.gz, and the archive's checksum."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Startup:
    """What a server only learns when it starts: with anything else it restarts."""

    version: str  # of Redis that is built from source; empty for Debian's package
    directives: dict[str, str]  # of redis.conf or sentinel.conf, with values as they stand there
    users: dict[str, str]  # what each may do, in an ACL's words; {NAME} stands for a password
    monitor: dict[str, str]  # master-name, and what Sentinel keeps of it; milliseconds; empty for a data node


@dataclass(frozen=True)
class Machine:
    """What makes a bare machine into a node."""

    disk: str  # the agent reads the disk itself; a larger one is another document
    keys: list[str]  # of operators, as in authorized_keys
    region: str
    secret: str
    source: Optional[Source]


@dataclass(frozen=True)
class Undo:
    """The history that each data node keeps of its own."""

    bytes: int  # that it may take on the disk
    seconds: int  # how far back it goes


@dataclass(frozen=True)
class Backup:
    """How the data is backed up."""

    everySeconds: int  # from the start of one to the start of the next
    keepDays: int  # for as long each is kept
    keepLast: int  # as many of the newest are kept
    place: str  # s3://BUCKET/PREFIX, or a folder, absolute or relative to the node's home
    recipients: list[str]  # public age keys; none: not encrypted
    undo: Optional[Undo]  # None where no history is kept


@dataclass(frozen=True)
class Metrics:
    """The exporters. `allow` says who may ask them."""

    nodePort: int  # of the exporter of the machine
    proofEverySeconds: Optional[int]  # how old the newest proof of a restore may be; None for a Sentinel
    redisPort: int  # of the exporter of the server


@dataclass(frozen=True)
class Contents:
    """All that a document says. Lists and maps are never changed."""

    address: str
    agent: str  # checksum of the agent that understands it
    allow: list[Allow]
    backup: Optional[Backup]  # None for a Sentinel, and where backups are off
    cluster: str
    downAfterMilliseconds: int
    firstMaster: str  # endpoint
    kind: Kind
    layout: Layout
    live: dict[str, str]  # directives that Redis takes while it runs
    machine: Optional[Machine]
    masterName: str
    metrics: Optional[Metrics]  # None where there are no exporters
    name: str
    port: int
    redisSeeds: list[str]  # endpoints
    sentinelSeeds: list[str]
    startup: Startup


def parse(text: str) -> Contents:
    """Reads a document; ValueError says what is wrong with it, and where."""
    contents: Contents = read(Contents, json.loads(text, object_pairs_hook=once), "document")
    if (contents.layout == "machine") != (contents.machine is not None):
        raise ValueError("document: machine does not fit layout %s" % contents.layout)
    return contents


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two values the one that is read need not be the one that was reviewed."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name stands twice: %s" % ", ".join(sorted(names)))
    return dict(pairs)


def as_json(value: object) -> Any:
    """The same as JSON's own types, as it was read."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name.rstrip("_"): as_json(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, list) else value


def read(wanted: Any, found: object, place: str) -> Any:
    """A value of a type that a document has, made of JSON's types."""
    origin, parts = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Union:  # Optional
        return None if found is None else read(parts[0], found, place)
    if origin is Literal:
        return checked(found, found in parts, place, "one of %s" % ", ".join(parts))
    if origin is list:
        checked(found, isinstance(found, list), place, "a list")
        return [
            read(parts[0], each, "%s[%d]" % (place, at)) for at, each in enumerate(typing.cast(list[object], found))
        ]
    if origin is dict:
        checked(found, isinstance(found, dict), place, "an object")
        return {
            name: read(parts[1], each, place + "." + name)
            for name, each in typing.cast(dict[str, object], found).items()
        }
    if dataclasses.is_dataclass(wanted):
        return read_object(wanted, checked(found, isinstance(found, dict), place, "an object"), place)
    return checked(found, type(found) is wanted, place, "of type " + wanted.__name__)


def read_object(wanted: Any, found: Any, place: str) -> Any:
    fields = {name.rstrip("_"): (name, each) for name, each in typing.get_type_hints(wanted).items()}
    wrong = sorted(set(fields) ^ set(found))
    if wrong:
        which = "lacks" if wrong[0] in fields else "has what no document has:"
        raise ValueError("%s %s %s" % (place, which, wrong[0]))
    return wanted(**{name: read(each, found[key], place + "." + key) for key, (name, each) in fields.items()})


def checked(found: T, is_right: bool, place: str, wanted: str) -> T:
    if not is_right:
        raise ValueError("%s is %s, wanted %s" % (place, json.dumps(found), wanted))
    return found
