"""The sample company as an org would hold it: accounts, contacts, price book, opportunities with lines, orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.salesforce import ids
from hefu.sandbox.salesforce.objects import OBJECTS, STAGES
from hefu.sandbox.salesforce.org import STANDARD_BOOK, Org
from hefu.sandbox.salesforce.values import stamp

Row = Mapping[str, Any]
Doc = dict[str, Any]
STAGE = dict(
    zip(("prospecting", "qualification", "proposal", "negotiation", "won", "lost"), STAGES, strict=True),
)
TYPES = {"prospect": "Prospect", "customer": "Customer - Direct", "lost": "Other"}


class Seed:
    """Fills an empty org, and keeps the ids of what it made by kind and by the sample's own id."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.ids: dict[tuple[str, str], str] = {}
        self.codes: dict[str, str] = {}

    def fill(self) -> None:
        """Load the sample."""
        rows = sample.make().crm
        products, deals = rows["products"], rows["opportunities"]
        won = [d for d in deals if d["stage"] == "won"]
        self._load("Account", rows["accounts"], self._account)
        self._load("Contact", rows["contacts"], self._contact)
        self._load("Product2", products, _product)
        self.codes = {p["id"]: p["code"] for p in products}
        self._load("PricebookEntry", products, self._entry)
        self._load("Opportunity", deals, self._deal)
        self._load("OpportunityLineItem", _lines(deals), self._line("Opportunity"))
        self._load("Order", won, self._order)
        self._load("OrderItem", _lines(won), self._line("Order"))
        self.org.shelf.number("Order.OrderNumber", 100 + len(won))

    def _load(self, name: str, source: Iterable[Row], make: Callable[[Row], Doc]) -> None:
        obj = OBJECTS[name]
        made = []
        found = [*source]
        self.ids |= {(name, row["id"]): ids.make(obj.prefix, n) for n, row in enumerate(found, 1)}
        for n, row in enumerate(found, 1):
            created, moved = _at(row["createdAt"]), _at(row["updatedAt"])
            record_id = self.ids[name, row["id"]]
            doc = {field: value for field, value in make(row).items() if value not in ("", None)}
            if obj.field("OwnerId") is not None:
                doc.setdefault("OwnerId", self._user(row.get("ownerName") or row["createdBy"]))
            doc |= {"CreatedDate": stamp(created), "CreatedById": self._user(row["createdBy"])}
            doc |= {"LastModifiedDate": stamp(moved), "LastModifiedById": self._user(row["updatedBy"])}
            if name == "Order":
                doc["OrderNumber"] = f"{100 + n:08d}"
            made.append((record_id, doc | {"title": str(doc.get(obj.title) or record_id)}, moved))
        self.org.shelf.load(name, made)
        self.org.shelf.number(name, len(made))

    def _user(self, name: str) -> str:
        return self.org.users.get(name, self.org.integration)

    def _account(self, row: Row) -> Doc:
        address = row["billingAddress"]
        return {
            "Name": row["name"].strip(),
            "ParentId": self.ids.get(("Account", row["parentId"])),
            "Type": TYPES[row["stage"]],
            "Industry": row["industry"],
            "Phone": row["phone"],
            "Website": row["website"],
            "BillingStreet": address["district"] + address["street"],
            "BillingCity": address["city"],
            "BillingState": address["province"],
            "BillingPostalCode": address["postcode"],
            "BillingCountry": "中国",
            "Rating": {"A": "Hot", "B": "Warm", "C": "Cold"}[row["level"]],
            "Description": row["notes"],
            "Credit_Code__c": row["creditCode"],
            "ERP_Code__c": row["erpCode"],
            "Email__c": row["email"],
        }

    def _contact(self, row: Row) -> Doc:
        name = row["name"]
        return {
            "LastName": name[:1],
            "FirstName": name[1:],
            "Name": name,
            "AccountId": self.ids["Account", row["accountId"]],
            "Title": row["title"],
            "MobilePhone": row["mobile"],
            "Email": row["email"],
        }

    def _entry(self, row: Row) -> Doc:
        return {
            "Name": row["name"],
            "ProductCode": row["code"],
            "Pricebook2Id": STANDARD_BOOK,
            "Product2Id": self.ids["Product2", row["id"]],
            "UnitPrice": float(row["listPrice"]),
            "IsActive": row["active"],
        }

    def _deal(self, row: Row) -> Doc:
        chance, closed, won, category = STAGES[STAGE[row["stage"]]]
        return {
            "Name": row["name"],
            "AccountId": self.ids["Account", row["accountId"]],
            "StageName": STAGE[row["stage"]],
            "CloseDate": row["closeDate"],
            "Amount": float(row["amount"]),
            "Probability": float(chance),
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategoryName": category,
            "HasOpportunityLineItem": True,
            "Pricebook2Id": STANDARD_BOOK,
            "ERP_Order_No__c": row["orderNo"],
            "ERP_Ship_Status__c": row["orderStatus"],
        }

    def _line(self, parent: str) -> Callable[[Row], Doc]:
        def make(row: Row) -> Doc:
            reference = {f"{parent}Id": self.ids[parent, row["parent"]]}
            more = {"AvailableQuantity": float(row["quantity"])} if parent == "Order" else {"Name": row["description"]}
            return (
                reference
                | more
                | {
                    "PricebookEntryId": self.ids["PricebookEntry", row["productId"]],
                    "Product2Id": self.ids["Product2", row["productId"]],
                    "ProductCode": self.codes[row["productId"]],
                    "Description": row["description"],
                    "Quantity": float(row["quantity"]),
                    "UnitPrice": float(row["unitPrice"]),
                    "TotalPrice": float(row["amount"]),
                }
            )

        return make

    def _order(self, row: Row) -> Doc:
        return {
            "AccountId": self.ids["Account", row["accountId"]],
            "OpportunityId": self.ids["Opportunity", row["id"]],
            "EffectiveDate": date.fromisoformat(row["closeDate"]).isoformat(),
            "Status": "Activated",
            "StatusCode": "Activated",
            "Pricebook2Id": STANDARD_BOOK,
            "TotalAmount": float(row["amount"]),
            "ERP_Order_No__c": row["orderNo"],
            "ERP_Ship_Status__c": row["orderStatus"],
        }


def _product(row: Row) -> Doc:
    return {
        "Name": row["name"],
        "ProductCode": row["code"],
        "IsActive": row["active"],
        "Family": row["category"],
        "Description": row["spec"],
        "QuantityUnitOfMeasure": row["unit"],
    }


def _lines(deals: Iterable[Row]) -> list[Row]:
    """The lines of deals, each with the stamps of its deal."""
    return [
        {**{n: deal[n] for n in ("createdAt", "updatedAt", "createdBy", "updatedBy")}, **line}
        | {"parent": deal["id"], "id": f"{deal['id']}/{line['lineNo']}"}
        for deal in deals
        for line in deal["lines"]
    ]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
