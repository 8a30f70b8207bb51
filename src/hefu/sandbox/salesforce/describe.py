"""What the org tells of its objects: the list of all, and each with its fields."""

from __future__ import annotations

from typing import Any

from hefu.sandbox.salesforce.objects import CHILDREN, OBJECTS, Field, SObject

SOAP = {
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "id": "tns:ID",
    "reference": "tns:ID",
    "address": "urn:address",
}


def everything(base: str) -> dict[str, Any]:
    """The global describe."""
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [brief(obj, base) for obj in OBJECTS.values()]}


def brief(obj: SObject, base: str) -> dict[str, Any]:
    """One object, without its fields."""
    here = f"{base}/sobjects/{obj.name}"
    may = obj.writable
    return {
        "name": obj.name,
        "label": obj.label,
        "labelPlural": obj.label,
        "keyPrefix": obj.prefix,
        "custom": obj.name.endswith("__c"),
        "queryable": True,
        "retrieveable": True,
        "createable": may,
        "updateable": may,
        "deletable": may,
        "undeletable": may,
        "mergeable": obj.field("MasterRecordId") is not None,
        "replicateable": True,
        "searchable": True,
        "triggerable": True,
        "urls": {"sobject": here, "describe": f"{here}/describe", "rowTemplate": f"{here}/{{ID}}"},
    }


def whole(obj: SObject, base: str, without: frozenset[str]) -> dict[str, Any]:
    """One object with all; `without`: fields that this user may not see."""
    below = [
        {"childSObject": child, "field": reference, "relationshipName": name, "cascadeDelete": child != obj.name}
        for child, reference, name in CHILDREN.get(obj.name, ())
    ]
    master = {"name": "Master", "recordTypeId": "012000000000000AAA", "available": True, "master": True, "active": True}
    return brief(obj, base) | {
        "fields": [field(f, obj) for f in obj.fields if f.name not in without],
        "recordTypeInfos": [master | {"defaultRecordTypeMapping": True}],
        "childRelationships": below,
    }


def field(f: Field, obj: SObject) -> dict[str, Any]:
    """One field."""
    compound = next((c.name for c in obj.fields if c.type == "address" and _part_of(f, c)), None)
    return {
        "name": f.name,
        "label": f.label,
        "type": f.type,
        "soapType": SOAP.get(f.type, "xsd:string"),
        "length": f.length,
        "byteLength": f.length * 3,
        "precision": f.precision if f.type != "int" else 0,
        "scale": f.scale,
        "digits": f.precision if f.type == "int" else 0,
        "nillable": not f.required and f.type != "boolean" and f.name not in ("Id", "SystemModstamp", "CreatedDate"),
        "defaultedOnCreate": f.type == "boolean" or f.default is not None or f.name == "OwnerId",
        "defaultValue": f.default if f.default is not None else (False if f.type == "boolean" else None),
        "createable": f.createable and obj.writable,
        "updateable": f.updateable and obj.writable,
        "unique": f.unique,
        "caseSensitive": f.unique,
        "externalId": f.external,
        "idLookup": f.external or f.name == "Id",
        "calculated": f.calculated and f.type != "address",
        "autoNumber": f.auto,
        "custom": f.custom,
        "filterable": f.type not in ("address", "textarea"),
        "sortable": f.type not in ("address", "textarea"),
        "groupable": f.type not in ("address", "textarea", "currency", "double"),
        "nameField": f.name == obj.title,
        "restrictedPicklist": f.restricted,
        "picklistValues": [
            {"value": v, "label": v, "active": True, "defaultValue": v == f.default} for v in f.picklist
        ],
        "referenceTo": [f.parent] if f.parent else [],
        "relationshipName": f.path or None,
        "compoundFieldName": compound,
        "permissionable": not f.required,
    }


def _part_of(f: Field, compound: Field) -> bool:
    part = compound.name.removesuffix("Address")
    return f is not compound and f.name in {part + n for n in ("Street", "City", "State", "PostalCode", "Country")}
