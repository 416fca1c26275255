"""Patience with what comes later than the machine."""
import http.client
import time
from collections.abc import Callable
from typing import TypeVar

from rediform.errors import Failed

PATIENCE = 600  # seconds for the volume or a secret to appear before the boot is called failed
LONGEST_PAUSE = 30  # seconds between two tries

LATER = (OSError, ValueError, LookupError, http.client.HTTPException, Failed)  # what may be better at the next try

Result = TypeVar("Result")


def retry(what: str, attempt: Callable[[], Result], patience: float = PATIENCE) -> Result:
    """Tries with growing pauses until it works; says the reason whenever it changes."""
    deadline, pause, said = time.monotonic() + patience, 0.5, None
    while True:
        try:
            return attempt()
        except LATER as error:
            if time.monotonic() > deadline:
                raise Failed("%s: %s" % (what, error)) from error
            if str(error) != said:
                said = str(error)
                print("rediform: %s: %s; trying again" % (what, said), flush=True)
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
