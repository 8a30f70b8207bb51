"""Invoices, receivables and collections of the imitated YonBIP."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hefu.sandbox.yonbip.book import Book
from hefu.sandbox.yonbip.orders import APPROVED, APPROVING, CENT, OPEN, worth
from hefu.sandbox.yonbip.words import Doc, Wrong, dec, plain


def invoice(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """saveForSalesOut: an invoice of lines of outbound bills, counted on the order too. Raises Wrong."""
    lines = _listed(given, "saleInvoiceDetails", "details")
    made, out, order = [], None, None
    for sent in lines:
        out = book.get("salesout", sent.get("sourceid"))
        source = next((x for x in out["details"] if str(x["id"]) == str(sent.get("sourceautoid"))), None)
        if source is None:
            raise Wrong(1002, f"来源单据行不存在：{sent.get('sourceautoid')}")
        qty = dec(sent.get("qty", source["qty"]))
        left = dec(source["qty"]) - dec(source["invoiceQty"])
        if qty <= 0 or qty > left:
            raise Wrong(999, f"开票数量超过可开票数量{plain(left)}")
        price = dec(sent.get("oriTaxUnitPrice", source["oriTaxUnitPrice"]))
        whole = (qty * price).quantize(CENT, ROUND_HALF_UP)
        source["invoiceQty"] = plain(dec(source["invoiceQty"]) + qty)
        order = book.get("order", out["firstupcode"])
        for line in order["orderDetails"]:
            if line["id"] == source["orderDetailId"]:
                line["invoiceQty"] = plain(dec(line["invoiceQty"]) + qty)
                line["invoiceOriSum"] = plain(dec(line["invoiceOriSum"]) + whole)
        book.put("salesout", out, author, via, "written back")
        book.put("order", order, author, via, "written back")
        kept = {key: source[key] for key in ("productId", "productCode", "skuName", "taxRate")}
        worth_ = worth(whole, dec(source["taxRate"]))
        more = {"qty": plain(qty), "oriTaxUnitPrice": plain(price), "oriSum": plain(whole), **worth_}
        made.append({"id": book.next_id(), **kept, **more, "sourceid": out["id"], "sourceautoid": source["id"]})
    assert out is not None
    assert order is not None
    doc: Doc = {
        "id": book.next_id(),
        "code": given.get("code") or book.next_code("invoice"),
        "vouchdate": given.get("vouchdate") or book.now(),
        "orgId": order["salesOrgId"],
        "agentId": order["agentId"],
        "agentName": order["agentId_name"],
        "invAgentName": order["agentId_name"],
        "invoiceType": str(given.get("modifyInvoiceType") or "1"),
        "taxBillingStatus": 2,
        "businessState": 0,
        "status": 1,
        "einvoiceNo": "",
        "srcVoucherNo": out["code"],
        "details": made,
        **_sums(made, "oriSum", "oriMoney", "oriTax"),
    }
    kept_ = book.put("invoice", doc, author, via)
    receivable(book, owed(book, kept_), author, via)
    return kept_


def owed(book: Book, bill: Doc) -> Doc:
    """The receivable that follows from an invoice."""
    customer = book.get("merchant", bill["agentId"])
    return {
        "billDate": bill["vouchdate"],
        "customerCode": customer["code"],
        "financeOrg": bill["orgId"],
        "srcBillNo": bill["code"],
        "bodyItem": [
            {"oriTaxIncludedAmount": line["oriSum"], "taxRate": line["taxRate"], "materialCode": line["productCode"]}
            for line in bill["details"]
        ],
    }


def receivable(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """A receivable: its lines bear the customer. Raises Wrong."""
    external = _external(book, "receivable", given)
    if not (given.get("financeOrg") or given.get("financeOrgCode")):
        raise Wrong(999, "开票组织不允许为空!")
    lines = []
    for sent in _listed(given, "bodyItem"):
        found = book.find("merchant", sent.get("customerCode") or given.get("customerCode"))
        if found is None:
            raise Wrong(1002, f"客户不存在：{sent.get('customerCode') or given.get('customerCode')}")
        whole = dec(sent.get("oriTaxIncludedAmount"))
        tax = worth(whole, dec(sent.get("taxRate", 13)))["oriTax"]
        lines.append(
            {
                "id": book.next_id(),
                "bodyItemCustomer": found["id"],
                "bodyItemCustomerName": found["name"]["simplifiedName"],
                "bodyItemOriCurrency": "CNY",
                "bodyItemOriTaxIncludedAmount": plain(whole),
                "bodyItemLocalTaxIncludedAmount": plain(whole),
                "oriTaxAmount": tax,
                "taxRate": plain(dec(sent.get("taxRate", 13))),
                "materialCode": sent.get("materialCode", ""),
            }
        )
    doc = {
        "id": book.next_id(),
        "code": given.get("code") or book.next_code("receivable"),
        "billDate": given.get("billDate") or book.now(),
        "billTypeCode": "receivable",
        "bustypeCode": given.get("bustypeCode", "ar_sale"),
        "financeOrg": given.get("financeOrg") or given.get("financeOrgCode"),
        "verifyState": APPROVED,
        "effectState": 1,
        "writeOffState": 0,
        "postStatus": 0,
        "direction": 1,
        "srcBillNo": given.get("srcBillNo", ""),
        **external,
        "bodyItem": lines,
    }
    return book.put("receivable", doc, author, via)


def collection(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """A collection: money received. It can only be inserted; a wrong one is deleted and made anew. Raises Wrong."""
    external = _external(book, "collection", given)
    for name in ("financeOrgCode", "orgCode"):
        book.organisation(given.get(name))
    if given.get("_status", "Insert") != "Insert":
        raise Wrong(999, "收款单不支持修改")
    found = book.find("merchant", given.get("customerCode"))
    if found is None:
        raise Wrong(1002, f"客户不存在：{given.get('customerCode')}")
    lines = [
        {
            "id": book.next_id(),
            "customerCode": sent.get("customerCode") or given.get("customerCode"),
            "quickTypeCode": sent.get("quickTypeCode", "6"),
            "oriTaxIncludedAmount": plain(dec(sent.get("oriTaxIncludedAmount"))),
            "orderNo": sent.get("orderNo", ""),
            "extRowNo": sent.get("extRowNo", ""),
        }
        for sent in _listed(given, "bodyItem")
    ]
    if any(dec(line["oriTaxIncludedAmount"]) <= 0 for line in lines):
        raise Wrong(999, "收款金额必须大于0")
    doc = {
        "id": book.next_id(),
        "code": book.next_code("collection"),
        "billDate": given.get("billDate") or book.now(),
        "financeOrgCode": given.get("financeOrgCode", ""),
        "bustypeCode": given.get("bustypeCode", "ar_colsale"),
        "customer": found["id"],
        "customerCode": found["code"],
        "customerName": found["name"]["simplifiedName"],
        "settleModeCode": given.get("settleModeCode", ""),
        "verifyState": 0,
        **external,
        **_sums(lines, "oriTaxIncludedAmount"),
        "bodyItem": lines,
    }
    return book.put("collection", doc, author, via)


def submit(book: Book, obj: str, key: Any, verb: str, author: str, via: str) -> Doc:
    """submit or unsubmit of a receivable or a collection; without a workflow it is approved at once. Raises Wrong."""
    doc = book.get(obj, key)
    if doc["verifyState"] not in ((OPEN, 4) if verb == "submit" else (APPROVING, APPROVED)):
        raise Wrong(999, f"单据{doc['code']}当前状态不允许此操作")
    return book.put(obj, {**doc, "verifyState": APPROVED if verb == "submit" else OPEN}, author, via, verb)


def paid(book: Book, order: Doc, amount: Any, author: str) -> str:
    """A person enters the money of an order and approves it; the collection's id. Raises Wrong."""
    line = {"oriTaxIncludedAmount": amount or order["payMoney"], "orderNo": order["code"]}
    given = {"customerCode": order["agentCode"], "financeOrgCode": order["salesOrgId"], "bodyItem": [line]}
    made = collection(book, given, author, "person")
    return str(submit(book, "collection", made["id"], "submit", author, "person")["id"])


def _external(book: Book, obj: str, given: Mapping[str, Any]) -> Doc:
    """The pair that marks a bill as one of another system: both or neither, and no pair twice."""
    pair = {key: str(given.get(key) or "") for key in ("extSystemCode", "extVouchCode")}
    if bool(pair["extSystemCode"]) != bool(pair["extVouchCode"]):
        raise Wrong(999, "外部系统编码与外部单据编码必须同时录入或同时为空")
    if pair["extVouchCode"]:
        for doc in book.docs(obj).values():
            if all(doc.get(key) == value for key, value in pair.items()):
                raise Wrong(999, f"外部单据{pair['extVouchCode']}已存在", {"id": doc["id"]})
    return pair


def _listed(given: Mapping[str, Any], *names: str) -> list[Mapping[str, Any]]:
    found = next((given[name] for name in names if given.get(name)), None)
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise Wrong(999, "表体不能为空")
    return found


def _sums(lines: list[Doc], *keys: str) -> Doc:
    return {key: plain(sum((dec(line[key]) for line in lines), Decimal(0))) for key in keys}
