"""The shelf: what every vendor's sandbox keeps its records on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.sandbox.frame import Clock, Fault, struck
from hefu.sandbox.shelf import Event, Shelf, ShelfSource, place


class Still(Clock):
    """A clock that stands."""

    at = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def shelf(path: str = ":memory:") -> Shelf:
    return Shelf(path, Still(), {"customer": ["number"]})


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    one = shelf(path)
    one.put("customer", "1", {"number": "C1", "name": "华东", "limit": Decimal("10.50")}, "张敏", "person")
    assert one.number("bill", 100) == 100
    one.meta("sample", "1")
    one.close()
    again = shelf(path)
    assert again.get("customer", "1") == {"number": "C1", "name": "华东", "limit": "10.50"}
    assert (again.number("bill", 100), again.meta("sample"), again.count("customer")) == (101, "1", 1)
    assert [(c["what"], c["via"], c["title"]) for c in again.changes()] == [("created", "person", "华东")]


def test_a_deleted_record_stays_as_a_tombstone_and_may_come_back() -> None:
    s = shelf()
    s.put("customer", "1", {"name": "a"}, "x")
    assert s.remove("customer", "1", "x") is True
    assert s.remove("customer", "1", "x") is False
    assert (s.get("customer", "1"), s.count("customer"), s.rows("customer")) == (None, 0, [])
    assert [k.id for k in s.rows("customer", deleted=True)] == ["1"]
    s.put("customer", "1", {"name": "b"}, "x")
    assert [k.doc for k in s.rows("customer")] == [{"name": "b"}]


def test_an_error_takes_the_whole_change_back_and_nobody_hears_of_it() -> None:
    s, heard = shelf(), list[Event]()
    s.listeners.append(heard.append)
    with pytest.raises(ZeroDivisionError), s.change():
        s.put("customer", "1", {"name": "a"}, "x")
        s.number("bill")
        raise ZeroDivisionError
    assert (s.count("customer"), s.number("bill"), heard, s.changes()) == (0, 1, [], [])
    with s.change():
        s.put("customer", "1", {"name": "a"}, "x")
        assert heard == []
    assert [(e.kind, e.id) for e in heard] == [("created", "1")]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 7))
def test_pages_in_order_of_change_show_every_record_once(minutes: list[int], size: int) -> None:
    s = shelf()
    start = Still.at
    s.load("c", [(str(n), {"n": n}, start + timedelta(minutes=m)) for n, m in enumerate(minutes)])
    seen: list[Any] = []
    after: tuple[int, ...] = ()
    while page := s.rows("c", order="modified", after=after, limit=size):
        seen += page
        after = place(page[-1])
    assert sorted(k.doc["n"] for k in seen) == list(range(len(minutes)))
    assert [k.modified for k in seen] == sorted(k.modified for k in seen)
    later = s.rows("c", since=start + timedelta(minutes=2))
    assert len(later) == sum(m >= 2 for m in minutes)


def test_records_are_found_by_a_field_and_by_words() -> None:
    s = shelf()
    for n in range(30):
        s.put("customer", str(n), {"number": f"C{n:02}", "name": f"公司{n}", "closed": n % 2 == 0}, "x")
    assert [k.id for k in s.rows("customer", by={"number": "C07"})] == ["7"]
    total, found = s.find("customer", "公司2", 0, 3)
    assert (total, len(found)) == (11, 3)
    assert s.find("customer", "100%", 0, 3)[0] == 0


def test_a_person_edits_through_the_pages_and_hears_what_is_wrong() -> None:
    s = shelf()
    s.put("customer", "1", {"name": "a"}, "x")

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> None:
        if not values["name"]:
            raise ValueError("名称必填")
        s.put(obj, record_id, values, author, "person")

    source = ShelfSource(s, lambda _obj, kept: {"name": kept.doc["name"]}, edit)
    assert source.save("customer", "1", {"name": ""}, "张敏") == "名称必填"
    assert source.save("customer", "1", {"name": "b"}, "张敏") == ""
    assert source.one("customer", "1") == {"id": "1", "name": "b"}
    assert source.find("customer", "", 0, 5) == (1, [{"id": "1", "name": "b"}])
    assert source.recent()[0]["author"] == "张敏"


def test_a_fault_of_the_vendor_strikes_as_often_as_ordered() -> None:
    faults = [Fault("expire", path="/k3cloud/", times=2, skip=1)]
    hits = [struck(faults, "expire", path) is not None for path in ("/k3cloud/a", "/other", "/k3cloud/a", "/k3cloud/b")]
    assert (hits, faults) == ([False, False, True, True], [])
    assert struck([Fault("expire")], "locked") is None


def test_a_file_is_filled_once_or_stays_empty(tmp_path: Path) -> None:
    filled = []
    for name, empty in (("full", False), ("full", False), ("bare", True), ("bare", False)):
        s = shelf(str(tmp_path / name))
        s.fill_once(lambda: filled.append(name), empty=empty)  # noqa: B023 - called at once
        s.close()
    assert filled == ["full"]
