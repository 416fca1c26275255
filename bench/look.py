#!/usr/bin/env python3
"""Measures what a deploy that waits costs the node it waits for.

    python3 bench/look.py [SECONDS]      default: 15, as long as a deploy lets a node take

A real Redis that is not fit, because it follows a master that is not there, and the node's own agent, as the
deploy starts it: CPU time of `rediform-node health --wait SECONDS` and of the server meanwhile, in percent of one CPU.
The login over SSH comes to it, a tenth of a second or so.
"""
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/main/python")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(seconds):
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        document = {
            "address": "127.0.0.1", "agent": "", "allow": [], "cluster": "x", "downAfterMilliseconds": 5000,
            "firstMaster": "127.0.0.1:%d" % port, "kind": "redis", "layout": "process", "live": {}, "machine": None,
            "masterName": "mymaster", "name": "redis-1", "port": port, "redisSeeds": [], "sentinelSeeds": [],
            "startup": {"version": "", "directives": {}, "users": {}, "monitor": {}}, "backup": None, "metrics": None}
        node = os.path.join(home, "redis-1")
        os.makedirs(os.path.join(node, "agent"))
        for name, text in (
                ("redis-1/agent/x.json", json.dumps(document)), ("secrets.json", '{"admin": "a"}'), ("password", "b"),
                ("redis-1/settings.conf", "")):
            with open(os.path.join(home, name), "w") as file:
                file.write(text)
        conf = os.path.join(home, "redis.conf")
        with open(conf, "w") as file:
            file.write("port %d\nbind 127.0.0.1\ndir %s\nlogfile log\nsave \"\"\nreplicaof 127.0.0.1 %d\n"
                       "user admin on >a ~* &* +@all\n" % (port, home, free_port()))
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        server = subprocess.Popen(["redis-server", conf], executable=program)
        try:
            before, start = cpu_of(server.pid), time.monotonic()
            health = subprocess.run(
                [sys.executable, AGENT, "health", "--document", os.path.join(node, "agent/x.json"), "--wait", str(seconds)],
                capture_output=True, text=True)
            waited = time.monotonic() - start
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            report = json.loads(health.stdout)
            assert "no link" in report["reason"], health
            agent = used.ru_utime + used.ru_stime
            print("waited %.1f s" % waited)
            print("agent  %.3f s of CPU, %.2f %%" % (agent, 100 * agent / waited))
            print("server %.3f s of CPU, %.2f %%, what it does anyway included" % (
                cpu_of(server.pid) - before, 100 * (cpu_of(server.pid) - before) / waited))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15.0)
