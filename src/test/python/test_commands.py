"""Programs that a machine is set up with, and its files: how they are run, and what their failures say."""

import contextlib
import io
import os
import stat
import time
import unittest
import unittest.mock

from fake_machine import OnAMachine, commands
from rediform.machine import files


class Commands(unittest.TestCase):
    def printed(self, *words, **environment):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            commands.run(*words, **environment)
        return out.getvalue()

    def failure(self, use, *words):
        with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(commands.Failed) as raised:
            use(*words)
        return str(raised.exception)

    def test_what_a_program_prints_is_printed(self):
        self.assertEqual(self.printed("sh", "-c", "echo one; echo two >&2; echo $X", X="three"), "one\ntwo\nthree\n")

    def test_a_failure_says_what_was_run_how_it_ended_and_the_last_lines(self):
        script = "for i in 1 2 3 4 5; do echo $i; done; echo; exit 7"
        self.assertEqual(self.failure(commands.run, "sh", "-c", script), f"sh -c {script} ended with 7: 3 | 4 | 5")

    def test_a_failure_without_words_says_so(self):
        self.assertEqual(self.failure(commands.run, "false"), "false ended with 1: it printed nothing")
        self.assertEqual(self.failure(commands.output, "false"), "false ended with 1: it printed nothing")

    def test_a_program_that_is_not_there_is_a_failure(self):
        for use in (commands.run, commands.output):
            said = self.failure(use, "no-such-program", "word")
            self.assertRegex(said, "^no-such-program word ended with 127: .*No such file or directory")
        self.assertFalse(commands.succeeds("no-such-program"))

    def test_output_is_standard_output_in_english_and_nothing_is_printed(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(commands.output("sh", "-c", "echo warning >&2; echo $LC_ALL"), "C\n")
        self.assertEqual(out.getvalue(), "")
        self.assertEqual(self.failure(commands.output, "sh", "-c", "echo a; echo b >&2; exit 1")[-4:], "1: b")

    def test_no_program_reads_our_input(self):
        self.assertEqual(self.printed("cat"), "")
        self.assertEqual(commands.output("cat"), "")

    def test_output_that_is_no_utf_8_is_no_failure(self):
        self.assertEqual(self.printed("printf", r"\377\n"), "\ufffd\n")
        self.assertEqual(commands.output("printf", r"\377\n"), "\ufffd\n")

    def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(self):
        began = time.monotonic()
        pid = self.printed("sh", "-c", "sleep 60 & echo $!")
        os.kill(int(pid), 15)
        self.assertLess(time.monotonic() - began, 30)

    def test_much_output_does_not_block(self):
        self.assertEqual(len(self.printed("sh", "-c", "yes | head -n 100000")), 200000)

    def test_what_is_said_names_rediform_on_standard_error(self):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            commands.say("THP stays on")
        self.assertEqual(err.getvalue(), "rediform: THP stays on\n")


class Files(OnAMachine):
    def inode(self, path):
        return os.stat(files.at(path)).st_ino

    def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(self):
        files.write("/etc/a/b", "one\n")
        self.machine.put("/etc/a/b.new", "left by a power loss")
        with open(files.at("/etc/a/b"), encoding="utf-8") as reader:
            files.write("/etc/a/b", "two\n")
            self.assertEqual(reader.read(), "one\n")
        self.assertEqual(files.read("/etc/a/b"), "two\n")
        self.assertEqual(self.machine.files(), {"/etc/a/b"})

    def test_unchanged_content_stays(self):
        files.write("/etc/a", "one\n")
        before = self.inode("/etc/a")
        files.write("/etc/a", "one\n")
        self.assertEqual(self.inode("/etc/a"), before)
        files.write("/etc/a", "one\r\n")
        self.assertNotEqual(self.inode("/etc/a"), before)

    def test_the_mode_does_not_depend_on_the_umask_and_is_set_for_unchanged_content_too(self):
        before = os.umask(0o077)
        try:
            files.write("/a", "one\n")
            self.assertEqual(self.machine.mode("/a"), "0o644")
            files.write("/a", "one\n", 0o755)
            self.assertEqual(self.machine.mode("/a"), "0o755")
        finally:
            os.umask(before)

    def test_a_new_file_is_never_more_open_than_it_shall_be(self):
        modes = []

        def chmod(descriptor, mode):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

        with unittest.mock.patch.object(os, "fchmod", chmod):
            files.write("/a", "one\n", 0o600)
        self.assertEqual(modes, [0o600])

    def test_content_that_is_no_text_is_replaced(self):
        with open(files.at("/a"), "wb") as file:
            file.write(b"\xff\xfe")
        files.write("/a", "one\n")
        self.assertEqual(files.read("/a"), "one\n")
        self.assertEqual(files.read("/missing"), "")

    def test_a_folder_gets_its_mode_and_its_owner_each_time(self):
        for _ in range(2):
            files.folder("/var/redis/6379", 0o700, "redis")
            self.assertEqual(self.machine.mode("/var/redis/6379"), "0o700")
            self.assertEqual(self.machine.owners.pop("var/redis/6379"), "redis:redis")
            os.chmod(files.at("/var/redis/6379"), 0o755)
        files.folder("/var/redis", 0o755)
        self.assertEqual(self.machine.owners, {})


if __name__ == "__main__":
    unittest.main()
