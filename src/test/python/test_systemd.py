"""What starts and stops the server of a machine."""
import unittest

from fake_machine import OnAMachine

from rediform.machine.commands import Failed
from rediform.machine.systemd import Systemd, unit_state


class OfAUnit(OnAMachine):
    """Its systemctl and journalctl print what those of Debian 12 print."""

    def setUp(self):
        super().setUp()
        self.properties = {
            "ActiveState": "active",
            "SubState": "running",
            "NRestarts": "0",
            "Result": "success",
            "InvocationID": "8c0d1f",
        }
        self.journal = ""
        self.machine.systemctl, self.machine.journalctl = self.systemctl, self.journalctl
        self.redis = Systemd("redis")

    def systemctl(self, verb, *words):
        if verb != "show":
            return 0, ""
        names = next(word for word in words if word.startswith("--property=")).split("=")[1].split(",")
        values = [value for name, value in self.properties.items() if name in names]
        if "--value" not in words:
            values = ["%s=%s" % each for each in self.properties.items() if each[0] in names]
        return 0, "\n".join(values) + "\n"

    def journalctl(self, *_):
        return 0, self.journal


class Host(OfAUnit):
    def test_each_kind_has_its_unit(self):
        for kind in ("redis", "sentinel"):
            Systemd(kind).restart()
        self.assertEqual(
            self.machine.calls,
            ["systemctl restart --no-block redis.service", "systemctl restart --no-block sentinel.service"],
        )

    def test_is_active_when_its_unit_is(self):
        self.assertTrue(self.redis.is_active())
        self.assertEqual(self.machine.calls, ["systemctl show --value --property=ActiveState redis.service"])

    def test_is_not_active_in_any_other_state(self):
        for state in ("inactive", "activating", "deactivating", "failed", "reloading"):
            with self.subTest(state=state):
                self.properties["ActiveState"] = state
                self.assertFalse(self.redis.is_active())

    def test_each_start_has_an_id_of_its_own(self):
        before = self.redis.start()
        self.properties["InvocationID"] = "77aa02"
        self.assertEqual((before, self.redis.start()), ("8c0d1f", "77aa02"))

    def test_a_server_that_does_not_run_has_none(self):
        self.properties["InvocationID"] = ""
        self.assertEqual(self.redis.start(), "")

    def test_a_systemd_that_does_not_answer_is_no_server_that_runs(self):
        self.machine.broken = {"systemctl"}
        self.assertFalse(self.redis.is_active())
        self.assertEqual(self.redis.start(), "")

    def test_a_restart_always_has_something_to_restart(self):
        self.properties["ActiveState"] = "inactive"
        self.assertTrue(self.redis.restart())

    def test_a_restart_that_systemd_refuses_is_a_failure(self):
        self.machine.broken = {"systemctl"}
        self.assertRaisesRegex(
            Failed, "^systemctl restart .* ended with 1: systemctl: it is broken$", self.redis.restart
        )

    def test_what_runs_beside_it_is_renewed_only_if_it_runs(self):
        self.redis.renew()
        self.assertEqual(self.machine.calls, ["systemctl try-restart rediform-attend.service"])

    def test_the_last_line_is_what_the_server_said(self):
        self.journal = "Bad directive or wrong number of arguments\n"
        self.assertEqual(self.redis.last_line(), "Bad directive or wrong number of arguments")

    def test_without_one_it_says_where_to_look(self):
        self.assertEqual(self.redis.last_line(), "why: journalctl -u redis.service")
        self.machine.broken = {"systemctl", "journalctl"}
        self.assertEqual(Systemd("sentinel").last_line(), "why: journalctl -u sentinel.service")


class State(OfAUnit):
    def test_of_a_server_that_does_not_come_up(self):
        self.properties.update(ActiveState="activating", SubState="auto-restart", NRestarts="5", Result="exit-code")
        self.journal = "Bad directive\n"
        self.assertEqual(
            unit_state("redis"),
            {
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "NRestarts": "5",
                "Result": "exit-code",
                "lastLine": "Bad directive",
            },
        )
        self.assertEqual(
            self.machine.calls,
            [
                "systemctl show redis.service --property=ActiveState,SubState,NRestarts,Result",
                "journalctl --unit redis.service --identifier=redis-server --lines=1 --output=cat",
            ],
        )

    def test_a_value_may_have_an_equals_sign(self):
        self.properties["Result"] = "a=b"
        self.assertEqual(unit_state("redis")["Result"], "a=b")

    def test_what_is_not_known_is_left_out(self):
        self.machine.broken = {"systemctl", "journalctl"}
        self.assertEqual(unit_state("sentinel"), {"lastLine": ""})


if __name__ == "__main__":
    unittest.main()
