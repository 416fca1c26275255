"""Where a node keeps its files. Relative places start from the node's home."""
import os
from rediform.contents import Kind, Layout

ROOT = "/"  # of a machine's files; tests set another
USER = "redis"  # of a machine, who the server runs as
HOME = "/etc/rediform"  # of a machine
STATE = "/var/lib/rediform/"
# Name of each file below the state's folder; what it is: see Node.
STATES = {
    "settings": "settings.conf",
    "taken": "settings.json",
    "memory": "memory.json",
    "waiting": "waiting",
    "counts": "counts.json",
}
STATES_OF_REDIS = {"backups": "backups.json", "borrowed": "borrowed", "lead": "lead", "restore": "restore.json"}
# The same below the data's: what is on one disk, or lost, together.
BESIDE_DATA = {"stopped": "stopped.json"}
BESIDE_DATA_OF_REDIS = {"ran": "persistence.json", "undo": "undo"}


def at(path: str) -> str:
    """Where a path of the machine really is."""
    return os.path.join(ROOT, path.lstrip("/"))


def places(layout: Layout, kind: Kind, port: int) -> dict[str, str]:
    """Places by name. The live config is in a folder of the server's own, because Redis and Sentinel replace it."""
    is_redis = kind == "redis"
    states = {**STATES, **(STATES_OF_REDIS if is_redis else {})}
    beside = {**BESIDE_DATA, **(BESIDE_DATA_OF_REDIS if is_redis else {})}
    if layout == "machine":
        # The specification's places: /etc/redis/6379.conf and /var/redis/6379.
        name = str(port) if is_redis else "sentinel"
        data, state = "/var/redis/" + name, STATE
        found = {
            "live": "/etc/redis/%s.conf" % name,
            "acl": "/etc/redis/%s.acl" % name,
            "secrets": STATE + "secrets.json",
        }
        door = "/run/rediform/door"
    else:
        data, state = "data", ""
        found = {
            "live": "live/%s.conf" % kind,
            "acl": "live/users.acl",
            "secrets": "../secrets.json",
            "appPassword": "../password",
        }
        door = "run/door"
    found["data"] = data
    found.update({name: state + file for name, file in states.items()})
    found.update({name: data + "/" + file for name, file in beside.items()})
    return {**found, "door": door} if is_redis else found
