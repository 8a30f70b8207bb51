"""The sample company in SAP's words: partners that are customers, products, and a year of orders up to the payment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.sample import make
from hefu.sandbox.sap import orders
from hefu.sandbox.sap.book import SET_SERVICE, ZONE, SapBook, complete
from hefu.sandbox.sap.wire import Row, stamp

_TERMS = {0: "0001", 30: "NT30", 45: "NT45", 60: "NT60", 90: "NT90"}
_UNITS = {"PCS": "PC", "SET": "SET", "BOX": "BOX", "KG": "KG", "M": "M", "L": "L", "ROLL": "ROL", "T": "TO"}
_FIRST_PARTNER, _FIRST_DELIVERY, _FIRST_BILL = 1000000, 80000000, 90000000


def fill(book: SapBook) -> None:
    """Fill an empty book."""
    erp = make().erp
    partners = {c["code"]: str(_FIRST_PARTNER + c["id"]) for c in erp["customers"]}
    invoices = {(i["order_no"], i["date"], _what(i)): i for i in erp["invoices"]}
    with book.change():
        _load(book, "A_BusinessPartner", (_partner(c) for c in erp["customers"]))
        _load(book, "A_Product", (_product(p) for p in erp["products"]))
        numbers = {o["order_no"]: str(o["id"]) for o in erp["sales_orders"]}
        by_order = {o["order_no"]: _order(o, partners) for o in erp["sales_orders"]}
        made_deliveries, made_bills = list[Row](), list[Row]()
        for nth, note in enumerate(erp["deliveries"]):
            invoice = invoices.get((note["order_no"], note["date"], _what(note)))
            delivery = _delivery(note, _FIRST_DELIVERY + nth, numbers, partners, billed=invoice is not None)
            made_deliveries.append(delivery)
            if invoice is not None:
                bill = _bill(invoice, _FIRST_BILL + len(made_bills), delivery, by_order[note["order_no"]])
                made_bills.append(bill)
        _load(book, "A_SalesOrder", by_order.values())
        _load(book, "A_OutbDeliveryHeader", made_deliveries)
        _load(book, "A_BillingDocument", made_bills)
        for name, value in (
            ("partner", _FIRST_PARTNER + len(partners) + 1),
            ("order", len(numbers) + 1),
            ("delivery", _FIRST_DELIVERY + len(made_deliveries)),
            ("billing", _FIRST_BILL + len(made_bills)),
            ("address", 20001 + len(partners)),
            ("etag", 1),
            ("delivery version", 2),
        ):
            book.shelf.number(name, value - 1)


def _load(book: SapBook, obj: str, docs: Any) -> None:
    entity = SET_SERVICE[obj].sets[obj]

    def finished() -> Iterator[tuple[str, Row, datetime]]:
        for doc in docs:
            at = doc.pop("_at")
            complete(entity, doc)
            yield str(doc[entity.keys[0]]), doc, at

    book.shelf.load(obj, finished())


def _what(bill: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    return tuple((line["line_no"], line["quantity"]) for line in bill["lines"])


def _stamps(row: Mapping[str, Any], *, dated: bool = True) -> Row:
    made = datetime.strptime(row["created_at"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    moved = datetime.strptime(row["modified_at"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    told: Row = {
        "_at": moved,
        "CreationDate": made.date().isoformat(),
        "CreationTime": made.strftime("%H:%M:%S"),
        "CreatedByUser": row["created_by"],
        "LastChangeDate": moved.date().isoformat(),
        "LastChangeTime": moved.strftime("%H:%M:%S"),
        "LastChangedByUser": row["modified_by"],
    }
    return told | {"LastChangeDateTime": stamp(moved)} if dated else told


def _partner(c: Mapping[str, Any]) -> Row:
    number, name = str(_FIRST_PARTNER + c["id"]), c["name"]
    stamps = _stamps(c, dated=False)
    phones = [{"OrdinalNumber": "1", "PhoneNumber": c["phone"], "PhoneNumberType": "1"}] if c["phone"] else []
    emails = [{"OrdinalNumber": "1", "EmailAddress": c["email"], "IsDefaultEmailAddress": True}] if c["email"] else []
    tax = [{"BPTaxType": "CN5", "BPTaxLongNumber": c["credit_code"]}] if c["credit_code"] else []
    address = {
        "AddressID": str(20000 + c["id"]),
        "AddressTimeZone": "UTC+8",
        "Country": "CN",
        "CityName": c["city"],
        "District": c["district"],
        "PostalCode": c["postcode"],
        "StreetName": c["address"],
        "Language": "ZH",
        "to_PhoneNumber": phones,
        "to_EmailAddress": emails,
        "to_AddressUsage": [{"AddressUsage": "XXDEFAULT"}],
    }
    area = {
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "Division": "00",
        "Currency": "CNY",
        "CustomerPaymentTerms": _TERMS[c["payment_days"]],
        "PriceListType": c["price_list"][-2:],
        "ShippingCondition": "01",
    }
    customer = {
        "Customer": number,
        "CustomerName": name[:80],
        "CustomerFullName": name,
        "CustomerAccountGroup": "CUST",
        "CreationDate": stamps["CreationDate"],
        "to_CustomerSalesArea": [area],
        "to_CustomerCompany": [{"CompanyCode": "1010", "PaymentTerms": _TERMS[c["payment_days"]]}],
    }
    return {
        **stamps,
        "BusinessPartner": number,
        "Customer": number,
        "BusinessPartnerCategory": "2",
        "BusinessPartnerGrouping": "BP02",
        "BusinessPartnerUUID": f"00000000-0000-4000-8000-{int(number):012d}",
        "OrganizationBPName1": name[:40],
        "OrganizationBPName2": name[40:80],
        "BusinessPartnerFullName": name[:81],
        "BusinessPartnerName": name[:81],
        "SearchTerm1": c["short_name"].upper()[:20],
        "SearchTerm2": c["code"],
        "Language": "ZH",
        "CorrespondenceLanguage": "ZH",
        "BusinessPartnerIsBlocked": c["status"] == "disabled",
        "ETag": stamps["_at"].strftime("%Y%m%d%H%M%S") + f"{0:012d}",
        "to_BusinessPartnerAddress": [address],
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": r} for r in ("FLCU00", "FLCU01")],
        "to_BusinessPartnerTax": tax,
        "to_Customer": customer,
        "_CreditLimit": c["credit_limit"],
        "_title": name,
    }


def _product(p: Mapping[str, Any]) -> Row:
    return {
        **_stamps(p),
        "Product": p["code"],
        "ProductType": "FERT",
        "BaseUnit": _UNITS[p["unit"]],
        "ProductGroup": f"L{p['id'] % 10:03d}",
        "SizeOrDimensionText": p["spec"][:32],
        "Division": "00",
        "IsMarkedForDeletion": p["status"] == "disabled",
        "to_Description": [{"Language": "ZH", "ProductDescription": p["name"][:40]}],
        "to_SalesDelivery": [
            {"ProductSalesOrg": "1010", "ProductDistributionChnl": "10", "BaseUnit": _UNITS[p["unit"]]}
        ],
        "to_Plant": [{"Plant": "1010"}],
        "_Price": p["price"],
        "_title": p["name"],
    }


def _order(o: Mapping[str, Any], partners: Mapping[str, str]) -> Row:
    doc: Row = {
        **_stamps(o),
        "SalesOrder": str(o["id"]),
        "SalesOrderType": "OR",
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "SoldToParty": partners[o["customer_code"]],
        "PurchaseOrderByCustomer": o["external_ref"],
        "SalesOrderDate": o["order_date"],
        "PricingDate": o["order_date"],
        "RequestedDeliveryDate": o["delivery_date"],
        "TransactionCurrency": "CNY",
        "TotalNetAmount": o["amount"],
        "to_Item": [_item(o, line) for line in o["lines"]],
        "to_Partner": [
            {"PartnerFunction": f, "Customer": partners[o["customer_code"]]} for f in ("AG", "WE", "RE", "RG")
        ],
        "_title": o["order_no"],
    }
    orders.letters(doc)
    return doc


def _item(o: Mapping[str, Any], line: Mapping[str, Any]) -> Row:
    quantity, unit = f"{line['quantity']}.000", _UNITS[line["unit"]]
    return {
        "SalesOrderItem": str(line["line_no"]),
        "SalesOrderItemCategory": "TAN",
        "SalesOrderItemText": line["product_name"][:40],
        "Material": line["product_code"],
        "RequestedQuantity": quantity,
        "RequestedQuantityUnit": unit,
        "RequestedQuantitySAPUnit": unit,
        "RequestedQuantityISOUnit": unit,
        "NetAmount": line["amount"],
        "TransactionCurrency": "CNY",
        "ProductionPlant": "1010",
        "SalesDocumentRjcnReason": "00" if o["status"] == "void" else "",
        "_delivered": f"{line['shipped_qty']}.000",
        "_billed": f"{line['invoiced_qty']}.000",
        "to_ScheduleLine": [
            {
                "ScheduleLine": "1",
                "RequestedDeliveryDate": o["delivery_date"],
                "ConfirmedDeliveryDate": o["delivery_date"],
                "OrderQuantityUnit": unit,
                "ScheduleLineOrderQuantity": quantity,
                "ConfdOrderQtyByMatlAvailCheck": quantity,
            }
        ],
        "to_PricingElement": [
            {
                "PricingProcedureStep": "10",
                "PricingProcedureCounter": "1",
                "ConditionType": "PPR0",
                "ConditionRateValue": f"{Decimal(line['price']):.9f}",
                "ConditionCurrency": "CNY",
                "ConditionQuantityUnit": unit,
                "ConditionAmount": line["amount"],
            }
        ],
    }


def _delivery(
    note: Mapping[str, Any], number: int, orders_: Mapping[str, str], partners: Mapping[str, str], *, billed: bool
) -> Row:
    customer = partners[note["customer_code"]]
    stamps = _stamps(note, dated=False)
    items = [
        {
            "DeliveryDocumentItem": str(10 * nth),
            "Material": line["product_code"],
            "DeliveryDocumentItemText": line["product_name"][:40],
            "ActualDeliveryQuantity": f"{line['quantity']}.000",
            "DeliveryQuantityUnit": _UNITS[line["unit"]],
            "Plant": "1010",
            "PickingStatus": "C",
            "GoodsMovementStatus": "C",
            "ReferenceSDDocument": orders_[note["order_no"]],
            "ReferenceSDDocumentItem": str(line["line_no"]),
            "ReferenceSDDocumentCategory": "C",
        }
        for nth, line in enumerate(note["lines"], 1)
    ]
    return {
        **stamps,
        "DeliveryDocument": str(number),
        "DeliveryDocumentType": "LF",
        "DeliveryVersion": "1",
        "DeliveryDate": note["date"],
        "DocumentDate": note["date"],
        "PlannedGoodsIssueDate": note["date"],
        "ActualGoodsMovementDate": note["date"],
        "ActualGoodsMovementTime": stamps["CreationTime"],
        "ShipToParty": customer,
        "SoldToParty": customer,
        "SalesOrganization": "1010",
        "ShippingPoint": "1010",
        "TransactionCurrency": "CNY",
        "OverallGoodsMovementStatus": "C",
        "OverallPickingStatus": "C",
        "OverallDelivReltdBillgStatus": "C" if billed else "A",
        "OverallSDProcessStatus": "C" if billed else "B",
        "to_DeliveryDocumentItem": items,
        "to_DeliveryDocumentPartner": [
            {"SDDocument": str(number), "PartnerFunction": f, "Customer": customer} for f in ("AG", "WE")
        ],
        "_title": f"{number} → {customer}",
    }


def _bill(invoice: Mapping[str, Any], number: int, delivery: Row, order: Row) -> Row:
    lines: Sequence[Mapping[str, Any]] = invoice["lines"]
    items = [
        {
            "BillingDocumentItem": item["DeliveryDocumentItem"],
            "Material": item["Material"],
            "BillingDocumentItemText": item["DeliveryDocumentItemText"],
            "BillingQuantity": item["ActualDeliveryQuantity"],
            "BillingQuantityUnit": item["DeliveryQuantityUnit"],
            "NetAmount": line["amount"],
            "TaxAmount": line["tax"],
            "GrossAmount": line["total"],
            "TransactionCurrency": "CNY",
            "SalesDocument": order["SalesOrder"],
            "SalesDocumentItem": item["ReferenceSDDocumentItem"],
            "ReferenceSDDocument": delivery["DeliveryDocument"],
            "ReferenceSDDocumentItem": item["DeliveryDocumentItem"],
        }
        for item, line in zip(delivery["to_DeliveryDocumentItem"], lines, strict=True)
    ]
    return {
        **_stamps(invoice),
        "BillingDocument": str(number),
        "SDDocumentCategory": "M",
        "BillingDocumentCategory": "L",
        "BillingDocumentType": "F2",
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "Division": "00",
        "BillingDocumentDate": invoice["date"],
        "TotalNetAmount": invoice["amount"],
        "TaxAmount": invoice["tax"],
        "TotalGrossAmount": invoice["total"],
        "TransactionCurrency": "CNY",
        "CompanyCode": "1010",
        "FiscalYear": invoice["date"][:4],
        "AccountingDocument": str(number),
        "AccountingPostingStatus": "C",
        "SoldToParty": delivery["SoldToParty"],
        "PayerParty": delivery["SoldToParty"],
        "PurchaseOrderByCustomer": order["PurchaseOrderByCustomer"],
        "PaymentReference": str(number),
        "DocumentReferenceID": str(number),
        "OverallBillingStatus": "C",
        "OverallSDProcessStatus": "C",
        "InvoiceClearingStatus": {"open": "A", "partial": "B", "paid": "C"}[invoice["status"]],
        "to_Item": items,
        "to_Partner": [{"PartnerFunction": "RG", "Customer": delivery["SoldToParty"]}],
        "_title": f"{number} {invoice['total']} CNY",
    }
