"""What rediform-backup.timer is on a machine, for a node in a folder: `attend` looks at it every few seconds."""
import os
import signal
import subprocess
import sys
import time
from typing import Optional

from rediform.backup.tick import tick
from rediform.state import Node

PR_SET_PDEATHSIG = 1  # prctl(2)


class Timer:
    """Starts `backup` again and again, never while one still runs."""

    def __init__(self, node: Node) -> None:
        backup = node.contents.backup
        self.home = node.home
        self.tick = tick(backup.everySeconds) if backup and not node.is_machine else None
        self.due = time.monotonic() + (self.tick or 0)
        self.child: Optional[subprocess.Popen[bytes]] = None

    def look(self) -> None:
        if self.tick is None or time.monotonic() < self.due or self.child and self.child.poll() is None:
            return
        self.due = time.monotonic() + self.tick
        # The bootstrap knows the document of now, and its agent.
        import ctypes  # not on a machine: it makes code at run time, which the sandbox of attend forbids

        program = os.path.join(os.path.dirname(self.home), "bin", "rediform-bootstrap")
        attendant, libc = os.getpid(), ctypes.CDLL(None)

        def ends_with_attend() -> None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != attendant:  # it ended before that
                os.kill(os.getpid(), signal.SIGTERM)

        self.child = subprocess.Popen(
            [sys.executable, program, "run", "backup"], stdin=subprocess.DEVNULL, preexec_fn=ends_with_attend
        )
