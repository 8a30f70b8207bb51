"""Scenario 2. Two people edit the same field, and one system's clock runs seven minutes ahead.

The hub does not trust raw stamps: within the tolerance it asks a person, beyond it the later edit wins; the loser is
always kept. Other fields flow on meanwhile.
"""

from __future__ import annotations

import pytest
from books import customers, held
from world import FATES, Fate, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.engine import desk, undo


def make(fate: Fate) -> World:
    """The address is shared, the later edit wins; clocks are trusted to ten minutes; the CRM's is 7 minutes ahead."""
    ahead = Manners(create="token", token_field="ref", skew=420.0)
    trust = {name: {"clock_tolerance": "10m"} for name in ("crm", "erp")}
    return customers(fate, {"address": {"conflict": "latest"}}, crm=ahead, connections=trust)


def given(world: World):
    """A customer that came from the ERP; the hub wrote it to the CRM, whose answer betrayed its clock."""
    k = {"code": "K", "name": "甲公司", "phone": "P0", "address": "A0", "terms": "30"}
    in_erp = world.erp.create("customer", k, who="wang")
    world.sync()
    (in_crm,) = world.crm.all("customer")
    world.mark()
    return in_crm, in_erp


def typed_at(world: World):
    return world.env.at.strftime("%Y-%m-%dT%H:%M:%S")


def to_the_second(who):
    """Connection, author and time of an edit, as the desk shows them."""
    return who["connection"], who["author"], who["at"][:19]


def both_edit(world: World, gap: float, ours: str = "A1", theirs: str = "A2"):
    """The CRM's person types first, the ERP's `gap` seconds later, both between two cycles."""
    in_crm, in_erp = given(world)
    world.env.sleep(60)
    first = typed_at(world)
    world.crm.edit("customer", in_crm, {"address": ours}, who="li")
    world.env.sleep(gap)
    second = typed_at(world)
    world.erp.edit("customer", in_erp, {"address": theirs}, who="wang")
    return first, second


def within_the_tolerance(world: World):
    # When the CRM types A1 and the ERP, three minutes later, A2, although the stamps say it was earlier
    first, second = both_edit(world, 180)
    world.sync()

    # Then a person is asked, and sees the base, both values, both authors and the corrected times
    (case,) = world.issues()
    facts = case["facts"]
    assert (case["kind"], case["field"]) == ("conflict", "address")
    sides = {facts[side]: to_the_second(facts[f"{side}_by"]) for side in ("ours", "theirs")}
    assert facts["base"] == "A0"
    assert sides == {"A1": ("crm", "li", first), "A2": ("erp", "wang", second)}
    # and neither system was written for that field
    assert (held(world, "crm", "address"), held(world, "erp", "address")) == ("A1", "A2")
    assert world.writes("crm") == world.writes("erp") == []

    # while other fields flow on
    (in_crm,) = world.crm.all("customer")
    world.crm.edit("customer", in_crm, {"phone": "P1"}, who="li")
    world.sync()
    assert held(world, "erp", "phone") == "P1"
    assert (held(world, "crm", "address"), held(world, "erp", "address")) == ("A1", "A2")
    assert [e.after for e in world.writes("erp")] == [{"phone": "P1"}]

    # When a person chooses A2
    world.mark()
    take = "ours" if facts["ours"] == "A2" else "theirs"
    world.person(lambda hub: desk.settle_conflict(hub, case["id"], take, None, "steward"))
    world.sync()

    # Then only the CRM is written
    assert [e.after for e in world.writes("crm")] == [{"address": "A2"}]
    assert world.writes("erp") == []
    assert world.issues() == []
    # and the rejected value stays readable
    (closed,) = world.issues("conflict", state="closed")
    assert (closed["closed_by"], "A1" in closed["facts"].values()) == ("steward", True)
    # and can be brought back
    world.person(lambda hub: world.story()[-1]["kind"] == "undone" or undo.undo_last(hub, case["golden_id"], "wu"))
    world.sync()
    assert (held(world, "crm", "address"), held(world, "erp", "address")) == ("A1", "A1")


def the_same_value(world: World):
    # When both type the same
    both_edit(world, 180, "A1", "A1")
    world.sync()
    # Then there is no conflict and no write
    assert world.issues(state=None) == []
    assert world.writes("crm") == world.writes("erp") == []


def half_an_hour_apart(world: World):
    # When half an hour lies between the two edits
    both_edit(world, 1800)
    world.sync()
    # Then the later one is applied unasked
    assert (held(world, "crm", "address"), held(world, "erp", "address")) == ("A2", "A2")
    assert world.issues() == []
    assert [e.after for e in world.writes("crm")] == [{"address": "A2"}]
    assert world.writes("erp") == []
    # and the loser is kept, with its author
    (kept,) = world.issues("conflict", state="closed")
    assert (kept["closed_by"], kept["decision"][:6]) == ("hub", "latest")
    loser = {kept["facts"]["ours"]: kept["facts"]["ours_by"], kept["facts"]["theirs"]: kept["facts"]["theirs_by"]}["A1"]
    assert (loser["connection"], loser["author"]) == ("crm", "li")


def edited_again_while_it_waits(world: World):
    # Given a conflict that waits for a person
    both_edit(world, 180)
    world.sync()
    # When both systems' people type once more
    (in_crm,), (in_erp,) = world.crm.all("customer"), world.erp.all("customer")
    world.crm.edit("customer", in_crm, {"address": "A3"}, who="li")
    world.sync()
    world.erp.edit("customer", in_erp, {"address": "A4"}, who="wang")
    world.sync()
    # Then there is still one case, with the newest values, and choosing the CRM's takes the newest
    (case,) = world.issues()
    assert {case["facts"]["ours"], case["facts"]["theirs"]} == {"A3", "A4"}
    take = "ours" if case["facts"]["ours"] == "A3" else "theirs"
    world.person(lambda hub: desk.settle_conflict(hub, case["id"], take, None, "steward"))
    world.sync()
    assert (held(world, "crm", "address"), held(world, "erp", "address")) == ("A3", "A3")


def one_gives_way(world: World):
    # Given a conflict that waits for a person
    both_edit(world, 180)
    world.sync()
    world.mark()
    # When the CRM's person types what the ERP has
    (in_crm,) = world.crm.all("customer")
    world.crm.edit("customer", in_crm, {"address": "A2"}, who="li")
    world.sync()
    # Then the case is closed by itself and nothing needs writing
    assert world.issues() == []
    assert world.writes("crm") == world.writes("erp") == []


TOLD = [within_the_tolerance, the_same_value, half_an_hour_apart, edited_again_while_it_waits, one_gives_way]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_02(fate, told):
    tell(told, make, fate)


@pytest.mark.parametrize("told", TOLD[:3])
def test_scenario_02_with_the_hub_killed_at_any_step(told):
    assert kill_everywhere(told, make, at_most=10) >= 10
