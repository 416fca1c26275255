"""Runs a file of tests and writes down what became of each, for stacks.testing.PythonTests.

usage: python3 -B report.py REPORT FILE

REPORT gets one JSON object a line: {"test": "Class.method", "outcome": …}. The outcome is "started" when a test begins,
then "passed", or "skipped" or "failed" with "text", which says why. The last line is {"outcome": "ended"}: where it is
missing, the process ended early. Failures of a class's or the file's fixtures, and of the import, are lines too.
"""

import faulthandler
import json
import os
import sys
import unittest

# Before stacks.testing.Run ends a process that takes too long, its threads tell where they are.
HANGS_AFTER_SECONDS = 9 * 60


class Report(unittest.TestResult):
    def __init__(self, file):
        super().__init__()
        self.file = file
        # The test that runs, and what it failed at and skipped: several things where it has subtests.
        self.current = None
        self.failed_at = []
        self.skipped_at = []

    def write(self, **line):
        self.file.write(json.dumps(line) + "\n")
        # The next test may end the process.
        self.file.flush()

    def startTest(self, test):
        super().startTest(test)
        self.current, self.failed_at, self.skipped_at = test, [], []
        self.write(test=name(test), outcome="started")

    def stopTest(self, test):
        super().stopTest(test)
        self.current = None
        self.conclude(test)

    def conclude(self, test):
        if self.failed_at:
            self.write(test=name(test), outcome="failed", text="\n".join(self.failed_at))
        elif self.skipped_at:
            self.write(test=name(test), outcome="skipped", text="; ".join(self.skipped_at))
        else:
            self.write(test=name(test), outcome="passed")

    def note(self, test, failed_at=(), skipped_at=()):
        """Adds it to the test that runs. When none runs, it is about a fixture, which gets a line of its own."""
        if self.current is None:
            self.failed_at, self.skipped_at = [], []
        self.failed_at += failed_at
        self.skipped_at += skipped_at
        if self.current is None:
            self.conclude(test)

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, failed_at=[self.errors[-1][1]])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, failed_at=[self.failures[-1][1]])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            traceback = (self.failures if issubclass(err[0], test.failureException) else self.errors)[-1][1]
            self.note(test, failed_at=["%s\n%s" % (subtest, traceback)])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, skipped_at=[reason])

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, failed_at=["passed, although it is marked as one that fails"])


def name(test):
    """Class.method; of a fixture what unittest calls it, such as `setUpClass (test_x.Class)`."""
    return ".".join(test.id().split(".")[-2:])


def main(path, tests):
    faulthandler.dump_traceback_later(HANGS_AFTER_SECONDS)
    folder, file = os.path.split(os.path.abspath(tests))
    # Unlike an import of our own, this turns a file that cannot be imported into a test that fails.
    suite = unittest.TestLoader().discover(folder, pattern=file)
    with open(path, "w", encoding="utf-8") as report:
        result = Report(report)
        suite.run(result)
        result.write(outcome="ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
