"""The two differences: single rules as examples, and the invariants of the design as properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.core.merge import NOTHING, Conflict, Rules, by_key, debt, merge, project_lines, settle_lines
from hefu.core.plan import Moment, decide
from hefu.core.project import EntityField

FREE = Rules()
PHONE_OF_CRM = Rules(owners={"phone": "crm"})
LINES = Rules(line_keys={"lines": "no"})


def line(no, **fields):
    return {"no": no, **fields}


# ----------------------------------------------------------------------- examples


def test_an_equal_record_changes_nothing():
    held = {"name": "a"}
    assert merge(held, held, {"name": "b"}, dict(held), "crm", FREE) is None


def test_only_they_moved():
    out = merge({"name": "a"}, {"name": "a"}, {"name": "a"}, {"name": "b"}, "crm", FREE)
    assert (out.golden, out.told, out.taken) == ({"name": "b"}, {"name": "b"}, ["name"])
    assert out.conflicts == out.overruled == []


def test_both_moved_is_a_conflict_and_decides_nothing():
    out = merge({"name": "a"}, {"name": "a"}, {"name": "b"}, {"name": "c"}, "crm", FREE)
    assert out.conflicts == [Conflict("name", "a", "b", "c")]
    assert (out.golden, out.told) == ({"name": "b"}, {"name": "a"})


def test_both_typed_the_same():
    out = merge({"name": "a"}, {"name": "a"}, {"name": "b"}, {"name": "b"}, "crm", FREE)
    assert out.conflicts == []
    assert out.told == {"name": "b"}


def test_the_owner_speaks_and_the_others_are_told_again():
    owner = merge({"phone": "1"}, {"phone": "1"}, {"phone": "2"}, {"phone": "3"}, "crm", PHONE_OF_CRM)
    assert (owner.golden["phone"], owner.conflicts) == ("3", [])
    other = merge({"phone": "1"}, {"phone": "1"}, {"phone": "1"}, {"phone": "3"}, "erp", PHONE_OF_CRM)
    assert other.golden["phone"] == "1"
    assert other.overruled == [Conflict("phone", "1", "1", "3")]
    assert debt(other.told, other.golden, ["phone"]) == {"phone": "1"}


def test_a_foreign_edit_may_only_be_reported():
    rules = Rules(owners={"phone": "crm"}, report=frozenset({"phone"}))
    out = merge({"phone": "1"}, {"phone": "1"}, {"phone": "1"}, {"phone": "3"}, "erp", rules)
    assert out.overruled
    assert debt(out.told, out.golden, ["phone"]) == {}


def test_an_edit_that_was_taken_back_is_none():
    out = merge({"name": "b"}, {"name": "a"}, {"name": "c"}, {"name": "a"}, "crm", FREE)
    assert out.conflicts == []
    assert out.golden == {"name": "c"}


def test_a_rewritten_value_stays_where_it_is():
    out = merge({"name": "ABC"}, {"name": "abc"}, {"name": "abc"}, {"name": "ABC", "phone": "1"}, "erp", FREE)
    assert out.golden == {"name": "abc", "phone": "1"}
    assert debt(out.told, out.golden, ["name", "phone"]) == {}


def test_a_newcomers_blank_takes_nothing_away():
    out = merge({}, {}, {"name": "a"}, {"name": None}, "erp", FREE)
    assert out.golden == {"name": "a"}
    assert debt(out.told, out.golden, ["name"]) == {"name": "a"}


def test_clearing_a_field_is_an_edit():
    out = merge({"name": "a"}, {"name": "a"}, {"name": "a"}, {"name": None}, "crm", FREE)
    assert out.golden == {"name": None}


def test_blank_is_not_empty_and_nothing_is_neither():
    assert debt({"a": None, "b": ""}, {"a": "", "b": None, "c": None}, ["a", "b", "c"]) == {
        "a": "",
        "b": None,
        "c": None,
    }
    assert not NOTHING
    assert NOTHING not in (None, "")


def test_debts_stay_within_what_may_be_written_and_what_is_held():
    golden = {"a": "1", "b": "2", "c": "3"}
    assert debt({}, golden, ["a", "b"], held=["b"]) == {"a": "1"}


# -------------------------------------------------------------------------- lines


def test_lines_are_matched_by_key_whatever_their_order():
    seen = {"lines": [line("1", q="5"), line("2", q="7")]}
    theirs = {"lines": [line("1", q="6"), line("2", q="7")]}
    ours = {"lines": [line("1", q="5"), line("2", q="8"), line("4", q="1")]}
    out = merge(seen, seen, ours, theirs, "crm", LINES)
    assert out.golden["lines"] == [line("1", q="6"), line("2", q="8"), line("4", q="1")]
    assert out.taken == ["lines[1].q"]
    assert out.conflicts == []


def test_a_line_that_both_changed_is_a_conflict_of_that_field_only():
    seen = {"lines": [line("1", q="5", p="9")]}
    out = merge(seen, seen, {"lines": [line("1", q="6", p="9")]}, {"lines": [line("1", q="7", p="8")]}, "crm", LINES)
    assert out.conflicts == [Conflict("lines[1].q", "5", "6", "7")]
    assert out.golden["lines"] == [line("1", q="6", p="8")]


def test_removed_lines():
    seen = {"lines": [line("1", q="5"), line("2", q="7")]}
    gone = merge(seen, seen, seen, {"lines": [line("2", q="7")]}, "crm", LINES)
    assert gone.golden["lines"] == [line("2", q="7")]
    clash = merge(
        seen, seen, {"lines": [line("1", q="6"), line("2", q="7")]}, {"lines": [line("2", q="7")]}, "crm", LINES
    )
    assert clash.conflicts == [Conflict("lines[1]", line("1", q="5"), line("1", q="6"), None)]


def test_a_line_that_others_removed_and_they_edited_is_a_conflict():
    seen = {"lines": [line("1", q="5"), line("2", q="7")]}
    out = merge(
        seen, seen, {"lines": [line("2", q="7")]}, {"lines": [line("1", q="6"), line("2", q="7")]}, "crm", LINES
    )
    assert out.conflicts == [Conflict("lines[1]", line("1", q="5"), None, line("1", q="6"))]
    assert out.golden["lines"] == [line("2", q="7")]
    taken = settle_lines(out.golden, "lines[1]", out.conflicts[0].theirs, {"lines": "no"})
    assert taken["lines"] == [line("1", q="6"), line("2", q="7")]


def test_a_line_added_to_lines_that_another_system_owns_is_owed_its_removal():
    seen = {"lines": [line("2", q="7")]}
    theirs = {"lines": [line("2", q="7"), line("3", q="1")]}
    out = merge(seen, seen, seen, theirs, "crm", Rules(owners={"lines": "erp"}, line_keys={"lines": "no"}))
    assert [clash.field for clash in out.overruled] == ["lines[3]"]
    assert debt(out.told, out.golden, ["lines"], lines={"lines": ("no", {"q"})}) == {"lines": [line("2", q="7")]}


def test_an_owners_first_word_says_which_lines_there_are():
    golden = {"lines": [line("10", quantity="3"), line("20", quantity="4")]}
    theirs = {"lines": [line("E1", quantity="3"), line("E2", quantity="4")]}
    owned = Rules(owners={"lines": "erp"}, line_keys={"lines": "no"})
    assert merge({}, {}, golden, theirs, "erp", owned).golden == theirs, "under keys of its own, not twice"
    assert len(merge({}, {}, golden, theirs, "erp", LINES).golden["lines"]) == 4, "nobody's lines: all of them"
    told = {"lines": [line("20", quantity="4")]}
    out = merge({}, told, golden, theirs, "erp", owned)
    assert [row["no"] for row in out.golden["lines"]] == ["20", "E1", "E2"], "what it was told may not be there yet"


def test_a_debt_of_lines_counts_only_the_fields_that_system_can_hold():
    golden = {"lines": [line("1", q="5", note="x")]}
    specs = {"lines": ("no", {"q"})}
    assert debt({"lines": [line("1", q="5")]}, golden, ["lines"], lines=specs) == {}
    assert debt({"lines": [line("1", q="4")]}, golden, ["lines"], lines=specs) == {"lines": [line("1", q="5")]}


def test_a_decision_reaches_into_a_line():
    golden = {"lines": [line("1", q="5"), line("2", q="7")]}
    assert settle_lines(golden, "lines[2].q", "9", {"lines": "no"})["lines"][1] == line("2", q="9")
    assert settle_lines(golden, "lines[2]", None, {"lines": "no"})["lines"] == [line("1", q="5")]


def test_line_ten_comes_after_line_two():
    lines = [line("10", q="1"), line("2", q="1")]
    assert [row["no"] for row in project_lines(lines, "no", ["q"])] == ["2", "10"]


# ---------------------------------------------------------------- rules of conflict

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
TOLERANCE = timedelta(minutes=10)


def judge(rule, ours, theirs, gap=0.0, **doc):
    field = EntityField.model_validate({"type": "text", "conflict": rule, **doc})
    first, second = Moment(AT, "crm", "li"), Moment(AT + timedelta(minutes=gap), "erp", "wang")
    return decide(Conflict("f", None, ours, theirs), field, first, second, TOLERANCE)


@pytest.mark.parametrize(("gap", "outcome"), [(11, "theirs"), (-11, "ours"), (10, "ask"), (-10, "ask"), (0, "ask")])
def test_latest(gap, outcome):
    assert judge("latest", "a", "b", gap).outcome == outcome


def test_latest_without_a_time_asks():
    field = EntityField.model_validate({"type": "text", "conflict": "latest"})
    clash = Conflict("f", None, "a", "b")
    assert decide(clash, field, Moment(None, "crm"), Moment(AT, "erp"), TOLERANCE).outcome == "ask"


def test_priority_numbers_and_joins():
    assert judge("priority", "a", "b", priority=["erp", "crm"]).outcome == "theirs"
    assert judge("priority", "a", "b", priority=["crm"]).outcome == "ours"
    assert judge("priority", "a", "b").outcome == "ask"
    assert judge("max", "9", "10").outcome == "theirs"
    assert judge("min", "9", "10").outcome == "ours"
    assert judge("max", None, "1").outcome == "theirs"
    assert judge("union", "a;b", "b;c").value == "a;b;c"
    assert judge("append", "a", "b").value == "a\nb"
    assert judge("manual", "a", "b", 100).outcome == "ask"


# ----------------------------------------------------------------------- properties

VALUES = st.sampled_from([None, "", "a", "b", "c"])
RECORDS = st.dictionaries(st.sampled_from("pqrs"), VALUES, max_size=4)
OWNERS = st.dictionaries(st.sampled_from("pqrs"), st.sampled_from(["crm", "erp"]), max_size=2)


@given(RECORDS, RECORDS, RECORDS)
def test_no_echo_what_equals_the_last_look_is_no_change(seen, told, golden):
    assert merge(seen, told, golden, dict(seen), "crm", FREE) is None


@given(RECORDS, RECORDS, RECORDS, RECORDS, OWNERS)
def test_every_golden_value_was_typed_by_somebody(seen, told, golden, theirs, owners):
    out = merge(seen, told, golden, theirs, "crm", Rules(owners=owners))
    for name, value in (out.golden if out else {}).items():
        assert value == golden.get(name, NOTHING) or value == theirs.get(name, NOTHING)


@given(RECORDS, RECORDS, RECORDS, RECORDS, OWNERS)
def test_ownership_nobody_changes_what_another_owns(seen, told, golden, theirs, owners):
    out = merge(seen, told, golden, theirs, "crm", Rules(owners=owners))
    for name, owner in owners.items():
        if out and owner == "erp" and golden.get(name) is not None:
            assert out.golden[name] == golden[name]


@given(RECORDS, RECORDS, RECORDS, RECORDS, OWNERS)
def test_no_golden_value_is_replaced_that_the_system_was_not_told(seen, told, golden, theirs, owners):
    out = merge(seen, told, golden, theirs, "crm", Rules(owners=owners))
    for name in out.taken if out else ():
        knew = told.get(name, NOTHING) == golden.get(name, NOTHING)
        assert knew or golden.get(name) is None or owners.get(name) == "crm"


@given(RECORDS, RECORDS, RECORDS, RECORDS)
def test_no_conflict_nobody_caused(seen, told, golden, theirs):
    out = merge(seen, told, golden, theirs, "crm", FREE)
    for clash in out.conflicts if out else ():
        assert clash.theirs != seen.get(clash.field, NOTHING)
        assert clash.ours != told.get(clash.field, NOTHING)
        assert clash.ours != clash.theirs


@given(RECORDS, RECORDS, RECORDS, RECORDS, OWNERS)
def test_merging_twice_is_merging_once(seen, told, golden, theirs, owners):
    rules = Rules(owners=owners)
    first = merge(seen, told, golden, theirs, "crm", rules)
    if first is not None:
        again = merge({**seen, **theirs}, first.told, first.golden, theirs, "crm", rules)
        assert again is None or (again.golden, again.taken, again.conflicts, again.overruled) == (
            first.golden,
            [],
            [],
            [],
        )


@given(RECORDS, RECORDS, RECORDS, RECORDS)
def test_whoever_typed_it_owes_nothing_for_it(seen, told, golden, theirs):
    out = merge(seen, told, golden, theirs, "crm", FREE)
    if out is not None:
        owed = debt(out.told, out.golden, out.golden)
        assert not owed.keys() & set(out.taken)


@given(RECORDS, RECORDS)
def test_a_paid_debt_is_gone(told, golden):
    owed = debt(told, golden, golden)
    assert debt({**told, **owed}, golden, golden) == {}
    assert all(golden[name] == value for name, value in owed.items())


@given(RECORDS, RECORDS, RECORDS, RECORDS)
def test_what_is_not_read_is_not_touched(seen, told, golden, theirs):
    out = merge(seen, told, golden, theirs, "crm", FREE)
    for name in golden.keys() - theirs.keys():
        assert out is None or out.golden[name] == golden[name]


LINE_SETS = st.dictionaries(st.sampled_from("1234"), st.fixed_dictionaries({"q": VALUES, "p": VALUES}), max_size=4)


def as_lines(rows):
    return {"lines": [line(no, **rows[no]) for no in sorted(rows)]}


@given(LINE_SETS, LINE_SETS, LINE_SETS)
def test_lines_a_line_that_they_did_not_touch_stays_as_it_is(base, ours, theirs):
    out = merge(as_lines(base), as_lines(base), as_lines(ours), as_lines(theirs), "crm", LINES)
    if out is None:
        return
    after = by_key(out.golden["lines"], "no")
    for no in {*base, *ours, *theirs}:
        if theirs.get(no) == base.get(no):
            assert after.get(no) == by_key(as_lines(ours)["lines"], "no").get(no)


@given(LINE_SETS, LINE_SETS, LINE_SETS)
def test_lines_every_value_was_typed_by_somebody(base, ours, theirs):
    out = merge(as_lines(base), as_lines(base), as_lines(ours), as_lines(theirs), "crm", LINES)
    for row in out.golden["lines"] if out else ():
        for name in "qp":
            typed = [rows[row["no"]][name] for rows in (ours, theirs) if row["no"] in rows]
            assert row.get(name) in [*typed, None]


@given(LINE_SETS, LINE_SETS)
def test_lines_where_only_they_moved_golden_follows(base, theirs):
    out = merge(as_lines(base), as_lines(base), as_lines(base), as_lines(theirs), "crm", LINES)
    if out is not None:
        assert out.conflicts == []
        assert debt(out.told, out.golden, ["lines"], lines={"lines": ("no", {"q", "p"})}) == {}
        assert by_key(out.golden["lines"], "no") == by_key(as_lines(theirs)["lines"], "no")
