"""A data node: may it start, and as what? All that is known is in the arguments."""
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from rediform.view import DataView, History, View, known_by_sentinels, majority_of, told_by_data_nodes


class Action(Enum):
    START = "start"
    WAIT = "wait"
    FAILOVER = "failover"  # Sentinel must be asked to promote another


@dataclass(frozen=True)
class Decision:
    """What to do, and why; for a start the master to follow, or None for a start as master."""

    action: Action
    reason: str = ""
    master: Optional[str] = None


def start_as(master: Optional[str]) -> Decision:
    return Decision(Action.START, master=master)


def decide(
    me: str,
    first_master: str,
    has_data: bool,
    stopped: Optional[History],
    view: View,
    waited: bool = False,
    refused: bool = False,
) -> Decision:
    """The heart of promise 2: no write that was acknowledged is lost.

    `stopped` is the history that the data on disk ended with when this node last stopped in order; None
    after a crash, or with a disk that knows nothing of it. `waited`: long enough for a failover that Sentinel
    does by itself. `refused`: it was asked, and found nobody; a master with data is better than none.
    """
    knowing = known_by_sentinels(view)
    master = majority_of(knowing, view.sentinel_count)
    answering = len(view.sentinels)
    if not knowing and answering * 2 > view.sentinel_count:  # fresh Sentinels: the data nodes may know more
        told = told_by_data_nodes(view)
        master = majority_of(told, len(told))
    if master and master != me:
        return start_as(master)
    if master == me:
        return decide_as_master(me, has_data, stopped, view, waited, refused)
    if view.formed or has_data or knowing or any(r.formed for r in view.redis.values()):
        reason = "no majority says who is master: %d of %d Sentinels answer" % (answering, view.sentinel_count)
        return Decision(Action.WAIT, reason)
    if answering * 2 <= view.sentinel_count:
        reason = "a new cluster: waiting for a majority of Sentinels, %d of %d answer" % (
            answering,
            view.sentinel_count,
        )
        return Decision(Action.WAIT, reason)
    return start_as(None if me == first_master else first_master)


def decide_as_master(
    me: str, has_data: bool, stopped: Optional[History], view: View, waited: bool, refused: bool
) -> Decision:
    """What a node does that the others take for the master."""
    successors = {e: r for e, r in view.redis.items() if r.master == me and r.synced}
    many = len(successors) + len(view.unheard)
    # Sentinel chooses by offsets that may be ten seconds old: it must have heard the last ones.
    offsets = {e: r.history.offset for e, r in successors.items()}
    idle = offsets and all(not s.acts and offsets.items() <= s.offsets.items() for s in view.sentinels.values())
    turn = Action.FAILOVER if many and (waited or idle) else Action.WAIT
    if not has_data:
        return Decision(turn, "this node is master but has no data: waiting until Sentinel promotes another")
    if many and not refused and not (has_all_of(stopped, successors.values()) and not view.unheard):
        reason = (
            "this master crashed or has an old disk, and replicas can take over (%d): waiting for the failover" % many
        )
        return Decision(turn, reason)
    return start_as(None)


def has_all_of(stopped: Optional[History], others: Iterable[DataView]) -> bool:
    """Whether a node that stopped with this history has every write that the others have."""
    return stopped is not None and all(stopped.has_all_of(other.history) for other in others)
