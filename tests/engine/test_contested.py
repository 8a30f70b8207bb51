"""Two systems that turn each other's values back after every write: the field comes to rest, at a person's desk."""

from __future__ import annotations

from books import customers, held
from world import Fate, World

from hefu.core.contest import FLIPS
from hefu.core.words import ERRORS
from hefu.engine import desk


def rewriting_pair() -> World:
    """The CRM writes names in small letters, the ERP in capitals, each a moment after the write was answered."""
    world = customers(Fate())

    def turn_back(name: str, spelled: object) -> None:
        system = world.systems[name]

        def after(call: object) -> None:
            if call.verb == "write":  # type: ignore[attr-defined]
                for record_id, row in system.all("customer").items():
                    if row["name"] != spelled(row["name"]):  # type: ignore[operator]
                        system.edit("customer", record_id, {"name": spelled(row["name"])}, late=0)  # type: ignore[operator]

        world.watch[name].on_answer.append(after)

    turn_back("crm", str.lower)
    turn_back("erp", str.upper)
    world.crm.create("customer", {"code": "K1", "name": "acme", "phone": "1", "address": "", "terms": ""}, late=0)
    return world


def rounds(world: World, count: int) -> int:
    """So many cycles; how many writes they made."""
    before = sum(system.calls["write"] for system in world.systems.values())
    for _ in range(count):
        world.cycle()
        world.env.sleep(70)
    return sum(system.calls["write"] for system in world.systems.values()) - before


def test_a_contested_field_comes_to_rest_and_the_others_flow_on() -> None:
    world = rewriting_pair()
    assert rounds(world, 2 * FLIPS + 4) <= 2 * FLIPS + 2
    assert rounds(world, 5) == 0
    (case,) = world.issues()
    assert (case["kind"], case["field"]) == ("conflict", "name")
    assert {case["facts"]["ours"], case["facts"]["theirs"]} == {"acme", "ACME"}
    words = ERRORS[case["facts"]["code"]]
    assert {"crm", "erp"} <= set(words.en.format(**case["facts"]["facts"]).replace(" and", "").split())
    assert "反复改写" in words.zh.format(**case["facts"]["facts"])
    world.crm.edit("customer", next(iter(world.crm.all("customer"))), {"phone": "2"}, late=0)
    rounds(world, 2)
    assert held(world, "erp", "phone") == "2"


def test_a_decision_is_written_and_the_contest_counted_anew() -> None:
    world = rewriting_pair()
    rounds(world, 2 * FLIPS + 4)
    (case,) = world.issues()
    desk.settle_conflict(world.hub, case["id"], "ours", None, "王")
    assert rounds(world, 2) > 0
    assert world.issues() == []
    rounds(world, 4 * FLIPS)
    assert [c["field"] for c in world.issues()] == ["name"], "nobody stopped the rewriting, so it is told again"
    assert rounds(world, 5) == 0
