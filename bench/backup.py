#!/usr/bin/env python3
"""Measures what a backup costs beside a plain dump of the same server, a proof, and a restore.

    python3 bench/backup.py [MB] [ROUNDS]      default: 400 MB of data, 3 rounds
    python3 bench/backup.py cluster [MB]       default: 1000 MB of data

The first has a real Redis on this machine, with values that compress to about two thirds. In turn: `redis-cli --rdb
FILE`, and the agent's `backup --now` into a folder, compressed and encrypted: dumped, checked by redis-check-rdb,
stored, read back and compared. Prints the best round of each, their ratio, the best seconds of processor that each
program took, and the most memory that each had resident. Needs redis-server, zstd, age and age-keygen.

The second deploys a local cluster, and measures `./rediform backup local verify`, also for each GB of the RDB, beside a
Redis that only loads it, and `./rediform restore local` after a FLUSHALL, until the cluster is healthy. Needs Terraform besides.
"""
import base64
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAIN = os.path.join(ROOT, "src/main")
VALUE = 1000  # bytes
BATCH = 1000  # keys


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_ports(count):
    """The first of so many in a row, below those that Linux gives to connections."""
    for first in range(12000, 32000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    sys.exit("there are no %d free ports in a row" % count)


def document(port, place, recipient):
    return {
        "address": "127.0.0.1", "agent": "", "allow": [], "cluster": "bench", "downAfterMilliseconds": 5000,
        "firstMaster": "127.0.0.1:%d" % port, "kind": "redis", "layout": "process", "live": {}, "machine": None,
        "masterName": "mymaster", "name": "redis-1", "port": port, "redisSeeds": [], "sentinelSeeds": [],
        "startup": {"version": "", "directives": {}, "users": {}, "monitor": {}},
        "backup": {"everySeconds": 3600, "keepDays": 1, "keepLast": 2, "place": place, "recipients": [recipient], "undo": None},
        "metrics": None}


def fill(port, megabytes, *login, **environment):
    """Values of letters that carry six bits each, as tokens and serialised objects have them."""
    words = ["redis-cli", "-p", str(port), *login, "--pipe"]
    load = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    source = random.Random(1)
    for number in range(megabytes * 1_000_000 // VALUE):
        value = base64.b64encode(source.randbytes(VALUE * 3 // 4))
        load.stdin.write(b"*3\r\n$3\r\nSET\r\n$12\r\nkey:%08d\r\n$%d\r\n%s\r\n" % (number, len(value), value))
    load.stdin.close()
    assert load.wait() == 0


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:  # it has ended
        return ""


def look(pid, found):
    """Notes of a process and of all below it the most memory it had resident, in MB, and its seconds of processor."""
    for line in read("/proc/%d/status" % pid).splitlines():
        if line.startswith("VmHWM:"):
            # "redis-cli": the name that it was called by; the agent is Python.
            name = os.path.basename(read("/proc/%d/cmdline" % pid).split("\0")[0])
            name = "agent" if name.startswith("python") else name
            times = read("/proc/%d/stat" % pid).rpartition(")")[2].split()[11:13]
            if times:
                most, _ = found.get((pid, name), (0, 0))
                processor = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
                found[pid, name] = max(most, int(line.split()[1]) / 1024), processor
    for each in read("/proc/%d/task/%d/children" % (pid, pid)).split():
        look(int(each), found)


def run(command, **options):
    """Seconds, and by program the most memory resident, in MB, and its seconds of processor. Between two looks it may
    have taken more of either: a look takes a millisecond.
    """
    start, found, over = time.monotonic(), {}, threading.Event()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)

    def watch():
        while not over.wait(0.02):
            look(child.pid, found)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = child.wait()
    seconds = time.monotonic() - start
    over.set()
    watcher.join()
    assert code == 0, command
    programs = {}
    for (_, name), (most, processor) in found.items():
        before = programs.get(name, (0, 0))
        programs[name] = max(before[0], most), before[1] + processor
    return seconds, programs


def beside_a_dump(megabytes, rounds):
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        node = os.path.join(home, "redis-1")
        os.makedirs(os.path.join(node, "agent"))
        os.makedirs(os.path.join(home, "bin"))
        program = os.path.realpath(shutil.which("redis-server") or shutil.which("redis-check-rdb"))
        os.symlink(program, os.path.join(home, "bin/redis-server"))
        key = os.path.join(home, "key")
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
        recipient = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
        told = os.path.join(node, "agent/x.json")
        passwords = {name: name for name in ("admin", "backup", "exporter", "replica", "sentinel")}
        for path, text in ((told, json.dumps(document(port, "../backups", recipient))),
                           (os.path.join(home, "secrets.json"), json.dumps(passwords)), (os.path.join(home, "password"), "app"),
                           (os.path.join(node, "settings.conf"), "")):
            with open(path, "w") as file:
                file.write(text)
        conf = os.path.join(home, "redis.conf")
        with open(os.path.join(MAIN, "resources/templates/redis/users.acl")) as acl:
            users = acl.read().replace("user default off", "")
        for name in (*passwords, "app"):
            users = users.replace("{%s}" % name, ">" + passwords.get(name, "app"))
        with open(conf, "w") as file:
            file.write("port %d\nbind 127.0.0.1\ndir %s\nlogfile log\nsave \"\"\nrepl-diskless-sync-delay 0\n%s" % (
                port, home, users))
        server = subprocess.Popen(["redis-server", conf], executable=program)
        try:
            time.sleep(1)
            fill(port, megabytes)
            plain, backup, programs = [], [], {}
            for _ in range(rounds):
                plain.append(run(["redis-cli", "-p", str(port), "--user", "backup", "--rdb", os.path.join(home, "plain.rdb")],
                                 env={**os.environ, "REDISCLI_AUTH": "backup"}, stderr=subprocess.DEVNULL)[0])
                seconds, found = run([sys.executable, os.path.join(MAIN, "python"), "backup", "--document", told, "--now"])
                backup.append(seconds)
                for name, (most, processor) in found.items():
                    before = programs.get(name, (0, processor))
                    programs[name] = max(before[0], most), min(before[1], processor)
            print("RDB            %.0f MB" % (os.path.getsize(os.path.join(home, "plain.rdb")) / 1e6))
            print("plain --rdb    %.2f s" % min(plain))
            print("backup         %.2f s, %.2f times as long" % (min(backup), min(backup) / min(plain)))
            for name, (most, processor) in sorted(programs.items()):
                print("%-15s %.1f MB resident at most, %.2f s of processor" % (name, most, processor))
        finally:
            server.kill()
            server.wait()


def loaded(packed):
    """Seconds from the start of a Redis until it has loaded a backup's RDB."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(["zstd", "-q", "-d", packed, "-o", os.path.join(home, "dump.rdb")], check=True)
        program = os.path.realpath(shutil.which("redis-server") or shutil.which("redis-check-rdb"))
        port, started = free_port(), time.monotonic()
        conf = os.path.join(home, "redis.conf")
        with open(conf, "w") as file:
            file.write("port %d\nbind 127.0.0.1\nsave \"\"\ndir %s\n" % (port, home))
        server = subprocess.Popen(["redis-server", conf], executable=program, stdout=subprocess.DEVNULL)
        try:
            while "db0:keys=" not in subprocess.run(["redis-cli", "-p", str(port), "info"],
                                                    capture_output=True, text=True).stdout.partition("\nloading:0")[2]:
                assert server.poll() is None, "Redis does not load it"
                time.sleep(0.02)
            return time.monotonic() - started
        finally:
            server.kill()
            server.wait()


def in_a_cluster(megabytes):
    port = free_ports(12)
    with tempfile.TemporaryDirectory(prefix="rediform-bench") as folder:
        os.mkdir(os.path.join(folder, "environments"))
        for name in ("cdktf.json", "node_modules", "package.json", "package-lock.json", "pom.xml", "src", "target"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        shutil.copy(os.path.join(ROOT, "rediform"), folder)
        with open(os.path.join(folder, "environments/local.yaml"), "w") as file:
            file.write("platform: local\nredis: {port: %d}\nmaster: {memory: %dMB, maxmemory: %dmb}\n"
                       "sentinels: {port: %d}\n" % (port, 4 * megabytes + 512, 2 * megabytes + 128, port + 6))

        def rediform(*words):
            started = time.monotonic()
            done = subprocess.run(["./rediform", *words], cwd=folder, capture_output=True, text=True)
            if done.returncode:
                sys.exit("%s ended with code %d:\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
            return time.monotonic() - started, done.stdout

        def healthy():
            deadline = time.monotonic() + 120
            while subprocess.run(["./rediform", "status", "local"], cwd=folder, capture_output=True).returncode:
                assert time.monotonic() < deadline, "the cluster is not healthy"

        try:
            rediform("deploy", "local")
            healthy()
            with open(os.path.join(folder, ".rediform/local/secrets.json")) as file:
                admin = json.load(file)["admin"]
            login = ("--user", "admin", "--no-auth-warning")
            fill(port, megabytes, *login, REDISCLI_AUTH=admin)
            healthy()
            id_ = rediform("backup", "local", "now")[1].split(":")[0]
            with open(os.path.join(folder, ".rediform/backups/local", id_ + ".json")) as file:
                size = json.load(file)["rdbBytes"] / 1e9
            proven = rediform("backup", "local", "verify", id_)[0]
            loading = loaded(os.path.join(folder, ".rediform/backups/local", id_ + ".rdb.zst"))
            subprocess.run(["redis-cli", "-p", str(port), *login, "flushall"], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "REDISCLI_AUTH": admin})
            restored = rediform("restore", "local", id_, "--replace-data", "--no-safety-backup", "--yes")[0]
            print("RDB            %.2f GB" % size)
            print("load           %.1f s, %.1f s for each GB: a Redis that loads it, and nothing else" % (loading, loading / size))
            print("verify         %.1f s, %.1f s for each GB" % (proven, proven / size))
            print("restore        %.1f s" % restored)
        finally:
            subprocess.run(["./rediform", "destroy", "local", "--auto-approve"], cwd=folder, capture_output=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["cluster"]:
        in_a_cluster(*map(int, sys.argv[2:3] or [1000]))
    else:
        beside_a_dump(*map(int, sys.argv[1:]), *(400, 3)[len(sys.argv) - 1:])
