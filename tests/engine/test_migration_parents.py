"""Batches that stand on one another: parents are loaded first and taken back last."""

from __future__ import annotations

import pytest
from test_references import make
from world import Fate

from hefu.core.errors import Unsupported
from hefu.engine import migrate
from hefu.engine.migrate_back import rollback
from hefu.engine.migrate_check import check
from hefu.engine.migrate_verify import verify
from hefu.store import batches


def batch(world, what: str) -> str:
    return migrate.stage(world.hub, f"crm-{what}", f"erp-{what}", "li").id


def loaded(world, what: str) -> str:
    made = batch(world, what)
    check(world.hub, made, "li")
    migrate.load(world.hub, made, "li")
    return made


def given():
    world = make(Fate())
    buyers = [world.crm.create("customer", {"code": f"C{n}", "name": f"客户{n}"}) for n in range(3)]
    for n, buyer in enumerate(buyers):
        world.crm.create("order", {"number": f"O{n}", "buyer": buyer})
    return world


def test_an_order_whose_customer_is_not_there_is_named_and_goes_once_it_is():
    world = given()
    orders = batch(world, "order")
    assert check(world.hub, orders, "li") == {"rejected": 3}
    with world.store.look() as tx:
        codes = {r["code"] for row in batches.rows(tx, orders) for r in row.reasons}
    assert codes == {"migrate.parent_unknown"}
    loaded(world, "customer")
    assert check(world.hub, orders, "li") == {"ready": 3}
    assert migrate.load(world.hub, orders, "li").rows == {"loaded": 3}
    customers = {i: r["code"] for i, r in world.erp.all("customer").items()}
    found = {r["number"]: customers[r["buyer"]] for r in world.erp.all("order").values()}
    assert found == {"O0": "C0", "O1": "C1", "O2": "C2"}
    assert verify(world.hub, orders, "li").unexplained == 0


def test_customers_stay_while_their_orders_do():
    world = given()
    customers, orders = loaded(world, "customer"), loaded(world, "order")
    with pytest.raises(Unsupported, match=r"migrate\.depends"):
        rollback(world.hub, customers, "li")
    assert rollback(world.hub, orders, "li").rows == {"undone": 3}
    assert rollback(world.hub, customers, "li").rows == {"undone": 3}
    assert world.erp.all("customer") == world.erp.all("order") == {}


def test_with_four_eyes_a_rollback_waits_for_somebody_else():
    from hefu.core.errors import Denied
    from hefu.core.project import Approval
    from hefu.engine import plans as planning

    world = given()
    customers = loaded(world, "customer")
    flow = world.hub.project.flows["all"].model_copy(update={"approval": Approval(four_eyes=1)})
    hub = migrate.again(world.hub, world.hub.project.model_copy(update={"flows": {"all": flow}}))
    with pytest.raises(Denied, match=r"plan\.four_eyes"):
        rollback(hub, customers, "li")
    assert len(world.erp.all("customer")) == 3
    with world.store.look() as tx:
        plan = batches.get(tx, customers).plan_id
    planning.approve(hub, plan, "wu")
    assert rollback(hub, customers, "li").rows == {"undone": 3}
    assert world.erp.all("customer") == {}
