"""Billing documents: made from issued deliveries, cancelled by a document of their own, cleared by payment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from hefu.sandbox.sap import deliveries
from hefu.sandbox.sap.orders import money
from hefu.sandbox.sap.refusals import bad
from hefu.sandbox.sap.wire import Row

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook

SET = "A_BillingDocument"
TAX = Decimal("0.13")


def tax_of(net: Decimal) -> Decimal:
    """The tax on an amount, half up to the cent."""
    return (net * TAX).quantize(Decimal("0.01"), ROUND_HALF_UP)


def settle(book: SapBook, doc: Row, old: Row | None, author: str) -> None:
    """Billing documents are not written through their sets."""
    del book, doc, old, author
    raise bad("出具发票凭证只读", "Billing documents are read only", code="/IWBEP/CM_MGW_RT/021")


def make(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    """Bill a delivery. Raises Refusal."""
    del given
    delivery = book.fresh(deliveries.SET, key)
    if delivery is None:
        raise bad(f"参考凭证 {key} 不存在", f"Reference document {key} does not exist", "SDDocument", "VF/016")
    if delivery["OverallGoodsMovementStatus"] != "C" or delivery["OverallDelivReltdBillgStatus"] == "C":
        zh, en = f"交货单 {key} 未发货或已开票", f"Delivery {key} is not issued, or is billed already"
        raise bad(zh, en, "SDDocument", "VF/044")
    number = str(book.shelf.number("billing", 90000000))
    items = [_item(book, delivery, item, nth) for nth, item in enumerate(delivery["to_DeliveryDocumentItem"], 1)]
    order = book.doc("A_SalesOrder", items[0]["SalesDocument"])
    assert order is not None
    doc = _document(book, number, "F2", order, items)
    deliveries.billed(book, delivery, "C", author, via)
    return _stored(book, doc, author, via, "")


def _item(book: SapBook, delivery: Row, item: Row, nth: int) -> Row:
    order = book.doc("A_SalesOrder", item["ReferenceSDDocument"])
    assert order is not None
    line = next(i for i in order["to_Item"] if i["SalesOrderItem"] == item["ReferenceSDDocumentItem"])
    net = Decimal(line["NetAmount"]) * Decimal(item["ActualDeliveryQuantity"]) / Decimal(line["RequestedQuantity"])
    net = net.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "BillingDocumentItem": str(10 * nth),
        "Material": item["Material"],
        "BillingDocumentItemText": item["DeliveryDocumentItemText"],
        "BillingQuantity": item["ActualDeliveryQuantity"],
        "BillingQuantityUnit": item["DeliveryQuantityUnit"],
        "NetAmount": money(net),
        "TaxAmount": money(tax_of(net)),
        "GrossAmount": money(net + tax_of(net)),
        "TransactionCurrency": order["TransactionCurrency"],
        "SalesDocument": order["SalesOrder"],
        "SalesDocumentItem": line["SalesOrderItem"],
        "ReferenceSDDocument": delivery["DeliveryDocument"],
        "ReferenceSDDocumentItem": item["DeliveryDocumentItem"],
    }


def _document(book: SapBook, number: str, kind: str, order: Row, items: list[Row]) -> Row:
    today = book.today()
    sums = {
        whole: money(sum((Decimal(i[part]) for i in items), Decimal(0)))
        for whole, part in (
            ("TotalNetAmount", "NetAmount"),
            ("TaxAmount", "TaxAmount"),
            ("TotalGrossAmount", "GrossAmount"),
        )
    }
    return {
        "BillingDocument": number,
        "SDDocumentCategory": "M" if kind == "F2" else "N",
        "BillingDocumentCategory": "L",
        "BillingDocumentType": kind,
        "SalesOrganization": order["SalesOrganization"],
        "DistributionChannel": order["DistributionChannel"],
        "Division": order["OrganizationDivision"],
        "BillingDocumentDate": today,
        "BillingDocumentIsCancelled": False,
        "CancelledBillingDocument": "",
        **sums,
        "TransactionCurrency": order["TransactionCurrency"],
        "CustomerPaymentTerms": order["CustomerPaymentTerms"],
        "CompanyCode": "1010",
        "FiscalYear": today[:4],
        "AccountingDocument": number,
        "AccountingPostingStatus": "C",
        "SoldToParty": order["SoldToParty"],
        "PayerParty": order["SoldToParty"],
        "PurchaseOrderByCustomer": order["PurchaseOrderByCustomer"],
        "PaymentReference": number,
        "DocumentReferenceID": number,
        "OverallBillingStatus": "C",
        "OverallSDProcessStatus": "C",
        "InvoiceClearingStatus": "A",
        "to_Item": items,
        "to_Partner": [{"PartnerFunction": "RG", "Customer": order["SoldToParty"]}],
    }


def _stored(book: SapBook, doc: Row, author: str, via: str, kind: str, old: Row | None = None) -> Row:
    from hefu.sandbox.sap.book import SET_SERVICE, complete

    book.touched(doc, old, author)
    doc["_title"] = f"{doc['BillingDocument']} {doc['TotalGrossAmount']} {doc['TransactionCurrency']}"
    complete(SET_SERVICE[SET].sets[SET], doc)
    book.put(SET, doc, author, via, kind)
    return doc


def _doc(book: SapBook, key: str) -> Row:
    doc = book.fresh(SET, key)
    if doc is None:
        zh, en = f"出具发票凭证 {key} 不存在", f"Billing document {key} does not exist"
        raise bad(zh, en, "BillingDocument", "VF/012")
    return doc


def _cancel(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    """A cancellation document; what it cancels stays, marked."""
    del given
    doc = _doc(book, key)
    if doc["BillingDocumentIsCancelled"] or doc["BillingDocumentType"] == "S1" or doc["InvoiceClearingStatus"] == "C":
        zh, en = f"{key} 已取消或已清账，不能取消", f"{key} is cancelled or cleared and cannot be cancelled"
        raise bad(zh, en, "BillingDocument", "VF/110")
    made = {
        **doc,
        "BillingDocument": str(book.shelf.number("billing", 90000000)),
        "BillingDocumentType": "S1",
        "SDDocumentCategory": "N",
        "CancelledBillingDocument": doc["BillingDocument"],
        "BillingDocumentDate": book.today(),
        "InvoiceClearingStatus": "C",
    }
    made["AccountingDocument"] = made["PaymentReference"] = made["DocumentReferenceID"] = made["BillingDocument"]
    for reference in {i["ReferenceSDDocument"] for i in doc["to_Item"]}:
        delivery = book.fresh(deliveries.SET, reference)
        if delivery is not None:
            deliveries.billed(book, delivery, "A", author, via)
    cancelled = doc | {"BillingDocumentIsCancelled": True, "InvoiceClearingStatus": "C"}
    _stored(book, cancelled, author, via, "cancelled", doc)
    return _stored(book, made, author, via, "")


def _clear(book: SapBook, key: str, given: Mapping[str, str], author: str, via: str) -> Row:
    """A payment clears the invoice; its change stamp does not move, which is why a hub must look at open ones again."""
    doc = _doc(book, key) | {"InvoiceClearingStatus": "B" if given.get("part") else "C"}
    book.put(SET, doc, author, via, "cleared")
    return doc


STEPS = {"Cancel": _cancel, "clear": _clear}
