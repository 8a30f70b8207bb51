"""JSON of any system: numbers survive, and whatever else comes is a clear no."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hefu.connectors._json import NotJson, dumps, loads
from hefu.core.connector import Answer

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
PLAIN = st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS
BODIES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def told(body: bytes) -> Answer:
    return Answer(200, {}, body)


@given(BODIES)
def test_what_is_written_is_read_back_digit_by_digit(body: Any) -> None:
    assert loads(told(dumps(body))) == body


@given(st.binary(max_size=200) | TEXTS.map(str.encode) | BODIES.map(lambda b: dumps(b)[:-1]))
def test_any_bytes_are_json_or_a_clear_no(body: bytes) -> None:
    try:
        value = loads(told(body))
    except NotJson:
        return
    dumps(value)
