"""What the hub says to people, in English and Chinese: one entry per error code.

Each entry says what happened and what to do next; `{name}` is filled from the error's facts. One file per room, so
that a code is found beside the others of its kind; docs/reference/errors.md is generated from here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, NamedTuple

from hefu.core.errors import HubError


class Words(NamedTuple):
    """What happened and what to do next, in both languages."""

    en: str
    zh: str
    next_en: str
    next_zh: str


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _collect() -> dict[str, Words]:
    out: dict[str, Words] = {}
    for room in pkgutil.iter_modules(__path__):
        out |= importlib.import_module(f"{__name__}.{room.name}").ERRORS
    return out


ERRORS: dict[str, Words] = _collect()


def tell(error: HubError, language: str = "en") -> tuple[str, str]:
    """(what happened, what to do next) in "en" or "zh". An unknown code (a third party's) tells its facts."""
    words = ERRORS.get(error.code)
    if words is None:
        return str(error), ""
    what, then = (words.zh, words.next_zh) if language == "zh" else (words.en, words.next_en)
    facts = _Blank(error.facts)
    return what.format_map(facts), then.format_map(facts)


def spoken(code: str, facts: Mapping[str, Any], language: str = "en") -> tuple[str, str]:
    """The same for an error that was kept as its code and facts, those of its cause inside of them."""
    if code not in ERRORS:
        return code, ""
    inner, error = facts.get("facts"), HubError(code)
    error.facts = {**facts, **inner} if isinstance(inner, Mapping) else dict(facts)
    return tell(error, language)
