"""The sales documents of the imitated YonBIP: orders that are saved and approved, and what people make of them.

Shipments and outbound bills are made by people in the client; the API saves orders, invoices of outbound bills and
collections. Amounts are checked, never worked out: who sends wrong ones is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hefu.sandbox.yonbip.book import Book
from hefu.sandbox.yonbip.words import Doc, Wrong, dec, plain

CENT = Decimal("0.01")
DONE = ("ENDORDER", "CLOSEDORDER")
_RATE = re.compile(r"VAT(\d+)\Z")
HEAD = ("vouchdate", "salesOrgId", "transactionTypeId", "settlementOrgId", "memo", "hopeReceiveDate", "headItem")
LINE = ("qty", "oriTaxUnitPrice", "oriSum", "taxRate", "stockOrgId", "taxId", "orderProductType", "memo", "bodyItem")
OPEN, APPROVING, APPROVED = 0, 1, 2


def save(book: Book, given: Mapping[str, Any], author: str, via: str) -> Doc:
    """singleSave of an order: Insert or Update. Raises Wrong."""
    data = _unfolded(given)
    update = data.get("_status") == "Update"
    doc = dict(book.get("order", data.get("id"))) if update else _new(book, data)
    if update and doc["verifystate"] != OPEN:
        raise Wrong(999, f"单据{doc['code']}已提交或已审核，不能修改！")
    doc |= {key: data[key] for key in HEAD if key in data}
    for name in ("salesOrgId", "settlementOrgId"):
        book.organisation(data.get(name))
    if "agentId" in data:
        _customer(book, doc, data["agentId"])
    if isinstance(data.get("orderPrices"), Mapping):
        doc["orderPrices"] = {**doc.get("orderPrices", {}), **data["orderPrices"]}
    _lines(book, doc, data.get("orderDetails"))
    total = sum((dec(line["oriSum"]) for line in doc["orderDetails"]), Decimal(0))
    if "payMoney" in data and dec(data["payMoney"]) != total:
        raise Wrong(999, f"表头金额合计{data['payMoney']}与表体含税金额合计{plain(total)}不一致")
    doc["payMoney"] = plain(total)
    return book.put("order", doc, author, via)


def _unfolded(given: Mapping[str, Any]) -> Doc:
    """Keys with a `!` name a part and a field in it."""
    made: Doc = {}
    for key, value in given.items():
        part, mark, name = str(key).partition("!")
        if mark:
            made.setdefault(part, {})[name] = value
        else:
            made[key] = value
    return made


def _new(book: Book, data: Doc) -> Doc:
    if data.get("_status") != "Insert":
        raise Wrong(310008, "_status只能是Insert或Update")
    for key, label in (
        ("agentId", "客户"),
        ("salesOrgId", "销售组织"),
        ("transactionTypeId", "交易类型"),
        ("vouchdate", "单据日期"),
    ):
        if not data.get(key):
            raise Wrong(999, f"{label}不能为空")
    code = str(data.get("code") or book.next_code("order"))
    if book.find("order", code) is not None:
        raise Wrong(999, f"单据编码{code}已存在，请重新输入")
    return {
        "id": book.next_id(),
        "code": code,
        "nextStatus": "CONFIRMORDER",
        "verifystate": OPEN,
        "status": 0,
        "orderPrices": {"currency": "CNY", "exchRate": 1},
        "orderDetails": [],
        "auditDate": None,
    }


def _customer(book: Book, doc: Doc, key: Any) -> None:
    found = book.find("merchant", key)
    if found is None:
        raise Wrong(999, f"客户不存在：{key}")
    if found.get("stopStatus"):
        raise Wrong(999, f"客户已停用：{key}")
    name = found["name"]["simplifiedName"]
    doc |= {"agentId": found["id"], "agentCode": found["code"], "agentId_name": name}


def _lines(book: Book, doc: Doc, given: Any) -> None:
    """Lines inserted, changed and deleted by their own `_status`; those not sent stay."""
    if given is None and doc["orderDetails"]:
        return
    if not isinstance(given, list) or not given or not all(isinstance(one, Mapping) for one in given):
        raise Wrong(999, "订单明细不能为空")
    lines = {str(line["id"]): dict(line) for line in doc["orderDetails"]}
    for sent in map(_unfolded, given):
        status = sent.get("_status", "Insert")
        if status == "Insert":
            line: Doc = {"id": book.next_id(), "sendQty": "0", "totalOutStockQuantity": "0", "invoiceQty": "0"}
            line |= {"totalOutStockOriMoney": "0", "invoiceOriSum": "0"}
            lines[line["id"]] = line
        elif str(sent.get("id")) not in lines:
            raise Wrong(1002, f"订单明细不存在：{sent.get('id')}")
        elif status == "Delete":
            del lines[str(sent["id"])]
            continue
        line = lines[str(sent["id"])] if status == "Update" else line
        _line(book, line, sent)
    if not lines:
        raise Wrong(999, "订单明细不能为空")
    doc["orderDetails"] = _numbered(lines.values())


def _numbered(lines: Iterable[Doc]) -> list[Doc]:
    """Lines with their numbers: those that have one keep it, the others get the next ten."""
    made, taken = list[Doc](), set[int]()
    for line in lines:
        given = line.get("lineno")
        number = (max(taken, default=0) // 10 + 1) * 10
        if isinstance(given, int) and 0 < given < 1_000_000 and given not in taken:
            number = given
        taken.add(number)
        made.append({**line, "lineno": number})
    return made


def _line(book: Book, line: Doc, sent: Doc) -> None:
    book.organisation(sent.get("stockOrgId"))
    if "lineno" not in line and not book.own_lines and str(sent.get("lineno", "")).isdecimal():
        line["lineno"] = int(sent["lineno"])
    for key in LINE:
        if key in sent:
            line[key] = plain(dec(sent[key])) if key in LINE[:4] else sent[key]
    if "productId" in sent or "productId" not in line:
        found = book.find("product", sent.get("productId"))
        if found is None:
            raise Wrong(999, f"物料不存在：{sent.get('productId')}")
        line |= {
            "productId": found["id"],
            "productCode": found["code"],
            "skuName": found["name"],
            "skuCode": found["code"],
        }
    price, qty, whole = (dec(line.get(key)) for key in ("oriTaxUnitPrice", "qty", "oriSum"))
    if qty <= 0:
        raise Wrong(999, "数量必须大于0")
    if abs(qty * price - whole) > CENT * max(qty, Decimal(1)):
        raise Wrong(999, f"含税金额{plain(whole)}与数量乘含税单价不一致")
    rate = _RATE.match(str(sent.get("taxId") or ""))
    if rate:
        line["taxRate"] = rate[1]
    line.setdefault("taxRate", "13")
    line |= worth(whole, dec(line["taxRate"]))
    prices = sent.get("orderDetailPrices")
    for key in ("oriMoney", "oriTax"):
        if isinstance(prices, Mapping) and key in prices and abs(dec(prices[key]) - dec(line[key])) > CENT:
            raise Wrong(999, f"{key}金额{prices[key]}与含税金额、税率不一致")


def worth(whole: Decimal, rate: Decimal) -> Doc:
    """Net and tax of an amount with tax."""
    tax = (whole * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)
    return {"oriMoney": plain(whole - tax), "oriTax": plain(tax)}


def step(book: Book, key: Any, verb: str, author: str, via: str) -> Doc:
    """submit, audit, unaudit, close or open of an order. Raises Wrong."""
    doc = book.get("order", key)
    state, name = doc["verifystate"], doc["code"]
    legal = {"submit": (OPEN, 4), "audit": (OPEN, APPROVING), "unaudit": (APPROVED,)}
    if verb in legal and state not in legal[verb]:
        raise Wrong(999, f"单据{name}当前状态不允许此操作")
    if verb == "unaudit" and any(dec(line["sendQty"]) or dec(line["invoiceQty"]) for line in doc["orderDetails"]):
        raise Wrong(999, f"单据{name}已有下游单据，不能弃审！")
    if verb in ("close", "open") and state != APPROVED:
        raise Wrong(999, f"单据{name}未审核，不能关闭或打开")
    change: Doc = {
        "submit": {"verifystate": APPROVING, "status": 3, "nextStatus": "APPROVING"},
        "audit": {"verifystate": APPROVED, "status": 1, "nextStatus": "DELIVERGOODS", "auditDate": book.now()},
        "unaudit": {"verifystate": OPEN, "status": 0, "nextStatus": "CONFIRMORDER", "auditDate": None},
        "close": {"status": 2, "nextStatus": "CLOSEDORDER"},
        "open": {"status": 1, "nextStatus": "DELIVERGOODS"},
    }[verb]
    return book.put("order", {**doc, **change}, author, via, verb)


def delete(book: Book, key: Any, author: str, via: str) -> Doc:
    """Delete an order that nobody approved. Raises Wrong."""
    doc = book.get("order", key)
    if doc["verifystate"] != OPEN:
        raise Wrong(999, "网络上有其他人操作或者已经关闭、审核,删除失败！")
    book.remove("order", doc, author, via)
    return doc


# -------------------------------------------------------------------- what people make of an order


def ship(book: Book, key: Any, asked: Mapping[str, Any] | None, author: str) -> str:
    """Shipment and outbound bill of what is left of an order, or of line number -> quantity; the outbound bill's id."""
    order = book.get("order", key)
    if order["verifystate"] != APPROVED or order["nextStatus"] in DONE:
        raise Wrong(999, f"单据{order['code']}未审核或已关闭，不能发货")
    lines = []
    for line in order["orderDetails"]:
        left = dec(line["qty"]) - dec(line["sendQty"])
        part = left if asked is None else dec(asked.get(str(line["lineno"])))
        if part < 0 or part > left:
            raise Wrong(999, f"第{line['lineno']}行发货数量超过订单未发数量{plain(left)}")
        if part:
            lines.append(_part(book, line, part))
            line["sendQty"] = plain(dec(line["sendQty"]) + part)
            line["totalOutStockQuantity"] = plain(dec(line["totalOutStockQuantity"]) + part)
            line["totalOutStockOriMoney"] = plain(dec(line["totalOutStockOriMoney"]) + dec(lines[-1]["oriSum"]))
    if not lines:
        raise Wrong(999, f"单据{order['code']}没有可发货的数量")
    delivery, out = downstream(book, order, lines, book.now())
    book.put("delivery", delivery, author, "person")
    book.put("salesout", out, author, "person")
    done = all(dec(line["sendQty"]) >= dec(line["qty"]) for line in order["orderDetails"])
    order["nextStatus"] = "TAKEDELIVERY" if done else "DELIVERY_PART"
    book.put("order", order, author, "person", "shipped")
    return str(out["id"])


def _part(book: Book, line: Doc, part: Decimal) -> Doc:
    whole = (part * dec(line["oriTaxUnitPrice"])).quantize(CENT, ROUND_HALF_UP)
    kept = {key: line[key] for key in ("productId", "productCode", "skuName", "oriTaxUnitPrice", "taxRate")}
    more = {"orderDetailId": line["id"], "product_cCode": line["productCode"], "invoiceQty": "0", "invoiceOriSum": "0"}
    worth_ = worth(whole, dec(line["taxRate"]))
    return {"id": book.next_id(), **kept, **more, "qty": plain(part), "oriSum": plain(whole), **worth_}


def downstream(book: Book, order: Doc, lines: list[Doc], at: str) -> tuple[Doc, Doc]:
    """A shipment and the outbound bill of it."""
    head = {"vouchdate": f"{at[:10]} 00:00:00", "verifystate": APPROVED, "createTime": at, "auditDate": at}
    sums = {key: plain(sum((dec(line[key]) for line in lines), Decimal(0))) for key in ("oriSum", "oriMoney", "oriTax")}
    delivery = {
        "id": book.next_id(),
        "code": book.next_code("delivery"),
        **head,
        "statusCode": "OUTSTOCKED",
        "agentId": order["agentId"],
        "agentId_name": order["agentId_name"],
        "orderId": order["id"],
        "orderNo": order["code"],
        "logisticsBillNo": "",
        "details": [{**line, "totalOutStockQuantity": line["qty"], "deliveryDetailId": line["id"]} for line in lines],
    }
    out = {
        "id": book.next_id(),
        "code": book.next_code("salesout"),
        **head,
        "status": 1,
        "diliverStatus": "DELIVERED",
        "cust": order["agentId"],
        "cust_name": order["agentId_name"],
        "salesOrg": order["salesOrgId"],
        "org": order["salesOrgId"],
        "warehouse": "CK001",
        "warehouse_name": "成品仓",
        "currency": "CNY",
        "exchRate": 1,
        "upcode": delivery["code"],
        "firstupcode": order["code"],
        "srcBillType": "2",
        "srcBillNO": delivery["code"],
        "details": [{**line, "id": book.next_id()} for line in lines],
        **{f"total_{key}": value for key, value in sums.items()},
    }
    return delivery, out
