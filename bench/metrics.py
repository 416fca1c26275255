#!/usr/bin/env python3
"""Measures what the exporter of a node's server costs in throughput.

    python3 bench/metrics.py [ROUNDS [SECONDS]]      default: 5 rounds of 15 s for each kind
    EXPORTER=PATH python3 bench/metrics.py           another prometheus-redis-exporter than the one in PATH

A real Redis with the users of a data node, under redis-benchmark (SET and GET, 50 connections): alone, with a real
exporter that is scraped every 15 s as Prometheus does by default here, and with one that is scraped every second. The
kinds take turns in each round, so that what else the machine does meets all of them. Prints what a scrape takes of the
CPU, the requests per second of
each round, the medians, and what each kind keeps of the median without an exporter. Ends with 1 if scraping every 15 s
costs more than 2 %: on a machine that does something else, that says more of the machine.
"""
import contextlib
import hashlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
USERS = os.path.join(HERE, "../src/main/resources/templates/redis/users.acl")
MOST = 0.02  # of the throughput
PASSWORD = "bench"
SCRAPES = 300  # enough that a tick of the kernel's clock, 10 ms, is little of what they take
EVERY = {"alone": None, "15 s": 15.0, "1 s": 1.0}  # seconds between two scrapes


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name, *others):
    found = os.environ.get(name.upper()) or next(filter(None, map(shutil.which, others)), None)
    return found or sys.exit("%s is missing; to get it: apt-get install %s" % (others[0], others[0]))


def until_it_listens(port):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    sys.exit("nobody listens at port %d" % port)


@contextlib.contextmanager
def running(*words, port, name=None):
    child = subprocess.Popen(words, executable=name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_it_listens(port)
        yield child.pid
    finally:
        child.kill()
        child.wait()


@contextlib.contextmanager
def scraped(port, every):
    """As Prometheus would: at once, and then each time the seconds are over."""
    stop, count = threading.Event(), [0]

    def scrape():
        while True:
            with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=10) as answer:
                if b"\nredis_up 1\n" not in answer.read():
                    return
            count[0] += 1
            if stop.wait(every):
                return

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if not count[0]:
        sys.exit("the exporter does not reach Redis")


def cpu_of(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(at, *pids):
    """Milliseconds of CPU that each process takes for a scrape, whatever else the machine does."""
    before = [cpu_of(pid) for pid in pids]
    for _ in range(SCRAPES):
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % at, timeout=10) as answer:
            answer.read()
    return tuple((cpu_of(pid) - start) / SCRAPES * 1000 for pid, start in zip(pids, before))


def load(port, seconds):
    """Requests per second that redis-benchmark gets through in about so many seconds."""
    done, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        subprocess.run(
            [
                "redis-benchmark",
                "-p",
                str(port),
                "--user",
                "app",
                "-a",
                PASSWORD,
                "-c",
                "50",
                "-n",
                "20000",
                "-r",
                "100000",
                "-d",
                "100",
                "-t",
                "set,get",
                "-q",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        done += 40000
    return done / (time.monotonic() - began)


def main(rounds, seconds):
    server = program("redis_server", "redis-server", "redis-check-rdb")  # Debian's redis-tools has it by that name
    exporter = program("exporter", "prometheus-redis-exporter")
    port, at = free_port(), free_port()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
        with open(USERS, encoding="utf-8") as source, open(home + "/acl", "w", encoding="utf-8") as acl:
            text = source.read()
            for purpose in ("admin", "app", "backup", "exporter", "replica", "sentinel"):
                text = text.replace("{%s}" % purpose, "#" + digest)
            acl.write(text)
        with open(home + "/passwords", "w", encoding="utf-8") as file:
            names = ("redis://127.0.0.1:%d" % port, "redis://exporter@127.0.0.1:%d" % port)
            json.dump(dict.fromkeys(names, PASSWORD), file)
        options = ("--port", str(port), "--aclfile", home + "/acl", "--dir", home, "--save", "", "--appendonly", "yes")
        redis = stack.enter_context(running("redis-server", *options, port=port, name=server))
        asking = stack.enter_context(
            running(
                exporter,
                "-redis.addr",
                names[0],
                "-redis.user",
                "exporter",
                "-redis.password-file",
                home + "/passwords",
                "-config-command",
                "INFO",
                "-web.listen-address",
                "127.0.0.1:%d" % at,
                port=at,
            )
        )
        load(port, 1)  # all keys are there from now on
        print(
            "a scrape takes %.2f ms of the server's CPU and %.2f ms of the exporter's" % cost(at, redis, asking),
            flush=True,
        )
        found = {kind: [] for kind in EVERY}
        for number in range(rounds):
            # Each kind is first and last equally often.
            for kind in sorted(EVERY, key=lambda each: (list(EVERY).index(each) + number) % len(EVERY)):
                with scraped(at, EVERY[kind]) if EVERY[kind] else contextlib.nullcontext():
                    found[kind].append(load(port, seconds))
            print(
                "round %d: %s" % (number + 1, ", ".join("%s %.0f/s" % (kind, found[kind][-1]) for kind in EVERY)),
                flush=True,
            )
    medians = {kind: statistics.median(each) for kind, each in found.items()}
    for kind, median in medians.items():
        print("%-6s median %8.0f/s  %5.1f %%" % (kind, median, 100 * median / medians["alone"]))
    return int(medians["15 s"] < (1 - MOST) * medians["alone"])


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [5, 15][len(numbers) :])))
