"""Units of a machine: their text, also from the zip that the agent is on a node, and how they are started."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

from fake_machine import HERE, MAIN, OnAMachine
from rediform.contents import Allow, Backup, Metrics
from rediform.machine import units
from rediform.metrics import exporters

GOLDEN = os.path.join(HERE, "../resources/golden/units.txt")
BACKUP = Backup(
    everySeconds=21600, keepDays=30, keepLast=28, place="s3://bucket/rediform/production", recipients=[], undo=None
)
EXPORTERS = exporters.texts(
    Metrics(nodePort=9100, proofEverySeconds=None, redisPort=9121), "exporters", 6379, [Allow("10.62.0.0/24", 9121)]
)
CONF = {"redis": "/etc/redis/6379.conf", "sentinel": "/etc/redis/sentinel.conf"}


def golden(cluster):
    """Texts of its units, by path."""
    with open(GOLDEN, encoding="utf-8") as file:
        parts = re.split("^=== (.*) (.*)\n", file.read(), flags=re.MULTILINE)[1:]
    return {path: text for name, path, text in zip(*[iter(parts)] * 3) if name == cluster}


class Units(OnAMachine):
    def test_their_text(self):
        for cluster, backup, count in (("production", BACKUP, 6), ("staging", None, 4)):
            texts = {
                **units.texts("redis", cluster, False, CONF["redis"], backup),
                **units.texts("sentinel", cluster, False, CONF["sentinel"]),
            }
            self.assertEqual(len(texts), count)
            self.assertEqual(texts, golden(cluster))

    def test_the_text_of_those_of_the_exporters(self):
        expected = golden("exporters")
        self.assertEqual(len(expected), 4)
        self.assertEqual(EXPORTERS, expected)

    def test_from_source_only_the_program_is_another(self):
        expected = golden("production")
        for kind, conf in CONF.items():
            for path, text in units.texts(kind, "production", True, conf).items():
                self.assertEqual(text, expected[path].replace("=/usr/bin/", "=/usr/local/bin/"))
                self.assertEqual("/usr/local/bin/redis-server" in text, path == f"{units.FOLDER}{kind}.service")

    @unittest.skipUnless(
        shutil.which("systemd-analyze"), "systemd-analyze is missing; to get it: apt-get install systemd"
    )
    def test_systemd_accepts_them(self):
        for from_source in (False, True):
            for kind, conf in CONF.items():
                for path, text in units.texts(kind, "production", from_source, conf, BACKUP).items():
                    with self.subTest(path), tempfile.TemporaryDirectory() as folder:
                        self.assertEqual(self.complaints(os.path.join(folder, os.path.basename(path)), text), [])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing")
    def test_systemd_accepts_those_of_the_exporters(self):
        for path, text in EXPORTERS.items():
            with self.subTest(path), tempfile.TemporaryDirectory() as folder:
                self.assertEqual(self.complaints(os.path.join(folder, os.path.basename(path)), text), [])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing")
    def test_systemd_would_notice_a_wrong_one(self):
        with tempfile.TemporaryDirectory() as folder:
            text = units.packed("redis.service").replace("Restart=always", "Restart=sometimes")
            self.assertNotEqual(self.complaints(os.path.join(folder, "redis.service"), text), [])

    @staticmethod
    def complaints(path, text):
        """What systemd has to say of a unit. The programs of a node are not on this machine: /bin/true is."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^(Exec\w+=-?\+?)\S+", r"\1/bin/true", text))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False
        )
        return [line for line in (done.stdout + done.stderr).splitlines() if os.path.basename(path) in line]

    def test_a_percent_sign_or_a_dollar_of_a_value_stays(self):
        """Of a value nothing is filled in again; what it means to systemd is decided where it comes from."""
        self.assertIn(
            "redis-server $data%n\n", units.texts("redis", "a", False, "$data%n")[units.FOLDER + "redis.service"]
        )

    def test_the_same_text_comes_from_a_zip_without_folders(self):
        """As AgentBundle makes it: stored, and with entries for files only."""
        program = (
            "import json\n"
            "from rediform.machine import units\n"
            "print(json.dumps(units.texts('redis', 'production', False, '/etc/redis/6379.conf')))\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.pyz")
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("__main__.py", program)
                for place, _, names in os.walk(os.path.join(MAIN, "rediform")):
                    for name in names:
                        source = os.path.join(place, name)
                        if "__pycache__" not in source:
                            archive.write(source, os.path.relpath(source, MAIN))
            said = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=False, cwd=folder)
        self.assertEqual(said.stderr, "")
        self.assertEqual(json.loads(said.stdout), units.texts("redis", "production", False, CONF["redis"]))

    def test_the_timer_runs_where_there_are_backups_and_only_there(self):
        """Its file may be gone already."""
        units.start("redis", BACKUP)
        self.assertEqual(self.machine.calls[-1], "systemctl restart rediform-backup.timer")
        self.machine.broken = {"systemctl --quiet stop"}
        units.start("redis")
        self.assertEqual(self.machine.calls[-1], "systemctl --quiet stop rediform-backup.timer")

    def test_all_texts_of_the_agent_are_used(self):
        used = {unit for kind in units.UNITS.values() for unit in kind} | {"hardening", "__init__.py"}
        used |= {*units.OF_BACKUPS, *exporters.UNITS}
        found = set(os.listdir(os.path.join(MAIN, "rediform/files"))) - {"__pycache__"}
        self.assertLessEqual(used, found)
        self.assertEqual({name for name in found - used if name.endswith((".service", ".timer"))}, set())

    def test_they_are_written_where_systemd_reads_them(self):
        units.write(units.texts("sentinel", "production", False, CONF["sentinel"]))
        self.assertEqual(self.machine.files(), {"/etc/systemd/system/sentinel.service"})
        self.assertEqual(self.machine.mode("/etc/systemd/system/sentinel.service"), "0o644")

    def test_starting_does_not_wait(self):
        units.reload()
        units.start("redis")
        units.start("sentinel")
        self.assertEqual(
            self.machine.calls,
            [
                "systemctl daemon-reload",
                "systemctl enable --quiet redis.service",
                "systemctl --no-block start rediform-volume.service redis.service",
                "systemctl --quiet stop rediform-backup.timer",
                "systemctl enable --quiet sentinel.service",
                "systemctl --no-block start sentinel.service",
            ],
        )


if __name__ == "__main__":
    unittest.main()
