"""What waits for a person: one desk, one life cycle, for conflicts, refused writes, deletes, drift and floods."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import issue

KINDS = (
    "conflict", "overruled", "rejected", "unknown_outcome", "deleted", "delete_edit", "duplicate", "drift", "flood",
    "paused", "unreadable", "loss", "unresolved",
)  # fmt: skip
"""All there are."""


class Issue(NamedTuple):
    """Something only a person can settle; `facts` hold the values, the authors and the system's own words.

    With a `decision`, a rule has settled it already: it is listed as closed, so that nothing is lost silently.
    """

    kind: str
    entity: str | None
    golden_id: str | None
    link_id: str | None
    connection: str | None
    field: str
    facts: Mapping[str, Any]
    decision: str | None = None


def raise_issues(tx: Tx, rows: Sequence[Issue]) -> None:
    """Open issues; one that is open already for the same thing gets the new facts instead of a twin."""
    if not rows:
        return
    now = tx.now()
    rows = [row._replace(field=row.field[:200]) for row in rows]
    known = _open_by_identity(tx, rows)
    fresh, ids = [], tx.store.env.new_ids(len(rows))
    for new_id, row in zip(ids, rows, strict=True):
        identity = _identity(row)
        if row.decision is not None:
            fresh.append((*_columns(new_id, "closed", row, now), now, "hub", row.decision))
            continue
        if identity in known:
            news = {"facts": to_json(row.facts), "cause": cause_of(row.kind, row.facts)}
            tx.run(issue.update().where(issue.c.id == known[identity]).values(**news))
            continue
        known[identity] = new_id
        fresh.append((*_columns(new_id, "open", row, now), None, None, None))
    columns = (
        "id", "kind", "state", "entity", "golden_id", "link_id", "connection", "field", "cause", "facts",
        "opened_at", "closed_at", "closed_by", "decision",
    )  # fmt: skip
    tx.insert(issue, columns, fresh)


def _columns(new_id: str, state: str, row: Issue, now: str) -> tuple[Any, ...]:
    place = (row.entity, row.golden_id, row.link_id, row.connection, row.field)
    return (new_id, row.kind, state, *place, cause_of(row.kind, row.facts), to_json(row.facts), now)


def cause_of(kind: str, facts: Mapping[str, Any]) -> str:
    """What issues are grouped by: the code of what is wrong, where there is one."""
    return str(facts.get("code") or kind)[:64]


def restate(tx: Tx, golden_id: str, field: str, facts: Mapping[str, Any]) -> None:
    """Bring the open conflict of this field up to date with what was typed meanwhile."""
    for row in list_issues(tx, kinds=("conflict",), golden_id=golden_id):
        if row["field"] == field:
            news = to_json({**row["facts"], **facts})
            tx.run(issue.update().where(issue.c.id == row["id"]).values(facts=news))


def _identity(row: Issue) -> tuple[str, str | None, str | None, str | None, str]:
    return (row.kind, row.golden_id, row.link_id, row.connection, row.field)


def _open_by_identity(tx: Tx, rows: Sequence[Issue]) -> dict[Any, str]:
    columns = ("id", "kind", "golden_id", "link_id", "connection", "field")
    found = tx.pick(issue, columns, "golden_id", {r.golden_id for r in rows if r.golden_id}, "state = 'open'")
    lone = [r for r in rows if r.golden_id is None]
    if lone:
        statement = select(*[issue.c[c] for c in columns]).where(issue.c.state == "open", issue.c.golden_id.is_(None))
        found += [tuple(row) for row in tx.run(statement)]
    return {tuple(row[1:]): row[0] for row in found}


def close_issues(
    tx: Tx,
    by: str,
    decision: str,
    *,
    kinds: Sequence[str],
    golden_ids: Iterable[str] = (),
    link_ids: Iterable[str] = (),
    connection: str | None = None,
    field: str | None = None,
    state: str = "closed",
    whole_record: bool = False,
) -> int:
    """Close the open issues of these kinds that match everything named; returns how many."""
    goldens, links = list(golden_ids), list(link_ids)
    if len(links) > 1:  # of a thousand deliveries hardly one had an issue
        links = [row[0] for row in tx.pick(issue, ("link_id",), "link_id", links, "state = 'open'")]
        if not links:
            return 0
    asked = {"goldens": goldens, "links": links, "in_connection": connection, "in_field": field}
    named = {name: value for name, value in asked.items() if value not in (None, [])}
    values = {"state": state, "closed_at": tx.now(), "closed_by": by, "decision": decision}
    return int(tx.run(_closing(frozenset(named), whole_record), {**named, "kinds": list(kinds), **values}).rowcount)


@cache
def _closing(named: frozenset[str], whole_record: bool) -> Any:
    """The statement for the conditions that are named; it is asked in every round, so each is built once."""
    matches = {
        "goldens": issue.c.golden_id.in_(bindparam("goldens", expanding=True)),
        "links": issue.c.link_id.in_(bindparam("links", expanding=True)),
        "in_connection": issue.c.connection == bindparam("in_connection"),
        "in_field": issue.c.field == bindparam("in_field"),
    }
    where = [issue.c.state == "open", issue.c.kind.in_(bindparam("kinds", expanding=True))]
    where += [matches[name] for name in sorted(named)]
    if whole_record:  # not those that hold one line
        where.append(issue.c.field.not_like("%[%"))
    return issue.update().where(*where)


def keep_only(tx: Tx, kind: str, connection: str, prefix: str, still: Collection[str]) -> None:
    """Close the cases of this kind and place whose field begins so, save those that are still so."""
    found = select(issue.c.id, issue.c.field).where(
        issue.c.state == "open", issue.c.kind == kind, issue.c.connection == connection, issue.c.golden_id.is_(None)
    )
    over = [row[0] for row in tx.run(found) if row[1].startswith(prefix) and row[1] not in still]
    if over:
        values = {"state": "closed", "closed_at": tx.now(), "closed_by": "hub", "decision": "settled"}
        tx.run(issue.update().where(issue.c.id.in_(over)).values(**values))


def close_lines(tx: Tx, link_ids: Iterable[str], still_held: Collection[tuple[str, str]]) -> None:
    """Close what held single lines of these links, save the (link id, path) that are still held."""
    columns = ("id", "link_id", "field")
    where = "state = 'open' AND kind = 'rejected' AND field LIKE '%%[%%'"
    where = where if tx.postgresql else where.replace("%%", "%")
    lifted = [row[0] for row in tx.pick(issue, columns, "link_id", set(link_ids), where) if row[1:] not in still_held]
    if lifted:
        values = {"state": "closed", "closed_at": tx.now(), "closed_by": "hub", "decision": "settled"}
        tx.run(issue.update().where(issue.c.id.in_(lifted)).values(**values))


_UNREADABLE = select(issue.c.id, issue.c.field).where(
    issue.c.state == "open",
    issue.c.kind == "unreadable",
    issue.c.connection == bindparam("connection"),
    issue.c.entity == bindparam("entity"),
)  # asked for each page that is read, so built once


def close_readable(tx: Tx, connection: str, entity: str, record_ids: Collection[str]) -> None:
    """Close what said that these records could not be read."""
    rows = tx.run(_UNREADABLE, {"connection": connection, "entity": entity}).all()
    healed = [row[0] for row in rows if row[1].rpartition(":")[0] in record_ids]
    if healed:
        values = {"state": "closed", "closed_at": tx.now(), "closed_by": "hub", "decision": "readable again"}
        tx.run(issue.update().where(issue.c.id.in_(healed)).values(**values))


def list_issues(
    tx: Tx,
    *,
    kinds: Sequence[str] = (),
    state: str | None = "open",
    golden_id: str | None = None,
    limit: int = 1000,
) -> list[Mapping[str, Any]]:
    """Issues, oldest first, facts decoded."""
    statement = select(issue).order_by(issue.c.id).limit(limit)
    if kinds:
        statement = statement.where(issue.c.kind.in_(kinds))
    if state:
        statement = statement.where(issue.c.state == state)
    if golden_id:
        statement = statement.where(issue.c.golden_id == golden_id)
    return [{**row, "facts": from_json(row["facts"])} for row in tx.run(statement).mappings()]


def get_issue(tx: Tx, issue_id: str) -> Mapping[str, Any] | None:
    """One issue, or None."""
    row = tx.run(select(issue).where(issue.c.id == issue_id)).mappings().first()
    return None if row is None else {**row, "facts": from_json(row["facts"])}


def count_issues(tx: Tx) -> dict[str, int]:
    """Open issues by kind."""
    statement = select(issue.c.kind, func.count()).where(issue.c.state == "open").group_by(issue.c.kind)
    return dict(tx.run(statement).tuples().all())


def causes(tx: Tx, where: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Kind and cause of the issues that fit, with how many there are and since when, the most frequent first."""
    columns = (issue.c.kind, issue.c.cause, issue.c.connection)
    counted = select(*columns, func.count().label("count"), func.min(issue.c.opened_at).label("oldest_at"))
    rows = tx.run(counted.where(*where).group_by(*columns)).mappings()
    return sorted(
        (dict(row) for row in rows), key=lambda r: (-r["count"], r["kind"], r["cause"], r["connection"] or "")
    )


def assign(tx: Tx, issue_ids: Collection[str], assignee: str | None) -> int:
    """Say who sees to these open issues; None: nobody. How many there were."""
    mine = (issue.c.id.in_(list(issue_ids)), issue.c.state == "open")
    return int(tx.run(issue.update().where(*mine).values(assignee=assignee)).rowcount)


def sleep_until(tx: Tx, issue_ids: Collection[str], until_at: str) -> None:
    """When these skipped issues come back."""
    tx.run(issue.update().where(issue.c.id.in_(list(issue_ids)), issue.c.state == "skipped").values(until_at=until_at))


def to_wake(tx: Tx) -> bool:
    """Whether there are skipped issues whose time has come."""
    return tx.run(select(issue.c.id).where(*_slept(tx)).limit(1)).first() is not None


def _slept(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    return issue.c.state == "skipped", issue.c.until_at.is_not(None), issue.c.until_at <= tx.now()


def wake(tx: Tx) -> int:
    """Skipped issues whose time has come are open again; how many."""
    news = {"state": "open", "until_at": None, "closed_at": None, "closed_by": None, "decision": None}
    return int(tx.run(issue.update().where(*_slept(tx)).values(**news)).rowcount)
