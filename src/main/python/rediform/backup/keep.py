"""Which backups go."""
from collections.abc import Iterable

from rediform.backup.manifest import DATA, MANIFEST, PROOF, began, ids, parts_of
from rediform.backup.stored import Store
from rediform.contents import Backup

DAY = 24 * 3600  # seconds


def expired(backups: Iterable[str], section: Backup, now: float) -> list[str]:
    """IDs of backups that are older than `keepDays`, and not among the newest `keepLast`. The newest of all stays in
    any case. IDs say enough: to read thousands of manifests each time would cost more than it tells.
    """
    ordered = sorted(backups)
    older = ordered[: -max(1, section.keepLast)]
    return [id_ for id_ in older if now - began(id_) > section.keepDays * DAY]


def leftovers(names: Iterable[str], now: float) -> list[str]:
    """IDs of runs that have ended without a backup: one that still runs began less than a day ago."""
    names = list(names)
    return sorted(id_ for id_ in set(parts_of(names)) - set(ids(names)) if now - began(id_) > DAY)


def sweep(store: Store, section: Backup, now: float) -> list[str]:
    """Removes what is to go; returns the IDs."""
    names = store.names()
    gone = [*expired(ids(names), section, now), *leftovers(names, now)]
    for id_ in gone:
        # The manifest first: what is cut off here is no backup any more, and goes a day later as a leftover.
        for name in [id_ + end for end in (MANIFEST, PROOF, *DATA)]:
            if name in names:
                store.remove(name)
    return gone
