"""How a machine gets its passwords. What AWS is asked for them: test_aws.py."""
import contextlib
import http.client
import io
import json
import os
import stat
import unittest
from unittest.mock import patch

from fixtures import MACHINE, InAFolder, contents_of

from rediform.errors import Failed
from rediform.machine import secret
from rediform.machine.retry import LONGEST_PAUSE, PATIENCE

PASSWORDS = {"admin": "a", "replica": "b"}
NO_ACCESS = Failed("secret s: AccessDeniedException; the instance profile must allow it")


class Secret(InAFolder):
    def setUp(self):
        super().setUp()
        self.now, self.answers, self.asked, self.said = 0.0, [json.dumps(PASSWORDS)], [], []
        self.file = self.path("state/secrets.json")
        self.contents = contents_of("redis", machine={**MACHINE, "region": "eu-1", "secret": "x/redis"})
        self.enterContext(patch("rediform.machine.retry.time", self))
        self.enterContext(patch.object(secret, "get_secret", self.get_secret))
        self.enterContext(patch.object(secret, "say", self.said.append))
        self.enterContext(contextlib.redirect_stdout(io.StringIO()))

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def get_secret(self, region, name):
        """The next answer; the last one for ever."""
        self.asked.append((region, name))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def fetch(self):
        secret.fetch(self.contents, self.file)

    def known(self, passwords):
        os.makedirs(os.path.dirname(self.file))
        self.write("state/secrets.json", json.dumps(passwords))

    def kept(self):
        return json.loads(self.read("state/secrets.json"))

    def mode(self, path):
        return oct(stat.S_IMODE(os.stat(path).st_mode))

    def test_only_root_reads_what_was_fetched(self):
        self.addCleanup(os.umask, os.umask(0))
        self.fetch()
        self.assertEqual(self.asked, [("eu-1", "x/redis")])
        self.assertEqual(self.kept(), PASSWORDS)
        self.assertEqual(self.mode(self.file), "0o600")
        self.assertEqual(self.mode(os.path.dirname(self.file)), "0o700")

    def test_the_first_boot_waits_for_a_secret_that_comes_later(self):
        self.answers = [OSError("no route"), NO_ACCESS, ValueError("no JSON"), json.dumps(PASSWORDS)]
        self.fetch()
        self.assertEqual(self.kept(), PASSWORDS)

    def test_a_secret_that_is_no_json_is_one_that_comes_later(self):
        self.answers = ["", "changeme", json.dumps(PASSWORDS)]
        self.fetch()
        self.assertEqual(self.kept(), PASSWORDS)

    def test_what_holds_no_passwords_does_not_replace_those_that_are_known(self):
        self.known(PASSWORDS)
        for answer in ("[]", "7", '"a"', "null", '{"admin": 7}'):
            with self.subTest(answer):
                self.answers = [answer]
                self.fetch()
                self.assertEqual(self.kept(), PASSWORDS)
                self.assertIn("secret x/redis is no object with a text for each user", self.said[-1])

    def test_the_first_boot_fails_with_the_reason(self):
        self.answers = [NO_ACCESS]
        with self.assertRaisesRegex(Failed, "^secret: secret s: AccessDeniedException; the instance profile must"):
            self.fetch()
        self.assertTrue(PATIENCE < self.now <= PATIENCE + LONGEST_PAUSE, self.now)
        self.assertFalse(os.path.exists(self.file))

    def test_a_node_that_knows_its_passwords_goes_on_with_them_soon(self):
        self.known({"admin": "old"})
        self.answers = [OSError("no route")]
        self.fetch()
        self.assertEqual(self.kept(), {"admin": "old"})
        self.assertEqual(self.said, ["secret: no route; goes on with the passwords of an earlier boot"])
        self.assertTrue(secret.RENEWAL < self.now < 2 * secret.RENEWAL, self.now)

    def test_an_answer_that_is_cut_off_is_none(self):
        self.known({"admin": "old"})
        self.answers = [http.client.IncompleteRead(b"{")]
        self.fetch()
        self.assertEqual(self.kept(), {"admin": "old"})

    def test_new_passwords_replace_the_known_ones_as_a_whole(self):
        self.known({"admin": "old"})
        os.chmod(self.file, 0o644)
        with open(self.file, encoding="utf-8") as reader:
            self.fetch()
            self.assertEqual(json.load(reader), {"admin": "old"})
        self.assertEqual(self.kept(), PASSWORDS)
        self.assertEqual(self.mode(self.file), "0o600")
        self.assertEqual(os.listdir(os.path.dirname(self.file)), ["secrets.json"])

    def test_what_cannot_be_written_is_a_failure_even_if_passwords_are_known(self):
        self.known({"admin": "old"})
        with patch.object(secret, "write", side_effect=OSError(28, "No space left on device")):
            self.assertRaisesRegex(OSError, "No space left", self.fetch)


if __name__ == "__main__":
    unittest.main()
