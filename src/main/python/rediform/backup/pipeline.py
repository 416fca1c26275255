"""The programs that make a backup out of what a server holds: redis-cli, redis-check-rdb, zstd and age."""
import contextlib
import hashlib
import io
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Optional, Union

from rediform.backup.stored import CHUNK
from rediform.backup.turn import USER
from rediform.errors import Failed
from rediform.state import Node

PACKAGES = {"redis-cli": "redis-tools", "redis-check-rdb": "redis-tools", "zstd": "zstd", "age": "age"}
# The fork of the server lives as long as this takes, and each page that is written meanwhile is there twice: so speed
# counts for more than the last percent.
COMPRESS = ("-q", "-c", "-1", "--single-thread")
STALLED = 900.0  # seconds without a byte: a dump may have to wait for a BGSAVE that runs
ENDS = 10.0  # seconds for a program to end that has closed its input
MARK = 40  # bytes that redis-cli writes after an RDB whose size the server did not know; RDB_EOF_MARK_SIZE
RECENT = 256 << 10  # bytes of the RDB that can still be looked at: more than is ahead of the check (see pass_on)
SIZES = 19  # bytes that RESIZEDB has at most: its opcode and two lengths
RESIZEDB = 0xFB


def program(node: Node, name: str) -> str:
    """Beside the server that runs, so that it is of the same release; else where this machine has it."""
    server = os.path.join(node.home, "../bin/redis-server")
    beside = os.path.join(os.path.dirname(os.path.realpath(server)), name)
    found = beside if os.path.exists(server) and os.path.exists(beside) else shutil.which(name)
    if not found:
        raise Failed("%s is missing on this machine; to get it: apt-get install %s" % (name, PACKAGES[name]))
    return found


class Program:
    """One of them, and the last that it said."""

    def __init__(
        self,
        path: str,
        *words: str,
        stdin: Union[int, IO[bytes], None] = subprocess.PIPE,
        stdout: Union[int, IO[bytes]] = subprocess.PIPE,
        stderr: Optional[int] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.name = os.path.basename(path)
        self.cut = False  # its end is ours, and no failure of its own
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [path, *words],
            stdin=stdin,
            stdout=stdout,
            stderr=self.said if stderr is None else stderr,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
        )

    @property
    def input(self) -> IO[bytes]:
        assert self.process.stdin
        return self.process.stdin

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout
        return self.process.stdout

    def end(self) -> None:
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.cut = True
            self.process.kill()
            self.process.wait()

    def close_input(self) -> None:
        with contextlib.suppress(OSError):  # of a program that has ended
            self.input.close()

    def close(self) -> None:
        self.end()
        for file in (self.process.stdin, self.process.stdout, self.said):
            if file:
                with contextlib.suppress(OSError):
                    file.close()

    def lines(self) -> list[str]:
        self.said.seek(0)
        text = self.said.read().decode(errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def last_line(self) -> str:
        return (self.lines() or ["it said nothing"])[-1]

    @property
    def failed(self) -> bool:
        return not self.cut and self.process.poll() not in (None, 0)

    def failure(self) -> Failed:
        code = self.process.wait()
        how = "was ended by signal %d" % -code if code < 0 else "ended with exit code %d" % code
        return Failed("%s %s: %s" % (self.name, how, self.last_line()))


class Check(Program):
    """redis-check-rdb, which reads all of an RDB, and says where in it each database begins. With its output on a
    terminal each line comes when it is printed; on a pipe all would come at the end.
    """

    def __init__(self, path: str) -> None:
        self.terminal, other = os.openpty()
        try:
            super().__init__(path, "/dev/stdin", stdout=other, stderr=other)
        finally:
            os.close(other)
        os.set_blocking(self.input.fileno(), False)
        self.is_heard = False  # to its end
        self.rest, self.all = b"", deque[str](maxlen=100)
        self.begins: list[tuple[int, str]] = []  # offset after SELECTDB, and the database
        self.facts: dict[str, str] = {}  # auxiliary fields
        self.keys, self.size = -1, -1  # -1: it has not said so

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            os.close(self.terminal)

    def give(self, data: bytes) -> None:
        """What it says is heard first: it would wait for that, and we for it."""
        left = memoryview(data)
        while left:
            says = [] if self.is_heard else [self.terminal]
            ready = select.select(says, [self.input], [], STALLED)
            if ready[0]:
                self.hear()
            elif ready[1]:
                left = left[os.write(self.input.fileno(), left) :]
            else:
                raise Failed("%s: it did not go on for %d s" % (self.name, STALLED))

    def hear(self) -> None:
        try:
            data = os.read(self.terminal, CHUNK)
        except OSError:  # EIO: it has ended
            data = b""
        self.is_heard = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.learn(line.decode(errors="replace").strip())

    def learn(self, line: str) -> None:
        if line:
            self.all.append(line)
        if found := re.match(r"\[offset (\d+)\] Selecting DB ID (\d+)", line):
            self.begins.append((int(found[1]), found[2]))
        elif found := re.match(r"\[offset \d+\] AUX FIELD (\S+) = '(.*)'", line):
            self.facts[found[1]] = found[2]
        elif found := re.match(r"\[info\] (\d+) keys read", line):
            self.keys = int(found[1])
        elif found := re.match(r"\[offset (\d+)\] .*RDB looks OK", line):
            self.size = int(found[1])

    def finish(self) -> None:
        """It has all that it is to read."""
        self.close_input()
        while not self.is_heard:
            if not select.select([self.terminal], [], [], STALLED)[0]:
                raise Failed("%s: it did not end in %d s" % (self.name, STALLED))
            self.hear()

    def last_line(self) -> str:
        """Of an RDB that is wrong it says why, and then how many keys it has read."""
        self.learn(self.rest.decode(errors="replace").strip())
        lines = [
            line for line in self.all if not line.startswith("[info]") and not line.startswith("[additional info]")
        ]
        for before, line in zip(lines, lines[1:]):
            if "RDB ERROR DETECTED" in before:
                return line
        return (lines or ["it said nothing"])[-1]


class Dump(io.RawIOBase):
    """What a server holds, packed as it is to be stored. It is read to its end only if all programs ended well, and
    the check has found nothing; otherwise the last read fails. Its facts are known then.
    """

    def __init__(self, node: Node, recipients: Sequence[str]) -> None:
        self.size, self.digest, self.head = 0, hashlib.sha256(), b""
        self.keys: dict[str, int] = {}
        self.recent = bytearray()
        self.broken: Optional[BaseException] = None
        self.is_checked = False
        self.programs: list[Program] = []
        paths = [
            program(node, name) for name in ("redis-cli", "redis-check-rdb", "zstd", *(["age"] if recipients else []))
        ]
        try:
            self.check = Check(paths[1])
            self.programs.append(self.check)
            self.pack = self.last = self.added(Program(paths[2], *COMPRESS))
            if recipients:
                words = [word for recipient in recipients for word in ("-r", recipient)]
                self.last = self.added(Program(paths[3], *words, stdin=self.pack.output))
                self.pack.output.close()  # age alone reads it, so that zstd ends if age does
            password = {"REDISCLI_AUTH": node.secrets()[USER]}
            words = ["-h", node.address, "-p", str(node.port), "--user", USER, "--rdb", "-"]
            self.client = Program(paths[0], *words, stdin=subprocess.DEVNULL, environment=password)
            self.programs.insert(0, self.client)
            self.pump = threading.Thread(target=self.run, daemon=True)
        except BaseException:
            self.close()
            raise

    def added(self, one: Program) -> Program:
        self.programs.append(one)
        return one

    def begins(self, seconds: float) -> bool:
        """Whether the server has begun to send, or never will."""
        return bool(select.select([self.client.output], [], [], seconds)[0])

    # ------------------------------------------------------------ the reader's side

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        if not self.pump.ident:
            self.pump.start()
        data = os.read(self.last.output.fileno(), len(buffer))
        if not data and not self.is_checked:
            self.conclude()
            self.is_checked = True
        buffer[: len(data)] = data
        return len(data)

    def conclude(self) -> None:
        self.pump.join()
        for each in self.programs:
            try:
                each.process.wait(ENDS)
            except subprocess.TimeoutExpired:
                each.end()
        if isinstance(self.broken, Failed):
            raise self.broken
        # Of two that failed, one that was cut off by the other's end is not to blame.
        failed = sorted((each for each in self.programs if each.failed), key=is_cut_off)
        if failed:
            raise failed[0].failure()
        if self.broken:
            raise Failed("the dump was cut off: %s" % self.broken)
        if (self.check.size, self.check.keys) != (self.size, sum(self.keys.values())):
            sentence = "redis-check-rdb read %d bytes and %d keys of an RDB that has %d and %d"
            raise Failed(sentence % (self.check.size, self.check.keys, self.size, sum(self.keys.values())))

    def close(self) -> None:
        """Whatever still runs ends now."""
        for each in self.programs:
            each.end()
        if getattr(self, "pump", None) and self.pump.ident:
            self.pump.join()
        for each in self.programs:
            each.close()
        super().close()

    # ------------------------------------------------------------ the thread's side

    def run(self) -> None:
        try:
            self.copy()
            self.pack.input.close()
        except Exception as error:
            self.broken = error
            if isinstance(error, BrokenPipeError):
                self.wait_for_the_first()
            for each in self.programs:
                each.end()
        finally:
            self.check.close_input()
            self.pack.close_input()

    def wait_for_the_first(self) -> None:
        """One of them no longer reads, so it is about to end, and its exit code says why."""
        deadline = time.monotonic() + ENDS
        while time.monotonic() < deadline and not any(each.failed for each in self.programs):
            time.sleep(0.01)

    def copy(self) -> None:
        """All of the RDB to the check and to zstd. The last bytes are held back until redis-cli has said whether they
        are its mark, which is not part of the RDB.
        """
        held = b""
        output = self.client.output.fileno()
        while select.select([output], [], [], STALLED)[0]:
            chunk = os.read(output, CHUNK)
            if not chunk:
                self.pass_on(held[: len(held) - self.beyond(self.size + len(held))])
                self.count(is_all=True)
                return
            held += chunk
            self.pass_on(held[:-MARK])
            held = held[-MARK:]
        raise Failed("redis-cli: the server sent nothing for %d s" % STALLED)

    def beyond(self, size: int) -> int:
        """How much of what redis-cli wrote is not part of the RDB. Refuses what is not all of it."""
        if self.client.process.wait(ENDS):
            raise self.client.failure()
        said = self.client.last_line()
        found = re.search(r"Transfer finished with success(?: after (\d+) bytes)?", said)
        if not found:
            raise Failed("redis-cli ended before it had all: %s" % said)
        more = size - int(found[1] or size)
        if more not in (0, MARK):
            raise Failed("redis-cli wrote %d bytes: %s" % (size, said))
        return more

    def pass_on(self, data: bytes) -> None:
        """The number of a database's keys follows where redis-check-rdb says that it begins. Those bytes are still
        among the recent ones when that line is heard: it is printed when they are read, is heard before the next
        64 KiB are written, and no more is ahead of it than these, what is in the pipe (64 KiB), and what is in its
        own buffer (4 KiB).
        """
        if not data:
            return
        self.size += len(data)
        self.digest.update(data)
        self.head = self.head or data[:16]
        self.recent += data
        if len(self.recent) > 2 * RECENT:
            del self.recent[:-RECENT]
        for at in range(0, len(data), CHUNK):
            self.check.give(data[at : at + CHUNK])
        self.pack.input.write(data)
        self.pack.input.flush()
        self.count()

    def count(self, is_all: bool = False) -> None:
        """Notes the number of keys of each database whose beginning is there."""
        if is_all:
            self.check.finish()
            if self.check.process.wait(ENDS):
                raise self.check.failure()
        while self.check.begins and (is_all or self.check.begins[0][0] + SIZES <= self.size):
            offset, database = self.check.begins.pop(0)
            at = offset - (self.size - len(self.recent))
            if at < 0 or self.recent[at : at + 1] != bytes([RESIZEDB]):
                raise Failed("the RDB does not say how many keys database %s has" % database)
            self.keys[database] = length(bytes(self.recent[at + 1 : at + SIZES]))


def is_cut_off(one: Program) -> bool:
    return one.process.returncode == -signal.SIGPIPE


def length(data: bytes) -> int:
    """A length as in Redis's rdb.h: of 6, 14, 32 or 64 bits."""
    first = data[0]
    if first >> 6 == 0:
        return first & 63
    if first >> 6 == 1:
        return (first & 63) << 8 | data[1]
    return int.from_bytes(data[1:9] if first & 1 else data[1:5], "big")
