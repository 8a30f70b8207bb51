"""A company in a Kingdee sandbox, and connectors to it, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from vendor_bench import NOBODY, Bench
from vendor_line import Still

from hefu.core.records import Values
from hefu.sandbox.frame import Fault
from hefu.sandbox.kingdee import login, open_kingdee

ORG = "100"
SERVICES = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."


class Works(Bench):
    """The company: customer C1, the materials named."""

    connector, path = "kingdee", SERVICES
    own = {"429": Fault("throttle"), "401": Fault("forbidden"), "expired": Fault("expire")}
    wrong = {"app_secret": "wrong" * 6}
    nowhere = {"url": f"{NOBODY}/k3cloud/"}

    def __init__(self, *materials: str) -> None:
        clock = Still()
        super().__init__(open_kingdee(empty=True, clock=clock), clock)
        for number in materials:
            unit = {"FBaseUnitId": {"FNumber": "PCS"}}
            self.person("BD_MATERIAL", None, {"FNumber": number, "FName": f"物料{number}", **unit})
        self.person("BD_Customer", None, {"FNumber": "C1", "FName": "客户C1"})

    def settings(self) -> dict[str, Any]:
        return {
            "url": f"{self.url}/k3cloud/",
            "account": login.ACCOUNT,
            "user": login.USER,
            "app_id": login.APP_ID,
            "app_secret": login.APP_SECRET,
            "organisation": ORG,
            "defaults": {
                "BD_Customer": {"FTRADINGCURRID": "PRE001"},
                "SAL_SaleOrder": {"FBillTypeID": "XSDD01_SYS", "FSettleCurrId": "PRE001"},
            },
            "token_field": {},
            "page": 10,
            "batch": 10,
        }

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        if record_id is None and obj.startswith("BD_"):
            values = {**(values or {}), "FCreateOrgId": ORG, "FUseOrgId": ORG}
        if record_id is None and obj == "BD_Customer":
            values = {**(values or {}), "FTRADINGCURRID": {"FNumber": "PRE001"}}
        return str(self.sandbox.as_person(obj, record_id, None if values is None else dict(values), "张敏"))

    def posts(self, verb: str) -> int:
        """How often a service was called."""
        return sum(n for name, n in self.calls().items() if f".{verb}.common" in name)
