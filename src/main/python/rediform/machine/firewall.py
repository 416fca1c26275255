"""The firewall of this machine (ufw): only the networks that the document names reach the server, and SSH.

Rules made by hand stay; those of an earlier document, which OURS lists, go. The switch comes last: nothing is ever
open that should not be.
"""

import re
from collections.abc import Sequence

from rediform.contents import Allow
from rediform.machine import commands, files
from rediform.errors import Failed

OURS = "/etc/ufw/rediform"
SSH = 22
CLOSED = "Default: deny (incoming), allow (outgoing), "


def rule(allow: Allow) -> str:
    """As ufw itself writes it, a single address without /32: rules are compared as text."""
    return f"allow from {allow.from_.removesuffix('/32')} to any port {allow.port} proto tcp"


def apply(allow: Sequence[Allow], port: int) -> None:
    """`port` is the server's."""
    wanted = list(dict.fromkeys(rule(each) for each in allow))
    # For a default, and to enable what is enabled, ufw takes the firewall down and up again: for a moment all is open,
    # then nothing gets through.
    closed = is_closed()
    if not closed:
        ufw("default", "deny", "incoming")
        ufw("default", "allow", "outgoing")
    stay = [each for each in earlier(port) if each not in wanted and not delete(each)]
    files.write(OURS, "\n".join(wanted + stay) + "\n")
    for each in wanted:
        ufw(*each.split())
    if not closed:
        ufw("--force", "enable")


def is_closed() -> bool:
    try:
        lines = commands.output("ufw", "status", "verbose").splitlines()
    except Failed:
        return False
    return "Status: active" in lines and any(line.startswith(CLOSED) for line in lines)


def earlier(port: int) -> list[str]:
    """Rules of the document before. Without a list, those that look like one of ours."""
    listed = files.read(OURS)
    if listed:
        return [line for line in listed.splitlines() if line]
    ours = rf"^ufw (allow from [^ ]* to any port (?:{port}|{SSH}) proto tcp)$"
    return re.findall(ours, commands.output("ufw", "show", "added"), re.MULTILINE)


def delete(text: str) -> bool:
    """Whether the rule is gone. It may have been before: ufw then says so, and ends with 0."""
    try:
        ufw("delete", *text.split())
    except Failed as error:
        # It stays on the list, so that the next set-up tries again.
        commands.say(f"a rule of an earlier document stays: {error}")
        return False
    return True


def ufw(*words: str) -> None:
    commands.output("ufw", *words)  # what it prints of each rule would only fill the journal
