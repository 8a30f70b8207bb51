"""A mapping tried on real records, cell by cell: what each field becomes, what would be written back, what goes wrong.

A field map that is wrong is left out and the others are tried, so that somebody who edits one sees the rest go on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hefu.core.columns import ABSENT
from hefu.core.documents import Flaw
from hefu.core.errors import HubError
from hefu.core.mapping import Compiled, Filtered, compile_mapping
from hefu.core.project import EntityField, FieldMap
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import FieldType, Record
from hefu.core.transforms.codes import CodeList
from hefu.engine.hub import Hub
from hefu.store.golden import Golden, Link, links_by_record, load_golden


@dataclass
class Row:
    """One record. `made` and `told`: field of the entity -> its value, or the error in its place.

    `filtered`: the mapping's filter leaves it out, or cannot say (the error). `link`, `golden`: what the hub knows.
    """

    record: Record
    filtered: bool | HubError = False
    made: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None
    golden: Golden | None = None


@dataclass
class Trial:
    """The rows, and of which fields of the system (None: any) and of the entity each value is made."""

    rows: list[Row]
    reads: dict[str, frozenset[str] | None]
    inputs: dict[str, frozenset[str]]


def known(hub: Hub, connection: str, obj: str, records: Sequence[Record]) -> list[Row]:
    """The records with what the hub knows of them."""
    keys = [(r.organisation, r.id) for r in records]
    with hub.store.look() as tx:
        links = links_by_record(tx, connection, obj, keys, lock=False)
        goldens = load_golden(tx, {x.golden_id for x in links.values() if x.golden_id}, lock=False)
    rows = [Row(record, link=links.get(key)) for record, key in zip(records, keys, strict=True)]
    for row in rows:
        row.golden = goldens.get(row.link.golden_id or "") if row.link is not None else None
    return rows


def tried(hub: Hub, doc: MappingDocument, rows: list[Row], flaws: Sequence[Flaw]) -> Trial:
    """These records through the mapping, both ways. Raises HubError where nothing of it can be compiled."""
    compiled = _sound(hub, doc, flaws)
    records = [row.record.values for row in rows]
    if compiled.filter is not None:
        for row, found in zip(rows, _passed(compiled, records), strict=True):
            row.filtered = found
    for way in compiled.ins:
        for row, value in zip(rows, way.run(records)[0], strict=True):
            if value is not ABSENT:
                row.made[way.name] = value
    goldens = [_golden(row) for row in rows]
    outs = [way for way in compiled.outs if (way.name,) not in compiled.references]  # a one-ID says nothing to a person
    for out in outs:
        for row, value in zip(rows, out.run(goldens)[0], strict=True):
            if value is not ABSENT:
                row.told[out.name] = value
    return Trial(rows, {way.name: way.reads for way in compiled.ins}, {way.name: way.inputs for way in outs})


def _passed(compiled: Compiled, records: Sequence[Mapping[str, Any]]) -> list[bool | HubError]:
    found = replace(compiled, ins=()).inward(records)
    return [one if isinstance(one, HubError) else isinstance(one, Filtered) for one in found]


def _golden(row: Row) -> dict[str, Any]:
    """The agreed values as they would be: what is known, and over it what was just read."""
    held = dict(row.golden.fields) if row.golden is not None else {}
    return held | {name: value for name, value in row.made.items() if not isinstance(value, HubError)}


def _sound(hub: Hub, doc: MappingDocument, flaws: Sequence[Flaw]) -> Compiled:
    """The mapping without the parts that are wrong."""
    wrong = [flaw.path for flaw in flaws if flaw.severity == "error"]
    broken = {path[1] for path in wrong if len(path) > 1 and path[0] == "fields"}
    kept = [used for at, used in enumerate(doc.fields) if at not in broken]
    none = {name: None for name in ("filter", "out_filter") if any(path[:1] == (name,) for path in wrong)}
    sound = doc.model_copy(update={"fields": kept, "examples": [], "steps": [], **none})
    zone = hub.project.connections[doc.connection].zone
    return compile_mapping(sound, hub.entity(doc.entity), hub.schema(doc.connection, doc.object), zone=zone)


# ---------------------------------------------------------------------- value maps


@dataclass(frozen=True)
class Codes:
    """The codes of one field as they stand in real data: theirs as records hold them, ours as objects do."""

    field: str
    theirs: dict[str, int]
    ours: dict[str, int]
    reads: frozenset[str] | None


def codes(hub: Hub, doc: MappingDocument, rows: Sequence[Row], only: Collection[str]) -> list[Codes]:
    """What of each of these fields' values stands in these records, before their value map, and how often."""
    entity, schema = hub.entity(doc.entity), hub.schema(doc.connection, doc.object)
    zone = hub.project.connections[doc.connection].zone
    records = [row.record.values for row in rows]
    out = []
    for used in doc.fields:
        if used.field not in only or used.field not in entity.fields:
            continue
        as_text = entity.model_copy(update={"fields": {used.field: EntityField(type=FieldType.TEXT)}})
        bare = doc.model_copy(update={"fields": [_bare(used)], "filter": None, "out_filter": None})
        way = compile_mapping(bare, as_text, schema, zone=zone).ins[0]
        ours = _counted(row.golden.fields.get(used.field) for row in rows if row.golden is not None)
        out.append(Codes(used.field, _counted(way.run(records)[0]), ours, way.reads))
    return out


def _bare(used: FieldMap) -> FieldMap:
    """The same, but read only, and without its value map."""
    steps = [one for one in used.transform if getattr(one, "use", one) != CodeList.name]
    changes: dict[str, Any] = {
        "values": {},
        "values_default": None,
        "direction": "in",
        "transform": steps,
        "expr_out": None,
    }
    return used.model_copy(update=changes)


def _counted(values: Any) -> dict[str, int]:
    out: dict[str, int] = {}
    for value in values:
        if value is not None and value != "" and value is not ABSENT and not isinstance(value, HubError | list | dict):
            out[str(value)] = out.get(str(value), 0) + 1
    return dict(sorted(out.items(), key=lambda pair: -pair[1]))


__all__ = ["Codes", "Row", "Trial", "codes", "known", "tried"]
