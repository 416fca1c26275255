"""What a server reads: lines of its config, the settings that need no restart, its ACL."""
import hashlib
import re
import shlex
from collections.abc import Mapping

from rediform.state import Node

# What Redis takes while it runs, and is not free all the same: the agent sets it, or users and firewall rely on it.
# With the names from before Redis 5, which it still understands.
FIXED = re.compile(
    "bind|port|protected-mode|masterauth|masteruser|requirepass|tls-.*|"
    "(replica|slave)-(announce.*|read-only|ignore-maxmemory)",
    re.IGNORECASE,
)


def live_settings(node: Node) -> dict[str, str]:
    """What Redis shall run with of the settings that need no restart, by directive. Who may tag a machine can write
    anything there.
    """
    with open(node.path("settings"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    named = {name: value for name, _, value in (line.partition(" ") for line in lines)}
    return {name: value for name, value in named.items() if not FIXED.fullmatch(name)}


def directives(node: Node, settings: Mapping[str, str]) -> list[str]:
    """Lines of redis.conf or sentinel.conf: those that the document has for a start, and over them these."""
    static = node.contents.startup.directives
    kept = {name: value for name, value in static.items() if name not in settings}
    return ["%s %s" % line for part in (kept, settings) for line in sorted(part.items())]


def unquoted(value: str) -> str:
    """A value as a command takes it, where a file has quotes around it."""
    return " ".join(shlex.split(value))


def words_of(settings: Mapping[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in (name, unquoted(value))]


def memory_bytes(text: str) -> int:
    """Redis's own notation: 1kb is 1024 bytes, 1k is 1000."""
    text = text.strip('"').lower()
    number = text.rstrip("bkmg")
    power = "bkmg".index((text[len(number) :] or "b")[0])
    return int(int(number) * (1024 if text.endswith("b") else 1000) ** power)


def shrinks(old: str, new: str) -> bool:
    """Whether a limit gets lower; 0 is Redis's word for none."""
    return 0 < memory_bytes(new) and not 0 < memory_bytes(old) <= memory_bytes(new)


def write_acl(node: Node, secrets: Mapping[str, str]) -> None:
    """`{app}` in a user's rules becomes `#SHA256`: Redis needs no password in clear to check one."""
    text = "".join("user %s %s\n" % user for user in sorted(node.contents.startup.users.items()))
    for purpose, password in secrets.items():
        text = text.replace("{%s}" % purpose, "#" + hashlib.sha256(password.encode()).hexdigest())
    node.write("acl", text, node.user)
