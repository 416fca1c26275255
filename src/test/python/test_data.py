"""Whether a file holds data. What starts find on a disk: test_start.py."""
import os
import tempfile
import unittest

import fixtures  # noqa: F401

from rediform.data import holds_keys


class HoldsKeys(unittest.TestCase):
    AUX = b"\xfa\x09redis-ver\x067.0.15" + b"\xfa\x0aredis-bits\xc0@" + b"\xfa\x05ctime\xc2\x00\x00\x00\x01"

    def check(self, content, name="appendonly.aof.1.base.rdb"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(content)
            return holds_keys(path)

    def test_an_rdb_with_nothing_but_its_header_is_empty(self):
        self.assertFalse(self.check(b"REDIS0010" + self.AUX + b"\xff" + b"\0" * 8))

    def test_an_rdb_with_one_key_is_data(self):
        self.assertTrue(self.check(b"REDIS0010" + self.AUX + b"\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff" + b"\0" * 8))

    def test_valkeys_own_header_is_as_long(self):
        self.assertFalse(self.check(b"VALKEY080" + self.AUX + b"\xff" + b"\0" * 8))
        self.assertTrue(self.check(b"VALKEY080" + self.AUX + b"\xfe\x00\xfb\x01\x00\x00\x01k\x01v\xff" + b"\0" * 8))

    def test_a_long_auxiliary_field_is_skipped(self):
        field = b"\xfa\x07repl-id\x40\x50" + b"x" * 80
        self.assertFalse(self.check(b"REDIS0010" + field + b"\xff" + b"\0" * 8))

    def test_one_command_in_an_aof_is_data(self):
        self.assertTrue(self.check(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "appendonly.aof.1.incr.aof"))

    def test_an_empty_aof_and_a_manifest_are_not(self):
        self.assertFalse(self.check(b"", "appendonly.aof.1.incr.aof"))
        self.assertFalse(self.check(b"file a seq 1 type b", "appendonly.aof.manifest"))

    def test_a_torn_rdb_counts_as_data(self):
        whole = b"REDIS0010" + self.AUX + b"\xff"
        for end in range(5, len(whole) - 1):
            self.assertTrue(self.check(whole[:end]), whole[:end])


if __name__ == "__main__":
    unittest.main()
