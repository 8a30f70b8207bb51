"""A plan is exactly what is written, once a named person has signed it; undo is a plan like any other."""

from __future__ import annotations

from typing import Any

import pytest
from books import customers
from sqlalchemy import text
from world import Fate, World

from hefu.connectors.memory import Manners
from hefu.core.errors import HubError
from hefu.core.project import Approval
from hefu.engine import applying, plans, takeback
from hefu.engine.undo import Scope
from hefu.store import journal
from hefu.store import plans as kept
from hefu.store.db import text as stored

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
CALM = Fate()
BOTH = ["crm-customer", "erp-customer"]


def held(world: World, name: str) -> dict[str, dict[str, Any]]:
    """Every customer a system holds: code -> all of its values, as they stand there."""
    return {str(values["code"]): dict(values) for values in world.systems[name].all("customer").values()}


def ids(world: World, name: str) -> dict[str, str]:
    """code -> the record's id in that system."""
    return {str(values["code"]): record_id for record_id, values in world.systems[name].all("customer").items()}


def joined(count: int, fate: Fate = CALM, **more: Any) -> World:
    """That many customers in both systems, the same in both."""
    world = customers(fate, **more)
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

    done = applying.apply(world.hub, plan_id, "wang")

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
    back = applying.apply(world.hub, undo.plan.id, "wang")
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


# ---------------------------------------------------------------- who may agree to what


def raises(code: str, doing: Any) -> HubError:
    with pytest.raises(HubError) as error:
        doing()
    assert error.value.code == code
    return error.value


def changed(count: int, **more: Any) -> World:
    """Customers in both systems, all phones rewritten in the CRM since."""
    world = joined(count, **more)
    for code, record_id in ids(world, "crm").items():
        world.crm.edit("customer", record_id, {"phone": f"+86 {code}"}, who="li")
    return world


def drafted(world: World, author: str = "li") -> str:
    _, made = plans.make(world.hub, BOTH, author)
    assert made is not None
    return made.id


def test_a_plan_is_applied_only_when_a_named_person_has_signed_it():
    world = changed(3)
    plan_id = drafted(world)
    raises("plan.not_approved", lambda: applying.apply(world.hub, plan_id, "li"))
    raises("plan.nobody", lambda: plans.approve(world.hub, plan_id, " "))
    raises("plan.unknown", lambda: plans.approve(world.hub, "nothing", "li"))
    plans.approve(world.hub, plan_id, "li")
    raises("plan.state", lambda: plans.approve(world.hub, plan_id, "wang"))
    assert world.writes("erp") == []
    assert applying.apply(world.hub, plan_id, "li").plan.state == "applied"
    assert len(world.writes("erp")) == 3
    raises("plan.state", lambda: applying.apply(world.hub, plan_id, "li"))
    with world.store.look() as tx:
        said = [row["action"] for row in reversed(journal.recent(tx)) if row["object"] == plan_id]
        assert journal.verify(tx, world.hub.journal_key) is None
    assert said == ["plan.made", "plan.approved", "plan.applying", "plan.applied"]


def test_four_eyes_above_the_size_of_the_flow():
    world = changed(4)
    flow = world.hub.project.flows["all"].model_copy(update={"approval": Approval(four_eyes=3)})
    world.hub.project.flows["all"] = flow
    plan_id = drafted(world, "Li")
    raises("plan.four_eyes", lambda: plans.approve(world.hub, plan_id, " li "))
    assert plans.approve(world.hub, plan_id, "wang").approver == "wang"
    world.hub.project.flows["all"] = flow.model_copy(update={"approval": Approval(four_eyes=4)})
    plans.approve(world.hub, drafted(world, "li"), "li")


def test_a_plan_expires_and_a_rejected_one_stays_closed():
    world = changed(1)
    old, no = signed(world), drafted(world)
    plans.reject(world.hub, no, "wang", "after the audit")
    raises("plan.state", lambda: plans.approve(world.hub, no, "wang"))
    world.env.sleep(7 * 86400 + 1)
    raises("plan.expired", lambda: applying.apply(world.hub, old, "li"))
    with world.store.look() as tx:
        assert {p.id: p.state for p in kept.listed(tx)} == {old: "expired", no: "rejected"}
    assert world.writes("erp") == []


def test_drafts_that_nobody_signed_leave_no_entries_behind():
    world = changed(2)
    old = drafted(world)
    world.env.sleep(8 * 86400)
    drafted(world)
    assert entries(world, old) == []


@pytest.mark.parametrize(
    "altered",
    [
        """update plan_entry set fields = replace(fields, '+86 K0000', '+86 666') where fields like '%K0000%'""",
        """delete from plan_entry where seq = 1""",
        """update plan set writes = 1""",
        """update plan set approver = 'boss'""",
        """update plan set mappings = '["erp-customer"]'""",
    ],
)
def test_what_was_altered_after_signing_is_not_applied(altered: str):
    world = changed(2)
    plan_id = signed(world)
    with world.store.begin() as tx:
        tx.run(text(altered))
    raises("plan.altered", lambda: applying.apply(world.hub, plan_id, "li"))
    assert world.writes("erp") == []


def test_a_plan_of_another_version_of_the_project_is_not_applied():
    world = changed(1)
    plan_id = signed(world)
    world.version = 2
    raises("plan.version", lambda: applying.apply(world.new_hub(), plan_id, "li"))


# ------------------------------------------------------------------- exactly this


def test_the_first_meeting_is_a_plan_of_creates_and_updates():
    world = customers(Fate(), rules={"phone": {"owner": "crm"}})
    for n in range(4):
        world.crm.create("customer", {**K, "code": f"K{n}", "phone": f"{n}"})
    for n in range(2, 6):
        world.erp.create("customer", {**K, "code": f"K{n}", "phone": "9"})
    plan_id = signed(world)
    with world.store.look() as tx:
        made = kept.get(tx, plan_id)
    assert made is not None
    assert (made.kind, made.counts["writes"]) == (
        "first_sync", {"erp-customer": {"create": 2, "update": 2}, "crm-customer": {"create": 2}},
    )  # fmt: skip
    assert all(e.golden_id is None and e.origin for e in entries(world, plan_id)), "nothing of it is known yet"
    done = applying.apply(world.hub, plan_id, "wang")
    assert (done.tally, done.plan.state) == ({"written": 6}, "applied")
    world.mark()
    world.at_rest(2)


def test_what_was_not_planned_is_not_written_by_it():
    world = changed(2)
    plan_id = signed(world)
    world.crm.create("customer", {**K, "code": "NEW"})
    assert applying.apply(world.hub, plan_id, "wang").tally == {"written": 2}
    assert len(world.writes("erp")) == len(held(world, "erp")) == 2
    world.sync()
    assert len(held(world, "erp")) == 3, "everyday work goes on afterwards"


def test_a_flow_that_stopped_to_ask_goes_on_once_its_plan_is_applied():
    world = changed(30, guard={"records": 20, "deletes": 20})
    world.cycle()
    assert world.stopped()
    assert applying.apply(world.hub, signed(world), "wang").tally == {"written": 30}
    assert not world.stopped()
    assert world.issues("flood") == []


def test_after_a_crash_in_the_middle_applying_goes_on_and_nothing_is_written_twice():
    def story(world: World) -> Any:
        for n in range(3):
            world.crm.create("customer", {**K, "code": f"K{n}"})
        world.erp.create("customer", {**K, "code": "K9"})
        plan_id = signed(world)
        world.steps.count, world.steps.kill_at = 0, world.fate.kill_at

        def apply(hub: Any) -> None:
            try:
                applying.apply(hub, plan_id, "wang")
            except HubError as error:
                if error.code != "plan.state":
                    raise

        world.work(apply)
        for _ in range(5):  # what the crash left open is looked up when its time has come
            world.env.sleep(40)
            world.work(apply)
        with world.store.look() as tx:
            made = kept.get(tx, plan_id)
        return made.state, [len(world.systems[s].written("hub")) for s in ("crm", "erp")], held(world, "erp").keys()

    calm = customers(Fate())
    calm.steps.kill_at = None
    end = story(calm)
    steps = calm.steps.count
    assert end[:2] == ("applied", [1, 3])
    assert steps > 30
    for n in {1, *range(2, steps, 3), steps}:
        world = customers(Fate())
        world.fate = Fate(kill_at=n)
        found = story(world)
        assert found[1:] == end[1:], f"killed at step {n} of {steps}: {world.steps.names[-1]}"
        assert found[0] == "applied", f"killed at step {n} of {steps}"
        world.close()


# -------------------------------------------------------------------- taking back


def taken_back(world: World, **scope: Any) -> applying.Applied:
    made = takeback.plan_undo(world.hub, Scope(**scope), "li")
    assert made.plan is not None
    plans.approve(world.hub, made.plan.id, "wang")
    return applying.apply(world.hub, made.plan.id, "wang")


def test_a_first_meeting_is_taken_back_and_both_systems_are_as_before():
    world = customers(Fate(), rules={"phone": {"owner": "crm"}})
    for n in range(4):
        world.crm.create("customer", {**K, "code": f"K{n}", "phone": f"{n}"})
    for n in range(2, 6):
        world.erp.create("customer", {**K, "code": f"K{n}", "phone": "9"})
    before = {name: held(world, name) for name in ("crm", "erp")}
    plan_id = signed(world)
    applying.apply(world.hub, plan_id, "wang")
    assert len(held(world, "crm")) == len(held(world, "erp")) == 6
    done = taken_back(world, run=plan_id)
    assert done.tally == {"written": 6}
    assert {name: held(world, name) for name in ("crm", "erp")} == before
    world.mark()
    for _ in range(3):
        world.cycle(full=True)
        world.env.sleep(40)
    assert world.writes("crm") == world.writes("erp") == [], "and it stays so, until somebody changes something"
    one = ids(world, "crm")["K2"]
    world.crm.edit("customer", one, {"phone": "77"}, who="li")
    world.sync()
    assert held(world, "erp")["K2"]["phone"] == "77"


def test_what_cannot_be_taken_back_is_listed_with_its_reason():
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", delete=False))
    world.crm.create("customer", K)
    plan_id = signed(world)
    applying.apply(world.hub, plan_id, "wang")
    made = takeback.plan_undo(world.hub, Scope(run=plan_id), "li")
    (entry,) = made.entries
    assert (entry.kind, entry.note) == ("left", {"why": "cannot_delete"})


def test_a_filled_blank_is_taken_back_where_the_hub_filled_it_and_nowhere_else():
    world = customers(Fate())
    values = {**K, "terms": None}
    c, e = world.crm.create("customer", values), world.erp.create("customer", values)
    world.sync()
    world.crm.edit("customer", c, {"terms": "60"}, who="li")
    plan_id = signed(world)
    applying.apply(world.hub, plan_id, "wang")
    assert world.erp.get("customer", e)["terms"] == "60"
    assert taken_back(world, run=plan_id).tally == {"written": 1}
    assert (world.erp.get("customer", e)["terms"], world.crm.get("customer", c)["terms"]) == (None, "60")
    world.mark()
    world.cycle(full=True)
    assert world.writes("erp") == world.writes("crm") == []


def test_one_field_one_system_one_record_one_window():
    world = joined(3)
    crm = ids(world, "crm")
    start = stored(world.env.now())
    for code in crm:
        world.crm.edit("customer", crm[code], {"phone": "1", "address": "B"}, who="li")
    world.sync()
    middle = stored(world.env.now())
    world.crm.edit("customer", crm["K0000"], {"phone": "2"}, who="li")
    world.sync()
    (golden,) = {x["golden_id"] for x in world.links() if x["record_id"] == crm["K0001"]}
    taken_back(world, golden_id=golden, field="phone")
    assert {c: v["phone"] for c, v in held(world, "erp").items()} == {"K0000": "2", "K0001": "021-00001", "K0002": "1"}
    assert held(world, "erp")["K0001"]["address"] == "B"
    done = taken_back(world, since=start, until=middle)
    assert done.tally["left"] == 2, "phones of K0000 and K0001 moved on since"
    assert {c: v["phone"] for c, v in held(world, "erp").items()} == {
        "K0000": "2", "K0001": "021-00001", "K0002": "021-00002",
    }  # fmt: skip
    assert {v["address"] for name in ("crm", "erp") for v in held(world, name).values()} == {"A"}
    raises("undo.no_writes", lambda: takeback.plan_undo(world.hub, Scope(since=start, entity="order"), "li"))
    raises("undo.no_run", lambda: takeback.plan_undo(world.hub, Scope(run="nothing"), "li"))


def test_what_somebody_changes_while_the_undo_waits_is_left_alone():
    world = changed(3)
    plan_id = signed(world)
    applying.apply(world.hub, plan_id, "wang")
    made = takeback.plan_undo(world.hub, Scope(run=plan_id), "li")
    assert made.plan is not None
    plans.approve(world.hub, made.plan.id, "wang")
    world.erp.edit("customer", ids(world, "erp")["K0001"], {"phone": "400"}, who="zhao")
    done = applying.apply(world.hub, made.plan.id, "wang")
    assert done.plan.state == "partly_applied"
    now = {c: v["phone"] for c, v in held(world, "erp").items()}
    assert now == {"K0000": "021-00000", "K0001": "400", "K0002": "021-00002"}
    listed = [e for e in entries(world, made.plan.id, "changed") if e.kind == "golden"]
    assert [e.note["found"] for e in listed] == [{"phone": ["+86 K0001", "400"]}]


def test_an_undo_is_taken_back_like_any_other_plan():
    world = changed(2)
    plan_id = signed(world)
    applying.apply(world.hub, plan_id, "wang")
    undone = taken_back(world, run=plan_id)
    taken_back(world, run=undone.plan.id)
    assert {v["phone"] for v in held(world, "erp").values()} == {"+86 K0000", "+86 K0001"}
    world.at_rest(2)


def test_a_delete_that_the_hub_carried_on_is_taken_back_with_a_new_record():
    world = customers(Fate(), entity={"on_delete": "propagate"})
    c = world.crm.create("customer", K)
    world.erp.create("customer", K)
    world.sync()
    world.crm.delete("customer", c, who="li")
    world.sync(full=True)
    assert held(world, "erp") == {}
    (golden,) = {x["golden_id"] for x in world.links()}
    done = taken_back(world, golden_id=golden)
    assert done.plan.state == "applied"
    world.sync()
    assert held(world, "erp")["K1"]["name"] == held(world, "crm")["K1"]["name"] == "甲"


@pytest.mark.server
def test_plan_apply_and_undo_on_postgresql(postgresql_url: str):
    world = changed(20, fate=Fate("on PostgreSQL", url=postgresql_url))
    before = held(world, "erp")
    plan_id = signed(world)
    world.erp.edit("customer", ids(world, "erp")["K0003"], {"terms": "60"}, who="zhao")
    done = applying.apply(world.hub, plan_id, "wang")
    assert (done.tally, done.plan.state) == ({"written": 19, "changed": 1}, "partly_applied")
    assert taken_back(world, run=plan_id).plan.state == "applied"
    now = held(world, "erp")
    assert {**now, "K0003": None} == {**before, "K0003": None}
    assert now["K0003"]["terms"] == "60"
    world.close()
