"""What everybody in a case shares: its clock, its systems, its history, the hub's store, and ways to look at them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import func, select

from hefu.engine.hub import Hub
from hefu.sim.storm.book import Book
from hefu.sim.storm.case import Case
from hefu.sim.storm.clock import StormEnv
from hefu.sim.storm.history import History
from hefu.sim.storm.turns import Turns
from hefu.sim.storm.weather import Weather
from hefu.sim.storm.world import objects, open_systems
from hefu.store import issues, runs
from hefu.store.db import from_json, text
from hefu.store.golden import Golden, load_golden
from hefu.store.tables import change, golden, intent, link

Row = Mapping[str, Any]

_BOOK: list[Book] = []


class Scene(ABC):
    """One case's world.

    codes: how many codes were given out.  version: of the project documents.  skews: clocks that were moved.
    kept_apart: golden ids of objects that a person decided to keep in one system and not in another.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.env = StormEnv()
        self.turns = Turns(self.env, case.shape.turns)
        self.systems = open_systems(case.shape, self.env.now)
        self.history = History()
        self.history.watch(self.systems)
        self.weather = Weather()
        self.codes, self.version = 0, 0
        self.skews: dict[str, float] = {}
        self.kept_apart: set[str] = set()
        self.wild = False
        if not _BOOK:
            _BOOK.append(Book(self.env))
        self.store = _BOOK[0]
        self.store.wipe(self.env, self.turns, self.history)
        self.store.trouble = lambda: self.weather.commit() if self.wild else ""

    @abstractmethod
    def new_hub(self) -> Hub:
        """A hub that knows nothing but what is committed."""

    def step(self, name: str) -> None:
        """A call of a line passes a step; none may lie inside of a transaction."""
        assert not self.store.inside, f"{name} inside a transaction"
        self.turns.step(name)

    # ----------------------------------------------------------------- looking

    def written(self) -> dict[str, int]:
        return {name: len(system.log) for name, system in self.systems.items()}

    def resting(self) -> bool:
        """Whether something is left alone for a while, after a fault."""
        with self.store.look() as tx:
            stopped = runs.paused(tx)
        return any(row["until_at"] is not None for row in stopped.values())

    def stopped(self) -> bool:
        """Whether the flow waits for a person, as its guard has it."""
        with self.store.look() as tx:
            return any(scope.startswith("flow:") for scope in runs.paused(tx))

    def pending(self) -> int:
        """Links that are due and wait for no person and no parent, and writes whose outcome is still looked up."""
        horizon = text(self.env.later(86400))
        waits = func.coalesce(link.c.waits, "")
        with self.store.look() as tx:
            due = tx.run(
                select(func.count()).select_from(link)
                .where(link.c.due_at.is_not(None), waits.not_in(("person", "outcome", "parent")))
            ).scalar()  # fmt: skip
            unknown = tx.run(
                select(func.count()).select_from(intent)
                .where(intent.c.state.in_(("open", "unknown")), func.coalesce(intent.c.probe_at, "") < horizon)
            ).scalar()  # fmt: skip
        return int(due or 0) + int(unknown or 0)

    def issues(self, *kinds: str, state: str | None = "open") -> list[Row]:
        """Cases at the desk."""
        with self.store.look() as tx:
            return issues.list_issues(tx, kinds=kinds, state=state, limit=100_000)

    def story(self) -> list[Row]:
        """All changes that were recorded, oldest first, decoded."""
        with self.store.look() as tx:
            rows = tx.run(select(change).order_by(change.c.id)).mappings().all()
        return [{**row, "moved": from_json(row["moved"])} for row in rows]

    def links(self) -> list[dict[str, Any]]:
        """Rows of the cross-reference."""
        with self.store.look() as tx:
            return [dict(row) for row in tx.run(select(link).order_by(link.c.id)).mappings()]

    def intents(self) -> list[dict[str, Any]]:
        """All writes that were intended."""
        with self.store.look() as tx:
            rows = tx.run(select(intent).order_by(intent.c.id)).mappings().all()
        return [{**row, "fields": from_json(row["fields"])} for row in rows]

    def golden(self) -> dict[str, Golden]:
        """Every golden record."""
        with self.store.look() as tx:
            ids: list[str] = list(tx.run(select(golden.c.id)).scalars())
            return load_golden(tx, ids, lock=False)

    def picture(self) -> str:
        """What the systems hold, as text: for the trace, and for a person who looks at a failure."""
        books = {
            name: {obj: system.all(obj) for obj in objects(self.case.shape)} for name, system in self.systems.items()
        }
        return orjson.dumps(books, default=str, option=orjson.OPT_SORT_KEYS).decode()
