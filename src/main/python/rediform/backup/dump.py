"""An RDB file: what it holds, by redis-check-rdb, which reads all of it as the server does."""
import os
import re
import subprocess
from dataclasses import dataclass

from rediform.errors import Refused
from rediform.settings import server_program
from rediform.state import Node

# The newest RDB version that a Redis reads, by the first release that does. An older one reads no newer file.
READS = {(7, 0): 10, (7, 2): 11, (7, 4): 12}


@dataclass(frozen=True)
class Dump:
    """What an RDB file says of itself."""

    bytes: int
    keys: int
    databases: list[int]
    used_memory: int  # of the server that wrote it, in bytes; 0 when it does not say


def version_of(path: str) -> int:
    with open(path, "rb") as file:
        head = file.read(9)
    if not re.fullmatch(rb"REDIS[0-9]{4}", head):
        raise Refused("it is no RDB file of Redis: it begins with %r in place of REDIS and four digits" % head)
    return int(head[5:])


def newest_readable(redis_version: str) -> int:
    """0 for a server that is older than all that this program knows."""
    release = tuple(int(part) for part in redis_version.split(".")[:2])
    return max((version for first, version in READS.items() if first <= release), default=0)


def check_version(version: int, redis_version: str) -> None:
    newest = newest_readable(redis_version)
    if version > newest:
        able = [".".join(map(str, first)) for first, reads in READS.items() if reads >= version]
        raise Refused(
            "its RDB version is %d, and Redis %s of this cluster reads up to %d; nothing was done. Restore it to "
            "a cluster whose nodes run %s"
            % (version, redis_version, newest, "Redis %s or newer" % able[0] if able else "a newer Redis")
        )


def inspect(node: Node, path: str) -> Dump:
    """Refused when the server could not load all of it: by then it would have dropped the data that it has."""
    user = node.user if os.geteuid() == 0 else ""
    done = subprocess.run(
        ["redis-check-rdb", path],  # one program: it goes by the name that it is called
        executable=server_program(node),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        user=user or None,
        group=user or None,
        extra_groups=[] if user else None,
    )
    if done.returncode or "RDB looks OK" not in done.stdout:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        said = next((line for line in lines if "ERROR" in line or "Wrong" in line), (lines or ["nothing"])[-1])
        raise Refused("it is damaged; redis-check-rdb says: %s" % said.strip("- "))
    keys = re.search(r"^\[info\] (\d+) keys read", done.stdout, re.MULTILINE)
    memory = re.search(r"AUX FIELD used-mem = '(\d+)'", done.stdout)
    return Dump(
        bytes=os.path.getsize(path),
        keys=int(keys[1]) if keys else 0,
        databases=sorted(map(int, re.findall(r"Selecting DB ID (\d+)", done.stdout))),
        used_memory=int(memory[1]) if memory else 0,
    )
