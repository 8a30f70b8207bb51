"""Start two sandboxes with the sample company on loopback: `python -m hefu.sandbox.serve --folder DIR`.

The data live as two SQLite files in the folder, so that a second start finds what the first one left.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from hefu.sandbox import catalog
from hefu.sandbox.crm.api import Crm
from hefu.sandbox.erp.api import Erp
from hefu.sandbox.server import READY_SECONDS, PortTaken, Server

SAMPLE = ("crm", "erp")
"""The pair of no vendor in particular."""


@dataclass
class Sandboxes:
    """A CRM's and an ERP's sandbox, running. Use as a context manager, or call `stop`.

    `crm` and `erp` are there when the sample pair runs in threads of this process, None when a child process serves.
    """

    crm_url: str
    erp_url: str
    crm: Crm | None = None
    erp: Erp | None = None
    _stop: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        folder: str | Path,
        crm_port: int = 0,
        erp_port: int = 0,
        *,
        fresh: bool = False,
        systems: tuple[str, str] = SAMPLE,
    ) -> Sandboxes:
        """Both in one child process, which ends with us. `fresh` throws earlier data away; `systems`: which.

        Raises PortTaken, or RuntimeError with what the child said.
        """
        options = ["--folder", str(folder), "--crm-port", str(crm_port), "--erp-port", str(erp_port), "--child"]
        options += ["--systems", ",".join(systems)]
        child = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "hefu.sandbox.serve", *options, *(["--fresh"] if fresh else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = _await_ready(child)
        return cls(said["crm"], said["erp"], _stop=[lambda: _end(child)])

    @classmethod
    def of(
        cls, systems: tuple[str, str], folder: Path, crm_port: int = 0, erp_port: int = 0, *, fresh: bool = False
    ) -> Sandboxes:
        """Any two of the catalogue, in threads of this process."""
        crm = Server(catalog.open_in(folder, systems[0], fresh=fresh), crm_port).start()
        try:
            erp = Server(catalog.open_in(folder, systems[1], fresh=fresh), erp_port).start()
        except BaseException:
            crm.stop()
            raise
        return cls(crm.url, erp.url, _stop=[crm.stop, erp.stop])

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
        """The sample pair in threads of this process; without a folder in memory. For tests, which reach inside."""
        crm_file, erp_file = (":memory:", ":memory:") if folder is None else _files(Path(folder), fresh=False)
        crm = Server(catalog.open_crm(crm_file, empty=empty), crm_port).start()
        try:
            erp = Server(catalog.open_erp(erp_file, empty=empty, calls_per_second=calls_per_second), erp_port).start()
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
    parser = argparse.ArgumentParser(prog="python -m hefu.sandbox.serve", description="Sandbox CRM and ERP on loopback")
    parser.add_argument("--folder", type=Path, required=True, help="where the two SQLite files live")
    parser.add_argument("--crm-port", type=int, default=0)
    parser.add_argument("--erp-port", type=int, default=0)
    parser.add_argument("--systems", default=",".join(SAMPLE), help="CRM,ERP: two names of 'hefu sandbox list'")
    parser.add_argument("--calls-per-second", type=float, default=0.0, help="the ERP's rate limit (0: none)")
    parser.add_argument("--fresh", action="store_true", help="throw earlier data away")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        running = _running(asked)
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


def _running(asked: argparse.Namespace) -> Sandboxes:
    ports = (asked.crm_port, asked.erp_port)
    crm, _, erp = asked.systems.partition(",")
    if (crm, erp) != SAMPLE:
        return Sandboxes.of((crm, erp), asked.folder, *ports, fresh=asked.fresh)
    _files(asked.folder, fresh=asked.fresh)
    return Sandboxes.threads(asked.folder, *ports, calls_per_second=asked.calls_per_second)


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
