"""The services of the sandbox: five business objects at the addresses that S/4HANA gives them."""

from __future__ import annotations

from hefu.sandbox.sap.document_sets import BILLING, DELIVERY, ORDER
from hefu.sandbox.sap.master_sets import PARTNER, PRODUCT
from hefu.sandbox.sap.model import Function, Service, entities

_V2, _V4 = "/sap/opu/odata/sap/", "/sap/opu/odata4/sap/"


def _delivery(*names: str, **more: str) -> dict[str, Function]:
    given = {"DeliveryDocument": "string", **more}
    return {name: Function(name, "A_OutbDeliveryHeader", given) for name in names}


SERVICES = (
    Service(
        "API_BUSINESS_PARTNER",
        f"{_V2}API_BUSINESS_PARTNER",
        f"{_V4}api_businesspartner/srvd_a2x/sap/businesspartner/0001",
        entities(PARTNER),
    ),
    Service(
        "API_PRODUCT_SRV",
        f"{_V2}API_PRODUCT_SRV",
        f"{_V4}api_product/srvd_a2x/sap/product/0002",
        entities(PRODUCT),
    ),
    Service(
        "API_SALES_ORDER_SRV",
        f"{_V2}API_SALES_ORDER_SRV",
        f"{_V4}api_salesorder/srvd_a2x/sap/salesorder/0001",
        entities(ORDER),
        {
            name: Function(name, "A_SalesOrder", {"SalesOrder": "string"})
            for name in ("releaseApprovalRequest", "rejectApprovalRequest")
        },
    ),
    Service(
        "API_OUTBOUND_DELIVERY_SRV",
        f"{_V2}API_OUTBOUND_DELIVERY_SRV;v=0002",
        "",
        entities(DELIVERY),
        {
            **_delivery("PickAllItems", "ConfirmPickingAllItems", "PostGoodsIssue"),
            **_delivery("ReverseGoodsIssue", ActualGoodsMovementDate="date"),
        },
    ),
    Service(
        "API_BILLING_DOCUMENT_SRV",
        f"{_V2}API_BILLING_DOCUMENT_SRV",
        f"{_V4}api_billingdocument/srvd_a2x/sap/billingdocument/0001",
        entities(BILLING),
        {
            "Cancel": Function("Cancel", "A_BillingDocument", {"BillingDocument": "string"}),
            "GetPDF": Function("GetPDF", "A_BillingDocument", {"BillingDocument": "string"}, "GET"),
            "CreateFromSDDocument": Function(
                "CreateFromSDDocument", "A_BillingDocument", {}, versions=(4,), collection=True
            ),
        },
    ),
)
