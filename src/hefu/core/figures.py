"""Figures that the hub works out: sums over the records that point to an object, values derived from its own.

An order's shipped, invoiced and collected amounts are sums over deliveries, invoices and receipts; its status follows
from them. So it does not matter in which order the facts arrive, or how often. Pure; every number is a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hefu.core.expr import Expr, parse
from hefu.core.mapping import golden_scope
from hefu.core.project import Entity, EntityField
from hefu.core.records import FieldType, Normal, Normals
from hefu.core.values import decimal_text


@dataclass(frozen=True)
class Sum:
    """A compiled roll-up: `value` of each record of entity `over` whose field `by` points here, if `when` holds."""

    over: str
    by: str
    value: Expr | None
    when: Expr | None
    split: str | None

    def of(self, records: Iterable[Mapping[str, Normal]]) -> str | None:
        """The sum (or the number) as decimal text; split, the parts as text: "A 1200; B 800", None if there are none.

        A blank value counts nothing. Raises Rejected where a value is no number or an expression fails.
        """
        parts: dict[str, Decimal] = {}
        for record in records:
            if self.when is not None and not self.when.holds(record):
                continue
            said = self.value.run(record) if self.value is not None else "1"
            if said not in (None, ""):
                name = str(record.get(self.split) or "-") if self.split else ""
                parts[name] = parts.get(name, Decimal(0)) + Decimal(str(said))
        if self.split is None:
            return decimal_text(parts.get("", Decimal(0)))
        shown = [f"{name} {decimal_text(parts[name])}" for name in sorted(parts) if parts[name]]
        return "; ".join(shown) or None


@dataclass(frozen=True)
class Life:
    """A field whose options stand in the order of its life: no system moves it back, save while `back` holds."""

    options: Sequence[str]
    back: Expr | None

    def allows(self, before: Normal, after: Normal, golden: Mapping[str, Normal]) -> bool:
        """Whether the field may go from `before` to `after`; `golden` as it would be then."""
        if before not in self.options or after not in self.options:
            return True
        forward = self.options.index(after) >= self.options.index(before)
        return forward or (self.back is not None and self.back.holds(golden))


@dataclass(frozen=True)
class Figures:
    """All that is worked out for an entity: sums first, then derived values in the order of the document."""

    sums: Mapping[str, Sum]
    derived: Mapping[str, Expr]
    lives: Mapping[str, Life]

    def worked_out(self, golden: Normals, below: Mapping[str, Sequence[Normals]]) -> Normals:
        """Golden with its figures. `below`: sum field -> the records that point here. Raises Rejected."""
        out = dict(golden)
        for name, rule in self.sums.items():
            out[name] = rule.of(below.get(name, ()))
        for name, expr in self.derived.items():
            value = expr.run(out)
            value = value if isinstance(value, str | bool | None) else str(value)
            value = None if value == "" else value
            life = self.lives.get(name)
            if life is None or life.allows(golden.get(name), value, {**out, name: value}):
                out[name] = value
        return out


def compile_figures(entity: Entity, entities: Mapping[str, Entity], zone: str) -> Figures:
    """Raises Unsupported for a wrong expression. `entities`: those that its roll-ups add up."""
    sums: dict[str, Sum] = {}
    derived: dict[str, Expr] = {}
    lives: dict[str, Life] = {}
    own = golden_scope(entity.fields, zone)
    for name, doc in entity.fields.items():
        if doc.rollup is not None:
            rule, theirs = doc.rollup, golden_scope(entities[doc.rollup.over].fields, zone)
            value = parse(rule.value, theirs, FieldType.MONEY) if rule.value else None
            when = parse(rule.when, theirs, FieldType.BOOLEAN) if rule.when else None
            sums[name] = Sum(rule.over, rule.by, value, when, rule.split)
        if doc.derive is not None:
            derived[name] = parse(doc.derive, own, doc.type)
        if doc.forward:
            back = parse(doc.may_go_back, own, FieldType.BOOLEAN) if doc.may_go_back else None
            lives[name] = Life(tuple(doc.options), back)
    return Figures(sums, derived, lives)


def worked_out(doc: EntityField) -> bool:
    """Whether the hub works the field out, so that no system may change it."""
    return doc.rollup is not None or doc.derive is not None


__all__ = ["Figures", "Life", "Sum", "compile_figures", "worked_out"]
