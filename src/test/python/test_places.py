"""Where nodes keep their files, and that the program asks for no other places."""
import ast
import glob
import os
import unittest
from unittest.mock import patch

from fixtures import MACHINE, PACKAGE, InAFolder, contents_of

from rediform import places
from rediform.state import Node

BOTH = {"live", "acl", "secrets", "data", "settings", "taken", "memory", "waiting", "stopped", "counts"}
OF_REDIS = {"backups", "borrowed", "lead", "ran", "restore", "undo", "door"}
# What state.py asks for only where a node has it: passwords of a node in a folder, the door of a data node.
ASKED_FIRST = {"appPassword", "door"}


def where(layout, kind, port=6379):
    return places.places(layout, kind, port)


class Places(unittest.TestCase):
    def test_those_of_a_machine_are_the_specifications(self):
        state = "/var/lib/rediform/"
        self.assertEqual(
            where("machine", "redis"),
            {
                "live": "/etc/redis/6379.conf",
                "acl": "/etc/redis/6379.acl",
                "data": "/var/redis/6379",
                "stopped": "/var/redis/6379/stopped.json",
                "ran": "/var/redis/6379/persistence.json",
                "undo": "/var/redis/6379/undo",
                "secrets": state + "secrets.json",
                "settings": state + "settings.conf",
                "taken": state + "settings.json",
                "memory": state + "memory.json",
                "waiting": state + "waiting",
                "counts": state + "counts.json",
                "backups": state + "backups.json",
                "borrowed": state + "borrowed",
                "lead": state + "lead",
                "restore": state + "restore.json",
                "door": "/run/rediform/door",
            },
        )

    def test_a_sentinels_have_its_name_whatever_its_port(self):
        for port in (26379, 5000):
            found = where("machine", "sentinel", port)
            self.assertEqual(found["live"], "/etc/redis/sentinel.conf")
            self.assertEqual(found["acl"], "/etc/redis/sentinel.acl")
            self.assertEqual(found["data"], "/var/redis/sentinel")

    def test_those_of_a_redis_follow_its_port(self):
        found = where("machine", "redis", 7000)
        self.assertEqual((found["live"], found["data"]), ("/etc/redis/7000.conf", "/var/redis/7000"))

    def test_every_place_of_a_machine_is_absolute_and_none_of_a_folder(self):
        for kind in ("redis", "sentinel"):
            self.assertTrue(all(os.path.isabs(path) for path in where("machine", kind).values()))
            self.assertFalse(any(os.path.isabs(path) for path in where("process", kind).values()))

    def test_no_two_have_the_same_place(self):
        for layout in ("machine", "process"):
            for kind in ("redis", "sentinel"):
                found = where(layout, kind)
                self.assertEqual(len(set(found.values())), len(found))

    def test_what_belongs_to_the_data_is_lost_or_kept_with_it(self):
        for layout in ("machine", "process"):
            found = where(layout, "redis")
            beside = {name for name, path in found.items() if path.startswith(found["data"] + "/")}
            self.assertEqual(beside, {"stopped", "ran", "undo"})

    def test_the_config_that_servers_replace_is_in_another_folder_than_our_files(self):
        for layout in ("machine", "process"):
            for kind in ("redis", "sentinel"):
                found = where(layout, kind)
                beside = {n for n, path in found.items() if os.path.dirname(path) == os.path.dirname(found["live"])}
                self.assertEqual(beside, {"live", "acl"})

    def test_both_layouts_have_the_same_names(self):
        for layout, more in (("machine", set()), ("process", {"appPassword"})):
            self.assertEqual(set(where(layout, "redis")), BOTH | OF_REDIS | more)
            self.assertEqual(set(where(layout, "sentinel")), BOTH | more)

    def test_paths_of_a_machine_are_below_its_root(self):
        self.assertEqual(places.at("/etc/redis/6379.conf"), "/etc/redis/6379.conf")
        with patch.object(places, "ROOT", "/elsewhere"):
            self.assertEqual(places.at("/etc/redis/6379.conf"), "/elsewhere/etc/redis/6379.conf")


class Paths(InAFolder):
    def test_of_a_node_in_a_folder(self):
        node = Node(contents_of("redis"), self.home)
        self.assertEqual(node.path("live"), self.path("live/redis.conf"))
        self.assertEqual(node.path("secrets"), os.path.join(self.folder, "secrets.json"))
        self.assertEqual(node.path("appPassword"), os.path.join(self.folder, "password"))

    def test_of_a_machine(self):
        node = Node(contents_of("redis", port=6379, machine=MACHINE), "/etc/rediform")
        self.assertEqual(node.path("live"), "/etc/redis/6379.conf")


class Asked(unittest.TestCase):
    """Names that the program's text asks for, wherever it does."""

    # Calls of a node whose first word names a place; those that need none have a default.
    CALLS = {"path": None, "write": None, "remove": None, "remembered": "memory", "remember": "memory"}
    # Modules that ask only on a data node, which __main__ and the callers see to.
    OF_REDIS = {"attend.py", "data.py", "handover.py", "settings.py", "start.py"}
    OF_REDIS |= {"backup/%s.py" % name for name in ("note", "restore", "restoring", "store", "take", "turn", "verbs")}
    OF_REDIS |= {"metrics/backups.py"}
    OF_REDIS |= {"undo/%s.py" % name for name in ("history", "keep", "verbs")}

    def asked(self):
        """By module: names that are written down in it."""
        found = {}
        for file in glob.glob(PACKAGE + "/rediform/**/*.py", recursive=True):
            with open(file, encoding="utf-8") as text:
                tree = ast.parse(text.read())
            names = {name for each in ast.walk(tree) for name in self.names(each)}
            found[os.path.relpath(file, PACKAGE + "/rediform")] = names
        return found

    def names(self, tree):
        if isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Constant):
            asked = tree.value.attr if isinstance(tree.value, ast.Attribute) else getattr(tree.value, "id", None)
            return [tree.slice.value] if asked == "places" else []
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Attribute):
            return []
        if tree.func.attr not in self.CALLS or getattr(tree.func.value, "id", None) not in ("node", "self"):
            return []
        first = tree.args[0] if tree.args else ast.Constant(self.CALLS[tree.func.attr])
        return [first.value] if isinstance(first, ast.Constant) else []

    def test_the_search_finds_what_there_is(self):
        asked = self.asked()
        self.assertEqual(asked["handover.py"], {"borrowed", "stopped", "memory", "secrets"})
        self.assertLessEqual({"settings", "taken", "live", "ran"}, asked["settings.py"])
        self.assertLessEqual({"data", "live"}, asked["machine/setup.py"])
        self.assertEqual(set().union(*asked.values()), BOTH | OF_REDIS | {"appPassword"})

    def test_every_node_has_what_it_is_asked_for(self):
        for module, names in self.asked().items():
            for layout in ("machine", "process"):
                for kind in ("redis",) if module in self.OF_REDIS else ("redis", "sentinel"):
                    with self.subTest(module=module, layout=layout, kind=kind):
                        missing = names - set(where(layout, kind))
                        self.assertLessEqual(missing, ASKED_FIRST if module == "state.py" else set())


if __name__ == "__main__":
    unittest.main()
