"""One object's records: from the API's JSON to values, and back, field by field and exact.

What cannot be read as its declared type is handed on as it came: the mapping then refuses that one record by name,
where an error here would hold up the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hefu.connectors._rest_moments import read_moment, write_moment
from hefu.connectors._rest_paths import ABSENT, Path, get, path, put, text
from hefu.connectors._rest_settings import FieldSettings, ObjectSettings
from hefu.core.errors import Unsupported
from hefu.core.records import REMOVED, Field, FieldType, Record, Values

T = FieldType
Turn = Callable[[Any], Any]
# ------------------------------------------------------------------------- fields


class Spot(NamedTuple):
    """A field: where it is, how it is read, how it is written. `key` instead of `path` where that is one member."""

    name: str
    path: Path
    key: str | None
    read: Turn
    write: Turn
    writable: bool


def _as_text(value: Any) -> Any:
    return value if type(value) is str else text(value)


_DIGITS = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,20})?")


def _as_decimal(value: Any) -> Any:
    if type(value) in (Decimal, int):
        return value
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):  # as nearly all are
            return Decimal(value)
        if not value.strip():
            return None
        try:
            number = Decimal(value.strip().replace(",", ""))
        except InvalidOperation:
            return value
        return number if number.is_finite() and abs(number.adjusted()) < 400 else value
    return value


def _reader(f: FieldSettings, zone: tzinfo) -> Turn:
    pattern = f.format or "iso"
    own = ZoneInfo(f.zone) if f.zone else zone
    if f.type in (T.DECIMAL, T.MONEY):
        return _as_decimal
    if f.type is T.BOOLEAN:
        words = [(f.yes, True), (f.no, False)]
        return lambda v: next((b for word, b in words if v == word and type(v) is type(word)), v)
    if f.type is T.INSTANT:
        return _guarded(lambda v: read_moment(v, pattern, own))
    if f.type is T.DATE:
        return _guarded(lambda v: _date(v, pattern, own))
    if f.type is T.LINES:
        return _lines_reader(spots(f.lines, zone))
    return _as_text


def _date(value: Any, pattern: str, zone: tzinfo) -> date:
    if pattern == "iso" and len(value) == 10:
        return date.fromisoformat(value)
    return read_moment(value, pattern, zone).astimezone(zone).date()


def _guarded(turn: Turn) -> Turn:
    def read(value: Any) -> Any:
        if value == "":
            return None
        try:
            return turn(value)
        except (ValueError, TypeError, OverflowError):
            return value

    return read


def _lines_reader(inner: list[Spot]) -> Turn:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [read_spots(line, inner) if isinstance(line, dict) else {"value": line} for line in value]

    return read


def _writer(f: FieldSettings, zone: tzinfo) -> Turn:
    pattern = f.format or "iso"
    own = ZoneInfo(f.zone) if f.zone else zone
    if f.type is T.LINES:
        inner = {s.name: s for s in spots(f.lines, zone)}
        return lambda lines: [_line(line, inner, f.removed) for line in lines]
    if f.type is T.BOOLEAN:
        return lambda v: f.yes if v else f.no
    if f.type is T.INSTANT:
        return lambda v: write_moment(v, pattern, own) if isinstance(v, datetime) else v
    if f.type is T.DATE:
        return lambda v: _write_date(v, pattern, own) if isinstance(v, date) else v
    if f.as_text:
        return text
    if f.as_number:
        return _as_decimal
    return _as_is


def _as_is(value: Any) -> Any:
    return value


def _line(line: Mapping[str, Any], inner: Mapping[str, Spot], removed: Mapping[str, Any] | None = None) -> Any:
    if line.get(REMOVED):
        if not removed:
            raise Unsupported("rest.lines_stay", lines=", ".join(inner))
        rest = {name: value for name, value in line.items() if name != REMOVED}
        return {**_line(rest, inner), **removed}
    if not inner:
        return line["value"] if set(line) == {"value"} else nest(line)
    stray = next((name for name in line if name not in inner), None)
    if stray is not None:
        raise Unsupported("rest.unknown_field", object="-", field=stray)
    return write_spots(line, inner, {})


def _write_date(day: date, pattern: str, zone: tzinfo) -> Any:
    if pattern == "iso":
        return day.isoformat()
    return write_moment(datetime(day.year, day.month, day.day, tzinfo=zone), pattern, zone)


def spots(fields: Mapping[str, FieldSettings], zone: tzinfo) -> list[Spot]:
    """The declared fields, ready to read and write."""
    out = []
    for name, f in fields.items():
        steps = path(f.path if f.path is not None else name)
        key = steps[0] if len(steps) == 1 and isinstance(steps[0], str) else None
        out.append(Spot(name, steps, key, _reader(f, zone), _writer(f, zone), f.writable))
    return out


def read_spots(raw: Mapping[str, Any], fields: Iterable[Spot]) -> dict[str, Any]:
    """Values of a record; a field that is not there stays away, null stays None."""
    values: dict[str, Any] = {}
    for name, steps, key, read, _, _ in fields:
        value = raw.get(key, ABSENT) if key is not None else get(raw, steps)
        if value is None or (type(value) is str and read is _as_text):
            values[name] = value
        elif value is not ABSENT:
            values[name] = read(value)
    return values


def write_spots(values: Mapping[str, Any], fields: Mapping[str, Spot], body: dict[str, Any]) -> dict[str, Any]:
    """`body` with those values whose fields are declared; None stays null."""
    for name, value in values.items():
        spot = fields.get(name)
        if spot is not None:
            written = value if value is None or spot.write is _as_is else spot.write(value)
            if spot.key is not None:
                body[spot.key] = written
            else:
                put(body, spot.path, written)
    return body


def flat(raw: Mapping[str, Any], before: str = "", skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Values of a record that nobody described: nested objects by dotted names, lists as lines. `skip`: such names."""
    values: dict[str, Any] = {}
    for name, value in raw.items():
        full = before + name
        if isinstance(value, dict):
            values |= flat(value, full + ".", skip)
        elif full in skip:
            continue
        elif isinstance(value, list):
            values[full] = [flat(line) if isinstance(line, dict) else {"value": line} for line in value]
        else:
            values[full] = value
    return values


def path_of(name: str) -> Path:
    """The path that a flat name stands for."""
    return tuple(name.split("."))


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """The opposite of `flat`."""
    body: dict[str, Any] = {}
    for name, value in values.items():
        lines = isinstance(value, list) and all(isinstance(line, dict) for line in value)
        put(body, path_of(name), [_line(line, {}) for line in value] if lines else value)
    return body


# ------------------------------------------------------------------------ objects


def _nowhere(_raw: Any) -> Any:
    return None


def _finder(where: str | None) -> Turn:
    """What finds the value at a path, None where there is nothing."""
    steps = path(where) if where else ()
    if not steps:
        return _nowhere
    if len(steps) > 1:
        return lambda raw: get(raw, steps, None)
    key = steps[0]
    return lambda raw: raw.get(key) if type(raw) is dict else get(raw, steps, None)


class Shape:
    """An object's settings, compiled: reads records, writes bodies, tells its fields."""

    def __init__(self, name: str, described: ObjectSettings, zone: str) -> None:
        self.name, self.described = name, described
        self.zone = ZoneInfo(zone)
        self.spots = spots(described.fields, self.zone)
        self.infer = described.infer if described.infer is not None else not described.fields
        self._inside = path(described.read.record)
        self._id, self._version, self._modified, self._author, self._organisation = (
            _finder(p)
            for p in (
                described.id, described.version, described.modified, described.author, described.organisation,
            )
        )  # fmt: skip
        self._taken = frozenset(
            ".".join(map(str, s.path))
            for s in self.spots
            if all(isinstance(step, str) and "." not in step for step in s.path)
        )
        self._by_name = {s.name: s for s in self.spots}
        self._read_only = {s.name for s in self.spots if not s.writable}

    def inside(self, entry: Any) -> Any:
        """The record in one entry of a list."""
        return get(entry, self._inside) if self._inside else entry

    def id_of(self, raw: Any) -> str | None:
        """The record's id as text, or None."""
        found = self._id(raw)
        if type(found) is str:
            return found or None
        return None if found is None else text(found)

    def values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The record's values."""
        values = read_spots(raw, self.spots)
        if self.infer:
            values |= flat(raw, skip=self._taken)
        return values

    def modified(self, raw: Mapping[str, Any]) -> datetime | None:
        """When it was last changed, where it says so."""
        found = self._modified(raw)
        if found is None:
            return None
        try:
            return read_moment(found, self.described.modified_format, self.zone)
        except (ValueError, TypeError, OverflowError):
            return None

    def version(self, raw: Mapping[str, Any], etag: str | None = None) -> str | None:
        """The version, from the record or the ETag header."""
        found = etag if self._version is _nowhere and self.described.etag else self._version(raw)
        return None if found is None else _as_text(found)

    def record(self, raw: Any, etag: str | None = None) -> Record:
        """A record. Raises Unsupported if there is no id where one should be."""
        record_id = self.id_of(raw) if isinstance(raw, dict) else None
        if record_id is None:
            raise Unsupported("rest.no_id_at", object=self.name, path=self.described.id, record=text(raw)[:80])
        author, organisation = self._author(raw), self._organisation(raw)
        return Record(
            record_id,
            self.values(raw),
            self.version(raw, etag),
            self.modified(raw),
            None if author is None else _as_text(author),
            "" if organisation is None else _as_text(organisation),
        )

    def body(self, values: Values) -> dict[str, Any]:
        """A body with these values. Raises Unsupported for a field that is not there or not writable."""
        known = values.keys() <= self._by_name.keys()
        rest = {} if known else {name: value for name, value in values.items() if name not in self._by_name}
        if rest and not self.infer:
            raise Unsupported("rest.unknown_field", object=self.name, field=next(iter(rest)))
        if self._read_only and not self._read_only.isdisjoint(values):
            locked = next(name for name in values if name in self._read_only)
            raise Unsupported("rest.read_only_field", object=self.name, field=locked)
        return write_spots(values, self._by_name, nest(rest) if rest else {})

    def written_id(self, record_id: str) -> Any:
        """An id as a body writes it."""
        return int(record_id) if self.described.id_number and record_id.isdigit() else record_id

    def roots(self, values: Values) -> set[Any]:
        """The outermost members that these values touch inside nested objects."""
        paths = (self._by_name[n].path if n in self._by_name else path_of(n) for n in values)
        return {p[0] for p in paths if len(p) > 1}

    def fields(self, sample: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
        """The declared fields, then those found in a sample."""
        listed = tuple(_field(n, f) for n, f in self.described.fields.items())
        if not self.infer:
            return listed
        found = _survey(flat(raw, skip=self._taken) for raw in sample)
        if not listed and not found:
            found = (Field(self.described.id, writable=False),)
        return listed + found


def _field(name: str, f: FieldSettings) -> Field:
    return Field(
        name,
        f.type,
        f.label,
        writable=f.writable,
        required=f.required,
        unique=f.unique,
        length=f.length,
        scale=f.scale,
        options=tuple(f.options),
        target=f.target,
        lines=tuple(_field(n, inner) for n, inner in f.lines.items()),
    )


def _kind(value: Any) -> FieldType | None:
    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return T.BOOLEAN
    if isinstance(value, int | Decimal):
        return T.DECIMAL
    return T.LINES if isinstance(value, list) else T.TEXT


def _survey(records: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Fields as a sample shows them. Types that disagree make a text."""
    columns: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            columns.setdefault(name, []).append(value)
    return tuple(_guess(name, values) for name, values in columns.items())


def _guess(name: str, values: list[Any]) -> Field:
    kinds = {kind for kind in map(_kind, values) if kind}
    kind = kinds.pop() if len(kinds) == 1 else T.TEXT
    lines = _survey(line for value in values for line in value or ()) if kind is T.LINES else ()
    return Field(name, kind, lines=lines, inferred=True)
