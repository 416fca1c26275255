"""Debian's exporters on a machine: their packages, their units, and how they start and stop."""
import os
import socket
from collections.abc import Sequence
from typing import Optional

from rediform.contents import Allow, Metrics
from rediform.errors import Failed
from rediform.machine import commands, files, packages, units
from rediform.places import at
from rediform.redis import until

PACKAGES = ("prometheus-redis-exporter", "prometheus-node-exporter")
# Of the second, Debian recommends scripts with timers of their own, which read disks and apt.
PLAIN = "--no-install-recommends"
# Debian's units would start at installation, without a password and with a sandbox of nothing.
DEBIANS = tuple(name + ".service" for name in PACKAGES)
REDIS, NODE = "rediform-redis-exporter.service", "rediform-node-exporter.service"
WRITER, TIMER = "rediform-metrics.service", "rediform-metrics.timer"
UNITS = (REDIS, NODE, WRITER, TIMER)
FOLDER = "/var/lib/prometheus/node-exporter"
TEXTFILE = FOLDER + "/rediform.prom"
PASSWORDS = "/var/lib/rediform/exporter.json"
ANSWERS = 10.0  # seconds for an exporter to listen; it takes some milliseconds
CONNECT = 1.0  # seconds


def texts(metrics: Optional[Metrics], cluster: str, port: int, allow: Sequence[Allow]) -> dict[str, str]:
    """Their units, by path; none where there are no metrics. `port` is the server's."""
    if not metrics:
        return {}
    networks = [each.from_ for each in allow if each.port == metrics.redisPort]
    values = {
        "cluster": cluster,
        "port": str(port),
        "redisPort": str(metrics.redisPort),
        "nodePort": str(metrics.nodePort),
        "networks": " ".join(networks),
        "folder": FOLDER,
        "passwords": PASSWORDS,
    }
    return units.filled(UNITS, values)


def install() -> None:
    packages.mask(DEBIANS)
    # Those that a person has installed give their ports to ours.
    commands.succeeds("systemctl", "--quiet", "stop", *DEBIANS)
    packages.install(PACKAGES, PLAIN)
    files.folder(FOLDER, 0o755, "root")  # root writes there, without the right to write where it does not own


def start(metrics: Metrics) -> None:
    """Not enabled, as this runs at every boot. After the server's start: it does not need them."""
    ports = {REDIS: metrics.redisPort, NODE: metrics.nodePort}
    commands.run("systemctl", "stop", *ports)
    for unit, port in ports.items():
        if listens(port):
            raise Failed(f"another program has port {port}, which {unit} needs; stop it, or move it to another port")
    commands.run("systemctl", "restart", *ports, TIMER)
    for unit, port in ports.items():
        if not until(ANSWERS, lambda: listens(port)):
            last = commands.said("journalctl", "--unit", unit, "--lines=1", "--output=cat")
            raise Failed(f"{unit} does not listen at port {port}: {last or 'why: journalctl -u ' + unit}")


def stop() -> None:
    """Their units' files may be gone already. The passwords go last: while they are there, this is not done."""
    if os.path.exists(at(PASSWORDS)):
        for unit in reversed(UNITS):
            # One that does not run is not loaded any more, and to stop it is an error.
            commands.succeeds("systemctl", "--quiet", "stop", unit)
            if commands.succeeds("systemctl", "--quiet", "is-active", unit):
                raise Failed(f"{unit} cannot be stopped; why: journalctl -u {unit}")
            # A timer whose service went before it is "failed", and would be so until the next boot.
            commands.succeeds("systemctl", "--quiet", "reset-failed", unit)
        for path in (TEXTFILE, PASSWORDS):
            if os.path.exists(at(path)):
                os.remove(at(path))


def restart() -> None:
    """That of the server, which reads its password when it starts."""
    commands.run("systemctl", "--no-block", "restart", REDIS)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), CONNECT).close()
    except OSError:
        return False
    return True
