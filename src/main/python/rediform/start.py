"""Before a start."""
import contextlib
import os
import time
from typing import Optional

from rediform.conf import live_settings
from rediform.data import has_data
from rediform.decide import Action, Decision, decide, start_as
from rediform.errors import Refused
from rediform.redis import RedisError
from rediform.sentinel import configure_sentinel
from rediform.settings import configure_redis
from rediform.state import NO_VOLUME, Node
from rediform.storage import read_lines
from rediform.view import History, View, known_by_sentinels, look_around

POLL = 0.2  # seconds between two looks while waiting
PROMOTION = 10.0  # seconds for Sentinel to promote; it takes about one
REFUSED = 2.0  # seconds before another try at a start that was refused; each starts a server for a moment


def start_gate(node: Node) -> None:
    """Blocks until this node may start, and leaves the live config ready for it."""
    if node.is_sentinel:
        sentinel_gate(node)
    else:
        redis_gate(node)
    node.remove("waiting")


def wait(node: Node, reason: str) -> None:
    """One turn of waiting; says why whenever the reason is another."""
    node.will_change()
    if read_lines(node.path("waiting")) != [reason]:
        print("%s: %s" % (node.name, reason), flush=True)
        node.write("waiting", reason + "\n")
    time.sleep(POLL)


# ---------------------------------------------------------------- a Sentinel


def sentinel_gate(node: Node) -> None:
    """A Sentinel waits only when data nodes contradict each other and it has no memory of its own."""
    while not configure_sentinel(node):
        wait(node, "the data nodes name different masters, and no Sentinel knows better")


# ---------------------------------------------------------------- a data node


def redis_gate(node: Node) -> None:
    stopped = stopped_with(node)
    began, nobody_since = time.monotonic(), None
    while True:
        if node.lacks_volume():
            wait(node, NO_VOLUME % node.path("data"))
            stopped = stopped_with(node)
            continue
        view = look_around(node)
        now = time.monotonic()
        waited = now - began > 2 * node.down_after + PROMOTION
        refused = nobody_since is not None and now - nobody_since > PROMOTION
        try:
            decision = decide_with(node, stopped, view, waited, refused)
            if decision.action == Action.START:
                configure_redis(node, decision.master)
                break
        except (Refused, ValueError) as refusal:  # ValueError: a manifest or a setting that cannot be read
            decision = Decision(Action.WAIT, str(refusal))
            time.sleep(REFUSED)
        if decision.action == Action.FAILOVER:
            found = ask_for_failover(node, view)
            nobody_since = None if found else nobody_since or now
        wait(node, decision.reason)
    remember(node, view)
    role = "replica of " + decision.master if decision.master else "master"
    print("%s: starts as %s" % (node.name, role), flush=True)
    for used in ("stopped", "lead"):
        node.remove(used)


def decide_with(node: Node, stopped: Optional[History], view: View, waited: bool, refused: bool) -> Decision:
    """The decision with the data that is on the disk now, and what a person has said (`lead`)."""
    data = has_data(node, live_settings(node))
    decision = decide(node.endpoint, node.first_master, data, stopped, view, waited, refused)
    if decision.action == Action.WAIT and os.path.exists(node.path("lead")) and not why_not_lead(view, data):
        return start_as(None)
    return decision


def remember(node: Node, view: View) -> None:
    sentinels = {s for v in view.sentinels.values() for s in v.sentinels} | set(view.sentinels)
    node.remember(
        sentinels=sorted(sentinels),
        redis=sorted(set(view.redis) | {node.endpoint}),
        formed=view.formed or bool(known_by_sentinels(view)),
    )


def ask_for_failover(node: Node, view: View) -> bool:
    """After one failover Sentinel does no other for twice failover-timeout, unless it is told to. Returns
    whether there is somebody to promote; always the same Sentinel is asked, since two would do two.
    """
    node.will_change()
    with contextlib.suppress(OSError, ValueError):
        ours = [e for e, s in view.sentinels.items() if s.master == node.endpoint]
        with node.connect(min(ours)) as sentinel:
            try:
                sentinel.ask("SENTINEL", "FAILOVER", node.master_name)
            except RedisError as error:
                return not str(error).startswith("NOGOODSLAVE")
    return True


def stopped_with(node: Node) -> Optional[History]:
    """What a handover wrote beside the data it speaks of, so that an older disk has an older one, or none."""
    ended = node.remembered("stopped")
    return History(ended["id"], ended["offset"]) if ended else None


def lead(node: Node) -> None:
    """A person decides what nobody knows any more: with this node's data the cluster goes on. Only while it waits,
    all Sentinels are new, and no data node runs.
    """
    view = look_around(node)
    reason = why_not_lead(view, has_data(node, live_settings(node)))
    if not reason and not read_lines(node.path("waiting")):
        reason = "it does not wait"
    if reason:
        raise Refused("does not start as master: %s; nothing was done" % reason)
    node.write("lead", "\n")
    print("%s: starts as master" % node.name, flush=True)


def why_not_lead(view: View, has_data: bool) -> Optional[str]:
    if not has_data:
        return "it has no data"
    if known_by_sentinels(view):
        return "a Sentinel remembers a master"
    if view.redis:
        return "%s runs, and knows more" % ", ".join(sorted(view.redis))
    if len(view.sentinels) * 2 <= view.sentinel_count:
        return "%d of %d Sentinels answer" % (len(view.sentinels), view.sentinel_count)
    return None
