"""Issues: what needs a person, in which order; conflicts, refused writes, deletes, drift, floods, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field, JsonValue
from sqlalchemy import ColumnElement

from hefu.core.errors import HubError, Missing, Unsupported
from hefu.core.words import spoken
from hefu.engine import desk
from hefu.store import issues as kept
from hefu.store import journal
from hefu.store.db import Tx, from_json, text
from hefu.store.listing import page
from hefu.store.tables import issue
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.problem import status_of
from hefu.web.route import needs, resource
from hefu.web.shown import Seen, everywhere, visible

router = resource("issues")

Kind = Literal[
    "conflict", "overruled", "rejected", "unknown_outcome", "deleted", "delete_edit", "duplicate", "drift", "flood",
    "paused", "unreadable", "loss", "unresolved",
]  # fmt: skip
State = Literal["open", "closed", "skipped"]

AT_ONCE = 500


class Issue(BaseModel):
    """Something only a person can settle."""

    id: str
    kind: Kind
    state: State
    cause: str = Field(description="Code of what is wrong; else the kind")
    title: str = Field(description="What it says, in the caller's language")
    detail: str = Field(description="What to do")
    entity: str | None
    golden_id: str | None
    record: str = Field(description="What people call the record")
    connection: str | None
    field: str
    facts: dict[str, Any]
    choices: list[str] = Field(description="Ways in which it can be settled")
    opened_at: str
    assignee: str | None
    closed_at: str | None
    closed_by: str | None
    decision: str | None
    until_at: str | None = Field(description="A skipped one is open again then")


class Group(BaseModel):
    """Issues of one cause."""

    kind: Kind
    cause: str
    connection: str | None
    count: int
    oldest_at: str
    title: str


class Groups(BaseModel):
    """All causes, the most frequent first."""

    items: list[Group]
    total: int


class Settle(BaseModel):
    """How to settle one issue, or many of a kind.

    Conflicts: take ours (the agreed value), theirs or value. Deletes: delete, deactivate, restore, keep.
    """

    take: Literal["ours", "theirs", "value", "delete", "deactivate", "restore", "keep"]
    value: JsonValue = Field(None, description="With take: value; in our terms (a decimal as text)")


class Retry(BaseModel):
    """Corrected values, if any: every system is then owed them."""

    values: dict[Annotated[str, Field(max_length=200)], JsonValue] = Field({}, max_length=100)


class Ignore(BaseModel):
    """Leave it, with a reason; with `until` it comes back then."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    until: AwareDatetime | None = None


class Assign(BaseModel):
    """Who sees to it; null: nobody."""

    assignee: Annotated[str | None, Field(max_length=200)]


Ids = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=AT_ONCE)]


class Bulk(BaseModel):
    """The same for many: `action` says which of the others' bodies stands beside it."""

    ids: Ids
    action: Literal["settle", "retry", "ignore", "assign"]
    settle: Settle | None = None
    retry: Retry | None = None
    ignore: Ignore | None = None
    assign: Assign | None = None


class Outcome(BaseModel):
    """What became of one of many."""

    id: str
    done: bool
    status: int
    code: str | None = None
    title: str | None = None


class Outcomes(BaseModel):
    """What became of each."""

    items: list[Outcome]
    done: int
    failed: int


_CHOICES: dict[str, list[str]] = {
    "conflict": ["ours", "theirs", "value"],
    "deleted": ["delete", "deactivate", "restore", "keep", "ignore"],
    "delete_edit": ["delete", "deactivate", "restore", "keep"],
    "rejected": ["retry", "ignore"],
    "unknown_outcome": ["retry"],
    "flood": ["resume"],
    "paused": ["resume"],
    **{kind: ["ignore"] for kind in ("duplicate", "overruled", "loss", "unreadable", "unresolved")},
}


def _shown(who: Caller, seen: Seen, row: Any) -> Issue:
    facts = seen.facts(row)
    what, then = spoken(facts.get("code", row["kind"]) or row["kind"], facts, who.language)
    names = (
        "id", "kind", "state", "cause", "entity", "golden_id", "connection", "field", "opened_at", "assignee",
        "closed_at", "closed_by", "decision", "until_at",
    )  # fmt: skip
    choices = _CHOICES.get(row["kind"], []) if row["state"] == "open" else []
    if row["kind"] in ("deleted", "delete_edit") and row["decision"] == "keep":  # that may be taken back
        choices = [choice for choice in _CHOICES["delete_edit"] if choice != "keep"]
    return Issue(
        **{name: row[name] for name in names}, title=what, detail=then, facts=facts, choices=choices,
        record=seen.title(row["golden_id"]),
    )  # fmt: skip


def _where(
    tx: Tx,
    who: Caller,
    state: Sequence[str],
    kind: Sequence[str] | None,
    cause: str | None,
    entity: str | None,
    connection: str | None,
    field: str | None,
    assignee: str | None,
    record: str | None,
) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [issue.c.state.in_(state)]
    if kind:
        where.append(issue.c.kind.in_(kind))
    for column, value in ((issue.c.cause, cause), (issue.c.entity, entity), (issue.c.connection, connection),
                          (issue.c.field, field), (issue.c.golden_id, record)):  # fmt: skip
        if value is not None:
            where.append(column == value)
    if assignee is not None:
        where.append(issue.c.assignee.is_(None) if assignee == "" else issue.c.assignee == assignee)
    return where + visible(tx, who.rights, "issue.see", issue.c.golden_id)


States = Annotated[list[State] | None, Query(description="Default: open")]
Kinds = Annotated[list[Kind] | None, Query()]
Word = Annotated[str | None, Query(max_length=200)]
Assignee = Annotated[str | None, Query(max_length=200, description="'' for those that nobody sees to")]


@router.get("/issues", openapi_extra=needs("issue.see"))
def list_issues(
    who: Who,
    state: States = None,
    kind: Kinds = None,
    cause: Word = None,
    entity: Word = None,
    connection: Word = None,
    field: Word = None,
    assignee: Assignee = None,
    record: Annotated[str | None, Query(max_length=40, description="One ID")] = None,
    order: Annotated[Literal["oldest", "newest"], Query()] = "oldest",
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Issue]:
    """What waits for a person, the oldest first."""
    asked = (state or ["open"], kind, cause, entity, connection, field, assignee, record)
    names = ("state", "kind", "cause", "entity", "connection", "field", "assignee", "record")
    cursors = Cursors(who.app.journal_key, f"issues {order}", dict(zip(names, asked, strict=True)))
    _by_field(who, entity, field)
    with who.look() as tx:
        where, after = _where(tx, who, *asked), cursors.open(cursor)
        rows = page(tx, issue, where, after=after, limit=limit + 1, descending=order == "newest")
        seen = Seen(tx, who.rights, [row["golden_id"] for row in rows])
    found = [{**row, "facts": from_json(row["facts"])} for row in rows]
    items, following = cursors.page(found, limit, lambda r: r["id"], lambda r: _shown(who, seen, r))
    return Page(items=items, next=following)


def _by_field(who: Caller, entity: str | None, field: str | None) -> None:
    """Who may not see a field must not count its issues."""
    if field and entity:
        who.rights.require_fields(entity, [field.partition("[")[0]])


@router.get("/issue-groups", openapi_extra=needs("issue.see"))
def groups(
    who: Who,
    state: States = None,
    kind: Kinds = None,
    entity: Word = None,
    connection: Word = None,
    assignee: Assignee = None,
) -> Groups:
    """Issues grouped by kind, cause and system, the most frequent first."""
    with who.look() as tx:
        found = kept.causes(
            tx, _where(tx, who, state or ["open"], kind, None, entity, connection, None, assignee, None)
        )
    items = [Group(**row, title=spoken(row["cause"], {}, who.language)[0]) for row in found]
    return Groups(items=items, total=sum(row.count for row in items))


@router.get("/issues/{issue_id}", openapi_extra=needs("issue.see"))
def one_issue(issue_id: str, who: Who) -> Issue:
    """One issue with all values that this caller sees."""
    with who.look() as tx:
        row, seen = _mine(tx, who, issue_id, "issue.see")
    return _shown(who, seen, row)


def _mine(tx: Tx, who: Caller, issue_id: str, right: str) -> tuple[dict[str, Any], Seen]:
    """The issue, if this caller has this right over its record. Raises Missing: what is not seen is not there."""
    row = kept.get_issue(tx, issue_id)
    if row is None:
        raise Missing("web.unknown", kind="issue", id=issue_id[:40])
    seen = Seen(tx, who.rights, [row["golden_id"]])
    place = seen.places.get(row["golden_id"] or "")
    if not (who.rights.may("issue.see", place) if place is not None else everywhere(who.rights, "issue.see")):
        raise Missing("web.unknown", kind="issue", id=issue_id[:40])
    who.rights.require(right, place)
    return dict(row), seen


def _do(who: Caller, issue_id: str, right: str, work: Callable[[dict[str, Any]], None]) -> Issue:
    with who.look() as tx:
        row, _ = _mine(tx, who, issue_id, right)
    work(row)
    return one_issue(issue_id, who)


@router.post("/issues/{issue_id}/settle", openapi_extra=needs("issue.decide"))
def settle(issue_id: str, asked: Settle, who: Who) -> Issue:
    """Decide a conflict or a delete; every system that holds something else is owed the decided value."""
    return _do(who, issue_id, "issue.decide", lambda row: _settle(who, row, asked))


def _settle(who: Caller, row: dict[str, Any], asked: Settle) -> None:
    if row["kind"] == "conflict":
        if asked.take == "value":
            _may_edit(who, row, [row["field"]])
        desk.settle_conflict(who.hub(), row["id"], asked.take, asked.value, who.name)
    else:
        desk.settle_delete(who.hub(), row["id"], asked.take, who.name)


def _may_edit(who: Caller, row: dict[str, Any], paths: Sequence[str]) -> None:
    """Typing a value is editing the record: the field must be one that this caller may change."""
    with who.look() as tx:
        seen = Seen(tx, who.rights, [row["golden_id"]])
    one = seen.golden.get(row["golden_id"] or "")
    if one is None:
        raise Unsupported("desk.no_issue", id=row["id"], kinds="rejected")
    known = who.hub().entity(one.entity).fields
    for path in paths:
        name, _, inner = path.partition("[")
        line = inner.partition("].")[2]
        if name not in known:
            raise Unsupported("desk.choice", given=path, known=", ".join(sorted(known)[:40]))
        if not seen.sight(one.id).edits(one.entity, f"{name}.{line}" if line else name):
            who.rights.require_fields(one.entity, [name])
            who.rights.require("record.edit", seen.places[one.id])


@router.post("/issues/{issue_id}/retry", openapi_extra=needs("issue.decide"))
def retry(issue_id: str, asked: Retry, who: Who) -> Issue:
    """Let a refused write go again, with corrected values if given."""
    return _do(who, issue_id, "issue.decide", lambda row: _retry(who, row, asked))


def _retry(who: Caller, row: dict[str, Any], asked: Retry) -> None:
    if asked.values:
        _may_edit(who, row, list(asked.values))
    desk.retry(who.hub(), row["id"], who.name, asked.values or None)


@router.post("/issues/{issue_id}/ignore", openapi_extra=needs("issue.decide"))
def ignore(issue_id: str, asked: Ignore, who: Who) -> Issue:
    """Leave it as it is, with a reason; with `until` it is open again then."""
    return _do(who, issue_id, "issue.decide", lambda row: _ignore(who, row, asked))


def _ignore(who: Caller, row: dict[str, Any], asked: Ignore) -> None:
    until = None if asked.until is None else asked.until.astimezone(UTC)
    if until is not None and until <= who.app.env.now():
        raise Unsupported("web.past", given=_iso(until))
    desk.skip(who.hub(), row["id"], asked.reason, who.name)
    if until is not None:
        with who.app.store.begin() as tx:
            kept.sleep_until(tx, [row["id"]], text(until))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


@router.post("/issues/{issue_id}/assign", openapi_extra=needs("issue.assign"))
def assign(issue_id: str, asked: Assign, who: Who) -> Issue:
    """Say who sees to it."""
    return _do(who, issue_id, "issue.assign", lambda row: _assign(who, row, asked))


def _assign(who: Caller, row: dict[str, Any], asked: Assign) -> None:
    if row["state"] != "open":
        raise Unsupported("desk.closed", id=row["id"], by=row["closed_by"] or "?", at=row["closed_at"] or "?")
    with who.app.store.begin() as tx:
        kept.assign(tx, [row["id"]], asked.assignee or None)
        journal.record(tx, who.app.journal_key, who.name, "issue.assigned", row["id"], {"assignee": asked.assignee})


@router.post("/issue-bulk", openapi_extra=needs("issue.see"))
def bulk(asked: Bulk, who: Who) -> Outcomes:
    """The same for many, each by itself: one that fails does not stop the others."""
    body = getattr(asked, asked.action)
    if body is None and asked.action == "retry":
        body = Retry()
    if body is None:
        raise Unsupported("web.invalid", count=1, place=f"body.{asked.action}", said="missing")
    right = "issue.assign" if asked.action == "assign" else "issue.decide"
    who.rights.require(right)
    works: dict[str, Callable[[Caller, dict[str, Any], Any], None]]
    works = {"settle": _settle, "retry": _retry, "ignore": _ignore, "assign": _assign}
    work = works[asked.action]
    items = [_one(who, issue_id, right, lambda row: work(who, row, body)) for issue_id in dict.fromkeys(asked.ids)]
    done = sum(item.done for item in items)
    return Outcomes(items=items, done=done, failed=len(items) - done)


def _one(who: Caller, issue_id: str, right: str, work: Callable[[dict[str, Any]], None]) -> Outcome:
    try:
        with who.look() as tx:
            row, _ = _mine(tx, who, issue_id, right)
        work(row)
    except HubError as error:
        what = spoken(error.code, error.facts, who.language)[0]
        return Outcome(id=issue_id, done=False, status=status_of(error), code=error.code, title=what)
    return Outcome(id=issue_id, done=True, status=200)
