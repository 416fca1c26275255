"""What rediform-metrics.timer asks for."""
import os

from rediform.document import Document
from rediform.errors import Refused
from rediform.metrics import exporters, password, textfile
from rediform.places import at
from rediform.storage import write


def metrics(document: Document) -> None:
    """Replaces the textfile as a whole, and lets the exporter have a password that its server has taken."""
    if not document.contents.metrics:
        raise Refused("there are no metrics in this node's document")
    path = at(exporters.TEXTFILE)
    write(path, textfile.text(document), mode=0o644)
    os.utime(path)  # node_exporter tells its age, which says whether this still runs
    if password.renew(document.node()):
        exporters.restart()
