"""Compares the systems themselves, record by record and field by field, without the hub's memory or its mappings.

Records are paired by the code or number that their makers typed. A difference is excused by an open case at the desk
for that field or record, and by nothing else but what a person decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hefu.sim.storm.history import tokens
from hefu.sim.storm.scene import Scene
from hefu.sim.storm.world import LEVELS, objects, shared

Row = Mapping[str, Any]
NAMED_BY = {"customer": "code", "order": "number"}


class Books:
    """What the systems hold in the end, and what excuses their differences."""

    def __init__(self, play: Scene) -> None:
        self.play = play
        self.shape = play.case.shape
        self.open = play.issues()
        self.every = play.issues(state=None)
        self.names = _names(play)
        self._cases: dict[tuple[str, str], list[Row]] = {}
        for case in self.open:
            for key in self._about(case):
                self._cases.setdefault(key, []).append(case)
        self.settled: dict[tuple[str, str], list[Row]] = {}
        for case in self.every:
            for key in self._about(case):
                self.settled.setdefault(key, []).append(case)

    def _about(self, case: Row) -> set[tuple[str, str]]:
        """(object, code) of everything that a case is about."""
        entity, facts = case["entity"] or "", case["facts"]
        out = {(entity, name) for name in (self.names.golden(case["golden_id"]), self.names.golden(facts.get("with")))}
        if facts.get("record_id"):
            out.add((entity, self.names.record(case["connection"], entity, facts["record_id"])))
        return {(e, n) for e, n in out if n}

    def differences(self) -> Iterator[str]:
        """One line for each difference that nothing excuses."""
        names = self.shape.systems
        for obj in objects(self.shape):
            shelves = {name: self._shelf(name, obj) for name in names}
            for name, shelf in shelves.items():
                yield from (
                    f"doubled: {name} holds {obj} {code} {len(rows)} times"
                    for code, rows in shelf.items()
                    if len(rows) > 1 and not self._excused(obj, code, "")
                )
            for a, b in ((a, b) for a in names for b in names if a < b):
                for code in sorted({*shelves[a], *shelves[b]}):
                    yield from self._pair(obj, code, a, shelves[a].get(code), b, shelves[b].get(code))

    def _shelf(self, name: str, obj: str) -> dict[str, list[dict[str, Any]]]:
        out: dict[str, list[dict[str, Any]]] = {}
        for row in self.play.systems[name].all(obj).values():
            out.setdefault(str(row[NAMED_BY[obj]]), []).append(row)
        return out

    def _pair(self, obj: str, code: str, a: str, mine: Any, b: str, theirs: Any) -> Iterator[str]:
        if mine is None or theirs is None:
            missing, there, rows = (a, b, theirs) if mine is None else (b, a, mine)
            if not self._may_be_missing(obj, code, missing, there, rows[0]):
                yield f"missing: {obj} {code} is in {there} and not in {missing}"
            return
        if self._left_alone(obj, code, a) or self._left_alone(obj, code, b):
            return
        for field in shared(self.shape, a, b, obj):
            left, right = self._plain(a, field, mine[0].get(field)), self._plain(b, field, theirs[0].get(field))
            for path, x, y in _flat(field, left, right):
                if not self._same(path, x, y) and not self._excused(obj, code, path):
                    yield f"differs: {obj} {code} {path}: {a} has {x!r}, {b} has {y!r}"

    def _plain(self, name: str, field: str, value: Any) -> Any:
        """In terms that all systems share."""
        if field == "level":
            return LEVELS[name].get(value)
        if field == "customer" and value is not None:
            return self.names.record(name, "customer", value)
        if isinstance(value, list | tuple):
            return {str(row["no"]): row for row in value}
        return None if value == "" else value

    def _same(self, path: str, x: Any, y: Any) -> bool:
        if x == y:
            return True
        if path == "active":  # nothing was ever said, or it is still so
            return {x, y} == {None, True}
        rewrites = bool(self.shape.rewrite)
        return rewrites and x is not None and y is not None and tokens(path, x) == tokens(path, y) != frozenset()

    def _excused(self, obj: str, code: str, path: str) -> bool:
        if any(_covers(case, path) for case in self._cases.get((obj, code), ())):
            return True
        lasting = ("overruled", "loss")
        return any(c["kind"] in lasting and _covers(c, path) for c in self.settled.get((obj, code), ()))

    def _may_be_missing(self, obj: str, code: str, missing: str, there: str, row: Row) -> bool:
        """Whether a record may be in one system and not in another, for ever."""
        floods = [f"deletes:{missing}-{obj}", f"deletes:{there}-{obj}"]
        if self._excused(obj, code, "") or any(c["kind"] == "flood" and c["field"] in floods for c in self.open):
            return True
        if obj == "order":  # its customer cannot be there
            customer = self.names.record(there, "customer", row["customer"])
            if customer and (
                customer not in self._shelf(missing, "customer") or self._excused("customer", customer, "")
            ):
                return True  # or a person is asked which record it is
        goldens = self.names.goldens(obj, code)
        kept = goldens & self.play.kept_apart
        if kept and any(self._went(name, obj, code) for name in self.shape.systems):  # and was left alone where it is
            return True
        gone = self._went(missing, obj, code)
        return gone and self._rule(obj) in ("ignore", "deactivate")

    def _left_alone(self, obj: str, code: str, name: str) -> bool:
        """Whether a person said of the record that a delete passed by: it stays there as it is, for good."""
        there = {i for i, row in self.play.systems[name].all(obj).items() if str(row[NAMED_BY[obj]]) == code}
        return any(
            (c["kind"], c["decision"], c["connection"]) == ("delete_edit", "keep", name)
            and c["facts"]["record_id"] in there
            for c in self.settled.get((obj, code), ())
        )

    def _rule(self, obj: str) -> str:
        rule = self.shape.on_delete
        return "ignore" if obj == "order" and rule == "deactivate" else rule

    def _went(self, name: str, obj: str, code: str) -> bool:
        """Whether people took this record away there."""
        ids = {row.id for row in self.play.systems[name].shelf(obj).order if row.values.get(NAMED_BY[obj]) == code}
        log = self.play.systems[name].log
        return any(e.who == "people" and e.verb in ("delete", "merge") and e.object == obj and e.id in ids for e in log)


class Names:
    """Which code stands for a golden record, and for a record of a system, gone ones too."""

    def __init__(self, goldens: Mapping[str, tuple[str, str]], records: Mapping[tuple[str, str, str], str]) -> None:
        self._golden, self._records = goldens, records

    def golden(self, golden_id: str | None) -> str:
        """The code of a golden record, or ""."""
        return self._golden.get(golden_id or "", ("", ""))[1]

    def goldens(self, obj: str, code: str) -> set[str]:
        """Golden ids that carry a code."""
        return {i for i, named in self._golden.items() if named == (obj, code)}

    def record(self, system: str, obj: str, record_id: str) -> str:
        """The code of a record, or ""."""
        return self._records.get((system, obj, record_id), "")


def _names(play: Scene) -> Names:
    goldens = {i: (g.entity, str(g.fields.get(NAMED_BY[g.entity]) or "")) for i, g in play.golden().items()}
    records = {
        (name, obj, row.id): str(row.values.get(NAMED_BY[obj]))
        for name, system in play.systems.items()
        for obj in objects(play.case.shape)
        for row in system.shelf(obj).order
    }
    return Names(goldens, records)


def _covers(case: Row, path: str) -> bool:
    """A conflict covers its field, a refused write the fields it wanted to write, other cases the record."""
    if case["kind"] in ("conflict", "overruled", "loss") or "[" in case["field"]:
        return path == case["field"] or path.startswith(f"{case['field']}.") or case["field"].startswith(f"{path}.")
    if case["kind"] == "rejected" and path:
        return path.partition("[")[0] in (case["facts"].get("values") or {path.partition("[")[0]: None})
    return case["kind"] not in ("paused", "drift")


def _flat(field: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    if not isinstance(left, dict) and not isinstance(right, dict):
        yield field, left, right
        return
    mine, theirs = left or {}, right or {}
    for key in sorted({*mine, *theirs}):
        if key not in mine or key not in theirs:
            yield f"{field}[{key}]", mine.get(key), theirs.get(key)
            continue
        for name in ("item", "quantity", "price"):
            yield f"{field}[{key}].{name}", mine[key].get(name), theirs[key].get(name)


def money(rows: Mapping[str, Mapping[str, Any]]) -> Decimal:
    """The sum of quantity times price over all lines of all orders, to the cent."""
    total = Decimal(0)
    for order in rows.values():
        for line in order["lines"] or ():
            total += (line.get("quantity") or Decimal(0)) * (line.get("price") or Decimal(0))
    return total.quantize(Decimal("0.01"))
