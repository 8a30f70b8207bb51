"""The sample company as a YonBIP would hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hefu.sandbox.sample import Sample
from hefu.sandbox.yonbip.book import FIRST, Book
from hefu.sandbox.yonbip.orders import worth
from hefu.sandbox.yonbip.words import Doc, plain

ORG = "100"
_STATES: Mapping[str, tuple[str, int, int]] = {
    "draft": ("CONFIRMORDER", 0, 0),
    "submitted": ("APPROVING", 1, 3),
    "approved": ("DELIVERGOODS", 2, 1),
    "shipped": ("TAKEDELIVERY", 2, 1),
    "closed": ("ENDORDER", 2, 2),
    "void": ("CLOSEDORDER", 3, 2),
}


class Seed:
    """Makes all records of the sample company."""

    def __init__(self, book: Book, sample: Sample) -> None:
        self.book, self.tables = book, sample.erp
        self._ids = count(FIRST)
        self.customers: dict[str, Doc] = {}
        self.products: dict[str, Doc] = {}
        self.orders: dict[str, Doc] = {}
        self.made: dict[str, list[Doc]] = {}

    def run(self) -> None:
        """Everything, then the series of ids goes on above it."""
        self._load("merchant", self._merchants())
        self._load("product", self._products())
        self._load("stock", self._stock())
        for row in self.tables["sales_orders"]:
            self._order(row)
        for row in self.tables["deliveries"]:
            self._delivery(row)
        for row in self.tables["invoices"]:
            self._invoice(row)
        for row in self.tables["receipts"]:
            self._collection(row)
        self._load("order", iter(self.orders.values()))
        for obj, docs in self.made.items():
            self._load(obj, iter(docs))
        self.book.shelf.meta("above", str(next(self._ids) + 1000))

    def _id(self) -> str:
        return str(next(self._ids))

    def _load(self, obj: str, docs: Iterator[Doc]) -> None:
        self.book.load(obj, ((doc, _at(doc["pubts"])) for doc in docs))

    def _keep(self, obj: str, row: Mapping[str, Any], doc: Doc) -> Doc:
        made = {"id": self._id(), **doc, **_stamps(row)}
        self.made.setdefault(obj, []).append(made)
        return made

    def _merchants(self) -> Iterator[Doc]:
        for row in self.tables["customers"]:
            doc = {
                "id": self._id(),
                "code": row["code"],
                "name": {"simplifiedName": row["name"]},
                "shortname": row["short_name"],
                "createOrgCode": ORG,
                "belongOrgCode": ORG,
                "customerClassCode": "01",
                "customerClassName": "国内客户",
                "creditCode": row["credit_code"],
                "contactName": row["contact_name"],
                "contactTel": row["phone"],
                "email": row["email"],
                "address": "".join(dict.fromkeys((row["province"], row["city"], row["district"], row["address"]))),
                "stopStatus": row["status"] != "enabled",
                "merchantApplyRanges": [{"orgIdCode": ORG}],
                **_stamps(row),
            }
            self.customers[row["code"]] = doc
            yield doc

    def _products(self) -> Iterator[Doc]:
        for row in self.tables["products"]:
            doc = {"id": self._id(), "code": row["code"], "name": row["name"], "modelDescription": row["spec"]}
            doc |= {"unitCode": row["unit"], "taxRate": row["tax_rate"], "price": row["price"], **_stamps(row)}
            self.products[row["code"]] = doc
            yield doc

    def _stock(self) -> Iterator[Doc]:
        for n, row in enumerate(self.tables["products"]):
            quantity = str(1000 + n * 37 % 4000)
            doc = {
                "id": self._id(),
                "code": f"{row['code']}/CK001",
                "product_code": row["code"],
                "warehouse_code": "CK001",
            }
            yield {
                **doc,
                "org_name": "示例集团",
                "currentqty": quantity,
                "availableqty": quantity,
                "batchno": "",
                **_stamps(row),
            }

    def _line(self, line: Mapping[str, Any]) -> Doc:
        product = self.products[line["product_code"]]
        price = Decimal(line["price"]) * (100 + Decimal(line["tax_rate"])) / 100
        return {
            "id": self._id(),
            "lineno": line["line_no"],
            "productId": product["id"],
            "productCode": product["code"],
            "skuCode": product["code"],
            "skuName": product["name"],
            "qty": line["quantity"],
            "oriTaxUnitPrice": plain(price),
            "oriSum": line["total"],
            "taxRate": line["tax_rate"],
            **worth(Decimal(line["total"]), Decimal(line["tax_rate"])),
        }

    def _order(self, row: Mapping[str, Any]) -> None:
        state, verify, status = _STATES[row["status"]]
        customer = self.customers[row["customer_code"]]
        lines = []
        for line in row["lines"]:
            price = Decimal(line["price"]) * (100 + Decimal(line["tax_rate"])) / 100
            sent, billed = Decimal(line["shipped_qty"]), Decimal(line["invoiced_qty"])
            progress = {"sendQty": line["shipped_qty"], "totalOutStockQuantity": line["shipped_qty"]}
            progress |= {"totalOutStockOriMoney": f"{sent * price:.2f}", "invoiceQty": line["invoiced_qty"]}
            lines.append({**self._line(line), **progress, "invoiceOriSum": f"{billed * price:.2f}"})
        part = any(line["sendQty"] != "0" for line in lines)
        self.orders[row["order_no"]] = {
            "id": self._id(),
            "code": row["order_no"],
            "vouchdate": f"{row['order_date']} 00:00:00",
            "agentId": customer["id"],
            "agentCode": customer["code"],
            "agentId_name": customer["name"]["simplifiedName"],
            "salesOrgId": ORG,
            "transactionTypeId": "SO01",
            "nextStatus": "DELIVERY_PART" if state == "DELIVERGOODS" and part else state,
            "verifystate": verify,
            "status": status,
            "auditDate": row["modified_at"][:19] if verify == 2 else None,
            "memo": "",
            "headItem": {"define1": row["external_ref"]},
            "orderPrices": {"currency": "CNY", "exchRate": 1},
            "payMoney": row["total"],
            "orderDetails": lines,
            **_stamps(row),
        }

    def _parts(self, row: Mapping[str, Any], order: Doc) -> list[Doc]:
        by_no = {line["lineno"]: line["id"] for line in order["orderDetails"]}
        return [
            {**self._line(line), "product_cCode": line["product_code"], "orderDetailId": by_no[line["line_no"]]}
            for line in row["lines"]
        ]

    def _delivery(self, row: Mapping[str, Any]) -> None:
        order = self.orders[row["order_no"]]
        head = {"vouchdate": f"{row['date']} 00:00:00", "verifystate": 2, "auditDate": row["created_at"][:19]}
        lines = self._parts(row, order)
        who = {"agentId": order["agentId"], "agentId_name": order["agentId_name"], "orderId": order["id"]}
        sent = {"statusCode": "OUTSTOCKED", **who, "orderNo": order["code"], "logisticsBillNo": ""}
        details = [{**line, "totalOutStockQuantity": line["qty"], "deliveryDetailId": line["id"]} for line in lines]
        self._keep("delivery", row, {"code": row["number"], **head, **sent, "details": details})
        out = {
            "code": row["number"].replace("DN", "XSCK"),
            **head,
            "status": 1,
            "diliverStatus": "DELIVERED",
            "cust": order["agentId"],
            "cust_name": order["agentId_name"],
            "salesOrg": ORG,
            "org": ORG,
            "warehouse": "CK001",
            "warehouse_name": "成品仓",
            "currency": "CNY",
            "exchRate": 1,
            "upcode": row["number"],
            "firstupcode": order["code"],
            "srcBillType": "2",
            "srcBillNO": row["number"],
            "details": [{**line, "id": self._id(), "invoiceQty": "0", "invoiceOriSum": "0"} for line in lines],
        }
        self._keep("salesout", row, out)

    def _invoice(self, row: Mapping[str, Any]) -> None:
        order = self.orders[row["order_no"]]
        outs = [o for o in self._outs(order["code"]) if all(line["invoiceQty"] == "0" for line in o["details"])]
        for line in outs[0]["details"]:
            line |= {"invoiceQty": line["qty"], "invoiceOriSum": line["oriSum"]}
        lines = self._parts(row, order)
        bill = {
            "code": row["number"],
            "vouchdate": f"{row['date']} 00:00:00",
            "orgId": ORG,
            "agentId": order["agentId"],
            "agentName": order["agentId_name"],
            "invAgentName": order["agentId_name"],
            "invoiceType": "1",
            "taxBillingStatus": 2,
            "businessState": 0,
            "status": 1,
            "einvoiceNo": row["number"][2:].replace("-", ""),
            "srcVoucherNo": outs[0]["code"],
            "oriSum": row["total"],
            "oriMoney": row["amount"],
            "oriTax": row["tax"],
            "details": lines,
        }
        self._keep("invoice", row, bill)
        body = [
            {
                "id": self._id(),
                "bodyItemCustomer": order["agentId"],
                "bodyItemCustomerName": order["agentId_name"],
                "bodyItemOriCurrency": "CNY",
                "bodyItemOriTaxIncludedAmount": line["oriSum"],
                "bodyItemLocalTaxIncludedAmount": line["oriSum"],
                "oriTaxAmount": line["oriTax"],
                "taxRate": line["taxRate"],
                "materialCode": line["productCode"],
            }
            for line in lines
        ]
        due = {
            "code": row["number"].replace("IV", "YS"),
            "billDate": f"{row['date']} 00:00:00",
            "billTypeCode": "receivable",
            "bustypeCode": "ar_sale",
            "financeOrg": ORG,
            "verifyState": 2,
            "effectState": 1,
            "writeOffState": {"open": 0, "partial": 1, "paid": 2}[row["status"]],
            "postStatus": 0,
            "direction": 1,
            "srcBillNo": row["number"],
            "extSystemCode": "",
            "extVouchCode": "",
            "bodyItem": body,
        }
        self._keep("receivable", row, due)

    def _outs(self, code: str) -> Sequence[Doc]:
        if not hasattr(self, "_by_order"):
            self._by_order: dict[str, list[Doc]] = {}
            for out in self.made["salesout"]:
                self._by_order.setdefault(out["firstupcode"], []).append(out)
        return self._by_order[code]

    def _collection(self, row: Mapping[str, Any]) -> None:
        customer = self.customers[row["customer_code"]]
        line = {
            "id": self._id(),
            "customerCode": row["customer_code"],
            "quickTypeCode": "6",
            "extRowNo": "",
            "orderNo": "",
        }
        doc = {
            "code": row["number"],
            "billDate": f"{row['date']} 00:00:00",
            "financeOrgCode": ORG,
            "bustypeCode": "ar_colsale",
            "customer": customer["id"],
            "customerCode": customer["code"],
            "customerName": customer["name"]["simplifiedName"],
            "settleModeCode": "system_0001",
            "verifyState": 2,
            "extSystemCode": "",
            "extVouchCode": "",
            "oriTaxIncludedAmount": row["amount"],
            "bodyItem": [{**line, "oriTaxIncludedAmount": row["amount"]}],
        }
        self._keep("collection", row, doc)


def _stamps(row: Mapping[str, Any]) -> Doc:
    made, moved = row["created_at"][:19], row["modified_at"][:19]
    return {"createTime": made, "modifyTime": moved, "pubts": moved}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=8)
