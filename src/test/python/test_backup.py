"""Backups of a real Redis, by the real programs, and by some that fail."""
import base64
import contextlib
import hashlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest
from unittest.mock import patch

from backed_up import BackedUp
from fixtures import contents_of
from one_node import free_port

from rediform.attend import tidy
from rediform.backup import manifest, note, pipeline, store, take, turn, verbs
from rediform.errors import Failed, Refused
from rediform.redis import Connection

DELAY = "repl-diskless-sync-delay"


@unittest.skipUnless(
    shutil.which("zstd") and shutil.which("age"), "zstd or age is missing; to get them: apt-get install"
)
class Backups(BackedUp):
    def fill_with_all_types(self):
        self.fill((0, 3, 11))
        with Connection(self.node.endpoint, "admin", "a") as redis:
            for words in (
                ("RPUSH", "list", *range(1000)),
                ("SADD", "set", *range(100)),
                ("SADD", "words", *"abc"),
                ("ZADD", "sorted", *(word for i in range(200) for word in (i, "m%d" % i))),
                ("HSET", "hash", *range(1000)),
                ("XADD", "stream", "*", "field", "value"),
                ("XGROUP", "CREATE", "stream", "group", "0"),
                ("SET", "passing", "1", "EX", 1000),
                ("SETRANGE", "large", 300000, "x"),
                ("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"),
            ):
                redis.ask(*words)

    def size(self, server, database):
        with Connection(server, "admin", "a") as redis:
            redis.ask("SELECT", database)
            return redis.ask("DBSIZE")

    def test_all_types_and_databases_are_in_it_and_counted(self):
        self.start()
        self.fill_with_all_types()
        last = self.now().splitlines()[-1]
        (found,) = self.all()
        self.assertEqual(last, "backup %s: 308 keys, %d bytes" % (found.id, found.bytes))
        self.assertEqual(found.keys, {"0": 108, "3": 100, "11": 100})
        self.assertEqual((found.role, found.node, found.redisVersion[:2]), ("master", "redis-1", "7."))
        self.assertEqual(found.replicationId, self.node_info()["master_replid"])
        with open(os.path.join(self.place, found.object), "rb") as file:
            data = file.read()
        self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (found.bytes, found.sha256))
        self.holds_what_it_says(data, found)
        self.assertEqual(self.files(), [found.id + ".json", found.object])

    def node_info(self):
        with self.node.connect() as redis:
            return redis.fields("INFO", "replication")

    def holds_what_it_says(self, packed, found):
        """A server that starts with it has the same keys, and the function."""
        rdb = subprocess.run(["zstd", "-dc"], input=packed, capture_output=True, check=True).stdout
        self.assertEqual((len(rdb), hashlib.sha256(rdb).hexdigest()), (found.rdbBytes, found.rdbSha256))
        os.mkdir(os.path.join(self.folder, "other"))
        with open(os.path.join(self.folder, "other/dump.rdb"), "wb") as file:
            file.write(rdb)
        port = free_port()
        conf = "port %d\ndir %s\nuser admin on >a ~* +@all\n" % (port, os.path.join(self.folder, "other"))
        self.write("../other/conf", conf)
        words = [self.program("redis-server"), os.path.join(self.folder, "other/conf")]
        other = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            endpoint = "127.0.0.1:%d" % port
            self.soon(lambda: self.size(endpoint, 0) is not None)
            self.assertEqual({each: self.size(endpoint, each) for each in found.keys}, found.keys)
            with Connection(endpoint, "admin", "a") as redis:
                self.assertEqual(redis.ask("FCALL", "f", 0), 1)
                self.assertGreater(redis.ask("TTL", "passing"), 900)
        finally:
            other.kill()
            other.wait()

    def test_what_is_encrypted_only_the_recipient_can_read(self):
        made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
        recipient = made.stderr.strip().split(": ")[1]
        self.known["backup"] = self.backup(recipients=[recipient])
        self.start()
        self.fill_with_all_types()
        self.now()
        (found,) = self.all()
        self.assertEqual((found.object, found.recipients), (found.id + ".rdb.zst.age", [recipient]))
        path = os.path.join(self.place, found.object)
        self.write("../identity", made.stdout)
        opened = subprocess.run(
            ["age", "-d", "-i", os.path.join(self.folder, "identity"), path], capture_output=True, check=True
        )
        self.holds_what_it_says(opened.stdout, found)

    def test_an_empty_server_has_an_empty_backup(self):
        self.start()
        self.assertRegex(self.now(), r"backup \S+: 0 keys, \d+ bytes\n$")
        self.assertEqual(self.all()[0].keys, {})

    def test_an_rdb_of_which_the_server_knows_the_size_is_whole_too(self):
        self.static["repl-diskless-sync"] = "no"
        self.start()
        self.fill()
        self.now()
        self.assertEqual(self.all()[0].keys, {"0": 100})

    def test_many_keys_in_many_databases_are_counted_exactly(self):
        """More than the pipes and the ring of recent bytes hold, and lengths of every kind."""
        self.start()
        counts = {0: 1, 1: 63, 2: 64, 3: 16383, 4: 16384, 9: 70000}
        for database, count in counts.items():
            self.populate(database, count, 50)
        self.now()
        found = self.all()[0]
        self.assertEqual(found.keys, {str(database): count for database, count in counts.items()})
        self.assertGreater(found.rdbBytes, 2 * pipeline.RECENT)

    def populate(self, database, count, size):
        script = "for i = 1, ARGV[1] do redis.call('SET', 'k' .. i, i .. string.rep('x', ARGV[2])) end"
        with Connection(self.node.endpoint, "admin", "a", timeout=30) as redis:
            redis.ask("SELECT", database)
            redis.ask("EVAL", script, 0, count, size)

    def test_it_takes_little_memory_whatever_the_size(self):
        self.live["maxmemory"] = "400mb"
        self.static["rdbcompression"] = "no"
        self.start()
        for database in range(10):
            self.populate(database, 10500, 1000)
        script = self.path("measured.py")
        with open(script, "w") as file:
            file.write(
                "import runpy, sys\ntry:\n    sys.argv = sys.argv[1:]\n"
                "    runpy.run_path(sys.argv[0], run_name='__main__')\n"
                "finally:\n    print(open('/proc/self/status').read(), file=sys.stderr)\n"
            )
        python, *words = self.command("backup", "--now")
        done = subprocess.run([python, words[0], script, *words[1:]], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(self.all()[0].rdbBytes, 100 << 20)
        most = int(done.stderr.split("VmHWM:")[1].split()[0])
        self.assertLess(most, 32 << 10, "kB")

    def test_the_delay_is_the_servers_own_again(self):
        self.static[DELAY] = 7
        self.start()
        self.fill()
        began = time.monotonic()
        self.now()
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.ask("CONFIG", "GET", DELAY)[1], "7")

    def test_no_password_is_in_an_argument(self):
        self.replace("redis-cli", 'echo "$@" > %s/words; exec $REAL "$@"' % self.folder)
        self.start()
        self.now()
        words = self.read("../words").split()
        self.assertEqual(words, ["-h", "127.0.0.1", "-p", str(self.port), "--user", "backup", "--rdb", "-"])

    def test_two_of_one_second_have_two_names(self):
        self.start()
        now = time.time()
        for _ in range(2):
            with contextlib.redirect_stdout(io.StringIO()):
                take.take(self.node, self.store, now)
        self.assertEqual(len(self.all()), 2)


@unittest.skipUnless(
    shutil.which("zstd") and shutil.which("age"), "zstd or age is missing; to get them: apt-get install"
)
class Failures(BackedUp):
    """Whatever fails: it is said, noted, and nothing is listed."""

    def setUp(self):
        super().setUp()
        self.start()
        self.fill((0, 5))

    def fails(self, reason):
        with self.assertRaisesRegex(Failed, reason):
            self.now()
        self.assertEqual(self.files(), [])
        self.assertRegex(self.node.remembered("backups")["failure"]["reason"], reason)

    def test_a_dump_that_is_cut_off_at_any_byte(self):
        path = self.raw_rdb()
        size = os.path.getsize(path)
        for count in (0, 1, 8, 9, 30, 1000, 4096, size // 2, size - 50, size - 9, size - 8, size - 1):
            for code in (0, 1):
                with self.subTest(count=count, code=code):
                    self.replace("redis-cli", "head -c %d %s; echo I/O Error >&2; exit %d" % (count, path, code))
                    how = "ended before it had all" if code == 0 else "ended with exit code 1"
                    self.fails("^redis-cli %s: I/O Error$" % how)

    def test_a_dump_that_is_cut_off_although_redis_cli_says_that_it_is_not(self):
        path = self.raw_rdb()
        size = os.path.getsize(path)
        for count in (0, 9, 1000, size // 2, size - 8, size - 1):
            with self.subTest(count=count):
                self.replace("redis-cli", "head -c %d %s; echo Transfer finished with success. >&2" % (count, path))
                self.fails("^redis-check-rdb ended with exit code 1: ")

    def test_a_dump_with_a_wrong_byte(self):
        path = self.raw_rdb()
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 255]))
        self.replace("redis-cli", "cat %s; echo Transfer finished with success. >&2" % path)
        self.fails("^redis-check-rdb ended with exit code 1: ")

    def test_redis_cli_is_killed(self):
        self.replace("redis-cli", "head -c 100 %s; kill -9 $$" % self.raw_rdb())
        self.fails("^redis-cli was ended by signal 9: it said nothing$")

    def test_redis_check_rdb_says_no(self):
        self.replace("redis-check-rdb", "head -c 10 > /dev/null; echo '--- RDB ERROR DETECTED ---'; echo no; exit 1")
        self.fails("^redis-check-rdb ended with exit code 1: no$")
        self.replace("redis-check-rdb", "cat > /dev/null")
        self.fails("^redis-check-rdb read -1 bytes and -1 keys of an RDB that has")

    def test_zstd_is_killed(self):
        for script in ("head -c 10 > /dev/null; kill -9 $$", "cat > /dev/null; kill -9 $$", "cat; kill -9 $$"):
            with self.subTest(script):
                self.replace("zstd", script)
                self.fails("^zstd was ended by signal 9: it said nothing$")

    def test_zstd_packs_something_else(self):
        self.replace("zstd", '[ "$2" = -dc ] && exec $REAL "$@"; cat > /dev/null; echo x | $REAL -q -c')
        self.fails(r"unpacks to something else than what was packed$")

    def test_age_fails(self):
        self.node.contents = contents_of("redis", **{**self.known, "backup": self.backup(recipients=["age1x"])})
        self.fails("^age ended with exit code 1: ")

    def test_a_program_that_is_missing(self):
        self.node.contents = contents_of("redis", **{**self.known, "backup": self.backup(recipients=["age1x"])})
        os.remove(self.program("age"))
        with patch.dict(os.environ, PATH=os.path.dirname(self.program("age"))):
            self.fails("^age is missing on this machine; to get it: apt-get install age$")

    def test_a_disk_that_is_full(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, before[1]))
        try:
            self.fails("could not be written to .*File too large; make room there")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def test_a_store_that_gives_back_something_else(self):
        def wrong(_, name):
            return contextlib.nullcontext(io.BytesIO(b"x"))

        with patch.object(store.Folder, "get", wrong):
            self.fails("was stored with .* and is read back with 1 other ones$|ended with exit code 1")

    def test_a_manifest_that_cannot_be_written(self):
        with patch.object(take, "put_text", side_effect=Failed("no network")):
            self.fails("^no network$")

    def test_the_next_success_clears_it_on_every_node(self):
        self.replace("zstd", "exit 3")
        self.fails("^zstd ended with exit code 3")
        self.restore("zstd")
        self.assertEqual(self.health()["backup"]["failure"]["reason"], "zstd ended with exit code 3: it said nothing")
        # A second later, since times are in seconds; as if another node had taken it.
        noted = self.node.remembered("backups")
        self.node.remember("backups", failure={**noted["failure"], "at": "2026-01-01T00:00:00Z"})
        with contextlib.redirect_stdout(io.StringIO()):
            found = take.take(self.node, self.store, time.time())
        self.assertIn("no backup is due: the newest is " + found.id, self.said(verbs.backup))
        told = self.health()["backup"]
        self.assertLessEqual(told.pop("since"), found.started)
        self.assertEqual(
            told, {"last": note.of(found), "failure": None, "proof": None, "everySeconds": self.every, "undo": None}
        )

    def test_a_server_that_cannot_be_dumped_refuses(self):
        self.ask("REPLICAOF", "127.0.0.1", free_port())
        self.soon(lambda: self.health()["link"] == "down")
        with self.assertRaisesRegex(Refused, "no backup can be taken: its server has no link to its master"):
            self.now()
        self.assertIn("takes no backup: no data node is fit for it", self.said(verbs.backup))
        self.ask("REPLICAOF", "NO", "ONE")
        self.server.send_signal(signal.SIGSTOP)
        with self.assertRaisesRegex(Refused, "no backup can be taken: its server gave no answer"):
            self.now()
        self.server.send_signal(signal.SIGCONT)
        self.assertNotIn("failure", self.node.remembered("backups"))

    def test_other_nodes_see_it_until_it_was_read_back(self):
        def dumps():
            return turn.standing(self.node, self.node.endpoint).dumps

        seen = []
        with patch.object(take, "read_back", lambda *_: seen.append(dumps())):
            self.now()
        self.assertEqual(seen, [True])
        self.soon(lambda: not dumps())

    def test_one_at_a_time(self):
        with take.alone_on_this_node(self.node), self.assertRaisesRegex(Refused, "already runs; wait for its end"):
            self.now()


@unittest.skipUnless(
    shutil.which("zstd") and shutil.which("age"), "zstd or age is missing; to get them: apt-get install"
)
class Verbs(BackedUp):
    def setUp(self):
        super().setUp()
        self.start()
        self.fill()

    def json(self, verb):
        done = self.run_verb(verb)
        self.assertEqual((done.returncode, done.stdout.count(b"\n")), (0, 1), done)
        return json.loads(done.stdout)

    def test_one_is_taken_when_it_is_due_and_only_then(self):
        first, second = self.run_verb("backup"), self.run_verb("backup")
        self.assertEqual((first.returncode, second.returncode), (0, 0), first)
        (found,) = self.all()
        self.assertTrue(first.stdout.decode().endswith("backup %s: 100 keys, %d bytes\n" % (found.id, found.bytes)))
        self.assertEqual(second.stdout.decode(), "redis-1: no backup is due: the newest is %s\n" % found.id)
        self.assertEqual(found.document, os.path.basename(self.document())[: -len(".json")])
        with patch.object(time, "time", lambda at=time.time(): at + self.every + 1):
            self.said(verbs.backup)
        self.assertEqual(len(self.all()), 2)

    def test_all_are_told_and_read_and_their_proofs_kept(self):
        self.assertEqual(self.json("backups"), {"place": "../backups", "backups": [], "failure": None})
        self.now()
        (found,) = self.all()
        self.assertIsNone(self.json("backups")["backups"][0]["proof"])
        proof = {"id": found.id, "at": "2026-11-28T14:00:00Z", "seconds": 2, "keys": {"0": 100}}
        self.assertEqual(self.run_verb("proof", "--id", found.id, "--text", json.dumps(proof)).returncode, 0)
        self.assertEqual(self.json("backups")["backups"], [{**vars(found), "proof": proof}])
        proof["seconds"] = 3
        through_a_shell = base64.urlsafe_b64encode(json.dumps(proof).encode()).decode().rstrip("=")
        self.assertEqual(self.run_verb("proof", "--id", found.id, "--text", through_a_shell).returncode, 0)
        self.assertEqual(self.json("backups")["backups"], [{**vars(found), "proof": proof}])
        noted = {"id": found.id, "at": proof["at"]}
        self.assertEqual(self.health()["backup"]["proof"], noted)
        self.node.remove("backups")
        self.said(verbs.backup)  # as on another node, which asks whether one is due
        self.assertEqual(self.health()["backup"]["proof"], noted)
        data = self.run_verb("object", "--id", found.id)
        self.assertEqual((data.returncode, hashlib.sha256(data.stdout).hexdigest()), (0, found.sha256))

    def test_the_same_backup_proven_again_is_proven_later(self):
        self.now()
        (found,) = self.all()
        for day in ("28", "29"):
            proof = {"id": found.id, "at": "2026-11-%sT14:00:00Z" % day}
            self.assertEqual(self.run_verb("proof", "--id", found.id, "--text", json.dumps(proof)).returncode, 0)
            self.assertEqual(self.health()["backup"]["proof"], proof)
        self.said(verbs.backup)
        self.assertEqual(self.health()["backup"]["proof"], proof)

    def test_it_is_noted_since_when_there_are_backups(self):
        self.assertIsNone(self.health()["backup"]["since"])
        with patch.object(verbs, "take", side_effect=Failed("the store is full")):
            with patch.object(time, "time", lambda: 1_800_000_000), self.assertRaises(Failed):
                self.said(verbs.backup)
        since = "2027-01-15T08:00:00Z"
        self.assertEqual(self.health()["backup"]["since"], since)
        with patch.object(time, "time", lambda: 1_800_000_060):
            self.said(verbs.backup)
        self.assertEqual(self.health()["backup"]["since"], since)
        self.node.remove("backups")  # as on a node that takes another one's place
        with patch.object(time, "time", lambda: 1_800_009_000):
            self.said(verbs.backup)
        self.assertEqual(self.health()["backup"]["since"], "2027-01-15T08:01:00Z")

    def test_what_is_not_there_and_what_is_no_proof(self):
        self.now()
        (found,) = self.all()
        for words, reason in (
            (("object", "--id", "../../secrets"), "redis-1: there is no backup ../../secrets; "),
            (("object",), "redis-1: object needs --id"),
            (("proof", "--id", found.id), "redis-1: proof needs --id and --text"),
            (("proof", "--id", found.id, "--text", "{"), "redis-1: the proof is no JSON: "),
            (("proof", "--id", found.id, "--text", '{"id": "x"}'), "redis-1: the proof is not one of backup "),
        ):
            with self.subTest(words):
                done = self.run_verb(*words)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertTrue(done.stderr.decode().startswith(reason), done.stderr)

    def begun(self):
        """A backup in a process of its own, in the middle of its dump."""
        self.static[DELAY] = 7
        self.ask("CONFIG", "SET", DELAY, 7)
        self.slow_down()
        with Connection(self.node.endpoint, "admin", "a") as redis:
            for i in range(300):
                redis.ask("SET", "more%d" % i, os.urandom(1000).hex())
        running = subprocess.Popen(self.command("backup", "--now"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(running.communicate)
        self.soon(lambda: [name for name in self.files() if name.endswith(".part")])
        return running

    def nothing_is_left(self):
        self.ask("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.soon(lambda: "user=backup" not in self.ask("CLIENT", "LIST"))
        self.assertEqual(self.all(), [])
        tidy(self.node)  # as attend does every few seconds
        self.assertEqual(self.ask("CONFIG", "GET", DELAY)[1], "7")
        self.now()
        (found,) = self.all()
        self.assertEqual(self.files(), [found.id + ".json", found.object])

    def test_one_that_is_killed_is_none_and_leaves_nothing_after_the_next(self):
        running = self.begun()
        running.kill()
        running.wait()
        self.nothing_is_left()

    def test_one_that_is_told_to_end_puts_everything_back(self):
        running = self.begun()
        running.terminate()
        self.assertEqual(running.wait(20), 1)
        self.assertEqual(self.files(), [])
        self.nothing_is_left()

    def test_the_old_ones_go_when_a_new_one_is_there(self):
        self.known["backup"] = self.backup(keepLast=1, keepDays=1)
        self.write_settings()
        with contextlib.redirect_stdout(io.StringIO()):
            old = take.take(self.node, self.store, time.time() - 3 * 24 * 3600)
        self.assertIn("redis-1: removed %s\n" % old.id, self.now())
        self.assertNotIn(old.id, [each.id for each in self.all()])

    def test_old_ones_that_cannot_be_removed_are_a_failure_beside_a_backup(self):
        with patch.object(verbs.keep, "sweep", side_effect=Failed("no permission")):
            with self.assertRaisesRegex(Failed, "^backup .* is complete, but old ones .* removed: no permission$"):
                self.now()
        self.assertEqual(len(manifest.listed(self.store)), 1)


if __name__ == "__main__":
    unittest.main()
