"""A person merges two objects and parts them; what cannot be done is said before anything is changed."""

from __future__ import annotations

import pytest
from pair import Pair, entity

from hefu.core.errors import Unsupported
from hefu.engine import merging
from hefu.store import golden as goldens
from hefu.store.golden import Link


def known(pair: Pair) -> dict[tuple[str, str], Link]:
    """(connection, record id) -> link."""
    with pair.store.look() as tx:
        ids = [row[0] for row in tx.run(goldens.golden.select().with_only_columns(goldens.golden.c.id))]
        return {(x.connection, x.record_id or ""): x for some in goldens.links_of(tx, ids).values() for x in some}


def two(**more) -> Pair:
    """Customers 1 and 2, in both systems."""
    pair = Pair(**more)
    for n in ("1", "2"):
        pair.crm.create("customer", {"code": n, "name": f"客户{n}", "active": True}, record_id=f"c{n}")
        pair.erp.create("customer", {"code": n, "name": f"客户{n}", "active": True}, record_id=f"e{n}")
    pair.settle()
    return pair


def test_a_merge_by_hand_writes_nothing_and_the_winners_edits_reach_its_own_records_only():
    pair = two()
    links = known(pair)
    winner, loser = links["crm", "c1"].golden_id, links["crm", "c2"].golden_id
    merging.merge(pair.hub, winner, loser, "steward")
    pair.settle()
    assert sum(pair.writes().values()) == 0
    pair.crm.edit("customer", "c1", {"phone": "P1"})
    pair.settle()
    assert (pair.erp.get("customer", "e1")["phone"], pair.erp.get("customer", "e2")["phone"]) == ("P1", None)
    merging.unmerge(pair.hub, loser, "steward")
    pair.crm.edit("customer", "c2", {"phone": "P2"})
    pair.settle()
    assert (pair.erp.get("customer", "e1")["phone"], pair.erp.get("customer", "e2")["phone"]) == ("P1", "P2")


def test_where_only_the_loser_has_a_record_the_winner_takes_it_over_until_they_part():
    pair = Pair(extra={"erp": {"create": False}})
    pair.crm.create("customer", {"code": "1", "name": "甲"}, record_id="c1")
    pair.erp.create("customer", {"code": "X", "name": "乙"}, record_id="e1")
    pair.settle(3)
    mine, theirs = known(pair)["crm", "c1"].golden_id, known(pair)["erp", "e1"].golden_id
    merging.merge(pair.hub, mine, theirs, "steward")
    pair.settle()
    assert pair.erp.get("customer", "e1")["name"] == "甲"
    assert known(pair)["erp", "e1"].golden_id == mine
    merging.unmerge(pair.hub, theirs, "steward")
    assert known(pair)["erp", "e1"].golden_id == theirs


def test_a_record_that_its_system_keeps_merged_away_cannot_be_parted_where_none_may_be_created():
    doc = entity().model_copy(update={"on_merge": "join"})
    pair = two(entity_doc=doc, extra={"crm": {"create": False}})
    loser = known(pair)["crm", "c2"].golden_id
    pair.crm.merge("customer", "c1", "c2")
    pair.settle()
    with pair.store.look() as tx:
        assert goldens.load_golden(tx, [loser], lock=False)[loser].state == "merged"
    with pytest.raises(Unsupported) as caught:
        merging.unmerge(pair.hub, loser, "steward")
    assert caught.value.code == "merge.still_merged"
    pair.crm.restore("customer", "c2")
    merging.unmerge(pair.hub, loser, "steward")
    pair.settle()
    assert known(pair)["crm", "c2"].state == "active"
    assert known(pair)["crm", "c2"].golden_id == loser == known(pair)["erp", "e2"].golden_id


def test_what_is_no_pair_is_refused():
    pair = two()
    one = known(pair)["crm", "c1"].golden_id
    for first, second in ((one, one), (one, "nobody")):
        with pytest.raises(Unsupported) as caught:
            merging.merge(pair.hub, first, second, "steward")
        assert caught.value.code == "merge.not_two"
    with pytest.raises(Unsupported) as caught:
        merging.unmerge(pair.hub, one, "steward")
    assert caught.value.code == "merge.not_merged"
