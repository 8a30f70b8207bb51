"""From the customer in Jiandaoyun to the money in YonBIP and back, while both systems and the lines to them fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from trading import Trade, money

from hefu.sim.demo_project import JIANDAOYUN_YONBIP

STATE = "_widget_1670000000111"
GATE = "/iuap-api-gateway/yonbip"


class Two(Trade):
    """Jiandaoyun and YonBIP."""

    def act(self, obj: str, pk: str, action: str, **more: object) -> None:
        """A person in YonBIP takes a step."""
        self.erp.edit(obj, pk, {"action": action, **more})


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with Two.between(JIANDAOYUN_YONBIP, tmp_path) as made:
        yield made


def sold(two: Two) -> str:
    """A customer and an order in Jiandaoyun, a material in YonBIP; the order's id."""
    two.erp.create("product", {"code": "M1", "name": "轴承"})
    active = {"cust_name": "上海恒达机械有限公司", STATE: "成交客户", "phone": "19900000001"}
    customer = two.crm.create("customer", active)
    two.cycle(3)
    product = next(c["id"] for c in two.crm.changes(50) if c["object"] == "product")
    lines = [{"line_no": 10, "product": product, "quantity": 10, "unit_price": 12.5},
             {"line_no": 20, "product": product, "quantity": 4, "unit_price": 99.99}]  # fmt: skip
    return two.crm.create(
        "order", {"order_no": "XS-1", "customer": customer, "order_date": "2026-10-01", "lines": lines}
    )


def test_from_order_to_money_and_back_though_everything_fails_in_between(two: Two) -> None:
    order = sold(two)
    two.erp.fault("lost", path=f"{GATE}/sd/voucherorder/singleSave")
    two.erp.fault("throttle", skip=4)
    two.crm.fault("throttle", skip=2)
    two.until(lambda: two.order(order).get("erp_order_no"))
    assert len(two.made("order")) == 1, "the answer was lost, the order is there once"
    assert len(two.made("merchant")) == 1
    pk, bill = two.newest("order")
    assert money(bill["payMoney"]) == money("593.20"), "10 × 14.125 and 4 × 112.9887, to the cent"
    assert two.order(order)["erp_order_no"] == bill["code"]
    assert two.writes() == (0, 0)

    two.act("order", pk, "submit")
    two.act("order", pk, "audit")
    two.erp.fault("expire")
    two.until(lambda: two.order(order)["erp_status"] == "approved")
    total = money(bill["payMoney"])
    two.act("order", pk, "ship", lines={"10": 4})
    two.erp.fault("html", path=GATE, times=2)
    two.until(lambda: money(two.order(order).get("shipped_amount")) == money("56.50"))
    two.act("order", pk, "ship")
    two.until(lambda: money(two.order(order).get("shipped_amount")) == total)
    two.crm.fault("busy", times=2)
    for out in sorted(two.made("salesout")):
        two.act("salesout", out, "invoice")
    two.until(lambda: money(two.order(order).get("invoiced_amount")) == total)
    assert money(two.order(order).get("paid_amount")) == 0
    two.act("order", pk, "collect")
    two.erp.fault("expire_plain")
    two.until(lambda: money(two.order(order).get("paid_amount")) == total)
    assert two.writes() == (0, 0), "what agrees is left alone"
    assert len(two.made("order")) == 1


def test_a_phone_goes_both_ways(two: Two) -> None:
    sold(two)
    customer = next(c["id"] for c in two.crm.changes(50) if c["object"] == "customer")
    pk, _ = two.newest("merchant")
    two.erp.edit("merchant", pk, {"contactTel": "021-55509999"})
    two.cycle(2)
    assert two.crm.record("customer", customer)["phone"] == "021 5550 9999"  # type: ignore[index]
    two.crm.edit("customer", customer, {"phone": "19900000002"})
    two.cycle(2)
    _, now = two.newest("merchant")
    assert "".join(str(now["contactTel"]).split()) == "19900000002"
    assert two.writes() == (0, 0)
