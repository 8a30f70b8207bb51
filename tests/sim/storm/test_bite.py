"""The simulator bites: each known bug, planted into the engine, fails some seed within its budget.

HEFU_SEEDS of 1000 and more searches all of them from seed 0, which proves the budgets; else those of which a seed is
known that finds them, that seed first.
"""

from __future__ import annotations

import os

import pytest

from hefu.sim.storm import draw, run_case
from hefu.sim.storm.bugs import BUGS, planted

THOROUGH = int(os.environ.get("HEFU_SEEDS", "0")) >= 1000


def test_there_are_enough_of_them():
    assert sum(bug.seed is not None for bug in BUGS.values()) >= 25
    assert len(BUGS) >= 25


@pytest.mark.parametrize("name", [name for name, bug in BUGS.items() if THOROUGH or bug.seed is not None])
def test_a_planted_bug_is_found(name):
    bug = BUGS[name]
    order = [*([] if THOROUGH else [bug.seed]), *range(bug.budget)]
    with planted(name):
        found = next((outcome for seed in order if not (outcome := run_case(draw(seed))).good), None)
    assert found is not None, f"{name}: not found within {bug.budget} seeds"
    assert "TypeError" not in found.wrong[0], f"{name} no longer fits the engine: {found.wrong[0]}"
