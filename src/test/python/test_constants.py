"""What both languages have to agree on, besides documents and health. Java's side: AwsSynthTest."""

import importlib.machinery
import importlib.util
import json
import os
import typing
import unittest
from unittest.mock import patch

from fixtures import MAIN

from rediform import __main__ as agent
from rediform.contents import Layout
from rediform.machine import volume

with open(os.path.join(os.path.dirname(__file__), "../resources/contract/constants.json"), encoding="utf-8") as file:
    CONSTANTS = json.load(file)


def bootstrap():
    loader = importlib.machinery.SourceFileLoader(
        "bootstrap", os.path.join(MAIN, "python/bootstrap/rediform-bootstrap")
    )
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bootstrap", loader))
    loader.exec_module(module)
    return module


class Constants(unittest.TestCase):
    def test_the_agents(self):
        self.assertEqual(volume.DEVICE, CONSTANTS["device"])
        self.assertEqual(list(typing.get_args(Layout)), CONSTANTS["layouts"])
        for verb in CONSTANTS["verbs"]:
            self.assertIn(verb, ("health", *agent.SERVER))

    def test_the_bootstraps(self):
        module = bootstrap()
        self.assertEqual(module.TAG, CONSTANTS["tag"])
        asked = []
        with patch.object(module.Bootstrap, "fetch_object", lambda self, key, *_: asked.append(key)), patch.object(
            module.Bootstrap, "read", lambda *_: b'{"agent": "%s"}' % (b"0" * 64)
        ):
            module.Bootstrap({"node": "redis-1"}).fetch("1" * 64)
        self.assertEqual(asked, [CONSTANTS["documentKey"].format(node="redis-1"), CONSTANTS["programKey"]])


if __name__ == "__main__":
    unittest.main()
