"""Many seeds at once, in as many processes as asked: what they struck, what they found, and how fast it went."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import NamedTuple

from hefu.sim.storm.bugs import planted
from hefu.sim.storm.case import draw
from hefu.sim.storm.play import run_case

CHUNK = 10
"""Seeds that a process plays before it reports."""


class Played(NamedTuple):
    """One seed's outcome, small enough to be passed between processes."""

    seed: int
    trace: str
    wrong: tuple[str, ...]
    steps: int
    faults: Counter[str]
    edits: int
    seconds: float


@dataclass
class Report:
    """All seeds together. `seconds` is CPU time of the processes that played."""

    seeds: int = 0
    steps: int = 0
    edits: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[Played] = field(default_factory=list)

    def add(self, played: Played) -> None:
        """One more."""
        self.seeds += 1
        self.steps += played.steps
        self.edits += played.edits
        self.seconds += played.seconds
        self.faults += played.faults
        if played.wrong:
            self.failed.append(played)

    @property
    def struck(self) -> int:
        """All faults that happened."""
        return self.faults.total()

    @property
    def pace(self) -> float:
        """Seeds a second of one core."""
        return self.seeds / self.seconds if self.seconds else 0.0


def play_seeds(seeds: Sequence[int], bug: str = "") -> list[Played]:
    """Play these, in this process, with a planted bug if named."""
    out = []
    with planted(bug):
        for seed in seeds:
            began = time.process_time()
            found = run_case(draw(seed))
            spent = time.process_time() - began
            out.append(Played(seed, found.trace, tuple(found.wrong), found.steps, found.faults, found.edits, spent))
    return out


def play_many(
    seeds: Sequence[int], jobs: int = 1, told: Callable[[Report], None] = lambda _: None, *, first_failure: bool = False
) -> Report:
    """Play many seeds; `told` hears of the progress; with `first_failure` it ends soon after one failed."""
    report = Report()
    for played in _all(seeds, jobs):
        report.add(played)
        told(report)
        if first_failure and report.failed:
            break
    report.failed.sort()
    return report


def _all(seeds: Sequence[int], jobs: int) -> Iterator[Played]:
    chunks = [seeds[n : n + CHUNK] for n in range(0, len(seeds), CHUNK)]
    if jobs <= 1:
        for chunk in chunks:
            yield from play_seeds(chunk)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_calm)
    try:
        for played in pool.map(play_seeds, chunks):
            yield from played
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _calm() -> None:
    """Imports never become garbage, and a case makes few cycles."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


__all__ = ["Played", "Report", "play_many", "play_seeds"]
