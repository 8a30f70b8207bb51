"""A U8 of its own for a test, with a clock that stands still, and connectors to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from vendor_bench import Bench, served
from vendor_line import Still

from hefu.connectors.u8 import U8
from hefu.core.records import Values, Write, Written
from hefu.sandbox.frame import Fault
from hefu.sandbox.u8 import api, connection
from hefu.sandbox.u8.book import Book

CUSTOMER, ORDER, ACCEPT = "customer", "saleorder", "accept"
DEFAULTS = {
    CUSTOMER: {"sort_code": "01"},
    ORDER: {"typecode": "01", "personcode": "demo"},
    ACCEPT: {"balancecode": "02"},
}


class House(Bench):
    """The company: customer C1, goods M1 and M2."""

    connector, path = "u8", "/api"
    own = {"401": Fault("denied"), "expired": Fault("expire"), "429": Fault("throttle")}
    wrong = {"app_secret": "wrong" * 4}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(api.U8(Book(clock=clock)), clock)
        for code in ("M1", "M2"):
            self.person("inventory", None, {"code": code, "name": f"存货{code}"})
        self.person(CUSTOMER, None, {**self.customer(), "code": "C1", **WANTED})

    def settings(self) -> dict[str, Any]:
        return {**connection(self.url)["settings"], "defaults": DEFAULTS}

    def line(self, **words: Any) -> U8:
        made = super().line(**words)
        assert isinstance(made, U8)
        return made

    def person(self, obj: str, record_id: str | None, values: Values | None) -> str:
        return str(self.sandbox.as_person(obj, record_id, None if values is None else dict(values), "张敏"))

    def shown(self, call: str) -> str:
        return "/".join(call.split("/")[-2:])

    def customer(self, _: int = 0) -> dict[str, Any]:
        n = self.number()
        return {
            "code": f"HUB{n:06d}",
            "name": f"示例客户{n}",
            "contact": "王示例",
            "phone": f"021-{n:08d}",
            "memo": f"备注{n}",
        }

    def order(self, _: int = 0) -> dict[str, Any]:
        n = self.number()
        rows = [
            {"rowno": str(k), "inventorycode": f"M{k}", "quantity": Decimal(k), "taxunitprice": Decimal("11.3"),
             "taxrate": Decimal(13)}
            for k in (1, 2)
        ]  # fmt: skip
        head = {"code": f"SO{n:06d}", "date": date(2026, 11, 1), "custcode": "C1"}
        return {**head, "memo": f"订单{n}", "lines": rows}


WANTED = {
    "abbrname": "x",
    "sort_code": "01",
    "seed_date": "2026-01-01",
    "ccusexch_name": "人民币",
    "ccusmngtypecode": "999",
}


@contextmanager
def house() -> Iterator[House]:
    with served(House()) as made:
        yield made


def put(erp: U8, obj: str, values: dict[str, Any], token: str = "") -> Written:
    """One new record that must be taken."""
    [told] = erp.write(obj, [Write(None, values, token=token)])
    assert isinstance(told, Written), told
    return told
