"""SOAP in general: a small service, described in YAML, keeps the promises; XML from outside is not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("zeep", reason="pip install -r requirements-dev.lock")

from soap_shop import Shop, envelope, fault, wsdl
from vendor_line import Still, line

from hefu.core.connector import Connector
from hefu.core.errors import Denied, Missing, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Record, Write, Written
from hefu.sim.conformance import Conformance
from hefu.sim.rig import Rig

FIELDS = {
    "code": {"path": "Code", "required": True},
    "name": {"path": "Name"},
    "credit": {"path": "Credit", "type": "money"},
    "active": {"path": "Active", "type": "boolean"},
    "changed": {"path": "Changed", "type": "instant", "writable": False},
}
SAVE = {
    "operation": "SaveCustomer",
    "record": "Customer",
    "success": {"Done": "true"},
    "message": "Reason",
}
CUSTOMER = {
    "id": "code",
    "fields": FIELDS,
    "modified": "changed",
    "read": {"operation": "ListCustomers", "arguments": {"Page": "{page}", "Size": "{size}"}, "size": 3},
    "changed": {
        "operation": "ListCustomers",
        "arguments": {"Since": "{since}", "Page": "{page}", "Size": "{size}"},
        "size": 3,
    },
    "fetch": {"operation": "GetCustomer", "arguments": {"Code": "{id}"}},
    "create": {**SAVE, "arguments": {"Mode": "new"}, "id": "Code"},
    "update": {**SAVE, "arguments": {"Mode": "change"}, "whole": True},
    "delete": {"operation": "DeleteCustomer", "arguments": {"Code": "{id}"}},
}  # fmt: skip


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.stop()


def opened(shop: Shop, **more: Any) -> Connector:
    settings = {"wsdl": f"{shop.url}/service?wsdl", "objects": {"customer": CUSTOMER}, **more}
    return line("soap", settings, Still())


def _new(n: int, **values: Any) -> Write:
    return Write(None, {"code": f"C{n}", "name": f"客户{n}", "credit": Decimal("1.10"), "active": True, **values})


def _all(connector: Connector, since: str | None = None) -> tuple[list[Record], str | None]:
    records, cursor = list[Record](), since
    for page in connector.read("customer", since):
        records += page.records
        cursor = page.cursor
    return records, cursor


class TestConformance(Conformance):
    @pytest.fixture
    def rig(self, shop: Shop) -> Rig:
        def edit(record_id: str, values: Any) -> None:
            shop.save({"Code": record_id, **{FIELDS[n]["path"]: str(v) for n, v in values.items()}})  # type: ignore[misc]

        return Rig(
            opened(shop),
            "customer",
            sample=lambda n: {"code": f"C{n:05d}", "name": f"客户{n}", "credit": Decimal(n % 7), "active": True},
            edited={"name": "改名"},
            edit=edit,
            remove=lambda record_id: shop.rows.pop(record_id) and None,
            reopen=lambda: opened(shop),
            bad={"code": "BAD", "name": "FAULT"},
            overlap=60,
            bypass={"memory_is_bounded": "one call a record: a thousand take longer than they tell"},
        )


def test_records_travel_both_ways(shop: Shop) -> None:
    connector = opened(shop, objects={"customer": {**CUSTOMER, "overlap": 1}})
    connector.check()
    answers = connector.write("customer", [_new(n) for n in range(7)])
    assert [a.id for a in answers if isinstance(a, Written)] == [f"C{n}" for n in range(7)]
    records, cursor = _all(connector)
    assert [r.id for r in records] == [f"C{n}" for n in range(7)]
    assert records[3].values["credit"] == Decimal("1.10")
    assert records[3].modified_at == datetime(2026, 11, 20, 0, 0, 4, tzinfo=UTC)
    connector.write("customer", [Write("C2", {"name": "改名"})])
    assert shop.rows["C2"]["Credit"] == "1.10", "the whole record was sent back"
    changed, _ = _all(connector, cursor)
    assert "C2" in {r.id for r in changed}
    assert "C0" not in {r.id for r in changed}
    connector.write("customer", [Write("C2", None)])
    assert connector.fetch("customer", ["C2", "C3"])[0].id == "C3"
    (gone,) = connector.write("customer", [Write("C2", {"name": "x"})])
    assert isinstance(gone, Missing)


def test_refusals_say_what_to_do(shop: Shop) -> None:
    connector = opened(shop, faults={"locked": "transient"})
    shop.save({"Code": "C1", "Name": "甲"})

    def create(**values: Any) -> Any:
        return connector.write("customer", [_new(9, **values)])[0]

    assert isinstance(create(code="C1"), Rejected), "the number is taken"
    told = create(name="")
    assert isinstance(told, Rejected)
    assert told.facts["said"] == "Name is empty"
    assert isinstance(create(name="FAULT"), Rejected)
    for answer, wanted in (
        ((500, fault("soap:Server", "database is gone")), Unanswered),
        ((500, fault("soap:Server", "the customer is locked")), Transient),
        ((500, "<html>oops</html>"), Unanswered),
        ((800, "no xml at all"), Unanswered),
        ((800, envelope("<nonsense/>")), Unanswered),
    ):
        shop.rows.pop("C9", None)
        connector = opened(shop, faults={"locked": "transient"}, objects={"customer": {**CUSTOMER, "fetch": None}})
        shop.answer = answer
        assert isinstance(create(), wanted), answer
    shop.answer = (500, fault("soap:Server", "busy"))
    with pytest.raises(Transient):
        _all(connector)
    shop.answer = (401, "")
    with pytest.raises(Denied):
        _all(connector)
    assert isinstance(create(credit="many"), Rejected)
    assert isinstance(shop.rows.get("C9"), dict | None)


def test_credentials_go_along(shop: Shop) -> None:
    auth = {"type": "basic", "user": "u", "password": "p"}
    _all(opened(shop, auth=auth, headers={"X-Tenant": "7"}))
    assert (shop.heads[-1]["authorization"], shop.heads[-1]["x-tenant"]) == ("Basic dTpw", "7")


def test_what_is_described_wrongly_is_named(shop: Shop) -> None:
    with pytest.raises(Unsupported, match="ListCustomers"):
        opened(shop, objects={"customer": {**CUSTOMER, "read": {"operation": "ListCustomer"}}}).check()
    with pytest.raises(Unsupported, match=r"soap\.no_field"):
        opened(shop, objects={"customer": {**CUSTOMER, "key": ["nothing"]}})
    shop.wsdl = lambda _: "no wsdl"
    with pytest.raises(Unsupported, match=r"soap\.no_wsdl"):
        opened(shop).check()


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [BOMB, FILE])
def test_document_types_and_entities_are_never_read(shop: Shop, head: str) -> None:
    connector = opened(shop)
    shop.answer = (200, envelope('<ListCustomersResponse xmlns="urn:test:customers">&a;</ListCustomersResponse>', head))
    with pytest.raises(Unsupported, match=r"soap\.unreadable"):
        _all(connector)
    shop.wsdl = lambda url: wsdl(url, head=head)
    with pytest.raises(Unsupported, match=r"soap\.no_wsdl"):
        opened(shop).check()


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9/x.xsd", "http://example.com/x.xsd", "file:///etc/passwd", "/etc/passwd"]
)
def test_no_schema_comes_from_elsewhere(shop: Shop, place: str) -> None:
    extra = f'<xs:import namespace="urn:other" schemaLocation="{place}"/>'
    shop.wsdl = lambda url: wsdl(url, extra=extra)
    if place.startswith("/"):  # relative to the WSDL's own host
        with pytest.raises(Unsupported):
            opened(shop).check()
        assert shop.calls[-1] == place
        return
    with pytest.raises(Unsupported, match=r"soap\.foreign"):
        opened(shop).check()


def test_answers_have_a_size(shop: Shop) -> None:
    connector = opened(shop, largest=20_000)
    shop.save({"Code": "BIG", "Name": "x" * 30_000})
    with pytest.raises(Unsupported, match=r"soap\.too_large"):
        _all(connector)
