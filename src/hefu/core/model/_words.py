"""Short words in which the ready entities are written, so that a field is one line to read."""

from __future__ import annotations

from typing import Any

from hefu.core.project import Entity, EntityField
from hefu.core.records import FieldType

CURRENCY = "currency"
"""The field that holds the currency of a document's amounts."""


def _field(kind: FieldType, en: str, zh: str, **more: Any) -> EntityField:
    return EntityField(type=kind, title={"en": en, "zh": zh}, **more)


def text(en: str, zh: str, length: int = 255, **more: Any) -> EntityField:
    return _field(FieldType.TEXT, en, zh, length=length, **more)


def code(en: str, zh: str, *options: str, **more: Any) -> EntityField:
    return _field(FieldType.CODE, en, zh, options=list(options), **more)


def quantity(en: str, zh: str, scale: int = 6, **more: Any) -> EntityField:
    return _field(FieldType.DECIMAL, en, zh, scale=scale, **more)


def money(en: str, zh: str, scale: int = 2, **more: Any) -> EntityField:
    return _field(FieldType.MONEY, en, zh, scale=scale, currency=CURRENCY, **more)


def day(en: str, zh: str, **more: Any) -> EntityField:
    return _field(FieldType.DATE, en, zh, **more)


def instant(en: str, zh: str, **more: Any) -> EntityField:
    return _field(FieldType.INSTANT, en, zh, **more)


def yes_no(en: str, zh: str, **more: Any) -> EntityField:
    return _field(FieldType.BOOLEAN, en, zh, **more)


def ref(entity: str, en: str, zh: str, **more: Any) -> EntityField:
    return _field(FieldType.REFERENCE, en, zh, entity=entity, **more)


def lines(en: str, zh: str, fields: dict[str, EntityField], key: str = "line_no", **more: Any) -> EntityField:
    return _field(FieldType.LINES, en, zh, lines=fields, line_key=key, **more)


def entity(name: str, en: str, zh: str, fields: dict[str, EntityField], *match: list[str], **more: Any) -> Entity:
    return Entity(entity=name, title={"en": en, "zh": zh}, fields=fields, match=list(match), **more)


def currency() -> EntityField:
    return code("Currency (ISO 4217)", "币种（ISO 4217）")


def active() -> EntityField:
    return yes_no("Active", "启用")


def remark() -> EntityField:
    return text("Remark", "备注", 2000)


OFF = {"on_delete": "deactivate", "deactivate": {"active": False}}
"""Master data is switched off, never deleted: documents point to it."""
