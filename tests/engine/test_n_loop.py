"""The N-loop: fail the 1st, the 2nd, … the last call to a system, and the 1st … the last commit, until a run passes.

Four stories (create, update, conflict, a document's steps), each told again for every place where it may be struck.
Afterwards the books fit as if nothing had happened: same end, nothing twice, no write of the hub more than undisturbed,
nothing waiting at the desk, and an idle cycle that writes nothing. How SQLite tests itself (reliability.md, A5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from books import customers
from world import Fate, Thing, World

from hefu.connectors.memory import Action, Manners
from hefu.core.errors import HubError, Transient, Unanswered
from hefu.core.records import Field, FieldType
from hefu.engine import desk

K = {"code": "K", "name": "甲公司", "phone": "P0", "address": "A0", "terms": "30"}


class Strike:
    """Fails the n-th chance of its kind, once; a story may begin to count late, when it has set the stage."""

    def __init__(self, world: World, kind: str, at: int) -> None:
        self.kind, self.at, self.seen, self.struck = kind, at, 0, ""
        world.strike = self
        for name, watch in world.watch.items():
            watch.on_call.append(lambda call, n=name: self.chance("call refused", f"{call.verb} {n}", self.refuse))
            watch.on_answer.append(lambda call, n=name: self.chance("answer lost", f"{call.verb} {n}", self.lose(call)))
        world.steps.between = self.commit

    def chance(self, kind: str, what: str, fault: Callable[[], HubError]) -> None:
        """One more place where this kind may strike."""
        if kind != self.kind:
            return
        self.seen += 1
        if self.seen == self.at:
            self.struck = what
            raise fault()

    def refuse(self) -> HubError:
        """The call did not reach the system."""
        return Transient("net.unreachable", connection="any")

    def lose(self, call: Any) -> Callable[[], HubError]:
        """The call happened, and nobody says so."""
        return self.refuse if not call.writes else lambda: Unanswered("net.cut", connection="any")

    def commit(self, step: str) -> None:
        """A commit that is rolled back, or one that stands although the database said that it was gone."""
        if step == "before commit":
            self.chance("commit failed", step, lambda: Transient("store.full", said="disk full"))
        elif step == "after commit":
            self.chance("commit unsure", step, lambda: Transient("store.unreachable", said="connection lost"))


KINDS = ("call refused", "answer lost", "commit failed", "commit unsure")


def at_the_desk(world: World, doing: Callable[[Any], Any]) -> None:
    """A person does it, and does it again when our own database failed under it; what is done already is no error."""
    for _ in range(3):
        try:
            world.person(doing)
            return
        except HubError as error:
            if not error.code.startswith("store."):
                raise
    raise AssertionError("the desk never came back")


# ------------------------------------------------------------------------- stories


def settle(world: World) -> None:
    """Until there is nothing left to do, also for what was left alone for a while after a fault."""
    world.sync(seconds=65)
    if world.strike.struck:
        world.sync(seconds=65)


def pair(fate: Fate) -> World:
    """The CRM owns the phone; the address is anybody's."""
    return customers(fate, {"phone": {"owner": "crm"}})


def create(world: World) -> None:
    """A customer of the CRM becomes one in the ERP."""
    world.crm.create("customer", K, who="li")
    settle(world)


def update(world: World) -> None:
    """A linked customer is edited on both sides."""
    linked(world)
    world.crm.edit("customer", "c", {"phone": "P1"}, who="li")
    world.erp.edit("customer", "e", {"terms": "60"}, who="wang")
    settle(world)


def conflict(world: World) -> None:
    """Both sides edit the address; a person takes the ERP's."""
    linked(world)
    world.crm.edit("customer", "c", {"address": "A1"}, who="li")
    world.erp.edit("customer", "e", {"address": "A2"}, who="wang")
    settle(world)
    (case,) = world.issues("conflict")
    values = {case["facts"]["ours"], case["facts"]["theirs"]}
    assert (values, case["facts"]["base"]) == ({"A1", "A2"}, "A0")
    take = "ours" if case["facts"]["ours"] == "A2" else "theirs"
    at_the_desk(world, lambda hub: desk.settle_conflict(hub, case["id"], take, None, "steward"))
    settle(world)


def linked(world: World) -> None:
    """Given customer K in both systems."""
    world.crm.create("customer", K, who="li", record_id="c")
    world.erp.create("customer", K, who="wang", record_id="e")
    at, world.strike.at = world.strike.at, 0
    world.sync(seconds=65)
    world.strike.seen, world.strike.at = 0, at


def orders(fate: Fate) -> World:
    """Won opportunities of the CRM are orders of the ERP, to be submitted and approved there."""
    fields = {
        "number": {"type": "text"},
        "amount": {"type": "money"},
        "status": {"type": "code", "owner": "erp"},
    }
    both = [{"field": n, "from": n} for n in ("number", "amount")]
    crm = {"mapping": "crm-order", "connection": "crm", "object": "won", "entity": "order"}
    crm["fields"] = [*both, {"field": "status", "from": "erp_status"}]
    erp = {"mapping": "erp-order", "connection": "erp", "object": "order", "entity": "order", "create": True}
    erp["fields"] = [*both, {"field": "status", "from": "state", "direction": "in"}]
    erp["steps"] = [
        {"action": "submit", "until": ["submitted", "approved"]},
        {"action": "approve", "until": ["approved"]},
    ]
    actions = {"submit": Action(("draft",), "submitted"), "approve": Action(("submitted",), "approved")}
    manners = Manners(create="token", token_field="ref", actions=actions, defaults={"state": "draft"})
    known = [Field("number"), Field("amount", FieldType.MONEY)]
    state = [Field("ref"), Field("state", FieldType.CODE, writable=False)]
    things = {
        "crm": [Thing("won", [*known, Field("erp_status")], Manners(create="no"))],
        "erp": [Thing("order", [*known, *state], manners, state="state")],
    }
    return World(fate, [{"entity": "order", "fields": fields, "match": [["number"]]}], things, [crm, erp])


def document_steps(world: World) -> None:
    """An order is created, submitted and approved, each once, and the CRM shows it."""
    world.crm.create("won", {"number": "O-1", "amount": "100.00"}, who="li")
    settle(world)


STORIES = {create: pair, update: pair, conflict: pair, document_steps: orders}


def told(story: Callable[[World], None], kind: str, at: int) -> tuple[str, Any, set[Any]]:
    """What was struck ("" = the run passed untouched), and what the systems hold in the end, what the hub wrote."""
    world = STORIES[story](Fate())
    strike = Strike(world, kind, at)
    try:
        story(world)
        strike.at = 0
        assert world.issues() == []
        world.at_rest(1)
        held = {
            (name, thing.name, *((n, v) for n, v in sorted(row.items()) if n != "ref"))
            for name, system in world.systems.items()
            for thing in world.systems_of[name]
            for row in system.all(thing.name).values()
        }
        counts = {(name, thing.name): len(world.systems[name].all(thing.name)) for name in world.systems
                  for thing in world.systems_of[name]}  # fmt: skip
        made = [(n, e.verb, e.id, *((k, v) for k, v in e.after.items() if k != "ref"))
                for n in world.systems for e in world.writes(n)]  # fmt: skip
        assert len(made) == len(set(made)), f"the same was written twice: {made}"
        return strike.struck, (held, counts), set(made)
    except Exception as error:
        error.add_note(f"{story.__name__}: {kind} number {at} ({strike.struck})")
        raise
    finally:
        world.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_n_loop(story, kind):
    struck, end, wrote = told(story, "nothing", 0)
    assert struck == ""
    at = 1
    while True:
        struck, found, written = told(story, kind, at)
        assert found == end, f"{story.__name__}: {kind} number {at} ({struck})"
        assert written <= wrote, f"{story.__name__}: {kind} number {at} ({struck})"
        if not struck:
            break
        at += 1
    assert at > (4 if "call" in kind or "answer" in kind else 8), "there was hardly a place to strike"
