"""Talking to Redis and Sentinel."""
import concurrent.futures
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Optional, TypeVar, Union

ASK_TIMEOUT = 1.0  # seconds; a node that needs longer for one answer is as good as absent

Answer = TypeVar("Answer")
Reply = Union[str, int, None, list["Reply"]]


class RedisError(Exception):
    """The other side answered with an error."""


UNREACHABLE = (OSError, RedisError, ValueError)
FULL = "max number of clients"

# Answers that are errors, by what they contain: what each says of the server. In none of these states does it
# serve, and none is a proof that it does not run.
STATES = {
    FULL: "has no room for another connection: its clients fill maxclients",
    "LOADING": "still loads its data",
    "BUSY": "runs a script that does not end; to end it: SCRIPT KILL or FUNCTION KILL",
    "MISCONF": "refuses writes, because it cannot save them",
    "MASTERDOWN": "has no link to its master",
    "NOAUTH": "wants a password",
    "WRONGPASS": "does not accept the password of user admin",
    "NOPERM": "does not let user admin ask",
}


class Connection:
    """Just enough of Redis's protocol (RESP2) to ask a question and read the answer."""

    def __init__(self, endpoint: str, user: str = "", password: str = "", timeout: float = ASK_TIMEOUT) -> None:
        if endpoint.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                at_socket(endpoint, self.socket.connect)
            except OSError:
                self.socket.close()
                raise
        else:
            host, port = endpoint.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.settimeout(timeout)
        self.file = self.socket.makefile("rb")
        if user:
            try:
                self.ask("AUTH", user, password)
            except UNREACHABLE:
                self.close()
                raise

    def ask(self, *words: object) -> Reply:
        parts = [str(word).encode() for word in words]
        # A server that has no room says so and closes the connection, maybe before it is asked.
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self.read()

    def read(self) -> Reply:
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("connection closed")
        kind, rest = line[:1], line[1:-2].decode(errors="replace")
        if kind == b"-":
            raise RedisError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return None if rest == "-1" else [self.read() for _ in range(int(rest))]
        return rest

    def fields(self, *words: object) -> dict[str, str]:
        """The answer as a dict, whether it is INFO's text or a flat list of names and values."""
        answer = self.ask(*words)
        if isinstance(answer, str):
            return dict(pair(line, ":") for line in answer.splitlines() if ":" in line)
        return pairs(answer)

    def rows(self, *words: object) -> list[dict[str, str]]:
        """The answer to a question for many: the fields of each."""
        return [pairs(row) for row in items(self.ask(*words))]

    def words(self, *words: object) -> list[str]:
        """The answer as a list of texts."""
        return [str(word) for word in items(self.ask(*words))]

    def config(self, name: str) -> str:
        """What the server runs with, of one directive."""
        return self.words("CONFIG", "GET", name)[1]

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def items(answer: Reply) -> list[Reply]:
    if not isinstance(answer, list):
        raise ValueError("an answer that is no list: %s" % answer)
    return answer


def pairs(answer: Reply) -> dict[str, str]:
    words = [str(word) for word in items(answer)]
    return dict(zip(words[::2], words[1::2]))


def pair(text: str, by: str) -> tuple[str, str]:
    name, value = text.split(by, 1)
    return name, value


def at_socket(path: str, use: Callable[[str], None]) -> None:
    """Binds or connects to a socket by a short name: the kernel takes 107 characters, and folders may be deep."""
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        use("/proc/self/fd/%d/%s" % (folder, os.path.basename(path)))
    finally:
        os.close(folder)


def state_of(error: BaseException) -> tuple[str, str]:
    """What a question that failed says of the server: (state, sentence). Only `down` is a proof that it does not
    run: nobody listens at its port.
    """
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return "down", "does not run"
    if isinstance(error, OSError):
        return "silent", "gave no answer (%s)" % error
    for words, sentence in STATES.items():
        if words in str(error):
            return words.split()[0].lower(), sentence
    return "error", "answers with an error: %s" % error


def ask_all(endpoints: Sequence[str], question: Callable[[str], Answer]) -> dict[str, Answer]:
    """Asks all at once; the answers of those who gave one, by endpoint."""

    def one(endpoint: str) -> tuple[str, Optional[Answer]]:
        with contextlib.suppress(*UNREACHABLE):
            return endpoint, question(endpoint)
        return endpoint, None

    with concurrent.futures.ThreadPoolExecutor(max(1, len(endpoints))) as pool:
        answers: Iterable[tuple[str, Optional[Answer]]] = pool.map(one, endpoints)
        return {endpoint: answer for endpoint, answer in answers if answer is not None}


def until(seconds: float, condition: Callable[[], Answer], pause: float = 0.02) -> Optional[Answer]:
    """What the condition says once it holds, or None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(pause)
    return None
