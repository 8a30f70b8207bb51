"""Everything that both systems and the hub hold about one person: to be handed out, or looked at before it is erased.

Values pass through the sight of whoever asks, as everywhere; what is masked for them is masked here, and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hefu.core.erasure import Personal
from hefu.core.model import every_field, resolve
from hefu.core.project import Entity, Project
from hefu.core.sight import Sight
from hefu.insight.report import Report, Sheet
from hefu.store import copies, erasures
from hefu.store import golden as goldens
from hefu.store.copies import Subject
from hefu.store.db import Tx, to_json
from hefu.store.golden import Golden, Link

Now = Mapping[str, tuple[dict[str, Any] | None, str | None]]
"""Link -> its record as the system holds it this moment, or the code of what was in the way."""

_HEADS = {
    "change": ("id", "at", "happened_at", "kind", "connection", "author", "moved"),
    "intent": ("id", "made_at", "settled_at", "kind", "state", "action", "fields", "before", "error"),
    "issue": ("id", "opened_at", "closed_at", "closed_by", "kind", "state", "field", "facts", "decision"),
    "plan_entry": ("id", "plan_id", "mapping", "kind", "state", "title", "fields", "seen", "note"),
    "batch_row": ("id", "batch_id", "record_id", "state", "title", "record", "reasons"),
    "difference": ("proof_id", "seq", "kind", "why", "field", "title", "sides", "reason"),
}
"""Table -> what of a row is handed out."""

CELL = 32_000
"""Characters that a cell of a workbook takes, and then some are left."""


def entity_of(project: Project, name: str) -> Entity:
    """An entity of the project, or a ready one."""
    document = project.entities.get(name)
    return resolve(document if document is not None else Entity(entity=name, extends=name), project.entities)


def purposes(project: Project, entities: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The record of processing: which personal data goes by which flow between which systems, and what for.

    `entities`: only of these.
    """
    out = []
    for flow in project.flows.values():
        for name in sorted({project.mappings[m].entity for m in flow.mappings if m in project.mappings}):
            if entities and name not in entities:
                continue
            mappings = [project.mappings[m] for m in flow.mappings if project.mappings[m].entity == name]
            mapped = {f.field for m in mappings for f in m.fields}
            classes: dict[str, list[str]] = {}
            for path, doc in every_field(entity_of(project, name).fields):
                if doc.pii != "none" and path.partition(".")[0] in mapped:
                    classes.setdefault(doc.pii, []).append(path)
            if classes:
                out.append({
                    "flow": flow.flow, "title": {str(k): v for k, v in flow.title.items()},
                    "purpose": flow.purpose, "entity": name,
                    "systems": sorted({m.connection for m in mappings}), "fields": classes,
                })  # fmt: skip
    return out


def dossier(
    tx: Tx, project: Project, golden_ids: Sequence[str], sight_of: Callable[[str], Sight], now: Now
) -> dict[str, Any]:
    """All of it as JSON. `now`: what the systems said just before."""
    found = goldens.load_golden(tx, golden_ids, lock=False)
    personal = {i: Personal.of(entity_of(project, one.entity)) for i, one in found.items()}
    subject = Subject.of(tx, personal)
    copies.learn_all(tx, subject)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _HEADS}
    for table, row in copies.own_rows(tx, subject):
        one = _about(found, subject, row)
        if one is not None:
            sight = sight_of(one.id)
            rows[str(table.name)].append({"one_id": one.id, **_row(str(table.name), row, one, sight)})
    quoted = [
        {"table": str(table.name), "id": next(iter(row.values()), None)}
        for table, row, _ in copies.passing_rows(tx, subject)
    ]
    entities = sorted({one.entity for one in found.values()})
    return {
        "made_at": tx.now(),
        "subject": [_object(project, one, subject, sight_of(one.id), now) for one in found.values()],
        "changes": rows["change"],
        "deliveries": rows["intent"],
        "cases": rows["issue"],
        "plans": rows["plan_entry"],
        "migrations": rows["batch_row"],
        "differences": rows["difference"],
        "quoted": quoted,
        "audit": [
            {name: row[name] for name in ("seq", "at", "actor", "action", "object")}
            for row in copies.mentions(tx, subject)
        ],
        "elsewhere": [{"one_id": i, "entity": entity} for i, entity in copies.elsewhere(tx, subject)],
        "purposes": purposes(project, entities),
        "erasures": [
            {"erasure": proof.id, "at": proof.at, "complete": proof.complete}
            for proof in erasures.listed(tx, limit=1000)
            if not proof.subject.keys().isdisjoint(found)
        ],
    }


def _about(found: Mapping[str, Golden], subject: Subject, row: Mapping[str, Any]) -> Golden | None:
    ids = [row.get("golden_id")]
    ids += [x.golden_id for x in subject.links if x.id == row.get("link_id") or x.record_id == row.get("record_id")]
    return next((found[i] for i in ids if i is not None and i in found), None)


def _object(project: Project, one: Golden, subject: Subject, sight: Sight, now: Now) -> dict[str, Any]:
    entity = entity_of(project, one.entity)
    kept_back = sorted(path for path, _ in every_field(entity.fields) if sight.of(one.entity, path) != "seen")
    return {
        "one_id": one.id,
        "entity": one.entity,
        "state": one.state,
        "values": sight.values(one.entity, one.fields),
        "classes": {path: doc.pii for path, doc in every_field(entity.fields) if doc.pii != "none"},
        "masked": kept_back,
        "records": [_link(project, x, sight, now, one.entity) for x in subject.links if x.golden_id == one.id],
    }


def _link(project: Project, link: Link, sight: Sight, now: Now, entity: str) -> dict[str, Any]:
    names = ("connection", "object", "organisation", "record_id", "state", "seen_at")
    held, why = now.get(link.id, (None, None))
    mapping = project.mappings.get(link.mapping)
    if held is not None:
        held = sight.record(mapping, held) if mapping is not None else dict(held) if sight.all else {}
    return {
        **{name: getattr(link, name) for name in names},
        "now": held,
        "unread": why,
        "seen": sight.values(entity, link.seen),
        "told": sight.values(entity, link.told),
    }


def _row(table: str, row: Mapping[str, Any], one: Golden, sight: Sight) -> dict[str, Any]:
    """A row of a history as this one may see it."""
    out = {name: row[name] for name in _HEADS[table]}
    for name, value in out.items():
        if value is None or sight.full(one.entity):
            continue
        if name in ("moved", "fields"):
            out[name] = sight.moved(one.entity, value)
        elif name in ("before", "seen"):
            out[name] = sight.values(one.entity, value)
        elif name in ("error", "facts", "note", "sides") and isinstance(value, dict):
            out[name] = sight.facts(one.entity, value, one.fields, field=str(row.get("field") or ""))
        elif name in ("record", "reasons", "sides", "error", "facts", "note"):
            out[name] = None
        elif name in ("title", "decision", "reason"):
            out[name] = sight.text(one.entity, str(value), one.fields)
    return out


# ------------------------------------------------------------------------------ for people


def report(found: Mapping[str, Any], language: str) -> Report:
    """The same as tables, for a page or a workbook."""
    at = 1 if language == "zh" else 0

    def t(*both: str) -> str:
        return both[at]

    values, systems = [], []
    for one in found["subject"]:
        for name, value in one["values"].items():
            values.append((one["one_id"], one["entity"], name, one["classes"].get(name, ""), _text(value)))
        for link in one["records"]:
            place = (f"{link['connection']}/{link['object']}", link["record_id"], link["state"])
            held = link["now"] if link["now"] is not None else link["seen"]
            systems += [(*place, name, _text(value), link["unread"] or "") for name, value in held.items()]
    heads = [t("system", "系统"), t("record", "记录号"), t("state", "状态"), t("field", "字段"), t("value", "取值")]
    sheets = [
        Sheet(t("Agreed values", "统一值"), [t("one-ID", "统一编号"), t("kind", "类型"), t("field", "字段"),
              t("class", "类别"), t("value", "取值")], values, longest=CELL),
        Sheet(t("In the systems now", "各系统现有内容"), [*heads, t("not read", "未能读取")], systems, longest=CELL),
    ]  # fmt: skip
    titles = {
        "changes": ("History", "变更历史"), "deliveries": ("Writes", "写入记录"), "cases": ("Cases", "异常与冲突"),
        "plans": ("Plans", "计划"), "migrations": ("Migrations", "迁移"), "differences": ("Reconciliations", "对账"),
        "quoted": ("Quoted elsewhere in the hub", "系统内其他引用"), "audit": ("Audit log", "审计日志"),
        "elsewhere": ("Other records with the same values", "含相同取值的其他记录"),
        "purposes": ("Why it is processed", "处理目的"), "erasures": ("Erasures", "删除记录"),
    }  # fmt: skip
    for name, both in titles.items():
        rows = found[name]
        columns = list(dict.fromkeys(column for row in rows for column in row)) or [t("nothing", "无")]
        sheets.append(
            Sheet(t(*both), columns, [[_text(row.get(column)) for column in columns] for row in rows], longest=CELL)
        )
    ids = ", ".join(one["one_id"] for one in found["subject"])
    kept_back = sorted({path for one in found["subject"] for path in one["masked"]})
    facts = [(t("Made at", "生成时间"), str(found["made_at"])), (t("One-IDs", "统一编号"), ids)]
    if kept_back:
        facts.append((t("Not shown to whoever asked", "对请求者未完整显示"), ", ".join(kept_back)))
    headline = t("records hold this person's data", "条系统记录含此人的数据")
    records = sum(len(one["records"]) for one in found["subject"])
    return Report(language, t("Personal data held", "个人信息副本"), records, headline, facts, sheets, plain=True)


def _text(value: Any) -> str:
    """In full: whoever asks what is held about them is not told the beginning of it."""
    if isinstance(value, dict | list):
        return to_json(value)
    return "" if value is None else str(value)


__all__ = ["dossier", "entity_of", "purposes", "report"]
