"""Documents for a user's own two tables: connections, a first mapping of each with how sure it is, and a flow.

Pure: `app/starter.py` reads the tables. A person checks what is written here; nothing is guessed silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.documents import Path
from hefu.core.project import Entity
from hefu.core.records import ObjectSchema
from hefu.core.suggest import Suggestion
from hefu.store.schemas import hint
from hefu.store.writing import one_line, text

SURE = 0.8
"""Below this a proposal is marked for checking."""

_REASONS = {
    "name": "名称",
    "label": "标签",
    "type": "类型",
    "values": "取值样式",
    "overlap": "两边取值重合",
}


@dataclass(frozen=True)
class Side:
    """One of the two tables. `key`: column that identifies a row; `dropped`: proposals that do not work, and why."""

    connection: str
    file: str
    schema: ObjectSchema
    key: str
    found: Sequence[Suggestion]
    dropped: Mapping[str, str]
    shared_key: bool
    """Both tables number their records alike, so that each can add the other's."""

    @property
    def fields(self) -> list[str]:
        """Our fields that this table has."""
        return [one.field for one in self.found]

    @property
    def creates(self) -> bool:
        """May records be added here? Only if we know what to write into the key."""
        return self.shared_key and any(one.source == self.key and one.direction == "both" for one in self.found)


def documents(left: Side, right: Side, entity: Entity) -> dict[str, str]:
    """All documents of the project: relative path -> text."""
    name = entity.entity
    made = {f"entities/{name}.yaml": _entity(left, right, entity), f"flows/{name}.yaml": _flow(left, right, name)}
    for side in (left, right):
        made[f"connections/{side.connection}.yaml"] = _connection(side, name)
        made[f"mappings/{side.connection}_{name}.yaml"] = _mapping(side, name)
    return {file: hint(file, _kind(body)) + body for file, body in made.items()}


def _kind(body: str) -> str:
    return next(line for line in body.splitlines() if not line.startswith("#")).partition(":")[0]


def match_keys(left: Side, right: Side, entity: Entity) -> list[list[str]]:
    """The entity's keys that both tables have; a number that only one of them gives is none."""
    both = {f for f in left.fields if f in right.fields}
    return [list(key) for key in entity.match if both.issuperset(key)]


def _connection(side: Side, entity: str) -> str:
    table = {"file": side.file, "key": [side.key]}
    value = {
        "connection": side.connection,
        "connector": "files",
        "settings": {"location": "data", "objects": {entity: table}},
    }
    comments: dict[Path, str] = {
        ("settings", "location"): "a copy of your file lies here; the original is not touched 文件的副本，原件不动",
        ("settings", "objects", entity, "key"): "the column that tells rows apart 主键列",
    }
    return text(value, comments)


def _entity(left: Side, right: Side, entity: Entity) -> str:
    keys = match_keys(left, right, entity)
    value: dict[str, Any] = {"entity": entity.entity, "extends": entity.entity}
    if keys:
        value["match"] = keys
    lines = text(value, {("match",): "rows that agree in one of these are the same 任一键相同即为同一对象"})
    if not keys:
        lines += (
            "# The two files share none of the keys that tell a record for certain: nothing is linked until you add\n"
            "# one under 'match'. 两个文件没有共同的识别键：请在 match 中补充，否则不会建立关联。\n"
        )
    both = [name for name in left.fields if name in right.fields]
    lines += (
        "# Who is right when both differ? Without an owner a person decides. Take away the # before what fits.\n"
        "# 两边不同时听谁的？没有归属方时由人决定。去掉所需行的 # 即可。\n# fields:\n"
    )
    for name in both:
        told = {"type": str(entity.fields[name].type), "owner": left.connection}
        lines += f"#   {name}: {one_line(told)}\n"
    return lines


def _mapping(side: Side, entity: str) -> str:
    value = {
        "mapping": f"{side.connection}_{entity}",
        "connection": side.connection,
        "object": entity,
        "entity": entity,
        "create": side.creates,
        "fields": [_field(one) for one in side.found],
    }
    comments: dict[Path, str] = {("fields", at): _told(one) for at, one in enumerate(side.found)}
    comments["create",] = (
        "rows that only the other has are added here 仅对方有的行会新建到这里"
        if side.creates
        else "no: what would its key column hold? 否：新行的主键列无从填写"
    )
    return text(value, comments) + _left_out(side)


def _field(one: Suggestion) -> dict[str, Any]:
    made: dict[str, Any] = {"field": one.field, "from": one.source}
    if one.direction != "both":
        made["direction"] = one.direction
    if one.transform:
        made["transform"] = list(one.transform)
    return made


def _told(one: Suggestion) -> str:
    reasons = ", ".join(one.reasons)
    chinese = "、".join(_REASONS.get(reason, reason) for reason in one.reasons)
    check = "" if one.confidence >= SURE else " - please check 请核对"
    return f"{one.confidence:.0%} {reasons} {chinese}{check}"


def _left_out(side: Side) -> str:
    used = {one.source for one in side.found}
    left = [field.name for field in side.schema.fields if field.name not in used]
    if not left:
        return ""
    lines = "# Columns that are not mapped yet 尚未映射的列:\n"
    for name in left:
        why = f"  # {side.dropped[name]}" if name in side.dropped else ""
        lines += f"#   - {one_line({'field': '...', 'from': name})}{why}\n"
    return lines


def _flow(left: Side, right: Side, entity: str) -> str:
    value = {
        "flow": entity,
        "mappings": [f"{side.connection}_{entity}" for side in (left, right)],
        "schedule": "30s",
    }
    return text(value, {("schedule",): "look for changes this often 多久检查一次变化"})
