"""Backups in a bucket of S3 whatever fails on the way.

REDIFORM_CURL names another curl. As `test_bucket.py put …` this file is a process that is limited or killed.
"""

import contextlib
import glob
import hashlib
import io
import json
import os
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest.mock import patch

import fixtures  # noqa: F401 -- it makes the package known
import fake_s3_files
import fake_s3_writes

from rediform.backup import bucket as bucket_module
from rediform.backup import s3 as s3_module
from rediform.backup.bucket import Bucket
from rediform.backup.stored import Stored
from rediform.errors import Failed
from rediform.machine import aws

CURL = json.loads(os.environ.get("REDIFORM_CURL", '["curl"]'))
PART = 100_000  # bytes
PATIENCE = 180  # seconds for what must happen; long, since nothing waits for their end
GROWTH = 4 << 10  # KiB that a put may take; the agent may have 32 MiB, and with what it imports for this it has 21
LARGE = 300 << 20  # bytes
PREFIX = "rediform/test/"
OLD = b"what was there before"


def sample(size):
    """Bytes that differ from place to place, so that parts in the wrong order show."""
    block = hashlib.sha256(str(size).encode()).digest()
    return b"".join(hashlib.sha256(block + i.to_bytes(4)).digest() for i in range(size // 32 + 1))[:size]


def sums(objects):
    """Checksums instead of bytes: to describe how long bytes differ takes minutes."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in objects.items()}


def eventually(found):
    end = time.monotonic() + PATIENCE
    while not found():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.02)


@contextlib.contextmanager
def a_tls_server_that_hangs_up():
    """Reads what is asked and goes away without a word, as a server does that is killed. Its host and port."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        make_one = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout".split()
        subprocess.run([*make_one, key, "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection = context.wrap_socket(server.accept()[0], server_side=True)
                    connection.recv(1 << 16)
                    # A close is a reset.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield "localhost:%d" % server.getsockname()[1]


class Pipe(io.RawIOBase):
    """A source that gives what it has in small pieces, as a pipe does; then, perhaps, it fails."""

    def __init__(self, data, failure=None):
        self.rest, self.failure = data, failure

    def read(self, size=-1):
        if not self.rest and self.failure:
            raise self.failure
        count = min(size, 7001)
        piece, self.rest = self.rest[:count], self.rest[count:]
        return piece


class WithBucket(unittest.TestCase):
    def cloud_of_test(self):
        return fake_s3_writes.Cloud()

    def setUp(self):
        self.cloud = self.enterContext(self.cloud_of_test())
        self.spool = self.enterContext(tempfile.TemporaryDirectory())
        proxies = {name for name in os.environ if name.lower().endswith("_proxy")}
        self.enterContext(patch.dict(os.environ))
        for name in proxies:
            del os.environ[name]
        self.enterContext(patch.object(aws, "METADATA", self.cloud.metadata_url + "/latest/"))
        self.said = []
        for module in (bucket_module, s3_module):
            self.enterContext(patch.object(module, "say", self.said.append))
        self.bucket = make(self.cloud.region, self.spool)

    def tearDown(self):
        self.assertEqual(os.listdir(self.spool), [])
        for secret in self.cloud.secrets():
            self.assertNotIn(secret, "\n".join(self.said))

    def put(self, name, data):
        return self.bucket.put(name, Pipe(data))

    def get(self, name):
        with self.bucket.get(name) as stream:
            return stream.read()

    def keep_old(self, name):
        self.cloud.objects[PREFIX + name] = OLD

    def fails(self, name, data, *parts):
        """A put fails with a message that has all of these parts; the bucket is as it was, without an upload."""
        before = sums(self.cloud.objects)
        with self.assertRaises(Failed) as caught:
            self.put(name, data)
        for part in parts:
            self.assertIn(part, str(caught.exception))
        for secret in self.cloud.secrets():
            self.assertNotIn(secret, str(caught.exception))
        self.cloud.faults.clear()
        self.assertEqual(sums(self.cloud.objects), before)
        self.assertEqual(self.cloud.uploads, {})

    def assert_puts(self, name, data):
        self.assertEqual(self.put(name, data), Stored(len(data), hashlib.sha256(data).hexdigest()))
        self.assertEqual(sums(self.cloud.objects).get(PREFIX + name), hashlib.sha256(data).hexdigest())
        # A creation whose answer was lost leaves an upload that nobody can name, without parts.
        self.assertEqual([parts for _, parts in self.cloud.uploads.values() if parts], [])


class Store(WithBucket):
    def test_what_was_put_is_what_one_gets(self):
        for size in (0, 1, PART - 1, PART, PART + 1, 3 * PART, 3 * PART + 12345):
            data, name = sample(size), "20261128T135200Z-redis-2.%d" % size
            with self.subTest(size):
                self.assert_puts(name, data)
                self.assertEqual(self.get(name), data)

    def test_what_fits_into_a_part_is_one_request(self):
        self.assert_puts("a", sample(PART))
        self.assertEqual(self.cloud.operations(), ["ListObjectsV2", "PutObject", "ListObjectsV2"])

    def test_a_bucket_with_object_lock_takes_what_is_put_and_keeps_what_is_removed(self):
        self.cloud.is_locked = True
        for size in (1, 2 * PART + 1):
            with self.subTest(size):
                self.assert_puts("a", sample(size))
        self.bucket.remove("a")
        self.assertEqual(self.bucket.names(), [])
        self.assertEqual([len(data) for _, data in self.cloud.versions], [1, 2 * PART + 1])

    def test_the_name_of_a_bucket_that_rediform_makes_is_filled_in(self):
        account = ("%s/%s" % (self.cloud.account, self.cloud.region)).encode()
        self.cloud.bucket = "rediform-x-%s-backups" % hashlib.sha256(account).hexdigest()[:12]
        bucket = make(self.cloud.region, self.spool, "s3://rediform-x-{id}-backups/rediform/x")
        bucket.put("a", Pipe(b"1"))
        self.assertEqual(bucket.where(), "s3://%s/rediform/x" % self.cloud.bucket)

    def test_more_is_sent_in_parts(self):
        self.assert_puts("a", sample(2 * PART + 1))
        parts = ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
        self.assertEqual(self.cloud.operations(), ["ListObjectsV2", *parts, "ListObjectsV2"])

    def test_an_object_is_replaced(self):
        self.keep_old("a")
        for size in (1000, 3 * PART):
            self.assert_puts("a", sample(size))

    def test_a_part_that_curl_asks_about_before_it_sends_it(self):
        self.bucket.part = 2 << 20
        self.assert_puts("a", sample(3 << 20))

    def test_all_pages_of_a_list_are_read(self):
        self.cloud.page = 3
        self.assertEqual(self.bucket.names(), [])
        names = ["2026112%dT135200Z-redis-%d.json" % (i, i) for i in range(8)] + ["ä & <b>+%41"]
        for name in names:
            self.keep_old(name)
        for other in ("rediform/testing/a", "rediform/test/below/a", "b"):
            self.cloud.objects[other] = OLD
        self.assertEqual(self.bucket.names(), names)
        self.assertEqual(self.cloud.operations(), ["ListObjectsV2"] * 5)

    def test_a_name_that_begins_like_another_one_is_no_other_one(self):
        self.keep_old("abc")
        self.cloud.faults.append(["PutObject", "SlowDown", 9])
        self.fails("ab", b"1")
        self.assertEqual(self.bucket.names(), ["abc"])

    def test_an_object_is_removed_and_once_more_is_no_failure(self):
        self.assert_puts("a", b"1")
        self.bucket.remove("a")
        self.assertEqual(self.cloud.objects, {})
        self.bucket.remove("a")

    def test_a_bucket_may_be_named_after_account_and_region(self):
        made_id = hashlib.sha256(b"123456789012/eu-central-1").hexdigest()[:12]
        self.cloud.bucket = "backups-" + made_id
        self.bucket = make(self.cloud.region, self.spool, "s3://backups-{id}/rediform/test")
        self.assert_puts("a", b"1")

    def test_no_more_parts_are_sent_than_s3_takes(self):
        with patch.object(bucket_module, "MOST_PARTS", 2):
            self.assert_puts("a", sample(2 * PART))
            self.fails("b", sample(2 * PART + 1), "S3 takes 2 parts")

    def test_the_fake_refuses_what_is_signed_wrongly(self):
        """Each of these would otherwise pass as well: what is tested here is the test."""
        real = s3_module.S3.options
        changes = {
            "XAmzContentSHA256Mismatch": lambda text: text.replace(hashlib.sha256(b"1").hexdigest(), "0" * 64),
            "SignatureDoesNotMatch": lambda text: text.replace("x" * 24, "y" * 24),
            "InvalidToken": lambda text: text.replace("t0k3n", "token"),
            "AuthorizationHeaderMalformed": lambda text: text.replace("aws:amz:eu-central-1", "aws:amz:eu-west-1"),
        }
        for code, change in changes.items():

            def changed(own, request):
                return [(name, change(str(value))) for name, value in real(own, request)]

            with self.subTest(code), patch.object(s3_module.S3, "options", changed):
                self.fails("a", b"1", code)


class StoreOfFiles(Store):
    """The same against the bucket that the lab's hosts have."""

    def cloud_of_test(self):
        return fake_s3_files.Cloud(os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "bucket"))


class Faults(WithBucket):
    """In one operation at a time: what heals does no harm, what does not is told, and nothing is left."""

    SMALL, BIG = sample(50_000), sample(PART + 50_000)
    WITH_BODY = ("PutObject", "UploadPart", "CompleteMultipartUpload")
    ALL = (*WITH_BODY, "CreateMultipartUpload", "ListObjectsV2")

    @contextlib.contextmanager
    def case(self, operation, fault=""):
        """Gives what to put so that the operation is asked for."""
        with self.subTest(operation=operation, fault=fault):
            self.cloud.calls.clear()
            self.cloud.faults.clear()
            self.said.clear()
            yield self.SMALL if operation == "PutObject" else self.BIG

    def test_what_is_better_at_the_next_try_is_no_failure(self):
        faults = {
            "SlowDown": self.ALL,
            "down": self.ALL,
            "cut": self.WITH_BODY,
            "lost": self.ALL,
            "done": self.WITH_BODY,
        }
        faults.update({code: ["PutObject"] for code in ("InternalError", "RequestTimeout", "ServiceUnavailable")})
        for fault, operations in faults.items():
            for operation in operations:
                with self.case(operation, fault) as data:
                    self.cloud.faults.append([operation, fault, 2])
                    self.assert_puts("a", data)
                    self.assertEqual(len(self.said), 2, self.said)
                    self.assertIn("; trying again", self.said[0])
                    self.bucket.remove("a")

    def test_what_stays_bad_is_told_after_some_tries_and_nothing_is_listed(self):
        self.keep_old("old")
        words = {"InternalError": "InternalError; S3 means InternalError", "SlowDown": "SlowDown; ", "down": "curl: (5"}
        for fault, word in words.items():
            for operation in self.ALL:
                with self.case(operation, fault) as data:
                    self.cloud.faults.append([operation, fault, 99])
                    what = (
                        "bucket rediform-test; " if operation == "ListObjectsV2" else "object rediform/test/a in bucket"
                    )
                    self.fails("a", data, what, word)
                    self.assertEqual(self.cloud.operations().count(operation), len(self.bucket.s3.pauses) + 1)

    def test_an_upload_that_is_cut_each_time(self):
        for operation in self.WITH_BODY:
            with self.case(operation) as data:
                self.cloud.faults.append([operation, "cut", 99])
                self.fails("a", data, "object rediform/test/a in bucket rediform-test; curl: (")

    def test_old_objects_are_as_they_were(self):
        for fault in ("SlowDown", "cut", "AccessDenied"):
            for operation in self.WITH_BODY:
                with self.case(operation, fault) as data:
                    self.keep_old("a")
                    self.cloud.faults.append([operation, fault, 99])
                    self.fails("a", data)
                    self.assertEqual(self.cloud.objects, {PREFIX + "a": OLD})

    def test_what_s3_did_but_never_confirmed_is_taken_back(self):
        for fault in ("lost", "done"):
            for operation in ("PutObject", "CompleteMultipartUpload"):
                with self.case(operation, fault) as data:
                    self.cloud.faults.append([operation, fault, 99])
                    self.fails("a", data)
                    self.assertIn("DeleteObject", self.cloud.operations())

    def test_a_completion_that_was_done_is_not_needed_twice(self):
        self.cloud.repeats_complete = False
        self.cloud.faults.append(["CompleteMultipartUpload", "lost", 1])
        self.assert_puts("a", self.BIG)
        self.cloud.faults.append(["CompleteMultipartUpload", "NoSuchUpload", 1])
        self.fails("b", self.BIG, "NoSuchUpload")

    def test_a_completion_with_status_200_and_an_error_failed(self):
        self.cloud.faults.append(["CompleteMultipartUpload", "late-error", 1])
        self.assert_puts("a", self.BIG)
        self.cloud.faults.append(["CompleteMultipartUpload", "late-error", 99])
        self.fails("b", self.BIG, "InternalError; S3 means InternalError")

    def test_what_was_kept_by_half_is_removed(self):
        self.cloud.faults.append(["PutObject", "half", 1])
        self.fails("a", self.SMALL, "S3 took 50000 bytes and lists 25000")
        self.cloud.faults.append(["UploadPart", "half", 1])
        with patch.object(fake_s3_writes, "etag", lambda data: '"the same"'):
            self.fails("b", self.BIG, "S3 took 150000 bytes and lists 100000")

    def test_a_permission_that_is_missing_is_named_at_once(self):
        for operation in self.ALL:
            with self.case(operation) as data:
                permission = "s3:ListBucket" if operation == "ListObjectsV2" else "s3:PutObject"
                self.cloud.faults.append([operation, "AccessDenied", 1])
                self.fails("a", data, "AccessDenied; S3 means AccessDenied; the role needs %s (" % permission)
                self.assertEqual([what for _, _, what in self.cloud.calls].count("AccessDenied"), 1)
                self.assertEqual(self.said, [])
        for act, operation, permission in (
            (lambda: self.bucket.remove("a"), "DeleteObject", "s3:DeleteObject"),
            (lambda: self.bucket.names(), "ListObjectsV2", "s3:ListBucket"),
            (lambda: self.get("a"), "GetObject", "s3:GetObject and s3:ListBucket"),
        ):
            self.cloud.faults.append([operation, "AccessDenied", 1])
            with self.subTest(operation), self.assertRaisesRegex(Failed, "; the role needs %s " % permission):
                act()

    def test_parts_that_cannot_be_removed_are_told(self):
        self.cloud.faults += [["UploadPart", "AccessDenied", 1], ["AbortMultipartUpload", "AccessDenied", 1]]
        with self.assertRaisesRegex(Failed, "s3:PutObject"):
            self.put("a", self.BIG)
        self.assertRegex(self.said[-1], "the role needs s3:AbortMultipartUpload .*; parts of it stay until")
        self.assertEqual(self.bucket.names(), [])

    def test_an_object_that_may_be_listed_is_told(self):
        self.cloud.faults += [["PutObject", "half", 1], ["DeleteObject", "AccessDenied", 1]]
        with self.assertRaisesRegex(Failed, "lists 25000"):
            self.put("a", self.SMALL)
        self.assertRegex(self.said[-1], "the role needs s3:DeleteObject .*; it may be listed although")

    def test_a_bucket_of_another_account_another_region_or_none_at_all(self):
        self.cloud.owner = "210987654321"
        self.fails("a", b"1", "AccessDenied", "must belong to this machine's account")
        self.cloud.owner = self.cloud.account
        self.cloud.faults.append(["*", "PermanentRedirect", 1])
        self.fails("a", b"1", "PermanentRedirect", "the bucket must be in the cluster's region")
        self.bucket = make(self.cloud.region, self.spool, "s3://no-such-bucket/rediform/test")
        self.fails("a", b"1", "bucket no-such-bucket; NoSuchBucket", "create the bucket, or correct backup.bucket")
        self.assertEqual(self.said, [])

    def test_a_clock_that_is_off(self):
        for skew in (20 * 60, -20 * 60):
            self.cloud.skew = skew
            there = self.cloud.now().strftime("%Y-%m-%dT%H:")
            self.fails("a", b"1", "RequestTimeTooSkewed", "this machine's clock says 20", "S3's says " + there)
        self.assertEqual(self.said, [])

    def test_keys_that_expire_while_parts_are_sent(self):
        def expire(operation):
            if operation == "UploadPart" and self.cloud.operations().count(operation) == 1:
                self.cloud.expired.add(0)
                if len(self.said) == 1:
                    self.cloud.session = 1  # a moment later

        self.cloud.on_call = expire
        self.cloud.faults.append(["UploadPart", "ExpiredToken", 1])
        self.assert_puts("a", self.BIG)
        self.assertIn(1, [number for _, number, _ in self.cloud.calls])
        self.assertIn("ExpiredToken", self.said[0])

    def test_metadata_that_is_down_or_has_no_keys(self):
        for state in ("down", "no-role", "no-keys"):
            self.cloud.metadata = state
            self.fails("a", b"1", "the metadata has no keys", "does the machine have a role?")
        self.cloud.metadata = "up"
        self.assert_puts("a", b"1")

    def test_s3_that_is_unreachable(self):
        self.cloud.host = "localhost:1"
        self.fails("a", b"1", "curl: (7)", "is there a gateway endpoint for S3, or NAT?")

    def test_s3_that_ends_the_connection(self):
        self.cloud.faults[:] = [["*", "down", 99]]  # a PUT's unread body makes it a reset
        self.fails("a", b"1" * PART, "the connection was closed", "is there a gateway endpoint for S3, or NAT?")
        self.assertNotIn("Recv failure", str(self.said))

    def test_s3_that_ends_the_connection_over_tls(self):
        self.bucket.s3.proto, self.bucket.s3.curl = "https", [*CURL, "--insecure"]
        with a_tls_server_that_hangs_up() as self.cloud.host, self.assertRaises(Failed) as caught:
            self.bucket.names()
        self.assertIn("the connection was closed; is there a gateway endpoint for S3, or NAT?", str(caught.exception))
        self.assertNotIn("OpenSSL", str(caught.exception))

    def test_curl_that_is_missing(self):
        self.bucket.s3.curl = ["no-such-program"]
        self.fails("a", b"1", "curl could not be started", "apt-get install curl")

    def test_a_source_that_fails_at_its_end(self):
        for size in (100, PART, 3 * PART):
            with self.subTest(size), self.assertRaisesRegex(Failed, "zstd ended with 1"):
                self.bucket.put("a", Pipe(sample(size), Failed("zstd ended with 1")))
            self.assertEqual((self.cloud.objects, self.cloud.uploads), ({}, {}))

    def test_a_stop_in_the_middle(self):
        with self.assertRaises(SystemExit):
            self.bucket.put("a", Pipe(sample(3 * PART), SystemExit(143)))
        self.assertEqual((self.cloud.objects, self.cloud.uploads), ({}, {}))

    def test_no_folder_to_wait_in(self):
        self.bucket.spool = "/no/such/folder"
        self.fails("a", b"1", "folder /no/such/folder, where a backup waits to be sent: No such file")


class Get(WithBucket):
    DATA = sample(400_000)

    def setUp(self):
        super().setUp()
        self.cloud.objects[PREFIX + "a"] = self.DATA

    def test_a_stream_is_never_silently_short(self):
        for fault, said in (("cut", "curl: .18"), ("slow", "curl: .28")):
            self.cloud.faults.append(["GetObject", fault, 1])
            with self.subTest(fault), self.assertRaisesRegex(Failed, "object rediform/test/a in .*" + said):
                with self.bucket.get("a") as stream:
                    while stream.read(1000):
                        pass

    def test_an_answer_of_unknown_length_is_refused(self):
        self.cloud.faults.append(["GetObject", "no-length", 1])
        with self.assertRaisesRegex(Failed, "does not say how long it is"):
            self.get("a")

    def test_before_the_first_byte_it_is_tried_again(self):
        for fault in ("SlowDown", "down", "InternalError"):
            self.cloud.faults.append(["GetObject", fault, 2])
            self.assertEqual(self.get("a"), self.DATA)

    def test_one_that_is_missing(self):
        with self.assertRaisesRegex(Failed, "object rediform/test/b in bucket rediform-test; NoSuchKey; S3 means"):
            self.get("b")
        self.assertEqual(self.said, [])

    def test_who_leaves_early_is_not_kept_waiting(self):
        with self.bucket.get("a") as stream:
            self.assertEqual(stream.read(10), self.DATA[:10])
        with self.assertRaises(KeyError), self.bucket.get("a") as stream:
            raise KeyError

    def test_who_has_all_of_it_need_not_see_the_end(self):
        with self.bucket.get("a") as stream:
            self.assertEqual(stream.read(len(self.DATA)), self.DATA)


class Processes(WithBucket):
    def start(self, size, name="a", part=PART, **more):
        settings = {"metadata": aws.METADATA, "region": self.cloud.region, "spool": self.spool, "part": part, **more}
        return subprocess.Popen(
            [sys.executable, "-B", __file__, "put", name, str(size), json.dumps(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process):
        out, said = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, said)
        return json.loads(out)

    def test_memory_stays_small_however_large_the_backup_is(self):
        self.cloud.is_forgetful = True
        answer = self.ended(self.start(LARGE, part=bucket_module.PART))
        self.assertEqual(answer["bytes"], LARGE)
        self.assertEqual(len(self.cloud.objects[PREFIX + "a"]), LARGE)
        self.assertEqual(self.cloud.operations().count("UploadPart"), 5)
        self.assertLessEqual(answer["peak"] - answer["before"], GROWTH)

    def test_a_disk_that_is_full(self):
        answer = self.ended(self.start(3 * PART, limit=PART // 2))
        self.assertIn(
            "the disk that keeps a backup while it is sent: File too large; it needs 64 MiB", answer["failed"]
        )
        self.assertEqual((self.cloud.objects, self.cloud.uploads), ({}, {}))

    def test_killed_at_each_call(self):
        """Nothing of the backup is listed unless all of it is; what was there stays; the next put works."""
        self.keep_old("old")
        whole = sample_source(PART + 50).read()
        parts = ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"]
        operations = ["ListObjectsV2", *parts, "ListObjectsV2"]
        for at in range(len(operations)):
            with self.subTest(operations[at]):
                self.cloud.objects.pop(PREFIX + "a", None)
                self.cloud.calls.clear()
                reached, go_on = threading.Event(), threading.Event()
                self.addCleanup(go_on.set)

                def hold(_, at=at, reached=reached, go_on=go_on):
                    if len(self.cloud.calls) == at:
                        reached.set()
                        go_on.wait(PATIENCE)

                self.cloud.on_call = hold
                process = self.start(PART + 50)
                is_there = reached.wait(PATIENCE)
                process.send_signal(signal.SIGKILL)
                said = process.communicate(timeout=PATIENCE)[1]
                self.assertTrue(is_there, said)
                go_on.set()  # what curl has sent already comes to its end
                eventually(lambda: len(self.cloud.calls) > at)
                self.cloud.on_call = None
                self.assertEqual(os.listdir(self.spool), [])
                self.assertEqual(self.cloud.objects.get(PREFIX + "old"), OLD)
                self.assertIn(self.cloud.objects.get(PREFIX + "a"), (None, whole))
                self.cloud.uploads.clear()
                self.assert_puts("a", sample(PART))

    def test_no_other_process_sees_a_key(self):
        for operation in ("ListObjectsV2", "UploadPart"):
            self.cloud.calls.clear()
            self.cloud.faults.append([operation, "silent", 1])
            process = self.start(3 * PART, stall=2)
            eventually(lambda: any(outcome == "silent" for _, _, outcome in self.cloud.calls))
            curls, secrets = 0, [secret.encode() for secret in self.cloud.secrets()]
            for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    text = file.read()
                    curls += b"--suppress-connect-headers" in text
                    self.assertFalse([path for secret in secrets if secret in text])
            self.assertGreater(curls, 0)
            # It is given up, and tried again.
            self.assertEqual(self.ended(process)["bytes"], 3 * PART)


def make(region, spool, place="s3://rediform-test/rediform/test", part=PART, stall=2):
    made = Bucket(place, region, spool, part)
    made.s3.proto, made.s3.curl, made.s3.stall = "http", CURL, stall
    made.s3.pauses = (0.01, 0.01, 0.01)
    return made


class sample_source(io.RawIOBase):
    """A number of bytes that are not all in memory."""

    def __init__(self, size):
        self.left, self.block = size, sample(1 << 16)

    def read(self, size=-1):
        count = min(self.left, len(self.block), size) if size >= 0 else self.left
        self.left -= count
        return (self.block * (count // len(self.block) + 1))[:count]


def peak():
    """KiB of memory that this process has had."""
    with open("/proc/self/status", encoding="utf-8") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM")))


def put(name, size, settings):
    """Puts so many bytes; prints what came of it, and the memory that it took."""
    aws.METADATA = settings["metadata"]
    made = make(settings["region"], settings["spool"], part=settings["part"], stall=settings.get("stall", 30))
    if "limit" in settings:
        resource.setrlimit(resource.RLIMIT_FSIZE, (settings["limit"], settings["limit"]))
    before = peak()
    try:
        answer = made.put(name, sample_source(int(size)))._asdict()
    except Failed as error:
        answer = {"failed": str(error)}
    print(json.dumps({**answer, "before": before, "peak": peak()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["put"]:
        put(*sys.argv[2:4], json.loads(sys.argv[4]))
    else:
        unittest.main()
