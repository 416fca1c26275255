"""Redis's AOF in several files: what its manifest names, and since when each holds something (aof.c of Redis 7.0)."""
import contextlib
import re
import shlex
from typing import BinaryIO, NamedTuple, Optional

from rediform.storage import read_lines

ANNOTATION = re.compile(rb"#TS:(\d{1,19})\r\n")  # before the first command of each second in which there is one
LONGEST_ANNOTATION = 1024  # bytes: AOF_ANNOTATION_LINE_MAX_LEN
AUX = b"\xfa"  # rdb.h: a field about the dump itself; those come first
LONGEST_AUX = 1024  # bytes; a name or value that is longer is none of those that are wanted


class Part(NamedTuple):
    """A file of an AOF."""

    file: str
    seq: int
    type: str  # b: base, i: what was written since

    def line(self) -> str:
        return "file %s seq %d type %s\n" % self


def parts(manifest: str) -> list[Part]:
    """What a server loads, in this order; nothing where there is no manifest, or one of another form."""
    found = []
    with contextlib.suppress(KeyError, ValueError):
        for line in read_lines(manifest):
            words = shlex.split(line, comments=True)
            named = dict(zip(words[::2], words[1::2]))
            if named and named["type"] in ("b", "i"):
                found.append(Part(named["file"], int(named["seq"]), named["type"]))
        bases = [part for part in found if part.type == "b"]
        return bases + [part for part in found if part.type == "i"] if len(bases) == 1 else []
    return []


def begins(path: str) -> Optional[int]:
    """The second in which a file's first command was run, if the file begins with it."""
    with open(path, "rb") as file:
        found = ANNOTATION.match(file.read(LONGEST_ANNOTATION))
    return int(found[1]) if found else None


def moment(base: str) -> Optional[int]:
    """The second before the first one whose writes are all in a base, or in what was written since, by the clock that
    the child of a rewrite read when it began. The fork may have been a second earlier, where the child waited for the
    processor, or some milliseconds after that second: Redis dates its writes with gettimeofday, the child its file with
    time(2), which Linux moves on at its next tick. None for a base that no rewrite made, such as a dump that stands
    in for one.
    """
    with open(base, "rb") as file:
        if file.read(5) != b"REDIS":
            return begins(base)
        file.read(4)
        facts = {}
        while file.read(1) == AUX:
            name, value = text(file), text(file)
            if name is None or value is None:
                break
            facts[name] = value
    return int(facts["ctime"]) if facts.get("aof-base") == "1" and facts.get("ctime", "").isdigit() else None


def text(file: BinaryIO) -> Optional[str]:
    """A string of an RDB file, which may be written as an integer."""
    first = int.from_bytes(file.read(1), "big")
    kind, low = first >> 6, first & 63
    if kind == 3:  # 8, 16 or 32 bits; 3 is a compressed string
        return str(int.from_bytes(file.read(1 << low), "little", signed=True)) if low < 3 else None
    if kind == 1:
        low = low << 8 | int.from_bytes(file.read(1), "big")
    elif kind == 2:
        low = int.from_bytes(file.read(4), "big") if first == 0x80 else LONGEST_AUX + 1
    return file.read(low).decode(errors="replace") if low <= LONGEST_AUX else None
