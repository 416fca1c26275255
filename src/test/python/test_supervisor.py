"""What starts and stops the server of a node in a folder. What rediform-local does: test_local.py."""
import json
import os
import unittest

from fixtures import InAFolder

from rediform.local.supervisor import Supervisor

# Stands in for rediform-local: notes how it was called, and fails if it is told to.
PROGRAM = """
import json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "calls"), "a") as file:
    file.write(json.dumps([*sys.argv[1:], sys.stdin.read()]) + "\\n")
sys.exit(os.path.exists(os.path.join(folder, "broken")))
"""


class OfAFolder(InAFolder):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("../bin"))
        self.write("../bin/rediform-local", PROGRAM)
        self.supervisor = Supervisor(self.home)

    def calls(self):
        if not os.path.exists(self.path("../bin/calls")):
            return []
        return [json.loads(line) for line in self.read("../bin/calls").splitlines()]

    def test_a_node_that_never_ran(self):
        self.assertFalse(self.supervisor.is_active())
        self.assertEqual(self.supervisor.start(), "")

    def test_each_start_has_a_number_of_its_own(self):
        self.write("run/server.pid", "17\n")
        self.assertTrue(self.supervisor.is_active())
        self.assertEqual(self.supervisor.start(), "17")

    def test_a_server_that_ended_has_an_empty_file(self):
        self.write("run/server.pid", "")
        self.assertFalse(self.supervisor.is_active())

    def test_a_server_that_runs_is_restarted(self):
        self.write("run/server.pid", "17\n")
        self.assertTrue(self.supervisor.restart())
        self.assertEqual(self.calls(), [["restart", self.home, ""]])

    def test_there_is_nothing_to_restart_without_a_server(self):
        self.assertFalse(self.supervisor.restart())
        self.assertEqual(self.calls(), [])

    def test_a_restart_that_fails_restarted_nothing(self):
        self.write("run/server.pid", "17\n")
        self.write("../bin/broken", "")
        self.assertFalse(self.supervisor.restart())

    def test_what_runs_beside_the_server_is_renewed_if_there_is_a_supervisor(self):
        self.supervisor.renew()
        self.assertEqual(self.calls(), [])
        self.write("run/pid", "16\n")
        self.supervisor.renew()
        self.assertEqual(self.calls(), [["renew", self.home, ""]])

    def test_the_last_line_of_its_log(self):
        self.assertEqual(self.supervisor.last_line(), "it has no log")
        self.write("log", "")
        self.assertEqual(self.supervisor.last_line(), "it has no log")
        self.write("log", "first\nBad directive\n")
        self.assertEqual(self.supervisor.last_line(), "Bad directive")


if __name__ == "__main__":
    unittest.main()
