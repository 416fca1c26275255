#!/usr/bin/env python3
"""Measures how long `./rediform status` takes, and whether nodes that hang make a person wait.

    python3 bench/status.py [RUNS]      default: 5 runs of each; the best counts

All in one run, taking turns:
  six nodes                 three Redis, three Sentinels
  100 nodes                 95 Redis, five Sentinels
  100 nodes, 3 hang         SIGSTOP: their kernels accept connections, and nothing answers

Real servers of their own, each with an address in 127.0.0.0/8, asked with REDIS_PASSWORD as an application is: what
counts is the command, launcher and Java included. Through network.shell a login over SSH comes to it.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE = """platform: aws
aws: {region: eu-central-1}
network: {cidr: 127.%d.0.0/16}
replicas: {count: %d}
sentinels: {count: %d, port: %d}
redis: {port: %d}
"""
LIMITS = {"six nodes": 0.6, "100 nodes": 2.0, "100 nodes, 3 hang": 3.0}  # seconds


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Servers:
    """The servers of an environment file, as its nodes are placed."""

    def __init__(self, folder, network, replicas, sentinels):
        self.file = os.path.join(folder, "bench%d.yaml" % network)
        self.folder, self.processes = folder, {}
        self.redis_port, self.sentinel_port = free_port(), free_port()
        with open(self.file, "w") as file:
            file.write(FILE % (network, replicas, sentinels, self.sentinel_port, self.redis_port))
        nodes = [line.split() for line in self.status("wrong")[0].splitlines() if ":" in line and "127.%d." % network in line]
        nodes = [(node[0], node[1].rsplit(":", 1)[0]) for node in nodes if node[0].startswith(("redis-", "sentinel-"))]
        self.master = nodes[0][1]
        for name, address in nodes:
            self.start(name, address)

    def start(self, name, address):
        home = os.path.join(self.folder, self.file + "-" + name)
        os.makedirs(home)
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        with open(os.path.join(home, "conf"), "w") as conf:
            conf.write("bind %s\ndir %s\nlogfile log\nprotected-mode no\n" % (address, home))
            if name.startswith("redis-"):
                conf.write("replica-announce-ip %s\n" % address)  # by itself it comes from 127.0.0.1
                conf.write("port %d\nsave \"\"\nuser app on >app ~* &* +@all\n" % self.redis_port)
                if address != self.master:
                    conf.write("replicaof %s %d\n" % (self.master, self.redis_port))
            else:
                conf.write("port %d\nsentinel monitor mymaster %s %d 2\n" % (self.sentinel_port, self.master, self.redis_port))
                conf.write("sentinel announce-ip %s\n" % address)
                conf.write("sentinel down-after-milliseconds mymaster 60000\n")
        words = ["redis-server", os.path.join(home, "conf")] + (["--sentinel"] if name.startswith("sentinel-") else [])
        self.processes[name] = subprocess.Popen(words, executable=program, stdout=subprocess.DEVNULL)

    def status(self, password="app"):
        """(what it prints, seconds)."""
        start = time.monotonic()
        done = subprocess.run(
            ["./rediform", "status", self.file], cwd=ROOT, env={**os.environ, "REDIS_PASSWORD": password},
            capture_output=True, text=True)
        return done.stdout, time.monotonic() - start

    def measure(self, verdict):
        said, seconds = self.status()
        first = said.splitlines()[0]
        assert verdict in first, said
        return seconds

    def signal(self, number, names):
        for name in names:
            self.processes[name].send_signal(number)

    def end(self):
        self.signal(signal.SIGKILL, self.processes)
        for process in self.processes.values():
            process.wait()


def until_whole(servers):
    deadline = time.monotonic() + 120
    while " is whole" not in servers.status()[0].splitlines()[0]:
        if time.monotonic() > deadline:
            sys.exit("the servers are not whole: " + servers.status()[0])


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        all_servers = []
        try:
            six = Servers(folder, 71, 2, 3)
            all_servers.append(six)
            many = Servers(folder, 72, 94, 5)
            all_servers.append(many)
            until_whole(six)
            until_whole(many)
            hang = ["redis-7", "redis-50", "sentinel-5"]
            for _ in range(runs):
                took = {"six nodes": six.measure("is whole"), "100 nodes": many.measure("is whole")}
                many.signal(signal.SIGSTOP, hang)
                took["100 nodes, 3 hang"] = many.measure("is not whole: it takes writes on redis-1")
                many.signal(signal.SIGCONT, hang)
                for name, seconds in took.items():
                    best[name] = min(best.get(name, seconds), seconds)
                until_whole(many)
        finally:
            for servers in all_servers:
                servers.end()
    for name, limit in LIMITS.items():
        print("%-20s %5.2f s   (limit %.1f s)" % (name, best[name], limit))
    sys.exit(any(best[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    main()
