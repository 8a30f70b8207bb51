"""What stays until a signal ends cleanly at it; what is stopped before its end says so with 130."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_systems import Shop, write_project
from hefu_cli import Cli

END = 60


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


@pytest.fixture
def slow(shop: Shop, tmp_path: Path) -> Cli:
    """A project whose CRM does not answer."""
    write_project(tmp_path / "slow", shop.url, timeout="10m")  # far longer than these tests wait for the end
    cli = Cli(tmp_path / "slow", {"CRM_TOKEN": "right"})
    cli.run("project", "import")
    shop.manner = "hangs"
    shop.asked.clear()
    return cli


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_cleanly_at_a_signal(cli: Cli, number: signal.Signals) -> None:
    process = cli.process("run", "--listen", "127.0.0.1:0")
    assert process.stdout is not None
    while "Keeping in step" not in (line := process.stdout.readline()):
        assert line, process.communicate()
    process.send_signal(number)
    said, wrong = process.communicate(timeout=END)
    assert (process.returncode, wrong) == (0, "")
    assert "Stopped cleanly" in said
    assert cli.json("db", "check")["audit_broken_at"] is None
    cli.run("apply", "--yes", code=4)  # the store is free again


def test_run_gives_one_json_document_at_its_end(cli: Cli) -> None:
    port = free_port()
    process = cli.process("run", "--json", "--listen", f"127.0.0.1:{port}")
    while not open_port(port):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=END)
    assert (process.returncode, wrong) == (0, "")
    assert json.loads(said)["stopped"] is True


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--yes"), ("check",)])
def test_ctrl_c_before_the_end_is_130(slow: Cli, shop: Shop, verb: tuple[str, ...]) -> None:
    process = slow.process(*verb)
    assert shop.asked.wait(END)
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=END)
    assert (process.returncode, wrong) == (130, "")
    assert "Stopped" in said


def test_ctrl_c_under_json_is_one_document(slow: Cli, shop: Shop) -> None:
    process = slow.process("plan", "--json")
    assert shop.asked.wait(END)
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=END)
    assert (process.returncode, wrong) == (130, "")
    assert json.loads(said) == {"stopped": True, "exit_code": 130}


def test_what_was_stopped_goes_on_where_it_was(slow: Cli, shop: Shop) -> None:
    process = slow.process("apply", "--yes")
    assert shop.asked.wait(END)
    process.kill()
    process.communicate(timeout=END)
    shop.manner = "good"
    shop.go.set()
    slow.run("apply", "--yes")
    assert (slow.folder / "data" / "erp.csv").read_text() == "code,name\nC1,Client 1\nC2,Client 2\nC3,Client 3\n"


@pytest.fixture
def own_signals() -> Iterator[None]:
    """`run` in this process answers signals; afterwards the test does again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_address_that_cannot_be_listened_on_is_told(cli: Cli, own_signals: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for listen in ("nonsense", "127.0.0.1:99999", "127.0.0.1:x", "192.0.2.1:80", taken):
            told = cli.json("run", "--listen", listen, code=2)
            assert (told["error"], told["facts"]["address"]) == ("web.port", listen)
    cli.run("apply", "--yes", code=4)  # the store is free again


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def open_port(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
