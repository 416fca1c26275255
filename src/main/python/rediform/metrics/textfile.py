"""What this node says of itself to Prometheus, in the text format that node_exporter's textfile collector reads."""
import os
from collections.abc import Iterator

from rediform.document import Document
from rediform.health import ON_TRIAL, is_fit
from rediform.metrics.backups import of_backups
from rediform.metrics.metric import Metric
from rediform.redis import UNREACHABLE, pair
from rediform.state import Node

SHORT = 12  # digits of a checksum that tell it from others

# What each counter counts that this node remembers.
COUNTED = {
    "backup_failures": "Backups of this node that failed.",
    "handovers": "Planned changes of master that this node began.",
    "handover_failures": "Planned changes of master that failed.",
    "gate_refusals": "Documents that this node refused or took back.",
}
OF_DATA_NODES = ("backup_failures", "handovers", "handover_failures")


def text(document: Document) -> str:
    node = document.node()
    found = [info(document), fit(node), *of_documents(document, node), *counters(node)]
    if not node.is_sentinel:
        found += [*of_backups(node), *of_rewrites(node)]
    return "".join(each.text() for each in found)


def info(document: Document) -> Metric:
    contents = document.contents
    labels = {
        "cluster": contents.cluster,
        "node": contents.name,
        "kind": contents.kind,
        "release": contents.agent[:SHORT],
        "document": document.sha[:SHORT],
    }
    named = ",".join('%s="%s"' % each for each in labels.items())
    return Metric("node_info", "Which agent and document this node has.", 1, "{%s}" % named)


def fit(node: Node) -> Metric:
    return Metric("fit", "Whether this node finds itself healthy.", is_fit(node))


def of_documents(document: Document, node: Node) -> Iterator[Metric]:
    """A refusal is the bootstrap's, which only writes it down. It is counted when it is seen."""
    refused = document.said("refused")
    if refused and refused["reason"] == ON_TRIAL:
        return
    if refused:
        at = os.stat(os.path.join(document.place, "refused")).st_mtime
        seen = "%s %s" % (refused["document"], at)
        if node.remembered("counts").get("refused") != seen:
            node.count("gate_refusals", refused=seen)
    yield Metric("document_refused", "Whether this node refuses the document that it shall have.", bool(refused))


def counters(node: Node) -> Iterator[Metric]:
    counts = node.remembered("counts")
    for name, meaning in COUNTED.items():
        if not node.is_sentinel or name not in OF_DATA_NODES:
            yield Metric(name + "_total", meaning, counts.get(name, 0))


def of_rewrites(node: Node) -> Iterator[Metric]:
    """The agent asks for none: Sentinels do, at each failover. One that fails leaves the old master in the file."""
    try:
        with node.connect() as redis:
            stats = redis.fields("INFO", "commandstats").get("cmdstat_config|rewrite", "failed_calls=0")
    except UNREACHABLE:
        return
    failed = dict(pair(each, "=") for each in stats.split(",")).get("failed_calls", "0")
    meaning = "CONFIG REWRITE of Sentinels that failed since the server started."
    yield Metric("config_rewrite_failures_total", meaning, int(failed))
