"""The node's passwords, which the machine reads with its own identity."""
import json
import os

from rediform.contents import Contents, Machine
from rediform.errors import Failed
from rediform.machine.aws import get_secret
from rediform.machine.commands import say
from rediform.machine.retry import PATIENCE, retry
from rediform.storage import write

RENEWAL = 10  # seconds for the secret where this machine has it from an earlier boot


def fetch(contents: Contents, path: str) -> None:
    """Puts a machine's passwords into a file that only root reads."""
    assert contents.machine
    machine: Machine = contents.machine
    known = os.path.exists(path)
    try:
        passwords = retry("secret", lambda: read(machine), RENEWAL if known else PATIENCE)
    except Failed as error:
        if not known:
            raise
        # A node that knows its passwords must not stay down because a service is; Redis of the
        # other nodes says whether they are still right.
        say("%s; goes on with the passwords of an earlier boot" % error)
        return
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    write(path, json.dumps(passwords))


def read(machine: Machine) -> dict[str, str]:
    passwords = json.loads(get_secret(machine.region, machine.secret))
    # What a person may have put there must not take the place of passwords that are known.
    if not isinstance(passwords, dict) or not all(isinstance(each, str) for each in passwords.values()):
        raise ValueError("secret %s is no object with a text for each user; deploy again" % machine.secret)
    return passwords
