"""A machine as a folder, with a real Redis and a stand-in for systemd: what a document installs there is what a real
one gets, but for the paths.
"""
import contextlib
import glob
import hashlib
import io
import json
import os
import pwd
import re
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

from fixtures import MACHINE, PACKAGE, WithFiles, document_of
from one_node import LIMIT, PASSWORDS, SERVER, USERS, free_port

USER = pwd.getpwuid(os.geteuid()).pw_name

# Stands in for systemctl: restarts the server as its unit would, and knows what a unit is asked for.
SYSTEMCTL = r"""#!/bin/sh
echo "systemctl $*" >> "$MACHINE/calls"
case "$1 $2" in
"show --value")
  case "$3" in
  --property=ActiveState) cat "$MACHINE/active" ;;
  --property=InvocationID) cat "$MACHINE/invocation" ;;
  esac ;;
restart*) "$MACHINE/restart" ;;
esac
exit 0
"""


# Programs that a set-up asks, on a machine where all is as it should be.
PROGRAMS = {
    "systemctl": SYSTEMCTL,
    "journalctl": "#!/bin/sh\necho its last line\n",
    "dpkg": "#!/bin/sh\necho 'Status: install ok installed'\n",
    "ufw": """#!/bin/sh
echo "ufw $*" >> "$MACHINE/calls"
printf 'Status: active\\nDefault: deny (incoming), allow (outgoing), disabled (routed)\\n'
""",
    "sysctl": '#!/bin/sh\nexec "$MACHINE/sysctl"\n',
    "id": "#!/bin/sh\n",
}


def bundle(change=lambda name, text: text):
    """The agent as a zip, with changes to its texts."""
    content = io.BytesIO()
    paths = glob.glob(PACKAGE + "/rediform/**", recursive=True)
    names = [os.path.relpath(path, PACKAGE) for path in paths if os.path.isfile(path) and "__pycache__" not in path]
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("__main__.py", *sorted(names)):
            with open(os.path.join(PACKAGE, name), encoding="utf-8") as file:
                archive.writestr(zipfile.ZipInfo(name), change(name, file.read()))  # the same bytes each time
    return content.getvalue()


def broken(module, function):
    """A change of an agent, after which a function fails."""

    def change(name, text):
        if name != "rediform/" + module:
            return text
        head = re.search(r"(?s)\bdef %s\(.*?\) -> [^\n]*:\n( +)" % function, text)
        return text[: head.end()] + "raise TypeError('broken')\n" + head[1] + text[head.end() :]

    return change


def unchanged(_, text):
    return text


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Machine(WithFiles):
    def setUp(self):
        self.top = self.folder = self.enterContext(tempfile.TemporaryDirectory())
        os.makedirs(self.path("bin"))
        os.makedirs(self.path("var/lib/rediform/agent"))
        for name, text in PROGRAMS.items():
            self.script("bin/" + name, text)
        self.script("sysctl", "#!/bin/sh\n")
        os.symlink(os.path.realpath(SERVER), self.path("bin/redis-server"))
        self.write("var/lib/rediform/secrets.json", json.dumps(PASSWORDS))
        self.write("calls", "")
        self.is_active("inactive")
        self.write("invocation", "one\n")
        self.port = free_port()
        self.server = None
        self.addCleanup(self.end)

    def files(self):
        """All but the fetched documents and agents."""
        found = glob.glob(self.folder + "/**", recursive=True)
        return sorted(path for path in found if os.path.dirname(path) != self.path("var/lib/rediform/agent"))

    def script(self, name, text):
        self.write(name, text)
        os.chmod(self.path(name), 0o755)

    def is_active(self, state):
        self.write("active", state + "\n")

    def agent(self, change=unchanged):
        """An agent of this folder: what it takes for / is here, and nobody gives it passwords."""
        ours = {
            "rediform/places.py": (('ROOT = "/"', "ROOT = %r" % self.folder), ('USER = "redis"', "USER = %r" % USER)),
            "rediform/state.py": (("return self.volume and", "return self.volume and False and"),),
            "rediform/machine/secret.py": (("RENEWAL = 10", "RENEWAL = 0"),),
            "rediform/machine/aws.py": (("http://169.254.169.254", "http://127.0.0.1:1"),),
        }

        def both(name, text):
            for old, new in ours.get(name, ()):
                assert old in text, old
                text = text.replace(old, new)
            return change(name, text)

        return bundle(both)

    def document(self, startup=None, live=None, change=unchanged, backup=None, **machine):
        """A document with its agent, as the bootstrap has fetched them; returns its checksum."""
        startup = {"appendonly": "no", "save": "3600 1", "bind": "127.0.0.1", "port": self.port, **(startup or {})}
        place = self.path("var/lib/rediform/agent/")
        agent = self.agent(change)
        content = json.dumps(
            document_of(
                "redis",
                agent=sha(agent),
                backup=backup,
                machine={**MACHINE, **machine},
                directives={name: str(value) for name, value in startup.items()},
                users=USERS,
                live=live or {"maxmemory": "64mb"},
                port=self.port,
                firstMaster="127.0.0.1:%d" % self.port,
                downAfterMilliseconds=500,
            )
        ).encode()
        for name, data in ((sha(content) + ".json", content), (sha(agent) + ".pyz", agent)):
            with open(place + name, "wb") as file:
                file.write(data)
        return sha(content)

    def ask(self, document, *words):
        """(exit code, what it printed)"""
        environment = {**os.environ, "PATH": self.path("bin") + ":" + os.environ["PATH"], "MACHINE": self.folder}
        with open(self.path("var/lib/rediform/agent/%s.json" % document), "rb") as file:
            agent = json.load(file)["agent"]
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-B",
                self.path("var/lib/rediform/agent/%s.pyz" % agent),
                words[0],
                "--document",
                self.path("var/lib/rediform/agent/%s.json" % document),
                *words[1:],
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # in the order in which the bootstrap hears it
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    def works(self, document, *words):
        code, said = self.ask(document, *words)
        self.assertEqual(code, 0, said)
        return said

    def fails(self, document, *words):
        """The reason: the last line that it prints."""
        code, said = self.ask(document, *words)
        self.assertEqual(code, 1, said)
        self.assertNotIn("Traceback", said)
        return said.splitlines()[-1]

    # What the agent's start-gate would leave behind; who is master is no question here.
    def start(self, document):
        self.works(document, "configure")
        self.write(
            "var/lib/rediform/started.json",
            json.dumps({"startup": json.loads(self.read("var/lib/rediform/installed.json"))["startup"]}),
        )
        self.server = subprocess.Popen(
            [self.path("bin/redis-server"), self.path("etc/redis/%d.conf" % self.port)], stdout=subprocess.DEVNULL
        )
        self.is_active("active")
        self.soon(lambda: "fit" in self.ask(document, "health")[1] and self.info("role"))

    def info(self, name):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 1) as redis:
                redis.sendall(b"AUTH admin a\r\nINFO everything\r\nQUIT\r\n")
                said = redis.makefile().read()
            return dict(line.split(":", 1) for line in said.splitlines() if ":" in line).get(name)
        return None

    def soon(self, condition):
        deadline = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def end(self):
        if self.server:
            self.server.kill()
            self.server.wait()
