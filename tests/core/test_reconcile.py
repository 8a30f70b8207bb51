"""The comparing and the naming of differences, one rule at a time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.core.merge import NOTHING
from hefu.core.reconcile import Case, Held, Kind, Memory, Outcome, Section, classify, classify_missing, differences
from hefu.core.records import Field, FieldType

LINES = {"lines": ("line_no", frozenset({"line_no", "quantity", "price"}))}


def memory(**more: Any) -> Memory:
    kept = {"name": "Acme", "credit": "10"}
    return Memory(**{"state": "active", "told": kept, "seen": kept, "writes": {"name", "credit"}, **more})


def case(left: Any, right: Any, field: str = "name", **more: Any) -> tuple[Kind, str]:
    """What is said of one field; `lm` and `rm` are what the hub remembers of each side."""
    lm, rm = more.pop("lm", None), more.pop("rm", None)
    declared, project = more.pop("declared", {}), more.pop("project", lambda _f, _v: NOTHING)
    one = Case(Held("1", {field: left}, lm), Held("2", {field: right}, rm, declared, project), **more)
    return classify(one, field, {})


def test_blank_is_blank_and_what_was_not_sent_cannot_differ() -> None:
    shape = {"a": None, "b": None, "c": None, "d": None}
    left, right = {"a": None, "b": "", "c": "x"}, {"a": "", "b": None, "d": "y"}
    assert list(differences(left, right, shape)) == []
    assert list(differences({"a": "0"}, {"a": ""}, shape)) == [("a", "0", "")]


def test_lines_are_compared_by_their_key() -> None:
    left = [{"line_no": "1", "quantity": "5"}, {"line_no": "2", "price": "1"}, {"line_no": "10", "price": "3"}]
    right = [{"line_no": "10", "price": "3"}, {"line_no": "1", "quantity": "6", "remark": "only here"}]
    found = list(differences({"lines": left}, {"lines": right}, LINES))
    assert found == [("lines[1].quantity", "5", "6"), ("lines[2]", {"line_no": "2", "price": "1"}, None)]


def test_the_same_line_under_another_number_is_said_once_and_explained() -> None:
    """Each system numbers its lines; a cent, or one line more, is still a difference that nothing explains."""
    left = [{"line_no": "10", "quantity": "5", "price": "1.50"}, {"line_no": "20", "quantity": "5", "price": "1.50"},
            {"line_no": "30", "quantity": "1", "price": "9.00"}]  # fmt: skip
    right = [{"line_no": "E7", "quantity": "5", "price": "1.50", "shipped": "5"},
             {"line_no": "E8", "quantity": "1", "price": "9.01"}]  # fmt: skip
    found = list(differences({"lines": left}, {"lines": right}, LINES))
    assert found == [
        ("lines[10].line_no", "10", "E7"),
        ("lines[20]", left[1], None),
        ("lines[30]", left[2], None),
        ("lines[E8]", None, right[1]),
    ]
    both = Case(Held("1", {"lines": left}), Held("2", {"lines": right}))
    told = [classify(both, path, {"lines": "line_no"}) for path, _, _ in found]
    assert told == [(Kind.TRANSFORMED, "line_numbers"), *[(Kind.UNEXPLAINED, "nothing_known")] * 3]


@given(st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.text("ab ", max_size=3))))
def test_nothing_differs_from_itself(values: dict[str, Any]) -> None:
    assert list(differences(values, dict(values), dict.fromkeys("abc"))) == []


@given(*[st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", None, "x", "y"]))] * 2)
def test_left_and_right_are_alike(a: dict[str, Any], b: dict[str, Any]) -> None:
    shape = dict.fromkeys("abc")
    assert [(p, y, x) for p, x, y in differences(a, b, shape)] == list(differences(b, a, shape))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (case("Acme", "Apex"), (Kind.UNEXPLAINED, "nothing_known")),
        (case("Acme", "Apex", disputed=["name"]), (Kind.CONFLICT, "waits_for_person")),
        (case("Acme", "Apex", disputed=["phone"]), (Kind.UNEXPLAINED, "nothing_known")),
        (case("Acme", "Apex", lm=memory(), rm=memory()), (Kind.DRIFT, "edited_unseen")),
        (case("Acme", "ACME", lm=memory(), rm=memory()), (Kind.DRIFT, "edited_unseen")),
        (case("Acme", "Apex", lm=memory(), rm=memory(stale=True)), (Kind.IN_FLIGHT, "not_read_yet")),
        (case("Acme", "Apex", lm=memory(stale=True), rm=memory()), (Kind.DRIFT, "edited_unseen")),
        (case("Acme", "ACME", rm=memory(seen={"name": "ACME"})), (Kind.TRANSFORMED, "rewritten")),
        (case("Acme", "Acm", rm=memory(seen={"name": "Acm"})), (Kind.TRANSFORMED, "rewritten")),
        (case("Acme", "Acm"), (Kind.UNEXPLAINED, "nothing_known")),
        (case("Acme", "Acm", declared={"name": Field("n", length=3)}), (Kind.TRANSFORMED, "rewritten")),
        (case("Acme", "Other", project=lambda _f, _v: "Other"), (Kind.TRANSFORMED, "mapping")),
        (case("Acme", "Apex", project=lambda _f, _v: NOTHING), (Kind.UNEXPLAINED, "nothing_known")),
        (case("Acme", "Apex", lm=memory(state="unlinked", stale=True, seen={})), (Kind.IN_FLIGHT, "not_read_yet")),
        (case("Acme", "Apex", lm=memory(seen={}, reread=True)), (Kind.IN_FLIGHT, "mapping_changed")),
    ],
)
def test_a_difference_has_one_class(told: tuple[Kind, str], expected: tuple[Kind, str]) -> None:
    assert told == expected


def test_a_debt_explains_only_while_somebody_works_on_it() -> None:
    golden = {"name": "New"}
    known = {"lm": memory(told=golden, seen=golden), "golden": golden}
    assert case("New", "Acme", rm=memory(busy=True), **known) == (Kind.IN_FLIGHT, "owed")
    assert case("New", "Acme", rm=memory(waits="person"), **known) == (Kind.CONFLICT, "refused")
    assert case("New", "Acme", rm=memory(), **known)[0] is Kind.UNEXPLAINED, "owed and forgotten is the hub's fault"
    assert case("New", "Acme", rm=memory(busy=True, writes=()), **known)[0] is Kind.UNEXPLAINED


@pytest.mark.parametrize(
    ("left", "right", "scale", "told", "kind"),
    [
        ("10.005", "10.01", 2, False, Kind.ROUNDING),
        ("10.005", "10", 2, False, Kind.ROUNDING),
        ("10.005", "10.02", 2, False, Kind.UNEXPLAINED),
        ("10.01", "10.02", 2, True, Kind.UNEXPLAINED),
        ("10.5", "11", 0, False, Kind.ROUNDING),
        ("10.005", "10.01", None, False, Kind.UNEXPLAINED),
        ("10.005", "10.01", None, True, Kind.ROUNDING),
        ("10.41", "10.4", None, True, Kind.UNEXPLAINED),
        ("10.41", "10.4", 2, True, Kind.UNEXPLAINED),
    ],
)
def test_rounding_needs_a_declared_scale_and_a_cent_is_never_excused(
    left: str, right: str, scale: int | None, told: bool, kind: Kind
) -> None:
    declared = {"credit": Field("c", FieldType.MONEY, scale=scale)}
    rm = memory(told={"credit": left}, seen={"credit": right}) if told else None
    assert case(left, right, "credit", rm=rm, declared=declared, numeric={"credit"})[0] is kind


@pytest.mark.parametrize(
    ("other", "disputed", "mine", "expected"),
    [
        (None, (), None, Kind.MISSING_RIGHT),
        (memory(), (), memory(), Kind.MISSING_RIGHT),
        (memory(), ("rejected",), memory(), Kind.CONFLICT),
        (memory(state="wanted", busy=True), (), memory(), Kind.IN_FLIGHT),
        (memory(state="wanted"), (), memory(), Kind.MISSING_RIGHT),
        (memory(state="wanted", waits="filtered"), (), memory(), Kind.FILTERED),
        (memory(state="missing"), (), memory(), Kind.IN_FLIGHT),
        (memory(state="tombstone"), (), memory(busy=True), Kind.IN_FLIGHT),
        (memory(state="tombstone"), (), memory(), Kind.MISSING_RIGHT),
        (None, (), memory(state="unlinked", stale=True), Kind.IN_FLIGHT),
    ],
)
def test_a_missing_record_has_one_class(other: Any, disputed: Any, mine: Any, expected: Kind) -> None:
    assert classify_missing(Held("1", {}, mine), other, disputed, Kind.MISSING_RIGHT)[0] is expected


def test_the_headline_counts_what_nothing_explains() -> None:
    section = Section("customer", "a", "b", "crm", "erp", classes={kind.value: 1 for kind in Kind})
    assert Outcome([section]).unexplained == 5
