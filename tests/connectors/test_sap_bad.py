"""What goes wrong with SAP: each gets its class and its words, and no document is made twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sap_house import CUSTOMER, House, house, order, partner

from hefu.connectors._sap_batch import Op, pack, pack_json, unpack, unpack_json
from hefu.connectors._sap_bound import Stamp
from hefu.connectors._sap_edm import Prop
from hefu.connectors._sap_values import Dialect, body, literal, read
from hefu.connectors.sap import Sap
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Write, Written
from hefu.core.words import tell

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def whole() -> Iterator[House]:
    with house() as made:
        made.customer = made.person("A_BusinessPartner", None, CUSTOMER)
        made.material = made.person("A_Product", None, {"Product": "M1", "ProductType": "FERT", "BaseUnit": "PC"})
        yield made


@pytest.fixture
def home(whole: House) -> Iterator[House]:
    yield whole
    whole.calm()


def ordered(home: House, line: Sap, token: str) -> Written:
    [made] = line.write("A_SalesOrder", [Write(None, order(home.customer, home.material)(1), token=token)])
    assert isinstance(made, Written), made
    return made


def told(error: HubError) -> str:
    said = "".join(tell(error) + tell(error, "zh"))
    assert "?" not in said
    return said


# ------------------------------------------------------------------- one document


@pytest.mark.parametrize("word", ["lost", "gateway", "hang"])
def test_a_create_whose_answer_is_lost_makes_exactly_one_order(home, word):
    line, token = home.line(), f"order-{word}"
    ordered(home, line, f"warm-{word}")
    home.fail(word, method="POST", path="/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder", seconds=1.5, status=504)
    [lost] = line.write("A_SalesOrder", [Write(None, order(home.customer, home.material)(2), token=token)])
    assert isinstance(lost, Unanswered)
    home.calm()
    found = line.search("A_SalesOrder", {"PurchaseOrderByCustomer": token})
    assert len(found) == 1  # the hub looks, finds it, and does not write again
    assert [r.values["PurchaseOrderByCustomer"] for p in line.read("A_SalesOrder") for r in p.records].count(token) == 1


def test_a_batch_whose_answer_is_cut_leaves_every_outcome_open(home):
    line = home.line()
    ordered(home, line, "warm-half")
    home.fail("half", method="POST", path="/sap/opu/odata/sap/API_SALES_ORDER_SRV/$batch")
    writes = [Write(None, order(home.customer, home.material)(n), token=f"half-{n}") for n in range(3)]
    with pytest.raises(Unanswered):
        line.write("A_SalesOrder", writes)
    assert all(len(line.search("A_SalesOrder", {"PurchaseOrderByCustomer": f"half-{n}"})) == 1 for n in range(3))


def test_a_changeset_is_whole_or_not_at_all(home):
    line = home.line()
    made = ordered(home, line, "changeset")
    lines = [{"SalesOrderItem": "10", "RequestedQuantity": Decimal(9)}, {"Material": "NOSUCH", "RequestedQuantity": 1}]
    [refused] = line.write("A_SalesOrder", [Write(made.id, {"SalesGroup": "S77", "to_Item": lines})])
    assert isinstance(refused, Rejected)
    [now] = line.fetch("A_SalesOrder", [made.id])
    assert now.values["SalesGroup"] == "S01"
    assert [x["RequestedQuantity"] for x in now.values["to_Item"]] == [Decimal(2), Decimal("3.5")]


def test_lines_are_added_changed_and_taken_away_together(home):
    line = home.line()
    made = ordered(home, line, "lines")
    lines = [
        {"SalesOrderItem": "10", REMOVED: True},
        {"SalesOrderItem": "20", "RequestedQuantity": Decimal(7)},
        {"Material": home.material, "RequestedQuantity": Decimal(1)},
    ]
    [done] = line.write("A_SalesOrder", [Write(made.id, {"to_Item": lines, "SalesGroup": "S02"}, version=made.version)])
    assert isinstance(done, Written)
    assert [(x["SalesOrderItem"], x["RequestedQuantity"]) for x in done.values["to_Item"]] == [("20", 7), ("30", 1)]
    [stale] = line.write("A_SalesOrder", [Write(made.id, {"to_Item": lines[:1]}, version=made.version)])
    assert isinstance(stale, Stale)


@pytest.mark.parametrize("odata", ["v2", "v4"])
def test_fewer_fields_of_the_header_leave_the_lines_whole(home, odata):
    made = ordered(home, home.line(), f"fields-{odata}")
    name, items = ("A_SalesOrder", "to_Item") if odata == "v2" else ("SalesOrder", "_Item")
    [record] = home.line(odata=odata, fields={name: ["SoldToParty"]}).fetch(name, [made.id])
    assert {"SoldToParty", "SalesOrder", items} <= set(record.values)
    assert "SalesGroup" not in record.values
    assert [(x["Material"], x["RequestedQuantity"]) for x in record.values[items]] == [
        ("M1", 2),
        ("M1", Decimal("3.5")),
    ]


def test_rows_that_belong_to_a_partner_come_change_and_go(home):
    line = home.line()
    values = {k: v for k, v in partner(1).items() if "Email" not in k}
    [made] = line.write("A_BusinessPartner", [Write(None, values, token="0199" + "a" * 22)])
    assert made.values["BusinessPartnerIDByExtSystem"] == "0199" + "a" * 22  # 26 characters in a field of 20
    [found] = line.search("A_BusinessPartner", {"Tax_BPTaxLongNumber": values["Tax_BPTaxLongNumber"]})
    assert found.id == made.id
    for change in (
        {"Address_EmailAddress": "new@example.cn", "OrganizationBPName2": None},
        {"Address_EmailAddress": None, "Tax_BPTaxLongNumber": "91310000MA1FL00001", "Address_CityName": "北京"},
    ):
        [done] = line.write("A_BusinessPartner", [Write(made.id, change)])
        assert isinstance(done, Written), done
        assert {n: done.values[n] for n in change} == change


# ------------------------------------------------------------------ session, rights


def test_a_session_that_ended_is_opened_anew_once(home):
    line = home.line()
    ordered(home, line, "csrf-0")
    home.fail("csrf")
    before, written = line.line._session.number, home.written()
    ordered(home, line, "csrf-1")
    assert (line.line._session.number - before, home.written() - written) == (1, 1)
    assert len(line.search("A_SalesOrder", {"PurchaseOrderByCustomer": "csrf-1"})) == 1


def test_threads_that_start_together_fetch_one_token(home):
    line = home.line()
    line.discover()
    before = line.line._session.number
    threads = [threading.Thread(target=ordered, args=(home, line, f"thread-{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert line.line._session.number - before == 1


def test_a_locked_record_is_tried_again_later(home):
    line = home.line()
    made = ordered(home, line, "locked")
    home.fail("locked", times=0)
    with pytest.raises(Transient) as later:
        line.write("A_SalesOrder", [Write(made.id, {"SalesGroup": "S03"})])
    assert (later.value.code, later.value.after) == ("sap.locked", 15.0)
    told(later.value)


def test_errors_in_xml_are_read_as_well(home):
    home.fail("xml-error", times=0)
    line = home.line()
    [error] = line.write("A_SalesOrder", [Write(None, {**order("9999999", "M1")(1)}, token="x")])
    assert isinstance(error, Rejected)
    assert "9999999" in told(error)


@pytest.mark.parametrize("odata", ["v2", "v4"])
def test_a_right_on_one_field_is_revoked(home, odata):
    """What may not be seen any more is left out, and not taken for emptied; what may not be changed is named alone."""
    made = ordered(home, home.line(), f"revoked-{odata}")
    line, name = home.line(odata=odata), "A_SalesOrder" if odata == "v2" else "SalesOrder"
    home.sandbox.book.revoked = frozenset({"SalesGroup"})
    try:
        [record] = line.fetch(name, [made.id])
        assert "SalesGroup" not in record.values
        assert record.values["SoldToParty"] == home.customer
        line.check()
        [told_us] = line.write(name, [Write(made.id, {"SalesGroup": "S09"}, version=record.version)])
        [done] = line.write(name, [Write(made.id, {"CustomerPurchaseOrderType": "X"}, version=record.version)])
    finally:
        home.sandbox.book.revoked = frozenset()
    assert isinstance(told_us, Rejected)
    assert (told_us.code, told_us.field) == ("sap.no_field_right", "SalesGroup")
    assert "SalesGroup" in told(told_us)
    assert isinstance(done, Written), "the connection goes on"


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-2)])
def test_our_clock_may_be_wrong(home, ahead):
    """What changed since is asked for by SAP's own clock: nothing is missed, and nothing old comes again."""
    wrong = home.line()
    wrong = Sap(wrong.settings, replace(wrong.site, now=lambda: home.clock.now() + ahead))
    wrong.check()
    home.clock.sleep(600)
    *_, page = wrong.read("A_Product")
    home.clock.sleep(120)
    home.person("A_Product", None, {"Product": f"LATE{ahead.days}", "ProductType": "FERT", "BaseUnit": "PC"})
    pages = list(wrong.read("A_Product", page.cursor))
    assert f"LATE{ahead.days}" in {r.id for p in pages for r in p.records}
    assert "M1" not in {r.id for p in pages for r in p.records}, "it is older than the reading before"


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_bearer_lasts_as_long_as_sap_says_whatever_our_clock_shows(home, ahead):
    line = home.line(oauth=home.oauth)
    line = Sap(line.settings, replace(line.site, now=lambda: home.clock.now() + ahead))
    ordered(home, line, f"bearer-{ahead.days}")
    home.clock.sleep(3700)
    ordered(home, line, f"bearer-{ahead.days}-later")


# -------------------------------------------------------------- answers of all kinds


EDMX = (
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"><edmx:DataServices>'
    '<Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" '
    'xmlns:sap="http://www.sap.com/Protocols/SAPData">'
    '<EntityType Name="T"><Key><PropertyRef Name="K"/></Key><Property Name="K" Type="Edm.String" MaxLength="10"/>'
    '<Property Name="N" Type="Edm.String" sap:updatable="false"/></EntityType>'
    '<EntityContainer Name="C"><EntitySet Name="A_T" EntityType="S.T"/></EntityContainer></Schema>'
    "</edmx:DataServices></edmx:Edmx>"
)


class Recorded:
    """Answers the metadata with a document and all else with one answer."""

    def __init__(self, answer: Answer, metadata: bytes = EDMX.encode()) -> None:
        self.answer, self.metadata = answer, metadata

    def send(self, method, url, *, headers=None, params=None, body=None, timeout=None, writes=False):
        if url.endswith("$metadata"):
            return Answer(200, {}, self.metadata)
        if (headers or {}).get("x-csrf-token") == "Fetch":
            return Answer(200, {"x-csrf-token": "T", "set-cookie": "a=1; path=/\nb=2"}, b"{}")
        return self.answer


def line_of(answer: Answer, metadata: bytes = EDMX.encode()) -> Sap:
    settings = {"url": "https://sap.example", "user": "U", "password": "hush", "services": {"S": ["A_T"]}}
    return Sap(
        Sap.settings_type.model_validate(settings), Site(Recorded(answer, metadata), lambda: NOW, lambda _: None)
    )


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><edmx>&b;</edmx>'
THIEF = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><edmx>&a;</edmx>'


@pytest.mark.parametrize("document", [BOMB, THIEF], ids=["bomb", "file"])
def test_metadata_with_entities_is_not_read(document):
    with pytest.raises(Unsupported) as error:
        line_of(Answer(200, {}, b"{}"), document).discover()
    assert error.value.code == "sap.unsafe"
    told(error.value)


@pytest.mark.parametrize("document", [EDMX[:200].encode(), b"", b"<html>sign in</html>", b"{}"])
def test_metadata_that_is_none_is_asked_for_again(document):
    with pytest.raises(Transient) as error:
        line_of(Answer(200, {}, b"{}"), document).discover()
    told(error.value)


def v2_error(code: str, words: str, **more: object) -> bytes:
    return json.dumps({"error": {"code": code, "message": {"lang": "en", "value": words}, **more}}).encode()


def v4_error(code: str, words: str, **more: object) -> bytes:
    return json.dumps({"error": {"code": code, "message": words, **more}}).encode()


DETAIL = {"errordetails": [{"code": "VP/199", "message": "No such party", "propertyref": "to/N", "severity": "error"}]}


@pytest.mark.parametrize(
    ("status", "headers", "text", "on_read", "on_write", "field"),
    [
        (401, {}, b"", Denied, Denied, None),
        (403, {}, v2_error("/IWFND/CM_MGW/1", "No authorization"), Denied, Denied, None),
        (403, {"x-csrf-token": "Required"}, b"CSRF token validation failed", Denied, Denied, None),
        (302, {"location": "https://login.example/?x=1"}, b"", Unsupported, Unsupported, None),
        (404, {}, v2_error("/IWFND/MED/170", "No service found"), Unsupported, Unsupported, None),
        (405, {}, v2_error("X", "not creatable"), Unsupported, Unsupported, None),
        (412, {}, v2_error("/IWFND/CM_MGW/5", "Precondition failed"), Stale, Stale, None),
        (428, {}, v4_error("x", "Precondition required"), Stale, Stale, None),
        (400, {}, v2_error("VP/199", "Bad", innererror=DETAIL), Unsupported, Rejected, "N"),
        (400, {}, v4_error("VP/199", "Bad", target="in/N", details=[]), Unsupported, Rejected, "N"),
        (400, {}, v2_error("V1/042", "Order 1 is currently being processed by ZHANGMIN"), Transient, Transient, None),
        (400, {}, v2_error("V1/042", "销售凭证正由用户张敏处理"), Transient, Transient, None),
        (400, {}, v2_error("/IWBEP/1", "Property 'N' not found in type 'S.T'"), Unsupported, Unsupported, None),
        (500, {}, v2_error("/IWFND/CM_MGW_RT/0", "RFC error"), Transient, Unanswered, None),
        (500, {}, v2_error("VP/199", "No such party"), Unsupported, Rejected, None),
        (200, {}, b'{"d":{"results":[{"K":"1"', Transient, Unanswered, None),
        (200, {}, b"<!doctype html><h1>Log on</h1>", Transient, Unanswered, None),
    ],
)
def test_an_answer_becomes_our_error(status, headers, text, on_read, on_write, field):
    line = line_of(Answer(status, headers, text))
    for kind, work in (
        (on_read, lambda: [list(line.read("A_T"))]),
        (on_write, lambda: line.write("A_T", [Write(None, {"K": "1"})])),
    ):
        try:
            [error] = work()
        except HubError as raised:
            error = raised
        assert type(error) is kind, error
        assert getattr(error, "field", None) in (None, field)
        assert "hush" not in told(error)


def test_a_field_renamed_overnight_is_told_as_our_mapping(home):
    line = home.line()
    line.discover()
    bound = line._object("A_Product")
    gone = Stamp((Prop("LastChangedAt", "Edm.DateTimeOffset"),), bound.dialect)
    line._bound["A_Product"] = replace(bound, stamps=(gone,))
    cursor = json.dumps(["2026-11-01T00:00:00Z", None, 0, None, None])
    with pytest.raises(Unsupported) as error:
        list(line.read("A_Product", cursor))
    assert "Discover" in told(error.value)


@pytest.mark.parametrize("paging", ["links", "skip"])
def test_other_ways_to_page_read_everything_once(home, paging):
    for n in range(60):
        home.person("A_Product", None, {"Product": f"{paging}{n:03d}", "ProductType": "FERT", "BaseUnit": "PC"})
    home.sandbox.book.page_size = 20
    home.fail("proxy", times=0)
    try:
        ids = [r.id for p in home.line(paging=paging).read("A_Product") for r in p.records]
    finally:
        home.sandbox.book.page_size = 1000
    assert len(ids) == len(set(ids))
    assert {f"{paging.upper()}{n:03d}" for n in range(60)} <= set(ids)


TOO_FINE = {"SalesOrderItem": "10", "RequestedQuantity": Decimal("0.0001")}


def test_what_may_not_be_written_is_not_sent(home):
    line = home.line()
    made = ordered(home, line, "fixed")
    before = home.written()
    for values, kind in (
        ({"SalesOrderType": "ZZ"}, Rejected), ({"OverallSDProcessStatus": "C"}, Unsupported),
        ({"SalesGroup": 5}, Rejected), ({"SalesOrderDate": "today"}, Rejected), ({"nope": "x"}, Unsupported),
        ({"to_Item": "x"}, Rejected), ({"to_Item": [TOO_FINE]}, Rejected),
    ):  # fmt: skip
        [error] = line.write("A_SalesOrder", [Write(made.id, values)])
        assert type(error) is kind, values
        told(error)
    assert isinstance(line.write("A_SalesOrder", [Write("4711", {"SalesGroup": "S1"})])[0], Missing)
    assert home.written() == before
    [denied] = line.write("A_BillingDocument", [Write(None, {})])
    assert isinstance(denied, Unsupported)


# -------------------------------------------------------------------- values, batch


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3), st.booleans())
def test_numbers_go_out_and_come_back_as_they_are(amount, v4):
    prop, dialect = Prop("A", "Edm.Decimal", scale=3), Dialect(v4, SHANGHAI)
    assert read(prop, json.loads(json.dumps(body(prop, amount, dialect))), dialect) == amount
    assert literal(prop, amount, dialect) == format(amount, "f") + ("" if v4 else "M")


@given(st.dates(date(1000, 1, 1)), st.booleans())
def test_dates_are_the_same_day_everywhere(day, v4):
    prop, dialect = Prop("D", "Edm.Date" if v4 else "Edm.DateTime", day=True), Dialect(v4, SHANGHAI)
    assert read(prop, body(prop, day, dialect), dialect) == day


@given(st.integers(0, 4_000_000_000_000), st.booleans())
def test_instants_keep_their_millisecond(millis, v4):
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)).astimezone(timezone(timedelta(hours=8)))
    prop, dialect = Prop("T", "Edm.DateTimeOffset"), Dialect(v4, SHANGHAI)
    assert read(prop, body(prop, at, dialect), dialect) == at


def test_odd_spellings_are_read():
    v2, v4 = Dialect(False, SHANGHAI), Dialect(True, SHANGHAI)
    assert read(Prop("T", "Edm.Time"), "PT10H05M00S", v2) == "10:05:00"
    assert body(Prop("T", "Edm.Time"), "10:05:00", v2) == "PT10H05M00S"
    assert read(Prop("D", "Edm.DateTime", day=True), "/Date(-86400000)/", v2) == date(1969, 12, 31)
    wall = read(Prop("T", "Edm.DateTime"), "/Date(1795219200000)/", v2)
    assert wall == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    assert read(Prop("T", "Edm.DateTimeOffset"), "2026-11-21T08:00:00.1234567Z", v4).microsecond == 123456
    assert literal(Prop("S", "Edm.String"), "O'Hare", v2) == "'O''Hare'"
    assert literal(Prop("G", "Edm.Guid"), "0050-1", v2) == "guid'0050-1'"


def test_where_clocks_are_put_back_no_hour_is_missed():
    props = (Prop("D", "Edm.DateTime", day=True), Prop("T", "Edm.Time"))
    berlin = Stamp(props, Dialect(False, ZoneInfo("Europe/Berlin")))
    since = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50 summer time; at 03:00 it is 02:00 again
    assert berlin.start(since, timedelta(0)) <= "2026-10-25T02:00:00"


CHANGES = [[Op("POST", "A_T", {"K": str(n)})] for n in range(3)]
PART = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {}\r\nContent-Type: application/json\r\n\r\n{}\r\n"


@pytest.mark.parametrize(("end", "whole"), [("--b--\r\n", True), ("--b\r\nContent-Ty", False), ("", False)])
def test_a_batch_that_is_cut_is_not_taken_for_whole(end, whole):
    text = (PART.format("201 Created", "{}") + PART.format("400 Bad", "{}") + end).encode()
    outcome = unpack(Answer(202, {"content-type": "multipart/mixed; boundary=b"}, text), CHANGES)
    assert outcome.whole is whole
    assert outcome.answers[0].status == 201
    assert outcome.answers[2] is None


def test_answers_of_a_json_batch_are_matched_by_their_ids():
    said = {"responses": [{"id": "3_1", "status": 201, "body": {"K": "2"}}, {"id": "1_1", "status": 412}]}
    outcome = unpack_json(said, CHANGES)
    assert [a and a.status for a in outcome.answers] == [412, None, 201]
    assert json.loads(pack_json(CHANGES, "application/json").body)["requests"][2]["atomicityGroup"] == "g3"
    assert pack(CHANGES, "application/json").body.count(b"Content-ID") == 3


# -------------------------------------------------------------------------- steps


def test_a_delivery_goes_out_and_comes_back(home):
    line = home.line()
    made = ordered(home, line, "delivered")
    items = [{"ReferenceSDDocument": made.id, "ReferenceSDDocumentItem": n} for n in ("10", "20")]
    defaults = {"A_OutbDeliveryHeader": {"to_DeliveryDocumentItem": {"results": items}}}
    shipping = home.line(defaults=defaults)
    [delivery] = shipping.write("A_OutbDeliveryHeader", [Write(None, {"ShippingPoint": "1010"}, token="delivery-1")])
    assert isinstance(delivery, Written), delivery
    with pytest.raises(Rejected):
        shipping.call("A_OutbDeliveryHeader", "ReverseGoodsIssue", delivery.id, {})
    shipping.call("A_OutbDeliveryHeader", "PickAllItems", delivery.id, {})
    done = shipping.call("A_OutbDeliveryHeader", "PostGoodsIssue", delivery.id, {})
    assert done.values["OverallGoodsMovementStatus"] == "C"
    [after] = line.fetch("A_SalesOrder", [made.id])
    assert after.values["OverallTotalDeliveryStatus"] == "C"
    with pytest.raises(Unsupported):
        shipping.call("A_OutbDeliveryHeader", "Explode", delivery.id, {})
