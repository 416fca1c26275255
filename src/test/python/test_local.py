"""Tests of the local supervisor's own logic; what it does with nodes is tested with real Redis."""

import importlib.machinery
import importlib.util
import io
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from unittest import mock

PATH = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../main/resources/templates/local/rediform-local"))
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rediform_local", PATH)
local = importlib.util.module_from_spec(importlib.util.spec_from_loader("rediform_local", loader))
loader.exec_module(local)


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.node = os.path.join(folder.name, "local", "redis-1")
        os.makedirs(os.path.join(self.node, "run"))

    def write(self, name, text):
        with open(os.path.join(self.node, "run", name), "w") as file:
            file.write(text)

    def process(self, *arguments):
        """A process that waits, with these arguments; it runs once its first byte is here."""
        waits = "import sys; print(flush=True); sys.stdin.read()"
        path = os.path.join(os.path.dirname(self.node), "rediform-local")
        with open(path, "w") as file:
            file.write(waits)
        process = subprocess.Popen([sys.executable, path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        process.stdout.read(1)
        return process


class Processes(InAFolder):
    def test_a_nodes_supervisor_is_found(self):
        pid = self.process("supervise", self.node).pid
        self.write("pid", "%d\n" % pid)
        self.assertEqual(local.supervisor_of(self.node), pid)

    def test_another_nodes_supervisor_with_the_same_id_is_not_taken_for_ours(self):
        self.write("pid", "%d\n" % self.process("supervise", self.node + "0").pid)
        self.assertIsNone(local.supervisor_of(self.node))

    def test_another_verb_is_no_supervisor(self):
        self.write("pid", "%d\n" % self.process("stop", self.node).pid)
        self.assertIsNone(local.supervisor_of(self.node))

    def test_there_is_nothing_to_kill_or_restart_without_a_server(self):
        stranger = self.process("supervise", self.node + "0")
        for server_pid in (None, "", "999999999\n", "%d\n" % stranger.pid):
            if server_pid is not None:
                self.write("server.pid", server_pid)
            for verb in ("kill", "restart"):
                run = subprocess.run([sys.executable, PATH, verb, self.node], capture_output=True, text=True)
                self.assertEqual(run.returncode, 1)
                self.assertEqual(
                    run.stderr,
                    "rediform: redis-1 has no running server; what is the matter with it:" " ./rediform status local\n",
                )
        self.assertIsNone(stranger.poll())

    def test_a_node_that_is_made_anew_has_the_generation_that_was_planned(self):
        local.add_to_generation(self.node, 3)
        for runs, planned in ((True, 3), (False, 4)):
            with self.subTest(runs=runs), mock.patch.object(
                local, "supervisor_of", lambda _: 1 if runs else None
            ), mock.patch.object(local, "end"), redirect_stdout(io.StringIO()):
                local.stop(self.node)
                self.assertFalse(os.path.exists(self.node))
                self.assertEqual(int(local.read(local.generation_of(self.node))) + 1, planned)
                local.add_to_generation(self.node, 1)  # as its start does
            os.makedirs(self.node)

    def test_a_program_is_replaced_as_a_whole(self):
        old, new = os.path.join(self.node, "old"), os.path.join(self.node, "new")
        for path, text in ((old, "old"), (new, "new")):
            with open(path, "w") as file:
                file.write(text)
        with open(old) as opened:
            local.replace(new, old)
            self.assertEqual(opened.read(), "old")
        self.assertEqual(local.read(old), "new")


class Stopped(local.Supervisor):
    """Is told to stop in the very moment in which it starts one of its children."""

    def __init__(self, node_home, moment):
        super().__init__(node_home)
        self.moment = moment
        self.spawned = []

    def spawn(self, command):
        which = "handover" if "handover" in command else "gate" if "start-gate" in command else "server"
        self.spawned.append(which)
        if which == self.moment:
            self.on_stop()
        slow = which == self.moment  # without the stop it would run for ever
        return subprocess.Popen(["sleep", "1000"] if slow else ["true"])

    @staticmethod
    def say(message):
        pass


class Stopping(InAFolder):
    def setUp(self):
        super().setUp()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        # A stop that was lost shall fail the test, not hold it up.
        signal.signal(signal.SIGALRM, lambda *_: self.fail("the stop was lost"))
        signal.alarm(20)
        self.addCleanup(signal.alarm, 0)

    def test_a_stop_is_not_lost_while_the_gate_starts(self):
        supervisor = Stopped(self.node, "gate")
        supervisor.run()
        self.assertEqual(supervisor.spawned, ["gate"])

    def test_a_stop_is_not_lost_while_the_server_starts(self):
        supervisor = Stopped(self.node, "server")
        supervisor.run()
        self.assertEqual(supervisor.spawned, ["gate", "server", "handover"])

    def test_nothing_says_that_a_server_runs_when_it_has_ended(self):
        Stopped(self.node, "server").run()
        self.assertEqual(os.listdir(os.path.join(self.node, "run")), ["lock"])


if __name__ == "__main__":
    unittest.main()
