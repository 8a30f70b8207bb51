"""`hefu sandbox`: the imitated systems from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hefu.cli.main import app
from hefu.sandbox import catalog
from hefu.sandbox.frame import FAULTS


def told(*words: str, code: int = 0) -> Any:
    """What a verb said as JSON."""
    done = CliRunner().invoke(app, ["sandbox", *words, "--json"])
    assert done.exit_code == code, (words, done.exit_code, done.output)
    return json.loads(done.output)


def test_every_sandbox_is_listed_with_its_faults() -> None:
    listed = {e["name"]: e for e in told("list")}
    assert sorted(listed) == catalog.names()
    assert all({*FAULTS} <= {*e["faults"]} for e in listed.values())
    assert len({e["port"] for e in listed.values()}) == len(listed), "every sandbox has a port of its own"


@pytest.mark.parametrize("name", catalog.names())
def test_every_sandbox_opens_empty_and_tells_how_to_reach_it(name: str, tmp_path: Path) -> None:
    found = catalog.entry(name)
    catalog.open_in(tmp_path, name, empty=True).close()
    assert (tmp_path / f"{name}.db").exists()
    assert all(found.title)
    reached = found.connection("http://127.0.0.1:1") if found.connection else {"connector": "rest", "settings": {}}
    assert {"connector", "settings"} <= set(reached)


def test_up_serves_until_ctrl_c_and_takes_orders(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("hefu")),
        "sandbox",
        "up",
        "erp",
        "-C",
        str(tmp_path),
        "--port",
        "erp=0",
        "--empty",
    ]
    running = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    said = ""
    while not said.rstrip().endswith("]"):
        said += running.stdout.readline()
    (up,) = json.loads(said)
    try:
        assert told("counters", up["url"])["total_calls"] == 0
        told("fault", up["url"], "refuse", "--status", "503")
        assert told("fault", up["url"], "no-such", code=1)["error"] == "sandbox.refused"
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(20) in (0, 130)
    assert told("counters", up["url"], code=1)["error"] == "sandbox.refused"


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    assert told("up", "nokia", code=2)["error"] == "sandbox.unknown"
    assert told("up", "erp", "--port", "erp", code=2)["error"] == "sandbox.port_words"
    assert told("fault", "http://example.com", "cut", code=2)["error"] == "sandbox.refused"
