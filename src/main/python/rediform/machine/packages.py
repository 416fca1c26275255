"""What is installed on this machine: packages of Debian, and Redis from its source."""

import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from rediform.contents import Backup
from rediform.machine import commands
from rediform.errors import Failed
from rediform.places import USER

# Debian starts what it installs. Redis and Sentinel are units of ours, behind the start gate, and of nvme-cli only the
# program is wanted.
MASKED = ("redis-server.service", "redis-sentinel.service", "nvmf-autoconnect.service")
# What Redis's makefile needs, and curl to fetch it.
BUILD_TOOLS = ("build-essential", "ca-certificates", "curl", "libssl-dev", "libsystemd-dev", "pkg-config")
BUILT = "/usr/local/bin/redis-server"
APT = ("-o", "DPkg::Lock::Timeout=300")  # seconds; at its first boot a machine may update itself at the same time


@dataclass(frozen=True)
class Source:
    """A release of Redis, and where its tarball is."""

    version: str
    sha256: str
    url: str


def names(kind: str, from_source: bool, backup: Optional[Backup] = None) -> tuple[str, ...]:
    """Packages of a node. python3, curl, mkfs and blkid are part of Debian's image for EC2."""
    server = BUILD_TOOLS if from_source else ("redis-server",)
    # nvme-cli says which NVMe disk is the data volume.
    packing = ["zstd", *(["age"] if backup.recipients else [])] if backup else []
    return (*server, "ufw", *(["nvme-cli"] if kind == "redis" else []), *packing)


def mask(units: Sequence[str] = MASKED) -> None:
    commands.run("systemctl", "--quiet", "mask", *units)


def user() -> None:
    """The user that Debian's package would make."""
    if not commands.succeeds("id", USER):
        options = ("--system", "--no-create-home", "--home-dir", "/var/redis", "--shell", "/usr/sbin/nologin")
        commands.run("useradd", *options, USER)


def install(packages: Sequence[str], *options: str) -> None:
    if not are_installed(packages):
        commands.run("apt-get", "-qq", *APT, "update")
        commands.run("apt-get", "-qqy", *APT, "install", *options, *packages, DEBIAN_FRONTEND="noninteractive")


def are_installed(packages: Sequence[str]) -> bool:
    """dpkg also ends with 0 for a package of which only the configuration is left, or that is half configured."""
    try:
        said = commands.output("dpkg", "-s", *packages)
    except Failed:
        return False
    states = re.findall("^Status: (.*)$", said, re.MULTILINE)
    return bool(states) and all(state.endswith(" ok installed") for state in states)


def build(version: str, sha256: str, url: str) -> None:
    """Redis from source, once. The checksum decides before anything is unpacked."""
    if built() == version:
        return
    name = f"redis-{version}"
    with tempfile.TemporaryDirectory() as folder:
        tarball = os.path.join(folder, name + ".tar.gz")
        commands.run("curl", "-fsS", "--retry", "5", "-o", tarball, f"{url}/{name}.tar.gz")
        if checksum(tarball) != sha256:
            raise Failed(f"{name}.tar.gz has another checksum than the environment file says; nothing was installed")
        commands.run("tar", "xzf", tarball, "-C", folder)
        jobs = len(os.sched_getaffinity(0))
        source = os.path.join(folder, name)
        commands.run("make", "-s", f"-j{jobs}", "-C", source, "BUILD_TLS=yes", "USE_SYSTEMD=yes", "install")


def built() -> str:
    """Version of the server that was built here; empty if there is none."""
    try:
        found = re.search(" v=([^ ]*) ", commands.output(BUILT, "--version"))
    except Failed:
        return ""
    return found[1] if found else ""


def checksum(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
