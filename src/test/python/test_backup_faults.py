"""Backups of a real Redis into a bucket that checks signatures, whatever fails meanwhile: what is listed is good, and
what was there before stays.

As `test_backup_faults.py now …` this file is a process that is killed.
"""

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest.mock import patch

from backed_up import BackedUp
from one_node import PASSWORDS, USERS, free_port
from test_bucket import PART, PATIENCE, PREFIX, eventually, make
import fake_s3_writes

from rediform.backup import bucket as bucket_module
from rediform.backup import keep, manifest, note, s3, turn, verbs
from rediform.contents import as_json, parse
from rediform.errors import Failed
from rediform.machine import aws
from rediform.redis import Connection
from rediform.state import Node

KEYS = 500
SKEW = 20 * 60  # seconds; S3 refuses what is 15 minutes off
DAY = 24 * 3600  # seconds


@unittest.skipUnless(shutil.which("zstd"), "zstd is missing; to get it: apt-get install zstd")
class InABucket(BackedUp):
    def setUp(self):
        super().setUp()
        self.cloud = self.enterContext(fake_s3_writes.Cloud())
        self.spool = os.path.join(self.folder, "spool")
        os.mkdir(self.spool)
        self.enterContext(patch.dict(os.environ))
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]
        self.enterContext(patch.object(aws, "METADATA", self.cloud.metadata_url + "/latest/"))
        self.said = []
        for module in (bucket_module, s3):
            self.enterContext(patch.object(module, "say", self.said.append))
        self.store = make(self.cloud.region, self.spool)
        self.enterContext(patch.object(verbs, "store_of", lambda _: self.store))
        self.start()
        self.fill_with(KEYS)

    def fill_with(self, count):
        """Two databases, and more than two parts of the bucket."""
        for database in (0, 7):
            with Connection(self.node.endpoint, "admin", "a") as redis:
                redis.ask("SELECT", database)
                redis.ask("MSET", *(word for i in range(count) for word in ("key%d" % i, os.urandom(400).hex())))

    def now(self):
        return super().said(verbs.backup_now)

    def fails(self, *reasons):
        """The backup fails, `health` tells the reason, and of it nothing is left."""
        before = dict(self.cloud.objects)
        with self.assertRaises(Failed) as caught:
            self.now()
        for reason in reasons:
            self.assertIn(reason, str(caught.exception))
            self.assertIn(reason, self.health()["backup"]["failure"]["reason"])
        self.cloud.faults.clear()
        self.assertEqual(sorted(self.cloud.objects), sorted(before))
        self.assertTrue(self.cloud.objects == before, "another object has changed")
        self.assertEqual(self.cloud.uploads, {})
        self.assertEqual(os.listdir(self.spool), [])

    def succeeds(self):
        """The next one works, and nothing is told of a failure any more."""
        before = {each.id for each in self.all()}
        self.now()
        (new,) = [each for each in self.all() if each.id not in before]
        self.assert_all_good()
        self.assertIsNone(self.health()["backup"]["failure"])
        return new

    def assert_all_good(self):
        """Each backup that is listed is there, as its manifest says."""
        for each in self.all():
            data = self.cloud.objects[PREFIX + each.object]
            self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (each.bytes, each.sha256))
            rdb = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
            self.assertEqual((len(rdb), hashlib.sha256(rdb).hexdigest()), (each.rdbBytes, each.rdbSha256))
            self.assertEqual(set(each.keys), {"0", "7"})

    def on(self, operation, act, at=1):
        """Does something once when S3 is asked for this the n-th time."""
        asked = []

        def told(found):
            if found == operation:
                asked.append(found)
                if len(asked) == at:
                    act()

        self.cloud.on_call = told


class Faults(InABucket):
    def setUp(self):
        super().setUp()
        self.now()
        (self.old,) = self.all()

    def test_s3_fails_at_each_call(self):
        for fault, operations, reasons in (
            ("down", ["*", "UploadPart", "GetObject"], ["; curl: ("]),
            ("AccessDenied", ["*", "PutObject"], ["AccessDenied", "the role needs s3:"]),
            ("SlowDown", ["UploadPart"], ["SlowDown"]),
            ("InternalError", ["CompleteMultipartUpload", "PutObject"], ["InternalError"]),
            ("silent", ["UploadPart"], ["curl: (28)", "is there a gateway endpoint"]),
            ("cut", ["UploadPart"], ["in bucket rediform-test; curl: ("]),
            ("done", ["CompleteMultipartUpload", "PutObject"], ["InternalError"]),
            ("lost", ["CompleteMultipartUpload"], ["; curl: ("]),
        ):
            for operation in operations:
                with self.subTest(fault=fault, operation=operation):
                    self.cloud.faults.append([operation, fault, 99])
                    self.fails(*reasons)
        self.succeeds()

    def test_what_s3_says_that_it_has_is_looked_at(self):
        """200, but half of it, or another bit: on the way there, at rest, and on the way back."""
        for operation, fault, reason in (
            ("UploadPart", "half", "and lists"),
            ("UploadPart", "bit", "and is read back with"),
            ("PutObject", "half", "and lists"),
            ("PutObject", "bit", "and is read back as"),
            ("GetObject", "half", "and is read back with"),
            ("GetObject", "bit", "and is read back with"),
            ("GetObject", "cut", "curl: (18)"),
            ("GetObject", "slow", "curl: (28)"),
            ("GetObject", "no-length", "does not say how long it is"),
            ("GetObject", "NoSuchKey", "NoSuchKey"),
        ):
            with self.subTest(operation=operation, fault=fault):
                self.cloud.faults.append([operation, fault, 1])
                self.fails(reason)
        self.succeeds()

    def test_half_an_upload(self):
        """S3 goes away between two parts."""
        self.on("UploadPart", lambda: self.cloud.faults.append(["*", "down", 4]), at=2)
        self.fails("; curl: (")
        self.cloud.on_call = None
        self.succeeds()

    def test_a_clock_that_is_20_minutes_off(self):
        for skew in (SKEW, -SKEW):
            with self.subTest(skew):
                self.cloud.skew = skew
                self.fails("RequestTimeTooSkewed", "this machine's clock says 20", "S3's says 20", "see: timedatectl")
        self.cloud.skew = 0
        self.succeeds()

    def test_a_clock_that_goes_wrong_meanwhile(self):
        """What was sent stays without a manifest, and nothing that is there can be removed by such a clock."""
        self.on("UploadPart", lambda: setattr(self.cloud, "skew", -SKEW), at=2)
        with self.assertRaisesRegex(Failed, "RequestTimeTooSkewed"):
            self.now()
        self.cloud.on_call = None
        self.assertEqual([each.id for each in self.listed_by_itself()], [self.old.id])
        self.assertRegex("\n".join(self.said), "parts of it stay until a lifecycle rule")
        self.cloud.skew = 0
        self.cloud.uploads.clear()
        self.succeeds()

    def listed_by_itself(self):
        """What S3 lists, whatever its clock says."""
        skew, self.cloud.skew = self.cloud.skew, 0
        try:
            return self.all()
        finally:
            self.cloud.skew = skew

    def test_keys_that_expire_meanwhile_are_fetched_anew(self):
        for operation in ("UploadPart", "CompleteMultipartUpload", "GetObject", "PutObject"):
            with self.subTest(operation):
                old = self.cloud.session

                def expire(old=old):
                    self.cloud.session = old + 1
                    self.cloud.expired.add(old)

                self.on(operation, expire)
                self.now()
                self.cloud.on_call = None
                used = {number for _, number, outcome in self.cloud.calls if outcome == "ExpiredToken"}
                self.assertEqual(used, set(range(old + 1)))
        self.assertEqual(len(self.all()), 5)
        self.assert_all_good()

    def test_keys_that_expire_and_nothing_gives_out_new_ones(self):
        for metadata, reason in (("up", "ExpiredToken"), ("down", "the metadata has no keys")):
            with self.subTest(metadata):

                def expire(metadata=metadata):
                    self.cloud.expired.add(self.cloud.session)
                    self.cloud.metadata = metadata

                self.on("UploadPart", expire, at=2)
                with self.assertRaisesRegex(Failed, reason):
                    self.now()
                self.cloud.on_call = None
                self.cloud.metadata, self.cloud.session = "up", self.cloud.session + 1
                self.assertEqual([each.id for each in self.all()], [self.old.id])
                self.cloud.uploads.clear()
        self.succeeds()

    def test_a_disk_without_room_for_a_part(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (PART // 2, before[1]))
        try:
            self.fails("the disk that keeps a backup while it is sent: File too large; it needs 64 MiB of room")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        self.succeeds()

    def test_a_replica_that_becomes_master_while_it_sends(self):
        """Its dump is of one moment all the same; the manifest says that it was a master."""
        self.be_replica()
        self.on("CompleteMultipartUpload", lambda: self.ask("REPLICAOF", "NO", "ONE"))
        self.assertEqual(self.succeeds().role, "master")

    def test_a_replica_that_becomes_master_while_it_dumps(self):
        self.be_replica()
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 3000)
        self.on("CreateMultipartUpload", lambda: self.ask("REPLICAOF", "NO", "ONE"))
        self.fails("redis-cli ended with exit code 1: ")
        self.cloud.on_call = None
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.succeeds()

    def be_replica(self):
        """Of a server that has the same data, as far as a backup can see."""
        master = one_more(self)
        self.ask("REPLICAOF", *master.endpoint.split(":"))
        self.soon(lambda: self.ask("INFO", "replication").find("master_link_status:up") >= 0)
        self.soon(lambda: self.keys() == 2 * KEYS)
        self.assertFalse(turn.standing(self.node, self.node.endpoint).is_master)

    def test_a_server_that_is_killed_while_it_dumps(self):
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 3000)
        self.on("CreateMultipartUpload", self.server.kill)
        self.fails_without_health("redis-cli ended ")
        self.server.wait()
        self.run_server()
        self.succeeds()

    def fails_without_health(self, reason):
        with self.assertRaisesRegex(Failed, reason):
            self.now()
        self.cloud.on_call = None
        self.assertEqual([each.id for each in self.all()], [self.old.id])
        self.assertEqual(self.cloud.uploads, {})


def one_more(test):
    """A server that has all that the node of a test has, and then no master."""
    home, port = os.path.join(test.folder, "another"), free_port()
    os.mkdir(home)
    users = ["user %s %s" % (name, USERS[name]) for name in ("admin", "replica", "default")]
    for name, password in PASSWORDS.items():
        users = [line.replace("{%s}" % name, ">" + password) for line in users]
    lines = ["port %d" % port, "bind 127.0.0.1", "dir " + home, "repl-diskless-sync-delay 0", 'save ""', *users]
    lines += ["masteruser replica", "masterauth " + PASSWORDS["replica"], "replicaof 127.0.0.1 %d" % test.port]
    with open(home + "/conf", "w") as file:
        file.write("\n".join(lines) + "\n")
    server = subprocess.Popen([test.program("redis-server"), home + "/conf"], stdout=subprocess.DEVNULL)
    test.addCleanup(server.wait)
    test.addCleanup(server.kill)
    node = Node(test.node.contents, test.home)
    node.endpoint = "127.0.0.1:%d" % port

    def ask(*words):
        with Connection(node.endpoint, "admin", "a") as redis:
            return redis.ask(*words)

    test.soon(lambda: "master_link_status:up" in ask("INFO", "replication"))
    ask("REPLICAOF", "NO", "ONE")
    return node


class Killed(InABucket):
    def test_at_each_call(self):
        """kill -9, with all that it started: no bad backup is listed, old ones stay, and the next one works."""
        self.now()
        self.cloud.calls.clear()
        self.now()
        operations = self.cloud.operations()
        self.assertGreaterEqual(operations.count("UploadPart"), 3)
        self.assertEqual(operations.count("GetObject"), 3)  # the data, the manifest, and what must not go
        old = {each.id for each in self.all()}
        for at, operation in enumerate(operations):
            with self.subTest(operation, at=at):
                self.cloud.calls.clear()
                reached, go_on = threading.Event(), threading.Event()
                self.addCleanup(go_on.set)

                def hold(_, at=at, reached=reached, go_on=go_on):
                    if len(self.cloud.calls) == at:
                        reached.set()
                        go_on.wait(PATIENCE)

                self.cloud.on_call = hold
                process = self.started()
                is_there = reached.wait(PATIENCE)
                os.killpg(process.pid, signal.SIGKILL)
                said = process.communicate(timeout=PATIENCE)[1]
                self.assertTrue(is_there, said)
                go_on.set()  # what curl has sent already comes to its end
                eventually(lambda: not any("process_request" in each.name for each in threading.enumerate()))
                self.cloud.on_call = None
                self.assert_all_good()
                self.assertLessEqual(old, {each.id for each in self.all()})
                self.assertEqual(os.listdir(self.spool), [])
                self.soon(lambda: not turn.standing(self.node, self.node.endpoint).dumps)
        self.cloud.uploads.clear()
        self.succeeds()

    def started(self):
        settings = {"metadata": aws.METADATA, "region": self.cloud.region, "spool": self.spool, "home": self.home}
        words = [__file__, "now", json.dumps(as_json(self.node.contents)), json.dumps(settings)]
        return subprocess.Popen(
            [sys.executable, "-B", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


class Retention(InABucket):
    """With one that is kept: the last good one stays, whatever the clock says and whatever else is there."""

    def setUp(self):
        super().setUp()
        self.known["backup"] = self.backup(keepLast=1, keepDays=1)
        self.write_settings()

    def taken(self, days=0.0):
        """A backup by a clock that is so many days ahead, which S3 does not notice."""
        at = time.time() + days * DAY
        with patch.object(time, "time", lambda: at):
            super().said(verbs.backup_now)
        return note.last(self.node)["id"]

    def ids(self):
        return [each.id for each in self.all()]

    def test_by_a_clock_that_is_wrong(self):
        for first, then in ((0, 60), (0, -60), (-60, 0), (60, 0), (-400, 400)):
            with self.subTest(first=first, then=then):
                self.cloud.objects.clear()
                self.taken(first)
                new = self.taken(then)
                self.assertIn(new, self.ids())
                self.assert_all_good()

    def test_by_a_clock_that_is_set_right_meanwhile(self):
        """It began in the past, so by the right time it is old at once."""
        ahead = self.taken(1.5)
        clock = iter([time.time() - 60 * DAY])
        with patch.object(time, "time", lambda real=time.time: next(clock, real())):
            super().said(verbs.backup_now)
        self.assertEqual(self.ids(), sorted({note.last(self.node)["id"], ahead}))

    def test_beside_newer_ones_that_cannot_be_read(self):
        good = self.taken(-60)
        for days, text in ((-3, b"{"), (-2, b"")):
            bad = manifest.id_of("redis-1", time.time() + days * DAY)
            self.cloud.objects[PREFIX + bad + ".json"] = text
            self.cloud.objects[PREFIX + bad + ".rdb.zst"] = b"half"
        keep.sweep(self.store, self.node.contents.backup, time.time())
        self.assertEqual(self.ids(), [good])

    def test_while_backups_fail(self):
        good = self.taken(-60)
        self.cloud.faults.append(["UploadPart", "AccessDenied", 99])
        for _ in range(3):
            with contextlib.suppress(Failed):
                super().said(verbs.backup_now)
        self.cloud.faults.clear()
        self.assertEqual(self.ids(), [good])


def now(document, settings):
    """What the verb `backup --now` does, with the bucket of a test."""
    settings = json.loads(settings)
    aws.METADATA = settings["metadata"]
    verbs.store_of = lambda _: make(settings["region"], settings["spool"])
    verbs.verb("backup", True, None, None)(Node(parse(document), settings["home"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["now"]:
        now(*sys.argv[2:4])
    else:
        unittest.main()
