"""What Prometheus gets from a node: the exporters, their password, and the textfile."""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import tempfile
import time
import unittest
from unittest.mock import patch

from fake_machine import OnAMachine
from fixtures import contents_of, document_of
from one_node import PASSWORDS, OneNode

from rediform import handover, places
from rediform.backup.manifest import iso
from rediform.contents import Allow, Metrics
from rediform.document import Document
from rediform.errors import Failed, Refused
from rediform.machine import setup
from rediform.metrics import exporters, password, textfile, verb
from rediform.redis import Connection
from rediform.state import Node
from test_setup import REDIS, SENTINEL

METRICS = Metrics(nodePort=9100, proofEverySeconds=604800, redisPort=9121)
SERVICES = "rediform-redis-exporter.service rediform-node-exporter.service"
DEBIANS = "prometheus-redis-exporter.service prometheus-node-exporter.service"
NETWORKS = (Allow("10.62.0.0/24", 9121), Allow("10.62.0.0/24", 9100), Allow("10.63.0.7", 9121))
ON = dataclasses.replace(REDIS, metrics=METRICS, allow=(*REDIS.allow, *NETWORKS))
OFF = REDIS


class Exporters(OnAMachine):
    def setUp(self):
        super().setUp()
        for name in ("enabled", "defrag"):
            self.machine.put("/sys/kernel/mm/transparent_hugepage/" + name, "always madvise [never]\n")
        self.listening = set()
        self.enterContext(patch.object(exporters, "listens", lambda port: port in self.listening))
        self.enterContext(patch.object(exporters, "ANSWERS", 0.1))
        self.machine.systemctl = self.systemctl

    def systemctl(self, *words):
        """The exporters listen once they run."""
        if words[0] in ("stop", "restart") and "rediform-node-exporter.service" in words:
            self.listening = {9100, 9121} if words[0] == "restart" else self.listening - {9100, 9121}
        return (3 if "is-active" in words else 0), ""

    def set_up(self, facts):
        self.machine.calls.clear()
        setup.set_up(facts, lambda: self.machine.put(exporters.PASSWORDS, "{}") if facts.metrics else None)
        return self.machine.calls

    def test_are_installed_without_what_debian_recommends_and_nothing_of_debian_starts(self):
        calls = self.set_up(ON)
        mask = calls.index(f"systemctl --quiet mask {DEBIANS}")
        install = next(at for at, call in enumerate(calls) if call.startswith("DEBIAN") and "exporter" in call)
        self.assertLess(mask, install)
        self.assertIn(" install --no-install-recommends prometheus-redis-exporter prometheus-node-ex", calls[install])
        self.assertIn(f"systemctl --quiet stop {DEBIANS}", calls[mask:install])

    def test_start_last_once_their_units_and_password_are_there(self):
        calls = self.set_up(ON)
        server = calls.index("systemctl --no-block start rediform-volume.service redis.service")
        self.assertLess(server, calls.index(f"systemctl restart {SERVICES} rediform-metrics.timer"))
        self.assertEqual(calls[-1], f"systemctl restart {SERVICES} rediform-metrics.timer")
        self.assertEqual(self.machine.owners["var/lib/prometheus/node-exporter"], "root:root")

    def test_a_node_without_metrics_knows_nothing_of_them(self):
        self.assertEqual([call for call in self.set_up(OFF) if "exporter" in call or "metrics" in call], [])

    def test_going_they_are_stopped_and_leave_no_file_but_the_server_stays(self):
        self.set_up(ON)
        self.machine.put(exporters.TEXTFILE, "rediform_fit 1\n")
        calls = self.set_up(OFF)
        self.assertEqual(
            [call.split()[-1] for call in calls[-12:]], [unit for unit in reversed(exporters.UNITS) for _ in "123"]
        )
        self.assertFalse({exporters.TEXTFILE, exporters.PASSWORDS} & self.machine.files())
        self.assertEqual([call for call in calls if "restart" in call and "redis.service" in call], [])
        self.assertEqual([call for call in self.set_up(OFF) if "exporter" in call], [], "once is enough")

    def test_a_stop_that_fails_is_done_again(self):
        self.set_up(ON)
        self.machine.systemctl = lambda *words: (0, "")  # it is still active
        with self.assertRaisesRegex(Failed, "rediform-metrics.timer cannot be stopped"):
            exporters.stop()
        self.assertIn(exporters.PASSWORDS, self.machine.files())

    def test_a_unit_that_is_not_loaded_any_more_is_stopped(self):
        """As systemd says it of one that does not run and whose file is gone."""
        self.set_up(ON)
        self.machine.systemctl = lambda *words: (5 if "stop" in words else 3, "Unit x not loaded.")
        exporters.stop()
        self.assertNotIn(exporters.PASSWORDS, self.machine.files())

    def test_packages_that_cannot_be_had_are_a_reason_to_refuse(self):
        self.set_up(OFF)
        self.machine.broken = {"apt-get"}
        with self.assertRaisesRegex(Failed, "apt-get .* ended with 1"):
            self.set_up(ON)
        self.assertEqual([call for call in self.machine.calls if "rediform-redis-exporter" in call], [])

    def test_a_port_that_another_program_has_is_named(self):
        self.listening = {80}
        self.set_up(ON)
        self.machine.systemctl = lambda *words: (0, "")  # what listens is not ours
        with self.assertRaisesRegex(Failed, "another program has port 9121, which rediform-redis-exporter.service"):
            self.set_up(ON)

    def test_one_that_does_not_come_up_says_why(self):
        self.machine.systemctl = lambda *words: (0, "")
        self.machine.journalctl = lambda *words: (0, "flag provided but not defined\n")
        with self.assertRaisesRegex(Failed, "does not listen at port 9121: flag provided but not defined"):
            self.set_up(ON)

    def test_only_the_named_networks_get_through_their_sandbox(self):
        texts = setup.texts(ON)
        for unit in ("redis", "node"):
            text = texts[f"/etc/systemd/system/rediform-{unit}-exporter.service"]
            self.assertIn("IPAddressDeny=any\nIPAddressAllow=localhost 10.62.0.0/24 10.63.0.7\n", text)
            self.assertIn("User=prometheus\n", text)
        self.assertNotIn("canary", str(texts))
        sentinel = dataclasses.replace(SENTINEL, metrics=METRICS, allow=NETWORKS)
        text = setup.texts(sentinel)["/etc/systemd/system/rediform-redis-exporter.service"]
        self.assertIn("redis://127.0.0.1:26379 ", text)


class OnANode(OneNode):
    """A real server, and a document of it."""

    def setUp(self):
        super().setUp()
        self.root = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(patch.object(places, "ROOT", self.root))
        os.makedirs(self.root + exporters.FOLDER)
        os.makedirs(os.path.join(self.home, "agent"))

    def document(self, kind="redis", **more):
        metrics = {"nodePort": 9100, "proofEverySeconds": 3600, "redisPort": 9121}
        text = json.dumps(document_of(kind, **{**self.known, "metrics": metrics, **more}))
        path = os.path.join(self.home, "agent", hashlib.sha256(text.encode()).hexdigest() + ".json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return Document(path)

    def values(self, document):
        """By name, of what the textfile says."""
        verb.metrics(document)
        with open(self.root + exporters.TEXTFILE, encoding="utf-8") as file:
            lines = file.read().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def secret(self, **changed):
        self.write("../secrets.json", json.dumps({**PASSWORDS, **changed}))

    def given(self):
        with open(self.root + exporters.PASSWORDS, encoding="utf-8") as file:
            return set(json.load(file).values())


class Password(OnANode):
    def setUp(self):
        super().setUp()
        os.makedirs(os.path.dirname(self.root + exporters.PASSWORDS))
        self.restarts = []
        self.enterContext(patch.object(exporters, "restart", lambda: self.restarts.append(1)))

    def test_is_there_for_both_releases_of_the_exporter_and_for_nobody_else(self):
        self.assertTrue(password.renew(self.node))
        with open(self.root + exporters.PASSWORDS, encoding="utf-8") as file:
            given = json.load(file)
        port = self.node.port
        self.assertEqual(given, {f"redis://127.0.0.1:{port}": "d", f"redis://exporter@127.0.0.1:{port}": "d"})
        self.assertEqual(os.stat(self.root + exporters.PASSWORDS).st_mode & 0o777, 0o600)
        self.assertFalse(password.renew(self.node), "once is enough")

    def test_a_new_one_is_given_when_the_server_has_it(self):
        self.start()
        self.values(self.document())
        self.restarts.clear()
        self.secret(exporter="new")
        self.values(self.document())
        self.assertEqual((self.given(), self.restarts), ({"d"}, []))
        with self.node.connect() as server:
            server.ask("ACL", "SETUSER", "exporter", "resetpass", ">new")
        self.values(self.document())
        self.assertEqual((self.given(), self.restarts), ({"new"}, [1]))

    def test_a_server_that_does_not_run_will_have_it(self):
        password.renew(self.node)
        self.secret(exporter="new")
        self.assertTrue(password.renew(self.node))

    def test_the_exporters_user_may_ask_what_it_asks(self):
        self.start()
        with Connection(self.node.endpoint, "exporter", "d") as server:
            self.assertEqual(server.ask("INFO", "GET", "*"), "")


class Textfile(OnANode):
    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(password, "renew", lambda node: False))

    def test_is_what_prometheus_reads(self):
        self.start()
        document = self.document()
        values = self.values(document)
        info = 'rediform_node_info{cluster="x",node="redis-1",kind="redis",release="%s",document="%s"}'
        self.assertEqual(values[info % ("a" * 12, document.sha[:12])], 1)
        self.assertEqual(values["rediform_fit"], 1)
        self.assertEqual(values["rediform_document_refused"], 0)
        for name in ("backup_failures", "handovers", "handover_failures", "gate_refusals", "config_rewrite_failures"):
            self.assertEqual(values[f"rediform_{name}_total"], 0)
        self.assertNotIn("rediform_backup_every_seconds", values)
        with open(self.root + exporters.TEXTFILE, encoding="utf-8") as file:
            text = file.read()
        for name in {re.split("[{ ]", line)[0] for line in text.splitlines() if line[0] != "#"}:
            kind = "counter" if name.endswith("_total") else "gauge"
            self.assertEqual(text.count(f"# TYPE {name} {kind}\n"), 1)
        self.assertEqual(os.stat(self.root + exporters.TEXTFILE).st_mode & 0o777, 0o644)

    def test_a_server_that_does_not_run_is_not_fit_and_says_nothing_of_rewrites(self):
        values = self.values(self.document())
        self.assertEqual(values["rediform_fit"], 0)
        self.assertNotIn("rediform_config_rewrite_failures_total", values)

    def test_its_age_says_whether_it_is_still_written(self):
        document = self.document()
        self.values(document)
        os.utime(self.root + exporters.TEXTFILE, (1, 1))
        self.values(document)
        self.assertGreater(os.stat(self.root + exporters.TEXTFILE).st_mtime, time.time() - 60)

    def test_backups_and_proofs_that_the_node_knows(self):
        backup = {
            "everySeconds": 600,
            "keepDays": 1,
            "keepLast": 1,
            "place": "backups",
            "recipients": [],
            "undo": None,
        }
        document = self.document(backup=backup)
        self.assertEqual(self.values(document)["rediform_backup_every_seconds"], 600)
        self.assertNotIn("rediform_backup_last_timestamp_seconds", self.values(document))
        last = {"id": "20260301T100000Z-redis-2", "ended": iso(1772359260), "bytes": 5}
        self.node.remember("backups", last=last, proof={"id": last["id"], "at": "2026-03-01T10:20:00.5Z"})
        values = self.values(document)
        self.assertEqual(values["rediform_backup_last_timestamp_seconds"], 1772359200)
        self.assertEqual(values["rediform_restore_proven_timestamp_seconds"], 1772360400.5)
        self.assertEqual(values["rediform_restore_proof_every_seconds"], 3600)
        self.node.remember("backups", proof={"id": last["id"], "at": "some day"})
        self.assertNotIn("rediform_restore_proven_timestamp_seconds", self.values(document))

    def test_a_refused_document_counts_once(self):
        document = self.document()
        refused = os.path.join(document.place, "refused")
        with open(refused, "w", encoding="utf-8") as file:
            file.write("b" * 64 + " its trial did not end\n")
        self.assertNotIn("rediform_document_refused", self.values(document), "a trial is no refusal yet")
        for reason, count in (("no such word", 1), ("no such word", 1), ("again", 2)):
            if count == 2 or not os.stat(refused).st_mtime == 1000:
                with open(refused, "w", encoding="utf-8") as file:
                    file.write("b" * 64 + f" {reason}\n")
                os.utime(refused, (1000 * count, 1000 * count))
            values = self.values(document)
            self.assertEqual(values["rediform_document_refused"], 1)
            self.assertEqual(values["rediform_gate_refusals_total"], count)
        os.remove(refused)
        values = self.values(document)
        self.assertEqual((values["rediform_document_refused"], values["rediform_gate_refusals_total"]), (0, 2))

    def test_a_rewrite_that_failed(self):
        self.start()
        answers = {"cmdstat_config|rewrite": "calls=3,usec=9,usec_per_call=3.00,rejected_calls=0,failed_calls=2"}
        with patch.object(Connection, "fields", lambda *_: answers):
            found = list(textfile.of_rewrites(self.node))
        self.assertEqual([(each.name, each.value) for each in found], [("config_rewrite_failures_total", 2)])

    def test_a_handover_that_is_refused_is_counted(self):
        self.start()
        with self.assertRaises(Refused):
            handover.failover(self.node, None)
        values = self.values(self.document())
        self.assertEqual(values["rediform_handover_failures_total"], 1)

    def test_counters_of_verbs_that_run_side_by_side_lose_nothing(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.node.count("handovers"), range(40)))
        self.assertEqual(self.node.remembered("counts"), {"handovers": 40})

    def test_a_disk_that_is_full_stops_nothing_that_is_counted(self):
        with patch.object(Node, "remember", side_effect=OSError("No space left on device")):
            self.node.count("handovers")

    def test_a_sentinel_has_no_backups_and_no_handovers(self):
        node = Node(contents_of("sentinel"), self.home)
        names = [each.name for each in textfile.counters(node)]
        self.assertEqual(names, ["gate_refusals_total"])

    def test_without_metrics_there_is_nothing_to_write(self):
        with self.assertRaisesRegex(Refused, "no metrics"):
            verb.metrics(self.document(metrics=None))
        self.assertEqual(os.listdir(self.root + exporters.FOLDER), [])


del OnANode  # its tests are those of its classes

if __name__ == "__main__":
    unittest.main()
