"""A Sentinel's live config, and whom it takes for the master."""
import unittest
from unittest.mock import Mock, patch

from fixtures import ONE, THREE, TWO, InAFolder, replica, view

from rediform import sentinel


class WhoIsMaster(unittest.TestCase):
    def ask(self, seen):
        with patch.object(sentinel, "look_around", lambda node: seen):
            return sentinel.who_is_master(Mock(first_master=ONE))

    def test_a_new_sentinel_learns_of_the_replicas_too(self):
        self.assertEqual(self.ask(view([], {ONE: replica(ONE), TWO: replica(ONE)})), (ONE, [TWO]))

    def test_one_that_waits_for_the_first_master_of_a_new_cluster_is_no_replica(self):
        waiting = replica(ONE, formed=False, synced=False)
        self.assertEqual(self.ask(view([], {TWO: waiting, THREE: waiting})), (ONE, []))

    def test_a_replica_without_a_key_is_one_when_it_was_in_sync(self):
        self.assertEqual(self.ask(view([], {TWO: replica(ONE, formed=False)})), (ONE, [TWO]))

    def test_data_nodes_of_two_minds_name_nobody(self):
        self.assertEqual(self.ask(view([], {ONE: replica(ONE), THREE: replica(TWO)}))[0], None)


class Configure(InAFolder):
    def test_twice_changes_nothing(self):
        node = self.node("sentinel")
        sentinel.configure_sentinel(node)
        first = self.read("live/sentinel.conf"), self.read("live/users.acl")
        sentinel.configure_sentinel(node)
        self.assertEqual(first, (self.read("live/sentinel.conf"), self.read("live/users.acl")))

    def test_keeps_what_sentinel_learned_and_replaces_all_else(self):
        node = self.node("sentinel")
        self.write(
            "live/sentinel.conf",
            "\n".join(
                [
                    "port 1",
                    "loglevel debug",
                    "sentinel myid 0123abc",
                    "sentinel monitor mymaster 127.0.0.1 9 5",
                    "sentinel config-epoch mymaster 4",
                    "sentinel leader-epoch mymaster 5",
                    "sentinel current-epoch 5",
                    "sentinel known-replica mymaster 127.0.0.1 7",
                    "sentinel known-sentinel mymaster 127.0.0.1 8 ff",
                    "sentinel down-after-milliseconds mymaster 1",
                ]
            ),
        )
        sentinel.configure_sentinel(node)
        live = self.read("live/sentinel.conf")
        for line in (
            "sentinel myid 0123abc",
            "sentinel monitor mymaster 127.0.0.1 9 2",
            "sentinel config-epoch mymaster 4",
            "sentinel current-epoch 5",
            "sentinel known-replica mymaster 127.0.0.1 7",
            "sentinel known-sentinel mymaster 127.0.0.1 8 ff",
            "sentinel down-after-milliseconds mymaster 2000",
        ):
            self.assertIn(line + "\n", live)
        self.assertNotIn("loglevel debug", live)
        self.assertEqual(live.count("sentinel monitor"), 1)

    def test_lines_of_another_masters_name_do_not_keep_a_sentinel_from_starting(self):
        node = self.node("sentinel")
        self.write(
            "live/sentinel.conf",
            "\n".join(
                [
                    "sentinel myid 0123abc",
                    "sentinel monitor other 127.0.0.1 9 2",
                    "sentinel config-epoch other 4",
                    "sentinel current-epoch 5",
                    "sentinel known-replica other 127.0.0.1 7",
                ]
            ),
        )
        with patch.object(sentinel, "look_around", lambda node: view([])):
            sentinel.configure_sentinel(node)
        live = self.read("live/sentinel.conf")
        self.assertNotIn("other", live)
        self.assertIn("sentinel myid 0123abc\n", live)
        self.assertIn("sentinel monitor mymaster 127.0.0.1 6 2\n", live)


if __name__ == "__main__":
    unittest.main()
