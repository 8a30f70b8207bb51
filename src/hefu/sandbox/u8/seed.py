"""The sample company as a U8 would hold it: texts everywhere, approved bills with the approver's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.sample import Sample
from hefu.sandbox.shelf import Doc
from hefu.sandbox.u8.book import KINDS, Book

BEFORE = datetime(2026, 10, 31, 10, tzinfo=UTC)


def fill(book: Book, sample: Sample) -> None:
    """All of the sample company."""
    erp = sample.erp
    made = {
        "customer": (_customer(row) for row in erp["customers"]),
        "inventory": (_inventory(row) for row in erp["products"]),
        "saleorder": (_order(row) for row in erp["sales_orders"]),
        "consignment": (_consignment(row) for row in erp["deliveries"]),
        "saleout": (_out(row) for row in erp["deliveries"]),
        "saleinvoice": (_invoice(row) for row in erp["invoices"]),
        "oughtreceive": (_due(row) for row in erp["invoices"]),
        "accept": (_receipt(row) for row in erp["receipts"]),
        "currentstock": (_stock(row, n) for n, row in enumerate(erp["products"])),
    }
    for entity, docs in made.items():
        book.load(entity, docs, BEFORE)


def _whole(entity: str, doc: Doc) -> Doc:
    """With every field of the entity, and as a bill with its state."""
    made = {name: str(doc.get(name, "")) for name in KINDS[entity].head}
    made |= {"timestamp": "0", **{k: v for k, v in doc.items() if k not in made}}
    return {"state": "Approved", "verifier": "刘洋", "closer": "", **made} if KINDS[entity].bill else made


def _customer(row: Mapping[str, Any]) -> Doc:
    place = "".join(dict.fromkeys((row["province"], row["city"], row["district"], row["address"])))
    doc = {
        "code": row["code"],
        "name": row["name"],
        "abbrname": row["short_name"],
        "sort_code": "01",
        "address": place,
        "contact": row["contact_name"],
        "phone": row["phone"],
        "email": row["email"],
        "tax_reg_code": row["credit_code"],
        "seed_date": row["created_at"][:10],
        "end_date": "" if row["status"] == "enabled" else row["modified_at"][:10],
        "ccusexch_name": "人民币",
        "ccusmngtypecode": "999",
        "spec_operator": row["salesman"],
    }
    return {**_whole("customer", doc), "ModifyDate": row["modified_at"][:19]}


def _inventory(row: Mapping[str, Any]) -> Doc:
    doc = {
        "code": row["code"],
        "name": row["name"],
        "specs": row["spec"],
        "sort_code": "01",
        "main_measure": row["unit"],
    }
    doc |= {"ref_sale_price": row["price"], "sale_flag": "1", "tax_rate": row["tax_rate"], "unitgroup_code": "01"}
    return {**_whole("inventory", doc), "ModifyDate": row["modified_at"][:19]}


def _rows(row: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Doc]:
    for line in row["lines"]:
        taxed = Decimal(line["price"]) * (100 + Decimal(line["tax_rate"])) / 100
        values = {**line, "taxed": f"{taxed:f}", "order": row.get("order_no", ""), "store": "CK001"}
        yield {ours: str(values[theirs]) for ours, theirs in names.items()}


_ORDER = {"rowno": "line_no", "inventorycode": "product_code", "quantity": "quantity", "unitprice": "price"}
_ORDER |= {"taxunitprice": "taxed", "money": "amount", "tax": "tax", "sum": "total", "taxrate": "tax_rate"}
_ORDER |= {"natunitprice": "price", "natmoney": "amount", "nattax": "tax", "natsum": "total"}


def _order(row: Mapping[str, Any]) -> Doc:
    approved = row["status"] in ("approved", "shipped", "closed")
    doc = {"code": row["order_no"], "date": row["order_date"], "businesstype": "普通销售", "typecode": "01"}
    doc |= {"custcode": row["customer_code"], "taxrate": "13", "maker": row["salesman"], "personcode": row["salesman"]}
    made = _whole("saleorder", {**doc, "entry": list(_rows(row, _ORDER))})
    state = {"state": "Approved" if approved else "Opening", "verifier": "刘洋" if approved else ""}
    return {**made, **state, "closer": "刘洋" if row["status"] in ("closed", "void") else ""}


def _consignment(row: Mapping[str, Any]) -> Doc:
    names = {"rowno": "line_no", "inventory_code": "product_code", "warehouse_code": "store", "quantity": "quantity"}
    names |= {
        "price": "price",
        "taxprice": "taxed",
        "money": "amount",
        "tax": "tax",
        "sum": "total",
        "taxrate": "tax_rate",
    }
    doc = {"code": row["number"], "date": row["date"], "saletype": "01", "custcode": row["customer_code"]}
    return _whole("consignment", {**doc, "entry": list(_rows(row, {**names, "socode": "order"}))})


def _out(row: Mapping[str, Any]) -> Doc:
    names = {"rowno": "line_no", "inventorycode": "product_code", "quantity": "quantity", "shouldquantity": "quantity"}
    doc = {
        "code": row["number"].replace("DN", "CK"),
        "date": row["date"],
        "source": "发货单",
        "businesscode": row["number"],
    }
    doc |= {"warehousecode": "CK001", "customercode": row["customer_code"]}
    return _whole("saleout", {**doc, "entry": list(_rows(row, {**names, "price": "price", "ordercode": "order"}))})


def _invoice(row: Mapping[str, Any]) -> Doc:
    names = {"rowno": "line_no", "inventorycode": "product_code", "warehousecode": "store", "quantity": "quantity"}
    names |= {"originalprice": "price", "originaltaxedprice": "taxed", "originalmoney": "amount", "originaltax": "tax"}
    names |= {"originalsum": "total", "price": "price", "money": "amount", "tax": "tax", "sum": "total"}
    doc = {"invoiceno": row["number"], "vouchertype": "26", "date": row["date"], "customercode": row["customer_code"]}
    return _whole("saleinvoice", {**doc, "taxrate": "13", "entry": list(_rows(row, names))})


def _due(row: Mapping[str, Any]) -> Doc:
    doc = {
        "vouchcode": row["number"].replace("IV", "YS"),
        "vouchdate": row["date"],
        "customercode": row["customer_code"],
    }
    return _whole(
        "oughtreceive", {**doc, "amount": row["total"], "originalamount": row["total"], "digest": row["number"]}
    )


def _receipt(row: Mapping[str, Any]) -> Doc:
    doc = {
        "vouchcode": row["number"],
        "vouchdate": row["date"],
        "vouchtype": "48",
        "customercode": row["customer_code"],
    }
    doc |= {"balancecode": "02", "amount": row["amount"], "originalamount": row["amount"], "digest": row["invoice_no"]}
    line = {"type": "0", "customercode": row["customer_code"], "amount": row["amount"], "originalamount": row["amount"]}
    return _whole("accept", {**doc, "entry": [line]})


def _stock(row: Mapping[str, Any], n: int) -> Doc:
    quantity = str(1000 + n * 37 % 4000)
    doc = {"inventory_code": row["code"], "warehouse_code": "CK001", "quantity": quantity, "available": quantity}
    return {**doc, "id": f"{row['code']}/CK001", "timestamp": "0"}
