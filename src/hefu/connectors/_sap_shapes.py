"""The business objects of SAP that the connector knows: where they live, what belongs to them, how they move.

A shape names; $metadata decides. What a service lacks is left out, and what it forbids is not offered. Names are those
of the V2 services; V4 drops the "A_" of a set and writes a navigation "to_Item" as "_Item".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hefu.connectors._sap_settings import SapSettings

V2 = "/sap/opu/odata/sap/"
_V4 = "/sap/opu/odata4/sap/"
C4C = "/sap/c4c/odata/v1/c4codataapi"


@dataclass(frozen=True)
class Child:
    """Rows that belong to a record: as a list of lines (`rows`), or one row whose fields stand beside the record's.

    prefix: begins the names of those fields.  only: what marks the one row; a new one gets it.  fields: those offered;
    none: all.  A row that has lost all of its `fields` is deleted.
    """

    nav: str
    rows: bool = False
    prefix: str = ""
    only: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()


@dataclass(frozen=True)
class Shape:
    """One object.

    token: the field in which the hub leaves its id.  named: we give the number, so it is the natural key.  stamps:
    pairs or single fields that say when it changed; SAP leaves the change date of a record blank that was never
    changed, so its creation counts as well.  guard: the field behind the ETag, should $metadata not say that changes
    want one.  steps: function -> states in which it is legal ("*": SAP decides).
    """

    label: str = ""
    token: str = ""
    named: bool = False
    stamps: tuple[str, ...] = ("LastChangeDateTime",)
    children: tuple[Child, ...] = ()
    state: str = ""
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authors: tuple[str, ...] = ("LastChangedByUser", "CreatedByUser")
    key: tuple[str, ...] = ()
    guard: str = "LastChangeDateTime"


def services(settings: SapSettings) -> dict[str, list[str]]:
    """Path of each service -> the sets that are offered of it."""
    if settings.services:
        return {n if n.startswith("/") else V2 + n: list(sets) for n, sets in settings.services.items()}
    if settings.product == "c4c":
        return {C4C: list(_C4C)}
    business_partner, delivery = (f"{V2}API_BUSINESS_PARTNER", f"{V2}API_OUTBOUND_DELIVERY_SRV;v=0002")
    if settings.odata == "v4":  # partners and deliveries stay with V2: their V4 services are not settled
        return {
            business_partner: ["A_BusinessPartner"],
            f"{_V4}api_product/srvd_a2x/sap/product/0002": ["Product"],
            f"{_V4}api_salesorder/srvd_a2x/sap/salesorder/0001": ["SalesOrder"],
            delivery: ["A_OutbDeliveryHeader"],
            f"{_V4}api_billingdocument/srvd_a2x/sap/billingdocument/0001": ["BillingDocument"],
        }
    return {
        business_partner: ["A_BusinessPartner"],
        f"{V2}API_PRODUCT_SRV": ["A_Product"],
        f"{V2}API_SALES_ORDER_SRV": ["A_SalesOrder"],
        delivery: ["A_OutbDeliveryHeader"],
        f"{V2}API_BILLING_DOCUMENT_SRV": ["A_BillingDocument"],
    }


REFERENCES = {
    **dict.fromkeys(("SoldToParty", "ShipToParty", "PayerParty"), "A_BusinessPartner"),
    "Material": "A_Product",
    "SalesDocument": "A_SalesOrder",
}
"""Field -> the object whose record it names. V4 may offer that object under its other name."""


def shape_of(name: str, settings: SapSettings) -> Shape:
    """What is known of an entity set; of others, that records have keys and may have the usual stamps."""
    known = _s4(settings) if settings.product == "s4" else _C4C
    return known.get(name) or known.get(f"A_{name}") or Shape(label=name)


def _s4(settings: SapSettings) -> dict[str, Shape]:
    language = settings.text_language or settings.language
    price = Child(
        "to_PricingElement",
        prefix="Price_",
        only=(("ConditionType", settings.price_condition),),
        fields=("ConditionRateValue", "ConditionCurrency", "ConditionQuantity", "ConditionQuantityUnit"),
    )
    return {
        "A_BusinessPartner": Shape(
            "Business partner",
            token="BusinessPartnerIDByExtSystem",  # noqa: S106 - no password
            stamps=("LastChangeDate+LastChangeTime", "CreationDate+CreationTime"),
            children=(_ADDRESS, _tax(settings.tax_type), Child("to_BusinessPartnerRole", rows=True)),
            guard="ETag",
        ),
        "A_Product": Shape(
            "Product",
            named=True,
            children=(
                Child(
                    "to_Description",
                    prefix="Description_",
                    only=(("Language", language),),
                    fields=("ProductDescription",),
                ),
            ),
        ),
        "A_SalesOrder": Shape(
            "Sales order",
            token="PurchaseOrderByCustomer",  # noqa: S106 - no password
            children=(Child("to_Item", rows=True, children=(price,) if settings.price_condition else ()),),
            state="OverallSDProcessStatus",
            steps={"releaseApprovalRequest": ("*",), "rejectApprovalRequest": ("*",)},
        ),
        "A_OutbDeliveryHeader": Shape(
            "Outbound delivery",
            token="BillOfLading",  # noqa: S106 - no password
            stamps=("LastChangeDate", "CreationDate"),
            children=(Child("to_DeliveryDocumentItem", rows=True),),
            guard="DeliveryVersion",
            state="OverallGoodsMovementStatus",
            steps={
                "PickAllItems": ("A", "B"),
                "ConfirmPickingAllItems": ("A", "B"),
                "PostGoodsIssue": ("A", "B"),
                "ReverseGoodsIssue": ("B", "C"),
            },
        ),
        "A_BillingDocument": Shape(
            "Billing document",
            children=(Child("to_Item", rows=True),),
            state="OverallBillingStatus",
            steps={"Cancel": ("*",)},
        ),
    }


_ADDRESS = Child(
    "to_BusinessPartnerAddress",
    prefix="Address_",
    fields=(
        "Country", "Region", "CityName", "District", "PostalCode", "StreetName", "HouseNumber",
        "StreetPrefixName", "StreetSuffixName", "Language",
    ),
    children=(
        Child("to_EmailAddress", fields=("EmailAddress",)),
        Child("to_PhoneNumber", fields=("PhoneNumber",)),
        Child("to_MobilePhoneNumber", prefix="Mobile", fields=("PhoneNumber",)),
    ),
)  # fmt: skip


def _tax(kind: str) -> Child:
    return Child(
        "to_BusinessPartnerTax",
        prefix="Tax_",
        only=(("BPTaxType", kind),),
        fields=("BPTaxNumber", "BPTaxLongNumber"),
    )


def _c4c(label: str, key: str, kept: str = "ExternalID") -> Shape:
    return Shape(label, token=kept, stamps=("EntityLastChangedOn",), key=(key,), authors=("ChangedBy",))


_C4C = {
    "CorporateAccountCollection": _c4c("Corporate account", "AccountID"),
    "IndividualCustomerCollection": _c4c("Individual customer", "CustomerID"),
    "ContactCollection": _c4c("Contact", "ContactID"),
    "OpportunityCollection": _c4c("Opportunity", "ID"),
    "LeadCollection": _c4c("Lead", "ID"),
    "SalesQuoteCollection": _c4c("Sales quote", "ID"),
    "ProductCollection": _c4c("Product", "ProductID", ""),
}
