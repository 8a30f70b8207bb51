"""A case: what kind of world it is, and everything that will happen there, drawn from one seed and kept as JSON.

An event names the step of the hub at which it is due and a number from which its actor derives every choice (which
record, which field), so that a case stays meaningful when other events are taken out of it.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

STEPS = 1500
"""Steps of the hub for which events are drawn; what lies behind the end of the wild rounds never happens."""

READ_FAULTS = (
    "down", "busy", "busy_silent", "server_error", "timeout", "cut", "slow", "denied",
    "page_twice", "page_shuffled", "page_short", "page_empty", "crashed_read",
)  # fmt: skip
WRITE_FAULTS = (
    "down", "busy", "busy_silent", "server_error", "timeout_before", "timeout_after", "timeout_after",
    "cut_in_batch", "rows_refused", "rows_unknown", "short_answer", "crashed_before", "crashed_after", "silent",
    "slow", "slow_after", "denied", "stale", "locked_period",
)  # fmt: skip
STORE_FAULTS = ("disk_full", "disk_full", "store_locked", "commit_unanswered", "raced")
EDITS = ("edit", "edit", "edit", "edit", "edit", "create", "create", "clear", "delete", "restore", "import")
TRADE = ("order", "order", "lines", "lines", "lines", "reparent", "approve", "step", "order_delete", "order_memo")
DESK = ("settle", "settle", "retry", "decide_delete", "undo", "skip", "pause", "resume")
SCHEMA = ("field_gone", "field_required", "object_hidden", "option_gone", "new_mapping", "clock_jump")


class Event(NamedTuple):
    """Something that happens at the first fitting moment after step `at`."""

    at: int
    kind: str
    pick: int
    where: str = ""
    what: str = ""


@dataclass(frozen=True)
class Shape:
    """The world of a case. `manners`: system -> words of `Manners`; `rests`: seconds slept after each wild round.

    `turns` seeds the order in which workers take turns. `matched`: customers are recognised by their code.
    `trade`: there are orders with lines that refer to customers. `rewrite`: what the ERP does to texts it saves.
    """

    systems: tuple[str, ...]
    first: str
    workers: int
    turns: int
    rests: tuple[float, ...]
    full: tuple[bool, ...]
    matched: bool
    trade: bool
    on_delete: str
    guard_deletes: int
    rewrite: str
    narrow: bool
    merges: bool
    manners: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A seed's world and events; `note` says what a kept case once found."""

    seed: int
    shape: Shape
    events: tuple[Event, ...]
    note: str = ""
    bug: str = ""

    def text(self) -> str:
        """As JSON, one event a line."""
        rows = ",\n  ".join(json.dumps(list(e)) for e in self.events)
        head = {"seed": self.seed, "note": self.note, "bug": self.bug, "shape": dataclasses.asdict(self.shape)}
        return json.dumps(head, indent=1, sort_keys=True)[:-2] + f',\n "events": [\n  {rows}\n ]\n}}\n'

    @classmethod
    def parse(cls, text: str) -> Case:
        """Back from `text`. Raises ValueError for anything else."""
        try:
            doc = json.loads(text)
            shape = dict(doc["shape"])
            for name in ("systems", "rests", "full"):
                shape[name] = tuple(shape[name])
            events = tuple(Event(*row) for row in doc["events"])
            return cls(int(doc["seed"]), Shape(**shape), events, doc.get("note", ""), doc.get("bug", ""))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a case: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Case:
        """A kept case."""
        return cls.parse(path.read_text(encoding="utf-8"))

    def of(self, events: Sequence[Event]) -> Case:
        """The same world with other events."""
        return dataclasses.replace(self, events=tuple(events))


@dataclass
class Rates:
    """Chance per step of each kind of event: calm seeds, ordinary ones and hurricanes."""

    faults: float
    store: float
    edits: float
    kills: float
    desk: float
    schema: float
    hints: float
    kinds: list[str] = field(default_factory=list)


def draw(seed: int) -> Case:
    """The case of a seed: the same for ever."""
    chance = random.Random(seed)
    shape = _shape(chance)
    rates = _rates(chance)
    events: list[Event] = []
    for at in range(1, STEPS + 1):
        if chance.random() < rates.edits:
            events.append(_edit(chance, shape, at))
        if chance.random() < rates.faults:
            events.append(_fault(chance, shape, at))
        if chance.random() < rates.store:
            events.append(Event(at, "store", _pick(chance), "", chance.choice(STORE_FAULTS)))
        if chance.random() < rates.kills:
            events.append(Event(at, chance.choice(("kill", "kill_all", "pause_worker", "pause_worker")), _pick(chance)))
        if chance.random() < rates.desk:
            events.append(Event(at, chance.choice(DESK), _pick(chance)))
        if chance.random() < rates.hints:
            what = chance.choice(("", "", "twice", "late", "forged", "anything"))
            events.append(Event(at, "hint", _pick(chance), chance.choice(shape.systems), what))
        if chance.random() < rates.schema:
            events.append(Event(at, "schema", _pick(chance), chance.choice(shape.systems), chance.choice(SCHEMA)))
    return Case(seed, shape, tuple(events))


def _pick(chance: random.Random) -> int:
    return chance.randrange(1_000_000)


def _edit(chance: random.Random, shape: Shape, at: int) -> Event:
    kinds = (*EDITS, *TRADE) if shape.trade else EDITS
    if shape.merges:
        kinds = (*kinds, "merge")
    return Event(at, chance.choice(kinds), _pick(chance), chance.choice(shape.systems))


def _fault(chance: random.Random, shape: Shape, at: int) -> Event:
    group = chance.choice(("read", "write", "write"))
    where = chance.choice(shape.systems) if chance.random() < 0.2 else ""
    what = chance.choice(READ_FAULTS if group == "read" else WRITE_FAULTS)
    if what == "denied" and chance.random() < 0.7:  # it stops a connection for a minute: rare, or nothing else happens
        what = "down"
    return Event(at, group, _pick(chance), where, what)


def _rates(chance: random.Random) -> Rates:
    storm = chance.choice((0.0, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0))
    return Rates(
        faults=0.4 * storm,
        store=chance.choice((0.0, 0.005, 0.02)) * (storm > 0),
        edits=chance.choice((0.03, 0.06, 0.12)),
        kills=chance.choice((0.0, 0.0, 0.004, 0.01)) * (storm > 0),
        desk=chance.choice((0.0, 0.01, 0.02)),
        schema=chance.choice((0.0, 0.0, 0.0, 0.004)) * (storm > 0),
        hints=chance.choice((0.0, 0.02)),
    )


def _shape(chance: random.Random) -> Shape:
    systems: tuple[str, ...] = ("crm", "erp") if chance.random() < 0.75 else ("crm", "erp", "shop")
    rounds = chance.choice((9, 11, 12))
    trade = chance.random() < 0.4
    return Shape(
        systems=systems,
        first=chance.choice(systems),
        workers=chance.choice((1, 1, 2)),
        turns=_pick(chance),
        rests=tuple(float(chance.choice((5, 15, 20, 40, 70))) for _ in range(rounds)),
        full=tuple(chance.random() < 0.2 for _ in range(rounds)),
        matched=chance.random() < 0.8,
        trade=trade,
        on_delete=chance.choice(("propagate", "deactivate", "ignore", "ask")),
        guard_deletes=chance.choice((1, 1000, 1000)),
        rewrite=chance.choice(("", "", "", "upper", "cut", "rounded")),
        narrow=chance.random() < 0.3,
        merges=chance.random() < 0.1,
        manners={name: _manners(chance, trade) for name in systems},
    )


def _manners(chance: random.Random, trade: bool) -> dict[str, Any]:
    pick = chance.choice
    conditional = pick(("version", "version", "values", "no"))
    return {
        "create": pick(("token", "key", "upsert")),
        "conditional": conditional,
        "returns": pick((True, False)),
        "batch": pick((1, 3, 100)),
        "page": pick((2, 5, 100)),
        "changes": pick(("full", "cursor", "cursor+deletes")),
        "lag": pick((0.0, 0.0, 30.0)),
        "lateness": pick((0.0, 20.0)),
        "stamps": pick((1e-6, 1.0)),
        "skew": pick((0.0, 0.0, 300.0, -240.0)),
        "versions": conditional == "version" or pick((True, False)),
        "redirects": pick((True, False)),
        "lines": pick(("whole", "keyed")) if trade else "none",
    }
