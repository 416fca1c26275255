"""Files are replaced as a whole, whatever happens meanwhile."""
import os
import shutil
import stat
import unittest
from unittest.mock import patch

from fixtures import InAFolder

from rediform import storage


class PowerLost(BaseException):
    """Nothing that the program does about errors is done."""


class Storage(InAFolder):
    def setUp(self):
        super().setUp()
        self.file = self.path("file")

    def replace(self, text, **how):
        storage.write(self.file, text, **how)

    def inode(self):
        return os.stat(self.file).st_ino

    def mode(self):
        return oct(stat.S_IMODE(os.stat(self.file).st_mode))

    def test_a_new_file_is_for_its_owner_alone(self):
        self.replace("a\n")
        self.assertEqual(self.read("file"), "a\n")
        self.assertEqual(self.mode(), "0o600")

    def test_the_mode_is_the_one_that_was_asked_for_whatever_the_umask(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.replace("a\n", mode=0o644)
        self.assertEqual(self.mode(), "0o644")

    def test_no_one_else_can_read_what_is_not_yet_complete(self):
        seen = []

        def fchmod(descriptor, mode):
            seen.append(oct(stat.S_IMODE(os.fstat(descriptor).st_mode)))

        self.addCleanup(os.umask, os.umask(0))
        with patch.object(os, "fchmod", fchmod):
            self.replace("secret\n")
        self.assertEqual(seen, ["0o600"])

    def test_other_content_replaces_the_file_and_leaves_none_beside_it(self):
        self.replace("a\n")
        before = self.inode()
        with open(self.file, encoding="utf-8") as reader:
            self.replace("b\n")
            self.assertEqual(reader.read(), "a\n")  # who has it open sees none of the other
        self.assertEqual(self.read("file"), "b\n")
        self.assertNotEqual(self.inode(), before)
        self.assertNotIn("file.new", os.listdir(self.home))

    def test_unchanged_content_stays_as_it_is(self):
        self.replace("a\n")
        os.chmod(self.file, 0o640)
        before = os.stat(self.file)
        self.replace("a\n")
        self.assertEqual(os.stat(self.file), before)

    def test_a_file_that_is_no_text_is_replaced(self):
        with open(self.file, "wb") as file:
            file.write(b"\xff\xfe")
        self.replace("a\n")
        self.assertEqual(self.read("file"), "a\n")

    def test_the_power_is_lost_at_any_moment(self):
        for moment in ("fsync", "fchmod", "replace"):
            with self.subTest(moment=moment):
                self.replace("a\n")
                with patch.object(os, moment, side_effect=PowerLost):
                    self.assertRaises(PowerLost, self.replace, "b\n")
                self.assertEqual(self.read("file"), "a\n")
                self.assertIn("file.new", os.listdir(self.home))
                self.replace("c\n")
                self.assertEqual(self.read("file"), "c\n")
                self.assertNotIn("file.new", os.listdir(self.home))

    def test_the_text_is_on_the_disk_before_the_name_and_the_name_before_it_returns(self):
        done = []
        fsync, rename = os.fsync, os.replace

        def synced(descriptor):
            done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
            done.append(os.path.getsize(self.file + ".new") if done == ["file"] else None)
            fsync(descriptor)

        def replaced(before, after):
            done.append("name")
            rename(before, after)

        with patch.object(os, "fsync", synced), patch.object(os, "replace", replaced):
            self.replace("abc\n")
        self.assertEqual(done, ["file", 4, "name", "folder", None])

    def test_what_somebody_left_in_its_way_is_not_written_through(self):
        os.symlink(self.path("elsewhere"), self.file + ".new")
        self.write("elsewhere", "untouched\n")
        self.replace("a\n")
        self.assertEqual(self.read("elsewhere"), "untouched\n")
        self.assertFalse(os.path.islink(self.file))

    def test_root_gives_it_to_its_owner_before_it_gets_its_name(self):
        given = []

        def chown(path, user, group):
            given.append((path, user, group, os.path.exists(self.file)))

        with patch.object(shutil, "chown", chown), patch.object(os, "geteuid", lambda: 0):
            self.replace("a\n", owner="redis")
            self.assertEqual(given, [(self.file + ".new", "redis", "redis", False)])
            self.replace("b\n")
        self.assertEqual(len(given), 1)

    def test_who_is_not_root_keeps_it(self):
        with patch.object(shutil, "chown", side_effect=PermissionError), patch.object(os, "geteuid", lambda: 1000):
            self.replace("a\n", owner="redis")
        self.assertEqual(self.read("file"), "a\n")

    def test_lines(self):
        self.assertEqual(storage.read_lines(self.file), [])
        self.replace("a\nb b\n")
        self.assertEqual(storage.read_lines(self.file), ["a", "b b"])

    def test_lines_that_cannot_be_read_are_not_taken_for_none(self):
        self.assertRaises(IsADirectoryError, storage.read_lines, self.home)

    def test_facts_of_a_file_that_is_missing_or_damaged_are_none(self):
        self.assertEqual(storage.read_json(self.file), {})
        for text, facts in (("", {}), ('{"a": ', {}), ('{"a": 1}', {"a": 1})):
            self.write("file", text)
            self.assertEqual(storage.read_json(self.file), facts)
        self.assertEqual(storage.read_json(self.home), {})


if __name__ == "__main__":
    unittest.main()
