"""From the customer in Jiandaoyun to the money in Kingdee and back, while both systems and the lines to them fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from trading import Trade, money

from hefu.engine import plans
from hefu.sim.demo_project import JIANDAOYUN_KINGDEE

STATE = "_widget_1670000000111"


class Two(Trade):
    """Jiandaoyun and Kingdee."""

    def step(self, form: str, pk: str, *actions: str) -> None:
        """A person in Kingdee takes status steps."""
        for action in actions:
            self.erp.edit(form, pk, {"action": action})

    def push(self, form: str, pk: str, target: str) -> str:
        """A person in Kingdee makes the next document out of this one, and approves it."""
        self.erp.edit(form, pk, {"action": "Push", "target": target})
        made, _ = self.newest(target)
        self.step(target, made, "Submit", "Audit")
        return made


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with Two.between(JIANDAOYUN_KINGDEE, tmp_path) as made:
        yield made


def sold(two: Two) -> str:
    """A customer and an order in Jiandaoyun, a material in Kingdee; the order's id."""
    for number, name in (("M1", "轴承"), ("M2", "电机")):
        two.erp.create("BD_MATERIAL", {"FNumber": number, "FName": name, "FCreateOrgId": "100", "FUseOrgId": "100",
                                       "FBaseUnitId": "Pcs", "FSaleUnitId": "Pcs"})  # fmt: skip
    active = {"cust_name": "上海恒达机械有限公司", STATE: "成交客户", "phone": "19900000001"}
    customer = two.crm.create("customer", active)
    two.cycle(3)
    product = next(c["id"] for c in two.crm.changes(50) if c["object"] == "product" and "轴承" in str(c["title"]))
    lines = [{"line_no": 10, "product": product, "quantity": 10, "unit_price": 12.5},
             {"line_no": 20, "product": product, "quantity": 4, "unit_price": 99.99}]  # fmt: skip
    return two.crm.create(
        "order", {"order_no": "XS-1", "customer": customer, "order_date": "2026-10-01", "lines": lines}
    )


def test_from_order_to_money_and_back_though_everything_fails_in_between(two: Two) -> None:
    order = sold(two)
    two.erp.fault("lost", path="/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save")
    two.erp.fault("throttle", skip=4)
    two.crm.fault("throttle", skip=2)
    two.until(lambda: two.order(order).get("erp_order_no"))
    assert len(two.made("SAL_SaleOrder")) == 1, "the answer was lost, the order is there once"
    assert len(two.made("BD_Customer")) == 1
    pk, bill = two.newest("SAL_SaleOrder")
    assert money(bill["FBillAllAmount"]) > 0
    assert two.order(order)["erp_order_no"] == bill["FBillNo"]
    assert two.writes() == (0, 0)

    two.step("SAL_SaleOrder", pk, "Submit", "Audit")
    two.erp.fault("expire")
    two.until(lambda: two.order(order)["erp_status"] == "approved")
    shipped = two.push("SAL_SaleOrder", pk, "SAL_OUTSTOCK")
    two.erp.fault("html", times=2)
    total = money(bill["FBillAllAmount"])
    two.until(lambda: money(two.order(order).get("shipped_amount")) == total)
    receivable = two.push("SAL_OUTSTOCK", shipped, "AR_receivable")
    two.push("AR_receivable", receivable, "IV_SALESIC")
    two.crm.fault("busy", times=2)
    two.until(lambda: money(two.order(order).get("invoiced_amount")) == total)
    assert money(two.order(order).get("paid_amount")) == 0
    two.push("AR_receivable", receivable, "AR_RECEIVEBILL")
    two.until(lambda: money(two.order(order).get("paid_amount")) == total)
    assert two.writes() == (0, 0), "what agrees is left alone"
    assert len(two.made("SAL_SaleOrder")) == 1


def test_a_phone_goes_both_ways_and_a_name_waits_for_a_person(two: Two) -> None:
    sold(two)
    customer = next(c["id"] for c in two.crm.changes(50) if c["object"] == "customer")
    pk, made = two.newest("BD_Customer")
    assert made["FDocumentStatus"] == "C", "approved, so that it can stand on an order"
    two.erp.edit("BD_Customer", pk, {"FTEL": "021-55509999"})
    two.cycle(2)
    assert two.crm.record("customer", customer)["phone"] == "021 5550 9999"  # type: ignore[index]
    two.crm.edit("customer", customer, {"phone": "19900000002"})
    two.cycle(2)
    _, now = two.newest("BD_Customer")
    assert "".join(str(now["FTEL"]).split()) == "19900000002"
    assert now["FDocumentStatus"] == "C", "opened, changed and approved again"
    assert two.writes() == (0, 0)


def test_a_plan_tells_the_approval_of_a_customer_that_is_not_there_yet(two: Two) -> None:
    two.crm.create("customer", {"cust_name": "上海恒达机械有限公司", STATE: "成交客户"})
    seen, _ = plans.make(two.hub, ["crm_customer", "erp_customer"], "test")
    assert [(e.kind, e.action) for e in seen.entries] == [("create", None), ("action", "approve")]
    assert seen.waiting == {}
    assert two.made("BD_Customer") == set()
