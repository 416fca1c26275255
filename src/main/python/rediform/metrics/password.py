"""The password by which the exporter asks this node's server."""
import hashlib
import json

from rediform.machine import files
from rediform.metrics.exporters import PASSWORDS
from rediform.redis import UNREACHABLE
from rediform.state import Node

USER = "exporter"
# By which name an exporter looks for its password: 1.45 (Debian 12) leaves the user out, 1.69 (Debian 13) does not.
ADDRESSES = ("redis://127.0.0.1:%d", "redis://exporter@127.0.0.1:%d")


def renew(node: Node) -> bool:
    """Writes it for the exporter; whether it has changed. A server takes a new password when it starts: until then
    the exporter keeps the one that its server knows.
    """
    password = node.secrets()[USER]
    text = json.dumps({address % node.port: password for address in ADDRESSES}, sort_keys=True) + "\n"
    before = files.read(PASSWORDS)
    if before == text or before and not is_known(node, password):
        return False
    files.write(PASSWORDS, text, 0o600)
    return True


def is_known(node: Node, password: str) -> bool:
    """Whether the server has the password, or will have it, since it does not run."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    try:
        with node.connect() as server:
            return digest in str(server.ask("ACL", "GETUSER", USER))
    except ConnectionRefusedError:
        return True
    except UNREACHABLE:
        return False
