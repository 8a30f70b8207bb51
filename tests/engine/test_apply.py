"""A plan is exactly what is written, once a named person has signed it; undo is a plan like any other."""

from __future__ import annotations

from typing import Any

from books import customers
from world import Fate, World

from hefu.engine import plans, takeback
from hefu.engine.undo import Scope
from hefu.store import plans as kept

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
BOTH = ["crm-customer", "erp-customer"]


def held(world: World, name: str) -> dict[str, dict[str, Any]]:
    """Every customer a system holds: code -> all of its values, as they stand there."""
    return {str(values["code"]): dict(values) for values in world.systems[name].all("customer").values()}


def ids(world: World, name: str) -> dict[str, str]:
    """code -> the record's id in that system."""
    return {str(values["code"]): record_id for record_id, values in world.systems[name].all("customer").items()}


def joined(count: int, **more: Any) -> World:
    """That many customers in both systems, the same in both."""
    world = customers(Fate(), **more)
    for n in range(count):
        values = {**K, "code": f"K{n:04d}", "name": f"客户{n}", "phone": f"021-{n:05d}"}
        world.crm.create("customer", values)
        world.erp.create("customer", values)
    world.sync()
    world.mark()
    return world


def signed(world: World, author: str = "li", by: str = "wang", **more: Any) -> str:
    """A plan of all that is due, made by one person and signed by another."""
    _, made = plans.make(world.hub, BOTH, author, **more)
    assert made is not None
    plans.approve(world.hub, made.id, by)
    return made.id


def entries(world: World, plan_id: str, *states: str) -> list[kept.PlanEntry]:
    with world.store.look() as tx:
        return list(kept.entries(tx, plan_id, states=states))


def test_five_thousand_records_thirty_edited_before_and_twenty_after():
    count = 5000
    world = joined(count)
    erp, crm = ids(world, "erp"), ids(world, "crm")
    codes = sorted(erp)
    for code in codes:  # sales have all phones rewritten in the CRM
        world.crm.edit("customer", crm[code], {"phone": f"+86 {code}"}, who="li")
    before = {"crm": held(world, "crm"), "erp": held(world, "erp")}

    plan_id = signed(world)

    early, late = codes[:30], codes[100:120]
    for at, code in enumerate(early):  # between plan and apply, people in the ERP edit the same field or another one
        world.erp.edit("customer", erp[code], {"phone": "400"} if at % 2 else {"terms": "60"}, who="zhao")
    edited = held(world, "erp")

    done = plans.apply(world.hub, plan_id, "wang")

    assert len(world.writes("erp")) == 4970
    assert done.tally == {"written": 4970, "changed": 30}
    assert done.plan.state == "partly_applied"
    listed = entries(world, plan_id, "changed")
    assert sorted(e.record_id for e in listed) == sorted(erp[code] for code in early)
    assert all(e.note["found"] for e in listed), "each says what was agreed to and what was found"
    now = held(world, "erp")
    assert {code: now[code] for code in early} == {code: edited[code] for code in early}
    assert all(now[code]["phone"] == f"+86 {code}" for code in codes[30:])

    for at, code in enumerate(late):  # after it, people edit in both systems
        if at % 2:
            world.erp.edit("customer", erp[code], {"phone": "400"}, who="zhao")
        else:
            world.crm.edit("customer", crm[code], {"phone": "800"}, who="li")
    edited = {"crm": held(world, "crm"), "erp": held(world, "erp")}
    world.mark()

    undo = takeback.plan_undo(world.hub, Scope(run=plan_id), "li")

    assert world.writes("erp") == world.writes("crm") == []
    assert undo.left == 20
    assert undo.plan is not None
    plans.approve(world.hub, undo.plan.id, "wang")
    back = plans.apply(world.hub, undo.plan.id, "wang")
    assert back.tally["left"] == 20
    assert (back.tally.get("changed", 0), back.tally.get("refused", 0), back.waiting) == (0, 0, 0)
    restored = codes[30:100] + codes[120:]
    now = {"crm": held(world, "crm"), "erp": held(world, "erp")}
    assert len(restored) == 4950
    assert {c: now["erp"][c] for c in restored} == {c: before["erp"][c] for c in restored}
    assert len(world.writes("erp")) == 4950
    for name in ("crm", "erp"):
        assert {c: now[name][c] for c in early + late} == {c: edited[name][c] for c in early + late}
    for entry in entries(world, undo.plan.id, "left"):
        (pair,) = entry.fields.values()
        assert pair[0].startswith("+86")
        assert pair[1] in ("400", "800")
