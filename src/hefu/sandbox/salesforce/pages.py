"""What the org's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.page import Column, Tab
from hefu.sandbox.salesforce.objects import OBJECTS, STAGES, Field, SObject
from hefu.sandbox.salesforce.org import Org
from hefu.sandbox.salesforce.values import Refused
from hefu.sandbox.shelf import Kept, ShelfSource

SHOWN: Mapping[str, tuple[str, ...]] = {
    "Account": ("Name", "Credit_Code__c", "ERP_Code__c", "Phone", "BillingCity"),
    "Contact": ("Name", "AccountId", "MobilePhone", "Title"),
    "Product2": ("Name", "ProductCode", "Description", "QuantityUnitOfMeasure"),
    "Opportunity": ("Name", "AccountId", "StageName", "Amount", "ERP_Order_No__c"),
    "Order": ("OrderNumber", "AccountId", "Status", "TotalAmount", "ERP_Order_No__c", "ERP_Ship_Status__c"),
}
ENGLISH = {"Account": "Accounts", "Contact": "Contacts", "Product2": "Products", "Opportunity": "Opportunities"}
LINES = {"Opportunity": ("OpportunityLineItem", "OpportunityId"), "Order": ("OrderItem", "OrderId")}
EDITABLE = ("string", "textarea", "phone", "email", "url", "currency", "date", "picklist")


def tabs() -> tuple[Tab, ...]:
    """One per object that people look at."""
    return tuple(_tab(OBJECTS[name]) for name in SHOWN)


def source(org: Org) -> ShelfSource:
    """The pages' view of the org."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        return _flat(org, OBJECTS[obj], kept)

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        now = _flat(org, OBJECTS[obj], org.get(OBJECTS[obj], record_id))
        changed = {n: v or None for n, v in values.items() if str(now.get(n) if now.get(n) is not None else "") != v}
        return org.as_person(obj, record_id, changed, author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        field = "StageName" if obj == "Opportunity" else "Status"
        return org.as_person(obj, record_id, {field: action}, author)

    return ShelfSource(org.shelf, row, edit, step, Refused)


def _tab(obj: SObject) -> Tab:
    names = SHOWN[obj.name]
    columns = [_column(obj, n, "link" if n == names[0] else "", editable=n == "Phone") for n in names]
    fields = [_column(obj, f.name, "", editable=_may(f)) for f in obj.fields if _seen(f)]
    stamps = (
        Column("LastModifiedDate", ("修改时间", "Updated"), "code"),
        Column("LastModifiedBy", ("修改人", "By")),
    )
    steps = {
        "Opportunity": {s: (s, s) for s in STAGES if s.startswith("Closed")},
        "Order": {"Activated": ("激活", "Activate"), "Draft": ("取消激活", "Deactivate")},
    }
    title = (obj.label, ENGLISH.get(obj.name, f"{obj.name}s"))
    return Tab(obj.name, title, (*columns, *stamps), tuple(fields), steps.get(obj.name, {}), obj.title)


def _seen(f: Field) -> bool:
    return f.type != "address" and f.name not in ("Id", "IsDeleted", "MasterRecordId")


def _may(f: Field) -> bool:
    return f.updateable and f.type in EDITABLE


def _column(obj: SObject, name: str, kind: str, *, editable: bool) -> Column:
    f = obj.field(name)
    assert f is not None
    kind = kind or ("number" if f.type == "currency" else "text")
    return Column(
        name,
        (f.label, f.name.removesuffix("__c").replace("_", " ")),
        kind,
        editable,
        ("", *f.picklist) if f.restricted else (),
    )


def _flat(org: Org, obj: SObject, kept: Kept) -> dict[str, Any]:
    row = org.row(obj, kept)
    for f in obj.fields:
        if f.parent and row[f.name]:
            other = org.shelf.kept(f.parent, row[f.name])
            row[f.name] = other.doc.get("title") if other else row[f.name]
    row["LastModifiedBy"] = row.get("LastModifiedById")
    if obj.name in LINES:
        child, reference = LINES[obj.name]
        names = ("ProductCode", "Description", "Quantity", "UnitPrice", "TotalPrice")
        row["lines"] = [{n: k.doc.get(n) for n in names} for k in org.shelf.rows(child, by={reference: kept.id})]
    return row
