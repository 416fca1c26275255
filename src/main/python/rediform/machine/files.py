"""Files of this machine, by the paths that they have there."""

import contextlib
import os
import shutil

from rediform import storage
from rediform.places import at


def read(path: str) -> str:
    """Empty if there is no such file."""
    with contextlib.suppress(FileNotFoundError):
        with open(at(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    return ""


def write(path: str, text: str, mode: int = 0o644) -> None:
    """A file with unchanged content is not written again; its mode is set in any case."""
    place = at(path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    storage.write(place, text, mode=mode)
    os.chmod(place, mode)


def folder(path: str, mode: int, owner: str = "") -> None:
    """A folder with this mode and, if one is named, with a user and its group as owners."""
    place = at(path)
    os.makedirs(place, exist_ok=True)
    os.chmod(place, mode)
    if owner:
        shutil.chown(place, owner, owner)
