"""A data node: what runs beside its server."""
import contextlib
import fcntl
import os
import select
import socket
import time
from typing import Optional

from rediform.backup.restoring import put_right
from rediform.errors import Refused
from rediform.handover import give_back
from rediform.local.timer import Timer
from rediform.redis import UNREACHABLE, Connection, at_socket
from rediform.settings import apply_settings, settle
from rediform.state import Node
from rediform.storage import read_lines
from rediform.undo.keep import LOOK, keep

ATTEND = 5.0  # seconds between two looks at what is to be done; each takes some milliseconds
POLL = 0.2  # seconds between two tries to reach a server that does not answer


def attend(node: Node) -> None:
    """Keeps a connection as admin, and lends it to the node's other verbs when the server takes no more: Redis has
    no room of its own for those who would give it more. And tries again what has not yet worked.
    """
    door = open_door(node.path("door"))
    redis: Optional[Connection] = None
    due, looks, said, lost = 0.0, 0.0, None, None
    timer = Timer(node)
    while True:
        timer.look()
        with contextlib.suppress(*UNREACHABLE):
            redis = redis or node.connection(node.endpoint, "admin", node.secrets()["admin"])
        waits = [door, redis.socket] if redis else [door]
        ready = select.select(waits, [], [], min(ATTEND, LOOK) if redis else POLL)[0]
        if redis and redis.socket in ready:  # nothing was asked: the server has closed it
            redis = None
        elif door in ready:
            client = door.accept()[0]
            with client:
                redis = lend(redis, client) if redis else None
        if redis and time.monotonic() > looks:
            looks = time.monotonic() + LOOK
            news = keep_history(node, redis)
            if news and news != lost:
                print("%s: keeps no history: %s" % (node.name, news), flush=True)
            lost = news
            if not is_clear(redis):
                redis = None
        if redis and time.monotonic() > due:
            due = time.monotonic() + ATTEND
            node.kept = redis
            news = tidy(node)
            if news and news != said:
                print("%s: %s" % (node.name, news), flush=True)
            said, node.kept = news, None
            if not is_clear(redis):  # a question that was given up may still be answered
                redis = None


def open_door(path: str) -> socket.socket:
    """The socket where the other verbs ask for the connection."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    door = socket.socket(socket.AF_UNIX)
    os.umask(0o077)
    at_socket(path, door.bind)
    door.listen()
    return door


def lend(redis: Connection, client: socket.socket) -> Optional[Connection]:
    """Passes questions on and answers back until the other side is done. Returns the connection, ready for the
    next, or None when it is lost.
    """
    ends = {client: redis.socket, redis.socket: client}
    try:
        while True:
            for end in select.select(ends, [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return redis if end is client and is_clear(redis) else None
                ends[end].sendall(data)
    except OSError:
        return redis if is_clear(redis) else None


def is_clear(redis: Connection) -> bool:
    """Reads what is left of answers that nobody waits for any more."""
    token, left = os.urandom(8).hex().encode(), b""
    with contextlib.suppress(OSError):
        redis.socket.sendall(b"*2\r\n$4\r\nPING\r\n$16\r\n%s\r\n" % token)
        while not left.endswith(token + b"\r\n"):
            more = redis.socket.recv(65536)
            if not more:
                return False
            left = (left + more)[-64:]
        return True
    return False


def keep_history(node: Node, redis: Connection) -> Optional[str]:
    """Returns what stood in the way, such as a full disk: what is not kept is a gap, and no more."""
    try:
        keep(node, redis)
    except (*UNREACHABLE, KeyError) as error:
        return str(error)
    return None


def tidy(node: Node) -> Optional[str]:
    """Does what is left to do, and returns what stands in the way."""
    try:
        apply_settings(node)
        settle(node)
        with open(node.path("borrowed"), "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a failover or restore that runs has it
            waits = put_right(node)
            if waits:
                return waits
            if read_lines(node.path("borrowed")):
                give_back(node)
    except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
        pass
    except (Refused, *UNREACHABLE) as error:
        return str(error)
    return None
