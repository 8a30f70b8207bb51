"""Record ids: fifteen characters where case counts, and three more that carry the case for those who lose it."""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")


def make(prefix: str, number: int) -> str:
    """The id of the n-th record of an object."""
    text = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        text = _DIGITS[digit] + text
    return whole(f"{prefix}gLa{text}")


def whole(text: str) -> str:
    """The eighteen characters of an id of fifteen or eighteen. Raises ValueError for what is no id."""
    if not _SHAPE.fullmatch(text):
        raise ValueError(text)
    short = text[:15]
    tail = ""
    for part in (short[:5], short[5:10], short[10:]):
        tail += _CASES[sum(1 << n for n, c in enumerate(part) if c.isupper())]
    return short + tail
