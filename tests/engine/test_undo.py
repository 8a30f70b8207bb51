"""Undo: restores what nobody changed since, lists the rest, and is itself a version like any other."""

from __future__ import annotations

import pytest
from books import customers, held
from world import Fate

from hefu.core.errors import Unsupported
from hefu.engine import undo

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}


def given():
    """A customer in both systems, and its golden id."""
    world = customers(Fate())
    ids = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    return world, world.links()[0]["golden_id"], *ids


def test_both_systems_get_the_earlier_values_back():
    world, golden, c, _ = given()
    world.crm.edit("customer", c, {"phone": "2", "name": "乙"}, who="li")
    world.sync()
    done = undo.undo_last(world.hub, golden, "wu")
    assert (done.restored, done.left) == ({"phone": ["2", "1"], "name": ["乙", "甲"]}, {})
    world.sync()
    for name in ("crm", "erp"):
        assert (held(world, name, "phone"), held(world, name, "name")) == ("1", "甲")
    world.at_rest(2)


def test_what_somebody_changed_since_is_left_alone_and_listed():
    world, golden, c, e = given()
    world.crm.edit("customer", c, {"phone": "2", "name": "乙"}, who="li")
    world.sync()
    world.erp.edit("customer", e, {"phone": "3"}, who="wang")
    world.sync()
    assert undo.undo_last(world.hub, golden, "wu").restored == {"phone": ["3", "2"]}
    done = undo.undo_last(world.hub, golden, "wu")
    assert (done.restored, done.left) == ({"phone": ["2", "1"], "name": ["乙", "甲"]}, {})
    with pytest.raises(Unsupported, match=r"undo\.nothing"):
        undo.undo_last(world.hub, golden, "wu")
    world.sync()
    assert held(world, "erp", "phone") == held(world, "crm", "phone") == "1"


def test_an_edit_after_an_undo_is_taken_back_first():
    world, golden, c, _ = given()
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    world.sync()
    undo.undo_last(world.hub, golden, "wu")
    world.sync()
    world.crm.edit("customer", c, {"phone": "7"}, who="li")
    world.sync()
    assert undo.undo_last(world.hub, golden, "wu").restored == {"phone": ["7", "1"]}


def test_nothing_to_undo():
    world, golden, *_ = given()
    with pytest.raises(Unsupported, match=r"undo\.nothing"):
        undo.undo_last(world.hub, golden, "wu")
    with pytest.raises(Unsupported, match=r"undo\.nothing"):
        undo.undo_last(world.hub, "nobody", "wu")
