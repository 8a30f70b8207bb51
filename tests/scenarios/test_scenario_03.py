"""Scenario 3. The ERP rewrites what it is told: the rewriting is not a person's edit, and does not travel back.

The hub compares what the ERP holds with what it last saw there, so its own write never returns as a change, whoever
the ERP says wrote it; what a person changes in the same second does arrive; what was cut off is reported.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from books import customers
from world import FATES, Fate, World, kill_everywhere, tell

from hefu.connectors.memory import Manners, cut, narrow, rounded, trim, upper
from hefu.core.records import Field

LONG = "（北京）华光电子abc 有限公司 " + "很长的名称" * 6
KEPT = "(北京)华光电子ABC 有限公司 " + "很长的名称" * 2 + "很长的名"


def make(fate: Fate, **owner) -> World:
    """The ERP trims, upper-cases, narrows brackets, cuts names at 80 bytes and rounds prices to the cent."""
    erp = Manners(
        create="token",
        token_field="ref",
        rewrite={"*": [trim, upper, narrow], "name": [cut(80)], "price": [rounded(2)]},
    )
    rules = {"price": {"type": "money"}, "name": owner}
    return customers(fate, rules, erp=erp, erp_fields=[Field("name", bytes_length=80)], same=rewritten_alike)


def owned_by_the_erp(fate: Fate) -> World:
    """The same, but the ERP owns the name."""
    return make(fate, owner="erp")


def rewritten_alike(field: str, a, b) -> bool:
    """The ERP's own rewriting explains a difference, and nothing else does."""
    if field == "price" and a is not None and b is not None:
        cent = rounded(2)
        return cent(Decimal(a)) == cent(Decimal(b))

    def rewrite(text):
        return text and cut(80)(narrow(upper(trim(text))))

    return a == b or rewrite(a) == b or a == rewrite(b)


def user_edits_at_once(world: World, record_id: str, done: list):
    """In the second in which the hub's write lands, a person in the ERP changes the phone, as the same user."""

    def act(call):
        if call.verb == "write" and not done:
            done.append(record_id or call.result[0].id)
            world.erp.edit("customer", done[0], {"phone": "P9"}, who="hub")

    world.watch["erp"].on_answer.append(act)


def a_new_record(world: World):
    # When a customer of the CRM is written to the ERP, and a person edits its phone there in the same second
    user_edits_at_once(world, "", done := [])
    k = {"code": "k-1", "name": LONG, "phone": "P0", "price": Decimal("10.005"), "address": "A0"}
    in_crm = world.crm.create("customer", k, who="li")
    world.sync()
    world.sync()

    # Then the ERP holds its own way of writing, and the CRM keeps its own
    theirs = world.erp.get("customer", done[0])
    assert (theirs["name"], theirs["code"], theirs["price"]) == (KEPT, "K-1", Decimal("10.01"))
    ours = world.crm.get("customer", in_crm)
    assert (ours["name"], ours["code"], ours["price"]) == (LONG, "k-1", Decimal("10.005"))
    # and the phone reached the CRM
    assert ours["phone"] == "P9"
    # with one write to each
    assert [e.verb for e in world.writes("erp") if e.after != {"phone": "P9"}] == ["create"]
    assert [e.after for e in world.writes("crm")] == [{"phone": "P9"}]
    # and what was cut off is reported, not hidden
    (loss,) = world.issues()
    assert (loss["kind"], loss["field"], loss["facts"]["sent"], loss["facts"]["kept"]) == ("loss", "name", LONG, KEPT)


def a_changed_record(world: World):
    # Given a customer, known to both
    k = {"code": "K1", "name": "甲公司", "phone": "P0", "price": Decimal("9.5"), "address": "A0"}
    in_crm, in_erp = world.crm.create("customer", k), world.erp.create("customer", k)
    world.sync()
    world.mark()
    # When its name and price change in the CRM, and a person edits the phone in the ERP as the write lands
    user_edits_at_once(world, in_erp, [])
    world.crm.edit("customer", in_crm, {"name": "  甲（集团）公司ab", "price": Decimal("10.005")}, who="li")
    world.sync()
    world.sync()
    # Then each was written once
    assert world.erp.get("customer", in_erp)["name"] == "甲(集团)公司AB"
    assert world.crm.get("customer", in_crm)["name"] == "  甲（集团）公司ab"
    assert [set(e.after) for e in world.writes("erp") if e.after != {"phone": "P9"}] == [{"name", "price"}]
    assert [e.after for e in world.writes("crm")] == [{"phone": "P9"}]
    assert world.issues() == []


def what_the_owner_writes(world: World):
    # Given the ERP owns the name, and a customer comes from the CRM
    world.crm.create("customer", {"code": "K1", "name": "甲（集团）公司", "phone": "P0"}, who="li")
    world.sync()
    # Then the ERP's way of writing it is the one that counts, and the CRM learns it
    (only,) = world.crm.all("customer").values()
    assert only["name"] == "甲(集团)公司"
    assert len(world.writes("erp")) == 1
    assert len(world.writes("crm")) == 1


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", [a_new_record, a_changed_record])
def test_scenario_03(fate, told):
    tell(told, make, fate)


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_scenario_03_when_the_target_owns_the_field(fate):
    tell(what_the_owner_writes, owned_by_the_erp, fate)


@pytest.mark.parametrize("told", [a_new_record, a_changed_record])
def test_scenario_03_with_the_hub_killed_at_any_step(told):
    assert kill_everywhere(told, make, at_most=10) >= 10
