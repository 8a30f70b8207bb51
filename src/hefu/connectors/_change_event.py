"""A write as an event, for systems that only hear of changes and can be asked nothing.

The event of one change is the same however often it is made, and has the same id: whoever hears it twice can tell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Write


class FieldSettings(Protocol):
    """One field of the events, as a connection declares it."""

    @property
    def type(self) -> FieldType: ...
    @property
    def label(self) -> str: ...
    @property
    def required(self) -> bool: ...


class ObjectSettings(Protocol):
    """One kind of record, as a connection declares it."""

    @property
    def key(self) -> Sequence[str]: ...
    @property
    def fields(self) -> Mapping[str, FieldSettings]: ...
    @property
    def label(self) -> str: ...


class Change(NamedTuple):
    """What happened to a record. data: object, id, and the values unless it was deleted. before: what was sent
    before it, which is part of its identity: the same value told again later is another event."""

    id: str
    verb: str
    data: dict[str, Any]
    before: str

    def digest(self, *of: str) -> str:
        """Its identity, among the events of `of`."""
        return digest(*of, self.data["object"], self.id, self.verb, self.before, json.dumps(self.data, sort_keys=True))


def change_of(obj: str, known: ObjectSettings, one: Write, connection: str, *, no_field: str, absent: str) -> Change:
    """Raises Unsupported (`no_field`) for a field that is not declared, Rejected (`absent`) for a new record without
    one that it must have."""
    values = dict(one.values or {})
    for name in values:
        if name not in known.fields:
            words = ", ".join(known.fields)
            raise Unsupported(no_field, connection=connection, object=obj, field=name, known=words)
    if one.id is None:
        wanted = (*known.key, *(n for n, f in known.fields.items() if f.required))
        missing = next((n for n in wanted if values.get(n) in (None, "")), None)
        if missing is not None:
            raise Rejected(absent, field=missing, connection=connection, object=obj)
    record_id = one.id or named([values[k] for k in known.key])
    verb = "created" if one.id is None else "deleted" if one.values is None else "updated"
    data: dict[str, Any] = {"object": obj, "id": record_id}
    if one.values is not None:
        data["values"] = {n: _plain(v) for n, v in values.items()}
    return Change(record_id, verb, data, one.version or one.token)


def schema_of(name: str, known: ObjectSettings, able: Abilities, *, writable: bool = True) -> ObjectSchema:
    """An object whose events are declared."""
    fields = (
        Field(n, f.type, f.label, writable=writable, required=f.required or n in known.key, unique=[n] == known.key)
        for n, f in known.fields.items()
    )
    return ObjectSchema(name, tuple(fields), known.label, tuple(known.key), able)


def digest(*parts: str) -> str:
    """32 characters that stand for these texts."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]


def named(parts: Sequence[Any]) -> str:
    """A record's id: its key, or a list of them where there are several."""
    texts = [str(_plain(p)) for p in parts]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """As JSON: decimals as text so that no digit is lost, instants in UTC."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {n: _plain(v) for n, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
