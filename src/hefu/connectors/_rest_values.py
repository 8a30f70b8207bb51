"""One object's records: from the API's JSON to values, and back, field by field and exact.

What cannot be read as its declared type is handed on as it came: the mapping then refuses that one record by name,
where an error here would hold up the whole page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hefu.connectors._rest_json import ABSENT, Path, get, path, put, text
from hefu.connectors._rest_settings import FieldSettings, ObjectSettings
from hefu.core.errors import Unsupported
from hefu.core.records import REMOVED, Field, FieldType, Record, Values

T = FieldType
Turn = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_LIKE = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"}
"""Patterns that `fromisoformat` reads too, twenty times as fast as `strptime`."""


# ------------------------------------------------------------------------ moments


def read_moment(value: Any, pattern: str, zone: tzinfo) -> datetime:
    """An aware datetime. Raises ValueError."""
    if pattern == "iso" or pattern in _ISO_LIKE:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=zone)
    if pattern in ("unix", "unix_ms"):
        return _EPOCH + timedelta(**{"seconds" if pattern == "unix" else "milliseconds": float(value)})
    at = datetime.strptime(str(value), pattern)  # noqa: DTZ007 - the zone follows
    return at if at.tzinfo else at.replace(tzinfo=zone)


def write_moment(at: datetime, pattern: str, zone: tzinfo) -> Any:
    """The API's own writing of a moment."""
    if pattern == "iso":
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if pattern == "unix":
        return int(at.timestamp())
    if pattern == "unix_ms":
        return (at - _EPOCH) // timedelta(milliseconds=1)
    local = at.astimezone(zone)
    if pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        return local.replace(tzinfo=None).isoformat(pattern[8], "seconds")
    return local.strftime(pattern)


FINEST = timedelta(microseconds=1)


def grain(pattern: str) -> timedelta:
    """The smallest step between two moments in that writing."""
    if pattern in ("iso", "unix_ms") or "%f" in pattern:
        return timedelta(milliseconds=1)
    fine = ((("unix", "%S", "%X", "%c", "%T"), 1), (("%M",), 60), (("%H", "%I"), 3600))
    return timedelta(seconds=next((s for words, s in fine if any(w in pattern for w in words)), 86400))


# ------------------------------------------------------------------------- fields


class Spot(NamedTuple):
    """A field: where it is, how it is read, how it is written."""

    name: str
    path: Path
    read: Turn
    write: Turn
    writable: bool


def _as_text(value: Any) -> Any:
    return value if type(value) is str else text(value)


def _as_decimal(value: Any) -> Any:
    if type(value) in (Decimal, int):
        return value
    if isinstance(value, str):
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
    return [
        Spot(n, path(f.path if f.path is not None else n), _reader(f, zone), _writer(f, zone), f.writable)
        for n, f in fields.items()
    ]


def read_spots(raw: Mapping[str, Any], fields: Iterable[Spot]) -> dict[str, Any]:
    """Values of a record; a field that is not there stays away, null stays None."""
    values: dict[str, Any] = {}
    for name, steps, read, _, _ in fields:
        value = raw.get(steps[0], ABSENT) if len(steps) == 1 else get(raw, steps)  # type: ignore[arg-type]
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
            if len(spot.path) == 1:
                body[spot.path[0]] = written  # type: ignore[index]
            else:
                put(body, spot.path, written)
    return body


def flat(raw: Mapping[str, Any], before: str = "", skip: frozenset[Path] = frozenset()) -> dict[str, Any]:
    """Values of a record that nobody described: nested objects by dotted names, lists as lines."""
    values: dict[str, Any] = {}
    for name, value in raw.items():
        full = before + name
        if isinstance(value, dict):
            values |= flat(value, full + ".", skip)
        elif skip and path_of(full) in skip:
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


class Shape:
    """An object's settings, compiled: reads records, writes bodies, tells its fields."""

    def __init__(self, name: str, described: ObjectSettings, zone: str) -> None:
        self.name, self.described = name, described
        self.zone = ZoneInfo(zone)
        self.spots = spots(described.fields, self.zone)
        self.infer = described.infer if described.infer is not None else not described.fields
        self.id = path(described.id)
        self._inside = path(described.read.record)
        self._version, self._modified, self._author, self._organisation = (
            path(p) if p else None
            for p in (described.version, described.modified, described.author, described.organisation)
        )
        self._taken = frozenset(s.path for s in self.spots)
        self._by_name = {s.name: s for s in self.spots}

    def inside(self, entry: Any) -> Any:
        """The record in one entry of a list."""
        return get(entry, self._inside) if self._inside else entry

    def id_of(self, raw: Any) -> str | None:
        """The record's id as text, or None."""
        found = get(raw, self.id, None)
        return text(found) if found not in (None, "") else None

    def values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The record's values."""
        values = read_spots(raw, self.spots)
        if self.infer:
            values |= flat(raw, skip=self._taken)
        return values

    def modified(self, raw: Mapping[str, Any]) -> datetime | None:
        """When it was last changed, where it says so."""
        found = get(raw, self._modified, None) if self._modified else None
        if found is None:
            return None
        try:
            return read_moment(found, self.described.modified_format, self.zone)
        except (ValueError, TypeError, OverflowError):
            return None

    def version(self, raw: Mapping[str, Any], etag: str | None = None) -> str | None:
        """The version, from the record or the ETag header."""
        found = get(raw, self._version, None) if self._version else etag if self.described.etag else None
        return None if found is None else text(found)

    def record(self, raw: Any, etag: str | None = None) -> Record:
        """A record. Raises Unsupported if there is no id where one should be."""
        record_id = self.id_of(raw) if isinstance(raw, dict) else None
        if record_id is None:
            raise Unsupported("rest.no_id_at", object=self.name, path=self.described.id, record=text(raw)[:80])
        author = get(raw, self._author, None) if self._author else None
        organisation = get(raw, self._organisation, None) if self._organisation else None
        return Record(
            record_id,
            self.values(raw),
            self.version(raw, etag),
            self.modified(raw),
            None if author is None else text(author),
            "" if organisation is None else text(organisation),
        )

    def body(self, values: Values) -> dict[str, Any]:
        """A body with these values. Raises Unsupported for a field that is not there or not writable."""
        for name in values:
            spot = self._by_name.get(name)
            if spot is None and not self.infer:
                raise Unsupported("rest.unknown_field", object=self.name, field=name)
            if spot is not None and not spot.writable:
                raise Unsupported("rest.read_only_field", object=self.name, field=name)
        rest = {n: v for n, v in values.items() if n not in self._by_name} if self.infer else {}
        return write_spots(values, self._by_name, nest(rest))

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
