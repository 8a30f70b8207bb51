"""How the imitated Kingdee shows a form and a record: its metadata, and the View with the model's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.kingdee.book import FORMS, Book, rows_of
from hefu.sandbox.kingdee.forms import Field, Form
from hefu.sandbox.kingdee.query import shown
from hefu.sandbox.shelf import Doc

_TYPES = {
    "text": (231, 1),
    "int": (56, 3),
    "qty": (106, 4),
    "price": (106, 4),
    "money": (106, 4),
    "rate": (106, 4),
    "date": (61, 5),
    "datetime": (61, 6),
    "bool": (175, 8),
    "combo": (175, 9),
    "ref": (56, 13),
}


def _words(text: str) -> list[dict[str, Any]]:
    return [{"Key": 2052, "Value": text}]


def described(form: Form) -> dict[str, Any]:
    """QueryBusinessInfo of a form."""
    head = (Field(form.pk, "实体主键", "int", given=False), *form.head)
    entries = [_entity("FBillHead", "", form.table, form.pk, "基本信息", head)]
    entries += [_entity(p.key, "FBillHead", p.table, p.pk, p.label, p.fields) for p in form.parts]
    operations = ("Save", "Submit", "Audit", "UnAudit", "Delete", "View", "Push") if form.write else ("View",)
    return {
        "Id": form.id,
        "Name": _words(form.title),
        "PkFieldName": form.pk,
        "PkFieldType": "INT",
        "Entrys": entries,
        "Operations": [{"OperationNumber": name, "OperationName": name} for name in operations],
    }


def _entity(key: str, parent: str, table: str, pk: str, label: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "Key": key,
        "ParentKey": parent,
        "EntryName": table,
        "EntryPkFieldName": pk,
        "EntryPkFieldType": "INT",
        "Name": _words(label),
        "Fields": [_field(f, key) for f in fields],
    }


def _field(f: Field, entity: str) -> dict[str, Any]:
    kind, element = _TYPES[f.kind]
    return {
        "Key": f.key,
        "FieldName": f.at.upper(),
        "PropertyName": f.property,
        "Name": _words(f.label),
        "FieldType": kind,
        "ElementType": element,
        "MustInput": int(f.must),
        "IsViewVisible": True,
        "LookUpObjectFormId": f.ref or None,
        "EntityKey": entity,
        "Extends": [{"Value": v, "Caption": _words(label)} for v, label in (f.options or {}).items()],
    }


def viewed(book: Book, form: Form, doc: Doc) -> dict[str, Any]:
    """A whole record under the names of the model, as View shows it."""
    made: dict[str, Any] = {"Id": doc[form.pk]}
    made |= _properties(book, form.head, doc)
    for part in form.parts:
        if part.rows:
            made[part.name] = [
                {"Id": row["FEntryID"], "Seq": row["FSeq"], **_properties(book, part.fields, row)}
                for row in rows_of(doc, part.key)
            ]
        else:
            made[part.name] = [{"Id": doc[form.pk], **_properties(book, part.fields, doc)}]
    return made


def _properties(book: Book, fields: tuple[Field, ...], row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for f in fields:
        raw = row.get(f.at)
        if f.kind == "ref":
            made[f"{f.property}_Id"] = raw or 0
            made[f.property] = _pointed(book, f, raw)
        elif f.key in ("FName", "FShortName"):
            made[f.property] = _words(str(raw or ""))
        else:
            made[f.property] = shown(f, raw)
    return made


def _pointed(book: Book, f: Field, pk: Any) -> dict[str, Any] | None:
    if not pk or pk not in book.docs(f.ref):
        return None
    return {"Id": pk, "Number": book.number_of(f.ref, pk), "Name": _words(book.name_of(f.ref, pk))}


def flat(book: Book, form: Form, doc: Doc) -> dict[str, Any]:
    """A record under its field keys, references as numbers: for hands inside and for the pages."""

    def cells(fields: Mapping[str, Field], row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: book.number_of(f.ref, row.get(f.at)) if f.kind == "ref" else shown(f, row.get(f.at))
            for key, f in fields.items()
        }

    made = {form.pk: doc[form.pk], **cells(form.single, doc)}
    for key, part in form.entries.items():
        made[key] = [
            {"FEntryID": row["FEntryID"], "FSeq": row["FSeq"], **cells({f.key: f for f in part.fields}, row)}
            for row in rows_of(doc, key)
        ]
    return made


def all_forms() -> list[str]:
    """The forms there are."""
    return list(FORMS)
