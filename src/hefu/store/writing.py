"""Documents written as YAML that people like to read: short things on one line, a comment where one helps.

YAML readers of version 1.1 must see the same as we do, so whatever either might twist is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from hefu.core.documents import Path
from hefu.store.tree import scalar

WIDTH = 110

_PLAIN = re.compile(r"[^\W\d_](?:[\w./ -]*[\w./-])?|[1-9]\d*[smhd]")
_TWISTED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"}
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufff9-\uffff]")
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def document(model: BaseModel) -> str:
    """The text of one document. What was never stated is left out: an entity that extends another would override it."""
    return text(model.model_dump(by_alias=True, exclude_unset=True))


def text(value: Mapping[str, Any], comments: Mapping[Path, str] | None = None) -> str:
    """YAML of a map. `comments` stand behind the line of the place that they belong to."""
    return "\n".join(_Writer(comments or {}).words(value, ())) + "\n"


def one_line(value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{word(str(k))}: {one_line(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(one_line, value)) + "]"
    return _scalar(value)


def word(value: str) -> str:
    """A text, quoted where it must be."""
    if _PLAIN.fullmatch(value) and value.casefold() not in _TWISTED and isinstance(scalar(value), str):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def duration(value: timedelta) -> str:
    """'90s', '2h'; seconds with decimals where there are any."""
    seconds = Decimal(value.days * 86400 + value.seconds) + Decimal(value.microseconds) / 1_000_000
    if seconds != int(seconds) or seconds < 0:
        return f"{seconds.normalize():f}"
    whole = int(seconds)
    size, unit = next(((size, unit) for size, unit in _UNITS if whole and whole % size == 0), (1, "s"))
    return f"{whole // size}{unit}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int | Decimal):
        return str(value)
    return word(value.isoformat() if isinstance(value, date) else str(value))


class _Writer:
    def __init__(self, comments: Mapping[Path, str]) -> None:
        self.comments = comments

    def words(self, value: Mapping[str, Any], path: Path) -> list[str]:
        lines: list[str] = []
        for key, below in value.items():
            here = (*path, str(key))
            flat = one_line(below)
            if self.fits(below, flat, here):
                lines.append(f"{word(str(key))}: {flat}{self.comment(here)}")
            else:
                inner = self.words(below, here) if isinstance(below, Mapping) else self.items(below, here)
                lines += [f"{word(str(key))}:{self.comment(here)}", *(f"  {line}" for line in inner)]
        return lines

    def items(self, value: list[Any], path: Path) -> list[str]:
        lines: list[str] = []
        for at, below in enumerate(value):
            here = (*path, at)
            flat = one_line(below)
            if self.fits(below, flat, here) or not isinstance(below, Mapping):
                lines.append(f"- {flat}{self.comment(here)}")
            else:
                first, *rest = self.words(below, here)
                lines += [f"- {first}{self.comment(here)}", *(f"  {line}" for line in rest)]
        return lines

    def fits(self, value: Any, flat: str, here: Path) -> bool:
        """May it stand on one line? Maps only if small, and nothing that has comments inside."""
        if not isinstance(value, Mapping | list) or not value:
            return True
        inside = any(len(path) > len(here) and path[: len(here)] == here for path in self.comments)
        nested = value if isinstance(value, list) else value.values()
        simple = not any(isinstance(v, Mapping) and v for v in nested)
        simple = simple and not (isinstance(value, list) and any(isinstance(v, list) for v in value))
        simple = simple and not any(isinstance(i, Mapping | list) for v in nested if isinstance(v, list) for i in v)
        on_top = len(here) == 1 and isinstance(value, Mapping) and len(value) > 2
        return not inside and simple and not on_top and len(flat) <= WIDTH - 2 * len(here)

    def comment(self, here: Path) -> str:
        return f"  # {self.comments[here]}" if here in self.comments else ""
