"""Every promise of the hub has a test that breaks if it stops being true: the page names it, here it is looked for."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "docs/guarantees.md", "zh": ROOT / "docs/zh/guarantees.md"}
ROW = re.compile(r"^\| (?!---|promise|承诺)(.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each sentence with the tests that prove it: (file, function)."""
    return [(said, TEST.findall(proof)) for said, proof in ROW.findall(PAGES[language].read_text(encoding="utf-8"))]


@cache
def known(file: str) -> frozenset[str]:
    """Functions of a file that pytest runs."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


@pytest.mark.parametrize("language", PAGES)
def test_every_promise_names_tests_that_are_there(language):
    found = promises(language)
    assert len(found) >= 30
    for said, proof in found:
        assert proof, f"no test proves: {said}"
        lost = [f"{file}::{name}" for file, name in proof if not (ROOT / file).is_file() or name not in known(file)]
        assert lost == [], f"proves nothing any more: {said}"


def test_both_languages_promise_the_same():
    assert [proof for _, proof in promises("en")] == [proof for _, proof in promises("zh")]


def test_every_scenario_stands_for_a_promise():
    named = {file for _, proof in promises("en") for file, _ in proof}
    there = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tests/scenarios").glob("test_scenario_*.py")}
    assert there - named == set()


def test_a_promise_without_its_test_is_noticed(monkeypatch, tmp_path):
    page = tmp_path / "guarantees.md"
    page.write_text("| it flies | `tests/docs/test_guarantees.py::test_it_flies` |\n" * 30, encoding="utf-8")
    monkeypatch.setitem(PAGES, "en", page)
    with pytest.raises(AssertionError, match="proves nothing any more: it flies"):
        test_every_promise_names_tests_that_are_there("en")
