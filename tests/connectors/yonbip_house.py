"""A YonBIP tenant of its own for a test, with a clock that stands still, and connectors to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from vendor_bench import NOBODY, Bench, served
from vendor_line import Still

from hefu.connectors.yonbip import Yonbip
from hefu.core.records import Values, Write, Written
from hefu.sandbox.frame import Fault
from hefu.sandbox.yonbip.api import APP_KEY, APP_SECRET, TENANT, YonBip
from hefu.sandbox.yonbip.book import Book

CUSTOMER, ORDER, OUT, BILL, MONEY = "merchant", "voucherorder", "salesout", "vouchersaleinvoice", "collection"
DEFAULTS = {
    CUSTOMER: {"customerClassCode": "01"},
    ORDER: {"transactionTypeId": "SO01", "lines": {"masterUnitId": "PCS"}},
    BILL: {
        "transactionTypeId": "SI01",
        "invoiceAsynTaxMark": False,
        "isNotSendTax": True,
        "modifyInvoiceType": "1",
    },
    MONEY: {"settleModeCode": "system_0001"},
}


class House(Bench):
    """The tenant: customer C1, materials M1 and M2."""

    connector, path = "yonbip", "/iuap-api-gateway"
    own = {"401": Fault("unauthorised"), "expired": Fault("expire"), "429": Fault("throttle")}
    wrong = {"app_secret": "wrong" * 9}
    nowhere = {"discovery": NOBODY}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(YonBip(Book(clock=clock)), clock)
        for code, name in (("M1", "轴承"), ("M2", "电机")):
            self.person("product", None, {"code": code, "name": name})
        self.buyer = self.person(CUSTOMER, None, {"code": "C1", "name": "买家"})

    def settings(self) -> dict[str, Any]:
        return {
            "discovery": self.url,
            "gateway": self.url,
            "tenant": TENANT,
            "app_key": APP_KEY,
            "app_secret": APP_SECRET,
            "organisation": "100",
            "defaults": DEFAULTS,
        }

    def line(self, **words: Any) -> Yonbip:
        made = super().line(**words)
        assert isinstance(made, Yonbip)
        return made

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        typed = {n: f"{v} 00:00:00" if type(v) is date else v for n, v in (values or {}).items()}
        return str(self.sandbox.as_person(obj, record_id, None if values is None else typed, "张敏"))

    def newest(self, obj: str) -> dict[str, Any]:
        return dict(list(self.sandbox.book.docs(obj).values())[-1])

    def customer(self, _: int = 0) -> dict[str, Any]:
        n = self.number()
        return {
            "code": f"HUB{n:06d}", "name": f"示例客户{n}", "shortname": f"客户{n}", "contactName": "王示例",
            "contactTel": f"021-{n:08d}", "address": f"示例路{n}号",
        }  # fmt: skip

    def order(self, _: int = 0) -> dict[str, Any]:
        n = self.number()
        rows = [
            {"lineno": str(10 * k), "productId": f"M{k}", "qty": Decimal(k), "oriTaxUnitPrice": Decimal("11.3"),
             "taxRate": Decimal(13)}
            for k in (1, 2)
        ]  # fmt: skip
        head = {"code": f"SO{n:06d}", "vouchdate": date(2026, 3, 1), "agentId": self.buyer}
        return {**head, "memo": f"订单{n}", "lines": rows}


@contextmanager
def house() -> Iterator[House]:
    with served(House()) as made:
        yield made


def put(erp: Yonbip, obj: str, values: dict[str, Any], token: str = "") -> Written:
    """One new record that must be taken."""
    [told] = erp.write(obj, [Write(None, values, token=token)])
    assert isinstance(told, Written), told
    return told
