"""Undo takes back status steps where the system knows a way, and lists the others with the reason."""

from __future__ import annotations

from typing import Any

from world import Fate, Thing, World

from hefu.connectors.memory import Action, Manners
from hefu.core.records import Field, FieldType
from hefu.engine import applying, plans, takeback
from hefu.engine.undo import Scope
from hefu.store import plans as kept

BOTH = ["crm-order", "erp-order"]
ONE_STEP = {"audit": Action(("draft",), "audited", "unaudit"), "unaudit": Action(("audited",), "draft")}
TWO_STEPS = {
    "submit": Action(("draft", "reopened"), "submitted", "withdraw"),
    "withdraw": Action(("submitted",), "draft"),
    "audit": Action(("submitted",), "audited", "unaudit"),
    "unaudit": Action(("audited",), "reopened"),
}
AUDIT = {"action": "audit", "when": "approved", "until": ["audited"]}


def orders(actions: dict[str, Action], steps: list[dict[str, Any]], *, delete: bool = True) -> World:
    """Orders whose approval in the CRM makes the ERP's be audited; an audited one takes no values."""
    fields = {
        "number": {"type": "text"},
        "memo": {"type": "text"},
        "approved": {"type": "boolean", "owner": "crm"},
        "status": {"type": "code", "owner": "erp"},
    }
    plain = [{"field": n, "from": n} for n in ("number", "memo")]
    crm = {"mapping": "crm-order", "connection": "crm", "object": "order", "entity": "order"}
    crm["fields"] = [*plain, {"field": "approved", "from": "approved"},
                     {"field": "status", "from": "erp_status", "direction": "out"}]  # fmt: skip
    erp = {"mapping": "erp-order", "connection": "erp", "object": "order", "entity": "order", "create": True}
    erp |= {"fields": [*plain, {"field": "status", "from": "state", "direction": "in"}], "steps": steps}
    manners = Manners(
        create="token", token_field="ref", actions=actions, defaults={"state": "draft"}, delete=delete
    )  # fmt: skip
    texts = [Field("number"), Field("memo")]
    asked = [Field("approved", FieldType.BOOLEAN), Field("erp_status")]
    state = Field("state", FieldType.CODE, writable=False)
    return World(
        Fate(),
        [{"entity": "order", "fields": fields, "match": [["number"]]}],
        {
            "crm": [Thing("order", [*texts, *asked], Manners(create="no"))],
            "erp": [Thing("order", [*texts, state, Field("ref")], manners, state="state",
                          locked={"audited": (), "submitted": ()})],
        },
        [crm, erp],
    )  # fmt: skip


def approved(world: World) -> str:
    """An order in both systems, then approved with another memo: the plan by which the ERP heard of it."""
    order = world.crm.create("order", {"number": "1", "memo": "old", "approved": False})
    world.sync()
    world.crm.edit("order", order, {"approved": True, "memo": "new"}, who="li")
    world.env.sleep(60)
    return applied(world)


def applied(world: World) -> str:
    _, made = plans.make(world.hub, BOTH, "li")
    plans.approve(world.hub, made.id, "wang")
    applying.apply(world.hub, made.id, "wang")
    world.sync()
    return made.id


def undo(world: World, plan_id: str) -> takeback.TakeBack:
    return takeback.plan_undo(world.hub, Scope(run=plan_id), "li")


def carried_out(world: World, made: takeback.TakeBack) -> dict[str, int]:
    plans.approve(world.hub, made.plan.id, "wang")
    world.mark()
    return applying.apply(world.hub, made.plan.id, "wang").tally


def left(made: takeback.TakeBack) -> list[tuple[Any, Any]]:
    return [(e.fields, e.note) for e in made.entries if e.kind == "left"]


def erp(world: World) -> tuple[Any, Any]:
    (row,) = world.erp.all("order").values()
    return row["state"], row["memo"]


def test_an_audit_is_taken_back_before_what_it_locks():
    world = orders(ONE_STEP, [AUDIT])
    plan_id = approved(world)
    assert erp(world) == ("audited", "new")
    made = undo(world, plan_id)
    assert left(made) == []
    (step,) = [e for e in made.entries if e.action == "unaudit"]
    assert (step.kind, step.connection, step.fields) == ("restore", "erp", {"status": ["audited", "unaudit"]})
    assert set(carried_out(world, made)) == {"written"}
    assert [(e.verb, e.after.get("memo")) for e in world.writes("erp")] == [("unaudit", None), ("update", "old")]
    assert erp(world) == ("draft", "old")
    world.sync()
    assert erp(world) == ("draft", "old"), "nothing asks for the audit any more"
    assert [row["approved"] for row in world.crm.all("order").values()] == [False]
    world.at_rest(2)


def test_a_step_that_is_asked_for_still_is_left():
    world = orders(ONE_STEP, [{"action": "audit", "until": ["audited"]}])
    world.crm.create("order", {"number": "1", "memo": "old", "approved": False})
    world.env.sleep(60)
    world.sync()
    (row,) = world.crm.all("order")
    world.erp.act("order", "unaudit", *world.erp.all("order"), who="wu")
    world.crm.edit("order", row, {"memo": "new"}, who="li")
    world.env.sleep(60)
    plan_id = applied(world)
    assert erp(world) == ("audited", "new")
    assert ({"step": ["audit", "audited"]}, {"why": "still_due"}) in left(undo(world, plan_id))


def test_a_step_without_a_way_back_or_from_which_people_went_on_is_left():
    one_way = {"audit": Action(("draft",), "audited")}
    world = orders(one_way, [AUDIT])
    assert left(undo(world, approved(world)))[0] == ({"step": ["audit", "audited"]}, {"why": "no_way_back"})

    world = orders({**ONE_STEP, "ship": Action(("audited",), "shipped")}, [AUDIT])
    plan_id = approved(world)
    world.erp.act("order", "ship", *world.erp.all("order"), who="wu")
    world.env.sleep(60)
    assert left(undo(world, plan_id))[0] == ({"step": ["audit", "shipped"]}, {"why": "moved_on"})


def test_of_two_steps_the_last_goes_back_first_and_what_is_not_legal_then_is_told():
    submit = {"action": "submit", "when": "approved", "until": ["submitted", "audited"]}
    world = orders(TWO_STEPS, [submit, AUDIT])
    plan_id = approved(world)
    assert erp(world) == ("audited", "new")
    made = undo(world, plan_id)
    assert [e.action for e in made.entries if e.action] == ["unaudit", "withdraw"]
    tally = carried_out(world, made)
    assert tally["changed"] == 1
    with world.store.look() as tx:
        (told,) = kept.entries(tx, made.plan.id, states=("changed",))
    assert (told.action, told.note) == ("withdraw", {"found": {"step": ["withdraw", "reopened"]}})
    assert erp(world) == ("reopened", "old")
    world.sync()  # the CRM hears of it
    world.at_rest(2)


def test_a_document_that_we_made_and_audited_is_opened_and_removed():
    world = orders(ONE_STEP, [AUDIT])
    world.crm.create("order", {"number": "1", "memo": "old", "approved": True})
    world.env.sleep(60)
    plan_id = applied(world)
    assert erp(world) == ("audited", "old")
    made = undo(world, plan_id)
    assert [(e.kind, e.action) for e in made.entries if e.connection == "erp"] == [
        ("restore", "unaudit"),
        ("remove", None),
    ]
    carried_out(world, made)
    assert [e.verb for e in world.writes("erp")] == ["unaudit", "delete"]
    assert world.erp.all("order") == {}
