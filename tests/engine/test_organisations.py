"""The organisation is part of every record's key: one id in two of them is two records, each with one link."""

from __future__ import annotations

import pytest
from pair import Pair, entity

from hefu.connectors.memory import Manners, open_memory
from hefu.core.connector import Connector
from hefu.store import issues
from hefu.store.tables import link

MEANS = ("token", "key", "upsert")


def manners(create: str) -> Manners:
    return Manners(create=create, token_field="ref" if create == "token" else None)


def links(pair: Pair, mapping: str) -> list[tuple[str, str | None, str]]:
    """(organisation, record id, state) of each link of a mapping."""
    with pair.store.look() as tx:
        rows = tx.run(link.select().where(link.c.mapping == mapping).order_by(link.c.organisation, link.c.record_id))
        return [(row.organisation, row.record_id, row.state) for row in rows]


class InOneOrganisation(Pair):
    """The connection names no organisation, though the ERP's connector works in one and tells it of each record."""

    def connect(self, name: str) -> Connector:
        if name not in self.lines:
            self.lines[name] = open_memory(self.systems[name], organisation="A" if name == "erp" else "")
        return self.lines[name]


@pytest.mark.parametrize("create", MEANS)
def test_one_id_in_two_organisations_is_two_records(create: str) -> None:
    pair = Pair(crm_manners=manners(create), erp_manners=manners(create))
    for code in ("K1", "K2"):
        pair.crm.create("customer", {"code": code, "name": code}, record_id=f"c{code}")
    pair.erp.create("customer", {"code": "K1", "name": "K1"}, record_id="e1", organisation="A")
    pair.erp.create("customer", {"code": "K2", "name": "K2"}, record_id="e1", organisation="B")
    pair.settle(2)
    pair.round(full=True)
    pair.settle(2)
    assert links(pair, "erp-customer") == [("A", "e1", "active"), ("B", "e1", "active")]
    assert pair.writes() == {"crm": 0, "erp": 0}


def test_what_is_taken_up_is_known_by_its_organisation_when_another_of_that_id_comes() -> None:
    pair = Pair(order=("erp-customer", "crm-customer"))
    pair.erp.create("customer", {"code": "K0", "name": "K0"}, record_id="e0", organisation="B")
    pair.crm.create("customer", {"code": "K0", "name": "K0"}, record_id="c2", organisation="A")
    pair.crm.create("customer", {"code": "K3", "name": "K3"}, record_id="c2")
    pair.settle(2)
    pair.round(full=True)
    pair.settle(2)
    assert links(pair, "crm-customer") == [("", "c2", "active"), ("A", "c2", "active")]
    assert [row["code"] for row in pair.erp.all("customer").values()] == ["K0", "K3"]


@pytest.mark.parametrize("create", MEANS)
def test_what_we_made_has_one_link_when_its_system_tells_the_organisation(create: str) -> None:
    pair = InOneOrganisation(erp_manners=manners(create))
    for code in ("K0", "K1"):
        pair.crm.create("customer", {"code": code, "name": code}, record_id=code)
    pair.erp.create("customer", {"code": "K1", "name": "K1"}, record_id="e1", organisation="A")
    pair.settle(2)
    pair.round(full=True)
    pair.crm.edit("customer", "K0", {"phone": "1"})
    pair.settle(2)
    ((_, made, _), _) = known = links(pair, "erp-customer")
    assert known == [("A", made, "active"), ("A", "e1", "active")]
    assert [(e.verb, e.id) for e in pair.erp.written("hub")] == [("create", made), ("update", made)]


@pytest.mark.parametrize("create", MEANS)
def test_a_lost_answer_takes_up_one_of_two_records_of_that_id(create: str) -> None:
    """Our create of K0 landed as e1 of A, unheard; people have their own e1 in B by now."""
    pair = Pair(erp_manners=manners(create))
    pair.crm.create("customer", {"code": "K0", "name": "K0"}, record_id="c0")

    class Lose:
        def before(self, call: object) -> None: ...

        def after(self, call: object) -> None:
            if call.verb == "write":
                raise TimeoutError

    pair.erp.hook = Lose()
    pair.round()
    pair.erp.hook = None
    (made,) = pair.erp.all("customer")
    pair.erp.create("customer", {"code": "K9", "name": "K9"}, record_id=made, organisation="B")
    pair.settle(6)
    assert links(pair, "erp-customer") == [("", made, "active"), ("B", made, "active")]
    assert sorted(row["code"] for row in pair.crm.all("customer").values()) == ["K0", "K9"]
    assert [e.verb for e in pair.erp.written("hub")] == ["create"]


def test_two_records_read_at_once_that_fit_one_object_by_different_keys() -> None:
    """By the address, and by the name: the second is set aside for a person, and not forgotten."""
    pair = Pair(entity_doc=entity().model_copy(update={"match": [["address"], ["name"]]}))
    pair.crm.create("customer", {"code": "K", "name": "N", "address": "A"}, record_id="c1")
    pair.erp.create("customer", {"code": "K", "address": "A"}, record_id="e1")
    pair.erp.create("customer", {"code": "K", "name": "N"}, record_id="e2")
    pair.round()
    assert links(pair, "erp-customer") == [("", "e1", "active"), ("", "e2", "detached")]
    with pair.store.look() as tx:
        assert [(i["kind"], i["field"]) for i in issues.list_issues(tx)] == [("duplicate", "e2")]
