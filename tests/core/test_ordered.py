"""Walking two ordered sides says what comparing two dicts would say, however they are cut into batches."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hefu.core.ordered import singly, walk

KEYS = st.integers(0, 40)
SIDES = st.dictionaries(KEYS, st.sampled_from(["x", "y"]))


def batches(rows: list[Any], size: int) -> Any:
    return iter([rows[i : i + size] for i in range(0, len(rows), size)])


@given(SIDES, SIDES, st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_a_walk_finds_what_differs_and_what_is_alone(
    left: dict[int, str], right: dict[int, str], one: int, other: int, block: int
) -> None:
    gaps = list(walk(batches(sorted(left.items()), one), batches(sorted(right.items()), other), block))
    assert [k for g in gaps for k in g.left] == sorted(left.keys() - right.keys())
    assert [k for g in gaps for k in g.right] == sorted(right.keys() - left.keys())
    assert [k for g in gaps for k in g.differ] == sorted(k for k in left.keys() & right.keys() if left[k] != right[k])


@given(st.lists(KEYS), st.integers(1, 5))
def test_the_first_row_of_each_key_goes_on_and_the_others_are_told(keys: list[int], size: int) -> None:
    rows, again = [(k, n) for n, k in enumerate(sorted(keys))], list[int]()
    once = [row for batch in singly(batches(rows, size), again.extend) for row in batch]
    assert [k for k, _ in once] == sorted(set(keys))
    assert sorted([*again, *(k for k, _ in once)]) == sorted(keys)
