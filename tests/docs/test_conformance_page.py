"""The page of results is what a run wrote, and every shipped connector stands on it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from docs.conformance import REAL_ONLY, proven

from hefu import connectors
from hefu.app.proven import results
from hefu.sim.conformance import CHECKS
from hefu.sim.sheet import RESULT, Sheet

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", connectors.names())
def test_every_shipped_connector_has_been_through_the_suite(name: str) -> None:
    mine = [row for row in results()["suites"] if row["connector"] == name]
    if name in REAL_ONLY and not mine:
        assert (ROOT / REAL_ONLY[name]).exists()
        assert f"| `{name}` | no results of a run yet" in proven("en"), "what was not run is said"
        return
    assert mine, f"no results of {name}: run 'make conformance', or its test file with --hefu-sheet-file"
    assert any(row["abilities"] for row in mine)
    assert f"| `{name}` |" in proven("en")


def test_every_row_comes_from_a_test_that_is_here_and_every_check_is_known() -> None:
    for row in [*results()["suites"], *results()["judges"]]:
        assert (ROOT / row["tests"]).exists(), f"{row['tests']} is gone: run 'make conformance'"
    for row in results()["suites"]:
        assert set(row["abilities"]) <= {check.ability for check in CHECKS.values()}
        assert set(row["bypassed"]) <= set(CHECKS)
        assert all(0 < passed <= tried for passed, tried in row["abilities"].values())


def told(check: str, state: str, **more: str) -> tuple[str, dict[str, str]]:
    about = {"connector": "acme", "against": "sandbox", "system": "", "object": "thing"}
    return RESULT, {**about, "check": check, "state": state, "note": "", **more}


def test_a_run_renews_the_rows_of_its_files_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "sheet.json"
    first = Sheet()
    first.add("test_a.py", [told("every_record_once", "passed"), told("every_record_once", "failed")], True)
    first.add("test_b.py", [told("every_record_once", "bypassed", note="a reason why")], True)
    first.write(file)
    second = Sheet()
    second.add("test_a.py", [told("every_record_once", "passed")], True)
    second.write(file)
    rows = {row["tests"]: row for row in orjson.loads(file.read_bytes())["suites"]}
    [ability] = rows["test_a.py"]["abilities"]
    assert rows["test_a.py"]["abilities"] == {ability: [1, 1]}
    assert rows["test_b.py"]["bypassed"] == {"every_record_once": "a reason why"}
    again = file.read_bytes()
    second.write(file)
    assert file.read_bytes() == again, "the same results are the same bytes"
