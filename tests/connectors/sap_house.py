"""A SAP sandbox on loopback under a clock that stands still, with the connector wired to it and hands inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from vendor_bench import Bench, served
from vendor_line import USUAL

from hefu.connectors.sap import Sap
from hefu.core.records import Values
from hefu.sandbox.frame import Fault
from hefu.sandbox.sap import open_sap
from hefu.sim.conformance import Clock

USER, PASSWORD = "HEFU", "Hefu-sandbox-1"
OAUTH = {"client_id": "HEFU_CLIENT", "client_secret": "Hefu-sandbox-2"}
START = datetime.fromisoformat("2026-11-22T02:00:00+00:00")


class House(Bench):
    """One sandbox, its address, and one clock for it and for us."""

    connector, path = "sap", "/sap/"
    own = {"401": Fault("refuse", status=401, times=0), "expired": Fault("refuse", status=401)}
    wrong = {"password": "wrong-secret"}

    def __init__(self, empty: bool = True) -> None:
        super().__init__(open_sap(empty=empty), Clock(START))
        self.sandbox.book.clock.now = self.clock.now  # one clock for both sides

    def settings(self) -> dict[str, Any]:
        return {
            "url": self.url, "client": "100", "zone": "Asia/Shanghai", "page": 25, "batch": 10,
            "user": USER, "password": PASSWORD,
        }  # fmt: skip

    def line(self, **words: Any) -> Sap:
        if "oauth" in words:
            words = {"user": "", "password": "", **words}
        made = super().line(**words)
        assert isinstance(made, Sap)
        return made

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        return str(self.sandbox.book.as_person(obj, record_id, values, "ZHANGMIN"))

    @property
    def oauth(self) -> dict[str, str]:
        """Settings of OAuth client credentials."""
        return {"token_url": f"{self.url}/sap/bc/sec/oauth2/token", **OAUTH}

    def fail(self, word: str, **more: Any) -> None:
        """Trouble for the next call: a word of the suite, or a kind of fault."""
        self.faults.append(replace({**USUAL, **self.own}.get(word) or Fault(word), **more))

    def calm(self) -> None:
        """No trouble any more."""
        self.faults.clear()

    def written(self) -> int:
        """Records that the API wrote."""
        return int(self.sandbox.ledger.writes.total())


@contextmanager
def house(empty: bool = True) -> Iterator[House]:
    """A sandbox while the block lasts."""
    with served(House(empty)) as made:
        yield made


# ---------------------------------------------------------------------- samples

ORDER = {"SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00"}


CUSTOMER = {
    "BusinessPartnerCategory": "2", "OrganizationBPName1": "甲公司", "Language": "ZH",
    "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU01"}],
    "to_Customer": {
        "to_CustomerSalesArea": [
            {"SalesOrganization": "1010", "DistributionChannel": "10", "Division": "00", "Currency": "CNY"}
        ]
    },
}  # fmt: skip
"""A customer who may order, as a person enters it."""


def partner(n: int) -> Values:
    """A customer with address, e-mail, phone and credit code."""
    return {
        "BusinessPartnerCategory": "2",
        "OrganizationBPName1": f"客户 {n} 有限公司",
        "OrganizationBPName2": f"二部 {n}",
        "Language": "ZH",
        "Address_Country": "CN",
        "Address_CityName": "上海",
        "Address_StreetName": f"路 {n}",
        "Address_EmailAddress": f"a{n}@example.cn",
        "Address_PhoneNumber": f"021-{n:08d}",
        "Tax_BPTaxLongNumber": f"91310000{n:010d}",
    }


def product(n: int) -> Values:
    """A product with a text."""
    return {
        "Product": f"HUB{n:06d}", "ProductType": "FERT", "BaseUnit": "PC", "ProductGroup": "L001",
        "NetWeight": Decimal("1.5"), "WeightUnit": "KG", "Description_ProductDescription": f"产品 {n}",
    }  # fmt: skip


def order(customer: str, material: str) -> Any:
    """An order of two lines for that customer."""

    def made(n: int) -> Values:
        lines = [
            {
                "Material": material,
                "RequestedQuantity": Decimal(2),
                "SalesOrderItemText": f"甲 {n}",
                "MaterialByCustomer": "L1",
            },
            {
                "Material": material,
                "RequestedQuantity": Decimal("3.5"),
                "SalesOrderItemText": f"乙 {n}",
                "MaterialByCustomer": "L2",
            },
        ]
        return {**ORDER, "SoldToParty": customer, "SalesGroup": "S01", "to_Item": lines}

    return made
