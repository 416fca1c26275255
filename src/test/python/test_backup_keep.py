"""Backups in a folder: what is written, listed, kept and removed."""
import contextlib
import dataclasses
import fcntl
import hashlib
import io
import json
import os
import resource
import unittest

from fixtures import MACHINE, InAFolder, contents_of

from rediform.backup import keep, manifest, store
from rediform.backup.tick import tick
from rediform.contents import Backup
from rediform.errors import Failed, Refused
from rediform.state import Node

NOW = 1795874400  # 2026-11-28T14:00:00Z
DAY = 24 * 3600
A = "20261128T100000Z-redis-1"
B = "20261128T110000Z-redis-2"
GOOD = manifest.Manifest(
    id=A,
    cluster="production",
    node="redis-1",
    role="replica",
    started="2026-11-28T10:00:00Z",
    ended="2026-11-28T10:00:02Z",
    object=A + ".rdb.zst",
    bytes=4,
    sha256="0" * 64,
    rdbBytes=9,
    rdbSha256="1" * 64,
    rdbVersion=10,
    redisVersion="7.0.15",
    replicationId="a" * 40,
    offset=14,
    keys={"0": 2, "3": 1},
    document="d" * 64,
    recipients=[],
)


def section(days=30, last=28, place="../backups"):
    return Backup(everySeconds=21600, keepDays=days, keepLast=last, place=place, recipients=[], undo=None)


class Source(io.RawIOBase):
    """Fails after its parts."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def read(self, _=-1):
        if not self.parts:
            raise Failed("it was cut off")
        return self.parts.pop(0)


class InAFolderOfBackups(InAFolder):
    def setUp(self):
        super().setUp()
        self.place = os.path.join(self.folder, "backups")
        self.store = store.Folder(self.place)

    def put(self, id_, *ends):
        for end in ends:
            made = dataclasses.replace(GOOD, id=id_, object=id_ + ".rdb.zst")
            text = manifest.text(made) if end == ".json" else "data"
            self.store.put(id_ + end, io.BytesIO(text.encode()))

    def files(self):
        return sorted(os.listdir(self.place))


class Folders(InAFolderOfBackups):
    def test_what_was_put_is_listed_and_read_back(self):
        self.assertEqual(self.store.names(), [])
        data = os.urandom(1 << 20)
        stored = self.store.put("a", io.BytesIO(data))
        self.assertEqual(stored, (len(data), hashlib.sha256(data).hexdigest()))
        with self.store.get("a") as stream:
            self.assertEqual(stream.read(), data)
        self.assertEqual(self.store.names(), ["a"])
        self.store.remove("a")
        self.store.remove("a")
        self.assertEqual(self.files(), [])

    def test_only_its_owner_can_read_it(self):
        self.store.put("a", io.BytesIO(b"secret"))
        modes = [os.stat(path).st_mode & 0o777 for path in (self.place, os.path.join(self.place, "a"))]
        self.assertEqual(modes, [0o700, 0o600])

    def test_of_a_source_that_fails_nothing_stays(self):
        with self.assertRaisesRegex(Failed, "^it was cut off$"):
            self.store.put("a", Source(b"x" * 100000, b"y"))
        self.assertEqual(self.files(), [])

    def test_of_a_disk_that_is_full_nothing_stays(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.store.put("a", io.BytesIO(b"x"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, before[1]))
        try:
            with self.assertRaisesRegex(Failed, "^b could not be written to .*/backups: File too large; make room"):
                self.store.put("b", io.BytesIO(b"x" * (1 << 20)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        self.assertEqual(self.files(), ["a"])

    def test_what_killed_runs_left_is_not_listed_and_goes_with_the_next(self):
        os.makedirs(self.place)
        for name in (".a.part", ".hidden"):
            self.write("../backups/" + name, "half")
        self.assertEqual(self.store.names(), [])
        self.store.put("b", io.BytesIO(b"x"))
        self.assertEqual(self.files(), [".hidden", "b"])

    def test_what_another_run_still_writes_stays(self):
        os.makedirs(self.place)
        with open(os.path.join(self.place, ".a.part"), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.store.put("b", io.BytesIO(b"x"))
            self.assertEqual(self.files(), [".a.part", "b"])

    def test_what_is_not_there_is_a_failure_that_names_it(self):
        with self.assertRaisesRegex(Failed, "^a could not be read from .*/backups: No such file"):
            self.store.get("a").__enter__()

    def test_a_relative_place_starts_from_the_nodes_home(self):
        backup = dataclasses.asdict(section())
        self.assertEqual(store.store_of(Node(contents_of("redis", backup=backup), self.home)).path, self.place)
        with self.assertRaisesRegex(Refused, "^backups are off for this node; .* backup.enabled"):
            store.store_of(Node(contents_of("redis"), self.home))

    def test_a_machines_may_be_a_bucket(self):
        backup = dataclasses.asdict(section(place="s3://bucket/rediform/production"))
        node = Node(contents_of("redis", backup=backup, machine=MACHINE), "/etc/rediform")
        found = store.store_of(node)
        self.assertEqual((found.prefix, found.spool), ("rediform/production/", "/var/lib/rediform"))


class Manifests(InAFolderOfBackups):
    def test_it_is_written_in_one_order_and_read_back(self):
        text = manifest.text(GOOD)
        self.assertEqual(list(json.loads(text)), sorted(json.loads(text)))
        self.assertEqual(manifest.parse(text), GOOD)
        self.assertEqual(GOOD.key_count, 3)

    def test_what_a_later_release_adds_is_left_out(self):
        self.assertEqual(manifest.parse(json.dumps({**dataclasses.asdict(GOOD), "color": "blue"})), GOOD)

    def test_what_is_none(self):
        facts = dataclasses.asdict(GOOD)
        for change, reason in (
            ({"bytes": "4"}, 'manifest.bytes is "4", wanted of type int'),
            ({"keys": {"0": "2"}}, 'manifest.keys.0 is "2"'),
            ({"object": "../password"}, "manifest.object is ../password, wanted one of " + A),
        ):
            with self.subTest(reason), self.assertRaisesRegex(ValueError, reason):
                manifest.parse(json.dumps({**facts, **change}))
        del facts["sha256"]
        for text in (json.dumps(facts), "[]", "", "{"):
            with self.subTest(text), self.assertRaises(ValueError):
                manifest.parse(text)

    def test_an_id_says_when_it_began(self):
        self.assertEqual(manifest.id_of("redis-2", NOW), "20261128T140000Z-redis-2")
        self.assertEqual(manifest.began("20261128T140000Z-redis-2"), NOW)

    def test_without_manifest_or_without_data_it_is_no_backup(self):
        names = [A + ".rdb.zst", B + ".rdb.zst.age", B + ".json", "notes.json", "x.rdb.zst"]
        self.assertEqual(manifest.ids(names), [B])
        self.assertEqual(manifest.ids([A + ".json", A + ".proof.json"]), [])

    def test_all_are_listed_oldest_first(self):
        self.put(B, ".rdb.zst", ".json")
        self.put(A, ".rdb.zst", ".json")
        self.assertEqual([each.id for each in manifest.listed(self.store)], [A, B])

    def test_one_that_cannot_be_read_does_not_hide_the_others(self):
        self.put(A, ".rdb.zst", ".json")
        self.put(B, ".rdb.zst")
        self.store.put(B + ".json", io.BytesIO(b"{"))
        self.assertEqual([each.id for each in manifest.listed(self.store)], [A])


class Kept(InAFolderOfBackups):
    def expired(self, ages, **more):
        """Ages in days of those that go."""
        ids = {manifest.id_of("redis-1", NOW - age * DAY): age for age in ages}
        return sorted(ids[gone] for gone in keep.expired(ids, section(**more), NOW))

    def test_what_is_young_or_among_the_newest_stays(self):
        for ages, days, last, gone in (
            ([], 1, 1, []),
            ([100], 1, 1, []),  # never the last one
            ([100, 200], 1, 1, [200]),
            ([100, 200], 1, 2, []),
            ([0, 1, 2, 3], 2, 1, [3]),  # of two days, to the second: it stays
            ([0, 1, 2, 3, 4, 5], 1, 3, [3, 4, 5]),
            ([0, 1, 2, 3, 4, 5], 30, 1, []),
            ([-1, 0, 50], 30, 2, [50]),  # another node's clock is ahead
            ([100, 200], 1, 0, [200]),  # even if the document were wrong
        ):
            with self.subTest(ages=ages, days=days, last=last):
                self.assertEqual(self.expired(ages, days=days, last=last), gone)

    def test_what_a_run_left_that_ended_goes_after_a_day(self):
        old, new = manifest.id_of("redis-1", NOW - 1.1 * DAY), manifest.id_of("redis-1", NOW - 0.9 * DAY)
        whole = manifest.id_of("redis-2", NOW - 5 * DAY)
        names = [old + ".rdb.zst", new + ".rdb.zst", whole + ".json", whole + ".rdb.zst", "notes.json"]
        self.assertEqual(keep.leftovers(names, NOW), [old])
        self.assertEqual(keep.leftovers([old + ".json", old + ".proof.json"], NOW), [old])

    def test_all_of_a_backup_goes_and_its_manifest_first(self):
        old, young = (manifest.id_of("redis-1", NOW - age * DAY) for age in (40, 1))
        for id_ in (old, young):
            self.put(id_, ".rdb.zst", ".json", ".proof.json")
        removed, remove = [], self.store.remove
        self.store.remove = lambda name: (removed.append(name), remove(name))
        self.assertEqual(keep.sweep(self.store, section(last=1), NOW), [old])
        self.assertEqual(removed, [old + end for end in (".json", ".proof.json", ".rdb.zst")])
        self.assertEqual(self.files(), sorted(young + end for end in (".json", ".proof.json", ".rdb.zst")))

    def test_a_removal_that_is_cut_off_leaves_what_a_later_one_removes(self):
        old, young = (manifest.id_of("redis-1", NOW - age * DAY) for age in (40, 1))
        for id_ in (old, young):
            self.put(id_, ".rdb.zst", ".json")
        remove = self.store.remove

        def once(name):
            remove(name)
            raise Failed("no network")

        self.store.remove = once
        with contextlib.suppress(Failed):
            keep.sweep(self.store, section(last=1), NOW)
        self.assertEqual(manifest.ids(self.store.names()), [young])
        self.store.remove = remove
        keep.sweep(self.store, section(last=1), NOW)
        self.assertEqual(self.files(), [young + ".json", young + ".rdb.zst"])


class Ticks(unittest.TestCase):
    def test_a_node_asks_twelve_times_and_neither_too_often_nor_too_rarely(self):
        for every, seconds in ((60, 5), (120, 10), (3600, 300), (21600, 300), (86400, 300)):
            self.assertEqual(tick(every), seconds)


if __name__ == "__main__":
    unittest.main()
