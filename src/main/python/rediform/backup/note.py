"""What a node notes of backups, so that `health` tells it without asking the place where they are."""
from collections.abc import Mapping
from typing import Any, Optional

from rediform.backup.manifest import Manifest, iso
from rediform.state import Node
from rediform.undo import history

Fact = Optional[dict[str, Any]]


def told(node: Node) -> dict[str, object]:
    """Of a node whose document says that there are backups."""
    assert node.contents.backup
    noted = node.remembered("backups")
    every = node.contents.backup.everySeconds
    found = {name: noted.get(name) for name in ("since", "last", "failure", "proof")}
    return {**found, "everySeconds": every, "undo": history.told(node)}


def there_are_some_since(node: Node, seconds: float) -> None:
    """Notes a time at which there were backups, or this node was to take some: the first one counts."""
    known = node.remembered("backups").get("since")
    if not known or iso(seconds) < known:
        node.remember("backups", since=iso(seconds))


def last(node: Node) -> Fact:
    found: Fact = node.remembered("backups").get("last")
    return found


def failure_since(node: Node, last: Fact) -> Fact:
    """This node's last failure, unless a backup has succeeded since, on whatever node."""
    failure: Fact = node.remembered("backups").get("failure")
    return None if failure and last and last["ended"] > failure["at"] else failure


def of_proof(id_: str, proof: Mapping[str, Any]) -> dict[str, object]:
    return {"id": id_, "at": proof.get("at", "")}


def of(manifest: Manifest) -> dict[str, object]:
    return {"id": manifest.id, "ended": manifest.ended, "bytes": manifest.bytes}
