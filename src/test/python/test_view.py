"""What a node makes of the others' answers."""
import unittest

from fixtures import sentinel

from rediform.view import may_act, sentinel_count


class Sentinels(unittest.TestCase):
    def count(self, views, remembered=()):
        seen = {name: sentinel(sentinels=named, knows=knows) for name, (named, knows) in views.items()}
        return sentinel_count(seen, remembered, ["a", "b", "c"])

    def test_five_that_have_become_three_are_three_whatever_a_node_remembers(self):
        views = {"a": (["b", "c"], True), "b": (["a", "c"], True), "c": (["a", "b"], True)}
        self.assertEqual(self.count(views, list("abcde")), 3)
        self.assertEqual(self.count(dict(list(views.items())[:2]), list("abcde")), 3)

    def test_three_of_five_that_remember_all_are_three_of_five(self):
        self.assertEqual(self.count({s: ([o for o in "abcde" if o != s], True) for s in "abc"}), 5)

    def test_new_ones_and_those_that_differ_say_nothing_against_what_a_node_remembers(self):
        self.assertEqual(self.count({s: ([], False) for s in "abc"}, list("abcde")), 5)
        self.assertEqual(self.count({"a": (["b"], True), "b": (["a", "c"], True)}, list("abcde")), 5)
        self.assertEqual(self.count({}, ["a"]), 3)

    def test_a_sentinel_acts_when_its_master_is_newly_down_or_soon_will_be_and_when_it_is_at_it(self):
        fresh = {"flags": "master", "down-after-milliseconds": "40000", "last-ok-ping-reply": "900"}
        down = {**fresh, "flags": "s_down,master", "s-down-time": "1000", "last-ok-ping-reply": "41000"}
        for master, acts in (
            (fresh, False),
            ({**fresh, "down-after-milliseconds": "5000"}, True),
            ({**fresh, "last-ok-ping-reply": "36000"}, True),
            (down, True),
            ({**down, "s-down-time": "60000"}, False),
            ({**down, "s-down-time": "60000", "flags": "s_down,master,failover_in_progress"}, True),
        ):
            self.assertEqual(may_act(master), acts, master)


if __name__ == "__main__":
    unittest.main()
