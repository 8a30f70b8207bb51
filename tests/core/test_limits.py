"""What a flow is about to do against its limits: pure arithmetic, with properties."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hefu.core import limits
from hefu.core.limits import HEADINGS, Tally
from hefu.core.project import Entity, Guard

ORDER = Entity.model_validate(
    {
        "entity": "order",
        "fields": {
            "total": {"type": "money", "currency": "CNY"},
            "name": {"type": "text"},
            "currency": {"type": "code"},
            "lines": {
                "type": "lines",
                "line_key": "n",
                "lines": {"n": {"type": "text"}, "price": {"type": "money", "currency": "currency"}},
            },
        },
    }
)

few = st.integers(0, 60)
number = st.none() | few
share = st.none() | st.decimals(0, 1, places=2)
guards = st.builds(
    Guard,
    records=st.integers(1, 60), share=st.decimals(0, 1, places=2), creates=number, create_share=share, changes=number,
    change_share=share, blanks=number, blank_share=share, deletes=few, delete_share=st.decimals(0, 1, places=2),
)  # fmt: skip


@st.composite
def tallies(draw):
    changed = draw(few)
    return Tally(draw(few), changed, draw(st.integers(0, changed)), draw(few))


@given(tallies(), st.integers(0, 300), guards)
def test_a_limit_is_crossed_exactly_above_both_the_number_and_the_share(tally, known, guard):
    crossed = {one.limit for one in limits.crossed(tally, known, guard)}
    for what, number, part in HEADINGS:
        most, share = getattr(guard, number), getattr(guard, part)
        over_number = most is None or getattr(tally, what) > most
        over_share = share is None or getattr(tally, what) > share * known
        limited = most is not None or share is not None
        assert (number in crossed) == (limited and over_number and over_share and getattr(tally, what) > (most or 0))


@given(tallies(), st.integers(0, 300), guards)
def test_what_is_not_looked_at_could_not_have_crossed(tally, known, guard):
    """The cheap answer is never calmer than the exact one."""
    if limits.crossed(tally, known, guard):
        assert limits.could_cross(tally.created, tally.changed + tally.deleted, known, guard)
        assert tally.written > limits.smallest(guard)


@given(tallies(), tallies(), st.integers(0, 300), guards)
def test_more_work_never_makes_it_calmer(one, more, known, guard):
    both = Tally(*(getattr(one, n) + getattr(more, n) for n in ("created", "changed", "blanked", "deleted")))
    before = {c.limit for c in limits.crossed(one, known, guard)}
    assert before <= {c.limit for c in limits.crossed(both, known, guard)}


@given(tallies(), st.integers(0, 300), guards)
def test_what_was_agreed_to_is_allowed_and_nothing_beyond(tally, known, guard):
    agreed = {number: Decimal(getattr(tally, what)) for what, number, _ in HEADINGS}
    assert limits.crossed(tally, known, guard, agreed) == []
    for what, number, _ in HEADINGS:
        if number in {c.limit for c in limits.crossed(tally, known, guard)}:
            agreed[number] = Decimal(getattr(tally, what) - 1)
            assert number in {c.limit for c in limits.crossed(tally, known, guard, agreed)}


amounts = st.decimals(-(10**6), 10**6, places=2).map(lambda d: f"{d.normalize():f}")


@given(amounts, amounts)
def test_an_amount_moves_by_what_lies_between(before, after):
    found = limits.movements(ORDER, {"total": after}, {"total": before}, {"total": after})
    if Decimal(before) == Decimal(after):
        assert found == []
        return
    (one,) = found
    assert (one.path, one.currency, one.after - one.before) == ("total", "CNY", Decimal(after) - Decimal(before))
    assert one.relative == (abs(one.after - one.before) / abs(one.before) if one.before else 0)


def test_amounts_of_lines_are_matched_by_their_key_and_told_in_the_record_s_currency():
    before = {"lines": [{"n": "1", "price": "10"}, {"n": "2", "price": "20"}, {"n": "3", "price": "30"}]}
    debt = {"lines": [{"n": "2", "price": "25"}, {"n": "1", "price": "10"}, {"n": "4", "price": "1"}]}
    (one,) = limits.movements(ORDER, debt, before, {"currency": "USD", **debt})
    assert (one.path, one.currency, one.before, one.after) == ("lines[2].price", "USD", Decimal(20), Decimal(25))


def test_a_value_is_emptied_only_where_there_was_one():
    debt = {"a": None, "b": "", "c": [], "d": "x", "e": False}
    before = {"a": "1", "b": None, "c": [{}], "d": "y", "e": True}
    assert list(limits.emptied(debt, before)) == ["a", "c"]
