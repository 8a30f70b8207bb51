"""A failing case becomes small by itself, and fails in the same way."""

from __future__ import annotations

from hefu.sim.storm import draw, run_case
from hefu.sim.storm.bugs import BUGS, planted
from hefu.sim.storm.case import Case, Event
from hefu.sim.storm.play import Outcome
from hefu.sim.storm.shrink import kind_of, shrink


def test_a_failure_is_reduced_to_what_it_needs():
    name = "dropped_after_a_failure"
    with planted(name):
        seed = BUGS[name].seed
        assert seed is not None
        case = draw(seed)
        small = shrink(case)
        assert kind_of(run_case(small)) == kind_of(run_case(case))
    assert len(small.events) <= 12 < len(case.events)
    assert small.note
    assert run_case(small).good


def test_a_case_that_does_not_fail_stays_as_it_is():
    def good(case: Case) -> Outcome:
        return Outcome(case, [], "", 1)

    assert shrink(draw(1), good) == draw(1)


def test_two_events_that_only_fail_together_are_both_kept():
    needed = {Event(3, "edit", 1, "crm"), Event(90, "read", 2, "erp", "down")}
    case = draw(1).of([*(e for e in draw(1).events if e not in needed), *needed])

    def play(tried: Case) -> Outcome:
        return Outcome(tried, ["lost: it"] if needed <= set(tried.events) else [], "", 10_000)

    assert set(shrink(case, play).events) == needed


def test_another_fault_met_on_the_way_does_not_count():
    def play(tried: Case) -> Outcome:
        wrong = ["lost: it"] if len(tried.events) > 5 else ["echo: something else"]
        return Outcome(tried, wrong, "", 10_000)

    assert len(shrink(draw(1), play).events) == 6
