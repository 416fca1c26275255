#!/usr/bin/env python3
"""Measures what a backup costs beside a plain dump of the same server.

    python3 bench/backup.py [MB] [ROUNDS]      default: 400 MB of data, 3 rounds

A real Redis on this machine, with values that compress to about two thirds. In turn: `redis-cli --rdb FILE`, and the
agent's `backup --now` into a folder, compressed and encrypted: dumped, checked by redis-check-rdb, stored, read back
and compared. Prints the best round of each, their ratio, and the largest resident size of any program of the backup.
Needs redis-server, zstd, age and age-keygen.
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
import time

MAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/main")
VALUE = 1000  # bytes
BATCH = 1000  # keys


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def document(port, place, recipient):
    return {
        "address": "127.0.0.1", "agent": "", "allow": [], "cluster": "bench", "downAfterMilliseconds": 5000,
        "firstMaster": "127.0.0.1:%d" % port, "kind": "redis", "layout": "process", "live": {}, "machine": None,
        "masterName": "mymaster", "name": "redis-1", "port": port, "redisSeeds": [], "sentinelSeeds": [],
        "startup": {"version": "", "directives": {}, "users": {}, "monitor": {}},
        "backup": {"everySeconds": 3600, "keepDays": 1, "keepLast": 2, "place": place, "recipients": [recipient]}}


def fill(port, megabytes):
    """Values of letters that carry six bits each, as tokens and serialised objects have them."""
    load = subprocess.Popen(["redis-cli", "-p", str(port), "--pipe"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    source = random.Random(1)
    for number in range(megabytes * 1_000_000 // VALUE):
        value = base64.b64encode(source.randbytes(VALUE * 3 // 4))
        load.stdin.write(b"*3\r\n$3\r\nSET\r\n$12\r\nkey:%08d\r\n$%d\r\n%s\r\n" % (number, len(value), value))
    load.stdin.close()
    assert load.wait() == 0


def run(command, **options):
    """Seconds, and the largest resident size in MB of what ran."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return time.monotonic() - start, used.ru_maxrss / 1024


def main(megabytes, rounds):
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
        for path, text in ((told, json.dumps(document(port, "../../backups", recipient))),
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
            plain, backup, size = [], [], 0.0
            for _ in range(rounds):
                plain.append(run(["redis-cli", "-p", str(port), "--user", "backup", "--rdb", os.path.join(home, "plain.rdb")],
                                 env={**os.environ, "REDISCLI_AUTH": "backup"}, stderr=subprocess.DEVNULL)[0])
                seconds, resident = run([sys.executable, os.path.join(MAIN, "python"), "backup", "--document", told, "--now"])
                backup.append(seconds)
                size = max(size, resident)
            print("RDB            %.0f MB" % (os.path.getsize(os.path.join(home, "plain.rdb")) / 1e6))
            print("plain --rdb    %.2f s" % min(plain))
            print("backup         %.2f s, %.2f times as long" % (min(backup), min(backup) / min(plain)))
            print("resident       %.1f MB at most" % size)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]), *(400, 3)[len(sys.argv) - 1:])
