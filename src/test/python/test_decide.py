"""May a data node start, and as what: every case, without a server."""
import unittest

from fixtures import HISTORY, ONE, THREE, TWO, replica, sentinel, view

from rediform import decide as decision
from rediform.decide import Action, start_as
from rediform.view import History


def decide(me, seen, has_data=True, stopped=HISTORY, first=ONE, waited=False, refused=False):
    return decision.decide(me, first, has_data, stopped, seen, waited, refused)


class Decide(unittest.TestCase):
    def test_follows_the_master_that_a_majority_names(self):
        self.assertEqual(decide(ONE, view([sentinel(TWO), sentinel(TWO), sentinel(ONE)])), start_as(TWO))

    def test_follows_it_even_when_it_is_the_first_master_itself_and_has_data(self):
        self.assertEqual(decide(ONE, view([sentinel(TWO)] * 3)), start_as(TWO))

    def test_one_of_three_sentinels_is_no_majority(self):
        decided = decide(ONE, view([sentinel(ONE)]))
        self.assertEqual(decided.action, Action.WAIT)
        self.assertIn("1 of 3", decided.reason)

    def test_two_of_five_sentinels_are_no_majority(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 2, count=5)).action, Action.WAIT)

    def test_starts_as_master_when_the_majority_says_so_and_it_has_data(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 2)), start_as(None))

    def test_an_empty_master_stays_down(self):
        decided = decide(ONE, view([sentinel(ONE)] * 3, {TWO: replica(ONE)}), has_data=False)
        self.assertEqual(decided.action, Action.WAIT)
        self.assertIn("no data", decided.reason)

    def test_an_empty_master_stays_down_even_when_no_replica_is_fit(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3), has_data=False).action, Action.WAIT)

    def test_a_crashed_master_lets_a_fit_replica_take_over(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3, {TWO: replica(ONE)}), stopped=None).action, Action.WAIT)

    def test_a_master_that_stopped_in_order_starts_when_no_replica_has_more(self):
        for offset, action in ((99, Action.START), (100, Action.START), (101, Action.WAIT)):
            seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, history=History("aa", offset))})
            self.assertEqual(decide(ONE, seen).action, action, offset)

    def test_a_master_whose_disk_is_of_another_history_waits(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, history=History("bb", 1))})
        self.assertEqual(decide(ONE, seen).action, Action.WAIT)

    def test_a_crashed_master_asks_for_the_failover_that_does_not_come(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=None, waited=True).action, Action.FAILOVER)

    def test_a_master_with_an_old_disk_asks_too_and_never_starts_by_itself(self):
        old = History("aa", 99)
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=old, waited=True).action, Action.FAILOVER)

    def test_an_empty_master_asks_at_once_when_no_sentinel_will_act_by_itself(self):
        for acts, action in ((True, Action.WAIT), (False, Action.FAILOVER)):
            seen = view([sentinel(ONE, acts=acts)] * 3, {TWO: replica(ONE)})
            self.assertEqual(decide(ONE, seen, has_data=False, stopped=None).action, action)

    def test_it_waits_until_the_sentinels_have_heard_the_last_offsets(self):
        later = History("aa", 101)
        for heard, action in ((100, Action.WAIT), (101, Action.FAILOVER)):
            sentinels = [sentinel(ONE, acts=False, offsets={TWO: 100, THREE: heard})] * 3
            seen = view(sentinels, {TWO: replica(ONE), THREE: replica(ONE, history=later)})
            self.assertEqual(decide(ONE, seen, has_data=False, stopped=None).action, action)

    def test_a_replica_that_a_sentinel_sees_and_that_gives_no_answer_may_have_more(self):
        for stopped in (None, HISTORY):
            seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)}, unheard=[THREE])
            self.assertEqual(decide(ONE, seen, stopped=stopped).action, Action.WAIT)
            alone = view([sentinel(ONE, acts=False)] * 3, unheard=[THREE])
            self.assertEqual(decide(ONE, alone, stopped=stopped).action, Action.WAIT)
            self.assertEqual(decide(ONE, alone, stopped=stopped, waited=True).action, Action.FAILOVER)

    def test_a_crashed_master_starts_when_sentinel_finds_nobody_to_promote(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE)})
        self.assertEqual(decide(ONE, seen, stopped=None, waited=True, refused=True), start_as(None))

    def test_an_empty_master_stays_down_however_long_it_waits(self):
        for known in (True, False):
            for refused in (True, False):
                seen = view([sentinel(ONE, knows=known)] * 3, {TWO: replica(ONE), THREE: replica(ONE)})
                decided = decide(ONE, seen, has_data=False, stopped=None, waited=True, refused=refused)
                self.assertEqual(decided.action, Action.FAILOVER)

    def test_an_empty_master_without_replicas_has_nobody_to_ask_for(self):
        decided = decide(ONE, view([sentinel(ONE)] * 3), has_data=False, stopped=None, waited=True)
        self.assertEqual(decided.action, Action.WAIT)

    def test_one_data_node_alone_decides_nothing_while_no_sentinel_answers(self):
        self.assertEqual(decide(ONE, view([], {TWO: replica(TWO)}), waited=True).action, Action.WAIT)

    def test_a_crashed_master_without_a_fit_replica_starts(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE)] * 3), stopped=None), start_as(None))

    def test_after_a_loss_of_all_nodes_the_master_starts_though_replicas_are_up_before_it(self):
        seen = view([sentinel(ONE)] * 3, {TWO: replica(ONE, synced=False), THREE: replica(ONE, synced=False)})
        self.assertEqual(decide(ONE, seen, stopped=None), start_as(None))

    def test_a_new_cluster_waits_for_a_majority_of_sentinels(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE, knows=False)]), has_data=False).action, Action.WAIT)

    def test_a_new_cluster_starts_with_the_first_master(self):
        fresh = view([sentinel(ONE, knows=False)] * 2)
        self.assertEqual(decide(ONE, fresh, has_data=False), start_as(None))
        self.assertEqual(decide(TWO, fresh, has_data=False), start_as(ONE))

    def test_fresh_sentinels_prove_nothing_when_a_data_node_knows_more(self):
        redis = {TWO: replica(TWO), THREE: replica(TWO)}
        fresh = view([sentinel(ONE, knows=False)] * 3, redis)
        self.assertEqual(decide(ONE, fresh, has_data=False), start_as(TWO))

    def test_fresh_sentinels_and_replicas_that_still_follow_the_empty_first_master(self):
        redis = {TWO: replica(ONE), THREE: replica(ONE)}
        fresh = view([sentinel(ONE, knows=False)] * 3, redis)
        self.assertEqual(decide(ONE, fresh, has_data=False).action, Action.WAIT)

    def test_a_node_with_data_never_takes_a_cluster_for_new(self):
        self.assertEqual(decide(ONE, view([sentinel(ONE, knows=False)] * 3), has_data=True).action, Action.WAIT)

    def test_a_node_that_remembers_a_cluster_never_takes_it_for_new(self):
        fresh = view([sentinel(ONE, knows=False)] * 3, formed=True)
        self.assertEqual(decide(ONE, fresh, has_data=False).action, Action.WAIT)

    def test_nobody_answers(self):
        self.assertEqual(decide(ONE, view([])).action, Action.WAIT)


if __name__ == "__main__":
    unittest.main()
