"""Cases that once failed, each reduced to what it needs: they hold for ever (tests/regressions)."""

from __future__ import annotations

from pathlib import Path

import pytest

from hefu.sim.storm import Case, run_case
from hefu.sim.storm.bugs import planted

CASES = sorted((Path(__file__).parents[2] / "regressions").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_a_kept_case_holds(path):
    case = Case.load(path)
    assert case.note, "say what it once found"
    outcome = run_case(case)
    assert outcome.good, outcome.wrong
    if case.bug:
        with planted(case.bug):
            assert not run_case(case).good
