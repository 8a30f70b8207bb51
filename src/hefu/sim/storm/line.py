"""The hub's line to a system in the simulation: each call is two steps, and may meet any fault a real one meets.

A fault is told the way the contract has connectors tell it (core/errors.py): a call that surely did nothing is
Transient, a write whose answer was lost is Unanswered, and a connector may also have a bug of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hefu.connectors.memory import open_memory
from hefu.core.connector import Connector
from hefu.core.errors import Denied, HubError, Rejected, Stale, Transient, Unanswered
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written
from hefu.sim.storm.case import Event
from hefu.sim.storm.scene import Scene

LATENCY = 0.02
SLOW = 31.0
"""Seconds of a slow answer: longer than a lease."""


class Line(Connector):
    """A memory connector with bad weather around it."""

    def __init__(self, play: Scene, name: str) -> None:
        self.inner = open_memory(play.systems[name], sleep=play.env.sleep)
        super().__init__(self.inner.settings, self.inner.site)
        self.play = play
        self.system = name

    def check(self) -> None:
        """Log in."""
        self._read("check", self.inner.check)

    def discover(self) -> Sequence[ObjectSchema]:
        """The catalogue."""
        found: Sequence[ObjectSchema] = self._read("discover", self.inner.discover)
        return found

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Page by page; between two of them anything may happen."""
        pages = iter(self.inner.read(obj, since))
        before: Page | None = None
        while True:
            page, fault, as_of = self._asked("read", lambda: next(pages, None))
            if page is None:
                return
            shown = _disturbed(page, before, fault, full=since is None)
            self._shown(obj, shown.records, as_of)
            before = page
            yield shown
            if fault is not None and fault.what == "page_empty" and since is None:
                return

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """These records."""
        return self._records("fetch", obj, lambda: self.inner.fetch(obj, ids))

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """Records with these values."""
        return self._records("search", obj, lambda: self.inner.search(obj, by))

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One batch."""
        return self._write("write", lambda part: self.inner.write(obj, part), writes)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """One status step."""
        done = self._write("call", lambda _: [self.inner.call(obj, action, record_id, args)], [Write(record_id, args)])
        answer: Written | HubError = done[0]
        if isinstance(answer, HubError):
            raise answer
        return answer

    # ------------------------------------------------------------------ reads

    def _read(self, verb: str, work: Callable[[], Any]) -> Any:
        return self._asked(verb, work)[0]

    def _records(self, verb: str, obj: str, work: Callable[[], Sequence[Record]]) -> Sequence[Record]:
        found: Sequence[Record]
        found, _, as_of = self._asked(verb, work)
        self._shown(obj, found, as_of)
        return found

    def _shown(self, obj: str, records: Sequence[Record], as_of: int) -> None:
        self.play.history.has_read(self.play.turns.reader, self.system, obj, records, as_of)

    def _asked(self, verb: str, work: Callable[[], Any]) -> tuple[Any, Event | None, int]:
        """The answer of a call that changes nothing, the fault that only disturbs it, and as of when it is.

        People may type while the answer is on its way: it does not show that.
        """
        play, system = self.play, self.system
        play.step(f"before {system} {verb}")
        fault = play.weather.strike(system, "read", verb)
        what = fault.what if fault else ""
        if what == "slow":
            play.env.sleep(SLOW)
        play.env.sleep(LATENCY)
        _refuse(what, system, fault)
        if what == "timeout":
            play.env.sleep(5)
            raise Transient("net.no_answer", connection=system)
        answer = work()
        as_of = play.history.position(system)
        play.step(f"after {system} {verb}")
        if what == "cut":
            raise Transient("net.cut", connection=system)
        if what == "crashed_read":
            raise Transient("net.cut", connection=system)
        return answer, fault, as_of

    # ----------------------------------------------------------------- writes

    def _write(self, verb: str, work: Callable[[Sequence[Write]], Any], writes: Sequence[Write]) -> list[Any]:
        play, system = self.play, self.system
        play.step(f"before {system} {verb}")
        fault = play.weather.strike(system, "write", verb)
        what = fault.what if fault else ""
        if what == "slow":
            play.env.sleep(SLOW)
        play.env.sleep(LATENCY)
        _refuse(what, system, fault, writes=True)
        if what == "timeout_before":
            raise Unanswered("net.no_answer", connection=system)
        if what == "crashed_before":
            raise ValueError("Expecting value: line 1 column 1 (char 0)")
        chance = random.Random(fault.pick if fault else 0)
        done = _carried_out(what, work, writes, chance, system, verb)
        play.step(f"after {system} {verb}")
        if what == "slow_after":
            play.env.sleep(SLOW)
        if what in ("timeout_after", "cut_in_batch"):
            raise Unanswered("net.cut", connection=system)
        if what == "crashed_after":
            raise KeyError("id")
        if what == "short_answer" and verb == "write":
            return done[:-1]
        if what == "silent":
            return [a._replace(values=None, version=None) if isinstance(a, Written) else a for a in done]
        return done


def _refuse(what: str, system: str, fault: Event | None, *, writes: bool = False) -> None:
    """Faults that keep the call from happening, surely."""
    if what == "down":
        raise Transient("memory.unreachable", system=system)
    if what == "busy" and fault is not None:
        raise Transient("memory.too_many_calls", after=float(1 + fault.pick % 20), system=system)
    if what == "busy_silent":
        raise Transient("memory.too_many_calls", system=system)
    if what == "server_error":
        error = Unanswered if writes else Transient  # nobody knows what a server did before it failed
        raise error("net.gateway", connection=system, status=500)
    if what == "denied":
        raise Denied("memory.wrong_secret", system=system, user="hub")


def _carried_out(
    what: str,
    work: Callable[[Sequence[Write]], Any],
    writes: Sequence[Write],
    chance: random.Random,
    system: str,
    verb: str,
) -> list[Any]:
    """The system's own doing, of all rows or of some."""
    if verb == "write" and what == "cut_in_batch":
        return list(work(writes[: chance.randrange(len(writes) + 1)]))
    if verb == "write" and what in ("rows_refused", "rows_unknown", "stale", "locked_period"):
        return [_row(what, work, w, chance, system) for w in writes]
    return list(work(writes))


def _row(what: str, work: Callable[[Sequence[Write]], Any], write: Write, chance: random.Random, system: str) -> Any:
    """One row of a batch that meets a fate of its own."""
    if chance.random() < 0.5:
        return work([write])[0]
    if what == "rows_refused":
        return Transient("memory.unreachable", system=system)
    if what == "rows_unknown":
        if chance.random() < 0.5:
            work([write])
        return Unanswered("net.gateway", connection=system, status=504)
    if what == "stale" and write.id is not None:
        return Stale("memory.stale", object="", id=write.id)
    if what == "locked_period" and write.values:
        return Rejected("memory.locked", field=sorted(write.values)[0], name="period", state="closed", object="")
    return work([write])[0]


def _disturbed(page: Page, before: Page | None, fault: Event | None, *, full: bool) -> Page:
    """A page as a feed that misbehaves shows it: rows twice, in another order, or not at all."""
    what, records = (fault.what, list(page.records)) if fault else ("", list(page.records))
    if what == "page_twice" and before is not None:
        return page._replace(records=[*before.records, *records])
    if what == "page_shuffled" and fault is not None:
        random.Random(fault.pick).shuffle(records)
        return page._replace(records=records)
    if what == "page_short" and records and full:
        return page._replace(records=records[:-1])
    if what == "page_empty" and full:
        return page._replace(records=[], gone=())
    return page


__all__ = ["LATENCY", "Line"]
