"""A master that has one dump to give, to the server of this node and to no other."""
import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import BinaryIO, Optional

PART = 1 << 20  # bytes that are sent at a time
HANDSHAKE = 10.0  # seconds for one command of it
PING = 1.0  # seconds between two pings; a replica gives its master up after repl-timeout, 60 s by default


class Source:
    """Speaks as much of the replication protocol as a replica asks for: a full resync, then pings."""

    def __init__(self, path: str, user: str, password: str, last_part: Callable[[], None]) -> None:
        """`last_part` is called before the last part is sent: until it has all, the server keeps its old data."""
        self.path, self.login, self.last_part = path, [b"AUTH", user.encode(), password.encode()], last_part
        self.problem: Optional[str] = None  # why it will not come to anything any more
        self.closing = False
        self.link: Optional[socket.socket] = None
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.door.getsockname()[1])
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while not self.closing:
            try:
                link, _ = self.door.accept()
            except OSError:
                return
            with link:
                link.settimeout(HANDSHAKE)
                with contextlib.suppress(OSError, ValueError):
                    offset = self.agreed(link)
                    if offset is None:
                        continue
                    if self.link:
                        self.problem = self.problem or "it asks for the data a second time"
                        return
                    self.link = link
                    self.give(link, offset)

    def agreed(self, link: socket.socket) -> Optional[int]:
        """Answers until the other side asks for the data; None for one that does not know the password. The new data
        goes on with the offset that the server has: of two replicas Sentinel takes the one with the larger offset, and
        that must not be one that still has the old data.
        """
        known = False
        with link.makefile("rb") as file:
            while True:
                words = command(file)
                name = words[0].upper()
                if name == b"AUTH":
                    known = words == self.login
                if not known and name != b"PING":
                    link.sendall(b"-WRONGPASS this is for the server of one node\r\n")
                    return None
                if name == b"PSYNC":
                    return max(0, int(words[2]) - 1)
                link.sendall(b"+PONG\r\n" if name == b"PING" else b"+OK\r\n")

    def give(self, link: socket.socket, offset: int) -> None:
        try:
            with open(self.path, "rb") as file:
                left = os.path.getsize(self.path)
                link.sendall(b"+FULLRESYNC %s %d\r\n$%d\r\n" % (secrets.token_hex(20).encode(), offset, left))
                while left:
                    part = file.read(PART)
                    left -= len(part)
                    if not left:
                        self.last_part()
                    link.sendall(part)
            link.settimeout(PING)
            while not self.closing:
                try:
                    if not link.recv(4096):  # acknowledgements
                        raise OSError("it closed the connection")
                except socket.timeout:
                    link.sendall(b"*1\r\n$4\r\nPING\r\n")
        except OSError as error:
            if not self.closing:
                self.problem = self.problem or str(error)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.closing = True
        for each in (self.door, self.link):
            with contextlib.suppress(OSError):
                if each:
                    each.shutdown(socket.SHUT_RDWR)
        self.door.close()


def command(file: BinaryIO) -> list[bytes]:
    """The words of a command; ValueError or OSError when there is none."""

    def number(kind: bytes) -> int:
        line = file.readline(32)
        if not line.startswith(kind) or not line.endswith(b"\r\n"):
            raise ValueError("no command: %r" % line)
        return int(line[1:])

    words = []
    for _ in range(number(b"*")):
        size = number(b"$")
        if size > 1024:
            raise ValueError("a word of %d bytes" % size)
        words.append(file.read(size + 2)[:-2])
    return words
