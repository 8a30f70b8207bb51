"""What a rehearsal does instead of writing: it notes the write, and the link learns as if the system had taken it.

So children find their parents and steps follow, as they would; no intent is needed, since nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.core.records import Written
from hefu.engine import document
from hefu.engine.fold import Batch
from hefu.engine.hub import Side
from hefu.engine.prepare import Prepared
from hefu.engine.settle import confirm, failed
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.plans import PlanEntry

PLANNED = "planned:"
"""What the id of a record begins with that would have been created."""


def suppose(batch: Batch, side: Side, out: Prepared) -> None:
    """Note what was prepared, and go on as if it had been written."""
    entries: list[PlanEntry] = []
    for job in out.jobs:
        link = job.link
        entries.append(_entry(side, link, batch.golden[link.golden_id], job.intent))
        there = Written(link.record_id or f"{PLANNED}{job.intent.id}")
        confirm(batch, side, link, job.intent, job.debt, there, None, version=job.version)
    for link, intent in out.actions:
        newborn = link.status is None and (link.record_id or "").startswith(PLANNED)  # its system gives it a status
        refused = None if newborn else document.illegal(side, link, intent.action or "")
        if refused is not None:
            failed(batch, side, link, intent, refused, {})
            continue
        entries.append(_entry(side, link, batch.golden[link.golden_id], intent))
        confirm(batch, side, link, intent, {}, Written(link.record_id or ""), None)
    if any(entry.kind == "create" for entry in entries):
        goldens.release_children(batch.tx, side.mapping.connection)
    if entries:
        links = [entry.link_id for entry in entries if entry.link_id]
        issues.close_issues(batch.tx, "hub", "delivered", kinds=("rejected", "unknown_outcome"), link_ids=links,
                            whole_record=True)  # fmt: skip
    if batch.hub.note is not None:
        batch.hub.note(batch.tx, side, entries)


def _entry(side: Side, link: Link, golden: Golden, intent: Intent) -> PlanEntry:
    before = intent.before or {}
    fields = {name: [before.get(name), value] for name, value in (intent.fields or {}).items()}
    if intent.kind == "delete":
        fields = {name: [value, None] for name, value in before.items()}
    if intent.action:
        fields = {"step": [None, intent.action]}
    there = link.record_id if link.record_id is not None and not link.record_id.startswith(PLANNED) else None
    seen = link.seen if intent.kind in ("update", "delete") else None
    return PlanEntry(
        "", 0, link.mapping, link.connection, link.object, golden.entity, intent.kind, intent.action,
        link.organisation, there, link.golden_id, None, title_of(side, golden.fields), fields, seen, link_id=link.id,
    )  # fmt: skip


def title_of(side: Side, values: Mapping[str, Any]) -> str:
    """A few words by which a person recognises the record: its name, or else its keys."""
    for name in ("name", "title", "subject", "number", "code"):
        if isinstance(values.get(name), str):
            return str(values[name])
    return " ".join(str(values[f]) for key in side.entity.match for f in key if values.get(f))
