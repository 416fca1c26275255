"""What a place for backups can do."""
import contextlib
from typing import BinaryIO, NamedTuple, Protocol

CHUNK = 1 << 16  # bytes that are in memory at a time


class Stored(NamedTuple):
    """What was written."""

    bytes: int
    sha256: str


class Store(Protocol):
    """Objects with flat names."""

    def put(self, name: str, source: BinaryIO) -> Stored:
        """Writes an object, whatever its size, with little memory. If that fails, or the source does, nothing of it
        is listed.
        """

    def get(self, name: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """A stream of an object, which ends with Failed if it was cut off."""

    def names(self) -> list[str]:
        """Of all objects, sorted."""

    def remove(self, name: str) -> None:
        """No failure if it is not there."""
