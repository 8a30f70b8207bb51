"""How rows are told: V2's `d`, `results`, `__metadata`, `__deferred`; V4's `value` and `@odata` words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hefu.sandbox.sap.book import SapBook
from hefu.sandbox.sap.model import EntityType, Service
from hefu.sandbox.sap.query import Options
from hefu.sandbox.sap.wire import Row, literal, shown


@dataclass(frozen=True)
class Teller:
    """Tells rows of one service in one version. home: the address of the service as links name it."""

    book: SapBook
    service: Service
    version: int
    home: str
    numbers_as_text: bool = False

    def one(self, entity: EntityType, row: Row, options: Options) -> dict[str, Any]:
        """One row with its properties and what was expanded."""
        return self._v2(entity, row, options) if self.version == 2 else self._v4(entity, row, options)

    def many(self, entity: EntityType, rows: Iterable[Row], options: Options) -> list[dict[str, Any]]:
        """Several."""
        return [self.one(entity, row, options) for row in rows]

    def address(self, entity: EntityType, row: Row) -> str:
        """The path of a row within its service."""
        values = [(n, literal(entity.props[n], row.get(n), self.version)) for n in entity.keys]
        inside = values[0][1] if len(values) == 1 else ",".join(f"{n}={v}" for n, v in values)
        return f"{entity.called(self.version)}({inside})"

    def _picked(self, entity: EntityType, row: Row, options: Options) -> dict[str, Any]:
        names = entity.props if options.select is None else [n for n in options.select if n in entity.props]
        return {
            n: shown(entity.props[n], row.get(n), self.version, numbers_as_text=self.numbers_as_text)
            for n in names
            if n not in self.book.revoked
        }

    def _v2(self, entity: EntityType, row: Row, options: Options) -> dict[str, Any]:
        uri = f"{self.home}/{self.address(entity, row)}"
        about: dict[str, Any] = {"id": uri, "uri": uri, "type": f"{self.service.name}.{entity.name}Type"}
        if entity.etag:
            about["etag"] = etag(entity, row)
        made = {"__metadata": about, **self._picked(entity, row, options)}
        for nav in entity.navs.values():
            if nav.name in options.expand:
                target, below = self.service.sets[nav.target], options.expand[nav.name]
                rows = self.many(target, sorted_by_key(target, self.book.related(entity, row, nav.name)), below)
                made[nav.name] = {"results": rows} if nav.many else rows[0] if rows else None
            elif options.select is None or nav.name in options.select:
                made[nav.name] = {"__deferred": {"uri": f"{uri}/{nav.name}"}}
        return made

    def _v4(self, entity: EntityType, row: Row, options: Options) -> dict[str, Any]:
        about = {"@odata.etag": etag(entity, row)} if entity.etag else {}
        made: dict[str, Any] = {**about, **self._picked(entity, row, options)}
        for nav in entity.navs.values():
            below = options.expand.get(nav.v4)
            if below is None:
                continue
            target = self.service.sets[nav.target]
            found = arranged(target, self.book.related(entity, row, nav.name), below)
            if below.count:
                made[f"{nav.v4}@odata.count"] = len(found)
            stop = None if below.top is None else below.skip + below.top
            rows = self.many(target, found[below.skip : stop], below)
            made[nav.v4] = rows if nav.many else rows[0] if rows else None
        return made


def etag(entity: EntityType, row: Row) -> str:
    """The version of a row as a header value."""
    value = str(row.get(entity.etag) or "")
    if entity.props[entity.etag].kind == "stamp":
        return f"W/\"datetimeoffset'{value.replace(':', '%3A')}'\""
    return f"W/\"'{value}'\""


def sorted_by_key(entity: EntityType, rows: Iterable[Row]) -> list[Row]:
    """Rows in the order of their keys, numbers as numbers."""
    return sorted(rows, key=_by_key(entity))


def _by_key(entity: EntityType) -> Callable[[Row], tuple[str, ...]]:
    widths = [(n, entity.props[n].length if entity.props[n].alpha else 0) for n in entity.keys]
    return lambda row: tuple(str(row.get(n) or "").zfill(width) for n, width in widths)


def arranged(entity: EntityType, rows: Iterable[Row], options: Options) -> list[Row]:
    """Rows that pass the filter, in the order that was asked for, else by key."""
    found = rows if options.filter is None else (r for r in rows if options.filter.test(r))
    made = sorted_by_key(entity, found)
    for name, down in reversed(options.order):
        prop = entity.props[name]
        made.sort(key=_value_of(name, prop.kind == "decimal", prop.length if prop.alpha else 0), reverse=down)
    return made


def _value_of(name: str, number: bool, width: int) -> Callable[[Row], Any]:
    if number:
        return lambda row: Decimal(row.get(name) or 0)
    return lambda row: str("" if row.get(name) is None else row[name]).zfill(width)


def page2(rows: Sequence[Mapping[str, Any]], count: int | None, more: str) -> dict[str, Any]:
    """A V2 collection."""
    made: dict[str, Any] = {"results": rows}
    if count is not None:
        made["__count"] = str(count)
    if more:
        made["__next"] = more
    return {"d": made}


def page4(rows: Sequence[Mapping[str, Any]], count: int | None, more: str, context: str) -> dict[str, Any]:
    """A V4 collection."""
    made: dict[str, Any] = {"@odata.context": context}
    if count is not None:
        made["@odata.count"] = count
    made["value"] = rows
    if more:
        made["@odata.nextLink"] = more
    return made
