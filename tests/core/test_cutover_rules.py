"""What a runbook says: what is due, what is late, the score, the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hefu.core import cutover as rules
from hefu.core.project import Cutover

DOC = Cutover.model_validate(
    {
        "cutover": "go_live",
        "threshold": 75,
        "steps": [
            {"step": "freeze", "owner": "Li", "lasts": "10m", "weight": 1, "back": {"do": {"resume": "flow:f"}}},
            {"step": "load", "owner": "Li", "lasts": "1h", "weight": 2, "must": True, "back": {}},
            {"step": "train", "owner": "Wu", "lasts": "2h", "after": ["freeze"], "weight": 1},
            {"step": "open", "owner": "Wu", "lasts": "5m", "after_go": True, "back": {}},
        ],
    }
)
BEGAN = datetime(2026, 12, 31, 18, tzinfo=UTC)


def test_steps_are_due_once_those_before_them_are_done():
    assert rules.due(DOC, {}, decided=False) == ["freeze"]
    assert rules.due(DOC, {"freeze": "passed"}, decided=False) == ["load", "train"]
    assert rules.due(DOC, {"freeze": "skipped", "load": "failed"}, decided=False) == ["load", "train"]
    done = {"freeze": "passed", "load": "passed", "train": "passed"}
    assert rules.due(DOC, done, decided=False) == [], "what follows the decision waits for it"
    assert rules.due(DOC, done, decided=True) == ["open"]


def test_the_plan_of_time_follows_what_rests_on_what():
    minutes = {name: (a.total_seconds() / 60, b.total_seconds() / 60) for name, (a, b) in rules.schedule(DOC).items()}
    assert minutes == {"freeze": (0, 10), "load": (10, 70), "train": (10, 130), "open": (130, 135)}
    assert rules.total(DOC) == timedelta(minutes=135)


def test_late_is_what_should_be_done_and_is_not():
    now = BEGAN + timedelta(minutes=80)
    assert rules.late(DOC, {"freeze": "passed"}, BEGAN, now) == {"load": timedelta(minutes=10)}
    assert rules.late(DOC, {"freeze": "passed", "load": "passed"}, BEGAN, now) == {}
    assert rules.late(DOC, {"freeze": "passed", "load": "failed"}, BEGAN, now) == {"load": timedelta(minutes=10)}


def test_the_score_counts_what_passed_before_the_decision():
    found = rules.score(DOC, {"freeze": "passed", "train": "passed"})
    assert (found.points, found.missing, found.go) == (50, ("load",), False)
    found = rules.score(DOC, {"freeze": "passed", "load": "passed"})
    assert (found.points, found.missing, found.open, found.go) == (75, (), ("train",), True)
    found = rules.score(DOC, {"freeze": "passed", "load": "skipped", "train": "passed"})
    assert (found.points, found.missing, found.go) == (50, ("load",), False), "skipped is not passed"


def test_the_way_back_runs_in_reverse_over_what_was_begun():
    states = {"freeze": "passed", "load": "failed", "train": "passed", "open": "waiting"}
    assert [s.step for s in rules.way_back(DOC, states)] == ["load", "freeze"]


STEPS = st.sampled_from([s.step for s in DOC.steps])
STATES = st.sampled_from(["waiting", "running", "passed", "failed", "skipped"])


@given(st.dictionaries(STEPS, STATES), st.booleans())
def test_what_is_due_is_never_done_and_passing_it_never_lowers_the_score(states: dict[str, str], decided: bool):
    before = rules.score(DOC, states)
    assert 0 <= before.points <= 100
    for name in rules.due(DOC, states, decided=decided):
        assert states.get(name) not in rules.ENDED
        assert rules.score(DOC, {**states, name: "passed"}).points >= before.points
