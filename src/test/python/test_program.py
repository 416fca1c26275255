"""What `rediform-boot fetch-program` does with what it finds in the program's secret.

REDIFORM_BOOT names the program.
"""
import base64
import contextlib
import gzip
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import tempfile
import unittest

PROGRAM = b"#!/usr/bin/python3\nprint('canary')\n"
SHA256 = hashlib.sha256(PROGRAM).hexdigest()


def load():
    loader = importlib.machinery.SourceFileLoader("boot", os.environ["REDIFORM_BOOT"])
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("boot", loader))
    loader.exec_module(module)
    return module


def packed(text):
    return base64.b64encode(gzip.compress(text)).decode()


class FetchProgram(unittest.TestCase):
    def setUp(self):
        self.boot = load()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = folder.name + "/rediform-node"
        self.asked = []

    def fetch(self, *answers):
        """Everything that is said on the way; after the last answer the secret stays as it is."""
        left = list(answers)

        def get_secret(settings, name):
            self.asked.append(name)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        now = [0.0]
        self.boot.get_secret = get_secret
        self.boot.time = type("Time", (), {
            "monotonic": staticmethod(lambda: now[0]),
            "sleep": staticmethod(lambda seconds: now.__setitem__(0, now[0] + seconds))})
        settings = {"agent": self.path, "agentSecret": "rediform/cache/program", "agentSha256": SHA256}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.boot.fetch_program(settings)
        return said.getvalue()

    def put(self, text):
        with open(self.path, "wb") as file:
            file.write(text)

    def assert_installed(self):
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), PROGRAM)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o755)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["rediform-node"])

    def test_a_new_machine_fetches_the_program(self):
        self.assertEqual(self.fetch(packed(PROGRAM)), "")
        self.assertEqual(self.asked, ["rediform/cache/program"])
        self.assert_installed()

    def test_a_machine_that_has_it_asks_nobody(self):
        self.put(PROGRAM)
        self.fetch(OSError("no network"))
        self.assertEqual(self.asked, [])

    def test_an_older_program_is_replaced(self):
        self.put(b"older")
        self.fetch(packed(PROGRAM))
        self.assert_installed()

    def test_what_a_power_loss_left_is_in_nobodys_way(self):
        with open(self.path + ".new", "wb") as file:
            file.write(PROGRAM * 2)
        self.fetch(packed(PROGRAM))
        self.assert_installed()

    def test_another_program_is_not_installed_and_both_checksums_are_said_once(self):
        other = hashlib.sha256(b"other").hexdigest()
        said = self.fetch(packed(b"other"), packed(b"other"), packed(PROGRAM))
        self.assertEqual(said.count("\n"), 1)
        self.assertIn("rediform/cache/program has the program with checksum " + other, said)
        self.assertIn("wants " + SHA256, said)
        self.assertEqual(len(self.asked), 3)
        self.assert_installed()

    def test_whatever_else_the_secret_holds_is_never_installed_nor_said(self):
        for value in ("canary", packed(PROGRAM)[:24], base64.b64encode(b"canary").decode(),
                      packed(bytes(self.boot.MOST_UNPACKED) + PROGRAM), "", "{\"canary\": 1}"):
            with self.subTest(value[:20]):
                self.put(b"older")
                with self.assertRaises(self.boot.Failed) as failed:
                    self.fetch(value)
                self.assertIn(SHA256, str(failed.exception))
                self.assertNotIn("canary", str(failed.exception))
                self.assertFalse(os.path.exists(self.path))

    def test_it_is_patient_and_then_says_why(self):
        with self.assertRaisesRegex(self.boot.Failed, "program: no network"):
            self.fetch(OSError("no network"))
        self.assertGreater(len(self.asked), self.boot.PATIENCE / self.boot.LONGEST_PAUSE)


unittest.main()
