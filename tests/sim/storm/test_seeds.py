"""Many small storms, each drawn from a number; the same number is the same storm, to the last step.

HEFU_SEEDS says how many; a failing one is printed with its trace and is played again by `hefu sim replay SEED`.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections import Counter

import pytest

from hefu.sim.storm import Case, draw, run_case
from hefu.sim.storm.bugs import planted
from hefu.sim.storm.many import Report, play_many, play_seeds

SEEDS = int(os.environ.get("HEFU_SEEDS", "25"))
BLOCKS = 5


@functools.cache
def played(block: int) -> Report:
    return play_many(range(block, SEEDS, BLOCKS))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_seeds(block):
    report = played(block)
    assert not report.failed, [(p.seed, p.trace, p.wrong[:3]) for p in report.failed]


def test_the_same_seed_takes_the_same_course():
    for seed in range(100, 102):
        first, second = run_case(draw(seed)), run_case(draw(seed))
        assert (first.trace, first.steps, first.faults) == (second.trace, second.steps, second.faults)


def test_in_another_process_too_whatever_the_order_of_its_sets():
    script = "from hefu.sim.storm.many import play_seeds; print(*(p.trace for p in play_seeds(range(106, 108))))"
    env = {**os.environ, "PYTHONHASHSEED": "4242"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.split() == [p.trace for p in play_seeds(range(106, 108))]


def test_a_case_survives_its_file():
    case = draw(7)
    assert Case.parse(case.text()) == case


@pytest.mark.parametrize("text", ["", "[]", '{"seed": 1}', '{"seed": 1, "shape": {}, "events": []}', "nonsense"])
def test_a_file_that_is_no_case_says_so(text):
    with pytest.raises(ValueError, match="not a case"):
        Case.parse(text)


def test_every_kind_of_fault_strikes():
    """A simulator whose faults never happen proves nothing."""
    struck: Counter[str] = Counter()
    for block in range(BLOCKS):
        struck += played(block).faults
    wanted = {
        "read.down", "read.busy", "read.timeout", "read.cut", "read.slow", "read.denied", "read.page_twice",
        "read.page_short", "read.page_empty", "write.timeout_before", "write.timeout_after", "write.cut_in_batch",
        "write.rows_refused", "write.rows_unknown", "write.short_answer", "write.crashed_before", "write.stale",
        "write.crashed_after", "write.server_error", "write.locked_period", "store.disk_full", "store.raced",
        "store.store_locked", "store.commit_unanswered", "process.pause",
        "hint.twice", "hint.forged",
    }  # fmt: skip
    assert {kind for kind, times in struck.items() if times} >= wanted
    assert struck["process.kill"] + struck["process.kill_all"]


def test_a_bug_is_in_the_engine_only_while_it_is_planted():
    before = run_case(draw(3)).trace
    with planted("golden_is_what_came_in"):
        run_case(draw(3))
    assert run_case(draw(3)).trace == before
