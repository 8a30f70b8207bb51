"""`hefu demo --once` end to end: two sandboxes agree, and a second start writes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def demo(folder: Path, *words: str, language: str = "en") -> str:
    command = [sys.executable, "-c", "from hefu.cli import main; main()", "demo", "--once", "-C", str(folder), *words]
    env = {**os.environ, "HEFU_LANGUAGE": language, "COLUMNS": "200"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
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
