"""Scenario 12. A new mapping over a moving schema and a full queue: stopped, taken back, repaired.

The queue is of phones that sales changed while the ERP was shut; the ERP renames an option and demands a region; the
second version of its mapping knows both and, by mistake, blanks the phone.

Not covered here: a queue that is larger than the flow's flood limits (`tests/engine/test_guard.py` has the guard).
"Under one version" holds for each item that took effect: what the wrong version had spoilt and was taken back runs
anew under the version after it.
"""

from __future__ import annotations

from typing import Any

import pytest
from books import TEXTS
from sqlalchemy import select
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.errors import HubError
from hefu.core.records import Field
from hefu.engine import applying, desk, plans, takeback
from hefu.engine.undo import Scope
from hefu.store import plans as kept
from hefu.store.db import from_json
from hefu.store.tables import intent, link

TOKEN = Manners(create="token", token_field="ref")
FIELDS = (*TEXTS, "level", "region")
OPTION = {"vip": "vip", "plain": "plain"}
RENAMED = {"gold": "vip", "plain": "plain"}


def make(fate: Fate, canary: int = 10) -> World:
    """Customers in a CRM and an ERP; `level` is an option, `region` is known to the CRM alone."""
    docs: dict[str, Any] = {name: {"type": "text"} for name in FIELDS}
    docs["level"] = {"type": "code", "options": ["vip", "plain"]}
    things = {
        "crm": [Thing("customer", [*(Field(n) for n in FIELDS), Field("ref")], TOKEN, ("code",))],
        "erp": [Thing("customer", [*(Field(n) for n in FIELDS if n != "region"), Field("ref")], TOKEN, ("code",))],
    }
    entity = {"entity": "customer", "fields": docs, "match": [["code"]]}
    guard = {"records": 100_000, "deletes": 100, "canary": canary}
    return World(fate, [entity], things, [mapping("crm"), mapping("erp")], guard=guard)


def mapping(name: str, *, level: dict[str, str] = OPTION, region: bool = False, **phone: Any) -> dict[str, Any]:
    """One side's mapping: `level` as its values, with the region or without, and what happens to the phone."""
    fields: list[dict[str, Any]] = [{"field": n, "from": n} for n in TEXTS]
    fields[TEXTS.index("phone")] |= phone
    fields.append({"field": "level", "from": "level", "values": level})
    if region:
        fields.append({"field": "region", "from": "region"})
    head = {"mapping": f"{name}-customer", "connection": name, "object": "customer", "entity": "customer"}
    return {**head, "create": True, "fields": fields}


def publish(world: World, *mappings: dict[str, Any]) -> None:
    """A new version of the project; every hub starts with it."""
    world.mappings = mappings
    world.version += 1
    world.hubs = [world.new_hub() for _ in world.hubs]


def by_code(world: World, name: str) -> dict[str, dict[str, Any]]:
    return {values["code"]: {"id": i, **values} for i, values in world.systems[name].all("customer").items()}


def intents(world: World) -> list[Any]:
    """Every write to the ERP: state, fields, project version, link."""
    with world.store.look() as tx:
        statement = (
            select(intent, link.c.golden_id)
            .join(link, link.c.id == intent.c.link_id)
            .where(link.c.connection == "erp")
            .order_by(intent.c.id)
        )
        return [{**row, "fields": from_json(row["fields"]) or {}} for row in tx.run(statement).mappings()]


def story(count: int, group: int, edited: int) -> Any:
    def told(world: World) -> Any:
        for n in range(count):
            values = {"code": f"K{n:04d}", "name": f"客户{n}", "phone": f"021-{n:04d}", "address": "A", "terms": "30"}
            level = "vip" if n >= count - 3 else "plain"
            world.crm.create("customer", {**values, "level": level, "region": "华东"})
            world.erp.create("customer", {**values, "level": level})
        world.sync()
        first = world.version

        # Given a queue of changes under the first version, three new customers behind it,
        world.person(lambda hub: desk.pause(hub, "mapping:erp-customer", "wu"))
        crm = by_code(world, "crm")
        for code in sorted(crm):
            world.crm.edit("customer", crm[code]["id"], {"phone": f"+86 {code}"}, who="li")
        world.cycle()
        for n in range(3):
            world.env.sleep(1)
            values = {"code": f"N{n}", "name": f"新{n}", "phone": "1", "address": "A", "terms": "30"}
            world.crm.create("customer", {**values, "level": "plain", "region": "华南"})
        world.cycle()
        before = by_code(world, "erp")
        # and an ERP that renames an option and demands a region
        fields = [*(Field(n, required=n == "region") for n in FIELDS), Field("ref")]
        world.erp.define("customer", fields, TOKEN, key=("code",))
        for code in [c for c, v in before.items() if v["level"] == "vip"]:
            world.erp.edit("customer", before[code]["id"], {"level": "gold"}, who="zhao")
        world.mark()
        for hub in world.hubs:
            hub.forget_schemas()
        world.person(lambda hub: desk.resume(hub, "mapping:erp-customer", "wu"))
        world.cycle()
        # Then the drift is reported before the first failed write
        (drift,) = world.issues("drift")
        assert (drift["facts"]["code"], drift["facts"]["facts"]["field"]) == ("drift.newly_required", "region")
        assert world.writes("erp") == []

        # When the second version, which blanks the phone, starts on its group
        world.env.sleep(120)
        publish(world, mapping("crm"), mapping("erp", level=RENAMED, region=True, expr_out="''"))
        for _ in range(3):
            world.cycle()
            world.env.sleep(70)
        # Then it wrote no more than the group, and the flow has stopped with an incident that offers undo
        second = world.version
        assert len(world.writes("erp")) <= group
        assert world.stopped()
        (incident,) = world.issues("flood")
        assert incident["facts"]["code"] == "guard.canary"
        now = by_code(world, "erp")
        touched = sorted(code for code in now if now[code]["phone"] != before[code]["phone"])
        assert len(touched) <= group
        assert len(touched) == group or world.fate.kill_at is not None, "a crash may leave places of the group empty"

        # When the operator returns to the first version, people in the ERP edit some of the group, and it is undone
        publish(world, mapping("crm"), mapping("erp"))
        for code in touched[:edited]:
            world.erp.edit("customer", now[code]["id"], {"phone": f"400 {code}"}, who="zhao")
        back = taken_back(world, incident["facts"]["runs"])
        # Then the others hold their phones again, to the letter, and the edited ones are listed with both values
        now = by_code(world, "erp")
        assert {c: now[c]["phone"] for c in touched[edited:]} == {c: before[c]["phone"] for c in touched[edited:]}
        assert {c: now[c]["phone"] for c in touched[:edited]} == {c: f"400 {c}" for c in touched[:edited]}
        left = {pair[1]: pair[0] for e in back if e.kind == "left" for pair in e.fields.values()}
        assert left == {f"400 {c}": f"+86 {c}" for c in touched[:edited]}
        assert sum(e.kind == "restore" and e.state == "written" for e in back) == len(touched) - edited

        # When the flow goes on
        world.person(lambda hub: desk.resume(hub, "flow:all", "wu"))
        world.sync()
        # Then every queued change arrives, and new customers are parked for want of a region
        now = by_code(world, "erp")
        assert {c: now[c]["phone"] for c in before if c not in touched[:edited]} == {
            c: f"+86 {c}" for c in before if c not in touched[:edited]
        }
        parked = world.issues("rejected")
        assert len(parked) == 3
        assert {case["facts"]["blames"] for case in parked} == {"region"}
        crm = by_code(world, "crm")
        assert {crm[c]["phone"] for c in touched[:edited]} == {f"400 {c}" for c in touched[:edited]}

        # When the third version brings the region
        world.env.sleep(120)
        publish(world, mapping("crm", region=True), mapping("erp", level=RENAMED, region=True))
        world.mark()
        world.sync()
        # Then the parked ones pass by themselves, and of every other record this one field was written
        third = world.version
        rows = [row for row in intents(world) if row["project_version"] == third and row["state"] == "applied"]
        assert [set(row["fields"]) for row in rows if row["kind"] == "update"] == [{"region"}] * count
        assert sum(row["kind"] == "create" for row in rows) == 3
        assert world.issues() == []
        now = by_code(world, "erp")
        assert len(now) == count + 3
        assert {v["region"] for c, v in now.items() if c.startswith("K")} == {"华东"}

        # and each item of the queue took effect once, under one stated version, none got lost
        ran: dict[str, list[int]] = {}
        for row in intents(world):
            if row["state"] == "applied" and "phone" in row["fields"] and row["kind"] == "update" and not row["action"]:
                ran.setdefault(row["golden_id"], []).append(row["project_version"])
        assert all(len(v) == 1 or (v[0] == second and len(v) == 2) for v in ran.values())
        assert sum(v[0] == second for v in ran.values()) == len(touched)
        assert len(ran) == count
        assert {v for found in ran.values() for v in found} <= set(range(first, third))
        return {code: (values["region"], values["level"]) for code, values in now.items()}

    return told


def taken_back(world: World, runs: list[str]) -> list[kept.PlanEntry]:
    """What `hefu undo --run` does, for each run of the incident; a plan that a crash cut off goes on."""
    out: list[kept.PlanEntry] = []

    def once(doing: Any) -> Any:
        def does(hub: Any) -> Any:
            try:
                return doing(hub)
            except HubError as error:  # done before the crash; or the run was killed before it wrote anything
                if error.code not in ("plan.state", "undo.no_writes"):
                    raise

        return world.person(does)

    for run in runs:
        made = once(lambda hub, run=run: takeback.plan_undo(hub, Scope(run=run), "wu"))
        if made is None:
            continue
        plan_id = made.plan.id
        once(lambda hub, plan_id=plan_id: plans.approve(hub, plan_id, "wang"))
        once(lambda hub, plan_id=plan_id: applying.apply(hub, plan_id, "wang"))
        with world.store.look() as tx:
            out += kept.entries(tx, plan_id)
    return out


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_scenario_12(fate):
    tell(story(30, 10, 2), make, fate)


def test_scenario_12_at_its_full_size():
    tell(story(1200, 50, 5), lambda fate: make(fate, 50), Fate(), idle=3)


def test_scenario_12_with_the_hub_killed_on_the_way():
    kill_everywhere(story(30, 10, 2), make, at_most=8)
