"""Which backups go."""
from collections.abc import Iterable
from typing import Optional

from rediform.backup.manifest import DATA, MANIFEST, PROOF, began, ids, manifest_of, parts_of
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


def last_good(store: Store, backups: Iterable[str]) -> Optional[str]:
    """The newest whose manifest can be read: a backup that cannot be listed keeps no place for one that can."""
    return next((id_ for id_ in sorted(backups, reverse=True) if manifest_of(store, id_)), None)


def sweep(store: Store, section: Backup, now: float, taken: str = "") -> list[str]:
    """Removes what is to go; returns the IDs. The one that was just taken stays even if its ID says that it is old:
    the clock may have been set since.
    """
    names = store.names()
    stay = (taken, last_good(store, ids(names)))
    gone = [id_ for id_ in (*expired(ids(names), section, now), *leftovers(names, now)) if id_ not in stay]
    for id_ in gone:
        # The manifest first: what is cut off here is no backup any more, and goes a day later as a leftover.
        for name in [id_ + end for end in (MANIFEST, PROOF, *DATA)]:
            if name in names:
                store.remove(name)
    return gone
