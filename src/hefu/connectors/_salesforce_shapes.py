"""An object as `describe` tells of it: its fields, its lines, and values in and out of JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.connectors._fitting import NUMBERS, fitting, writable, wrong_type
from hefu.connectors._salesforce_settings import LINES, ObjectSettings
from hefu.core.errors import Rejected
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Record, Value, Values

T = FieldType

LINE = "Id"
"""The key of a line."""

STAMP = "SystemModstamp"

_KINDS: Mapping[str, FieldType] = {
    "reference": T.REFERENCE,
    "boolean": T.BOOLEAN,
    "int": T.DECIMAL,
    "long": T.DECIMAL,
    "double": T.DECIMAL,
    "percent": T.DECIMAL,
    "currency": T.MONEY,
    "date": T.DATE,
    "datetime": T.INSTANT,
    **dict.fromkeys(("string", "textarea", "url", "encryptedstring", "time", "combobox", "multipicklist"), T.TEXT),
    **dict.fromkeys(("picklist", "phone", "email"), T.CODE),
}
_BESIDES = {"Id", "IsDeleted", "MasterRecordId"}
_ACTIVATES = ("Order", "Contract")


@dataclass(frozen=True)
class Shape:
    """One object. `told`: its fields as describe tells them, by name.  `lines`: the object of its lines, if any.

    parent: in a shape of lines, the field that names the header.  child: the name of the lines in a header's query.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    told: Mapping[str, Mapping[str, Any]]
    settings: ObjectSettings
    lines: Shape | None = None
    parent: str = ""
    child: str = ""
    deletes: bool = True
    merges: bool = False

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def has(self, name: str) -> bool:
        """Whether describe tells of that field (also of those that are not shown)."""
        return name in self.told

    def unique(self, name: str) -> bool:
        """Whether it is an external id that no two records share."""
        one = self.told.get(name, {})
        return bool(one.get("externalId") and one.get("unique"))

    def columns(self) -> list[str]:
        """What a query selects."""
        return ["Id", STAMP, *(f.name for f in self.fields if f.type is not T.LINES and f.name != STAMP)]

    def schema(self, token: str, batch: int, page: int) -> ObjectSchema:
        """Its fields and what may be done with them."""
        told = self.told.values()
        mine = token if self.unique(token) else ""
        own = self.settings.external_id if self.unique(self.settings.external_id) else ""
        creates = any(one.get("createable") for one in told)
        create = "no" if not creates else "token" if mine else "upsert" if own else "blind"
        document = self.name in _ACTIVATES and self.has("Status")
        abilities = Abilities(
            create=create,
            update=any(one.get("updateable") for one in told),
            delete=self.deletes,
            changes="cursor+deletes",
            conditional="values",
            batch=batch,
            page=page,
            lines="keyed" if self.lines else "none",
            token_field=mine or None,
            actions={"activate": ("Draft",)} if document else {},
        )
        key = (own,) if own else ()
        return ObjectSchema(self.name, self.fields, self.label, key, abilities, "Status" if document else None)

    # ---------------------------------------------------------------------- reading

    def record(self, row: Mapping[str, Any], aliases: Sequence[str] = ()) -> Record:
        """A row of a query or of a retrieve as a record."""
        values = {f.name: self.read(f, row.get(f.name)) for f in self.fields if f.type is not T.LINES and f.name in row}
        if self.lines is not None:
            found = (row.get(self.child) or {}).get("records") or []
            values["lines"] = [{LINE: str(line["Id"]), **self.lines.record(line).values} for line in found]
        at = row.get(STAMP)
        changed = moment(at) if at else None
        author = row.get("LastModifiedById")
        return Record(str(row["Id"]), values, str(at) if at else None, changed, author and str(author), "", aliases)

    @staticmethod
    def read(f: Field, raw: Any) -> Value:
        """A value of JSON, or of a cell of CSV."""
        if raw is None or raw == "":
            return None
        if f.type is T.BOOLEAN:
            return raw if isinstance(raw, bool) else str(raw).lower() == "true"
        if f.type in NUMBERS:
            return raw if isinstance(raw, Decimal) else Decimal(str(raw))
        if f.type is T.DATE:
            return date.fromisoformat(str(raw)[:10])
        return moment(raw) if f.type is T.INSTANT else str(raw)

    # ---------------------------------------------------------------------- writing

    def pack(self, values: Values) -> dict[str, Any]:
        """Values as the API takes them, without lines. Raises Unsupported, Rejected."""
        return {n: self._write(self.writable(n), v) for n, v in values.items() if n != "lines" or self.lines is None}

    def writable(self, name: str) -> Field:
        """The field of that name. Raises Unsupported where it is not there or may not be written."""
        return writable("salesforce.", self.name, self.fields, name)

    @staticmethod
    def _write(f: Field, value: Value) -> Any:
        fitting("salesforce.", f, value)
        if value is None:
            return None
        if f.type in NUMBERS:
            return _number(f, value)
        if f.type is T.DATE:
            return value.isoformat()
        return literal_of(value) if f.type is T.INSTANT else value


def _number(f: Field, value: Value) -> Any:
    if f.scale is not None:
        try:
            exact = Decimal(value).quantize(Decimal(1).scaleb(-f.scale))
        except InvalidOperation as error:
            raise wrong_type("salesforce.", f, value) from error
        if exact != value:  # the org would round it silently; a cut is for a mapping to decide
            raise Rejected("salesforce.places", field=f.name, name=f.name, value=str(value), scale=f.scale)
    return value


def moment(raw: Any) -> datetime:
    """An instant as they print it: 2026-11-21T00:00:00.000+0000."""
    at = datetime.fromisoformat(str(raw))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def literal_of(at: datetime) -> str:
    """An instant as SOQL and JSON take it; they keep milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shape_of(told: Mapping[str, Any], own: ObjectSettings, lines: Shape | None = None) -> Shape:
    """An object out of its describe."""
    name = str(told["name"])
    known = {str(f["name"]): f for f in told.get("fields") or ()}
    wanted = set(own.fields) or set(known)
    fields = [field_of(f) for n, f in known.items() if n in wanted - _BESIDES - set(own.leave_out) and _shown(f)]
    child = ""
    if lines is not None:
        relations = told.get("childRelationships") or ()
        same = (r for r in relations if r.get("childSObject") == lines.name and r.get("field") == lines.parent)
        child = str(next((r.get("relationshipName") for r in same), None) or "")
        if child:
            key = Field(LINE, T.CODE, LINE, writable=False, unique=True)
            inside = (key, *(f for f in lines.fields if f.name != lines.parent))
            fields.append(Field("lines", T.LINES, lines.label, lines=inside))
    return Shape(
        name,
        str(told.get("label") or name),
        tuple(fields),
        known,
        own,
        lines if child else None,
        child=child,
        deletes=bool(told.get("deletable", True)),
        merges="MasterRecordId" in known,
    )


def lines_of(told: Mapping[str, Any], parent: str) -> Shape:
    """The shape of an object's lines."""
    made = shape_of(told, ObjectSettings())
    return Shape(made.name, made.label, made.fields, made.told, made.settings, parent=parent)


def lines_named(name: str, own: ObjectSettings) -> tuple[str, str]:
    """(object of the lines, its field that names the header), empty where there are none."""
    child, _, field = (LINES.get(name, "") if own.lines is None else own.lines).partition(".")
    return child, field


def _shown(told: Mapping[str, Any]) -> bool:
    return told.get("type") in _KINDS


def field_of(told: Mapping[str, Any]) -> Field:
    """One field as describe tells it."""
    kind = _KINDS[str(told["type"])]
    targets = told.get("referenceTo") or ()
    values = [str(v["value"]) for v in told.get("picklistValues") or () if v.get("active", True)]
    creates, updates = bool(told.get("createable")), bool(told.get("updateable"))
    needed = creates and not told.get("nillable", True) and not told.get("defaultedOnCreate")
    whole = told["type"] in ("int", "long")
    return Field(
        str(told["name"]),
        kind,
        str(told.get("label") or told["name"]),
        writable=creates or updates,
        required=needed and kind is not T.BOOLEAN,
        unique=bool(told.get("unique")),
        length=int(told["length"]) if kind in (T.TEXT, T.CODE) and told.get("length") else None,
        scale=0 if whole else int(told.get("scale") or 0) if kind in NUMBERS else None,
        options=tuple(values) if told.get("restrictedPicklist") and told["type"] == "picklist" else (),
        target=str(next(iter(targets))) if len(targets) == 1 else None,
    )
