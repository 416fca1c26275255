"""The bootstrap under faults: of the bucket, of the machine, of the agents that it tries.

REDIFORM_PROGRAM names the program. As `test_bootstrap.py kill …` this file is the process that is killed.
"""

import concurrent.futures
import contextlib
import glob
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import unittest
import zipfile

sys.dont_write_bytecode = True
import fake_bucket  # noqa: E402 -- beside this file

PATH = os.path.abspath(
    os.environ.get("REDIFORM_PROGRAM")
    or os.path.join(os.path.dirname(__file__), "../../main/python/bootstrap/rediform-bootstrap")
)
TAG = "rediform.document"
PATIENCE = 60  # seconds for what must happen; long, since nothing waits for their end
HANGS = 5  # seconds after which an agent is taken for hanging; a busy machine needs some of them to start a good one

# An agent as the bootstrap sees it. What it does in each verb is in itself, in the document and in the file `orders`:
# an exit code, or a word. It has a server: `running` is the document that this was started with. All tests together
# start it some thousand times, so it imports little: JSON without true, false and null is Python as well.
AGENT = """
import os, sys, time
verb, option, path, *words = sys.argv[1:]
assert option == "--document"
place, verb = os.path.dirname(path), " ".join((verb, *words))
state = os.path.join(os.path.dirname(place), "state")

def get(name):
    try:
        with open(os.path.join(state, name)) as file:
            return file.read()
    except FileNotFoundError:
        return ""

def put(name, text):
    with open(os.path.join(state, name), "w") as file:
        file.write(text)

def link(name):
    try:
        with open(os.path.join(place, name)) as file:
            return eval(file.read())["name"]
    except FileNotFoundError:
        return "none"

with open(path) as file:
    document = eval(file.read())
me = document["name"]
does = {**%r, **document["does"], **eval(get("orders") or "{}").get(me, {})}.get(verb, 0)
if verb != "version":
    with open(os.path.join(state, "calls"), "a") as log:
        log.write("%%s %%s, current is %%s, good is %%s\\n" %% (me, verb, link("current"), link("good")))
if verb == "install":
    put("installed", me)
if verb == "install --restart":
    put("running", "none" if does else get("installed"))
    put("ran", get("ran") + get("running") + " ")
if does == "hang":
    child = os.fork() or put("grandchild", str(os.getpid()))
    while get("hang"):
        time.sleep(0.02)
    if not child:
        os._exit(0)
    does = 0
if does == "wait":
    put("waits", me)
    while not get("go"):
        time.sleep(0.02)
    does = 0
if does == "crash":
    import no_such_module
if does == "kill":
    os.kill(os.getppid(), 9)
if does == "die":
    os.kill(os.getpid(), 11)
if does == "late":
    does = int(get("installed") == me)
if verb.startswith("health"):
    does = does or int(bool(get("sick")) or get("running") == "none")
    print('{"node": "%%s", "fit": %%s}' %% (me, "false" if does else "true"))
elif verb == "serve":
    print("ready", flush=True)
    sys.stdin.readline()
    import later
    print(later.NAME)
elif verb == "version":
    print(me)
elif does:
    print("%%s: Redis says no" %% me, file=sys.stderr)
sys.exit(does)
"""


def checksum(data):
    return hashlib.sha256(data).hexdigest()


def make_agent(name, **does):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), AGENT % does)
        archive.writestr(zipfile.ZipInfo("later.py"), "NAME = %r\n" % name)
    return data.getvalue()


def make_document(name, agent, **does):
    return json.dumps({"agent": checksum(agent), "name": name, "does": does}).encode()


def full_verbs(does):
    """`install --restart` is no name of a parameter."""
    return {"install --restart" if verb == "restart" else verb: what for verb, what in does.items()}


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.02)


# The command for curl, as JSON: each release of Debian has another one.
CURL = json.loads(os.environ.get("REDIFORM_CURL", '["curl"]'))


def load_tests(loader, tests, _):
    """With a curl that is not this machine's, only what it has to do with."""
    if CURL == ["curl"]:
        return tests
    return unittest.TestSuite(loader.loadTestsFromTestCase(each) for each in (FirstBoot, Later))


class Home:
    """A machine's disk."""

    def __init__(self, folder):
        self.folder, self.place, self.state = folder, folder + "/place", folder + "/state"

    def get(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.state, name), encoding="utf-8") as file:
                return file.read()
        return ""

    def put(self, name, text):
        with open(os.path.join(self.state, name), "w", encoding="utf-8") as file:
            file.write(text)

    def link(self, name):
        """Name of the document that a link leads to."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.place, name), "rb") as file:
                return json.load(file)["name"]
        return None

    def refused(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.place + "/refused", encoding="utf-8") as file:
                return file.read()
        return ""

    def calls(self):
        return [line.split(",")[0] for line in self.get("calls").splitlines()]

    def settings(self, name="settings", **changes):
        """Path of a settings file: `settings` with these changes, which stay if the name is that."""
        with open(self.folder + "/settings", encoding="utf-8") as file:
            settings = {**json.load(file), **changes}
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            json.dump(settings, file)
        return file.name

    def order(self, name, **does):
        """What the agent of a document does from now on."""
        self.put("orders", json.dumps({name: full_verbs(does)}))

    def all_three(self):
        """What is good, installed, and what the server runs with."""
        return self.link("good"), self.get("installed"), self.get("running")


class Machine(unittest.TestCase):
    """A new machine in a cloud whose bucket has document A."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.home = Home(folder.name)
        os.mkdir(self.home.state)
        self.home.put("hang", "yes")
        self.cloud = self.enterContext(fake_bucket.Cloud())
        with open(self.home.folder + "/settings", "w", encoding="utf-8") as file:
            json.dump(
                {
                    "node": "redis-1",
                    "curl": CURL,
                    "bucket": self.cloud.bucket,
                    "region": self.cloud.region,
                    "prefix": "some/where",
                    "place": self.home.place,
                    "metadata": self.cloud.metadata_url,
                    "proto": "http",
                    "starter": [],
                    "python": [sys.executable, "-S"],
                    "patience": 0,
                    "stall": 2,
                    "check": 30,
                    "install": 30,
                    "restart": 30,
                    "probation": 0.3,
                    "look": 0.1,
                    "grace": 0,
                },
                file,
            )
        self.agent = make_agent("a")
        self.a = self.publish("A", self.agent)
        self.want(self.a)

    def publish(self, name, agent=None, **does):
        """A document, with an agent of its own unless another one is given; returns its checksum."""
        agent = agent or make_agent(name.lower(), **does)
        document = make_document(name, agent)
        self.cloud.objects["some/where/nodes/redis-1.json"] = document
        self.cloud.objects["some/where/program.pyz"] = agent
        return checksum(document)

    def want(self, sha):
        self.cloud.tags = {"Name": "redis-1", TAG: sha}

    def start(self, *words, settings=None, **more):
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment.update(more.pop("environment", {}), REDIFORM_BOOTSTRAP=settings or self.home.folder + "/settings")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen([sys.executable, PATH, *words], env=environment, text=True, **pipes)

    def run_it(self, *words, **more):
        """(exit code, what it said on standard error)"""
        process = self.start(*words, **more)
        said = process.communicate(timeout=PATIENCE)[1]
        return process.returncode, said

    def boot(self, **more):
        return self.run_it("boot", **more)

    def look(self, **more):
        return self.run_it("look", **more)

    def assert_runs(self, name):
        self.assertEqual((self.home.link("current"), self.home.link("good"), self.home.get("installed")), (name,) * 3)

    def assert_works(self, done):
        self.assertEqual(done[0], 0, done[1])


class Running(Machine):
    """A machine whose server runs with document A, and a bucket that has document B with a new agent."""

    def setUp(self):
        super().setUp()
        self.assert_works(self.boot())
        # The service manager starts the server after the boot.
        self.home.put("running", "A")
        self.home.put("ran", "A ")
        self.home.put("calls", "")
        self.b = self.publish("B")
        self.want(self.b)

    def bad(self, **does):
        self.b = self.publish("B", **full_verbs(does))
        self.want(self.b)

    def bad_for_same_agent(self, **does):
        document = make_document("B", self.agent, **full_verbs(does))
        self.cloud.objects["some/where/nodes/redis-1.json"] = document
        self.cloud.objects["some/where/program.pyz"] = self.agent
        self.b = checksum(document)
        self.want(self.b)

    def assert_back(self, *parts):
        """A is in use as if B had never been; B is refused for a reason that has all these parts."""
        self.assert_runs("A")
        self.assertEqual(self.home.get("running"), "A")
        sha, reason = self.home.refused().split(" ", 1)
        self.assertEqual(sha, self.b)
        for part in parts:
            self.assertIn(part, reason)


class Signature(unittest.TestCase):
    def test_it_is_that_of_the_example_in_the_s3_api_reference(self):
        # "GET object" in https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
        nothing = checksum(b"")
        headers = {
            "host": "examplebucket.s3.amazonaws.com",
            "range": "bytes=0-9",
            "x-amz-content-sha256": nothing,
            "x-amz-date": "20130524T000000Z",
        }
        self.assertEqual(
            fake_bucket.signature(
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "GET",
                "/test.txt",
                headers,
                sorted(headers),
                nothing,
                "20130524T000000Z",
                "20130524/us-east-1/s3/aws4_request",
            ),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        )


class FirstBoot(Machine):
    def fails(self, *parts, **world):
        """A boot in this world says all of this and leaves nothing; in a good world the next one works."""
        good = {name: getattr(self.cloud, name) for name in world}
        for name, value in world.items():
            setattr(self.cloud, name, value)
        code, said = self.boot()
        self.assertEqual(code, 1)
        for part in parts:
            self.assertIn(part, said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertEqual(glob.glob(self.home.place + "/*.*"), [])
        self.assertIsNone(self.home.link("current"))
        # Also a gate, which sees nothing of the boot, is told.
        code, repeated = self.run_it("run", "version")
        self.assertEqual(code, 3)
        self.assertIn(parts[0], repeated)
        for name, value in good.items():
            setattr(self.cloud, name, value)
        self.assert_works(self.boot())
        self.assert_runs("A")

    def test_a_new_machine_tries_and_installs_its_pair(self):
        self.assertEqual(self.boot(), (0, "rediform-bootstrap: document %s is tried\n" % self.a))
        self.assertEqual(self.home.calls(), ["A check", "A install"])
        self.assertEqual(
            self.cloud.requests, [("/some/where/nodes/redis-1.json", "sent"), ("/some/where/program.pyz", "sent")]
        )
        self.assertEqual(self.home.refused(), "")
        self.assert_runs("A")

    def test_without_a_prefix_the_keys_are_at_the_top(self):
        self.cloud.objects = {key.replace("some/where/", ""): data for key, data in self.cloud.objects.items()}
        self.assert_works(self.boot(settings=self.home.settings(prefix="")))
        self.assert_runs("A")

    def test_nothing_listens_where_the_bucket_should_be(self):
        self.fails(
            "object some/where/nodes/redis-1.json in bucket rediform-test; curl: (7)",
            "gateway endpoint for S3",
            host="localhost:%d" % closed_port(),
        )

    def test_403_names_both_causes(self):
        self.fails(
            "nodes/redis-1.json in bucket rediform-test; AccessDenied; S3 means AccessDenied; curl: (22)",
            "the role may not read it",
            "or it is missing and the role lacks s3:ListBucket",
            fault=403,
        )

    def test_404(self):
        self.fails("; NoSuchKey; ", fault=404)

    def test_500(self):
        self.fails("; InternalError; ", "error: 500", fault=500)

    def test_the_buckets_name_is_of_the_account_and_the_region(self):
        part = checksum(("%s/%s" % (self.cloud.account, self.cloud.region)).encode())[:12]
        self.cloud.bucket = "rediform-cache-" + part
        self.assert_works(self.boot(settings=self.home.settings(bucket="rediform-cache-{id}")))

    def test_a_bucket_of_somebody_else(self):
        self.fails("; AccessDenied; ", "the bucket's owner", owner="999999999999")

    def test_one_bit_differs(self):
        self.fails("has checksum", "; tag rediform.document wants " + self.a, "waits for its turn", fault="bit")

    def test_the_connection_is_cut_in_the_middle(self):
        self.fails("curl: (18)", fault="cut")

    def test_half_of_it_as_if_it_were_all(self):
        self.fails("has checksum", fault="half")

    def test_a_clock_that_is_20_minutes_slow(self):
        self.fails("; RequestTimeTooSkewed; ", skew=1200)

    def test_a_clock_that_is_20_minutes_fast(self):
        self.fails("; RequestTimeTooSkewed; ", skew=-1200)

    def test_a_clock_that_is_14_minutes_off_is_good_enough(self):
        self.cloud.skew = 840
        self.assert_works(self.boot())

    def test_a_bucket_in_another_region(self):
        self.fails("; AuthorizationHeaderMalformed; ", region="eu-west-1")

    def test_an_expired_session(self):
        self.fails("; ExpiredToken; ", expired={0})

    def test_no_metadata(self):
        self.fails("metadata api/token: HTTP Error 503", metadata="down")

    def test_no_role(self):
        self.fails("metadata meta-data/iam/security-credentials/: HTTP Error 404", "it has none", metadata="no-role")

    def test_a_role_without_keys(self):
        self.fails("no keys for role rediform-node: ", "AssumeRoleUnauthorizedAccess", metadata="no-keys")

    def test_no_tag(self):
        self.fails("metadata meta-data/tags/instance/rediform.document: HTTP Error 404", "metadata options", tags={})

    def test_a_tag_that_is_no_checksum(self):
        self.fails(
            "tag rediform.document is no SHA-256: ../../etc/passwd; deploy again", tags={TAG: "../../etc/passwd"}
        )

    def test_a_missing_object_where_the_role_may_list(self):
        self.fails("; NoSuchKey; ", objects={})

    def test_a_missing_object_where_the_role_may_not_list(self):
        self.cloud.may_list = False
        self.fails("; AccessDenied; ", "or it is missing", objects={})

    def test_an_agent_of_another_release(self):
        self.cloud.objects["some/where/program.pyz"] = b"another"
        code, said = self.boot()
        self.assertEqual(code, 1)
        self.assertIn(
            "object some/where/program.pyz in bucket rediform-test has checksum %s; " % checksum(b"another"), said
        )
        self.assertIn("; document %s wants %s" % (self.a, checksum(self.agent)), said)
        self.assertIsNone(self.home.link("current"))
        self.assertEqual(glob.glob(self.home.place + "/*.pyz*"), [])

    def test_a_document_that_names_no_agent(self):
        for document in (b"{}", b"[]", b"no JSON", b'{"agent": 1}', b'{"agent": "../../etc/passwd"}'):
            with self.subTest(document):
                self.cloud.objects["some/where/nodes/redis-1.json"] = document
                self.want(checksum(document))
                code, said = self.boot()
                self.assertEqual(code, 1)
                self.assertIn("document %s names no agent" % checksum(document), said)
                self.assertIsNone(self.home.link("current"))

    def test_a_proxy_is_not_asked_for_metadata(self):
        proxy = "http://127.0.0.1:%d" % closed_port()
        code, said = self.boot(environment={"http_proxy": proxy, "no_proxy": "localhost,.localhost"})
        self.assertEqual(code, 0, said)

    def test_a_bucket_that_comes_after_a_while_and_each_reason_once(self):
        self.cloud.fault = 500
        process = self.start("boot", settings=self.home.settings(patience=PATIENCE))
        eventually(lambda: len(self.cloud.requests) > 1)
        # What asks for health meanwhile does not wait for the boot.
        self.assertEqual(self.look()[0], 1)
        self.assertIn("; InternalError; ", self.run_it("run", "health", "--wait=9")[1])
        self.cloud.fault = None
        said = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(said.count("; InternalError; "), 1)
        self.assert_runs("A")

    def test_its_turn_comes_while_it_waits(self):
        b = self.publish("B")  # the bucket is ahead of the tag
        process = self.start("boot", settings=self.home.settings(patience=PATIENCE))
        eventually(lambda: self.cloud.requests)
        self.want(b)
        said = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("waits for its turn", said)
        self.assert_runs("B")

    def test_a_server_that_takes_the_request_and_is_silent(self):
        self.check_stall("silent")

    def test_a_server_that_sends_20_bytes_a_second(self):
        self.check_stall("slow")

    def check_stall(self, fault):
        """It is given up, and no other process can see a key meanwhile."""
        self.cloud.fault = fault
        process = self.start("boot")
        eventually(lambda: self.cloud.requests)
        curls, secrets = 0, [secret.encode() for secret in self.cloud.secrets()]
        for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                text = file.read()
                curls += b"--fail-with-body" in text
                self.assertFalse([path for secret in secrets if secret in text])
        self.assertGreater(curls, 0)
        said = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(process.returncode, 1)
        self.assertIn("curl: (28)", said)

    def test_a_pair_that_fails_its_check(self):
        self.check_heals("check of document %.12s", check=1)

    def test_a_pair_that_fails_its_install(self):
        self.check_heals("install of document %.12s", install=1)

    def check_heals(self, reason, **does):
        """The boot says why; a gate that asks after the next deploy heals it."""
        bad = self.publish("BAD", **does)
        self.want(bad)
        code, said = self.boot()
        self.assertEqual(code, 1)
        self.assertIn(reason % bad, said)
        self.assertIn("exit code 1: BAD: Redis says no", said)
        self.assertIsNone(self.home.link("good"))
        calls = len(self.home.calls())
        self.assertEqual(self.look()[0], 1)
        self.assertEqual(len(self.home.calls()), calls)
        # The next boot tries again: it has nothing else.
        self.assertEqual(self.boot()[0], 1)
        self.assertGreater(len(self.home.calls()), calls)
        self.want(self.publish("B"))
        self.assert_works(self.look())
        self.assert_runs("B")
        self.assertEqual(self.home.get("running"), "B")

    def test_a_good_pair_that_was_damaged_is_fetched_again(self):
        self.assert_works(self.boot())
        for path in (self.a + ".json", checksum(self.agent) + ".pyz"):
            os.truncate(os.path.join(self.home.place, path), 0)
            self.assert_works(self.boot())
            self.assert_runs("A")
        self.assertEqual(len(self.cloud.requests), 4)


class Later(Running):
    def goes_on(self, **world):
        """A stays in use, also through a boot; B follows when the world is good again."""
        good = {name: getattr(self.cloud, name) for name in world}
        for name, value in world.items():
            setattr(self.cloud, name, value)
        self.assertEqual(self.look()[0], 1)
        self.assert_runs("A")
        self.assert_works(self.boot())
        self.assert_runs("A")
        self.assertEqual(self.home.refused(), "")
        for name, value in good.items():
            setattr(self.cloud, name, value)
        self.assert_works(self.look())
        self.assert_runs("B")

    def test_the_bucket_is_away(self):
        self.goes_on(host="localhost:%d" % closed_port())

    def test_403(self):
        self.goes_on(fault=403)

    def test_404(self):
        self.goes_on(fault=404)

    def test_500(self):
        self.goes_on(fault=500)

    def test_one_bit_differs(self):
        self.goes_on(fault="bit")

    def test_the_connection_is_cut_in_the_middle(self):
        self.goes_on(fault="cut")

    def test_a_curl_that_does_not_say_what_went_wrong(self):
        self.want(self.publish("BIG"))
        code, said = self.look(settings=self.home.settings(curl=["sh", "-c", "exit 23"]))
        self.assertEqual(code, 1)
        self.assertIn("in bucket rediform-test; curl: (23); is the disk full?", said)
        self.assert_runs("A")

    def test_half_of_it_as_if_it_were_all(self):
        self.goes_on(fault="half")

    def test_a_clock_that_is_20_minutes_off(self):
        self.goes_on(skew=1200)

    def test_an_expired_session(self):
        self.goes_on(expired={0})

    def test_no_metadata(self):
        self.goes_on(metadata="down")

    def test_keys_are_asked_for_at_each_fetch(self):
        self.cloud.session, self.cloud.expired = 1, {0}
        self.assert_works(self.look())
        self.assert_runs("B")

    def test_a_boot_asks_neither_bucket_nor_metadata(self):
        requests = list(self.cloud.requests)
        self.cloud.metadata = "down"
        self.assertEqual(self.boot(), (0, ""))
        self.assertEqual(self.home.calls(), ["A install"])
        self.assertEqual(self.cloud.requests, requests)

    def test_a_boot_whose_install_fails_says_so(self):
        self.home.order("A", install=1)
        code, said = self.boot()
        self.assertEqual(code, 1)
        self.assertIn("install of document %.12s" % self.a, said)
        self.want(self.a)
        self.assertEqual(self.look()[0], 1)
        self.home.order("A")
        self.home.put("calls", "")
        self.assert_works(self.look())
        self.assertEqual(self.home.calls(), ["A install", "A install --restart"])
        self.assert_runs("A")

    @unittest.skipUnless(os.geteuid() == 0, "a full disk needs root, for a mount")
    def test_the_disk_is_full(self):
        folder = tempfile.mkdtemp(dir=self.home.folder)
        shutil.copytree(self.home.place, folder + "/old", symlinks=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "rediform-test", self.home.place], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.home.place], check=True)
        shutil.copytree(folder + "/old", self.home.place, symlinks=True, dirs_exist_ok=True)
        agent = make_agent("big") + os.urandom(200 << 10)
        self.want(self.publish("BIG", agent))
        code, said = self.look()
        self.assertEqual(code, 1)
        self.assertIn("curl: (23)", said)
        self.assert_works(self.boot())
        self.assert_runs("A")
        self.want(self.publish("B"))
        self.assert_works(self.look())
        self.assert_runs("B")
        # No room for anything: not even for the mark of a trial.
        with contextlib.suppress(OSError), open(self.home.place + "/filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        self.want(self.publish("C"))
        self.assertEqual(self.look()[0], 1)
        self.assert_works(self.boot())
        self.assert_runs("B")


class Switch(Running):
    def test_a_new_agent_is_tried_before_and_after_and_becomes_good_last(self):
        self.assert_works(self.look())
        calls = self.home.get("calls").splitlines()
        # During the probation it is asked more than once.
        self.assertEqual(
            [call for at, call in enumerate(calls) if call not in calls[:at]],
            [
                "B check, current is A, good is A",
                "A health, current is A, good is A",
                "B health, current is A, good is A",
                "B install, current is B, good is A",
                "B health, current is B, good is A",
                "B install --restart, current is B, good is A",
            ],
        )
        self.assert_runs("B")
        self.assertEqual(self.home.get("running"), "B")
        self.assertEqual(self.home.refused(), "")

    def test_a_document_for_the_same_agent_has_no_trial_of_health(self):
        self.want(self.publish("C", self.agent))
        self.assert_works(self.look())
        self.assertEqual(self.home.calls(), ["C check", "C install", "C install --restart"])
        self.assert_runs("C")
        self.assertEqual(len(self.cloud.requests), 3)  # the agent is not fetched again

    def test_what_is_wanted_already_is_left_alone(self):
        self.want(self.a)
        self.assertEqual(self.look(), (0, ""))
        self.assertEqual(self.home.calls(), [])

    def test_an_older_release_is_a_release(self):
        self.assert_works(self.look())
        self.publish("A", self.agent)
        self.want(self.a)
        self.assert_works(self.look())
        self.assert_runs("A")

    def test_before_its_turn_a_node_stays_though_the_bucket_is_ahead(self):
        self.want(self.a)
        self.assert_works(self.look())
        self.assert_runs("A")

    def test_an_unhealthy_node_takes_the_new_agent_which_may_be_the_cure(self):
        self.home.put("sick", "yes")
        self.assert_works(self.look())
        self.assert_runs("B")

    def test_a_node_that_becomes_healthy_in_time_counts_as_healthy(self):
        # As after a start of the machine, while the server still loads its data.
        self.home.put("sick", "yes")
        self.bad(health=1)
        process = self.start("look", settings=self.home.settings(probation=PATIENCE))
        eventually(lambda: "A health" in self.home.calls())
        self.home.put("sick", "")
        self.assertEqual(process.wait(PATIENCE), 1)
        process.communicate()
        self.assert_back("health of document")

    def test_a_check_that_fails(self):
        self.check_refused("check of document", "exit code 1: B: Redis says no", check=1)

    def test_a_check_that_crashes(self):
        self.check_refused("exit code 1: ModuleNotFoundError: No module named 'no_such_module'", check="crash")

    def test_a_check_that_dies(self):
        self.check_refused("signal 11: it printed nothing", check="die")

    def test_a_check_that_hangs(self):
        self.check_refused("no end within %d seconds" % HANGS, limits={"check": HANGS}, check="hang")
        self.assert_no_grandchild()

    def test_health_that_is_worse_than_the_old_agents(self):
        self.check_refused("health of document", 'exit code 1: {"node": "B", "fit": false}', health=1)
        self.assertNotIn("B install", self.home.calls())

    def test_health_that_hangs(self):
        self.check_refused("health of document", "within %d seconds" % HANGS, limits={"check": HANGS}, health="hang")
        self.assert_no_grandchild()

    def test_an_install_that_fails(self):
        self.check_refused("install of document", "exit code 5", install=5)

    def test_an_install_that_hangs(self):
        self.check_refused(
            "install of document", "within %d seconds" % HANGS, limits={"install": HANGS}, install="hang"
        )
        self.assert_no_grandchild()

    def test_health_that_gets_worse_after_the_switch(self):
        self.check_refused("was healthy before the switch; after it, health of document", health="late")
        self.assertNotIn("B install --restart", self.home.calls())

    def test_a_server_that_does_not_start_again(self):
        self.check_refused("install --restart of document", "B: Redis says no", restart=1)
        self.assertEqual(
            self.home.calls()[-7:],
            [
                "B install --restart",
                "A install",
                "A install --restart",  # the way back
                "A install",  # a boot
                "C check",
                "C install",
                "C install --restart",
            ],
        )

    def test_a_restart_that_hangs(self):
        self.check_refused(
            "install --restart of document", "within %d seconds" % HANGS, limits={"restart": HANGS}, restart="hang"
        )

    def test_a_setting_that_the_server_refuses_at_its_start(self):
        self.bad_for_same_agent(restart=1)
        self.assertEqual(self.look()[0], 1)
        self.assert_back("B: Redis says no")

    def check_refused(self, *parts, limits=None, **does):
        """B is refused for this reason; the next look leaves it at that; a third document is taken."""
        self.bad(**does)
        code, said = self.look(settings=self.home.settings("limits", **(limits or {})))
        self.assertEqual(code, 1)
        self.assert_back(*parts)
        self.assertIn(parts[0], said)
        calls = self.home.calls()
        code, said = self.look()
        self.assertEqual(code, 1)
        self.assertIn("Deploy another one, or wait", said)
        self.assertEqual(self.home.calls(), calls)
        self.assert_works(self.boot())
        self.assert_back(*parts)
        self.want(self.publish("C", self.agent))
        self.assert_works(self.look())
        self.assert_runs("C")
        self.assertEqual(self.home.refused(), "")

    def assert_no_grandchild(self):
        def is_gone():
            with contextlib.suppress(OSError), open("/proc/%s/cmdline" % self.home.get("grandchild"), "rb") as file:
                return not file.read()  # of a zombie it is empty
            return True

        eventually(is_gone)

    def test_a_refused_document_is_tried_again_after_a_while(self):
        self.bad(install=1)
        self.look()
        self.look(settings=self.home.settings("soon", again=0))
        self.assertEqual(self.home.calls().count("B install"), 2)

    def test_a_refused_document_is_tried_again_when_the_clock_was_wrong(self):
        self.bad(install=1)
        self.look()
        os.utime(self.home.place + "/refused", (2**32, 2**32))
        self.look()
        self.assertEqual(self.home.calls().count("B install"), 2)

    def test_the_last_three_stay(self):
        for name in "BCDE":
            self.want(self.publish(name))
            self.assert_works(self.look())
            self.assert_runs(name)
        self.assertEqual(len(glob.glob(self.home.place + "/*.json")), 3)
        self.assertEqual(len(glob.glob(self.home.place + "/*.pyz")), 3)
        self.assertEqual(
            sorted(name for name in os.listdir(self.home.place) if len(name) < 64),
            ["current", "good", "lock", "looked"],
        )


class Ends(Running):
    """Orderly ends, other ends, and several at once."""

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)

    def test_a_machine_that_is_stopped_in_mid_trial_tries_again(self):
        for verb in ("check", "install", "install --restart"):
            with self.subTest(verb):
                self.home.put("hang", "yes")
                self.home.put("calls", "")
                self.want(self.publish("B", **{verb: "hang"}))
                process = self.start("look")
                eventually(lambda: "B " + verb in self.home.calls())
                self.assertIn("its trial did not end", self.home.refused())
                self.stop(process)
                self.assertEqual(self.home.refused(), "")
                self.assert_works(self.boot())
                self.assert_runs("A")
                self.home.put("running", "A")
                self.home.put("hang", "")
                self.assert_works(self.look())
                self.assert_runs("B")
                self.want(self.a)
                self.publish("A", self.agent)
                self.assert_works(self.look())

    def test_an_agent_that_fails_because_the_machine_stops_is_not_refused(self):
        self.bad(install=1)
        process = self.start("look", settings=self.home.settings(grace=PATIENCE))
        eventually(lambda: "B install" in self.home.calls())
        self.stop(process)
        self.assertEqual(self.home.refused(), "")
        self.assert_works(self.boot())
        self.assert_runs("A")

    def test_a_trial_that_is_killed_is_refused_for_a_while(self):
        self.bad(install="hang")
        process = self.start("look")
        eventually(lambda: "B install" in self.home.calls())
        process.kill()
        process.communicate(timeout=PATIENCE)
        self.assertEqual(self.home.link("current"), "B")
        self.home.put("hang", "")
        # From now on, however long the trial took.
        os.utime(self.home.place + "/refused", (0, 0))
        self.assertEqual(self.look()[0], 1)
        self.assert_back("its trial did not end: the machine went down, or the trial was killed")
        self.assert_works(self.look(settings=self.home.settings("soon", again=0)))
        self.assert_runs("B")

    def test_an_agent_that_takes_the_machine_down_is_not_tried_for_ever(self):
        for verb in ("check", "install"):
            with self.subTest(verb):
                self.home.put("calls", "")
                self.bad(**{verb: "kill"})
                self.assertEqual(self.look()[0], -signal.SIGKILL)
                self.assert_works(self.boot())
                self.assertEqual(self.look()[0], 1)
                self.assert_back("its trial did not end")
                self.assertEqual(self.home.calls().count("B " + verb), 1)

    def test_a_way_back_that_is_stopped_is_finished_and_the_reason_stays(self):
        self.bad(install=1)
        self.home.order("A", install="wait")
        process = self.start("look")
        eventually(lambda: self.home.calls()[-2:] == ["B install", "A install"])
        self.stop(process)
        self.assertEqual(self.home.link("current"), "A")
        self.assertIn("B: Redis says no", self.home.refused())
        self.home.put("go", "yes")
        self.home.put("calls", "")
        for _ in range(2):
            self.assertEqual(self.look()[0], 1)
            self.assertEqual(self.home.calls(), ["A install", "A install --restart"])
            self.assert_back("B: Redis says no")

    def test_a_way_back_that_fails_does_not_keep_a_cure_away(self):
        self.bad(restart=1)
        self.home.order("A", restart=1)
        code, said = self.look()
        self.assertEqual(code, 1)
        self.assertIn("install --restart of document %.12s" % self.a, said.splitlines()[-1])
        self.want(self.a)
        code, said = self.look()
        self.assertEqual(code, 1)
        self.assertIn("install --restart of document %.12s" % self.a, said.splitlines()[-1])
        self.want(self.publish("C", self.agent))
        self.assert_works(self.look())
        self.assert_runs("C")
        self.assertEqual(self.home.get("running"), "C")

    def test_four_looks_at_once_make_one_switch(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            codes = [done[0] for done in pool.map(lambda _: self.look(), range(4))]
        self.assertEqual(codes, [0] * 4)
        self.assertEqual(self.home.calls().count("B install"), 1)
        self.assert_runs("B")

    def test_a_tag_that_changes_during_a_trial_is_followed_by_the_same_look(self):
        for does in ({"install": "wait"}, {"check": "wait", "install": 1}):
            with self.subTest(does):
                self.home.put("go", "")
                self.home.put("waits", "")
                self.want(self.publish("B", **does))
                process = self.start("look")
                eventually(lambda: self.home.get("waits"))
                c = self.publish("C" if "check" in does else "D")
                self.want(c)
                self.home.put("go", "yes")
                said = process.communicate(timeout=PATIENCE)[1]
                self.assertEqual(process.returncode, 0, said)
                self.assert_runs("C" if "check" in does else "D")

    def test_a_terminal_that_is_gone_decides_nothing(self):
        read, write = os.pipe()
        os.close(read)
        self.start("look", stderr=write).communicate(timeout=PATIENCE)
        os.close(write)
        self.assert_runs("B")


class Run(Running):
    def answer(self, *words, **more):
        process = self.start("run", *words, **more)
        out = process.communicate(timeout=PATIENCE)[0]
        return process.returncode, out

    def test_the_agent_gets_all_words_and_its_document(self):
        self.assertEqual(self.answer("version"), (0, "A\n"))
        self.home.order("A", **{"forget --now": 7})
        self.assertEqual(self.answer("forget", "--now")[0], 7)
        self.assertEqual(self.home.calls(), ["A forget --now"])

    def test_health_does_not_look(self):
        self.assertEqual(self.answer("health"), (0, '{"node": "A", "fit": true}\n'))
        self.assertEqual(self.home.calls(), ["A health"])

    def test_health_with_wait_looks_first_and_adds_nothing_to_the_answer(self):
        self.assertEqual(self.answer("health", "--wait", "7"), (0, '{"node": "B", "fit": true}\n'))
        self.assertEqual(self.home.calls()[-1], "B health --wait 7")

    def test_health_with_wait_starts_what_looks_elsewhere(self):
        starter = [
            sys.executable,
            "-c",
            "import os, subprocess, sys; print('canary'); os.environ.pop('CALLER'); "
            "sys.exit(subprocess.call([sys.executable, %r, 'look']))" % PATH,
        ]
        self.assertEqual(
            self.answer(
                "health", "--wait=7", settings=self.home.settings(starter=starter), environment={"CALLER": "yes"}
            ),
            (0, '{"node": "B", "fit": true}\n'),
        )

    def test_health_waits_no_longer_for_a_look_than_it_was_told_to(self):
        self.assertEqual(
            self.answer("health", "--wait", "0.5", settings=self.home.settings(starter=["sleep", "600"])),
            (0, '{"node": "A", "fit": true}\n'),
        )

    def test_health_is_answered_though_nothing_can_look(self):
        for starter in (["false"], ["no-such-program"]):
            self.assertEqual(
                self.answer("health", "--wait=7", settings=self.home.settings(starter=starter)),
                (0, '{"node": "A", "fit": true}\n'),
            )
        self.cloud.metadata = "down"
        self.assertEqual(
            self.answer("health", "--wait=7", settings=self.home.settings(starter=[])),
            (0, '{"node": "A", "fit": true}\n'),
        )

    def test_a_broken_agent_is_replaced(self):
        self.home.order("A", **{"health --wait 7": "crash", "health": "crash"})
        self.assertEqual(self.answer("health", "--wait", "7"), (0, '{"node": "B", "fit": true}\n'))

    def test_a_running_agent_goes_on_with_its_own_file(self):
        process = self.start("run", "serve")
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.assert_works(self.look())
        self.assertEqual(process.communicate("go on\n", timeout=PATIENCE)[0], "a\n")
        self.assertEqual(process.returncode, 0)

    def test_a_damaged_document_on_trial_is_not_used(self):
        self.bad(install="kill")
        self.look()
        self.assertEqual(self.home.link("current"), "B")
        os.truncate(os.path.join(self.home.place, self.b + ".json"), 0)
        self.assertEqual(self.answer("version"), (0, "A\n"))

    def test_other_words_are_answered_with_help(self):
        for words in ((), ("look", "again"), ("install",)):
            code, said = self.run_it(*words)
            self.assertEqual(code, 2)
            self.assertIn("rediform-bootstrap run WORD...", said)


class Local(Machine):
    """Files instead of a bucket, and no metadata."""

    def setUp(self):
        super().setUp()
        self.source, self.sum = self.home.folder + "/source", self.home.folder + "/sum"
        os.makedirs(self.source + "/nodes")
        self.home.settings(source="file://" + self.source, wanted=self.sum, metadata="none")
        self.put(self.a)

    def put(self, sha):
        for key, data in self.cloud.objects.items():
            with open(self.source + key.replace("some/where", ""), "wb") as file:
                file.write(data)
        with open(self.sum, "w", encoding="utf-8") as file:
            file.write(sha + "\n")

    def test_it_is_all_the_same(self):
        self.assert_works(self.boot())
        self.assert_runs("A")
        self.put(self.publish("B"))
        self.assert_works(self.look())
        self.assert_runs("B")
        self.put(self.publish("C", check=1))
        code, said = self.look()
        self.assertEqual(code, 1)
        self.assertIn("C: Redis says no", said)
        self.assert_runs("B")

    def test_what_is_missing_is_named(self):
        os.remove(self.source + "/nodes/redis-1.json")
        self.assertIn("file://%s/nodes/redis-1.json; curl: (37)" % self.source, self.boot()[1])
        os.remove(self.sum)
        self.assertIn("No such file or directory: '%s'" % self.sum, self.boot()[1])


class Killed(Running):
    """SIGKILL before and after each call that changes a file or starts a program; then what follows is right."""

    def kill(self, case):
        processes = [
            subprocess.Popen(
                [sys.executable, "-B", __file__, "kill", case, when, self.home.folder, self.b],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for when in ("before", "after")
        ]
        for process in processes:
            out = process.communicate(timeout=10 * PATIENCE)[0]
            self.assertEqual(process.returncode, 0, out)
            self.assertGreater(int(out), 15)

    def test_in_a_first_boot(self):
        shutil.rmtree(self.home.place)
        self.kill("first boot")

    def test_in_a_switch(self):
        self.kill("switch")

    def test_in_a_way_back(self):
        # With the same agent, since its trial is part of the switch above.
        self.bad_for_same_agent(restart=1)
        self.kill("way back")


def load():
    loader = importlib.machinery.SourceFileLoader("bootstrap", PATH)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bootstrap", loader))
    loader.exec_module(module)
    return module


def kill_at(count, when):
    """This process ends at its call number `count` that changes a file or starts a program."""
    left = [count]

    def wrap(owner, name):
        real = getattr(owner, name)

        def call(*words, **more):
            left[0] -= 1
            last = left[0] == 0
            if last and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                result = real(*words, **more)
                if last and name == "Popen":  # as systemd does
                    os.kill(result.pid, signal.SIGKILL)
                return result
            finally:
                if last:
                    os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, call)

    for name in ("replace", "symlink", "remove", "fsync"):
        wrap(os, name)
    wrap(subprocess, "Popen")


def live(bootstrap, home, verb, count=0, when=None, **settings):
    """Exit code of a bootstrap in a process of its own, which is killed if `count` says so.

    Forked, since to start Python some hundred times takes longer than all the rest.
    """
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 99
    try:
        sys.stderr = open(home.folder + "/said", "a", encoding="utf-8")
        os.environ["REDIFORM_BOOTSTRAP"] = home.settings("once", place=home.place, probation=0, look=0, **settings)
        if count:
            kill_at(count, when)
        code = bootstrap.main([verb])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def kill(case, when, template, wanted):
    """Kills it at each call in turn; returns their number."""
    import urllib.request  # noqa: F401 -- once, not in each process that is forked

    bootstrap, count = load(), 0
    while True:
        count += 1
        home = Home("%s/%s-%d" % (template, when, count))
        os.mkdir(home.folder)
        shutil.copy(template + "/settings", home.folder)
        for name in ("place", "state"):
            if os.path.exists(os.path.join(template, name)):
                shutil.copytree(os.path.join(template, name), os.path.join(home.folder, name), symlinks=True)

        def check(good, message, *seen):
            if not good:
                with open(home.folder + "/said", encoding="utf-8") as said:
                    sys.exit(
                        "%s, killed %s call %d: %s %s\n%s%s"
                        % (case, when, count, message, seen, said.read(), home.get("calls"))
                    )

        code = live(bootstrap, home, "boot" if case == "first boot" else "look", count=count, when=when)
        if code != -signal.SIGKILL:
            check(code == (case == "way back"), "it was not killed", code)
            return count - 1
        if case == "first boot":
            code = live(bootstrap, home, "boot")
            check(code == 0 and home.all_three()[:2] == ("B", "B"), "the next boot", code, home.all_three())
        else:
            good = home.link("good")
            check(good in home.get("ran").split(), "good is a pair that never ran", good)
            if when == "before":  # the power is lost, and comes back without network
                code = live(bootstrap, home, "boot", metadata="http://no-such-host.invalid")
                check(code == 0 and home.all_three()[:2] == (good, good), "the boot", code, home.all_three())
                home.put("running", good)  # the server starts
            code = live(bootstrap, home, "look")
            good = home.link("good")
            check(home.all_three() == (good,) * 3, "the next look", code, home.all_three())
            check(home.link("current") == good, "current")
            refused = good == "A"
            check(
                code == int(refused) and home.refused().startswith(wanted) == refused,
                "its result",
                code,
                home.refused(),
            )
            # `before` comes to the same places on the disk.
            if when == "after" and case == "switch":
                code = live(bootstrap, home, "look", again=0)
                check(code == 0 and home.all_three() == ("B",) * 3, "the last look", code, home.all_three())
        shutil.rmtree(home.folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["kill"]:
        print(kill(*sys.argv[2:]))
    else:
        unittest.main()
