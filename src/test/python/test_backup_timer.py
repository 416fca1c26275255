"""What asks for backups beside the server of a node in a folder."""
import os
import signal
import subprocess
import sys
import time
import unittest

from fixtures import MACHINE, PACKAGE, InAFolder

from rediform.local.timer import Timer
from rediform.redis import until
from rediform.storage import read_lines, read_text

LIMIT = 20  # seconds in which anything here must come true
BACKUP = {"everySeconds": 60, "keepDays": 1, "keepLast": 1, "place": "../backups", "recipients": [], "undo": None}
# Stands in for the bootstrap: notes what it was asked for, and goes on until it is told to end.
BOOTSTRAP = """
import os, signal, sys
with open(%r, "a") as file:
    file.write("%%d %%s\\n" %% (os.getpid(), " ".join(sys.argv[1:])))
signal.pause()
"""


class Timers(InAFolder):
    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, "bin"))
        self.write("../bin/rediform-bootstrap", BOOTSTRAP % self.path("runs"))

    def timer(self, **more):
        timer = Timer(self.node("redis", backup=BACKUP, **more))
        self.addCleanup(lambda: timer.child and (timer.child.kill(), timer.child.wait()))
        return timer

    def runs(self):
        return read_lines(self.path("runs"))

    def soon(self, condition):
        self.assertTrue(until(LIMIT, condition), "not in %d s: %s" % (LIMIT, self.runs()))

    def test_the_first_is_due_after_a_tick(self):
        timer = self.timer()
        self.assertEqual(timer.tick, 5)
        timer.look()
        self.assertIsNone(timer.child)
        timer.due = time.monotonic()
        timer.look()
        self.soon(self.runs)
        self.assertEqual(self.runs(), ["%d run backup" % timer.child.pid])

    def test_never_two_run_at_once(self):
        timer = self.timer()
        timer.tick, timer.due = 0, time.monotonic()
        timer.look()
        self.soon(self.runs)
        first = timer.child
        timer.look()
        self.assertIs(timer.child, first)
        first.kill()
        self.soon(lambda: timer.look() or timer.child is not first)
        self.soon(lambda: len(self.runs()) == 2)

    def test_without_backups_or_on_a_machine_there_is_none(self):
        for more in ({"backup": None}, {"backup": BACKUP, "machine": MACHINE}):
            timer = Timer(self.node("redis", **more))
            timer.due = time.monotonic()
            timer.look()
            self.assertIsNone(timer.child)

    def test_what_runs_ends_with_the_process_that_started_it_however_that_ends(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(end):
                self.write("runs", "")
                program = (
                    "import sys, types; sys.path.insert(0, sys.argv[1]); from rediform.local.timer import Timer\n"
                    "contents = types.SimpleNamespace(backup=types.SimpleNamespace(everySeconds=60))\n"
                    "timer = Timer(types.SimpleNamespace(contents=contents, home=sys.argv[2], is_machine=False))\n"
                    "timer.due = 0; timer.look(); timer.child.wait()\n"
                )
                attendant = subprocess.Popen([sys.executable, "-B", "-c", program, PACKAGE, self.home])
                self.soon(self.runs)
                child = "/proc/" + self.runs()[0].split()[0]
                self.assertTrue(os.path.exists(child))
                attendant.send_signal(end)
                attendant.wait()
                self.soon(lambda: ") Z" in (read_text(child + "/stat") or ") Z"))  # gone, or a zombie


if __name__ == "__main__":
    unittest.main()
