"""A Sentinel: its live config, and what it remembers of others."""
import os
from collections.abc import Mapping
from typing import Optional

from rediform.conf import directives, write_acl
from rediform.errors import Refused
from rediform.state import Node
from rediform.storage import read_lines
from rediform.view import known_by_sentinels, look_around, majority_of, sentinel_view, told_by_data_nodes

# What Sentinel itself writes into its config and must find there again. Without `myid` it would
# be a new Sentinel, and the old one a ghost that counts in every majority.
KEPT = ("myid", "config-epoch", "leader-epoch", "current-epoch", "known-replica", "known-sentinel")


def configure_sentinel(node: Node) -> bool:
    """Whether there is a master to watch: False when the data nodes name different ones."""
    secrets = node.secrets()
    name = node.master_name
    old = [line.split() for line in read_lines(node.path("live"))]
    # Lines of another master's name, as of one before the name changed, would keep it from starting.
    kept = [
        words
        for words in old
        if len(words) > 2 and words[0] == "sentinel" and words[1] in KEPT and words[2] in (name, words[-1])
    ]
    monitored = next(("%s:%s" % (w[3], w[4]) for w in old if w[:3] == ["sentinel", "monitor", name]), None)
    if not monitored:
        monitored, replicas = who_is_master(node)
        # Sentinel learns of replicas from the master alone. If that is down just now, a Sentinel without
        # a memory would know nobody to promote.
        kept += [["sentinel", "known-replica", name, *replica.rsplit(":", 1)] for replica in replicas]
    if not monitored:
        return False
    host, port = monitored.rsplit(":", 1)
    lines = directives(node, {})
    lines += [
        'dir "%s"' % node.path("data"),
        'aclfile "%s"' % node.path("acl"),
        'sentinel announce-ip "%s"' % node.address,
        "sentinel announce-port %d" % node.port,
        "sentinel monitor %s %s %s %s" % (name, host, port, node.contents.startup.monitor["quorum"]),
        "sentinel sentinel-user sentinel",
        "sentinel sentinel-pass %s" % secrets["sentinel"],
    ]
    lines += ["sentinel %s %s %s" % (key, name, value) for key, value in of_master(node, secrets)]
    lines += [" ".join(words) for words in kept]
    node.will_change()
    os.makedirs(node.path("data"), mode=0o700, exist_ok=True)
    write_acl(node, secrets)
    node.write("live", "\n".join(lines) + "\n", node.user)
    return True


def of_master(node: Node, secrets: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a Sentinel is told of its master, beside where it is."""
    known = ("master-name", "quorum")  # from the line or the command that makes it known
    settings = sorted(each for each in node.contents.startup.monitor.items() if each[0] not in known)
    return [("auth-user", "sentinel"), ("auth-pass", secrets["sentinel"]), *settings]


def who_is_master(node: Node) -> tuple[Optional[str], list[str]]:
    """For a Sentinel without a memory: asks the other Sentinels, then the data nodes.

    The master and its replicas; None when they contradict each other.
    """
    view = look_around(node)
    told = known_by_sentinels(view) or told_by_data_nodes(view)
    master = majority_of(told, len(told)) if told else node.first_master
    # One that waits for a master which never was is no replica yet, and no sign that the cluster was formed.
    replicas = sorted(
        endpoint for endpoint, r in view.redis.items() if r.master == master != endpoint and (r.formed or r.synced)
    )
    return master, replicas


def forget(node: Node) -> None:
    """A Sentinel forgets no node by itself, and Sentinels that are gone count in its majorities. One that has only
    its settings learns who is master now.
    """
    view = sentinel_view(node, node.endpoint)
    with node.connect() as sentinel:
        if not view.knows:
            master = who_is_master(node)[0]
            if not master:
                raise Refused("the data nodes name different masters; nothing was done")
            if master != view.master:
                sentinel.ask("SENTINEL", "REMOVE", node.master_name)
                sentinel.ask(
                    "SENTINEL",
                    "MONITOR",
                    node.master_name,
                    *master.rsplit(":", 1),
                    node.contents.startup.monitor["quorum"],
                )
                for setting in of_master(node, node.secrets()):
                    sentinel.ask("SENTINEL", "SET", node.master_name, *setting)
                print("%s: takes %s for the master" % (node.name, master), flush=True)
                return
        if view.flags != "master":
            raise Refused("not now: its master is %s" % view.flags)
        sentinel.ask("SENTINEL", "RESET", node.master_name)
        print("%s: looks anew for the others" % node.name, flush=True)
