"""What makes this machine what its document says, and its server what was installed."""
import contextlib
import os
import time
from typing import Protocol

from rediform.contents import as_json
from rediform.document import Document
from rediform.errors import Failed
from rediform.health import is_fit
from rediform.local.supervisor import Supervisor
from rediform.machine.secret import fetch
from rediform.machine.setup import facts_of, set_up, texts
from rediform.machine.systemd import Systemd
from rediform.metrics import password
from rediform.places import at
from rediform.settings import take_settings
from rediform.state import Node
from rediform.storage import write

POLL = 0.5  # seconds between two looks at a server that starts
STARTS = 3  # of a server that ends each time: the settings are to blame
COME_BACK = 30  # seconds for a server that did not run before; that it does not is no news


class Host(Protocol):
    """What starts and stops a node's server."""

    def is_active(self) -> bool:
        ...

    def start(self) -> str:
        """What tells one start of the server from the next; empty when it does not run."""

    def restart(self) -> bool:
        """Whether there was something to restart; does not wait for it."""

    def renew(self) -> None:
        """What runs beside the server is started anew, if it runs."""

    def last_line(self) -> str:
        """The last thing that the server said, or where to look for it."""


def host_of(document: Document, node: Node) -> Host:
    if node.is_machine:
        return Systemd(node.kind)
    return Supervisor(document.home)


def install(document: Document) -> None:
    """What is noted before and after makes a run that is killed in the middle one that the next repairs."""
    node = document.node()
    backup = as_json(document.contents.backup)
    facts = facts_of(document.contents, node.places) if node.is_machine else None
    paths = sorted(texts(facts)) if facts else []
    before = document.remembered("installed.json")
    stale = sorted(set(before.get("files", [])) - set(paths))
    document.remember("installed.json", {**before, "startup": None, "files": paths + stale})
    for path in stale:
        with contextlib.suppress(FileNotFoundError):
            os.remove(at(path))
    # A server that starts meanwhile waits for its settings, unless it has those of an earlier document.
    if not node.is_sentinel and not os.path.exists(node.path("settings")):
        write(node.path("settings"), document.live, mode=0o644)
    if facts:
        set_up(facts, lambda: fetch_passwords(node))
    if not node.is_sentinel:
        agent = document.contents.agent
        if before.get("agent") and (before["agent"], before.get("backup")) != (agent, backup):
            host_of(document, node).renew()
        take_settings(node, document.live)
    document.remember(
        "installed.json",
        {"agent": document.contents.agent, "backup": backup, "startup": document.startup(), "files": paths},
    )


def fetch_passwords(node: Node) -> None:
    fetch(node.contents, node.path("secrets"))
    if node.contents.metrics:
        password.renew(node)


def restart(document: Document) -> None:
    """Only what a server was started with counts: it may have been started by hand, or by another document."""
    node = document.node()
    server = host_of(document, node)
    running = server.is_active()
    if running and document.remembered("started.json").get("startup") == document.startup():
        return
    was_fit = running and is_fit(node)
    before, began = server.start(), time.monotonic()
    starts: set[str] = set()
    if not server.restart():
        return
    print("%s: restarts its server" % node.name, flush=True)
    while not starts or not is_fit(node):
        if was_fit and len(starts) > STARTS:
            raise Failed("its server does not start with the new settings: %s" % server.last_line())
        if not was_fit and time.monotonic() - began > COME_BACK:
            print("%s: was not fit before, and is not yet" % node.name, flush=True)
            return
        time.sleep(POLL)
        starts |= {server.start()} - {before, ""}
