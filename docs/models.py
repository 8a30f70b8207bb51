"""Turns the types of documents and settings into tables: each word with its type, default and meaning."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.words import PARTS, TYPES
from hefu.core.schemas.words import CHOICES, WORDS

REQUIRED = "✱"


def t(language: str, en: str, zh: str) -> str:
    """The text in the page's language."""
    return zh if language == "zh" else en


def cell(text: object) -> str:
    """Text that a table cell can hold."""
    return str(text).replace("|", "\\|").replace("\n", " ").strip()


def parts(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """The model and every model its fields are made of, each once."""
    if model in seen:
        return
    seen.add(model)
    yield model
    for info in model.model_fields.values():
        for inner in _inside(info.annotation):
            yield from parts(inner, seen)


def _inside(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for argument in typing.get_args(kind):
        yield from _inside(argument)


def purpose(model: type[BaseModel], language: str, room: str = "") -> str:
    """A line about a part; in Chinese from `docs/words.py`. Raises KeyError where that has none."""
    if language == "zh":
        return PARTS[f"{room}.{model.__name__}" if room else model.__name__]
    return " ".join((model.__doc__ or "").strip().split("\n\n", maxsplit=1)[0].split())


def table(model: type[BaseModel], language: str, chinese: Mapping[str, str] | None = None, room: str = "") -> list[str]:
    """The words of a part. `chinese`: word -> meaning, where neither the field nor `schemas/words.py` says it."""
    head = t(language, "| word | type | default | meaning |", "| 字段 | 类型 | 默认值 | 含义 |")
    lines = [head, "|---|---|---|---|"]
    for name, info in model.model_fields.items():
        told = _about(model, name, info, language, chinese or {})
        kind = shape(info.annotation, language, room)
        lines.append(f"| `{info.alias or name}` | {cell(kind)} | {cell(default(info))} | {cell(told)} |")
    return [*lines, ""]


def _about(model: type[BaseModel], name: str, info: FieldInfo, language: str, chinese: Mapping[str, str]) -> str:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    english, own = WORDS.get(f"{model.__name__}.{name}", ("", ""))
    told = (extra.get("zh") or own or chinese.get(name, "")) if language == "zh" else (info.description or english)
    choices = CHOICES.get(f"{model.__name__}.{name}", "")
    return " ".join(filter(None, (str(told), f"({choices})" if choices else "")))


def default(info: FieldInfo) -> str:
    """The default as a user would write it; a mark where there is none; blank where leaving it out is the default."""
    if info.is_required():
        return REQUIRED
    value = info.default_factory() if info.default_factory else info.default  # type: ignore[call-arg]
    if value is PydanticUndefined or isinstance(value, BaseModel | SecretStr) or value in (None, "", [], {}, ()):
        return ""
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return _duration(int(value.total_seconds()))
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_written(v)}" for k, v in value.items()) + "}"
    return str(value)


def _duration(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def shape(kind: Any, language: str, room: str = "") -> str:
    """A type in words; a part of its own as a link to where it stands on the page."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return shape(inner[0], language, room)
    if origin is typing.Literal:
        return ", ".join(f"`{str(a).lower() if isinstance(a, bool) else a}`" for a in inner)
    if origin in (typing.Union, types.UnionType):
        said = [shape(a, language, room) for a in inner if a is not type(None)]
        return t(language, " or ", " 或 ").join(dict.fromkeys(said))
    if origin in (list, tuple, set, frozenset):
        items = dict.fromkeys(shape(a, language, room) for a in inner if a is not Ellipsis)
        return t(language, "list of ", "列表：") + ", ".join(items)
    if origin is dict:
        return f"{shape(inner[0], language, room)} → {shape(inner[1], language, room)}"
    return _plain(kind, language, room)


def _plain(kind: Any, language: str, room: str) -> str:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{anchor(kind, room)})"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ", ".join(f"`{one.value}`" for one in kind)
    name = getattr(kind, "__name__", str(kind))
    known = TYPES.get(name)
    return t(language, *known) if known else name


def anchor(model: type[BaseModel], room: str = "") -> str:
    """The name by which a heading of the page is linked."""
    return f"{room}-{model.__name__}".strip("-").lower()
