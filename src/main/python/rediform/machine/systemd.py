"""What starts and stops the server of a machine: systemd."""
from rediform.machine.commands import run, said

ATTEND = "rediform-attend.service"


class Systemd:
    def __init__(self, kind: str) -> None:
        self.unit, self.kind = kind + ".service", kind

    def show(self, name: str) -> str:
        return said("systemctl", "show", "--value", "--property=" + name, self.unit)

    def is_active(self) -> bool:
        return self.show("ActiveState") == "active"

    def start(self) -> str:
        return self.show("InvocationID")

    def restart(self) -> bool:
        # The server may wait for the others for ever; who waits here has a limit.
        run("systemctl", "restart", "--no-block", self.unit)
        return True

    def renew(self) -> None:
        run("systemctl", "try-restart", ATTEND)

    def last_line(self) -> str:
        return unit_state(self.kind)["lastLine"] or "why: journalctl -u " + self.unit


def unit_state(kind: str) -> dict[str, str]:
    """What systemd knows of a server that does not answer, such as how often it had to be restarted."""
    unit = kind + ".service"
    names = ("ActiveState", "SubState", "NRestarts", "Result")
    lines = said("systemctl", "show", unit, "--property=" + ",".join(names)).splitlines()
    last = said("journalctl", "--unit", unit, "--identifier=redis-server", "--lines=1", "--output=cat")
    known = {name: value for name, is_there, value in (line.partition("=") for line in lines) if is_there}
    return {**known, "lastLine": last}
