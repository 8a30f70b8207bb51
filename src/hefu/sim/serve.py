"""Start both sandboxes with the sample company on loopback: `python -m hefu.sim.serve --folder DIR`.

The data live as two SQLite files in the folder, so that a second start finds what the first one left.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import uvicorn

from hefu.sim import sample
from hefu.sim.systems.crm import Crm
from hefu.sim.systems.crm_book import CrmBook
from hefu.sim.systems.erp import Erp
from hefu.sim.systems.erp_book import ErpBook

HOST = "127.0.0.1"
READY_SECONDS = 60.0


def open_crm(path: str = ":memory:", *, empty: bool = False) -> Crm:
    """The sandbox CRM over a file, filled with the sample company when the file is new."""
    book = CrmBook(path)
    if not empty and book.meta("sample") != sample.VERSION:
        sample.load_crm(sample.make(), book)
        book.meta("sample", sample.VERSION)
    return Crm(book)


def open_erp(path: str = ":memory:", *, empty: bool = False, calls_per_second: float = 0.0) -> Erp:
    """The sandbox ERP over a file, filled with the sample company when the file is new."""
    book = ErpBook(path)
    if not empty and book.meta("sample") != sample.VERSION:
        sample.load_erp(sample.make(), book)
        book.meta("sample", sample.VERSION)
    return Erp(book, calls_per_second=calls_per_second)


class PortTaken(RuntimeError):
    """The asked port is in use."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one. Raises PortTaken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError as problem:
        made.close()
        told = f"port {port} of {HOST} is in use: stop what listens there or ask for another port (0: any)"
        raise PortTaken(told) from problem
    made.listen(128)
    return made


class Server:
    """One sandbox served from a thread of its own."""

    def __init__(self, sandbox: Crm | Erp, port: int = 0) -> None:
        self.sandbox = sandbox
        self._socket = listen(port)
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            sandbox.app, log_level="error", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> Server:
        """Serve; returns when the first call would be answered."""
        self._thread.start()
        deadline = time.monotonic() + READY_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not self._server.started:
            raise RuntimeError("the sandbox did not start")
        return self

    def stop(self) -> None:
        """Answer what is under way for a second, then close."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        self.sandbox.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


@dataclass
class Sandboxes:
    """Both sandboxes, running. Use as a context manager, or call `stop`.

    `crm` and `erp` are there when they run in threads of this process, None when they run in a child process.
    """

    crm_url: str
    erp_url: str
    crm: Crm | None = None
    erp: Erp | None = None
    _stop: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def start(cls, folder: str | Path, crm_port: int = 0, erp_port: int = 0, *, fresh: bool = False) -> Sandboxes:
        """Both in one child process, which ends with us. `fresh` throws earlier data away.

        Raises PortTaken, or RuntimeError with what the child said.
        """
        options = ["--folder", str(folder), "--crm-port", str(crm_port), "--erp-port", str(erp_port), "--child"]
        child = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "hefu.sim.serve", *options, *(["--fresh"] if fresh else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = _await_ready(child)
        return cls(said["crm"], said["erp"], _stop=[lambda: _end(child)])

    @classmethod
    def threads(
        cls,
        folder: str | Path | None = None,
        crm_port: int = 0,
        erp_port: int = 0,
        *,
        empty: bool = False,
        calls_per_second: float = 0.0,
    ) -> Sandboxes:
        """Both in threads of this process; without a folder in memory. For tests, which reach inside."""
        crm_file, erp_file = (":memory:", ":memory:") if folder is None else _files(Path(folder), fresh=False)
        crm = Server(open_crm(crm_file, empty=empty), crm_port).start()
        try:
            erp = Server(open_erp(erp_file, empty=empty, calls_per_second=calls_per_second), erp_port).start()
        except BaseException:
            crm.stop()
            raise
        assert isinstance(crm.sandbox, Crm)
        assert isinstance(erp.sandbox, Erp)
        return cls(crm.url, erp.url, crm.sandbox, erp.sandbox, [crm.stop, erp.stop])

    def stop(self) -> None:
        """End both; a second call does nothing."""
        while self._stop:
            self._stop.pop()()

    def __enter__(self) -> Sandboxes:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _files(folder: Path, *, fresh: bool) -> tuple[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "crm.sqlite", folder / "erp.sqlite")
    if fresh:
        for path in paths:
            for part in ("", "-wal", "-shm"):
                path.with_name(path.name + part).unlink(missing_ok=True)
    return str(paths[0]), str(paths[1])


def _await_ready(child: subprocess.Popen[str]) -> dict[str, Any]:
    """The child's first line, {"crm": url, "erp": url}."""
    out, err = child.stdout, child.stderr
    assert out is not None
    assert err is not None
    line = _line_within(out, READY_SECONDS)
    if line:
        said: dict[str, Any] = json.loads(line)
        if "crm" in said:
            threading.Thread(target=_drain, args=(err,), daemon=True).start()
            return said
        _end(child)
        raise PortTaken(said["error"])
    child.kill()
    told = err.read().strip()[-2000:]
    _end(child)
    raise RuntimeError(f"the sandboxes did not start: {told or 'no answer'}")


def _line_within(stream: IO[str], seconds: float) -> str:
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
    reader.start()
    reader.join(seconds)
    return lines[0].strip() if lines else ""


def _drain(stream: IO[str]) -> None:
    try:
        for _ in stream:
            pass
    except ValueError:
        return


def _end(child: subprocess.Popen[str]) -> None:
    """Closing its standard input asks the child to end; one that does not is killed."""
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stderr is not None:
        child.stderr.close()


def main(arguments: list[str] | None = None) -> int:
    """Serve both until Ctrl-C, SIGTERM or, as a child, until the parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m hefu.sim.serve", description="Sandbox CRM and ERP on loopback")
    parser.add_argument("--folder", type=Path, required=True, help="where the two SQLite files live")
    parser.add_argument("--crm-port", type=int, default=0)
    parser.add_argument("--erp-port", type=int, default=0)
    parser.add_argument("--calls-per-second", type=float, default=0.0, help="the ERP's rate limit (0: none)")
    parser.add_argument("--fresh", action="store_true", help="throw earlier data away")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    _files(asked.folder, fresh=asked.fresh)
    try:
        running = Sandboxes.threads(
            asked.folder, asked.crm_port, asked.erp_port, calls_per_second=asked.calls_per_second
        )
    except PortTaken as taken:
        _say({"error": str(taken)} if asked.child else str(taken))
        return 1
    with running:
        _say(
            {"crm": running.crm_url, "erp": running.erp_url}
            if asked.child
            else f"Sandbox CRM {running.crm_url}\nSandbox ERP {running.erp_url}\nCtrl-C ends both."
        )
        if asked.child:
            threading.Thread(target=_until_orphaned, args=(stopped,), daemon=True).start()
        stopped.wait()
    return 0


def _say(words: object) -> None:
    sys.stdout.write((words if isinstance(words, str) else json.dumps(words)) + "\n")
    sys.stdout.flush()


def _until_orphaned(stopped: threading.Event) -> None:
    """The parent holds the other end of standard input; at its end, however it came, so do we."""
    while os.read(0, 1024):
        pass
    stopped.set()


if __name__ == "__main__":
    sys.exit(main())
