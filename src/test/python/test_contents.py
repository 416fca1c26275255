"""Documents as Java writes them (contract/documents), and what is none."""

import glob
import json
import os
import unittest

from fixtures import MACHINE, document_of

from rediform.contents import Contents, as_json, parse

CONTRACT = os.path.join(os.path.dirname(__file__), "../resources/contract/documents")


class Documents(unittest.TestCase):
    def test_what_java_writes_is_read_and_written_back_unchanged(self):
        files = glob.glob(CONTRACT + "/*.json")
        self.assertGreater(len(files), 7)
        for name in files:
            with self.subTest(os.path.basename(name)), open(name, encoding="utf-8") as file:
                text = file.read()
                self.assertEqual(as_json(parse(text)), json.loads(text))

    def test_both_kinds_and_layouts_are_among_them(self):
        seen = set()
        for name in glob.glob(CONTRACT + "/*.json"):
            with open(name, encoding="utf-8") as file:
                contents = parse(file.read())
            seen.add((contents.kind, contents.layout))
        self.assertEqual(len(seen), 4)


class NoDocuments(unittest.TestCase):
    def refused(self, content, reason):
        with self.assertRaisesRegex(ValueError, reason):
            parse(content if isinstance(content, str) else json.dumps(content))

    def test_it_reads_its_own(self):
        source = {"url": "https://x", "sha256": "0" * 64}
        self.assertIsInstance(parse(json.dumps(document_of("redis", machine={**MACHINE, "source": source}))), Contents)

    def test_a_name_too_many_or_too_few(self):
        self.refused({**document_of("redis"), "diary": {}}, "^document has what no document has: diary$")
        document = document_of("redis")
        del document["startup"]["users"]
        self.refused(document, "^document.startup lacks users$")

    def test_a_value_of_another_type(self):
        for name, value, reason in (
            ("port", "6379", 'document.port is "6379", wanted of type int'),
            ("port", True, "document.port is true, wanted of type int"),
            ("kind", "valkey", 'document.kind is "valkey", wanted one of redis, sentinel'),
            ("live", [], r"document.live is \[\], wanted an object"),
            ("live", {"hz": 10}, "document.live.hz is 10, wanted of type str"),
            ("redisSeeds", {}, "document.redisSeeds is {}, wanted a list"),
            ("redisSeeds", [None], r"document.redisSeeds\[0\] is null, wanted of type str"),
            ("allow", [{"from": "10.0.0.0/8"}], r"document.allow\[0\] lacks port"),
            ("backup", {}, "document.backup lacks everySeconds"),
            ("startup", None, "document.startup is null, wanted an object"),
        ):
            with self.subTest(name):
                self.refused({**document_of("redis"), name: value}, "^" + reason + "$")

    def test_a_machine_that_is_none(self):
        self.refused(document_of("redis", layout="machine"), "machine does not fit layout machine")
        self.refused(document_of("redis", machine=MACHINE, layout="process"), "does not fit layout process")

    def test_a_name_that_stands_twice(self):
        self.refused('{"agent": "a", "agent": "b"}', "a name stands twice: agent, agent")

    def test_no_json_at_all(self):
        for text in ("", "[]", "null", "{"):
            with self.subTest(text):
                self.refused(text, ".")


if __name__ == "__main__":
    unittest.main()
