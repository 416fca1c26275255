"""Whether a document and its agent will do: what `check` finds out, and that it changes nothing."""
import unittest

from machine import Machine, broken


class Check(Machine):
    def test_a_good_document_changes_nothing(self):
        a = self.document()
        before = self.files()
        self.assertEqual(self.works(a, "check"), "")
        self.assertEqual(self.files(), before)
        self.assertEqual(self.read("calls"), "")

    def test_what_redis_refuses_at_its_start_is_said_in_its_words(self):
        self.assertIn("io-threads", self.fails(self.document({"io-threads": "many"}), "check"))

    def test_what_redis_refuses_while_it_runs_is_said_in_its_words(self):
        self.assertIn("hz", self.fails(self.document(live={"hz": "often"}), "check"))

    def test_an_agent_whose_gate_or_handover_is_broken_is_found_out(self):
        a = self.document()
        self.works(a, "install")
        self.start(a)
        self.works(self.document(live={"hz": "20"}), "check")
        for module, function in (
            ("__main__.py", "perform"),
            ("__main__.py", "start_gate"),
            ("__main__.py", "for_server"),
            ("__main__.py", "act"),
            ("start.py", "start_gate"),
            ("start.py", "redis_gate"),
            ("decide.py", "decide"),
            ("handover.py", "handover"),
            ("handover.py", "hand_over"),
        ):
            with self.subTest(function):
                code, said = self.ask(self.document(change=broken(module, function)), "check")
                self.assertNotEqual(code, 0, said)
                self.assertIn("broken", said)
        self.assertEqual(self.info("role"), "master")
        self.assertNotIn("systemctl restart", self.read("calls"))

    def test_an_agent_that_could_not_mount_the_volume_is_found_out(self):
        self.works(self.document(), "check")
        for module, function in (
            ("machine/volume.py", "bring"),
            ("__main__.py", "volume"),
            ("machine/retry.py", "retry"),
        ):
            with self.subTest(function):
                code, said = self.ask(self.document(change=broken(module, function)), "check")
                self.assertNotEqual(code, 0, said)
                self.assertIn("broken", said)

    def test_a_rehearsal_tells_a_running_server_nothing(self):
        a = self.document()
        self.works(a, "install")
        self.start(a)
        before = self.read("var/lib/rediform/installed.json"), self.files()
        self.works(self.document({"databases": "32"}), "check")
        self.assertEqual((self.read("var/lib/rediform/installed.json"), self.files()), before)
        self.assertEqual(
            [self.info("cmdstat_" + name) for name in ("config|set", "client|pause", "replicaof")], [None] * 3
        )
        self.assertNotIn("stopped.json", str(self.files()))


if __name__ == "__main__":
    unittest.main()
