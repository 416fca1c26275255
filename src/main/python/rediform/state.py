"""The node and what it has on disk."""
import contextlib
import fcntl
import json
import os
from collections.abc import Callable
from typing import Any, Optional

from rediform.contents import Contents
from rediform.places import USER, at, places
from rediform.redis import ASK_TIMEOUT, FULL, Connection, RedisError
from rediform.storage import read_json, write

NO_VOLUME = "no volume is mounted at %s; why: journalctl -u rediform-volume"


class Node:
    """This node: what its document says, and what it has on disk."""

    connection: Callable[..., Connection] = Connection  # how it asks; a rehearsal has another one

    def __init__(self, contents: Contents, home: str, document: str = "") -> None:
        self.contents, self.home, self.document = contents, home, document  # the last is the document's checksum
        self.name, self.kind = contents.name, contents.kind
        self.is_sentinel = contents.kind == "sentinel"
        self.is_machine = contents.machine is not None  # elsewhere the server runs as whoever started it
        self.user = USER if self.is_machine else ""
        self.volume = self.is_machine and not self.is_sentinel
        self.address, self.port = contents.address, contents.port
        self.endpoint = "%s:%d" % (self.address, self.port)
        self.master_name, self.first_master = contents.masterName, contents.firstMaster
        self.redis_seeds, self.sentinel_seeds = contents.redisSeeds, contents.sentinelSeeds
        self.down_after = contents.downAfterMilliseconds / 1000  # seconds
        self.places = places(contents.layout, contents.kind, contents.port)
        self.kept: Optional[Connection] = None  # what `attend` keeps to the server, in its own process

    def path(self, name: str) -> str:
        place = self.places[name]
        return at(place) if os.path.isabs(place) else os.path.normpath(os.path.join(self.home, place))

    def will_change(self) -> None:
        """Called before anything changes, be it on this node or on another: here a rehearsal ends."""

    def secrets(self) -> dict[str, str]:
        """Passwords by purpose. On a machine its set-up has put them into a file that only root reads."""
        with open(self.path("secrets"), encoding="utf-8") as file:
            passwords: dict[str, str] = json.load(file)
        if "appPassword" in self.places:
            with open(self.path("appPassword"), encoding="utf-8") as file:
                passwords["app"] = file.read().strip()
        return passwords

    def connect(
        self, endpoint: str = "", timeout: float = ASK_TIMEOUT
    ) -> contextlib.AbstractContextManager[Connection]:
        """As admin, to any node of the cluster; to this one when no endpoint is given. When clients fill this one,
        by the connection that `attend` keeps.
        """
        endpoint = endpoint or self.endpoint
        if self.kept and endpoint == self.endpoint:
            return contextlib.nullcontext(self.kept)
        try:
            return self.connection(endpoint, "admin", self.secrets()["admin"], timeout)
        except RedisError as error:
            if self.is_sentinel or endpoint != self.endpoint or FULL not in str(error):
                raise
            with contextlib.suppress(OSError):
                lent = self.connection(self.path("door"), timeout=timeout)
                lent.ask("PING")
                return lent
            raise

    def lacks_volume(self) -> bool:
        """Whether the data would go to the root disk, which a replacement of the machine loses."""
        return self.volume and not os.path.ismount(self.path("data"))

    def remembered(self, what: str = "memory") -> dict[str, Any]:
        """What this node learned at run time: known endpoints, whether the cluster was formed, how it last stopped;
        as `taken`, the settings that Redis runs with; as `ran`, where its data is; as `backups`, the last backup that
        it saw, and why its own failed; as `counts`, how often what Prometheus is told happened.
        """
        return read_json(self.path(what))

    def remember(self, what: str = "memory", **facts: object) -> None:
        self.will_change()
        known = self.remembered(what)
        if {**known, **facts} != known:
            write(self.path(what), json.dumps({**known, **facts}, sort_keys=True) + "\n")

    def count(self, name: str, **facts: object) -> None:
        """One more of what Prometheus is told; with facts to remember beside it. That it cannot be written down stops
        nothing that is counted.
        """
        self.will_change()
        with contextlib.suppress(OSError), open(self.path("counts") + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # verbs run side by side
            self.remember("counts", **{name: self.remembered("counts").get(name, 0) + 1}, **facts)

    def write(self, what: str, text: str, owner: str = "") -> None:
        """Writes one of the node's own files."""
        self.will_change()
        write(self.path(what), text, owner)

    def remove(self, what: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path(what))
