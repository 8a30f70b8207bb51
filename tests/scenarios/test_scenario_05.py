"""Scenario 5. An order is saved and submitted in the ERP, and its approval is refused for the credit limit.

The hub resumes at the step that failed, adopts a step that somebody did by hand, takes the document back when the
deal is off, and calls a person when the period is closed. The CRM shows the true step and the ERP's own words.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Action, Manners
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType
from hefu.engine import desk

NO_CREDIT = "客户信用额度不足：额度 5000.00，本单 10000.00"
CLOSED = "会计期间 2026-03 已结账，下一个开放期间为 2026-04"
STEPS = [
    {"action": "submit", "when": "stage == 'won'", "until": ["submitted", "approved", "void"]},
    {"action": "approve", "when": "stage == 'won'", "until": ["approved", "void"]},
    {"action": "withdraw", "when": "stage == 'lost'", "until": ["draft", "void"]},
    {"action": "void", "when": "stage == 'lost'", "until": ["void"]},
]
ACTIONS = {
    "submit": Action(("draft",), "submitted"),
    "approve": Action(("submitted",), "approved"),
    "withdraw": Action(("submitted",), "draft"),
    "void": Action(("draft",), "void"),
}


class Finance:
    """What the ERP's approval looks at."""

    limit = Decimal("5000.00")
    closed = False

    def approves(self, before, after):
        if self.closed:
            return Rejected("erp.period", field="date", message=CLOSED, next_open="2026-04")
        if after["amount"] > self.limit:
            return Rejected("erp.credit", field="amount", message=NO_CREDIT)
        return None


def make(fate: Fate) -> World:
    """A won opportunity becomes an order; its state and the reason of a refusal are shown in the CRM."""
    fields = {
        "number": {"type": "text"},
        "amount": {"type": "money"},
        "stage": {"type": "code", "owner": "crm"},
        "status": {"type": "code", "owner": "erp"},
        "reason": {"type": "text"},
    }
    order = {"entity": "order", "fields": fields, "match": [["number"]]}
    both = [{"field": n, "from": n} for n in ("number", "amount")]
    crm = {"mapping": "crm-order", "connection": "crm", "object": "opportunity", "entity": "order"}
    crm["fields"] = [
        *both,
        {"field": "stage", "from": "stage"},
        {"field": "status", "from": "erp_status", "direction": "out"},
        {"field": "reason", "from": "erp_reason", "direction": "out"},
    ]
    erp = {"mapping": "erp-order", "connection": "erp", "object": "order", "entity": "order", "create": True}
    erp["fields"] = [*both, {"field": "status", "from": "state", "direction": "in"}]
    erp |= {"steps": STEPS, "out_filter": "stage == 'won' || stage == 'lost'", "reason": "reason"}
    finance = Finance()
    manners = Manners(
        create="token",
        token_field="ref",
        actions=ACTIONS,
        defaults={"state": "draft"},
        gates={"approve": finance.approves},
    )
    texts = [Field("number"), Field("amount", FieldType.MONEY)]
    shown = [Field("stage"), Field("erp_status"), Field("erp_reason")]
    book = [Field("ref"), Field("state", FieldType.CODE, writable=False)]
    world = World(
        fate,
        [order],
        {
            "crm": [Thing("opportunity", [*texts, *shown], Manners(create="no"))],
            "erp": [Thing("order", [*texts, *book], manners, state="state")],
        },
        [crm, erp],
    )
    world.finance = finance
    return world


def shown(world: World):
    """What the CRM shows of the order: its step and the ERP's words."""
    (only,) = world.crm.all("opportunity").values()
    return only["erp_status"], only["erp_reason"]


def state(world: World):
    (only,) = world.erp.all("order").values()
    return only["state"]


def done_in_the_erp(world: World):
    """What the hub did there, in order."""
    return [e.verb for e in world.writes("erp")]


def stuck(world: World) -> None:
    """Given an order that was saved and submitted, and whose approval was refused for the credit limit."""
    chance = {"number": "O-1", "amount": Decimal("10000.00"), "stage": "won"}
    world.crm.create("opportunity", chance, who="li", record_id="1")
    world.sync()
    assert state(world) == "submitted"
    # the CRM shows the true step, and the ERP's reason in plain Chinese
    assert shown(world) == ("submitted", NO_CREDIT)
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["facts"]["message"]) == ("rejected", NO_CREDIT)
    assert done_in_the_erp(world) == ["create", "submit"]


def finance_raises_the_limit(world: World):
    stuck(world)
    # When finance raises the limit, and somebody says: try again
    world.finance.limit = Decimal("20000.00")
    (case,) = world.issues()
    world.person(lambda hub: desk.retry(hub, case["id"], "wang"))
    world.sync()
    # Then the hub resumes at the approval; the order was saved once
    assert done_in_the_erp(world) == ["create", "submit", "approve"]
    assert shown(world) == ("approved", None)
    assert world.issues() == []


def approved_by_hand(world: World):
    stuck(world)
    # When a user of the ERP approves it by hand
    world.finance.limit = Decimal("20000.00")
    (order,) = world.erp.all("order")
    world.erp.act("order", "approve", order, who="zhao")
    world.sync()
    # Then the hub adopts that, without a call of its own
    assert done_in_the_erp(world) == ["create", "submit"]
    assert shown(world) == ("approved", None)
    assert world.issues() == []


def the_deal_is_off(world: World):
    stuck(world)
    # When sales cancels the opportunity
    world.crm.edit("opportunity", "1", {"stage": "lost"}, who="li")
    world.sync()
    # Then the order is withdrawn and voided, the CRM shows it, nothing is left behind
    assert done_in_the_erp(world) == ["create", "submit", "withdraw", "void"]
    assert shown(world) == ("void", None)
    assert world.issues() == []


def the_period_is_closed(world: World):
    stuck(world)
    # When the limit is raised, but the period was closed meanwhile
    world.finance.limit, world.finance.closed = Decimal("20000.00"), True
    (case,) = world.issues()
    world.person(lambda hub: desk.retry(hub, case["id"], "wang"))
    world.sync()
    # Then a person gets it, with the next open period
    (case,) = world.issues()
    assert case["facts"]["facts"] == {"message": CLOSED, "next_open": "2026-04"}
    assert shown(world) == ("submitted", CLOSED)
    assert done_in_the_erp(world) == ["create", "submit"]


TOLD = [finance_raises_the_limit, approved_by_hand, the_deal_is_off, the_period_is_closed]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_05(fate, told):
    tell(told, make, fate)


@pytest.mark.parametrize("told", TOLD)
def test_scenario_05_with_the_hub_killed_at_any_step(told):
    kill_everywhere(told, make, at_most=8)
