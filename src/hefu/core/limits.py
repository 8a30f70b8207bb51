"""What a flow is about to do, weighed against its limits. Pure: the guard measures with it, properties test it.

A record counts once under each heading that it falls under: a change that empties a field is changed and blanked.
Amounts are compared with what the system was last seen to hold; what it did not hold, or held as 0, has no relative
movement, only an absolute one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from hefu.core.merge import by_key
from hefu.core.project import Entity, EntityField, Guard
from hefu.core.records import FieldType, Normal, Normals

HEADINGS = (
    ("written", "records", "share"),
    ("created", "creates", "create_share"),
    ("changed", "changes", "change_share"),
    ("blanked", "blanks", "blank_share"),
    ("deleted", "deletes", "delete_share"),
)
"""(what is counted, the absolute limit, the share of known records): only above both the flow stops."""


class Movement(NamedTuple):
    """One amount that would move: its path ("total", "lines[10].price"), currency ("" unknown), from and to."""

    path: str
    currency: str
    before: Decimal
    after: Decimal

    @property
    def relative(self) -> Decimal:
        """How far it moves as a part of what it was; 0 where it was 0."""
        return abs(self.after - self.before) / abs(self.before) if self.before else Decimal(0)


@dataclass
class Tally:
    """What is due, counted. `totals`: currency -> sum of all movements, up and down added up."""

    created: int = 0
    changed: int = 0
    blanked: int = 0
    deleted: int = 0
    largest: Decimal = Decimal(0)
    totals: dict[str, Decimal] = field(default_factory=dict)
    fields: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        """All records that would be written."""
        return self.created + self.changed + self.deleted

    def change(self, debt: Iterable[str], emptied: Iterable[str], moved: Iterable[Movement]) -> None:
        """One record whose fields `debt` would be written, of which `emptied` lose their value."""
        self.changed += 1
        self.fields.update(list(debt))
        gone = list(emptied)
        self.emptied.update(gone)
        self.blanked += bool(gone)
        for one in moved:
            self.largest = max(self.largest, one.relative)
            step = abs(one.after - one.before)
            self.totals[one.currency] = self.totals.get(one.currency, Decimal(0)) + step


class Crossed(NamedTuple):
    """A limit that is crossed: its name, what was found, and what is allowed (`share` None: the number alone)."""

    limit: str
    found: Decimal
    allowed: Decimal
    share: Decimal | None = None


def crossed(tally: Tally, known: int, guard: Guard, agreed: Mapping[str, Decimal] | None = None) -> list[Crossed]:
    """The limits that these writes would cross, in the order of `HEADINGS`.

    `agreed`: limit -> what a person has agreed to, which then counts in place of a lower limit.
    """
    agreed = agreed or {}
    out = []
    for what, number, part in HEADINGS:
        most, share = getattr(guard, number), getattr(guard, part)
        found = getattr(tally, what)
        if most is None and share is None:
            continue
        over = found > (most or 0) and (share is None or found > share * known)
        if over and found > agreed.get(number, -1):
            out.append(Crossed(number, Decimal(found), Decimal(most or 0), share))
    if guard.movement is not None and tally.largest > max(guard.movement, agreed.get("movement", Decimal(0))):
        out.append(Crossed("movement", tally.largest, guard.movement))
    total = max(tally.totals.values(), default=Decimal(0))
    most = guard.movement_total
    if most is not None and total > max(most, agreed.get("movement_total", Decimal(0))):
        out.append(Crossed("movement_total", total, most))
    return out


def smallest(guard: Guard) -> int:
    """With no more records due than this, whatever is known, no limit can be crossed."""
    if guard.movement is not None or guard.movement_total is not None:
        return 0
    numbers = [(getattr(guard, number), getattr(guard, part)) for _, number, part in HEADINGS]
    return min(most or 0 for most, share in numbers if most is not None or share is not None)


def could_cross(created: int, others: int, known: int, guard: Guard) -> bool:
    """Whether so many creates and other writes could cross a limit, whatever is in them."""
    worst = (Tally(created, others, others), Tally(deleted=others))  # each is a change or a delete, not both
    if any(crossed(tally, known, guard) for tally in worst):
        return True
    return others > 0 and (guard.movement is not None or guard.movement_total is not None)


def emptied(debt: Normals, before: Mapping[str, Normal]) -> Iterator[str]:
    """The fields of a debt whose value would become empty although there is one now."""
    for name, value in debt.items():
        if value in (None, "", []) and before.get(name) not in (None, "", []):
            yield name


def movements(entity: Entity, debt: Normals, before: Mapping[str, Normal], now: Mapping[str, Normal]) -> list[Movement]:
    """Every amount of a debt, of the record or of its lines, that would move. `now`: all golden values."""
    out: list[Movement] = []
    for name, value in debt.items():
        doc = entity.fields.get(name)
        if doc is None:
            continue
        if doc.type is FieldType.MONEY:
            _move(out, name, doc, before.get(name), value, now)
        elif doc.lines and doc.line_key and any(d.type is FieldType.MONEY for d in doc.lines.values()):
            old, new = by_key(before.get(name), doc.line_key), by_key(value, doc.line_key)
            for key in old.keys() & new.keys():
                for inner, line_doc in doc.lines.items():
                    if line_doc.type is FieldType.MONEY and inner in new[key]:
                        path = f"{name}[{key}].{inner}"
                        _move(out, path, line_doc, old[key].get(inner), new[key][inner], {**now, **new[key]})
    return out


def _move(
    out: list[Movement], path: str, doc: EntityField, before: Normal, after: Normal, values: Mapping[str, Normal]
) -> None:
    old, new = _amount(before), _amount(after)
    if old is None or new is None or old == new:
        return
    currency = doc.currency or ""
    spoken = values.get(currency)
    out.append(Movement(path, spoken if isinstance(spoken, str) else currency, old, new))


def _amount(value: Normal) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


__all__ = ["HEADINGS", "Crossed", "Movement", "Tally", "could_cross", "crossed", "emptied", "movements", "smallest"]
