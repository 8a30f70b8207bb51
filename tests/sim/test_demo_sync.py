"""The demo's documents at work: both sandboxes, the real connector and engine, a handful of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hefu.app import App, open_app
from hefu.core.errors import Denied
from hefu.core.project import Project
from hefu.engine import worker
from hefu.engine.hub import Hub
from hefu.sandbox.companies import credit_code
from hefu.sandbox.hands import Hands
from hefu.sandbox.serve import Sandboxes
from hefu.sim.demo_project import SAMPLE
from hefu.store import folder
from sandbox_api import Listener

CODE = credit_code("310115", "MA1K3B2C")


class Demo:
    """Two sandboxes and a hub between them."""

    def __init__(self, app: App, project: Project, pair: Sandboxes) -> None:
        self.app, self.project, self.pair = app, project, pair
        self.hub: Hub = app.hub(project)
        self.crm, self.erp = Hands(pair.crm_url), Hands(pair.erp_url)

    def cycle(self) -> tuple[int, int]:
        """One cycle of every flow; how often the hub wrote into (CRM, ERP)."""
        self.crm.reset()
        self.erp.reset()
        for flow in self.project.flows.values():
            worker.cycle(self.hub, flow, full=False, guarded=False)
        return self.crm.counters()["total_writes"], self.erp.counters()["total_writes"]

    def account(self, account_id: str) -> dict[str, Any]:
        found = self.crm.record("accounts", account_id)
        assert found is not None
        return found

    def only(self, obj: str) -> dict[str, Any]:
        """The newest record of the ERP's table."""
        found = self.erp.record(obj, next(c["id"] for c in self.erp.changes(200) if c["object"] == obj))
        assert found is not None
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Sandboxes.threads(empty=True) as pair:
        SAMPLE.write(tmp_path, pair.crm_url, pair.erp_url)
        with open_app(tmp_path, {}) as app:
            project = app.load(folder.read_folder(tmp_path)).require()
            assert app.check(project) == {"crm": None, "erp": None}
            yield Demo(app, project, pair)


def test_one_company_in_both_books_is_linked_and_each_learns_from_the_other(demo: Demo) -> None:
    account = demo.crm.create(
        "accounts",
        {"name": "上海恒达（集团）有限公司", "creditCode": CODE.lower(), "phone": "021 5550 1234", "stage": "customer"},
    )
    code = demo.erp.create(
        "customers", {"name": "上海恒达(集团)有限公司", "credit_code": CODE, "email": "a@example.com"}
    )
    assert demo.cycle() == (1, 1)
    known = demo.account(account)
    assert (known["erpCode"], known["email"], known["creditCode"]) == (code, "a@example.com", CODE.lower())
    assert known["name"] == "上海恒达（集团）有限公司", "the same name in another writing is no change"
    assert demo.erp.record("customers", code)["phone"] == "021 5550 1234"  # type: ignore[index]
    assert demo.cycle() == (0, 0)

    demo.erp.edit("customers", code, {"phone": "021-55509999"})
    assert demo.cycle() == (1, 0)
    assert demo.account(account)["phone"] == "021 5550 9999"
    demo.crm.edit("accounts", account, {"phone": "19900000001"})
    assert demo.cycle() == (0, 1)
    assert demo.erp.record("customers", code)["phone"] == "199 0000 0001"  # type: ignore[index]
    assert demo.cycle() == (0, 0)


def test_only_customers_get_a_number_in_the_erp_and_a_lost_answer_makes_no_second(demo: Demo) -> None:
    account = demo.crm.create(
        "accounts", {"name": "NORIX（中国）有限公司", "stage": "customer", "phone": "19900000002"}
    )
    demo.crm.create("accounts", {"name": "潜在有限公司", "stage": "prospect"})
    demo.erp.fault("lost", method="POST", path="/api/erp/customers")
    for _ in range(3):
        demo.cycle()
    made = demo.only("customers")
    assert made["name"] == "NORIX(中国)有限公司"
    assert made["code"] == "C00001", "the first number, and the only one"
    assert not demo.erp.record("customers", "C00002")
    assert demo.account(account)["erpCode"] == "C00001"
    assert demo.cycle() == (0, 0)


def test_a_won_opportunity_becomes_one_order_and_its_status_comes_back(demo: Demo) -> None:
    demo.erp.create("units", {"code": "PCS", "name": "个"})
    demo.erp.create("products", {"code": "M1", "name": "轴承", "unit": "PCS", "price": "12.50"})
    account = demo.crm.create("accounts", {"name": "赢单有限公司", "stage": "customer"})
    demo.cycle()
    product = next(c["id"] for c in demo.crm.changes(50) if c["object"] == "products")
    lines = [{"productId": product, "quantity": 3, "unitPrice": 12.5}, {"productId": product, "quantity": 1}]
    won = {"accountId": account, "name": "采购", "stage": "won", "closeDate": "2026-10-01", "lines": lines}
    deal = demo.crm.create("opportunities", {**won, "stage": "proposal"})
    assert demo.cycle() == (0, 0)
    demo.crm.edit("opportunities", deal, {"stage": "won"})
    demo.cycle()
    order = demo.only("sales_orders")
    assert (order["customer_code"], order["amount"], order["status"]) == ("C00001", "37.50", "draft")
    told = demo.crm.record("opportunities", deal)
    assert told is not None
    assert (told["orderNo"], told["orderStatus"]) == (order["order_no"], "draft")
    for action, status in (("submit", "submitted"), ("approve", "approved"), ("ship", "shipped")):
        demo.erp.edit("sales_orders", order["order_no"], {"action": action})
        assert demo.cycle() == (1, 0)
        assert demo.crm.record("opportunities", deal)["orderStatus"] == status  # type: ignore[index]
    assert demo.cycle() == (0, 0)


def test_webhooks_of_both_are_understood_and_forged_ones_refused(demo: Demo, listener: Listener) -> None:
    folder_ = Path(demo.app.machine.folder)
    hooks = {"crm": listener.url + "/crm", "erp": listener.url + "/erp"}
    SAMPLE.hooks(folder_, demo.pair.crm_url, demo.pair.erp_url, hooks)
    account = demo.crm.create("accounts", {"name": "钩子有限公司"})
    code = demo.erp.create("customers", {"name": "钩子有限公司"})
    listener.wait(lambda: len(listener.got) >= 2)
    seen = {}
    for headers, body in listener.got:
        name = "crm" if "x-crm-signature" in headers else "erp"
        line = demo.app.connect(demo.project, name)
        seen[name] = list(line.parse(headers, body))
        with pytest.raises(Denied):
            line.parse(headers, body + b" ")
    assert seen == {"crm": [("accounts", account)], "erp": [("customers", code)]}
