"""`hefu demo --once` end to end: two sandboxes agree, and a second start writes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def demo(folder: Path, *words: str, language: str = "en", pair: str = "sample") -> str:
    command = [sys.executable, "-c", "from hefu.cli import main; main()", "demo", "--once", "-C", str(folder), *words]
    command += ["--pair", pair]
    env = {**os.environ, "HEFU_LANGUAGE": language, "COLUMNS": "200"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def delivered(counts: dict[str, Any]) -> dict[str, int]:
    return {k: n for k, n in counts.items() if k.startswith("delivered.") and k.split(".")[1] in ("created", "updated")}


def test_the_demo_agrees_once_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    first = demo(tmp_path / "demo")
    for told in ("2,000 customers", "1,600 customers", "would be written", "Both books fit", "For a person to look at"):
        assert told in first, first
    again = json.loads(demo(tmp_path / "demo", "--json"))
    assert again["crm"].startswith("http://127.0.0.1:")
    assert delivered(again["counts"]) == {}, "what agrees is left alone"
    assert "两边账目已一致" in demo(tmp_path / "demo", language="zh")


@pytest.mark.full
@pytest.mark.parametrize(("pair", "refused"), [("jiandaoyun+kingdee", 0), ("salesforce+sap", 3)])
def test_a_vendors_pair_agrees_and_what_is_refused_is_known(tmp_path: Path, pair: str, refused: int) -> None:
    """SAP takes no name of more than 40 characters in one field; three of the sample's new customers have one."""
    first = demo(tmp_path / "demo", pair=pair)
    assert f"refused {refused}" in first, first
    again = json.loads(demo(tmp_path / "demo", "--json", pair=pair))
    assert delivered(again["counts"]) == {}, "what agrees is left alone"


def test_an_unknown_pair_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from hefu.cli import main; main()", "demo", "--pair", "sap+excel", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "demo.pair"
    assert [*tmp_path.iterdir()] == []
