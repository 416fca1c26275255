"""The agent's command line, as the bootstrap calls it."""
import json
import os
import time
import unittest

from machine import Machine


class Health(Machine):
    def report(self, document):
        return json.loads(self.ask(document, "health")[1])

    def test_it_names_the_document_in_effect_and_what_was_refused(self):
        a = self.document()
        self.works(a, "install")
        self.assertIsNone(self.report(a)["document"])
        os.symlink(a + ".json", self.path("var/lib/rediform/agent/good"))
        self.write("var/lib/rediform/agent/looked", "%s \n" % a)
        self.assertEqual(self.report(a)["document"], a)
        self.assertNotIn("looked", self.report(a))
        self.write("var/lib/rediform/agent/refused", "%s its trial did not end\n" % ("b" * 64))
        self.assertNotIn("refusedDocument", self.report(a))
        self.write("var/lib/rediform/agent/refused", "%s Redis does not take it\n" % ("b" * 64))
        self.write("var/lib/rediform/agent/looked", "- metadata is away\n")
        self.assertEqual(self.report(a)["refusedDocument"], {"document": "b" * 64, "reason": "Redis does not take it"})
        self.assertEqual(self.report(a)["looked"], {"document": "-", "reason": "metadata is away"})

    def test_it_waits_until_the_node_is_fit_and_no_longer(self):
        a = self.document()
        self.works(a, "install")
        began = time.monotonic()
        self.assertEqual(self.ask(a, "health", "--wait", "1")[0], 1)
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.start(a)
        self.assertEqual(self.ask(a, "health", "--wait=60")[0], 0)

    def test_the_agents_other_verbs_are_asked_by_the_same_way(self):
        a = self.document()
        self.works(a, "install")
        self.works(a, "configure")
        self.assertIn("maxmemory 64mb", self.read("etc/redis/%d.conf" % self.port))
        self.assertEqual(self.ask(a, "forget")[0], 1)
        self.assertEqual(self.ask(a, "no-such-verb")[0], 2)


if __name__ == "__main__":
    unittest.main()
