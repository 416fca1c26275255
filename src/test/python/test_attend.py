"""What runs beside a real Redis: the way in for administration, and what is tried again; and stops that go wrong."""
import contextlib
import io
import signal
import socket
import unittest
from unittest.mock import patch

from one_node import OneNode, free_port

from rediform import settings
from rediform.handover import handover
from rediform.redis import Connection, RedisError
from rediform.storage import read_lines


class Door(OneNode):
    """Administration has its own way in."""

    def setUp(self):
        super().setUp()
        self.live["maxclients"] = "12"
        self.clients = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def fill_up(self):
        """Clients that take every connection there is, and take it again when one gets free."""

        def connect():
            client = socket.create_connection(("127.0.0.1", self.port), 1)
            client.settimeout(1)
            client.sendall(b"PING\r\n")
            client.recv(100)
            return client

        for _ in range(40):
            self.clients.append(connect())

    def test_without_it_a_full_server_is_a_state_of_its_own(self):
        self.start()
        self.fill_up()
        health = self.health()
        self.assertEqual(health["state"], "max")
        self.assertIn("fill maxclients", health["reason"])

    def test_a_larger_limit_is_taken_by_a_full_server(self):
        self.start(attended=True)
        self.soon(lambda: len(self.ask("CLIENT", "LIST").splitlines()) == 2)
        self.fill_up()
        self.assertRaisesRegex((RedisError), "max number", self.ask, "PING")
        self.assertTrue(self.health()["fit"])
        self.live["maxclients"] = "100"
        self.write_settings()
        settings.apply_settings(self.node)
        self.assertEqual(self.ask("CONFIG", "GET", "maxclients")[1], "100")

    def test_what_one_left_unread_is_not_the_answer_to_the_next(self):
        self.start(attended=True)
        self.soon(lambda: len(self.ask("CLIENT", "LIST").splitlines()) == 2)
        for _ in range(3):
            rude = Connection(self.node.path("door"))
            rude.socket.sendall(b"*2\r\n$4\r\nINFO\r\n$3\r\nall\r\n" * 20)
            rude.__exit__()
            with Connection(self.node.path("door")) as polite:
                self.assertEqual(polite.ask("ECHO", "hello"), "hello")

    def test_settings_that_were_not_taken_are_tried_again(self):
        self.start()
        self.server.send_signal(signal.SIGSTOP)
        self.live["hz"] = "20"
        self.write_settings()
        self.assertRaises(OSError, settings.apply_settings, self.node)
        self.server.send_signal(signal.SIGCONT)
        self.attend()
        self.soon(lambda: self.ask("CONFIG", "GET", "hz")[1] == "20")

    def test_what_an_aborted_failover_set_is_put_back(self):
        self.start()
        before = self.ask("CONFIG", "GET", "repl-ping-replica-period")[1]
        self.write("borrowed", "%s repl-ping-replica-period %s\n" % (self.node.endpoint, before))
        self.ask("CONFIG", "SET", "repl-ping-replica-period", 3600)
        self.attend()
        self.soon(lambda: self.ask("CONFIG", "GET", "repl-ping-replica-period")[1] == before)
        self.soon(lambda: not read_lines(self.path("borrowed")))

    def test_a_stop_that_could_not_hand_over_says_so(self):
        self.start()
        self.server.send_signal(signal.SIGSTOP)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            handover(self.node)
        self.server.send_signal(signal.SIGCONT)
        self.assertIn("stops without a handover: it could not be asked", said.getvalue())
        self.assertIn("without a handover", " ".join(self.health()["notes"]))

    def test_a_stop_with_a_full_disk_is_no_stop_without_a_handover(self):
        self.start()
        self.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        said = io.StringIO()
        with patch.object(self.node, "write", side_effect=OSError(28, "No space left on device")), patch.object(
            self.node, "remember"
        ), contextlib.redirect_stdout(said):
            handover(self.node)
        self.assertEqual(said.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
