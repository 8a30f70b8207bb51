"""What the oracle knows of values: the typed ones are found again however a system writes them."""

from __future__ import annotations

import dataclasses

import pytest

from hefu.core.errors import Transient
from hefu.sim.storm.case import draw
from hefu.sim.storm.history import tokens
from hefu.sim.storm.line import Line
from hefu.sim.storm.play import Play


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("name", "v12 by hand", {12}),
        ("name", "V12 BY H", {12}),
        ("tags", "v1 by hand;v22 by hand", {1, 22}),
        ("credit", "13.12", {12}),
        ("credit", "13.1", {12}),
        ("lines[1].price", "8", {7}),
        ("lines[1]", {"no": "1", "item": "v3 by hand", "price": "5.04"}, {3, 4}),
        ("lines", [{"no": "1", "item": "v3 by hand"}, {"no": "2", "quantity": "6.05"}], {3, 5}),
        ("name", None, set()),
        ("active", True, set()),
        ("level", "gold", set()),
        ("credit", "much", set()),
    ],
)
def test_tokens(path, value, found):
    assert tokens(path, value) == found


@pytest.fixture
def play():
    """A world in which nothing happens by itself, and somebody has just typed into the CRM's first customer."""
    quiet = dataclasses.replace(draw(0), events=())
    play = Play(dataclasses.replace(quiet, shape=dataclasses.replace(quiet.shape, trade=False)))
    crm = play.systems["crm"]
    crm.create("customer", {"code": "K1"}, who="people")
    play.people.type_into(crm, next(iter(crm.all("customer"))), ["name"])
    return play


def written_over(play) -> bool:
    """The hub writes over it now: could it know?"""
    crm, (typed,) = play.systems["crm"], play.history.typed
    crm.edit("customer", typed.record, {"name": "of the hub"}, who="hub")
    return play.history.could_know(typed, play.history.position("crm"))


def read_all(play):
    return [record for page in Line(play, "crm").read("customer") for record in page.records]


def commit(play):
    with play.store.begin():
        pass


def test_what_was_shown_and_kept_is_known(play):
    assert [r.values["name"] for r in read_all(play)] == ["v0 by hand"]
    commit(play)
    assert written_over(play)


def test_an_answer_is_as_of_when_it_was_made(play):
    """What somebody types while it is on its way it does not show."""
    (typed,), crm, between = play.history.typed, play.systems["crm"], play.turns.between

    def while_on_its_way(step, inside):
        between(step, inside)
        if step == "after crm fetch":
            play.people.type_into(crm, typed.record, ["name"])

    play.turns.between = while_on_its_way
    assert [r.values["name"] for r in Line(play, "crm").fetch("customer", [typed.record])] == ["v0 by hand"]
    commit(play)
    crm.edit("customer", typed.record, {"name": "of the hub"}, who="hub")
    first, second = play.history.typed
    assert play.history.could_know(first, second.entry)
    assert not play.history.could_know(second, play.history.position("crm"))


@pytest.mark.parametrize(
    ("trouble", "known"),
    [("disk_full", False), ("store_locked", False), ("raced", True), ("commit_unanswered", True)],
)
def test_what_our_database_could_not_take_is_not_known(play, trouble, known):
    """A race is run again, with what was shown; a commit without an answer did take place."""
    read_all(play)
    play.store.trouble = lambda: trouble
    with pytest.raises(Transient):
        commit(play)
    play.store.trouble = str
    commit(play)  # as every run notes how it ended
    assert written_over(play) is known


def test_what_was_shown_and_not_kept_before_the_round_ended_is_not_known(play):
    read_all(play)
    play.history.forget()
    commit(play)
    assert not written_over(play)
