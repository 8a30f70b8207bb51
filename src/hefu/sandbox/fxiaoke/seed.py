"""The sample company as a tenant would hold it: accounts, contacts, products, opportunities, orders with products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.fxiaoke.book import STAFF, Book
from hefu.sandbox.fxiaoke.values import millis

Row = Mapping[str, Any]
Doc = dict[str, Any]
LEVEL = {"A": "1", "B": "2", "C": "3"}
CHANCE = {"prospecting": 10, "qualification": 30, "proposal": 60, "negotiation": 80, "won": 100, "lost": 0}
_USERS = {name: i for i, (name, _) in STAFF.items()}


class Seed:
    """Fills an empty tenant, and keeps the ids of what it made by object and by the sample's own id."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.ids: dict[tuple[str, str], str] = {}
        self.last = 0

    def fill(self) -> None:
        """Load the sample."""
        rows = sample.make().crm
        won = [d for d in rows["opportunities"] if d["stage"] == "won"]
        self._load("AccountObj", rows["accounts"], _account)
        self._load("ContactObj", rows["contacts"], self._contact)
        self._load("ProductObj", rows["products"], _product)
        self._load("NewOpportunityObj", rows["opportunities"], self._deal)
        self._load("SalesOrderObj", won, self._order)
        lines = [
            {**deal, **line, "deal": deal["id"], "id": f"{deal['id']}/{line['lineNo']}", "no": f"{n:06d}"}
            for n, (deal, line) in enumerate(((d, x) for d in won for x in d["lines"]), 1)
        ]
        self._load("SalesOrderProductObj", lines, self._line)
        for name, count in (("SalesOrderObj", len(won)), ("SalesOrderProductObj", len(lines))):
            self.book.shelf.number(f"{name}.name", count)
        self.book.shelf.number("AccountObj.account_no", len(rows["accounts"]))
        self.book.begin(self.last)

    def _load(self, name: str, source: Iterable[Row], make: Callable[[Row, int], Doc]) -> None:
        made = []
        for n, row in enumerate(sorted(source, key=lambda r: (r["createdAt"], r["id"])), 1):
            created, moved = _at(row["createdAt"]), _at(row["updatedAt"])
            seconds = int(created.timestamp())
            self.last = max(self.last, seconds)
            data_id = self.ids[name, row["id"]] = f"{seconds:08x}f5000001c1{len(self.ids):06x}"
            doc = {field: value for field, value in make(row, n).items() if value not in ("", None, [])}
            doc |= {
                "owner": [_USERS.get(row.get("ownerName") or row["createdBy"], "1000")],
                "record_type": "default__c",
                "life_status": "normal",
                "lock_status": "0",
                "create_time": millis(created),
                "created_by": [_USERS[row["createdBy"]]],
                "last_modified_by": [_USERS[row["updatedBy"]]],
                "data_own_department": ["1000"],
            }
            made.append((data_id, doc, moved))
        self.book.shelf.load(name, made)

    def _contact(self, row: Row, number: int) -> Doc:
        del number
        return {
            "name": row["name"],
            "account_id": self.ids["AccountObj", row["accountId"]],
            "mobile1": row["mobile"],
            "email": row["email"],
            "job_title": row["title"],
        }

    def _deal(self, row: Row, number: int) -> Doc:
        del number
        return {
            "name": row["name"],
            "account_id": self.ids["AccountObj", row["accountId"]],
            "sales_stage": row["stage"],
            "amount": f"{row['amount']:.2f}",
            "close_date": _day(row["closeDate"]),
            "probability": str(CHANCE[row["stage"]]),
        }

    def _order(self, row: Row, number: int) -> Doc:
        day = _day(row["closeDate"])
        return {
            "name": f"{row['closeDate'].replace('-', '')}-{number:06d}",
            "account_id": self.ids["AccountObj", row["accountId"]],
            "new_opportunity_id": self.ids["NewOpportunityObj", row["id"]],
            "order_time": day,
            "delivery_date": day + 14 * 86_400_000,
            "order_amount": f"{row['amount']:.2f}",
            "field_erp_no__c": row["orderNo"],
            "field_erp_status__c": row["orderStatus"],
        }

    def _line(self, row: Row, number: int) -> Doc:
        del number
        return {
            "name": row["no"],
            "order_id": self.ids["SalesOrderObj", row["deal"]],
            "product_id": self.ids["ProductObj", row["productId"]],
            "quantity": str(row["quantity"]),
            "sales_price": f"{row['unitPrice']:.2f}",
            "subtotal": f"{row['amount']:.2f}",
            "unit": row["unit"],
        }


def _account(row: Row, number: int) -> Doc:
    address = row["billingAddress"]
    return {
        "name": row["name"],
        "account_no": f"KH{number:06d}",
        "account_level": LEVEL[row["level"]],
        "tel": row["phone"],
        "email": row["email"],
        "url": row["website"],
        "province": address["province"],
        "city": address["city"],
        "district": address["district"],
        "address": address["street"],
        "remark": row["notes"],
        "field_credit_code__c": row["creditCode"],
        "field_erp_code__c": row["erpCode"],
        "field_tags__c": ["key"] if row["level"] == "A" else [],
        "field_active__c": row["active"],
    }


def _product(row: Row, number: int) -> Doc:
    del number
    return {
        "name": row["name"],
        "product_code": row["code"],
        "price": f"{row['listPrice']:.2f}",
        "unit": row["unit"],
        "product_spec": row["spec"],
        "product_status": "1" if row["active"] else "2",
    }


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(text: str) -> int:
    """A date is its midnight in China."""
    return millis(datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=8))
