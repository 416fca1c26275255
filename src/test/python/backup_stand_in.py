"""Stands in for the agents of a cluster, as far as backups go: python3 THIS FOLDER NODE VERB [WORD...].

FOLDER holds objects and manifests as a store does. What `backup --now` takes lies ready in FOLDER/next.

    STAND_IN=cut  the way ends in the middle of an object, as ssh does when the network goes
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import sys

UNREACHED = 255  # what ssh ends with


def backups(folder):
    rows = []
    for file in sorted(folder.glob("*-redis-[0-9].json")):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        proof = file.with_suffix(".proof.json")
        rows.append({**manifest, "proof": json.loads(proof.read_text(encoding="utf-8")) if proof.exists() else None})
    print(json.dumps({"place": str(folder), "backups": rows, "failure": None}))
    return 0


def object_of(folder, name):
    manifest = json.loads((folder / (name + ".json")).read_text(encoding="utf-8"))
    data = (folder / manifest["object"]).read_bytes()
    if os.environ.get("STAND_IN") == "cut":
        sys.stdout.buffer.write(data[: len(data) // 2])
        print("Connection to redis-2 closed by remote host", file=sys.stderr)
        return UNREACHED
    sys.stdout.buffer.write(data)
    return 0


def proof(folder, name, text):
    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    (folder / (name + ".proof.json")).write_text(json.dumps(found), encoding="utf-8")
    return 0


def backup_now(folder):
    print("dumps its data", flush=True)
    for file in sorted((folder / "next").iterdir()):
        shutil.copy(file, folder / file.name)
        if file.suffix == ".json":
            manifest = json.loads(file.read_text(encoding="utf-8"))
    print("backup %s: %d keys, %d bytes" % (manifest["id"], sum(manifest["keys"].values()), manifest["bytes"]))
    return 0


def health(node):
    report = {"node": node, "fit": True, "state": "up", "offset": 1, "usedMemory": 1 << 20, "maxmemory": 0, "notes": []}
    if node == "redis-1":
        report.update(role="master", replicas=2)
    elif node.startswith("redis"):
        report.update(role="replica", master="127.0.0.1:7001", link="up")
    else:
        report.update(master="127.0.0.1:7001", knows=True, seenReplicas={}, seenSentinels={})
    print(json.dumps(report))
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("node")
    parser.add_argument("verb")
    parser.add_argument("--now", action="store_true")
    parser.add_argument("--id")
    parser.add_argument("--text")
    words = parser.parse_args()
    if words.verb == "health":
        return health(words.node)
    if words.verb == "backups":
        return backups(words.folder)
    if words.verb == "object":
        return object_of(words.folder, words.id)
    if words.verb == "proof":
        return proof(words.folder, words.id, words.text)
    return backup_now(words.folder)


sys.exit(main())
