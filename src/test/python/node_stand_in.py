"""Stands in for the way to nodes of an emulated account: network.shell: [python3, THIS, "{node}", "{address}"].

Answers `sudo rediform-node health` as the nodes of a whole cluster would whose machines are those
that run in the account (AWS_ENDPOINT_URL, see aws_lab.py), on the default ports. The master is the
first data node that runs. Before the first data node of all was ever there, the others wait for it.
Each has taken the document that its tag names, if that is what the bucket has. The agent's other
verbs succeed and do nothing.

    STAND_IN=unreachable  the way itself fails, as ssh does after a while
    STAND_IN=refuses      every node refuses the document that its tag names, and has none
    STAND_IN=late         no node has looked at its tag yet
    STAND_IN_LOG=FILE     gets a line of JSON for each call: time (seconds since 1970), node, words
"""

import hashlib
import json
import os
import sys
import time
import urllib.request

PORTS = {"redis": 6379, "sentinel": 26379}
UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
UNREACHED = 255  # what ssh ends with

TAG = "rediform.document"


class Node:
    """A node whose machine is in the account, as aws_lab.py describes it."""

    def __init__(self, instance, documents):
        self.tags = instance["tags"]
        self.document = documents.get(self.tags.get(TAG))
        self.name = instance["name"].removeprefix(self.tags.get("rediform", "") + "-")
        self.kind = "sentinel" if self.name.startswith("sentinel") else "redis"
        self.address = instance["address"]
        self.endpoint = f"{self.address}:{PORTS[self.kind]}"
        self.is_there = instance["state"] != "terminated"
        self.is_up = instance["state"] == "running"
        self.number = int(self.name.rpartition("-")[2])

    def settings(self):
        return json.loads(self.document)["live"] if self.document else {}

    def delivery(self):
        """What health says of the node's document."""
        how = os.environ.get("STAND_IN")
        wanted = self.tags.get(TAG)
        if how == "refuses":
            return {"document": None, "refusedDocument": {"document": wanted, "reason": "check of it ended with 1"}}
        return {"document": wanted if self.document and how != "late" else None}

    def maxmemory(self):
        """Bytes."""
        text = self.settings().get("maxmemory", "0")
        unit = UNITS.get(text[-2:], 1)
        return int(text[:-2] if unit > 1 else text) * unit


class Cluster:
    """The nodes of one environment."""

    def __init__(self, nodes):
        data = [node for node in nodes if node.kind == "redis"]
        self.was_formed = any(node.number == 1 for node in data)
        self.data = sorted((node for node in data if node.is_there), key=lambda node: node.number)
        self.sentinels = [node for node in nodes if node.kind == "sentinel" and node.is_there]
        self.master = next((node for node in self.data if node.is_up), None)

    def health(self, node):
        report = {"node": node.name, "kind": node.kind, "fit": False, "state": "up", **node.delivery()}
        if not self.was_formed or not self.master:
            report.update(state="down", reason="waits for its master")
        elif node.kind == "redis":
            report.update(self.redis(node), fit=True)
        else:
            report.update(self.sentinel(node), fit=True)
        return report

    def redis(self, node):
        report = {
            "loading": False,
            "offset": 1000,
            "usedMemory": 50 << 20,
            "maxmemory": node.maxmemory(),
            "settings": node.settings(),
            "notes": [],
        }
        if node is self.master:
            replicas = sum(other.is_up for other in self.data) - 1
            return {**report, "role": "master", "replicas": replicas, "refusesWrites": False}
        master = self.master.endpoint
        link = {"link": "up", "lagSeconds": 0, "syncing": False}
        return {**report, "role": "replica", "master": master, **link}

    def sentinel(self, node):
        replicas = {other.endpoint: other.is_up for other in self.data if other is not self.master}
        others = {other.endpoint: other.is_up for other in self.sentinels if other is not node}
        return {
            "master": self.master.endpoint,
            "flags": "master",
            "knows": True,
            "replicas": len(replicas),
            "sentinels": len(others) + 1,
            "seenReplicas": replicas,
            "seenSentinels": others,
        }


def ask(path):
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + path, timeout=10) as answer:
        return json.load(answer)


def nodes():
    documents = {hashlib.sha256(text.encode()).hexdigest(): text for text in ask("/lab/objects").values()}
    return [Node(each, documents) for each in ask("/lab/instances") if "rediform" in each["tags"]]


def note(node, words):
    if os.environ.get("STAND_IN_LOG"):
        with open(os.environ["STAND_IN_LOG"], "a", encoding="utf-8") as out:
            out.write(json.dumps({"time": time.time(), "node": node, "words": words}) + "\n")


def unreached(address, why):
    print(f"ssh: connect to host {address} port 22: {why}", file=sys.stderr)
    return UNREACHED


def main(name, address, *words):
    note(name, list(words))
    if os.environ.get("STAND_IN") == "unreachable":
        return unreached(address, "Connection timed out")
    all_nodes = nodes()
    node = next((each for each in all_nodes if each.is_there and each.address == address), None)
    if not node or not node.is_up:
        return unreached(address, "No route to host")
    if "health" not in words:
        return 0
    environment = node.tags["rediform"]
    cluster = Cluster([each for each in all_nodes if each.tags["rediform"] == environment])
    report = cluster.health(node)
    print(json.dumps(report))
    return 0 if report["fit"] else 1


sys.exit(main(*sys.argv[1:]))
