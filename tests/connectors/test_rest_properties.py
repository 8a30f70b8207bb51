"""Properties of the REST connector's pure parts: numbers survive, paths find what they put, a walk misses nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hefu.connectors._rest_paging import Sheet, Walk, next_link
from hefu.connectors._rest_paths import ABSENT, fill, get, path, put
from hefu.connectors._rest_settings import Paging
from hefu.connectors._rest_values import flat, nest
from hefu.core.errors import Unsupported

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
PLAIN = st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)


@given(st.lists(NAMES | st.integers(0, 5), min_size=1, max_size=5), PLAIN)
def test_a_path_finds_what_it_put(steps: list[Any], value: Any) -> None:
    text = "".join(f"[{s}]" if isinstance(s, int) else f'["{s}"]' for s in steps)
    assert path(text) == tuple(steps)
    assert get(put(None, path(text), value), path(text)) == value


@pytest.mark.parametrize(
    ("text", "steps"),
    [("", ()), ("a", ("a",)), ("a.b[0].c", ("a", "b", 0, "c")), ("[2]", (2,)), ('a["x.y"].z', ("a", "x.y", "z")),
     ("meta.cursor-next", ("meta", "cursor-next")), ("客户.名称", ("客户", "名称"))],
)  # fmt: skip
def test_paths(text: str, steps: tuple[Any, ...]) -> None:
    assert path(text) == steps


@pytest.mark.parametrize("text", [".", "a.", ".a", "a..b", "a[", "a[x]", "a]b", "a[0]b", 'a["', "a[-1]"])
def test_no_paths(text: str) -> None:
    with pytest.raises(Unsupported):
        path(text)


FLAT = st.dictionaries(
    NAMES,
    st.recursive(PLAIN, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3), max_leaves=6)
    | st.lists(
        st.dictionaries(NAMES.filter(lambda n: n != "value"), PLAIN, min_size=1, max_size=3), min_size=1, max_size=3
    )
    | st.lists(TEXTS, max_size=3),
    max_size=5,
)


@given(FLAT)
def test_a_record_that_nobody_described_goes_both_ways(record: dict[str, Any]) -> None:
    assert nest(flat(record)) == record


@pytest.mark.parametrize(
    ("template", "facts", "filled"),
    [
        ("{n}", {"n": 5}, 5),
        ("p{n}", {"n": 5}, "p5"),
        ("{n}", {"n": None}, ABSENT),
        ("p{n}", {"n": None}, ABSENT),
        ({"a": "{n}", "b": {"c": "{n}"}, "d": 1}, {"n": None}, {"d": 1}),
        (
            {"q": "query { customers(first: {size}) { id } }"},
            {"size": 5},
            {"q": "query { customers(first: 5) { id } }"},
        ),
        (["{n}", "{m}", 1], {"n": None, "m": True}, [True, 1]),
        ("{other}", {"n": 1}, "{other}"),
        ({}, {}, {}),
    ],
)
def test_templates(template: Any, facts: dict[str, Any], filled: Any) -> None:
    assert fill(template, facts) == filled


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last"', "https://a/x?page=2"),
        ('<https://a/x?page=1>; rel="prev"', None),
        ("</x?a=1,2;3>; rel=next", "/x?a=1,2;3"),
        ('<u>; title="next"; rel="last"', None),
        ('<u>; rel="last next"', "u"),
        ("", None),
        ("<<<", None),
    ],
)
def test_link_headers(header: str, url: str | None) -> None:
    assert next_link(header) == url


# ------------------------------------------------------------------------- walks


def at_once(work: Callable[[], Sheet]) -> Future[Sheet]:
    done: Future[Sheet] = Future()
    done.set_result(work())
    return done


class Listing:
    """A list by id that people change between any two calls."""

    def __init__(self, count: int, cap: int, total: bool, plan: list[tuple[str, int]]) -> None:
        self.rows, self.cap, self.total = list(range(count)), cap, total
        self.plan, self.stayed, self.calls = iter(plan), set(range(count)), 0

    def ask(self, size: int, by_page: bool, place: Mapping[str, Any]) -> Sheet:
        self.calls += 1
        size = min(size, self.cap)
        start = (place["page"] - 1) * size if by_page else place["offset"]
        rows, total = self.rows[start : start + size], len(self.rows)
        what, number = next(self.plan, ("rest", 0))
        if what == "drop" and self.rows:
            self.stayed.discard(self.rows.pop(number % len(self.rows)))
        elif what == "add":
            self.rows.append(max(self.rows, default=0) + 1000 + number)
        body = {"total": total} if self.total else {}
        return Sheet([{"id": n} for n in rows], body, {})


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(0, 60),
    size=st.integers(1, 12),
    cap=st.sampled_from([5, 10, 100]),
    by_page=st.booleans(),
    width=st.integers(1, 4),
    plan=st.lists(st.tuples(st.sampled_from(["rest", "drop", "add"]), st.integers(0, 100)), max_size=12),
)
def test_who_stays_is_met_while_others_come_and_go(
    count: int, size: int, cap: int, by_page: bool, width: int, plan: list[tuple[str, int]]
) -> None:
    """With a total in each page. (A drop and an add between the same two calls hide each other: see the next test.)"""
    listing = Listing(count, cap, True, plan)
    paging = Paging(type="page" if by_page else "offset", size=size, total="total")
    walk = Walk(paging, lambda e: e["id"], width, at_once, {})
    met = {e["id"] for turn in walk.pages(lambda place: listing.ask(size, by_page, place)) for e in turn.sheet.entries}
    assert listing.stayed <= met


@given(
    count=st.integers(0, 80),
    size=st.integers(1, 20),
    cap=st.sampled_from([5, 10, 15, 100]),
    by_page=st.booleans(),
    total=st.booleans(),
    width=st.integers(1, 4),
)
def test_a_list_at_rest_is_met_once_with_the_fewest_calls(
    count: int, size: int, cap: int, by_page: bool, total: bool, width: int
) -> None:
    listing = Listing(count, cap, total, [])
    paging = Paging(type="page" if by_page else "offset", size=size, total="total" if total else None)
    walk = Walk(paging, lambda e: e["id"], width, at_once, {})
    turns = list(walk.pages(lambda place: listing.ask(size, by_page, place)))
    assert [e["id"] for turn in turns for e in turn.sheet.entries] == list(range(count))
    assert [turn.resume is None for turn in turns] == [False] * (len(turns) - 1) + [True]
    assert listing.calls <= -(-count // min(size, cap)) + 1
