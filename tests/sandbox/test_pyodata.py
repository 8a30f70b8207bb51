"""A client that nobody here wrote reads the SAP sandbox's metadata, and works with it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sap_api import ORDERS, PARTNERS, PRODUCTS, Client, order

from hefu.sandbox.sap.gate import PASSWORD, USER
from hefu.sandbox.sap.services import SERVICES
from hefu.sandbox.server import Server

pytestmark = pytest.mark.judge("sap", "pyodata")

pyodata = pytest.importorskip("pyodata", reason="pip install -r requirements-dev.lock")
requests = pytest.importorskip("requests", reason="pip install -r requirements-dev.lock")


@pytest.fixture
def session(sap_server: Server) -> Iterator[Any]:
    made = requests.Session()
    made.auth = (USER, PASSWORD)
    reply = made.get(f"{sap_server.url}{ORDERS}/", headers={"x-csrf-token": "Fetch"}, timeout=10)
    made.headers["x-csrf-token"] = reply.headers["x-csrf-token"]
    yield made
    made.close()


def _client(sap_server: Server, session: Any, path: str) -> Any:
    return pyodata.Client(f"{sap_server.url}{path}/", session)


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_the_metadata_is_understood(sap_server: Server, session: Any, service: Any) -> None:
    client = _client(sap_server, session, service.path2)
    assert {e.name for e in client.schema.entity_sets} == set(service.sets)
    for name, entity in service.sets.items():
        kind = client.schema.entity_type(f"{name}Type")
        assert {p.name for p in kind.key_proprties} == set(entity.keys)
        assert {n.name for n in kind.nav_proprties} == set(entity.navs)
        assert client.schema.entity_set(name).creatable is entity.creatable or name.endswith(
            ("PrElement", "Text", "HeaderPartner")
        )
    wanted = {f.name for f in service.functions.values() if 2 in f.versions}
    assert {f.name for f in client.schema.function_imports} == wanted


def test_create_read_change_filter_and_count(sap_server: Server, session: Any) -> None:
    partners = _client(sap_server, session, PARTNERS).entity_sets.A_BusinessPartner
    made = (
        partners.create_entity()
        .set(BusinessPartnerCategory="2", OrganizationBPName1="独立裁判有限公司", SearchTerm1="Judge")
        .execute()
    )
    assert made.SearchTerm1 == "JUDGE"
    again = partners.get_entity(made.BusinessPartner).execute()
    assert (again.BusinessPartnerFullName, again.ETag) == ("独立裁判有限公司", made.ETag)
    request = partners.update_entity(made.BusinessPartner, method="PATCH").set(Industry="IND")
    request.add_headers({"If-Match": again.etag})
    request.execute()
    assert partners.get_entity(made.BusinessPartner).execute().Industry == "IND"
    found = partners.get_entities().filter("SearchTerm1 eq 'JUDGE'").select("BusinessPartner,Industry").execute()
    assert [(p.BusinessPartner, p.Industry) for p in found] == [(made.BusinessPartner, "IND")]
    assert partners.get_entities().filter("SearchTerm1 eq 'JUDGE'").count().execute() == 1
    assert partners.get_entities().top(1).count(inline=True).execute().total_count >= 1
    with pytest.raises(pyodata.exceptions.HttpError, match="404"):
        partners.get_entity("1").execute()


def test_deep_insert_expand_and_types(sap_server: Server, session: Any) -> None:
    hand = Client(sap_server.url).logged()
    customer, product = hand.customer(), hand.product("DEEP")
    orders = _client(sap_server, session, ORDERS).entity_sets.A_SalesOrder
    given = order(customer, product, "PYODATA-1", "3", "1.255")
    made = orders.create_entity().set(**given).execute()
    told = orders.get_entity(made.SalesOrder).expand("to_Item,to_Item/to_ScheduleLine").execute()
    (item,) = told.to_Item
    assert (item.Material, item.RequestedQuantity) == ("DEEP", "3.000")
    assert Decimal(told.TotalNetAmount) == Decimal("3.77")
    assert told.LastChangeDateTime.tzinfo is not None
    assert len(item.to_ScheduleLine) == 1


def test_pages_are_followed(sap_server: Server, session: Any) -> None:
    hand = Client(sap_server.url).logged()
    names = {hand.product(f"PAGE{n}") for n in range(5)}
    hand.hands.settings(page_size=2)
    products = _client(sap_server, session, PRODUCTS).entity_sets.A_Product
    got: list[str] = []
    page = products.get_entities().filter("startswith(Product,'PAGE') eq true").execute()
    while True:
        got += [p.Product for p in page]
        if page.next_url is None:
            break
        page = products.get_entities().next_url(page.next_url).execute()
    assert set(got) == names
    assert len(got) == 5


def test_a_batch_with_a_changeset(sap_server: Server, session: Any) -> None:
    client = _client(sap_server, session, PRODUCTS)
    products = client.entity_sets.A_Product

    def both(first: str, second: str) -> Any:
        batch, changes = client.create_batch(), client.create_changeset()
        changes.add_request(products.create_entity().set(Product=first, BaseUnit="PC"))
        changes.add_request(products.create_entity().set(Product=second, BaseUnit="PC"))
        batch.add_request(changes)
        batch.add_request(products.get_entities().filter(f"Product eq '{first}'"))
        return batch

    made, found = both("BATCH1", "BATCH2").execute()
    assert [p.Product for p in made] == ["BATCH1", "BATCH2"]
    assert [p.Product for p in found] == ["BATCH1"]
    with pytest.raises(pyodata.exceptions.HttpError):
        both("BATCH3", "BATCH1").execute()
    with pytest.raises(pyodata.exceptions.HttpError, match="404"):
        products.get_entity("BATCH3").execute()


def test_functions(sap_server: Server, session: Any) -> None:
    hand = Client(sap_server.url).logged()
    customer, product = hand.customer(), hand.product("FUNC")
    made = hand.ok("POST", f"{ORDERS}/A_SalesOrder", order(customer, product))
    client = _client(sap_server, session, ORDERS)
    call = client.functions.releaseApprovalRequest.parameter("SalesOrder", made["SalesOrder"])
    call.add_headers({"If-Match": "*"})
    assert call.execute().SalesDocApprovalStatus == "C"
