"""Golden records: who is this customer, once; where it came from, and its whole life."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

from hefu.engine import merging, undo
from hefu.insight.provenance import provenance
from hefu.insight.trace import find_in, story
from hefu.store import golden as goldens
from hefu.store import issues as desk
from hefu.store import journal
from hefu.store.db import Tx
from hefu.store.listing import page
from hefu.store.tables import golden
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.runs import Note, note
from hefu.web.shown import Seen, require_record, visible

router = resource("records")


class Link(BaseModel):
    """A record in one system: the cross-reference."""

    id: str
    connection: str
    object: str
    mapping: str
    organisation: str
    record_id: str | None
    state: Literal["wanted", "creating", "active", "missing", "tombstone", "detached"]
    status: str | None = Field(description="The document's status in the system")
    due_at: str | None = Field(description="Since when something is owed there")
    waits: str | None = Field(description="Why it is not delivered: parent, person, outcome, system")
    seen_at: str | None


class LinkDetail(Link):
    """With what the system was last found to hold, and last told."""

    seen: dict[str, Any]
    told: dict[str, Any]


class RecordHead(BaseModel):
    """A business object in a list."""

    id: str = Field(description="The one ID", examples=["019346f2a1b4000000c0ffee01"])
    entity: str
    title: str
    state: Literal["live", "deleted", "merged"]
    fields: dict[str, Any]
    disputed: list[str] = Field(description="Fields that wait for a person")
    changed_at: str
    merged_into: str | None


class Source(BaseModel):
    """Where a value came from."""

    connection: str | None = Field(description="null: a person in the hub")
    author: str | None
    at: str
    kind: str


class RecordDetail(RecordHead):
    """Who this is, once: values with their sources, and where each system has it."""

    version: int
    sources: dict[str, Source] = Field(description="Field -> where its value came from")
    links: list[LinkDetail]
    shown_as: dict[str, Literal["seen", "masked"]] = Field(description="Field -> how this caller is shown it")
    editable: list[str]
    open_issues: int


class Event(BaseModel):
    """One step in the life of a record."""

    id: str
    at: str
    what: Literal["change", "write", "issue"]
    kind: str
    state: str | None
    place: str | None = Field(description="connection/object")
    author: str | None
    moved: dict[str, Any] = Field(description="Field -> [before, after]")
    run_id: str | None
    error: Note | None


class Trace(BaseModel):
    """One record's whole life, in the order of time."""

    record: RecordDetail
    events: list[Event]
    more: bool = Field(description="Older events were left out")


class Undone(BaseModel):
    """What taking back the last change did."""

    restored: dict[str, Any]
    left: dict[str, Any] = Field(description="Fields that somebody changed since: [expected, found]")


class Other(BaseModel):
    """The record that gives way."""

    loser: Annotated[str, Field(max_length=40)]


def _head(row: Any, seen: Seen) -> RecordHead:
    sight = seen.sight(row.id)
    disputed = [path for path in row.disputed if sight.sees(row.entity, path.partition("[")[0])]
    return RecordHead(
        id=row.id, entity=row.entity, title=seen.title(row.id), state=row.state, fields=dict(seen.values(row.id)),
        disputed=disputed, changed_at=row.changed_at, merged_into=row.merged_into,
    )  # fmt: skip


@router.get("/records", openapi_extra=needs("record.see"))
def list_records(
    who: Who,
    entity: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[Literal["live", "deleted", "merged"] | None, Query()] = None,
    disputed: Annotated[bool | None, Query(description="Only those with fields that wait for a person")] = None,
    q: Annotated[str | None, Query(max_length=200, description="One ID, a record's id, a key, or words of it")] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[RecordHead]:
    """Business objects; with `q` those that fit these words, as far as the caller sees the values."""
    filters = {"entity": entity, "state": state, "disputed": disputed, "q": q}
    cursors = Cursors(who.app.journal_key, "records", filters)
    where: list[ColumnElement[bool]] = []
    if entity:
        where.append(golden.c.entity == entity)
    if state:
        where.append(golden.c.state == state)
    if disputed is not None:
        where.append(golden.c.disputed.is_not(None) if disputed else golden.c.disputed.is_(None))
    with who.look() as tx:
        where += visible(tx, who.rights, "record.see", golden.c.id)
        rows = _found(tx, who, where, q, cursors.open(cursor), limit)
        seen = Seen(tx, who.rights, [row["id"] for row in rows])
    items, following = cursors.page(rows, limit, lambda r: r["id"], lambda r: _head(seen.golden[r["id"]], seen))
    return Page(items=items, next=following)


def _found(
    tx: Tx, who: Caller, where: list[ColumnElement[bool]], q: str | None, after: Any, limit: int
) -> list[dict[str, Any]]:
    """Rows of one page, newest first. Words are looked for in what the caller sees, and nowhere else."""
    if not q:
        return [dict(r) for r in page(tx, golden, where, after=after, limit=limit + 1, columns=("id",))]
    kept: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        ids = find_in(tx, q, where, after=after, limit=SEARCHED)
        seen = Seen(tx, who.rights, ids)
        known = goldens.links_of(tx, ids, lock=False)
        kept += [{"id": one} for one in ids if _fits(seen, one, q, known.get(one, ()))]
        if len(kept) > limit or len(ids) < SEARCHED:
            break
        after = ids[-1]
    return kept[: limit + 1]


SEARCHED, ROUNDS = 500, 20
"""Hits that are looked at in one go, and how often: who sees little must not search for ever."""


def _fits(seen: Seen, golden_id: str, q: str, links: Iterable[goldens.Link]) -> bool:
    """Whether it is found by something this caller sees: its ids, or values that are shown as they are."""
    one = seen.golden[golden_id]
    sight = seen.sight(golden_id)
    if sight.full(one.entity) or q == golden_id or any(x.record_id == q for x in links):
        return True
    words = q.casefold()
    return any(words in str(value).casefold() for value in sight.values(one.entity, one.fields).values())


@router.get("/records/{record_id}", openapi_extra=needs("record.see"))
def one_record(record_id: str, who: Who) -> RecordDetail:
    """One business object: values with sources, cross-references, what waits."""
    with who.look() as tx:
        seen = require_record(tx, who.rights, "record.see", record_id)
        return _detail(tx, seen, record_id)


@router.post("/records/{record_id}/unmask", openapi_extra=needs("record.unmask"))
def unmask(record_id: str, who: Who) -> RecordDetail:
    """The same with masked values shown; the look is written into the audit log."""
    with who.look() as tx:
        require_record(tx, who.rights, "record.unmask", record_id)
    with who.app.store.begin() as tx:
        journal.record(tx, who.app.journal_key, who.name, "record.unmasked", record_id, None)
    with who.look() as tx:
        return _detail(tx, Seen(tx, who.rights, [record_id], unmask=True), record_id)


def _detail(tx: Tx, seen: Seen, record_id: str) -> RecordDetail:
    one = seen.golden[record_id]
    sight = seen.sight(record_id)
    links = goldens.links_of(tx, [record_id], lock=False).get(record_id, [])
    found = provenance(tx, record_id)
    told = sight.fields(one.entity)
    waiting = desk.list_issues(tx, golden_id=record_id, limit=1000)
    shown = [name for name in found if name in one.fields and sight.of(one.entity, name) != "hidden"]
    names = tuple(Link.model_fields)
    return RecordDetail(
        **_head(one, seen).model_dump(),
        version=one.version,
        sources={name: Source(**found[name]) for name in shown},
        links=[
            LinkDetail(
                **{name: getattr(x, name) for name in names},
                seen=sight.values(one.entity, x.seen),
                told=sight.values(one.entity, x.told),
            )
            for x in links
        ],
        shown_as={name: said for name, (said, _) in told.items() if said in ("seen", "masked")},
        editable=[name for name, (_, edits) in told.items() if edits],
        open_issues=len(waiting),
    )


MOST_EVENTS = 2_000


@router.get("/records/{record_id}/trace", openapi_extra=needs("record.see"))
def trace(
    record_id: str,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS, description="Most events, the latest ones")] = 500,
) -> Trace:
    """Where this record has been and why each value is here: every change, write and issue."""
    with who.look() as tx:
        seen = require_record(tx, who.rights, "record.see", record_id)
        told = story(tx, record_id)
        detail = _detail(tx, seen, record_id)
    names = {x.id: f"{x.connection}/{x.object}" for x in detail.links}
    events = [_event(who, seen, record_id, row, names) for row in told.events[-limit:]]
    return Trace(record=detail, events=events, more=len(told.events) > limit)


def _event(who: Caller, seen: Seen, golden_id: str, event: dict[str, Any], names: dict[str, str]) -> Event:
    row, one = event["row"], seen.golden[golden_id]
    sight = seen.sight(golden_id)
    if "moved" in row:
        return Event(
            id=row["id"], at=row["at"], what="change", kind=row["kind"], state=None, place=row["connection"],
            author=row["author"], moved=sight.moved(one.entity, row["moved"] or {}), run_id=row["run_id"], error=None,
        )  # fmt: skip
    if "link_id" in row and "made_at" in row:
        before = row["before"] or {}
        moved = {name: [before.get(name), value] for name, value in (row["fields"] or {}).items()}
        return Event(
            id=row["id"], at=row["made_at"], what="write", kind=row["action"] or row["kind"], state=row["state"],
            place=names.get(row["link_id"]), author=None, moved=sight.moved(one.entity, moved), run_id=row["run_id"],
            error=note(who, seen, golden_id, one.entity, row["error"]),
        )  # fmt: skip
    facts = row["facts"]
    return Event(
        id=row["id"], at=row["opened_at"], what="issue", kind=row["kind"], state=row["state"],
        place=row["connection"], author=row["closed_by"], moved={}, run_id=None,
        error=note(who, seen, golden_id, one.entity, facts if "code" in facts else None),
    )  # fmt: skip


@router.post("/records/{record_id}/undo", openapi_extra=needs("record.undo"))
def undo_last(record_id: str, who: Who) -> Undone:
    """Take the last change of this record back; the systems are told in the next round."""
    with who.look() as tx:
        seen = require_record(tx, who.rights, "record.undo", record_id)
    done = undo.undo_last(who.hub(), record_id, who.name)
    entity, sight = seen.golden[record_id].entity, seen.sight(record_id)
    return Undone(restored=sight.moved(entity, done.restored), left=sight.moved(entity, done.left))


@router.post("/records/{record_id}/merge", openapi_extra=needs("record.merge"))
def merge(record_id: str, asked: Other, who: Who) -> RecordDetail:
    """Two objects are one: whatever refers to the loser means this one from now on. No record is deleted."""
    with who.look() as tx:
        for one in (record_id, asked.loser):
            require_record(tx, who.rights, "record.merge", one)
    merging.merge(who.hub(), record_id, asked.loser, who.name)
    return one_record(record_id, who)


@router.post("/records/{record_id}/unmerge", openapi_extra=needs("record.merge"))
def unmerge(record_id: str, who: Who) -> RecordDetail:
    """Part this object from the one it was merged into; what came meanwhile stays there."""
    with who.look() as tx:
        require_record(tx, who.rights, "record.merge", record_id)
    merging.unmerge(who.hub(), record_id, who.name)
    return one_record(record_id, who)
