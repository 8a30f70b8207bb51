"""`hefu sim`: storms by number from the command line, in both languages and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hefu.cli.main import app


def told(*words: str, code: int = 0) -> Any:
    """What a verb said as JSON."""
    done = CliRunner().invoke(app, ["sim", *words, "--json"])
    assert done.exit_code == code, (words, done.exit_code, done.output)
    return json.loads(done.output)


def test_seeds_are_played_and_counted() -> None:
    report = told("run", "--seeds", "2", "--from", "40")
    assert (report["seeds"], report["failed"]) == (2, [])
    assert report["steps"] > 100


def test_a_seed_takes_the_same_course_again() -> None:
    assert told("replay", "40") == told("replay", "40")


def test_the_planted_bugs_are_listed() -> None:
    assert len(told("bugs")) >= 25


def test_a_planted_bug_is_found_and_its_case_made_small(tmp_path: Path) -> None:
    found = tmp_path / "case.json"
    told("shrink", "1", "--bug", "dropped_after_a_failure", "--to", str(found))
    small = json.loads(found.read_text(encoding="utf-8"))
    assert small["bug"] == "dropped_after_a_failure"
    told("replay", str(found), code=1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_speaks_both_languages(language: str) -> None:
    done = CliRunner().invoke(app, ["sim", "replay", "40"], env={"HEFU_LANGUAGE": language})
    assert done.exit_code == 0
    assert any("一" <= letter <= "鿿" for letter in done.output) is (language == "zh")
