"""Outbound deliveries: made from order items, picked, issued; what was issued can be billed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hefu.sandbox.sap import orders
from hefu.sandbox.sap.refusals import Refusal, bad
from hefu.sandbox.sap.wire import Row, decimal_text

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook

SET = "A_OutbDeliveryHeader"


def settle(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Make a delivery whole, or let a picked quantity be changed. Raises Refusal."""
    via = "api"
    if old is None:
        _made(book, doc, author, via)
    elif doc["OverallGoodsMovementStatus"] == "C":
        number = doc["DeliveryDocument"]
        zh, en = f"交货单 {number} 已过账发货，不能修改", f"Goods issue is posted for delivery {number}"
        raise Refusal(400, "VL/605", (zh, en))
    else:
        _requantified(book, doc, old, author, via)
    stamped(book, doc, old, author)


def stamped(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Its change date, version and title."""
    book.touched(doc, old, author)
    doc.pop("LastChangeDateTime")
    doc["DeliveryVersion"] = str(book.shelf.number("delivery version"))
    doc["_title"] = f"{doc['DeliveryDocument']} → {doc['SoldToParty']}"


def _made(book: SapBook, doc: Row, author: str, via: str) -> None:
    items = doc.get("to_DeliveryDocumentItem") or []
    if not items:
        raise bad("交货单没有项目", "A delivery wants at least one item", "to_DeliveryDocumentItem", "VL/248")
    doc["DeliveryDocument"] = str(book.shelf.number("delivery", 80000000))
    doc["DeliveryDocumentType"] = doc.get("DeliveryDocumentType") or "LF"
    order: Row = {}
    for nth, item in enumerate(items, 1):
        item["DeliveryDocumentItem"] = str(10 * nth)
        order = _from_order(book, item, author, via)
        if doc.setdefault("SoldToParty", order["SoldToParty"]) != order["SoldToParty"]:
            raise bad("项目属于不同的售达方", "The items are of different sold-to parties", "SoldToParty", "VL/461")
    doc |= {
        "ShipToParty": order["SoldToParty"],
        "SalesOrganization": order["SalesOrganization"],
        "ShippingPoint": doc.get("ShippingPoint") or "1010",
        "TransactionCurrency": order["TransactionCurrency"],
        "DocumentDate": doc.get("DocumentDate") or book.today(),
        "DeliveryDate": doc.get("DeliveryDate") or order["RequestedDeliveryDate"],
        "PlannedGoodsIssueDate": doc.get("PlannedGoodsIssueDate") or book.today(),
        "OverallGoodsMovementStatus": "A",
        "OverallPickingStatus": "A",
        "OverallDelivReltdBillgStatus": "A",
        "OverallProofOfDeliveryStatus": "",
        "OverallSDProcessStatus": "A",
        "to_DeliveryDocumentPartner": [
            {"SDDocument": doc["DeliveryDocument"], "PartnerFunction": f, "Customer": order["SoldToParty"]}
            for f in ("AG", "WE")
        ],
    }


def _from_order(book: SapBook, item: Row, author: str, via: str) -> Row:
    number, line_no = str(item.get("ReferenceSDDocument") or ""), str(item.get("ReferenceSDDocumentItem") or "")
    order = book.fresh("A_SalesOrder", number)
    line = next((i for i in order["to_Item"] if i["SalesOrderItem"] == line_no), None) if order else None
    if order is None or line is None:
        zh, en = f"订单 {number} 项目 {line_no} 不存在", f"Order {number} item {line_no} does not exist"
        raise bad(zh, en, "ReferenceSDDocument", "VL/017")
    if order["TotalCreditCheckStatus"] == "B":
        zh, en = f"订单 {number} 因信用检查被冻结", f"Order {number} is blocked by the credit check"
        raise bad(zh, en, "ReferenceSDDocument", "V1/849")
    if order["DeliveryBlockReason"] or line["SalesDocumentRjcnReason"]:
        zh, en = f"订单 {number} 项目 {line_no} 不能交货", f"Order {number} item {line_no} is blocked or rejected"
        raise bad(zh, en, "ReferenceSDDocument", "VL/150")
    left = Decimal(line["RequestedQuantity"]) - Decimal(line["_delivered"])
    wanted = Decimal(item.get("ActualDeliveryQuantity") or left)
    if not 0 < wanted <= left:
        zh, en = f"只剩 {left} 可交货", f"Only {left} is left to be delivered"
        raise bad(zh, en, "ActualDeliveryQuantity", "VL/363")
    item |= {
        "ReferenceSDDocumentCategory": "C",
        "Material": line["Material"],
        "DeliveryDocumentItemText": line["SalesOrderItemText"],
        "ActualDeliveryQuantity": decimal_text(wanted, 3),
        "DeliveryQuantityUnit": line["RequestedQuantityUnit"],
        "Plant": line["ProductionPlant"],
        "PickingStatus": "A",
        "GoodsMovementStatus": "A",
    }
    return orders.moved(book, number, line_no, "_delivered", wanted, author, via)


def _requantified(book: SapBook, doc: Row, old: Row, author: str, via: str) -> None:
    now = {i["DeliveryDocumentItem"]: i for i in doc["to_DeliveryDocumentItem"]}
    for before in old["to_DeliveryDocumentItem"]:
        item = now.get(before["DeliveryDocumentItem"])
        after = Decimal(item["ActualDeliveryQuantity"]) if item else Decimal(0)
        by = after - Decimal(before["ActualDeliveryQuantity"])
        if by:
            _give(book, before, by, author, via)


def _give(book: SapBook, item: Row, by: Decimal, author: str, via: str) -> None:
    number, line_no = item["ReferenceSDDocument"], item["ReferenceSDDocumentItem"]
    order = orders.moved(book, number, line_no, "_delivered", by, author, via)
    line = next(i for i in order["to_Item"] if i["SalesOrderItem"] == line_no)
    if Decimal(line["_delivered"]) > Decimal(line["RequestedQuantity"]):
        raise bad("交货数量超出订单数量", "More than was ordered", "ActualDeliveryQuantity", "VL/363")


def removed(book: SapBook, doc: Row, via: str) -> None:
    """A delivery that was not issued gives its quantities back. Raises Refusal."""
    if doc["OverallGoodsMovementStatus"] == "C":
        zh, en = "已过账发货的交货单不能删除", "A delivery with posted goods issue cannot be deleted"
        raise Refusal(400, "VL/604", (zh, en))
    for item in doc["to_DeliveryDocumentItem"]:
        _give(book, item, -Decimal(item["ActualDeliveryQuantity"]), "HEFU", via)


# ----------------------------------------------------------------------- steps


def _doc(book: SapBook, key: str) -> Row:
    doc = book.fresh(SET, key)
    if doc is None:
        raise bad(f"交货单 {key} 不存在", f"Delivery {key} does not exist", "DeliveryDocument", "VL/302")
    return doc


def _stored(book: SapBook, doc: Row, author: str, via: str, kind: str) -> Row:
    stamped(book, doc, doc, author)
    book.put(SET, doc, author, via, kind)
    return doc


def _pick(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    doc = _doc(book, key)
    if doc["OverallGoodsMovementStatus"] == "C":
        raise bad(f"交货单 {key} 已过账发货", f"Goods issue is already posted for {key}", code="VL/609")
    for item in doc["to_DeliveryDocumentItem"]:
        item["PickingStatus"] = "C"
    doc |= {"OverallPickingStatus": "C", "OverallSDProcessStatus": "B"}
    return _stored(book, doc, author, via, "picked")


def _issue(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    doc = _doc(book, key)
    if doc["OverallGoodsMovementStatus"] == "C":
        raise bad(f"交货单 {key} 已过账发货", f"Goods issue is already posted for {key}", code="VL/609")
    if doc["OverallPickingStatus"] != "C":
        raise bad(f"交货单 {key} 尚未完全拣配", f"Delivery {key} has not been picked completely", code="VL/608")
    return _goods(book, doc, "C", author, via, book.today())


def _reverse(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    doc = _doc(book, key)
    if doc["OverallGoodsMovementStatus"] != "C":
        raise bad(f"交货单 {key} 尚未过账发货", f"Goods issue is not posted for {key}", code="VL/610")
    if doc["OverallDelivReltdBillgStatus"] != "A":
        raise bad(f"交货单 {key} 已开票", f"Delivery {key} is already billed", code="VL/611")
    return _goods(book, doc, "A", author, via, None)


def _goods(book: SapBook, doc: Row, letter: str, author: str, via: str, day: str | None) -> Row:
    from hefu.sandbox.sap.book import ZONE

    for item in doc["to_DeliveryDocumentItem"]:
        item["GoodsMovementStatus"] = letter
    now = book.clock.now().astimezone(ZONE)
    doc |= {
        "OverallGoodsMovementStatus": letter,
        "ActualGoodsMovementDate": day,
        "ActualGoodsMovementTime": now.strftime("%H:%M:%S") if day else "00:00:00",
        "OverallSDProcessStatus": "B",
    }
    return _stored(book, doc, author, via, "issued" if day else "reversed")


def billed(book: SapBook, doc: Row, letter: str, author: str, via: str) -> None:
    """A billing document was made of it, or cancelled; the orders' items follow."""
    sign = 1 if letter == "C" else -1
    for item in doc["to_DeliveryDocumentItem"]:
        by = sign * Decimal(item["ActualDeliveryQuantity"])
        orders.moved(book, item["ReferenceSDDocument"], item["ReferenceSDDocumentItem"], "_billed", by, author, via)
    doc |= {"OverallDelivReltdBillgStatus": letter, "OverallSDProcessStatus": "C" if letter == "C" else "B"}
    _stored(book, doc, author, via, "billed" if letter == "C" else "unbilled")


def deliver_order(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    """What a clerk does with an order: deliver all that is open."""
    del given
    order = book.fresh("A_SalesOrder", key)
    if order is None:
        raise bad(f"销售订单 {key} 不存在", f"Sales order {key} does not exist", "SalesOrder", "V1/302")
    items: list[dict[str, Any]] = [
        {"ReferenceSDDocument": order["SalesOrder"], "ReferenceSDDocumentItem": i["SalesOrderItem"]}
        for i in order["to_Item"]
        if not i["SalesDocumentRjcnReason"] and Decimal(i["_delivered"]) < Decimal(i["RequestedQuantity"])
    ]
    from hefu.sandbox.sap.services import SERVICES

    entity = next(s.sets[SET] for s in SERVICES if SET in s.sets)
    return book.create(entity, {"to_DeliveryDocumentItem": items}, author, via)


STEPS = {
    "PickAllItems": _pick,
    "ConfirmPickingAllItems": _pick,
    "PostGoodsIssue": _issue,
    "ReverseGoodsIssue": _reverse,
}
