"""rediform's agent: what runs on a node, by the settings of one document (docs/decisions/0027).

    VERB --document FILE [WORD...]

    check              tries the document beside what runs, and changes nothing
    install            makes this machine what the document says, whatever it was before
    install --restart  also restarts the server, if it was started with something else, until it is fit
    health             one line of JSON; exit code 0 when the node is fit
        --wait SECONDS   how long it may take to become so
    volume             waits for the data volume, makes a file system on an empty one, mounts it, and grows it when
                       the volume grew
    configure          the document + what was learned at run time -> the live config
    start-gate         decides whether this node may start, and as what; waits if need be
    handover           a master hands over before it stops, so that no write is lost
    failover           a master hands over and goes on as a replica; --to names the new one
    forget             a Sentinel looks anew for the others, without those that are gone
    lead               a data node that waits because no Sentinel remembers a master starts as master
    settings           Redis takes what has changed of the settings that need no restart
    metrics            says to Prometheus how this node is
    attend             keeps a connection for these verbs, for when clients fill the server
    backup             takes a backup if one is due and it is this node's turn
    backup --now       takes one now
    backups            one line of JSON: all backups of the cluster
    object --id ID     the data of a backup on standard output, as it is stored
    proof --id ID --text JSON   keeps what a restore of a backup has shown; its JSON may also come as base64url
    moments            one line of JSON: which moments of its own history this node has
    history --at SECONDS   the AOF that has that second (since 1970) on standard output: a line of JSON, then its files
        --check          only that line
    restore --id ID    replaces the data of the cluster by a backup; on its master

No file says who is master: that is asked of the Sentinels at every start.
"""
# Each call starts Python, which compiles what it imports from the bundle: so each verb imports what it needs, and
# all of that before it begins. Later the bundle may be gone: a start-gate waits for hours, `attend` runs for weeks.
import argparse
import json
import sys
from collections.abc import Callable
from typing import Optional

from rediform.document import Document
from rediform.errors import Failed, Refused
from rediform.redis import RedisError
from rediform.state import Node

SERVER = ("configure", "start-gate", "handover", "failover", "forget", "lead", "settings", "restore", "attend")
BACKUP = ("backup", "backups", "object", "proof")
UNDO = ("moments", "history")


def perform(verb: str, document: Document, words: Optional[argparse.Namespace] = None) -> int:
    """Does what the verb says; returns the exit code."""
    if verb == "check":
        from rediform.check import check

        return check(document, perform)
    if verb == "install":
        from rediform import install

        if words and words.restart:
            install.restart(document)
        else:
            install.install(document)
        return 0
    if verb == "health":
        from rediform.health import of_document

        report = of_document(document, words.wait if words else 0)
        print(json.dumps(report))
        return 0 if report["fit"] else 1
    if verb == "metrics":
        from rediform.metrics.verb import metrics

        metrics(document)
        return 0
    if verb == "volume":
        return volume(document)
    if verb == "start-gate":
        return start_gate(document)
    if verb in BACKUP + UNDO:
        return for_backups(verb, document, words or argparse.Namespace(now=False, id=None, text=None))
    return for_server(verb, document, words)


def for_backups(verb: str, document: Document, words: argparse.Namespace) -> int:
    """What goes wrong is told beside standard output, which may be data."""
    node = document.node()
    try:
        if verb in UNDO:
            from rediform.undo.verbs import verb as of_undo

            of_undo(verb, words.at, words.check)(node)
        else:
            from rediform.backup.verbs import verb as of_backups

            of_backups(verb, words.now, words.id, words.text)(node)
    except (Failed, Refused) as error:
        print("%s: %s" % (node.name, error), file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, RedisError) as error:
        print("rediform-node %s: %s: %s" % (verb, type(error).__name__, error), file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


def start_gate(document: Document) -> int:
    """Notes what the server is started with; nothing, if a document was installed meanwhile."""
    before = document.remembered("installed.json").get("startup")
    code = for_server("start-gate", document)
    after = document.remembered("installed.json").get("startup")
    document.remember("started.json", {"startup": before if before == after else None})
    return code


def volume(document: Document) -> int:
    import subprocess

    from rediform.machine.volume import bring

    try:
        bring(document.node().path("data"), document.state("mkfs"), document.will_change)
    except (OSError, Failed, subprocess.CalledProcessError) as error:
        print("volume: %s" % error, file=sys.stderr)
        return 1
    return 0


def for_server(verb: str, document: Document, words: Optional[argparse.Namespace] = None) -> int:
    """What a node does for its server, and with it."""
    try:
        node = document.node()
        try:
            act(verb, node, words)(node)
        except (Failed, Refused) as refused:
            print("%s: %s" % (node.name, refused), file=sys.stderr)
            return 1
    except (OSError, ValueError, KeyError, RedisError) as error:
        print("rediform-node %s: %s: %s" % (verb, type(error).__name__, error), file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


def act(verb: str, node: Node, words: Optional[argparse.Namespace]) -> Callable[[Node], object]:
    """What a verb does on a node of this kind."""
    if verb == "start-gate":
        from rediform.start import start_gate

        return start_gate
    if verb == "configure":
        if node.is_sentinel:
            from rediform.sentinel import configure_sentinel

            return configure_sentinel
        from rediform.settings import configure

        return configure
    if verb == "forget" and node.is_sentinel:
        from rediform.sentinel import forget

        return forget
    if verb == "handover" and node.is_sentinel:
        return lambda _: None  # nothing to hand over
    if node.is_sentinel or verb == "forget":
        raise Refused("a %s node cannot do that" % node.kind)
    if verb == "lead":
        from rediform.start import lead

        return lead
    if verb == "settings":
        from rediform.settings import take_settings

        return take_settings
    if verb == "attend":
        from rediform.attend import attend

        return attend
    if verb == "restore" and words:
        from rediform.backup.restore import perform as perform_restore

        asked = words
        return lambda node: perform_restore(node, asked)
    from rediform.handover import failover, handover

    return handover if verb == "handover" else lambda node: failover(node, words.to if words else None)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="rediform-node", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["check", "install", "health", "metrics", "volume", *SERVER, *BACKUP, *UNDO])
    parser.add_argument("--document", required=True, metavar="FILE", help="what to go by; the bootstrap names it")
    parser.add_argument("--restart", action="store_true", help="for install")
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="for health")
    parser.add_argument("--to", metavar="ENDPOINT", help="for failover: who shall be master")
    parser.add_argument("--now", action="store_true", help="for backup")
    parser.add_argument("--id", help="for object, proof and restore: which backup")
    parser.add_argument("--text", metavar="JSON", help="for proof")
    parser.add_argument("--at", type=int, metavar="SECONDS", help="for history: since 1970")
    restore = parser.add_argument_group("restore")
    restore.add_argument("--stdin", action="store_true", help="its RDB file is on standard input, not in the store")
    restore.add_argument("--bytes", type=int, default=0, help="of its RDB file")
    restore.add_argument("--rdb-version", type=int, default=0)
    restore.add_argument("--sha256", help="of its RDB file")
    restore.add_argument("--keys", metavar="0:100,3:5", help="how many it has, by database")
    restore.add_argument("--replace-data", action="store_true", help="what the cluster holds may go")
    restore.add_argument("--check", action="store_true", help="only says whether it can be done; also for history")
    restore.add_argument("--ended", action="store_true", help="one that did not end is not to be run again")
    arguments = parser.parse_args(words)
    try:
        return perform(arguments.verb, Document(arguments.document), arguments)
    except (Failed, Refused, RedisError) as error:
        print(error, flush=True)
    except (OSError, ValueError, KeyError) as error:
        print("%s: %s" % (type(error).__name__, error), flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
