"""What the org does of itself when a record is saved: stages, lines and their sums, the lock of an activated order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.sandbox.salesforce.objects import OBJECTS, STAGES, SObject
from hefu.sandbox.salesforce.saving import Hand, Records
from hefu.sandbox.salesforce.values import Refused
from hefu.sandbox.shelf import Kept

Doc = dict[str, Any]
OPEN_WHEN_ACTIVE = ("Status", "Description", "PoNumber", "OrderReferenceNumber", "OwnerId")


def before(org: Records, obj: SObject, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    """Complete a record that is about to be saved. Raises Refused."""
    rule = _BEFORE.get(obj.name)
    if rule is not None:
        rule(org, doc, old, hand)


def after(org: Records, obj: SObject, doc: Mapping[str, Any], hand: Hand) -> None:
    """Sums that follow from a saved or deleted record."""
    if obj.name == "OpportunityLineItem":
        lines = org.shelf.rows(obj.name, by={"OpportunityId": doc["OpportunityId"]})
        total: Doc = {"HasOpportunityLineItem": bool(lines)}
        if lines:
            total["Amount"] = _sum(lines)
        org.derive(OBJECTS["Opportunity"], doc["OpportunityId"], total, hand)
    elif obj.name == "OrderItem":
        lines = org.shelf.rows(obj.name, by={"OrderId": doc["OrderId"]})
        org.derive(OBJECTS["Order"], doc["OrderId"], {"TotalAmount": _sum(lines)}, hand)


def leaving(org: Records, obj: SObject, kept: Kept) -> None:
    """Whether a record may be deleted. Raises Refused."""
    if obj.name == "Order" and kept.doc.get("StatusCode") == "Activated":
        raise Refused("DELETE_FAILED", "An activated order cannot be deleted")
    if obj.name == "OrderItem":
        _draft(org, kept.doc["OrderId"])
    if obj.name in ("Account", "Contract"):
        reference = "AccountId" if obj.name == "Account" else "ContractId"
        orders = org.shelf.rows("Order", by={reference: kept.id})
        if any(o.doc.get("StatusCode") == "Activated" for o in orders):
            told = f"Your attempt to delete {kept.doc['title']} could not be completed because it has activated orders"
            raise Refused("DELETE_FAILED", told)


def _account(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    if not org.duplicates or (old is not None and old.get("Name") == doc.get("Name")):
        return
    if hand.bypass and org.duplicates == "alert":
        return
    found = org.shelf.rows("Account", by={"Name": doc.get("Name")}, limit=5)
    if found:
        raise duplicates([kept.id for kept in found])


def duplicates(found: list[str]) -> Refused:
    """What a duplicate rule says."""
    records = [{"record": {"attributes": {"type": "Account"}, "Id": i}, "matchConfidence": 100.0} for i in found]
    result = {
        "duplicateRule": "Standard_Account_Duplicate_Rule",
        "allowSave": True,
        "matchResults": [{"entityType": "Account", "success": True, "size": len(found), "matchRecords": records}],
    }
    return Refused(
        "DUPLICATES_DETECTED",
        "Use one of these records?",
        more={"duplicateResult": result},
    )


def _contact(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    del org, old, hand
    first, last = doc.get("FirstName") or "", doc.get("LastName") or ""
    doc["Name"] = f"{first} {last}".strip() if last.isascii() else last + first


def _opportunity(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    del org, hand
    if old is None or old.get("StageName") != doc["StageName"]:
        chance, closed, won, category = STAGES.get(doc["StageName"], (10, False, False, "Pipeline"))
        doc |= {"IsClosed": closed, "IsWon": won, "Probability": float(chance), "ForecastCategoryName": category}
    if old is not None and old.get("HasOpportunityLineItem"):
        doc["Amount"] = old.get("Amount")


def _entry(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    del hand
    product = org.shelf.get("Product2", doc["Product2Id"]) or {}
    doc |= {"Name": product.get("Name"), "ProductCode": product.get("ProductCode")}
    if old is not None:
        return
    same = org.shelf.rows("PricebookEntry", by={"Product2Id": doc["Product2Id"]})
    if any(kept.doc["Pricebook2Id"] == doc["Pricebook2Id"] for kept in same):
        raise Refused("DUPLICATE_VALUE", "This price definition already exists in this price book", ["Pricebook2Id"])
    standard = {kept.id for kept in org.shelf.rows("Pricebook2", by={"IsStandard": True})}
    if doc["Pricebook2Id"] not in standard and not any(kept.doc["Pricebook2Id"] in standard for kept in same):
        told = "Before creating a custom price, create a standard price."
        raise Refused("STANDARD_PRICE_NOT_DEFINED", told, ["Pricebook2Id"])


def _priced(org: Records, doc: Doc, old: Mapping[str, Any] | None, book: str | None) -> None:
    """A line names a price book entry, or a product that the order's price book (or the standard one) has."""
    if old is None and doc.get("PricebookEntryId") is None and doc.get("Product2Id") is not None:
        entries = org.shelf.rows("PricebookEntry", by={"Product2Id": doc["Product2Id"]})
        found = next((e for e in entries if book in (None, e.doc["Pricebook2Id"])), None)
        doc["PricebookEntryId"] = found.id if found else None
    if doc.get("PricebookEntryId") is None:
        raise Refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [PricebookEntryId]", ["PricebookEntryId"])
    entry = org.shelf.get("PricebookEntry", doc["PricebookEntryId"]) or {}
    if old is None and book is not None and entry.get("Pricebook2Id") != book:
        told = "The pricebook entry is in a different pricebook than the one assigned to the parent"
        raise Refused("FIELD_INTEGRITY_EXCEPTION", told, ["PricebookEntryId"])
    doc |= {"Product2Id": entry.get("Product2Id"), "ProductCode": entry.get("ProductCode")}
    quantity = doc.get("Quantity") or 0
    given_total = doc.get("TotalPrice") is not None and (old is None or doc["TotalPrice"] != old.get("TotalPrice"))
    if given_total and quantity and (old is None or doc.get("UnitPrice") == old.get("UnitPrice")):
        doc["UnitPrice"] = round(doc["TotalPrice"] / quantity, 2)
    elif doc.get("UnitPrice") is None:
        doc["UnitPrice"] = entry.get("UnitPrice")
    doc["TotalPrice"] = round((doc.get("UnitPrice") or 0) * quantity, 2)


def _opportunity_line(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    deal = org.shelf.get("Opportunity", doc["OpportunityId"]) or {}
    _priced(org, doc, old, deal.get("Pricebook2Id"))
    entry = org.shelf.get("PricebookEntry", doc["PricebookEntryId"]) or {}
    doc["Name"] = f"{deal.get('Name', '')} {entry.get('Name', '')}".strip()
    if deal.get("Pricebook2Id") is None:
        org.derive(OBJECTS["Opportunity"], doc["OpportunityId"], {"Pricebook2Id": entry.get("Pricebook2Id")}, hand)


def _order(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    del hand
    if old is None:
        if doc["Status"] != "Draft":
            raise Refused("FAILED_ACTIVATION", "Choose a valid order status and save your changes", ["Status"])
    elif old.get("Status") == "Activated" and doc["Status"] == "Activated":
        moved = [n for n in doc if doc[n] != old.get(n)]
        locked = [n for n in moved if n not in OPEN_WHEN_ACTIVE and not n.endswith("__c")]
        if locked:
            told = "You cannot change these fields of an activated order"
            raise Refused("FIELD_INTEGRITY_EXCEPTION", f"{told}: {', '.join(locked)}", locked)
    elif doc["Status"] == "Activated":
        items = org.shelf.rows("OrderItem", by={"OrderId": old["Id"]})
        if not items:
            raise Refused("FAILED_ACTIVATION", "An order must have at least one product", ["Status"])
    doc["StatusCode"] = doc["Status"]
    doc.setdefault("TotalAmount", 0.0)


def _draft(org: Records, order_id: str) -> Mapping[str, Any]:
    order = org.shelf.get("Order", order_id) or {}
    if order.get("StatusCode") == "Activated":
        raise Refused("FIELD_INTEGRITY_EXCEPTION", "unable to modify products of an activated order", ["OrderId"])
    return order


def _order_line(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    order = _draft(org, doc["OrderId"])
    _priced(org, doc, old, order.get("Pricebook2Id"))
    doc["AvailableQuantity"] = doc.get("Quantity")
    if order.get("Pricebook2Id") is None:
        entry = org.shelf.get("PricebookEntry", doc["PricebookEntryId"]) or {}
        org.derive(OBJECTS["Order"], doc["OrderId"], {"Pricebook2Id": entry.get("Pricebook2Id")}, hand)


def _contract(org: Records, doc: Doc, old: Mapping[str, Any] | None, hand: Hand) -> None:
    del org, hand
    if old is None and doc["Status"] != "Draft":
        raise Refused("FAILED_ACTIVATION", "Choose a valid contract status and save your changes", ["Status"])


def _sum(lines: list[Kept]) -> float:
    return round(sum(kept.doc.get("TotalPrice") or 0 for kept in lines), 2)


_BEFORE: dict[str, Callable[[Records, Doc, Mapping[str, Any] | None, Hand], None]] = {
    "Account": _account,
    "Contact": _contact,
    "Opportunity": _opportunity,
    "OpportunityLineItem": _opportunity_line,
    "PricebookEntry": _entry,
    "Order": _order,
    "OrderItem": _order_line,
    "Contract": _contract,
}
