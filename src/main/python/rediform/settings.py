"""A data node: its live config, and the settings that it takes while it runs."""
import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from typing import Optional

from rediform.conf import (
    directives,
    live_settings,
    memory_bytes,
    shrinks,
    unquoted,
    words_of,
    write_acl,
)
from rediform.data import put_data_in_place
from rediform.errors import Refused
from rediform.redis import UNREACHABLE, Connection, RedisError, until
from rediform.state import Node
from rediform.storage import give, read_lines, write

SETTLE = 20.0  # seconds for another server to start


def configure(node: Node) -> None:
    configure_redis(node, current_master(node))


def current_master(node: Node) -> Optional[str]:
    """Whom the live config follows; Redis keeps that line up to date through CONFIG REWRITE."""
    for line in read_lines(node.path("live")):
        words = line.split()
        if len(words) == 3 and words[0] in ("replicaof", "slaveof"):
            return "%s:%s" % (words[1], words[2])
    return None


def configure_redis(node: Node, master: Optional[str]) -> None:
    node.will_change()
    secrets = node.secrets()
    os.makedirs(node.path("data"), mode=0o700, exist_ok=True)
    settings = settings_to_start_with(node)
    place = put_data_in_place(node, settings)
    settings = {**settings, **{name: value for name, value in place.items() if name in settings}}
    lines = directives(node, {**settings, **place})
    lines += [
        'dir "%s"' % node.path("data"),
        'aclfile "%s"' % node.path("acl"),
        "replica-announce-ip %s" % node.address,
        "replica-announce-port %d" % node.port,
        "masteruser replica",
        "masterauth %s" % secrets["replica"],
    ]
    if master:
        lines.append("replicaof %s" % " ".join(master.rsplit(":", 1)))
    write_acl(node, secrets)
    node.write("live", "\n".join(lines) + "\n", node.user)
    node.remember("taken", settings=settings)


def settings_to_start_with(node: Node) -> dict[str, str]:
    """One wrong word must not keep a node down: with what Redis does not take, it starts as it was."""
    wanted, taken = live_settings(node), node.remembered("taken")
    known: Optional[dict[str, str]] = taken.get("settings")
    if known is not None and wanted == taken.get("refused"):
        return known
    if wanted != known:
        try:
            with another_server(node) as other:
                other.ask("CONFIG", "SET", *words_of(wanted))
        except (Refused, RedisError) as refused:
            if known is None:
                raise Refused("Redis does not take its settings: %s" % refused) from refused
            node.remember("taken", refused=wanted, refusal=str(refused))
            print("%s: keeps its old settings: %s" % (node.name, refused), flush=True)
            return known
        if known and exceeds_machine(node, wanted):
            return {**wanted, "maxmemory": known.get("maxmemory", "0")}
        # A lower limit throws keys away, or refuses writes: the running server says whether it has room.
        if known and shrinks(known.get("maxmemory", "0"), wanted.get("maxmemory", "0")):
            return {**wanted, "maxmemory": known.get("maxmemory", "0")}
    node.remember("taken", refused=None, refusal=None)
    return wanted


def apply_settings(node: Node, text: Optional[str] = None) -> None:
    """Redis takes all that has changed, or nothing. What is no longer named goes back to its default. `text`: the
    settings from now on; under the same lock, so that it is always the caller who says what was taken.
    """
    with open(node.path("taken") + ".lock", "w") as lock:  # attend does it too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if text is not None:
            write(node.path("settings"), text, mode=0o644)
        wanted, taken = live_settings(node), node.remembered("taken")
        known: dict[str, str] = taken.get("settings", {})
        if wanted == known and not taken.get("refusal") or wanted == taken.get("refused"):
            return
        changed = {name: value for name, value in wanted.items() if known.get(name) != value}
        gone = [name for name in known if name not in wanted]
        values = {name: unquoted(value) for name, value in changed.items()}
        if gone:  # what they are when only the start has a say
            with another_server(node) as other:
                values.update({name: other.config(name) for name in gone})
        with node.connect() as redis:
            try:
                has_room(node, redis, values)
                if values:
                    redis.ask("CONFIG", "SET", *(word for setting in values.items() for word in setting))
            except (Refused, RedisError) as error:
                # A server that has no room now may have some later.
                node.remember("taken", refused=None if isinstance(error, Refused) else wanted, refusal=str(error))
                raise Refused("Redis does not take the new settings, and keeps the old ones: %s" % error) from error
        node.remember("taken", settings=wanted, refused=None, refusal=None)
        news = ", ".join("%s %s" % setting for setting in values.items()) or "the old settings"
        print("%s: takes %s" % (node.name, news), flush=True)


def machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def exceeds_machine(node: Node, settings: Mapping[str, str]) -> bool:
    """Whether a limit is for a larger machine than this one still is: tags change before a machine's type does."""
    return node.is_machine and memory_bytes(settings.get("maxmemory", "0")) > machine_memory()


def has_room(node: Node, redis: Connection, values: Mapping[str, str]) -> None:
    """More memory than there is would end the server; less than is in use would cost keys, or all writes."""
    if exceeds_machine(node, values):
        raise Refused(
            "maxmemory %s is more than this machine has (%d MB); it is for a larger one"
            % (values["maxmemory"], machine_memory() >> 20)
        )
    if "maxmemory" in values:
        info = redis.fields("INFO", "memory")
        used = int(info["used_memory"])
        if shrinks(info["maxmemory"], values["maxmemory"]) and used > memory_bytes(values["maxmemory"]):
            raise Refused("it uses %d bytes, more than maxmemory %s" % (used, values["maxmemory"]))


def server_program(node: Node) -> str:
    """The node's server; on a developer's machine the one that its supervisor starts."""
    beside = os.path.join(node.home, "../bin/redis-server")
    return beside if os.path.exists(beside) else shutil.which("redis-server") or "redis-server"


@contextlib.contextmanager
def another_server(node: Node) -> Iterator[Connection]:
    """A Redis of its own with what the document has for a start, to be asked for a moment; never as root. Refused when
    it does not start.
    """
    user = node.user if os.geteuid() == 0 else ""
    with tempfile.TemporaryDirectory() as folder:
        path, conf, log = (os.path.join(folder, name) for name in ("socket", "conf", "log"))
        own = ["port 0", "unixsocket " + path, "dir " + folder, "supervised no", "logfile " + log]
        write(conf, "\n".join(directives(node, {}) + own) + "\n", user)
        write(log, "", user)
        give(folder, user)
        with open(log, "w", encoding="utf-8") as errors:
            server = subprocess.Popen(
                [server_program(node), conf],
                stdout=errors,
                stderr=errors,
                user=user or None,
                group=user or None,
                extra_groups=[] if user else None,
            )

        def answers() -> object:  # its socket is there before it listens
            with contextlib.suppress(*UNREACHABLE), Connection(path) as asked:
                return asked.ask("PING")
            return None

        try:
            until(SETTLE, lambda: answers() or server.poll() is not None)
            if server.poll() is not None:
                raise Refused(" ".join(line for line in read_lines(log)[-2:]))
            with Connection(path) as asked:
                yield asked
        finally:
            server.kill()
            server.wait()


def settle(node: Node) -> None:
    """Once the server's data is on the disk in the form in which it writes it now, the next start looks there; until
    then it is where it was before. One look; `attend` takes one every few seconds.
    """
    ran = node.remembered("ran")
    with node.connect() as redis:
        now = redis.config("appendonly")
        if ran and ran["appendonly"] != now:
            since = ran.get("since") or int(redis.words("TIME")[0])
            node.remember("ran", since=since)
            if is_written(redis, now, since):
                node.remember("ran", appendonly=now, since=None)


def is_written(redis: Connection, appendonly: str, since: int) -> bool:
    info = redis.fields("INFO", "persistence")
    if appendonly == "yes":  # off: a replica that is just loading its master's data
        is_done = info["aof_rewrite_in_progress"] == info["aof_rewrite_scheduled"] == "0"
        return info["aof_enabled"] == "1" and is_done and info["aof_last_bgrewrite_status"] == "ok"
    if int(info["rdb_last_save_time"]) > since:
        return True
    if info["rdb_bgsave_in_progress"] == info["loading"] == "0":
        redis.ask("BGSAVE", "SCHEDULE")
    return False


def take_settings(node: Node, text: Optional[str] = None) -> None:
    try:
        apply_settings(node, text)
    except ConnectionRefusedError:
        print("%s: does not run; it starts with the new settings" % node.name, flush=True)
