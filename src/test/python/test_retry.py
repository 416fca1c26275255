"""Patience with what comes later than the machine, in a time that passes only while somebody waits."""
import contextlib
import http.client
import io
import itertools
import unittest
from unittest.mock import patch

import fixtures  # noqa: F401

from rediform.errors import Failed
from rediform.machine.retry import LONGEST_PAUSE, PATIENCE, retry


class Retry(unittest.TestCase):
    def setUp(self):
        self.now, self.pauses = 0.0, []
        self.enterContext(patch("rediform.machine.retry.time", self))
        self.said = self.enterContext(contextlib.redirect_stdout(io.StringIO()))

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def attempt(self, *answers):
        """Gives these answers, one at each call; those that are exceptions are raised. The last one for ever."""
        left = itertools.chain(answers, itertools.repeat(answers[-1]))

        def answer():
            now = next(left)
            if isinstance(now, BaseException):
                raise now
            return now

        return answer

    def test_what_works_at_once_is_tried_once_and_says_nothing(self):
        self.assertEqual(retry("disk", self.attempt("here", OSError("tried again"))), "here")
        self.assertEqual((self.pauses, self.said.getvalue()), ([], ""))

    def test_tries_until_it_works(self):
        cut_off, no_role_yet = http.client.IncompleteRead(b"{"), IndexError("list index out of range")
        for error in (OSError("no"), ValueError("no"), KeyError("no"), Failed("no"), cut_off, no_role_yet):
            with self.subTest(error=error):
                self.assertEqual(retry("disk", self.attempt(error, error, "here")), "here")

    def test_an_answer_that_is_empty_is_an_answer(self):
        self.assertEqual(retry("disk", self.attempt("", OSError("tried again"))), "")

    def test_what_no_patience_helps_against_is_raised_at_once(self):
        self.assertRaises(TypeError, retry, "disk", self.attempt(TypeError("a bug")))
        self.assertEqual(self.pauses, [])

    def test_pauses_grow_up_to_the_longest(self):
        retry("disk", self.attempt(*[OSError("no")] * 9, "here"))
        self.assertEqual(self.pauses, [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE])

    def test_fails_with_the_last_reason_when_its_patience_is_over(self):
        with self.assertRaisesRegex(Failed, "^disk: still no$") as failed:
            retry("disk", self.attempt(OSError("no"), ValueError("still no")))
        self.assertIsInstance(failed.exception.__cause__, ValueError)
        self.assertTrue(PATIENCE < self.now <= PATIENCE + LONGEST_PAUSE, self.now)

    def test_without_patience_it_still_tries(self):
        with self.assertRaisesRegex(Failed, "^disk: no$"):
            retry("disk", self.attempt(OSError("no")), 0)
        self.assertLess(self.now, 1)
        self.assertEqual(retry("disk", self.attempt("here"), 0), "here")

    def test_says_the_reason_whenever_it_changes(self):
        retry("disk", self.attempt(OSError("a"), OSError("a"), OSError("b"), OSError("a"), "here"))
        line = "rediform: disk: %s; trying again\n"
        self.assertEqual(self.said.getvalue(), line % "a" + line % "b" + line % "a")


if __name__ == "__main__":
    unittest.main()
