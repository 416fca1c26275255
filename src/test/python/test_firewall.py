"""The firewall of a machine. After each command of a set-up only what should be open is open."""

import unittest

import fake_machine
from fake_machine import ALL, Killed, OnAMachine
from rediform.machine import firewall
from rediform.contents import Allow

PORT = 6379
OLD, KEPT, NEW = (f"allow from 10.{n}.0.0/16 to any port {PORT} proto tcp" for n in (1, 2, 3))
BEFORE = (Allow("10.1.0.0/16", PORT), Allow("10.2.0.0/16", PORT))
AFTER = (Allow("10.2.0.0/16", PORT), Allow("10.3.0.0/16", PORT))
BY_HAND = [
    "allow from 10.9.0.0/16 to any port 6379 proto tcp comment 'our agent'",
    "allow from 10.9.0.0/16 to any port 9100 proto tcp",
    "route allow in on eth0 out on eth1",
    "allow 'Node Exporter'",
    "deny from 10.8.0.0/16",
]
OPENED_BY_HAND = {rule for rule in BY_HAND if rule.startswith("allow")}
DOWN = ("ufw default", "ufw --force enable")  # commands that take the firewall down for a moment


class Firewall(OnAMachine):
    def apply(self, allow, port=PORT):
        """The commands that it ran; `seen` is what could be reached after each."""
        self.machine.calls.clear()
        self.ufw.seen.clear()
        firewall.apply(allow, port)
        return list(self.machine.calls)

    @property
    def ufw(self):
        return self.machine.ufw

    def listed(self):
        return self.machine.text("/etc/ufw/rediform").splitlines()

    def test_on_a_new_machine_the_switch_comes_last(self):
        self.assertEqual(
            self.apply(BEFORE),
            [
                "ufw status verbose",
                "ufw default deny incoming",
                "ufw default allow outgoing",
                "ufw show added",
                f"ufw {OLD}",
                f"ufw {KEPT}",
                "ufw --force enable",
            ],
        )
        self.assertEqual(self.ufw.reachable(), {OLD, KEPT})
        self.assertEqual(self.listed(), [OLD, KEPT])
        self.assertEqual(self.machine.mode("/etc/ufw/rediform"), "0o644")

    def test_from_one_document_to_the_next_nothing_is_open_that_should_not_be(self):
        self.apply(BEFORE)
        self.ufw.rules += BY_HAND
        calls = self.apply(AFTER)
        self.assertEqual(calls, ["ufw status verbose", f"ufw delete {OLD}", f"ufw {KEPT}", f"ufw {NEW}"])
        both = {OLD, KEPT} | OPENED_BY_HAND
        without = {KEPT} | OPENED_BY_HAND
        self.assertEqual(self.ufw.seen, [both, without, without, {KEPT, NEW} | OPENED_BY_HAND])
        self.assertEqual(self.listed(), [KEPT, NEW])

    def test_an_unchanged_document_does_not_take_the_firewall_down(self):
        self.apply(AFTER)
        for _ in range(3):
            calls = self.apply(AFTER)
            self.assertEqual([call for call in calls if call.startswith((*DOWN, "ufw delete"))], [])
            self.assertEqual(self.ufw.seen, [{KEPT, NEW}] * len(calls))

    def test_rules_made_by_hand_stay(self):
        self.ufw.rules += BY_HAND
        for allow in (BEFORE, AFTER, BEFORE, ()):
            self.apply(allow)
            self.assertEqual([rule for rule in self.ufw.rules if rule in BY_HAND], BY_HAND)
        self.assertEqual(self.ufw.rules, BY_HAND)

    def test_a_set_up_that_is_killed_anywhere_opens_nothing_and_the_next_one_repairs_it(self):
        self.apply(BEFORE)
        commands = len(self.apply(AFTER))
        for left in range(commands):
            with self.subTest(left=left), fake_machine.machine() as self.machine:
                self.apply(BEFORE)
                self.ufw.rules += BY_HAND
                self.machine.left = left
                with self.assertRaises(Killed):
                    self.apply(AFTER)
                killed = list(self.ufw.seen)
                self.machine.left = None
                self.apply(AFTER)
                for seen in killed + self.ufw.seen:
                    self.assertLessEqual(seen, {OLD, KEPT, NEW} | OPENED_BY_HAND)
                    self.assertLessEqual({KEPT} | OPENED_BY_HAND, seen)
                    self.assertFalse({OLD, NEW} <= seen)
                self.assertEqual(self.ufw.reachable(), {KEPT, NEW} | OPENED_BY_HAND)

    def test_the_first_set_up_that_is_killed_anywhere_is_done_again(self):
        for left in range(7):
            with self.subTest(left=left), fake_machine.machine() as self.machine:
                self.machine.left = left
                with self.assertRaises(Killed):
                    self.apply(BEFORE)
                self.machine.left = None
                self.apply(BEFORE)
                self.assertEqual(self.ufw.reachable(), {OLD, KEPT})
                self.assertEqual(self.listed(), [OLD, KEPT])

    def test_what_was_opened_by_hand_as_a_whole_is_closed_again(self):
        for change in ({"active": False}, {"incoming": "allow"}, {"outgoing": "deny"}):
            with self.subTest(change=change):
                self.apply(BEFORE)
                for name, value in change.items():
                    setattr(self.ufw, name, value)
                calls = self.apply(BEFORE)
                self.assertEqual(calls[1:3], ["ufw default deny incoming", "ufw default allow outgoing"])
                self.assertEqual(calls[-1], "ufw --force enable")
                self.assertEqual((self.ufw.active, self.ufw.incoming, self.ufw.outgoing), (True, "deny", "allow"))

    def test_a_firewall_that_does_not_say_its_state_is_not_taken_for_closed(self):
        self.apply(BEFORE)
        self.ufw.broken = {"status verbose"}
        self.assertEqual(self.apply(BEFORE)[-1], "ufw --force enable")

    def test_without_a_list_rules_that_look_like_ours_go(self):
        """As after a release that kept none."""
        ssh = "allow from 10.98.0.7 to any port 22 proto tcp"
        self.ufw.rules += [OLD, KEPT, *BY_HAND, ssh]
        for text in (None, ""):
            if text is not None:
                self.machine.put("/etc/ufw/rediform", text)
            self.apply(AFTER)
            self.assertEqual(self.ufw.rules, [KEPT, *BY_HAND, NEW])

    def test_a_document_that_allows_nothing_closes_all_and_does_not_adopt_rules_made_by_hand(self):
        self.apply(BEFORE)
        self.apply(())
        self.assertEqual(self.ufw.reachable(), set())
        self.ufw.rules.append(OLD)
        self.apply(())
        self.assertEqual(self.ufw.reachable(), {OLD})

    def test_a_single_address_is_written_as_ufw_writes_it_and_each_rule_once(self):
        rule = "allow from 10.98.0.7 to any port 22 proto tcp"
        self.apply((Allow("10.98.0.7/32", 22), Allow("10.98.0.7", 22)))
        self.assertEqual(self.listed(), [rule])
        self.assertEqual(self.ufw.rules, [rule])

    def test_a_rule_that_was_deleted_by_hand_is_no_failure(self):
        self.apply(BEFORE)
        self.ufw.rules.remove(OLD)
        self.apply(AFTER)
        self.assertEqual(self.ufw.rules, [KEPT, NEW])
        self.assertEqual(self.said, [])

    def test_a_rule_that_ufw_does_not_delete_is_told_and_tried_again_the_next_time(self):
        self.apply(BEFORE)
        self.ufw.broken = {f"delete {OLD}"}
        self.apply(AFTER)
        self.assertIn("stays: ufw delete " + OLD, self.said[0])
        self.assertEqual(self.listed(), [KEPT, NEW, OLD])
        self.ufw.broken = set()
        self.apply(AFTER)
        self.assertEqual(self.ufw.reachable(), {KEPT, NEW})
        self.assertEqual(self.listed(), [KEPT, NEW])

    def test_a_rule_that_ufw_does_not_take_is_a_failure_and_leaves_a_new_machine_as_it_is(self):
        self.ufw.broken = {NEW}
        with self.assertRaisesRegex(firewall.Failed, "problem running ufw-init"):
            self.apply(AFTER)
        self.assertEqual(self.ufw.reachable(), {ALL})

    def test_another_port_of_the_server_closes_the_one_before(self):
        self.apply(BEFORE)
        self.apply((Allow("10.2.0.0/16", 7000),), 7000)
        self.assertEqual(self.ufw.rules, ["allow from 10.2.0.0/16 to any port 7000 proto tcp"])


if __name__ == "__main__":
    unittest.main()
