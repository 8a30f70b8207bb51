"""Checks of size: a large read, a large batch. Last, since they leave many records behind."""

from __future__ import annotations

import gc
import tracemalloc

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Write, Written
from hefu.sim.checks_write import creates
from hefu.sim.rig import NotCalledFor, Rig, check, expect


@check("batch", "超过批量上限时有明确结果", when=creates, writes=True)
def too_large_a_batch_is_handled(rig: Rig) -> None:
    """More records than `batch` are all written, or refused as Unsupported with nothing written"""
    if rig.abilities.batch > 1000:
        raise NotCalledFor("the declared batch is very large")
    before = len(rig.read().by_id)
    sent = [Write(None, rig.new()) for _ in range(rig.abilities.batch + 1)]
    try:
        made = [o for o in rig.write(*sent) if isinstance(o, Written)]
    except (Unsupported, Rejected):
        made = []
    else:
        expect(len(made) == len(sent), f"{len(made)} of {len(sent)} were written")
    rig.lag()
    expect(len(rig.read().by_id) == before + len(made), "the outcomes do not tell what was written")


@check("page", "大量数据读取时内存有界")
def memory_is_bounded(rig: Rig) -> None:
    """A large read holds a few pages in memory, never everything"""
    if rig.writes:
        rig.put(rig.large)
    gc.collect()
    tracemalloc.start()
    try:
        pages, base = rig.pages(), tracemalloc.get_traced_memory()[0]
        first = next(pages, None)
        if first is None:
            raise NotCalledFor("nothing to read")
        one = tracemalloc.get_traced_memory()[0] - base
        tracemalloc.reset_peak()
        count = sum(len(page.records) for page in pages) + len(first.records)
        most = tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()
    allowed = 8 * max(one, 0) + 4_000_000
    expect(most <= allowed, f"{count} records took {most:,} bytes at the peak; allowed are {allowed:,}")
