"""Units of systemd: the server, its volume, and what runs beside it.

The texts are in rediform/files. In them `$name` is filled in, `$$` is a dollar, and `%` is systemd's.
"""

import importlib.resources
import string
from collections.abc import Iterable, Mapping
from typing import Optional

from rediform.backup.tick import tick
from rediform.contents import Backup
from rediform.machine import commands, files

FOLDER = "/etc/systemd/system/"
VOLUME = "rediform-volume.service"
# The volume has a unit of its own, because what Redis's unit mounts, its sandbox keeps to itself. A volume may come
# long after its machine, so that unit waits without end; and it makes no mount namespace, for what it mounts is for
# Redis. The sandbox of rediform-attend is that of Redis, but for what the agent does as root. See docs/decisions/0020.
UNITS = {
    "redis": ("redis.service", VOLUME, "rediform-attend.service"),
    "sentinel": ("sentinel.service",),
}
TIMER = "rediform-backup.timer"
OF_BACKUPS = ("rediform-backup.service", TIMER)


def texts(kind: str, cluster: str, from_source: bool, conf: str, backup: Optional[Backup] = None) -> dict[str, str]:
    """The units of a node, by path. `conf` is the live config of the server."""
    values = {
        "cluster": cluster,
        "binary": ("/usr/local" if from_source else "/usr") + "/bin/redis-server",
        "conf": conf,
        "tick": tick(backup.everySeconds) if backup else "",
    }
    return filled((*UNITS[kind], *(OF_BACKUPS if backup else ())), values)


def filled(units: Iterable[str], values: Mapping[str, object]) -> dict[str, str]:
    """Texts of units, by path."""
    known: dict[str, object] = {**values, "hardening": packed("hardening").rstrip("\n")}
    return {FOLDER + unit: string.Template(packed(unit)).substitute(known) for unit in units}


def packed(name: str) -> str:
    """A text of the agent, which is one zip on a node."""
    return importlib.resources.files("rediform.files").joinpath(name).read_text(encoding="utf-8")


def write(units: dict[str, str]) -> None:
    for path, text in units.items():
        files.write(path, text)


def reload() -> None:
    commands.run("systemctl", "daemon-reload")


def start(kind: str, backup: Optional[Backup] = None) -> None:
    """Does not wait for the server, which may wait for the others."""
    server = kind + ".service"
    commands.run("systemctl", "enable", "--quiet", server)
    volume = [VOLUME] if kind == "redis" else []
    commands.run("systemctl", "--no-block", "start", *volume, server)
    # The timer is not enabled, since this runs at every boot. Its file may be gone, and it would still run.
    if backup:
        commands.run("systemctl", "restart", TIMER)
    elif kind == "redis":
        commands.succeeds("systemctl", "--quiet", "stop", TIMER)
