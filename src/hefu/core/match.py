"""Exact keys by which records of two systems are recognised as one business object.

The seam for fuzzy matching: whatever proposes candidates, `judge` decides whether they may be joined unasked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from hefu.core.identifiers import uscc_valid
from hefu.core.records import Normal

_NOISE = re.compile(r"[\s\u3000·・.,，。、'\"`\-_]+")
_CREDIT_CODES = ("credit_code", "tax_id", "uscc")


def match_key(fields: Sequence[str], values: Mapping[str, Normal]) -> str | None:
    """The comparable form of these fields together; None if one is blank or, for a credit code, not valid.

    Width, brackets, case, spaces and punctuation do not matter (NFKC maps full-width forms to half-width ones).
    """
    parts = []
    for name in fields:
        value = values.get(name)
        if not isinstance(value, str) or not value.strip():
            return None
        text = _comparable(value)
        if not text or (name in _CREDIT_CODES and not uscc_valid(text)):
            return None
        parts.append(text)
    return "\x1f".join(parts)[:400]


@lru_cache(maxsize=8192)
def _comparable(value: str) -> str:
    """Kept for a while: a record's keys are asked for when it is looked up, judged and remembered."""
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    return _NOISE.sub("", plain).upper()


def match_keys(rules: Sequence[Sequence[str]], values: Mapping[str, Normal]) -> list[str | None]:
    """One key per match rule, strongest first."""
    return [match_key(fields, values) for fields in rules]


class Verdict(NamedTuple):
    """`join`: the same object, by rule `kind`.  Else `kind` >= 0 says which key agreed although others contradict."""

    join: bool
    kind: int


def judge(mine: Sequence[str | None], other: Sequence[str | None], *, strict: bool = False) -> Verdict | None:
    """Whether two objects with these keys are one; None if no key agrees.

    The strongest key settles it; a weaker one only while no other key contradicts it: two companies of one name with
    different credit codes are for a person to look at. `strict`: so is one credit code on two names (a branch that
    uses the code of its parent, a slip of the pen).
    """
    agree = next((kind for kind, key in enumerate(mine) if key is not None and key == other[kind]), None)
    if agree is None:
        return None
    if agree == 0 and not strict:
        return Verdict(True, 0)
    against = [kind for kind, key in enumerate(mine) if key is not None and other[kind] not in (None, key)]
    return Verdict(not against, agree)
