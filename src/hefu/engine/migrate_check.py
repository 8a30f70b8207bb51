"""Checks the records of a batch before anything is loaded: each that would not go through is named with the reason.

The same mappings that load are asked here, in both directions; then the target's own rules as it declares them, the
parents, and whether two records of the batch are one. Nothing is written to any system.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hefu.core.columns import ABSENT, read_one
from hefu.core.errors import HubError, Rejected
from hefu.core.mapping import FILTERED
from hefu.core.match import match_keys
from hefu.core.records import Normals, ObjectSchema, Values
from hefu.engine import references
from hefu.engine.hub import Counts, Hub, Side
from hefu.engine.mark import digest, unstorable
from hefu.engine.migrate import Desk, desk, reason
from hefu.engine.sieve import in_common_terms, unknown
from hefu.engine.suppose import title_of
from hefu.store import batches, journal
from hefu.store import golden as goldens
from hefu.store.batches import Row

PAGE = 1000

_BLANK: tuple[Any, ...] = (None, "", [])


def check(hub: Hub, batch_id: str, who: str) -> dict[str, int]:
    """Check every record that is not loaded yet; state of rows -> how many. Raises Unsupported for one that is over.

    What was rejected before is checked again, so that a corrected mapping or a parent that is there by now counts.
    """
    at = desk(hub, batch_id, "staged", "checked", "loading", "loaded", "verified")
    checker = _Checker(at)
    open_states = ("staged", "ready", "rejected", "filtered", "present")
    with at.hub.store.look() as tx:
        own = batches.record_ids(tx, batch_id) if checker.own_parents else set()
    after = -1
    while True:
        with at.hub.store.look() as tx:
            rows = batches.rows(tx, batch_id, after=after, limit=PAGE)
        if not rows:
            break
        after = rows[-1].seq
        checker.rows(rows, own)
        with hub.store.begin() as tx:
            batches.settle(tx, [row for row in rows if row.state in open_states])
        hub.told("check", at.source.name, Counts({"read": after + 1}))
    with hub.store.begin() as tx:
        counts = batches.counts(tx, batch_id)
        again = counts.get("ready", 0) and at.head.state in ("loaded", "verified")
        state = "checked" if at.head.state == "staged" or again else at.head.state
        batches.update(tx, batch_id, state=state, fingerprint=at.fingerprint, project_version=hub.project.version)
        journal.record(tx, hub.journal_key, who, "migrate.checked", batch_id, counts)
    return counts


class _Checker:
    """Remembers, over all pages, which keys were met."""

    def __init__(self, at: Desk) -> None:
        self.hub, self.source, self.target = at.hub, at.source, at.target
        self.met: dict[bytes, str] = {}
        asked = self.source.compiled.references.items()
        self.parents = {p: e for p, e in asked if self.hub.parent_object(self.source, e) is not None}
        self.own_parents = self.source.entity.entity in self.parents.values()

    def rows(self, rows: Sequence[Row], own: set[str]) -> None:
        """Judge these; those that are loaded already only lend their keys."""
        mapped = self.source.compiled.inward([r.record.values for r in rows])
        common = in_common_terms(self.hub, self.source, mapped)
        there = self._there(rows)
        said = self._spoken(common, own)
        for row, values, spoken in zip(rows, common, said, strict=True):
            done = row.state in (*batches.THERE, "loading", "undone", "left")
            found = self._judge(row, values, spoken, own, there)
            if done:
                continue
            if isinstance(values, dict):
                row.title = title_of(self.source, values)
            row.reasons = found if isinstance(found, list) else []
            row.state = found if isinstance(found, str) else "rejected" if found else "ready"

    def _there(self, rows: Sequence[Row]) -> set[tuple[str, str]]:
        """Records that are in the target already, and say what they said when the hub last read them."""
        doc, far = self.source.mapping, self.target.mapping
        with self.hub.store.look() as tx:
            links = goldens.links_by_record(tx, doc.connection, doc.object, [r.key for r in rows], lock=False)
            ids = {x.golden_id for x in links.values()}
            known = goldens.record_ids(tx, far.connection, far.object, ids)
        there = {key: link for key, link in links.items() if link.golden_id in known and link.state == "active"}
        meaning = self.source.compiled.fingerprint
        return {r.key for r in rows if r.key in there and there[r.key].digest == digest(r.record, meaning)}

    def _spoken(self, common: Sequence[Any], own: set[str]) -> list[Any]:
        """Each record in the target's terms, None where it never gets there, or the error."""
        readable = [v for v in common if isinstance(v, dict)]
        with self.hub.store.look() as tx:
            known = [self._known_only(v) for v in readable]
            ready = references.outward(tx, self.hub, self.target, known)
        plain = [v if isinstance(r, str) else r for v, r in zip(map(self._bare, known), ready, strict=True)]
        spoken = iter(self.target.compiled.outward(plain, [None] * len(plain)))
        waits = iter(ready)
        out: list[Any] = []
        for values in common:
            if not isinstance(values, dict):
                out.append(None)
                continue
            words, parent = next(spoken), next(waits)
            missing = isinstance(parent, str) and not (own and parent == self.source.entity.entity)
            out.append((words, parent if missing else None))
        return out

    def _known_only(self, values: Normals) -> Normals:
        """Without the references that nobody knows, which are told apart by `_parents`."""
        out = values
        for path in self.parents:
            if any(unknown(self.source, i) for i in references.each(out, path)):
                out = references.replaced(out, path, lambda i: None if unknown(self.source, i) else i)
        return out

    def _bare(self, values: Normals) -> Normals:
        return {n: v for n, v in values.items() if (n,) not in self.target.compiled.references}

    # ------------------------------------------------------------------- judging

    def _judge(
        self, row: Row, values: Any, spoken: Any, own: set[str], there: set[tuple[str, str]]
    ) -> str | list[dict[str, Any]]:
        """The state, or all that is wrong."""
        if values is FILTERED:
            return "filtered"
        if (odd := unstorable(row.record)) is not None:
            return [reason(odd)]
        if isinstance(values, HubError):
            return [reason(values)]
        twice = list(self._twice(row, values))
        if row.key in there:
            return "present"
        try:
            if not self.target.compiled.wanted(values):
                return "filtered"
        except Rejected as error:
            return [reason(error)]
        words, parent = spoken
        found = [*twice, *self._parents(values, own), *self._required(values)]
        if parent is not None:
            found.append(_say("migrate.parent_not_there", entity=parent, connection=self.target.mapping.connection))
        if isinstance(words, HubError):
            return [*found, reason(words)]
        return [*found, *self._rules(words)]

    def _twice(self, row: Row, values: Normals) -> Iterator[dict[str, Any]]:
        """Two records of the batch that would be one: the strongest shared key says so."""
        names = self.source.entity.match
        for kind, key in enumerate(match_keys(names, values)):
            if key is None:
                continue
            mark = hashlib.blake2b(f"{kind}\x1f{key}".encode(), digest_size=12).digest()
            first = self.met.setdefault(mark, row.record.id)
            if first != row.record.id and row.state not in batches.THERE:
                shown = ", ".join(str(values.get(name)) for name in names[kind])
                yield _say("migrate.double", ", ".join(names[kind]), value=shown, first=first)
                return

    def _parents(self, values: Normals, own: set[str]) -> Iterator[dict[str, Any]]:
        for path, entity in self.parents.items():
            for i in references.each(values, path):
                record_id = i.partition(":")[2]
                if unknown(self.source, i) and not (entity == self.source.entity.entity and record_id in own):
                    yield _say("migrate.parent_unknown", ".".join(path), entity=entity, record=record_id)
                    break

    def _required(self, values: Normals) -> Iterator[dict[str, Any]]:
        for name, doc in self.source.entity.fields.items():
            if doc.required and name in self.source.compiled.reads and values.get(name) in _BLANK:
                yield _say("migrate.required", name)

    def _rules(self, words: Values) -> Iterator[dict[str, Any]]:
        """What the target declares of its fields."""
        yield from _wanting(self.target, words)
        for loss in self.target.compiled.losses(words):
            yield _say(f"migrate.{loss.kind}", loss.field, most=loss.most, actual=loss.actual)
        yield from _options(self.target.schema, words)


def _wanting(side: Side, words: Values) -> Iterator[dict[str, Any]]:
    """Fields that a new record there must have. Those that no mapping fills are the system's own business."""
    mapped = set(side.sources.values()) | {m.field for m in side.mapping.fields}
    for used in side.schema.fields:
        value = read_one(words, used.name)
        if used.required and used.writable and used.name in mapped and (value is ABSENT or value in _BLANK):
            yield _say("migrate.required_there", used.name, connection=side.mapping.connection)


def _options(schema: ObjectSchema, words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for used in schema.fields:
        value = read_one(words, used.name)
        if used.options and isinstance(value, str) and value and value not in used.options:
            yield _say("migrate.option", used.name, value=value, known=", ".join(used.options[:20]))


def _say(code: str, field: str = "", **facts: Any) -> dict[str, Any]:
    return {"field": field, "code": code, "facts": {"field": field, **{k: str(v) for k, v in facts.items()}}}


__all__ = ["check"]
