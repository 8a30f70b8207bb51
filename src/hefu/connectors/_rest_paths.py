"""Paths into nested bodies, and templates of requests: how a described JSON API is taken apart and put together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from hefu.connectors._json import dumps
from hefu.core.env import stamp
from hefu.core.errors import Unsupported

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_STEP = re.compile(r"""([^.\[\]"]+)|\[(\d+)\]|\["([^"]+)"\]""")
_HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def path(text: str) -> Path:
    """'a.b[0].c' or 'a["x.y"]' as steps; '' is the whole. Raises Unsupported for what is no path."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (found[1] is not None and at and text[at - 1] != "."):
            raise Unsupported("rest.bad_path", path=text)
        steps.append(int(found[2]) if found[2] is not None else found[1] or found[3])
        at = found.end()
        if at < len(text) and text[at] == ".":
            at += 1
            if at == len(text):
                raise Unsupported("rest.bad_path", path=text)
    return tuple(steps)


class _Absent:
    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()
"""What a path finds where there is nothing (null is something)."""


def get(value: Any, steps: Path, default: Any = ABSENT) -> Any:
    """What is at that path, else `default`."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
    return value


def put(body: Any, steps: Path, value: Any) -> Any:
    """`body` with `value` at that path; missing objects and lists are made. Changes `body` in place where it can."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        body = body if isinstance(body, list) else []
        body.extend(None for _ in range(step + 1 - len(body)))
        body[step] = put(body[step], rest, value)
    else:
        body = body if isinstance(body, dict) else {}
        body[step] = put(body.get(step), rest, value)
    return body


# -------------------------------------------------------------------- templates


def fill(template: Any, facts: Mapping[str, Any], written: Callable[[Any], str] | None = None) -> Any:
    """A template with its {holes} filled; a hole alone keeps its type.

    A member whose hole has no value (None) is left out, and so is an object that becomes empty by that.
    Holes of other names stay as they are (a GraphQL text has braces of its own).
    """
    if isinstance(template, str):
        return _text(template, facts, written or text)
    if isinstance(template, Mapping):
        inner = {name: fill(part, facts, written) for name, part in template.items()}
        kept = {name: part for name, part in inner.items() if part is not ABSENT}
        return kept if kept or not inner else ABSENT
    if isinstance(template, Sequence):
        parts = (fill(part, facts, written) for part in template)
        return [part for part in parts if part is not ABSENT]
    return template


def _text(template: str, facts: Mapping[str, Any], written: Callable[[Any], str]) -> Any:
    alone = _HOLE.fullmatch(template)
    if alone and alone[1] in facts:
        value = facts[alone[1]]
        return ABSENT if value is None else value
    holes = [name for name in _HOLE.findall(template) if name in facts]
    if any(facts[name] is None for name in holes):
        return ABSENT
    return _HOLE.sub(lambda hole: written(facts[hole[1]]) if hole[1] in facts else hole[0], template)


def holes(template: Any) -> set[str]:
    """The names of all holes."""
    if isinstance(template, str):
        return set(_HOLE.findall(template))
    inner = template.values() if isinstance(template, Mapping) else template if isinstance(template, list) else ()
    return set().union(*map(holes, inner))


def text(value: Any) -> str:
    """A value as a URL or a form writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return dumps(value).decode()
    return str(value)
