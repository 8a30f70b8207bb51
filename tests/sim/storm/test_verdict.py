"""What the verdict excuses, and that it excuses nothing else."""

from __future__ import annotations

import dataclasses

from hefu.connectors.memory import MemorySystem
from hefu.engine import desk
from hefu.sim.storm.case import draw
from hefu.sim.storm.compare import Books
from hefu.sim.storm.judge import Facts, blind, judge
from hefu.sim.storm.play import Play

PLAIN = {
    "create": "token", "conditional": "version", "returns": True, "batch": 100, "page": 100,
    "changes": "cursor+deletes", "lag": 0.0, "lateness": 0.0, "stamps": 1e-6, "skew": 0.0, "versions": True,
    "redirects": False, "lines": "none",
}  # fmt: skip


def in_step(rewrite: str = "") -> tuple[Play, MemorySystem, MemorySystem]:
    """Two systems without any weather; customer K1 was typed in both of them and is kept in step."""
    case = dataclasses.replace(draw(0), events=())
    shape = dataclasses.replace(
        case.shape, systems=("crm", "erp"), first="erp", workers=1, matched=True, trade=False, on_delete="propagate",
        guard_deletes=1000, rewrite=rewrite, narrow=False, merges=False, manners={"crm": PLAIN, "erp": PLAIN},
    )  # fmt: skip
    play = Play(dataclasses.replace(case, shape=shape))
    for system in play.systems.values():
        record = system.create("customer", {"code": "K1"}, who="people")
        play.people.type_into(system, record, ["tags"])
    play.quiet()
    return play, play.systems["crm"], play.systems["erp"]


def types(play: Play, system: MemorySystem, name: str) -> None:
    (record,) = system.all("customer")
    play.people.type_into(system, record, [name])


def test_a_difference_is_seen():
    play, crm, _ = in_step()
    assert judge(play) == []
    types(play, crm, "name")
    assert [line.partition(" name:")[0] for line in Books(play).differences()] == ["differs: customer K1"]


def test_records_that_a_person_left_alone_may_differ():
    """The delete was passed on, then both departments restored theirs; a steward leaves each of them as it is."""
    play, crm, erp = in_step()
    (mine,), (theirs,) = crm.all("customer"), erp.all("customer")
    crm.delete("customer", mine, who="people")
    play.quiet()
    assert erp.all("customer") == {}
    crm.restore("customer", mine, who="people")
    erp.restore("customer", theirs, who="people")
    play.quiet()
    cases = play.issues("delete_edit")
    assert {case["connection"] for case in cases} == {"crm", "erp"}
    for case in cases:
        desk.settle_delete(play.new_hub(), case["id"], "keep", "steward")
    types(play, crm, "name")
    play.quiet()
    assert crm.all("customer")[mine]["name"] != erp.all("customer")[theirs]["name"]
    assert judge(play) == []


def test_a_system_was_told_what_it_cut_off():
    """The ERP keeps eight characters of two tags, and the desk says so; its people then type another tag over it."""
    play, crm, erp = in_step("cut")
    (kept,), (whole,) = erp.all("customer").values(), crm.all("customer").values()
    assert kept["tags"] == whole["tags"][:8] != whole["tags"]
    types(play, erp, "tags")
    play.quiet()
    facts = Facts(play)
    assert list(blind(facts)) == []
    facts.cases = [case for case in facts.cases if case["kind"] != "loss"]
    assert [line.partition(" tags=")[0] for line in blind(facts)] == ["blind: erp replaced"]
