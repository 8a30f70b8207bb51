"""Do the documents of a project fit together? Every name that one document uses must be another's, or ready-made.

Pure: needs only the types, so that an editor screen, the files on disk and a stored version are checked alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from hefu.core.alertcheck import check_alerts
from hefu.core.cutover import MERGE
from hefu.core.documents import Flaw, Path
from hefu.core.errors import Unsupported
from hefu.core.expr import Scope, fault
from hefu.core.mapping import golden_scope
from hefu.core.model import READY, every_field, resolve
from hefu.core.presets import PRESETS
from hefu.core.project import Cutover, CutoverCheck, CutoverDo, Entity, EntityField, FieldMap, Pii, Project
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import FieldType
from hefu.core.resources import RESOURCES
from hefu.core.sight import UNMAPPED

_CURRENCY = re.compile(r"[A-Z]{3}")
_EVERY = re.compile(r"[1-9]\d*[smhd]")
_CRON = re.compile(r"\S+( \S+){4}")


def crosscheck(project: Project) -> list[Flaw]:
    """All that does not fit. Ready entities may be used and extended without a document of their own."""
    return [*_Check(project).all()]


class _Check:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.entities = {**READY, **project.entities}
        self.fields = {name: base.fields for name in self.entities if (base := self.resolved(name)) is not None}

    def resolved(self, name: str) -> Entity | None:
        """The entity with all that it extends; None if that leads nowhere or round in a circle."""
        try:
            return resolve(self.entities[name], self.project.entities)
        except Unsupported:
            return None

    def all(self) -> Iterator[Flaw]:
        for entity in self.project.entities.values():
            yield from self.entity(entity)
        for mapping in self.project.mappings.values():
            yield from self.mapping(mapping)
        for flow in self.project.flows.values():
            for at, used in enumerate(flow.mappings):
                yield from self.known("flow", flow.flow, ("mappings", at), "mapping", used, self.project.mappings)
            for word, when in (("schedule", flow.schedule), ("full_scan", flow.full_scan)):
                if when is not None and not _EVERY.fullmatch(when) and not _CRON.fullmatch(when):
                    yield Flaw("flow", flow.flow, (word,), "documents.schedule", when, ("30s", "5m", "1h", "0 2 * * *"))
        for cutover in self.project.cutovers.values():
            yield from self.cutover(cutover)
        yield from self.roles()
        yield from check_alerts(self.project)

    def known(
        self,
        kind: str,
        name: str,
        path: Path,
        what: str,
        used: str | None,
        among: Iterable[str],
        *,
        on_key: bool = False,
    ) -> Iterator[Flaw]:
        """A flaw if `used` is none of `among`."""
        if used is not None and used not in (names := tuple(among)):
            yield Flaw(kind, name, path, f"documents.unknown_{what}", used, names, on_key)

    # ------------------------------------------------------------------ entities

    def entity(self, entity: Entity) -> Iterator[Flaw]:
        name = entity.entity
        yield from self.known("entity", name, ("extends",), "entity", entity.extends, self.entities)
        if name not in self.fields:  # its fields are not known: what follows would only be noise
            if entity.extends in self.entities and self.circles(name):
                yield Flaw("entity", name, ("extends",), "documents.extends_circle", entity.extends)
            return
        fields = self.fields[name]
        for key, keys in enumerate(entity.match):
            for at, used in enumerate(keys):
                yield from self.known("entity", name, ("match", key, at), "field", used, fields)
        for used in entity.deactivate:
            yield from self.known("entity", name, ("deactivate", used), "field", used, fields, on_key=True)
        yield from self.known("entity", name, ("parent",), "field", entity.parent, fields)
        if entity.parent in fields and fields[entity.parent].type != FieldType.REFERENCE:
            references = tuple(n for n, f in fields.items() if f.type == FieldType.REFERENCE)
            yield Flaw("entity", name, ("parent",), "documents.parent", entity.parent, references)
        scope = golden_scope(fields, "UTC")
        yield from self.expression(name, ("retire_when",), entity.retire_when, scope, FieldType.BOOLEAN)
        for used in entity.fields:
            yield from self.field(name, ("fields", used), fields[used], fields)
            yield from self.owner_reads(name, used, fields[used])
            yield from self.figure(name, ("fields", used), fields[used], fields)

    def circles(self, name: str) -> bool:
        """Does what the entity extends lead back to it?"""
        seen, at = {name}, self.entities[name].extends
        while at in self.entities and at not in seen:
            seen.add(at)
            at = self.entities[at].extends
        return at == name

    def field(self, name: str, path: Path, field: EntityField, beside: Mapping[str, EntityField]) -> Iterator[Flaw]:
        """A field that a document states, with what it refines filled in."""
        needed = {FieldType.REFERENCE: "entity", FieldType.LINES: "lines"}.get(field.type)
        if needed and not getattr(field, needed):
            yield Flaw("entity", name, path, "documents.missing_word", needed, facts={"where": str(path[-1])})
        yield from self.known("entity", name, (*path, "entity"), "entity", field.entity, self.entities)
        for word, used in (("line_key", field.line_key), ("keep_while", field.keep_while)):
            yield from self.known("entity", name, (*path, word), "field", used, field.lines)
        yield from self.known("entity", name, (*path, "at_least"), "field", field.at_least, beside)
        if field.currency and not _CURRENCY.fullmatch(field.currency):
            yield from self.known("entity", name, (*path, "currency"), "field", field.currency, beside)
        connections = self.project.connections
        for at, used in enumerate(field.priority):
            yield from self.known("entity", name, (*path, "priority", at), "connection", used, connections)
        if isinstance(field.owner, str):
            yield from self.known("entity", name, (*path, "owner"), "connection", field.owner, connections)
        for at, rule in enumerate(field.owner if isinstance(field.owner, list) else ()):
            yield from self.known("entity", name, (*path, "owner", at, "owner"), "connection", rule.owner, connections)
        for line, below in field.lines.items():
            yield from self.field(name, (*path, "lines", line), below, {**beside, **field.lines})

    def figure(self, name: str, path: Path, field: EntityField, fields: Mapping[str, EntityField]) -> Iterator[Flaw]:
        """What the hub works out: names that are there, expressions that can be run."""
        own = golden_scope(fields, "UTC")
        yield from self.expression(name, (*path, "derive"), field.derive, own, field.type)
        yield from self.expression(name, (*path, "may_go_back"), field.may_go_back, own, FieldType.BOOLEAN)
        if field.forward and not field.options:
            yield Flaw("entity", name, path, "documents.missing_word", "options", facts={"where": str(path[-1])})
        rule = field.rollup
        if rule is None:
            return
        here = (*path, "rollup")
        yield from self.known("entity", name, (*here, "over"), "entity", rule.over, self.entities)
        theirs = self.fields.get(rule.over)
        if theirs is None:
            return
        pointing = tuple(n for n, f in theirs.items() if f.type == FieldType.REFERENCE and f.entity == name)
        yield from self.known("entity", name, (*here, "by"), "field", rule.by, pointing)
        yield from self.known("entity", name, (*here, "split"), "field", rule.split, theirs)
        scope = golden_scope(theirs, "UTC")
        yield from self.expression(name, (*here, "value"), rule.value, scope, FieldType.MONEY)
        yield from self.expression(name, (*here, "when"), rule.when, scope, FieldType.BOOLEAN)

    def expression(
        self, name: str, path: Path, source: str | None, scope: Scope, gives: FieldType | None
    ) -> Iterator[Flaw]:
        if found := fault(source, scope, gives):
            yield Flaw("entity", name, path, **found)

    def owner_reads(self, name: str, used: str, field: EntityField) -> Iterator[Flaw]:
        """An owner whose changes never arrive is most likely a slip."""
        owner = field.owner
        if not isinstance(owner, str) or owner not in self.project.connections:
            return
        ours = [m for m in self.project.mappings.values() if m.entity == name]
        if ours and not any(m.connection == owner and any(f.field == used for f in m.fields) for m in ours):
            path = ("fields", used, "owner")
            yield Flaw("entity", name, path, "documents.owner_silent", owner, severity="warning", facts={"field": used})

    # ------------------------------------------------------------------ mappings

    def mapping(self, mapping: MappingDocument) -> Iterator[Flaw]:
        name = mapping.mapping
        connections = self.project.connections
        yield from self.known("mapping", name, ("connection",), "connection", mapping.connection, connections)
        yield from self.known("mapping", name, ("entity",), "entity", mapping.entity, self.entities)
        if mapping.entity in self.fields:
            fields = self.fields[mapping.entity]
            yield from self.known("mapping", name, ("reason",), "field", mapping.reason, fields)
            yield from self.field_maps(mapping, ("fields",), mapping.fields, fields)

    def field_maps(
        self, mapping: MappingDocument, path: Path, maps: list[FieldMap], fields: Mapping[str, EntityField]
    ) -> Iterator[Flaw]:
        taken: dict[tuple[str, str], int] = {}
        for at, used in enumerate(maps):
            here = (*path, at)
            yield from self.known("mapping", mapping.mapping, (*here, "field"), "field", used.field, fields)
            for way in ("in", "out") if used.direction == "both" else (used.direction,):
                if taken.setdefault((used.field, way), at) != at:
                    yield Flaw("mapping", mapping.mapping, (*here, "field"), "documents.field_twice", used.field)
                    break
            if used.field in fields:
                yield from self.field_map(mapping, here, used, fields[used.field])

    def field_map(self, mapping: MappingDocument, here: Path, used: FieldMap, field: EntityField) -> Iterator[Flaw]:
        name, mappings = mapping.mapping, self.project.mappings
        yield from self.known("mapping", name, (*here, "lookup"), "mapping", used.lookup, mappings)
        known = used.lookup in mappings and (field.entity is None or field.entity in self.entities)
        if known and used.lookup and not self.translates(mapping, mappings[used.lookup], field):
            fit = tuple(m.mapping for m in mappings.values() if self.translates(mapping, m, field))
            facts = {"entity": field.entity or "-", "connection": mapping.connection}
            yield Flaw("mapping", name, (*here, "lookup"), "documents.lookup", used.lookup, fit, facts=facts)
        if used.lines and field.type != FieldType.LINES:
            lists = tuple(n for n, f in self.fields[mapping.entity].items() if f.type == FieldType.LINES)
            yield Flaw("mapping", name, (*here, "field"), "documents.not_lines", used.field, lists)
        elif used.lines:
            yield from self.field_maps(mapping, (*here, "lines"), used.lines, field.lines)

    @staticmethod
    def translates(mapping: MappingDocument, other: MappingDocument, field: EntityField) -> bool:
        """Can the links of `other` translate the ids of this reference?"""
        return other.connection == mapping.connection and field.entity in (None, other.entity)

    # ------------------------------------------------------------------ cutovers

    def cutover(self, cutover: Cutover) -> Iterator[Flaw]:
        name = cutover.cutover
        steps = [s.step for s in cutover.steps]
        for at, used in enumerate(cutover.flows):
            yield from self.known("cutover", name, ("flows", at), "flow", used, self.project.flows)
        for used in cutover.rehearsal:
            path = ("rehearsal", used)
            yield from self.known("cutover", name, path, "connection", used, self.project.connections, on_key=True)
        for at, step in enumerate(cutover.steps):
            here = ("steps", at)
            if step.step in steps[:at] or step.step == MERGE:
                yield Flaw("cutover", name, (*here, "step"), "documents.step_twice", step.step)
            for place, used in enumerate(step.after or ()):
                yield from self.known("cutover", name, (*here, "after", place), "earlier_step", used, steps[:at])
            yield from self.doing(name, (*here, "do"), step.do)
            yield from self.looking(name, (*here, "check"), step.check)
            if step.back is not None:
                yield from self.doing(name, (*here, "back", "do"), step.back.do)
                yield from self.looking(name, (*here, "back", "check"), step.back.check)

    def doing(self, name: str, here: Path, do: CutoverDo | None) -> Iterator[Flaw]:
        """What a step lets the hub do: one thing, with names that are known."""
        if do is None:
            return
        said = [word for word in CutoverDo.model_fields if getattr(do, word)]
        if len(said) != 1:
            yield Flaw("cutover", name, here, "documents.one_of", ", ".join(said) or "-", tuple(CutoverDo.model_fields))
        for action, scope in (("pause", do.pause), ("resume", do.resume)):
            yield from self.known("cutover", name, (*here, action), "scope", scope, self.scopes())
        yield from self.known("cutover", name, (*here, "sync"), "flow", do.sync, self.project.flows)
        if len(do.migrate) == 1:
            yield Flaw(
                "cutover", name, (*here, "migrate"), "documents.missing_word", "target", facts={"where": "migrate"}
            )
        for at, used in enumerate(do.migrate):
            yield from self.known("cutover", name, (*here, "migrate", at), "mapping", used, self.project.mappings)

    def looking(self, name: str, here: Path, check: CutoverCheck) -> Iterator[Flaw]:
        """What a check looks at must be there."""
        what, among = "scope", self.scopes()
        if check.kind in ("reconciled", "lag", "issues"):
            what, among = "flow", list(self.project.flows)
        elif check.kind == "migrated":
            what, among = "mapping", list(self.project.mappings)
        for at, used in enumerate(check.of):
            yield from self.known("cutover", name, (*here, "of", at), what, used, among)
        if check.kind in ("paused", "running", "migrated") and not check.of:
            yield Flaw("cutover", name, here, "documents.missing_word", "of", facts={"where": check.kind})

    def scopes(self) -> list[str]:
        """All that can be paused."""
        groups: dict[str, Iterable[str]] = {
            "flow": self.project.flows, "mapping": self.project.mappings, "connection": self.project.connections,
        }  # fmt: skip
        return [f"{kind}:{name}" for kind, group in groups.items() for name in group]

    # ------------------------------------------------------------------ roles

    def roles(self) -> Iterator[Flaw]:
        names = {*PRESETS, *self.project.roles}
        paths = {f"{e}.{path}" for e, fields in self.fields.items() for path, _ in every_field(fields)}
        places = {UNMAPPED, *get_args(Pii), *self.fields, *paths}
        for name, role in self.project.roles.items():
            for at, used in enumerate(role.extends):
                yield from self.known("role", name, ("extends", at), "role", used, names)
            for at, used in enumerate(role.apart):
                yield from self.known("role", name, ("apart", at), "role", used, names)
            for resource, actions in role.may.items():
                yield from self.known("role", name, ("may", resource), "resource", resource, RESOURCES, on_key=True)
                among = RESOURCES[resource].actions if resource in RESOURCES else actions
                for at, used in enumerate(actions):
                    yield from self.known("role", name, ("may", resource, at), "action", used, among)
            for used in role.see:
                yield from self.known("role", name, ("see", used), "place", used, places, on_key=True)
            for at, used in enumerate(role.edit):
                yield from self.known("role", name, ("edit", at), "place", used, places - {UNMAPPED})
