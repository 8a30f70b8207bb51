"""What the sandbox's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.page import Column, Tab
from hefu.sandbox.sap.book import SapBook
from hefu.sandbox.sap.products import text
from hefu.sandbox.sap.refusals import Refusal
from hefu.sandbox.shelf import Kept, ShelfSource

_LABELS = {
    "BusinessPartner": ("业务伙伴", "Business partner"),
    "BusinessPartnerFullName": ("名称", "Name"),
    "OrganizationBPName1": ("名称 1", "Name 1"),
    "OrganizationBPName2": ("名称 2", "Name 2"),
    "SearchTerm1": ("搜索词", "Search term"),
    "City": ("城市", "City"),
    "Phone": ("电话", "Phone"),
    "TaxNumber": ("税号", "Tax number"),
    "LastChangeDate": ("修改日期", "Changed on"),
    "LastChangedByUser": ("修改人", "Changed by"),
    "LastChangeDateTime": ("修改时间 (UTC)", "Changed (UTC)"),
    "BusinessPartnerIDByExtSystem": ("外部编号", "External number"),
    "Product": ("产品", "Product"),
    "Description": ("描述", "Description"),
    "BaseUnit": ("单位", "Unit"),
    "ProductGroup": ("产品组", "Product group"),
    "SizeOrDimensionText": ("规格", "Size"),
    "SalesOrder": ("销售订单", "Sales order"),
    "SoldToParty": ("售达方", "Sold-to party"),
    "PurchaseOrderByCustomer": ("客户参考", "Customer reference"),
    "TotalNetAmount": ("净额", "Net amount"),
    "SalesOrderDate": ("订单日期", "Order date"),
    "RequestedDeliveryDate": ("请求交货日期", "Requested delivery"),
    "OverallSDProcessStatus": ("总状态", "Overall status"),
    "OverallTotalDeliveryStatus": ("交货状态", "Delivery status"),
    "OverallOrdReltdBillgStatus": ("开票状态", "Billing status"),
    "TotalCreditCheckStatus": ("信用检查", "Credit check"),
    "DeliveryBlockReason": ("交货冻结", "Delivery block"),
    "DeliveryDocument": ("交货单", "Delivery"),
    "OverallPickingStatus": ("拣配状态", "Picking status"),
    "OverallGoodsMovementStatus": ("发货状态", "Goods issue"),
    "ActualGoodsMovementDate": ("发货日期", "Issued on"),
    "BillingDocument": ("出具发票凭证", "Billing document"),
    "BillingDocumentType": ("类型", "Type"),
    "BillingDocumentDate": ("日期", "Date"),
    "TotalGrossAmount": ("总额", "Gross amount"),
    "InvoiceClearingStatus": ("清账状态", "Clearing"),
    "BillingDocumentIsCancelled": ("已取消", "Cancelled"),
}


def _columns(names: str, link: str = "", editable: str = "") -> tuple[Column, ...]:
    may = editable.split()
    kinds = {link: "link"}
    return tuple(
        Column(n, _LABELS[n], kinds.get(n, "number" if "Amount" in n else "text"), n in may) for n in names.split()
    )


TABS = (
    Tab(
        "A_BusinessPartner",
        ("业务伙伴", "Business partners"),
        _columns(
            "BusinessPartner BusinessPartnerFullName TaxNumber Phone City LastChangeDate LastChangedByUser",
            "BusinessPartnerFullName",
        ),
        _columns(
            "BusinessPartner OrganizationBPName1 OrganizationBPName2 SearchTerm1 BusinessPartnerIDByExtSystem Phone "
            "City TaxNumber LastChangeDate LastChangedByUser",
            "",
            "OrganizationBPName1 OrganizationBPName2 SearchTerm1 Phone City",
        ),
        {"archive": ("归档", "Archive")},
        "BusinessPartnerFullName",
    ),
    Tab(
        "A_Product",
        ("产品", "Products"),
        _columns("Product Description SizeOrDimensionText BaseUnit ProductGroup LastChangeDateTime", "Product"),
        _columns(
            "Product Description SizeOrDimensionText BaseUnit ProductGroup", "", "SizeOrDimensionText ProductGroup"
        ),
        title_field="Description",
    ),
    Tab(
        "A_SalesOrder",
        ("销售订单", "Sales orders"),
        _columns(
            "SalesOrder SalesOrderDate SoldToParty TotalNetAmount OverallSDProcessStatus PurchaseOrderByCustomer "
            "LastChangeDateTime",
            "SalesOrder",
        ),
        _columns(
            "SalesOrder SalesOrderDate SoldToParty TotalNetAmount PurchaseOrderByCustomer RequestedDeliveryDate "
            "DeliveryBlockReason OverallSDProcessStatus OverallTotalDeliveryStatus OverallOrdReltdBillgStatus "
            "TotalCreditCheckStatus LastChangedByUser",
            "",
            "PurchaseOrderByCustomer RequestedDeliveryDate DeliveryBlockReason",
        ),
        {
            "deliver": ("创建交货单", "Create delivery"),
            "release_credit": ("批准信用", "Release credit"),
            "reject": ("拒绝所有项目", "Reject all items"),
        },
        "SalesOrder",
    ),
    Tab(
        "A_OutbDeliveryHeader",
        ("外向交货单", "Outbound deliveries"),
        _columns(
            "DeliveryDocument SoldToParty OverallPickingStatus OverallGoodsMovementStatus ActualGoodsMovementDate",
            "DeliveryDocument",
        ),
        _columns(
            "DeliveryDocument SoldToParty OverallPickingStatus OverallGoodsMovementStatus ActualGoodsMovementDate"
        ),
        {
            "PickAllItems": ("拣配", "Pick"),
            "PostGoodsIssue": ("发货过账", "Post goods issue"),
            "ReverseGoodsIssue": ("冲销发货", "Reverse goods issue"),
            "bill": ("开票", "Bill"),
        },
        "DeliveryDocument",
    ),
    Tab(
        "A_BillingDocument",
        ("出具发票凭证", "Billing documents"),
        _columns(
            "BillingDocument BillingDocumentType BillingDocumentDate SoldToParty TotalGrossAmount "
            "InvoiceClearingStatus",
            "BillingDocument",
        ),
        _columns(
            "BillingDocument BillingDocumentType BillingDocumentDate SoldToParty TotalNetAmount TotalGrossAmount "
            "InvoiceClearingStatus BillingDocumentIsCancelled"
        ),
        {"clear": ("收款清账", "Clear by payment"), "Cancel": ("取消", "Cancel")},
        "BillingDocument",
    ),
)
_LINES = {
    "A_SalesOrder": (
        "to_Item",
        ("SalesOrderItem", "Material", "SalesOrderItemText", "RequestedQuantity", "RequestedQuantityUnit", "NetAmount"),
    ),
    "A_OutbDeliveryHeader": (
        "to_DeliveryDocumentItem",
        ("DeliveryDocumentItem", "Material", "ActualDeliveryQuantity", "ReferenceSDDocument"),
    ),
    "A_BillingDocument": (
        "to_Item",
        ("BillingDocumentItem", "Material", "BillingQuantity", "NetAmount", "TaxAmount", "SalesDocument"),
    ),
}


def source(book: SapBook) -> ShelfSource:
    """The pages' view of the book."""

    def step(obj: str, key: str, action: str, author: str) -> object:
        return book.as_person(obj, key, {"action": action}, author)

    def edit(obj: str, key: str, values: dict[str, str], author: str) -> object:
        return book.as_person(obj, key, _inside(book, obj, key, values), author)

    return ShelfSource(book.shelf, _row, edit, step, Refusal)


def _first(doc: Mapping[str, Any], *way: str) -> dict[str, Any]:
    found: Any = doc
    for name in way:
        rows = found.get(name) or [{}]
        found = rows[0]
    return dict(found)


def _row(obj: str, kept: Kept) -> Mapping[str, Any]:
    doc = dict(kept.doc)
    if obj == "A_BusinessPartner":
        doc["City"] = _first(doc, "to_BusinessPartnerAddress").get("CityName", "")
        doc["Phone"] = _first(doc, "to_BusinessPartnerAddress", "to_PhoneNumber").get("PhoneNumber", "")
        doc["TaxNumber"] = _first(doc, "to_BusinessPartnerTax").get("BPTaxLongNumber", "")
    if obj == "A_Product":
        doc["Description"] = text(doc, "ZH")
    if obj in _LINES:
        nav, names = _LINES[obj]
        doc["lines"] = [{n: line.get(n, "") for n in names} for line in doc[nav]]
    return doc


def _inside(book: SapBook, obj: str, key: str, values: Mapping[str, str]) -> dict[str, Any]:
    """A city and a phone live in the partner's address."""
    made: dict[str, Any] = {n: v for n, v in values.items() if n not in ("City", "Phone")}
    doc = book.peek(obj, key)
    if doc is None or not {"City", "Phone"} & set(values):
        return made
    addresses = doc["to_BusinessPartnerAddress"] or [{"Country": "CN"}]
    if "City" in values:
        addresses[0]["CityName"] = values["City"]
    if "Phone" in values:
        phones = addresses[0].get("to_PhoneNumber") or [{}]
        phones[0]["PhoneNumber"] = values["Phone"]
        addresses[0]["to_PhoneNumber"] = phones
    return {**made, "to_BusinessPartnerAddress": addresses}
