"""Whether a document and its agent will do, tried beside what runs; nothing is changed."""
import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable

from rediform.conf import live_settings, words_of
from rediform.document import Document
from rediform.redis import Connection, Reply
from rediform.settings import another_server
from rediform.state import Node
from rediform.storage import write

Perform = Callable[[str, Document], int]  # does a verb as it is done for a node's units; returns its exit code


def check(document: Document, perform: Perform) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = os.path.join(folder, "settings.conf")
        write(settings, document.live)
        rehearsing = RehearsingDocument(document, settings)
        node = rehearsing.node()
        if not node.is_sentinel and has_server(node):
            with another_server(node) as other:
                other.ask("CONFIG", "SET", *words_of(live_settings(node)))
        return rehearse(rehearsing, perform) if os.path.exists(node.path("secrets")) else 0


def has_server(node: Node) -> bool:
    """Whether there is a server to try the settings with: before a machine's first set-up there is none."""
    if not node.is_machine:
        return True
    found = subprocess.run(
        ["sh", "-c", "command -v redis-server && id %s" % node.user], capture_output=True, check=False
    )
    return found.returncode == 0


# ---------------------------------------------------------------- the rehearsal


class Enough(BaseException):
    """A rehearsal has come to where something would change. Nothing catches it but who holds the rehearsal."""


class AskingOnly(Connection):
    """Tells no server anything, even if whoever has it forgot to say that it will."""

    QUESTIONS = ("AUTH", "INFO", "PING", "ROLE", "TIME")
    ORDERS = ("FAILOVER", "RESET", "MONITOR", "SET", "REMOVE")  # of SENTINEL

    def ask(self, *words: object) -> Reply:
        of_sentinel = words[0] == "SENTINEL" and words[1] not in self.ORDERS
        if words[0] in self.QUESTIONS or words[:2] == ("CONFIG", "GET") or of_sentinel:
            return super().ask(*words)
        raise Enough


class RehearsingNode(Node):
    """The node as this document makes it, with live settings that were not installed."""

    connection = AskingOnly

    def __init__(self, document: Document, settings: str) -> None:
        super().__init__(document.contents, document.home)
        self.settings = settings

    def path(self, name: str) -> str:
        return self.settings if name == "settings" else super().path(name)

    def will_change(self) -> None:
        raise Enough


class RehearsingDocument(Document):
    """The document, with a file that has its live settings."""

    def __init__(self, document: Document, settings: str) -> None:
        super().__init__(os.path.join(document.place, document.sha + ".json"))
        self.settings = settings

    def node(self) -> Node:
        return RehearsingNode(self, self.settings)

    def will_change(self) -> None:
        raise Enough


def rehearse(document: Document, perform: Perform) -> int:
    """Start-gate, handover and volume of this agent, asked for as their units do and up to where they would change
    anything: else an agent that fails there would be found out when its server stops the next time, and cannot start.
    Returns the exit code of one that fails.
    """
    for verb in ("start-gate", "handover", *(["volume"] if document.node().volume else [])):
        with contextlib.suppress(Enough):
            code = perform(verb, document)
            if code:
                return code
    return 0
