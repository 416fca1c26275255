"""Where backups are kept: a folder, or a bucket."""
import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from rediform.backup.bucket import Bucket
from rediform.backup.stored import CHUNK, Store as Store, Stored as Stored
from rediform.contents import Backup
from rediform.errors import Failed, Refused
from rediform.state import Node

PART = ".part"  # of a file that is being written: .NAME.part


def section_of(node: Node) -> Backup:
    """What the document says of backups; refused where there are none."""
    if not node.contents.backup:
        raise Refused(
            "backups are off for this node; to have some: backup.enabled in the environment file, and a deploy"
        )
    return node.contents.backup


def store_of(node: Node) -> Store:
    """The place that the document names. A relative one starts from the node's home."""
    place, machine = section_of(node).place, node.contents.machine
    if place.startswith("s3://") and machine:
        # The parts are spooled on the disk of the state, since /tmp may be memory.
        return Bucket(place, machine.region, os.path.dirname(node.path("backups")))
    return Folder(os.path.normpath(os.path.join(node.home, place)))


def place_of(node: Node, store: Store) -> str:
    """Where its backups are. A bucket knows its whole name once it was asked for something."""
    return store.where() if isinstance(store, Bucket) else section_of(node).place


class Folder:
    """A folder that all nodes of a machine share. An object is there as a whole, or not at all."""

    def __init__(self, path: str) -> None:
        self.path = path

    def put(self, name: str, source: BinaryIO) -> Stored:
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            self.remove_leftovers()
            return self.write(name, source)
        except OSError as error:
            sentence = "%s could not be written to %s: %s; make room there, or let its owner write"
            raise Failed(sentence % (name, self.path, error.strerror or error)) from error

    def write(self, name: str, source: BinaryIO) -> Stored:
        part = self.place(".%s%s" % (name, PART))
        digest, size = hashlib.sha256(), 0
        with open_locked(part) as file:
            try:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                file.flush()
                os.fsync(file.fileno())
                os.rename(part, self.place(name))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.remove(part)
                raise
        self.sync()
        return Stored(size, digest.hexdigest())

    @contextlib.contextmanager
    def get(self, name: str) -> Iterator[BinaryIO]:
        try:
            file = open(self.place(name), "rb")
        except OSError as error:
            raise Failed("%s could not be read from %s: %s" % (name, self.path, error.strerror)) from error
        with file:
            yield file

    def names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.path) if not name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Failed("%s could not be read: %s" % (self.path, error.strerror)) from error

    def remove(self, name: str) -> None:
        try:
            os.remove(self.place(name))
            self.sync()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Failed("%s could not be removed from %s: %s" % (name, self.path, error.strerror)) from error

    def place(self, name: str) -> str:
        return os.path.join(self.path, name)

    def sync(self) -> None:
        """A name in a folder is on the disk only when the folder is."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove_leftovers(self) -> None:
        """What runs have left that were killed: whoever still writes a file has a lock on it."""
        for name in os.listdir(self.path):
            if name.startswith(".") and name.endswith(PART):
                with contextlib.suppress(OSError), open(self.place(name), "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.remove(self.place(name))


def open_locked(path: str) -> BinaryIO:
    """A new file, with a lock on it. It is made again if another process took it for a leftover before that."""
    while True:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
