"""What the conformance suite works with: a connector wired to a system, hands inside that system, and the checks.

A check proves one declared ability. It says when it applies and which hands it needs; what cannot be tried is reported
as such and never counted as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.core.records import Abilities, Field, ObjectSchema, Page, Record, Values, Write, Written


class NotCalledFor(Exception):
    """This check does not apply here, or cannot be tried; says why."""


def expect(holds: object, what: str) -> None:
    """Raise AssertionError unless it holds (also under `python -O`)."""
    if not holds:
        raise AssertionError(what)


class Clock:
    """A clock that stands still until someone waits: `Site.now` and `Site.sleep` of a rig."""

    def __init__(self, start: datetime = datetime(2026, 1, 31, 8, tzinfo=UTC)) -> None:
        self.at = start

    def now(self) -> datetime:
        """The present instant."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        self.at += timedelta(seconds=seconds)


@dataclass
class Rig:
    """A connector, an object of its system to try, and hands inside that system (each one may be missing).

    sample: n -> values of the n-th new record, all different, accepted by the system (keys and long texts included).
    edited: a patch whose values differ from every sample's.
    edit: a person changes a record (id, values).  remove: a person deletes it.  merge: a person
        merges two records (winner, loser).
    fail: arrange that the next call meets a fault, one of `faults` (words: see `checks_faults`).
    burst: a person adds n samples within one instant of the system's stamps (all equal); their ids.
    late: a person's transaction, stamped as early as the connection's lateness allows, becomes visible now; its id.
    wait: let seconds pass.  reopen: a second connector to the same system, as after a restart.
    wrong_secret, unreachable: a connector with a wrong secret, one whose system does not answer.
    empty: an object without records.  bad: values of a new record that the system refuses.
    stored: what a system that rewrites makes of values sent.  overlap: seconds that a cursor reaches back.
    large: records for the check of bounded memory.  bypass: check -> written reason why it is not run here.
    writes: False looks only and leaves no trace.  most: pages to look at, at most, where there are no hands.
    against: what answers: "real" (the system itself), "vendor" (a server of the vendor's for developers), "sandbox"
        (one of `hefu sandbox`), "imitation" (a test's own).
    system: its name and version, where the connector's name does not say it ("PostgreSQL").
    made: ids of what the checks created.  left: those that `tidy` could not delete (a document that went its way).
    """

    connector: Connector
    object: str
    sample: Callable[[int], Values] | None = None
    edited: Values | None = None
    edit: Callable[[str, Values], None] | None = None
    fail: Callable[[str], None] | None = None
    burst: Callable[[int], Sequence[str]] | None = None
    remove: Callable[[str], None] | None = None
    merge: Callable[[str, str], None] | None = None
    late: Callable[[], str] | None = None
    wait: Callable[[float], None] | None = None
    reopen: Callable[[], Connector] | None = None
    wrong_secret: Callable[[], Connector] | None = None
    unreachable: Callable[[], Connector] | None = None
    empty: str | None = None
    bad: Values | None = None
    stored: Callable[[Values], Values] = dict
    faults: Sequence[str] = ()
    overlap: float = 1.0
    large: int = 10_000
    bypass: Mapping[str, str] = field(default_factory=dict)
    writes: bool = True
    most: int = 20
    against: Literal["real", "vendor", "sandbox", "imitation"] = "imitation"
    system: str = ""
    made: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    _samples: int = 0
    _schema: ObjectSchema | None = None

    @property
    def schema(self) -> ObjectSchema:
        """The object under test, as discovered."""
        if self._schema is None:
            found = [s for s in self.connector.discover() if s.name == self.object]
            expect(found, f"discover() does not tell of {self.object}")
            self._schema = found[0]
        return self._schema

    @property
    def abilities(self) -> Abilities:
        """What the object under test declares."""
        return self.schema.abilities

    # ---------------------------------------------------------------------- doing

    def new(self) -> dict[str, Any]:
        """Values of one more new record."""
        if self.sample is None:
            raise NotCalledFor("no sample of a new record")
        self._samples += 1
        return dict(self.sample(self._samples))

    def create(self, values: Values | None = None, token: str = "") -> Written:
        """Create a record through the connector."""
        outcome = self.write(Write(None, self.new() if values is None else values, token=token))[0]
        if isinstance(outcome, Written):
            return outcome
        raise AssertionError(f"a create was refused: {outcome}") from outcome

    def write(self, *writes: Write) -> list[Written | HubError]:
        """One write call; notes what it made."""
        outcomes = list(self.connector.write(self.object, writes))
        expect(len(outcomes) == len(writes), f"{len(outcomes)} outcomes for {len(writes)} writes")
        self.made += [o.id for w, o in zip(writes, outcomes, strict=True) if w.id is None and isinstance(o, Written)]
        return outcomes

    def put(self, count: int) -> list[str]:
        """Have so many more records: by a person's hand, else by the connector. Their ids."""
        if self.burst is not None:
            ids = list(self.burst(count))
            self.lag()
            return ids
        if not self.writes or self.abilities.create == "no" or self.sample is None:
            raise NotCalledFor("no way to add records")
        ids, size = [], max(1, self.abilities.batch)
        for start in range(0, count, size):
            outcomes = self.write(*(Write(None, self.new()) for _ in range(min(size, count - start))))
            refused = [o for o in outcomes if isinstance(o, HubError)]
            expect(not refused, f"samples were refused: {refused[:1]}")
            ids += [o.id for o in outcomes if isinstance(o, Written)]
        self.lag()
        return ids

    def lag(self) -> None:
        """Wait until reads and searches see what was just written."""
        if self.abilities.lag:
            self.pause(self.abilities.lag)

    def pause(self, seconds: float) -> None:
        """Let time pass, or give the check up."""
        if self.wait is None:
            raise NotCalledFor("time cannot be made to pass")
        self.wait(seconds)

    def reopened(self) -> Connector:
        """A new connector to the same system."""
        return self.reopen() if self.reopen else self.connector

    # -------------------------------------------------------------------- looking

    def pages(self, since: str | None = None, connector: Connector | None = None) -> Iterator[Page]:
        """The pages of a read; of a system where we only look, at most `most`."""
        for number, page in enumerate((connector or self.connector).read(self.object, since), 1):
            yield page
            if not self.writes and number >= self.most:
                return

    def read(self, since: str | None = None, connector: Connector | None = None) -> Reading:
        """A read, gathered."""
        records, gone, cursor = list[Record](), list[str](), since
        for page in self.pages(since, connector):
            records += page.records
            gone += page.gone
            cursor = page.cursor if page.cursor is not None else cursor
        return Reading(records, {r.id: r for r in records}, gone, cursor)

    def start(self) -> str:
        """A cursor from which everything is read."""
        cursor = self.read().cursor
        if cursor is None:
            raise NotCalledFor("no cursor to start from (nothing to read)")
        return cursor

    def get(self, record_id: str) -> Record | None:
        """A record as it is now."""
        return next((r for r in self.connector.fetch(self.object, [record_id]) if r.id == record_id), None)

    def have(self, record_id: str) -> Record:
        """A record that must be there."""
        found = self.get(record_id)
        if found is None:
            raise AssertionError(f"{self.object} {record_id} is not there")
        return found

    def writable(self, *kinds: str, lines: bool = False) -> list[Field]:
        """Writable fields of these types outside the natural key and the token field."""
        special = {*self.schema.key, self.abilities.token_field, self.schema.state}
        return [f for f in self.schema.fields if f.writable and f.type in kinds and f.name not in special]

    def tidy(self) -> None:
        """Delete what the checks created, where the connector can; the rest is in `left`."""
        ids, size = list(dict.fromkeys(self.made)), max(1, self.abilities.batch)
        self.left, self.made = ids, []
        if self.abilities.delete:
            for start in range(0, len(ids), size):
                self.write(*(Write(i, None) for i in ids[start : start + size]))
        self.left = [i for i in ids if self.get(i) is not None]


class Reading(NamedTuple):
    """The pages of one read, gathered."""

    records: list[Record]
    by_id: dict[str, Record]
    gone: list[str]
    cursor: str | None


class Check(NamedTuple):
    """One check. `ability`: the word of `Abilities` that it proves, or access, discover, read, types, faults."""

    name: str
    ability: str
    run: Callable[[Rig], None]
    en: str
    zh: str
    when: Callable[[Abilities], bool]
    hands: tuple[str, ...]
    writes: bool

    def unfit(self, rig: Rig) -> str | None:
        """Why this check cannot be tried with that rig, or None."""
        if self.writes and not rig.writes:
            return "looks only; name a sandbox object to try writing"
        missing = [hand for hand in self.hands if getattr(rig, hand) is None]
        if missing:
            return f"the rig has no {', '.join(missing)}"
        if not self.when(rig.abilities):
            return "not declared"
        return None


CHECKS: dict[str, Check] = {}
"""Every check by name, in the order of declaration."""


def check(
    ability: str,
    zh: str,
    *,
    when: Callable[[Abilities], bool] = lambda _: True,
    hands: Sequence[str] = (),
    writes: bool = False,
) -> Callable[[Callable[[Rig], None]], Callable[[Rig], None]]:
    """Enter a function as a check; its docstring is the title in English."""

    def enter(run: Callable[[Rig], None]) -> Callable[[Rig], None]:
        en = (run.__doc__ or "").strip()
        CHECKS[run.__name__] = Check(run.__name__, ability, run, en, zh, when, tuple(hands), writes)
        return run

    return enter
