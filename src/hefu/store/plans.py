"""Plans as they are kept: a head, one row for each record, the signature over both, and what became of each.

What was agreed to never changes: the digest covers everything but the columns that tell how it went.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, select

from hefu.core.records import Normals
from hefu.store.db import Tx, decoded, from_json, to_json
from hefu.store.golden import SHARDS
from hefu.store.tables import intent, link, plan, plan_entry

PAGE = 1000

OPEN = ("draft", "approved", "applying")
"""States of a plan that may still be carried out."""


@dataclass(slots=True)
class StoredPlan:
    """The head of a plan. Instants are UTC text as stored; `counts`: mapping -> kind -> how many, and more."""

    id: str
    kind: str
    state: str
    author: str
    reason: str
    mappings: list[str]
    complete: bool
    project_version: int
    created_at: str
    expires_at: str
    counts: dict[str, Any] = field(default_factory=dict)
    writes: int = 0
    digest: str = ""
    approver: str | None = None
    approved_at: str | None = None
    signature: str | None = None
    ended_at: str | None = None
    note: str | None = None


@dataclass(slots=True)
class PlanEntry:
    """One record of a plan. `fields`: field -> [before, after]; `seen`: all that the system was seen to hold.

    `kind`: create, update, delete, action (a status step); golden (the agreed values themselves), restore (back to
    what a system held), remove (a record that we created), left (somebody changed it since: [expected, found]).
    """

    id: str
    seq: int
    mapping: str | None
    connection: str | None
    object: str | None
    entity: str
    kind: str
    action: str | None
    organisation: str
    record_id: str | None
    golden_id: str | None
    origin: list[str] | None
    title: str
    fields: dict[str, list[Any]]
    seen: Normals | None = None
    state: str = "planned"
    link_id: str | None = None
    intent_id: str | None = None
    note: Any = None

    @property
    def after(self) -> Normals:
        """What would be written."""
        return {name: pair[1] for name, pair in self.fields.items()}


_ENTRY = (
    "id", "seq", "mapping", "connection", "object", "entity", "kind", "action", "organisation", "record_id",
    "golden_id", "origin", "title", "fields", "seen", "state", "link_id", "intent_id", "note",
)  # fmt: skip
_AGREED = 15
"""How many of these columns were agreed to; the others tell how it went."""


def unpacked(row: Sequence[Any]) -> PlanEntry:
    """Back from `packed`."""
    return PlanEntry(*decoded(row, {11, 13, 14, 18}))


def packed(e: PlanEntry) -> tuple[Any, ...]:
    """An entry as the store has it."""
    return (
        e.id, e.seq, e.mapping, e.connection, e.object, e.entity, e.kind, e.action, e.organisation, e.record_id,
        e.golden_id, to_json(e.origin) if e.origin else None, e.title, to_json(e.fields),
        None if e.seen is None else to_json(e.seen), e.state, e.link_id, e.intent_id,
        None if e.note is None else to_json(e.note),
    )  # fmt: skip


# ------------------------------------------------------------------------ keeping


def add(tx: Tx, made: StoredPlan, pages: Iterable[Sequence[tuple[Any, ...]]]) -> None:
    """Keep a new plan with all its entries (`packed`, in order), in this transaction; sets its digest."""
    sealed = _sealer(made)
    for rows in pages:
        sealed.update(b"".join(map(_agreed, rows)))
        tx.insert(plan_entry, _COLUMNS, [(made.id, *row) for row in rows])
    made.digest = sealed.hexdigest()
    values = {name: getattr(made, name) for name in _HEAD}
    values |= {"mappings": to_json(made.mappings), "counts": to_json(made.counts), "complete": int(made.complete)}
    tx.run(plan.insert().values(**values))


_COLUMNS = ("plan_id", *_ENTRY)
_HEAD = tuple(column.name for column in plan.columns)


def _sealer(made: StoredPlan) -> Any:
    head = [made.id, made.kind, made.author, made.reason, made.mappings, made.complete, made.project_version,
            made.created_at, made.expires_at, made.counts, made.writes]  # fmt: skip
    return hashlib.sha256(to_json(head).encode())


def _agreed(row: Sequence[Any]) -> bytes:
    """What of an entry was agreed to, as bytes."""
    return (to_json(list(row[1:_AGREED])) + "\n").encode()


def digest(tx: Tx, made: StoredPlan) -> str:
    """SHA-256 of the plan as it stands in the store now; equals `made.digest` unless somebody altered it."""
    sealed = _sealer(made)
    for row in _rows(tx, made.id):
        sealed.update(_agreed(row))
    return str(sealed.hexdigest())


def sign(key: bytes, made: StoredPlan, by: str, at: str) -> str:
    """The approver's signature: HMAC-SHA256 with the hub's key over what was agreed to, by whom and when."""
    said = to_json(["plan", made.id, made.digest, by, at])
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def signed(key: bytes, made: StoredPlan) -> bool:
    """Whether the signature is this hub's, for this content, approver and instant."""
    if made.approver is None or made.approved_at is None or made.signature is None:
        return False
    return hmac.compare_digest(made.signature, sign(key, made, made.approver, made.approved_at))


def forget_drafts(tx: Tx) -> None:
    """Entries of drafts that expired unsigned are of no use to anybody; the heads stay."""
    now = tx.now()
    old = [row[0] for row in tx.run(select(plan.c.id).where(plan.c.state == "draft", plan.c.expires_at <= now))]
    for plan_id in old:
        tx.run(plan_entry.delete().where(plan_entry.c.plan_id == plan_id))
        tx.run(plan.update().where(plan.c.id == plan_id).values(state="expired", ended_at=now))


# ------------------------------------------------------------------------ looking


def _head(row: Mapping[str, Any]) -> StoredPlan:
    values = {**row, "mappings": from_json(row["mappings"]), "counts": from_json(row["counts"])}
    return StoredPlan(**{**values, "complete": bool(row["complete"])})


def get(tx: Tx, plan_id: str, *, lock: bool = False) -> StoredPlan | None:
    """A plan's head; one whose time is over is shown as expired."""
    statement = select(plan).where(plan.c.id == plan_id)
    row = tx.run(statement.with_for_update() if lock and tx.postgresql else statement).mappings().first()
    return None if row is None else _aged(tx, _head(row))


def _aged(tx: Tx, found: StoredPlan) -> StoredPlan:
    if found.state in ("draft", "approved") and found.expires_at <= tx.now():
        found.state = "expired"
    return found


def listed(tx: Tx, limit: int = 50) -> list[StoredPlan]:
    """The newest plans, newest first."""
    rows = tx.run(select(plan).order_by(plan.c.id.desc()).limit(limit)).mappings()
    return [_aged(tx, _head(row)) for row in rows]


def open_about(tx: Tx, golden_ids: Collection[str]) -> list[str]:
    """Plans with entries about these objects that were not begun."""
    about = select(plan_entry.c.plan_id).where(plan_entry.c.golden_id.in_(list(golden_ids)))
    where = (plan.c.state.in_(("draft", "approved")), plan.c.id.in_(about))
    return list(tx.run(select(plan.c.id).where(*where).order_by(plan.c.id)).scalars())


def update(tx: Tx, plan_id: str, **values: Any) -> None:
    """Change how a plan stands (state, approver, approved_at, signature, ended_at, note)."""
    tx.run(plan.update().where(plan.c.id == plan_id).values(**values))


def _rows(tx: Tx, plan_id: str, *where: Any) -> Iterator[Sequence[Any]]:
    after = -1
    columns = [plan_entry.c[name] for name in _ENTRY]
    while True:
        page = (
            select(*columns)
            .where(plan_entry.c.plan_id == plan_id, plan_entry.c.seq > after, *where)
            .order_by(plan_entry.c.seq)
            .limit(PAGE)
        )
        rows = tx.run(page).all()
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1][1]


def entries(
    tx: Tx,
    plan_id: str,
    *,
    entity: str | None = None,
    system: str | None = None,
    field_name: str | None = None,
    kind: str | None = None,
    states: Collection[str] = (),
) -> Iterator[PlanEntry]:
    """A plan's entries in order, read page by page; those of an entity, a connection, a field, a kind, some states."""
    where: list[Any] = []
    if entity is not None:
        where.append(plan_entry.c.entity == entity)
    if system is not None:
        where.append(plan_entry.c.connection == system)
    if kind is not None:
        where.append(plan_entry.c.kind == kind)
    if states:
        where.append(plan_entry.c.state.in_(states))
    for row in _rows(tx, plan_id, *where):
        entry = unpacked(row)
        if field_name is None or field_name in entry.fields:
            yield entry


def entries_after(tx: Tx, where: Sequence[Any], after: int | None, limit: int) -> list[PlanEntry]:
    """One page of entries that meet these conditions, in order, beyond the one with this number."""
    columns = [plan_entry.c[name] for name in _ENTRY]
    statement = select(*columns).where(*where, plan_entry.c.seq > (-1 if after is None else after))
    return [unpacked(row) for row in tx.run(statement.order_by(plan_entry.c.seq).limit(limit))]


def tally(tx: Tx, plan_id: str) -> dict[str, int]:
    """state -> how many entries."""
    counted = (
        select(plan_entry.c.state, func.count())
        .where(plan_entry.c.plan_id == plan_id)
        .group_by(plan_entry.c.state)
    )  # fmt: skip
    return dict(tx.run(counted).tuples().all())


# ------------------------------------------------------------------- carrying out


def unbound(tx: Tx, plan_id: str, limit: int = PAGE) -> list[PlanEntry]:
    """Planned entries whose link is not known yet."""
    return _some(tx, plan_id, limit, plan_entry.c.link_id.is_(None), plan_entry.c.mapping.is_not(None))


def golden_entries(tx: Tx, plan_id: str, limit: int = PAGE) -> list[PlanEntry]:
    """Planned compensating versions of golden records."""
    return _some(tx, plan_id, limit, plan_entry.c.kind == "golden")


def _some(tx: Tx, plan_id: str, limit: int, *where: Any) -> list[PlanEntry]:
    statement = (
        select(*[plan_entry.c[name] for name in _ENTRY])
        .where(plan_entry.c.plan_id == plan_id, plan_entry.c.state == "planned", *where)
        .order_by(plan_entry.c.seq)
        .limit(limit)
    )
    return [unpacked(row) for row in tx.run(statement)]


def bind(tx: Tx, rows: Sequence[tuple[str, str]]) -> None:
    """(link id, entry id): which link an entry is about."""
    tx.update(plan_entry, ("link_id",), rows)


def of_links(tx: Tx, plan_id: str, link_ids: Iterable[str]) -> dict[str, list[PlanEntry]]:
    """link id -> its entries in the plan, in order."""
    out: dict[str, list[PlanEntry]] = {}
    for row in sorted(tx.pick(plan_entry, _ENTRY, "link_id", set(link_ids), "plan_id = ?", (plan_id,))):
        entry = unpacked(row)
        out.setdefault(str(entry.link_id), []).append(entry)
    for found in out.values():
        found.sort(key=lambda e: e.seq)
    return out


def writing(tx: Tx, rows: Sequence[tuple[str, str]]) -> None:
    """(intent id, entry id): these writes are about to be made."""
    tx.update(plan_entry, ("intent_id", "state"), [(made, "writing", entry) for made, entry in rows])


def turned(tx: Tx, rows: Sequence[tuple[str, Any, str]]) -> None:
    """(state, note, entry id): what became of entries."""
    tx.update(
        plan_entry,
        ("state", "note"),
        [(state, None if note is None else to_json(note), entry) for state, note, entry in rows],
    )


def turn_objects(tx: Tx, plan_id: str, golden_ids: Collection[str]) -> None:
    """Whatever is planned for these golden records is off: somebody moved them since."""
    if golden_ids:
        tx.run(
            plan_entry.update()
            .where(plan_entry.c.plan_id == plan_id, plan_entry.c.state == "planned")
            .where(plan_entry.c.golden_id.in_(list(golden_ids)))
            .values(state="changed")
        )


_ENDS = {"applied": "written", "refused": "refused", "stale": "planned", "failed": "planned"}


def catch_up(tx: Tx, plan_id: str) -> int:
    """Learn from the intents how the writes ended that are under way; says how many are still open."""
    mine = (plan_entry.c.plan_id == plan_id, plan_entry.c.state == "writing")
    its = intent.c.id == plan_entry.c.intent_id
    ended = select(intent.c.id).where(its, intent.c.state.in_(list(_ENDS))).exists()
    state = select(case(_ENDS, value=intent.c.state)).where(its).scalar_subquery()
    note = select(intent.c.error).where(its).scalar_subquery()
    tx.run(plan_entry.update().where(*mine, ended).values(state=state, note=note))
    return int(tx.run(select(func.count()).select_from(plan_entry).where(*mine)).scalar() or 0)


def due_links(
    tx: Tx, plan_id: str, mapping: str, shards: Collection[int], limit: int, now: str
) -> list[tuple[str, str]]:
    """(link id, golden id) of planned entries whose link is due, or which put back what no debt asks for."""
    due = (link.c.due_at <= now) | (link.c.due_at.is_(None) & plan_entry.c.kind.in_(("restore", "remove")))
    statement = (
        select(link.c.id, link.c.golden_id)
        .join(plan_entry, plan_entry.c.link_id == link.c.id)
        .where(plan_entry.c.plan_id == plan_id, plan_entry.c.state == "planned", plan_entry.c.mapping == mapping, due)
        .where(link.c.waits.is_(None) | link.c.waits.in_(("system", "parent", "filtered")))
        .order_by(plan_entry.c.seq)
        .limit(limit)
    )
    if len(shards) < SHARDS:
        statement = statement.where(link.c.shard.in_(list(shards)))
    return list(dict.fromkeys((row[0], row[1]) for row in tx.run(statement)))


def pending(tx: Tx, plan_id: str) -> Iterator[list[tuple[PlanEntry, str | None, str | None]]]:
    """Entries that are still planned, page by page, with what their link waits for and when it is due."""
    after = -1
    while True:
        statement = (
            select(*[plan_entry.c[name] for name in _ENTRY], link.c.waits, link.c.due_at)
            .outerjoin(link, link.c.id == plan_entry.c.link_id)
            .where(plan_entry.c.plan_id == plan_id, plan_entry.c.state == "planned", plan_entry.c.seq > after)
            .order_by(plan_entry.c.seq)
            .limit(PAGE)
        )
        rows = tx.run(statement).all()
        if not rows:
            return
        yield [(unpacked(row[:-2]), row[-2], row[-1]) for row in rows]
        after = rows[-1][1]


def refused_links(tx: Tx, plan_id: str) -> set[str]:
    """Links whose entry was not carried out because somebody changed the record since."""
    where = (plan_entry.c.plan_id == plan_id, plan_entry.c.state == "changed", plan_entry.c.link_id.is_not(None))
    return set(tx.run(select(plan_entry.c.link_id).where(*where)).scalars())
