"""Both sandboxes as one child process: ready when it says so, on loopback only, ends with us, finds its data again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hefu.sandbox.crm.api import TOKEN
from hefu.sandbox.hands import Hands, call
from hefu.sandbox.serve import Sandboxes
from hefu.sandbox.server import PortTaken, listen

CRM = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample company, which takes seconds to make."""
    folder = tmp_path_factory.mktemp("pair")
    with Sandboxes.start(folder) as pair:
        assert call("GET", f"{pair.crm_url}/api/v2/me", headers=CRM).json["counts"]["accounts"] == 2000
    return folder


def test_a_second_start_finds_what_the_first_left(filled: Path) -> None:
    with Sandboxes.start(filled) as pair:
        assert call("GET", f"{pair.crm_url}/api/v2/me", headers=CRM).json["counts"]["accounts"] == 2000
        made = Hands(pair.crm_url).create("accounts", {"name": "留下的有限公司"})
        crm_url = pair.crm_url
    with pytest.raises(OSError, match=r"refused"):
        call("GET", f"{crm_url}/api/v2/me")
    with Sandboxes.start(filled) as pair:
        found = Hands(pair.crm_url).record("accounts", made)
        assert found is not None
        assert found["name"] == "留下的有限公司"
    with Sandboxes.start(filled, fresh=True) as pair:
        assert Hands(pair.crm_url).record("accounts", made) is None


def test_a_taken_port_is_named(filled: Path) -> None:
    taken = listen(0)
    port = taken.getsockname()[1]
    try:
        with pytest.raises(PortTaken, match=str(port)):
            Sandboxes.start(filled, crm_port=port)
        with pytest.raises(PortTaken, match=str(port)):
            Sandboxes.threads(erp_port=port, empty=True)
    finally:
        taken.close()


def test_it_listens_on_loopback_only() -> None:
    with Sandboxes.threads(empty=True) as pair:
        port = int(pair.crm_url.rsplit(":", 1)[1])
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(filled: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "hefu.sandbox.serve", "--folder", str(filled)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("Sandbox CRM http://127.0.0.1:")
        child.send_signal(number)
        _, errors = child.communicate(timeout=15)
    finally:
        child.kill()
    assert child.returncode == 0
    assert errors == ""
