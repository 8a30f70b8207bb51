"""The proof of agreement bites: every seeded fault is found, named rightly, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from agreement import Agreement, counted, edited_behind, never_linked, seen_and_forgotten, stranger

from hefu.connectors.memory import Memory
from hefu.core.reconcile import EXPLAINED, Difference, Kind
from hefu.core.records import Page
from hefu.engine import applying, plans
from hefu.engine.reconcile import Scope, reconcile
from hefu.engine.repair import plan_repairs
from hefu.store import plans as kept
from hefu.store.issues import Issue

FAULTS_OF_EACH = 50


def key_of(found: Difference) -> str:
    """The record's key, however it was told."""
    number = (found.left_id or found.right_id or "").rpartition("-")[2]
    return f"C{int(number):06d}" if found.entity == "customer" else f"SO{int(number):07d}"


@pytest.fixture(scope="module")
def full() -> tuple[Agreement, object]:
    """20,000 customers and 50,000 orders with 500 faults, compared once."""
    world = Agreement(20_000, 50_000)
    world.seed(FAULTS_OF_EACH)
    world.build()
    return world, reconcile(world.hub, Scope())


def test_every_fault_is_found_and_nothing_else(full) -> None:
    world, outcome = full
    assert len(world.expected) == 500
    found = [(d.entity, key_of(d), d.field) for d in outcome.found]
    assert Counter(found) == Counter(world.expected.keys()), "each fault once, no false alarm"
    assert sum(x.counts["left"] for x in outcome.sections) >= 69_000


def test_at_most_one_in_a_hundred_is_named_wrongly(full) -> None:
    world, outcome = full
    wrong = {
        (d.entity, key_of(d), d.field): (d.kind.value, d.why)
        for d in outcome.found
        if world.expected[d.entity, key_of(d), d.field] is not d.kind
    }
    assert len(wrong) <= 5, wrong
    assert wrong == {}
    classes: Counter[str] = Counter()
    for section in outcome.sections:
        classes.update(section.classes)
    assert classes == counted(world.expected) == {kind.value: FAULTS_OF_EACH for kind in Kind}
    assert outcome.unexplained == FAULTS_OF_EACH * (len(Kind) - len(EXPLAINED))


def test_every_cent_is_found(full) -> None:
    world, outcome = full
    cents = [
        d for d in outcome.found
        if d.field in ("credit", "total") and abs(Decimal(d.left) - Decimal(d.right)) == Decimal("0.01")
    ]  # fmt: skip
    assert len(cents) == world.cents > 100


def test_the_money_that_differs_is_the_money_of_the_faults(full) -> None:
    """Each order that one side lacks, or has with another total or for another customer, moves a balance or two."""
    world, outcome = full
    assert outcome.facts["totals"], "orders are money"
    wrong = {(b.customer, b.period) for b in outcome.balances}
    expected = set()
    for both in world.pairs["sales_order"]:
        customer, period = both.golden["customer"], both.golden["date"][:7]
        if not both.faulty:
            continue
        sides = [
            None if x is None or (x.get("remark") == "internal") else (x["total"], x["customer"].partition("-")[2])
            for x in (both.crm, both.erp)
        ]
        if sides[0] != sides[1]:
            expected.add((customer, period))
            if None not in sides and sides[0][1] != sides[1][1]:
                expected.add((f"g-{sides[1][1]}", period))
    doubles = {d.left_id or d.right_id for d in outcome.found if d.kind is Kind.DUPLICATE and d.entity == "sales_order"}
    for record_id in doubles:
        both = world.pairs["sales_order"][int(record_id.rpartition("-")[2])]
        expected.add((both.golden["customer"], both.golden["date"][:7]))
    assert wrong == expected


def test_a_repair_gives_the_owner_right_and_is_proposed_only_for_what_nothing_explains(full) -> None:
    _, outcome = full
    assert all(d.repair is None for d in outcome.found if d.kind in EXPLAINED or d.kind is Kind.DUPLICATE)
    drifted = [d for d in outcome.found if d.kind is Kind.DRIFT]
    assert all(d.repair is not None for d in drifted)
    for d in drifted:
        if d.field == "credit":  # the ERP owns it, whoever moved it
            assert (d.repair.connection, d.repair.before, d.repair.after) == ("crm", d.left, d.right)
    missing = [d.repair for d in outcome.found if d.kind is Kind.MISSING_RIGHT]
    assert all(r is not None and r.record_id is None and r.connection == "erp" for r in missing)


def test_nothing_is_written(full) -> None:
    world, _ = full
    assert all(not system.written("hub") for system in world.systems.values())


@pytest.fixture
def small() -> Agreement:
    world = Agreement(300, 400)
    world.seed(8)
    return world


def test_books_without_faults_agree() -> None:
    world = Agreement(200, 300)
    world.build()
    outcome = reconcile(world.hub, Scope())
    assert outcome.found == []
    assert outcome.unexplained == 0
    assert [x.counts["equal"] for x in outcome.sections] == [200, 300]
    assert outcome.balances == []


def test_what_is_settled_while_we_look_is_no_difference(small: Agreement) -> None:
    """The hub works on while a reconciliation reads: the second look sees what came of it."""
    small.build()
    erp, crm = small.systems["erp"], small.systems["crm"]
    fetched = [0]

    class Settles:
        """Just before the second look, everything that differed by a cent is mended."""

        def before(self, call: object) -> None:
            if call.verb == "fetch" and not fetched[0]:  # type: ignore[attr-defined]
                fetched[0] = 1
                for both in small.pairs["customer"]:
                    if both.crm is not None and both.erp is not None:
                        row = erp.shelf("customer").anywhere[f"erp-customer-{both.number}"]
                        row.values = dict(crm.shelf("customer").anywhere[f"crm-customer-{both.number}"].values)

        def after(self, call: object) -> None:
            """Nothing."""

    crm.hook = Settles()
    outcome = reconcile(small.hub, Scope(mappings=["crm_customer", "erp_customer"]))
    assert fetched[0]
    assert [d for d in outcome.found if d.field] == []


def test_a_record_that_a_read_shows_twice_is_one_record() -> None:
    """Pages shift while people work; the contract lets a record come again."""
    world = Agreement(50, 60)
    world.build()

    class Again(Memory):
        def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
            for page in super().read(obj, since):
                yield page
                yield page

    world.lines["crm"] = Again(world.connect("crm").settings, world.connect("crm").site)
    assert reconcile(world.hub, Scope()).found == []


def test_what_neither_side_can_be_read_for_is_not_equal() -> None:
    world = Agreement(50, 60)
    both = world.calm("customer")
    both.crm["credit"] = both.erp["credit"] = "many"
    world.build()
    (found,) = reconcile(world.hub, Scope()).found
    assert (found.kind, found.why, found.field) == (Kind.UNEXPLAINED, "unreadable", "credit")


def test_an_open_case_of_an_unreadable_record_waits_for_a_person() -> None:
    world = Agreement(50, 60)
    both = world.calm("customer")
    both.erp["credit"] = "many"
    where = f"erp-customer-{both.number}:credit"
    world.issues.append(Issue("unreadable", "customer", None, None, "erp", where, {}))
    world.build()
    (found,) = reconcile(world.hub, Scope()).found
    assert found.kind is Kind.CONFLICT


def test_a_sample_asks_only_for_what_it_compares(small: Agreement) -> None:
    small.build()
    outcome = reconcile(small.hub, Scope(mappings=["crm_customer", "erp_customer"], sample=50))
    section = outcome.sections[0]
    assert section.how == "sample"
    assert section.counts["left"] == 50
    assert small.systems["crm"].calls["read"] == 0
    assert {d.kind for d in outcome.found} <= {
        small.expected.get((d.entity, key_of(d), d.field)) for d in outcome.found
    }


def test_a_sample_of_everything_finds_every_fault_of_linked_records(small: Agreement) -> None:
    small.build()
    outcome = reconcile(small.hub, Scope(sample=10_000))
    linked = {
        (b.entity, b.golden.get("code") or b.golden["number"])
        for both in small.pairs.values() for b in both
        if b.crm is not None and b.erp is not None and b.crm_link is not None and b.erp_link is not None
    }  # fmt: skip
    expected = {k: v for k, v in small.expected.items() if k[:2] in linked and v is not Kind.DUPLICATE}
    found = {(d.entity, key_of(d), d.field): d.kind for d in outcome.found}
    assert {k: v for k, v in found.items() if k[:2] in linked} == expected


def test_repairs_are_a_plan_that_is_signed_and_applied_and_then_the_books_agree() -> None:
    """Drift, a lost update, a pair that nobody linked and a record that one side lacks; nothing else is written."""
    world = Agreement(60, 80)
    for entity in ("customer", "sales_order"):
        for fault in (edited_behind, edited_behind, seen_and_forgotten, stranger("erp")):
            fault(world, world.calm(entity), Kind.UNEXPLAINED)
    forgotten = world.calm("customer")
    never_linked(world, forgotten, Kind.UNEXPLAINED)
    world.build()
    outcome = reconcile(world.hub, Scope())
    assert outcome.unexplained == 9
    made = plan_repairs(world.hub, outcome, "an")
    assert made is not None
    assert made.kind == "repair"
    with world.store.look() as tx:
        entries = [e for e in kept.entries(tx, made.id) if e.kind != "golden"]
    assert len(entries) == made.writes
    assert all(not system.written("hub") for system in world.systems.values())
    plans.approve(world.hub, made.id, "bo")
    applied = applying.apply(world.hub, made.id, "bo")
    assert applied.tally.keys() == {"written"}
    assert sum(len(system.written("hub")) for system in world.systems.values()) == made.writes
    assert reconcile(world.hub, Scope()).unexplained == 0
    assert plan_repairs(world.hub, reconcile(world.hub, Scope()), "an") is None
