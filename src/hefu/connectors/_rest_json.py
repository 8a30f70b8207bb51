"""JSON without loss: exact numbers in and out, paths into nested bodies, templates of requests.

Why not orjson for reading: it makes binary floats of numbers (0.1 + 0.2 of money). The standard library's parser with
`parse_float=Decimal` reads a page of 100 records in 0.3 ms; nothing faster keeps the digits without a new dependency.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from email.message import Message
from typing import Any, TypeAlias

import orjson

from hefu.core.connector import Answer
from hefu.core.env import stamp
from hefu.core.errors import Unsupported

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_STEP = re.compile(r"""([^.\[\]"]+)|\[(\d+)\]|\["([^"]+)"\]""")
_HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_MOST_DIGITS = 400
_MARK = re.compile(r'"\\u0000(-?[0-9.eE+-]+)\\u0000"')


class NotJson(Exception):
    """A body that is no JSON. `what`: html, empty, cut, text, number. `start`: how it begins."""

    def __init__(self, what: str, start: str) -> None:
        super().__init__(what)
        self.what, self.start = what, start


def _number(text: str) -> Decimal:
    if len(text) > _MOST_DIGITS:
        raise NotJson("number", text[:60])
    number = Decimal(text)
    if not -_MOST_DIGITS < number.adjusted() < _MOST_DIGITS:  # 1e999999999 would fill the memory when written out
        raise NotJson("number", text[:60])
    return number


def _no_number(text: str) -> Any:
    raise NotJson("number", text)


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_no_number)


def loads(answer: Answer) -> Any:
    """The body's value, numbers as int or Decimal. Raises NotJson. Nesting is bounded by Python's own limit."""
    try:
        text = answer.body.decode(_charset(answer.headers.get("content-type", "")))
    except UnicodeDecodeError:
        raise NotJson("text", repr(answer.body[:60])) from None
    try:
        value = _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotJson(_kind(text, error), " ".join(text[:200].split())[:80]) from None
    except ValueError:  # an integer of more digits than Python converts
        raise NotJson("number", text[:60]) from None
    if "\\ud" in text or "\\uD" in text:
        _whole_characters(text)
    return value


def _whole_characters(text: str) -> None:
    """Half a surrogate pair can be parsed but never stored."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotJson("text", text[:60]) from None


def _charset(content_type: str) -> str:
    if "charset" not in content_type:
        return "utf-8-sig"
    message = Message()
    message["content-type"] = content_type
    name = str(message.get_param("charset") or "utf-8")
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return "utf-8-sig"
    return "utf-8-sig" if found == "utf-8" else found


def _kind(text: str, error: Exception) -> str:
    start = text.lstrip()[:1]
    if not start:
        return "empty"
    if start == "<":
        return "html"
    ends = isinstance(error, json.JSONDecodeError) and error.pos >= len(text.rstrip()) - 1
    return "cut" if start in "{[" and (ends or "Unterminated" in str(error)) else "text"


def dumps(value: Any) -> bytes:
    """JSON with every digit of a Decimal. A Decimal that a double holds exactly as written takes the fast way."""
    try:
        return orjson.dumps(value, default=_plain)
    except (TypeError, orjson.JSONEncodeError):
        text = json.dumps(value, default=_marked, ensure_ascii=False)
        return _MARK.sub(r"\1", text).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        near = float(value)
        if Decimal(repr(near)) == value:
            return int(value) if value == value.to_integral_value() and abs(near) < 1e15 else near
        raise TypeError("needs more digits than a double has")
    raise TypeError(type(value).__name__)


def _marked(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"\0{value:f}\0"
    raise TypeError(type(value).__name__)


# ------------------------------------------------------------------------ paths


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
