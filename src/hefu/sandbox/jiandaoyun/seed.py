"""The sample company as a firm on Jiandaoyun would hold it: accounts, contacts and deals of the sample CRM in forms.

A won deal has a contract, and an order; the orders that the ERP knows already carry its number, a dozen wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.jiandaoyun import people
from hefu.sandbox.jiandaoyun.book import Book, titled
from hefu.sandbox.jiandaoyun.forms import FORMS, Form
from hefu.sandbox.jiandaoyun.values import instant

Row = Mapping[str, Any]
STAGES = {
    "prospecting": "初步接洽",
    "qualification": "需求确认",
    "proposal": "方案报价",
    "negotiation": "商务谈判",
    "won": "赢单",
    "lost": "输单",
}
STATUS = {"prospect": "潜在客户", "customer": "成交客户", "lost": "流失客户"}
ORDER_STATUS = {
    "": "待下单",
    "draft": "待下单",
    "submitted": "审批中",
    "approved": "执行中",
    "shipped": "已发货",
    "closed": "已完成",
}


def fill(book: Book) -> None:
    """Load the sample into an empty book."""
    rows = sample.make().crm
    won = [o for o in rows["opportunities"] if o["stage"] == "won"]
    ids: dict[str, str] = {}
    products = {p["id"]: p for p in rows["products"]}
    last = 0
    for form, make, source in (
        (_form("customer"), _customer, rows["accounts"]),
        (_form("contact"), _contact, rows["contacts"]),
        (_form("product"), _product, rows["products"]),
        (_form("opportunity"), _opportunity, rows["opportunities"]),
        (_form("contract"), _contract, won),
        (_form("order"), _order, won),
    ):
        last = max(last, _load(book, form, make, source, ids, products))
    book.begin(last)


def _load(
    book: Book,
    form: Form,
    make: Callable[[Row, int, Mapping[str, str], Mapping[str, Row]], dict[str, Any]],
    source: Iterable[Row],
    ids: dict[str, str],
    products: Mapping[str, Row],
) -> int:
    """All records of a form in the order in which they were made; the last second."""
    made, last = [], 0
    for n, row in enumerate(sorted(source, key=lambda r: (r["createdAt"], r["id"])), 1):
        created, moved = _at(row["createdAt"]), _at(row["updatedAt"])
        last = max(last, int(created.timestamp()))
        data_id = f"{int(created.timestamp()):08x}5fa0c1d2e2{FORMS.index(form) * 100000 + n:06x}"
        ids[f"{form.key}/{row['id']}"] = data_id
        doc = _stored(form, make(row, n, ids, products), f"{data_id[:16]}ff", n)
        doc |= {"creator": people.username_of(row["createdBy"]), "updater": people.username_of(row["updatedBy"])}
        doc["createTime"] = instant(created)
        if form.workflow:
            doc["flowState"] = 1
        made.append((data_id, titled(form, doc), moved))
    book.shelf.load(form.key, made)
    book.shelf.number(form.key, len(made))
    return last


def _stored(form: Form, values: Mapping[str, Any], rows: str, number: int) -> dict[str, Any]:
    """Values by alias or label -> by widget id, blanks left out."""
    by_word = {word: w for w in form.widgets for word in (w.alias, w.label) if word}
    doc: dict[str, Any] = {}
    for word, value in values.items():
        widget = by_word[word]
        if widget.type == "subform":
            inner = {w.alias or w.label: w.name for w in widget.items}
            value = [
                {"_id": f"{rows}{number % 4096:03x}{n:03x}", **{inner[k]: v for k, v in row.items()}}
                for n, row in enumerate(value)
            ]
        if value not in ("", None, []):
            doc[widget.name] = value
    return doc


def _customer(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    del ids, products
    address = row["billingAddress"]
    parts = {"province": address["province"], "city": address["city"], "district": address["district"]}
    return {
        "客户编号": f"{number:06d}",
        "cust_name": row["name"],
        "客户简称": row["shortName"],
        "credit_code": row["creditCode"],
        "erp_code": row["erpCode"],
        "phone": row["phone"],
        "email": row["email"],
        "website": row["website"],
        "industry": row["industry"],
        "level": row["level"],
        "客户状态": STATUS[row["stage"]] if row["active"] else "已停用",
        "tags": ["重点客户"] if row["level"] == "A" else [],
        "address": {**parts, "detail": address["street"]},
        "owner": people.username_of(row["ownerName"]),
        "since": _midnight(row["createdAt"][:10]),
        "remark": row["notes"],
    }


def _contact(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    del number, products
    return {
        "contact_name": row["name"],
        "customer": ids[f"customer/{row['accountId']}"],
        "mobile": row["mobile"],
        "email": row["email"],
        "title": row["title"],
        "是否首要联系人": "是" if row["primary"] else "否",
    }


def _product(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    del number, ids, products
    return {
        "product_code": row["code"],
        "product_name": row["name"],
        "spec": row["spec"],
        "unit": row["unit"],
        "category": row["category"],
        "price": row["listPrice"],
        "是否上架": "是" if row["active"] else "否",
    }


def _opportunity(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    del number
    return {
        "opp_name": row["name"],
        "customer": ids[f"customer/{row['accountId']}"],
        "stage": STAGES[row["stage"]],
        "amount": row["amount"],
        "close_date": _midnight(row["closeDate"]),
        "owner": people.username_of(row["ownerName"]),
        "lines": _lines(row["lines"], ids, products),
    }


def _contract(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    del products
    return {
        "contract_no": f"HT{row['closeDate'][:4]}-{number:04d}",
        "contract_name": f"{row['name']}合同",
        "customer": ids[f"customer/{row['accountId']}"],
        "opportunity": ids[f"opportunity/{row['id']}"],
        "amount": row["amount"],
        "signed_on": _midnight(row["closeDate"]),
        "合同状态": "已生效",
        "owner": people.username_of(row["ownerName"]),
    }


def _order(row: Row, number: int, ids: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, Any]:
    due = date.fromisoformat(row["closeDate"]) + timedelta(days=14)
    return {
        "order_no": f"XS{row['closeDate'][:4]}-{number:04d}",
        "customer": ids[f"customer/{row['accountId']}"],
        "contract": ids[f"contract/{row['id']}"],
        "order_date": _midnight(row["closeDate"]),
        "delivery_date": _midnight(due.isoformat()),
        "amount": row["amount"],
        "order_status": ORDER_STATUS[row["orderStatus"]],
        "erp_order_no": row["orderNo"],
        "erp_status": row["orderStatus"],
        "owner": people.username_of(row["ownerName"]),
        "lines": _lines(row["lines"], ids, products),
    }


def _lines(lines: Sequence[Row], ids: Mapping[str, str], products: Mapping[str, Row]) -> list[dict[str, Any]]:
    return [
        {
            "line_no": line["lineNo"],
            "product": ids[f"product/{line['productId']}"],
            "product_code": products[line["productId"]]["code"],
            "product_name": line["description"],
            "单位": line["unit"],
            "quantity": line["quantity"],
            "unit_price": line["unitPrice"],
            "amount": line["amount"],
        }
        for line in lines
    ]


def _form(key: str) -> Form:
    return next(f for f in FORMS if f.key == key)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _midnight(day: str) -> str:
    """A date-only field holds the local midnight, in China eight hours before the UTC one."""
    return instant(datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=8))
