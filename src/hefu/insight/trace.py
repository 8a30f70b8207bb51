"""One record's whole life: who changed what where, what was written, refused, decided, in the order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from hefu.store import golden as goldens
from hefu.store import intents, issues
from hefu.store.db import Tx
from hefu.store.tables import golden, identity_key, link


@dataclass(frozen=True)
class Story:
    """A golden record with its links, and every event with its time and words."""

    golden_id: str
    entity: str
    state: str
    fields: Mapping[str, Any]
    links: list[dict[str, Any]]
    events: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in ("golden_id", "entity", "state", "fields", "links", "events")}


def find_records(tx: Tx, what: str, limit: int = 50) -> list[str]:
    """Golden ids by one-ID, by record id in any system, by exact key, or by words inside the values."""
    exact = tx.run(select(golden.c.id).where(golden.c.id == what)).scalars().all()
    if exact:
        return list(exact)
    by_record = tx.run(select(link.c.golden_id).where(link.c.record_id == what).distinct()).scalars().all()
    if by_record:
        return list(by_record)
    by_key = select(identity_key.c.golden_id).where(identity_key.c.value == what.upper()).distinct()
    if found := tx.run(by_key.limit(limit)).scalars().all():
        return list(found)
    inside = select(golden.c.id).where(golden.c.fields.like(f"%{_escaped(what)}%", escape="\\")).order_by(golden.c.id)
    return list(tx.run(inside.limit(limit)).scalars())


def find_in(
    tx: Tx, what: str, where: Sequence[ColumnElement[bool]], *, after: str | None = None, limit: int = 50
) -> list[str]:
    """The same among those that meet conditions, newest first, for a page that goes on after one of them."""
    keys = select(identity_key.c.golden_id).where(identity_key.c.value == what.upper())
    named = select(link.c.golden_id).where(link.c.record_id == what)
    exact = or_(golden.c.id == what, golden.c.id.in_(named), golden.c.id.in_(keys))
    statement = select(golden.c.id).where(*where)
    if after is not None:
        statement = statement.where(golden.c.id < after)
    statement = statement.order_by(golden.c.id.desc()).limit(limit)
    anything = select(golden.c.id).where(*where, exact).limit(1)
    if tx.run(anything).first() is not None:
        return list(tx.run(statement.where(exact)).scalars())
    return list(tx.run(statement.where(golden.c.fields.like(f"%{_escaped(what)}%", escape="\\"))).scalars())


def _escaped(what: str) -> str:
    return what.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def story(tx: Tx, golden_id: str) -> Story:
    """The whole story of one golden record. KeyError if there is none."""
    found = goldens.load_golden(tx, [golden_id], lock=False)[golden_id]
    links = goldens.links_of(tx, [golden_id], lock=False).get(golden_id, [])
    names = {x.id: f"{x.connection}/{x.object}" for x in links}
    events = [_change(row) for row in goldens.changes_of(tx, [golden_id])]
    events += [_write(row, names) for row in intents.history(tx, list(names))]
    events += [_issue(row) for row in issues.list_issues(tx, state=None, golden_id=golden_id)]
    shown = ("connection", "object", "record_id", "state", "due_at", "waits", "status", "seen_at", "told", "seen")
    return Story(
        golden_id,
        found.entity,
        found.state,
        found.fields,
        [{name: getattr(x, name) for name in shown} for x in links],
        sorted(events, key=lambda e: (e["at"], e["id"])),
    )


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    who = row["author"] or ""
    place = row["connection"] or "hub"
    if row["kind"] == "created":
        moved = ", ".join(f"{k}={v!r}" for k, v in row["moved"].items() if v is not None)
    else:
        moved = ", ".join(f"{k}: {b!r} → {a!r}" for k, (b, a) in row["moved"].items())
    return {"id": row["id"], "at": row["at"], "what": f"{row['kind']} {place} {who} {moved}".strip(), "row": dict(row)}


def _write(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    fields = row["fields"] or {}
    error = f" ({row['error']['code']})" if row["error"] else ""
    listed = row["action"] or ", ".join(sorted(fields))
    what = f"write {row['kind']} → {names.get(row['link_id'], '?')}: {row['state']}{error} {listed}".rstrip()
    return {"id": row["id"], "at": row["made_at"], "what": what, "row": dict(row)}


def _issue(row: Mapping[str, Any]) -> dict[str, Any]:
    end = f", {row['decision']} by {row['closed_by']}" if row["closed_by"] else ""
    what = f"issue {row['kind']} {row['field']} ({row['state']}{end})"
    return {"id": row["id"], "at": row["opened_at"], "what": what, "row": dict(row)}
