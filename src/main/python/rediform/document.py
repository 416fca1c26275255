"""What one document says, and what the bootstrap wrote down beside it."""
import contextlib
import json
import os
from typing import Any, Optional

from rediform.contents import Contents, as_json, parse
from rediform.places import HOME, at
from rediform.state import Node
from rediform.storage import read_json, read_lines, write


class Document:
    """A document, and where it lies: PLACE/SHA.json."""

    def __init__(self, path: str) -> None:
        self.place = os.path.dirname(os.path.abspath(path))
        self.sha = os.path.basename(path)[: -len(".json")]
        with open(path, encoding="utf-8") as file:
            self.contents: Contents = parse(file.read())
        # A node in a folder has its documents there, too.
        self.home = at(HOME) if self.contents.machine else os.path.dirname(self.place)
        self.live = "".join("%s %s\n" % pair for pair in sorted(self.contents.live.items()))

    def startup(self) -> object:
        """What its server only learns when it starts, as it is noted on the disk."""
        return as_json(self.contents.startup)

    def state(self, name: str) -> str:
        """A file that outlives documents."""
        return os.path.join(os.path.dirname(self.place), name)

    def node(self) -> Node:
        """The node that it makes."""
        return Node(self.contents, self.home, self.sha)

    def will_change(self) -> None:
        """As of a node: called before anything changes."""

    def remembered(self, name: str) -> dict[str, Any]:
        return read_json(self.state(name))

    def remember(self, name: str, facts: dict[str, object]) -> None:
        self.will_change()
        write(self.state(name), json.dumps(facts, sort_keys=True) + "\n")

    def link(self, name: str) -> Optional[str]:
        """Checksum of the document that a link of the bootstrap's names, or None."""
        with contextlib.suppress(OSError):
            return os.readlink(os.path.join(self.place, name)).replace(".json", "")
        return None

    def said(self, name: str) -> Optional[dict[str, str]]:
        """Checksum and reason that the bootstrap wrote down."""
        lines = read_lines(os.path.join(self.place, name))
        sha, _, reason = (lines or [""])[0].partition(" ")
        return {"document": sha, "reason": reason} if reason else None
