"""CPU seconds and peak memory of one command and its children: the fair figures on a shared machine."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Figures:
    """Of one command: CPU and wall in seconds, peak resident memory of the whole tree in MB, its exit code."""

    cpu: float
    wall: float
    peak: float
    code: int
    said: str


def _resident(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            total = int(file.read().split()[1]) * _PAGE_MB
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return total + sum(map(_resident, map(int, file.read().split())))
    except OSError:
        return 0.0


def measure(command: Sequence[str], env: dict[str, str] | None = None, cwd: str | None = None) -> Figures:
    """Run it to its end, with its byte code kept as of any installed program: to compile takes a second a start."""
    env = {name: said for name, said in (env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, peak = time.perf_counter(), [0.0]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=cwd)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], _resident(child.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    said, _ = child.communicate()
    done.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figures(cpu, time.perf_counter() - start, peak[0], child.returncode, said)


def python(*args: str) -> list[str]:
    """A command for this interpreter."""
    return [sys.executable, *args]
