"""The hub calls nobody but the systems of its project: a session under a watch that lets only loopback through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WATCHED = """
import ipaddress, sys

def watch(event, args):
    if event == "socket.connect":
        place = args[1]
        if isinstance(place, tuple) and not ipaddress.ip_address(place[0]).is_loopback:
            print("CALLED", place); sys.exit(99)
    elif event == "socket.getaddrinfo" and args[0] not in ("localhost", "127.0.0.1", "::1", None):
        print("ASKED FOR", args[0]); sys.exit(99)

sys.addaudithook(watch)
from typer.testing import CliRunner
from hefu.cli.main import app

folder = sys.argv[1]
for words, code in ((["init", folder], 0), (["project", "import"], 0), (["check"], 0), (["apply", "--yes"], 4),
                    (["status"], None), (["privacy", "purposes"], 4), (["audit", "verify"], 0)):
    place = [] if words[0] == "init" else ["-C", folder]
    done = CliRunner().invoke(app, [*words, *place])
    assert done.exit_code != 99, (words, done.output)
    assert code is None or done.exit_code == code, (words, done.exit_code, done.output)
if len(sys.argv) > 2:
    import socket
    socket.getaddrinfo("telemetry.example", 443)
print("QUIET")
"""


def session(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HEFU_LANGUAGE": "en", "HEFU_HOME": str(folder / "home")}
    environ.pop("HEFU_STORE", None)
    words = [sys.executable, "-c", WATCHED, str(folder / "project"), *more]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=110, check=False)


def test_a_session_calls_nobody(tmp_path: Path) -> None:
    done = session(tmp_path)
    assert (done.returncode, done.stdout.strip().splitlines()[-1:]) == (0, ["QUIET"]), done.stdout + done.stderr


def test_the_watch_would_see_it(tmp_path: Path) -> None:
    done = session(tmp_path, "call home")
    assert (done.returncode, "ASKED FOR telemetry.example" in done.stdout) == (99, True), done.stdout + done.stderr
