"""A data node: the data that a start finds on the disk."""
import contextlib
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from rediform.conf import directives, unquoted
from rediform.errors import Refused
from rediform.state import Node
from rediform.storage import give, read_lines, write

Place = Mapping[str, str]  # where a server looks for its data: values of the directives below

# What decides where Redis looks for its data, with Redis's own defaults; `dir` is always ours.
PERSISTENCE = {
    "appendonly": "no",
    "appendfilename": "appendonly.aof",
    "appenddirname": "appendonlydir",
    "dbfilename": "dump.rdb",
}


def persistence(node: Node, settings: Mapping[str, str]) -> Place:
    """Where a server that starts with these settings looks for its data."""
    where = dict(PERSISTENCE)
    for line in directives(node, settings):
        name, _, value = line.partition(" ")
        if name in where:
            where[name] = unquoted(value)
    where["appendonly"] = where["appendonly"].lower()
    return where


def data_on_disk(node: Node, settings: Mapping[str, str]) -> tuple[Place, list[str]]:
    """Where this node's data is, as `persistence` says it, and the files that hold it. Redis would start without
    what these settings do not name, and then overwrite it: so what the last server ran with (`ran`) counts more,
    and otherwise what is newer. Refused where it cannot be told which data is the right one.
    """
    now, ran = persistence(node, settings), node.remembered("ran")
    if ran and files_of(node, ran):
        return ran, files_of(node, ran)
    mine = files_of(node, now)
    others = [(where, files_of(node, where)) for where in other_places(node, now)]
    if any(map(holds_keys, mine)):
        # What an AOF has is whole; a dump is as old as its last save, and beside it an AOF may have been written to.
        others = [] if now["appendonly"] == "yes" else [o for o in others if o[0]["appendonly"] == "yes"]
    newer = [
        (where, files)
        for where, files in others
        if any(map(holds_keys, files)) and last_write(files) > last_write(mine)
    ]
    if len(newer) > 1:
        names = ", ".join(sorted(files[0] for _, files in newer))
        raise Refused(
            "several files hold data, and the settings name none of them: %s. Move all but the right ones "
            "out of %s" % (names, node.path("data"))
        )
    if newer:
        return newer[0]
    folder = os.path.join(node.path("data"), now["appenddirname"])
    strays = [f for f in entries(folder) if holds_keys(f)]
    if not mine and strays and not os.path.exists(manifest(node, now)):
        raise Refused(
            "%s holds data that no manifest names: %s. Restore the manifest, or move these files away"
            % (folder, ", ".join(map(os.path.basename, strays)))
        )
    return now, mine


def has_data(node: Node, settings: Mapping[str, str]) -> bool:
    """Whether this node has a key."""
    return any(map(holds_keys, data_on_disk(node, settings)[1]))


def manifest(node: Node, where: Place) -> str:
    return os.path.join(node.path("data"), where["appenddirname"], where["appendfilename"] + ".manifest")


def files_of(node: Node, where: Place) -> list[str]:
    """The files that a server loads which looks there; none when there are none."""
    data = node.path("data")
    if where["appendonly"] == "yes":
        lines = [shlex.split(line, comments=True) for line in read_lines(manifest(node, where))]
        parts = [dict(zip(words[::2], words[1::2])) for words in lines]
        if parts:  # "h": history, which Redis is about to delete
            return [os.path.join(data, where["appenddirname"], p["file"]) for p in parts if p.get("type") in ("b", "i")]
    # One file, as before Redis 7, or the dump.
    path = os.path.join(data, where["appendfilename" if where["appendonly"] == "yes" else "dbfilename"])
    return [path] if os.path.isfile(path) else []


def other_places(node: Node, now: Place) -> Iterator[Place]:
    """Where else in the data folder a server could have left its data."""
    if now["appendonly"] != "yes":
        yield {**now, "appendonly": "yes"}
    for path in entries(os.path.join(node.path("data"), now["appenddirname"])):
        name, suffix = os.path.splitext(os.path.basename(path))
        if suffix == ".manifest" and name != now["appendfilename"]:
            yield {**now, "appendonly": "yes", "appendfilename": name}
    for path in entries(node.path("data")):
        name = os.path.basename(path)
        # temp-…: a dump that was never finished; .before-…: one that was put aside.
        is_left = name.startswith("temp-") or ".before-" in name
        if is_rdb(path) and not is_left and (now["appendonly"], now["dbfilename"]) != ("no", name):
            yield {**now, "appendonly": "no", "dbfilename": name}


def entries(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if os.path.isdir(folder) else []


def last_write(files: Sequence[str]) -> float:
    return max((os.path.getmtime(file) for file in files if os.path.exists(file)), default=0)


def is_rdb(path: str) -> bool:
    """Whether a file begins as Redis's RDB files do, or Valkey's (from version 9 on)."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(6).startswith((b"REDIS", b"VALKEY"))


def holds_keys(path: str) -> bool:
    """Whether an RDB or AOF file says more than that it is one. Redis writes both when it is empty.

    A torn file counts as data: what cannot be read must not be taken for nothing.
    """
    if path.endswith(".manifest") or not os.path.isfile(path):
        return False
    if not is_rdb(path):
        return os.path.getsize(path) > 0
    with open(path, "rb") as file:
        file.read(9)  # REDIS and four digits, or VALKEY and three
        while True:  # auxiliary fields (0xFA: two strings each) come first; then data, or 0xFF: the end
            opcode = file.read(1)
            if opcode != b"\xfa":
                return opcode != b"\xff"
            skip_rdb_string(file)
            skip_rdb_string(file)


def skip_rdb_string(file: BinaryIO) -> None:
    """Length encodings as in Redis's rdb.h: 6, 14 or 32 bits, or an integer of 1, 2 or 4 bytes."""
    first = int.from_bytes(file.read(1), "big")
    if first >> 6 == 0:
        file.read(first & 63)
    elif first >> 6 == 1:
        file.read((first & 63) << 8 | int.from_bytes(file.read(1), "big"))
    elif first >> 6 == 2:
        file.read(int.from_bytes(file.read(4), "big"))
    else:
        file.read(1 << (first & 3))


def put_data_in_place(node: Node, settings: Mapping[str, str]) -> dict[str, str]:
    """Lets a server with these settings find this node's data, and returns the directives that it must start with
    for that. Nothing is overwritten: what is in the way goes aside.
    """
    now = persistence(node, settings)
    where, files = data_on_disk(node, settings)
    found = files_of(node, now)
    differs = files != found and any(map(holds_keys, files + found))
    if differs and where["appendonly"] == "yes" != now["appendonly"]:
        # Only a server can turn an AOF into a dump: it starts as it was, and changes when it runs (`settle`).
        now = {**where, "dbfilename": now["dbfilename"]}
    elif differs:
        print("%s: starts from %s" % (node.name, ", ".join(files)), flush=True)
        if now["appendonly"] == "yes" == where["appendonly"]:
            aside(manifest(node, now))
            if os.path.exists(manifest(node, where)):
                os.rename(manifest(node, where), manifest(node, now))
            else:
                os.rename(files[0], os.path.join(node.path("data"), now["appendfilename"]))
        elif now["appendonly"] == "yes":
            dump_as_aof(node, now, files[0])
        else:
            aside(*found)
            os.link(files[0], os.path.join(node.path("data"), now["dbfilename"]))
    ran: dict[str, object] = {**now, "since": None}
    with contextlib.suppress(OSError):  # a full disk is no reason not to start: then the newest file counts
        node.remember("ran", **ran)
    return {name: '"%s"' % now[name] for name, value in persistence(node, settings).items() if now[name] != value}


def dump_as_aof(node: Node, now: Place, dump: str) -> None:
    """An AOF whose first part is the dump, as Redis itself begins one when it rewrites it."""
    folder = os.path.dirname(manifest(node, now))
    shutil.rmtree(folder + ".new", ignore_errors=True)
    os.mkdir(folder + ".new", 0o700)
    base = now["appendfilename"] + ".1.base.rdb"
    os.link(dump, os.path.join(folder + ".new", base))
    name = os.path.basename(manifest(node, now))
    write(os.path.join(folder + ".new", name), "file %s seq 1 type b\n" % base, node.user)
    give(folder + ".new", node.user)
    aside(folder)
    os.rename(folder + ".new", folder)


def aside(*paths: str) -> None:
    """Gives what is in the way another name."""
    for path in paths:
        if os.path.exists(path):
            os.rename(path, "%s.before-%d" % (path, time.time()))
