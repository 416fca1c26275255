"""A data node's live config, and settings that Redis does not take. With a real Redis: test_start.py."""
import contextlib
import os
import unittest
from unittest.mock import Mock, patch

from fixtures import InAFolder

from rediform import settings
from rediform.errors import Refused
from rediform.settings import apply_settings, configure


class Configure(InAFolder):
    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(settings, "another_server", lambda node: contextlib.nullcontext(Mock())))

    def test_twice_changes_nothing(self):
        node = self.node("redis")
        configure(node)
        first = self.read("live/redis.conf"), self.read("live/users.acl")
        configure(node)
        self.assertEqual(first, (self.read("live/redis.conf"), self.read("live/users.acl")))

    def test_the_old_settings_again_are_no_refusal_any_more(self):
        node = self.node("redis")
        configure(node)
        node.remember("taken", refused={"hz": "many"}, refusal="ERR hz")
        node.connect = lambda: contextlib.nullcontext(Mock())
        apply_settings(node)
        self.assertIsNone(node.remembered("taken")["refused"])

    def test_a_replica_keeps_its_master(self):
        node = self.node("redis")
        self.write("live/redis.conf", "port 1\nreplicaof 127.0.0.1 9\nmaxclients 9\n")
        configure(node)
        self.assertIn("replicaof 127.0.0.1 9\n", self.read("live/redis.conf"))
        self.assertNotIn("maxclients", self.read("live/redis.conf"))

    def test_settings_that_need_no_restart_win_over_the_static_file(self):
        node = self.node("redis", directives={"port": "1", "save": "3600 1"})
        self.write("settings.conf", 'maxmemory 2gb\nsave ""\n')
        configure(node)  # the first time: there is nothing else to start with
        live = self.read("live/redis.conf").splitlines()
        self.assertIn("maxmemory 2gb", live)
        self.assertEqual([line for line in live if line.startswith("save")], ['save ""'])
        self.assertEqual(node.remembered("taken")["settings"], {"maxmemory": "2gb", "save": '""'})

    def test_settings_that_redis_refused_do_not_keep_it_from_starting(self):
        node = self.node("redis")
        configure(node)
        self.write("settings.conf", "maxmemory 2gb\nhz many\n")
        node.remember("taken", refused={"maxmemory": "2gb", "hz": "many"}, refusal="ERR hz")
        configure(node)
        self.assertIn("maxmemory 1gb", self.read("live/redis.conf"))
        self.write("settings.conf", "maxmemory 2gb\nhz 20\n")
        configure(node)
        self.assertIn("hz 20", self.read("live/redis.conf"))
        self.assertIsNone(node.remembered("taken")["refused"])

    def test_settings_that_redis_would_not_start_with_do_not_keep_it_from_starting(self):
        node = self.node("redis")
        configure(node)
        self.write("settings.conf", "maxmemory 2gb\nhz many\n")

        def refuses(*_):
            raise Refused("hz many")

        with patch.object(settings, "another_server", refuses):
            configure(node)
        self.assertIn("maxmemory 1gb", self.read("live/redis.conf"))
        self.assertEqual(node.remembered("taken")["refusal"], "hz many")

    def test_passwords_are_hashed_in_the_acl_and_files_are_private(self):
        configure(self.node("redis"))
        acl = self.read("live/users.acl")
        self.assertIn("#ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", acl)
        for name in ("live/users.acl", "live/redis.conf"):
            self.assertEqual(os.stat(os.path.join(self.home, name)).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
