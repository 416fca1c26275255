"""The history that a data node keeps: chains of a base and what was written since, as hard links.

FOLDER/seen.json             what the last look found; its time is the last second up to which all is in the AOF
FOLDER/SECOND-INODE/         a chain: it has the data of each second from `from` to `until`
    manifest, note.json      which file follows which; {from, until}, and until is null for the AOF that is written to
"""
import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import Any, Optional

from rediform.backup.manifest import iso
from rediform.contents import Undo
from rediform.state import Node
from rediform.storage import read_json, write
from rediform.undo.aof import Part, parts

MANIFEST, NOTE, SEEN, UNFINISHED = "manifest", "note.json", "seen.json", ".new"


@dataclass(frozen=True)
class Chain:
    """A base, and what was written since."""

    path: str
    parts: list[Part]
    from_: int  # seconds since 1970
    until: Optional[int]

    @property
    def is_live(self) -> bool:
        return self.until is None

    def file(self, part: Part) -> str:
        return os.path.join(self.path, part.file)


def section_of(node: Node) -> Optional[Undo]:
    """None where no history is kept."""
    return node.contents.backup.undo if node.contents.backup else None


def folder_of(node: Node) -> str:
    """On the AOF's volume, as links must be."""
    return node.path("undo")


def chains(node: Node) -> list[Chain]:
    """The oldest first."""
    folder, found = folder_of(node), []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if not os.path.isdir(path):
            continue
        note, files = read_json(os.path.join(path, NOTE)), parts(os.path.join(path, MANIFEST))
        if note and files and not name.endswith(UNFINISHED):
            found.append(Chain(path, files, note["from"], note["until"]))
    return sorted(found, key=lambda chain: (chain.from_, chain.parts[0].seq))


def spare(node: Node) -> int:
    """Bytes that are there for what is past alone: files that the server has no more."""
    return sum(bytes_of(chain) for chain in chains(node) if not chain.is_live)


def bytes_of(chain: Chain) -> int:
    found = 0
    for part in chain.parts:
        with contextlib.suppress(FileNotFoundError):  # `attend` prunes meanwhile
            facts = os.stat(chain.file(part))
            found += facts.st_size if facts.st_nlink == 1 else 0
    return found


def give_way(node: Node, wanted: int) -> None:
    """The oldest of what is past goes, until as many bytes are free on its disk."""
    for chain in chains(node):
        if chain.is_live or shutil.disk_usage(folder_of(node)).free >= wanted:
            return
        discard(chain)


def discard(chain: Chain) -> None:
    """As a whole, or not at all."""
    with contextlib.suppress(FileNotFoundError):
        os.rename(chain.path, chain.path + UNFINISHED)
    shutil.rmtree(chain.path + UNFINISHED, ignore_errors=True)


def note(chain: str, from_: int, until: Optional[int]) -> None:
    write(os.path.join(chain, NOTE), json.dumps({"from": from_, "until": until}) + "\n")


def seen_until(node: Node) -> int:
    """The last second that is in the AOF for certain; 0 where none is."""
    path = os.path.join(folder_of(node), SEEN)
    return int(os.path.getmtime(path)) if os.path.exists(path) else 0


def seen(node: Node) -> dict[str, Any]:
    return read_json(os.path.join(folder_of(node), SEEN))


def ranges(node: Node) -> list[tuple[int, int]]:
    """From which second to which one each can be had. What is between two is a gap."""
    joined: list[tuple[int, int]] = []
    now = seen_until(node)
    for chain in chains(node):
        until = now if chain.until is None else chain.until
        if until < chain.from_:
            continue
        if joined and chain.from_ <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((chain.from_, until))
    return joined


def told(node: Node) -> Optional[dict[str, object]]:
    """For `health`: from when on each second can be had, or why none can; and why it is no more. None where that is
    switched off.
    """
    section = section_of(node)
    if not section:
        return None
    found, facts = ranges(node), seen(node)
    if not found or not chains(node)[-1].is_live:
        return {"since": None, "reason": facts.get("reason") or facts.get("shortened") or "it has kept no AOF yet"}
    return {"since": iso(found[-1][0]), "reason": facts.get("shortened")}
