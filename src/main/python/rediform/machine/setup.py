"""Makes this machine into a node. It runs at every boot and with every document, beside a server that works: every
step may run again, and what fails is the reason why a document is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rediform.contents import Allow, Backup, Contents, Kind, Metrics
from rediform.machine import access, files, firewall, kernel, packages, units
from rediform.machine.packages import Source
from rediform.metrics import exporters
from rediform.places import USER


@dataclass(frozen=True)
class Facts:
    """What the set-up reads of a document."""

    cluster: str
    kind: Kind
    port: int
    data: str  # folder of the server's data
    conf: str  # its live config
    source: Source | None  # None: Debian's package
    allow: tuple[Allow, ...]
    keys: tuple[str, ...]  # of operators, as in authorized_keys
    backup: Backup | None = None
    metrics: Metrics | None = None

    @property
    def from_source(self) -> bool:
        return self.source is not None


def facts_of(contents: Contents, places: Mapping[str, str]) -> Facts:
    """Of a machine's document."""
    machine, version = contents.machine, contents.startup.version
    assert machine
    source = Source(version, machine.source.sha256, machine.source.url) if machine.source else None
    return Facts(
        cluster=contents.cluster,
        kind=contents.kind,
        port=contents.port,
        data=places["data"],
        conf=places["live"],
        source=source,
        allow=tuple(contents.allow),
        keys=tuple(machine.keys),
        backup=contents.backup,
        metrics=contents.metrics,
    )


def texts(facts: Facts) -> dict[str, str]:
    """The files that a set-up writes and the next one may no longer want, by path."""
    return {**access.texts(facts.keys), **kernel.texts(), **unit_texts(facts)}


def unit_texts(facts: Facts) -> dict[str, str]:
    return {
        **units.texts(facts.kind, facts.cluster, facts.from_source, facts.conf, facts.backup),
        **exporters.texts(facts.metrics, facts.cluster, facts.port, facts.allow),
    }


def set_up(facts: Facts, fetch_secret: Callable[[], None]) -> None:
    # First of all: a key that is gone opens nothing, even if a step below fails.
    access.write(facts.keys)
    packages.mask()
    if facts.source:
        packages.user()
    packages.install(packages.names(facts.kind, facts.from_source, facts.backup))
    if facts.metrics:
        exporters.install()
    files.folder("/var/redis", 0o755)
    for path in ("/etc/redis", facts.data):
        files.folder(path, 0o700, USER)
    kernel.apply()
    firewall.apply(facts.allow, facts.port)
    if facts.source:
        packages.build(facts.source.version, facts.source.sha256, facts.source.url)
    fetch_secret()
    units.write(unit_texts(facts))
    units.reload()
    access.reload()
    units.start(facts.kind, facts.backup)
    if facts.metrics:
        exporters.start(facts.metrics)
    else:
        exporters.stop()
