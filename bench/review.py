#!/usr/bin/env python3
"""Measures how long `./rediform review` takes, and whether that grows with the plan alone.

    python3 bench/review.py [RUNS]      default: 3 runs of each; the best counts

All in one run, taking turns:
  nothing                   a plan of three nodes in which nothing changes: what a person waits for
  1,000 changes             ten kilobytes each, as a machine with its user-data has them
  10,000 changes            100 MB
  100,000 changes           1 GB; it is piped, never a file

All in the heap of 256 MB that the launcher gives to Java. A fifth of the changes are machines that restart and
whose user-data is unpacked and compared, the others are their volumes, addresses, gates and attachments.
Wall time is that of the whole command, launcher included; memory is the largest that the process was.
"""
import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# As many replicas as a file may have; a larger plan speaks of nodes that the file has no more.
FILE = """platform: aws
replicas: {count: %d}
network: {cidr: 10.64.0.0/16}
aws: {region: eu-central-1}
"""
MOST_REPLICAS = 5000
PARTS = 5


def user_data(node, databases):
    """Packs to about 5 KB, as a node's does to 10."""
    noise = base64.b64encode(os.urandom(3600)).decode()
    text = "#cloud-config\n# %s\nwrite_files:\n- path: /etc/rediform/redis.conf\n  content: |\n" % noise
    text += "   databases %s\n   appendonly yes\nhostname: %s\n" % (databases, node)
    return base64.b64encode(gzip.compress(text.encode())).decode()


def change(kind, name, actions, before, after):
    tags = {"tags_all": {"rediform": "bench"}}
    return json.dumps({
        "address": kind + "." + name, "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": actions, "before": {**before, **tags}, "after": {**after, **tags},
            "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}})


def node(number, padding, changes):
    """The five resources of one node, about 50 KB."""
    name = "redis-%d" % number
    other = ["update"] if changes else ["no-op"]
    machine = {
        "root_block_device": [{"encrypted": True, "volume_size": 20}],
        "metadata_options": [{"http_tokens": "required", "http_put_response_hop_limit": 1, "instance_metadata_tags": "enabled"}]}
    volume = {"encrypted": True, "size": 20, "availability_zone": "eu-central-1%s" % "abc"[number % 3], "x": padding}
    yield change("aws_ebs_volume", name + "-data", other, volume, {**volume, "size": 30 if changes else 20})
    yield change(
        "aws_instance", name, other,
        {**machine, "instance_type": "c7i.xlarge", "user_data_base64": user_data(name, 16)},
        {**machine, "instance_type": "c7i.2xlarge" if changes else "c7i.xlarge",
         "user_data_base64": user_data(name, 17 if changes else 16)})
    yield change("aws_network_interface", name + "-address", other, {"x": padding, "tags": {}}, {"x": padding, "tags": {"a": "b"}})
    yield change(
        "aws_volume_attachment", name + "-data-attachment", other, {"x": padding, "tags": {}}, {"x": padding, "tags": {"a": "b"}})
    yield change(
        "terraform_data", name + "-gate", ["delete", "create"] if changes else ["no-op"], {"x": padding}, {"x": padding})


def plan(write, nodes, changes):
    padding = "x" * 4700
    # A thousand nodes' text, made once: what is measured is the reading.
    bodies = [list(node(number, padding, changes)) for number in range(1, min(nodes, 200) + 1)]
    write(b'{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{},"resource_changes":[')
    size = 0
    for number in range(1, nodes + 1):
        template = (number - 1) % len(bodies) + 1
        body = ",".join(bodies[template - 1]).replace("redis-%d" % template, "redis-%d" % number)
        data = ((b"," if number > 1 else b"") + body.encode())
        size += len(data)
        write(data)
    write(b'],"prior_state":{},"complete":true,"errored":false}')
    return size


def run(environment, nodes, changes):
    """(seconds, largest resident memory in MiB, bytes of the plan)."""
    process = subprocess.Popen(
        ["./rediform", "review", environment, "-", "--json"], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.monotonic()
    size = plan(process.stdin.write, nodes, changes)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit("./rediform review ended with code %d" % process.returncode)
    return time.monotonic() - started, usage.ru_maxrss / 1024, size


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    cases = [(3, False), (200, True), (2000, True), (20000, True)]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.path.join(folder, "bench.yaml")
        best = {}
        for _ in range(runs):
            for nodes, changes in cases:
                with open(environment, "w") as file:
                    file.write(FILE % min(max(nodes - 1, 1), MOST_REPLICAS))
                measured = run(environment, nodes, changes)
                best[nodes] = min(best.get(nodes, measured), measured)
    print("%-20s %9s %10s %9s" % ("", "plan", "wall", "memory"))
    for nodes, changes in cases:
        seconds, memory, size = best[nodes]
        name = "{:,} changes".format(nodes * PARTS) if changes else "nothing"
        print("%-20s %6.1f MB %8.2f s %6.0f MB" % (name, size / 1e6, seconds, memory))
    nothing = best[3][0]
    print("ten times the changes, without the start: %.1f x, then %.1f x" % (
        (best[2000][0] - nothing) / (best[200][0] - nothing),
        (best[20000][0] - nothing) / (best[2000][0] - nothing)))


if __name__ == "__main__":
    main()
