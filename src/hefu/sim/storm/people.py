"""People at their desks: they type, clear, delete, restore, merge and re-parent whenever they like.

Which record and which field follows from the number of the event and from what there is at that moment.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from hefu.connectors.memory import MemorySystem
from hefu.core.errors import HubError
from hefu.sim.storm.case import Event
from hefu.sim.storm.scene import Scene
from hefu.sim.storm.world import LEVELS, TYPED, TYPED_LINE, typed_value

MOST = 7
"""Customers, and orders, of a system; more would make a case slower and not wilder."""


class People:
    """Everybody who works in the systems."""

    def __init__(self, play: Scene) -> None:
        self.play = play
        self._kinds: Mapping[str, Callable[[MemorySystem, random.Random], None]] = {
            "edit": self._edit,
            "create": self._create,
            "clear": self._clear,
            "delete": self._delete,
            "restore": self._restore,
            "import": self._import,
            "merge": self._merge,
            "order": self._order,
            "lines": self._lines,
            "reparent": self._reparent,
            "approve": self._approve,
            "step": self._step,
            "order_delete": self._order_delete,
            "order_memo": self._memo,
        }

    def knows(self, kind: str) -> bool:
        """Whether it is for people to do."""
        return kind in self._kinds

    def act(self, event: Event) -> None:
        """Somebody does it; what the system refuses stays undone."""
        system = self.play.systems[event.where]
        try:
            self._kinds[event.kind](system, random.Random(event.pick))
        except HubError:
            return

    # --------------------------------------------------------------- customers

    def _edit(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "customer", chance)
        if record is None or (len(system.all("customer")) < 3 and chance.random() < 0.5):
            self._create(system, chance)
            return
        kind = chance.random()
        if kind < 0.1 and self._has(system, "level"):
            self._save(system, "customer", record, {"level": chance.choice(sorted(LEVELS[system.name]))})
        else:
            self.type_into(system, record, chance.sample(TYPED, chance.choice((1, 1, 2))))

    def _create(self, system: MemorySystem, chance: random.Random) -> None:
        if len(system.all("customer")) >= MOST:
            return
        code = self._code(system, chance)
        values = {"level": chance.choice(sorted(LEVELS[system.name]))} if self._has(system, "level") else {}
        record = system.create("customer", {"code": code, **values}, who="people")
        self.type_into(system, record, chance.sample(TYPED, 3))

    def _import(self, system: MemorySystem, chance: random.Random) -> None:
        for _ in range(3):
            self._create(system, chance)

    def _code(self, system: MemorySystem, chance: random.Random) -> str:
        """A new code, or one that another system has, as two departments enter one customer, or one that is gone."""
        mine = {row["code"] for row in system.all("customer").values()}
        others = [s for s in self.play.systems.values() if s is not system]
        known = sorted({str(row["code"]) for s in others for row in s.all("customer").values()} - mine)
        if self.play.case.shape.matched and known and chance.random() < 0.5:
            return chance.choice(known)
        gone = sorted({str(row.values["code"]) for row in system.shelf("customer").order if row.gone} - mine)
        if self.play.case.shape.matched and gone and chance.random() < 0.2:
            return chance.choice(gone)
        self.play.codes += 1
        return f"K{self.play.codes}"

    def type_into(self, system: MemorySystem, record: str, names: list[str]) -> None:
        """Type a new value into each of these fields, in one save."""
        names = [n for n in names if self._has(system, n)]
        numbered = {name: self.play.history.next_token() + place for place, name in enumerate(names)}
        if not names:
            return
        self._save(system, "customer", record, {n: typed_value(n, number) for n, number in numbered.items()})
        for name, number in numbered.items():
            self.play.history.note(number, system.name, "customer", record, name)

    def _clear(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "customer", chance)
        name = chance.choice(TYPED)
        if record is not None and self._has(system, name):
            self._save(system, "customer", record, {name: None})

    def _delete(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "customer", chance)
        if record is None or chance.random() < 0.4:
            return
        if any(row["customer"] == record for row in self._orders(system).values()):
            return  # no system lets its users delete a customer that has orders
        system.delete("customer", record, who="people")

    def _restore(self, system: MemorySystem, chance: random.Random) -> None:
        """Somebody deleted it by mistake, and takes that back."""
        living = {row["code"] for row in system.all("customer").values()}
        gone = [
            row.id for row in system.shelf("customer").order
            if row.gone and row.author == "people" and row.moved_to is None and row.values.get("code") not in living
        ]  # fmt: skip
        if gone:
            system.restore("customer", chance.choice(gone), who="people")

    def _merge(self, system: MemorySystem, chance: random.Random) -> None:
        """Two records turn out to be one customer; the loser's orders go to the winner, as systems do."""
        records = sorted(system.all("customer"))
        if len(records) < 3:
            return
        winner, loser = chance.sample(records, 2)
        for order, row in self._orders(system).items():
            if row["customer"] == loser:
                self._save(system, "order", order, {"customer": winner})
        system.merge("customer", winner, loser, who="people")

    # ------------------------------------------------------------------ orders

    def _order(self, system: MemorySystem, chance: random.Random) -> None:
        customer = self._any(system, "customer", chance)
        if customer is None or len(self._orders(system)) >= MOST:
            return
        self.play.codes += 1
        number = f"O{self.play.codes}"
        record = system.create("order", {"number": number, "customer": customer, "lines": []}, who="people")
        self._put_line(system, record, {}, "1", chance)
        if chance.random() < 0.5:
            self._type_memo(system, record)

    def _lines(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "order", chance)
        if record is None:
            self._order(system, chance)
            return
        if self._confirmed(system, record):
            return
        rows = {row["no"]: dict(row) for row in self._orders(system)[record]["lines"] or ()}
        kind = chance.random()
        if kind < 0.25 and len(rows) > 1:
            rows.pop(chance.choice(sorted(rows)))
            self._save(system, "order", record, {"lines": list(rows.values())})
        elif kind < 0.5 and len(rows) < 5:
            side = {"crm": "1", "erp": "2", "shop": "3"}[system.name]
            self._put_line(system, record, rows, f"{side}{chance.randrange(1, 6)}", chance)
        elif rows:
            self._put_line(system, record, rows, chance.choice(sorted(rows)), chance)

    def _put_line(
        self, system: MemorySystem, record: str, rows: dict[str, Any], line: str, chance: random.Random
    ) -> None:
        """Type a new line, or one or two fields of one that is there."""
        history = self.play.history
        fresh = line not in rows
        names = list(TYPED_LINE) if fresh else chance.sample(TYPED_LINE, chance.choice((1, 2)))
        numbered = {name: history.next_token() + place for place, name in enumerate(names)}
        typed = {name: typed_value(name, number) for name, number in numbered.items()}
        rows[line] = {**rows.get(line, {"no": line}), **typed}
        self._save(system, "order", record, {"lines": list(rows.values())})
        for name, number in numbered.items():
            history.note(number, system.name, "order", record, f"lines[{line}].{name}")

    def _reparent(self, system: MemorySystem, chance: random.Random) -> None:
        record, customer = self._any(system, "order", chance), self._any(system, "customer", chance)
        if record is not None and customer is not None and not self._confirmed(system, record):
            self._save(system, "order", record, {"customer": customer})

    def _approve(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "order", chance)
        if record is not None:
            self._save(system, "order", record, {"approved": chance.random() < 0.8})

    def _step(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "order", chance)
        if record is not None:
            system.act("order", chance.choice(("confirm", "reopen")), record, who="people")

    def _memo(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "order", chance)
        if record is not None:
            self._type_memo(system, record)

    def _type_memo(self, system: MemorySystem, record: str) -> None:
        token = self.play.history.next_token()
        self._save(system, "order", record, {"memo": typed_value("memo", token)})
        self.play.history.note(token, system.name, "order", record, "memo")

    def _order_delete(self, system: MemorySystem, chance: random.Random) -> None:
        record = self._any(system, "order", chance)
        if record is not None and chance.random() < 0.3:
            system.delete("order", record, who="people")

    # ------------------------------------------------------------------ inside

    def _orders(self, system: MemorySystem) -> dict[str, dict[str, Any]]:
        return system.all("order") if self.play.case.shape.trade else {}

    def _confirmed(self, system: MemorySystem, record: str) -> bool:
        return bool(self._orders(system)[record]["status"] == "confirmed")

    def _any(self, system: MemorySystem, obj: str, chance: random.Random) -> str | None:
        if obj == "order" and not self.play.case.shape.trade:
            return None
        records = sorted(system.all(obj))
        return chance.choice(records) if records else None

    def _has(self, system: MemorySystem, name: str) -> bool:
        return system.shelf("customer").schema.field(name) is not None

    def _save(self, system: MemorySystem, obj: str, record: str, values: Mapping[str, Any]) -> None:
        system.edit(obj, record, values, who="people")
