"""Sets that nobody writes: which documents followed which, worked out from the references in the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from hefu.sandbox.sap.wire import Row

if TYPE_CHECKING:
    from hefu.sandbox.sap.book import SapBook


def _after_orders(book: SapBook) -> Iterator[Row]:
    seen = set()
    for category, obj, nav, ref in (
        ("J", "A_OutbDeliveryHeader", "to_DeliveryDocumentItem", "ReferenceSDDocument"),
        ("M", "A_BillingDocument", "to_Item", "SalesDocument"),
    ):
        for number, doc in book.docs(obj).items():
            for item in doc[nav]:
                pair = (item[ref], number)
                if pair not in seen:
                    seen.add(pair)
                    yield {
                        "SalesOrder": item[ref],
                        "DocRelationshipUUID": f"{int(item[ref]):08x}-0000-4000-8000-{int(number):012x}",
                        "SubsequentDocument": number,
                        "SubsequentDocumentCategory": category,
                        "ProcessFlowLevel": "01",
                    }


def _after_deliveries(book: SapBook) -> Iterator[Row]:
    for number, doc in book.docs("A_BillingDocument").items():
        for item in doc["to_Item"]:
            yield {
                "PrecedingDocument": item["ReferenceSDDocument"],
                "PrecedingDocumentItem": item["ReferenceSDDocumentItem"],
                "SubsequentDocumentCategory": "M",
                "Subsequentdocument": number,
                "SubsequentDocumentItem": item["BillingDocumentItem"],
                "Deliverydocument": item["ReferenceSDDocument"],
            }


FLOWS: Mapping[str, Callable[[SapBook], Iterator[Row]]] = {
    "A_SalesOrderSubsqntProcFlow": _after_orders,
    "A_OutbDeliveryDocFlow": _after_deliveries,
}
