"""What a data node tells Prometheus of its backups, as far as it knows."""
import datetime
from collections.abc import Iterator
from typing import Optional

from rediform.backup.manifest import began
from rediform.metrics.metric import Metric
from rediform.state import Node


def of_backups(node: Node) -> Iterator[Metric]:
    backup, metrics, noted = node.contents.backup, node.contents.metrics, node.remembered("backups")
    if not backup:
        return
    yield Metric("backup_every_seconds", "Time from the start of one backup to the next.", backup.everySeconds)
    if noted.get("last"):
        start = began(noted["last"]["id"])
        yield Metric("backup_last_timestamp_seconds", "Start of the newest backup that this node knows.", start)
    proven = seconds_of((noted.get("proof") or {}).get("at", ""))
    if proven:
        yield Metric("restore_proven_timestamp_seconds", "Newest proof of a restore that this node knows.", proven)
    if metrics and metrics.proofEverySeconds:
        every = metrics.proofEverySeconds
        yield Metric("restore_proof_every_seconds", "How old the newest proof of a restore may be.", every)


def seconds_of(moment: str) -> Optional[float]:
    """Of a moment in ISO 8601, which another program may have written."""
    try:
        return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
