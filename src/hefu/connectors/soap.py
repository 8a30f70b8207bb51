"""SOAP and EAI interfaces: any WSDL, its operations described in YAML as reading and writing of objects.

connector: soap, settings: {wsdl: https://erp.example.com/Customers?wsdl, objects: {customer: {id: code, fields: {code:
{}, name: {path: Name}}, read: {operation: ListCustomers, records: Customer}}}}
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from hefu.connectors._soap_line import Line
from hefu.connectors._soap_settings import SoapField, SoapObject, SoapRead, SoapSettings, SoapWrite
from hefu.core.connector import Connector, Settings, Site
from hefu.core.env import stamp
from hefu.core.errors import HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Page, Record, Values, Write, Written

_MOST_PAGES = 100_000


class Soap(Connector):
    """A line to one service."""

    name = "soap"
    settings_type = SoapSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.line = Line(self.settings, site)
        for name, obj in self.settings.objects.items():
            for wanted in (obj.id, *obj.key, *([obj.modified] if obj.modified else ())):
                if wanted not in obj.fields:
                    raise Unsupported("soap.no_field", connection=site.connection, object=name, field=wanted)

    def check(self) -> None:
        """The WSDL can be read, every operation is in it, and the first object's first page comes."""
        for obj in self.settings.objects.values():
            for one in (obj.read, obj.changed, obj.fetch, obj.create, obj.update, obj.delete):
                if one is not None:
                    self.line.known(one.operation)
        for name in list(self.settings.objects)[:1]:
            next(self.read(name), None)

    def discover(self) -> Sequence[ObjectSchema]:
        """As the settings describe."""
        return [_schema(name, obj) for name, obj in self.settings.objects.items()]

    # ------------------------------------------------------------------ reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what changed. Cursor: the latest change seen."""
        known = self._object(obj)
        latest, moment = self._moment(since), None
        how, began = known.read, self.site.now()
        if latest is not None and known.changed is not None:
            how, moment = known.changed, latest - timedelta(seconds=known.overlap)
        for rows in self._pages(how, moment):
            records = [self._record(known, row) for row in rows]
            stamps = [r.modified_at for r in records if r.modified_at is not None]
            latest = max([*stamps, *([latest] if latest else ())], default=None)
            # Pages need not come in the order of changes: only the last one has seen them all.
            yield Page(records, since)
        # What was edited after its page was read has a stamp behind the beginning: it must come again.
        place = min(latest, began) if latest is not None and known.changed is not None else None
        yield Page([], None if place is None else stamp(place))

    def _pages(self, how: SoapRead, moment: datetime | None) -> Iterator[list[Any]]:
        for number in range(how.first, how.first + _MOST_PAGES):
            holes = {"page": number, "size": how.size, "since": moment}
            found = _at(self.line.call(how.operation, _filled(how.arguments, holes)), how.records)
            rows = found if isinstance(found, list) else [] if found is None else [found]
            yield rows
            if not how.size or len(rows) < how.size:
                return

    def _moment(self, since: str | None) -> datetime | None:
        try:
            return None if since is None else datetime.fromisoformat(since)
        except ValueError:
            raise Unsupported("soap.cursor", connection=self.site.connection, cursor=str(since)[:80]) from None

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """One call each, or one full read where there is no operation for it."""
        known = self._object(obj)
        if known.fetch is None:
            return super().fetch(obj, ids)
        made = []
        for record_id in ids:
            row = self._row(known, record_id)
            if row is not None:
                made.append(self._record(known, row))
        return [r for r in made if r.id in set(ids)]

    def _row(self, known: SoapObject, record_id: str) -> Any:
        assert known.fetch is not None
        try:
            answer = self.line.call(known.fetch.operation, _filled(known.fetch.arguments, {"id": record_id}))
        except Missing:
            return None
        found = _at(answer, known.fetch.record)
        return (found[0] if found else None) if isinstance(found, list) else found

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By the id in one call, by anything else in a full read."""
        known = self._object(obj)
        if known.fetch is not None and by.get(known.id):
            found = self.fetch(obj, [str(by[known.id])])
            return [r for r in found if all(r.values.get(n) == v for n, v in by.items())]
        return super().search(obj, by)

    def _record(self, known: SoapObject, row: Any) -> Record:
        values = {n: self._typed(f, _at(row, f.path or n), Unsupported) for n, f in known.fields.items()}
        if values.get(known.id) in (None, ""):
            raise Unsupported("soap.no_id", connection=self.site.connection, field=known.id)
        at = values.get(known.modified) if known.modified else None
        return Record(str(values[known.id]), values, modified_at=at if isinstance(at, datetime) else None)

    def _typed(self, field: SoapField, value: Any, wrong: Callable[..., HubError]) -> Any:
        """A value of the field's type, in or out: zeep would send any text as a number. Raises `wrong`."""
        if value is None or field.type is FieldType.LINES:
            return value
        try:
            return self._converted(field, value)
        except (ValueError, InvalidOperation, TypeError, KeyError):
            facts = {"connection": self.site.connection, "value": str(value)[:60], "type": field.type}
            raise wrong("soap.value", **facts) from None

    def _converted(self, field: SoapField, value: Any) -> Any:
        if field.type in (FieldType.DECIMAL, FieldType.MONEY):
            return Decimal(str(value).strip())
        if field.type is FieldType.BOOLEAN:
            words = {"true": True, "1": True, "false": False, "0": False}
            return value if isinstance(value, bool) else words[str(value).lower()]
        if field.type is FieldType.DATE:
            return value.date() if isinstance(value, datetime) else _day(value)
        if field.type is FieldType.INSTANT:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return at if at.tzinfo else at.replace(tzinfo=self._zone(field))
        return str(value)

    def _zone(self, field: SoapField) -> ZoneInfo:
        return ZoneInfo(field.zone) if field.zone else self.site.zone

    # ------------------------------------------------------------------ writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One call each."""
        known = self._object(obj)
        answers: list[Written | HubError] = []
        for one in writes:
            try:
                answers.append(self._write(obj, known, one))
            except (Rejected, Stale, Missing, Unanswered, Transient) as error:
                answers.append(error)
        return answers

    def _write(self, obj: str, known: SoapObject, one: Write) -> Written:
        how = known.create if one.id is None else known.delete if one.values is None else known.update
        if how is None:
            raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)
        if one.id is None and not how.upsert and known.fetch is not None:
            # A number that is there already would be overwritten by many an interface without a word.
            taken = (one.values or {}).get(known.id)
            if taken not in (None, "") and self._row(known, str(taken)) is not None:
                raise Rejected("soap.taken", connection=self.site.connection, object=obj, id=taken, field=known.id)
        if one.values is None and known.fetch is not None and self._row(known, one.id or "") is None:
            raise Missing("soap.missing", connection=self.site.connection, object=obj, id=one.id)
        record = self._sent(obj, known, one, how)
        arguments = _filled(how.arguments, {"id": one.id or "", "token": one.token})
        if one.values is not None:
            arguments = _placed(arguments, how.record, record)
        answer = self.line.call(how.operation, arguments, writes=True)
        self._judge(answer, how)
        sent_id = _at(record, known.fields[known.id].path or known.id)
        made = _at(answer, how.id) if how.id else one.id or sent_id
        if made in (None, ""):
            raise Unanswered("soap.no_id", connection=self.site.connection, field=how.id or known.id)
        return Written(one.id or str(made))

    def _sent(self, obj: str, known: SoapObject, one: Write, how: SoapWrite) -> dict[str, Any]:
        """The record as the service writes it."""
        made: dict[str, Any] = {}
        if one.id is not None and one.values is not None:
            if how.whole and known.fetch is not None:
                found = self._row(known, one.id)
                if found is None:
                    raise Missing("soap.missing", connection=self.site.connection, object=obj, id=one.id)
                made = copy.deepcopy(found) if isinstance(found, dict) else {}
            made = _placed(made, known.fields[known.id].path or known.id, one.id)
        for name, value in (one.values or {}).items():
            field = known.fields.get(name)
            if field is None or not field.writable:
                raise Unsupported("soap.no_field", connection=self.site.connection, object=obj, field=name)
            made = _placed(made, field.path or name, self._typed(field, value, partial(Rejected, field=name)))
        return made

    def _judge(self, answer: Any, how: SoapWrite) -> None:
        for path, wanted in how.success.items():
            said = _at(answer, path)
            if said is None:
                facts = {"connection": self.site.connection, "operation": how.operation, "said": f"no {path}"}
                raise Unanswered("soap.unreadable", **facts)
            if (str(said).lower() if isinstance(said, bool) else str(said)) != wanted:
                reason = str(_at(answer, how.message) if how.message else said)[:300]
                facts = {"connection": self.site.connection, "operation": how.operation, "fault": str(said)}
                raise Rejected("soap.fault", said=reason, **facts)

    def _object(self, obj: str) -> SoapObject:
        found: SoapObject | None = self.settings.objects.get(obj)
        if found is None:
            known = ", ".join(self.settings.objects)
            raise Unsupported("soap.no_object", connection=self.site.connection, object=obj, known=known)
        return found


def _schema(name: str, obj: SoapObject) -> ObjectSchema:
    key = tuple(obj.key or [obj.id])
    writable = obj.create is not None or obj.update is not None
    fields = tuple(
        Field(n, f.type, f.label, writable=f.writable and writable, required=f.required, unique=n == obj.id)
        for n, f in obj.fields.items()
    )
    named = obj.fields[obj.id].writable and obj.id in key
    create = "no" if obj.create is None else "upsert" if obj.create.upsert else "key" if named else "blind"
    able = Abilities(
        create=create,
        update=obj.update is not None,
        delete=obj.delete is not None,
        changes="cursor" if obj.changed is not None and obj.modified else "full",
        lines="whole" if any(f.type is FieldType.LINES for f in obj.fields.values()) else "none",
        lag=obj.lag,
        page=obj.read.size or 100,
    )
    return ObjectSchema(name, fields, obj.label, key, able)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def _at(found: Any, path: str) -> Any:
    """What stands at a path of names; None where a step is missing."""
    for name in path.split(".") if path else ():
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _placed(whole: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at that path; at an empty path a record is spread out."""
    if not path:
        return {**whole, **value}
    head, _, rest = path.partition(".")
    below = whole.get(head)
    inner = _placed(below if isinstance(below, Mapping) else {}, rest, value) if rest else value
    if not rest and isinstance(below, Mapping) and isinstance(value, Mapping):
        inner = {**below, **value}
    return {**whole, head: inner}


def _filled(template: Any, holes: Mapping[str, Any]) -> Any:
    """A template with its holes filled; a text that is one hole takes the value as it is."""
    if isinstance(template, Mapping):
        return {n: _filled(v, holes) for n, v in template.items()}
    if isinstance(template, list):
        return [_filled(v, holes) for v in template]
    if not isinstance(template, str):
        return template
    for name, value in holes.items():
        if template == f"{{{name}}}":
            return value
        template = template.replace(f"{{{name}}}", value.isoformat() if isinstance(value, datetime) else str(value))
    return template


CONNECTOR = Soap

__all__ = ["CONNECTOR", "Soap", "SoapSettings"]
