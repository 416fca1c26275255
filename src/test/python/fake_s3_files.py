"""Objects of `fake_s3_writes.py` as files below a folder, and connections that are slow."""

import collections.abc
import os
import tempfile
import time

import fake_s3_writes

PER_SECOND = 10  # pieces of a slow connection


class Files(collections.abc.MutableMapping):
    """Bytes by key. A file is there as a whole or not at all; the folder need not exist."""

    def __init__(self, folder):
        self.folder = folder

    def place(self, key):
        return os.path.join(self.folder, key)

    def __getitem__(self, key):
        try:
            with open(self.place(key), "rb") as file:
                return file.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None

    def __setitem__(self, key, data):
        os.makedirs(os.path.dirname(self.place(key)), exist_ok=True)
        # Not below the folder, where it would be listed.
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(self.folder), delete=False) as file:
            file.write(data)
        os.chmod(file.name, 0o644)
        os.replace(file.name, self.place(key))

    def __delitem__(self, key):
        try:
            os.remove(self.place(key))
        except FileNotFoundError:
            raise KeyError(key) from None

    def __iter__(self):
        for folder, _, names in os.walk(self.folder):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.folder)

    def __len__(self):
        return sum(1 for _ in self)


class Cloud(fake_s3_writes.Cloud):
    """A list of it reads no file."""

    def __init__(self, folder, **more):
        super().__init__(**more)
        self.objects = Files(folder)

    def tag(self, key):
        return '"%x"' % os.stat(self.objects.place(key)).st_mtime_ns

    def size(self, key):
        return os.path.getsize(self.objects.place(key))


class Paced:
    """A file of a connection, at so many bytes a second."""

    def __init__(self, file, rate):
        self.file, self.piece = file, max(1, rate // PER_SECOND)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def read(self, size):
        pieces = []
        while size and (piece := self.file.read(min(size, self.piece))):
            pieces.append(piece)
            size -= len(piece)
            time.sleep(1 / PER_SECOND)
        return b"".join(pieces)

    def write(self, data):
        for at in range(0, len(data), self.piece):
            self.file.write(data[at : at + self.piece])
            time.sleep(1 / PER_SECOND)
