"""What a sales order must be: customer, items, prices, credit, and the letters of its status.

Letters: " " not relevant (shown as ""), A not yet, B in part, C complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from hefu.sandbox.sap import products
from hefu.sandbox.sap.refusals import Refusal, bad
from hefu.sandbox.sap.wire import Row, decimal_text

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook

TYPES = ("OR", "OR1", "RE", "CR")
AREAS = {"SalesOrganization": ("1010", "1020"), "DistributionChannel": ("10",), "OrganizationDivision": ("00",)}
ZERO = Decimal(0)


def settle(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Make an order whole. Raises Refusal."""
    if old is None:
        _headed(book, doc)
    customer = _customer(book, doc, new=old is None)
    for name, value in _defaults(book, customer).items():
        doc[name] = doc.get(name) or value
    _items(book, doc, old)
    doc["TotalNetAmount"] = money(sum((Decimal(i["NetAmount"]) for i in doc["to_Item"]), ZERO))
    _partners(doc)
    _credit(doc, customer)
    letters(doc)
    doc["_title"] = f"{doc['SalesOrder']} {customer['CustomerName']}"
    book.touched(doc, old, author)


def money(value: Decimal) -> str:
    """An amount with two digits."""
    return decimal_text(value, 2)


def _headed(book: SapBook, doc: Row) -> None:
    if doc.get("SalesOrder"):
        zh, en = "编号范围为内部编号，不能指定编号", "The number range is internal: no number can be given"
        raise bad(zh, en, "SalesOrder", "V1/319")
    kind = doc.get("SalesOrderType") or ""
    if kind not in TYPES:
        raise bad(
            f"未定义销售凭证类型 {kind}", f"Sales document type {kind} is not defined", "SalesOrderType", "V1/301"
        )
    for name, known in AREAS.items():
        if doc.get(name) not in known:
            given = doc.get(name) or ""
            zh, en = f"未定义销售范围：{name} {given}", f"The sales area is not defined: {name} {given}"
            raise bad(zh, en, name, "VP/112")
    doc["SalesOrder"] = str(book.shelf.number("order"))


def _customer(book: SapBook, doc: Row, *, new: bool) -> Row:
    number = str(doc.get("SoldToParty") or "")
    partner = book.doc("A_BusinessPartner", number) if number else None
    customer: Row | None = partner.get("to_Customer") if partner else None
    if partner is None or customer is None:
        raise bad(f"售达方 {number} 不存在", f"Sold-to party {number} does not exist", "SoldToParty", "VP/199")
    if new and (customer.get("OrderIsBlockedForCustomer") or partner["BusinessPartnerIsBlocked"]):
        zh, en = f"售达方 {number} 已被订单冻结", f"Sold-to party {number} is blocked for orders"
        raise bad(zh, en, "SoldToParty", "V1/412")
    area = (doc["SalesOrganization"], doc["DistributionChannel"], doc["OrganizationDivision"])
    names = ("SalesOrganization", "DistributionChannel", "Division")
    found = [a for a in customer.get("to_CustomerSalesArea") or () if tuple(a[n] for n in names) == area]
    if not found:
        zh = f"客户 {number} 未在销售范围 {' '.join(area)} 中维护"
        raise bad(zh, f"Customer {number} is not maintained for sales area {' '.join(area)}", "SoldToParty", "VP/204")
    return {**customer, "area": found[0], "_CreditLimit": partner.get("_CreditLimit")}


def _defaults(book: SapBook, customer: Row) -> Mapping[str, str]:
    area, today = customer["area"], book.today()
    return {
        "SalesOrderDate": today,
        "PricingDate": today,
        "RequestedDeliveryDate": today,
        "TransactionCurrency": area["Currency"],
        "CustomerPaymentTerms": area.get("CustomerPaymentTerms") or "",
        "ShippingCondition": area.get("ShippingCondition") or "01",
    }


# ---------------------------------------------------------------------- items


def _items(book: SapBook, doc: Row, old: Row | None) -> None:
    items = doc.setdefault("to_Item", [])
    taken = {i["SalesOrderItem"] for i in items if i.get("SalesOrderItem")}
    if len(taken) != sum(bool(i.get("SalesOrderItem")) for i in items):
        raise bad("项目号重复", "An item number is there twice", "SalesOrderItem", "V1/320")
    before = {i["SalesOrderItem"]: i for i in (old or {}).get("to_Item", ())}
    for gone in set(before) - taken:
        if Decimal(before[gone].get("_delivered", "0")):
            raise bad(f"项目 {gone} 已有后续凭证", f"Item {gone} has subsequent documents", "SalesOrderItem", "V1/349")
    for item in items:
        if not item.get("SalesOrderItem"):
            number = 10 * (max((int(n) for n in taken), default=0) // 10 + 1)
            item["SalesOrderItem"] = str(number)
            taken.add(str(number))
        _item(book, doc, item)


def _item(book: SapBook, doc: Row, item: Row) -> None:
    product = book.doc("A_Product", str(item.get("Material") or ""))
    if product is None or product["IsMarkedForDeletion"]:
        name = item.get("Material") or ""
        raise bad(f"物料 {name} 未定义或已标记删除", f"Material {name} is not defined", "Material", "V1/311")
    unit = item.get("RequestedQuantityUnit") or product["BaseUnit"]
    units = {product["BaseUnit"]: Decimal(1)}
    for other in product.get("to_ProductUnitsOfMeasure") or ():
        units[other["AlternativeUnit"]] = Decimal(other["QuantityNumerator"]) / Decimal(other["QuantityDenominator"])
    if unit not in units:
        zh, en = f"计量单位 {unit} 未定义", f"Unit of measure {unit} is not defined for the material"
        raise bad(zh, en, "RequestedQuantityUnit", "V1/384")
    quantity = Decimal(item.get("RequestedQuantity") or 0)
    if quantity <= 0:
        raise bad("请输入订单数量", "Enter an order quantity", "RequestedQuantity", "V1/504")
    delivered = Decimal(item.get("_delivered", "0"))
    if quantity < delivered:
        zh, en = (
            f"订单数量小于已交货数量 {delivered}",
            f"The order quantity is below the delivered quantity {delivered}",
        )
        raise bad(zh, en, "RequestedQuantity", "V1/506")
    item |= {
        "RequestedQuantity": decimal_text(quantity, 3),
        "RequestedQuantityUnit": unit,
        "RequestedQuantitySAPUnit": unit,
        "RequestedQuantityISOUnit": unit,
        "TransactionCurrency": doc["TransactionCurrency"],
        "MaterialGroup": product["ProductGroup"],
        "SalesOrderItemText": item.get("SalesOrderItemText") or products.text(product, "ZH")[:40],
        "SalesOrderItemCategory": item.get("SalesOrderItemCategory") or "TAN",
        "ProductionPlant": item.get("ProductionPlant") or "1010",
        "_delivered": decimal_text(delivered, 3),
        "_billed": item.get("_billed", "0.000"),
    }
    _priced(doc, item, Decimal(product.get("_Price") or 0) * units[unit], quantity)
    _scheduled(doc, item, quantity)


def _priced(doc: Row, item: Row, price: Decimal, quantity: Decimal) -> None:
    elements = item.setdefault("to_PricingElement", [])
    own = next((e for e in elements if e.get("ConditionType") == "PPR0"), None)
    if own is None:
        own = {"ConditionType": "PPR0", "ConditionRateValue": decimal_text(price, 9)}
        elements.append(own)
    for nth, element in enumerate(elements, 1):
        element["PricingProcedureStep"] = element.get("PricingProcedureStep") or str(10 * nth)
        element["PricingProcedureCounter"] = element.get("PricingProcedureCounter") or "1"
        element["ConditionCurrency"] = element.get("ConditionCurrency") or doc["TransactionCurrency"]
    amount = Decimal(own.get("ConditionRateValue") or 0) * quantity / Decimal(own.get("ConditionQuantity") or 1)
    item["NetAmount"] = own["ConditionAmount"] = money(amount)
    own["ConditionQuantityUnit"] = own.get("ConditionQuantityUnit") or item["RequestedQuantityUnit"]


def _scheduled(doc: Row, item: Row, quantity: Decimal) -> None:
    lines = item.setdefault("to_ScheduleLine", [])
    if not lines:
        lines.append({})
    for nth, line in enumerate(lines, 1):
        line["ScheduleLine"] = line.get("ScheduleLine") or str(nth)
        line["RequestedDeliveryDate"] = line.get("RequestedDeliveryDate") or doc["RequestedDeliveryDate"]
        line["ConfirmedDeliveryDate"] = line["RequestedDeliveryDate"]
        line["OrderQuantityUnit"] = item["RequestedQuantityUnit"]
    if len(lines) == 1:
        lines[0]["ScheduleLineOrderQuantity"] = decimal_text(quantity, 3)
    for line in lines:
        line["ConfdOrderQtyByMatlAvailCheck"] = line["ScheduleLineOrderQuantity"]


def _partners(doc: Row) -> None:
    rows = doc.setdefault("to_Partner", [])
    for function in ("AG", "WE", "RE", "RG"):
        if not any(r.get("PartnerFunction") == function for r in rows):
            rows.append({"PartnerFunction": function, "Customer": doc["SoldToParty"]})


def _credit(doc: Row, customer: Row) -> None:
    limit = Decimal(customer.get("_CreditLimit") or 0)
    over = limit and Decimal(doc["TotalNetAmount"]) > limit
    released = doc.get("_CreditReleased")
    doc["TotalCreditCheckStatus"] = "" if not limit else "D" if over and released else "B" if over else "A"


# -------------------------------------------------------------------- statuses


def letter(done: Decimal, whole: Decimal) -> str:
    """A, B or C for so much of the whole."""
    return "C" if done >= whole else "B" if done else "A"


def overall(letters_: Iterable[str]) -> str:
    """The letter of a document from those of its items; those that are not relevant do not count."""
    found = {x for x in letters_ if x}
    return "" if not found else next(iter(found)) if len(found) == 1 else "B"


def letters(doc: Row) -> None:
    """Work out every status of an order."""
    for item in doc["to_Item"]:
        whole = Decimal(item["RequestedQuantity"])
        rejected = bool(item.get("SalesDocumentRjcnReason"))
        item["SDDocumentRejectionStatus"] = "C" if rejected else "A"
        item["DeliveryStatus"] = "" if rejected else letter(Decimal(item["_delivered"]), whole)
        item["OrderRelatedBillingStatus"] = "" if rejected else letter(Decimal(item["_billed"]), whole)
        both = {item["DeliveryStatus"], item["OrderRelatedBillingStatus"]}
        item["SDProcessStatus"] = "C" if rejected else overall(both)
    items = doc["to_Item"]
    doc["OverallTotalDeliveryStatus"] = doc["OverallDeliveryStatus"] = overall(i["DeliveryStatus"] for i in items)
    doc["OverallOrdReltdBillgStatus"] = overall(i["OrderRelatedBillingStatus"] for i in items)
    doc["OverallSDDocumentRejectionSts"] = overall(i["SDDocumentRejectionStatus"] for i in items) or "A"
    doc["OverallSDProcessStatus"] = overall(i["SDProcessStatus"] for i in items) or "A"


def removed(book: SapBook, doc: Row, via: str) -> None:
    """An order with followers stays. Raises Refusal."""
    del book, via
    if any(Decimal(i["_delivered"]) for i in doc["to_Item"]):
        zh, en = (
            f"销售订单 {doc['SalesOrder']} 已有后续凭证",
            f"Sales order {doc['SalesOrder']} has subsequent documents",
        )
        raise Refusal(400, "V1/349", (zh, en), "SalesOrder")


def moved(book: SapBook, number: str, item: str, name: str, by: Decimal, author: str, via: str) -> Row:
    """Add to what was delivered or billed of an item; the order as it is then. Raises Refusal."""
    doc = book.fresh("A_SalesOrder", number)
    line = next((i for i in doc["to_Item"] if i["SalesOrderItem"] == item), None) if doc else None
    if doc is None or line is None:
        raise bad(
            f"订单 {number} 项目 {item} 不存在", f"Order {number} item {item} does not exist", "ReferenceSDDocument"
        )
    old = dict(doc)
    line[name] = decimal_text(Decimal(line[name]) + by, 3)
    letters(doc)
    book.touched(doc, old, author)
    book.put("A_SalesOrder", doc, author, via)
    return doc


def _release(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    return _marked(book, key, {"_CreditReleased": True}, author, via)


def _approve(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    return _marked(book, key, {"SalesDocApprovalStatus": "C"}, author, via)


def _disapprove(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    del given
    return _marked(book, key, {"SalesDocApprovalStatus": "D"}, author, via)


def _reject(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    doc = _doc(book, key)
    for item in doc["to_Item"]:
        item["SalesDocumentRjcnReason"] = given.get("reason", "") or "00"
    return _settled(book, doc, key, author, via)


def _marked(book: SapBook, key: str, values: Row, author: str, via: str) -> Row:
    return _settled(book, _doc(book, key) | values, key, author, via)


def _settled(book: SapBook, doc: Row, key: str, author: str, via: str) -> Row:
    settle(book, doc, book.fresh("A_SalesOrder", key), author)
    book.put("A_SalesOrder", doc, author, via)
    return doc


def _doc(book: SapBook, key: str) -> Row:
    doc = book.fresh("A_SalesOrder", key)
    if doc is None:
        raise bad(f"销售订单 {key} 不存在", f"Sales order {key} does not exist", "SalesOrder", "V1/302")
    return doc


STEPS = {
    "releaseApprovalRequest": _approve,
    "rejectApprovalRequest": _disapprove,
    "release_credit": _release,
    "reject": _reject,
}
