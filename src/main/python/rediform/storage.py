"""Files that this program writes and reads."""

import contextlib
import json
import os
import shutil
from typing import Any


def write(path: str, text: str, owner: str = "", mode: int = 0o600) -> None:
    """Replaces a file as a whole: it is as it was, or has all of the text, whatever happens to this machine. A file
    with unchanged content stays as it is.
    """
    with contextlib.suppress(OSError, ValueError):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    temporary = path + ".new"
    with contextlib.suppress(FileNotFoundError):
        os.remove(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(file.fileno())
    give(temporary, owner)
    os.replace(temporary, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def give(path: str, owner: str) -> None:
    if owner and os.geteuid() == 0:
        shutil.chown(path, owner, owner)


def read_text(path: str) -> str:
    """Empty, if there is no such file."""
    with contextlib.suppress(FileNotFoundError):
        with open(path, encoding="utf-8") as file:
            return file.read()
    return ""


def read_lines(path: str) -> list[str]:
    """No lines, if there is no such file."""
    return read_text(path).splitlines()


def read_json(path: str) -> dict[str, Any]:
    """Nothing, if there is no such file or it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        with open(path, encoding="utf-8") as file:
            facts: dict[str, Any] = json.load(file)
            return facts
    return {}
