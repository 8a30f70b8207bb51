"""A served Kingdee sandbox and two clients of it for these tests: the vendor's own SDK, and plain calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.kingdee import login
from hefu.sandbox.kingdee.api import Kingdee
from hefu.sandbox.server import Server

FORM = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
AUTH = "Kingdee.BOS.WebApi.ServicesStub.AuthService."


class Box:
    """A running sandbox: `sandbox` to reach inside, `hands`, `post` for plain calls with a session of its own."""

    def __init__(self, server: Server) -> None:
        assert isinstance(server.sandbox, Kingdee)
        self.server, self.sandbox, self.url = server, server.sandbox, f"{server.url}/k3cloud/"
        self.hands = Hands(server.url)
        self.session = ""

    def login(self) -> dict[str, Any]:
        said = self.post(f"{AUTH}ValidateUser", {"parameters": [login.ACCOUNT, login.USER, login.PASSWORD, 2052]}).json
        self.session = said["KDSVCSessionId"] or ""
        return dict(said)

    def post(self, service: str, body: object, **headers: str) -> Reply:
        sent = {"kdservice-sessionid": self.session} if self.session else {}
        return call("POST", f"{self.url}{service}.common.kdsvc", body, {**sent, **headers})

    def form(self, service: str, **words: object) -> Any:
        """The answer of a service of forms."""
        return self.post(FORM + service, words).json

    def query(self, form: str, keys: str, where: str = "", **more: object) -> Any:
        return self.form("ExecuteBillQuery", data={"FormId": form, "FieldKeys": keys, "FilterString": where, **more})

    def ok(self, service: str, form: str, **data: object) -> dict[str, Any]:
        """The Result of a verb that must succeed."""
        result = self.form(service, formid=form, data=data)["Result"]
        assert result["ResponseStatus"]["IsSuccess"] is True, result
        return dict(result)

    def refused(self, service: str, form: str, **data: object) -> tuple[int, str]:
        """MsgCode and words of a verb that must be refused."""
        status = self.form(service, formid=form, data=data)["Result"]["ResponseStatus"]
        assert status["IsSuccess"] is False, status
        return status["MsgCode"], status["Errors"][0]["Message"]

    def customer(self, number: str, **more: object) -> int:
        """A new customer, audited."""
        model = {**CUSTOMER, "FNumber": number, "FName": f"客户{number}", **more}
        made = self.ok("Save", "BD_Customer", Model=model)
        for verb in ("Submit", "Audit"):
            self.ok(verb, "BD_Customer", Numbers=[number])
        return int(made["Id"])

    def order(self, number: str, customer: str, *lines: tuple[str, object, object], audit: bool = True) -> int:
        """A new order of (material, quantity, price with tax)."""
        made = self.ok("Save", "SAL_SaleOrder", Model=order_model(number, customer, *lines))
        for verb in ("Submit", "Audit") if audit else ():
            self.ok(verb, "SAL_SaleOrder", Numbers=[number])
        return int(made["Id"])


CUSTOMER: dict[str, Any] = {
    "FCreateOrgId": {"FNumber": "100"},
    "FUseOrgId": {"FNumber": "100"},
    "FTRADINGCURRID": {"FNumber": "PRE001"},
}


def order_model(number: str, customer: str, *lines: tuple[str, object, object]) -> dict[str, Any]:
    return {
        "FBillTypeID": {"FNUMBER": "XSDD01_SYS"},
        "FBillNo": number,
        "FDate": "2026-03-01",
        "FSaleOrgId": {"FNumber": "100"},
        "FCustId": {"FNumber": customer},
        "FSaleOrderFinance": {"FSettleCurrId": {"FNumber": "PRE001"}},
        "FSaleOrderEntry": [
            {
                "FMaterialId": {"FNumber": m},
                "FUnitID": {"FNumber": "PCS"},
                "FQty": q,
                "FTaxPrice": p,
                "FEntryTaxRate": 13,
            }
            for m, q, p in lines
        ],
    }


def material(box: Box, number: str) -> int:
    """A new material, by a person's hand: audited at once."""
    unit = {"FNumber": "PCS"}
    return int(
        box.hands.create(
            "BD_MATERIAL",
            {
                "FNumber": number,
                "FName": f"物料{number}",
                "FCreateOrgId": "100",
                "FUseOrgId": "100",
                "FBaseUnitId": unit,
            },
        )
    )


def sdk(box: Box, **other: Any) -> Any:
    """The vendor's own client, which raises for anything but HTTP 200."""
    main = pytest.importorskip("k3cloud_webapi_sdk.main", reason="needs the locked development packages")
    words = {"acct_id": login.ACCOUNT, "user_name": login.USER, "app_id": login.APP_ID, "app_secret": login.APP_SECRET}
    client = main.K3CloudApiSdk(box.url, 10)
    client.InitConfig(**{**words, "server_url": box.url, **other})
    return client


def said(text: str) -> Any:
    """What the SDK hands back, as data."""
    return json.loads(text)
