"""Hub processes that cost a fork to start, so that thirty of them can be killed in a minute.

A nursery process has all of Hefu imported and nothing open. On a line "work" or "serve" it forks a child that opens the
store and works until somebody kills it: the real engine in a process of its own, with its own connections and locks.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Nursery:
    """Starts lives one after the other and ends them by SIGKILL. Use as a context manager."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.said = folder.parent / "lives.log"
        self._log = self.said.open("wb")
        command = [sys.executable, __file__, str(folder)]
        env = {**os.environ, **environ, "HEFU_LANGUAGE": "en"}
        self._mother = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self._mother.kill()
        self._mother.communicate()  # ends once no life holds the pipe any more
        self._log.close()

    def start(self, how: str) -> int:
        """A new life; its process id."""
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(how + "\n")
        self._mother.stdin.flush()
        return int(self._mother.stdout.readline())

    def kill(self, pid: int) -> None:
        """SIGKILL, and nothing else ended it."""
        assert self._mother.stdout is not None
        os.kill(pid, signal.SIGKILL)
        ended = self._mother.stdout.readline().strip()
        assert ended == "9", f"it had ended by itself ({ended}): {self.said.read_text()[-2000:]}"


def main(folder: Path) -> None:
    """The nursery: forks on demand, tells the child's id, waits for its end and tells how it ended."""
    import psycopg  # noqa: F401 - loaded once, for all lives

    import hefu.app.service
    import hefu.connectors.sql  # noqa: F401

    _die_with_the_mother()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _die_with_the_mother()
            _live(folder, line.strip())
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}", flush=True)


def _die_with_the_mother() -> None:
    """Nothing of this outlives the test, however that ends (Linux: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _live(folder: Path, how: str) -> None:
    import traceback

    from hefu.app import open_app
    from hefu.app.service import Service
    from hefu.core.errors import HubError
    from hefu.engine import worker

    try:
        app = open_app(folder)
        if how == "serve":
            Service(app, threads=2).start()
            while True:
                signal.pause()
        app.store.lock()
        hub = app.hub()
        while True:
            for flow in hub.project.flows.values():
                with suppress(HubError):  # a store that is locked for a moment: come again
                    worker.cycle(hub, flow)
            time.sleep(0.005)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
