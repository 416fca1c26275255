"""What a node says of itself."""
import contextlib
import os
import shutil
from collections.abc import Mapping
from typing import Any

from rediform.backup import note
from rediform.backup.restoring import HELD_BACK, is_held_back, unended
from rediform.conf import live_settings
from rediform.document import Document
from rediform.machine.kernel import refused_settings
from rediform.machine.systemd import unit_state
from rediform.redis import STATES, UNREACHABLE, RedisError, state_of, until
from rediform.state import NO_VOLUME, Node
from rediform.storage import read_lines
from rediform.view import sentinel_view

ON_TRIAL = "its trial did not end"  # the bootstrap's reason while a trial goes on
WAIT_POLL = 0.5  # seconds between two looks of a node at itself: some milliseconds each

# Fields of INFO that are numbers, by the name that they have in a report.
VITALS = {
    "upSeconds": "uptime_in_seconds",
    "opsPerSecond": "instantaneous_ops_per_sec",
    "keyspaceHits": "keyspace_hits",
    "keyspaceMisses": "keyspace_misses",
    "clients": "connected_clients",
    "maxclients": "maxclients",  # from Redis 7.0 on
}

Report = dict[str, object]


def of_document(document: Document, seconds: float) -> Report:
    """Health of the node, which may take some seconds to become fit, and how its document came."""
    node = document.node()
    until(seconds, lambda: is_fit(node), WAIT_POLL)
    report = health(node)
    refused, looked = document.said("refused"), document.said("looked")
    report["document"] = document.link("good")
    if refused and refused["reason"] != ON_TRIAL:
        report["refusedDocument"] = refused
    if looked:
        report["looked"] = looked
    return report


def health(node: Node) -> Report:
    """What this node can say of itself. `fit` is the sum of it; `state` is `up`, `down` (nobody listens at the
    server's port), or why a server that is there does not answer as it should.
    """
    report: Report = {"node": node.name, "kind": node.kind, "fit": False, "state": "up"}
    try:
        report.update(server_health(node))
    except UNREACHABLE as error:
        state, sentence = state_of(error)
        report["state"] = state
        report["reason"] = "%s %s" % (node.endpoint, sentence)
        if state == "down":
            report.update(why_down(node, "%s %s" % (node.endpoint, sentence)))
    if node.is_machine:
        report["refused"] = refused_settings()
    if node.contents.backup:
        report["backup"] = note.told(node)
    if report["fit"] and not node.is_sentinel:
        node.remember(formed=True)
    return report


def is_fit(node: Node) -> bool:
    with contextlib.suppress(*UNREACHABLE):
        return bool(server_health(node).get("fit"))
    return False


def server_health(node: Node) -> Report:
    """What the server says; fails when it does not answer."""
    return sentinel_health(node) if node.is_sentinel else redis_health(node)


def why_down(node: Node, sentence: str) -> Report:
    """The reason where there is one on this node, and otherwise where the server has said it."""
    waiting = read_lines(node.path("waiting"))
    if waiting:
        return {"reason": waiting[0]}
    if not os.path.exists(node.path("secrets")):
        return {"reason": "it has no passwords yet; why: tail /var/log/cloud-init-output.log"}
    if not node.is_sentinel and not os.path.exists(node.path("settings")):
        return {"reason": "it has no settings yet; why: tail /var/log/cloud-init-output.log"}
    if node.lacks_volume():
        return {"reason": NO_VOLUME % node.path("data")}
    if node.is_machine:
        return {"reason": "%s; why: journalctl -u %s" % (sentence, node.kind), "unit": unit_state(node.kind)}
    return {"reason": "%s; why: %s" % (sentence, os.path.join(node.home, "log"))}


# ---------------------------------------------------------------- a data node


def redis_health(node: Node) -> Report:
    with node.connect() as redis:
        info = redis.fields("INFO")
        stops = redis.config("stop-writes-on-bgsave-error") == "yes"
    taken = node.remembered("taken")
    report: Report = {
        "role": "replica" if info["role"] == "slave" else "master",
        "loading": info["loading"] == "1",
        "offset": int(info["master_repl_offset"]),
        "usedMemory": int(info["used_memory"]),
        "maxmemory": int(info["maxmemory"]),
        "settings": taken.get("settings", {}),
        "notes": notes(node, info),
        **vitals(info),
    }
    if info["role"] == "slave":
        report["master"] = "%s:%s" % (info["master_host"], info["master_port"])
        report["link"] = info["master_link_status"]
        report["lagSeconds"] = int(info["master_last_io_seconds_ago"])
        report["syncing"] = info["master_sync_in_progress"] == "1"
    else:
        report["replicas"] = int(info["connected_slaves"])
        report["refusesWrites"] = info.get("min_slaves_good_slaves") == "0"
    restoring = unended(node)
    return {**report, **({"reason": restoring} if restoring else verdict(node, info, stops, taken))}


def vitals(info: Mapping[str, str]) -> Report:
    """How much a server has to do, as far as it says it: Sentinel and older servers have fewer fields in INFO."""
    said: Report = {key: int(info[field]) for key, field in VITALS.items() if field in info}
    return {"redisVersion": info["redis_version"], **said} if "redis_version" in info else said


def verdict(node: Node, info: Mapping[str, str], stops: bool, taken: Mapping[str, Any]) -> Report:
    """Whether a data node that answers is fit, and if not, why. `stops`: it refuses writes after a failed BGSAVE."""
    if info["loading"] == "1":
        return {"state": "loading", "reason": STATES["LOADING"]}
    if info["role"] == "slave" and info["master_link_status"] != "up":
        return {"reason": "no link to its master %s:%s" % (info["master_host"], info["master_port"])}
    if info["aof_last_write_status"] == "err":
        data = node.path("data")
        free = shutil.disk_usage(data).free >> 20
        return {"state": "misconf", "reason": "cannot write to its disk, %d MB are free at %s" % (free, data)}
    if info["rdb_last_bgsave_status"] == "err" and stops:
        reason = "refuses writes, because its last BGSAVE failed; why: its log. BGSAVE tries again"
        return {"state": "misconf", "reason": reason}
    if taken.get("refusal"):
        return {
            "refusedSettings": taken.get("refused") or live_settings(node),
            "reason": "Redis does not take its new settings: " + taken["refusal"],
        }
    return {"fit": True}


def notes(node: Node, info: Mapping[str, str]) -> list[str]:
    """What is no reason to call the node unfit, and yet for a person to know."""
    said = [node.remembered().get("lastStop")]
    if info["rdb_last_bgsave_status"] == "err":
        said.append("its last BGSAVE failed; why: its log")
    if info["aof_last_bgrewrite_status"] == "err":
        said.append("its last rewrite of the AOF failed; the AOF grows until one succeeds; why: its log")
    return [note for note in said if note]


# ---------------------------------------------------------------- a Sentinel


def since(master: Mapping[str, str]) -> Report:
    """Which election made the master, and for how long this Sentinel has had it: a failover and SENTINEL RESET both
    set role-reported-time (sentinelResetMaster), as does its own start.
    """
    report: Report = {}
    if "config-epoch" in master:
        report["configEpoch"] = int(master["config-epoch"])
    if "role-reported-time" in master:
        report["masterSeconds"] = int(master["role-reported-time"]) // 1000
    return report


def sentinel_health(node: Node) -> Report:
    view = sentinel_view(node, node.endpoint)
    report: Report = {
        "master": view.master,
        "flags": view.flags,
        "knows": view.knows,
        "replicas": len(view.replicas),
        "sentinels": len(view.sentinels) + 1,
        "seenReplicas": {endpoint: view.up[endpoint] for endpoint in view.replicas},
        "seenSentinels": {endpoint: view.up[endpoint] for endpoint in view.sentinels},
    }
    with node.connection(node.endpoint) as sentinel:
        report.update(vitals(sentinel.fields("INFO")))
        report.update(since(sentinel.fields("SENTINEL", "MASTER", node.master_name)))
        try:
            sentinel.ask("SENTINEL", "CKQUORUM", node.master_name)
        except RedisError as error:
            return {**report, "reason": str(error)}
    if is_held_back(node, view):
        return {**report, "reason": HELD_BACK % (view.down_after // 1000, node.contents.cluster)}
    down = {"s_down", "o_down"} & set(view.flags.split(","))
    return {**report, "reason": "sees the master as down"} if down else {**report, "fit": True}
