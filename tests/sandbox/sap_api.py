"""A caller of the SAP sandbox as a plain HTTP client is one: it keeps cookies and fetches its token."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.sap.gate import PASSWORD, USER

V2 = "/sap/opu/odata/sap"
V4 = "/sap/opu/odata4/sap"
ORDERS, PARTNERS = f"{V2}/API_SALES_ORDER_SRV", f"{V2}/API_BUSINESS_PARTNER"
DELIVERIES, BILLS = f"{V2}/API_OUTBOUND_DELIVERY_SRV;v=0002", f"{V2}/API_BILLING_DOCUMENT_SRV"
PRODUCTS = f"{V2}/API_PRODUCT_SRV"
ORDERS4 = f"{V4}/api_salesorder/srvd_a2x/sap/salesorder/0001"
PARTNERS4 = f"{V4}/api_businesspartner/srvd_a2x/sap/businesspartner/0001"
BILLS4 = f"{V4}/api_billingdocument/srvd_a2x/sap/billingdocument/0001"
AREA = {"SalesOrganization": "1010", "DistributionChannel": "10"}


class Client:
    """One session."""

    def __init__(self, url: str) -> None:
        self.url, self.hands = url, Hands(url)
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
            "Accept": "application/json",
        }

    def __call__(self, method: str, path: str, given: object = None, /, **headers: str) -> Reply:
        more = {n.replace("_", "-"): v for n, v in headers.items()}
        path = path if path.startswith("http") else self.url + quote(path, safe="/%?&=$'():;,@")
        return call(method, path, given, {**self.headers, **more}, timeout=10)

    def logged(self) -> Client:
        """Fetch a token, and keep it with its cookies."""
        self.headers["Cookie"] = "; ".join(c.partition(";")[0] for c in cookies(self, f"{ORDERS}/"))
        return self

    def ok(self, method: str, path: str, given: object = None, /, **headers: str) -> Any:
        reply = self(method, path, given, **headers)
        assert reply.status < 300, (reply.status, reply.body.decode())
        told = reply.json
        return told["d"] if isinstance(told, dict) and set(told) == {"d"} else told

    def customer(self, **values: object) -> str:
        """A new partner that can be sold to; its number."""
        area = {**AREA, "Division": "00", "Currency": "CNY"}
        given = {
            "BusinessPartnerCategory": "2",
            "OrganizationBPName1": "恒瑞机械设备有限公司",
            "to_BusinessPartnerAddress": {"results": [{"Country": "CN", "CityName": "上海市"}]},
            "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU01"}],
            "to_Customer": {"to_CustomerSalesArea": [area]},
            **values,
        }
        return str(self.ok("POST", f"{PARTNERS}/A_BusinessPartner", given)["BusinessPartner"])

    def product(self, name: str) -> str:
        """A new product."""
        text = [{"Language": "ZH", "ProductDescription": "轴承"}]
        given = {"Product": name, "ProductType": "FERT", "BaseUnit": "PC", "to_Description": text}
        return str(self.ok("POST", f"{PRODUCTS}/A_Product", given)["Product"])


def cookies(client: Client, path: str) -> list[str]:
    """The cookies of a new session, and its token into the client's headers."""
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(client.url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    line.request("GET", path, headers={**client.headers, "x-csrf-token": "Fetch"})
    answer = line.getresponse()
    answer.read()
    client.headers["x-csrf-token"] = answer.getheader("x-csrf-token") or ""
    found = answer.headers.get_all("set-cookie") or []
    line.close()
    return found


def order(
    customer: str, product: str, reference: str = "", quantity: str = "2", price: str = "12.50"
) -> dict[str, Any]:
    """A sales order as it is sent."""
    element = {"ConditionType": "PPR0", "ConditionRateValue": price}
    return {
        "SalesOrderType": "OR",
        **AREA,
        "OrganizationDivision": "00",
        "SoldToParty": customer,
        "PurchaseOrderByCustomer": reference,
        "to_Item": [{"Material": product, "RequestedQuantity": quantity, "to_PricingElement": [element]}],
    }
