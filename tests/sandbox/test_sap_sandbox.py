"""The SAP sandbox: tokens, ETags, queries, paging, documents and their letters, as the facts about S/4HANA say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sap_api import BILLS, BILLS4, DELIVERIES, ORDERS, ORDERS4, PARTNERS, PARTNERS4, PRODUCTS, Client, order

from hefu.sandbox.server import Server


@pytest.fixture
def sap(sap_server: Server) -> Iterator[Client]:
    made = Client(sap_server.url).logged()
    yield made
    made.hands.settings(clock_offset=0, page_size=500)
    made.hands.reset()


def test_without_token_and_cookies_nothing_is_written(sap_server: Server) -> None:
    plain = Client(sap_server.url)
    given = {"BusinessPartnerCategory": "2", "OrganizationBPName1": "无令牌"}
    for headers in ({}, {"x_csrf_token": "made-up"}):
        reply = plain("POST", f"{PARTNERS}/A_BusinessPartner", given, **headers)
        assert (reply.status, reply.headers["x-csrf-token"]) == (403, "Required")
        assert reply.body == b"CSRF token validation failed"
    logged = Client(sap_server.url).logged()
    token = logged.headers["x-csrf-token"]
    assert plain("POST", f"{PARTNERS}/A_BusinessPartner", given, x_csrf_token=token).status == 403, "no cookies"
    assert logged("POST", f"{PARTNERS}/A_BusinessPartner", given).status == 201
    logged.hands.fault("csrf")
    assert logged("POST", f"{PARTNERS}/A_BusinessPartner", given).status == 403
    assert logged.logged()("POST", f"{PARTNERS}/A_BusinessPartner", given).status == 201


def test_a_session_ends_after_half_an_hour_idle(sap: Client) -> None:
    sap.hands.settings(clock_offset=29 * 60)
    sap.customer()
    sap.hands.settings(clock_offset=50 * 60)
    sap.customer()
    sap.hands.settings(clock_offset=90 * 60)
    assert sap("POST", f"{PARTNERS}/A_BusinessPartner", {}).status == 403


def test_wrong_user_and_wrong_client_are_not_let_in(sap: Client) -> None:
    assert sap("GET", f"{ORDERS}/A_SalesOrder", Authorization="Basic eDp5").status == 401
    assert sap("GET", f"{ORDERS}/A_SalesOrder?sap-client=200").status == 401
    assert sap("GET", f"{ORDERS}/A_SalesOrder?sap-client=100").status == 200
    assert sap("GET", "/sap/opu/odata/sap/API_NO_SRV/X").json["error"]["code"] == "/IWFND/MED/170"


def test_a_bearer_token_for_client_credentials(sap: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    body = b"grant_type=client_credentials&client_id=HEFU_CLIENT&client_secret="
    path = "/sap/bc/sec/oauth2/token"
    assert sap("POST", path, body + b"wrong", **form).status == 401
    told = sap("POST", path, body + b"Hefu-sandbox-2", **form).json
    assert sap("GET", f"{ORDERS}/", Authorization=f"Bearer {told['access_token']}").status == 200
    assert sap("GET", f"{ORDERS}/", Authorization="Bearer made-up").status == 401


def test_values_are_written_as_v2_writes_them(sap: Client) -> None:
    customer, product = sap.customer(SearchTerm1="hengrui"), sap.product("V2FORM")
    made = sap.ok("POST", f"{ORDERS}/A_SalesOrder", order(customer, product, "V2-1"))
    assert made["TotalNetAmount"] == "25.00"
    assert made["SalesOrderDate"].startswith("/Date(")
    assert made["LastChangeDateTime"].endswith("+0000)/")
    assert made["DeliveryBlockReason"] == ""
    assert made["to_Item"]["results"][0]["SalesOrderItem"] == "10"
    assert made["to_Partner"]["__deferred"]["uri"].endswith(f"A_SalesOrder('{made['SalesOrder']}')/to_Partner")
    partner = sap.ok("GET", f"{PARTNERS}/A_BusinessPartner('{customer.zfill(10)}')")
    assert (partner["SearchTerm1"], partner["BusinessPartner"]) == ("HENGRUI", customer)
    assert partner["LastChangeTime"].startswith("PT")


def test_values_are_written_as_v4_writes_them(sap: Client) -> None:
    customer, product = sap.customer(), sap.product("V4FORM")
    given = order(customer, product, "V4-1")
    item = given.pop("to_Item")[0]
    given["_Item"] = [{"Material": item["Material"], "RequestedQuantity": 3, "_PricingElement": [
        {"ConditionType": "PPR0", "ConditionRateValue": 0.1}]}]  # fmt: skip
    reply = sap("POST", f"{ORDERS4}/SalesOrder", given)
    assert reply.status == 201, reply.body
    assert b'"TotalNetAmount": 0.30' in reply.body, "a decimal keeps its digits"
    number = reply.json["SalesOrder"]
    told = sap("GET", f"{ORDERS4}/SalesOrder('{number}')?$expand=_Item($select=Material;$expand=_ScheduleLine)")
    assert told.json["_Item"][0]["_ScheduleLine"][0]["ScheduleLineOrderQuantity"] == 3
    assert told.json["@odata.etag"] == told.headers["etag"]
    exact = sap("GET", f"{ORDERS4}/SalesOrder('{number}')", Accept="application/json;IEEE754Compatible=true")
    assert exact.json["TotalNetAmount"] == "0.30"
    given["_Item"][0]["RequestedQuantity"] = "3"
    assert sap("POST", f"{ORDERS4}/SalesOrder", given).status == 400, "text is no Edm.Decimal in plain JSON"


def test_etags_are_asked_for_and_checked(sap: Client) -> None:
    for path, number in (
        (f"{PARTNERS}/A_BusinessPartner", sap.customer()),
        (f"{PARTNERS4}/BusinessPartner", sap.customer()),
    ):
        one = f"{path}('{number}')"
        tag = sap("GET", one).headers["etag"]
        change = {"OrganizationBPName1": "改名有限公司"}
        assert sap("PATCH", one, change).status == 428
        assert sap("PATCH", one, change, If_Match=tag).status in (200, 204)
        stale = sap("PATCH", one, change, If_Match=tag)
        assert stale.status == 412
        assert sap("PATCH", one, {"Industry": "M"}, If_Match="*").status in (200, 204)
        now = sap("GET", one)
        assert now.headers["etag"] != tag
        assert (now.json.get("d") or now.json)["BusinessPartnerFullName"] == "改名有限公司"


def test_merge_by_header_and_what_may_not_be_changed(sap: Client) -> None:
    one = f"{PARTNERS}/A_BusinessPartner('{sap.customer()}')"
    assert sap("POST", one, {"Industry": "X"}, If_Match="*", X_HTTP_Method="MERGE").status == 204
    for change in ({"BusinessPartnerFullName": "x"}, {"Nonsense": 1}, {"BusinessPartnerIsBlocked": "yes"}):
        assert sap("PATCH", one, change, If_Match="*").status == 400
    too_long = sap("PATCH", one, {"OrganizationBPName1": "长" * 41}, If_Match="*", Accept_Language="zh")
    assert "最大长度 40" in too_long.json["error"]["message"]["value"]
    assert too_long.json["error"]["innererror"]["errordetails"][0]["target"] == "OrganizationBPName1"
    assert b"<error" in sap("PATCH", one, {"Nonsense": 1}, If_Match="*", Accept="*/*").body
    assert sap("PATCH", f"{PARTNERS}/A_BusinessPartner('1')", {}, If_Match="*").status == 404
    assert sap("DELETE", one, If_Match="*").status == 501
    assert sap("PATCH", one, {"to_BusinessPartnerAddress": []}, If_Match="*").status == 400, "no deep update"


def test_a_child_is_changed_at_its_own_address_and_moves_the_parent(sap: Client) -> None:
    number = sap.customer()
    one = f"{PARTNERS}/A_BusinessPartner('{number}')"
    before = sap("GET", one).headers["etag"]
    (address,) = sap.ok("GET", f"{one}/to_BusinessPartnerAddress")["results"]
    where = f"{PARTNERS}/A_BusinessPartnerAddress(BusinessPartner='{number}',AddressID='{address['AddressID']}')"
    assert sap("PATCH", where, {"CityName": "苏州市"}).status == 204
    assert sap("POST", f"{where}/to_PhoneNumber", {"PhoneNumber": "0512-88880000"}).status == 201
    phone = f"{PARTNERS}/A_AddressPhoneNumber(AddressID='{address['AddressID']}',Person='',OrdinalNumber='1')"
    assert sap("PATCH", phone, {"PhoneNumber": "0512-1"}).status == 204
    now = sap.ok("GET", f"{one}?$expand=to_BusinessPartnerAddress/to_PhoneNumber")
    told = now["to_BusinessPartnerAddress"]["results"][0]
    assert told["CityName"] == "苏州市"
    assert [p["PhoneNumber"] for p in told["to_PhoneNumber"]["results"]] == ["0512-1"]
    assert now["__metadata"]["etag"] != before
    assert sap("POST", f"{one}/to_BusinessPartnerRole", {"BusinessPartnerRole": "FLCU00"}).status == 201
    assert sap("DELETE", where).status == 204
    assert sap.ok("GET", f"{one}/to_BusinessPartnerAddress")["results"] == []


@pytest.mark.parametrize(
    ("version", "query", "expected"),
    [
        (2, "PurchaseOrderByCustomer eq 'Q''1'", "A"),
        (2, "substringof('Q',PurchaseOrderByCustomer) and not (TotalNetAmount gt 20.5M)", "AB"),
        (2, "startswith(PurchaseOrderByCustomer,'Q') eq true and TotalNetAmount ge '30'", "C"),
        (2, "PurchaseOrderByCustomer eq 'Q2' or PurchaseOrderByCustomer eq 'Q3'", "BC"),
        (2, "PurchaseOrderByCustomer eq 'Q2' and (SoldToParty eq '1' or TotalNetAmount lt 1000)", "B"),
        (
            2,
            "endswith(PurchaseOrderByCustomer,'3') and LastChangeDateTime ge datetimeoffset'2000-01-01T00:00:00Z'",
            "C",
        ),
        (2, "startswith(tolower(PurchaseOrderByCustomer),'q') and SalesOrderDate lt datetime'2000-01-01T00:00:00'", ""),
        (4, "contains(PurchaseOrderByCustomer,'Q') and TotalNetAmount le 20", "AB"),
        (4, "startswith(PurchaseOrderByCustomer,'Q') and LastChangeDateTime ge 2000-01-01T00:00:00Z", "ABC"),
        (4, "PurchaseOrderByCustomer eq 'Q3' and SalesOrderDate gt 2000-01-01", "C"),
        (4, "PurchaseOrderByCustomer eq 'Q3' and CustomerPurchaseOrderDate eq null", "C"),
    ],
)
def test_filters(sap: Client, version: int, query: str, expected: str) -> None:
    wanted = {"A": "Q'1", "B": "Q2", "C": "Q3"}
    path = f"{ORDERS}/A_SalesOrder" if version == 2 else f"{ORDERS4}/SalesOrder"
    if not sap.ok("GET", f"{ORDERS}/A_SalesOrder?$filter=PurchaseOrderByCustomer eq 'Q3'")["results"]:
        customer, product = sap.customer(), sap.product("FILTER")
        for reference, price in zip(wanted.values(), ("5", "10", "15"), strict=True):
            sap.ok("POST", f"{ORDERS}/A_SalesOrder", order(customer, product, reference, "2", price))
    told = sap.ok("GET", f"{path}?$filter={query}")
    got = [o["PurchaseOrderByCustomer"] for o in told["results" if version == 2 else "value"]]
    assert got == [wanted[c] for c in expected]
    count = sap("GET", f"{path}/$count?$filter={query}")
    assert count.body.decode() == str(len(expected))


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Nonsense eq 1",
        "$filter=SalesOrder eq",
        "$filter=SalesOrder eq 1",
        "$filter=contains(SalesOrder,'1')",
        "$filter=SalesOrderDate gt 2026-01-01",
        "$filter=SalesOrderDate gt datetimeoffset'2026-01-01T00:00:00Z'",
        "$filter=to_Item/Material eq 'x'",
        "$filter=" + "(" * 60 + "SalesOrder eq '1'" + ")" * 60,
        "$filter=" + "not " * 300 + "startswith(SalesOrder,'1')",
        "$orderby=Nonsense",
        "$top=-1",
        "$skip=x",
        "$expand=to_Nothing",
        "$skiptoken=nonsense",
    ],
)
def test_what_cannot_be_understood_is_refused(sap: Client, query: str) -> None:
    assert sap("GET", f"{ORDERS}/A_SalesOrder?{query}").status == 400


def test_pages_follow_each_other_by_token(sap: Client) -> None:
    made = {sap.customer(SearchTerm2="PAGED") for _ in range(7)}
    sap.hands.settings(page_size=3)
    where = "$filter=SearchTerm2 eq 'PAGED'"
    for path, rows, link in (
        (f"{PARTNERS}/A_BusinessPartner?{where}&$inlinecount=allpages", "results", "__next"),
        (f"{PARTNERS4}/BusinessPartner?{where}&$count=true", "value", "@odata.nextLink"),
    ):
        got, next_ = list[str](), path
        while next_:
            told = sap.ok("GET", next_)
            assert len(told[rows]) <= 3
            got += [p["BusinessPartner"] for p in told[rows]]
            assert told.get("__count", told.get("@odata.count")) in ("7", 7)
            next_ = told.get(link, "")
        assert set(got) == made
        assert len(got) == 7
    told = sap.ok("GET", f"{PARTNERS}/A_BusinessPartner?{where}&$top=5")
    assert len(sap.ok("GET", told["__next"])["results"]) == 2
    sap.hands.fault("proxy")
    assert "internal" in sap.ok("GET", f"{PARTNERS}/A_BusinessPartner?{where}")["__next"]


def test_numbers_are_the_same_with_and_without_padding(sap: Client) -> None:
    number = sap.customer()
    for form in (number, number.zfill(10)):
        told = sap.ok("GET", f"{PARTNERS}/A_BusinessPartner?$filter=BusinessPartner eq '{form}'")["results"]
        assert [p["BusinessPartner"] for p in told] == [number]


def test_dates_without_a_zone_are_in_the_systems_zone(sap: Client) -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    late = now.replace(hour=20, minute=0, second=0, microsecond=0)
    sap.hands.settings(clock_offset=(late - now).total_seconds())
    sap.logged()
    partner = sap.ok("GET", f"{PARTNERS}/A_BusinessPartner('{sap.customer()}')")
    millis = int(partner["LastChangeDate"][6:-2])
    told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    assert told.date() == (late + timedelta(hours=8)).date() > late.date()
    assert partner["LastChangeTime"].startswith("PT04H")


def test_an_order_is_checked(sap: Client) -> None:
    customer, product = sap.customer(), sap.product("CHECKED")
    good = order(customer, product)
    for change, code in (
        ({"SalesOrderType": "XX"}, "V1/301"),
        ({"SoldToParty": "99"}, "VP/199"),
        ({"SalesOrganization": "1020"}, "VP/204"),
        ({"to_Item": [{"Material": "NONE", "RequestedQuantity": "1"}]}, "V1/311"),
        ({"to_Item": [{"Material": product, "RequestedQuantity": "0"}]}, "V1/504"),
        ({"SalesOrder": "77"}, "V1/319"),
    ):
        reply = sap("POST", f"{ORDERS}/A_SalesOrder", {**good, **change})
        assert (reply.status, reply.json["error"]["code"]) == (400, code), reply.body
    assert sap.hands.counters()["writes"].keys() & {"create A_SalesOrder/77"} == set()
    sap.hands.fault("locked")
    locked = sap("POST", f"{ORDERS}/A_SalesOrder", good)
    assert "being processed by" in locked.json["error"]["message"]["value"]
    sap.hands.fault("warning")
    assert "sap-message" in sap("POST", f"{ORDERS}/A_SalesOrder", good).headers


def test_from_order_to_payment(sap: Client) -> None:
    customer, product = sap.customer(), sap.product("CHAIN")
    number = sap.ok("POST", f"{ORDERS}/A_SalesOrder", order(customer, product, "CHAIN-1", "4", "33.333"))["SalesOrder"]
    one = f"{ORDERS}/A_SalesOrder('{number}')"
    reference = {"ReferenceSDDocument": number, "ReferenceSDDocumentItem": "10"}
    item = {**reference, "ActualDeliveryQuantity": "1"}
    first = sap.ok("POST", f"{DELIVERIES}/A_OutbDeliveryHeader", {"to_DeliveryDocumentItem": [item]})
    assert sap.ok("GET", one)["OverallTotalDeliveryStatus"] == "B"
    rest = {"to_DeliveryDocumentItem": {"results": [reference]}}
    second = sap.ok("POST", f"{DELIVERIES}/A_OutbDeliveryHeader", rest)
    assert second["to_DeliveryDocumentItem"]["results"][0]["ActualDeliveryQuantity"] == "3.000"
    assert sap("POST", f"{DELIVERIES}/A_OutbDeliveryHeader", rest).status == 400, "nothing is left"
    assert sap.ok("GET", one)["OverallTotalDeliveryStatus"] == "C"

    def act(name: str, delivery: str, **headers: str) -> int:
        return sap("POST", f"{DELIVERIES}/{name}?DeliveryDocument='{delivery}'", **headers).status

    bills = []
    for delivery in (first["DeliveryDocument"], second["DeliveryDocument"]):
        assert act("PostGoodsIssue", delivery) == 428
        assert act("PostGoodsIssue", delivery, If_Match="*") == 400, "not picked yet"
        assert act("PickAllItems", delivery, If_Match="*") == 200
        assert act("PostGoodsIssue", delivery, If_Match="*") == 200
        assert act("PostGoodsIssue", delivery, If_Match="*") == 400, "twice"
        action = f"{BILLS4}/BillingDocument/SAP__self.CreateFromSDDocument"
        told = sap.ok("POST", action, {"_Reference": [{"SDDocument": delivery}]})
        bills.append(told["value"][0]["BillingDocument"])
        assert sap("POST", action, {"_Reference": [{"SDDocument": delivery}]}).status == 400, "billed already"
    now = sap.ok("GET", f"{one}?$expand=to_SubsequentProcFlowDoc")
    assert (now["OverallSDProcessStatus"], now["OverallOrdReltdBillgStatus"]) == ("C", "C")
    followers = {f["SubsequentDocument"] for f in now["to_SubsequentProcFlowDoc"]["results"]}
    assert followers == {first["DeliveryDocument"], second["DeliveryDocument"], *bills}
    invoice = sap.ok("GET", f"{BILLS}/A_BillingDocument('{bills[0]}')?$expand=to_Item")
    assert (invoice["TotalNetAmount"], invoice["TaxAmount"], invoice["TotalGrossAmount"]) == ("33.33", "4.33", "37.66")
    stamp = invoice["LastChangeDateTime"]
    sap.hands.edit("A_BillingDocument", bills[0], {"action": "clear"})
    paid = sap.ok("GET", f"{BILLS}/A_BillingDocument('{bills[0]}')")
    assert (paid["InvoiceClearingStatus"], paid["LastChangeDateTime"]) == ("C", stamp), "clearing moves no stamp"
    assert sap("POST", f"{BILLS}/Cancel?BillingDocument='{bills[0]}'", If_Match="*").status == 400, "it is paid"
    cancelled = sap.ok("POST", f"{BILLS}/Cancel?BillingDocument='{bills[1]}'", If_Match="*")
    assert (cancelled["BillingDocumentType"], cancelled["CancelledBillingDocument"]) == ("S1", bills[1])
    assert sap.ok("GET", one)["OverallOrdReltdBillgStatus"] == "B"
    back = f"{second['DeliveryDocument']}'&ActualGoodsMovementDate=datetime'2026-11-30T00:00:00"
    assert act("ReverseGoodsIssue", back, If_Match="*") == 200
    assert sap("DELETE", one, If_Match="*").status == 400, "it has followers"


def test_an_order_over_the_limit_waits_for_its_release(sap: Client) -> None:
    customer, product = sap.customer(), sap.product("CREDIT")
    made = sap.ok("POST", f"{ORDERS}/A_SalesOrder", order(customer, product, "", "1000", "1000"))
    assert made["TotalCreditCheckStatus"] == ""
    blocked = sap.ok("POST", f"{ORDERS}/A_SalesOrder", {**order(customer, product), "DeliveryBlockReason": "01"})
    item = {"ReferenceSDDocument": blocked["SalesOrder"], "ReferenceSDDocumentItem": "10"}
    given = {"to_DeliveryDocumentItem": [item]}
    assert sap("POST", f"{DELIVERIES}/A_OutbDeliveryHeader", given).status == 400
    one = f"{ORDERS}/A_SalesOrder('{blocked['SalesOrder']}')"
    assert sap("PATCH", one, {"DeliveryBlockReason": ""}, If_Match="*").status == 204
    assert sap("POST", f"{DELIVERIES}/A_OutbDeliveryHeader", given).status == 201


def test_people_change_and_the_counters_do_not_count_them(sap: Client) -> None:
    number = sap.hands.create("A_BusinessPartner", {"BusinessPartnerCategory": "2", "OrganizationBPName1": "手工"})
    sap.hands.reset()
    sap.hands.edit("A_BusinessPartner", number, {"OrganizationBPName1": "手工二"}, "李雷")
    sap.hands.delete("A_BusinessPartner", number)
    told = sap.ok("GET", f"{PARTNERS}/A_BusinessPartner('{number}')")
    assert (told["BusinessPartnerFullName"], told["IsMarkedForArchiving"]) == ("手工二", True)
    assert sap.hands.counters()["total_writes"] == 0
    assert sap.hands.changes(1)[0]["via"] == "person"
    sap.hands.edit("A_BusinessPartner", number, {"action": "archive"})
    assert sap("GET", f"{PARTNERS}/A_BusinessPartner('{number}')").status == 404
    page = sap("GET", "/list/A_SalesOrder?lang=zh")
    assert "销售订单" in page.body.decode()
    assert sap("GET", f"{PRODUCTS}/A_Product?$format=json", Accept="").json["d"]["results"] is not None
    assert b"<feed" in sap("GET", f"{PRODUCTS}/A_Product", Accept="*/*").body
