"""What starts and stops the server of a node in a folder: rediform-local."""
import os
import subprocess
import sys

from rediform.storage import read_lines


class Supervisor:
    def __init__(self, home: str) -> None:
        self.home = home

    def is_active(self) -> bool:
        return bool(self.start())

    def start(self) -> str:
        return "".join(read_lines(os.path.join(self.home, "run", "server.pid")))

    def tell(self, verb: str) -> bool:
        program = os.path.join(os.path.dirname(self.home), "bin", "rediform-local")
        command = [sys.executable, program, verb, self.home]
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0

    def restart(self) -> bool:
        """Without a server there is nothing to restart: whoever starts it, does so with what is installed."""
        return self.is_active() and self.tell("restart")

    def renew(self) -> None:
        if os.path.exists(os.path.join(self.home, "run", "pid")):
            self.tell("renew")

    def last_line(self) -> str:
        return (read_lines(os.path.join(self.home, "log")) or ["it has no log"])[-1]
