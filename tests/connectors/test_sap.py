"""The SAP connector keeps its promises against the sandbox, in both versions of OData."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sap_house import CUSTOMER, House, house, order, partner, product

from hefu.connectors.sap import Sap
from hefu.core.records import Values
from hefu.sim.conformance import Conformance, Rig

BASIC = {"session_is_renewed": "a user and password have no session that ends on a read"}
FAULTS = ("429", "429-after", "503", "500", "timeout", "cut", "garbage", "401")


@pytest.fixture
def home() -> Iterator[House]:
    with house() as made:
        yield made


def rig_for(home: House, obj: str, sample: Any, edited: Values, raw: Any, **more: Any) -> Rig:
    """`raw`: n -> what a person types."""
    book = more.get("book", obj)

    def edit(record: str, values: Values) -> None:
        home.person(book, record, {n: v for n, v in values.items() if "_" not in n})

    usual = {"edit": edit, "remove": None, "faults": FAULTS, "large": 150, "bypass": BASIC}
    rig = home.rig(obj, sample, edited, typed=raw, **{**usual, **more})
    sap = rig.connector
    assert isinstance(sap, Sap)
    sap.line._opened("/sap/opu/odata/sap/API_PRODUCT_SRV", sap.line._session)  # faults meet the call itself
    return rig


def person_order(home: House) -> tuple[str, str]:
    """A customer and a product to order."""
    customer = home.person("A_BusinessPartner", None, CUSTOMER)
    material = home.person("A_Product", None, {"Product": "M1", "ProductType": "FERT", "BaseUnit": "PC"})
    return customer, material


LINE_KEYS = {"SalesOrder": "MaterialByCustomer"}


class TestBusinessPartner(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        return rig_for(
            home,
            "A_BusinessPartner",
            partner,
            {"OrganizationBPName2": "改名"},
            lambda n: {"BusinessPartnerCategory": "2", "OrganizationBPName1": f"手工 {n}", "Language": "ZH"},
            bad={"BusinessPartnerCategory": "9"},
            bypass={**BASIC, "field_can_be_cleared": "the check takes the first line of a name, which SAP wants"},
            words={"defaults": {"A_BusinessPartner": {"BusinessPartnerGrouping": "BP02"}}},
        )


class TestProduct(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        return rig_for(
            home,
            "A_Product",
            product,
            {"ProductOldID": "old"},
            lambda n: {"Product": f"P{n:06d}", "ProductType": "FERT", "BaseUnit": "PC"},
            bad={"BaseUnit": "TOO LONG A UNIT"},
        )


class TestSalesOrder(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        customer, material = person_order(home)
        made = order(customer, material)
        return rig_for(
            home,
            "A_SalesOrder",
            made,
            {"SalesGroup": "S99"},
            lambda n: {k: v for k, v in made(n).items() if k != "to_Item"},
            bad={"SoldToParty": "9999999"},
            words={"line_keys": {"A_SalesOrder": "MaterialByCustomer"}},
        )


class TestSalesOrderByV4(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        customer, material = person_order(home)
        made = order(customer, material)

        def sample(n: int) -> Values:
            return {"_Item" if k == "to_Item" else k: v for k, v in made(n).items()}

        return rig_for(
            home,
            "SalesOrder",
            sample,
            {"SalesGroup": "S99"},
            lambda n: {k: v for k, v in made(n).items() if k != "to_Item"},
            book="A_SalesOrder",
            bad={"SoldToParty": "9999999"},
            words={"odata": "v4", "oauth": home.oauth, "batch_format": "json", "line_keys": LINE_KEYS},
            faults=(*FAULTS, "expired"),
            bypass={},
            wrong_secret=lambda: home.line(odata="v4", oauth={**home.oauth, "client_secret": "wrong-secret"}),
        )
