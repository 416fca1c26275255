"""How operators log in: as the user of Debian's image, `admin` on EC2 (EC2 user guide, "Manage system users") and
`debian` elsewhere, and as no other.

Their keys are in a file of ours, so that a key that is no longer in the environment file opens nothing. What a person
added to the user's own file stays.
"""

from collections.abc import Sequence

from rediform.machine import commands, files
from rediform.errors import Failed

KEYS = "/etc/rediform/keys"
CONF = "/etc/ssh/sshd_config.d/rediform.conf"
SSHD = f"Match User admin,debian\n AuthorizedKeysFile .ssh/authorized_keys {KEYS}\n"


def texts(keys: Sequence[str]) -> dict[str, str]:
    return {KEYS: "\n".join(keys) + "\n", CONF: SSHD}


def write(keys: Sequence[str]) -> None:
    for path, text in texts(keys).items():
        files.write(path, text)


def reload() -> None:
    """sshd reads the keys at each login, but its settings only now."""
    try:
        commands.run("systemctl", "try-reload-or-restart", "ssh.service")
    except Failed:
        commands.say("sshd keeps its settings")
